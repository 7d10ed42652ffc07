//! The clients of docs/clients against the real binary: they run as the documentation says, and are answered.
//!
//! Python's `websockets` comes from `UNDERTONE_PYTHON_SITE` (scripts/test sets it) or is installed. Where it, Node
//! or curl is missing the test says so and passes, but fails with `CI=true`.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::{Server, TOKEN};

fn client(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/clients").join(name)
}

/// Whether `command` succeeds; if not, the test is skipped loudly, or with CI=true fails.
fn have(what: &str, command: &mut Command) -> bool {
    let there = command.output().is_ok_and(|output| output.status.success());
    if !there {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "{what} is missing, and CI=true allows no skipping"
        );
        eprintln!("!!! SKIPPED: {what} is missing");
    }
    there
}

fn python() -> Command {
    let mut python = Command::new("python3");
    if let Some(site) = std::env::var_os("UNDERTONE_PYTHON_SITE").filter(|site| !site.is_empty()) {
        python.env("PYTHONPATH", site);
    }
    python
}

/// Node's own WebSocket: behind a flag in 20, without one from 22 on.
fn node() -> Option<Command> {
    let with = |flags: &[&str]| {
        let mut node = Command::new("node");
        node.args(flags);
        node
    };
    let probe = |flags: &[&str]| {
        let output =
            with(flags).args(["-e", "process.exit(typeof WebSocket === 'function' ? 0 : 1)"]).output();
        output.is_ok_and(|output| output.status.success())
    };
    [&[][..], &["--experimental-websocket"]].into_iter().find(|flags| probe(flags)).map(with)
}

/// Runs a client and returns the frames that it printed.
fn frames(command: &mut Command) -> Vec<serde_json::Value> {
    let Output { status, stdout, stderr } =
        command.env("UNDERTONE_TOKEN", TOKEN).output().expect("it starts");
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{status}\n{stdout}\n{stderr}");
    stdout
        .lines()
        .map(|line| line.trim_matches(['[', ']', ',']))
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

fn assert_two_scored(frames: &[serde_json::Value]) {
    let seen: Vec<_> =
        frames.iter().map(|frame| (frame["type"].as_str(), frame["turn_id"].as_str())).collect();
    assert_eq!(seen, [(Some("scored"), Some("m-1")), (Some("scored"), Some("m-2"))]);
    assert_eq!(frames[1]["conversation"]["agent_turns"], 1);
}

#[test]
fn the_python_client_gets_its_answers() {
    if !have("Python's websockets", python().args(["-c", "import websockets.asyncio.client"])) {
        return;
    }
    let server = Server::start();
    assert_two_scored(&frames(python().arg(client("client.py")).arg(server.url("ws", "/v1/ingest"))));
    let wrong = python()
        .arg(client("client.py"))
        .arg(server.url("ws", "/v1/ingest"))
        .env("UNDERTONE_TOKEN", "wrong")
        .output()
        .expect("it starts");
    assert!(!wrong.status.success());
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("401"));
}

#[test]
fn the_javascript_client_gets_its_answers() {
    let Some(mut node) = node() else {
        have("a Node with WebSocket", &mut Command::new("false"));
        return;
    };
    let server = Server::start();
    assert_two_scored(&frames(node.arg(client("client.mjs")).arg(server.url("ws", "/v1/ingest"))));
}

#[test]
fn the_curl_line_gets_its_answers() {
    if !have("curl", Command::new("curl").arg("--version")) {
        return;
    }
    let server = Server::start();
    assert_two_scored(&frames(Command::new(client("curl.sh")).arg(server.url("http", "/v1/turns"))));
}
