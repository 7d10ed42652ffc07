//! Tests of the reader: each promise of the contract on a few lines of input.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::offline::recorded::SPACING_SECONDS_DEFAULT;

/// One word per event: `turn_id:role@ts`, `closed@ts`, `moved@ts` or `line:code`.
fn words(input: &str) -> Vec<String> {
    words_of(input.as_bytes())
}

fn words_of(input: impl BufRead) -> Vec<String> {
    let spacing = Spacing::from_fixed_start(SPACING_SECONDS_DEFAULT);
    Events::new(input, spacing).map(|event| word(&event.expect("reads"))).collect()
}

fn word(event: &Event) -> String {
    match &event.frame {
        Ok(ClientFrame::Turn { turn, .. }) => format!("{}:{}@{}", turn.turn_id, turn.role, turn.ts),
        Ok(ClientFrame::Closed { closed, .. }) => format!("closed@{}", closed.ts),
        Ok(ClientFrame::Transferred { transferred, .. }) => format!("moved@{}", transferred.ts),
        Ok(other) => format!("{other:?}"),
        Err(error) => format!("{}:{}", error.line.expect("has its line"), error.code),
    }
}

#[test]
fn frames_and_conversations_are_told_apart_line_by_line() {
    let input = r#"{"type":"identify","source":"x"}
{"type":"turn","turn_id":"a","conversation_id":"c","role":"customer","text":"hi","ts":"2026-05-01T10:00:00Z"}

{"conversation_id":"d","split":"train","turns":[{"role":"customer","text":"hello","labels":{}}]}
{"type":"ping","t":1}
{"type":"conversation.transferred","conversation_id":"c","ts":"2026-05-01T10:01:00Z","queue":"q"}
{"type":"conversation.closed","conversation_id":"c","ts":"2026-05-01T10:02:00Z","closed_by":"agent"}"#;
    assert_eq!(
        words(input),
        [
            "a:customer@2026-05-01T10:00:00Z",
            "0:customer@2026-01-01T00:00:00Z",
            "closed@2026-01-01T00:00:00Z",
            "moved@2026-05-01T10:01:00Z",
            "closed@2026-05-01T10:02:00Z",
        ]
    );
}

#[test]
fn turns_without_ts_come_ten_seconds_apart_and_conversations_one_after_the_other() {
    let input = r#"{"conversation_id":"a","turns":[{"role":"customer","text":"1"},{"role":"other","text":"2"}]}
{"conversation_id":"b","turns":[{"role":"bot","text":"3"}]}"#;
    assert_eq!(
        words(input),
        [
            "0:customer@2026-01-01T00:00:00Z",
            "1:agent@2026-01-01T00:00:10Z",
            "closed@2026-01-01T00:00:10Z",
            "0:bot@2026-01-01T00:00:20Z",
            "closed@2026-01-01T00:00:20Z",
        ]
    );
}

#[test]
fn a_recorded_ts_is_kept_and_a_missing_one_follows_it() {
    let input = r#"{"conversation_id":"a","turns":[{"role":"customer","text":"1","ts":"2026-02-01T00:00:00Z"},{"role":"agent","text":"2"}]}"#;
    assert_eq!(
        words(input),
        ["0:customer@2026-02-01T00:00:00Z", "1:agent@2026-02-01T00:00:10Z", "closed@2026-02-01T00:00:10Z"]
    );
}

#[test]
fn nobody_closes_a_recorded_conversation() {
    let input = r#"{"conversation_id":"a","turns":[{"role":"customer","text":"1"}]}"#;
    let closed = Events::new(input.as_bytes(), Spacing::from_fixed_start(10)).find_map(|event| {
        match event.expect("reads").frame {
            Ok(ClientFrame::Closed { closed, .. }) => Some(closed.closed_by),
            _ => None,
        }
    });
    assert_eq!(closed, Some(None));
}

#[test]
fn a_bad_line_is_an_error_with_its_line_and_the_rest_is_read() {
    let good = r#"{"conversation_id":"a","turns":[{"role":"customer","text":"1"}]}"#;
    let long = "x".repeat(crate::wire::limits::TEXT_CHARS_MAX + 1);
    let large = "y".repeat(FRAME_BYTES_MAX);
    let table = [
        ("{", "1:invalid_json"),
        ("[1]", "1:invalid_frame"),
        ("{}", "1:invalid_frame"),
        (r#"{"type":"dance"}"#, "1:invalid_frame"),
        (r#"{"type":"turn","turn_id":"a"}"#, "1:invalid_turn"),
        (r#"{"turns":[]}"#, "1:invalid_frame"),
        (r#"{"conversation_id":"a","turns":{}}"#, "1:invalid_frame"),
        (
            r#"{"conversation_id":"a","turns":[{"role":"customer","text":"1"},{"role":"king","text":"1"}]}"#,
            "1:invalid_turn",
        ),
        (r#"{"conversation_id":"a","turns":[{"role":"customer"}]}"#, "1:invalid_turn"),
        (r#"{"conversation_id":"a","turns":[{"role":"customer","text":"1","ts":"noon"}]}"#, "1:invalid_turn"),
        (
            &format!(r#"{{"conversation_id":"a","turns":[{{"role":"customer","text":"{long}"}}]}}"#),
            "1:text_too_long",
        ),
        (&format!(r#"{{"type":"ping","t":"{large}"}}"#), "1:frame_too_large"),
    ];
    for (bad, expected) in table {
        let events = words(&format!("{bad}\n{good}\n"));
        assert_eq!(events[0], expected, "{bad:.60}");
        assert_eq!(events.len(), 3, "{bad:.60}: the good line follows whole, the bad one leaves nothing");
    }
}

#[test]
fn an_error_names_the_turn_and_never_repeats_its_text() {
    let input = r#"{"conversation_id":"a","turns":[{"role":"customer","text":"1"},{"role":"king","text":"my secret"}]}"#;
    let event =
        Events::new(input.as_bytes(), Spacing::from_fixed_start(10)).next().expect("one").expect("reads");
    let error = event.frame.expect_err("role");
    assert_eq!(error.turn_id.as_deref(), Some("1"));
    assert_eq!(error.message, "turn 1: role \"king\" is not one of customer, agent, bot, system, other");
}

#[test]
fn bytes_that_are_not_utf_8_are_a_bad_line() {
    let mut input = b"{\"type\":\"ping\",\"t\":\"\xff\"}\n".to_vec();
    input.extend_from_slice(br#"{"conversation_id":"a","turns":[{"role":"customer","text":"1"}]}"#);
    assert_eq!(words_of(&input[..])[0], "1:invalid_json");
    assert_eq!(words_of(&input[..]).len(), 3);
}

#[test]
fn a_line_longer_than_the_limit_is_skipped_and_not_held() {
    let at_limit = format!("{:<64}", r#"{"conversation_id":"a","turns":[]}"#);
    let beyond = format!("{at_limit} ");
    let input = format!("{at_limit}\n{beyond}\n{beyond}\n{{");
    let lines = Lines { line_bytes_max: 64, ..Lines::new(input.as_bytes()) };
    let codes: Vec<_> = lines
        .map(|line| line.expect("reads").entry.map_err(|error| (error.line, error.code)).err())
        .collect();
    assert_eq!(
        codes,
        [
            None,
            Some((Some(2), ErrorCode::FrameTooLarge)),
            Some((Some(3), ErrorCode::FrameTooLarge)),
            Some((Some(4), ErrorCode::InvalidJson)),
        ]
    );
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_no_error() {
    let input =
        "\u{feff}{\"conversation_id\":\"a\",\"turns\":[{\"role\":\"customer\",\"text\":\"1\"}]}\r\n\r\n";
    assert_eq!(words(input).len(), 2);
}

#[test]
fn gzip_is_read_as_it_is_whatever_the_name_and_in_several_members() {
    let line = "{\"conversation_id\":\"a\",\"turns\":[{\"role\":\"customer\",\"text\":\"1\"}]}\n";
    let mut packed = Vec::new();
    for _ in 0..2 {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(line.as_bytes()).expect("writes to memory");
        packed.extend(encoder.finish().expect("writes to memory"));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("conversations.jsonl");
    std::fs::write(&path, &packed).expect("writes");
    let input = open(Some(&path)).expect("opens");
    assert_eq!(input.bytes_total, Some(packed.len() as u64));
    assert_eq!(words_of(input.reader), words(&line.repeat(2)));
    assert_eq!(input.bytes_read.load(Ordering::Relaxed), packed.len() as u64);
}

#[test]
fn a_gzip_file_that_was_cut_off_is_an_input_error_after_what_could_be_read() {
    let line = "{\"conversation_id\":\"a\",\"turns\":[{\"role\":\"customer\",\"text\":\"1\"}]}\n";
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(line.as_bytes()).expect("writes to memory");
    let mut packed = encoder.finish().expect("writes to memory");
    packed.truncate(packed.len() - 9);
    let results: Vec<_> =
        Events::new(decoded(Cursor::new(packed)).expect("opens"), Spacing::from_fixed_start(10))
            .take(4)
            .collect();
    assert!(results.iter().any(Result::is_err));
}

#[test]
fn an_empty_input_has_no_events() {
    assert!(words("").is_empty());
    assert!(words("\n\n").is_empty());
}
