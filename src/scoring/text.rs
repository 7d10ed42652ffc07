//! Text → tokens: one normalisation and one WordPiece tokeniser, the same for training and serving.
//!
//! Holds always: what a customer types can never become a special token (the tokeniser knows none; [`Text`]
//! gives words and punctuation only, `[CLS]` and `[SEP]` are added by number around a window); the cost is
//! bounded by `wire::limits::TEXT_CHARS_MAX`. Called by `prepared`, and by `training::data`.

use std::ops::Range;
use std::path::Path;

use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::bert::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{Model as _, NormalizerWrapper, PreTokenizerWrapper, Tokenizer};

use super::normalize::normalized;
use super::signature::without_signature;

/// Words longer than this, in code points, are one unknown token (the value of BERT's own tokeniser).
const WORD_CHARS_MAX: usize = 100;

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
    /// Where each token stands in the text as it was given, in code points; ascending, none is empty.
    pub places: Vec<Range<u32>>,
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

    /// Every token, by its number.
    pub fn vocabulary(&self) -> Vec<String> {
        let mut tokens = vec![String::new(); self.tokenizer.get_vocab_size(false)];
        for (token, id) in self.tokenizer.get_vocab(false) {
            if let Some(place) = tokens.get_mut(id as usize) {
                *place = token;
            }
        }
        tokens
    }

    /// Normalises and tokenises the whole text but its signature.
    pub fn tokens(&self, text: &str) -> Tokens {
        let text = without_signature(text);
        let normalized = normalized(text);
        // Not `encode_fast`, which leaves the offsets out.
        let encoding = self
            .tokenizer
            .encode(normalized.text.as_ref(), false)
            .expect("WordPiece with [UNK] takes any text: this is a bug");
        let ids = encoding.get_ids().to_vec();
        let offsets = encoding.get_offsets();
        let mut sentence_ends = Vec::new();
        let mut token = 0;
        for end in sentence_end_bytes(&normalized.text) {
            while token < ids.len() && offsets[token].1 <= end {
                token += 1;
            }
            if token > 0 && sentence_ends.last() != Some(&token) {
                sentence_ends.push(token);
            }
        }
        let code_points = CodePoints::new(text);
        let place = |&(start, end): &(usize, usize)| {
            let origin = normalized.origin(start..end);
            code_points.before(origin.start)..code_points.before(origin.end)
        };
        let places = offsets.iter().map(place).collect();
        Tokens { ids, sentence_ends, places }
    }
}

/// Bytes → code points of one text.
struct CodePoints {
    /// Where each begins; none where each is one byte.
    starts: Option<Vec<usize>>,
}

impl CodePoints {
    fn new(text: &str) -> Self {
        CodePoints { starts: (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect()) }
    }

    /// How many begin before this byte.
    fn before(&self, byte: usize) -> u32 {
        let count = match &self.starts {
            Some(starts) => starts.partition_point(|&start| start < byte),
            None => byte,
        };
        u32::try_from(count).unwrap_or(u32::MAX)
    }
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

    #[test]
    fn sentences_end_at_marks_and_lines() {
        let ends = |text: &str| sentence_end_bytes(text);
        assert_eq!(ends("One. Two! Three"), [4, 9]);
        assert_eq!(ends("a\nb"), [1]);
        assert_eq!(ends("(Really?) Yes v1.2 ok"), [9]);
    }
}
