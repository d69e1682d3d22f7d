//! What is predicted: classes, any number of labels, or numbers.
//!
//! - [`labels`]: what the samples of a file have;
//! - [`vocabulary`]: what a training or a head knows of it, kept in plan and head;
//! - [`classes`]: classes in their order;
//! - [`scores`]: measures of predictions.

mod classes;
mod labels;
mod scores;
mod vocabulary;

pub(crate) use classes::Choice;
pub(crate) use labels::{Labels, LabelsAs};
pub(crate) use scores::{ClassScores, Scores, agreement};
pub(crate) use vocabulary::{Vocabulary, extend};
