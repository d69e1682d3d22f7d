//! Decrypted heads for the features as they came: the feature map is folded into them.

use fhe_head::functions::{logistic, softmax};
use fhe_head::{Activation, BuiltIn, Error, Functions, Head as _, Result};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, s};
use serde::{Deserialize, Serialize};

use crate::features::FeatureMap;
use crate::metrics::predictions;

/// A linear layer: `z_k = coef_k . x + intercept_k`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinearLayer {
    /// Outputs by inputs.
    pub coef: Array2<f64>,
    /// One for each output.
    pub intercept: Array1<f64>,
}

impl LinearLayer {
    /// Folds the feature map into the weights of each output: those of the features, perhaps of padding, then the intercept.
    ///
    /// # Errors
    /// [`Error::Shape`] if a vector has fewer weights than features.
    fn from_weights(map: &FeatureMap, weights: &[Array1<f64>]) -> Result<Self> {
        let mut coef = Array2::zeros((weights.len(), map.inputs()));
        let mut intercept = Array1::zeros(weights.len());
        for (k, weights) in weights.iter().enumerate() {
            let features = map.outputs();
            if weights.len() <= features {
                return Err(Error::Shape { what: "weights", expected: features + 1, got: weights.len() });
            }
            let (row, constant) =
                map.pull_back(&weights.slice(s![..features]), weights[weights.len() - 1])?;
            coef.row_mut(k).assign(&row);
            intercept[k] = constant;
        }
        Ok(Self { coef, intercept })
    }

    /// Largest difference of a weight or intercept, in units of the largest of the same output in `other`.
    fn max_error(&self, other: &Self) -> f64 {
        let row = |layer: &Self, k: usize| {
            layer.coef.row(k).iter().copied().chain([layer.intercept[k]]).collect::<Vec<_>>()
        };
        let of_output = |k: usize| {
            let (ours, theirs) = (row(self, k), row(other, k));
            let largest = theirs.iter().fold(0.0, |max: f64, w| max.max(w.abs()));
            ours.iter().zip(&theirs).fold(0.0, |max: f64, (a, b)| max.max((a - b).abs())) / largest
        };
        (0..other.intercept.len()).map(of_output).fold(0.0, f64::max)
    }

    /// Weights of each output, the intercept last: what [`Self::from_weights`] folds.
    fn weights(&self, map: &FeatureMap) -> Result<Vec<Array1<f64>>> {
        let one = |(coef, intercept): (ArrayView1<'_, f64>, &f64)| {
            let (weights, intercept) = map.push_forward(&coef, *intercept)?;
            Ok(weights.into_iter().chain([intercept]).collect())
        };
        self.coef.outer_iter().zip(&self.intercept).map(one).collect()
    }

    /// Outputs of samples (rows).
    fn apply(&self, x: &ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        if x.ncols() != self.coef.ncols() {
            return Err(Error::Shape { what: "features", expected: self.coef.ncols(), got: x.ncols() });
        }
        Ok(x.dot(&self.coef.t()) + &self.intercept)
    }
}

/// A head in the clear for features as they came, of any number of classes: what is exported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The hidden layer and its activation, if there is one.
    pub hidden: Option<(LinearLayer, Activation)>,
    /// One output for each class; a single one for two classes.
    pub output: LinearLayer,
    /// Whether probabilities are the softmax of all logits; else each is the logistic function of its own.
    pub softmax: bool,
    /// Whether a hidden layer has the polynomial activation, as under encryption, or the function that it stands for, as in the plain
    /// twin.
    #[serde(default)]
    pub functions: Functions,
}

impl Model {
    /// Without a hidden layer.
    pub fn linear(output: LinearLayer, softmax: bool) -> Self {
        Self { hidden: None, output, softmax, functions: Functions::Polynomials }
    }

    /// The same with all logits divided by a temperature.
    #[must_use]
    pub fn at_temperature(mut self, temperature: f64) -> Self {
        self.output.coef /= temperature;
        self.output.intercept /= temperature;
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
        let hidden = match head {
            BuiltIn::Logistic(_) | BuiltIn::Softmax(_) => None,
            BuiltIn::Mlp(mlp) => Some(mlp),
        };
        let softmax = head.is_softmax();
        let Some(mlp) = hidden else {
            return Ok(Self::linear(LinearLayer::from_weights(map, weights)?, softmax));
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
        Ok(Self { hidden, output, softmax, functions: Functions::Polynomials })
    }

    /// The weights of `head` that give this model behind the feature map, in its order: what a training may start from.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the head is another one: of other outputs, link, hidden units or activation; [`Error::Shape`] on another
    /// number of features.
    pub fn weights(&self, head: &BuiltIn, map: &FeatureMap) -> Result<Vec<Array1<f64>>> {
        let refuse =
            |got: String, expected: String| Err(Error::Parameter { name: "warm_start", got, expected });
        let (outputs, wanted) = (self.output.intercept.len(), head.scores());
        if outputs != wanted {
            return refuse(format!("a head of {outputs} outputs"), format!("one of {wanted}"));
        }
        let link = |softmax: bool| if softmax { "softmax" } else { "logistic" };
        if self.softmax != head.is_softmax() {
            let (found, wanted) = (link(self.softmax), link(head.is_softmax()));
            return refuse(format!("a {found} head"), format!("a {wanted} one (--head)"));
        }
        match (&self.hidden, head) {
            (None, BuiltIn::Logistic(_) | BuiltIn::Softmax(_)) => self.output.weights(map),
            (Some((layer, activation)), BuiltIn::Mlp(mlp)) => {
                let units = layer.intercept.len();
                if units != mlp.hidden || *activation != mlp.activation {
                    let got = format!(
                        "{units} hidden units, {:?} on {}",
                        activation.kind(),
                        activation.half_width()
                    );
                    let (shape, width) = (mlp.activation.kind(), mlp.activation.half_width());
                    return refuse(got, format!("{} units, {shape:?} on {width}", mlp.hidden));
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

    /// Probabilities: samples (rows) by outputs, each row with sum 1 if there are several.
    ///
    /// # Errors
    /// [`Error::Shape`] on another number of features.
    pub fn predict_proba(&self, x: &ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        Ok(probabilities(self.decision_function(x)?, self.softmax))
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
    /// [`Error::Shape`] on another number of features.
    pub fn predict(&self, x: &ArrayView2<'_, f64>) -> Result<Vec<usize>> {
        let z = self.decision_function(x)?;
        if z.ncols() == 1 {
            return Ok(z.column(0).iter().map(|&z| usize::from(z > 0.0)).collect());
        }
        Ok(predictions(&z.view()))
    }
}

/// Probabilities from logits, samples (rows) by outputs: the softmax of each row, else the logistic function of each logit, scaled
/// to sum 1 if there are several.
pub fn probabilities(mut logits: Array2<f64>, all_together: bool) -> Array2<f64> {
    for mut row in logits.rows_mut() {
        if all_together {
            let mut probabilities = row.to_vec();
            softmax(&mut probabilities);
            row.assign(&Array1::from_vec(probabilities));
        } else {
            row.mapv_inplace(logistic);
            if row.len() > 1 {
                let sum = row.sum();
                row /= sum;
            }
        }
    }
    logits
}
