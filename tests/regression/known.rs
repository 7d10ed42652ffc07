//! The list of what fails: read, written anew, and looked for in the model card.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::written::folder;

const HEAD: &str = "# What of the written conversations fails: conversation, name, turn; instead of a turn `anywhere`,\n\
    # `absent` (a near-miss in which the name is raised) or `healthy` (raised in a healthy conversation).\n\
    # Written by UPDATE_GOLDEN=1 cargo test --release --test regression\n";

fn path() -> PathBuf {
    folder().join("known-failures.tsv")
}

pub fn read() -> BTreeSet<String> {
    let text = std::fs::read_to_string(path()).expect("run the test with UPDATE_GOLDEN=1");
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

pub fn write(failing: &BTreeSet<String>) {
    let lines: String = failing.iter().map(|key| format!("{key}\n")).collect();
    std::fs::write(path(), format!("{HEAD}{lines}")).expect("writes");
}

/// Whether the card's table of failures has it, in the row of its name.
pub fn is_in_card(key: &str, card: &str) -> bool {
    let mut parts = key.split('\t');
    let [Some(id), Some(name), Some(place)] = [parts.next(), parts.next(), parts.next()] else {
        return false;
    };
    let id = id.trim_start_matches("r-");
    let wanted = match place {
        "anywhere" | "absent" | "healthy" => id.to_owned(),
        turn => format!("{id}:{turn}"),
    };
    let table = card.split("<!-- table regression-failures -->").nth(1).unwrap_or_default();
    let table = table.split("<!-- end -->").next().unwrap_or_default();
    let row = table.lines().find(|line| line.starts_with(&format!("| {name} |")));
    row.is_some_and(|row| row.split([' ', '|', ',']).any(|word| word == wanted))
}
