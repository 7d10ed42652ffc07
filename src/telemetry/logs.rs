//! Logs: structured events on standard error, as JSON lines or as text; docs/logs.md lists the fields.
//!
//! Holds always: no text of a turn, no token and no id is ever a field or part of a message; the level says who
//! must act (error: someone, now; warn: someone, when there is time; info: nobody, the life of the process; debug:
//! for developers, one line a socket). Called once, by `cli`.

use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, layer::SubscriberExt};

use crate::wire::names::names;
use serde::{Deserialize, Serialize};

names! {
    /// How log lines look.
    LogFormat { Json = "json", Text = "text" }
}

names! {
    /// The least urgent level that is written.
    LogLevel { Error = "error", Warn = "warn", Info = "info", Debug = "debug", Trace = "trace" }
}

/// Writes logs to standard error from now on.
///
/// # Errors
/// If logs are set up already.
pub fn init(level: LogLevel, format: LogFormat) -> Result<(), tracing_subscriber::util::TryInitError> {
    Registry::default().with(layer(level, format, std::io::stderr)).try_init()
}

/// The layer that writes to `writer`; tests capture it.
pub fn layer<W>(level: LogLevel, format: LogFormat, writer: W) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    // Only our own events: what libraries log of their inputs is out of our hands, so it never gets out at all.
    let filter = EnvFilter::new(format!("off,undertone={}", level.as_str()));
    match format {
        LogFormat::Json => {
            fmt::layer().json().flatten_event(true).with_writer(writer).with_filter(filter).boxed()
        }
        LogFormat::Text => fmt::layer().with_ansi(false).with_writer(writer).with_filter(filter).boxed(),
    }
}

/// Panics are logged by their place alone: a message may quote what was being handled.
pub fn log_panics_by_place() {
    std::panic::set_hook(Box::new(|info| {
        let place =
            info.location().map_or_else(|| "unknown".to_owned(), |at| format!("{}:{}", at.file(), at.line()));
        let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
        tracing::error!(place, thread, "panicked; this is a bug");
        if !tracing::dispatcher::has_been_set() {
            eprintln!("undertone: panicked at {place} in thread {thread}; this is a bug");
        }
    }));
}
