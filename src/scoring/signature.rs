//! What stands under a letter is no mood: a closing formula and the name behind it are cut off before anything is read.
//!
//! A signature is a line that holds nothing but a closing formula ("Best regards,"), with at most
//! [`LINES_AFTER_MAX`] short lines behind it, and something said before it.
//!
//! Holds always: what remains is the beginning of the text, so that places in it are places in the text.
//! Called by `text`.

use std::sync::LazyLock;

use regex::Regex;

use super::normalize::pattern;

/// Name, position, firm, telephone number.
const LINES_AFTER_MAX: usize = 4;
/// Longer lines say something.
const LINE_CHARS_MAX: usize = 48;

static CLOSING: LazyLock<Regex> = LazyLock::new(|| {
    let formula = r"(?:(?:best|kind|kindest|warm|warmest|many)\s+)?(?:regards|wishes)|(?:yours\s+)?(?:sincerely|truly|faithfully)(?:\s+yours)?|respectfully|cheers";
    pattern(&format!(r"(?i)^\s*(?:(?:with\s+)?{formula})\s*[,.!-]*\s*$"))
});

/// The text without its signature.
pub fn without_signature(text: &str) -> &str {
    // The place behind each line, from the last one on.
    let mut end = text.len();
    for (after, line) in text.split_inclusive('\n').rev().take(LINES_AFTER_MAX + 1).enumerate() {
        let start = end - line.len();
        let body = text[..start].trim_end();
        if CLOSING.is_match(line) && !body.is_empty() {
            return body;
        }
        if after == LINES_AFTER_MAX || line.chars().count() > LINE_CHARS_MAX {
            return text;
        }
        end = start;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        assert_eq!(without_signature(text), expect, "for {text:?}");
    }

    #[test]
    fn a_closing_formula_and_a_name_are_cut_off() {
        check("Where is it?\n\nBest regards\nJ. Miller", "Where is it?");
        check("Where is it?\nKind regards,\nJ. Miller\nHead of Sales\nAcme", "Where is it?");
        check("Where is it?\r\nYours sincerely,\r\n\r\nJ. Miller\r\n", "Where is it?");
        check("Sorted.\ncheers", "Sorted.");
    }

    #[test]
    fn what_says_something_stays() {
        for text in [
            "",
            "Cheers",
            "Kind regards,\nJ. Miller",
            "Give my regards to Anna",
            "Regards the invoice, it is wrong\nand has been for a month",
            "Best wishes\nThis is a very long line behind it that plainly says something of its own.",
            "no\nregards\n1\n2\n3\n4\n5",
        ] {
            check(text, text);
        }
    }
}
