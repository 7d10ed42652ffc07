//! Timers and departures of many conversations, without a pipeline.

use super::*;
use crate::conversation::Arrival;
use crate::wire::Clock;

const CONVERSATIONS: u32 = 100_000;
const TICKS: u32 = 10_000;

fn at(seconds: u32) -> Timestamp {
    moments::later(Timestamp::UNIX_EPOCH, seconds)
}

/// A store in which conversation `n` has a timer at `timer_at(n)`.
fn store(conversations: u32, timer_at: impl Fn(u32) -> u32) -> Store<()> {
    let limits = StoreLimits {
        conversations_max: conversations as usize,
        idle: IdleLimits { live_seconds: 1_000_000, slow_seconds: 1_000_000 },
    };
    let store = Store::new(limits);
    for number in 0..conversations {
        let begun = store.with_or_new(
            &number.to_string(),
            at(0),
            |_, _| panic!("there is room"),
            |held| {
                let arrival =
                    Arrival { now: at(0), at: at(0), timeline: SERVER_TIMELINE, clock: Clock::Wall };
                held.timing.anchor(at(0), arrival);
                held.timing.arm(Some(at(timer_at(number))));
            },
        );
        begun.expect("there is room");
    }
    store
}

#[test]
#[allow(clippy::disallowed_types, reason = "no runtime runs here")]
fn many_running_timers_cost_nothing_while_nothing_is_due() {
    let store = store(CONVERSATIONS, |number| 100_000 + number);
    store.check_books();
    let began = std::time::Instant::now();
    for tick in 0..TICKS {
        store.tick(at(tick), |_, _| panic!("nobody leaves"), |_, _| panic!("nothing is due"));
    }
    let each = began.elapsed() / TICKS;
    // One tick a second: 1 % of a core is 10 milliseconds. It takes microseconds.
    assert!(each < std::time::Duration::from_millis(1), "{each:?} a tick");
    println!("{each:?} a tick with {CONVERSATIONS} timers running");
}

#[test]
fn each_timer_fires_once_in_the_order_of_time_and_then_its_conversation_may_leave() {
    let store = store(1_000, |number| 10 + (number * 7_919) % 1_000);
    let mut fired = Vec::new();
    for now in [0, 9, 10, 11, 500, 5_000] {
        store.tick(
            at(now),
            |_, _| panic!("nobody is idle yet"),
            |held, moment| {
                assert!(moment <= at(now));
                fired.push(moment);
                held.timing.arm(None);
            },
        );
        store.check_books();
    }
    assert_eq!(fired.len(), 1_000);
    assert!(fired.is_sorted());
    let mut left = 0;
    store.tick(at(2_000_000), |_, _| left += 1, |_, _| panic!("no timer is left"));
    assert_eq!((left, store.len()), (1_000, 0));
    store.check_books();
}

#[test]
fn a_timer_that_is_not_set_anew_is_looked_at_once_a_tick() {
    let store = store(3, |_| 10);
    let mut looks = 0;
    store.tick(at(20), |_, _| {}, |_, _| looks += 1);
    assert_eq!(looks, 3);
    store.tick(at(20), |_, _| {}, |_, _| looks += 1);
    assert_eq!(looks, 6);
}

#[test]
fn timers_of_another_timeline_wait_for_it() {
    let store = store(1, |_| 10);
    store.with("0", |held| {
        let arrival = Arrival { now: at(0), at: at(0), timeline: 7, clock: Clock::Event };
        held.timing.anchor(at(0), arrival);
        held.timing.arm(Some(at(10)));
    });
    store.check_books();
    store.tick(at(20), |_, _| {}, |_, _| panic!("not the server's"));
    store.tick_timeline(6, at(20), |_, _| panic!("not this one's"));
    store.tick_timeline(7, at(9), |_, _| panic!("not yet"));
    let mut looks = 0;
    store.tick_timeline(7, at(10), |_, _| looks += 1);
    assert_eq!(looks, 1);
}
