//! Thresholds of a head, chosen by `--threshold`: when it is decrypted, and by `eval`.

use head_fit::measures::{Aim, choose};
use ndarray::Array2;
use serde_json::{Value, json};

use super::data::Data;
use crate::console::Console;
use crate::exit::Result;
use crate::files::head::{ChosenThreshold, Description, EVEN, Head, Part};
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

/// What the thresholds of a head are, by name: `"sick" above 0.37 (chosen for youden on the validation samples)`. `None` if none was chosen.
pub(crate) fn in_words(head: &Description) -> Option<String> {
    let names = head.vocabulary.names();
    let chosen = match &head.vocabulary {
        Vocabulary::Labels(_) => head.thresholds.iter().flatten().next(),
        _ => head.threshold.as_ref(),
    }?;
    let called: Vec<String> = match &head.vocabulary {
        Vocabulary::Labels(_) => {
            names.iter().zip(head.cuts()).map(|(name, cut)| format!("{name:?} above {cut}")).collect()
        }
        _ => names
            .last()
            .map(|name| format!("{name:?} above {}", chosen.threshold.value))
            .into_iter()
            .collect(),
    };
    Some(format!("{} ({})", called.join(", "), chosen_for(*chosen)))
}

/// What a threshold was chosen for, and on which samples: `chosen for youden on the validation samples`; `given` for a number.
pub(crate) fn chosen_for(chosen: ChosenThreshold) -> String {
    match chosen.threshold.aim {
        Aim::Given(_) => "as given".to_owned(),
        aim => format!("chosen for {aim} on {}", chosen.chosen_on.samples()),
    }
}

/// The thresholds of labels as JSON, each with the name of its label; those that no aim chose are 0.5.
pub(crate) fn named(names: &[String], thresholds: &[Option<ChosenThreshold>]) -> Vec<Value> {
    let of = |(name, chosen): (&String, &Option<ChosenThreshold>)| {
        let mut json = match chosen {
            Some(chosen) => json!(chosen),
            None => json!({ "value": EVEN }),
        };
        json["label"] = json!(name);
        json
    };
    names.iter().zip(thresholds).map(of).collect()
}

/// Keeps the threshold of the positive class, or of the next label.
pub(crate) fn keep(head: &mut Head, chosen: Option<ChosenThreshold>) {
    match head.description.vocabulary {
        Vocabulary::Labels(_) => head.description.thresholds.push(chosen),
        _ => head.description.threshold = chosen,
    }
}
