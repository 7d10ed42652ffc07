//! `undertone serve` as a process, with the shipped model: it starts, scores, and goes down on a signal.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::{Value, json};

/// A running server and the rest of its log.
struct Serve {
    child: Child,
    log: BufReader<ChildStderr>,
    listen: String,
    admin: String,
}

impl Serve {
    /// Started on free ports; ready when it says that it listens.
    fn start() -> Serve {
        Serve::start_with(&[])
    }

    /// The same with these settings.
    fn start_with(settings: &[String]) -> Serve {
        let mut child = Command::new(env!("CARGO_BIN_EXE_undertone"))
            .args(["serve", "--set", "server.listen=127.0.0.1:0", "--set", "admin.listen=127.0.0.1:0"])
            .args(["--set", "log.format=json"])
            .args(settings.iter().flat_map(|setting| ["--set", setting]))
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let log = BufReader::new(child.stderr.take().expect("piped"));
        let mut serve = Serve { child, log, listen: String::new(), admin: String::new() };
        loop {
            let mut line = String::new();
            assert!(serve.log.read_line(&mut line).expect("a log") > 0, "it ended before it listened");
            let event: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"));
            if event["message"] == "listening" {
                let field = |name: &str| event[name].as_str().expect("an address").to_owned();
                (serve.listen, serve.admin) = (field("listen"), field("admin_listen"));
                return serve;
            }
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().expect("kill runs").success());
    }

    /// Reads the log up to a line with this in it.
    fn await_log(&mut self, expect: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(self.log.read_line(&mut line).expect("a log") > 0, "it ended before it said {expect}");
            if line.contains(expect) {
                return line;
            }
        }
    }

    /// What `/metrics` says of the rules.
    fn reload_success(&self) -> String {
        let request = "GET /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
        let metrics = exchange(&self.admin, request);
        let line = metrics.lines().find(|line| line.starts_with("undertone_rules_reload_success"));
        line.expect("it is there").to_owned()
    }

    /// Its exit code, and what else it logged.
    fn wait(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.log.read_to_string(&mut rest).expect("UTF-8");
        (self.child.wait().expect("it ends").code(), rest)
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        // A test that failed must not leave a server behind; one that has ended cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The answer to one request, head and body.
fn exchange(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn it_scores_a_turn_shows_its_model_and_goes_down_cleanly_on_sigterm() {
    let serve = Serve::start();
    let turn = json!({
        "turn_id": "m-1", "conversation_id": "c-1", "role": "customer", "text": "This is ridiculous, nobody helps me!",
        "ts": "2026-01-31T10:02:11Z",
    })
    .to_string();
    let head = "Host: test\r\nConnection: close\r\n";
    let post = format!("POST /v1/turns HTTP/1.1\r\n{head}Content-Length: {}\r\n\r\n{turn}", turn.len());
    let answer = exchange(&serve.listen, &post);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"type\":\"scored\""), "{answer}");
    let metrics = exchange(&serve.admin, &format!("GET /metrics HTTP/1.1\r\n{head}\r\n"));
    for series in
        ["undertone_model_info{name=", "undertone_batch_turns_count 1", "undertone_queue_popped_total 1"]
    {
        assert!(metrics.contains(series), "{series}");
    }
    serve.signal("-TERM");
    let (code, log) = serve.wait();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("everything that was accepted has been answered"), "{log}");
}

#[test]
fn changed_rules_come_into_force_and_bad_ones_leave_the_old_in_force_and_say_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("rules.toml");
    let write = |version: &str, when: &str| {
        let rules = format!(
            "version = \"{version}\"\n[[rule]]\nname = \"Any\"\nkind = \"service\"\nseverity = \"info\"\nsummary = \"s\"\nwhen = '{when}'\n"
        );
        std::fs::write(&file, rules).expect("written");
    };
    write("first", "risk > 2.0");
    let mut serve = Serve::start_with(&[format!("alerts.rules_file={}", file.display())]);
    assert!(serve.reload_success().ends_with(" 1"));

    write("second", "rissk > 2.0");
    let refused = serve.await_log("those before stay in force");
    assert!(refused.contains(":7: rule Any") && refused.contains("did you mean risk?"), "{refused}");
    assert!(serve.reload_success().ends_with(" 0"));

    write("third-one", "risk > 0.0");
    assert!(serve.await_log("rules loaded").contains("third-one-"));
    assert!(serve.reload_success().ends_with(" 1"));
    serve.signal("-HUP");
    assert!(serve.await_log("rules loaded").contains("third-one-"), "SIGHUP reads the file again");
    serve.signal("-TERM");
    assert_eq!(serve.wait().0, Some(0));
}

#[test]
fn a_hang_up_does_not_end_a_server_with_the_shipped_rules() {
    let serve = Serve::start();
    serve.signal("-HUP");
    // A signal is dealt with before the next request is answered, or it would have ended the process.
    assert!((0..10).all(|_| serve.reload_success().ends_with(" 1")), "it still answers");
    serve.signal("-TERM");
    assert_eq!(serve.wait().0, Some(0), "it was the second signal that ended it");
}
