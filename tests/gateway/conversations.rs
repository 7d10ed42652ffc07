//! The live state over HTTP: the list, one conversation, its page, and who may look.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::client::{Response, request};
use crate::support::{Request, Server, turn, with};

const TOKEN: &str = "open-sesame-4711";

async fn get(server: &Server, path: &str) -> Response {
    request(server.address, &Request::get(path)).await
}

/// Sends turns by HTTP and waits for their scores: conversation, text, and what else there is to say.
async fn say(server: &Server, turns: &[(&str, &str, Value)]) {
    let turn = |(at, (id, text, more)): (usize, &(&str, &str, Value))| {
        let plain = with(turn(0, id, &format!("m-{at}"), text), json!({"seq": null, "type": null}));
        with(plain, more.clone())
    };
    let body: Vec<Value> = turns.iter().enumerate().map(turn).collect();
    let answer = request(server.address, &Request::post("/v1/turns", json!(body).to_string())).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// Three conversations, one of them on fire.
async fn floor(server: &Server) {
    let quiet = json!({"queue": "sales", "channel": "email"});
    say(
        server,
        &[
            ("c-1", "hi", json!({})),
            ("c-2", "I am raging", json!({})),
            ("c-2", "still raging", json!({})),
            ("c-3", "thanks", quiet),
        ],
    )
    .await;
}

fn ids(list: &Value) -> Vec<&str> {
    let conversations = list["conversations"].as_array().expect("an array");
    conversations.iter().map(|one| one["conversation_id"].as_str().expect("an id")).collect()
}

#[tokio::test]
async fn the_list_has_the_most_at_risk_first_in_pages_and_filtered() {
    let server = Server::start().await;
    floor(&server).await;
    let answer = get(&server, "/v1/conversations").await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    let list = answer.json();
    assert_eq!((&list["total"], &list["next_offset"]), (&json!(3), &Value::Null));
    assert_eq!(ids(&list)[0], "c-2");
    let first = &list["conversations"][0];
    assert_eq!((&first["queue"], &first["state"]), (&json!("billing"), &json!("open")));
    assert_eq!(first["alerts"][0]["rule"], "CustomerAtRisk");
    assert!(first["url"].as_str().expect("a link").ends_with("/conversations/c-2"));
    for (query, expect) in [
        ("queue=sales", vec!["c-3"]),
        ("channel=email", vec!["c-3"]),
        ("level=high", vec!["c-2"]),
        ("alerts=open", vec!["c-2"]),
        ("alerts=open&queue=sales", vec![]),
        ("state=closed", vec![]),
        ("limit=1", vec!["c-2"]),
    ] {
        let list = get(&server, &format!("/v1/conversations?{query}")).await.json();
        assert_eq!(ids(&list), expect, "{query}");
    }
    let page = get(&server, "/v1/conversations?limit=2").await.json();
    assert_eq!((&page["total"], &page["next_offset"]), (&json!(3), &json!(2)));
    let rest = get(&server, "/v1/conversations?limit=2&offset=2").await.json();
    assert_eq!((ids(&rest).len(), &rest["next_offset"]), (1, &Value::Null));
}

#[tokio::test]
async fn a_wrong_parameter_is_refused_with_what_is_allowed() {
    let server = Server::start().await;
    for (query, allowed) in [
        ("levels=high", "queue, level, channel, alerts, state, limit, offset"),
        ("level=bad", "calm, watch, high, critical"),
        ("limit=501", "a whole number from 1 to 500"),
        ("offset=99999999999999999999", "a whole number from 0 to 9999"),
    ] {
        let answer = get(&server, &format!("/v1/conversations?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.json()["message"].as_str().expect("text").contains(allowed), "{}", answer.body);
    }
}

#[tokio::test]
async fn one_conversation_has_its_turns_alerts_and_contributions() {
    let server = Server::start().await;
    floor(&server).await;
    let shown = get(&server, "/v1/conversations/c-2").await.json();
    assert_eq!(shown["conversation_id"], "c-2");
    let texts: Vec<_> = shown["turns"].as_array().expect("turns").iter().map(|t| &t["text"]).collect();
    assert_eq!(texts, [&json!("I am raging"), &json!("still raging")]);
    assert_eq!(shown["turns"][0]["role"], "customer");
    assert_eq!((&shown["earlier_turns"], &shown["model"]), (&json!(0), &json!("fake@1")));
    assert!(!shown["contributions"].as_array().expect("terms").is_empty());
    let alert = &shown["alerts"][0];
    assert_eq!((&alert["state"], &alert["rule"]), (&json!("open"), &json!("CustomerAtRisk")));
    assert!(alert["reasons"][0]["quote"].as_str().expect("a quote").contains("raging"));
    for private in ["customer_id", "agent_id"] {
        assert!(shown.get(private).is_none(), "{private}");
    }
    let missing = get(&server, "/v1/conversations/nobody").await;
    assert_eq!(missing.status, 404);
    assert!(missing.json()["message"].as_str().expect("text").contains("no such conversation"));
}

#[tokio::test]
async fn any_id_is_reached_percent_encoded() {
    let server = Server::start().await;
    let long = "ü".repeat(128);
    let odd = ["a/b", "a b?c#d", "100%", "..", "😡", "\"<script>\"", "a+b", "%2F", long.as_str()];
    for id in odd {
        say(&server, &[(id, "hi", json!({}))]).await;
    }
    for id in odd {
        let encoded: String = id.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let shown = get(&server, &format!("/v1/conversations/{encoded}")).await;
        assert_eq!((shown.status, &shown.json()["conversation_id"]), (200, &json!(id)));
        let page = get(&server, &format!("/conversations/{encoded}")).await;
        assert_eq!(page.status, 200, "{id}");
        assert!(!page.body.contains("\"<script>\""), "escaped");
    }
    assert_eq!(get(&server, "/v1/conversations/%FF").await.status, 400);
    assert_eq!(get(&server, "/conversations/%FF").await.status, 400);
    assert_eq!(get(&server, &format!("/conversations/{}", "x".repeat(5_000))).await.status, 404);
}

#[tokio::test]
async fn a_page_is_html_that_runs_nothing_and_is_kept_by_nobody() {
    let server = Server::start().await;
    say(&server, &[("c-1", "<script>alert(1)</script>", json!({}))]).await;
    for (path, status) in [("/conversations/c-1", 200), ("/conversations/nobody", 404)] {
        let page = get(&server, path).await;
        assert_eq!((page.status, page.header("content-type")), (status, Some("text/html; charset=utf-8")));
        let policy = page.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("script-src"), "{policy}");
        for part in ["form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{part} in {policy}");
        }
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        // `no-referrer` would make the page's own forms come with `Origin: null`.
        assert_eq!(page.header("referrer-policy"), Some("same-origin"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert!(!page.body.contains("<script"), "{}", page.body);
    }
    assert!(get(&server, "/conversations/c-1").await.body.contains("&lt;script&gt;"));
}

#[tokio::test]
async fn with_a_token_basic_opens_what_people_read_and_nothing_else() {
    let server = Server::start_set(&["server.token=open-sesame-4711"]).await;
    let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
    let offers = [
        (None, false),
        (Some(basic(&format!("anybody:{TOKEN}"))), true),
        (Some(basic(&format!(":{TOKEN}")).replace("Basic", "bAsIc")), true),
        (Some(basic("anybody:wrong")), false),
        (Some(basic(TOKEN)), false),
        (Some(basic(&format!("{TOKEN}:"))), false),
        (Some(format!("Basic {TOKEN}")), false),
        (Some("Basic".to_owned()), false),
        (Some(format!("Bearer {TOKEN}")), true),
    ];
    for (offer, right) in offers {
        for (path, challenges) in [
            ("/v1/conversations", vec!["Bearer", "Basic"]),
            ("/v1/conversations/nobody", vec!["Bearer", "Basic"]),
            ("/conversations/nobody", vec!["Basic"]),
            ("/v1/turns", vec!["Bearer"]),
        ] {
            let mut asked = Request::get(path);
            if let Some(offer) = &offer {
                asked = asked.header("Authorization", offer);
            }
            let answer = request(server.address, &asked).await;
            let is_basic = offer.as_ref().is_some_and(|offer| offer.to_lowercase().starts_with("basic"));
            let opens = right && (path != "/v1/turns" || !is_basic);
            assert_eq!(answer.status == 401, !opens, "{offer:?} {path}: {}", answer.status);
            let told = answer.head.lines().filter_map(|line| line.strip_prefix("www-authenticate: "));
            let told: Vec<_> = told.filter_map(|challenge| challenge.split(' ').next()).collect();
            assert_eq!(told, if opens { vec![] } else { challenges }, "{offer:?} {path}");
        }
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_shown_under_a_name_that_anybody_can_point_at_us() {
    let server = Server::start_set(&["server.public_url=https://undertone.example.com"]).await;
    let check = async |host: &str, status: u16| {
        for path in ["/v1/conversations", "/conversations/nobody", "/v1/conversations/nobody"] {
            let answer = request(server.address, &Request::get(path).header("Host", host)).await;
            let expect =
                if status == 403 { 403 } else { if path == "/v1/conversations" { 200 } else { 404 } };
            assert_eq!(answer.status, expect, "{host} {path}");
        }
        let turns = Request::post("/v1/turns", "[]").header("Host", host);
        assert_eq!(request(server.address, &turns).await.status, 200, "programs may use any name");
    };
    check("localhost:8787", 200).await;
    check("[::1]:8787", 200).await;
    check("undertone.example.com", 200).await;
    check("rebound.evil.example:8787", 403).await;
}
