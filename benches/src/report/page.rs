//! The contents of a report, independent of the file format.

use crate::records::Property;

/// A whole report.
pub(crate) struct Page {
    pub(crate) title: String,
    pub(crate) lead: String,
    /// The most important figures.
    pub(crate) headlines: Vec<Property>,
    pub(crate) sections: Vec<Section>,
    /// Machine, program and date.
    pub(crate) machine: Vec<Property>,
}

/// A section of a report.
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) blocks: Vec<Block>,
}

/// A part of a section.
pub(crate) enum Block {
    Text(String),
    Table(Table),
    Figures(Vec<Figure>),
    /// The commands that made the measurements, one a line.
    Command(String),
}

/// A table. Cells that start with a digit, a sign or a dash are right-aligned.
pub(crate) struct Table {
    pub(crate) head: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// A plot.
pub(crate) struct Figure {
    /// File name without extension.
    pub(crate) name: String,
    /// Description.
    pub(crate) caption: String,
    pub(crate) svg: String,
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(head: &[&str]) -> Self {
        Self { head: head.iter().map(|&name| name.to_owned()).collect(), rows: Vec::new() }
    }

    /// True if a cell is to be right-aligned as a number.
    pub(crate) fn is_number(cell: &str) -> bool {
        cell.starts_with(|c: char| c.is_ascii_digit() || "+-\u{2212}\u{2013}".contains(c))
    }
}
