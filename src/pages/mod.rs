//! Pages for people. A placeholder of the API's branch with the signatures of the pages' branch: keep theirs.

use std::sync::LazyLock;

use jiff::tz::TimeZone;

use crate::wire::ConversationDetail;

/// The header that goes with the pages.
pub static CONTENT_SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| {
    "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'".to_owned()
});

/// How a page is drawn.
#[derive(Clone, Debug)]
pub struct PageOptions {
    /// Loads itself anew while the conversation is open.
    pub refresh: bool,
    /// Has buttons for verdicts on its alerts.
    pub verdicts: bool,
    /// Times are shown in it.
    pub zone: TimeZone,
}

/// The page of a conversation.
pub fn conversation(detail: &ConversationDetail, _options: &PageOptions) -> String {
    let mut page = format!("<!doctype html><title>{}</title>", escaped(&detail.summary.conversation_id));
    for turn in &detail.turns {
        page.push_str(&format!("<p>{}</p>", escaped(&turn.text)));
    }
    page
}

/// The page of one that is not held.
pub fn missing(conversation_id: &str) -> String {
    format!("<!doctype html><title>Not here</title><p>Nothing is held of {}.", escaped(conversation_id))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
