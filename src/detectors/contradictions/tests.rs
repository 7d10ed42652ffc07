//! Tests of contradictions, pair by pair.

use super::*;

/// What two turns of the business side, each with the question it answers, contradict in.
fn heard(turns: [(Option<&str>, &str); 2]) -> Vec<Contradiction> {
    let mut statements = Statements::default();
    let [(first_asked, first), (second_asked, second)] = turns;
    let mut found = statements.hear("m-1", first, first_asked);
    found.extend(statements.hear("m-2", second, second_asked));
    found
}

fn check_all(cases: &[(&str, &str)], expect: usize) {
    for (first, second) in cases {
        let found = heard([(None, first), (None, second)]);
        let read = || (claims(first, None), claims(second, None));
        assert_eq!(found.len(), expect, "{first:?} then {second:?}: {found:?} {:?}", read());
    }
}

#[test]
fn statements_that_do_not_agree() {
    let cases = [
        ("You can make returns within 30 days.", "Returns are accepted within 14 days."),
        ("Returns within 30 days.", "Hello! Returns within 14 days."),
        ("Hello, delivery is on Tuesday.", "The delivery is on Wednesday."),
        ("SSL is free on the S plan", "SSL is 4.90 € a month on S."),
        ("SSL is free on the S plan", "SSL is 4.90 a month on S. With L it's included, so let's do L!"),
        ("Hail is covered under Home Plus.", "No, hail is excluded for your contract."),
        ("Shipping costs 5 euros.", "Shipping is €9.50."),
        ("Hail is covered.", "No, hail is excluded."),
        ("Hail is covered.", "Hail isn't covered."),
        ("You're eligible.", "You're not eligible, never were."),
        ("You can return the headphones.", "You cannot return the headphones."),
        ("The headphones can be returned.", "The headphones can't be returned."),
        ("There's no outage in your area.", "There is an outage in your area."),
        ("The warranty is 2 years.", "The guarantee is one year."),
        ("Your refund takes 3-5 days.", "The refund takes 10 days."),
        ("The cancellation fee is 20%.", "The cancellation fee is 50 %."),
        ("Your installation is on 14 May.", "The installation is on May 16th."),
        ("The express fee is 9.90.", "The express fee is 12.50."),
    ];
    check_all(&cases, 1);
}

#[test]
fn statements_that_agree() {
    let cases = [
        ("Returns within 30 days.", "As I said, returns within 30 days."),
        ("Shipping costs 5 euros.", "Shipping is €5.00."),
        ("Your refund takes 3-5 days.", "The refund takes 5 days."),
        ("Hail is covered.", "Yes, hail is covered."),
        ("Hail is excluded.", "Hail is not covered."),
        ("The delivery is on Tuesday.", "So the delivery is on Tuesday, see you then."),
    ];
    check_all(&cases, 0);
}

#[test]
fn explained_changes() {
    let cases = [
        ("Returns within 14 days.", "I was wrong before, sorry: returns within 30 days."),
        ("Delivery is on Tuesday.", "The carrier has just moved it: delivery is on Wednesday."),
        ("Delivery is on Tuesday.", "Delivery has been moved, it's on Wednesday."),
        ("Shipping costs 5 euros.", "Sorry, correction: shipping costs 9 euros."),
        ("Shipping costs 5 euros.", "Actually shipping is 9 euros."),
        ("Hail is covered.", "My mistake, hail is not covered."),
        ("Hail is covered.", "The policy has changed. Hail is not covered."),
        ("Shipping costs 5 euros.", "Shipping now costs 9 euros."),
        ("There's no outage in your area.", "I mixed up two lists. There is an outage in your area."),
    ];
    check_all(&cases, 0);
}

#[test]
fn other_things_other_terms() {
    let cases = [
        ("The tower costs 60 € with VAT.", "The tower costs 48.78 € without VAT."),
        ("The tower costs 60 €.", "The tower costs 48.78 € without VAT."),
        ("60 € with VAT, 48.78 € without.", "It's 48.78 €."),
        ("The sage fronts take 5 weeks.", "The white fronts take 3 weeks."),
        ("Shipping costs 5 euros.", "Express shipping costs 9 euros."),
        ("Returns for shoes within 30 days.", "Returns for electronics within 14 days."),
        ("The plan costs 10 € a month.", "The plan costs 100 € a year."),
        ("The fee is 5 € online.", "The fee is 9 € in the shop."),
        ("Shipping is 5 €.", "Shipping is £4."),
        ("You can return the shoes.", "You cannot return the underwear."),
        ("Hail is not covered.", "Hail is covered under Home Plus."),
        ("You can return it if it's unopened.", "You can't return it once it is opened."),
        ("You can return it.", "You can't return it after 30 days."),
        ("The refund takes 3 business days.", "The refund takes 5 days."),
    ];
    check_all(&cases, 0);
}

#[test]
fn what_claims_nothing_firm() {
    let cases = [
        ("The fee is about 5 euros.", "The fee is 9 euros."),
        ("Is delivery on Tuesday ok?", "Delivery is on Wednesday."),
        ("Delivery on Tuesday or Wednesday.", "Delivery is on Thursday."),
        ("We charged 5 euros.", "We charged 9 euros."),
        ("I see a payment of 44.10 €.", "I see a payment of 12 €."),
        ("It arrives in 3 days.", "It arrives in 2 days."),
        ("We're open on Monday.", "We're open on Tuesday."),
        ("The current wait is 10 minutes.", "The current wait is 5 minutes."),
        ("You said Tuesday.", "It is on Wednesday."),
        ("Sorry for the delay.", "There is no delay."),
        ("Is it free?", "The fee is 9.90."),
        ("Shipping from 5 €.", "Shipping is 9 €."),
        ("Save 10% today.", "Save 20% today."),
    ];
    check_all(&cases, 0);
}

#[test]
fn it_means_what_was_asked() {
    let check = |turns: [(&str, &str); 2], expect: usize| {
        let found = heard(turns.map(|(asked, said)| (Some(asked), said)));
        assert_eq!(found.len(), expect, "{turns:?}: {found:?}");
    };
    check(
        [("what does gift wrap cost", "It's free."), ("and the gift wrap is free?", "The fee is 9.90.")],
        1,
    );
    check([("what does gift wrap cost", "It's free."), ("and express shipping?", "The fee is 9.90.")], 0);
    check(
        [("green bin, which day?", "Hello, Tuesday."), ("so the green bin is tuesday?", "It's Thursday.")],
        1,
    );
    check(
        [
            ("can I return the shoes?", "Yes, you can return it."),
            ("and the socks?", "No, you can't return it."),
        ],
        0,
    );
    check([("is hail covered?", "It's covered."), ("so it is?", "Hail is not covered.")], 1);
}

#[test]
fn both_quotes_are_shown() {
    let found =
        heard([(None, "Héllo 😀, shipping costs 5 euros."), (None, "Well, shipping is €9.50, right.")]);
    let quotes: Vec<_> = found
        .iter()
        .map(|pair| (pair.earlier.turn_id.as_str(), pair.earlier.quote.as_str(), pair.later.quote.as_str()))
        .collect();
    assert_eq!(quotes, [("m-1", "shipping costs 5 euros", "shipping is €9.50")]);
}

#[test]
fn the_memory_is_bounded_and_keeps_the_newest() {
    let mut statements = Statements::default();
    for index in 0..100 {
        statements.hear(&format!("m-{index}"), &format!("Article x{index} costs 5 euros."), None);
        assert!(statements.len() <= CLAIMS_MAX);
    }
    assert_eq!(statements.hear("m-a", "Article x99 costs 7 euros.", None).len(), 1);
    assert_eq!(statements.hear("m-b", "Article x99 costs 7 euros.", None).len(), 0);
    assert_eq!(statements.hear("m-c", "Article x1 costs 7 euros.", None).len(), 0);
    assert_eq!(statements.len(), CLAIMS_MAX);
    let stored = serde_json::to_string(&statements).expect("plain values");
    assert_eq!(serde_json::from_str::<Statements>(&stored).expect("what was stored"), statements);
}
