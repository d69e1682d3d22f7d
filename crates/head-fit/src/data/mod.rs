//! Labelled samples to fit on, checked, and their parts in a cross-validation.

mod folds;
mod labelled;
mod members;

pub(crate) use folds::{Fold, splits_of};
pub use labelled::Data;
