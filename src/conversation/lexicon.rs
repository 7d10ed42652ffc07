//! Lists of English words: what says nothing by itself, what only names a kind of figure, what negates; and stems.
//!
//! Holds always: words are given folded as in [`super::words`]. Called by [`super::words`].

use std::sync::LazyLock;

use super::words::short_hash;

/// Words without a subject: articles, pronouns, auxiliaries, courtesies, yes and no, parts of links, and the commonest verbs.
const STOP: &str = "\
    a about actually after again ago ah aint all already also always am amp an and another any anybody \
    anymore anyone anything appreciate are arent as ask asked asking at be because been before being \
    both but by can cannot cant co com come cool correct could couldnt day days did didnt do does doesnt \
    doing done dont each either else even ever every everything exactly few fine for from get getting \
    give given go going good got great had hadnt has hasnt have havent having he hello help her here \
    hers hey hi him his hm hmm hour hours how http https i id if ill im in into is isnt it its ive just \
    kind know last less let lets like likely little lot lots made make many may maybe me mean might mine \
    month months more most much must my need needs neither never new next no nobody none nope nor not \
    nothing now of off oh ok okay on once one only or other our ours out over own perfect please pls plz \
    put quite rather really right said same saw say saying see she should shouldnt since so some \
    somebody someone something soon still such sure take tell telling than thank thanks that thats the \
    their them then there theres these they theyre thing things think this those though through thx time \
    times to today told tomorrow too true two u uh um under until up upon ur url us use very via want \
    was wasnt we week weeks welcome well were werent weve what whats when where wheres which while who \
    whom whos whose why will wish with within without wont would wouldnt wrote www yeah year years yep \
    yes yesterday yet you youd youll your youre yours youve";

/// Words that name a figure or a fact, or that introduce what is said: they tell nothing by themselves.
const LABEL: &str = "\
    account address answer birth booking case chat check checking claim code contract customer date dob \
    email ending ends id invoice issue look looking madam mail member message minute minutes mobile \
    moment name named no nr number numbers order orders phone policy postcode problem question ref \
    reference sec second seconds serial sir sorry surname tel telephone ticket tracking tried try trying \
    wait zip";

const NEGATION: &str = "\
    aint arent cannot cant couldnt didnt doesnt dont hadnt hasnt havent isnt neither never no nobody \
    none not nothing shouldnt wasnt werent without wont wouldnt";

/// Hashes of all of these, ascending, each with the lists it is on: one look a word.
static LISTED: LazyLock<Vec<(u32, Class)>> = LazyLock::new(|| {
    let mut listed: Vec<(u32, Class)> = Vec::new();
    for (list, class) in [(STOP, Class::STOP), (LABEL, Class::LABEL), (NEGATION, Class::NEGATION)] {
        for word in list.split_whitespace() {
            let hash = short_hash(word.as_bytes());
            match listed.binary_search_by_key(&hash, |(hash, _)| *hash) {
                Ok(at) => listed[at].1.0 |= class.0,
                Err(at) => listed.insert(at, (hash, class)),
            }
        }
    }
    listed
});

/// The longest word of the lists, in bytes: longer ones need no look.
const LISTED_BYTES_MAX: usize = 10;
/// A stem has at least this many letters.
const STEM_MIN: usize = 3;

/// The lists that a word is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Class(u8);

impl Class {
    const STOP: Class = Class(1);
    const LABEL: Class = Class(2);
    const NEGATION: Class = Class(4);

    pub fn of(word: &str) -> Self {
        if word.len() > LISTED_BYTES_MAX {
            return Class::default();
        }
        let found = LISTED.binary_search_by_key(&short_hash(word.as_bytes()), |(hash, _)| *hash);
        found.map_or(Class::default(), |at| LISTED[at].1)
    }

    /// It says nothing of what a text is about.
    pub const fn is_stop(self) -> bool {
        self.0 & Class::STOP.0 != 0
    }

    /// It only names a kind of figure or fact, such as `order` or `number`.
    pub const fn is_label(self) -> bool {
        self.0 & Class::LABEL.0 != 0
    }

    /// It says that something is not.
    pub const fn is_negation(self) -> bool {
        self.0 & Class::NEGATION.0 != 0
    }
}

/// The beginning that the forms of a word share: `charged`, `charges`, `charging` and `charge` are `charg`.
pub fn stem(word: &str) -> &str {
    let bytes = word.as_bytes();
    if !word.is_ascii() || bytes.iter().any(u8::is_ascii_digit) {
        return word;
    }
    let cut = ["ing", "ed", "es", "s", "e"].into_iter().find_map(|ending| {
        let rest = word.strip_suffix(ending)?;
        // "address" and "bus" have no ending.
        (rest.len() >= STEM_MIN && !(ending == "s" && rest.ends_with(['s', 'u', 'i']))).then_some(rest)
    });
    let Some(rest) = cut else { return word };
    match rest.as_bytes() {
        [start @ .., a, b] if a == b && start.len() + 1 >= STEM_MIN && !matches!(a, b's' | b'l' | b'e') => {
            &rest[..rest.len() - 1]
        }
        _ => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_hold_folded_words_that_are_short_enough_to_be_found() {
        for word in [STOP, LABEL, NEGATION].iter().flat_map(|list| list.split_whitespace()) {
            assert!(word.len() <= LISTED_BYTES_MAX, "{word}");
            assert!(word.bytes().all(|sign| sign.is_ascii_lowercase()), "{word}");
        }
        let check = |word: &str, stop: bool, label: bool, negation: bool| {
            let class = Class::of(word);
            let found = (class.is_stop(), class.is_label(), class.is_negation());
            assert_eq!(found, (stop, label, negation), "{word}");
        };
        check("the", true, false, false);
        check("yesterday", true, false, false);
        check("wouldnt", true, false, true);
        check("order", false, true, false);
        check("router", false, false, false);
        check("", false, false, false);
    }

    #[test]
    fn forms_share_a_stem() {
        let check = |words: &[&str], expect: &str| {
            words.iter().for_each(|word| assert_eq!(stem(word), expect, "{word}"));
        };
        check(&["charge", "charges", "charged", "charging"], "charg");
        check(&["drop", "drops", "dropped", "dropping"], "drop");
        check(&["install", "installs", "installed", "installing"], "install");
        check(&["box", "boxes"], "box");
        check(&["bill", "bills", "billed", "billing"], "bill");
        check(&["address"], "address");
        check(&["bus"], "bus");
        check(&["used"], "used");
        check(&["a12s"], "a12s");
        check(&["straße"], "straße");
    }
}
