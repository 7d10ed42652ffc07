//! What a condition is asked of: a conversation at a moment.
//!
//! Holds always: pure; reads what the conversation keeps and nothing else; a name that was never shown was shown so
//! long ago that no rule reaches back. Made by `pipeline`; read by [`super::condition`].

use std::collections::HashMap;

use cel::Value;
use cel::common::types::{CelBool, CelDouble, CelInt, CelString};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use cel::objects::{Key, Map};
use jiff::Timestamp;

use super::check::{QUERY_PREFIX, Query};
use super::vocabulary::{VARIABLES, Variable};
use crate::conversation::{State, moments};
use crate::scoring::Name;
use crate::wire::{FindingState, Level};

/// "Never", in seconds and in turns.
const NEVER: i64 = 1_000_000_000;

/// A conversation as rules see it.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub state: &'a State,
    pub level: Level,
    pub risk: f64,
    /// How far the mood has risen, −1 to 1.
    pub trend: f64,
    /// In the conversation's own time.
    pub at: Timestamp,
    /// Open promises of the business side, and those of them that are overdue.
    pub promises: (usize, usize),
}

/// What one condition may ask for by name.
pub(super) struct Scope<'a> {
    pub facts: &'a Facts<'a>,
    pub queries: &'a [Query],
}

impl VariableResolver for Scope<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        if let Some(index) = name.strip_prefix(QUERY_PREFIX) {
            let query = self.queries.get(index.parse::<usize>().ok()?)?;
            return Some(self.facts.query(*query));
        }
        let (_, variable, _) = VARIABLES.iter().find(|(known, ..)| *known == name)?;
        Some(self.facts.variable(*variable))
    }
}

impl Facts<'_> {
    fn variable<'b>(&'b self, variable: Variable) -> CowVal<'b, 'b> {
        let Facts { state, level, risk, trend, at, promises } = *self;
        match variable {
            Variable::Risk => double(risk),
            Variable::Level => text(level.as_str()),
            Variable::Sentiment => double(state.running.value()),
            Variable::Trend => double(trend),
            Variable::Worst => double(state.worst.unwrap_or(0.0)),
            Variable::CustomerTurns => whole(state.customer_turns),
            Variable::AgentTurns => whole(state.agent_turns + state.bot_turns),
            Variable::BotTurns => whole(state.bot_turns),
            Variable::WaitingSeconds => double(state.waiting_seconds(at).unwrap_or(0.0)),
            Variable::AgeSeconds => {
                double(state.began.map_or(0.0, |began| moments::seconds_between(began, at)))
            }
            Variable::PromisesOpen => whole(promises.0 as u32),
            Variable::PromisesOverdue => whole(promises.1 as u32),
            Variable::Role => text(state.recent.back().map_or("", |turn| turn.role.as_str())),
            Variable::Channel => text(state.channel.as_str()),
            Variable::Queue => text(state.queue.as_deref().unwrap_or_default()),
            Variable::Closed => CowVal::owned(CelBool::from(state.closed)),
            Variable::Attributes => attributes(state),
        }
    }

    fn query<'b>(&'b self, query: Query) -> CowVal<'b, 'b> {
        match query {
            Query::Count(name, None) => {
                whole((self.state.history.total(name) + self.found_beside(name, None)) as u32)
            }
            Query::Count(name, Some(turns)) => whole(self.count(name, turns)),
            Query::CountWithin(name, seconds) => whole(self.count_within(name, seconds)),
            Query::Mistakes(turns) => {
                let last = self.state.history.newest_first().take(turns as usize);
                whole(last.map(|mark| mark.shown.mistakes()).sum())
            }
            Query::Found(name) => {
                let open = |finding: &&crate::wire::Finding| {
                    finding.name == name && finding.state == FindingState::Open
                };
                whole(self.state.findings.iter().filter(open).count() as u32)
            }
            Query::SecondsSince(name) => {
                double(self.last(name).map_or(NEVER as f64, |(at, _)| moments::seconds_between(at, self.at)))
            }
            Query::TurnsSince(name) => {
                CowVal::owned(CelInt::from(self.last(name).map_or(NEVER, |(_, turns)| turns)))
            }
            Query::MissingSince(missing, after) => {
                let since = self.last(after).map(|(_, turns)| turns);
                let seen = self.last(missing).map_or(NEVER, |(_, turns)| turns);
                CowVal::owned(CelBool::from(since.is_some_and(|since| seen > since)))
            }
            Query::LevelAtLeast(level) => CowVal::owned(CelBool::from(self.level >= level)),
        }
    }

    fn count(&self, name: Name, turns: u32) -> u32 {
        let last = self.state.history.newest_first().take(turns as usize);
        let (mut shown, mut since) = (0, self.at);
        for mark in last {
            shown += u32::from(mark.shown.name(name));
            since = mark.at;
        }
        shown + self.found_beside(name, Some(since)) as u32
    }

    fn count_within(&self, name: Name, seconds: u32) -> u32 {
        let since = moments::earlier(self.at, seconds);
        let last = self.state.history.newest_first().take_while(|mark| mark.at >= since);
        let shown = last.filter(|mark| mark.shown.name(name)).count();
        (shown + self.found_beside(name, Some(since))) as u32
    }

    /// Findings of the name, opened since then, that are not of a turn which shows it by itself.
    fn found_beside(&self, name: Name, since: Option<Timestamp>) -> usize {
        let state = self.state;
        let openings = state
            .findings
            .openings()
            .filter(|(finding, at)| finding.name == name.as_str() && since.is_none_or(|since| *at >= since));
        let in_turn = |finding: &crate::wire::Finding| {
            let turn = state.recent.iter().rev().find(|turn| Some(&turn.turn_id) == finding.turn_id.as_ref());
            turn.is_some_and(|turn| turn.shown.name(name))
        };
        openings.filter(|(finding, _)| !in_turn(finding)).count()
    }

    /// When the name was last shown or found, and how many turns ago.
    fn last(&self, name: Name) -> Option<(Timestamp, i64)> {
        let history = &self.state.history;
        let shown = (0_i64..).zip(history.newest_first()).find(|(_, mark)| mark.shown.name(name));
        let shown = shown.map(|(turns, mark)| (mark.at, turns));
        let found = self.state.findings.openings().rev().find(|(finding, _)| finding.name == name.as_str());
        let found =
            found.map(|(_, at)| (at, history.newest_first().take_while(|mark| mark.at > at).count() as i64));
        match (shown, found) {
            (Some(shown), Some(found)) => Some(if found.1 < shown.1 { found } else { shown }),
            (shown, found) => shown.or(found),
        }
    }
}

fn double<'b>(value: f64) -> CowVal<'b, 'b> {
    CowVal::owned(CelDouble::from(value))
}

fn whole<'b>(value: u32) -> CowVal<'b, 'b> {
    CowVal::owned(CelInt::from(i64::from(value)))
}

fn text(value: &str) -> CowVal<'_, '_> {
    CowVal::owned(CelString::from(value))
}

fn attributes<'b>(state: &State) -> CowVal<'b, 'b> {
    let by_key: HashMap<Key, Value> = state
        .attributes
        .iter()
        .map(|(key, value)| (Key::from(key.clone()), Value::from(value.clone())))
        .collect();
    let map: Result<Box<dyn Val>, _> = Value::Map(Map { map: by_key.into() }).try_into();
    CowVal::Owned(map.expect("a map of texts is a value: this is a bug"))
}
