//! Near-duplicates: a training row that is nearly a test row would make the test too easy.
//!
//! Holds always: of two near-duplicates in different splits the one that measures stays. Called by `data`.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Words of one shingle.
const SHINGLE_WORDS: usize = 3;
/// Two texts with this share of common shingles (Jaccard) are near-duplicates. 0.7 is one changed word in about
/// twenty, two in a tweet.
const SHARE: f64 = 0.7;
/// Shorter texts have too few shingles to tell; equal ones are found as equal.
const WORDS_MIN: usize = 6;
/// A shingle that stands in more texts than this ("thank you for") says nothing, and would cost much.
const TEXTS_PER_SHINGLE_MAX: usize = 60;

/// The texts that later ones are compared with.
#[derive(Default)]
pub struct NearIndex {
    sizes: Vec<usize>,
    texts_of: HashMap<u64, Vec<u32>>,
}

impl NearIndex {
    /// Adds a text in canonical form.
    pub fn add(&mut self, canonical: &str) {
        let Some(shingles) = shingles(canonical) else { return };
        let number = u32::try_from(self.sizes.len()).expect("fewer than 2^32 texts: this is a bug");
        self.sizes.push(shingles.len());
        for shingle in shingles {
            self.texts_of.entry(shingle).or_default().push(number);
        }
    }

    /// Whether a text in canonical form is nearly one of those added.
    pub fn has_near(&self, canonical: &str) -> bool {
        let Some(shingles) = shingles(canonical) else { return false };
        let mut common: HashMap<u32, usize> = HashMap::new();
        let lists = shingles.iter().filter_map(|shingle| self.texts_of.get(shingle));
        for texts in lists.filter(|texts| texts.len() <= TEXTS_PER_SHINGLE_MAX) {
            texts.iter().for_each(|text| *common.entry(*text).or_default() += 1);
        }
        common.iter().any(|(text, &common)| {
            let union = shingles.len() + self.sizes[*text as usize] - common;
            common as f64 >= SHARE * union as f64
        })
    }
}

fn shingles(canonical: &str) -> Option<HashSet<u64>> {
    let words: Vec<&str> = canonical.split(' ').collect();
    (words.len() >= WORDS_MIN).then(|| words.windows(SHINGLE_WORDS).map(hash).collect())
}

fn hash(words: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_changed_word_is_near_another_sentence_is_not() {
        let mut index = NearIndex::default();
        index.add(
            "my flight to boston was cancelled and nobody told me why or when the next one goes out today",
        );
        let near = |text| index.has_near(text);
        assert!(near(
            "my flight to boston was cancelled and nobody told me why or when the next one goes out"
        ));
        assert!(!near(
            "my flight to boston was late and the crew gave us water and let us know what was going on"
        ));
        assert!(!near("my flight to boston"));
    }
}
