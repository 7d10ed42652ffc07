//! The rule file: TOML, one `[[rule]]` a rule.
//!
//! Holds always: at most [`RULES_MAX`] rules of different names; unknown keys are refused; an error names its line.
//! Called by [`super::RuleSet`].

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use toml::Spanned;

use super::condition::Condition;
use super::error::{RulesError, suggestion};
use super::{Rule, RuleSet, Rules, vocabulary};
use crate::scoring::Name;
use crate::wire::{AlertKind, Severity};

/// Rules in one file: each has series of its own in the metrics.
pub const RULES_MAX: usize = 64;
/// The whole file.
pub const RULE_FILE_BYTES_MAX: u64 = 262_144;
const RULE_NAME_BYTES_MAX: usize = 64;
const VERSION_BYTES_MAX: usize = 64;
const SUMMARY_CHARS_MAX: usize = 200;
const RESOLVE_TURNS_MAX: u32 = 100;
const EPISODES_MAX: u32 = 1_000;
const COOL_DOWN_SECONDS_MAX: u32 = 86_400;
/// Hexadecimal digits of the content's digest in the version.
const DIGEST_DIGITS: usize = 8;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    version: Spanned<String>,
    #[serde(default, rename = "rule")]
    rules: Vec<Spanned<RawRule>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    name: Spanned<String>,
    kind: Spanned<String>,
    severity: Spanned<String>,
    summary: Spanned<String>,
    when: Spanned<String>,
    warning_when: Option<Spanned<String>>,
    critical_when: Option<Spanned<String>>,
    resolve_when: Option<Spanned<String>>,
    resolve_turns: Option<Spanned<u32>>,
    cool_down_seconds: Option<Spanned<u32>>,
    episodes_max: Option<Spanned<u32>>,
    quotes: Option<Vec<Spanned<String>>>,
}

/// A file on its way to being rules.
struct Source<'a> {
    text: &'a str,
    path: &'a str,
}

pub(super) fn load(path: &Path) -> Result<RuleSet, RulesError> {
    let name = path.display().to_string();
    let unreadable = |message: String| RulesError::Unreadable { path: name.clone(), message };
    let size = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
    if size > RULE_FILE_BYTES_MAX {
        return Err(unreadable(format!("{size} bytes; a rule file has at most {RULE_FILE_BYTES_MAX}")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    parse(&text, &name)
}

pub(super) fn parse(text: &str, path: &str) -> Result<RuleSet, RulesError> {
    let source = Source { text, path };
    let raw: RawFile = toml::from_str(text).map_err(|error| {
        let known = error.message().lines().next().unwrap_or("not TOML").to_owned();
        source.invalid(error.span().unwrap_or(0..0), known)
    })?;
    let version = source.text(&raw.version, VERSION_BYTES_MAX, "version")?;
    let digest: String = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    if raw.rules.len() > RULES_MAX {
        return Err(
            source.invalid(raw.rules[RULES_MAX].span(), format!("a file has at most {RULES_MAX} rules"))
        );
    }
    let mut rules: Vec<Arc<Rule>> = Vec::with_capacity(raw.rules.len());
    for raw in &raw.rules {
        let rule = source.rule(raw.get_ref())?;
        if rules.iter().any(|known| known.name == rule.name) {
            let message = format!("there is a rule {} already", rule.name);
            return Err(source.invalid(raw.get_ref().name.span(), message));
        }
        rules.push(Arc::new(rule));
    }
    let uses_time = rules.iter().flat_map(|rule| rule.conditions()).any(|condition| condition.uses_time);
    let version = format!("{version}-{}", &digest[..DIGEST_DIGITS]);
    Ok(RuleSet(Arc::new(Rules { version, rules, uses_time })))
}

impl Source<'_> {
    fn rule(&self, raw: &RawRule) -> Result<Rule, RulesError> {
        let name = self.name(&raw.name)?;
        let kind = self.word(&raw.kind, AlertKind::parse, AlertKind::allowed)?;
        let severity = self.word(&raw.severity, Severity::parse, Severity::allowed)?;
        let optional = |condition: &Option<Spanned<String>>| {
            condition.as_ref().map(|condition| self.condition(name, condition)).transpose()
        };
        let when = self.condition(name, &raw.when)?;
        let (warning_when, critical_when) = (optional(&raw.warning_when)?, optional(&raw.critical_when)?);
        let resolve_turns = self.whole(&raw.resolve_turns, 0, RESOLVE_TURNS_MAX)?;
        let quotes = match &raw.quotes {
            Some(quotes) => self.quotes(quotes)?,
            None => {
                let raised =
                    [&warning_when, &critical_when].into_iter().flatten().flat_map(|when| &when.names);
                when.names.iter().chain(raised).copied().collect()
            }
        };
        Ok(Rule {
            name: Arc::from(name),
            kind,
            severity,
            summary: self.text(&raw.summary, SUMMARY_CHARS_MAX, "summary")?.into(),
            when,
            warning_when,
            critical_when,
            resolve_when: optional(&raw.resolve_when)?,
            resolve_turns: resolve_turns.unwrap_or(match kind {
                AlertKind::CustomerRisk => 2,
                AlertKind::Service => 0,
            }),
            cool_down_seconds: self.whole(&raw.cool_down_seconds, 0, COOL_DOWN_SECONDS_MAX)?,
            episodes_max: self.whole(&raw.episodes_max, 1, EPISODES_MAX)?.unwrap_or(5),
            quotes,
        })
    }

    fn name<'r>(&self, name: &'r Spanned<String>) -> Result<&'r str, RulesError> {
        let text = name.get_ref();
        let good = text.starts_with(|first: char| first.is_ascii_uppercase())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && text.len() <= RULE_NAME_BYTES_MAX;
        if good {
            return Ok(text);
        }
        let message = format!(
            "a rule's name is letters and digits, begins with a capital and has at most {RULE_NAME_BYTES_MAX}: CustomerAtRisk"
        );
        Err(self.invalid(name.span(), message))
    }

    fn condition(&self, rule: &str, condition: &Spanned<String>) -> Result<Condition, RulesError> {
        let source = condition.get_ref();
        Condition::parse(source).map_err(|fault| {
            let at = fault.at.min(source.len());
            let before = source.get(..at).unwrap_or_default();
            let (lines, column) =
                (before.matches('\n').count(), before.rsplit('\n').next().unwrap_or_default());
            let mut line = self.line(condition.span().start) + lines;
            // Of a text in three quotes the first line break does not count.
            let written = &self.text[condition.span()];
            line += usize::from(written.starts_with("'''\n") || written.starts_with("\"\"\"\n"));
            let message = format!(
                "rule {rule}, column {} of the condition: {}",
                column.chars().count() + 1,
                fault.message
            );
            RulesError::Invalid { path: self.path.to_owned(), line, message }
        })
    }

    fn quotes(&self, quotes: &[Spanned<String>]) -> Result<Vec<&'static str>, RulesError> {
        let known = vocabulary::Words::Name.all();
        let name = |quote: &Spanned<String>| {
            let told = quote.get_ref().as_str();
            Name::parse(told).map(|name| name.as_str()).ok_or_else(|| {
                let message = format!("there is no {told:?}{}", suggestion(told, known.iter().copied()));
                self.invalid(quote.span(), message)
            })
        };
        quotes.iter().map(name).collect()
    }

    fn word<N>(
        &self,
        word: &Spanned<String>,
        parse: impl Fn(&str) -> Option<N>,
        allowed: impl Fn() -> String,
    ) -> Result<N, RulesError> {
        let told = word.get_ref();
        parse(told).ok_or_else(|| self.invalid(word.span(), format!("{told:?} is not one of {}", allowed())))
    }

    fn text(&self, text: &Spanned<String>, most: usize, key: &str) -> Result<String, RulesError> {
        let told = text.get_ref().trim();
        if told.is_empty() || told.chars().count() > most {
            return Err(self.invalid(text.span(), format!("{key} has 1 to {most} characters")));
        }
        Ok(told.to_owned())
    }

    fn whole(&self, number: &Option<Spanned<u32>>, least: u32, most: u32) -> Result<Option<u32>, RulesError> {
        let Some(number) = number else { return Ok(None) };
        if (least..=most).contains(number.get_ref()) {
            return Ok(Some(*number.get_ref()));
        }
        Err(self.invalid(number.span(), format!("it is a whole number from {least} to {most}")))
    }

    fn line(&self, at: usize) -> usize {
        self.text.get(..at).unwrap_or_default().matches('\n').count() + 1
    }

    fn invalid(&self, span: Range<usize>, message: String) -> RulesError {
        RulesError::Invalid { path: self.path.to_owned(), line: self.line(span.start), message }
    }
}
