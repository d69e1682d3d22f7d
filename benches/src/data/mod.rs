//! The data sets of `data/manifest.toml`: found, checked against their digests, and embedded if they are texts.

mod dataset;
mod embed;
mod labels;
mod list;
mod manifest;
mod place;
mod published;
mod rows;
mod table;

pub(crate) use dataset::{Dataset, Samples, Split};
pub(crate) use embed::Embedder;
pub(crate) use list::{Arguments, run};
pub(crate) use manifest::{Entry, Manifest};
pub(crate) use place::{Limit, Place, default_cache, default_model};
