//! The binary as a user starts it: exit codes and what is said. Nothing here needs a model.

use std::path::Path;
use std::process::{Command, Output};

const USAGE: i32 = 64;
const UNAVAILABLE: i32 = 69;

/// Runs `undertone` in an empty directory, with only these variables of its own.
fn undertone(directory: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_undertone"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("UNDERTONE_") {
            command.env_remove(name);
        }
    }
    command
        .current_dir(directory)
        .args(arguments)
        .envs(environment.iter().copied())
        .output()
        .expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn check_prints_the_effective_settings_and_never_the_token() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("undertone.toml"), "[server]\ntoken = \"hush-hush\"\n").unwrap();
    let output = undertone(folder.path(), &["check"], &[("UNDERTONE_SCORING__THREADS", "3")]);
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(printed.contains("listen = \"127.0.0.1:8787\"") && printed.contains("threads = 3"), "{printed}");
    assert!(!printed.contains("hush-hush") && printed.contains("redacted"), "{printed}");
}

#[test]
fn wrong_settings_end_with_64_and_name_file_key_and_what_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("u.toml");
    std::fs::write(&file, "[server]\nlissten = \"127.0.0.1:1\"\n").unwrap();
    for command in ["check", "serve"] {
        let output = undertone(folder.path(), &[command, "--config", "u.toml"], &[]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(USAGE), "{said}");
        assert!(
            said.contains("u.toml, line 2: unknown key server.lissten; did you mean server.listen?"),
            "{said}"
        );
    }
}

#[test]
fn beyond_loopback_a_token_is_asked_for_by_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let output = undertone(folder.path(), &["serve"], &[("UNDERTONE_SERVER__LISTEN", "0.0.0.0:0")]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(USAGE), "{said}");
    assert!(said.contains("server.token"), "{said}");
    assert!(undertone(folder.path(), &["check", "--set", "admin.listen=0.0.0.0:9464"], &[]).status.success());
}

#[test]
fn an_unknown_command_or_flag_ends_with_64_and_help_with_0() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["srve"][..], &["serve", "--prot", "1"], &["check", "--set", "nonsense"]] {
        assert_eq!(undertone(folder.path(), arguments, &[]).status.code(), Some(USAGE), "{arguments:?}");
    }
    for arguments in [&["--help"][..], &["--version"], &["serve", "--help"]] {
        assert_eq!(undertone(folder.path(), arguments, &[]).status.code(), Some(0), "{arguments:?}");
    }
}

#[test]
fn a_missing_model_ends_with_69_and_names_where_it_was_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let output = undertone(folder.path(), &["serve", "--set", "model.path=no/such/model"], &[]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(UNAVAILABLE), "{said}");
    assert!(said.contains("no/such/model"), "{said}");
}
