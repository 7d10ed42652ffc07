//! Text that others wrote: shown whole, never obeyed, with the places that were found in it marked and named.
//!
//! Holds always: every character of HTML is escaped; characters that would change the direction or the look of what
//! follows are shown as their code points; the text between the marks is the text that was said. Called by the other
//! files of `pages`.

use std::collections::BTreeSet;

use maud::{Escaper, Markup, Render, html};
use std::fmt::Write;

use super::words;

/// Free text: what was said, ids, names of queues and rules.
#[derive(Clone, Copy, Debug)]
pub struct Free<'a>(pub &'a str);

/// What a place shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// The customer's side.
    Signal,
    /// The business side.
    Mistake,
    /// A neutral fact.
    Act,
}

/// A place in a text, in code points, end exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place<'a> {
    pub start: usize,
    pub end: usize,
    pub tone: Tone,
    pub name: &'a str,
}

// === impl Free ===

impl Render for Free<'_> {
    fn render_to(&self, buffer: &mut String) {
        let mut rest = self.0;
        while let Some((at, hidden)) = rest.char_indices().find(|(_, c)| is_unseen(*c)) {
            let _ = Escaper::new(buffer).write_str(&rest[..at]);
            let _ = write!(buffer, "[U+{:04X}]", u32::from(hidden));
            rest = &rest[at + hidden.len_utf8()..];
        }
        let _ = Escaper::new(buffer).write_str(rest);
    }
}

/// Controls, and what turns the direction of writing around: nobody needs them here, and they lie about what is there.
/// Marks that join or separate letters stay, since scripts and emoji are made of them.
const fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\0'..='\x08' | '\x0b'..='\x1f' | '\x7f'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
    )
}

// === impl Tone ===

impl Tone {
    const fn class(self) -> &'static str {
        match self {
            Tone::Signal => "signal",
            Tone::Mistake => "mistake",
            Tone::Act => "act",
        }
    }
}

/// `text` with its places: each is marked, and named where it ends. Places may overlap, and may lie beyond a text of
/// which only the beginning is held.
pub fn marked(text: &str, places: &[Place<'_>]) -> Markup {
    let pieces = pieces(text, places);
    html! {
        @for piece in &pieces {
            @if let Some(tone) = piece.tone {
                mark class=(tone.class()) { (Free(piece.text)) }
            } @else {
                (Free(piece.text))
            }
            @for place in &piece.ends {
                span class={ "tag " (place.tone.class()) } { (Free(&words::name(place.name))) }
            }
        }
    }
}

/// A stretch of text within the same places.
#[derive(Debug, PartialEq)]
struct Piece<'t, 'p> {
    text: &'t str,
    /// The most telling of its places.
    tone: Option<Tone>,
    /// The places that end with it.
    ends: Vec<Place<'p>>,
}

fn pieces<'t, 'p>(text: &'t str, places: &[Place<'p>]) -> Vec<Piece<'t, 'p>> {
    // Where each code point begins, and where the last one ends.
    let begins: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let length = begins.len() - 1;
    let within = |place: &Place<'p>| Place { end: place.end.min(length), ..*place };
    let places: BTreeSet<Place<'p>> =
        places.iter().map(within).filter(|place| place.start < place.end).collect();
    let edges: BTreeSet<usize> =
        places.iter().flat_map(|place| [place.start, place.end]).chain([0, length]).collect();
    let edges: Vec<usize> = edges.into_iter().collect();
    let piece = |pair: &[usize]| {
        let (start, end) = (pair[0], pair[1]);
        let around = places.iter().filter(|place| place.start <= start && end <= place.end);
        Piece {
            text: &text[begins[start]..begins[end]],
            tone: around.map(|place| place.tone).min(),
            ends: places.iter().filter(|place| place.end == end).copied().collect(),
        }
    };
    edges.windows(2).map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(start: usize, end: usize, tone: Tone, name: &str) -> Place<'_> {
        Place { start, end, tone, name }
    }

    fn free(text: &str) -> String {
        html! { (Free(text)) }.into_string()
    }

    #[test]
    fn nothing_that_was_said_is_obeyed() {
        let check = |text: &str, expect: &str| assert_eq!(free(text), expect);
        check("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;");
        check("\" onclick='x' &amp;", "&quot; onclick='x' &amp;amp;");
        check("safe \u{202e}cod.exe", "safe [U+202E]cod.exe");
        check("\u{2066}a\u{2069}\0\u{1b}[31m", "[U+2066]a[U+2069][U+0000][U+001B][31m");
        check("👩\u{200d}🔧 ok\n\tשלום", "👩\u{200d}🔧 ok\n\tשלום");
    }

    #[test]
    fn places_are_marked_in_code_points_and_named_where_they_end() {
        let check = |text: &str, places: &[Place<'_>], expect: &str| {
            assert_eq!(marked(text, places).into_string(), expect, "{text}");
        };
        let anger = |start, end| place(start, end, Tone::Signal, "frustration");
        check("all calm", &[], "all calm");
        check(
            "😡😡 <b> late",
            &[anger(3, 6)],
            "😡😡 <mark class=\"signal\">&lt;b&gt;</mark><span class=\"tag signal\">frustration</span> late",
        );
        check(
            "abcd",
            &[anger(0, 3), place(1, 4, Tone::Act, "apology"), anger(0, 3)],
            "<mark class=\"signal\">a</mark><mark class=\"signal\">bc</mark>\
             <span class=\"tag signal\">frustration</span>\
             <mark class=\"act\">d</mark><span class=\"tag act\">apology</span>",
        );
    }

    #[test]
    fn places_beyond_the_text_harm_nothing() {
        let check = |places: &[Place<'_>]| {
            let shown: String = pieces("añb", places).iter().map(|piece| piece.text).collect();
            assert_eq!(shown, "añb");
        };
        check(&[place(2, 99, Tone::Signal, "distress")]);
        check(&[place(50, 99, Tone::Signal, "distress")]);
        check(&[place(2, 1, Tone::Signal, "distress"), place(1, 1, Tone::Act, "empathy")]);
        assert_eq!(pieces("", &[place(0, 9, Tone::Act, "empathy")]).len(), 0);
    }
}
