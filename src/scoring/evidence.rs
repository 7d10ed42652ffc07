//! Where in a turn a label shows: the span of text that drives its probability.
//!
//! A label's logit is its bias plus the log of the mean of `exp(s_t)` over the turn's own tokens, so that every token
//! has a share in it, `exp(s_t)`, which costs nothing more to know. People read clauses, not tokens: the turn is cut
//! into clauses, a clause's share is the sum of its tokens', and the span is the clause with the largest share, grown
//! to neighbours as long as they have at least half of it.
//!
//! A clause ends at a line break; behind `.`, `!`, `?` or `…` (and closing signs) before white space; behind a comma,
//! a semicolon, a colon or a dash before white space; behind the marks of Chinese and Japanese; behind a run of
//! emoji. A piece without a letter or digit (emoji, dots) belongs to the clause before it. White space, commas, colons
//! and dashes at the edges are not part of a span, the mark that ends its sentence is.
//!
//! Holds always: a span lies within the text, is never empty, and is counted in code points of the text as it was
//! given, whatever normalisation made of it. Called by `prepared` (cutting) and `readout` (choosing).

use std::ops::Range;

/// A neighbour belongs to the evidence from this part of the best clause's share on.
const NEIGHBOUR_SHARE_MIN: f64 = 0.5;

/// A clause of a turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Its tokens, by their places among the turn's own; never empty.
    pub tokens: Range<usize>,
    /// Where it stands in the text, in code points; never empty.
    pub span: Range<u32>,
}

/// Cuts a text into clauses; `places` are those of its tokens, in code points. Every token is in exactly one clause.
pub fn clauses(text: &str, places: &[Range<u32>]) -> Vec<Clause> {
    let signs: Vec<char> = text.chars().collect();
    let mut found: Vec<Clause> = Vec::new();
    let mut token = 0;
    for piece in pieces(&signs) {
        let first = token;
        while token < places.len() && (places[token].start as usize) < piece.end {
            token += 1;
        }
        if first == token {
            continue;
        }
        let own = trimmed(&signs, piece);
        let (start, end) = (own.start as u32, own.end as u32);
        found.push(Clause { tokens: first..token, span: start..end });
    }
    found
}

/// The clauses of one window of the turn, their tokens counted from its beginning. A clause that the window cuts is
/// as long there as its tokens.
pub fn within(clauses: &[Clause], window: &Range<usize>, places: &[Range<u32>]) -> Vec<Clause> {
    let mut kept = Vec::new();
    for clause in clauses {
        let tokens = clause.tokens.start.max(window.start)..clause.tokens.end.min(window.end);
        if tokens.is_empty() {
            continue;
        }
        let span = if tokens == clause.tokens {
            clause.span.clone()
        } else {
            places[tokens.start].start..places[tokens.end - 1].end
        };
        kept.push(Clause { tokens: tokens.start - window.start..tokens.end - window.start, span });
    }
    kept
}

/// The span of the best clause and of the neighbours that carry it on. `shares` are those of the window's tokens.
/// None only where there is no clause.
pub fn span(clauses: &[Clause], shares: &[f64]) -> Option<Range<u32>> {
    let share = |clause: &Clause| shares[clause.tokens.clone()].iter().sum::<f64>();
    let of_clauses: Vec<f64> = clauses.iter().map(share).collect();
    // The first of equals, whatever the order of evaluation.
    let best =
        (0..clauses.len()).reduce(|best, at| if of_clauses[at] > of_clauses[best] { at } else { best })?;
    let enough = of_clauses[best] * NEIGHBOUR_SHARE_MIN;
    let mut first = best;
    while first > 0 && of_clauses[first - 1] >= enough {
        first -= 1;
    }
    let mut last = best;
    while last + 1 < clauses.len() && of_clauses[last + 1] >= enough {
        last += 1;
    }
    Some(clauses[first].span.start..clauses[last].span.end)
}

/// Pieces of the text that end where clauses do, each with a letter or digit in it where possible.
fn pieces(signs: &[char]) -> Vec<Range<usize>> {
    let mut pieces: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    for at in 0..signs.len() {
        if at + 1 < signs.len() && !ends_clause(signs, at) {
            continue;
        }
        let piece = start..at + 1;
        start = at + 1;
        match pieces.last_mut() {
            Some(last) if !speaks(&signs[piece.clone()]) || !speaks(&signs[last.clone()]) => {
                last.end = piece.end
            }
            _ => pieces.push(piece),
        }
    }
    pieces
}

/// Whether a clause ends behind the sign at this place.
fn ends_clause(signs: &[char], at: usize) -> bool {
    let next = signs.get(at + 1).copied();
    let blank_next = next.is_none_or(char::is_whitespace);
    match signs[at] {
        '\n' | '。' | '！' | '？' | '；' | '，' | '、' => true,
        ',' | ':' | '–' | '—' | '-' => blank_next,
        ';' => blank_next && !ends_entity(&signs[..=at]),
        '.' | '!' | '?' | '…' => blank_next,
        '"' | '\'' | ')' | ']' | '”' | '’' => {
            blank_next && matches!(at.checked_sub(1).map(|last| signs[last]), Some('.' | '!' | '?' | '…'))
        }
        sign => is_emoji(sign) && next.is_some_and(|next| !is_emoji(next)),
    }
}

/// `&amp;` ends nothing.
fn ends_entity(signs: &[char]) -> bool {
    const ENTITY_CHARS_MAX: usize = 7;
    let tail = &signs[signs.len().saturating_sub(ENTITY_CHARS_MAX)..signs.len() - 1];
    let name = tail.iter().rev().take_while(|sign| sign.is_ascii_alphanumeric() || **sign == '#').count();
    name > 0 && name < tail.len() && tail[tail.len() - name - 1] == '&'
}

/// Pictures, and what joins and varies them.
fn is_emoji(sign: char) -> bool {
    matches!(sign, '\u{1f000}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{2b50}' | '\u{fe0f}' | '\u{200d}')
}

fn speaks(signs: &[char]) -> bool {
    signs.iter().any(|sign| sign.is_alphanumeric())
}

/// Without white space and joining marks at its edges; never empty.
fn trimmed(signs: &[char], piece: Range<usize>) -> Range<usize> {
    let joins = |sign: &char| matches!(sign, ',' | ';' | ':' | '-' | '–' | '—' | '，' | '、');
    let trim = |piece: &Range<usize>, out: &dyn Fn(&char) -> bool| {
        let own = &signs[piece.clone()];
        let start = own.iter().take_while(|sign| out(sign)).count();
        let end = own.iter().rev().take_while(|sign| out(sign)).count();
        (start + end < own.len()).then(|| piece.start + start..piece.end - end)
    };
    let bare = trim(&piece, &|sign| sign.is_whitespace()).unwrap_or(piece);
    trim(&bare, &|sign| sign.is_whitespace() || joins(sign)).unwrap_or(bare)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::scoring::Text;

    /// One token a word, standing where the word does.
    fn words(text: &str) -> Vec<Range<u32>> {
        let signs: Vec<char> = text.chars().collect();
        let mut places = Vec::new();
        let mut start = None;
        for (at, sign) in signs.iter().chain(&[' ']).enumerate() {
            match start {
                None if !sign.is_whitespace() => start = Some(at as u32),
                Some(first) if sign.is_whitespace() => {
                    places.push(first..at as u32);
                    start = None;
                }
                _ => {}
            }
        }
        places
    }

    fn cut(text: &str, span: &Range<u32>) -> String {
        text.chars().skip(span.start as usize).take(span.len()).collect()
    }

    fn check_clauses(text: &str, expect: &[&str]) {
        let found: Vec<String> = clauses(text, &words(text)).iter().map(|c| cut(text, &c.span)).collect();
        assert_eq!(found, expect, "of {text:?}");
    }

    #[test]
    fn clauses_end_where_people_pause() {
        check_clauses("third time I ask!", &["third time I ask!"]);
        check_clauses(
            "Hi, it is late. Why?!  Tell me - now",
            &["Hi", "it is late.", "Why?!", "Tell me", "now"],
        );
        check_clauses("one\ntwo v1.2 a-b 3,000", &["one", "two v1.2 a-b 3,000"]);
        check_clauses("Q&amp; A; that", &["Q&amp; A", "that"]);
        check_clauses("“Really?” Yes", &["“Really?”", "Yes"]);
        check_clauses("好。 走吧", &["好。", "走吧"]);
    }

    #[test]
    fn emoji_and_dots_belong_to_the_clause_before() {
        check_clauses("Late again! 😡😡 Where is it ... hm", &["Late again! 😡😡", "Where is it ...", "hm"]);
        check_clauses("😡 where is it", &["😡 where is it"]);
        check_clauses("great 👍🏽 but no", &["great 👍🏽", "but no"]);
        check_clauses("???", &["???"]);
        check_clauses(" - ", &["-"]);
        check_clauses("", &[]);
    }

    #[test]
    fn the_best_clause_grows_to_neighbours_that_carry_half_of_it() {
        let text = "ok, this is bad, so bad, bye";
        let clauses = clauses(text, &words(text));
        let find = |shares: &[f64]| cut(text, &span(&clauses, shares).expect("a clause"));
        assert_eq!(find(&[0.1, 0.1, 0.1, 2.0, 0.1, 0.2, 0.1]), "this is bad");
        assert_eq!(find(&[0.1, 0.1, 0.1, 2.0, 0.1, 1.2, 0.1]), "this is bad, so bad");
        assert_eq!(find(&[1.0; 7]), "this is bad, so bad");
        assert_eq!(find(&[5.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]), "ok");
        assert_eq!(span(&[], &[]), None);
    }

    fn text() -> Text {
        let vocabulary = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/undertone-en/vocab.txt");
        Text::load(&vocabulary).expect("the shipped vocabulary")
    }

    #[test]
    fn spans_lie_in_the_text_whatever_normalisation_makes_of_it() {
        let tokenizer = text();
        let part = prop_oneof![
            Just("😡😡".to_owned()),
            Just("👍🏽".to_owned()),
            Just("&amp;".to_owned()),
            Just("naïve.".to_owned()),
            Just("see https://a.example/b?c=1, ".to_owned()),
            Just(" @115714 ".to_owned()),
            Just("sooooo!!!!!".to_owned()),
            Just("\u{200d}".to_owned()),
            Just("谢谢。".to_owned()),
            "\\PC{0,6}",
            "[a-zA-Z ,.!?;\n-]{0,16}",
        ];
        proptest!(|(parts in prop::collection::vec(part, 0..8), window in 1..9_usize)| {
            let text = parts.concat();
            let length = text.chars().count() as u32;
            let tokens = tokenizer.tokens(&text);
            for place in &tokens.places {
                prop_assert!(place.start < place.end && place.end <= length, "{place:?} of {text:?}");
            }
            let whole = clauses(&text, &tokens.places);
            prop_assert_eq!(whole.iter().map(|clause| clause.tokens.len()).sum::<usize>(), tokens.ids.len());
            for start in (0..tokens.ids.len()).step_by(window) {
                let range = start..tokens.ids.len().min(start + window);
                let part = within(&whole, &range, &tokens.places);
                prop_assert_eq!(part.iter().map(|clause| clause.tokens.len()).sum::<usize>(), range.len());
                let shares: Vec<f64> = range.map(|token| f64::from(tokens.ids[token] % 7) + 0.1).collect();
                let span = span(&part, &shares).expect("every window has tokens");
                prop_assert!(span.start < span.end && span.end <= length, "{span:?} of {text:?}");
            }
        });
    }

    #[test]
    fn tokens_of_text_that_normalisation_leaves_alone_stand_exactly_where_they_are() {
        let tokenizer = text();
        let vocabulary = tokenizer.vocabulary();
        proptest!(|(text in "([a-z]{1,9}[ ,.!]){0,9}[a-z]?")| {
            let tokens = tokenizer.tokens(&text);
            if super::super::normalize(&text) != text {
                return Ok(());
            }
            for (id, place) in tokens.ids.iter().zip(&tokens.places) {
                let piece = &vocabulary[*id as usize];
                prop_assert_eq!(piece.strip_prefix("##").unwrap_or(piece), cut(&text, place));
            }
        });
    }

    #[test]
    fn a_window_has_its_own_part_of_a_clause() {
        let text = "a b, c d e, f";
        let places = words(text);
        let all = clauses(text, &places);
        let part = within(&all, &(1..4), &places);
        let spans: Vec<String> = part.iter().map(|clause| cut(text, &clause.span)).collect();
        assert_eq!(spans, ["b,", "c d"]);
        assert_eq!(part.iter().map(|clause| clause.tokens.clone()).collect::<Vec<_>>(), [0..1, 1..3]);
    }
}
