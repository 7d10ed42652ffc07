//! The real binary as a server on free ports, for the tests of clients and of `replay`.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

pub const TOKEN: &str = "a-token-for-the-tests";

/// A server on free ports with the model of the checkout; stopped when dropped.
pub struct Server {
    child: Child,
    /// Where it takes turns.
    address: String,
    /// Where it shows its metrics.
    admin_address: String,
}

impl Server {
    #[allow(dead_code, reason = "some tests start it with settings of their own")]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// With these settings, as environment variables.
    pub fn start_with(settings: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_undertone"))
            .arg("serve")
            .current_dir(std::env::temp_dir())
            .env("UNDERTONE_SERVER__LISTEN", "127.0.0.1:0")
            .env("UNDERTONE_ADMIN__LISTEN", "127.0.0.1:0")
            .env("UNDERTONE_SERVER__TOKEN", TOKEN)
            .env("UNDERTONE_LOG__FORMAT", "json")
            .env("UNDERTONE_LOG__LEVEL", "info")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary was built");
        let stdout = child.stdout.take().expect("piped");
        let stderr = child.stderr.take().expect("piped");
        let (found, addresses) = std::sync::mpsc::channel();
        // Both are read to their ends, so that the server never waits for a full pipe.
        read_log(stdout, found.clone());
        read_log(stderr, found);
        let (address, admin_address) =
            addresses.recv().expect("the server ended without listening; is the model in models/?");
        Server { child, address, admin_address }
    }

    pub fn url(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://{}{path}", self.address)
    }

    #[allow(dead_code, reason = "not every test that starts a server looks at its metrics")]
    pub fn metrics_url(&self) -> String {
        format!("http://{}/metrics", self.admin_address)
    }

    /// Asks it to stop and waits until it has.
    #[allow(dead_code, reason = "most tests just drop it")]
    pub fn stop(mut self) -> std::process::ExitStatus {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill is there").success());
        self.child.wait().expect("it ends")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Passes on the addresses that the log says are listened on.
fn read_log(log: impl std::io::Read + Send + 'static, found: std::sync::mpsc::Sender<(String, String)>) {
    std::thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            if let Some(addresses) = addresses(&line) {
                let _ = found.send(addresses);
            } else if !line.starts_with('{') {
                eprintln!("server: {line}");
            }
        }
    });
}

fn addresses(line: &str) -> Option<(String, String)> {
    let value: serde_json::Value = serde_json::from_str(line).ok()?;
    let fields = value.get("fields").unwrap_or(&value);
    let text = |name: &str| Some(fields.get(name)?.as_str()?.to_owned());
    Some((text("listen")?, text("admin_listen")?))
}
