//! What a training or a head predicts, by name. In `plan.json` and `head.json` classes and labels are `classes`, numbers are `targets`.

use head_fit::{Classes, Data, LabelNames, Targets};
use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::classes::{Choice, fit_classes};
use super::labels::{Labels, LabelsAs};
use crate::exit::{Failure, Result};

/// What is predicted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub(crate) enum Vocabulary {
    /// One of these classes; of two the positive one is last.
    Classes(Classes),
    /// Any number of these labels.
    Labels(LabelNames),
    /// These numbers.
    Numbers(Vec<String>),
}

impl Vocabulary {
    /// What the labels of training samples hold.
    ///
    /// # Errors
    /// Only one class, or no label; a choice that does not fit the labels.
    pub(crate) fn fit(labels: &Labels, choice: Choice<'_>) -> Result<Self> {
        let refuse = |error| Failure::data("the labels cannot be trained on").because(error);
        if let Labels::Classes(labels) = labels {
            return Ok(Self::Classes(fit_classes(labels, choice)?));
        }
        let given =
            [("--positive-label", choice.positive.is_some()), ("--class-order", !choice.order.is_empty())];
        let known = match labels {
            Labels::Sets { sets, columns } => {
                let all: Vec<Vec<String>> = sets.iter().cloned().chain([columns.clone()]).collect();
                Self::Labels(LabelNames::fit(&all).map_err(refuse)?)
            }
            Labels::Numbers { names, .. } => Self::Numbers(names.clone()),
            Labels::Classes(_) => return Err(Failure::unexpected("classes were taken for something else")),
        };
        match given.into_iter().find(|(_, given)| *given) {
            Some((flag, _)) => {
                Err(Failure::usage(format!("{flag} requires classes; there are {}", known.described())))
            }
            None => Ok(known),
        }
    }

    /// The names of what is predicted, in the order of the columns of predictions.
    pub(crate) fn names(&self) -> &[String] {
        match self {
            Self::Classes(classes) => classes.names(),
            Self::Labels(labels) => labels.names(),
            Self::Numbers(names) => names,
        }
    }

    /// The classes, if that is what is predicted.
    pub(crate) fn classes(&self) -> Option<&Classes> {
        match self {
            Self::Classes(classes) => Some(classes),
            Self::Labels(_) | Self::Numbers(_) => None,
        }
    }

    /// What it is, for the library.
    pub(crate) fn targets(&self) -> Targets {
        let count = self.names().len();
        match self {
            Self::Classes(_) => Targets::Classes(count),
            Self::Labels(_) => Targets::Labels(count),
            Self::Numbers(_) => Targets::Numbers(count),
        }
    }

    /// How the labels of other samples are read.
    pub(crate) fn labels_as(&self) -> LabelsAs {
        match self {
            Self::Classes(_) => LabelsAs::Classes,
            Self::Labels(_) => LabelsAs::Sets,
            Self::Numbers(_) => LabelsAs::Numbers,
        }
    }

    /// What it is, in messages: all names, or the first of many.
    pub(crate) fn described(&self) -> String {
        const MOST: usize = 8;
        let names = self.names();
        let mut listed: Vec<String> = names.iter().take(MOST).map(|name| format!("{name:?}")).collect();
        if names.len() > MOST {
            listed.push(format!("and {} more", names.len() - MOST));
        }
        let (one, several) = match self {
            Self::Classes(_) => ("class", "classes"),
            Self::Labels(_) => ("label", "labels"),
            Self::Numbers(_) => ("number", "numbers"),
        };
        format!("the {} {}", if names.len() == 1 { one } else { several }, listed.join(", "))
    }

    /// Labels as numbers, samples by columns: codes of classes in one column, zeros and ones, or numbers as they are. `what` names the
    /// data in messages.
    ///
    /// # Errors
    /// A label that the training does not know; labels of another kind.
    pub(crate) fn encode(&self, labels: &Labels, what: &str) -> Result<Array2<f64>> {
        let unknown =
            |error| Failure::data(format!("{what}: labels that the training does not know")).because(error);
        match (self, labels) {
            (Self::Classes(classes), Labels::Classes(labels)) => {
                Ok(classes.encode(labels).map_err(unknown)?.insert_axis(Axis(1)))
            }
            (Self::Labels(names), Labels::Sets { sets, columns }) => {
                // a column that the training does not know is refused even if no sample has its label
                names.encode(std::slice::from_ref(columns)).map_err(unknown)?;
                names.encode(sets).map_err(unknown)
            }
            (Self::Numbers(known), Labels::Numbers { values, .. }) if values.ncols() == known.len() => {
                Ok(values.clone())
            }
            (_, labels) => {
                let found = match labels {
                    Labels::Classes(_) => "classes".to_owned(),
                    Labels::Sets { .. } => "sets of labels".to_owned(),
                    Labels::Numbers { values, .. } => format!("{} numbers a sample", values.ncols()),
                };
                Err(Failure::data(format!(
                    "{what}: the labels are {found}, the training has {}",
                    self.described()
                ))
                .help("name the columns of the training with --label-column"))
            }
        }
    }

    /// How many samples have each class or label, by encoded labels; nothing for numbers.
    pub(crate) fn counts(&self, y: &ArrayView2<'_, f64>) -> Vec<usize> {
        match self {
            Self::Classes(classes) => {
                let of = |class: usize| y.column(0).iter().filter(|&&y| y == class as f64).count();
                (0..classes.count()).map(of).collect()
            }
            Self::Labels(_) => {
                y.columns().into_iter().map(|y| y.iter().filter(|&&y| y == 1.0).count()).collect()
            }
            Self::Numbers(_) => Vec::new(),
        }
    }

    /// Refuses to split samples of which a class or label has a single one: it cannot be on both sides.
    ///
    /// # Errors
    /// The class or label, with its count.
    pub(crate) fn expect_two_of_each(&self, y: &Array2<f64>) -> Result<()> {
        let what = if matches!(self, Self::Labels(_)) { "label" } else { "class" };
        let counts = self.counts(&y.view());
        match self.names().iter().zip(&counts).find(|&(_, &count)| count < 2) {
            Some((name, count)) => Err(Failure::data(format!(
                "{what} {name:?} has {count} {}: a split needs one on each side",
                if *count == 1 { "sample" } else { "samples" }
            ))
            .help("merge it with another one, or leave it out")),
            None => Ok(()),
        }
    }

    /// Samples with encoded labels, for the library.
    ///
    /// # Errors
    /// No features or samples.
    #[expect(clippy::needless_pass_by_value, reason = "views are handles")]
    pub(crate) fn data<'a>(&self, x: ArrayView2<'a, f64>, y: &'a Array2<f64>) -> Result<Data<'a>> {
        Ok(match self {
            Self::Classes(classes) => Data::new(x, y.column(0))?.with_classes(classes.count())?,
            Self::Labels(_) => Data::multi_label(x, y.view())?,
            Self::Numbers(_) => Data::regression(x, y.view())?,
        })
    }
}

/// Adds what is predicted to the fields of a JSON object: `classes` or `targets`.
pub(crate) fn extend(json: &mut Value, vocabulary: &Vocabulary) {
    if let (Some(fields), Ok(Value::Object(known))) = (json.as_object_mut(), serde_json::to_value(vocabulary))
    {
        fields.extend(known);
    }
}

/// As it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    /// Names of classes or labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    classes: Option<Vec<String>>,
    /// Whether a sample has any number of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    multi_label: bool,
    /// Names of numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    targets: Option<Vec<String>>,
}

impl From<Vocabulary> for Written {
    fn from(vocabulary: Vocabulary) -> Self {
        let names = Some(vocabulary.names().to_vec());
        match vocabulary {
            Vocabulary::Classes(_) => Self { classes: names, multi_label: false, targets: None },
            Vocabulary::Labels(_) => Self { classes: names, multi_label: true, targets: None },
            Vocabulary::Numbers(_) => Self { classes: None, multi_label: false, targets: names },
        }
    }
}

impl TryFrom<Written> for Vocabulary {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written { classes: Some(names), multi_label: false, targets: None } => {
                Classes::in_order(names).map(Self::Classes).map_err(|error| error.to_string())
            }
            Written { classes: Some(names), multi_label: true, targets: None } => {
                LabelNames::fit(&[names]).map(Self::Labels).map_err(|error| error.to_string())
            }
            Written { classes: None, targets: Some(names), .. } if !names.is_empty() => {
                Ok(Self::Numbers(names))
            }
            _ => Err("either `classes` or `targets` must say what is predicted".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ndarray::array;

    fn classes(labels: &[&str], choice: Choice<'_>) -> Result<Vocabulary> {
        Vocabulary::fit(&Labels::Classes(labels.iter().map(|&label| label.to_owned()).collect()), choice)
    }

    #[test]
    fn every_kind_survives_a_round_trip() {
        let sets =
            Labels::Sets { sets: vec![vec!["b".into()], vec![]], columns: vec!["a".into(), "b".into()] };
        let numbers = Labels::Numbers { names: vec!["los".into()], values: array![[1.5], [2.0]] };
        let fit = |labels| Vocabulary::fit(labels, Choice::default()).unwrap();
        let all = [
            classes(&["x", "y"], Choice { positive: Some("x"), order: &[] }).unwrap(),
            fit(&sets),
            fit(&numbers),
        ];
        for vocabulary in &all {
            let text = serde_json::to_string(vocabulary).unwrap();
            assert_eq!(&serde_json::from_str::<Vocabulary>(&text).unwrap(), vocabulary, "{text}");
        }
        assert_eq!(all[1].encode(&sets, "").unwrap(), array![[0.0, 1.0], [0.0, 0.0]]);
        assert!(
            all[2]
                .encode(&sets, "the data")
                .unwrap_err()
                .to_string()
                .contains("the labels are sets of labels")
        );
        assert!(serde_json::from_str::<Vocabulary>("{}").is_err());
    }
}
