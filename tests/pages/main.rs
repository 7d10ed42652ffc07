//! The pages in a real browser: nothing is refused or thrown, nothing is cut off on a phone, and what others wrote is
//! not obeyed.
//!
//! The browser comes from `UNDERTONE_CHROMIUM` (scripts/test sets it) or the cache of `scripts/tools chromium`. Without
//! one the tests say so and pass, but fail with `CI=true`. `UNDERTONE_SCREENSHOTS=FOLDER` keeps pictures of the demo:
//! those in docs/images are made so.

mod browser;

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use browser::{Browser, DESKTOP, PHONE, Window};
use jiff::tz::TimeZone;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use undertone::alerts::RuleSet;
use undertone::detectors::RiskModel;
use undertone::offline::progress::Progress;
use undertone::offline::reader::Events;
use undertone::offline::recorded::Spacing;
use undertone::offline::report::{About, Recorder};
use undertone::offline::score::{self, ScoreOptions};
use undertone::pages::{self, PageOptions, Report};
use undertone::pipeline::{Pipeline, PipelineConfig};
use undertone::scoring::{BatchScorer, Model};
use undertone::telemetry::{MetricLimits, Metrics};
use undertone::wire::ConversationDetail;

/// What a customer might write to whoever reads it.
const ATTACK: &str = concat!(
    r#"{"conversation_id":"\"><script>document.title='owned'</script>","turns":["#,
    r#"{"role":"customer","text":"<script>document.title='owned'</script><img src=x onerror=alert(1)> this is awful, I want your manager NOW"},"#,
    r#"{"role":"agent","text":"</p></li></ol><style>*{display:none}</style><a href='javascript:alert(1)' style='position:fixed'>no \u202egpj.exe</a>"},"#,
    r#"{"role":"customer","text":"LONG"}]}"#
);

/// The conversation of the pictures, and how many of its turns have been said by then.
const SHOWN: &str = "chat-billing-042";
const SHOWN_TURNS: usize = 12;

fn checkout() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What the real model and the real pipeline make of `input`.
fn report_of(input: &str) -> Report {
    let folder = checkout().join("models/undertone-en");
    let model = Model::load(&folder).expect("the model of the checkout");
    let metrics =
        Arc::new(Metrics::new(MetricLimits { queues_max: 20, sources_max: 20, alert_series_max: 200 }));
    let risk = std::fs::read_to_string(folder.join("risk.json")).expect("is there");
    let risk = RiskModel::parse(&risk).expect("weights");
    let about = About {
        input: "demo-conversations.jsonl".to_owned(),
        model: model.label(),
        rules: RuleSet::default(),
        zone: TimeZone::UTC,
    };
    let pipeline =
        Pipeline::new(PipelineConfig { risk, ..PipelineConfig::default() }, metrics, model.label());
    let events = Events::new(BufReader::new(input.as_bytes()), Spacing::from_fixed_start(10));
    let mut recorder = Recorder::default();
    let (options, mut progress) = (ScoreOptions::default(), Progress::none());
    let mut scorer = BatchScorer::new(model, 2);
    score::run_lanes(events, &[&pipeline], &mut scorer, &mut recorder, options, &mut progress)
        .expect("memory can be read");
    recorder.into_report(about, None)
}

/// Serves one page at an address, with the policy that goes with it.
async fn served(page: String) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Security-Policy: {}\r\n\
                 Content-Length: {}\r\nConnection: close\r\n\r\n{page}",
                *pages::CONTENT_SECURITY_POLICY,
                page.len()
            );
            let mut asked = [0; 4_096];
            let _ = stream.read(&mut asked).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    format!("http://{address}/conversations/c")
}

/// Opens the page in `window` and holds it to what all pages keep.
async fn look(browser: &mut Browser, url: &str, window: Window, title: &str) {
    browser.open(url, window).await;
    let seen = browser.evaluate("document.title").await;
    assert!(seen.as_str().is_some_and(|seen| seen.contains(title)), "{seen} is not {title}");
    let width = browser.evaluate("document.documentElement.scrollWidth").await;
    assert!(width.as_u64() <= Some(window.width.into()), "{width} is wider than {}", window.width);
    let styled = browser.evaluate("getComputedStyle(document.querySelector('.card,.note')).color").await;
    assert!(styled.is_string());
    let drawn = browser.evaluate("getComputedStyle(document.body).maxWidth !== 'none'").await;
    assert_eq!(drawn, true, "the style is in force");
    assert_eq!(browser.evaluate("document.scripts.length").await, 0);
    let styles = "document.styleSheets.length + document.querySelectorAll('[style]').length";
    assert_eq!(browser.evaluate(styles).await, 1);
    assert_eq!(browser.complaints, Vec::<String>::new(), "{url}");
}

/// A conversation of the demo while it still goes on, with its alert open.
fn going_on(input: &str) -> ConversationDetail {
    let of_it = input.lines().filter(|line| line.contains(SHOWN) && line.contains(r#""type":"turn""#));
    let turns: Vec<&str> = of_it.take(SHOWN_TURNS).collect();
    let top = report_of(&turns.join("\n")).top.pop().expect("one conversation");
    ConversationDetail { contributions: top.contributions, ..top.detail }
}

async fn keep(browser: &mut Browser, name: &str) {
    if let Some(folder) = std::env::var_os("UNDERTONE_SCREENSHOTS") {
        let picture = browser.screenshot().await;
        std::fs::write(Path::new(&folder).join(name), picture).expect("the folder is there");
    }
}

#[tokio::test]
async fn what_a_browser_refuses_is_noticed_here() {
    let Some(program) = browser::program() else { return };
    let mut browser = Browser::start(&program).await;
    let page = "<!doctype html><p style=\"color:red\">a</p><script>document.title='owned'</script>";
    browser.open(&served(page.to_owned()).await, PHONE).await;
    assert_eq!(browser.evaluate("document.title").await, "");
    assert!(browser.complaints.len() >= 2, "{:?}", browser.complaints);
}

#[tokio::test]
async fn pages_of_the_demo_are_whole_on_every_screen() {
    let Some(program) = browser::program() else { return };
    let input =
        std::fs::read_to_string(checkout().join("scripts/demo-conversations.jsonl")).expect("is there");
    let report = report_of(&input);
    let mut browser = Browser::start(&program).await;
    let detail = going_on(&input);
    let url = served(pages::conversation(&detail, &PageOptions::default())).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("report.html");
    std::fs::write(&file, pages::report(&report)).expect("writes");
    let report_url = format!("file://{}", file.display());
    for (window, name) in
        [(PHONE, "phone"), (DESKTOP, "desktop"), (Window { is_dark: true, ..DESKTOP }, "dark")]
    {
        look(&mut browser, &url, window, &detail.summary.conversation_id).await;
        keep(&mut browser, &format!("conversation-{name}.png")).await;
        look(&mut browser, &report_url, window, "demo-conversations.jsonl").await;
        keep(&mut browser, &format!("report-{name}.png")).await;
    }
    let missing = served(pages::missing("no/such \u{202e}one")).await;
    look(&mut browser, &missing, PHONE, "Not here").await;
}

#[tokio::test]
async fn what_others_wrote_is_shown_and_not_obeyed() {
    let Some(program) = browser::program() else { return };
    let report = report_of(&ATTACK.replace("LONG", &"A".repeat(8_000)));
    let top = report.top.first().expect("one conversation");
    let url = served(pages::conversation(&top.detail, &PageOptions::default())).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("report.html");
    std::fs::write(&file, pages::report(&report)).expect("writes");
    let mut browser = Browser::start(&program).await;
    for (url, title) in [(url, "<script>"), (format!("file://{}", file.display()), "report")] {
        look(&mut browser, &url, PHONE, title).await;
        let shown = browser.evaluate("document.body.textContent").await;
        let shown = shown.as_str().expect("text");
        assert!(shown.contains("<script>document.title='owned'</script><img src=x onerror=alert(1)>"));
        assert!(shown.contains("[U+202E]gpj.exe") && !shown.contains('\u{202e}'));
        assert_eq!(browser.evaluate("document.querySelectorAll('img,iframe,[onerror]').length").await, 0);
    }
}
