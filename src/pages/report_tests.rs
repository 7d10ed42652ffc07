//! Tests of the report over views made by hand.

use super::super::conversation::tests::{alert, at, detail};
use super::super::gathered::{Bin, Course, RuleCount};
use super::*;
use crate::wire::AlertKind;

fn empty() -> Report {
    Report {
        input: "calls.jsonl".to_owned(),
        model: "undertone-en@2".to_owned(),
        rules_version: "builtin@1".to_owned(),
        zone: TimeZone::UTC,
        figures: Figures::default(),
        course: Course::default(),
        span: None,
        rules: Vec::new(),
        silent_rules: vec!["CutShort".to_owned()],
        names: Vec::new(),
        alerts: Vec::new(),
        top: Vec::new(),
        bad_lines: Vec::new(),
        broken_off: None,
    }
}

fn full_one() -> Report {
    let example = Example {
        conversation_id: "c-1".to_owned(),
        turn_id: "m-2".to_owned(),
        quote: "As I said".to_owned(),
    };
    let name = NameCount {
        name: "dismissive_tone".to_owned(),
        kind: FindingKind::Mistake,
        in_turns: 3,
        found: 1,
        examples: vec![example],
    };
    let detail = detail();
    let contributions = detail.contributions.clone();
    Report {
        figures: Figures {
            conversations: 50,
            customer_turns: 100,
            business_turns: 80,
            reached: [40, 5, 4, 1],
            alerted: 2,
            alerts: 3,
            ..Figures::default()
        },
        course: Course {
            by_time: true,
            bin_seconds: 60.0,
            bins: vec![Bin { began: at(0), first: 1, reached: [40, 5, 4, 1] }],
        },
        rules: vec![RuleCount {
            rule: "CustomerAtRisk".to_owned(),
            kind: AlertKind::CustomerRisk,
            alerts: [0, 2, 1],
        }],
        names: vec![name],
        alerts: vec![alert("m-1", "third time I ask")],
        top: vec![Top { detail, risk: 0.91, level: Level::Critical, contributions }],
        ..empty()
    }
}

#[test]
fn a_report_about_nothing_says_so() {
    let page = report(&empty());
    for text in ["no turn that could be judged", "No alert.", "None found.", "No conversation."] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn figures_are_given_per_hundred_and_what_is_left_out_is_counted() {
    let page = report(&full_one());
    // 3 alerts in 50 conversations; 4 mistakes in 80 turns.
    assert!(page.contains("data-of=\"per 100 conversations\">6.0<"));
    assert!(page.contains("data-of=\"per 100 business turns\">5.0<"));
    assert!(page.contains("and 2 more, less severe"));
}

#[test]
fn quotes_lead_to_the_turn_where_the_conversation_is_shown() {
    let page = report(&full_one());
    assert!(page.contains("<details class=\"one\" id=\"c1\" open>"));
    assert!(page.contains("<a class=\"small\" href=\"#c1-t2\">c-1</a>"));
    assert!(page.contains("<a href=\"#c1-t1\">") && page.contains("id=\"c1-t1\""));
    assert!(page.contains("<a class=\"id\" href=\"#c1\">c-1</a>"));
}

#[test]
fn bad_lines_and_a_broken_input_are_told_on_the_page() {
    let mut with = full_one();
    with.figures.bad = 12;
    with.bad_lines = vec![(7, "not <JSON>".to_owned())];
    with.broken_off = Some("corrupt gzip".to_owned());
    let page = report(&with);
    assert!(page.contains("12 lines or turns were refused"));
    assert!(page.contains("line 7: not &lt;JSON&gt;") && page.contains("and 11 more"));
    assert!(page.contains("corrupt gzip"));
}

#[test]
fn a_report_carries_its_policy_and_needs_nothing_else() {
    let page = report(&full_one());
    assert!(
        page.contains("http-equiv=\"content-security-policy\" content=\"default-src &#39;none&#39;")
            || page.contains("http-equiv=\"content-security-policy\" content=\"default-src 'none'")
    );
    assert!(!page.contains("frame-ancestors") && !page.contains("<form") && !page.contains("refresh"));
    assert!(!page.contains(" src=") && !page.contains("http://") && !page.contains("https://"));
}
