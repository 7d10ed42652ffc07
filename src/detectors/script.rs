//! Short conversations as scripts, for the tests of the detectors.
//!
//! A line is `seconds who text [names]`: who is C, A, B or S, an agent's id follows a colon (`A:a-7`), and the names
//! are what the model shows. `close who`, `transfer` and `wait` are events. A result is `+name@seconds=value` for
//! what was found, `-name@seconds=value` for what was settled.

use std::sync::Arc;

use jiff::Timestamp;

use super::recall::Heard;
use super::{Change, DetectorLimits, Setting, Shown, TurnSeen, Watch};
use crate::conversation::phrases::Seen;
use crate::conversation::words::Words;
use crate::conversation::{Said, moments};
use crate::scoring::Name;
use crate::wire::{Act, Channel, Mistake, Role, Signal};

pub fn at(seconds: u32) -> Timestamp {
    // A Friday at ten.
    moments::later("2026-01-30T10:00:00Z".parse().expect("a moment"), seconds)
}

pub fn seconds(at_: Timestamp) -> i64 {
    at_.duration_since(at(0)).as_secs()
}

pub fn shown_of(names: &str) -> Shown {
    names.split(',').map(str::trim).filter(|name| !name.is_empty()).fold(Shown::default(), |shown, name| {
        let signal = Signal::parse(name).map(Name::Signal);
        let name = signal.or(Mistake::parse(name).map(Name::Mistake)).or(Act::parse(name).map(Name::Act));
        shown.with(name.expect("a name of the contract"))
    })
}

fn word(at: Timestamp, change: &Change) -> String {
    match change {
        Change::Opened(found) => format!("+{}@{}={}", found.found.as_str(), seconds(at), found.value),
        Change::Resolved { found, value, .. } => format!("-{}@{}={value}", found.as_str(), seconds(at)),
    }
}

pub fn heard(words: &Words) -> Heard<'_> {
    Heard { words, scores: &[], asked: None, phrase: Seen::default(), earlier: None }
}

/// What the script gives, of one name.
pub fn run(limits: &DetectorLimits, channel: Channel, name: &str, script: &[&str]) -> String {
    let mut watch = Watch::default();
    let setting = Setting { limits, channel, gone_seconds: 0.0 };
    let mut words = Vec::new();
    for (index, line) in script.iter().enumerate() {
        let mut parts = line.splitn(3, ' ');
        let (when, who) = (parts.next().expect("seconds"), parts.next().expect("who"));
        let rest = parts.next().unwrap_or_default();
        let now = at(when.parse().expect("seconds"));
        while let Some((at, change)) = watch.fire(now, setting) {
            words.push(word(at, &change));
        }
        let (role, agent_id) = who.split_once(':').map_or((who, None), |(role, id)| (role, Some(id)));
        let role = match role {
            "C" => Role::Customer,
            "A" => Role::Agent,
            "B" => Role::Bot,
            "S" => Role::System,
            "wait" => continue,
            "transfer" => {
                words.extend(watch.transferred(None, now, setting).iter().map(|change| word(now, change)));
                continue;
            }
            "close" => {
                words.extend(watch.closed(Role::parse(rest), now, setting).iter().map(|c| word(now, c)));
                continue;
            }
            other => panic!("{other} in {line}"),
        };
        let (text, names) = rest.rsplit_once(" [").map_or((rest, ""), |(text, names)| (text, names));
        let (said, spoken) = (Said::of(&Arc::from(text)), Words::of(text));
        let turn = TurnSeen {
            turn_id: &index.to_string(),
            role,
            agent_id,
            said: &said,
            at: now,
            shown: shown_of(names.trim_end_matches(']')),
            score: None,
            text,
            request: None,
            promise: names.contains("promise_made").then_some(&(0..u32::MAX)),
            heard: heard(&spoken),
        };
        words.extend(watch.turn(turn, setting).iter().map(|change| word(now, change)));
    }
    words.retain(|word| word[1..].starts_with(name));
    words.join(" ").replace(&format!("{name}@"), "")
}

pub fn check_on(channel: Channel, name: &str, table: &[(&[&str], &str)]) {
    let limits = DetectorLimits::default();
    for (script, expect) in table {
        assert_eq!(run(&limits, channel, name, script), *expect, "{script:#?}");
    }
}

pub fn check(name: &str, table: &[(&[&str], &str)]) {
    check_on(Channel::Chat, name, table);
}
