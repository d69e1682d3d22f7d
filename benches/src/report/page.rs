//! What a report consists of, whatever it is written as.

/// A whole report.
pub(crate) struct Page {
    pub(crate) title: String,
    pub(crate) lead: String,
    /// The figures that matter most: value, then what it is.
    pub(crate) tiles: Vec<(String, String)>,
    pub(crate) sections: Vec<Section>,
    /// Machine, program, commit: name, then value.
    pub(crate) machine: Vec<(String, String)>,
}

/// A section.
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) blocks: Vec<Block>,
}

/// A part of a section.
pub(crate) enum Block {
    Text(String),
    Table(Table),
    Figures(Vec<Figure>),
    /// The command that measured it.
    Command(String),
}

/// A table. Cells that start with a digit, a sign or a dash are set to the right.
pub(crate) struct Table {
    pub(crate) head: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// A plot.
pub(crate) struct Figure {
    /// File name without extension.
    pub(crate) name: String,
    /// What it shows, in words.
    pub(crate) caption: String,
    pub(crate) svg: String,
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(head: &[&str]) -> Self {
        Self { head: head.iter().map(|&name| name.to_owned()).collect(), rows: Vec::new() }
    }

    /// Whether a cell is a number, to be set to the right.
    pub(crate) fn is_number(cell: &str) -> bool {
        cell.starts_with(|c: char| c.is_ascii_digit() || "+-\u{2212}\u{2013}".contains(c))
    }
}
