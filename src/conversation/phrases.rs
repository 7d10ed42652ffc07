//! What agents and bots say in many conversations: an index of phrases, for replies out of the can.
//!
//! Holds always:
//! * at most [`PHRASES_MAX`] phrases, about 7 MB; a new one takes the place of the one that its shard has not heard
//!   for the longest time; one not heard for [`PHRASE_KEPT_SECONDS`] begins anew;
//! * names and figures do not matter, nor do a few other words: phrases are compared by MinHash over word triples;
//! * any thread may ask at any time; one shard is locked at a time, for one comparison, and nothing is called then;
//! * one after the other the same turns give the same answers, in every run.
//!
//! Two threads that hear a new phrase at once may note it twice; it is found as one of the two from then on.
//! Called by `pipeline`, with the turns of agents and bots.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;
use parking_lot::Mutex;

use super::moments;
use super::words::{Words, short_hash};

/// Phrases known at once.
pub const PHRASES_MAX: usize = 20_000;
/// Shorter turns are formulas: "You're welcome, have a good day!"
pub const PHRASE_WORDS_MIN: usize = 10;
/// After a silence of 30 days a phrase begins anew.
pub const PHRASE_KEPT_SECONDS: u32 = 30 * 86_400;
/// The last conversations remembered per phrase, to tell a second time in one from another conversation.
pub const PHRASE_CONVERSATIONS_MAX: usize = 8;

const SHARDS: usize = 16;
const SHARD_MAX: usize = PHRASES_MAX / SHARDS;
/// Word triples by which phrases are compared begin with so many words at most.
const TRIPLES_MAX: usize = 160;
/// A signature has so many minima; a band of them is looked up at once.
const BANDS: usize = 6;
const BAND: usize = 3;
const MINIMA: usize = BANDS * BAND;
/// Minima that two phrases must share: about two thirds of the triples of both are the same then.
const SHARED_MIN: usize = 12;
/// Places of one band's table: a power of two, well over [`PHRASES_MAX`].
const PLACES: usize = 1 << 16;
/// No phrase in this place.
const EMPTY: u32 = u32::MAX;
/// Any name, and any figure.
const MASK: u32 = 0;

/// What is known of the phrase that a turn is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Conversations it was said in, this one included; 0 for what is too short.
    pub conversations: u32,
    /// Times it was said in this one, this one included.
    pub times_in_this: u32,
}

/// The phrases, in shards, and where to look for one: a table per band.
///
/// The tables are hints. An entry may be overwritten by another phrase's, or outlive its phrase; what it leads to is
/// compared in any case, and a phrase that is heard writes its entries anew.
pub struct Phrases {
    shards: Vec<Mutex<Shard>>,
    tables: Vec<AtomicU32>,
}

#[derive(Default)]
struct Shard {
    phrases: Vec<Phrase>,
    /// When each was heard last, in `ticks`.
    heard: Vec<u64>,
    ticks: u64,
}

struct Phrase {
    minima: [u32; MINIMA],
    conversations: u32,
    last: Timestamp,
    /// The last conversations, and how often it was said there; oldest first.
    recent: VecDeque<(u64, u32)>,
}

impl Default for Phrases {
    fn default() -> Self {
        Self::new()
    }
}

impl Phrases {
    pub fn new() -> Self {
        Phrases {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            tables: (0..BANDS * PLACES).map(|_| AtomicU32::new(EMPTY)).collect(),
        }
    }

    /// Phrases known.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().phrases.len()).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Notes that a turn was said in a conversation, which is given by a hash of its id; what is known of it now.
    pub fn observe(&self, words: &Words, conversation: u64, now: Timestamp) -> Seen {
        if words.core().len() < PHRASE_WORDS_MIN {
            return Seen::default();
        }
        let minima = signature(words);
        let places = places(&minima);
        let mut looked_at = [EMPTY; BANDS];
        for (band, &place) in places.iter().enumerate() {
            let id = self.tables[place].load(Ordering::Relaxed);
            if id == EMPTY || looked_at.contains(&id) {
                continue;
            }
            looked_at[band] = id;
            if let Some(seen) = self.hear(id, &minima, conversation, now) {
                self.point(&places, id);
                return seen;
            }
        }
        let id = self.note(minima, conversation, now);
        self.point(&places, id);
        Seen { conversations: 1, times_in_this: 1 }
    }

    /// Counts the turn as the phrase with this id, if it is.
    fn hear(&self, id: u32, minima: &[u32; MINIMA], conversation: u64, now: Timestamp) -> Option<Seen> {
        let (shard, at) = (id as usize % SHARDS, id as usize / SHARDS);
        let mut shard = self.shards[shard].lock();
        let phrase = shard.phrases.get_mut(at)?;
        let shared = phrase.minima.iter().zip(minima).filter(|(a, b)| a == b).count();
        if shared < SHARED_MIN {
            return None;
        }
        let seen = phrase.count(conversation, now);
        shard.touch(at);
        Some(seen)
    }

    /// Keeps a new phrase, in the place of an old one if its shard is full; its id.
    fn note(&self, minima: [u32; MINIMA], conversation: u64, now: Timestamp) -> u32 {
        let home = minima.iter().fold(0, |sum: u32, minimum| sum.rotate_left(5) ^ minimum) as usize % SHARDS;
        let phrase = Phrase::new(minima, conversation, now);
        let mut shard = self.shards[home].lock();
        let at = if shard.phrases.len() < SHARD_MAX {
            shard.phrases.push(phrase);
            shard.heard.push(0);
            shard.phrases.len() - 1
        } else {
            let oldest = shard.heard.iter().enumerate().min_by_key(|(_, heard)| **heard);
            let at = oldest.map_or(0, |(at, _)| at);
            shard.phrases[at] = phrase;
            at
        };
        shard.touch(at);
        (at * SHARDS + home) as u32
    }

    fn point(&self, places: &[usize; BANDS], id: u32) {
        places.iter().for_each(|&place| self.tables[place].store(id, Ordering::Relaxed));
    }
}

impl Shard {
    fn touch(&mut self, at: usize) {
        self.ticks += 1;
        self.heard[at] = self.ticks;
    }
}

impl Phrase {
    fn new(minima: [u32; MINIMA], conversation: u64, now: Timestamp) -> Self {
        Phrase { minima, conversations: 1, last: now, recent: VecDeque::from([(conversation, 1)]) }
    }

    fn count(&mut self, conversation: u64, now: Timestamp) -> Seen {
        if moments::later(self.last, PHRASE_KEPT_SECONDS) < now {
            *self = Phrase::new(self.minima, conversation, now);
            return Seen { conversations: 1, times_in_this: 1 };
        }
        self.last = self.last.max(now);
        let times = match self.recent.iter_mut().find(|(known, _)| *known == conversation) {
            Some((_, times)) => {
                *times = times.saturating_add(1);
                *times
            }
            None => {
                self.conversations = self.conversations.saturating_add(1);
                if self.recent.len() == PHRASE_CONVERSATIONS_MAX {
                    self.recent.pop_front();
                }
                self.recent.push_back((conversation, 1));
                1
            }
        };
        Seen { conversations: self.conversations, times_in_this: times }
    }
}

/// The least values of some hash functions over all triples of masked words: two phrases share about as many of
/// them as they share triples.
fn signature(words: &Words) -> [u32; MINIMA] {
    let core = words.core();
    let mut minima = [u32::MAX; MINIMA];
    let mut opening = words.sentences().iter().map(|sentence| sentence.words.start).peekable();
    let mut triple = [MASK; 3];
    for at in core.clone().take(TRIPLES_MAX) {
        while opening.next_if(|&start| start < at).is_some() {}
        let opens = opening.peek() == Some(&at);
        triple = [triple[1], triple[2], masked(words, at, opens)];
        if at < core.start + 2 {
            continue;
        }
        let mixed = triple.iter().fold(0x9e37_79b9_u64, |mixed, &word| {
            (mixed ^ u64::from(word)).wrapping_mul(0xff51_afd7_ed55_8ccd).rotate_left(29)
        });
        let mut next = mixed;
        for minimum in &mut minima {
            // SplitMix64: a new hash function each time.
            next = next.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let value = (next ^ (next >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let value = ((value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 32) as u32;
            *minimum = (*minimum).min(value);
        }
    }
    minima
}

/// The hash of a word; that of all names and figures is the same.
fn masked(words: &Words, at: usize, opens: bool) -> u32 {
    let word = words.word(at);
    let name = words.is_capital(at) && !opens && !matches!(word, "i" | "im" | "ill" | "ive" | "id");
    if name || word.bytes().any(|byte| byte.is_ascii_digit()) { MASK } else { short_hash(word.as_bytes()) }
}

/// Where the bands of a signature are looked up.
fn places(minima: &[u32; MINIMA]) -> [usize; BANDS] {
    std::array::from_fn(|band| {
        let hash = minima[band * BAND..(band + 1) * BAND]
            .iter()
            .fold(0_u64, |hash, &minimum| (hash ^ u64::from(minimum)).wrapping_mul(0xff51_afd7_ed55_8ccd));
        band * PLACES + (hash >> 48) as usize % PLACES
    })
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const SORRY: &str = "Dear Sam, thank you for reaching out to Acme, where every smile counts! Your satisfaction is \
                         our priority and we will do our best to look into your request 4417.";

    fn now() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn observe(phrases: &Phrases, text: &str, conversation: u64) -> Seen {
        phrases.observe(&Words::of(text), conversation, now())
    }

    #[test]
    fn a_phrase_is_counted_over_conversations_and_within_one() {
        let phrases = Phrases::new();
        let check = |text: &str, conversation: u64, conversations: u32, times_in_this: u32| {
            let expect = Seen { conversations, times_in_this };
            assert_eq!(observe(&phrases, text, conversation), expect, "{text:?} in {conversation}");
        };
        check(SORRY, 1, 1, 1);
        check(SORRY, 2, 2, 1);
        check(&SORRY.replace('!', ".").replace("Dear", "hello"), 2, 2, 2);
        check(&SORRY.replace("Sam", "Helen").replace("4417", "99120-B"), 3, 3, 1);
        check(&SORRY.replace("look into", "look at"), 4, 4, 1);
        check(
            "I see that the left hinge of your laptop came loose again; shall I send a new one today?",
            4,
            1,
            1,
        );
        check(SORRY, 1, 4, 2);
        assert_eq!(phrases.len(), 2);
    }

    #[test]
    fn formulas_are_not_counted() {
        let phrases = Phrases::new();
        for text in
            ["", "You're welcome!", "You're welcome, have a good day!", "Hello, how can I help you today?"]
        {
            assert_eq!(observe(&phrases, text, 1), Seen::default(), "{text:?}");
        }
        assert!(phrases.is_empty());
    }

    #[test]
    fn a_phrase_begins_anew_after_a_long_silence() {
        let phrases = Phrases::new();
        let words = Words::of(SORRY);
        (0..5).for_each(|conversation| {
            phrases.observe(&words, conversation, now());
        });
        let at = |days: i64| now() + SignedDuration::from_hours(24 * days);
        assert_eq!(phrases.observe(&words, 5, at(29)).conversations, 6);
        assert_eq!(phrases.observe(&words, 6, at(58)).conversations, 7);
        assert_eq!(phrases.observe(&words, 7, at(90)).conversations, 1);
        assert_eq!(phrases.observe(&words, 8, at(1)).conversations, 2);
    }

    fn numbered(n: usize) -> String {
        let word =
            |n: usize| -> String { format!("{n:06}").bytes().map(|digit| (digit + b'1') as char).collect() };
        (0..14).map(|at| word(n * 131 + at * 7)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_index_is_bounded_and_keeps_what_is_heard() {
        let phrases = Phrases::new();
        for n in 0..3 * PHRASES_MAX {
            observe(&phrases, &numbered(n), n as u64);
            if n % 500 == 0 {
                observe(&phrases, SORRY, n as u64);
            }
        }
        assert_eq!(phrases.len(), PHRASES_MAX);
        let heard = 3 * PHRASES_MAX as u32 / 500;
        assert_eq!(observe(&phrases, SORRY, u64::MAX).conversations, heard + 1);
        assert_eq!(observe(&phrases, &numbered(0), u64::MAX).conversations, 1, "forgotten");
        let newest = 3 * PHRASES_MAX - 1;
        assert_eq!(observe(&phrases, &numbered(newest), u64::MAX).conversations, 2);
    }

    #[test]
    fn threads_may_ask_at_once() {
        let phrases = Phrases::new();
        observe(&phrases, SORRY, u64::MAX);
        std::thread::scope(|scope| {
            for thread in 0..4_u64 {
                let phrases = &phrases;
                scope.spawn(move || {
                    for n in 0..200 {
                        observe(phrases, SORRY, thread * 1_000 + n);
                        observe(phrases, &numbered(n as usize), n);
                    }
                });
            }
        });
        assert_eq!(observe(&phrases, SORRY, u64::MAX - 1).conversations, 802);
    }

    #[test]
    #[ignore = "a measurement: run it in release with --nocapture"]
    fn cost() {
        let phrases = Phrases::new();
        let texts: Vec<String> =
            (0..10_000).map(numbered).chain(std::iter::repeat_n(SORRY.to_owned(), 10_000)).collect();
        #[allow(clippy::disallowed_types, reason = "no runtime here")]
        let start = std::time::Instant::now();
        for round in 0..5 {
            texts.iter().enumerate().for_each(|(n, text)| {
                observe(&phrases, text, (n * 7 + round) as u64);
            });
        }
        println!("{:.2} µs a turn", start.elapsed().as_secs_f64() * 1e6 / (5 * texts.len()) as f64);
    }
}
