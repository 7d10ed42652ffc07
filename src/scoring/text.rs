//! Text → tokens: one normalisation and one WordPiece tokeniser, the same for training and serving.
//!
//! Holds always: what a customer types can never become a special token (the tokeniser knows none; [`Text`]
//! gives words and punctuation only, `[CLS]` and `[SEP]` are added by number around a window); the cost is
//! bounded by `wire::limits::TEXT_CHARS_MAX`. Called by `model`, and by `training::data`.

use std::borrow::Cow;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::bert::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{Model as _, NormalizerWrapper, PreTokenizerWrapper, Tokenizer};

/// Words longer than this, in code points, are one unknown token (the value of BERT's own tokeniser).
const WORD_CHARS_MAX: usize = 100;
/// A run of one repeated sign, such as `!!!!!!`, is cut to this many.
const SIGN_RUN_MAX: usize = 3;
/// A run of one repeated letter, such as `soooo`, is cut to this many.
const LETTER_RUN_MAX: usize = 2;

static LINK: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\b(?:https?://|www\.)\S+"));
/// A user name of digits alone, as masked data sets and some platforms have them. Names in letters stay: they tell
/// the brand that is spoken to. Addresses such as `a@b.c` are left alone.
static MENTION: LazyLock<Regex> = LazyLock::new(|| pattern(r"(^|[^\w@.])@\d+\b"));

/// The tokeniser with a model's vocabulary.
pub struct Text {
    tokenizer: Tokenizer,
    cls: u32,
    sep: u32,
}

/// The tokens of one text, without special tokens, and where a window may end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    pub ids: Vec<u32>,
    /// Ascending token counts after which a sentence ends.
    pub sentence_ends: Vec<usize>,
}

/// Why a vocabulary cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    #[error("cannot be read as a WordPiece vocabulary")]
    Unreadable,
    #[error("has no {0} token")]
    MissingToken(&'static str),
}

impl Text {
    /// Reads `vocab.txt`: one token a line, its number is the line's.
    ///
    /// # Errors
    /// [`TextError`] when the file is no vocabulary or lacks a special token.
    pub fn load(vocab: &Path) -> Result<Self, TextError> {
        let path = vocab.to_str().ok_or(TextError::Unreadable)?;
        let model = WordPiece::from_file(path)
            .unk_token("[UNK]".to_owned())
            .max_input_chars_per_word(WORD_CHARS_MAX)
            .build()
            .map_err(|_| TextError::Unreadable)?;
        let id = |token: &'static str| model.token_to_id(token).ok_or(TextError::MissingToken(token));
        let (cls, sep) = (id("[CLS]")?, id("[SEP]")?);
        id("[UNK]")?;
        let mut tokenizer = Tokenizer::new(model);
        tokenizer.with_normalizer(Some(NormalizerWrapper::BertNormalizer(BertNormalizer::new(
            true, true, None, true,
        ))));
        tokenizer.with_pre_tokenizer(Some(PreTokenizerWrapper::BertPreTokenizer(BertPreTokenizer)));
        Ok(Text { tokenizer, cls, sep })
    }

    /// The numbers of `[CLS]` and `[SEP]`.
    pub fn specials(&self) -> (u32, u32) {
        (self.cls, self.sep)
    }

    /// Normalises and tokenises the whole text.
    pub fn tokens(&self, text: &str) -> Tokens {
        let text = normalize(text);
        let encoding = self
            .tokenizer
            .encode_fast(text.as_ref(), false)
            .expect("WordPiece with [UNK] takes any text: this is a bug");
        let ids = encoding.get_ids().to_vec();
        let offsets = encoding.get_offsets();
        let mut sentence_ends = Vec::new();
        let mut token = 0;
        for end in sentence_end_bytes(&text) {
            while token < ids.len() && offsets[token].1 <= end {
                token += 1;
            }
            if token > 0 && sentence_ends.last() != Some(&token) {
                sentence_ends.push(token);
            }
        }
        Tokens { ids, sentence_ends }
    }
}

/// Takes out what says nothing about mood but varies without end: links become `url`, user names of digits
/// `@user`; HTML entities are decoded, emoji become their names, long runs of a letter or sign are cut.
pub fn normalize(text: &str) -> Cow<'_, str> {
    let text = decode_entities(text);
    let text = replace_all(&LINK, text, "url");
    let text = replace_all(&MENTION, text, "${1}@user");
    let text = name_emoji(text);
    cut_runs(text)
}

fn pattern(source: &str) -> Regex {
    Regex::new(source).expect("a constant pattern: this is a bug")
}

fn replace_all<'t>(pattern: &Regex, text: Cow<'t, str>, with: &str) -> Cow<'t, str> {
    match pattern.replace_all(&text, with) {
        Cow::Borrowed(_) => text,
        Cow::Owned(changed) => Cow::Owned(changed),
    }
}

fn decode_entities(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let decoded =
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    Cow::Owned(decoded.replace("&amp;", "&"))
}

/// `great 😡` → `great  pouting face `. Joiners, skin tones and variation selectors disappear.
fn name_emoji(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.is_ascii() {
        return text;
    }
    let mut named = String::with_capacity(text.len());
    let mut buffer = [0_u8; 4];
    for sign in text.chars() {
        match sign {
            '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' => {}
            '\u{2000}'.. => match emojis::get(sign.encode_utf8(&mut buffer)) {
                Some(emoji) => {
                    named.push(' ');
                    named.push_str(emoji.name());
                    named.push(' ');
                }
                None => named.push(sign),
            },
            _ => named.push(sign),
        }
    }
    Cow::Owned(named)
}

fn cut_runs(text: Cow<'_, str>) -> Cow<'_, str> {
    let mut cut = String::with_capacity(text.len());
    let mut previous = None;
    let mut run = 0;
    for sign in text.chars() {
        run = if previous == Some(sign) { run + 1 } else { 1 };
        previous = Some(sign);
        let keep = if sign.is_alphabetic() {
            // Two of a kind are spelling ("still"), from three on it is emphasis.
            run <= LETTER_RUN_MAX
        } else {
            sign.is_numeric() || sign.is_whitespace() || run <= SIGN_RUN_MAX
        };
        if keep {
            cut.push(sign);
        }
    }
    if cut.len() == text.len() { text } else { Cow::Owned(cut) }
}

/// Byte offsets just after a sentence: behind `.`, `!`, `?` or `…` (and closing signs) before white space, and at
/// line breaks.
fn sentence_end_bytes(text: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut ending = false;
    for (at, sign) in text.char_indices() {
        if sign == '\n' || (ending && sign.is_whitespace()) {
            ends.push(at);
        }
        let closing = matches!(sign, '"' | '\'' | ')' | ']' | '”' | '’');
        ending = matches!(sign, '.' | '!' | '?' | '…' | '。' | '！' | '？') || (ending && closing);
    }
    ends
}

#[cfg(test)]
mod tests {
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
        check("still booking", "still booking");
    }

    #[test]
    fn emoji_are_spoken() {
        check("ok 👍🏽", "ok  thumbs up ");
        check("❤️", " red heart ");
        check("naïve café", "naïve café");
    }

    #[test]
    fn sentences_end_at_marks_and_lines() {
        let ends = |text: &str| sentence_end_bytes(text);
        assert_eq!(ends("One. Two! Three"), [4, 9]);
        assert_eq!(ends("a\nb"), [1]);
        assert_eq!(ends("(Really?) Yes v1.2 ok"), [9]);
    }
}
