//! What a risk says of annotated conversations: how it ranks them, how early, how often in vain, and whether it means what
//! it says.
//!
//! Holds always: the risk is the one that is served, after every turn; draws depend on the conversations' ids alone.
//! Called by `cli::evaluate` and `leave_out`.

use sha2::{Digest, Sha256};

use super::follow::Followed;
use super::measures::{auc, mean_of, ranking, share};
use super::report::{Bin, Early, Helped, Lead, Reached, SetFigures, TakenBack};
use crate::detectors::RiskModel;
use crate::detectors::risk::LEVELS;
use crate::training::data::Outcome;
use crate::wire::{Level, Role};

/// Draws of a customer turn of each calm conversation, for the risk up to it.
const DRAWS: u64 = 20;
/// The level at which lead and what is taken back are told.
const LEAD_LEVEL: Level = Level::High;
/// Taken back: so far under the level …
const TAKEN_BACK_BY: f64 = 0.1;
/// … within so many turns of the customer.
const TAKEN_BACK_TURNS: usize = 2;
/// A risk that is so much lower has fallen.
const FALLEN_BY: f64 = 0.05;
/// The lower edges of the calibration table.
const BINS: [f64; 8] = [0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.85];

/// A conversation and its risk after every turn.
struct Course<'a> {
    of: &'a Followed,
    risks: Vec<f64>,
    highest: f64,
}

/// Measures a risk on conversations: each set, and all of them together as `all`.
pub fn evaluate<'a>(model: &RiskModel, sets: &[String], followed: &[&'a Followed]) -> Vec<SetFigures> {
    let course = |of: &&'a Followed| {
        let risks: Vec<f64> = of.moments.iter().map(|moment| model.assess(&moment.features).risk).collect();
        Course { of, highest: risks.iter().copied().fold(0.0, f64::max), risks }
    };
    let courses: Vec<Course<'_>> = followed.iter().filter(|of| !of.moments.is_empty()).map(course).collect();
    let all: Vec<&Course<'_>> = courses.iter().collect();
    let mut figures = vec![of_set("all", &all)];
    for (index, set) in sets.iter().enumerate() {
        let of: Vec<&Course<'_>> = all.iter().copied().filter(|course| course.of.set == index).collect();
        if !of.is_empty() {
            figures.push(of_set(set, &of));
        }
    }
    figures
}

fn of_set(set: &str, courses: &[&Course<'_>]) -> SetFigures {
    let count = |outcome| courses.iter().filter(|course| course.of.outcome == outcome).count();
    let squares =
        courses.iter().map(|course| (course.highest - f64::from(u8::from(course.of.is_bad()))).powi(2));
    SetFigures {
        set: set.to_owned(),
        conversations: courses.len(),
        calm: count(Outcome::Calm),
        tense: count(Outcome::Tense),
        escalated: count(Outcome::Escalated),
        highest: ranking(courses.iter().map(|course| (course.highest, course.of))),
        auc_to_alert: auc_to_alert(courses),
        reached: LEVELS.map(|(level, least)| reached(courses, level, least)),
        lead: lead(courses),
        early: early(courses),
        taken_back: LEVELS.map(|(level, least)| taken_back(courses, level, least)),
        helped: helped(courses),
        calibration: calibration(courses),
        brier: share(squares.sum(), courses.len()),
    }
}

/// Highest up to the annotated turn against highest up to a customer turn drawn of each calm conversation; a mean.
fn auc_to_alert(courses: &[&Course<'_>]) -> Option<f64> {
    let bad: Vec<f64> =
        courses.iter().filter_map(|course| Some(course.highest_to(course.of.alert_turn?))).collect();
    let areas: Option<Vec<f64>> = (0..DRAWS)
        .map(|draw| {
            let calm = courses.iter().filter(|course| !course.of.is_bad());
            let calm: Vec<f64> = calm.map(|course| course.highest_to(course.drawn(draw))).collect();
            auc(&bad, &calm)
        })
        .collect();
    mean_of(&areas?)
}

fn reached(courses: &[&Course<'_>], level: Level, least: f64) -> Reached {
    let of = |outcome: Outcome| {
        let all = courses.iter().filter(|course| course.of.outcome == outcome);
        let hits = all.clone().filter(|course| course.highest >= least).count();
        share(hits as f64, all.count())
    };
    let (calm, tense, escalated) = (of(Outcome::Calm), of(Outcome::Tense), of(Outcome::Escalated));
    Reached { level, least, calm, tense, escalated }
}

/// When the level is reached, in turns of the customer from the annotated one.
fn lead(courses: &[&Course<'_>]) -> Lead {
    let least = least_of(LEAD_LEVEL);
    let mut lead =
        Lead { level: LEAD_LEVEL, conversations: 0, before: 0, at: 0, one_later: 0, later: 0, never: 0 };
    for course in courses {
        let Some(alert) = course.of.alert_turn else { continue };
        lead.conversations += 1;
        let Some(first) = course.first_at(least) else {
            lead.never += 1;
            continue;
        };
        let reached = course.customer_turns_to(course.of.moments[first].index);
        let annotated = course.customer_turns_to(alert);
        *match reached.checked_sub(annotated) {
            None => &mut lead.before,
            Some(0) => &mut lead.at,
            Some(1) => &mut lead.one_later,
            Some(_) => &mut lead.later,
        } += 1;
    }
    lead
}

/// Whether the turns before the annotated one already look worse than those of calm conversations.
fn early(courses: &[&Course<'_>]) -> Early {
    let (mut before, mut calm) = (Vec::new(), Vec::new());
    for course in courses {
        let risks: Vec<(usize, f64)> = course.of_customer().collect();
        match course.of.alert_turn {
            Some(alert) => before.extend(risks.iter().filter(|(at, _)| course.of.moments[*at].index < alert)),
            // The last one is left out: nothing comes after it that could be foretold.
            None if !course.of.is_bad() => calm.extend(&risks[..risks.len().saturating_sub(1)]),
            None => {}
        }
    }
    let risks = |turns: &[(usize, f64)]| turns.iter().map(|(_, risk)| *risk).collect::<Vec<_>>();
    Early { turns_before: before.len(), turns_calm: calm.len(), auc: auc(&risks(&before), &risks(&calm)) }
}

fn taken_back(courses: &[&Course<'_>], level: Level, least: f64) -> TakenBack {
    let (mut reached, mut taken_back) = (0, 0);
    for course in courses {
        let Some(first) = course.first_at(least) else { continue };
        reached += 1;
        let next: Vec<(usize, f64)> =
            course.of_customer().filter(|(at, _)| *at > first).take(TAKEN_BACK_TURNS).collect();
        let Some((last, _)) = next.last() else { continue };
        let fell = next.iter().any(|(_, risk)| *risk < least - TAKEN_BACK_BY);
        let comes_back = course.risks[*last..].iter().any(|risk| *risk >= least);
        taken_back += usize::from(fell && !comes_back);
    }
    TakenBack { level, reached, taken_back }
}

/// What becomes of the risk at the turn at which the customer is helped.
fn helped(courses: &[&Course<'_>]) -> Helped {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for course in courses {
        let moments = &course.of.moments;
        let is_help = |at: &usize| moments[*at].needed == Some(false) && moments[at - 1].needed == Some(true);
        let Some(help) = (1..moments.len()).find(is_help) else { continue };
        let next = course.of_customer().find(|(at, _)| *at >= help);
        if let Some((_, risk)) = next.filter(|(at, _)| moments[*at].needed == Some(false)) {
            before.push(course.risks[..help].iter().copied().fold(0.0, f64::max));
            after.push(risk);
        }
    }
    let fell = before.iter().zip(&after).filter(|(before, after)| **after < **before - FALLEN_BY).count();
    Helped { conversations: before.len(), fell, mean_before: mean_of(&before), mean_after: mean_of(&after) }
}

fn calibration(courses: &[&Course<'_>]) -> Vec<Bin> {
    let ends = BINS[1..].iter().copied().chain([f64::INFINITY]);
    let bin = |(from, to): (f64, f64)| {
        let within: Vec<_> =
            courses.iter().filter(|course| course.highest >= from && course.highest < to).collect();
        let bad = within.iter().filter(|course| course.of.is_bad()).count();
        let risks: Vec<f64> = within.iter().map(|course| course.highest).collect();
        let (mean_risk, share_bad) = (mean_of(&risks), share(bad as f64, within.len()));
        Bin { from, to: to.min(1.0), conversations: within.len(), mean_risk, share_bad }
    };
    BINS.into_iter().zip(ends).map(bin).collect()
}

fn least_of(level: Level) -> f64 {
    let known = LEVELS.iter().find(|(known, _)| *known == level);
    known.map(|(_, least)| *least).expect("a level with a threshold: this is a bug")
}

impl Course<'_> {
    /// The highest risk after the turns up to a place.
    fn highest_to(&self, index: usize) -> f64 {
        let up_to = self.of.moments.iter().zip(&self.risks).filter(|(moment, _)| moment.index <= index);
        up_to.map(|(_, risk)| *risk).fold(0.0, f64::max)
    }

    /// The place of a customer turn drawn by the conversation's id; of the first turn where there is none.
    fn drawn(&self, draw: u64) -> usize {
        let customer: Vec<usize> = self.of_customer().map(|(at, _)| at).collect();
        let digest = Sha256::new().chain_update(draw.to_be_bytes()).chain_update(&self.of.id).finalize();
        let number =
            u64::from_be_bytes(digest[..8].try_into().expect("a sha256 has 32 bytes: this is a bug"));
        let at = customer.get((number % customer.len().max(1) as u64) as usize).copied().unwrap_or(0);
        self.of.moments[at].index
    }

    /// When the risk is first so high.
    fn first_at(&self, least: f64) -> Option<usize> {
        self.risks.iter().position(|risk| *risk >= least)
    }

    fn of_customer(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        let customer = |(at, _): &(usize, f64)| self.of.moments[*at].role == Role::Customer;
        self.risks.iter().copied().enumerate().filter(customer)
    }

    fn customer_turns_to(&self, index: usize) -> usize {
        self.of_customer().filter(|(at, _)| self.of.moments[*at].index <= index).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detectors::Features;
    use crate::training::risk::follow::Moment;
    use crate::training::split::Split;

    /// Turns of customer and agent in turn, the customer first: `H` at a high risk, `.` at a low one. Somebody is needed from
    /// the annotated turn on until the last turn, if that is low.
    fn conversation(id: &str, outcome: Outcome, alert_turn: Option<usize>, risks: &str) -> Followed {
        let mut angry =
            Features { sentiment: 1.0, worst: 1.0, running_sentiment: 1.0, ..Features::default() };
        angry.signals[0] = 1.0;
        let moment = |(index, sign): (usize, char)| {
            let in_trouble = alert_turn.is_some_and(|alert| index >= alert);
            let last = index + 1 == risks.len();
            Moment {
                index,
                role: if index.is_multiple_of(2) { Role::Customer } else { Role::Agent },
                features: if sign == 'H' { angry } else { Features::default() },
                needed: Some(in_trouble && (sign == 'H' || !last)),
            }
        };
        let moments = risks.chars().enumerate().map(moment).collect();
        Followed { id: id.into(), set: 0, split: Split::Test, outcome, alert_turn, moments }
    }

    #[test]
    fn what_comes_when_and_what_is_taken_back_is_counted() {
        let of = [
            conversation("a", Outcome::Tense, Some(2), "..H"),
            conversation("b", Outcome::Tense, Some(2), "H.H"),
            conversation("c", Outcome::Escalated, Some(0), "..HH."),
            conversation("d", Outcome::Tense, Some(0), "....."),
            conversation("e", Outcome::Calm, None, "H.."),
            conversation("f", Outcome::Calm, None, "..."),
        ];
        let of: Vec<&Followed> = of.iter().collect();
        let figures = evaluate(&RiskModel::default(), &["set".into()], &of);
        assert_eq!((figures.len(), figures[1].set.as_str()), (2, "set"));
        let all = &figures[0];
        assert_eq!((all.conversations, all.calm, all.tense, all.escalated), (6, 2, 3, 1));
        // Of eight pairs three are tied at a high risk and one at a low one; `d` is under `e`.
        assert_eq!(all.highest.auc, Some((3.0 + 1.5 + 0.5) / 8.0));
        let Lead { conversations, before, at, one_later, later, never, .. } = all.lead;
        assert_eq!((conversations, before, at, one_later, later, never), (4, 1, 1, 1, 0, 1));
        let Reached { calm, tense, escalated, .. } = all.reached[1];
        assert_eq!((calm, tense, escalated), (Some(0.5), Some(2.0 / 3.0), Some(1.0)));
        // `b` comes back, `c` and `e` do not.
        assert_eq!((all.taken_back[1].reached, all.taken_back[1].taken_back), (4, 2));
        assert_eq!((all.helped.conversations, all.helped.fell), (2, 1));
        assert_eq!(all.calibration.iter().map(|bin| bin.conversations).sum::<usize>(), 6);
    }
}
