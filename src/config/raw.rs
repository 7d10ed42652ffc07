//! Settings as they were given, each with where: file, then environment, then flags; later ones win.
//!
//! Holds always: only known keys are in here; asking for a key that is not in [`KEYS`] is a bug.
//! Called by `Config::load`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Token;
use super::error::{ConfigError, Origin};
use super::keys::{self, KEYS, Kind};

/// Begins the variables that are settings; sections and keys are joined by [`SEPARATOR`].
const VARIABLE_PREFIX: &str = "UNDERTONE_";
const SEPARATOR: &str = "__";
/// The file is read whole.
const FILE_BYTES_MAX: u64 = 1 << 20;
const TOKEN_BYTES_MAX: usize = 1_024;

/// One value as it was given.
#[derive(Clone)]
enum Given {
    Text(String),
    Texts(Vec<String>),
    Whole(i64),
    Flag(bool),
    /// What it was instead, for the message.
    Other(&'static str),
}

/// Values by key.
#[derive(Default)]
pub(super) struct Raw {
    given: BTreeMap<&'static str, (Given, Origin)>,
}

// === reading ===

impl Raw {
    pub(super) fn read_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let unreadable = |problem| ConfigError::Unreadable { path: path.to_owned(), problem };
        let length = std::fs::metadata(path).map_err(unreadable)?.len();
        if length > FILE_BYTES_MAX {
            return Err(unreadable(std::io::Error::other(format!("larger than {FILE_BYTES_MAX} bytes"))));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        self.read_text(&text, path)
    }

    pub(super) fn read_text(&mut self, text: &str, path: &Path) -> Result<(), ConfigError> {
        let line = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
        let table = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
            path: path.to_owned(),
            line: line(error.span().map_or(0, |span| span.start)),
            // Only the kind of the mistake: the full message quotes the line, which may hold the token.
            message: error.message().to_owned(),
        })?;
        let origin = |at: usize| Origin::File { path: path.to_owned(), line: line(at) };
        for (section, value) in table.get_ref() {
            let DeValue::Table(section_table) = value.get_ref() else {
                return Err(unknown(section.get_ref(), origin(section.span().start)));
            };
            if !KEYS.iter().any(|key| key.path.split('.').next() == Some(section.get_ref())) {
                return Err(unknown_section(section.get_ref(), section_table, origin(section.span().start)));
            }
            for (name, value) in section_table {
                let path = format!("{}.{}", section.get_ref(), name.get_ref());
                self.insert(&path, given(value), origin(name.span().start))?;
            }
        }
        Ok(())
    }

    pub(super) fn read_environment(&mut self, variables: &[(String, String)]) -> Result<(), ConfigError> {
        for (name, value) in variables {
            let Some(rest) = name.strip_prefix(VARIABLE_PREFIX).filter(|rest| rest.contains(SEPARATOR))
            else {
                continue;
            };
            let path = rest.replacen(SEPARATOR, ".", 1).to_ascii_lowercase();
            self.insert_text(&path, value, Origin::Variable(name.clone()))?;
        }
        Ok(())
    }

    pub(super) fn read_flags(&mut self, flags: &[String]) -> Result<(), ConfigError> {
        for flag in flags {
            let Some((path, value)) = flag.split_once('=') else {
                // Cut: what follows an odd key may be a secret.
                let given =
                    flag.chars().take_while(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).take(40);
                return Err(ConfigError::Flag { given: given.collect() });
            };
            self.insert_text(path.trim(), value.trim(), Origin::Flag)?;
        }
        Ok(())
    }

    /// A value that is only text so far; its key says what it should be.
    fn insert_text(&mut self, path: &str, text: &str, origin: Origin) -> Result<(), ConfigError> {
        let key = keys::find(path).ok_or_else(|| unknown(path, origin.clone()))?;
        let given = match key.kind {
            Kind::Text => Given::Text(text.to_owned()),
            Kind::Texts => Given::Texts(
                text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect(),
            ),
            Kind::Whole => text.replace('_', "").parse().map_or(Given::Other("text"), Given::Whole),
            Kind::Flag => text.parse().map_or(Given::Other("text"), Given::Flag),
        };
        self.insert(path, given, origin)
    }

    fn insert(&mut self, path: &str, given: Given, origin: Origin) -> Result<(), ConfigError> {
        let key = keys::find(path).ok_or_else(|| unknown(path, origin.clone()))?;
        self.given.insert(key.path, (given, origin));
        Ok(())
    }
}

fn given(value: &Spanned<DeValue<'_>>) -> Given {
    match value.get_ref() {
        DeValue::String(text) => Given::Text(text.to_string()),
        DeValue::Integer(whole) => {
            let digits = whole.as_str().replace('_', "");
            i64::from_str_radix(&digits, whole.radix())
                .map_or(Given::Other("a number out of range"), Given::Whole)
        }
        DeValue::Float(_) => Given::Other("a fraction"),
        DeValue::Array(items) => {
            let texts: Option<Vec<_>> =
                items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect();
            texts.map_or(Given::Other("an array of other things"), Given::Texts)
        }
        DeValue::Boolean(flag) => Given::Flag(*flag),
        DeValue::Datetime(_) => Given::Other("a date"),
        DeValue::Table(_) => Given::Other("a table"),
    }
}

fn unknown(path: &str, origin: Origin) -> ConfigError {
    const SHOWN_CHARS_MAX: usize = 80;
    let suggestion = keys::similar(path).map(str::to_owned);
    ConfigError::UnknownKey { origin, key: path.chars().take(SHOWN_CHARS_MAX).collect(), suggestion }
}

/// Names the first key in it, so that the suggestion is a whole key.
fn unknown_section(section: &str, table: &DeTable<'_>, origin: Origin) -> ConfigError {
    match table.keys().next() {
        Some(name) => unknown(&format!("{section}.{}", name.get_ref()), origin),
        None => unknown(section, origin),
    }
}

// === asking ===

impl Raw {
    /// A refusal of what was given for `path`.
    pub(super) fn refuse(&self, path: &'static str, message: impl Into<String>) -> ConfigError {
        let origin = self.given.get(path).map_or(Origin::Default, |(_, origin)| origin.clone());
        ConfigError::Invalid { origin, key: path.to_owned(), message: message.into() }
    }

    pub(super) fn address(&self, path: &'static str) -> Result<SocketAddr, ConfigError> {
        let text = self.text(path)?;
        // A name would have to be looked up, and what it means may change under us.
        text.parse().map_err(|_| {
            self.refuse(
                path,
                format!("{text:?} is not an address and a port, for example 127.0.0.1:8787 or [::1]:8787"),
            )
        })
    }

    pub(super) fn text(&self, path: &'static str) -> Result<String, ConfigError> {
        Ok(self
            .optional_text(path)?
            .expect("a key without a default is asked for as optional: this is a bug"))
    }

    pub(super) fn optional_text(&self, path: &'static str) -> Result<Option<String>, ConfigError> {
        match self.value(path) {
            Some(Given::Text(text)) if text.is_empty() => {
                Err(self.refuse(path, "it is empty; leave it out instead"))
            }
            Some(Given::Text(text)) => Ok(Some(text)),
            Some(other) => Err(self.refuse(path, format!("it must be text in quotes, not {}", other.kind()))),
            None => Ok(None),
        }
    }

    pub(super) fn texts(&self, path: &'static str) -> Result<Vec<String>, ConfigError> {
        match self.value(path) {
            Some(Given::Texts(texts)) => Ok(texts),
            Some(other) => {
                Err(self.refuse(path, format!("it must be a list of texts, not {}", other.kind())))
            }
            None => Ok(Vec::new()),
        }
    }

    pub(super) fn secret(&self, path: &'static str) -> Result<Option<Token>, ConfigError> {
        match self.optional_text(path)? {
            Some(secret)
                if secret.len() <= TOKEN_BYTES_MAX && secret.bytes().all(|b| b.is_ascii_graphic()) =>
            {
                Ok(Some(Token::new(&secret)))
            }
            // The value is not repeated: it is a secret even when it is malformed.
            Some(_) => Err(self.refuse(
                path,
                format!("it must be at most {TOKEN_BYTES_MAX} printable ASCII characters without spaces"),
            )),
            None => Ok(None),
        }
    }

    pub(super) fn whole(&self, path: &'static str, allowed: RangeInclusive<u64>) -> Result<u64, ConfigError> {
        let (from, to) = (*allowed.start(), *allowed.end());
        match self.value(path) {
            Some(Given::Whole(whole)) => match u64::try_from(whole) {
                Ok(whole) if allowed.contains(&whole) => Ok(whole),
                _ => Err(self.refuse(path, format!("{whole} is not a whole number from {from} to {to}"))),
            },
            Some(other) => Err(self.refuse(
                path,
                format!("it must be a whole number from {from} to {to}, not {}", other.kind()),
            )),
            None => Err(self.refuse(path, "it has no default: this is a bug")),
        }
    }

    pub(super) fn count(
        &self,
        path: &'static str,
        allowed: RangeInclusive<u64>,
    ) -> Result<usize, ConfigError> {
        Ok(usize::try_from(self.whole(path, allowed)?).unwrap_or(usize::MAX))
    }

    pub(super) fn seconds(
        &self,
        path: &'static str,
        allowed: RangeInclusive<u64>,
    ) -> Result<Duration, ConfigError> {
        Ok(Duration::from_secs(self.whole(path, allowed)?))
    }

    pub(super) fn flag(&self, path: &'static str) -> Result<bool, ConfigError> {
        match self.value(path) {
            Some(Given::Flag(flag)) => Ok(flag),
            Some(other) => Err(self.refuse(path, format!("it must be true or false, not {}", other.kind()))),
            None => Err(self.refuse(path, "it has no default: this is a bug")),
        }
    }

    /// One of a closed set of names.
    pub(super) fn name<N>(
        &self,
        path: &'static str,
        parse: impl Fn(&str) -> Option<N>,
        allowed: impl Fn() -> String,
    ) -> Result<N, ConfigError> {
        let text = self.text(path)?;
        parse(&text).ok_or_else(|| self.refuse(path, format!("{text:?} is not one of {}", allowed())))
    }

    fn value(&self, path: &'static str) -> Option<Given> {
        if let Some((given, _)) = self.given.get(path) {
            return Some(given.clone());
        }
        let key = keys::find(path).expect("asked for a key that is in no table: this is a bug");
        key.default.map(|text| given(&DeValue::parse(text).expect("defaults are TOML: this is a bug")))
    }
}

impl Given {
    fn kind(&self) -> &'static str {
        match self {
            Given::Text(_) => "text",
            Given::Texts(_) => "a list",
            Given::Whole(_) => "a whole number",
            Given::Flag(_) => "true or false",
            Given::Other(kind) => kind,
        }
    }
}
