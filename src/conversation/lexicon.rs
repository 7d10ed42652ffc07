//! Lists of English words: what says nothing by itself, what only names a kind of figure, what negates; and stems.
//!
//! Holds always: words are given folded as in [`super::words`]. Called by [`super::words`].

use std::collections::HashSet;
use std::sync::LazyLock;

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

static STOP_WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| STOP.split_whitespace().collect());
static LABEL_WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| LABEL.split_whitespace().collect());
static NEGATIONS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| NEGATION.split_whitespace().collect());

/// The longest word of the lists, in bytes: longer ones need no look.
const LISTED_BYTES_MAX: usize = 10;
/// A stem has at least this many letters.
const STEM_MIN: usize = 3;

/// Whether a word says nothing of what a text is about.
pub fn is_stop(word: &str) -> bool {
    word.len() <= LISTED_BYTES_MAX && STOP_WORDS.contains(word)
}

/// Whether a word only names a kind of figure or fact, such as `order` or `number`.
pub fn is_label(word: &str) -> bool {
    word.len() <= LISTED_BYTES_MAX && LABEL_WORDS.contains(word)
}

/// Whether a word says that something is not.
pub fn is_negation(word: &str) -> bool {
    word.len() <= LISTED_BYTES_MAX && NEGATIONS.contains(word)
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
        assert!(is_stop("the") && is_stop("yesterday") && !is_stop("router"));
        assert!(is_label("order") && is_negation("wouldnt"));
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
