//! `tune`: chooses a method by cross-validation, validates it in simulation, and writes it as a job file.

use serde_json::json;

use crate::args::{Hyper, TuneArgs};
use crate::console::{Console, Outcome};
use crate::exit::{Kind, Result};
use crate::files::{Access, write_bytes};
use crate::input;
use crate::planning::Planned;
use crate::planning::cross_validation::{Validated, validate};
use crate::planning::flags::flags;
use crate::samples::{self, Columns, Prepared, Shares, Wanted};

/// Loss of accuracy by encryption that needs no warning.
const LOSS: f64 = 0.01;

/// # Errors
/// Data that cannot be trained on; parameters that are refused; a failed write.
pub(super) fn run(arguments: TuneArgs, console: &Console) -> Result<Outcome> {
    let hyper = Hyper::resolve(&arguments.training)?;
    let source = arguments.data.resolve()?;
    let overrides = arguments.table.resolve()?;
    let wanted = Wanted {
        labels: true,
        weights: arguments.weights.column(),
        groups: arguments.weights.groups(),
        overrides: Some(&overrides),
    };
    let raw = samples::read(&source, wanted, console)?;
    let classes = input::fit_classes(raw.labels.as_deref().unwrap_or_default(), None)?;
    let Prepared { matrix, .. } = raw.prepare(&classes, Shares::default(), Columns::Fitted, None, console)?;
    let y = matrix.encode_labels(&classes, "the training data")?;
    let planned = Planned::new(&matrix, &y, &classes, &hyper, console)?;
    let validated = match validate(&planned, &matrix, &y, &classes, console) {
        Err(failure) if failure.kind() == Kind::Data => {
            console.warn(format!("not validated on held-out samples: {failure}"));
            None
        }
        validated => Some(validated?),
    };

    let training = &planned.training;
    let flags = flags(&training.options, classes.count(), training.scheme.name());
    let mut text = String::from("# a job of train-head: flags of `estimate` and `run`\n");
    if let Some(validated) = &validated {
        text.push_str(&comment(validated));
        if validated.plain.accuracy - validated.simulate.accuracy > LOSS {
            console.warn("encryption costs accuracy: a wider interval or a smaller learning rate may help");
        }
    }
    for (name, value) in &flags {
        // JSON and TOML write numbers, strings and booleans alike
        text.push_str(&format!("{name} = {value}\n"));
    }
    write_bytes(&arguments.out, Access::Shared, text.as_bytes())?;
    text.push_str(&arguments.out.display().to_string());
    Ok(Outcome { json: json!({ "job": flags, "validation": validated, "file": arguments.out }), text })
}

/// The measures of the validation, as comments of a job file.
fn comment(validated: &Validated) -> String {
    let Validated { folds, plain, simulate, noise } = validated;
    format!(
        "# on held-out samples ({folds} folds): accuracy {:.4} simulated, {:.4} plain; log loss {:.4} simulated, {:.4} plain;\n\
         # noise {noise:.1e} of the largest weight\n",
        simulate.accuracy, plain.accuracy, simulate.log_loss, plain.log_loss
    )
}
