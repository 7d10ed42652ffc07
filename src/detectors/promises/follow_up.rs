//! Whether a later turn keeps a promise, and whether a customer asks after one: by words, English only.
//!
//! Holds always: what is denied, asked, still to come or conditional keeps nothing; a kept promise may be missed, a
//! broken one is not taken for kept by politeness alone. Called by `ledger`, and re-exported.

use std::sync::LazyLock;

use regex::Regex;

use crate::detectors::english::{Folded, pattern, sentences};

/// Verbs with what says that they were done. The first is what a promise says, the second what its keeping says.
static DEEDS: LazyLock<Vec<(Regex, Regex)>> = LazyLock::new(|| {
    const WORDS: [(&str, &str); 23] = [
        (
            "send(?:ing)?|e-?mail(?:ing)?|mail(?:ing)?|forward(?:ing)?|text|message|dm",
            "sent|e-?mailed|mailed|forwarded|texted|messaged|(?:in|to) your (?:inbox|e-?mail)|on (?:its|the) way",
        ),
        (
            "post(?:ing)?|ship(?:ping|ped)?|dispatch(?:ed)?|deliver(?:ed|ing)?|bring(?:ing)?|arrives?|comes?|leaves?|goes out|go out",
            "sent|posted|shipped|dispatched|delivered|brought|arrived|here|handed over|on (?:its|the|his|her|their) way|out for delivery",
        ),
        (
            "refund(?:ed|ing)?|credit(?:ed|ing)?|pay(?:ing)?|paid|reimburse|transfer(?:red|ring)?|deposited|money|return(?:ed)?",
            "refunded|credited|paid|reimbursed|transferred|deposited|returned|refund (?:is|has|went|was)|money (?:is|has|went|was)",
        ),
        (
            "call(?:ing)?|ring(?:ing)?|phone|phoning|speak",
            "called|rung|rang|phoned|spoken|spoke|(?:good|nice|great) (?:talking|speaking) (?:to|with)|(?:on|over) the phone (?:just now|earlier|today|yesterday)|said on the phone|tried (?:calling|ringing|to (?:call|ring|reach))",
        ),
        (
            "replace|exchange|swap|new (?:one|card|device)",
            "replaced|exchanged|swapped|replacement (?:is|has|was)|new (?:\\w+ )?(?:is|has been) (?:on|out|sent|ordered)|ordered",
        ),
        ("cancel(?:led|ling)?", "cancell?ed"),
        (
            "fix(?:ed|ing)?|repair(?:ed)?|resolve[d]?|solve[d]?|sort(?:ed)?|restore|work",
            "fixed|repaired|resolved|solved|sorted|restored|works|working again|back up|up and running|back online",
        ),
        (
            "book(?:ed|ing)?|schedule[d]?|arrange[d]?|rebook|reserve",
            "booked|scheduled|arranged|rebooked|reserved",
        ),
        (
            "check(?:ing)?|look(?:ing)?|investigate|review|find out|chase|ask|verify|search|see|reading|read",
            "checked|looked (?:into|at)|had a look|investigated|reviewed|found (?:out|that|it|the|your|what|why)|chased|asked|verified|searched|read|heard|turns out|confirmed",
        ),
        (
            "get (?:right )?back|be (?:right )?back|come back|let you know|tell|update|reply|respond|answer|write|in touch|in contact|contact(?:ing)?|follow(?:ing)? up|inform|notify|keep you|report|reach out|revert|hear|confirm(?:ing)?",
            "heard|checked|confirmed|found (?:out|that|it|the|your|what|why)|looked into|spoken|spoke|told me|got (?:an answer|word|news)|turns out|(?:an|the|your|quick|my) update|update:|news|the answer is|results? (?:is|are|shows?)|says? (?:that|it|the|they|your|you)|here(?:'s| is| are)|answered|replied|came back|come back|got back|resolved|fixed|sorted|approved|refunded|shipped",
        ),
        (
            "escalate[d]?|raise[d]?|file[d]?|submit(?:ted)?|request(?:ed)?|open",
            "escalated|raised|filed|submitted|requested|opened|logged",
        ),
        ("process(?:ed|ing)?", "processed|completed|gone through|went through"),
        ("put (?:it|them|this|that) through|approve", "approved|put through|gone through|paid out|released"),
        ("add(?:ed|ing)?|apply|applied", "added|applied|credited"),
        (
            "changes?|changed|correct(?:ed|ing)?|amend|adjust|edit",
            "changed|corrected|amended|adjusted|edited|updated",
        ),
        (
            "reset|unlock(?:ed)?|activate[d]?|enable[d]?|reopen|switch",
            "unlocked|activated|enabled|reopened|switched|have reset|'ve reset|been reset|is active",
        ),
        ("issue[d]?|generate|prepare[d]?|make", "issued|generated|prepared|made|ready"),
        (
            "delete[d]?|remove[d]?|take .{1,20} off|erase|block",
            "deleted|removed|taken .{0,20}off|took .{0,20}off|erased|gone|blocked",
        ),
        ("clos(?:e|ed|ing)", "closed"),
        ("order(?:ed|ing)?", "ordered"),
        (
            "visit|come (?:over|round|by)|engineer|technician|fitter",
            "been there|was there|visited|came|was with you|repaired|fixed",
        ),
        ("upgrade|downgrade|move|transfer|switch", "upgraded|downgraded|moved|transferred|switched"),
        ("release[d]?|deploy|publish|upload|attach", "released|deployed|published|uploaded|attached|live"),
    ];
    WORDS
        .iter()
        .map(|(said, done)| {
            (pattern(&format!(r"\b(?:{said})\b")), pattern(&format!(r"(?:\b|^)(?:{done})(?:\b|$)")))
        })
        .collect()
});
/// What keeps any promise.
static DONE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:as (?:i |we )?promised|as (?:agreed|discussed|announced)|like (?:i|we) (?:said|promised)|(?:that's|it's|that is|it is|this is|all|now|is|are|been|i've|i'm|we've|got it) (?:now |all |just )?(?:done|sorted|all set|taken care of|dealt with|completed?)|taken care of|done and dusted)\b|^(?:ok(?:ay)?|right|great|hi|hello|good news|thanks for (?:waiting|holding|your patience))?[,.!:]? ?(?:done|all done|all set|sorted|all sorted|sent|fixed|there you go|here you go|here it is|here they are)\b",
    )
});
/// Words right before a past form that make it no deed of the business side.
static NOT_OURS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\byou(?:'ve| have| had| already| just)*\s*$|\b(?:no|nothing|gets?)\s*$"));
/// Words anywhere before in the clause that make it denied, conditional, or still to come.
static NOT_YET: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:will|'ll|shall|going to|gonna|would|could|might|should|must|can be|can get|cannot|to be|being|once|when|if|unless|until|as soon as|not|never|unable|yet to|failed to|trying to|hope|hopefully|waiting for|let me|(?:has|is|have|are) no)\b|n't\b",
    )
});
/// The customer asks after something that was promised.
static CHASE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:any (?:update|updates|news|word|progress|luck|developments?)|(?:an|the|my|your) update (?:on|please)|(?:what|how)(?:'s| is) the (?:status|progress|latest)|still (?:waiting|nothing|no\b|not\b|haven't|hasn't|didn't|pending)|(?:you|she|he|they|your \w+) (?:guys |both |all )?(?:promised|assured (?:me|us)|guaranteed|swore|(?:was|were) (?:supposed|meant) to)|(?:i|we) (?:was|were) (?:promised|assured)|(?:(?:you|she|he|they|your \w+) (?:guys |both |all )?(?:said|told (?:me|us)|agreed|wrote)|(?:i|we) (?:was|were) told)\b[^.?!;]{0,40}(?:'d\b|'ll\b|\b(?:would|will|by|within|today|tomorrow|tonight|(?:mon|tues|wednes|thurs|fri|satur|sun)day|minutes?|hours?|days?|weeks?|soon|shortly|call|back)\b)|(?:nobody|no one|no-one|noone|none of you) (?:has |have |ever |even |'s )?(?:called|rang|rung|phoned|contacted|replied|answered|got|came|come|wrote|written|emailed|showed|turned|responded|been|did)|(?:haven't|have not|hasn't|has not|didn't|did not|never|not) (?:yet )?(?:heard|hear|received|receive|gotten|got|get|called|call|come|came|arrived|arrive|show|showed|shown|turned|turn|replied|reply|contacted|contact|rang|ring|been (?:called|contacted|refunded|fixed|sent))|(?:what|whatever) happened (?:to|with)|where(?:'s| is| are) (?:my|the|that|your) (?:\w+ )?(?:refund|call|e-?mail|money|reply|answer|callback|replacement|technician|engineer|driver|courier|parcel|confirmation|label|voucher|link|credit|update)|forgot(?:ten)? (?:me|about|to)|did you (?:forget|find|hear|check|manage|get (?:a|any)|ever)|have you (?:heard|found|checked|had a chance|managed|sent|got (?:any|an))|has (?:it|the \w+|my \w+) (?:been )?(?:sent|shipped|refunded|processed|gone|left|arrived) yet|how much longer|empty promises?|broken promise|broke your (?:word|promise)|as promised\?)",
    )
});
/// Words that look like a chase and are none.
static NO_CHASE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:as you (?:said|told|promised)|like you (?:said|promised)|(?:just|exactly) (?:as|what) you said|(?:what|where|thing|link|steps?) you (?:said|told me)|should (?:we|i|it|you|they) not|if (?:i|we|it|you|they) (?:don't|do not|doesn't|does not|haven't|hasn't|didn't)|no (?:rush|hurry|problem)|did you forget|you said (?:that|it)(?:'s| is| was) (?:fine|ok|free)|you (?:never )?told me (?:about|that|to))\b",
    )
});
/// Something has come after all.
static ARRIVED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:got it|received it|(?:it|he|she|they|(?:the|my) \w+)(?:'s|'ve| is| are| has| have)? (?:just |now |finally )?(?:arrived|here|come|came|called|rang|phoned)|it came|(?:money|refund|parcel|card) (?:is|has) (?:there|here|in)|we(?:'ve| have)? (?:just )?(?:spoke|spoken|talked)|has just (?:arrived|come|called)|it went through|thanks? .{0,30}\b(?:sorted|fixed|works|got it))\b",
    )
});
/// What makes an arrival none.
static NOT_ARRIVED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:not|never|nobody|nothing|no one|none|if|when|until|unless|once|no longer)\b|n't\b|\?$")
});

/// Whether a later turn of the business side says that what was promised has been done.
pub fn fulfils(promise_text: &str, later_turn_text: &str) -> bool {
    let promised = Folded::of(promise_text);
    let later = Folded::of(later_turn_text);
    let expected: Vec<&Regex> =
        DEEDS.iter().filter(|(said, _)| said.is_match(promised.text())).map(|(_, done)| done).collect();
    sentences(later.text()).into_iter().map(|range| &later.text()[range]).any(|sentence| {
        !sentence.ends_with('?')
            && (says(sentence, &DONE) || expected.iter().any(|deed| says(sentence, deed)))
    })
}

/// Whether a customer asks after something promised, or complains that it did not come.
pub fn chases(customer_text: &str) -> bool {
    let folded = Folded::of(customer_text);
    sentences(folded.text()).into_iter().map(|range| &folded.text()[range]).any(|sentence| {
        CHASE.is_match(sentence) && !NO_CHASE.is_match(sentence) && !ARRIVED.is_match(sentence)
    })
}

/// Whether a customer says that what was promised has come.
pub fn confirms(customer_text: &str) -> bool {
    let folded = Folded::of(customer_text);
    sentences(folded.text())
        .into_iter()
        .map(|range| &folded.text()[range])
        .any(|sentence| ARRIVED.is_match(sentence) && !NOT_ARRIVED.is_match(sentence))
}

/// Whether two texts speak of the same kind of deed: "I'll ring you", "nobody called".
pub fn same_deed(promise_text: &str, later_text: &str) -> bool {
    let (promised, later) = (Folded::of(promise_text), Folded::of(later_text));
    DEEDS.iter().any(|(said, done)| {
        said.is_match(promised.text()) && (said.is_match(later.text()) || done.is_match(later.text()))
    })
}

/// Whether a sentence says it as done: neither denied, nor still to come, nor on a condition.
fn says(sentence: &str, deed: &Regex) -> bool {
    deed.find_iter(sentence).any(|found| {
        let before = clause_before(&sentence[..found.start()]);
        // "Packing is done by the warehouse" tells how things are, not that they happened.
        let in_general = sentence[found.end()..].starts_with(" by the ");
        !in_general && !NOT_OURS.is_match(before) && !NOT_YET.is_match(before)
    })
}

/// The words since the last break.
fn clause_before(before: &str) -> &str {
    let start = [",", ";", ":", " but ", " and ", " so ", " - "]
        .iter()
        .filter_map(|sign| before.rfind(sign).map(|at| at + sign.len()))
        .max()
        .unwrap_or(0);
    &before[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deeds_that_keep_a_promise() {
        let check =
            |promise: &str, later: &str| assert!(fulfils(promise, later), "{promise:?} then {later:?}");
        check("I'll check that now.", "done, it's shipped.");
        check("I'll send the label today", "I've sent it to your email.");
        check("I'll send the label today", "Sent!");
        check("I'll send the label today", "The label was just e-mailed, thanks for waiting.");
        check("We'll refund you by Friday", "As promised, here's the confirmation.");
        check("We'll refund you by Friday", "I've now refunded the 20 euros.");
        check("We'll refund you by Friday", "The money has been credited to your card.");
        check("My supervisor will call you back today", "Good talking to you earlier, Mr Lee.");
        check("I'll call you tomorrow", "I called you at ten but got your voicemail.");
        check("I'll get back to you shortly", "Hi Ana, the warehouse confirmed that it left today.");
        check("I'll get back to you shortly", "I've heard back from the team.");
        check("I'll let you know tomorrow", "Quick update: the part is in.");
        check("It will be fixed by tonight", "All sorted, it works again.");
        check("I'll cancel it today", "It's cancelled and you won't be charged.");
        check("Leave it with me", "That's all done for you.");
        check("The technician comes at 8", "Our technician was there and fixed it.");
        check("A new one goes out today", "Your parcel is on its way.");
    }

    #[test]
    fn words_that_keep_nothing() {
        let check =
            |promise: &str, later: &str| assert!(!fulfils(promise, later), "{promise:?} then {later:?}");
        check("I'll send the label today", "");
        check("I'll send the label today", "You're welcome, have a good day!");
        check("I'll send the label today", "It will be sent tomorrow.");
        check("I'll send the label today", "It hasn't been sent yet, sorry.");
        check("I'll send the label today", "Have you sent me your address?");
        check("I'll send the label today", "Once it is sent you'll get a mail.");
        check("I'll send the label today", "Thank you, you have sent me everything I need.");
        check("We'll refund you by Friday", "You will be refunded next week.");
        check("We'll refund you by Friday", "The refund couldn't be processed.");
        check("I'll call you tomorrow", "I'll call you on Monday instead.");
        check("I'll call you tomorrow", "Your order was delivered.");
        check("I'll get back to you shortly", "Is there anything else I can help you with?");
        check("I'll get back to you shortly", "We're sorry for the delay.");
        check("It will be fixed by tonight", "Our engineers are still working on it.");
        check("It will be fixed by tonight", "It's not fixed yet.");
        check(
            "It'll go on Thursday's van",
            "Packing is done by the warehouse, we have nothing to do with that.",
        );
        check("I'll look into it", "We have a lost & found form for hearing aids.");
    }

    #[test]
    fn customers_who_ask_after_a_promise() {
        let chasing = [
            "any update?",
            "Any news on my refund please",
            "you said you would call me",
            "you said on monday you'd ring me on tuesday and it's friday",
            "still waiting for the call",
            "Still no refund.",
            "nobody called",
            "No one has been in touch",
            "I haven't heard back",
            "it's friday and the parcel didn't arrive",
            "I was promised the 4th, then the 11th",
            "where is my refund?",
            "What happened to the call back?",
            "You promised Tuesday. You promised Thursday.",
            "did you find anything out?",
            "have you forgotten about me",
            "how much longer??",
            "Half an hour ago you said fifteen minutes.",
            "I was told Monday.",
            "I never received the email",
        ];
        for text in chasing {
            assert!(chases(text), "{text:?}");
        }
    }

    #[test]
    fn customers_who_say_that_it_has_come() {
        for text in ["It came this morning.", "hes here. no wait: he's here", "We spoke.", "Money is there."]
        {
            assert!(confirms(text), "{text:?}");
        }
        for text in ["it hasn't arrived", "nobody came", "has it arrived?", "tell me when it is here", "ok"] {
            assert!(!confirms(text), "{text:?}");
        }
    }

    #[test]
    fn deeds_are_told_apart() {
        assert!(same_deed("I'll ring you at 10", "nobody called"));
        assert!(!same_deed("I'll ring you at 10", "where is my refund?"));
    }

    #[test]
    fn customers_who_do_not() {
        let content = [
            "",
            "you'll call me tomorrow, right?",
            "thanks, that's great",
            "ok I'll wait",
            "when will it arrive?",
            "I did it as you said and it works",
            "just got it, thanks, no rush",
            "my order number is 5520",
            "they called, all sorted",
            "I'd like to update my address",
            "The boy in the shop said all three in one sentence",
            "you said 61 a pop, or is it with a discount",
            "Should we not receive your answer, we shall go to court",
            "she told me so",
        ];
        for text in content {
            assert!(!chases(text), "{text:?}");
        }
    }
}
