//! Offline input: a file or standard input, gzipped or not, JSON Lines of inbound frames and of whole
//! conversations, told apart line by line.
//!
//! Holds always: at most one line is in memory, and a line is bounded; a bad line is an error frame with its
//! number, never the end of the input; blank lines are nothing. Called by `score` and `replay`.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use super::recorded::{Recorded, Spacing};
use crate::wire::limits::FRAME_BYTES_MAX;
use crate::wire::{ClientFrame, ErrorCode, ErrorFrame};

/// One line that holds a whole conversation. A line that holds a frame has at most [`FRAME_BYTES_MAX`].
pub const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;

const READ_BUFFER_BYTES: usize = 64 * 1024;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const UTF8_BOM: &[u8] = b"\xef\xbb\xbf";

/// An opened input, and how far it has been read for a progress bar.
pub struct Input {
    pub reader: Box<dyn BufRead + Send>,
    /// Bytes read of the file as it is on the disk.
    pub bytes_read: Arc<AtomicU64>,
    /// Its size; none for standard input.
    pub bytes_total: Option<u64>,
}

/// What a line holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    Frame(ClientFrame),
    Conversation(Recorded),
}

/// One line that is not blank, numbered from 1; an error frame says its line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub number: u64,
    pub entry: Result<Entry, Box<ErrorFrame>>,
}

/// One frame of the input in its order, whole conversations already taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub line: u64,
    pub frame: Result<ClientFrame, Box<ErrorFrame>>,
}

/// The lines of an input.
pub struct Lines<R> {
    reader: R,
    number: u64,
    buffer: Vec<u8>,
    line_bytes_max: usize,
}

/// The frames of an input.
pub struct Events<R> {
    lines: Lines<R>,
    spacing: Spacing,
    ready: VecDeque<Event>,
}

enum LineRead {
    End,
    Whole,
    TooLong,
}

struct Counted<R> {
    inner: R,
    bytes: Arc<AtomicU64>,
}

/// Opens `path`; none and `-` are standard input. Gzip is told by its first two bytes, not by the name.
///
/// # Errors
/// When the file cannot be opened or its first bytes cannot be read.
pub fn open(path: Option<&Path>) -> io::Result<Input> {
    let bytes_read = Arc::new(AtomicU64::new(0));
    let (raw, bytes_total): (Box<dyn Read + Send>, _) = match path.filter(|path| *path != Path::new("-")) {
        None => (Box::new(io::stdin()), None),
        Some(path) => {
            let file = File::open(path)?;
            let metadata = file.metadata()?;
            if metadata.is_dir() {
                return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a directory, not a file"));
            }
            (Box::new(file), metadata.is_file().then_some(metadata.len()))
        }
    };
    let raw = Counted { inner: raw, bytes: Arc::clone(&bytes_read) };
    Ok(Input { reader: decoded(raw)?, bytes_read, bytes_total })
}

/// Unpacks what is gzipped, passes on what is not.
fn decoded(mut raw: impl Read + Send + 'static) -> io::Result<Box<dyn BufRead + Send>> {
    let mut head = Vec::with_capacity(GZIP_MAGIC.len());
    raw.by_ref().take(GZIP_MAGIC.len() as u64).read_to_end(&mut head)?;
    let is_gzip = head == GZIP_MAGIC;
    let whole = BufReader::with_capacity(READ_BUFFER_BYTES, Cursor::new(head).chain(raw));
    Ok(if is_gzip {
        let unpacked = flate2::bufread::MultiGzDecoder::new(whole);
        Box::new(BufReader::with_capacity(READ_BUFFER_BYTES, unpacked))
    } else {
        Box::new(whole)
    })
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.bytes.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl<R: BufRead> Lines<R> {
    /// The lines of `reader`, each at most [`LINE_BYTES_MAX`].
    pub fn new(reader: R) -> Self {
        Lines { reader, number: 0, buffer: Vec::new(), line_bytes_max: LINE_BYTES_MAX }
    }

    fn read_line(&mut self) -> io::Result<LineRead> {
        self.buffer.clear();
        // One byte more than the limit, for the line break.
        let most = self.line_bytes_max as u64 + 1;
        self.reader.by_ref().take(most).read_until(b'\n', &mut self.buffer)?;
        if self.buffer.is_empty() {
            return Ok(LineRead::End);
        }
        if self.buffer.last() == Some(&b'\n') || self.buffer.len() <= self.line_bytes_max {
            return Ok(LineRead::Whole);
        }
        self.skip_rest_of_line()?;
        Ok(LineRead::TooLong)
    }

    fn skip_rest_of_line(&mut self) -> io::Result<()> {
        loop {
            let available = match self.reader.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                return Ok(());
            }
            let (count, found) = match available.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (available.len(), false),
            };
            self.reader.consume(count);
            if found {
                return Ok(());
            }
        }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let read = match self.read_line() {
                Ok(read) => read,
                Err(error) => return Some(Err(error)),
            };
            let entry = match read {
                LineRead::End => return None,
                LineRead::Whole => {
                    self.number += 1;
                    let bytes = self.buffer.strip_prefix(UTF8_BOM).filter(|_| self.number == 1);
                    let bytes = bytes.unwrap_or(&self.buffer).trim_ascii();
                    if bytes.is_empty() {
                        continue;
                    }
                    read_entry(bytes)
                }
                LineRead::TooLong => {
                    self.number += 1;
                    let most = self.line_bytes_max;
                    let message = format!("the line has more than {most} bytes");
                    Err(Box::new(ErrorFrame::new(ErrorCode::FrameTooLarge, message)))
                }
            };
            let number = self.number;
            let entry = entry.map_err(|mut error| {
                error.line = Some(number);
                error
            });
            return Some(Ok(Line { number, entry }));
        }
    }
}

fn read_entry(bytes: &[u8]) -> Result<Entry, Box<ErrorFrame>> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        // serde_json's own message may quote the input; its place is enough.
        let message = format!("not JSON: error at column {}", error.column());
        Box::new(ErrorFrame::new(ErrorCode::InvalidJson, message))
    })?;
    match value {
        Value::Object(map) if !map.contains_key("type") && map.contains_key("turns") => {
            Recorded::from_map(map).map(Entry::Conversation).map_err(Box::new)
        }
        Value::Object(map) if !map.contains_key("type") => {
            let message = "neither a frame (it has no type) nor a conversation (it has no turns)";
            let turn_id = map.get("turn_id").and_then(Value::as_str).map(str::to_owned);
            Err(Box::new(ErrorFrame { turn_id, ..ErrorFrame::new(ErrorCode::InvalidFrame, message) }))
        }
        _ if bytes.len() > FRAME_BYTES_MAX => {
            let message = format!("{} bytes; a frame has at most {FRAME_BYTES_MAX}", bytes.len());
            Err(Box::new(ErrorFrame::new(ErrorCode::FrameTooLarge, message)))
        }
        value => match ClientFrame::from_value(value) {
            Ok(parsed) => Ok(Entry::Frame(parsed.frame)),
            Err(error) => Err(Box::new(error.into())),
        },
    }
}

impl Line {
    /// The frames of the line; turns without `ts` get one from `spacing`.
    pub fn into_events(self, spacing: &mut Spacing) -> Vec<Event> {
        let line = self.number;
        match self.entry {
            Err(error) => vec![Event { line, frame: Err(error) }],
            Ok(Entry::Frame(
                ClientFrame::Identify(_) | ClientFrame::Subscribe(_) | ClientFrame::Ping { .. },
            )) => Vec::new(),
            Ok(Entry::Frame(frame)) => vec![Event { line, frame: Ok(frame) }],
            Ok(Entry::Conversation(recorded)) => {
                let frames = recorded.into_frames(spacing).into_iter();
                frames.map(|frame| Event { line, frame: Ok(frame) }).collect()
            }
        }
    }
}

impl<R: BufRead> Events<R> {
    /// The frames of `reader`; turns without `ts` get one from `spacing`.
    pub fn new(reader: R, spacing: Spacing) -> Self {
        Events { lines: Lines::new(reader), spacing, ready: VecDeque::new() }
    }
}

impl<R: BufRead> Iterator for Events<R> {
    type Item = io::Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(event));
            }
            match self.lines.next()? {
                Ok(line) => self.ready.extend(line.into_events(&mut self.spacing)),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
