//! The conservation equation of the contract, read from a running server's `/metrics`.
//!
//! Holds always: reading is bounded in time and size. Called by [`super::client`].

use std::fmt;
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// A page of metrics is well below this.
const PAGE_BYTES_MAX: u64 = 16 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(5);
/// The counters of one page are read one after the other: with other traffic on the server a page may be off
/// by the turns that came in between. So it is read again, a few times.
const ATTEMPTS_MAX: u32 = 10;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(200);

/// Both sides of the equation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conservation {
    pub received: i64,
    pub scored: i64,
    pub unscored: i64,
    pub duplicate: i64,
    pub refused: i64,
    pub in_flight: i64,
}

impl Conservation {
    /// Whether every received turn is accounted for.
    pub fn holds(&self) -> bool {
        self.received == self.accounted()
    }

    fn accounted(&self) -> i64 {
        self.scored + self.unscored + self.duplicate + self.refused + self.in_flight
    }

    /// Reads it off a page in the text format; a family without samples counts zero.
    pub fn from_page(page: &str) -> Self {
        let mut equation = Conservation::default();
        for line in page.lines().filter(|line| !line.starts_with('#')) {
            let Some((series, value)) = line.rsplit_once(' ') else { continue };
            let family = series.split('{').next().unwrap_or(series);
            let side = match family {
                "undertone_turns_received_total" => &mut equation.received,
                "undertone_turns_scored_total" => &mut equation.scored,
                "undertone_turns_unscored_total" => &mut equation.unscored,
                "undertone_turns_duplicate_total" => &mut equation.duplicate,
                "undertone_turns_refused_total" => &mut equation.refused,
                "undertone_turns_in_flight" => &mut equation.in_flight,
                _ => continue,
            };
            *side += as_count(value);
        }
        equation
    }
}

impl fmt::Display for Conservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Conservation { received, scored, unscored, duplicate, refused, in_flight } = self;
        write!(
            f,
            "received {received} {} scored {scored} + unscored {unscored} + duplicate {duplicate} + refused {refused} + in flight {in_flight}: {}",
            if self.holds() { "=" } else { "≠" },
            if self.holds() { "holds" } else { "BROKEN" },
        )
    }
}

/// Reads the equation from `url`, again while it does not hold.
///
/// # Errors
/// Why the page could not be read.
pub async fn check(url: &str) -> Result<Conservation, String> {
    let mut attempt = 1;
    loop {
        let own = url.to_owned();
        let page =
            tokio::task::spawn_blocking(move || get(&own)).await.map_err(|error| error.to_string())??;
        if !page.contains("undertone_turns_received_total") {
            return Err(format!("{url} has no undertone_turns_received_total"));
        }
        let equation = Conservation::from_page(&page);
        if equation.holds() || attempt >= ATTEMPTS_MAX {
            return Ok(equation);
        }
        attempt += 1;
        tokio::time::sleep(BETWEEN_ATTEMPTS).await;
    }
}

/// A GET by HTTP/1.0, so that the body ends with the connection.
fn get(url: &str) -> Result<String, String> {
    let rest = url.strip_prefix("http://").ok_or_else(|| format!("{url} does not begin with http://"))?;
    let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let with_port = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
    let failed = |error: std::io::Error| format!("{url}: {error}");
    let address =
        with_port.to_socket_addrs().map_err(failed)?.next().ok_or_else(|| format!("{url}: no such host"))?;
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT).map_err(failed)?;
    stream.set_read_timeout(Some(TIMEOUT)).map_err(failed)?;
    stream.set_write_timeout(Some(TIMEOUT)).map_err(failed)?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {authority}\r\nConnection: close\r\n\r\n")
        .map_err(failed)?;
    let mut answer = String::new();
    stream.take(PAGE_BYTES_MAX).read_to_string(&mut answer).map_err(failed)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| format!("{url}: not an HTTP answer"))?;
    let status = head.split_whitespace().nth(1).unwrap_or("");
    if status == "200" { Ok(body.to_owned()) } else { Err(format!("{url} answered {status}")) }
}

/// Counters are floats in the text format, and whole numbers in truth.
fn as_count(value: &str) -> i64 {
    value.parse::<f64>().map_or(0, |value| value as i64)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;

    use super::*;

    const PAGE: &str = r#"# HELP undertone_turns_received_total Turns.
# TYPE undertone_turns_received_total counter
undertone_turns_received_total{channel="chat",role="customer"} 7
undertone_turns_received_total{channel="chat",role="agent"} 5
undertone_turns_scored_total{role="agent"} 5
undertone_turns_scored_total{role="customer"} 4
undertone_turns_unscored_total{reason="a b"} 1
undertone_turns_duplicate_total 1
undertone_turns_refused_total{code="overloaded"} 1
undertone_turns_in_flight 0
undertone_turn_latency_seconds_count 9
"#;

    #[test]
    fn every_series_of_a_family_counts() {
        let equation = Conservation::from_page(PAGE);
        assert_eq!(
            equation,
            Conservation { received: 12, scored: 9, unscored: 1, duplicate: 1, refused: 1, in_flight: 0 }
        );
        assert!(equation.holds());
        assert!(equation.to_string().ends_with("holds"));
        let lost = Conservation::from_page(&PAGE.replace("undertone_turns_duplicate_total 1", ""));
        assert!(!lost.holds());
        assert!(lost.to_string().ends_with("BROKEN"));
    }

    #[tokio::test]
    async fn the_page_is_read_over_http_and_a_wrong_address_says_so() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/metrics", listener.local_addr().expect("bound"));
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let lines = BufReader::new(&stream).lines().map(|line| line.expect("reads"));
            let request: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            write!(stream, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n{PAGE}").expect("writes");
            request
        });
        assert!(check(&url).await.expect("reads").holds());
        assert_eq!(server.join().expect("ends")[0], "GET /metrics HTTP/1.0");
        assert!(check(&url).await.is_err(), "nobody listens any more");
        assert!(check("https://x").await.is_err());
    }
}
