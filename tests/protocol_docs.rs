//! docs/protocol.md against the code: every code and limit it states, and every example a client might copy.

use undertone::conversation::{
    ALERTS_KEPT_MAX, CUSTOMERS_MAX, FINDINGS_MAX, RETURN_GRACE_SECONDS, SLOTS_MAX, TIMELINE_CHARS_MAX, ids,
};
use undertone::detectors::promises::PROMISES_MAX;
use undertone::gateway::events::{BYTES_KEPT_MAX, EVENTS_KEPT_MAX, EVENTS_WAITING_MAX};
use undertone::gateway::verdicts::ALERTS_REMEMBERED_MAX;
use undertone::pipeline::LISTED_MAX;
use undertone::wire::limits;
use undertone::wire::verdicts::NOTE_CHARS_MAX;
use undertone::wire::{Act, ClientFrame, CloseCode, ErrorCode, FrameError, Mistake, Signal};

const PROTOCOL: &str = include_str!("../docs/protocol.md");

/// The cells of every table row.
fn rows() -> Vec<Vec<&'static str>> {
    let rows = PROTOCOL.lines().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'));
    rows.map(|row| row.split('|').map(str::trim).collect()).collect()
}

#[test]
fn every_error_code_has_a_row_that_says_whether_it_is_temporary() {
    for code in ErrorCode::ALL {
        let name = format!("`{code}`");
        let row = rows().into_iter().find(|row| row.len() == 4 && row[0] == name);
        let row = row.unwrap_or_else(|| panic!("no row for {name}"));
        assert_eq!(row[2] == "yes", code.is_temporary(), "{name}");
    }
}

#[test]
fn every_close_code_has_a_row() {
    use CloseCode::*;
    let all = [
        Normal,
        GoingAway,
        Protocol,
        Unsupported,
        InvalidUtf8,
        TooLarge,
        Internal,
        Restart,
        BadProtocol,
        Unauthenticated,
        Forbidden,
        TimedOut,
        Replaced,
        RateLimited,
    ];
    for code in all {
        let number = code.number().to_string();
        assert!(rows().iter().any(|row| row.len() == 3 && row[0] == number), "no row for {number}");
    }
}

#[test]
fn the_limits_are_those_of_the_code() {
    let stated = [
        ("a message, or a line", format!("{} bytes", limits::FRAME_BYTES_MAX)),
        ("`text` of a turn", format!("{} code points", limits::TEXT_CHARS_MAX)),
        ("ids, and short names", format!("{} bytes", limits::ID_BYTES_MAX)),
        (
            "`attributes`",
            format!("{} entries, {} bytes", limits::ATTRIBUTES_MAX, limits::ATTRIBUTE_BYTES_MAX),
        ),
        ("turns of a socket", limits::INFLIGHT_TURNS_MAX.to_string()),
        ("frames of one conversation", SLOTS_MAX.to_string()),
        ("findings remembered", FINDINGS_MAX.to_string()),
        ("promises remembered", PROMISES_MAX.to_string()),
        ("customers remembered", CUSTOMERS_MAX.to_string()),
        ("events that a reader", format!("{EVENTS_KEPT_MAX}, {BYTES_KEPT_MAX} bytes")),
        ("events that wait", EVENTS_WAITING_MAX.to_string()),
        ("a body of", format!("{} bytes, {} turns", limits::BODY_BYTES_MAX, limits::BODY_TURNS_MAX)),
        ("text of such a turn", format!("{TIMELINE_CHARS_MAX} code points")),
        ("alerts shown", ALERTS_KEPT_MAX.to_string()),
        ("conversations that can be listed", LISTED_MAX.to_string()),
        ("alerts that a verdict", format!("the last {ALERTS_REMEMBERED_MAX} ")),
        ("`note` of a verdict", format!("{NOTE_CHARS_MAX} code points")),
        ("the quote", format!("{} code points", limits::QUOTE_CHARS_MAX)),
    ];
    for (name, value) in stated {
        // The last table is that of the limits; other tables have fields of these names.
        let row = rows().into_iter().rfind(|row| row.len() == 3 && row[0].starts_with(name));
        let row = row.unwrap_or_else(|| panic!("no row for {name}"));
        assert!(row[1].starts_with(&value), "{name} is {value}, not {}", row[1]);
    }
}

#[test]
fn every_name_that_a_turn_can_show_has_a_row() {
    let signals = Signal::IN_TEXT.iter().map(|name| name.as_str());
    let mistakes = Mistake::IN_TEXT.iter().map(|name| name.as_str());
    let acts = Act::ALL.iter().map(|name| name.as_str());
    for name in signals.chain(mistakes).chain(acts) {
        let cell = format!("`{name}`");
        assert!(rows().iter().any(|row| row.len() == 2 && row[0] == cell), "no row for {name}");
    }
}

#[test]
fn every_finding_has_a_row_and_the_example_quotes_the_turn_example() {
    let found = [Mistake::LeftWaiting, Mistake::CutShort, Mistake::MissingBasics].map(Mistake::as_str);
    for name in found.into_iter().chain([Signal::EscalationRequest.as_str()]) {
        let cell = format!("`{name}`");
        assert!(rows().iter().any(|row| row.len() == 4 && row[0] == cell), "no row for {name}");
    }
    let line = PROTOCOL.lines().find(|line| line.starts_with("{\"type\":\"finding\"")).expect("an example");
    let finding: serde_json::Value = serde_json::from_str(line).expect("JSON");
    let id = ids::derived(&["left_waiting", "c-17", "m-9001"], 0);
    assert_eq!(finding["finding_id"], id.as_str());
    let evidence = &finding["evidence"][0];
    assert_eq!(
        evidence["end"].as_u64(),
        evidence["quote"].as_str().map(|quote| quote.chars().count() as u64)
    );
    assert!(PROTOCOL.contains(&format!("For {RETURN_GRACE_SECONDS} seconds after your return")));
}

#[test]
fn the_places_of_the_scored_example_lie_in_the_text_of_the_turn_example() {
    let frame = |kind: &str| -> serde_json::Value {
        let start = format!("{{\"type\":\"{kind}\",\"seq\":42");
        let line = PROTOCOL.lines().find(|line| line.starts_with(&start)).expect("an example");
        serde_json::from_str(line).expect("JSON")
    };
    let text = frame("turn")["text"].as_str().expect("text").to_owned();
    let signal = &frame("scored")["signals"][0];
    assert!(Signal::parse(signal["name"].as_str().expect("a name")).is_some());
    assert_eq!(
        (signal["start"].as_u64(), signal["end"].as_u64()),
        (Some(0), Some(text.chars().count() as u64))
    );
}

#[test]
fn every_client_frame_that_is_shown_is_valid() {
    const SERVER_TYPES: [&str; 6] = ["hello", "ready", "scored", "finding", "alert.opened", "error"];
    let shown = PROTOCOL.lines().map(|line| line.strip_prefix("→ ").unwrap_or(line));
    let mut valid = 0;
    for line in shown.filter(|line| line.starts_with("{\"type\":")) {
        let value: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        let kind = value["type"].as_str().expect("a string");
        if SERVER_TYPES.contains(&kind) {
            continue;
        }
        match ClientFrame::parse(line) {
            Ok(parsed) => {
                assert_eq!(parsed.unknown_fields, 0, "{line}");
                valid += 1;
            }
            // The session shows one refusal, with the message that the server gives.
            Err(FrameError { message, .. }) => {
                assert!(line.contains("custmer"), "{line}: {message}");
                assert!(PROTOCOL.contains(&message.replace('"', "\\\"")), "the message is {message}");
            }
        }
    }
    assert!(valid >= 8, "only {valid} examples were found");
}
