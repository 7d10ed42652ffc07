//! From turns and time to findings.

use super::*;
use crate::conversation::{GONE_RECHECK_SECONDS, RETURN_GRACE_SECONDS, Source};
use crate::detectors::DetectorLimits;
use crate::scoring::{LabelScore, Name};
use crate::wire::{Act, Finding, FindingState, Mistake, Signal};

pub fn close_by(house: &House, conversation_id: &str, by: Option<Role>, seconds: u32) {
    let closed = Closed { conversation_id: conversation_id.to_owned(), ts: at(seconds), closed_by: by };
    house.pipeline.closed(closed, Clock::Event, at(seconds), house.probe("close"));
}

/// Scores of a turn that shows these names from its beginning.
fn shows(names: &[Name]) -> Scores {
    let label = |name: &Name| LabelScore { name: *name, probability: 0.9, evidence: Some(0..4) };
    Scores { labels: names.iter().map(label).collect(), ..scores(0.0) }
}

pub fn say_showing(house: &mut House, turn: Turn, names: &[Name]) {
    house.admit(turn);
    house.complete(Ok(shows(names)));
}

pub fn counted(house: &House, series: &str) -> bool {
    house.pipeline.metrics.render().lines().any(|line| line == format!("undertone_{series}"))
}

#[test]
fn a_customer_left_waiting_is_found_when_it_is_due_and_settled_by_the_answer() {
    let mut house = House::default();
    house.say(turn("m-1", "where is my refund?", 0), 0.0);
    house.pipeline.tick(at(119));
    assert_eq!(house.findings(), []);
    house.pipeline.tick(at(1_000));
    house.pipeline.tick(at(1_001));
    house.say(agent("m-2", "it is on its way", 1_010), 0.0);
    let [opened, resolved] = &house.findings()[..] else { panic!("{:?}", house.findings()) };
    assert_eq!((opened.state, opened.ts, opened.value), (FindingState::Open, at(120), Some(120.0)));
    assert_eq!((opened.name, opened.turn_id.as_deref()), ("left_waiting", None));
    let evidence = &opened.evidence[0];
    assert_eq!((evidence.turn_id.as_str(), evidence.quote.as_str()), ("m-1", "where is my refund?"));
    assert_eq!((evidence.start, evidence.end), (0, 19));
    let expect =
        Finding { state: FindingState::Resolved, ts: at(1_010), value: Some(1_010.0), ..opened.clone() };
    assert_eq!(*resolved, expect);
    assert_eq!(
        house.heard(),
        "m-1:scored(m-1) m-1:left_waiting(open) m-2:scored(m-2) m-2:left_waiting(resolved)"
    );
    assert!(counted(&house, "mistakes_total{mistake=\"left_waiting\",queue=\"none\"} 1"));
    house.pipeline.store.check_books();
}

#[test]
fn an_answer_that_is_being_scored_is_an_answer() {
    let mut house = House::default();
    house.say(turn("1", "where is my refund?", 0), 0.0);
    house.admit(agent("2", "on its way", 110));
    house.pipeline.tick(at(500));
    assert_eq!(house.findings(), [], "what is under way may be the answer");
    house.complete(Ok(scores(0.0)));
    house.pipeline.tick(at(501));
    assert_eq!(house.findings(), []);
    // And when it turns out to be none:
    house.say(turn("3", "since when?", 510), 0.0);
    house.admit(agent("4", "since today", 520));
    house.pipeline.tick(at(900));
    house.complete(Err(ScoreError::Expired));
    house.pipeline.tick(at(901));
    assert_eq!(house.findings().len(), 1);
    house.pipeline.store.check_books();
}

#[test]
fn timers_of_many_conversations_fire_in_the_order_of_time() {
    let mut house = House::default();
    for (id, seconds) in [("c", 30), ("a", 20), ("b", 10)] {
        house.say(within(id, turn(id, "hello?", seconds)), 0.0);
    }
    house.log.lock().clear();
    house.pipeline.tick(at(99_999));
    let found: Vec<_> =
        house.findings().iter().map(|found| (found.conversation_id.clone(), found.ts)).collect();
    let expect = [("b", 130), ("a", 140), ("c", 150)].map(|(id, seconds)| (id.to_owned(), at(seconds)));
    assert_eq!(found, expect);
    assert_eq!(house.pipeline.conversations_held(), 0, "and then they leave");
}

#[test]
fn a_recording_out_of_order_is_judged_by_its_own_time() {
    let house = House::default();
    // The clock is days ahead; between these turns it stands still.
    let late = at(1_000_000);
    let admit = |turn: Turn| {
        let name = turn.turn_id.clone();
        let ticket = house.probe(&name);
        house.pipeline.tick(late);
        if let Admission::Score(admitted) = house.pipeline.admit(turn, Clock::Event, late, ticket) {
            house.pipeline.complete(admitted, Ok(scores(0.0)));
        }
    };
    admit(turn("1", "is it open?", 0));
    admit(agent("2", "yes, it is", 60));
    admit(turn("3", "since when?", 70));
    admit(agent("4", "since may", 1_070));
    let found: Vec<_> = house.findings().iter().map(|found| (found.state, found.ts)).collect();
    assert_eq!(found, [(FindingState::Open, at(250)), (FindingState::Resolved, at(1_070))]);
}

#[test]
fn a_limit_longer_than_the_idle_time_keeps_the_conversation() {
    let mut house = House::new(PipelineConfig { idle: idle(3_600), ..PipelineConfig::default() });
    let mail = |turn: Turn| Turn { channel: Channel::Email, ..turn };
    house.say(within("owed", mail(turn("1", "where is my refund?", 0))), 0.0);
    house.say(within("answered", mail(turn("2", "where is my refund?", 0))), 0.0);
    house.say(within("answered", mail(agent("3", "on its way", 60))), 0.0);
    house.pipeline.tick(at(50_000));
    assert_eq!(house.pipeline.conversations_held(), 1);
    house.pipeline.tick(at(100_000));
    assert_eq!(house.findings().iter().map(|found| found.ts).collect::<Vec<_>>(), [at(86_400)]);
    assert_eq!(house.pipeline.conversations_held(), 0);
    house.pipeline.store.check_books();
}

#[test]
fn a_close_settles_the_wait_and_may_cut_short() {
    let mut house = House::default();
    house.say(turn("1", "where is my refund?", 0), 0.0);
    house.pipeline.tick(at(500));
    close_by(&house, "c", Some(Role::System), 510);
    close_by(&house, "c", Some(Role::System), 520);
    assert_eq!(
        house.heard(),
        "1:scored(1) 1:left_waiting(open) close:taken close:left_waiting(resolved) close:cut_short(open) close:taken"
    );
    assert!(counted(&house, "mistakes_total{mistake=\"cut_short\",queue=\"none\"} 1"));
    house.pipeline.tick(at(9_999));
    assert_eq!(house.heard(), "", "nothing is owed any more");

    for by in [None, Some(Role::Customer)] {
        let mut house = House::default();
        house.say(turn("1", "where is my refund?", 0), 0.0);
        close_by(&house, "c", by, 10);
        assert_eq!(house.heard(), "1:scored(1) close:taken", "{by:?}");
    }
}

#[test]
fn an_unmet_request_is_announced_and_counted_once_as_the_signal_it_was() {
    let mut house = House::default();
    let request = [Name::Signal(Signal::EscalationRequest)];
    say_showing(&mut house, turn("1", "boss now", 0), &request);
    house.say(agent("2", "why?", 5), 0.0);
    house.say(agent("3", "I can help you", 9), 0.0);
    let [found] = &house.findings()[..] else { panic!("{:?}", house.findings()) };
    assert_eq!(
        (found.kind.as_str(), found.name, found.turn_id.as_deref()),
        ("signal", "escalation_request", Some("3"))
    );
    assert_eq!(found.evidence[0].quote, "boss");
    let moved = Transferred {
        conversation_id: "c".to_owned(),
        ts: at(60),
        queue: None,
        agent_id: Some("a-9".to_owned()),
    };
    house.pipeline.transferred(moved, Clock::Event, at(60), house.probe("move"));
    assert_eq!(house.findings()[1].state, FindingState::Resolved);
    assert!(counted(&house, "signals_total{queue=\"none\",signal=\"escalation_request\"} 1"));
}

#[test]
fn a_mistake_seen_in_a_turn_and_found_in_the_same_turn_is_one() {
    let mut house = House::default();
    let canned = Name::Mistake(Mistake::CannedReply);
    say_showing(&mut house, agent("1", "your call is important to us", 0), &[canned]);
    let found = crate::wire::Found::Mistake(Mistake::CannedReply);
    let discovery = |about: &str| crate::detectors::Discovery {
        found,
        about: Arc::from(about),
        turn_id: Some(Arc::from(about)),
        evidence: Vec::new(),
        value: 1.0,
    };
    for about in ["1", "unknown"] {
        let change = crate::detectors::Change::Opened(discovery(about));
        house
            .pipeline
            .store
            .with("c", |conversation| house.pipeline.found(conversation, Some(change), at(0)));
    }
    assert!(
        counted(&house, "mistakes_total{mistake=\"canned_reply\",queue=\"none\"} 2"),
        "one of the model, one found"
    );
}

#[test]
fn a_turn_that_asks_to_wait_is_no_answer() {
    let mut house = House::default();
    house.say(turn("1", "is it open?", 0), 0.0);
    say_showing(&mut house, agent("2", "let me look that up", 100), &[Name::Act(Act::Holding)]);
    house.pipeline.tick(at(299));
    assert_eq!(house.findings(), []);
    house.pipeline.tick(at(300));
    assert_eq!(house.findings()[0].value, Some(300.0));
}

#[test]
fn a_second_run_gives_the_same_findings() {
    let run = || {
        let mut house = House::default();
        for index in 0..60_u32 {
            let id = format!("c{}", index % 4);
            let said = if index % 9 == 0 {
                agent(&index.to_string(), "hm", index * 50)
            } else {
                turn(&index.to_string(), "hello?", index * 50)
            };
            house.pipeline.tick(at(index * 50));
            house.say(within(&id, said), 0.0);
        }
        house.findings()
    };
    assert!(!run().is_empty());
    assert_eq!(run(), run());
}

// === live sources ===

/// A ticket of a producer with a connection.
#[derive(Clone)]
struct Connected {
    probe: Probe,
    source: Arc<Source>,
}

impl Ticket for Connected {
    fn answer(&self, answer: Answer) {
        self.probe.answer(answer);
    }
    fn notify(&self, frame: &ServerFrame) {
        self.probe.notify(frame);
    }
    fn source(&self) -> Option<&Arc<Source>> {
        Some(&self.source)
    }
}

struct Floor {
    pipeline: Pipeline<Connected>,
    log: Log,
}

impl Floor {
    fn new() -> Self {
        let config = PipelineConfig { detectors: DetectorLimits::default(), ..PipelineConfig::default() };
        Floor { pipeline: Pipeline::new(config, metrics(), "test@1".to_owned()), log: Log::default() }
    }

    fn say(&self, source: &Arc<Source>, turn: Turn, clock: Clock, now: u32) {
        let probe = Probe { name: turn.turn_id.clone(), log: Arc::clone(&self.log) };
        let ticket = Connected { probe, source: Arc::clone(source) };
        if let Admission::Score(admitted) = self.pipeline.admit(turn, clock, at(now), ticket) {
            self.pipeline.complete(admitted, Ok(scores(0.0)));
        }
    }

    /// Findings so far, as `conversation state seconds`.
    fn found(&self) -> Vec<String> {
        let word = |(_, heard): &(String, Heard)| match heard {
            Heard::Frame(ServerFrame::Finding(found)) => {
                let seconds = found.ts.duration_since(at(0)).as_secs();
                Some(format!("{} {} {seconds}", found.conversation_id, found.state))
            }
            _ => None,
        };
        self.log.lock().iter().filter_map(word).collect()
    }
}

#[test]
fn a_source_that_is_gone_is_not_blamed_and_its_return_pages_nobody() {
    let floor = Floor::new();
    let source = Arc::new(Source::on_server_time());
    source.joined(at(0));
    for id in ["answered", "forgotten"] {
        floor.say(&source, within(id, turn(id, "is it open?", 0)), Clock::Wall, 0);
    }
    source.left(at(60));
    for now in (60..1_000).step_by(10) {
        floor.pipeline.tick(at(now));
    }
    source.joined(at(1_000));
    floor.pipeline.tick(at(1_001));
    assert_eq!(floor.found(), [""; 0], "60 of 120 seconds are left, and what was held back comes first");
    // Said while the source was gone.
    floor.say(&source, within("answered", agent("late", "it is", 100)), Clock::Wall, 1_002);
    for now in 1_002..1_200 {
        floor.pipeline.tick(at(now));
    }
    assert_eq!(floor.found(), ["forgotten open 1060"]);
    floor.pipeline.store.check_books();
}

#[test]
fn a_return_is_followed_by_peace_even_where_the_time_is_up() {
    let floor = Floor::new();
    let source = Arc::new(Source::on_server_time());
    source.joined(at(0));
    floor.say(&source, turn("1", "is it open?", 0), Clock::Wall, 0);
    source.left(at(119));
    floor.pipeline.tick(at(500));
    source.joined(at(501));
    for now in 501..501 + RETURN_GRACE_SECONDS {
        floor.pipeline.tick(at(now));
    }
    assert_eq!(floor.found(), [""; 0]);
    for now in 0..=GONE_RECHECK_SECONDS {
        floor.pipeline.tick(at(501 + RETURN_GRACE_SECONDS + now));
    }
    assert_eq!(floor.found().len(), 1);
}

#[test]
fn conversations_of_a_source_that_stays_away_leave_as_others_do() {
    let floor = Floor::new();
    let source = Arc::new(Source::on_server_time());
    source.joined(at(0));
    floor.say(&source, turn("1", "is it open?", 0), Clock::Wall, 0);
    source.left(at(10));
    for now in (0..4_000).step_by(20) {
        floor.pipeline.tick(at(now));
    }
    assert_eq!((floor.pipeline.conversations_held(), floor.found().len()), (0, 0));
    floor.pipeline.store.check_books();
}

#[test]
fn a_source_with_its_own_time_is_found_out_by_its_own_frames() {
    let floor = Floor::new();
    let sources = [1, 2].map(|timeline| Arc::new(Source::on_its_own_time(timeline)));
    for (source, id) in sources.iter().zip(["a", "b"]) {
        floor.say(source, within(id, turn("1", "is it open?", 0)), Clock::Event, 777);
    }
    floor.pipeline.tick(at(2_000));
    assert_eq!(floor.found(), [""; 0], "the server's clock says nothing");
    floor.say(&sources[0], within("other", agent("2", "hello", 500)), Clock::Event, 778);
    assert_eq!(floor.found(), ["a open 120"], "the other source's time stands still");
    floor.say(&sources[1], within("b", agent("3", "yes", 119)), Clock::Event, 779);
    floor.say(&sources[1], within("other", agent("4", "hello", 900)), Clock::Event, 780);
    assert_eq!(floor.found(), ["a open 120"]);
    floor.pipeline.store.check_books();
}

#[test]
fn a_timer_set_behind_the_time_of_its_source_fires_at_once() {
    let floor = Floor::new();
    let source = Arc::new(Source::on_its_own_time(7));
    source.joined(at(0));
    let admit = |turn: Turn| {
        let probe = Probe { name: turn.turn_id.clone(), log: Arc::clone(&floor.log) };
        let ticket = Connected { probe, source: Arc::clone(&source) };
        match floor.pipeline.admit(turn, Clock::Event, at(0), ticket) {
            Admission::Score(admitted) => admitted,
            Admission::Done => panic!("a turn to be scored"),
        }
    };
    let slow = admit(within("slow", turn("1", "is it open?", 0)));
    let quick = admit(within("quick", turn("2", "is it open?", 300)));
    floor.pipeline.complete(quick, Ok(scores(0.0)));
    assert_eq!(floor.found(), [""; 0]);
    floor.pipeline.complete(slow, Ok(scores(0.0)));
    assert_eq!(floor.found(), ["slow open 120"]);
}
