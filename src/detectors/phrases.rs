//! The phrases that [`super::words`] looks for: whole words in lower case, without apostrophes.

#[rustfmt::skip] // a list
pub(super) const GOODBYES: &[&str] = &[
    "bye", "goodbye", "good bye", "bye bye", "byebye", "see you later", "see you soon", "see you then",
    "see ya", "cya", "no thanks", "no thank you", "never mind", "nevermind", "good night", "goodnight",
    "sorted now", "thats all thanks", "thats all thank you", "that is all thanks", "that is all thank you",
    "thats it thanks", "thats it thank you", "thats everything thanks", "thats everything thank you",
    "thats all for now", "that will be all", "thatll be all", "have a good day", "have a good one",
    "have a good evening", "have a good weekend", "have a good week", "have a good night", "have a great day",
    "have a great one", "have a great evening", "have a great weekend", "have a great week",
    "have a great night", "have a nice day", "have a nice one", "have a nice evening", "have a nice weekend",
    "have a nice week", "have a nice night", "have a lovely day", "have a lovely one", "have a lovely evening",
    "have a lovely weekend", "have a lovely week", "have a lovely night", "you too", "same to you", "likewise",
    "nothing more from", "nothing further", "no further questions",
];
/// Good-byes only where nothing comes after them: "that is all wrong" is none.
#[rustfmt::skip] // a list
pub(super) const LAST_WORDS: &[&str] = &[
    "thats all", "that is all", "thats everything", "that is everything", "thats it", "nothing else",
    "all good", "all set", "im good", "take care",
];
/// Words that say thanks.
#[rustfmt::skip] // a list
pub(super) const THANKS: &[&str] = &[
    "thanks", "thank", "thankyou", "thx", "ty", "tysm", "cheers", "appreciate", "appreciated",
];
/// Words that a reaction is made of.
#[rustfmt::skip] // a list
pub(super) const REACTIONS: &[&str] = &[
    "ok", "okay", "k", "kk", "okey", "alright", "right", "great", "perfect", "cool", "nice", "good", "fine",
    "awesome", "excellent", "lovely", "brilliant", "amazing", "wonderful", "fantastic", "got", "understood",
    "noted", "sure", "yes", "yep", "yeah", "yup", "ah", "oh", "aha", "haha", "lol", "wow", "hm", "hmm", "super",
    "yay", "phew", "sweet", "neat", "brill",
];
/// Words that may stand beside thanks and reactions.
#[rustfmt::skip] // a list
pub(super) const FILLERS: &[&str] = &[
    "it", "its", "that", "thats", "this", "then", "so", "very", "much", "really", "a", "lot", "lots", "for",
    "your", "the", "help", "helping", "you", "again", "all", "i", "im", "me", "my", "to", "time", "and", "is",
    "works", "worked", "working", "now", "will", "do", "see", "anyway", "sir", "maam", "guys", "team", "have",
    "been", "most", "helpful", "quick", "reply", "patience", "too", "soo", "fast", "answer", "response", "kind",
    "clear", "info", "information", "prompt", "update", "support", "assistance", "everything", "service",
    "sorting", "fixing", "letting", "know",
];
/// Thanks with one of these say something else, too.
#[rustfmt::skip] // a list
pub(super) const CONTRASTS: &[&str] = &[
    "but", "still", "not", "however", "although", "except", "isnt", "doesnt", "dont", "cant", "wont", "didnt",
    "nothing", "no", "never",
];
/// Words of somebody whose problem is not solved.
#[rustfmt::skip] // a list
pub(super) const TROUBLES: &[&str] = &[
    "still", "error", "wrong", "broken", "not working", "not work", "doesnt work", "dont work", "isnt working",
    "wont work", "failed", "fails", "havent", "hasnt", "never got", "never arrived", "thats not", "that is not", "not what", "isnt", "missing",
];
/// Answers to a question of the agent: it is the agent's turn again.
#[rustfmt::skip] // a list
pub(super) const CONSENTS: &[&str] = &["yes", "yep", "yeah", "yup", "sure", "fine", "right", "please"];
/// The customer goes away to do something, or is in no hurry.
#[rustfmt::skip] // a list
pub(super) const POSTPONED: &[&str] = &[
    "one moment", "one sec", "one second", "one minute", "just a moment", "just a sec", "just a second",
    "just a minute", "give me a", "gimme a", "brb", "be right back", "hold on", "hang on", "let me check",
    "let me look", "let me see", "let me try", "let me find", "let me get", "ill check", "ill try", "ill look",
    "ill send", "ill do", "ill get", "i will check", "i will try", "i will send", "i will do", "will do",
    "trying now", "trying it now", "checking now", "looking for it", "im looking", "no problem", "no worries",
    "no rush", "take your time", "thats fine", "im fine with that",
];
#[rustfmt::skip] // a list
pub(super) const NOES: &[&str] = &["no", "nope", "nah", "not really", "nothing"];
#[rustfmt::skip] // a list
pub(super) const OFFERS_MORE: &[&str] = &[
    "anything else", "something else", "anything more", "further questions", "any other question",
    "any other questions", "else i can", "else we can",
];
#[rustfmt::skip] // a list
pub(super) const QUESTION_STARTS: &[&str] = &[
    "what", "whats", "when", "whens", "where", "wheres", "why", "how", "hows", "who", "which", "can you",
    "can i", "can we", "can someone", "can anyone", "can it", "can this", "could you", "could i", "could we",
    "could someone", "do you", "do i", "do we", "do they", "does", "did", "is it", "is this", "is that",
    "is there", "is my", "is the", "is your", "are you", "are there", "are these", "are they", "are we",
    "will you", "will it", "will i", "will they", "will this", "will that", "will my", "will the", "would you",
    "would it", "has my", "has the", "has it", "have you", "should i", "am i",
];
/// A whole turn that does nothing but ask to wait.
#[rustfmt::skip] // a list
pub(super) const HOLDINGS: &[&str] = &[
    "one moment", "one moment please", "just a moment", "just a moment please", "a moment please",
    "one second", "one second please", "one minute", "one minute please", "please wait", "please hold",
    "hold on", "hold on please", "bear with me", "please bear with me", "give me a moment",
    "give me a moment please", "one sec", "just a second", "just a minute", "moment please",
];
#[rustfmt::skip] // a list
pub(super) const GREETINGS: &[&str] = &[
    "hi", "hello", "hey", "hiya", "howdy", "greetings", "welcome", "good morning", "good afternoon",
    "good evening", "good day", "dear", "thanks for contacting", "thank you for contacting",
    "thanks for reaching", "thank you for reaching", "thanks for chatting", "thank you for chatting",
    "thanks for getting in touch", "thank you for getting in touch", "thank you for calling",
    "thanks for calling", "thanks for your message", "thank you for your message", "thanks for writing",
    "thank you for writing", "nice to meet you", "my name is", "how can i help", "how may i help",
    "how can i assist", "how may i assist", "what can i do for you",
];
/// To own a failure counts as an apology.
#[rustfmt::skip] // a list
pub(super) const APOLOGIES: &[&str] = &[
    "sorry", "apologies", "apologise", "apologize", "apology", "thats on us", "that is on us", "its on us",
    "our mistake", "our fault", "our error", "our bad", "my mistake", "my fault", "my bad", "we messed up",
    "we got it wrong", "we got that wrong", "should not have happened", "shouldnt have happened", "forgive",
];
/// Words by which the business side establishes that something went wrong on its side.
#[rustfmt::skip] // a list
pub(super) const FAILURES: &[&str] = &[
    "wrong item", "wrong size", "wrong order", "wrong product", "wrong address was", "our mistake", "our fault",
    "our error", "error on our", "mistake on our", "on our side", "on our end", "thats on us", "that is on us",
    "went wrong", "charged twice", "double charged", "charged you twice", "was lost", "got lost", "lost the",
    "was damaged", "arrived damaged", "been delayed", "is delayed", "was delayed", "outage", "we missed",
    "we forgot", "was never sent", "wasnt sent", "not been sent", "overcharged", "shouldnt have happened",
    "should not have happened",
];
#[rustfmt::skip] // a list
pub(super) const CHECK_BACKS: &[&str] = &[
    "anything else", "something else", "else i can", "else we can", "does that help", "did that help",
    "does that work", "did that work", "does it work", "is it working", "works now", "working now",
    "working again", "does that answer", "did that answer", "does this answer", "is that ok", "is that okay",
    "is that alright", "is that all right", "all good", "is that solved", "is it solved", "did that solve",
    "does that solve", "is that sorted", "is everything", "any other question", "any other questions",
    "any questions", "any more questions", "further questions", "does that sound", "can you confirm", "is that fixed",
    "happy with that", "does this help", "did this help",
];
#[rustfmt::skip] // a list
pub(super) const CLOSINGS: &[&str] = &[
    "bye", "goodbye", "good bye", "enjoy your", "enjoy the", "youre welcome", "you are welcome",
    "thanks for contacting", "thank you for contacting", "thanks for reaching", "thank you for reaching",
    "thanks for chatting", "thank you for chatting", "thanks for your patience", "thank you for your patience",
    "best regards", "kind regards", "see you soon", "see you later", "see you then", "good night",
    "all the best", "my pleasure", "anytime", "glad i could help", "happy i could help", "have a wonderful",
    "have a good day", "have a good one", "have a good evening", "have a good weekend", "have a good week",
    "have a good night", "have a great day", "have a great one", "have a great evening", "have a great weekend",
    "have a great week", "have a great night", "have a nice day", "have a nice one", "have a nice evening",
    "have a nice weekend", "have a nice week", "have a nice night", "have a lovely day", "have a lovely one",
    "have a lovely evening", "have a lovely weekend", "have a lovely week", "have a lovely night",
];
