//! The pipeline against a naive model: random interleavings of admissions, scores in any order, repeats,
//! failures and closes must end like the same turns said one after the other.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Op {
    Turn {
        conversation: u8,
        id: u8,
        role: Role,
        score: f64,
        seconds: u32,
    },
    Note {
        conversation: u8,
        id: u8,
    },
    Close {
        conversation: u8,
        seconds: u32,
    },
    /// Completes one of the turns under way, with its score or without.
    Complete {
        which: prop::sample::Index,
        scored: bool,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let (conversation, id, seconds) = (0..3_u8, 0..14_u8, 0..1_000_u32);
    let role = prop::sample::select(vec![Role::Customer, Role::Customer, Role::Agent, Role::Bot]);
    prop_oneof![
        6 => (conversation.clone(), id.clone(), role, -1.0..=1.0_f64, seconds.clone())
            .prop_map(|(conversation, id, role, score, seconds)| Op::Turn { conversation, id, role, score, seconds }),
        1 => (conversation.clone(), id).prop_map(|(conversation, id)| Op::Note { conversation, id }),
        1 => (conversation, seconds).prop_map(|(conversation, seconds)| Op::Close { conversation, seconds }),
        6 => (any::<prop::sample::Index>(), prop::bool::weighted(0.8))
            .prop_map(|(which, scored)| Op::Complete { which, scored }),
    ]
}

/// What was let in, in order; a failed turn is struck out again.
#[derive(Clone, Debug, PartialEq)]
enum Item {
    Turn { ticket: usize, id: u8, role: Role, score: f64, seconds: u32 },
    Note { id: u8 },
    Close { seconds: u32 },
}

#[derive(Default)]
struct Model {
    conversations: BTreeMap<u8, Vec<Item>>,
    duplicates: u64,
}

impl Model {
    fn has(&self, conversation: u8, wanted: u8) -> bool {
        self.conversations.get(&conversation).is_some_and(|items| {
            items
                .iter()
                .any(|item| matches!(item, Item::Turn { id, .. } | Item::Note { id } if *id == wanted))
        })
    }

    /// Whether the item is let in.
    fn admit(&mut self, conversation: u8, item: Item) -> bool {
        let known = self.conversations.get(&conversation).is_some_and(|items| !items.is_empty());
        let repeat =
            matches!(&item, Item::Turn { id, .. } | Item::Note { id } if self.has(conversation, *id));
        self.duplicates += u64::from(repeat);
        let enters = !repeat && (known || matches!(item, Item::Turn { .. }));
        if enters {
            self.conversations.entry(conversation).or_default().push(item);
        }
        enters
    }

    fn strike(&mut self, conversation: u8, wanted: usize) {
        let items = self.conversations.entry(conversation).or_default();
        items.retain(|item| !matches!(item, Item::Turn { ticket, .. } if *ticket == wanted));
    }
}

/// The end state of one conversation, computed the long way round.
#[derive(Debug, PartialEq)]
struct End {
    customer: u32,
    agent: u32,
    bot: u32,
    worst: Option<f64>,
    sentiment: f64,
    waiting_since: Option<u32>,
    now: Option<u32>,
    closed: bool,
}

fn expected_end(items: &[Item]) -> End {
    let count = |wanted| {
        items.iter().filter(|i| matches!(i, Item::Turn { role, .. } if *role == wanted)).count() as u32
    };
    let customer_scores: Vec<f64> = items
        .iter()
        .filter_map(|item| match item {
            Item::Turn { role: Role::Customer, score, .. } => Some(*score),
            _ => None,
        })
        .collect();
    let weights: Vec<f64> = (0..customer_scores.len() as i32).rev().map(|age| 0.7_f64.powi(age)).collect();
    let weighted: f64 = customer_scores.iter().zip(&weights).map(|(score, weight)| score * weight).sum();
    let (mut now, mut waiting_since, mut closed) = (None, None, false);
    for item in items {
        let (Item::Turn { seconds, .. } | Item::Close { seconds }) = item else { continue };
        now = now.max(Some(*seconds));
        match item {
            Item::Turn { role: Role::Customer, .. } => {
                waiting_since = waiting_since.or(now);
                closed = false;
            }
            Item::Close { .. } => (waiting_since, closed) = (None, true),
            _ => waiting_since = None,
        }
    }
    End {
        customer: count(Role::Customer),
        agent: count(Role::Agent),
        bot: count(Role::Bot),
        worst: customer_scores.iter().copied().reduce(f64::min),
        sentiment: if weights.is_empty() { 0.0 } else { weighted / weights.iter().sum::<f64>() },
        waiting_since,
        now,
        closed,
    }
}

fn actual_end(house: &House, conversation: u8) -> Option<End> {
    let seconds = |ts: Timestamp| u32::try_from(ts.duration_since(at(0)).as_secs()).expect("within the test");
    house.pipeline.store.with(&conversation.to_string(), |held| End {
        customer: held.state.customer_turns,
        agent: held.state.agent_turns,
        bot: held.state.bot_turns,
        worst: held.state.worst,
        sentiment: held.state.running.value(),
        waiting_since: held.state.waiting_since.map(seconds),
        now: held.state.now.map(seconds),
        closed: held.state.closed,
    })
}

/// A house and the model beside it; tickets are named by their numbers.
#[derive(Default)]
struct Both {
    house: House,
    model: Model,
    under_way: Vec<(Admitted, u8, usize, f64)>,
    tickets: usize,
}

impl Both {
    fn run(&mut self, op: Op) {
        match op {
            Op::Turn { conversation, id, role, score, seconds } => {
                let ticket = self.next_ticket();
                let said = within(&conversation.to_string(), turn(&id.to_string(), "text", seconds));
                let probe = self.house.probe(&ticket.to_string());
                let admission =
                    self.house.pipeline.admit(Turn { role, ..said }, Clock::Event, at(seconds), probe);
                let enters = self.model.admit(conversation, Item::Turn { ticket, id, role, score, seconds });
                match admission {
                    Admission::Score(admitted) => {
                        assert!(enters, "a repeat was let in");
                        self.under_way.push((admitted, conversation, ticket, score));
                    }
                    Admission::Done => assert!(!enters, "a new turn was not let in"),
                }
            }
            Op::Note { conversation, id } => {
                let ticket = self.next_ticket();
                let said = within(&conversation.to_string(), turn(&id.to_string(), "text", 0));
                let note = Turn { visibility: Visibility::Private, ..said };
                let probe = self.house.probe(&ticket.to_string());
                assert!(matches!(
                    self.house.pipeline.admit(note, Clock::Event, at(0), probe),
                    Admission::Done
                ));
                self.model.admit(conversation, Item::Note { id });
            }
            Op::Close { conversation, seconds } => {
                let ticket = self.next_ticket();
                let closed =
                    Closed { conversation_id: conversation.to_string(), ts: at(seconds), closed_by: None };
                let probe = self.house.probe(&ticket.to_string());
                self.house.pipeline.closed(closed, Clock::Event, at(seconds), probe);
                self.model.admit(conversation, Item::Close { seconds });
            }
            Op::Complete { which, scored } if !self.under_way.is_empty() => {
                let which = which.index(self.under_way.len());
                let (admitted, conversation, ticket, score) = self.under_way.swap_remove(which);
                let result = if scored { Ok(scores(score)) } else { Err(ScoreError::Internal) };
                if !scored {
                    self.model.strike(conversation, ticket);
                }
                self.house.pipeline.complete(admitted, result);
            }
            Op::Complete { .. } => {}
        }
        assert!(self.house.pipeline.counts().balanced());
    }

    fn next_ticket(&mut self) -> usize {
        self.tickets += 1;
        self.tickets
    }

    /// Whatever is still under way gets its score, newest first.
    fn finish(&mut self) {
        while let Some((admitted, _, _, score)) = self.under_way.pop() {
            self.house.pipeline.complete(admitted, Ok(scores(score)));
        }
    }

    fn check_end(&self) {
        for conversation in 0..3 {
            let items = self.model.conversations.get(&conversation).map_or(&[][..], Vec::as_slice);
            match actual_end(&self.house, conversation) {
                None => assert!(items.is_empty(), "conversation {conversation} is gone: {items:?}"),
                Some(actual) => {
                    let expected = expected_end(items);
                    assert!((actual.sentiment - expected.sentiment).abs() < 1e-9, "{actual:?} {expected:?}");
                    assert_eq!(End { sentiment: 0.0, ..actual }, End { sentiment: 0.0, ..expected });
                }
            }
        }
    }

    fn check_answers(&self) {
        let log = self.house.log.lock();
        let answers = |name: &str| {
            log.iter().filter(|(n, heard)| n == name && matches!(heard, Heard::Answer(_))).count()
        };
        for ticket in 1..=self.tickets {
            assert_eq!(answers(&ticket.to_string()), 1, "ticket {ticket} has exactly one answer");
        }
        for (conversation, items) in &self.model.conversations {
            let expected: Vec<String> = items
                .iter()
                .filter_map(|item| {
                    if let Item::Turn { ticket, .. } = item { Some(ticket.to_string()) } else { None }
                })
                .collect();
            let scored_in_order: Vec<String> = log
                .iter()
                .filter(|(name, heard)| match heard {
                    Heard::Answer(Answer::Scored(scored)) => {
                        scored.conversation_id == conversation.to_string() && expected.contains(name)
                    }
                    _ => false,
                })
                .map(|(name, _)| name.clone())
                .collect();
            assert_eq!(scored_in_order, expected, "effects of conversation {conversation}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn any_interleaving_ends_like_the_turns_one_after_the_other(ops in prop::collection::vec(op(), 1..120)) {
        let mut both = Both::default();
        ops.into_iter().for_each(|op| both.run(op));
        both.finish();
        both.check_end();
        both.check_answers();
        let counts = both.house.pipeline.counts();
        prop_assert_eq!(counts.in_flight, 0);
        prop_assert_eq!(counts.duplicate, both.model.duplicates);
    }
}
