//! Which split a row belongs to: a function of its text alone, so that the same words can never be in training
//! and in a test, whichever sets they come from and however often.
//! Called by `data`.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// Shares of 100 rows; what remains trains.
const TEST_PERCENT: u64 = 10;
const DEV_PERCENT: u64 = 10;

/// The use of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    Train,
    Dev,
    Test,
}

impl Split {
    /// The split of a text (in canonical form) or of a conversation's id.
    pub fn of(key: &str, salt: &str) -> Self {
        match bucket(key, salt) % 100 {
            0..TEST_PERCENT => Split::Test,
            b if b < TEST_PERCENT + DEV_PERCENT => Split::Dev,
            _ => Split::Train,
        }
    }

    /// The split of an annotated conversation: a third for testing; of the rest a fifth for development, since
    /// thresholds are chosen there and most classes are rare.
    pub fn of_conversation(id: &str, salt: &str) -> Self {
        match bucket(id, "annotated conversations") % 3 {
            0 => Split::Test,
            _ if bucket(id, salt).is_multiple_of(5) => Split::Dev,
            _ => Split::Train,
        }
    }
}

/// What makes two texts the same for splitting: their words in lower case, without user names, links, retweet
/// marks, digits and punctuation.
pub fn canonical(text: &str) -> String {
    let text = crate::scoring::normalize(text);
    let mut words: Vec<String> = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || (c.is_ascii_punctuation() && c != '@' && c != '\''))
    {
        let word: String =
            word.chars().filter(|c| c.is_alphabetic() || *c == '@').flat_map(char::to_lowercase).collect();
        if !word.is_empty() && !word.starts_with('@') && word != "url" && word != "rt" {
            words.push(word);
        }
    }
    // Rows such as "123" or ":)" have no words: their own signs tell them apart.
    if words.is_empty() { text.trim().to_owned() } else { words.join(" ") }
}

fn bucket(key: &str, salt: &str) -> u64 {
    let digest = Sha256::new().chain_update(salt).chain_update([0]).chain_update(key).finalize();
    u64::from_be_bytes(digest[..8].try_into().expect("a sha256 has 32 bytes: this is a bug"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retweets_and_renamed_copies_are_the_same_text() {
        let original = canonical("@united Where is my bag?? http://t.co/x1");
        assert_eq!(original, "where is my bag");
        assert_eq!(canonical("RT @other: where is my BAG https://t.co/other"), original);
        assert_ne!(canonical("where is my flight"), original);
    }

    #[test]
    fn texts_without_words_keep_apart() {
        assert_ne!(canonical(":)"), canonical(":("));
    }

    #[test]
    fn splits_have_their_shares() {
        let count = |split| (0..10_000).filter(|i| Split::of(&i.to_string(), "salt") == split).count();
        assert!((900..1100).contains(&count(Split::Test)));
        assert!((900..1100).contains(&count(Split::Dev)));
    }
}
