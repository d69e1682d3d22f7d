//! The classes of training labels, in their order.

use head_fit::Classes;

use crate::exit::{Failure, Result};

/// What flags say of classes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Choice<'a> {
    /// The positive class of two.
    pub(crate) positive: Option<&'a str>,
    /// All classes in their order; empty if numbers by value and others by the alphabet.
    pub(crate) order: &'a [String],
}

/// The classes of training labels.
///
/// # Errors
/// Only one class; a choice that does not fit the labels.
pub(super) fn fit_classes(labels: &[String], choice: Choice<'_>) -> Result<Classes> {
    let found = Classes::fit(labels)
        .map_err(|error| Failure::data("the labels cannot be trained on").because(error))?;
    let classes = match choice.order {
        [] => found,
        order => {
            let unlike = |what: &str| {
                Failure::usage(format!(
                    "--class-order {}: {what}; the labels are {}",
                    order.join(","),
                    found.listed()
                ))
            };
            let ordered = Classes::in_order(order.to_vec()).map_err(|error| unlike(&error.to_string()))?;
            if ordered.count() != found.count() || ordered.encode(found.names()).is_err() {
                return Err(unlike("name each class once, from the lowest to the highest"));
            }
            ordered
        }
    };
    let Some(positive) = choice.positive else { return Ok(classes) };
    match classes.encode(&[positive]) {
        Ok(_) if classes.count() > 2 => Err(Failure::usage(format!(
            "--positive-label {positive} requires two classes; the labels have {}",
            classes.count()
        ))),
        Ok(code) if code[0] > 0.5 => Ok(classes),
        Ok(_) => Ok(classes.turned()),
        Err(_) => Err(Failure::data(format!(
            "no label is {positive:?}, which --positive-label asks for; the labels are {}",
            classes.listed()
        ))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn classes(labels: &[&str], choice: Choice<'_>) -> Result<Classes> {
        fit_classes(&labels.iter().map(|&label| label.to_owned()).collect::<Vec<_>>(), choice)
    }

    #[test]
    fn the_positive_class_can_be_chosen() {
        let labels = ["benign", "malignant", "benign"];
        let with = |positive| Choice { positive, ..Choice::default() };
        let positive = |asked| classes(&labels, with(asked)).unwrap().names()[1].clone();
        assert_eq!(positive(None), "malignant");
        assert_eq!(positive(Some("malignant")), "malignant");
        assert_eq!(positive(Some("benign")), "benign");
        assert!(classes(&["a", "b", "c"], with(Some("a"))).is_err());
        let refused = classes(&labels, with(Some("other"))).unwrap_err().to_string();
        assert!(refused.contains("no label is \"other\""));
        assert!(classes(&["0", "1"], with(Some("0.0"))).unwrap().names()[1] == "0");
    }

    #[test]
    fn classes_have_the_order_that_is_asked_for() {
        let order: Vec<String> = ["mild", "moderate", "severe"].map(str::to_owned).to_vec();
        let labels = ["severe", "mild", "moderate", "mild"];
        let choice = Choice { order: &order, positive: None };
        assert_eq!(classes(&labels, choice).unwrap().names(), order);
        assert!(classes(&labels[..2], choice).unwrap_err().to_string().contains("each class once"));
    }
}
