//! Files of other programs: tables, NumPy arrays, labels.
//!
//! Everything is checked before it is used. Messages name the file, the place and what was found there.

pub(crate) mod npy;

mod arrays;
mod columns;
mod format;
mod labels;
mod stored;
mod table;
mod weights;

pub(crate) use arrays::{is_array, read_array};
pub(crate) use columns::{labels, names, siblings, text};
pub(crate) use format::Format;
pub(crate) use labels::{LabelReading, ReadLabels, column_labels, open_labels, read_labels, text_labels};
pub(crate) use stored::{Numbers, StoredArray};
pub(crate) use table::{TableOptions, open, table_failure};
pub(crate) use weights::{SampleWeights, column_weights};
