//! Words that say yes or no: states, verbs, and those around them.
//!
//! Holds always: constant, in small letters. Called by `polarity`.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Words that affirm something that has a name here.
const AFFIRM: &str = "\
    covered=cover included=cover insured=cover entitled=eligible eligible=eligible available=available \
    refundable=refund returnable=return possible=possible allowed=allow permitted=allow granted=grant \
    approved=grant accepted=grant shipped=ship dispatched=ship ready=ready active=active \
    activated=active valid=valid compatible=compatible required=require mandatory=require \
    necessary=require needed=require compulsory=require supported=support transferable=transfer \
    exchangeable=exchange cancellable=cancel waterproof=waterproof unlimited=unlimited \
    permanent=permanent sent=send paid=pay";
/// Words that deny it.
const DENY: &str = "\
    excluded=cover uninsured=cover ineligible=eligible unavailable=available nonrefundable=refund \
    impossible=possible forbidden=allow prohibited=allow banned=allow refused=grant rejected=grant \
    denied=grant declined=grant inactive=active deactivated=active invalid=valid expired=valid \
    incompatible=compatible optional=require unsupported=support temporary=permanent";
/// The words of both: the name, and whether they affirm it.
pub static NAMES: LazyLock<HashMap<&str, (&str, bool)>> = LazyLock::new(|| {
    let read = |list: &'static str, affirms| {
        list.split_whitespace()
            .filter_map(|pair| pair.split_once('='))
            .map(move |(word, name)| (word, (name, affirms)))
    };
    read(AFFIRM, true).chain(read(DENY, false)).collect()
});
/// What holds until somebody changes it; the rest may be so today and not tomorrow, and only its end contradicts.
pub const LASTING: [&str; 16] = [
    "cover",
    "eligible",
    "refund",
    "return",
    "possible",
    "allow",
    "compatible",
    "require",
    "support",
    "transfer",
    "exchange",
    "waterproof",
    "unlimited",
    "permanent",
    "include",
    "offer",
];
/// Participles that do not end in "ed".
pub const PARTICIPLES: [&str; 12] = [
    "sent",
    "paid",
    "lost",
    "broken",
    "made",
    "given",
    "taken",
    "built",
    "kept",
    "held",
    "written",
    "withdrawn",
];
/// Words of that form that describe how somebody is or what is meant.
pub const NO_PARTICIPLES: [&str; 22] = [
    "interested",
    "worried",
    "concerned",
    "pleased",
    "delighted",
    "related",
    "located",
    "used",
    "based",
    "limited",
    "need",
    "affected",
    "excited",
    "confused",
    "disappointed",
    "tired",
    "surprised",
    "indeed",
    "satisfied",
    "listed",
    "logged",
    "speed",
];
/// Verbs that say by themselves what holds: "the plan (doesn't) include roaming".
pub const ACTIVE: [&str; 10] =
    ["include", "cover", "support", "require", "offer", "accept", "allow", "refund", "deliver", "ship"];
/// Words between an auxiliary and its verb that change nothing.
pub const ADVERBS: [&str; 20] = [
    "also",
    "definitely",
    "fully",
    "indeed",
    "actually",
    "always",
    "just",
    "already",
    "automatically",
    "simply",
    "officially",
    "now",
    "generally",
    "completely",
    "both",
    "all",
    "still",
    "be",
    "been",
    "yet",
];
