//! The threshold of a head, chosen by `--threshold` when the head is decrypted.

use head_fit::measures::{Aim, choose};

use super::data::Data;
use crate::console::Console;
use crate::exit::Result;
use crate::files::head::{ChosenThreshold, Head, Part};

/// Chooses the threshold for an aim on the validation samples, or without any on the training samples. An aim that no threshold meets
/// is a warning: the training is done, and its head is good without.
///
/// # Errors
/// Labels that the training does not know.
pub(crate) fn choose_threshold(
    head: &Head,
    data: &Data,
    aim: Aim,
    console: &Console,
) -> Result<Option<ChosenThreshold>> {
    let (matrix, part) = match &data.validation {
        Some(validation) => (validation, Part::Validation),
        None => (&data.training, Part::Training),
    };
    if part == Part::Training && !matches!(aim, Aim::Given(_)) {
        console.warn(
            "the threshold is chosen on the training samples, where the head looks better than it is: --validation-fraction holds out others",
        );
    }
    let labels = matrix.encode_labels(&data.classes, "the data to choose a threshold on")?.to_vec();
    let probabilities = head.probabilities(&matrix.x.view())?;
    match choose(&labels, &probabilities.column(1).to_vec(), aim) {
        Ok(threshold) => Ok(Some(ChosenThreshold { threshold, chosen_on: part })),
        Err(error) => {
            console.warn(format!("no threshold for --threshold {aim}, so 0.5 stays: {error}"));
            Ok(None)
        }
    }
}
