//! The contents of a page, independent of the file format.
//!
//! In texts, cells, captions and values a part between backticks is code, and a line break is one; everything else is shown as it is.

use crate::plots::Plot;

/// A whole page.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Its name.
    pub title: String,
    /// The first paragraph.
    pub lead: String,
    /// What must be known before anything else, in a box.
    pub notice: Option<String>,
    /// The most important figures.
    pub headlines: Vec<Property>,
    /// Sections, in order.
    pub sections: Vec<Section>,
    /// Machine, program, date.
    pub footer: Vec<Property>,
}

/// A named value.
#[derive(Clone, Debug)]
pub struct Property {
    /// What it is.
    pub name: String,
    /// The value with its unit.
    pub value: String,
}

impl Property {
    /// A named value.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// A section of a page.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its heading.
    pub title: String,
    /// Its parts, in order.
    pub blocks: Vec<Block>,
}

/// A part of a section.
#[derive(Clone, Debug)]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// A heading within the section.
    Heading(String),
    /// A paragraph in a box.
    Notice(String),
    /// Paragraphs with bullets.
    List(Vec<String>),
    /// Names with their meaning.
    Definitions(Vec<Property>),
    /// A table.
    Table(Table),
    /// A confusion matrix.
    Matrix(Matrix),
    /// Figures, side by side where there is room.
    Figures(Vec<Figure>),
    /// Commands, one a line.
    Command(String),
}

/// A table. Cells that start with a digit, a sign or a dash are right-aligned.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Names of the columns.
    pub head: Vec<String>,
    /// A cell for each column.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new(head: &[&str]) -> Self {
        Self { head: head.iter().map(|&name| name.to_owned()).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn push<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// Whether a cell is to be right-aligned as a number.
    pub fn is_number(cell: &str) -> bool {
        cell.starts_with(|c: char| c.is_ascii_digit() || "+-\u{2212}\u{2013}".contains(c))
    }
}

/// A confusion matrix. Cells are shaded by their share of the row.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// What it is of.
    pub caption: String,
    /// The classes.
    pub classes: Vec<String>,
    /// Samples by true class, then predicted class.
    pub counts: Vec<Vec<u64>>,
}

/// A plot with its caption.
#[derive(Clone, Debug)]
pub struct Figure {
    /// File name without extension, and anchor.
    pub name: String,
    /// Description. It also stands for the plot where that cannot be seen.
    pub caption: String,
    /// The plot.
    pub plot: Plot,
}
