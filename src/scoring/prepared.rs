//! A turn on its way to the encoder: tokens at first, windows once its context is known.
//!
//! Holds always: what a turn costs is known before its context is, as an upper bound that [`Tokenizing::assemble`]
//! keeps to; [`Tokenizing`] may be used from every thread. Called by `queue`, `batch`, `training` and the tests.

use std::ops::Range;

use super::abstain::{Abstention, Judge};
use super::evidence::{self, Clause};
use super::text::{Text, Tokens};
use super::window::{Window, context_tail, windows};
use crate::wire::Role;

/// `[CLS]` and `[SEP]` around every window.
pub(super) const SPECIAL_TOKENS: usize = 2;
/// The `[SEP]` behind a context.
pub(super) const CONTEXT_SPECIAL_TOKENS: usize = 1;

/// The part of a model that every thread may use: text → windows of tokens.
pub struct Tokenizing {
    text: Text,
    judge: Judge,
    window_content_tokens: usize,
    context_tokens: usize,
}

/// A turn whose context is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokenized {
    side: Side,
    tokens: Tokens,
    clauses: Vec<Clause>,
    ranges: Vec<Range<usize>>,
    abstained: Option<Abstention>,
    tokens_max: usize,
}

/// A turn ready to be encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    pub(super) side: Side,
    windows: Vec<Window>,
    /// Of each window.
    pub(super) clauses: Vec<Vec<Clause>>,
    /// All tokens of all windows: what it costs.
    tokens: usize,
    pub(super) abstained: Option<Abstention>,
}

/// Which heads a turn is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Customer,
    /// Agents and bots.
    Business,
}

impl Tokenizing {
    /// `window_tokens` and `context_tokens` are the manifest's.
    pub(super) fn new(text: Text, window_tokens: usize, context_tokens: usize) -> Self {
        let judge = Judge::new(&text);
        let window_content_tokens = window_tokens - SPECIAL_TOKENS;
        Tokenizing { text, judge, window_content_tokens, context_tokens }
    }

    /// Tokenises one turn. Its context is added by [`Tokenizing::assemble`].
    pub fn tokenize(&self, role: Role, text: &str) -> Tokenized {
        let side = if role == Role::Customer { Side::Customer } else { Side::Business };
        let tokens = self.text.tokens(text);
        let clauses = evidence::clauses(text, &tokens.places);
        let abstained = self.judge.reason(text, &tokens);
        let ranges = windows(&tokens, self.window_content_tokens);
        let around = SPECIAL_TOKENS + CONTEXT_SPECIAL_TOKENS + self.context_tokens;
        let tokens_max = tokens.ids.len() + ranges.len() * around;
        Tokenized { side, tokens, clauses, ranges, abstained, tokens_max }
    }

    /// Puts windows together; each has the end of the context before it.
    pub fn assemble(&self, turn: Tokenized, context: Option<&str>) -> Prepared {
        let Tokenized { side, tokens, clauses, ranges, abstained, tokens_max } = turn;
        let context = context.map(|context| self.text.tokens(context));
        let context = context.as_ref().map_or(&[][..], |tokens| context_tail(tokens, self.context_tokens));
        let window =
            |range: &Range<usize>| Window::new(context, &tokens.ids[range.clone()], self.text.specials());
        let windows: Vec<Window> = ranges.iter().map(window).collect();
        let clauses = ranges.iter().map(|range| evidence::within(&clauses, range, &tokens.places)).collect();
        let total = windows.iter().map(|window| window.ids.len()).sum();
        debug_assert!(total <= tokens_max, "a turn costs no more than was said: this is a bug");
        Prepared { side, windows, clauses, tokens: total, abstained }
    }

    /// Both at once, where the context is known.
    pub fn prepare(&self, role: Role, text: &str, context: Option<&str>) -> Prepared {
        self.assemble(self.tokenize(role, text), context)
    }
}

impl Tokenized {
    /// Why it will not be judged, if so.
    pub fn abstained(&self) -> Option<Abstention> {
        self.abstained
    }

    /// What it costs to encode at most, in tokens, whatever its context will be.
    pub fn tokens_max(&self) -> usize {
        self.tokens_max
    }
}

impl Prepared {
    /// What it costs to encode, in tokens.
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Whether there is nothing to judge.
    pub(super) fn says_nothing(&self) -> bool {
        self.abstained == Some(Abstention::TooShort)
    }

    /// Its windows; never empty.
    pub fn windows(&self) -> &[Window] {
        &self.windows
    }
}
