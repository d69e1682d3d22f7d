//! A row of the table.

/// What came of one fault for one command.
pub(super) struct Row {
    pub(super) fault: &'static str,
    pub(super) command: String,
    pub(super) tries: usize,
    /// How it went, in a word or two.
    pub(super) note: String,
    pub(super) problems: Vec<String>,
}
