//! Tests of `deadline`, sentence by sentence.

use super::*;

/// A Wednesday, 10:20.
fn now() -> Zoned {
    "2026-03-04T10:20:00+00:00[UTC]".parse().expect("a moment")
}

/// The latest deadline of a sentence; "-" for none.
fn latest(sentence: &str) -> String {
    let found = deadlines(sentence, &now());
    let moments = found.iter().filter_map(|deadline| match deadline.when {
        When::At(moment) => Some(moment),
        When::Moment | When::Vague => None,
    });
    match moments.max() {
        Some(moment) => moment.to_string(),
        None if found.iter().any(|deadline| deadline.when == When::Moment) => "moment".to_owned(),
        None if !found.is_empty() => "vague".to_owned(),
        None => "-".to_owned(),
    }
}

fn check_all(cases: &[(&str, &str)]) {
    for (sentence, expect) in cases {
        let expect = if expect.starts_with("03-") { format!("2026-{expect}Z") } else { (*expect).to_owned() };
        assert_eq!(latest(sentence), expect, "{sentence:?}: {:?}", deadlines(sentence, &now()));
    }
}

#[test]
fn durations() {
    check_all(&[
        ("within the hour", "03-04T11:20:00"),
        ("in an hour or so", "03-04T11:20:00"),
        ("in 20 minutes", "03-04T10:40:00"),
        ("in about 20 mins", "03-04T10:40:00"),
        ("qr code in ten minutes", "03-04T10:30:00"),
        ("in half an hour", "03-04T10:50:00"),
        ("in the next half hour", "03-04T10:50:00"),
        ("in an hour and a half", "03-04T11:50:00"),
        ("in a few minutes", "03-04T10:30:00"),
        ("tell you in 5", "03-04T10:25:00"),
        ("within 24 hours", "03-05T10:20:00"),
        ("within the next 24 to 48 hours", "03-06T10:20:00"),
        ("arrives by text within 24h", "03-05T10:20:00"),
        ("in 2 days", "03-07T00:00:00"),
        ("in the next couple of days", "03-07T00:00:00"),
        ("3-5 business days", "03-12T00:00:00"),
        ("within 3 to 5 working days", "03-12T00:00:00"),
        ("within five business days", "03-12T00:00:00"),
        ("in 2 weeks", "03-19T00:00:00"),
        ("48 hours max", "03-06T10:20:00"),
    ]);
}

#[test]
fn what_is_no_deadline() {
    check_all(&[
        ("in a minute", "moment"),
        ("one moment please", "moment"),
        ("give me a second", "moment"),
        ("give me three minutes", "moment"),
        ("any minute now", "moment"),
        ("a second look by a person", "-"),
        ("two days ago", "-"),
        ("for three days", "-"),
        ("in 3 steps", "-"),
        ("within 14 days of delivery", "-"),
        ("the fee is 9.90", "-"),
        ("by 5 euros", "-"),
        ("case 55310", "-"),
        ("open 24/7", "-"),
        ("last friday", "-"),
        ("since monday", "-"),
        ("your letter of 14 february", "-"),
        ("i sat down in the sun", "-"),
        ("the 2nd parcel", "-"),
        ("shortly", "vague"),
        ("as soon as possible", "vague"),
    ]);
}

#[test]
fn days() {
    check_all(&[
        ("today", "03-05T00:00:00"),
        ("by the end of today", "03-05T00:00:00"),
        ("by end of day", "03-05T00:00:00"),
        ("by eod", "03-05T00:00:00"),
        ("by close of business", "03-05T00:00:00"),
        ("this afternoon", "03-04T18:00:00"),
        ("tonight", "03-05T00:00:00"),
        ("tomorrow", "03-06T00:00:00"),
        ("tomorrow morning", "03-05T12:00:00"),
        ("tomorrow first thing", "03-05T12:00:00"),
        ("the day after tomorrow", "03-07T00:00:00"),
        ("by friday", "03-07T00:00:00"),
        ("weds, swear down", "03-12T00:00:00"),
        ("before friday", "03-06T00:00:00"),
        ("next friday", "03-14T00:00:00"),
        ("on monday morning", "03-09T12:00:00"),
        ("this week", "03-09T00:00:00"),
        ("next week", "03-16T00:00:00"),
        ("by the end of the month", "2026-04-01T00:00:00Z"),
        ("on the 14th", "03-15T00:00:00"),
        ("by the 2nd", "2026-04-03T00:00:00Z"),
        ("on the 14th of march", "03-15T00:00:00"),
        ("by 14 march", "03-15T00:00:00"),
        ("march 14th", "03-15T00:00:00"),
        ("by 2026-03-14", "03-15T00:00:00"),
        ("by 21/03/2026", "03-22T00:00:00"),
    ]);
}

#[test]
fn times_of_day() {
    check_all(&[
        ("by 5 pm", "03-04T17:00:00"),
        ("by 5pm today", "03-04T17:00:00"),
        ("by 5 p.m. today", "03-04T17:00:00"),
        ("at 4", "03-04T16:00:00"),
        ("at 11:30 sharp", "03-04T11:30:00"),
        ("before 3", "03-04T15:00:00"),
        ("by noon", "03-04T12:00:00"),
        ("before lunch", "03-04T14:00:00"),
        ("by midnight", "03-05T00:00:00"),
        ("at half past 4", "03-04T16:30:00"),
        ("today by four", "03-04T16:00:00"),
        ("tonight around seven", "03-04T19:00:00"),
        ("by 10:00 tomorrow", "03-05T10:00:00"),
        ("tomorrow at 10", "03-05T10:00:00"),
        ("tomorrow between 8 and 12", "03-05T12:00:00"),
        ("on thursday at 2", "03-05T14:00:00"),
        ("tuesday 8-12", "03-10T12:00:00"),
        ("31 march, 9 to 11", "03-31T11:00:00"),
        ("by friday noon", "03-06T12:00:00"),
        ("at 14:00 utc", "03-04T14:00:00"),
        ("by one of our engineers", "-"),
        ("at 3 of our shops", "-"),
    ]);
}

#[test]
fn a_zone_moves_the_end_of_the_day() {
    let now: Zoned = "2026-03-04T10:20:00-05:00[America/New_York]".parse().expect("a moment");
    let found = deadlines("by 5 pm", &now);
    let expect: Timestamp = "2026-03-04T22:00:00Z".parse().expect("a moment");
    assert_eq!(found.first().map(|deadline| deadline.when), Some(When::At(expect)));
}
