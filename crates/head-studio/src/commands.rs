//! How the work is started. The command line knows: the studio knows no flags.

use std::fmt::Debug;
use std::path::Path;
use std::process::Command;

use serde::Serialize;

/// An encoder to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EncoderChoice {
    /// Its folder or id.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// Whether it is on this machine, so that nothing is fetched.
    pub here: bool,
}

/// A server to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServerChoice {
    /// Its name.
    pub name: String,
    /// Its address.
    pub url: String,
}

/// A table with texts.
#[derive(Clone, Copy, Debug)]
pub struct TextsOf<'a> {
    /// The table.
    pub table: &'a Path,
    /// Column of the texts.
    pub column: &'a str,
    /// Column of the labels.
    pub label: &'a str,
    /// Folder or id of the encoder.
    pub encoder: &'a str,
}

/// What a head is trained on.
#[derive(Clone, Copy, Debug)]
pub enum Samples<'a> {
    /// Embeddings that the command of [`Commands::embed`] wrote, with their labels.
    Embeddings(&'a Path),
    /// Columns of a table.
    Columns {
        /// The table.
        table: &'a Path,
        /// Column of the labels.
        label: &'a str,
        /// Columns that are no features.
        dropped: &'a [String],
    },
}

/// How a head is trained and tested.
#[derive(Clone, Copy, Debug)]
pub struct Goal<'a> {
    /// Whether the labels are amounts, and not classes.
    pub numbers: bool,
    /// Whether rare classes count as much as frequent ones.
    pub balanced: bool,
    /// Share of the samples to test on.
    pub test_share: f64,
    /// Name of a server that trains, in place of this machine.
    pub server: Option<&'a str>,
    /// Whether the exact twin, which may leave the data party, is written as well.
    pub publish: Option<&'a Path>,
}

/// Makes the commands of the work.
///
/// A command prints lines of [`Progress`](head_service::api::Progress) as JSON on standard error, and one JSON object at its end on standard output:
/// its result, or `{"error": {"kind", "message", "help"}}`.
pub trait Commands: Debug + Send + Sync + 'static {
    /// Name and version of the program.
    fn program(&self) -> &str;
    /// Encoders to choose.
    fn encoders(&self) -> Vec<EncoderChoice>;
    /// Servers to choose.
    fn servers(&self) -> Vec<ServerChoice>;
    /// The folder or id of an encoder that somebody typed.
    ///
    /// # Errors
    /// It is neither; the text says why.
    fn encoder(&self, typed: &str) -> Result<String, String>;
    /// Looks at a table; with a column of texts and an encoder at these texts alone.
    fn look(&self, table: &Path, texts: Option<(&str, &str)>) -> Command;
    /// Embeds texts into a file. Texts that were embedded are not embedded again.
    fn embed(&self, texts: &TextsOf<'_>, out: &Path) -> Command;
    /// Plans a training, and says what it will cost and reach.
    fn estimate(&self, samples: &Samples<'_>, goal: &Goal<'_>) -> Command;
    /// Trains, or continues a training that was stopped, and writes results into a folder.
    fn run(&self, samples: &Samples<'_>, goal: &Goal<'_>, out: &Path) -> Command;
}
