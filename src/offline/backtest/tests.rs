//! Tests of the counting: runs written by hand, told to [`Followed`] frame by frame, against figures counted by hand.

use jiff::{SignedDuration, Timestamp};

use super::compare::Comparison;
use super::counts::{Counts, RuleName};
use super::example::Shower;
use super::follow::{Followed, Moment};
use super::judge::Judgement;
use super::labels::Labels;
use crate::offline::reader::Event;
use crate::offline::score::Listener;
use crate::wire::outbound::Resolution;
use crate::wire::{AlertFrame, AlertKind, ClientFrame, ServerFrame, Severity};

fn at(second: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
}

/// A run over written words, one word an event. In all of them `c` is a conversation:
/// * `c.customer@5` and `c.agent@5`: a turn at second 5;
/// * `c+Rule:warning@5` opens an alert or raises the open one, `c-Rule:recovered@5` ends it; before the baseline's
///   stands a `~`.
struct Written {
    followed: Followed,
    labels: Labels,
}

impl Written {
    fn run(words: &str) -> Self {
        let mut followed = Followed::new(2);
        for word in words.split_whitespace() {
            let (lane, word) = word.strip_prefix('~').map_or((0, word), |word| (1, word));
            let (what, second) = word.split_once('@').expect("a word says its second");
            let ts = at(second.parse().expect("a number"));
            if let Some((conversation, role)) = what.split_once('.') {
                turn(&mut followed, conversation, role, ts);
            } else {
                let sign = what.find(['+', '-']).expect("a word is a turn or an alert");
                alert(&mut followed, lane, what.split_at(sign), ts);
            }
        }
        Written { followed, labels: Labels::default() }
    }

    /// `c:tense:2` says how `c` went and which turn is annotated.
    fn labelled(mut self, labels: &str) -> Self {
        for label in labels.split_whitespace() {
            let mut parts = label.split(':');
            let (id, outcome) = (parts.next().unwrap(), parts.next().unwrap());
            self.labels.note(id, outcome, parts.next().map(|turn| turn.parse().unwrap()));
        }
        self
    }

    fn shower(&self) -> Shower<'_> {
        Shower { followed: &self.followed, labels: &self.labels, examples_max: 2 }
    }

    fn counts(&self) -> Counts {
        Counts::of(&self.followed.alerts[0], &rules(), self.shower())
    }

    fn judgement(&self) -> Option<Judgement> {
        Judgement::of(&self.followed.alerts[0], &rules(), self.shower())
    }

    fn comparison(&self) -> Comparison {
        let [new, old] = &self.followed.alerts[..] else { panic!("two sets of rules") };
        Comparison::of(new, old, self.shower())
    }
}

/// `Risk` and `Anger` are about the customer, `Slow` and `Never` about the service.
fn rules() -> Vec<RuleName> {
    ["Risk", "Anger", "Slow", "Never"]
        .map(|name| RuleName { name: name.to_owned(), kind: kind(name) })
        .to_vec()
}

fn kind(rule: &str) -> AlertKind {
    if ["Risk", "Anger"].contains(&rule) { AlertKind::CustomerRisk } else { AlertKind::Service }
}

fn turn(followed: &mut Followed, conversation: &str, role: &str, ts: Timestamp) {
    let line = format!(
        r#"{{"type":"turn","turn_id":"1","conversation_id":"{conversation}","role":"{role}","text":"x","ts":"{ts}"}}"#
    );
    let frame = ClientFrame::from_value(serde_json::from_str(&line).unwrap()).unwrap().frame;
    (&mut &mut *followed).before(&Event { line: 1, frame: Ok(frame) });
}

fn alert(followed: &mut Followed, lane: usize, (conversation, what): (&str, &str), ts: Timestamp) {
    let (rule, state) = what[1..].split_once(':').expect("a rule and a state");
    let resolution = Resolution::parse(state);
    // As in the real run: an id for each episode.
    let all = &followed.alerts[lane].all;
    let earlier = all.iter().filter(|alert| alert.rule == rule && alert.ended.is_some());
    let episode = earlier.filter(|alert| followed.courses[alert.conversation].id == conversation).count();
    let frame = Box::new(AlertFrame {
        alert_id: format!("{rule} {conversation} {episode}"),
        kind: kind(rule),
        rule: rule.to_owned(),
        severity: Severity::parse(state).unwrap_or(Severity::Info),
        conversation_id: conversation.to_owned(),
        queue: None,
        ts,
        opened_at: ts,
        summary: String::new(),
        reasons: Vec::new(),
        contributions: Vec::new(),
        risk: 0.5,
        url: String::new(),
        rules_version: "r@1".to_owned(),
        model: "m@1".to_owned(),
        resolution,
    });
    let frame = match resolution {
        None => ServerFrame::AlertOpened(frame),
        Some(_) => ServerFrame::AlertResolved(frame),
    };
    (&mut &mut *followed).frame(lane, frame).unwrap();
}

#[test]
fn alerts_are_counted_once_each_with_their_highest_severity() {
    let run = Written::run(
        "a.customer@0 b.customer@0 c.customer@0 d.customer@0
         a+Risk:warning@10 a+Risk:critical@20 a-Risk:recovered@70 a+Risk:warning@500 a-Risk:closed@510
         a+Slow:info@30 b+Slow:info@40 b-Slow:expired@3640",
    );
    let Counts { alerts, conversations, by_rule } = run.counts();
    let severe = |severity| alerts.by_severity[&severity].count;
    assert_eq!((alerts.opened.count, alerts.opened.per_100), (4, 100.0));
    assert_eq!([Severity::Info, Severity::Warning, Severity::Critical].map(severe), [2, 1, 1]);
    assert_eq!((alerts.raised, alerts.reopened, alerts.unresolved), (1, 1, 1));
    let resolved = [Resolution::Recovered, Resolution::Closed, Resolution::Expired];
    assert_eq!(resolved.map(|how| alerts.resolved[&how]), [1, 1, 1]);
    let spread = alerts.seconds_to_resolve.unwrap();
    assert_eq!((spread.n, spread.least, spread.median, spread.p90), (3, 10.0, 60.0, 3600.0));

    assert_eq!((conversations.alerted.count, conversations.alerted.per_100), (2, 50.0));
    let by_severity = |severity| conversations.by_severity[&severity].count;
    assert_eq!([Severity::Info, Severity::Warning, Severity::Critical].map(by_severity), [1, 0, 1]);
    let by_kind =
        [AlertKind::CustomerRisk, AlertKind::Service].map(|kind| conversations.by_kind[&kind].count);
    assert_eq!(by_kind, [1, 2]);

    let of_rules: Vec<_> = by_rule
        .iter()
        .map(|one| (one.rule.as_str(), one.alerts.opened.count, one.conversations.count))
        .collect();
    assert_eq!(of_rules, [("Risk", 2, 1), ("Anger", 0, 0), ("Slow", 2, 2), ("Never", 0, 0)]);
    let ids: Vec<&str> = by_rule[0].examples.iter().map(|one| one.alert_id.as_str()).collect();
    assert_eq!(ids, ["Risk a 0", "Risk a 1"], "the most severe first");
}

/// Three calm, two tense, two escalated, one unlabelled conversation.
fn judged() -> Judgement {
    let turns = |id: &str| {
        let one = |(turn, role): (usize, &str)| format!("{id}.{role}@{}", 10 * turn);
        ["customer", "agent", "customer", "customer"]
            .into_iter()
            .enumerate()
            .map(one)
            .collect::<Vec<_>>()
            .join(" ")
    };
    let [c1, c2, c3, t1, t2, e1, e2, u] = ["c1", "c2", "c3", "t1", "t2", "e1", "e2", "u"].map(turns);
    // The alert about e1 opens a turn before the annotated one and becomes critical with it.
    let e1 = e1.replace("e1.customer@20", "e1+Anger:warning@10 e1.customer@20 e1+Anger:critical@20");
    // Annotated at the first turn, alerted after the third of the customer.
    let words = format!(
        "{c1} c1+Risk:warning@31 c1+Risk:critical@32 {c2} c2+Slow:info@30 {c3} c3+Risk:info@30 {t1} t1+Risk:warning@45 \
         {t2} t2+Slow:critical@30 {e1} {e2} {u} u+Risk:critical@30"
    );
    let labels =
        "c1:calm c2:calm c3:calm t1:tense:0 t2:tense:0 e1:escalated:2 e2:escalated:1 gone:escalated:0";
    Written::run(&words).labelled(labels).judgement().expect("there are labels")
}

#[test]
fn recall_precision_and_calm_alerts_are_of_labelled_conversations_alone() {
    let Judgement { conversations, warning, critical, by_rule } = judged();
    assert_eq!((conversations.calm, conversations.tense, conversations.escalated), (3, 2, 2));
    let counts = |share: super::figures::Share| (share.count, share.of);
    // t1 and e1 of four; of calm ones c1: c2 has a service alert, c3 a notice.
    assert_eq!(counts(warning.recall), (2, 4));
    assert_eq!(counts(warning.precision), (2, 3));
    assert_eq!([warning.calm, warning.tense, warning.escalated].map(counts), [(1, 3), (1, 2), (1, 2)]);
    assert_eq!(warning.missed, ["t2", "e2"]);
    assert_eq!(warning.false_alarms.len(), 1);
    assert_eq!(counts(critical.recall), (1, 2));
    assert_eq!((counts(critical.precision), counts(critical.calm)), ((1, 2), (1, 3)));
    let of_rules: Vec<_> =
        by_rule.iter().map(|one| (counts(one.found.recall), counts(one.found.calm))).collect();
    // Alone, a rule counts with its notices too: c3.
    assert_eq!(of_rules, [((1, 4), (2, 3)), ((1, 4), (0, 3)), ((1, 4), (1, 3)), ((0, 4), (0, 3))]);
}

#[test]
fn the_lead_counts_turns_of_the_customer_and_seconds_from_the_annotated_turn() {
    let Judgement { warning, critical, .. } = judged();
    let lead = warning.lead.unwrap();
    // t1: annotated at its first customer turn (second 0), alerted after the third (45). e1: at the second of the
    // customer (20), alerted after the first (10).
    let late: Vec<_> = lead.by_customer_turns.iter().map(|(late, count)| (*late, *count)).collect();
    assert_eq!(late, [(-1, 1), (2, 1)]);
    assert_eq!((lead.seconds.least, lead.seconds.most), (-10.0, 45.0));
    assert_eq!((lead.in_time.count, lead.in_time.of, lead.in_time_of_all.of), (1, 2, 4));
    let lead = critical.lead.unwrap();
    assert_eq!((lead.customer_turns.most, lead.seconds.most), (0.0, 0.0), "when it became critical");
    assert_eq!((lead.in_time.of, lead.in_time_of_all.of), (1, 2));
}

#[test]
fn without_labels_nothing_is_judged() {
    assert_eq!(Written::run("a.customer@0 a+Risk:warning@1").judgement(), None);
}

#[test]
fn what_is_gained_and_lost_goes_by_rule_and_conversation() {
    let comparison = Written::run(
        "a.customer@0 b.customer@0 c.customer@0 d.customer@0
         a+Risk:warning@1 ~a+Risk:warning@9
         b+Risk:critical@1 ~b+Risk:warning@1 b+Slow:info@1
         ~c+Anger:warning@1
         d+Risk:info@1 d-Risk:recovered@2 d+Risk:warning@3 ~d+Risk:critical@1",
    )
    .labelled("b:tense c:calm")
    .comparison();
    let count = |difference: &super::compare::Difference| difference.all.count;
    assert_eq!(comparison.same, 1);
    assert_eq!((count(&comparison.alerts_gained), count(&comparison.alerts_lost)), (1, 1));
    assert_eq!(comparison.alerts_gained.by_rule["Slow"], 1);
    assert_eq!(comparison.alerts_gained.outcomes.tense, 1);
    assert_eq!(comparison.alerts_lost.outcomes.calm, 1);
    assert_eq!((count(&comparison.severity_raised), count(&comparison.severity_lowered)), (1, 1));
    let raised = &comparison.severity_raised.examples[0];
    assert_eq!((raised.severity_before, raised.severity), (Some(Severity::Warning), Severity::Critical));
    assert_eq!((count(&comparison.conversations_gained), count(&comparison.conversations_lost)), (0, 1));
}

#[test]
fn a_conversation_keeps_the_time_of_each_of_its_turns() {
    let run = Written::run("a.customer@0 a.agent@10 a.customer@20");
    let expect =
        [(0, 1), (10, 1), (20, 2)].map(|(second, customer_turns)| Moment { at: at(second), customer_turns });
    assert_eq!(run.followed.courses[0].turns, expect);
}
