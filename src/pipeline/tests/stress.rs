//! Many threads on a small store, with a sweeper, under a watchdog: no deadlock, nothing lost, bounds held.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;

const WATCHDOG: Duration = Duration::from_secs(30);
const THREADS: u64 = 4;
const OPS: u32 = 20_000;
const CONVERSATIONS: u32 = 60;
/// Fewer than there are conversations, so that they push each other out.
const CONVERSATIONS_MAX: usize = 40;

/// Counts its answers and nothing else.
#[derive(Clone)]
struct Counter(Arc<AtomicU64>);

impl Ticket for Counter {
    fn answer(&self, _answer: Answer) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
    fn notify(&self, _frame: &ServerFrame) {}
}

/// Runs `work`; panics if it takes longer than the watchdog waits.
fn watched(work: impl FnOnce() + Send + 'static) {
    let (done, finished) = mpsc::channel();
    let worker = thread::spawn(move || {
        work();
        let _ = done.send(());
    });
    match finished.recv_timeout(WATCHDOG) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("still running after {WATCHDOG:?}: a deadlock"),
        Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => worker.join().expect("the work went well"),
    }
}

/// One producer with its own scoring, in any order; answers how many tickets it handed out.
fn produce(pipeline: &Pipeline<Counter>, answers: &Counter, seed: u64) -> u64 {
    let mut random = StdRng::seed_from_u64(seed);
    let mut under_way: Vec<Admitted> = Vec::new();
    let mut handed_out = 0;
    for step in 0..OPS {
        let id = random.random_range(0..CONVERSATIONS).to_string();
        let now = at(step / 10);
        match random.random_range(0..20) {
            0 => {
                let closed = Closed { conversation_id: id, ts: now, closed_by: None };
                pipeline.closed(closed, Clock::Wall, now, answers.clone());
                handed_out += 1;
            }
            1..10 => {
                let turn_id = random.random_range(0..400).to_string();
                let said = within(&id, turn(&turn_id, "text", step / 10));
                handed_out += 1;
                if let Admission::Score(admitted) = pipeline.admit(said, Clock::Wall, now, answers.clone()) {
                    under_way.push(admitted);
                }
            }
            _ if under_way.is_empty() => {}
            kind => {
                let admitted = under_way.swap_remove(random.random_range(0..under_way.len()));
                let score = random.random_range(-1.0..=1.0);
                let result = if kind == 19 { Err(ScoreError::Expired) } else { Ok(scores(score)) };
                pipeline.complete(admitted, result);
            }
        }
    }
    under_way.into_iter().for_each(|admitted| pipeline.complete(admitted, Ok(scores(0.0))));
    handed_out
}

/// The sum of all series of a counter or gauge in a text exposition.
fn sum(exposition: &str, family: &str) -> u64 {
    let values = exposition.lines().filter_map(|line| {
        let (series, value) = line.rsplit_once(' ')?;
        (series.split('{').next() == Some(family)).then(|| value.parse::<u64>().expect("a whole number"))
    });
    values.sum()
}

#[test]
fn threads_and_a_sweeper_neither_deadlock_nor_lose_a_turn() {
    watched(|| {
        let config = PipelineConfig {
            conversations_max: CONVERSATIONS_MAX,
            idle: idle(30),
            ..PipelineConfig::default()
        };
        let pipeline = Pipeline::new(config, metrics(), "test@1".to_owned());
        let answers = Counter(Arc::default());
        let stop = AtomicBool::new(false);
        let handed_out: u64 = thread::scope(|scope| {
            let (pipeline, answers) = (&pipeline, &answers);
            scope.spawn(|| {
                for step in (0..OPS / 10).cycle() {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    pipeline.tick(at(step));
                    pipeline.refresh_gauges(at(step));
                    assert!(pipeline.conversations_held() <= CONVERSATIONS_MAX);
                    thread::yield_now();
                }
            });
            let producers: Vec<_> =
                (0..THREADS).map(|seed| scope.spawn(move || produce(pipeline, answers, seed))).collect();
            let sum = producers.into_iter().map(|producer| producer.join().expect("a producer")).sum();
            stop.store(true, Ordering::Relaxed);
            sum
        });
        assert_eq!(answers.0.load(Ordering::Relaxed), handed_out, "every ticket has exactly one answer");
        let counts = pipeline.counts();
        assert!(counts.balanced() && counts.in_flight == 0, "{counts:?}");
        let metrics = pipeline.metrics.render();
        let shown = ["received_total", "scored_total", "refused_total", "duplicate_total", "in_flight"];
        let counted = [counts.received, counts.scored, counts.refused, counts.duplicate, 0];
        assert_eq!(shown.map(|name| sum(&metrics, &format!("undertone_turns_{name}"))), counted);
        pipeline.store.check_books();
        pipeline.tick(at(OPS));
        pipeline.store.check_books();
        assert_eq!(pipeline.conversations_held(), 0);
    });
}
