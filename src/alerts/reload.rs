//! A rule file that changes while the server runs.
//!
//! Holds always: a file is read again when it looks different from when it was last read, and only then; what is wrong
//! with it is said once. Asked every now and then by `cli::serve`.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::rules::{RuleSet, RulesError};

/// A named rule file.
pub struct RulesFile {
    path: PathBuf,
    seen: Option<Stamp>,
}

/// What a change can be told by without reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
}

impl RulesFile {
    /// The file as it is now has been read.
    pub fn new(path: PathBuf) -> Self {
        let seen = Stamp::of(&path);
        RulesFile { path, seen }
    }

    /// The rules, where the file has changed, or where it is `asked` for.
    ///
    /// # Errors
    /// [`RulesError`]: it cannot be read, or what is wrong in it.
    pub fn reload(&mut self, asked: bool) -> Option<Result<RuleSet, RulesError>> {
        // Looked at before it is read: a change meanwhile is seen the next time.
        let now = Stamp::of(&self.path);
        if now == self.seen && !asked {
            return None;
        }
        self.seen = now;
        Some(RuleSet::load(&self.path))
    }
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Stamp { modified: metadata.modified().ok(), bytes: metadata.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_again_when_it_changes_or_is_asked_for_and_only_then() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rules.toml");
        std::fs::write(&path, "version = \"a\"\n").unwrap();
        let mut file = RulesFile::new(path.clone());
        assert!(file.reload(false).is_none());
        std::fs::write(&path, "version = \"longer\"\n").unwrap();
        assert!(file.reload(false).unwrap().unwrap().version().starts_with("longer-"));
        assert!(file.reload(false).is_none());
        std::fs::write(&path, "version = 7\n").unwrap();
        assert!(file.reload(false).unwrap().is_err());
        assert!(file.reload(false).is_none(), "said once");
        assert!(file.reload(true).unwrap().is_err());
        std::fs::remove_file(&path).unwrap();
        let gone = file.reload(false).unwrap().unwrap_err();
        assert_eq!(gone.kind(), "unreadable");
        std::fs::write(&path, "version = \"back\"\n").unwrap();
        assert!(file.reload(false).unwrap().is_ok());
    }
}
