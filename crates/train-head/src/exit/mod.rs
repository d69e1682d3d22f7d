//! Failures as the user reads them, and the exit code of each kind.

mod libraries;
mod panics;

use std::error::Error;
use std::fmt;

#[cfg(feature = "data-party")]
pub(crate) use libraries::encoder_failure;
pub(crate) use libraries::{read_failure, write_failure};
pub(crate) use panics::keep as keep_panics;

/// The kind of a failure. Each kind has its own exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A bug, or something that the operating system refused.
    Unexpected,
    /// Arguments that are invalid, alone or together.
    Usage,
    /// Data or a model that cannot be used.
    Data,
    /// A key, ciphertext or head file that is missing, damaged or belongs to something else.
    File,
    /// Parameters that are refused: insecure, too small, or without the bootstrapping that the training needs.
    Parameters,
    /// The training left the interval on which its polynomial approximation holds.
    Diverged,
    /// Stopped by the user.
    Interrupted,
}

/// The table at the end of `--help`.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    success
  1    unexpected failure, or the operating system refused (disk full, no permission, too little memory)
  2    usage: unknown or contradictory arguments
  3    bad data: an unreadable or unsuitable table, array, label or model, or a model that cannot be downloaded
  4    bad file: a key, ciphertext or head that is missing, damaged, or of another key, preset or version
  5    parameters refused: insecure, too small, or without the bootstrapping that the training needs
  6    the training diverged or would diverge, or scores are far outside its interval
  130  interrupted";

impl Kind {
    /// The exit code of the process.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Unexpected => 1,
            Self::Usage => 2,
            Self::Data => 3,
            Self::File => 4,
            Self::Parameters => 5,
            Self::Diverged => 6,
            Self::Interrupted => 130,
        }
    }

    /// The value of `kind` in the JSON error.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unexpected => "unexpected",
            Self::Usage => "usage",
            Self::Data => "data",
            Self::File => "file",
            Self::Parameters => "parameters",
            Self::Diverged => "diverged",
            Self::Interrupted => "interrupted",
        }
    }
}

/// A failure: what was wrong and where, the cause, and what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    message: String,
    help: Option<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// `Result` with [`Failure`].
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), help: None, source: None }
    }

    /// A failure of this kind.
    pub(crate) fn of(kind: Kind, message: impl Into<String>) -> Self {
        Self::new(kind, message)
    }

    /// A failure of kind [`Kind::Unexpected`].
    pub(crate) fn unexpected(message: impl Into<String>) -> Self {
        Self::new(Kind::Unexpected, message)
    }

    /// A failure of kind [`Kind::Usage`].
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// A failure of kind [`Kind::Data`].
    pub(crate) fn data(message: impl Into<String>) -> Self {
        Self::new(Kind::Data, message)
    }

    /// A failure of kind [`Kind::File`].
    pub(crate) fn file(message: impl Into<String>) -> Self {
        Self::new(Kind::File, message)
    }

    /// A failure of kind [`Kind::Parameters`].
    pub(crate) fn parameters(message: impl Into<String>) -> Self {
        Self::new(Kind::Parameters, message)
    }

    /// A failure of kind [`Kind::Diverged`].
    pub(crate) fn diverged(message: impl Into<String>) -> Self {
        Self::new(Kind::Diverged, message)
    }

    /// A failure of kind [`Kind::Interrupted`].
    pub(crate) fn interrupted(message: impl Into<String>) -> Self {
        Self::new(Kind::Interrupted, message)
    }

    /// The operating system refused `operation` (a verb) on `path`. A path that does not exist gives a failure of kind
    /// `missing`, since the user named it; anything else is unexpected.
    pub(crate) fn io(operation: &str, path: &std::path::Path, missing: Kind, source: std::io::Error) -> Self {
        let kind = match source.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::IsADirectory => missing,
            _ => Kind::Unexpected,
        };
        Self::new(kind, format!("cannot {operation} {}", path.display())).because(source)
    }

    /// Memory that is not there.
    pub(crate) fn out_of_memory(message: impl Into<String>) -> Self {
        Self::unexpected(message).help(
            "take fewer samples or features, or a machine or limit (ulimit -v, container) with more memory; `train-head estimate` says what a \
             training needs",
        )
    }

    /// A bug: a panic that nobody caught. What it said is printed.
    pub(crate) fn bug() -> Self {
        panics::show();
        Self::unexpected("train-head ended its work because of a bug of its own")
            .help("please report the lines above, and what led to them")
    }

    /// Adds advice.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub(crate) fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The kind.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// The advice, if there is any.
    pub(crate) fn advice(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// For programs.
    pub(crate) fn json(&self) -> serde_json::Value {
        let chain = self.chain();
        serde_json::json!({
            "error": {
                "code": self.kind.code(),
                "kind": self.kind.name(),
                "message": chain.first(),
                "causes": chain.get(1..).unwrap_or_default(),
                "help": self.advice(),
            }
        })
    }

    /// The message, then the causes, outermost first.
    pub(crate) fn chain(&self) -> Vec<String> {
        let mut chain = vec![self.message.clone()];
        let mut next = self.source();
        while let Some(error) = next {
            chain.push(error.to_string());
            next = error.source();
        }
        chain
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_help_lists_every_code() {
        let kinds = [
            Kind::Unexpected,
            Kind::Usage,
            Kind::Data,
            Kind::File,
            Kind::Parameters,
            Kind::Diverged,
            Kind::Interrupted,
        ];
        for kind in kinds {
            let line = format!("\n  {:<5}", kind.code());
            assert!(EXIT_CODES.contains(line.trim_end()), "{kind:?}");
        }
        assert_eq!(EXIT_CODES.lines().count(), kinds.len() + 2);
    }

    #[test]
    fn causes_follow_in_order() {
        let inner = Failure::unexpected("inner").because(std::io::Error::other("innermost"));
        let failure = Failure::data("outer").because(inner).help("do this");
        assert_eq!(failure.chain(), ["outer", "inner", "innermost"]);
        assert_eq!(failure.advice(), Some("do this"));
    }
}
