//! What can be wrong with a table, and what to do about it.

use std::fmt;

use crate::wording::listed;

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;

/// What can be wrong with a table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file or stream cannot be opened or read.
    #[error("cannot read {input}: {source}")]
    Io {
        /// Path, or `standard input`.
        input: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The format is not known, or the content is of another one.
    #[error("{input}: {what}")]
    Format {
        /// Path, or `standard input`.
        input: String,
        /// What is wrong.
        what: String,
        /// What to do.
        help: String,
    },
    /// The content breaks the rules of its format.
    #[error("{input}: {place}{what}")]
    Malformed {
        /// Path, or `standard input`.
        input: String,
        /// `line 7: `, or empty if the file as a whole is meant.
        place: String,
        /// What is wrong.
        what: String,
        /// What to do.
        help: String,
    },
    /// The table does not fit into the memory that it may take.
    #[error("{input}: {place}the table does not fit into the {budget} bytes of memory that it may take")]
    TooLarge {
        /// Path, or `standard input`.
        input: String,
        /// `line 7: `, or empty.
        place: String,
        /// The bytes that were allowed.
        budget: usize,
    },
    /// There is no column of this name.
    #[error("{input}: no column {name:?}{why}; the columns are {}", listed(.columns))]
    UnknownColumn {
        /// Path, or `standard input`.
        input: String,
        /// The name that was asked for.
        name: String,
        /// Who asked, such as ` (asked for by --drop)`, or empty.
        why: String,
        /// The columns that there are.
        columns: Vec<String>,
        /// A name that is much like it.
        near: Option<String>,
    },
    /// Columns that cannot be used as they are: all of them, not the first alone.
    #[error("{input}: {problems}")]
    Columns {
        /// Path, or `standard input`.
        input: String,
        /// What is wrong with each.
        problems: Problems,
    },
    /// Wishes that contradict each other.
    #[error("{what}")]
    Wishes {
        /// What is wrong.
        what: String,
        /// What to do.
        help: String,
    },
    /// A stored recipe that this crate did not write.
    #[error("not a valid recipe for tables: {what}")]
    Recipe {
        /// What is wrong.
        what: String,
    },
}

/// Kinds of failures, as a program tells them apart by exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input does not exist.
    Missing,
    /// The operating system refused to read it.
    Io,
    /// The data are at fault.
    Data,
    /// The wishes are at fault: an unknown column, a contradiction.
    Usage,
}

impl Error {
    /// The kind of failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => ErrorKind::Missing,
            Self::Io { .. } => ErrorKind::Io,
            Self::UnknownColumn { .. } | Self::Wishes { .. } => ErrorKind::Usage,
            _ => ErrorKind::Data,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Format { help, .. } | Self::Malformed { help, .. } | Self::Wishes { help, .. } => {
                Some(help.clone()).filter(|help| !help.is_empty())
            }
            Self::TooLarge { .. } => {
                Some("use fewer rows or columns, or a machine with more memory".to_owned())
            }
            Self::UnknownColumn { near, .. } => near.as_ref().map(|near| format!("did you mean {near:?}?")),
            // Each problem says what to do.
            Self::Io { .. } | Self::Columns { .. } | Self::Recipe { .. } => None,
        }
    }
}

/// What is wrong with one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Name of the column.
    pub column: String,
    /// The first place, such as `row 3 (line 4)`; empty if the column as a whole is meant.
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {:?}", self.column)?;
        if !self.place.is_empty() {
            write!(f, ", {}", self.place)?;
        }
        write!(f, ": {}", self.what)?;
        if !self.help.is_empty() {
            write!(f, " ({})", self.help)?;
        }
        Ok(())
    }
}

/// Everything that is wrong with the columns of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// The problems as the result of reading `input`: an error if there are any.
    ///
    /// # Errors
    /// [`Error::Columns`] with all problems.
    pub fn into_result(self, input: &str) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(Error::Columns { input: input.to_owned(), problems: self })
    }
}

/// One problem on the line; several below each other, the first twenty of them.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 20;
        if let [only] = &self.0[..] {
            return only.fmt(f);
        }
        write!(f, "{} columns cannot be used as they are:", self.0.len())?;
        for problem in self.0.iter().take(MOST) {
            write!(f, "\n  {problem}")?;
        }
        if self.0.len() > MOST {
            write!(f, "\n  and {} more", self.0.len() - MOST)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_problems_are_one_message_of_bounded_length() {
        let problem = |i: usize| Problem {
            column: format!("c{i}"),
            place: String::new(),
            what: "bad".to_owned(),
            help: String::new(),
        };
        let message = Problems((0..30).map(problem).collect()).to_string();
        assert!(message.starts_with("30 columns"), "{message}");
        assert_eq!(message.lines().count(), 22);
        assert!(message.ends_with("and 10 more"));
        assert_eq!(Problems(vec![problem(1)]).to_string(), "column \"c1\": bad");
    }
}
