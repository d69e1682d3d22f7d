//! Thresholds of a head, chosen by `--threshold`: when it is decrypted, and by `eval`.

use head_fit::measures::{Aim, choose};
use ndarray::Array2;

use super::data::Data;
use crate::console::Console;
use crate::exit::Result;
use crate::files::head::{ChosenThreshold, Head, Part};
use crate::targets::Vocabulary;

/// Chooses the thresholds for an aim on the validation samples, or without any on the training samples, and keeps them in the head. An aim
/// that no threshold meets is a warning: the training is done, and its head is good without.
///
/// # Errors
/// Labels that the training does not know.
pub(crate) fn choose_thresholds(head: &mut Head, data: &Data, aim: Aim, console: &Console) -> Result<()> {
    let (matrix, part) = match &data.validation {
        Some(validation) => (validation, Part::Validation),
        None => (&data.training, Part::Training),
    };
    if part == Part::Training && !matches!(aim, Aim::Given(_)) {
        console.warn_on_page(
            "the threshold is chosen on the training samples, where the head looks better than it is: --validation-fraction holds out others",
            "The threshold was chosen on the training samples, where a head looks better than it is. On new samples it may miss its aim.",
        );
    }
    let y = matrix.encode_labels(&data.vocabulary, "the data to choose a threshold on")?;
    let predicted = head.predicted(&matrix.x.view())?;
    for (place, chosen) in thresholds(&data.vocabulary, &y, &predicted, aim).into_iter().enumerate() {
        let kept = match chosen {
            Ok(threshold) => Some(ChosenThreshold { threshold, chosen_on: part }),
            Err(error) => {
                let label = match &data.vocabulary {
                    Vocabulary::Labels(labels) => format!(" of label {:?}", labels.names()[place]),
                    _ => String::new(),
                };
                console.warn_on_page(
                    format!("no threshold{label} for --threshold {aim}, so 0.5 stays: {error}"),
                    format!("No threshold{label} meets the aim `{aim}`, so the one of 0.5 stays."),
                );
                None
            }
        };
        keep(head, kept);
    }
    Ok(())
}

/// A threshold of the positive class, or one of each label, where the samples have one for the aim.
pub(crate) fn thresholds(
    vocabulary: &Vocabulary,
    y: &Array2<f64>,
    predicted: &Array2<f64>,
    aim: Aim,
) -> Vec<fhe_head::Result<head_fit::measures::Threshold>> {
    let of = |column: usize, scores: usize| {
        choose(&y.column(column).to_vec(), &predicted.column(scores).to_vec(), aim)
    };
    match vocabulary {
        Vocabulary::Labels(labels) => (0..labels.count()).map(|label| of(label, label)).collect(),
        _ => vec![of(0, 1)],
    }
}

/// Keeps the threshold of the positive class, or of the next label.
pub(crate) fn keep(head: &mut Head, chosen: Option<ChosenThreshold>) {
    match head.description.vocabulary {
        Vocabulary::Labels(_) => head.description.thresholds.push(chosen),
        _ => head.description.threshold = chosen,
    }
}
