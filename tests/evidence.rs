//! Whether the words shown as evidence are those that matter to the model: taking them out of a turn lowers the
//! probability more than taking out any other stretch of the same length, on average over made-up turns.
//! Run with --nocapture to see the numbers.

use std::path::Path;

use undertone::scoring::{Model, Name, Prepared};
use undertone::wire::Role;

/// Turns of several clauses, of which one or two matter; the context is what the other side said before.
const TURNS: [(Role, Option<&str>, &str); 40] = [
    (
        Role::Customer,
        None,
        "Hi, my order is 4417, it was due on Monday. This is ridiculous, nobody answers me. I live in Leeds.",
    ),
    (
        Role::Customer,
        None,
        "I have the blue one, size nine. Let me speak to your manager, please. It was bought in May.",
    ),
    (
        Role::Customer,
        None,
        "My contract runs until June. I am switching to another provider, you have lost me. The number is 0170 555.",
    ),
    (
        Role::Customer,
        None,
        "The flight was BA12 on Tuesday. My lawyer will write to you next week. We were four people.",
    ),
    (
        Role::Customer,
        None,
        "The heating is off, the boiler shows E4. I have a newborn baby here and I am scared. The flat is on the third floor.",
    ),
    (
        Role::Customer,
        None,
        "The box came on Friday, it is the large one. You are an idiot, do you even read? It has two handles.",
    ),
    (Role::Customer, None, "The card ends in 1234. I already told you this twice. It was on the 5th of May."),
    (
        Role::Customer,
        None,
        "I opened the app, the page is white. I don't understand what I should do now. It is an older phone.",
    ),
    (
        Role::Customer,
        None,
        "The router is back on the shelf, lights are green. Thank you so much, it works now! I will be at home all day.",
    ),
    (
        Role::Customer,
        Some("Please restart the router."),
        "Done, the lights are orange. I am fed up with this, it has been three weeks. The model is X200.",
    ),
    (
        Role::Customer,
        None,
        "ordered a lamp last week, it is for the hall. worst service ever, absolutely disgusted. postcode is AB1 2CD",
    ),
    (
        Role::Customer,
        None,
        "I pay by direct debit. Cancel my account today, I have had enough. The address is the same as before.",
    ),
    (
        Role::Customer,
        None,
        "We booked two rooms for June. I want to talk to a real person, not a bot. The booking is under Miller.",
    ),
    (
        Role::Customer,
        None,
        "The parcel has two labels. I will post about this everywhere and report you to the ombudsman. It weighs three kilos.",
    ),
    (
        Role::Customer,
        None,
        "It is the 2019 model, in grey. This is the fourth time I am asking. The receipt is attached.",
    ),
    (
        Role::Customer,
        None,
        "Sure, the email is on file. Perfect, that solved it, thanks a lot! I bought it in the Hull shop.",
    ),
    (Role::Customer, None, "The seat is 14C. What do you mean by fare class, I am lost. We leave from Oslo."),
    (
        Role::Customer,
        None,
        "It is on the kitchen wall. My mother is ill and we have no medicine left, please help us. The door code is 12.",
    ),
    (Role::Customer, None, "The invoice is from March. You lot are useless morons. It has a red stamp."),
    (
        Role::Customer,
        None,
        "I use the web version. So angry right now, two hours wasted on hold. My browser is Firefox.",
    ),
    (
        Role::Agent,
        Some("My parcel is three weeks late!"),
        "Let me look at the order. We are very sorry about this delay. It left our depot in Derby.",
    ),
    (
        Role::Agent,
        Some("Where is my refund?"),
        "I have opened your account. I will call you back by five today. It shows two payments.",
    ),
    (
        Role::Agent,
        Some("It arrived broken."),
        "The order is from May. You should have read the instructions before using it. It has a leather case.",
    ),
    (
        Role::Agent,
        Some("Can you send me a new one?"),
        "The item is in stock. That is against our policy, there is nothing we can do. It ships from Lyon.",
    ),
    (
        Role::Agent,
        Some("Why was I charged twice?"),
        "I see two charges here. That is not our department, you have to ask your bank. They are both from Monday.",
    ),
    (
        Role::Agent,
        Some("My internet is down again."),
        "The line looks fine from here. By the way, we have a great offer on our premium plan, would you like it? It was tested today.",
    ),
    (
        Role::Agent,
        Some("I can't log in."),
        "I see your account. I don't have access to that, I cannot help you. It was made in 2015.",
    ),
    (
        Role::Agent,
        Some("I told your colleague already."),
        "The chat was closed. Please explain everything again from the beginning. It was on Sunday.",
    ),
    (
        Role::Agent,
        Some("Thanks, that works."),
        "The ticket is up to date. Have a nice day, goodbye! It will stay in the archive.",
    ),
    (
        Role::Agent,
        Some("Can you check?"),
        "The system is open. One moment please, I am looking into it. It has a new layout.",
    ),
    (
        Role::Agent,
        Some("I need help with my bill."),
        "The bill is from June. I am transferring you to our billing team now. It has three pages.",
    ),
    (
        Role::Agent,
        Some("My dog died and the flight is tomorrow."),
        "The booking is in front of me. I understand how hard this must be for you. It is in economy.",
    ),
    (
        Role::Agent,
        Some("It does not work."),
        "The device is listed. Could you send me the serial number? It is in the list of March.",
    ),
    (
        Role::Agent,
        Some("Nobody told me that."),
        "The note is in the file. It is really not that difficult, anyone can do that. It is from last year.",
    ),
    (
        Role::Agent,
        Some("It is still not here."),
        "The parcel is with the carrier. We apologise for any inconvenience. It is in the north hub.",
    ),
    (
        Role::Agent,
        Some("When will it be fixed?"),
        "The ticket has priority two. An engineer will visit you tomorrow morning. It is in the west area.",
    ),
    (
        Role::Bot,
        Some("hello?"),
        "Your session is open. Please hold while I connect you to an agent. The chat has a number.",
    ),
    (
        Role::Agent,
        Some("I am so upset."),
        "The order is on the screen. Calm down, this is your own fault. It is a blue one.",
    ),
    (
        Role::Agent,
        Some("So what now?"),
        "The case is registered. I promise that you will have the money by Friday. It is in euros.",
    ),
    (
        Role::Agent,
        Some("Is there anything you can do?"),
        "The fare is a basic one. Rules are rules, no exceptions. It is from the summer list.",
    ),
];
/// Fewer comparisons than this prove nothing.
const COMPARED_MIN: usize = 20;

fn probability(model: &Model, name: Name, role: Role, text: &str, context: Option<&str>) -> f64 {
    let prepared = model.tokenizing.prepare(role, text, context);
    let scores = model.engine.score(&[&prepared]).unwrap().remove(0);
    scores.labels.iter().find(|label| label.name == name).unwrap().probability
}

fn without(signs: &[char], from: usize, length: usize) -> String {
    signs[..from].iter().chain(&signs[from + length..]).collect()
}

#[test]
fn what_is_shown_as_evidence_matters_more_than_the_rest() {
    tch::set_num_threads(1);
    let model = Model::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("models/undertone-en")).unwrap();
    let (mut compared, mut won) = (0_usize, 0_usize);
    let (mut of_evidence, mut of_others) = (0.0, 0.0);
    let mut shares = 0.0;
    for (role, context, text) in TURNS {
        let signs: Vec<char> = text.chars().collect();
        let prepared: Prepared = model.tokenizing.prepare(role, text, context);
        let scores = model.engine.score(&[&prepared]).unwrap().remove(0);
        for (label, span) in scores.raised() {
            let (start, end) = (span.start as usize, span.end as usize);
            let drop = |from: usize| {
                let shorter = without(&signs, from, end - start);
                label.probability - probability(&model, label.name, role, &shorter, context)
            };
            // Stretches that begin with a word and share nothing with the evidence.
            let begins = |at: &usize| *at == 0 || signs[at - 1].is_whitespace();
            let length = end - start;
            let elsewhere =
                (0..=signs.len() - length).filter(begins).filter(|at| at + length <= start || *at >= end);
            let Some(other) = elsewhere.map(drop).reduce(f64::max) else { continue };
            let own = drop(start);
            compared += 1;
            won += usize::from(own > other);
            of_evidence += own;
            of_others += other;
            shares += length as f64 / signs.len() as f64;
        }
    }
    let mean = |sum: f64| sum / compared.max(1) as f64;
    eprintln!(
        "{compared} labels: without their evidence ({:.0} % of the text) the probability falls by {:.3}, without the \
         best other stretch by {:.3}; evidence wins {won} times",
        100.0 * mean(shares),
        mean(of_evidence),
        mean(of_others),
    );
    assert!(compared >= COMPARED_MIN, "only {compared} labels were raised");
    assert!(mean(of_evidence) > mean(of_others) && won * 4 >= compared * 3);
}
