//! More turns than can be scored.

use std::time::Duration;

use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::support::client::request;
use crate::support::scorer::RETRY_AFTER_MS;
use crate::support::server::assert_conserved;
use crate::support::{Client, FakeScorer, Request, Server, settings, turn};

const CAPACITY: usize = 8;

#[tokio::test]
async fn clients_are_warned_then_refused_then_told_that_it_is_over_and_a_second_try_succeeds() {
    let server = Server::start_with(settings(&[]), FakeScorer::new(CAPACITY, Duration::ZERO)).await;
    server.scorer.hold();
    let mut client = Client::ready(server.address).await;
    for seq in 1..=CAPACITY as u64 + 2 {
        client.send(&turn(seq, &format!("c-{seq}"), "m", "hi")).await;
    }
    let mut said = Vec::new();
    let refused = loop {
        let frame = client.json().await;
        if frame["type"] == "error" {
            break frame;
        }
        said.push(frame);
    };
    assert!(said.contains(&json!({"type": "flow", "state": "slow", "window": 32})), "{said:?}");
    assert_eq!((&refused["code"], &refused["seq"]), (&json!("overloaded"), &json!(CAPACITY + 1)));
    assert_eq!((&refused["retry_after_ms"], &refused["temporary"]), (&json!(RETRY_AFTER_MS), &json!(true)));
    let ready = request(server.admin, &Request::get("/healthz/ready")).await;
    assert_eq!((ready.status, ready.json()["reasons"].clone()), (503, json!(["queue_high"])));
    let live = request(server.admin, &Request::get("/healthz/live")).await;
    assert_eq!(live.status, 200);

    server.scorer.release();
    assert_eq!(client.json_of("flow").await, json!({"type": "flow", "state": "ok", "window": 256}));
    let again = CAPACITY as u64 + 3;
    client.send(&turn(again, &format!("c-{}", CAPACITY + 1), "m", "hi")).await;
    while client.json_of("scored").await["seq"] != again {}
    assert_eq!(request(server.admin, &Request::get("/healthz/ready")).await.status, 200);
    assert_conserved(&server.metrics().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_more_load_than_it_can_take_every_turn_still_has_one_answer() {
    let server = Server::start_with(settings(&[]), FakeScorer::new(CAPACITY, Duration::from_millis(1))).await;
    let sessions: Vec<_> = (0..10)
        .map(|socket| {
            let address = server.address;
            tokio::spawn(async move {
                let mut client = Client::ready(address).await;
                for seq in 1..=100 {
                    client.send(&turn(seq, &format!("c-{socket}"), &format!("m-{seq}"), "hi")).await;
                }
                let mut answers = 0;
                while answers < 100 {
                    let frame = client.json().await;
                    answers += usize::from(frame["type"] == "scored" || frame["type"] == "error");
                }
            })
        })
        .collect();
    for session in sessions {
        session.await.expect("a session holds");
    }
    let settled = async {
        while server.sum("undertone_turns_in_flight").await > 0.0 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(5), settled).await.expect("nothing stays in flight");
    let metrics = server.metrics().await;
    assert_conserved(&metrics);
    assert!(crate::support::server::sum(&metrics, "undertone_turns_refused_total") > 0.0);
}
