//! What conversations cost apart from the encoder: turns a second through admission, state, detectors and alerts with
//! scores recorded before; bytes of an idle and of a busy conversation; memory over a million turns; and what
//! 100,000 open conversations with running timers cost when nothing happens, or somebody lists them.
//!
//! Run: `cargo bench --bench conversation`, or with `-- turns`, `long`, `idle`, `busy`, `timers` or `lists` for one of them.
//! The figures in docs/performance.md come from here. Scores are recorded once from the shipped model, for the demo's
//! turns without their contexts.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use undertone::pipeline::{Admission, Answer, Filter, Pipeline, PipelineConfig, Ticket};
use undertone::scoring::{Model, Prepared, Scores};
use undertone::telemetry::{MetricLimits, Metrics};
use undertone::wire::{Channel, ClientFrame, Clock, Closed, Level, Role, ServerFrame, Turn};

const ROUNDS: usize = 5;
const BATCH_TURNS: usize = 32;
/// Turns of one round of `turns`.
const ROUND_TURNS: usize = 100_000;
/// The long run: so many turns, over so many conversations, of which so many are open at once.
const LONG_TURNS: usize = 1_000_000;
const LONG_CONVERSATIONS: usize = 50_000;
const OPEN_AT_ONCE: usize = 2_000;
/// Conversations held for the figures of memory and timers.
const HELD: usize = 100_000;
/// Turns of a conversation that counts as busy.
const BUSY_TURNS: usize = 20;
/// Turns of a conversation that is listed.
const LISTED_TURNS: usize = 3;
/// Quiet seconds of the server that are measured.
const QUIET_SECONDS: u32 = 60;

/// Findings heard so far.
static FINDINGS: AtomicUsize = AtomicUsize::new(0);

/// Nobody listens, but findings are counted.
#[derive(Clone)]
struct Deaf;

/// A recorded turn and what the model said of it.
struct Recorded {
    turn: Turn,
    scores: Scores,
}

struct House {
    pipeline: Pipeline<Deaf>,
    recorded: Vec<Recorded>,
}

impl Ticket for Deaf {
    fn answer(&self, _: Answer) {}
    fn notify(&self, frame: &ServerFrame) {
        FINDINGS.fetch_add(usize::from(matches!(frame, ServerFrame::Finding(_))), Ordering::Relaxed);
    }
}

fn main() {
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let Some(part) = wanted else {
        // Each in a process of its own: memory that another one has freed would be taken for nothing.
        for part in ["turns", "long", "idle", "busy", "timers", "lists"] {
            let program = std::env::current_exe().expect("this program");
            let status = std::process::Command::new(program).arg(part).status().expect("it runs");
            assert!(status.success(), "{part} failed");
        }
        return;
    };
    let recorded = record();
    let mut house = House { pipeline: pipeline(), recorded };
    match part.as_str() {
        "turns" => house.turns(),
        "long" => house.long_run(),
        "idle" => house.held(1, "idle: one turn of the customer"),
        "busy" => house.held(BUSY_TURNS, "busy: twenty turns"),
        "timers" => house.timers(),
        "lists" => house.lists(),
        other => panic!("{other} is none of turns, long, idle, busy, timers, lists"),
    }
}

impl House {
    /// Turns a second, best of some rounds.
    fn turns(&mut self) {
        let mut best = Duration::MAX;
        for _ in 0..ROUNDS {
            self.pipeline = pipeline();
            // What arrives has been parsed and scored: neither is counted.
            let arriving: Vec<(Turn, Scores)> =
                (0..ROUND_TURNS).map(|number| self.arriving(number / BUSY_TURNS, number, start())).collect();
            let began = Instant::now();
            for (turn, scores) in arriving {
                self.take(turn, scores, start());
            }
            best = best.min(began.elapsed());
        }
        let micros = best.as_secs_f64() * 1e6 / ROUND_TURNS as f64;
        println!(
            "\n## Turns\n{ROUND_TURNS} turns, {BUSY_TURNS} a conversation, best of {ROUNDS} rounds: {micros:.1} µs a turn, {:.0} turns/s",
            1e6 / micros
        );
    }

    /// A million turns in conversations that come and go.
    fn long_run(&mut self) {
        self.pipeline = pipeline();
        let each = LONG_TURNS / LONG_CONVERSATIONS;
        println!(
            "\n## A million turns\n{LONG_TURNS} turns over {LONG_CONVERSATIONS} conversations, {OPEN_AT_ONCE} open at once\n| turns | MB | conversations held |\n|---|---|---|"
        );
        let mut said = 0;
        for wave in 0..LONG_CONVERSATIONS / OPEN_AT_ONCE {
            // A wave takes ten minutes; closed conversations leave after five.
            let at = |part: usize| moment(wave * 600 + part * 600 / (each + 1));
            for part in 0..each {
                for place in 0..OPEN_AT_ONCE {
                    self.say(wave * OPEN_AT_ONCE + place, place * each + part, at(part));
                    said += 1;
                }
                self.pipeline.tick(at(part));
                if said % (LONG_TURNS / 10) == 0 {
                    println!("| {said} | {:.0} | {} |", resident_mb(), self.pipeline.conversations_held());
                }
            }
            for place in 0..OPEN_AT_ONCE {
                let conversation_id = id(wave * OPEN_AT_ONCE + place);
                let closed = Closed { conversation_id, ts: at(each), closed_by: None };
                self.pipeline.closed(closed, Clock::Event, at(each), Deaf);
            }
        }
    }

    /// What so many conversations take.
    fn held(&mut self, turns: usize, name: &str) {
        self.pipeline = pipeline();
        let before = resident_mb();
        for conversation in 0..HELD {
            for number in 0..turns {
                self.say(conversation, conversation * turns + number, start());
            }
        }
        let after = resident_mb();
        println!("{HELD} conversations, {name}: {:.0} bytes each", (after - before) * 1e6 / HELD as f64);
    }

    /// What the ticks and scrapes of a quiet server cost.
    fn timers(&mut self) {
        self.pipeline = pipeline();
        let asks = |recorded: &Recorded| {
            let Turn { role, channel, text, .. } = &recorded.turn;
            *role == Role::Customer && *channel == Channel::Chat && text.contains('?')
        };
        let asked = self.recorded.iter().position(asks).expect("a customer asks something");
        (0..HELD).for_each(|conversation| self.say(conversation, asked, start()));
        let mut ticks = Duration::ZERO;
        for second in 0..QUIET_SECONDS {
            let now = start() + SignedDuration::from_secs(i64::from(second));
            // The server ticks ten times a second.
            for _ in 0..10 {
                let began = Instant::now();
                self.pipeline.tick(now);
                ticks += began.elapsed();
            }
        }
        let share = ticks.as_secs_f64() / f64::from(QUIET_SECONDS) * 100.0;
        let mut scrape = Duration::MAX;
        for _ in 0..ROUNDS {
            let began = Instant::now();
            self.pipeline.refresh_gauges(start());
            scrape = scrape.min(began.elapsed());
        }
        let began = Instant::now();
        self.pipeline.tick(moment(3_000));
        let fired = began.elapsed();
        assert_eq!(FINDINGS.load(Ordering::Relaxed), HELD, "each was left waiting");
        println!(
            "\n## Timers\n{HELD} open conversations, a timer each, nothing due: {share:.4} % of a core\na scrape reads all of them in {:.1} ms\nall of them fire at once in {:.0} ms",
            scrape.as_secs_f64() * 1e3,
            fired.as_secs_f64() * 1e3
        );
    }

    /// What it costs to look at conversations.
    fn lists(&mut self) {
        self.pipeline = pipeline();
        for conversation in 0..HELD {
            (0..LISTED_TURNS).for_each(|number| self.say(conversation, conversation + number, start()));
        }
        let best = |look: &dyn Fn()| {
            let times = (0..ROUNDS).map(|_| {
                let began = Instant::now();
                look();
                began.elapsed()
            });
            times.min().expect("rounds").as_secs_f64() * 1e3
        };
        let list = |filter: &Filter, offset, limit| {
            let list = self.pipeline.conversations(filter, offset, limit, moment(60));
            assert!(!list.conversations.is_empty());
        };
        let high = Filter { level: Some(Level::High), ..Filter::default() };
        println!("\n## Lists\n{HELD} open conversations of {LISTED_TURNS} turns, best of {ROUNDS} rounds");
        println!("the first 50: {:.0} ms", best(&|| list(&Filter::default(), 0, 50)));
        println!(
            "the last 500 of the first 10,000: {:.0} ms",
            best(&|| list(&Filter::default(), 9_500, 500))
        );
        println!("the first 50 at high or above: {:.0} ms", best(&|| list(&high, 0, 50)));
        let one = || assert!(self.pipeline.conversation(&id(7), moment(60)).is_some());
        println!("one conversation: {:.3} ms", best(&one));
    }

    fn say(&self, conversation: usize, number: usize, at: Timestamp) {
        let (turn, scores) = self.arriving(conversation, number, at);
        self.take(turn, scores, at);
    }

    /// The next recorded turn, said in another conversation at another time.
    fn arriving(&self, conversation: usize, number: usize, at: Timestamp) -> (Turn, Scores) {
        let Recorded { turn, scores } = &self.recorded[number % self.recorded.len()];
        let turn = Turn {
            turn_id: format!("m-{number}"),
            conversation_id: id(conversation),
            ts: at,
            text: turn.text.clone(),
            ..turn.clone()
        };
        (turn, scores.clone())
    }

    fn take(&self, turn: Turn, scores: Scores, at: Timestamp) {
        if let Admission::Score(admitted) = self.pipeline.admit(turn, Clock::Event, at, Deaf) {
            self.pipeline.complete(admitted, Ok(scores));
        }
    }
}

fn pipeline() -> Pipeline<Deaf> {
    let limits = MetricLimits { queues_max: 20, sources_max: 20, alert_series_max: 200 };
    let config = PipelineConfig { conversations_max: HELD, ..PipelineConfig::default() };
    Pipeline::new(config, Arc::new(Metrics::new(limits)), "bench@1".to_owned())
}

/// The demo's turns, scored once by the shipped model, each without context.
fn record() -> Vec<Recorded> {
    tch::set_num_threads(1);
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
    let model = Model::load(&checkout.join("models/undertone-en")).expect("the shipped model");
    let text = std::fs::read_to_string(checkout.join("scripts/demo-conversations.jsonl")).expect("the demo");
    let turns = text.lines().filter_map(|line| match ClientFrame::parse(line).ok()?.frame {
        ClientFrame::Turn { turn, .. } => Some(turn),
        _ => None,
    });
    let turns: Vec<Turn> = turns.collect();
    let mut recorded = Vec::new();
    for batch in turns.chunks(BATCH_TURNS) {
        let prepared: Vec<Prepared> =
            batch.iter().map(|turn| model.tokenizing.prepare(turn.role, &turn.text, None)).collect();
        let scores = model.engine.score(&prepared.iter().collect::<Vec<_>>()).expect("libtorch");
        recorded.extend(batch.iter().cloned().zip(scores).map(|(turn, scores)| Recorded { turn, scores }));
    }
    recorded
}

fn id(conversation: usize) -> String {
    format!("c-{conversation}")
}

fn start() -> Timestamp {
    "2026-01-31T10:00:00Z".parse().expect("a moment")
}

fn moment(seconds: usize) -> Timestamp {
    start() + SignedDuration::from_secs(seconds as i64)
}

/// Memory of this process that is in use, in MB.
fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
    let kilobytes: f64 =
        line.split_whitespace().nth(1).and_then(|figure| figure.parse().ok()).expect("a figure");
    kilobytes / 1e3
}
