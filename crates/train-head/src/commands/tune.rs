//! `tune`: chooses a method by cross-validation, validates it in simulation, and writes it as a job file.

use head_fit::measures::Regression;
use serde_json::json;

use crate::args::{Hyper, TuneArgs};
use crate::console::{Console, Outcome};
use crate::exit::{Kind, Result};
use crate::files::{Access, shown, write_bytes};
use crate::planning::Planned;
use crate::planning::cross_validation::{Validated, validate};
use crate::planning::flags::flags;
use crate::samples::{self, Columns, Prepared, Shares, Wanted};
use crate::targets::{Choice, Scores};

/// Loss of accuracy by encryption that needs no warning.
const LOSS: f64 = 0.01;

/// # Errors
/// Data that cannot be trained on; parameters that are refused; a failed write.
pub(super) fn run(arguments: &TuneArgs, console: &Console) -> Result<Outcome> {
    let hyper = Hyper::resolve(&arguments.training)?;
    let source = arguments.data.resolve()?;
    let overrides = arguments.table.resolve()?;
    let wanted = Wanted {
        labels: true,
        labels_as: hyper.labels_as(),
        weights: arguments.weights.column(),
        groups: arguments.weights.groups(),
        overrides: Some(&overrides),
        known: None,
        stored: false,
    };
    let raw = samples::read(&source, wanted, console)?;
    let vocabulary = raw.vocabulary(Choice { positive: None, order: &hyper.flags.class_order })?;
    let Prepared { matrix, .. } =
        raw.prepare(&vocabulary, Shares::default(), Columns::Fitted, None, console)?;
    let y = matrix.encode_labels(&vocabulary, "the training data")?;
    let planned = Planned::new(&matrix, &y, &vocabulary, &hyper, console)?;
    let validated = match validate(&planned, &matrix, &y, &vocabulary, console) {
        Err(failure) if failure.kind() == Kind::Data => {
            console.warn(format!("not validated on held-out samples: {failure}"));
            None
        }
        validated => Some(validated?),
    };

    let training = &planned.training;
    let flags = flags(&training.options, vocabulary.targets(), training.scheme.name());
    let mut text = String::from("# a job of train-head: flags of `estimate` and `run`\n");
    if let Some(validated) = &validated {
        text.push_str(&comment(validated));
        if costs(validated) {
            console.warn("encryption costs accuracy: a wider interval or a smaller learning rate may help");
        }
    }
    for (name, value) in &flags {
        // JSON and TOML write numbers, strings and booleans alike
        text.push_str(&format!("{name} = {value}\n"));
    }
    write_bytes(&arguments.out, Access::Shared, text.as_bytes())?;
    text.push_str(&arguments.out.display().to_string());
    Ok(Outcome {
        json: json!({ "job": flags, "validation": validated, "file": shown(&arguments.out) }),
        text,
    })
}

/// Whether encryption costs accuracy, or of numbers as much of R2.
fn costs(validated: &Validated) -> bool {
    let good = |scores: &Scores| match scores {
        Scores::Numbers(each) => {
            each.iter().filter_map(|one| one.r2).map(|r2| r2.value).sum::<f64>() / each.len() as f64
        }
        other => other.accuracy_and_loss().map_or(f64::NAN, |(accuracy, _)| accuracy),
    };
    good(&validated.plain) - good(&validated.simulate) > LOSS
}

/// The measures of the validation, as comments of a job file.
fn comment(validated: &Validated) -> String {
    let Validated { folds, plain, simulate, noise } = validated;
    let measures = match (plain, simulate) {
        (Scores::Numbers(plain), Scores::Numbers(simulate)) => {
            let of = |all: &[Regression]| {
                let r2 = |one: &Regression| one.r2.map_or(f64::NAN, |r2| r2.value);
                all.iter().map(|one| format!("{:.4}", r2(one))).collect::<Vec<_>>().join(", ")
            };
            format!("R2 {} simulated, {} plain", of(simulate), of(plain))
        }
        _ => {
            let of = |scores: &Scores| scores.accuracy_and_loss().unwrap_or((f64::NAN, f64::NAN));
            let ((accuracy, loss), (plain_accuracy, plain_loss)) = (of(simulate), of(plain));
            format!(
                "accuracy {accuracy:.4} simulated, {plain_accuracy:.4} plain; log loss {loss:.4} simulated, {plain_loss:.4} plain"
            )
        }
    };
    format!("# on held-out samples ({folds} folds): {measures};\n# noise {noise:.1e} of the largest weight\n")
}
