//! Columns of labels: classes, sets of classes, or numbers.

mod classes;
mod column;
mod kind;
mod sets;

pub use column::{LabelColumn, LabelOptions, labels, numbers_of};
pub use kind::{LabelKind, Separator};
