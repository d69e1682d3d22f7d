//! Errors as a person reads them, and the exit codes they end with.

use std::error::Error;
use std::fmt;

use fhe_head::ckks;

use crate::files::read_failure;

/// What kind of thing went wrong; each kind has an exit code of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Something that should not happen, or that the operating system refused.
    Unexpected,
    /// Arguments that make no sense, alone or together.
    Usage,
    /// Data, or a model, that cannot be worked with.
    Data,
    /// A key, ciphertext or head file that is missing, damaged or belongs elsewhere.
    File,
    /// Parameters that are refused: insecure, too small, or in need of a bootstrap they do not have.
    Parameters,
    /// The training left the range in which its approximation holds.
    Diverged,
    /// Stopped by the person.
    Interrupted,
}

/// The table that `--help` shows.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    success
  1    unexpected failure, or the operating system refused (disk full, no permission)
  2    usage: unknown or contradictory arguments
  3    bad data: an unreadable or unsuitable table, array, label or model
  4    bad file: a key, ciphertext or head that is missing, damaged, or of another key, preset or version
  5    parameters refused: insecure, too small, or in need of bootstrapping they do not have
  6    the training diverged, or would; or scores are far outside its interval
  130  interrupted";

impl Kind {
    /// The process's exit code.
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

    /// The word for it in JSON.
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

/// An error: what was wrong and where, its cause, and what to do about it.
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

    /// Something that should not happen.
    pub(crate) fn unexpected(message: impl Into<String>) -> Self {
        Self::new(Kind::Unexpected, message)
    }

    /// Arguments that make no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Data that cannot be worked with.
    pub(crate) fn data(message: impl Into<String>) -> Self {
        Self::new(Kind::Data, message)
    }

    /// A file of ours that is damaged, missing or foreign.
    pub(crate) fn file(message: impl Into<String>) -> Self {
        Self::new(Kind::File, message)
    }

    /// Parameters that are refused.
    pub(crate) fn parameters(message: impl Into<String>) -> Self {
        Self::new(Kind::Parameters, message)
    }

    /// A training that diverged.
    pub(crate) fn diverged(message: impl Into<String>) -> Self {
        Self::new(Kind::Diverged, message)
    }

    /// A training that was stopped.
    pub(crate) fn interrupted(message: impl Into<String>) -> Self {
        Self::new(Kind::Interrupted, message)
    }

    /// The operating system refused `operation` (a verb) on `path`. A path that is not there is the fault of whoever
    /// named it, `missing` says of which kind.
    pub(crate) fn io(operation: &str, path: &std::path::Path, missing: Kind, source: std::io::Error) -> Self {
        let kind = match source.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::IsADirectory => missing,
            _ => Kind::Unexpected,
        };
        Self::new(kind, format!("cannot {operation} {}", path.display())).because(source)
    }

    /// Adds what to do about it.
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

    /// What kind of error it is.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// What to do about it, if there is advice.
    pub(crate) fn advice(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// What was wrong, then each cause, outermost first.
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

/// Runs a work of the library that calls us back. The library knows nothing of our failures: `keep` keeps the first and
/// gives the library an error to stop by.
///
/// # Errors
/// The failure that was kept, else that of the work.
pub(crate) fn keep_failure<T>(
    work: impl FnOnce(&mut dyn FnMut(Result<()>) -> fhe_head::Result<()>) -> fhe_head::Result<T>,
) -> Result<T> {
    let mut kept = None;
    let result = work(&mut |outcome| {
        outcome.map_err(|failure| {
            let stop = fhe_head::Error::Data(failure.to_string());
            kept.get_or_insert(failure);
            stop
        })
    });
    match kept {
        Some(failure) => Err(failure),
        None => result.map_err(training_failure),
    }
}

/// What went wrong in planning, encrypting, training or decrypting.
pub(crate) fn training_failure(error: fhe_head::Error) -> Failure {
    use fhe_head::Error;
    let message = error.to_string();
    let error = match error {
        Error::File(error) => return read_failure(error),
        other => other,
    };
    match &error {
        Error::Data(_) => Failure::data(message),
        Error::Parameter { name: "preset" | "features", .. } => Failure::parameters(message),
        Error::Parameter { name, got, expected } => {
            Failure::usage(format!("--{} {got}: {expected}", name.replace('_', "-")))
        }
        Error::NeedsBootstrapping { .. } | Error::NoBootstrapping { .. } => Failure::parameters(message)
            .help("ask for fewer iterations (--max-iter), or for a preset with more levels (`train-head presets`)"),
        Error::OutsideInterval { .. } => Failure::diverged(message).help(
            "the flags are --learning-rate, --sigmoid-interval and --alpha; what is left out is chosen from the data",
        ),
        Error::Diverged { .. } | Error::ScoresDiverged { .. } => Failure::diverged(message),
        Error::Precision { .. } => Failure::parameters(message)
            .help("take a preset of larger primes (`train-head presets`), or a --sigmoid-degree of 3"),
        Error::Ckks(inner) => match inner {
            ckks::Error::Insecure { .. } | ckks::Error::InvalidParameters(_) => Failure::parameters(message),
            ckks::Error::WrongKey { .. } | ckks::Error::WrongParameters { .. } | ckks::Error::MissingKey { .. } => {
                Failure::file(message).help(
                    "keys, data and heads work together only if they come from one plan and one `train-head keygen`",
                )
            }
            _ => Failure::unexpected(message),
        },
        _ => Failure::unexpected(message),
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
