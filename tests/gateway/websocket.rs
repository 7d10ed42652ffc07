//! RFC 6455, where a peer is slow, wrong or hostile.

use std::time::Duration;

use serde_json::json;
use tokio::time::{sleep, timeout};
use undertone::wire::limits::FRAME_BYTES_MAX;

use crate::support::client::{BINARY, CLOSE, PING, TEXT};
use crate::support::{Client, FakeScorer, Incoming, Request, Server, settings, turn};

#[tokio::test]
async fn a_binary_message_is_refused_with_1003() {
    let server = Server::start().await;
    let mut client = Client::ready(server.address).await;
    client.send_frame(BINARY, b"{}").await;
    assert_eq!(client.json().await["code"], "invalid_frame");
    assert_eq!(client.next().await, Incoming::Close(1003));
}

#[tokio::test]
async fn text_that_is_not_utf_8_is_refused_with_1007() {
    let server = Server::start().await;
    let mut client = Client::ready(server.address).await;
    client.send_frame(TEXT, b"{\"type\":\"\xff\xfe\"}").await;
    assert_eq!(client.close_code().await, 1007);
}

#[tokio::test]
async fn the_largest_message_is_read_and_one_byte_more_is_refused_with_1009() {
    let server = Server::start().await;
    let mut client = Client::ready(server.address).await;
    let frame = turn(1, "c", "m-1", "hi").to_string();
    let largest = format!("{frame}{}", " ".repeat(FRAME_BYTES_MAX - frame.len()));
    client.send_frame(TEXT, largest.as_bytes()).await;
    client.json_of("scored").await;
    client.send_frame(TEXT, format!("{largest} ").as_bytes()).await;
    assert_eq!(client.json_of("error").await["code"], "frame_too_large");
    assert_eq!(client.next().await, Incoming::Close(1009));
    assert_eq!(server.sum("undertone_frames_refused_total").await, 1.0);
}

#[tokio::test]
async fn a_message_in_fragments_is_one_message_and_the_limit_is_for_the_whole() {
    let server = Server::start().await;
    let mut client = Client::ready(server.address).await;
    let frame = turn(1, "c", "m-1", "hi").to_string();
    let (first, second) = frame.split_at(20);
    client.send_frame(0x01, first.as_bytes()).await;
    client.send_frame(PING, b"between").await;
    client.send_frame(0x80, second.as_bytes()).await;
    client.json_of("scored").await;
    client.send_frame(0x01, &vec![b' '; FRAME_BYTES_MAX]).await;
    client.send_frame(0x80, b" ").await;
    assert_eq!(client.close_code().await, 1009);
}

#[tokio::test]
async fn frames_that_break_the_protocol_are_refused_with_1002() {
    let server = Server::start().await;
    let unmasked: &[u8] = &[TEXT, 2, b'{', b'}'];
    let compressed: &[u8] = &[0xc1, 0x80, 0, 0, 0, 0];
    let reserved_opcode: &[u8] = &[0x83, 0x80, 0, 0, 0, 0];
    let long_ping: &[u8] = &[&[PING, 0x80 | 126, 0, 126, 0, 0, 0, 0][..], &[b' '; 126]].concat();
    let continuation_of_nothing: &[u8] = &[0x80, 0x80, 0, 0, 0, 0];
    for bytes in [unmasked, compressed, reserved_opcode, long_ping, continuation_of_nothing] {
        let mut client = Client::ready(server.address).await;
        client.send_bytes(bytes).await;
        assert_eq!(client.close_code().await, 1002, "{bytes:?}");
    }
}

#[tokio::test]
async fn allowed_close_codes_are_answered_and_forbidden_ones_are_a_breach() {
    let server = Server::start().await;
    for (code, answer) in [
        (1000, 1000),
        (1001, 1001),
        (3000, 3000),
        (4999, 4999),
        (999, 1002),
        (1005, 1002),
        (1006, 1002),
        (5000, 1002),
    ] {
        let mut client = Client::ready(server.address).await;
        client.send_frame(CLOSE, &u16::to_be_bytes(code)).await;
        assert_eq!(client.close_code().await, answer, "{code}");
    }
    let mut client = Client::ready(server.address).await;
    client.send_frame(CLOSE, b"").await;
    assert!(matches!(client.next().await, Incoming::Close(_)));
}

#[tokio::test]
async fn our_subprotocol_is_negotiated_and_an_offer_of_others_is_refused() {
    let server = Server::start().await;
    let offer = |names: &str| Request::upgrade().header("Sec-WebSocket-Protocol", names);
    for names in ["undertone.v1.json", "graphql-ws, undertone.v1.json"] {
        let (_, answer) = Client::upgrade(server.address, &offer(names)).await;
        assert_eq!(
            (answer.status, answer.header("sec-websocket-protocol")),
            (101, Some("undertone.v1.json"))
        );
    }
    let (_, answer) = Client::upgrade(server.address, &offer("graphql-ws")).await;
    assert_eq!(answer.status, 400);
    let (_, answer) = Client::upgrade(server.address, &Request::upgrade()).await;
    assert_eq!((answer.status, answer.header("sec-websocket-protocol")), (101, None));
    assert_eq!(answer.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
}

#[tokio::test]
async fn no_extension_is_ever_negotiated() {
    let server = Server::start().await;
    let request =
        Request::upgrade().header("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits");
    let (_, answer) = Client::upgrade(server.address, &request).await;
    assert_eq!((answer.status, answer.header("sec-websocket-extensions")), (101, None));
}

#[tokio::test]
async fn what_is_no_handshake_is_refused_with_what_is_missing() {
    let server = Server::start().await;
    #[rustfmt::skip] // a table
    let table = [
        (Request::get("/v1/ingest"), 426),
        (Request::upgrade().header("Upgrade", "h2c"), 426),
        (Request::upgrade().header("Sec-WebSocket-Version", "8"), 426),
        (Request::upgrade().header("Sec-WebSocket-Key", "short"), 400),
        (Request::post("/v1/ingest", ""), 405),
    ];
    for (at, (request, status)) in table.into_iter().enumerate() {
        let answer = crate::support::client::request(server.address, &request).await;
        assert_eq!(answer.status, status, "row {at}: {}", answer.body);
        assert_eq!(answer.json()["type"], "error");
        assert_eq!(answer.header("sec-websocket-version").is_some(), status == 426);
    }
}

#[tokio::test]
async fn a_peer_without_a_sign_of_life_is_closed_with_4408_and_one_that_answers_stays() {
    let mut quick = settings(&[]);
    quick.heartbeat_interval = Duration::from_millis(100);
    let server = Server::start_with(quick, FakeScorer::new(10, Duration::ZERO)).await;
    let mut alive = Client::ready(server.address).await;
    let mut dead = Client::ready(server.address).await;
    dead.answers_pings = false;
    let alive = tokio::spawn(async move {
        for _ in 0..6 {
            assert_eq!(alive.next().await, Incoming::Ping);
        }
        alive.send(&turn(1, "c", "m-1", "hi")).await;
        alive.json_of("scored").await;
    });
    let mut pings = 0;
    let code = loop {
        match dead.next().await {
            Incoming::Ping => pings += 1,
            Incoming::Close(code) => break code,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((pings, code), (2, 4408));
    alive.await.expect("the one that answers stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_never_reads_is_cut_and_its_neighbours_do_not_notice() {
    let server = Server::start().await;
    let mut greedy = Client::ready(server.address).await;
    let mut neighbour = Client::ready(server.address).await;
    // Each brings an error of a hundred bytes that nobody reads, until no buffer on the way has room.
    let frames = "{}\n".repeat(FRAME_BYTES_MAX / 3);
    let flood = tokio::spawn(async move {
        while timeout(Duration::from_secs(30), async {
            for _ in 0..8 {
                greedy.send_frame(TEXT, frames.as_bytes()).await;
            }
        })
        .await
        .is_ok()
            && !is_gone(&mut greedy).await
        {}
    });
    for seq in 1..=50 {
        neighbour.send(&turn(seq, "c", &format!("m-{seq}"), "hi")).await;
        timeout(Duration::from_secs(2), neighbour.json_of("scored"))
            .await
            .expect("in time, whatever others do");
        sleep(Duration::from_millis(5)).await;
    }
    let cut = async {
        while server.sum("undertone_connections").await > 1.0 {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(40), cut).await.expect("the greedy one is cut");
    flood.abort();
}

/// Whether writing fails, without reading.
async fn is_gone(client: &mut Client) -> bool {
    client.try_send(&[PING, 0x80, 0, 0, 0, 0]).await.is_err()
}

#[tokio::test]
async fn more_connections_than_allowed_are_told_so() {
    let server = Server::start_set(&["server.max_connections=2"]).await;
    let first = Client::ready(server.address).await;
    let _second = Client::ready(server.address).await;
    let (_, answer) = Client::upgrade(server.address, &Request::upgrade()).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    drop(first);
    let room_again = async {
        while Client::upgrade(server.address, &Request::upgrade()).await.1.status != 101 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(5), room_again).await.expect("room when one has left");
}

#[tokio::test]
async fn identify_is_sent_once() {
    let server = Server::start().await;
    let mut client = Client::ready(server.address).await;
    client.send(&json!({"type": "identify", "source": "acme"})).await;
    client.send(&json!({"type": "identify", "source": "other"})).await;
    assert_eq!(client.json().await["code"], "invalid_frame");
}
