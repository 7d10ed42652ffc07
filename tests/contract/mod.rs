//! The machine-readable contract of docs/, loaded for tests: schemas/, openapi.yaml and asyncapi.yaml.
//!
//! Holds always: nothing is looked up outside docs/; formats are checked; a JSON text that says a name twice is refused.
//! Called by `schemas`, and by the client of `gateway`, which holds everything that it sends and receives against it.

mod strict;

use std::collections::HashMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use jsonschema::{Retrieve, Uri, Validator};
use parking_lot::Mutex;
use serde_json::{Value, json};
use undertone::wire::limits::ID_BYTES_MAX;
use undertone::wire::{ClientFrame, ErrorCode, FrameError};

/// Where the documents say they are; nothing is there, and nothing asks.
const BASE: &str = "https://undertone.invalid/docs/";

/// What answers when a document refers to another one.
struct Docs;

static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
static OPENAPI: LazyLock<Value> = LazyLock::new(|| document("openapi.yaml"));

impl Retrieve for Docs {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        let name = uri.as_str().strip_prefix(BASE).ok_or("it is outside of docs/")?;
        Ok(document(name))
    }
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

/// A document by its path in docs/: `schemas/turn.json`, `openapi.yaml`.
pub fn document(name: &str) -> Value {
    let text = std::fs::read_to_string(folder().join(name)).unwrap_or_else(|e| panic!("docs/{name}: {e}"));
    if name.ends_with(".json") {
        strict::parse(text.as_bytes()).unwrap_or_else(|e| panic!("docs/{name}: {e}"))
    } else {
        serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("docs/{name}: {e}"))
    }
}

/// The schema at a place of a document: `schemas/turn.json`, `openapi.yaml#/components/…`.
pub fn validator(place: &str) -> Arc<Validator> {
    let mut validators = VALIDATORS.lock();
    let built = validators.entry(place.to_owned()).or_insert_with(|| {
        let options = jsonschema::draft202012::options().with_retriever(Docs).should_validate_formats(true);
        let schema = json!({"$ref": format!("{BASE}{place}")});
        Arc::new(options.build(&schema).unwrap_or_else(|error| panic!("{place}: {error}")))
    });
    built.clone()
}

/// Whether the value is as the schema at `place` says.
pub fn assert_valid(place: &str, value: &Value) {
    let validator = validator(place);
    let errors: Vec<_> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "not as {place} says: {errors:#?}\n{value}");
}

// === frames ===

fn schema_of(frame: &Value) -> String {
    format!("schemas/{}.json", frame["type"].as_str().unwrap_or("(no type)"))
}

/// A frame of the server as it came: it is as the schema of its type says.
pub fn frame(text: &[u8]) -> Value {
    let frame = strict::parse(text).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(text)));
    assert_valid(&schema_of(&frame), &frame);
    frame
}

/// A frame of a client: the schema of its type and the parser agree on it. Bytes are what a schema cannot count.
pub fn assert_agreed(frame: &Value) {
    let Some(kind) = frame["type"].as_str().filter(|kind| CLIENT_TYPES.contains(kind)) else { return };
    let is_valid = validator(&schema_of(frame)).is_valid(frame);
    let needs_seq = kind == "turn" || kind.starts_with("conversation.");
    match ClientFrame::parse(&frame.to_string()) {
        Ok(_) if needs_seq && !frame["seq"].is_u64() => assert!(!is_valid, "without a seq: {frame}"),
        Ok(_) => assert_valid(&schema_of(frame), frame),
        Err(FrameError { code: ErrorCode::FrameTooLarge, .. }) => {}
        Err(FrameError { message, .. }) if message.contains("bytes") && has_long_text(frame) => {}
        Err(FrameError { message, .. }) => assert!(!is_valid, "refused, though valid: {message}: {frame}"),
    }
}

/// The types that clients send.
pub const CLIENT_TYPES: [&str; 6] =
    ["identify", "turn", "conversation.closed", "conversation.transferred", "ping", "subscribe"];

/// Whether some text has more bytes than an id may have, but no more code points.
fn has_long_text(value: &Value) -> bool {
    match value {
        Value::String(text) => text.len() > ID_BYTES_MAX && text.chars().count() <= ID_BYTES_MAX,
        Value::Object(map) => map.values().any(has_long_text) || map.keys().any(|k| k.len() > ID_BYTES_MAX),
        _ => false,
    }
}

// === answers ===

/// An answer by HTTP is as openapi.yaml says, where the path is one of it.
pub fn assert_answer<'a>(
    (method, path): (&str, &str),
    status: u16,
    header: impl Fn(&str) -> Option<&'a str>,
    body: &str,
) {
    let path = path.split('?').next().unwrap_or_default();
    let Some(template) = template(path) else { return };
    let asked = format!("{method} {template}: {status}");
    let operation = &OPENAPI["paths"][template][method.to_ascii_lowercase()];
    if operation.is_null() {
        // Who may come in is asked before what there is; and the other listener has other paths.
        assert!([401, 403, 404, 405].contains(&status), "{asked} is not documented");
        frame(body.as_bytes());
        return;
    }
    // A path of the admin listener, asked of the public one.
    if !OPENAPI["paths"][template]["servers"].is_null() && [401, 403, 404].contains(&status) {
        frame(body.as_bytes());
        return;
    }
    let place = format!("/paths/{}/{}/responses/{status}", escaped(template), method.to_ascii_lowercase());
    let (place, response) = resolved(place);
    assert!(!response.is_null(), "{asked} is not documented; the body is {body}");
    for name in response["headers"].as_object().into_iter().flat_map(|headers| headers.keys()) {
        let (place, documented) = resolved(format!("{place}/headers/{name}"));
        match header(&name.to_ascii_lowercase()) {
            Some(value) => {
                let number = value.parse::<u64>().ok().filter(|_| documented["schema"]["type"] == "integer");
                let value = number.map_or_else(|| Value::from(value), Value::from);
                assert_valid(&format!("openapi.yaml#{place}/schema"), &value);
            }
            None => assert_ne!(documented["required"], true, "{asked} has no {name}"),
        }
    }
    if response["content"].is_null() {
        return;
    }
    let kind = header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim();
    assert!(!response["content"][kind].is_null(), "{asked} is not documented as {kind:?}");
    let value = match kind {
        "application/json" => {
            strict::parse(body.as_bytes()).unwrap_or_else(|e| panic!("{asked}: {e}: {body}"))
        }
        _ => Value::from(body),
    };
    assert_valid(&format!("openapi.yaml#{place}/content/{}/schema", escaped(kind)), &value);
}

/// The path of openapi.yaml that this path is one of.
fn template(path: &str) -> Option<&'static str> {
    let paths = OPENAPI["paths"].as_object().expect("paths");
    let fits = |template: &str| {
        let parts = || template.split('/').zip(path.split('/'));
        template.split('/').count() == path.split('/').count()
            && parts().all(|(part, given)| part == given || (part.starts_with('{') && !given.is_empty()))
    };
    paths.keys().map(String::as_str).find(|template| fits(template))
}

/// The place itself, or the one in the same document that it refers to.
fn resolved(place: String) -> (String, &'static Value) {
    let value = OPENAPI.pointer(&place).unwrap_or(&Value::Null);
    match value["$ref"].as_str().and_then(|target| target.strip_prefix('#')) {
        Some(target) => resolved(target.to_owned()),
        None => (place, value),
    }
}

/// A name as a step of a JSON pointer.
pub fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
