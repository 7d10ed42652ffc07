//! Origin × token × path: who may come in.

use serde_json::json;
use std::time::Duration;

use crate::support::client::request;
use crate::support::{Client, FakeScorer, Incoming, Request, Server, settings, turn};

const TOKEN: &str = "open-sesame-4711";
const LISTED: &str = "https://desk.example.com";

async fn guarded() -> Server {
    Server::start_set(&["server.token=open-sesame-4711", "server.allowed_origins=https://desk.example.com"])
        .await
}

#[tokio::test]
async fn origin_and_token_decide_before_any_path_is_looked_at() {
    let server = guarded().await;
    let origins =
        [(None, true), (Some(LISTED), true), (Some("https://evil.example"), false), (Some("null"), false)];
    let bearers = [
        (None, None),
        (Some(format!("Bearer {TOKEN}")), Some(true)),
        (Some("bearer wrong".into()), Some(false)),
        (Some(format!("Basic {TOKEN}")), Some(false)),
    ];
    let body = turn(1, "c", "m", "hi").to_string();
    for (origin, allowed) in &origins {
        for (bearer, right) in &bearers {
            for path in ["/v1/ingest", "/v1/turns", "/nowhere"] {
                let mut asked = match path {
                    "/v1/ingest" => Request::upgrade(),
                    "/v1/turns" => Request::post(path, body.clone()),
                    _ => Request::get(path),
                };
                if let Some(origin) = origin {
                    asked = asked.header("Origin", origin);
                }
                if let Some(bearer) = bearer {
                    asked = asked.header("Authorization", bearer);
                }
                let (_client, answer) = Client::upgrade(server.address, &asked).await;
                let expected = match (allowed, right, path) {
                    (false, _, _) => 403,
                    (true, Some(false), _) => 401,
                    (true, _, "/v1/ingest") => 101,
                    (true, None, _) => 401,
                    (true, Some(true), "/v1/turns") => 200,
                    (true, Some(true), _) => 404,
                };
                assert_eq!(answer.status, expected, "{origin:?} {bearer:?} {path}");
                assert_eq!(answer.header("www-authenticate").is_some(), expected == 401);
            }
        }
    }
}

#[tokio::test]
async fn without_a_listed_origin_every_page_is_refused_even_without_a_token() {
    let server = Server::start().await;
    let (_, answer) = Client::upgrade(server.address, &Request::upgrade().header("Origin", LISTED)).await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn a_socket_may_show_the_token_in_its_first_frame() {
    let server = guarded().await;
    let mut client = Client::connect(server.address).await;
    assert_eq!(client.json().await["type"], "hello");
    client.send(&json!({"type": "identify", "token": TOKEN, "source": "acme"})).await;
    assert_eq!(client.json().await["type"], "ready");
    client.send(&turn(1, "c", "m", "hi")).await;
    client.json_of("scored").await;
}

#[tokio::test]
async fn a_socket_that_showed_it_in_the_handshake_is_ready_at_once() {
    let server = guarded().await;
    let asked = Request::upgrade().header("Authorization", &format!("Bearer {TOKEN}"));
    let (mut client, _) = Client::upgrade(server.address, &asked).await;
    assert_eq!(client.json().await["type"], "hello");
    assert_eq!(client.json().await["type"], "ready");
    client.send(&json!({"type": "identify", "source": "acme"})).await;
    client.send(&turn(1, "c", "m", "hi")).await;
    client.json_of("scored").await;
}

#[tokio::test]
async fn before_a_valid_identify_everything_is_refused_and_closed_with_4401() {
    let server = guarded().await;
    let first_frames = [
        turn(1, "c", "m", "hi").to_string(),
        json!({"type": "identify", "token": "wrong"}).to_string(),
        json!({"type": "identify"}).to_string(),
        json!({"type": "ping"}).to_string(),
        "not JSON".to_owned(),
    ];
    for frame in first_frames {
        let mut client = Client::connect(server.address).await;
        assert_eq!(client.json().await["type"], "hello");
        client.send_frame(crate::support::client::TEXT, frame.as_bytes()).await;
        assert_eq!(client.json().await["code"], "unauthenticated", "{frame}");
        assert_eq!(client.next().await, Incoming::Close(4401));
    }
    assert_eq!(server.sum("undertone_turns_received_total").await, 0.0);
}

#[tokio::test]
async fn who_does_not_identify_in_time_is_closed_with_4408() {
    let mut quick = settings(&["server.token=open-sesame-4711"]);
    quick.identify_timeout = Duration::from_millis(50);
    let server = Server::start_with(quick, FakeScorer::new(10, Duration::ZERO)).await;
    let mut client = Client::connect(server.address).await;
    assert_eq!(client.json().await["type"], "hello");
    assert_eq!(client.next().await, Incoming::Close(4408));
}

#[tokio::test]
async fn the_admin_listener_needs_no_token() {
    let server = guarded().await;
    for path in ["/metrics", "/healthz/live", "/healthz/ready", "/healthz/startup"] {
        assert_eq!(request(server.admin, &Request::get(path)).await.status, 200, "{path}");
    }
    assert_eq!(request(server.admin, &Request::get("/v1/turns")).await.status, 404);
    assert_eq!(request(server.address, &Request::get("/metrics")).await.status, 401);
}
