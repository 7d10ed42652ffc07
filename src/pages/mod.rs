//! Pages for people: the conversation that an alert's link opens, and the report about recorded conversations.
//!
//! Holds always: pure, from wire views to HTML, no clock and no I/O; no script, no style but the one element whose
//! checksum is in [`CONTENT_SECURITY_POLICY`], nothing loaded from anywhere; whatever others wrote goes through
//! `marks::Free`; nothing is told by colour alone. Called by `gateway` and `offline`.

mod alert;
mod contributions;
mod conversation;
mod gathered;
mod marks;
mod report;
mod risk_line;
mod stacks;
mod subject;
mod transcript;
mod words;

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

pub use conversation::{PageOptions, RECORDED, conversation, missing};
pub use gathered::{
    ALERTS_LISTED_MAX, BAD_LINES_SHOWN_MAX, BINS_MAX, Bin, Course, EXAMPLES_MAX, Example, Figures, NameCount,
    Report, RuleCount, TOP_CONVERSATIONS_MAX, Top,
};
pub use report::report;

/// How often the page of an open conversation loads itself anew, in seconds.
pub const REFRESH_SECONDS: u32 = 15;

/// All the style there is. Without `<`, so that nothing in it can end its element.
const STYLE: &str = include_str!("style.css");

/// The header that goes with [`conversation()`] and [`missing`].
pub static CONTENT_SECURITY_POLICY: LazyLock<String> =
    LazyLock::new(|| format!("{}; form-action 'self'; frame-ancestors 'none'", *POLICY));

/// What holds of a file, too. A policy within a page cannot speak of frames.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let checksum = BASE64.encode(Sha256::digest(STYLE));
    format!("default-src 'none'; style-src 'sha256-{checksum}'; base-uri 'none'")
});

/// A whole page.
struct Page<'a> {
    title: &'a str,
    /// How its edge is coloured: a level's name, or nothing.
    class: &'a str,
    /// Loads itself anew.
    refresh: bool,
    /// Carries the policy itself, since no server sends it.
    is_file: bool,
}

impl Page<'_> {
    fn around(&self, body: &Markup) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    @if self.is_file {
                        meta http-equiv="content-security-policy" content={ (*POLICY) "; form-action 'none'" };
                    }
                    // A served page must not say `no-referrer`: its forms would come with `Origin: null` and be refused.
                    meta name="referrer" content=(if self.is_file { "no-referrer" } else { "same-origin" });
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="robots" content="noindex";
                    meta name="color-scheme" content="light dark";
                    @if self.refresh {
                        meta http-equiv="refresh" content=(REFRESH_SECONDS);
                    }
                    title { (marks::Free(self.title)) }
                    style { (PreEscaped(STYLE)) }
                }
                body class=(self.class) { (body) }
            }
        };
        page.into_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_allows_the_one_style_element_and_nothing_else() {
        let expect = BASE64.encode(Sha256::digest(STYLE));
        assert_eq!(
            *CONTENT_SECURITY_POLICY,
            format!(
                "default-src 'none'; style-src 'sha256-{expect}'; base-uri 'none'; form-action 'self'; \
                 frame-ancestors 'none'"
            )
        );
        assert!(!STYLE.contains('<') && !STYLE.contains("url(") && !STYLE.contains("@import"));
    }
}
