//! A file that is there whole or not at all.
//!
//! Holds always: what was there before stays until the new one is complete; nothing is left behind. Called by `cli`.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that is being written beside the place where it will be.
pub struct Output {
    file: File,
    partial: PathBuf,
    path: PathBuf,
}

impl Output {
    /// Begins the file at `path`, so that a place that cannot be written to is known before the work.
    ///
    /// # Errors
    /// When `path` is a folder, or its folder cannot be written to.
    pub fn create(path: &Path) -> io::Result<Self> {
        let Some(name) = path.file_name().filter(|_| !path.is_dir()) else {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a directory, not a file"));
        };
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".partial-{}", std::process::id()));
        let partial = path.with_file_name(hidden);
        let file = OpenOptions::new().write(true).create_new(true).open(&partial)?;
        Ok(Output { file, partial, path: path.to_owned() })
    }

    /// Writes all of it and puts it in its place.
    ///
    /// # Errors
    /// When the disk is full or the place has gone; nothing of it is left then.
    pub fn finish(mut self, content: &[u8]) -> io::Result<()> {
        self.file.write_all(content)?;
        self.file.sync_all()?;
        std::fs::rename(&self.partial, &self.path)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // Gone already once it is in its place.
        let _ = std::fs::remove_file(&self.partial);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).expect("a folder");
        entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("report.html");
        std::fs::write(&path, "before").expect("writes");
        drop(Output::create(&path).expect("can be written"));
        assert_eq!(std::fs::read_to_string(&path).expect("is there"), "before");
        Output::create(&path).and_then(|output| output.finish(b"after")).expect("can be written");
        assert_eq!(std::fs::read_to_string(&path).expect("is there"), "after");
        assert_eq!(names(folder.path()), ["report.html"]);
    }

    #[test]
    fn a_place_that_cannot_be_written_to_is_refused_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(Output::create(folder.path()).is_err());
        assert!(Output::create(&folder.path().join("no/such/folder/r.html")).is_err());
    }
}
