//! Kinds of labels.

/// What labels are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelKind {
    /// One class a row.
    Classes,
    /// A set of classes a row.
    MultiLabel(Separator),
    /// A number a row.
    Numbers,
}

/// How the classes of a set are written in one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// A JSON list: `["fever", "cough"]`.
    Json,
    /// `fever;cough`
    Semicolon,
    /// `fever|cough`
    Bar,
}
