//! `undertone report` as a person runs it: the real binary and the real model.

use std::path::Path;
use std::process::{Command, Output};

const CONVERSATION: &str = r#"{"conversation_id":"c-1","turns":[{"role":"customer","text":"This is the third time I ask. I want to speak to your manager NOW."},{"role":"agent","text":"That is our policy."},{"role":"customer","text":"Useless. I am cancelling today."}]}"#;

fn report(folder: &Path, input: &str, out: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_undertone"))
        .args(["report", "--input", input, "--out", out])
        .current_dir(folder)
        .output()
        .expect("the binary was built")
}

fn folder_with(input: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("in.jsonl"), input).expect("writes");
    folder
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn the_same_input_gives_the_same_page_with_the_conversation_in_full() {
    let folder = folder_with(CONVERSATION);
    for out in ["a.html", "b.html"] {
        let output = report(folder.path(), "in.jsonl", out);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stdout.is_empty(), "standard output carries results only, and there are none");
    }
    let page = |name| std::fs::read_to_string(folder.path().join(name)).expect("was written");
    assert!(page("a.html") == page("b.html"));
    for text in ["Conversations of", "CustomerAtRisk", "That is our policy.", "I am cancelling today"] {
        assert!(page("a.html").contains(text), "{text}");
    }
    assert_eq!(files(folder.path()), ["a.html", "b.html", "in.jsonl"], "nothing else is left");
}

#[test]
fn bad_lines_are_named_on_the_page_and_by_the_exit_code() {
    let folder = folder_with(&format!("nonsense\n{CONVERSATION}"));
    assert_eq!(report(folder.path(), "in.jsonl", "out.html").status.code(), Some(1));
    let page = std::fs::read_to_string(folder.path().join("out.html")).expect("was written");
    assert!(page.contains("line 1: not JSON") && page.contains("That is our policy."));
}

#[test]
fn an_input_without_turns_has_a_page() {
    let folder = folder_with("");
    assert_eq!(report(folder.path(), "in.jsonl", "out.html").status.code(), Some(0));
    let page = std::fs::read_to_string(folder.path().join("out.html")).expect("was written");
    assert!(page.contains("no turn that could be judged"));
}

#[test]
fn a_place_that_cannot_be_written_to_is_refused_and_nothing_is_left() {
    let folder = folder_with(CONVERSATION);
    let check = |input: &str, out: &str, says: &str| {
        let output = report(folder.path(), input, out);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(64), "{said}");
        assert!(said.contains(says), "{said}");
        assert_eq!(files(folder.path()), ["in.jsonl"]);
    };
    check("in.jsonl", "no/such/folder/out.html", "cannot write no/such/folder/out.html");
    check("in.jsonl", ".", "cannot write .");
    check("in.jsonl", "in.jsonl", "--out is the input");
    check("none.jsonl", "out.html", "cannot open none.jsonl");
}
