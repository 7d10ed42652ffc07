//! What people say of alerts: the body of `POST /v1/alerts/{id}/verdict`, and the lines of `alerts.verdicts_file`.
//!
//! Holds always: a note has at most [`NOTE_CHARS_MAX`] code points; a refusal names the field and what is allowed.
//! Read by `gateway`; written and read again by `alerts::verdicts`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::names::names;
use super::outbound::rfc3339;
use super::{AlertKind, Severity};

/// A note, in code points.
pub const NOTE_CHARS_MAX: usize = 1_000;

names! {
    /// What somebody who looked says of an alert; `late`: right, but too late to help.
    Verdict { Useful = "useful", FalseAlarm = "false_alarm", Late = "late" }
}

/// What somebody says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub verdict: Verdict,
    pub note: Option<String>,
}

/// What is written down of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictRecord {
    #[serde(serialize_with = "rfc3339")]
    pub ts: Timestamp,
    pub alert_id: String,
    pub conversation_id: String,
    pub rule: String,
    pub rules_version: String,
    pub kind: AlertKind,
    pub severity: Severity,
    pub verdict: Verdict,
    pub note: Option<String>,
}

impl Said {
    /// Reads a JSON body; fields that nobody knows are ignored.
    ///
    /// # Errors
    /// What is wrong and what is allowed.
    pub fn from_json(body: &[u8]) -> Result<Said, String> {
        let value: Value = serde_json::from_slice(body)
            .map_err(|error| format!("not JSON: error at line {} column {}", error.line(), error.column()))?;
        if !value.is_object() {
            return Err("the body must be an object: {\"verdict\":…,\"note\"?:…}".to_owned());
        }
        let text = |name: &str| match &value[name] {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.as_str())),
            _ => Err(format!("{name} must be a string")),
        };
        Said::new(text("verdict")?, text("note")?)
    }

    /// From the two fields as they came.
    ///
    /// # Errors
    /// What is wrong and what is allowed.
    pub fn new(verdict: Option<&str>, note: Option<&str>) -> Result<Said, String> {
        let allowed = Verdict::allowed();
        let verdict = verdict.ok_or_else(|| format!("verdict is missing; it is one of {allowed}"))?;
        // Not repeated: it may be anything.
        let verdict = Verdict::parse(verdict).ok_or_else(|| format!("verdict is not one of {allowed}"))?;
        let note = note.map(str::trim).filter(|note| !note.is_empty());
        if note.is_some_and(|note| note.chars().nth(NOTE_CHARS_MAX).is_some()) {
            return Err(format!("note has more than {NOTE_CHARS_MAX} code points"));
        }
        Ok(Said { verdict, note: note.map(str::to_owned) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_or_refused_with_what_is_allowed() {
        let check = |body: &str, expect: Result<(Verdict, Option<&str>), &str>| {
            let said = Said::from_json(body.as_bytes()).map(|said| (said.verdict, said.note));
            let expect = expect.map(|(v, n)| (v, n.map(str::to_owned))).map_err(str::to_owned);
            assert_eq!(said, expect, "{body}");
        };
        const ALLOWED: &str = "one of useful, false_alarm, late";
        check(r#"{"verdict":"useful"}"#, Ok((Verdict::Useful, None)));
        check(r#"{"verdict":"late","note":" too  late ","x":1}"#, Ok((Verdict::Late, Some("too  late"))));
        check(r#"{"verdict":"false_alarm","note":null}"#, Ok((Verdict::FalseAlarm, None)));
        check(r#"{"verdict":"good"}"#, Err(&format!("verdict is not {ALLOWED}")));
        check("{}", Err(&format!("verdict is missing; it is {ALLOWED}")));
        check(r#"{"verdict":7}"#, Err("verdict must be a string"));
        check(r#"{"verdict":"late","note":7}"#, Err("note must be a string"));
        check("[]", Err("the body must be an object: {\"verdict\":…,\"note\"?:…}"));
        check("nope", Err("not JSON: error at line 1 column 2"));
        let note =
            |chars: usize| serde_json::json!({"verdict": "late", "note": "😡".repeat(chars)}).to_string();
        assert!(Said::from_json(note(NOTE_CHARS_MAX).as_bytes()).is_ok());
        check(&note(NOTE_CHARS_MAX + 1), Err("note has more than 1000 code points"));
    }
}
