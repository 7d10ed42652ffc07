//! A headless Chromium, spoken to by its DevTools protocol: opens a page, hears what it complains about, asks it things.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// A page is drawn long before.
const PATIENCE: Duration = Duration::from_secs(30);

/// The window that a page is looked at in.
#[derive(Clone, Copy)]
pub struct Window {
    pub width: u32,
    pub height: u32,
    pub is_dark: bool,
}

pub const PHONE: Window = Window { width: 390, height: 844, is_dark: false };
pub const DESKTOP: Window = Window { width: 1280, height: 900, is_dark: false };

/// The browser with one tab; stopped when dropped.
pub struct Browser {
    process: Child,
    _profile: tempfile::TempDir,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    session: Value,
    asked: u64,
    /// What the page complained about: refused by the policy, thrown, or said on its console.
    pub complaints: Vec<String>,
}

/// The browser that `scripts/tools chromium` found, or else nothing: the test is skipped then, or fails with CI=true.
pub fn program() -> Option<PathBuf> {
    let named = std::env::var_os("UNDERTONE_CHROMIUM").filter(|path| !path.is_empty()).map(PathBuf::from);
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cache")));
    let cached = cache.map(|cache| cache.join("undertone/tools/debian-chromium/bin/chromium"));
    let found = named.or(cached).filter(|path| path.exists());
    if found.is_none() {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "chromium is missing, and CI=true allows no skipping"
        );
        eprintln!("!!! SKIPPED: no browser; let UNDERTONE_CHROMIUM name one, or run scripts/tools chromium");
    }
    found
}

impl Browser {
    pub async fn start(program: &Path) -> Self {
        let profile = tempfile::tempdir().expect("a folder");
        let mut process = Command::new(program)
            // The tests may run as root, and in containers without user namespaces.
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
            ])
            .args(["--no-first-run", "--remote-debugging-port=0", "about:blank"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("the browser starts");
        let stderr = process.stderr.take().expect("piped");
        let (found, address) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let mut found = Some(found);
            // Read to its end, so that the browser never waits for a full pipe.
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if let Some((_, address)) = line.split_once("DevTools listening on ")
                    && let Some(found) = found.take()
                {
                    let _ = found.send(address.to_owned());
                }
            }
        });
        let address = tokio::time::timeout(PATIENCE, address).await.expect("in time").expect("it listens");
        let (socket, _) = tokio_tungstenite::connect_async(address).await.expect("it answers");
        let mut browser = Browser {
            process,
            _profile: profile,
            socket,
            session: Value::Null,
            asked: 0,
            complaints: Vec::new(),
        };
        let tab = browser.ask("Target.createTarget", json!({"url": "about:blank"})).await["targetId"].clone();
        let attach = json!({"targetId": tab, "flatten": true});
        browser.session = browser.ask("Target.attachToTarget", attach).await["sessionId"].clone();
        for domain in ["Page", "Runtime", "Log", "Audits"] {
            browser.ask(&format!("{domain}.enable"), json!({})).await;
        }
        browser
    }

    /// Opens `url` in a window and waits until it is drawn.
    pub async fn open(&mut self, url: &str, Window { width, height, is_dark }: Window) {
        let is_phone = width < 600;
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": if is_phone { 2 } else { 1 }, "mobile": is_phone});
        self.ask("Emulation.setDeviceMetricsOverride", metrics).await;
        let scheme = if is_dark { "dark" } else { "light" };
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.ask("Emulation.setEmulatedMedia", media).await;
        self.complaints.clear();
        self.ask("Page.navigate", json!({ "url": url })).await;
        self.until("Page.loadEventFired").await;
    }

    /// What an expression of the page is.
    pub async fn evaluate(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true});
        let answer = self.ask("Runtime.evaluate", asked).await;
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// What is seen, as a PNG.
    pub async fn screenshot(&mut self) -> Vec<u8> {
        let answer = self.ask("Page.captureScreenshot", json!({"format": "png"})).await;
        let data = answer["data"].as_str().expect("a picture");
        base64::engine::general_purpose::STANDARD.decode(data).expect("base64")
    }

    async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        let mut message = json!({"id": id, "method": method, "params": params});
        if !self.session.is_null() {
            message["sessionId"] = self.session.clone();
        }
        self.socket.send(Message::text(message.to_string())).await.expect("it listens");
        loop {
            let answer = self.next().await;
            if answer["id"] == id {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    async fn until(&mut self, event: &str) {
        while self.next().await["method"] != event {}
    }

    async fn next(&mut self) -> Value {
        let message = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("in time");
        let text = message.expect("it is up").expect("it speaks").into_text().expect("text");
        let message: Value = serde_json::from_str(&text).expect("JSON");
        let complaint = match message["method"].as_str() {
            Some("Log.entryAdded") => Some(&message["params"]["entry"]["text"]),
            Some("Runtime.exceptionThrown") => Some(&message["params"]["exceptionDetails"]),
            Some("Runtime.consoleAPICalled") => Some(&message["params"]["args"]),
            Some("Audits.issueAdded") => Some(&message["params"]["issue"]["details"]),
            Some("Page.javascriptDialogOpening") => Some(&message["params"]["message"]),
            _ => None,
        };
        self.complaints.extend(complaint.map(Value::to_string));
        message
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
