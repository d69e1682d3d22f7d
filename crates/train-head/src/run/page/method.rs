//! What was trained, in plain words.

use head_fit::ClassWeight;
use pages::plots::plain;
use pages::{Block, Property, Section};

use crate::planning::describe;
use crate::run::report::Report;
use crate::targets::Vocabulary;
use crate::wording::{counted, in_order};

/// How functions are computed on ciphertexts.
const POLYNOMIALS: &str = "Where a function is no polynomial, such as the logistic one, a polynomial stands for it that is close on the interval \
     where values are expected; the plan makes sure that they stay there. ";

/// The section.
pub(super) fn section(report: &Report) -> Section {
    let method = &report.method;
    let texts = report.encoder.is_some();
    let regression = matches!(report.vocabulary, Vocabulary::Numbers(_));
    let features = if texts {
        "The data party turned each text into a list of numbers with a frozen encoder"
    } else {
        "The data party read a table of features"
    };
    let steps = format!(
        "{features}, on its own machine. It scaled these numbers, chose the kind of training by cross-validation on its own samples, encrypted \
         numbers and {}, and handed them over. The compute party then followed the gradient of the loss on ciphertexts, {}, without \
         ever decrypting: sums and products of encrypted numbers are again encrypted. {}The result travelled back and was decrypted by the data \
         party.",
        if regression { "what is to be predicted" } else { "labels" },
        counted(report.iterations, "time"),
        if regression { "" } else { POLYNOMIALS },
    );
    let head = match (&method.hidden, report.classes) {
        (Some(hidden), _) => {
            format!("a network with one hidden layer of {} units", hidden["hidden_layer_sizes"][0])
        }
        (None, _) if method.ordinal => {
            format!(
                "ordinal regression: one weighted sum of the features, with a threshold between neighbouring classes: {}",
                in_order(&report.labels)
            )
        }
        (None, _) if report.vocabulary.classes().is_none() => match report.vocabulary {
            Vocabulary::Labels(_) => "one logistic regression for each label".to_owned(),
            _ => "ridge regression: a weighted sum of the features gives the number".to_owned(),
        },
        (None, Some(2)) => {
            "logistic regression: a weighted sum of the features gives the probability".to_owned()
        }
        (None, _) if method.sigmoid_degree.is_some() => {
            "one logistic regression for each class against the rest".to_owned()
        }
        (None, _) => "softmax regression: all classes together".to_owned(),
    };
    let rates = match (
        method.learning_rates.iter().copied().reduce(f64::min),
        method.learning_rates.iter().copied().reduce(f64::max),
    ) {
        (Some(least), Some(most)) if most > least => format!("{} to {}", plain(least), plain(most)),
        _ => plain(method.learning_rate),
    };
    let interval = plain(method.sigmoid_interval.unwrap_or_default());
    let mut facts = vec![
        Property::new("head", head),
        Property::new(
            "method",
            format!(
                "{} of {}, {}",
                counted(report.iterations, "iteration"),
                describe::optimizer(method.solver),
                batches(method.batches, report.iterations)
            ),
        ),
        Property::new("learning rate", rates),
        Property::new(
            "L2 penalty",
            if method.alpha > 0.0 {
                format!("{:.1e}", method.alpha)
            } else {
                "none; few iterations act as one".to_owned()
            },
        ),
        Property::new(
            if regression { "weights of the samples" } else { "weights of the classes" },
            match method.class_weight {
                ClassWeight::Uniform => "every sample counts the same",
                ClassWeight::Balanced => "every class counts the same",
                ClassWeight::Given(..) => "given for each class",
            },
        ),
        Property::new("features before the encryption", method.features.clone()),
        Property::new(
            "functions",
            match method.sigmoid_degree {
                _ if regression => "none but sums and products: the error is squared as it is".to_owned(),
                Some(degree) => format!(
                    "a polynomial of degree {degree} stands for the logistic function between \u{2212}{interval} and {interval}"
                ),
                None => {
                    format!(
                        "polynomials stand for the functions, for logits between \u{2212}{interval} and {interval}"
                    )
                }
            },
        ),
    ];
    if let Some(calibrator) = method.calibrator.as_ref().filter(|one| !one.changes_nothing()) {
        let shifts: Vec<String> = calibrator.shifts.iter().map(|shift| plain(*shift)).collect();
        let shifted = match shifts.len() {
            0 => String::new(),
            _ => format!(", and {} added to them", shifts.join(", ")),
        };
        let temperature = plain(calibrator.temperature);
        facts.push(Property::new(
            "calibration",
            format!(
                "the head's logits were divided by {temperature}{shifted}, chosen by cross-validation, so that probabilities fit"
            ),
        ));
    }
    if report.bootstraps > 0 {
        facts.push(Property::new("bootstraps", format!(
            "{}: each product uses up precision of a ciphertext, and a bootstrap restores it without decrypting",
            report.bootstraps
        )));
    }
    Section { title: "Method".into(), blocks: vec![Block::Text(steps), Block::Definitions(facts)] }
}

fn batches(batches: usize, iterations: usize) -> String {
    match (batches, iterations) {
        (1, 1) => "over all samples".to_owned(),
        (1, _) => "each over all samples".to_owned(),
        (several, _) => format!("in {}", counted(several, "mini-batch")),
    }
}
