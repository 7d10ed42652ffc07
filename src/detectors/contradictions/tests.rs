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
fn values_that_do_not_agree() {
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
fn what_was_free_has_a_fee() {
    let cases = [
        (
            "A change of date is free of charge up to 7 days before, so it's free for you.",
            "The change fee is 75 per person, 300 in total.",
        ),
        (
            "Early repayment is free of charge in the first five years.",
            "Early repayment always incurs a fee, in your case 385.",
        ),
        ("Yes, one photo is free of charge, up to 2 MB.", "Photos cost 5 each, so two would be 10."),
        ("Shipping to Malta is free.", "Shipping costs 12 euros."),
        ("There's no extra charge for the crib.", "The crib costs 8 euros per night."),
        ("Stairs and piano are included.", "Price 1,480 plus 60 per floor and 220 for the piano."),
        ("24/7, bank holidays included, no surcharge.", "Bank holidays cost extra."),
        ("Breakfast is included.", "Breakfast is 12 euros."),
    ];
    check_all(&cases, 1);
    let near_misses = [
        ("SSL is free on the S plan.", "SSL is 4.90 € on the M plan."),
        ("Shipping is free over 50 euros.", "Shipping costs 4 euros."),
        ("Feel free to write again.", "The fee is 9.90."),
        ("Shipping costs 4 euros.", "Shipping is free from 45 euros."),
        ("Breakfast is included.", "Parking is 12 euros."),
        ("Correcting a typo is free.", "A change to another person would be 60."),
        ("The call is free.", "The rate is 5 %."),
        ("The first photo is free.", "Photos cost 5 each."),
        ("Shipping over 50 euros is free.", "Shipping costs 4 euros."),
        ("Returns are free.", "I've waived it: returns usually cost 4 euros."),
    ];
    check_all(&near_misses, 0);
}

#[test]
fn the_same_with_and_without_a_not() {
    let cases = [
        (
            "The carer's permit is granted automatically with a doctor's letter.",
            "A carer's permit is not granted automatically, it needs a hearing.",
        ),
        (
            "According to our log the alarm was armed at 19:02.",
            "The log says the alarm was not armed tonight.",
        ),
        (
            "Yes, tenants can switch as well. You're eligible with your meter number.",
            "The tariff is for owners only, so tenants are not eligible.",
        ),
        (
            "Devices can be returned within 30 days, opened or unopened.",
            "Opened medical devices are excluded from returns.",
        ),
        (
            "Yes, you'll get the full amount back including the booking fee, 84.50.",
            "Please note that booking fees are never refunded.",
        ),
        ("Your visa has been granted.", "Your application was refused on 11 March."),
        ("Your parcel has been shipped.", "Your parcel hasn't been shipped yet."),
        ("The deposit was released on Monday.", "The deposit has not been released."),
        ("The lamp is in stock.", "The lamp is sold out."),
        ("The plan includes roaming in Norway.", "The plan doesn't include roaming."),
        ("We ship to Iceland.", "We don't ship to Iceland."),
        ("Pets are allowed.", "Pets are not allowed."),
        (
            "Outage notice: in your area mobile data is disturbed since 08:10.",
            "There's no outage in your area.",
        ),
        ("The tickets are refundable.", "Tickets are non-refundable."),
        ("A signature is required.", "A signature is optional."),
        ("Your claim was approved.", "Your claim has been rejected."),
    ];
    check_all(&cases, 1);
}

#[test]
fn the_same_and_still_no_contradiction() {
    let cases = [
        // Time passes.
        ("Your parcel hasn't been shipped yet.", "Your parcel has been shipped."),
        ("The lamp isn't available.", "Good news: the lamp is available."),
        ("The lamp isn't available.", "It's back in stock."),
        ("The lamp is available.", "The lamp is no longer available."),
        ("Your claim was rejected.", "Your claim has been approved."),
        ("The shop is closed today.", "The shop is not closed tomorrow."),
        // It is explained.
        ("The scarf can be cancelled.", "After checking: the scarf can't be cancelled."),
        (
            "Early repayment is free.",
            "In your case, because the rate is fixed, early repayment incurs a fee.",
        ),
        ("Pets are allowed.", "Sorry for the wrong answer, pets are not allowed."),
        ("The lamp can be returned.", "The lamp can't be returned because you have used it."),
        // Not said firmly.
        ("Pets are allowed.", "Are pets not allowed?"),
        ("Pets are allowed.", "If pets are not allowed, I'll tell you."),
        ("Pets are allowed.", "You said pets are not allowed?"),
        ("Pets are usually allowed.", "Pets are not allowed."),
        ("Make sure the cable is connected.", "The cable is not connected."),
        // Of something else.
        ("Cards are accepted in the bar.", "Cheques are not accepted in the bar."),
        ("Dogs are allowed.", "Cats are not allowed."),
        ("JPEG files are supported.", "TIFF files are not supported."),
        ("That format is not supported.", "JPEG formats are supported."),
        ("Devices can be returned.", "Opened devices can't be returned."),
        ("I'm sorry, I'm not allowed to.", "Pets are allowed."),
        ("You can order online.", "You can't pay online."),
        ("Hail is covered.", "Your letter isn't included."),
    ];
    check_all(&cases, 0);
}

#[test]
fn the_question_tells_whether_it_is_about_the_same() {
    let check = |first: (&str, &str), second: (&str, &str), expect: usize| {
        let found = heard([first, second].map(|(asked, said)| (Some(asked), said)));
        assert_eq!(found.len(), expect, "{first:?} {second:?}: {found:?}");
    };
    let ready = ("my car, can i fetch it at 5?", "Yes, it's ready.");
    check(ready, ("it's the grey estate, and you said ready until 18", "It isn't ready."), 1);
    check(ready, ("and my bike?", "It isn't ready."), 0);
    let norway = ("does it cost anything to Norway?", "Transfers to Norway are free of charge.");
    let charge = "The charge for transfers outside the euro area is 9.90.";
    check(norway, ("the app shows 9.90, do I get that back?", charge), 1);
    check(norway, ("and to Brazil?", charge), 0);
    let rent = ("what's the rent?", "The rent is 900 euros.");
    check(rent, ("is there another one?", "The rent is 950 euros."), 0);
    check(rent, ("ok, then I take it", "The rent is 950 euros."), 1);
    let visit = ("when?", "The appointment is on 4 May.");
    check(visit, ("can you do 6 May?", "The appointment is on 6 May."), 0);
    check(visit, ("thank you", "The appointment is on 6 May."), 1);
    let online = ("how long is my advert there", "Adverts stay online for 60 days.");
    check(online, ("and longer?", "After the 30 days you can extend."), 1);
    check(online, ("and longer?", "After the 60 days you can extend."), 0);
    check(online, ("and what then", "You can extend within 7 days."), 0);
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
        ("Shipping over £50 takes 3 days.", "Shipping over £90 takes 2 days."),
        ("The fee for orders under $50 is $5.", "The fee for orders is $3."),
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
fn what_was_said_elsewhere_counts() {
    let check = |said: Option<&str>, report: &str, answer: &str, expect: usize| {
        let mut statements = Statements::default();
        said.iter().for_each(|said| assert!(statements.hear("m-1", said, None).is_empty()));
        statements.told("m-2", report);
        let found = statements.hear("m-3", answer, Some(report));
        assert_eq!(found.len(), expect, "{report:?} {answer:?}: {found:?}");
    };
    let told = "Hi, yesterday in the chat your colleague told me the deposit for R-7702 was released.";
    check(None, told, "I can see that the deposit hasn't been released yet.", 1);
    check(None, told, "I can see that the deposit has been released.", 0);
    check(None, told, "I see that the deposit is low.", 0);
    check(None, "The app says the return is free of charge.", "The return costs 5 euros.", 1);
    check(None, "I think the return is free of charge.", "The return costs 5 euros.", 0);
    check(None, "Did your colleague say that the return is free?", "The return costs 5 euros.", 0);
    // The transcript shows what was said.
    let misquoted = "Your colleague said the return is free of charge.";
    check(Some("The return costs 5 euros."), misquoted, "The return costs 5 euros.", 0);
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
