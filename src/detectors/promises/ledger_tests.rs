//! Tests of the ledger.

use jiff::tz::TimeZone;

use super::*;
use crate::detectors::promises::promise;
use crate::wire::Channel;

fn moment(text: &str) -> Timestamp {
    format!("2026-03-{text}Z").parse().expect("a moment")
}

fn entered(text: &str, at: &str, turn_id: &str) -> Entry {
    let said = Setting { at: moment(at), zone: &TimeZone::UTC, channel: Channel::Chat };
    let promise = promise(text, None, &said).expect("a promise");
    Entry::new(turn_id, text, promise, &said, 0.0)
}

fn ledger(promises: &[(&str, &str)]) -> Ledger {
    let mut ledger = Ledger::default();
    for (index, (text, at)) in promises.iter().enumerate() {
        ledger.enter(entered(text, at, &format!("m-{index}")));
    }
    ledger
}

fn ids(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| &*entry.turn_id).collect()
}

#[test]
fn time_breaks_a_promise_once_after_its_grace() {
    let mut ledger = ledger(&[
        ("I'll write to you within the hour.", "04T10:00:00"),
        ("And we'll refund you by Friday.", "04T10:01:00"),
    ]);
    assert_eq!(ledger.due_next(0.0), Some(moment("04T11:05:00")));
    assert_eq!(ledger.due_next(60.0), Some(moment("04T11:06:00")), "the source was gone");
    let (at, broken) = ledger.ring(0.0).expect("one is due");
    assert_eq!((at, &*broken.turn_id, broken.standing), (moment("04T11:05:00"), "m-0", Standing::Broken));
    assert_eq!(&*broken.quote, "I'll write to you within the hour");
    assert_eq!(broken.overdue_seconds(at), 300.0);
    assert_eq!(ledger.open_and_overdue(at), (1, 1));
    assert_eq!(ledger.due_next(0.0), Some(moment("07T01:02:00")));
}

#[test]
fn without_a_stated_time_time_breaks_only_what_would_be_seen() {
    let check = |text, expect: Option<&str>| {
        assert_eq!(ledger(&[(text, "04T10:00:00")]).due_next(0.0), expect.map(moment), "{text}");
    };
    check("I'll get back to you shortly.", Some("05T10:00:00"));
    check("I'll send the label.", None);
    check("I'll stay on until it works.", None);
}

#[test]
fn deeds_and_the_customers_word_keep_a_promise_also_late() {
    let mut ledger = ledger(&[
        ("I'll send the label within the hour.", "04T10:00:00"),
        ("I'll ring you tomorrow at 10.", "04T10:01:00"),
        ("Our technician will visit tomorrow at 8.", "04T10:01:00"),
    ]);
    assert_eq!(ledger.kept("I've sent the label.", moment("04T10:30:00")), []);
    assert_eq!(ledger.open_and_overdue(moment("04T10:30:00")), (2, 0));
    assert_eq!(ledger.ring(0.0).map(|(_, entry)| entry.turn_id), Some(Box::from("m-2")));
    assert_eq!(ledger.ring(0.0).map(|(_, entry)| entry.turn_id), Some(Box::from("m-1")));
    let late = ledger.kept("Sorry that I called you so late.", moment("05T12:00:00"));
    assert_eq!(ids(&late), ["m-1"]);
    assert_eq!((late[0].standing, late[0].broken_at), (Standing::Kept, Some(moment("05T11:02:00"))));
    assert_eq!(ids(&ledger.confirmed("he's here at last", moment("05T12:00:00"))), ["m-2"]);
    assert_eq!((ledger.open_and_overdue(moment("06T00:00:00")), ledger.due_next(0.0)), ((0, 0), None));
}

#[test]
fn who_promises_to_be_back_soon_keeps_it_by_coming_back() {
    let check = |promise, at, expect: usize| {
        let mut ledger = ledger(&[(promise, "04T10:00:00")]);
        ledger.kept("So, the switch in your street is on fire.", moment(at));
        assert_eq!(ledger.open_and_overdue(moment(at)).0, expect, "{promise} {at}");
    };
    check("I'm back with you in ten minutes.", "04T10:08:00", 0);
    check("I'm back with you in ten minutes.", "04T10:00:30", 1);
    check("I'll get back to you by Friday.", "05T10:30:00", 1);
    check("I'll write today before five.", "04T14:20:00", 0);
    check("I'll ring you in ten minutes.", "04T10:08:00", 1);
}

#[test]
fn a_chase_breaks_the_one_that_is_meant() {
    let check = |promises: &[&str], text: &str, at: &str, expect: Option<&str>| {
        let promises: Vec<_> = promises.iter().map(|text| (*text, "04T10:00:00")).collect();
        let chased = ledger(&promises).chased(text, false, moment(at));
        assert_eq!(chased.as_ref().map(|entry| &*entry.turn_id), expect, "{promises:?} {text:?} {at}");
    };
    check(&["I'll get back to you shortly."], "any update?", "04T10:30:00", Some("m-0"));
    check(&["I'll get back to you shortly."], "any update?", "04T10:05:00", None);
    check(&["I'll get back to you shortly."], "thanks, will wait", "04T10:30:00", None);
    check(&["I'll call you by Friday."], "any update?", "05T10:30:00", None);
    check(&["I'll call you by Friday."], "nobody called", "07T10:30:00", Some("m-0"));
    let both = ["I'll call you today.", "I'll send the label by five pm."];
    check(&both, "nobody called", "05T10:30:00", Some("m-0"));
    check(&both, "any update?", "05T10:30:00", Some("m-1"));
    check(&["I'll stay on until it works."], "any update?", "04T12:00:00", None);
    let complains =
        |promise, at| ledger(&[(promise, "04T10:00:00")]).chased("17:50, no cake", true, moment(at));
    assert!(complains("It'll be with you by 17:30.", "04T17:50:00").is_some());
    assert!(complains("It'll be with you by 17:30.", "04T17:20:00").is_none());
    assert!(complains("I'll get back to you.", "04T17:50:00").is_none());
}

#[test]
fn a_promise_made_again_is_the_same_one() {
    let again = ledger(&[
        ("He will ring you by 14:00.", "04T10:00:00"),
        ("He will ring you by 14:00, as I said.", "04T10:01:00"),
        ("I'll get back to you.", "04T10:02:00"),
        ("We'll get back to you shortly.", "04T10:03:00"),
        ("We will get back to you by Friday.", "04T10:03:00"),
    ]);
    assert_eq!(again.entries().count(), 3);
}

#[test]
fn the_end_breaks_what_is_overdue_and_what_somebody_leaves_who_meant_to_stay() {
    let check = |promise, leaves, content, at: &str, expect: usize| {
        let mut ledger = ledger(&[(promise, "04T10:00:00")]);
        assert_eq!(ledger.closed(leaves, content, 0.0, moment(at)).len(), expect, "{promise} {at}");
        assert_eq!(ledger.due_next(0.0), None);
    };
    check("I'll be back in ten minutes.", true, true, "04T10:10:30", 1);
    check("I'll be back in ten minutes.", false, true, "04T10:10:30", 0);
    check("I'll be back in ten minutes.", true, true, "04T10:09:30", 0);
    check("I'll stay on until it works.", true, false, "04T10:04:00", 1);
    check("I'll stay on until it works.", true, true, "04T10:04:00", 0);
    check("I won't close this chat before it prints.", true, false, "04T10:04:00", 1);
    check("I'll stay on until it works.", false, false, "04T10:04:00", 0);
}

#[test]
fn what_was_promised_before_is_timed_if_its_time_is_to_come() {
    let check = |id: &str, closed: bool, now: &str, expect: Option<&str>| {
        let mut before = ledger(&[("We'll refund you by Friday.", "04T10:00:00")]);
        if closed {
            before.closed(true, true, 0.0, moment("04T11:00:00"));
        }
        let open = before.take_open("c-1");
        assert_eq!((open.len(), before.is_empty()), (1, true));
        let mut after = Ledger::default();
        after.carry(open, id, 7.0, moment(now));
        let entry = after.entries().next().expect("it is carried");
        assert_eq!(entry.conversation_id.as_deref(), (id != "c-1").then_some("c-1"));
        assert_eq!(after.due_next(7.0), expect.map(moment), "{id} {closed} {now}");
        assert!(after.chased("where is my refund?", false, moment("07T09:00:00")).is_some());
    };
    check("c-2", true, "05T10:00:00", Some("07T01:02:00"));
    check("c-2", true, "08T10:00:00", None);
    check("c-2", false, "08T10:00:00", None);
    check("c-1", true, "08T10:00:00", None);
    check("c-1", false, "08T10:00:00", Some("07T01:02:00"));
}

#[test]
fn it_is_bounded_and_closed_ones_leave_first() {
    let mut ledger = Ledger::default();
    for day in 5..5 + PROMISES_MAX {
        let text = format!("I'll call you on the {day}th.");
        assert_eq!(ledger.enter(entered(&text, "04T10:00:00", &format!("m-{day}"))), None);
    }
    assert_eq!(ledger.ring(0.0).map(|(_, entry)| entry.turn_id), Some(Box::from("m-5")));
    assert_eq!(ledger.enter(entered("I'll call you on the 20th.", "04T12:00:00", "m-20")), None);
    let left = ledger.enter(entered("I'll call you on the 21st.", "04T12:00:00", "m-21"));
    let left = left.map(|entry| (entry.turn_id, entry.standing));
    assert_eq!(left, Some((Box::from("m-6"), Standing::Expired)));
    assert_eq!(ledger.entries().count(), PROMISES_MAX);
}

#[test]
fn it_can_be_stored() {
    let ledger = ledger(&[("I'll call you by Friday.", "04T10:00:00")]);
    let stored = serde_json::to_string(&ledger).expect("plain values");
    assert_eq!(serde_json::from_str::<Ledger>(&stored).expect("what was stored"), ledger);
}
