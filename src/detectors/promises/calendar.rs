//! Civil time for deadlines: ends of days and weeks, working days, and what "at 4" means now.
//!
//! Holds always: nothing panics or overflows, whatever the date; what cannot be reckoned is none. A day ends when
//! the next one begins, a week with its Sunday. Called by `deadline`.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};

/// Hours of the day in which people call and write, where a clock time could be either.
const WAKING_HOURS: std::ops::RangeInclusive<i8> = 7..=22;
/// Without a hint, hours up to this one are in the afternoon: nobody calls "at 4" in the night.
const AFTERNOON_HOUR_MAX: i8 = 6;
/// Longer counts of days or months are cut.
const COUNT_MAX: u32 = 10_000;

/// A time of day as people write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    pub hour: i8,
    pub minute: i8,
    /// Whether the hour may be before or after noon.
    pub ambiguous: bool,
}

/// Which part of a day was named with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Morning,
    Noon,
    Afternoon,
    Evening,
}

impl Part {
    pub fn of(word: &str) -> Option<Self> {
        Some(match word {
            "morning" | "first thing" => Part::Morning,
            "noon" | "midday" => Part::Noon,
            "lunchtime" | "afternoon" => Part::Afternoon,
            "evening" | "night" => Part::Evening,
            _ => return None,
        })
    }

    /// The hour by which it is over; none where it lasts as long as the day.
    fn end_hour(self) -> Option<i8> {
        match self {
            Part::Morning | Part::Noon => Some(12),
            Part::Afternoon => Some(18),
            Part::Evening => None,
        }
    }
}

/// The end of a day, or of a part of it.
pub fn day_end(date: Date, part: Option<Part>, zone: &TimeZone) -> Option<Timestamp> {
    match part.and_then(Part::end_hour) {
        Some(hour) => at(date, hour, 0, zone),
        None => at(date.tomorrow().ok()?, 0, 0, zone),
    }
}

pub fn day_start(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    at(date, 0, 0, zone)
}

/// The end of the day that is so many days later.
pub fn after_days(now: &Zoned, days: u32) -> Option<Timestamp> {
    let date = now.date().checked_add(i64::from(days.min(COUNT_MAX)).days()).ok()?;
    day_end(date, None, now.time_zone())
}

/// The end of the day that is so many working days later.
pub fn after_working_days(now: &Zoned, days: u32) -> Option<Timestamp> {
    let mut date = now.date();
    let mut left = days.min(COUNT_MAX);
    while left > 0 {
        date = date.tomorrow().ok()?;
        left -= u32::from(!matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday));
    }
    day_end(date, None, now.time_zone())
}

pub fn after_months(now: &Zoned, months: u32) -> Option<Timestamp> {
    let date = now.date().checked_add(i64::from(months.min(COUNT_MAX)).months()).ok()?;
    day_end(date, None, now.time_zone())
}

pub fn after_minutes(now: &Zoned, minutes: f64) -> Option<Timestamp> {
    now.timestamp().checked_add(SignedDuration::from_secs((minutes * 60.0) as i64)).ok()
}

/// The last day of the week that is so many weeks later.
pub fn week_end(now: &Zoned, weeks_later: i32) -> Option<Date> {
    now.date().yesterday().ok()?.nth_weekday(1 + weeks_later, Weekday::Sunday).ok()
}

pub fn month_end(now: &Zoned, months_later: i64) -> Option<Date> {
    Some(now.date().first_of_month().checked_add(months_later.months()).ok()?.last_of_month())
}

/// The next day of that name; never today, since "by Friday" said on a Friday is seldom meant for today.
pub fn next_weekday(now: &Zoned, weekday: Weekday) -> Option<Date> {
    now.date().nth_weekday(1, weekday).ok()
}

/// The next date with this day of the month, today included.
pub fn next_day_of_month(now: &Zoned, day: i8) -> Option<Date> {
    let first = now.date().first_of_month();
    (0..=2_i64)
        .filter_map(|months| {
            let month = first.checked_add(months.months()).ok()?;
            Date::new(month.year(), month.month(), day).ok()
        })
        .find(|date| *date >= now.date())
}

/// The next date of this day and month, today included.
pub fn next_date(now: &Zoned, month: i8, day: i8) -> Option<Date> {
    let year = now.date().year();
    [year, year.saturating_add(1)]
        .into_iter()
        .filter_map(|year| Date::new(year, month, day).ok())
        .find(|date| *date >= now.date())
}

impl Clock {
    /// The moment on that day.
    pub fn on(self, date: Date, part: Option<Part>, now: &Zoned, zone: &TimeZone) -> Option<Timestamp> {
        let early = at(date, self.hour % 24, self.minute, zone)?;
        if !self.ambiguous {
            return Some(early);
        }
        let late = at(date, (self.hour % 12) + 12, self.minute, zone)?;
        let afternoon = match part {
            Some(Part::Morning) => false,
            Some(Part::Noon | Part::Afternoon | Part::Evening) => true,
            None => self.hour <= AFTERNOON_HOUR_MAX || self.hour == 12 || early <= now.timestamp(),
        };
        Some(if afternoon { late } else { early })
    }

    /// The next moment with this time at which people are awake.
    pub fn next(self, now: &Zoned, zone: &TimeZone) -> Option<Timestamp> {
        let today = now.timestamp().to_zoned(zone.clone()).date();
        let hours =
            if self.ambiguous { vec![self.hour % 12, self.hour % 12 + 12] } else { vec![self.hour % 24] };
        hours
            .into_iter()
            .filter(|hour| !self.ambiguous || WAKING_HOURS.contains(hour))
            .filter_map(|hour| at(today, hour, self.minute, zone))
            .find(|moment| *moment > now.timestamp())
            .or_else(|| self.on(today.tomorrow().ok()?, None, now, zone))
    }
}

fn at(date: Date, hour: i8, minute: i8, zone: &TimeZone) -> Option<Timestamp> {
    let time = Time::new(hour, minute, 0, 0).ok()?;
    Some(date.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Wednesday.
    fn now() -> Zoned {
        "2026-03-04T10:20:00+00:00[UTC]".parse().expect("a moment")
    }

    fn check(name: &str, actual: Option<Timestamp>, expect: &str) {
        assert_eq!(actual.map(|moment| moment.to_string()).as_deref(), Some(expect), "{name}");
    }

    #[test]
    fn days_end_when_the_next_one_begins() {
        let now = now();
        check("today", after_days(&now, 0), "2026-03-05T00:00:00Z");
        check("3 days", after_days(&now, 3), "2026-03-08T00:00:00Z");
        check("3 working days are Monday", after_working_days(&now, 3), "2026-03-10T00:00:00Z");
        check("a month", after_months(&now, 1), "2026-04-05T00:00:00Z");
        check("half an hour", after_minutes(&now, 30.0), "2026-03-04T10:50:00Z");
        check("morning", day_end(now.date(), Some(Part::Morning), now.time_zone()), "2026-03-04T12:00:00Z");
    }

    #[test]
    fn named_days_are_the_next_ones() {
        let now = now();
        let check = |name: &str, actual: Option<Date>, expect: &str| {
            assert_eq!(actual.map(|date| date.to_string()).as_deref(), Some(expect), "{name}");
        };
        check("Friday", next_weekday(&now, Weekday::Friday), "2026-03-06");
        check("Wednesday", next_weekday(&now, Weekday::Wednesday), "2026-03-11");
        check("this week", week_end(&now, 0), "2026-03-08");
        check("next week", week_end(&now, 1), "2026-03-15");
        check("this month", month_end(&now, 0), "2026-03-31");
        check("the 4th", next_day_of_month(&now, 4), "2026-03-04");
        check("the 3rd", next_day_of_month(&now, 3), "2026-04-03");
        check("the 31st", next_day_of_month(&now, 31), "2026-03-31");
        check("1 March", next_date(&now, 3, 1), "2027-03-01");
        check("29 February, in no near year", next_date(&now, 2, 29).or(Some(now.date())), "2026-03-04");
    }

    #[test]
    fn a_clock_time_is_the_next_one_when_people_are_awake() {
        let now = now();
        let clock = |hour, ambiguous| Clock { hour, minute: 0, ambiguous };
        let next = |hour, ambiguous| clock(hour, ambiguous).next(&now, now.time_zone());
        check("at 4", next(4, true), "2026-03-04T16:00:00Z");
        check("at 11", next(11, true), "2026-03-04T11:00:00Z");
        check("at 9", next(9, true), "2026-03-04T21:00:00Z");
        check("at 12", next(12, true), "2026-03-04T12:00:00Z");
        check("at 09:00", next(9, false), "2026-03-05T09:00:00Z");
        check("at 17:00", next(17, false), "2026-03-04T17:00:00Z");
        let tomorrow = now.date().tomorrow().expect("it exists");
        check(
            "tomorrow at 9",
            clock(9, true).on(tomorrow, None, &now, now.time_zone()),
            "2026-03-05T09:00:00Z",
        );
        check(
            "tomorrow at 2",
            clock(2, true).on(tomorrow, None, &now, now.time_zone()),
            "2026-03-05T14:00:00Z",
        );
        let evening = clock(8, true).on(now.date(), Some(Part::Evening), &now, now.time_zone());
        check("tonight at 8", evening, "2026-03-04T20:00:00Z");
    }

    #[test]
    fn the_end_of_time_is_no_deadline() {
        let now: Zoned = "9999-12-30T10:00:00+00:00[UTC]".parse().expect("a moment");
        assert_eq!(after_days(&now, 30), None);
        assert_eq!(after_working_days(&now, 900), None);
        assert_eq!(next_date(&now, 1, 1), None);
    }
}
