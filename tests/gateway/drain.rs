//! The way down.

use std::time::Duration;

use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use undertone::gateway::Drained;

use crate::support::client::request;
use crate::support::server::assert_conserved;
use crate::support::{Client, FakeScorer, Incoming, Request, Server, settings, turn};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_accepted_is_answered_new_turns_are_refused_and_sockets_close_with_1001() {
    let server = Server::start().await;
    server.scorer.hold();
    let mut client = Client::ready(server.address).await;
    for seq in 1..=20 {
        client.send(&turn(seq, "c", &format!("m-{seq}"), "hi")).await;
    }
    while client.json_of("ack").await["seq"] != 20 {}
    let waiting = tokio::spawn({
        let (address, body) = (server.address, turn(1, "c-http", "m", "hi").to_string());
        async move { request(address, &Request::post("/v1/turns", body)).await }
    });
    while server.sum("undertone_turns_in_flight").await < 21.0 {
        sleep(Duration::from_millis(10)).await;
    }
    server.begin_shutdown();
    let ready = loop {
        let ready = request(server.admin, &Request::get("/healthz/ready")).await;
        if ready.status == 503 {
            break ready;
        }
    };
    assert_eq!(ready.json()["reasons"], json!(["draining"]));
    client.send(&turn(21, "c", "m-21", "too late")).await;
    let refused = client.json_of("error").await;
    assert_eq!(
        (&refused["code"], &refused["seq"], &refused["temporary"]),
        (&json!("shutting_down"), &json!(21), &json!(true))
    );
    while TcpStream::connect(server.address).await.is_ok() {
        sleep(Duration::from_millis(10)).await;
    }
    assert_conserved(&server.metrics().await);

    server.scorer.release();
    for seq in 1..=20 {
        assert_eq!(client.json_of("scored").await["seq"], seq);
    }
    assert_eq!(client.close_code().await, 1001);
    assert_eq!(waiting.await.expect("answered").status, 200);
    assert_eq!(server.stop().await, Drained::Clean);
}

#[tokio::test]
async fn idle_sockets_do_not_delay_the_end() {
    let server = Server::start().await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(Client::ready(server.address).await);
    }
    server.begin_shutdown();
    for client in &mut clients {
        assert_eq!(client.next().await, Incoming::Close(1001));
        client.send_frame(crate::support::client::CLOSE, &1001_u16.to_be_bytes()).await;
    }
    let began = Instant::now();
    assert_eq!(server.stop().await, Drained::Clean);
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn after_the_grace_period_the_rest_is_cut() {
    let mut hasty = settings(&[]);
    hasty.shutdown_grace = Duration::from_millis(200);
    let server = Server::start_with(hasty, FakeScorer::new(10, Duration::ZERO)).await;
    server.scorer.hold();
    let mut client = Client::ready(server.address).await;
    client.send(&turn(1, "c", "m", "hi")).await;
    client.json_of("ack").await;
    let began = Instant::now();
    let scorer = server.scorer.clone();
    assert_eq!(server.stop().await, Drained::CutOff);
    assert!(began.elapsed() < Duration::from_secs(2));
    scorer.release();
}
