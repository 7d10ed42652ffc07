//! Takes out of a text what says nothing about mood but varies without end, and remembers where everything was.
//!
//! Holds always: links become `url`, user names of digits `@user`, HTML entities are decoded, emoji become their
//! names, long runs of a letter or sign are cut; [`Normalized::origin`] leads every place of the result back to the
//! place of the given text that it came from. Called by `text`, and by `training::split`.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// A run of one repeated sign, such as `!!!!!!`, is cut to this many.
const SIGN_RUN_MAX: usize = 3;
/// A run of one repeated letter, such as `soooo`, is cut to this many.
const LETTER_RUN_MAX: usize = 2;
/// The entities that platforms leave in text.
const ENTITIES: [(&str, &str); 5] =
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];

static LINK: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\b(?:https?://|www\.)\S+"));
/// A user name of digits alone, as masked data sets and some platforms have them. Names in letters stay: they tell
/// the brand that is spoken to. Addresses such as `a@b.c` are left alone.
static MENTION: LazyLock<Regex> = LazyLock::new(|| pattern(r"(^|[^\w@.])@\d+\b"));

/// The steps, one after the other.
const STEPS: [fn(&mut Rewriter<'_>); 5] = [decode_entities, name_links, name_mentions, name_emoji, cut_runs];

/// A text, normalised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Normalized<'t> {
    pub text: Cow<'t, str>,
    /// What each step changed, ascending; steps that changed nothing are left out.
    steps: Vec<Vec<Edit>>,
}

/// Bytes before a step, and what became of them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Edit {
    from: Range<usize>,
    to: Range<usize>,
}

/// One step under way: copies the input but for what is replaced.
struct Rewriter<'a> {
    input: &'a str,
    output: String,
    copied: usize,
    edits: Vec<Edit>,
}

/// The text alone, where nobody asks for places.
pub fn normalize(text: &str) -> Cow<'_, str> {
    normalized(text).text
}

/// Normalises a text.
pub fn normalized(text: &str) -> Normalized<'_> {
    let mut result = Normalized { text: Cow::Borrowed(text), steps: Vec::new() };
    for step in STEPS {
        let mut rewriter =
            Rewriter { input: &result.text, output: String::new(), copied: 0, edits: Vec::new() };
        step(&mut rewriter);
        if let Some((text, edits)) = rewriter.finish() {
            result.text = Cow::Owned(text);
            result.steps.push(edits);
        }
    }
    result
}

impl Normalized<'_> {
    /// The bytes of the given text that some bytes of the result came from. What was cut or replaced counts whole.
    pub fn origin(&self, range: Range<usize>) -> Range<usize> {
        self.steps.iter().rev().fold(range, |range, edits| before(edits, range))
    }
}

impl Rewriter<'_> {
    /// Bytes of the input become something else. Called from left to right.
    fn replace(&mut self, from: Range<usize>, with: &[&str]) {
        self.output.push_str(&self.input[self.copied..from.start]);
        let start = self.output.len();
        with.iter().for_each(|part| self.output.push_str(part));
        self.copied = from.end;
        self.edits.push(Edit { from, to: start..self.output.len() });
    }

    /// None where nothing was replaced.
    fn finish(mut self) -> Option<(String, Vec<Edit>)> {
        if self.edits.is_empty() {
            return None;
        }
        self.output.push_str(&self.input[self.copied..]);
        Some((self.output, self.edits))
    }
}

/// Leads a range back over one step.
fn before(edits: &[Edit], range: Range<usize>) -> Range<usize> {
    // The last byte, not the end: what was taken out behind the range is none of its.
    let last = range.end.max(range.start + 1) - 1;
    let place = |at: usize| {
        let passed = edits.partition_point(|edit| edit.to.end <= at);
        match edits.get(passed) {
            Some(edit) if edit.to.start <= at => edit.from.clone(),
            _ => {
                let same =
                    passed.checked_sub(1).map_or(at, |last| at - edits[last].to.end + edits[last].from.end);
                same..same + 1
            }
        }
    };
    place(range.start).start..place(last).end
}

/// A pattern of the source code.
pub(super) fn pattern(source: &str) -> Regex {
    Regex::new(source).expect("a constant pattern: this is a bug")
}

fn decode_entities(rewriter: &mut Rewriter<'_>) {
    let input = rewriter.input;
    for (at, _) in input.match_indices('&') {
        if let Some((entity, sign)) = ENTITIES.iter().find(|(entity, _)| input[at..].starts_with(entity)) {
            rewriter.replace(at..at + entity.len(), &[sign]);
        }
    }
}

fn name_links(rewriter: &mut Rewriter<'_>) {
    LINK.find_iter(rewriter.input).for_each(|link| rewriter.replace(link.range(), &["url"]));
}

fn name_mentions(rewriter: &mut Rewriter<'_>) {
    for found in MENTION.captures_iter(rewriter.input) {
        if let (Some(whole), Some(lead)) = (found.get(0), found.get(1)) {
            rewriter.replace(lead.end()..whole.end(), &["@user"]);
        }
    }
}

/// `great 😡` → `great  pouting face `. Joiners, skin tones and variation selectors disappear.
fn name_emoji(rewriter: &mut Rewriter<'_>) {
    if rewriter.input.is_ascii() {
        return;
    }
    for (at, sign) in rewriter.input.char_indices() {
        let here = at..at + sign.len_utf8();
        match sign {
            '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' => rewriter.replace(here, &[]),
            '\u{2000}'.. => {
                if let Some(emoji) = emojis::get(&rewriter.input[here.clone()]) {
                    rewriter.replace(here, &[" ", emoji.name(), " "]);
                }
            }
            _ => {}
        }
    }
}

fn cut_runs(rewriter: &mut Rewriter<'_>) {
    let input = rewriter.input;
    let mut signs = input.char_indices().peekable();
    while let Some((start, sign)) = signs.next() {
        let mut run = 1;
        while signs.next_if(|(_, next)| *next == sign).is_some() {
            run += 1;
        }
        let keep = if sign.is_alphabetic() {
            // Two of a kind are spelling ("still"), from three on it is emphasis.
            LETTER_RUN_MAX
        } else if sign.is_numeric() || sign.is_whitespace() {
            run
        } else {
            SIGN_RUN_MAX
        };
        if run > keep {
            let length = sign.len_utf8();
            rewriter.replace(start..start + run * length, &[&input[start..start + keep * length]]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(input: &str, expect: &str) {
        assert_eq!(normalize(input), expect, "for {input:?}");
    }

    #[test]
    fn names_links_and_runs_do_not_vary() {
        check("@115714 where is my bag", "@user where is my bag");
        check("thanks @AcmeCare, see https://acme.example/x?id=1 now", "thanks @AcmeCare, see url now");
        check("write to a.b@acme.example", "write to a.b@acme.example");
        check("sooooo late!!!!!!!! 1000000", "soo late!!! 1000000");
        check("fish &amp; chips &lt;3", "fish & chips <3");
        check("&amp;lt;", "&lt;");
        check("still booking", "still booking");
    }

    #[test]
    fn emoji_are_spoken() {
        check("ok 👍🏽", "ok  thumbs up ");
        check("❤️", " red heart ");
        check("naïve café", "naïve café");
    }

    /// The part of `text` that the first `part` of its normalised form came from.
    fn origin<'t>(text: &'t str, part: &str) -> &'t str {
        let normalized = normalized(text);
        let start = normalized.text.find(part).expect("the part is there");
        &text[normalized.origin(start..start + part.len())]
    }

    #[test]
    fn every_place_leads_back_to_where_it_came_from() {
        assert_eq!(
            origin("see https://a.example/b, it is 👍🏽 soooo late!!!!!", "url"),
            "https://a.example/b,"
        );
        assert_eq!(origin("see https://a.example/b, it is 👍🏽 soooo late!!!!!", "thumbs"), "👍");
        assert_eq!(origin("see https://a.example/b, it is 👍🏽 soooo late!!!!!", "soo"), "soooo");
        assert_eq!(origin("see https://a.example/b, it is 👍🏽 soooo late!!!!!", "late!"), "late!!!!!");
        assert_eq!(origin("Q&amp;A &lt;3 @115714 please", "Q&A"), "Q&amp;A");
        assert_eq!(origin("Q&amp;A &lt;3 @115714 please", "@user"), "@115714");
        assert_eq!(origin("Q&amp;A &lt;3 @115714 please", "ease"), "ease");
    }

    proptest! {
        #[test]
        fn origins_are_parts_of_the_text_and_keep_its_order(
            parts in prop::collection::vec(
                prop_oneof![
                    Just("😡😡".to_owned()), Just("👍🏽".to_owned()), Just("&amp;amp;".to_owned()),
                    Just("https://a.example/b".to_owned()), Just(" @115714 ".to_owned()), Just("sooooé!!!!".to_owned()),
                    "\\PC{0,6}", "[a-z ,.]{0,12}"
                ],
                0..8,
            )
        ) {
            let text = parts.concat();
            let normalized = normalized(&text);
            let mut before = 0..0;
            for (at, sign) in normalized.text.char_indices() {
                let origin = normalized.origin(at..at + sign.len_utf8());
                prop_assert!(origin.start < origin.end && text.get(origin.clone()).is_some(), "{origin:?} of {text:?}");
                prop_assert!(origin.start >= before.start && origin.end >= before.end);
                before = origin;
            }
            if normalized.text == text {
                prop_assert_eq!(normalized.origin(0..text.len().max(1)).start, 0);
            }
        }
    }
}
