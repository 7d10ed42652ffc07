//! Tests of the view: what a person sees, as plain text.

use super::*;
use crate::offline::replay::board::{AlertChange, CONVERSATIONS_MAX};
use crate::offline::replay::incoming::{
    AlertIn, ConversationIn, EvidenceIn, FindingIn, ReasonIn, ScoredIn, SentimentIn,
};
use crate::wire::{ClientFrame, Turn};

fn turn(conversation_id: &str, text: &str) -> Turn {
    let line = serde_json::json!({"type": "turn", "turn_id": "1", "conversation_id": conversation_id, "role": "customer",
        "text": text, "ts": "2026-01-01T00:00:00Z", "queue": "billing", "channel": "chat"});
    match ClientFrame::parse(&line.to_string()).expect("valid").frame {
        ClientFrame::Turn { turn, .. } => turn,
        other => panic!("{other:?}"),
    }
}

fn play(board: &mut Board, conversation_id: &str, text: &str, score: f64, risk: f64, level: Level) {
    let turn = turn(conversation_id, text);
    board.sent(&ClientFrame::Turn { seq: None, turn: turn.clone() });
    let scored = ScoredIn {
        seq: 1,
        conversation_id: conversation_id.to_owned(),
        role: Role::Customer,
        sentiment: SentimentIn { score },
        conversation: ConversationIn { risk, level },
    };
    board.scored(&scored, &turn);
}

fn alert(conversation_id: &str) -> AlertIn {
    AlertIn {
        alert_id: "a1".to_owned(),
        rule: "RiskHigh".to_owned(),
        severity: Severity::Critical,
        conversation_id: conversation_id.to_owned(),
        queue: Some("billing".to_owned()),
        ts: "2026-01-01T00:00:00Z".to_owned(),
        summary: "the customer is upset".to_owned(),
        reasons: vec![ReasonIn { name: "worst".to_owned(), quote: "I want\u{1b}[2J my money".to_owned() }],
        risk: 0.91,
        resolution: None,
    }
}

fn text(board: &Board, columns: usize, rows: usize) -> Vec<String> {
    let mut tally = Tally::default();
    (tally.turns_sent, tally.scored) = (3, 2);
    let status =
        Status { tally: &tally, in_flight: 1, elapsed_seconds: 65, speed: 40.0, clock: "09:01:02", note: "" };
    draw(board, &status, columns, rows)
        .into_iter()
        .map(|line| line.into_iter().map(|(_, text)| text).collect::<String>())
        .collect()
}

#[test]
fn sentiment_is_a_line_of_blocks_from_red_to_green() {
    let line = blocks([-1.0, -0.7, -0.4, -0.1, 0.1, 0.4, 0.7, 1.0].into_iter());
    let drawn: String = line.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(drawn, "▁▂▃▄▅▆▇█");
    assert_eq!(line.first().map(|(ink, _)| *ink), Some(Ink::Mood(0)));
    assert_eq!(line.last().map(|(ink, _)| *ink), Some(Ink::Mood(7)));
    assert_eq!(blocks([f64::NAN, -9.0, 9.0].into_iter()).len(), 3, "no figure breaks it");
}

#[test]
fn the_conversation_most_at_risk_comes_first_and_closed_ones_last() {
    let mut board = Board::default();
    play(&mut board, "calm", "thanks", 0.9, 0.1, Level::Calm);
    play(&mut board, "boiling", "third time I ask", -0.9, 0.8, Level::High);
    play(&mut board, "over", "never again", -1.0, 0.95, Level::Critical);
    let line = r#"{"type":"conversation.closed","conversation_id":"over","ts":"2026-01-01T00:00:00Z"}"#;
    board.sent(&ClientFrame::parse(line).expect("valid").frame);
    let lines = text(&board, 120, 24);
    assert!(lines[0].starts_with("undertone  3 turns sent, 2 answered, 1 in flight"), "{}", lines[0]);
    assert!(lines[0].contains("2 conversations open of 3"), "{}", lines[0]);
    assert!(
        lines[3].contains("boiling") && lines[3].contains("high     0.80") && lines[3].contains("third time")
    );
    assert!(lines[4].contains("calm"));
    assert!(lines[5].contains("over") && lines[5].ends_with("closed"));
}

#[test]
fn an_alert_is_shown_with_its_quote_until_it_is_resolved() {
    let mut board = Board::default();
    play(&mut board, "c", "x", -0.9, 0.9, Level::Critical);
    board.alert(AlertChange::Opened, &alert("c"));
    let lines = text(&board, 120, 24).join("\n");
    assert!(lines.contains("alerts (1 open)"), "{lines}");
    assert!(lines.contains("! critical  c "), "{lines}");
    assert!(lines.contains("“I want[2J my money”"), "control characters are gone: {lines}");
    board.alert(AlertChange::Resolved, &AlertIn { resolution: Some("recovered".to_owned()), ..alert("c") });
    let lines = text(&board, 120, 24).join("\n");
    assert!(lines.contains("alerts (0 open)") && lines.contains("✓ recovered c "), "{lines}");
}

#[test]
fn a_finding_is_shown_as_it_was_last_heard_of() {
    let mut board = Board::default();
    let finding = |state: &str, value| FindingIn {
        finding_id: "f1".to_owned(),
        name: "left_waiting".to_owned(),
        state: state.to_owned(),
        conversation_id: "c".to_owned(),
        ts: "2026-01-01T00:02:00.000Z".to_owned(),
        value: Some(value),
        evidence: vec![EvidenceIn { quote: "is any\u{1b}[2Jbody there?".to_owned() }],
    };
    assert!(!text(&board, 120, 24).join("\n").contains("findings"));
    board.finding(&finding("open", 120.0));
    let lines = text(&board, 120, 24).join("\n");
    assert!(lines.contains("latest findings\n! open      c "), "{lines}");
    assert!(lines.contains("left_waiting 120 “is any[2Jbody there?”"), "{lines}");
    board.finding(&finding("resolved", 300.0));
    let lines = text(&board, 120, 24).join("\n");
    assert!(lines.contains("✓ resolved  c ") && !lines.contains("! open"), "{lines}");
    assert_eq!(board.findings.len(), 1);
}

#[test]
fn every_line_fits_whatever_customers_write_and_however_small_the_terminal_is() {
    let mut board = Board::default();
    for n in 0..60 {
        let text = "日本語 \u{1b}[31m\u{202e}a long line that does not end ".repeat(40);
        play(&mut board, &format!("conversation\n{n}"), &text, -0.5, 0.5, Level::Watch);
        board.alert(AlertChange::Opened, &AlertIn { alert_id: n.to_string(), ..alert("c") });
        board.finding(&FindingIn {
            finding_id: n.to_string(),
            name: "left_waiting".to_owned(),
            state: "open".to_owned(),
            conversation_id: format!("conversation\n{n}"),
            ts: "2026-01-01T00:02:00.000Z".to_owned(),
            value: None,
            evidence: vec![EvidenceIn { quote: text.clone() }],
        });
    }
    for (columns, rows) in [(200, 50), (80, 24), (40, 10), (10, 3), (1, 1), (0, 0)] {
        let lines = text(&board, columns, rows);
        assert!(lines.len() <= rows);
        for line in lines {
            assert!(width(&line) <= columns, "{columns}: {line}");
            assert!(!line.chars().any(char::is_control));
        }
    }
}

#[test]
fn the_board_keeps_to_its_bound_and_still_counts_what_left() {
    let mut board = Board::default();
    for n in 0..=CONVERSATIONS_MAX {
        let id = n.to_string();
        play(&mut board, &id, "x", 0.0, 0.1, Level::Watch);
        let line = format!(
            r#"{{"type":"conversation.closed","conversation_id":"{id}","ts":"2026-01-01T00:00:00Z"}}"#
        );
        board.sent(&ClientFrame::parse(&line).expect("valid").frame);
    }
    assert!(board.conversations.len() <= CONVERSATIONS_MAX);
    assert_eq!(board.conversations_total(), CONVERSATIONS_MAX as u64 + 1);
    assert_eq!(board.levels().values().sum::<u64>(), CONVERSATIONS_MAX as u64 + 1);
}
