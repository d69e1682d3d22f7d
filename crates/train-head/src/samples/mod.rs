//! Samples from files.
//!
//! - [`wanted`]: what is read of them;
//! - [`mod@read`], [`arrays`]: a source becomes samples as they are in the file;
//! - [`raw`]: texts, columns or numbers, with labels, weights and groups;
//! - [`parts`]: which of them to train on, to validate with, to test on;
//! - [`prepared`]: from the first to the last, in one go;
//! - [`encoder`]: texts become embeddings;
//! - [`roles`]: what flags take a column for, one purpose each;
//! - [`remarks`]: what a page says of columns, without their names;
//! - [`rows`]: features in memory or in their file;
//! - [`matrix`]: all of it as numbers.

mod arrays;
mod attributes;
mod encoder;
mod matrix;
mod parts;
mod prepared;
mod raw;
mod read;
mod remarks;
mod roles;
mod rows;
mod wanted;

pub(crate) use attributes::Carried;
pub(crate) use encoder::{Embedded, LoadedEncoder, embed, long_texts};
pub(crate) use matrix::{Matrix, split};
pub(crate) use parts::Shares;
pub(crate) use prepared::{Columns, Prepared};
pub(crate) use raw::{Content, Raw};
pub(crate) use read::read;
pub(crate) use rows::{AnyRows, Rows};
pub(crate) use wanted::{Known, Wanted};
