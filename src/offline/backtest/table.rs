//! Aligned columns for a terminal or a mail: names to the left, figures to the right.
//!
//! Holds always: no control character comes out; lines have no white space at their end. Called by `text`.

use crate::offline::clean::{clean, width};

/// Before every line.
const INDENT: &str = "  ";
/// Between two columns.
const GAP: &str = "  ";

/// Rows under a head.
pub struct Table {
    rows: Vec<Vec<String>>,
    /// So many columns from the left are names.
    names: usize,
}

impl Table {
    pub fn new(names: usize, head: &[&str]) -> Self {
        Table { rows: vec![head.iter().map(|&cell| cell.to_owned()).collect()], names }
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| clean(&cell)).collect());
    }

    pub fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(widest).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let fill = " ".repeat(widths[column] - width(cell));
                line.push_str(if column == 0 { INDENT } else { GAP });
                let (before, after) = if column < self.names { ("", &*fill) } else { (&*fill, "") };
                line.extend([before, cell, after]);
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_nothing_trails() {
        let mut table = Table::new(1, &["rule", "alerts"]);
        table.row(["Short".to_owned(), "12".to_owned()]);
        table.row(["A\u{1b}[31mLonger".to_owned(), "7".to_owned()]);
        let expect = "  rule         alerts\n  Short            12\n  A[31mLonger       7\n";
        assert_eq!(table.render(), expect);
    }
}
