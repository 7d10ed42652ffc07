//! Which two claims are about the same thing, and whether they agree.
//!
//! Holds always: pure; in doubt two claims are about different things. Called by the module above.

use super::claims::{ANYTHING, Claim, Value};

/// Two subjects that were both taken from the customer's questions share at least this part of the longer one.
const SHARED_PART_MIN: f64 = 0.5;

/// Whether the later claim gives the same thing another value.
pub fn disagree(earlier: &Claim, later: &Claim) -> bool {
    comparable(earlier, later) && differ(&earlier.value, &later.value)
}

/// Whether two claims give a value of the same kind to the same thing on the same terms.
pub fn comparable(earlier: &Claim, later: &Claim) -> bool {
    same_kind(&earlier.value, &later.value) && same_terms(earlier, later) && same_subject(earlier, later)
}

fn free(value: &Value) -> bool {
    matches!(value, Value::Money { cents: 0, .. })
}

/// "Breakfast is included" is as good as free.
fn included(value: &Value) -> bool {
    matches!(value, Value::Holds { predicate, holds: true, .. } if predicate == "is cover")
}

fn costs(value: &Value) -> bool {
    matches!(value, Value::Money { cents: 1.., .. } | Value::Fee)
}

fn same_kind(earlier: &Value, later: &Value) -> bool {
    match (earlier, later) {
        (Value::Money { currency: one, .. }, Value::Money { currency: other, .. }) => {
            one == other || one.is_none() || other.is_none() || free(earlier) || free(later)
        }
        (Value::Fee, Value::Fee) => true,
        (Value::Duration { working: one, .. }, Value::Duration { working: other, .. }) => one == other,
        (Value::Weekday { .. }, Value::Weekday { .. })
        | (Value::Date { .. }, Value::Date { .. })
        | (Value::Percent { .. }, Value::Percent { .. }) => true,
        (Value::Holds { predicate: one, .. }, Value::Holds { predicate: other, .. }) => one == other,
        _ => {
            free(earlier) && costs(later)
                || free(later) && costs(earlier)
                || included(earlier) && costs(later)
        }
    }
}

/// What is free is free per month and with tax; all else needs the same terms.
fn same_terms(earlier: &Claim, later: &Claim) -> bool {
    if later.definite {
        return true;
    }
    if matches!((&earlier.value, &later.value), (Value::Holds { .. }, Value::Holds { .. })) {
        return earlier.terms == later.terms || earlier.terms.is_empty() || later.terms.is_empty();
    }
    let free = |claim: &Claim| free(&claim.value) || included(&claim.value);
    let place = |claim: &Claim| {
        claim.terms.iter().find(|term| matches!(term.as_str(), "online" | "on site")).cloned()
    };
    if free(earlier) || free(later) { place(earlier) == place(later) } else { earlier.terms == later.terms }
}

fn within(few: &[String], many: &[String]) -> bool {
    !few.is_empty() && few.iter().all(|word| many.contains(word))
}

fn same_subject(earlier: &Claim, later: &Claim) -> bool {
    let (one, other) = (&earlier.subject, &later.subject);
    if later.definite || earlier.definite {
        // "After the 30 days" needs that days were spoken of, whatever its own clause is about.
        return later.definite && !earlier.definite;
    }
    if later.contested && free(&earlier.value) && one.iter().any(|word| other.contains(word)) {
        return true;
    }
    let anything = |claim: &Claim| claim.subject.len() == 1 && claim.subject[0] == ANYTHING;
    if !earlier.borrowed && !later.borrowed && (anything(earlier) || anything(later)) {
        return one.len() == 1 && other.len() == 1;
    }
    let known = |claim: &Claim, word: &String| {
        claim.subject.contains(word) || claim.lent.contains(word) || claim.asked.contains(word)
    };
    let knows = |claim: &Claim, few: &[String]| !few.is_empty() && few.iter().all(|word| known(claim, word));
    match (earlier.borrowed, later.borrowed) {
        (false, false) => {
            one == other
                || general(earlier, later) && within(other, one)
                || of_all(earlier) && within(one, other)
        }
        (true, false) => knows(earlier, other),
        (false, true) => knows(later, one) && other.iter().all(|word| one.contains(word)),
        (true, true) => both_borrowed(earlier, later),
    }
}

/// What is denied of all is denied of each: "hail is covered under Plus", then "hail is not covered".
fn general(earlier: &Claim, later: &Claim) -> bool {
    matches!(later.value, Value::Holds { .. })
        || (free(&earlier.value) || included(&earlier.value)) && costs(&later.value)
}

fn of_all(claim: &Claim) -> bool {
    matches!(claim.value, Value::Holds { of_all: true, holds: true, .. })
}

fn both_borrowed(earlier: &Claim, later: &Claim) -> bool {
    let (one, other) = (&earlier.subject, &later.subject);
    if !one.is_empty() || !other.is_empty() {
        return one == other || one.is_empty() && later.contested || other.is_empty() && later.contested;
    }
    if later.contested {
        return true;
    }
    let (one, other) = (&earlier.asked, &later.asked);
    if one.is_empty() && other.is_empty() {
        return matches!(earlier.value, Value::Holds { .. });
    }
    let shared = one.iter().filter(|word| other.contains(word)).count();
    shared > 0 && shared as f64 >= SHARED_PART_MIN * one.len().max(other.len()) as f64
}

fn differ(earlier: &Value, later: &Value) -> bool {
    match (earlier, later) {
        (Value::Money { cents: one, .. }, Value::Money { cents: other, .. }) => one != other,
        (
            Value::Duration { shortest: least, longest: most, .. },
            Value::Duration { shortest: from, longest: to, .. },
        ) => most < from || to < least,
        // "Not shipped yet", then "shipped": time has passed.
        (Value::Holds { holds: one, lasting, .. }, Value::Holds { holds: other, .. }) => {
            one != other && (*lasting || *one)
        }
        _ => earlier != later,
    }
}
