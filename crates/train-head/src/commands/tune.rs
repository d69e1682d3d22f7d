//! `tune`: a method chosen on the data party's side and validated in simulation, as a job file.

use fhe_head::features::Preprocessing;
use fhe_head::head::Head as _;
use fhe_head::heads::{BuiltIn, Logistic};
use fhe_head::labels::ClassWeight;
use fhe_head::optimizer::{Optimizer, RateSchedule};
use fhe_head::softmax;
use serde_json::{Map, Value, json};

use super::cross_validation::{Validated, validate};
use super::planned::Planned;
use crate::args::{Hyper, TuneArgs, activation_name};
use crate::console::{Console, Outcome};
use crate::exit::{Kind, Result};
use crate::files::{Access, write_bytes};
use crate::{input, samples};

/// Accuracy that encryption may cost without a word.
const LOSS: f64 = 0.01;

/// # Errors
/// Data that cannot be trained on; parameters that are refused; those of writing.
pub(super) fn run(arguments: TuneArgs, console: &Console) -> Result<Outcome> {
    let hyper = arguments.training.resolve()?;
    let source = arguments.data.resolve()?;
    let matrix =
        samples::read_weighted(&source, true, None, arguments.weights.column())?.embed(None, console)?;
    let classes = input::fit_classes(matrix.labels.as_deref().unwrap_or_default(), None)?;
    let y = matrix.encode_labels(&classes, "the training data")?;
    let planned = Planned::new(&matrix, &y, &classes, &hyper, console)?;

    let validated = validate(&planned, &matrix, &y, &classes, &hyper, console);
    let validated = match validated {
        Err(failure) if failure.kind() == Kind::Data => {
            console.warn(format!("not validated on held-out samples: {failure}"));
            None
        }
        validated => Some(validated?),
    };

    let flags = flags(&planned, &hyper);
    let mut text = String::from("# a job of train-head: flags of `estimate` and `run`\n");
    if let Some(validated) = &validated {
        text.push_str(&comment(validated));
        if validated.plain.accuracy - validated.simulate.accuracy > LOSS {
            console.warn("encryption costs accuracy: a wider interval or a smaller learning rate may help");
        }
    }
    for (name, value) in &flags {
        // numbers and texts are written alike in JSON and TOML
        text.push_str(&format!("{name} = {value}\n"));
    }
    write_bytes(&arguments.out, Access::Shared, text.as_bytes())?;
    text.push_str(&arguments.out.display().to_string());
    Ok(Outcome { json: json!({ "job": flags, "validation": validated, "file": arguments.out }), text })
}

/// The figures of the validation, as lines of a job file.
fn comment(validated: &Validated) -> String {
    let Validated { folds, plain, simulate, noise } = validated;
    format!(
        "# on held-out samples ({folds} folds): accuracy {:.4} simulated, {:.4} plain; log loss {:.4} simulated, {:.4} plain;\n\
         # noise {noise:.1e} of the largest weight\n",
        simulate.accuracy, plain.accuracy, simulate.log_loss, plain.log_loss
    )
}

/// The flags that fix what was chosen.
fn flags(planned: &Planned, hyper: &Hyper) -> Map<String, Value> {
    let request = &planned.prepared.request;
    let mut flags = Map::new();
    let mut set = |name: &str, value: Value| flags.insert(name.to_owned(), value);
    match &request.head {
        BuiltIn::Logistic(Logistic { outputs, sigmoid }) => {
            set("head", json!(if *outputs == 1 { "logreg" } else { "ovr" }));
            set("sigmoid_degree", json!(sigmoid.degree().value()))
        }
        BuiltIn::Softmax(head) => {
            set("head", json!("softmax"));
            set("sigmoid_degree", json!(if head.softmax.depth() == softmax::Depth::Three { 5 } else { 3 }))
        }
        BuiltIn::Mlp(head) => {
            set("head", json!("mlp"));
            set("hidden_layer_sizes", json!(head.hidden));
            set("activation", json!(activation_name(head.activation.shape())));
            set("activation_interval", json!(head.activation.half_width()))
        }
    };
    match request.optimizer {
        Optimizer::NesterovSchedule => set("solver", json!("nesterov")),
        Optimizer::Nesterov(momentum) => set("momentum", json!(momentum)),
        _ => set("solver", json!("gd")),
    };
    set("max_iter", json!(request.learning_rates.len()));
    set("learning_rate", json!(request.learning_rates.first()));
    set("alpha", json!(request.alpha));
    match planned.prepared.preprocessing {
        Preprocessing::Center => set("preprocess", json!("none")),
        Preprocessing::Standardize => set("preprocess", json!("standardize")),
        Preprocessing::Whiten { ridge, .. } => {
            set("preprocess", json!("whiten"));
            set("ridge", json!(ridge))
        }
    };
    if let Some(kept) = hyper.n_components {
        set("n_components", json!(kept));
    }
    set("sigmoid_interval", json!(request.head.score_unit()));
    set("preset", json!(planned.parameters.name()));
    if hyper.class_weight == ClassWeight::Balanced {
        set("class_weight", json!("balanced"));
    }
    set("random_state", json!(hyper.random_state));
    if let Some(size) = hyper.steps.batch_size {
        set("batch_size", json!(size));
    }
    match hyper.steps.schedule {
        RateSchedule::InverseScaling(power) => {
            set("learning_rate_schedule", json!("invscaling"));
            set("power_t", json!(power));
        }
        RateSchedule::Cosine => {
            set("learning_rate_schedule", json!("cosine"));
        }
        _ => {}
    }
    if hyper.scoring {
        set("scoring", json!(true));
    }
    flags
}
