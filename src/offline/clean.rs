//! Text from outside made fit for a terminal: what customers write must not move the cursor, change colours
//! or turn the writing direction.
//!
//! Holds always: no control character comes out, and no more columns than asked for. Called by `replay` and `backtest`.

/// `text` on one line: control and direction characters are gone, runs of white space are one space.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_whitespace() || is_line_break(char) {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else if !char.is_control() && !is_invisible(char) {
            out.push(char);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// `text`, cleaned, in at most `columns_max` columns; `…` says that something was cut.
pub fn cut(text: &str, columns_max: usize) -> String {
    let clean = clean(text);
    if width(&clean) <= columns_max {
        return clean;
    }
    let mut out = String::new();
    let mut used = 0;
    for char in clean.chars() {
        let wide = columns(char);
        if used + wide + 1 > columns_max {
            break;
        }
        used += wide;
        out.push(char);
    }
    if columns_max > 0 {
        out.push('…');
    }
    out
}

/// `text` cut to, or filled up with spaces to, exactly `columns_wanted` columns.
pub fn fit(text: &str, columns_wanted: usize) -> String {
    let mut out = cut(text, columns_wanted);
    let missing = columns_wanted.saturating_sub(width(&out));
    out.extend(std::iter::repeat_n(' ', missing));
    out
}

/// How many columns a cleaned text takes.
pub fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// A close guess: terminals do not agree about emoji either.
fn columns(char: char) -> usize {
    match u32::from(char) {
        0x0300..=0x036f | 0x200d | 0xfe00..=0xfe0f | 0x1f3fb..=0x1f3ff => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

fn is_line_break(char: char) -> bool {
    matches!(char, '\u{2028}' | '\u{2029}')
}

/// Direction marks and overrides, zero-width spaces, the byte order mark and tag characters.
fn is_invisible(char: char) -> bool {
    matches!(
        char,
        '\u{061c}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_direction_characters_never_reach_the_terminal() {
        let table = [
            ("plain", "plain"),
            ("two\nlines\r\n and\ttabs ", "two lines and tabs"),
            ("\u{1b}[31mred\u{1b}[0m", "[31mred[0m"),
            ("\u{1b}]0;title\u{7}bell", "]0;titlebell"),
            ("c1\u{9b}31m", "c131m"),
            ("\u{202e}evil\u{202c}", "evil"),
            ("a\u{2028}b", "a b"),
            ("del\u{7f}ete", "delete"),
            ("👩\u{200d}💻 ok", "👩\u{200d}💻 ok"),
        ];
        for (text, expected) in table {
            assert_eq!(clean(text), expected);
            assert!(!clean(text).chars().any(char::is_control));
        }
    }

    #[test]
    fn a_cut_text_says_so_and_keeps_to_its_columns() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("longer", 5), "long…");
        assert_eq!(cut("日本語です", 5), "日本…");
        assert_eq!(cut("anything", 0), "");
        assert_eq!(fit("ab", 4), "ab  ");
        assert_eq!(width(&fit("日本語です", 6)), 6);
    }
}
