//! What the columns of a table hold: one kind for each column, found from all of its cells.

mod dates;
mod evidence;
mod find;
mod finding;
mod identifiers;
mod numbers;
mod observed;
mod refusals;
mod words;

pub use finding::Kind;
pub use observed::MIN_LEVEL_ROWS;

pub(crate) use evidence::Evidence;
pub(crate) use find::{Hints, find};
pub(crate) use finding::{Column, Content, Finding, Wish};
pub(crate) use observed::Observed;
