//! Raw tables: columns typed, cleaned and encoded one by one, fitted once, applied to new rows. What happened to each can be
//! asked.
//!
//! ```
//! use tables::{Format, Overrides, ReadOptions, Recipe, read_from};
//!
//! let csv = "age;smoker;admitted\n61,5;yes;03.02.2024\n;no;28.02.2024\n70,0;no;01.03.2024\n";
//! let table = read_from(csv.as_bytes(), "ward.csv", Some(Format::Csv), &ReadOptions::default())?;
//! let recipe = Recipe::fit(&table, None, &[], &Overrides::default())?;
//! assert_eq!(recipe.feature_names(), ["age", "smoker=yes", "admitted (days)"]);
//! let applied = recipe.apply(&table)?;
//! assert_eq!(applied.x.row(1).to_vec(), [65.75, 0.0, 25.0]);
//! println!("{}", recipe.describe());
//! # Ok::<(), tables::Error>(())
//! ```
//!
//! # The way of a table
//! 1. [`read`]: a file, a pipe or standard input becomes a [`Table`] of text cells, as they came.
//! 2. [`Recipe::fit`]: each column gets a [`Kind`], and with the training rows a treatment. All columns that cannot be used are
//!    named in one error. [`Recipe::describe`] shows what becomes of each; [`Overrides`] change it.
//! 3. [`Recipe::apply`]: new rows become finite numbers, by column names. The recipe is kept as JSON beside the model.
//!
//! # Rules
//! - Missing is a blank cell or a mark ([`is_missing`]); among numbers and dates also a dot or a dash. Missing values become
//!   the median or the most frequent level. A feature says so if ten rows and one in a hundred are concerned.
//! - Numbers have one notation for a column: `1234.5`, `1234,5`, or thousands marked by commas, dots, blanks or apostrophes. Where
//!   no cell tells, other columns decide, and if they do not, the column is refused. Numbers with units or comparisons
//!   (`79 kg`, `<0.5`) are refused by name, and so are those in other notations (`12-134`, `0x1F`, `(5)`, `1,23,456`).
//! - Categories have a feature for each level of ten rows ([`MIN_LEVEL_ROWS`]) or more, [`MAX_LEVELS`] at most, and one for the
//!   others together if they have ten. Two groups are one feature.
//! - Dates become days since the first of the training rows. `2024-03` is the first day of the month.
//! - Identifiers, constants and empty columns are left out, and said so. Free text is refused. Messages do not repeat sentences.
//!
//! [`labels`] reads the column of labels, and [`Recipe::leaks`] names columns that tell the label alone.

mod error;
mod kinds;
mod labels;
mod leaks;
mod read;
mod recipe;
mod table;
mod value;
mod wording;

pub use error::{Error, ErrorKind, Problem, Problems, Result};
pub use kinds::{Kind, MIN_LEVEL_ROWS};
pub use labels::{LabelColumn, LabelKind, LabelOptions, Separator, labels, numbers_of};
pub use leaks::{Leak, Source};
pub use read::{Format, Input, ReadOptions, read, read_from};
pub use recipe::{
    Applied, AppliedColumn, ColumnSummary, Description, Impute, MAX_LEVELS, Overrides, Reason, Recipe,
};
pub use table::Table;
pub use value::missing::is_missing;
pub use wording::counted;
