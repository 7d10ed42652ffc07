//! A conversation that is being drawn: where its turns are on the page, and what was found in each.
//!
//! Holds always: anchors are made of counts, never of ids, which are free text. Called by the other files of `pages`.

use std::collections::{BTreeMap, HashMap};

use jiff::tz::TimeZone;

use super::marks::{Place, Tone};
use crate::wire::{AlertView, ConversationDetail, Finding, FindingKind, Label};

/// A conversation on a page.
pub struct Subject<'a> {
    pub detail: &'a ConversationDetail,
    pub zone: &'a TimeZone,
    /// Sets its anchors apart from those of other conversations on the page.
    prefix: &'a str,
    /// Where each turn is.
    places: HashMap<&'a str, usize>,
    /// The turns after which alerts were open that were not before.
    opening: Vec<usize>,
}

/// What is shown between the turns.
pub enum Event<'a> {
    Opened(&'a AlertView),
    Resolved(&'a AlertView),
    Found(&'a Finding),
}

impl<'a> Subject<'a> {
    /// `prefix` is part of anchors: letters and digits.
    pub fn new(detail: &'a ConversationDetail, prefix: &'a str, zone: &'a TimeZone) -> Self {
        let turns = detail.turns.iter().enumerate();
        let places = turns.map(|(index, turn)| (turn.turn_id.as_str(), index)).collect();
        let mut subject = Subject { detail, zone, prefix, places, opening: Vec::new() };
        subject.opening =
            detail.alerts.iter().filter_map(|alert| subject.last_before(alert.alert.opened_at)).collect();
        subject
    }

    /// A link's target.
    pub fn anchor(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    pub fn turn_anchor(&self, index: usize) -> String {
        format!("{}t{}", self.prefix, index + 1)
    }

    /// Where a turn is, if it is shown.
    pub fn turn(&self, turn_id: &str) -> Option<usize> {
        self.places.get(turn_id).copied()
    }

    pub fn has_alerts(&self) -> bool {
        !self.opening.is_empty()
    }

    pub fn alert_opens_at(&self, index: usize) -> bool {
        self.opening.contains(&index)
    }

    /// The last turn that was said by then.
    fn last_before(&self, ts: jiff::Timestamp) -> Option<usize> {
        self.detail.turns.iter().rposition(|turn| turn.ts <= ts)
    }

    /// What is shown after each turn, by its index + 1; at 0 is what came before the first.
    pub fn events(&self) -> BTreeMap<usize, Vec<Event<'a>>> {
        let mut all: Vec<(jiff::Timestamp, usize, Event<'a>)> = Vec::new();
        for finding in &self.detail.findings {
            let shows_in = finding.turn_id.as_deref().and_then(|turn_id| self.turn(turn_id));
            let after = shows_in.or_else(|| self.last_before(finding.ts)).map_or(0, |index| index + 1);
            all.push((finding.ts, after, Event::Found(finding)));
        }
        for alert in &self.detail.alerts {
            let after = |ts| self.last_before(ts).map_or(0, |index| index + 1);
            all.push((alert.alert.opened_at, after(alert.alert.opened_at), Event::Opened(alert)));
            if alert.alert.resolution.is_some() {
                all.push((alert.alert.ts, after(alert.alert.ts), Event::Resolved(alert)));
            }
        }
        all.sort_by_key(|(ts, after, _)| (*after, *ts));
        let mut events: BTreeMap<usize, Vec<Event<'a>>> = BTreeMap::new();
        for (_, after, event) in all {
            events.entry(after).or_default().push(event);
        }
        events
    }

    /// What was found in each turn, by the model and by comparison.
    pub fn evidence(&self) -> Vec<Vec<Place<'a>>> {
        let mut found: Vec<Vec<Place<'a>>> = Vec::with_capacity(self.detail.turns.len());
        for turn in &self.detail.turns {
            let tones =
                [(Tone::Signal, &turn.signals), (Tone::Mistake, &turn.mistakes), (Tone::Act, &turn.acts)];
            let places = tones.into_iter().flat_map(|(tone, spans)| {
                spans.iter().map(move |span| Place {
                    start: span.start,
                    end: span.end,
                    tone,
                    name: span.name,
                })
            });
            found.push(places.collect());
        }
        for finding in &self.detail.findings {
            let tone = match finding.kind {
                FindingKind::Mistake => Tone::Mistake,
                FindingKind::Signal => Tone::Signal,
            };
            // What it is compared with shows nothing yet where it stands; the row of the finding leads there.
            let shows_in = |turn_id: &str| finding.turn_id.as_deref() == Some(turn_id);
            for evidence in finding.evidence.iter().filter(|evidence| shows_in(&evidence.turn_id)) {
                let place = Place { start: evidence.start, end: evidence.end, tone, name: finding.name };
                if let Some(index) = self.turn(&evidence.turn_id) {
                    add(&mut found[index], place);
                }
            }
        }
        found
    }

    /// Whether a turn sounds bad.
    pub fn is_negative(&self, index: usize) -> bool {
        let turn = &self.detail.turns[index];
        turn.abstained.is_none() && turn.sentiment.label == Label::Negative
    }
}

/// The same name is not shown twice over each other.
fn add<'a>(places: &mut Vec<Place<'a>>, place: Place<'a>) {
    let overlaps =
        |known: &Place<'_>| known.name == place.name && known.start < place.end && place.start < known.end;
    if !places.iter().any(overlaps) {
        places.push(place);
    }
}
