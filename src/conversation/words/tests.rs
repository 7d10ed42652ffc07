//! What the words of a text are, and what it is about.

use proptest::prelude::*;

use super::*;

#[test]
fn punctuation_greetings_and_courtesies_are_dropped() {
    let check = |text: &str, expect: &str| assert_eq!(Words::of(text).normalised(), expect, "{text:?}");
    check("", "");
    check("Hello!!", "");
    check("Hi there, where is my order #4417-B?", "where is my order 4417 b");
    check("Good morning. WHERE is my order, please? Thank you!", "where is my order");
    check("where's my bag, pls thanks", "wheres my bag");
    check("It doesn’t work…", "it doesnt work");
    check("it's 4.99 at a.b.com", "its 4 99 at a b com");
    check("'quoted' words'", "quoted words");
    check("Straße, É, 漢字!", "straße é 漢字");
}

#[test]
fn sentences_know_whether_they_ask() {
    let check = |text: &str, expect: &[(&str, bool)]| {
        let words = Words::of(text);
        let sentences: Vec<(&str, bool)> = words
            .sentences()
            .iter()
            .map(|sentence| (words.slice(sentence.words.clone()), sentence.question))
            .collect();
        assert_eq!(sentences, expect, "{text:?}");
    };
    check("", &[]);
    check("One. Two? Three", &[("one", false), ("two", true), ("three", false)]);
    check("What?!? No.", &[("what", true), ("no", false)]);
    check("it is 4.99 now!?", &[("it is 4 99 now", true)]);
    check("a line\nanother", &[("a line", false), ("another", false)]);
}

#[test]
fn places_are_code_points() {
    let words = Words::of("«Ünïque» don't 漢字 x");
    assert_eq!(words.place(0..1), 1..7);
    assert_eq!(words.place(1..2), 9..14);
    assert_eq!(words.place(2..4), 15..19);
    assert_eq!(words.place(9..12), 0..0);
    assert_eq!(words.slice(1..3), "dont 漢字");
    assert_eq!(words.indices(8..12), 1..2);
    assert!(words.is_capital(0) && !words.is_capital(1));
}

#[test]
fn content_counts_what_tells_something() {
    let check = |text: &str, telling: usize, figures: usize, negated: bool| {
        let content = Words::of(text).content();
        let found = (content.telling, content.figures.len(), content.negated);
        assert_eq!(found, (telling, figures, negated), "{text:?}");
    };
    check("yes", 0, 0, false);
    check("No, thank you for your help", 0, 0, false);
    check("my order number is 4417-8821", 0, 2, false);
    check("the router drops the connection every evening", 4, 0, false);
    check("the router has no signal", 2, 0, true);
    check("It isn't dropping", 1, 0, true);
    check("@Acme_Care it's sam@acme-x.org, https://acme.co", 1, 0, false);
    check("error 404 on level 12", 2, 0, false);
}

#[test]
fn forms_of_a_word_are_one() {
    let check = |a: &str, b: &str, expect: f64| {
        let (first, second) = (Words::of(a).content(), Words::of(b).content());
        assert_eq!(first.jaccard(&second), expect, "{a:?} and {b:?}");
    };
    check("charged twice", "charges, twice", 1.0);
    check("it drops", "dropping", 1.0);
    check("parcels delivered", "parcel deliver", 1.0);
    check("the invoice", "the router", 0.0);
    check("", "", 0.0);
}

proptest! {
    #[test]
    fn any_text_has_words_within_it(text in "\\PC{0,40}|[a-zA-Z0-9'’ .!?\\n\u{301}]{0,60}") {
        let words = Words::of(&text);
        let length = text.chars().count() as u32;
        let mut before = 0;
        for index in 0..words.len() {
            let place = words.place(index..index + 1);
            prop_assert!(before <= place.start && place.start < place.end && place.end <= length);
            prop_assert!(!words.word(index).is_empty() && !words.word(index).contains(' '));
            before = place.end;
        }
        let in_sentences: usize = words.sentences().iter().map(|sentence| sentence.words.len()).sum();
        prop_assert_eq!(in_sentences, words.len());
        prop_assert!(words.folded().contains(words.normalised()));
    }
}
