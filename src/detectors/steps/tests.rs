//! Which words propose a step, and when it is the same again.

use super::*;
use crate::detectors::discovery::quoted;

/// Whether the second turn of an agent proposes a step of the first one again.
fn check(first: &str, customer: &str, second: &str, expect: bool) {
    let mut memory = Steps::default();
    memory.remember(&quoted("a1"), &proposed(&Words::of(first)));
    if !customer.is_empty() {
        memory.customer_said(&Words::of(customer));
    }
    let found = same_step_twice(&memory, &proposed(&Words::of(second)));
    assert_eq!(found.is_some(), expect, "{first:?}, {customer:?}, {second:?}: {found:?}");
}

#[test]
fn proposals_are_told_from_other_words() {
    let check = |text: &str, expect: &[Action]| {
        let actions: Vec<Action> = proposed(&Words::of(text)).iter().map(|step| step.action).collect();
        assert_eq!(actions, expect, "{text:?}");
    };
    check("Please restart the router.", &[Action::Restart]);
    check("Could you turn the modem off and on again?", &[Action::Restart]);
    check("Have you tried clearing the cache?", &[Action::Clear]);
    check("Unplug it, wait a minute, then reset the box", &[Action::Restart, Action::Reset]);
    check("First log out and then reinstall the app", &[Action::SignOut, Action::Reinstall]);
    check("You will need to fill in the claim form", &[Action::FillIn]);
    check("I'll restart your line now", &[]);
    check("Let me know when you restart the router", &[]);
    check("Thanks for restarting it", &[]);
    check("We'll send you the form", &[]);
    check("Please call us on Monday", &[]);
    check("Your call is important. The update is out.", &[]);
    check("", &[]);
}

#[test]
fn the_same_step_again_is_found() {
    check("Please restart the router.", "did that, no change", "Could you reboot the router please?", true);
    check(
        "Please reset the device.",
        "as I wrote, I already reset it twice.",
        "please reset the device",
        true,
    );
    check("Have you tried restarting it?", "yes, three times", "Please unplug it for ten seconds", true);
    check(
        "Try clearing the cache.",
        "still the same",
        "Have you tried clearing your cache and cookies?",
        true,
    );
    check(
        "Please send us a photo of the label",
        "sent it above",
        "Please upload a photo of the label.",
        true,
    );
    check(
        "Please fill in the claim form",
        "I filled it in on Tuesday",
        "You need to complete the claim form",
        true,
    );
    check("Please restart it", "how many times should I restart it?", "Restart the modem please", true);
}

#[test]
fn other_steps_and_wished_ones_are_not() {
    check("Please restart the router.", "", "Restart it and tell me.", false);
    check("Please restart the router.", "done", "Now restart your laptop.", false);
    check("Please restart the router.", "done", "I'll restart the router from here.", false);
    check("Please restart the router.", "how do I do that?", "Unplug the router at the back", false);
    check("Please restart the router.", "which button?", "Restart the router with the red button", false);
    check("Have you tried restarting it?", "not yet", "Then please restart it", false);
    check("Have you tried restarting it?", "No", "Then please restart it", false);
    check("Please reset the box", "should I reset it again to be sure?", "Yes, please reset it", false);
    check("Please reset the box", "did so", "Please reset the box, this time for ten seconds", false);
    check("Please reset the box", "did so", "Reset the box once more while I watch the line", false);
    check("Please send a photo", "here", "Please send the invoice", false);
    check("Please do a factory reset", "did so", "We can try a manual reset", false);
    check("Please sign out of the app", "done", "Now sign back in to the app", false);
    check("Please sign in to the app", "did", "Were you able to sign in to the app?", false);
    check("Thank you for contacting Acme", "hi", "Thank you for contacting Acme", false);
    check("Please share your number", "1234", "Please share the complete address", false);
    check("Please check your inbox", "nothing", "Please check the spam folder", false);
}

#[test]
fn the_memory_is_bounded_and_names_the_turn() {
    let mut memory = Steps::default();
    for n in 0..40 {
        memory.remember(
            &quoted(&format!("a{n}")),
            &proposed(&Words::of("please restart, reset, reinstall, reconnect")),
        );
        memory.customer_said(&Words::of("did not help"));
    }
    assert_eq!(memory.kept.len(), STEPS_MAX);
    let found = same_step_twice(&memory, &proposed(&Words::of("Please restart it")));
    assert_eq!(found.map(|repeat| repeat.earlier.turn_id).as_deref(), Some("a38"));
}

#[test]
fn a_step_stands_where_it_is_proposed() {
    let step = &proposed(&Words::of("«Ok». Please restart the router, then call"))[0];
    assert_eq!(step.place, 13..31);
}
