//! Pages for people. A placeholder of the API's branch, until the pages are merged: keep theirs.

use crate::wire::ConversationDetail;

pub const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The page of a conversation.
pub fn conversation(detail: &ConversationDetail) -> String {
    let mut page = format!("<!doctype html><title>{}</title>", escaped(&detail.summary.conversation_id));
    for turn in &detail.turns {
        page.push_str(&format!("<p>{}</p>", escaped(&turn.text)));
    }
    page
}

/// The page of one that is not held.
pub fn missing() -> String {
    "<!doctype html><title>Not here</title><p>This conversation is not held.".to_owned()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
