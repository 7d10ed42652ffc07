//! `POST /v1/turns`: the same turns by HTTP.

use std::time::Duration;

use serde_json::{Value, json};
use undertone::wire::limits::{BODY_BYTES_MAX, BODY_TURNS_MAX};

use crate::support::client::{Response, request};
use crate::support::scorer::RETRY_AFTER_MS;
use crate::support::server::assert_conserved;
use crate::support::{FakeScorer, Request, Server, settings, turn, with};

fn plain(id: &str, text: &str) -> Value {
    with(turn(0, "c", id, text), json!({"seq": null, "type": null}))
}

async fn post(server: &Server, body: impl Into<Vec<u8>>) -> Response {
    request(server.address, &Request::post("/v1/turns", body)).await
}

#[tokio::test]
async fn an_object_an_array_and_lines_are_answered_in_their_order() {
    let server = Server::start().await;
    let one = plain("m-1", "hi").to_string();
    let array = json!([plain("m-2", "hi"), plain("m-3", "furious")]).to_string();
    let lines = format!("{}\n\n{}\r\n", plain("m-4", "hi"), plain("m-5", "thanks"));
    for (body, ids) in [(one, vec!["m-1"]), (array, vec!["m-2", "m-3"]), (lines, vec!["m-4", "m-5"])] {
        let answer = post(&server, body).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
        let answers = answer.json();
        let got: Vec<_> =
            answers.as_array().expect("an array").iter().map(|a| a["turn_id"].as_str().unwrap()).collect();
        assert_eq!(got, ids);
        assert!(answers.as_array().unwrap().iter().all(|a| a["type"] == "scored" && a.get("seq").is_none()));
    }
    assert_conserved(&server.metrics().await);
}

#[tokio::test]
async fn each_turn_has_one_answer_be_it_a_score_an_error_or_an_ack() {
    let server = Server::start().await;
    let body = json!([
        plain("m-1", "hi"),
        with(plain("m-2", "hi"), json!({"role": "custmer"})),
        with(plain("m-3", "hi"), json!({"role": "system"})),
        {"type": "ping"},
        plain("m-1", "hi"),
        7,
    ]);
    let answers = post(&server, body.to_string()).await.json();
    let kinds: Vec<_> = answers.as_array().unwrap().iter().map(|a| a["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["scored", "error", "ack", "error", "scored", "error"]);
    assert_eq!((&answers[1]["code"], &answers[1]["turn_id"]), (&json!("invalid_turn"), &json!("m-2")));
    assert_eq!(answers[2]["turn_id"], "m-3");
    assert_eq!(answers[3]["code"], "invalid_frame");
    assert_conserved(&server.metrics().await);
}

#[tokio::test]
async fn a_line_that_is_no_json_is_one_error_among_good_ones() {
    let server = Server::start().await;
    let answers =
        post(&server, format!("{}\n{{broken\n{}", plain("m-1", "hi"), plain("m-2", "hi"))).await.json();
    let kinds: Vec<_> = answers.as_array().unwrap().iter().map(|a| a["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["scored", "error", "scored"]);
    assert_eq!(answers[1]["code"], "invalid_json");
}

#[tokio::test]
async fn who_does_not_wait_gets_202_and_acks_and_the_errors_known_so_far() {
    let server = Server::start().await;
    server.scorer.hold();
    let body = json!([plain("m-1", "hi"), with(plain("m-2", "hi"), json!({"text": null}))]).to_string();
    let answer = request(server.address, &Request::post("/v1/turns?wait=false", body)).await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.json()[0], json!({"type": "ack", "turn_id": "m-1"}));
    assert_eq!(answer.json()[1]["code"], "invalid_turn");
    server.scorer.release();
}

#[tokio::test]
async fn bodies_that_cannot_be_read_say_why() {
    let server = Server::start().await;
    let many = vec![plain("m", "hi"); BODY_TURNS_MAX + 1];
    #[rustfmt::skip] // a table
    let table = [
        (Request::post("/v1/turns", ""), 400, "invalid_json"),
        (Request::post("/v1/turns", "hello"), 400, "invalid_json"),
        (Request::post("/v1/turns", b"\xff\xfe".to_vec()), 400, "invalid_json"),
        (Request::post("/v1/turns", vec![b' '; BODY_BYTES_MAX + 1]), 413, "frame_too_large"),
        (Request::post("/v1/turns", json!(many).to_string()), 413, "frame_too_large"),
        (Request::post("/v1/turns", "<a/>").header("Content-Type", "application/xml"), 415, "invalid_frame"),
        (Request::post("/v1/turns", "x").header("Content-Encoding", "gzip"), 415, "invalid_frame"),
        (Request::get("/v1/turns"), 405, "invalid_frame"),
        (Request::get("/v1/turn"), 404, "invalid_frame"),
    ];
    for (at, (asked, status, code)) in table.into_iter().enumerate() {
        let answer = request(server.address, &asked).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (status, &json!(code)),
            "row {at}: {}",
            answer.body
        );
    }
    let empty = post(&server, "[]").await;
    assert_eq!((empty.status, empty.json()), (200, json!([])));
    let curl = Request::post("/v1/turns", plain("m", "hi").to_string())
        .header("Content-Type", "application/x-www-form-urlencoded");
    assert_eq!(request(server.address, &curl).await.status, 200);
}

#[tokio::test]
async fn a_body_of_the_most_turns_is_taken() {
    let server = Server::start().await;
    let many: Vec<_> = (0..BODY_TURNS_MAX)
        .map(|at| {
            with(plain(&format!("m-{at}"), "hi"), json!({"conversation_id": format!("c-{}", at % 100)}))
        })
        .collect();
    let answers = post(&server, json!(many).to_string()).await.json();
    assert_eq!(answers.as_array().unwrap().iter().filter(|a| a["type"] == "scored").count(), BODY_TURNS_MAX);
}

#[tokio::test]
async fn when_no_turn_finds_room_the_answer_is_503_with_a_time_to_try_again() {
    let server = Server::start_with(settings(&[]), FakeScorer::new(1, Duration::ZERO)).await;
    server.scorer.hold();
    let first =
        request(server.address, &Request::post("/v1/turns?wait=false", plain("m-0", "hi").to_string())).await;
    assert_eq!(first.status, 202);
    let refused = post(&server, json!([plain("m-1", "hi"), plain("m-2", "hi")]).to_string()).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    assert_eq!(refused.json()[0]["retry_after_ms"], RETRY_AFTER_MS);
    assert_eq!(refused.json()[1]["code"], "overloaded");
    server.scorer.release();
    assert_conserved(&server.metrics().await);
}
