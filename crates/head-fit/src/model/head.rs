//! Decrypted heads for the features as they came: the feature map is folded into them.

use fhe_head::{Activation, ActivationKind, BuiltIn, Error, Functions, Head as _, Link, Ordinal, Result};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::layer::LinearLayer;
use super::probabilities::probabilities;
use crate::calibrator::Calibrator;
use crate::features::FeatureMap;
use crate::metrics::predictions;
use crate::units::TargetUnits;

/// A head in the clear for features as they came: what is exported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The hidden layer and its activation, if there is one.
    pub hidden: Option<(LinearLayer, Activation)>,
    /// One output for each class, label or number; a single one for two classes. Classes in an order have one for each step between
    /// neighbours; these differ in their intercept alone.
    pub output: LinearLayer,
    /// What the outputs stand for.
    pub link: Link,
    /// Whether a hidden layer has the polynomial activation, as under encryption, or the function that it stands for, as in the plain
    /// twin.
    #[serde(default)]
    pub functions: Functions,
}

impl Model {
    /// Without a hidden layer.
    pub fn linear(output: LinearLayer, link: Link) -> Self {
        Self { hidden: None, output, link, functions: Functions::Polynomials }
    }

    /// The same for numbers as they came instead of numbers in these units.
    #[must_use]
    pub(crate) fn out_of_units(mut self, units: &TargetUnits) -> Self {
        units.restore(&mut self.output.coef, &mut self.output.intercept);
        self
    }

    /// The inverse of [`Self::out_of_units`].
    #[must_use]
    pub(crate) fn in_units(mut self, units: &TargetUnits) -> Self {
        units.remove(&mut self.output.coef, &mut self.output.intercept);
        self
    }

    /// The same with calibrated logits.
    #[must_use]
    pub fn calibrated(mut self, calibrator: &Calibrator) -> Self {
        self.output.coef /= calibrator.temperature;
        self.output.intercept /= calibrator.temperature;
        self.output.intercept.iter_mut().zip(&calibrator.shifts).for_each(|(b, shift)| *b += shift);
        self
    }

    /// The inverse of [`Self::calibrated`].
    #[must_use]
    pub fn uncalibrated(mut self, calibrator: &Calibrator) -> Self {
        self.output.intercept.iter_mut().zip(&calibrator.shifts).for_each(|(b, shift)| *b -= shift);
        self.output.coef *= calibrator.temperature;
        self.output.intercept *= calibrator.temperature;
        self
    }

    /// The same with these functions for activations.
    #[must_use]
    pub fn with_functions(self, functions: Functions) -> Self {
        Self { functions, ..self }
    }

    /// Folds the feature map into the weights of a head, in its order. A hidden layer has the polynomial activation.
    ///
    /// # Errors
    /// [`Error::Shape`] on other weights.
    pub fn from_weights(head: &BuiltIn, map: &FeatureMap, weights: &[Array1<f64>]) -> Result<Self> {
        let link = head.link();
        let mlp = match head {
            BuiltIn::Logistic(_) | BuiltIn::Softmax(_) | BuiltIn::Ridge(_) => {
                return Ok(Self::linear(LinearLayer::from_weights(map, weights)?, link));
            }
            BuiltIn::Ordinal(ordinal) => return Self::of_steps(ordinal, map, weights),
            BuiltIn::Mlp(mlp) => mlp,
        };
        let expected = mlp.hidden + 2 * mlp.targets();
        if weights.len() != expected {
            return Err(Error::Shape { what: "weight vectors", expected, got: weights.len() });
        }
        let layers = mlp.layers(weights);
        let shape = (layers.output.len(), mlp.hidden);
        let output = LinearLayer {
            coef: Array2::from_shape_fn(shape, |(k, unit)| layers.output[k][unit]),
            intercept: layers.intercepts.iter().map(|b| b[0]).collect(),
        };
        let hidden = Some((LinearLayer::from_weights(map, layers.hidden)?, mlp.activation));
        Ok(Self { hidden, output, link, functions: Functions::Polynomials })
    }

    /// An output for each step: the coefficients that all have, and its own intercept.
    fn of_steps(head: &Ordinal, map: &FeatureMap, weights: &[Array1<f64>]) -> Result<Self> {
        let expected = 1 + head.steps;
        if weights.len() != expected {
            return Err(Error::Shape { what: "weight vectors", expected, got: weights.len() });
        }
        let shared = LinearLayer::from_weights(map, &weights[..1])?;
        let coef = Array2::from_shape_fn((head.steps, map.inputs()), |(_, j)| shared.coef[(0, j)]);
        let intercept = weights[1..].iter().map(|threshold| shared.intercept[0] + threshold[0]).collect();
        Ok(Self::linear(LinearLayer { coef, intercept }, Link::Cumulative))
    }

    /// The inverse of [`Self::of_steps`]. What the intercepts have in common is that of the layer.
    fn shared_weights(&self, map: &FeatureMap) -> Result<Vec<Array1<f64>>> {
        let each = self.output.weights(map)?;
        let Some(mut shared) = each.first().cloned() else { return Ok(Vec::new()) };
        let last = shared.len() - 1;
        let common = each.iter().map(|weights| weights[last]).sum::<f64>() / each.len() as f64;
        shared[last] = common;
        let thresholds = each.iter().map(|weights| Array1::from_elem(1, weights[last] - common));
        Ok([shared].into_iter().chain(thresholds).collect())
    }

    /// The weights of `head` that give this model behind the feature map, in its order: what a training may start from.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the head is another one: of other outputs, link, hidden units or activation; [`Error::Shape`] on another
    /// number of features.
    pub fn weights(&self, head: &BuiltIn, map: &FeatureMap) -> Result<Vec<Array1<f64>>> {
        let refuse =
            |got: String, expected: String| Err(Error::Parameter { name: "warm_start", got, expected });
        let word = |kind: ActivationKind| match kind {
            ActivationKind::Square => "square",
            ActivationKind::Gelu => "gelu",
            ActivationKind::Tanh => "tanh",
        };
        let (outputs, wanted) = (self.output.intercept.len(), head.scores());
        if outputs != wanted {
            return refuse(format!("a head of {outputs} outputs"), format!("one of {wanted}"));
        }
        if self.link != head.link() {
            let (found, wanted) = (self.link.name(), head.link().name());
            return refuse(format!("a {found} head"), format!("a {wanted} one (--head)"));
        }
        match (&self.hidden, head) {
            (None, BuiltIn::Logistic(_) | BuiltIn::Softmax(_) | BuiltIn::Ridge(_)) => {
                self.output.weights(map)
            }
            (None, BuiltIn::Ordinal(_)) => self.shared_weights(map),
            (Some((layer, activation)), BuiltIn::Mlp(mlp)) => {
                let units = layer.intercept.len();
                if units != mlp.hidden || *activation != mlp.activation {
                    let got = format!(
                        "{units} hidden units, {} on {}",
                        word(activation.kind()),
                        activation.half_width()
                    );
                    let (shape, width) = (word(mlp.activation.kind()), mlp.activation.half_width());
                    return refuse(got, format!("{} units, {shape} on {width}", mlp.hidden));
                }
                let mut weights = layer.weights(map)?;
                weights.extend(self.output.coef.outer_iter().map(|row| row.to_owned()));
                weights.extend(self.output.intercept.iter().map(|&b| Array1::from_elem(1, b)));
                Ok(weights)
            }
            (found, _) => {
                let layers = |hidden: bool| if hidden { "a hidden layer" } else { "no hidden layer" };
                refuse(layers(found.is_some()).into(), layers(found.is_none()).into())
            }
        }
    }

    /// Logits: samples (rows) by outputs.
    ///
    /// # Errors
    /// [`Error::Shape`] on another number of features.
    pub fn decision_function(&self, x: &ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        match &self.hidden {
            None => self.output.apply(x),
            Some((layer, activation)) => {
                let hidden = layer.apply(x)?.mapv(|z| activation.of(self.functions, z).0);
                self.output.apply(&hidden.view())
            }
        }
    }

    /// Probabilities, as [`probabilities`] gives them: samples (rows) by classes or labels, or of the second of two classes alone.
    ///
    /// # Errors
    /// [`Error::Shape`] on another number of features; [`Error::Parameter`] if the head predicts numbers.
    pub fn predict_proba(&self, x: &ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        self.expect("probabilities", self.link != Link::Identity)?;
        Ok(probabilities(self.decision_function(x)?, self.link))
    }

    /// Predicted numbers of samples (rows): samples by numbers.
    ///
    /// # Errors
    /// [`Error::Shape`] on another number of features; [`Error::Parameter`] if the head predicts classes or labels.
    pub fn predict_numbers(&self, x: &ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        self.expect("numbers", self.link == Link::Identity)?;
        self.decision_function(x)
    }

    /// The labels of each sample (row) whose probability is above their threshold; there is one for each label.
    ///
    /// # Errors
    /// [`Error::Shape`] on another number of features or thresholds; [`Error::Parameter`] if the head predicts classes or numbers.
    pub fn predict_labels(&self, x: &ArrayView2<'_, f64>, thresholds: &[f64]) -> Result<Vec<Vec<usize>>> {
        self.expect("labels", self.link == Link::MultiLabel)?;
        let p = self.predict_proba(x)?;
        if thresholds.len() != p.ncols() {
            return Err(Error::Shape { what: "thresholds", expected: p.ncols(), got: thresholds.len() });
        }
        let above = |row: ArrayView1<'_, f64>| {
            let labels = row.iter().zip(thresholds).enumerate();
            labels.filter(|(_, (p, threshold))| p > threshold).map(|(label, _)| label).collect()
        };
        Ok(p.outer_iter().map(above).collect())
    }

    fn expect(&self, what: &str, able: bool) -> Result<()> {
        if able {
            return Ok(());
        }
        Err(Error::Parameter {
            name: "head",
            got: format!("a {} head", self.link.name()),
            expected: format!("one that predicts {what}"),
        })
    }

    /// Largest difference of a weight or intercept, in units of the largest weight of the same output in `other`.
    pub fn max_weight_error(&self, other: &Self) -> f64 {
        fn layers(model: &Model) -> impl Iterator<Item = &LinearLayer> {
            model.hidden.iter().map(|(layer, _)| layer).chain([&model.output])
        }
        layers(self).zip(layers(other)).map(|(a, b)| a.max_error(b)).fold(0.0, f64::max)
    }

    /// Predicted classes of samples (rows).
    ///
    /// # Errors
    /// [`Error::Shape`] on another number of features; [`Error::Parameter`] if the head predicts labels or numbers.
    pub fn predict(&self, x: &ArrayView2<'_, f64>) -> Result<Vec<usize>> {
        self.expect("classes", self.link.classes(self.output.intercept.len()).is_some())?;
        let z = self.decision_function(x)?;
        match self.link {
            Link::Cumulative => Ok(predictions(&probabilities(z, self.link).view())),
            _ if z.ncols() == 1 => Ok(z.column(0).iter().map(|&z| usize::from(z > 0.0)).collect()),
            _ => Ok(predictions(&z.view())),
        }
    }
}
