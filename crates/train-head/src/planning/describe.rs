//! Parts of a method in words and as JSON.

use fhe_head::{BuiltIn, Head as _, Logistic, Multinomial, Optimizer, Ordinal, Plan, SoftmaxForm};
use head_fit::{Classifier, Expected, ExpectedErrors, Preprocessing};
use serde_json::{Value, json};

use crate::args::activation_name;
use crate::targets::Vocabulary;
use crate::wording::counted;

/// The name of a first-order method.
pub(crate) fn optimizer(optimizer: Optimizer) -> String {
    match optimizer {
        Optimizer::GradientDescent => "gradient descent".into(),
        Optimizer::Momentum(momentum) => format!("gradient descent with momentum {momentum}"),
        Optimizer::Nesterov(momentum) => format!("Nesterov's method with momentum {momentum}"),
        Optimizer::NesterovSchedule => "Nesterov's method".into(),
    }
}

/// What the feature map does, with what comes out of it.
pub(crate) fn features(options: &Classifier, inputs: usize, outputs: usize) -> String {
    let kept = match (inputs, outputs) {
        (1, 1) => "the only".to_owned(),
        _ if outputs == inputs => format!("all {inputs}"),
        _ => format!("{outputs} of {inputs}"),
    };
    let directions = if (inputs, outputs) == (1, 1) { "direction" } else { "directions" };
    match options.preprocessing {
        Some(Preprocessing::Whiten { ridge, .. }) => {
            format!("standardised, then whitened with ridge {ridge}; {kept} {directions} kept")
        }
        Some(Preprocessing::WhitenWithin { ridge }) => {
            format!("standardised, then whitened within classes with ridge {ridge}; {kept} {directions} kept")
        }
        Some(Preprocessing::Given) => format!("by a map that was given; {kept} kept"),
        Some(Preprocessing::Standardize) => format!("standardised; {kept} kept"),
        Some(Preprocessing::Center) | None => format!("centred; {kept} kept"),
    }
}

/// What cross-validation expects of a training, beside logistic regression in the clear. Of labels the means over them.
pub(crate) fn expected(expected: &Expected, vocabulary: &Vocabulary) -> String {
    let Expected { training, logistic_regression: clear } = expected;
    let (what, of) = match vocabulary {
        Vocabulary::Labels(_) => ("mean accuracy of the labels", " of each"),
        _ => ("accuracy", ""),
    };
    format!(
        "{what} {:.3}, log loss {:.3} in cross-validation; logistic regression{of} in the clear {:.3}, {:.3}",
        training.accuracy, training.log_loss, clear.accuracy, clear.log_loss
    )
}

/// What cross-validation expects of a regression, beside ridge regression in the clear. Errors are of numbers with variance 1.
pub(crate) fn expected_errors(expected: &ExpectedErrors) -> String {
    let ExpectedErrors { training, ridge_regression: clear } = expected;
    format!("R2 {:.3} in cross-validation; ridge regression in the clear {:.3}", training.r2, clear.r2)
}

/// A warning where a training is expected to be worse than logistic regression in the clear by more than a point of accuracy or a tenth of
/// the log loss, with what may close the distance. `asked` are the options that the flags gave.
///
/// More iterations are advised only where nobody chose them: neither the flags nor a comparison in which bootstraps paid. Classes in an
/// order that none of the features follow are better off without one.
pub(crate) fn shortfall(expected: &Expected, asked: &Classifier, plan: &Plan) -> Option<String> {
    let bootstraps = !plan.job.spec().refresh_before.is_empty();
    let advice = match plan.job.head() {
        BuiltIn::Ordinal(_) => {
            ": is the order of the classes (`--class-order`) that of what they mean? `--head softmax` needs none"
        }
        BuiltIn::Mlp(_) => "",
        _ if asked.max_iter.is_none() && !bootstraps => {
            ": more iterations, with bootstraps (`--preset n15-boot-l6 --max-iter 16`), may close the distance for more time"
        }
        _ => "",
    };
    expected.is_poor().then(|| format!("worse than logistic regression in the clear{advice}"))
}

/// The functions of a head and their intervals.
pub(crate) fn functions(head: &BuiltIn) -> String {
    match head {
        BuiltIn::Logistic(Logistic { sigmoid, .. }) => {
            let w = sigmoid.half_width();
            format!("sigmoid of degree {} on [-{w}, {w}]", sigmoid.degree().value())
        }
        BuiltIn::Softmax(Multinomial { softmax }) => {
            let w = softmax.half_width();
            let fit = if softmax.form() == SoftmaxForm::InARow { ", fitted to classes in a row" } else { "" };
            format!("softmax on [-{w}, {w}]{fit}")
        }
        BuiltIn::Ordinal(Ordinal { steps, sigmoid }) => {
            let (w, degree) = (sigmoid.half_width(), sigmoid.degree().value());
            format!("{}, sigmoid of degree {degree} on [-{w}, {w}]", counted(*steps, "ordered step"))
        }
        BuiltIn::Ridge(_) => "squared error".into(),
        BuiltIn::Mlp(network) => {
            let (w, a) = (head.score_unit().value(), network.activation.half_width());
            let name = activation_name(network.activation.kind());
            format!("{} hidden units ({name} on [-{a}, {a}]), logits on [-{w}, {w}]", network.hidden)
        }
    }
}

/// The polynomial of the logits as JSON: its degree, for logistic functions, and the half-width of its interval.
pub(crate) fn sigmoid_json(head: &BuiltIn) -> Value {
    match sigmoid_degree(head) {
        Some(degree) => json!({ "degree": degree, "half_width": head.score_unit().value() }),
        None => json!({ "half_width": head.score_unit().value() }),
    }
}

/// The degree of the polynomial in place of the logistic function, for a head of logistic functions.
pub(crate) fn sigmoid_degree(head: &BuiltIn) -> Option<usize> {
    match head {
        BuiltIn::Logistic(Logistic { sigmoid, .. }) | BuiltIn::Ordinal(Ordinal { sigmoid, .. }) => {
            Some(sigmoid.degree().value())
        }
        _ => None,
    }
}

/// The hidden layer as JSON, if the head has one.
pub(crate) fn hidden_layer(head: &BuiltIn) -> Option<Value> {
    let BuiltIn::Mlp(network) = head else { return None };
    let activation = network.activation;
    Some(json!({
        "hidden_layer_sizes": [network.hidden], "activation": activation_name(activation.kind()),
        "activation_interval": activation.half_width(),
    }))
}
