//! What is stated firmly, and what explains a change.
//!
//! Holds always: English only; a guess, a condition, a question in other words, or one event of many is not firm.
//! Called by `claims` with one sentence or clause in small letters, and by the module above with a whole text.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::detectors::english::pattern;

/// Clauses with these words give no firm value.
static HEDGED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:if|unless|whether|please confirm|should you|in case|provided|depending|depends|except|only|otherwise|maybe|perhaps|probably|possibly|i think|i believe|i guess|might|may be|could be|would|about|around|approximately|approx|roughly|at least|at most|up to|from|starting|between|more than|less than|over [€$£\d]|under [€$£\d]|or|usually|normally|generally|typically|example|instance|say|assume|option|choose|either|minus|plus [€$£\d]|extra|additional|another|save|off|discount|each|first|second|third|last|previous|yesterday|ago|since|was|were|had|did|you said|you told|you wrote|you mentioned|you see|i see|i can see|i'll|we'll|i will|we will|let me|want|prefer|like|waiting|wait|queue)\b",
    )
});
/// What is free stays free whatever else the clause bounds, so fewer words make it unclear.
static HEDGED_FREE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:if|unless|whether|in case|provided|depending|depends|except|only|otherwise|maybe|perhaps|probably|i think|i believe|i guess|might|may|could|would|or|feel|toll|hands|fault|time|when|once|space|storage|was|were|had|try|trial|from|over|orders?|second|third|i'll|we'll|i will|we will|i can|we can|you said|you told|you wrote)\b|^(?:the |your )?first\b",
    )
});
/// Facts of one transaction, and not of what holds: two of them are two transactions.
static HAPPENED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:charged|paid|debited|refunded|credited|transferred|sent|ordered|bought|booked|withdrawn|billed|back|owe|spent|dated|issued|opened|called|wrote)\b",
    )
});
/// Days on which something is open or free are not the only ones.
static ONE_OF_MANY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:open|opens|closed|closes|available|free|slots?|every|each|also|until|till|there's|there is|there are|events?|next|visit)\b",
    )
});
/// Words anywhere in a sentence that make a yes or no in it a condition, a guess, an instruction or a question.
static OPEN_ENDED: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "if unless whether provided except depending depends otherwise once when whenever after before should would could \
     might maybe perhaps probably possibly likely think believe guess hope hopefully seem seems appear appears looks \
     assume suppose why how what which who whose where sure ensure check verify try trying tried let suggest recommend \
     during while though although unlike instead temporarily wish supposed meant said told asked wrote"
        .split_whitespace()
        .collect()
});
/// Words that do the same for their own clause.
static VAGUE: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "usually normally generally typically sometimes often some most many partly only either neither until till \
     currently example"
        .split_whitespace()
        .collect()
});
/// Words that explain a change wherever they stand in the text.
static EXPLAINS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:i was (?:\w+ )?(?:wrong|mistaken)|we were (?:wrong|mistaken)|(?:was|were) (?:wrong|incorrect|a mistake|an error|outdated|the old)|(?:my|our) (?:mistake|error|bad|fault|apologies, )|by mistake|in error|wrongly|wrong (?:answer|information|line|order|account|item)|correction|correct(?:ed|ing)? (?:myself|that|it|this|you|the)|let me (?:correct|rephrase|start again|clarify|fix)|stand corrected|i meant|i mean|i misread|i mixed|mixed up|mix-up|misunderst\w+|mistyped|typo|misspoke|ha(?:s|ve|d) (?:just |now |since |been |already |recently )*(?:changed|moved|shifted|rescheduled|postponed|delayed|brought forward|updated|extended|shortened|increased|decreased|reduced|raised|dropped|risen|gone up|gone down|pushed)|'s (?:just |now |since |been )*(?:changed|moved|rescheduled|postponed|delayed|updated)|(?:just|been|was|were) (?:moved|changed|rescheduled|postponed|delayed|updated|brought forward)|moved (?:it|to|on)|changed (?:it|to|on)|no longer|any ?more|any longer|used to be|until (?:recently|yesterday|now)|earlier (?:i|we)|(?:i|we) (?:said|told you|wrote|quoted|gave you|read|looked at) (?:earlier|before|the|that|\d)|not (?:\w+ ){0,3}as (?:i|we) (?:said|wrote|told)|as an exception|exceptionally|as a goodwill|goodwill|i've talked|talked nonsense|the (?:carrier|courier|airline|supplier|manufacturer|bank|depot) (?:has|have|just|moved|changed|told)|different (?:product|item|order|plan|account)|another (?:one|option|\w+ (?:at|in|on|for|with|called|named))|alternatively|how about|(?:i|we)(?:'ve| have)? (?:also )?found|next (?:one|option)|(?:other|second|cheaper) (?:option|one)|there(?:'s| is| are) (?:also )?(?:an?|\d+|one) (?:other )?(?:flight|bus|train|room|hotel|apartment|seat|ticket)s?|before (?:january|february|march|april|may|june|july|august|september|october|november|december|20\d\d)|(?:after|on|having) (?:checking|checked|looking|reviewing|a (?:closer|second) look)|(?:i|we)(?:'ve| have)? (?:just |now |double[- ])*(?:checked|double-checked|looked (?:again|it up|closer))|looked again|turns out|it's back|is back|are back|has come back|in (?:this|that|your) case,? (?:because|since|as)|(?:because|since|as) you(?:'re|'ve|r)?|i asked (?:my|the|our)|waived?|struck off|on us\b|on the house|apologies for the (?:confusion|mistake|error|wrong)|sorry (?:for|about) the (?:confusion|mistake|error|wrong))",
    )
});
/// Words that explain a change in their own sentence only.
static EXPLAINS_HERE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:actually|now|instead|rather|new|meanwhile|after all|in fact|updated|since|as of|revised|correct|however|the other|whereas|while|then|in (?:this|that) case)\b",
    )
});

/// The customer asks for something else than before, so that the answer is about something else.
static ANOTHER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:another|others?|different|instead|else|alternatives?|what about|how about|cheaper|cheapest|rather|make (?:it|that)|change|switch|search|find|look (?:for|up)|book|reserve|next one|later|earlier one|any more|also|which one)\b|(?:^|[.!?\n] ?)(?:ok |okay |oh )?and (?:the|for|to|if|what|how|a|my)\b",
    )
});
/// The customer holds against the business what it has said.
static HELD_AGAINST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:you|he|she|they|colleague|bot|it|one of you) (?:\w+ )?(?:said|wrote|told|promised|confirmed|quoted)\b|\b(?:was|were) told\b",
    )
});

/// The customer reports what the business has said elsewhere: another day, another colleague, another channel.
static REPORTED: LazyLock<Regex> = LazyLock::new(|| {
    let who =
        "(?:colleague|agent|advisor|bot|chatbot|letter|e-?mail|mail|app|website|page|shop|branch|hotline)s?";
    pattern(&format!(
        r"\b(?:(?:your|the|another|a|one) {who}(?: of yours)?|(?:yesterday|last week|on (?:the phone|monday|tuesday|wednesday|thursday|friday|saturday|sunday))(?: in the chat)?,? you|i was)(?: (?:already|clearly|just|has|have|had|on|the|phone|yesterday|last|week|there))* (?:told|said|says|confirmed|wrote|writes|promised|assured)(?: (?:me|us))?(?: that)? "
    ))
});

/// Where a sentence of the customer's begins to report what the business has said elsewhere.
pub fn reported(sentence: &str) -> Option<usize> {
    if !["told", "sa", "confirmed", "wr", "promised", "assured"].iter().any(|word| sentence.contains(word)) {
        return None;
    }
    REPORTED.find(sentence).map(|found| found.end())
}

/// Whether a customer's turn asks for something else than before.
pub fn asks_for_another(asked: &str) -> bool {
    ANOTHER.is_match(asked) && !HELD_AGAINST.is_match(asked)
}

/// Whether a customer's turn reminds the business of its words.
pub fn held_against(asked: &str) -> bool {
    HELD_AGAINST.is_match(asked)
}

/// Whether a text, or the sentence of it that makes a claim, explains why the claim is another than before.
pub fn explained(text: &str, sentence: &str) -> bool {
    EXPLAINS.is_match(text) || EXPLAINS_HERE.is_match(sentence)
}

/// Whether a clause states its value firmly.
pub fn firm(clause: &str) -> bool {
    !HEDGED.is_match(clause)
}

/// Whether a clause says firmly that something costs nothing.
pub fn firmly_free(clause: &str) -> bool {
    !HEDGED_FREE.is_match(clause)
}

/// Whether a clause is about one transaction.
pub fn happened(clause: &str) -> bool {
    HAPPENED.is_match(clause)
}

/// Whether a day in a clause is one of several.
pub fn one_of_many(clause: &str) -> bool {
    ONE_OF_MANY.is_match(clause)
}

/// Whether a word makes a yes or no in its sentence unclear.
pub fn open_ended(word: &str) -> bool {
    OPEN_ENDED.contains(word)
}

/// Whether a word makes a yes or no in its clause unclear.
pub fn vague(word: &str) -> bool {
    VAGUE.contains(word)
}
