//! Tests of the conversation page over a conversation made by hand.

use jiff::Timestamp;

use super::*;
use crate::wire::outbound::Resolution;
use crate::wire::{
    AlertFrame, AlertKind, Channel, Contribution, ConversationSummary, Evidence, Finding, FindingKind,
    FindingState, Label, Level, PromiseState, Reason, Role, SentimentView, Span, TurnView,
};

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_770_000_000 + second).expect("a moment")
}

fn view(risk: f64, level: Level) -> ConversationView {
    ConversationView {
        risk,
        level,
        sentiment: -0.6,
        trend: -0.3,
        worst: -0.9,
        customer_turns: 2,
        agent_turns: 1,
        waiting_seconds: Some(300.0),
    }
}

pub fn turn(turn_id: &str, role: Role, second: i64, text: &str) -> TurnView {
    let sentiment =
        SentimentView { label: Label::Negative, score: -0.9, negative: 0.92, neutral: 0.06, positive: 0.02 };
    TurnView {
        turn_id: turn_id.to_owned(),
        role,
        ts: at(second),
        text: text.to_owned(),
        truncated: false,
        sentiment,
        signals: Vec::new(),
        mistakes: Vec::new(),
        acts: Vec::new(),
        abstained: None,
        conversation: view(0.88, Level::Critical),
        contributions: Vec::new(),
    }
}

pub fn alert(turn_id: &str, quote: &str) -> AlertView {
    let reason = Reason {
        name: "frustration",
        turn_id: turn_id.to_owned(),
        start: 0,
        end: quote.chars().count(),
        quote: quote.to_owned(),
    };
    AlertView {
        state: AlertState::Open,
        alert: AlertFrame {
            opened_at: at(60),
            alert_id: "a/1".to_owned(),
            kind: AlertKind::CustomerRisk,
            rule: "CustomerAtRisk".to_owned(),
            severity: Severity::Critical,
            conversation_id: "c-1".to_owned(),
            queue: None,
            ts: at(60),
            summary: "The customer is upset.".to_owned(),
            reasons: vec![reason],
            contributions: vec![term("base", -4.4), term("frustration", 1.9)],
            risk: 0.88,
            url: String::new(),
            rules_version: "builtin@1".to_owned(),
            model: "undertone-en@2".to_owned(),
            resolution: None,
        },
    }
}

fn term(name: &'static str, value: f64) -> Contribution {
    Contribution { name, value }
}

/// A customer, an agent, and the customer again, critical at last.
pub fn detail() -> ConversationDetail {
    let mut asked = turn("m-1", Role::Customer, 0, "third time I ask, where is it?");
    asked.signals = vec![Span { name: "frustration", probability: 0.9, start: 0, end: 16 }];
    asked.conversation = view(0.4, Level::Watch);
    let turns = vec![
        asked,
        turn("m-2", Role::Agent, 30, "As I said, please wait."),
        turn("m-3", Role::Customer, 600, "hello??"),
    ];
    let evidence = Evidence {
        turn_id: "m-1".to_owned(),
        conversation_id: None,
        start: 0,
        end: 5,
        quote: "third".to_owned(),
    };
    let waited = Finding {
        finding_id: "f".to_owned(),
        kind: FindingKind::Mistake,
        name: "left_waiting",
        state: FindingState::Open,
        conversation_id: "c-1".to_owned(),
        turn_id: None,
        ts: at(312),
        evidence: vec![evidence],
        value: Some(312.0),
    };
    let promise = PromiseView {
        state: PromiseState::Overdue,
        conversation_id: None,
        turn_id: "m-2".to_owned(),
        start: 0,
        end: 4,
        quote: "please wait".to_owned(),
        made_at: at(30),
        due_at: at(90),
    };
    ConversationDetail {
        summary: ConversationSummary {
            conversation_id: "c-1".to_owned(),
            state: ConversationState::Open,
            channel: Channel::Chat,
            queue: Some("billing".to_owned()),
            started_at: at(0),
            updated_at: at(600),
            conversation: view(0.88, Level::Critical),
            alerts: Vec::new(),
            findings_open: 1,
            url: String::new(),
        },
        model: "undertone-en@2".to_owned(),
        rules_version: "builtin@1".to_owned(),
        contributions: vec![term("base", -4.4), term("frustration", 1.9), term("sentiment", -0.2)],
        turns,
        earlier_turns: 7,
        findings: vec![waited],
        promises: vec![promise],
        alerts: vec![alert("m-1", "third time I ask")],
    }
}

fn page(detail: &ConversationDetail) -> String {
    conversation(detail, &PageOptions::default())
}

/// The page without its tags.
fn shown(page: &str) -> String {
    let (_, body) = page.split_once("<body").expect("has one");
    let texts = body.split('<').filter_map(|piece| piece.split_once('>').map(|(_, text)| text));
    texts.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Each is on the page, and they come in this order.
fn in_order(page: &str, parts: &[&str]) {
    let mut from = 0;
    for part in parts {
        let at =
            page[from..].find(part).unwrap_or_else(|| panic!("{part:?} is not after {:?}", &page[..from]));
        from += at + part.len();
    }
}

#[test]
fn level_and_risk_come_first_then_why_then_the_transcript() {
    let text = shown(&page(&detail()));
    let parts = [
        "critical · risk 88 %",
        "c-1",
        "waiting for 5 min",
        "Critical CustomerAtRisk",
        "open since 02:41:00, 9 min",
        "frustration third time I ask",
        "02:40:00",
        "What the risk is made of",
        "+1.9",
        "\u{2212}0.2",
        "overdue please wait",
        "7 earlier turns are not kept",
        "third time I ask frustration , where is it?",
        "Alert opened: CustomerAtRisk",
        "left waiting , for 5 min 12 s · open",
        "hello??",
        "undertone-en@2 · rules builtin@1",
    ];
    in_order(&text, &parts);
}

#[test]
fn a_reason_leads_to_the_turn_it_quotes() {
    let page = page(&detail());
    assert!(page.contains("<q dir=\"auto\">third time I ask</q> <a href=\"#t1\">"), "{page}");
    assert!(page.contains("<li id=\"t1\""));
}

#[test]
fn a_verdict_is_one_tap_without_a_script() {
    let page_of = |verdicts| conversation(&detail(), &PageOptions { verdicts, ..PageOptions::default() });
    let page = page_of(true);
    assert!(page.contains("<form class=\"verdicts\" method=\"post\" action=\"/v1/alerts/a%2F1/verdict\">"));
    for verdict in ["useful", "false_alarm", "late"] {
        assert!(page.contains(&format!("name=\"verdict\" value=\"{verdict}\"")), "{verdict}");
    }
    assert!(!page_of(false).contains("<form"));
}

#[test]
fn the_page_loads_itself_anew_only_while_the_conversation_goes_on() {
    let check = |state, refresh, expect: bool| {
        let mut detail = detail();
        detail.summary.state = state;
        let page = conversation(&detail, &PageOptions { refresh, ..PageOptions::default() });
        assert_eq!(page.contains("http-equiv=\"refresh\" content=\"15\""), expect);
    };
    check(ConversationState::Open, true, true);
    check(ConversationState::Open, false, false);
    check(ConversationState::Closed, true, false);
}

#[test]
fn whatever_others_wrote_is_text_wherever_it_stands() {
    let attack = "\"><script>x</script>\u{202e}";
    let mut detail = detail();
    detail.summary.conversation_id = attack.to_owned();
    detail.summary.queue = Some(attack.to_owned());
    detail.model = attack.to_owned();
    detail.rules_version = attack.to_owned();
    detail.promises[0].quote = attack.to_owned();
    detail.findings[0].evidence[0].quote = attack.to_owned();
    detail.turns[0].text = attack.to_owned();
    detail.turns[0].turn_id = attack.to_owned();
    let frame = &mut detail.alerts[0].alert;
    for place in [&mut frame.alert_id, &mut frame.rule, &mut frame.summary, &mut frame.reasons[0].quote] {
        *place = attack.to_owned();
    }
    let page = page(&detail);
    assert!(!page.contains("<script") && !page.contains('\u{202e}') && !page.contains("\"\">"));
    assert!(page.contains("&quot;&gt;&lt;script&gt;x&lt;/script&gt;[U+202E]"));
    assert!(!missing(attack).contains("<script"));
}

#[test]
fn no_page_has_a_style_or_a_script_that_the_policy_would_refuse() {
    for page in [page(&detail()), missing("c")] {
        assert_eq!(page.matches("<style>").count(), 1);
        for refused in [" style=", "<script", "javascript:", " on", "http://", "https://", "<img", "<link"] {
            let (_, body) = page.split_once("</style>").expect("has one");
            let tags = body.split('<').filter_map(|piece| piece.split_once('>').map(|(tag, _)| tag));
            assert!(!tags.map(|tag| format!("<{tag}")).any(|tag| tag.contains(refused)), "{refused}");
        }
    }
}

#[test]
fn alerts_that_are_over_are_told_apart_and_a_conversation_without_turns_has_a_page() {
    let mut detail = detail();
    detail.alerts[0].state = AlertState::Resolved;
    detail.alerts[0].alert.resolution = Some(Resolution::Recovered);
    detail.alerts[0].alert.ts = at(120);
    let text = shown(&page(&detail));
    assert!(!text.contains("Open alerts") && text.contains("1 earlier alert"));
    in_order(&text, &["over after 1 min: the customer calmed down", "Alert over: CustomerAtRisk"]);
    detail.turns.clear();
    detail.findings.clear();
    assert!(shown(&page(&detail)).contains("No turn is kept."));
}
