//! Files of other programs: tables of texts or numbers, NumPy arrays, labels.
//!
//! Everything is checked before it is used. Messages name the file, the place and what was found there.

pub(crate) mod npy;

mod columns;
mod features;
mod labels;
mod table;
mod texts;
mod weights;

pub(crate) use features::{Features, Selection, read_features};
pub(crate) use labels::{encode_labels, fit_classes, read_labels};
pub(crate) use table::Format;
pub(crate) use texts::{Texts, read_texts};
pub(crate) use weights::{SampleWeights, read_weights};
