//! The weights of a head: as the data party has them, and as the vectors of the state.

use ndarray::{Array1, s};

use super::quantities::Unit;
use crate::error::{Error, Result};
use crate::packing::Packing;

/// A vector of weights in one ciphertext, repeated (tiled) over the slots.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightVector {
    /// Name in messages.
    pub name: String,
    /// Number of weights: a power of two, at most the largest chunk of the features.
    pub period: usize,
    /// Unit of the weights: the state holds each weight divided by it.
    pub unit: Unit,
    /// Which weights the L2 penalty applies to.
    pub penalty: Penalty,
}

/// Which weights of a vector the L2 penalty applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Penalty {
    /// Every weight.
    All,
    /// All but the last, which belongs to the constant feature.
    AllButIntercept,
    /// No weight.
    None,
}

/// Some weights of a head.
#[derive(Clone, Debug, PartialEq)]
pub enum Weights {
    /// A linear layer on the features.
    Layer(Layer),
    /// Weights in a vector of their own.
    Vector(WeightVector),
}

/// A linear layer on the features: for each output one weight for each feature, and an intercept.
///
/// The state has for each output a vector for each [chunk](Packing::chunks) of the features. If the packing has
/// [separate intercepts](Packing::has_separate_intercept), vectors whose period is a row follow, with the intercept of output `k` in column
/// `k mod c` of vector `k / c`; otherwise an intercept is the weight of the constant feature.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Name in messages.
    pub name: String,
    /// Number of outputs.
    pub outputs: usize,
    /// Unit of the weights and intercepts.
    pub unit: Unit,
}

impl Weights {
    /// A linear layer on the features, whose intercepts are not penalised.
    pub fn layer(name: impl Into<String>, outputs: usize, unit: Unit) -> Self {
        Self::Layer(Layer { name: name.into(), outputs, unit })
    }

    /// A single weight, not penalised.
    pub fn intercept(name: impl Into<String>, unit: Unit) -> Self {
        Self::Vector(WeightVector { name: name.into(), period: 1, unit, penalty: Penalty::None })
    }

    /// The vectors of the state, in order.
    fn vectors(&self, packing: &Packing) -> Vec<WeightVector> {
        match self {
            Self::Layer(layer) => layer.vectors(packing),
            Self::Vector(vector) => vec![vector.clone()],
        }
    }
}

impl Layer {
    /// How many vectors of the state hold a layer with this number of outputs: first those of the features, then those of the intercepts.
    pub fn vector_counts(packing: &Packing, outputs: usize) -> [usize; 2] {
        let intercepts =
            if packing.has_separate_intercept() { outputs.div_ceil(packing.columns()) } else { 0 };
        [outputs * packing.chunks().len(), intercepts]
    }

    /// The vectors of the state that hold a layer, apart: those of the features, and those of separate intercepts.
    pub fn split<'a, V>(packing: &Packing, vectors: &'a [V]) -> (&'a [V], &'a [V]) {
        let count = |outputs: &usize| Self::vector_counts(packing, *outputs).iter().sum::<usize>();
        let outputs = (0..).take_while(|outputs| count(outputs) <= vectors.len()).last().unwrap_or_default();
        vectors.split_at(Self::vector_counts(packing, outputs)[0])
    }

    fn vectors(&self, packing: &Packing) -> Vec<WeightVector> {
        let (chunks, unit) = (packing.chunks(), self.unit);
        let holds_constant =
            |last: usize| packing.constant_feature().is_some_and(|constant| constant + 1 == last);
        let mut vectors = Vec::new();
        for k in 0..self.outputs {
            vectors.extend(chunks.iter().map(|chunk| WeightVector {
                name: format!("{}[{k}]", self.name),
                period: chunk.features,
                unit,
                penalty: match holds_constant(chunk.first + chunk.features) {
                    true => Penalty::AllButIntercept,
                    false => Penalty::All,
                },
            }));
        }
        let [_, intercepts] = Self::vector_counts(packing, self.outputs);
        let name = format!("intercepts of {}", self.name);
        let of_row = WeightVector { name, period: packing.columns(), unit, penalty: Penalty::None };
        vectors.extend(std::iter::repeat_n(of_row, intercepts));
        vectors
    }

    /// One period of each vector, from the weights of each output, the intercept last. Missing features have weight zero.
    fn to_vectors(&self, packing: &Packing, weights: &[Array1<f64>]) -> Result<Vec<Array1<f64>>> {
        let [_, intercept_vectors] = Self::vector_counts(packing, self.outputs);
        let mut intercepts = vec![Array1::zeros(packing.columns()); intercept_vectors];
        let mut vectors = Vec::new();
        for (k, weights) in weights.iter().enumerate() {
            let (expected, got) = (packing.most_features() + 1, weights.len());
            if got == 0 || got > expected {
                return Err(Error::Shape { what: "weights of an initial vector", expected, got });
            }
            let mut padded = Array1::zeros(packing.features());
            padded.slice_mut(s![..got - 1]).assign(&weights.slice(s![..got - 1]));
            match packing.constant_feature() {
                Some(constant) => padded[constant] = weights[got - 1],
                None => intercepts[k / packing.columns()][k % packing.columns()] = weights[got - 1],
            }
            let chunks = packing.chunks().into_iter();
            vectors.extend(chunks.map(|c| padded.slice(s![c.first..c.first + c.features]).to_owned()));
        }
        vectors.extend(intercepts);
        Ok(vectors)
    }

    /// The inverse of [`Self::to_vectors`]: weights of each output, with those of the padding.
    fn of_outputs(&self, packing: &Packing, vectors: &[Array1<f64>]) -> Vec<Array1<f64>> {
        let [features, _] = Self::vector_counts(packing, self.outputs);
        let (features, intercepts) = vectors.split_at(features.min(vectors.len()));
        let of_output = |(k, chunks): (usize, &[Array1<f64>])| {
            let intercept = intercepts.get(k / packing.columns()).map(|row| row[k % packing.columns()]);
            chunks.iter().flatten().copied().chain(intercept).collect()
        };
        features.chunks(packing.chunks().len()).enumerate().map(of_output).collect()
    }
}

/// The vectors of the state that hold these weights.
pub(crate) fn vectors(weights: &[Weights], packing: &Packing) -> Vec<WeightVector> {
    weights.iter().flat_map(|weights| weights.vectors(packing)).collect()
}

/// One period of each vector of the state, from the weights as the data party has them: for each output of a layer the weights of the
/// features, then the intercept; any other vector as it is.
///
/// # Errors
/// [`Error::Shape`] on another number of vectors, or of weights in one.
pub(crate) fn to_vectors(
    weights: &[Weights],
    packing: &Packing,
    values: &[Array1<f64>],
) -> Result<Vec<Array1<f64>>> {
    let count = |weights: &Weights| if let Weights::Layer(layer) = weights { layer.outputs } else { 1 };
    let (expected, got) = (weights.iter().map(count).sum(), values.len());
    if expected != got {
        return Err(Error::Shape { what: "initial weight vectors", expected, got });
    }
    let (mut rest, mut vectors) = (values, Vec::new());
    for weights in weights {
        let (own, others) = rest.split_at(count(weights));
        rest = others;
        match weights {
            Weights::Layer(layer) => vectors.extend(layer.to_vectors(packing, own)?),
            Weights::Vector(WeightVector { period, .. }) if own[0].len() != *period => {
                let (expected, got) = (*period, own[0].len());
                return Err(Error::Shape { what: "weights of an initial vector", expected, got });
            }
            Weights::Vector(_) => vectors.push(own[0].clone()),
        }
    }
    Ok(vectors)
}

/// The inverse of [`to_vectors`], with weights of zero for the features of the padding.
pub(crate) fn from_vectors(
    weights: &[Weights],
    packing: &Packing,
    vectors: &[Array1<f64>],
) -> Vec<Array1<f64>> {
    let (mut rest, mut values) = (vectors, Vec::new());
    for weights in weights {
        let (own, others) = rest.split_at(weights.vectors(packing).len().min(rest.len()));
        rest = others;
        match weights {
            Weights::Layer(layer) => values.extend(layer.of_outputs(packing, own)),
            Weights::Vector(_) => values.extend_from_slice(own),
        }
    }
    values
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::packing::Sizes;

    #[test]
    fn weights_survive_the_way_to_the_state_and_back() {
        let unit = Unit::of_half_width(4.0);
        let weights = [Weights::layer("coef", 3, unit), Weights::intercept("threshold", unit)];
        for (features, columns, separate_intercept, expected) in [
            (8, 2, false, vec![8, 8, 8, 1]),
            (8, 2, true, vec![8, 8, 8, 2, 2, 1]),
            (12, 4, true, vec![8, 4, 8, 4, 8, 4, 4, 1]),
            (12, 1, false, vec![8, 4, 8, 4, 8, 4, 1]),
        ] {
            let (baby_steps, complex) = (1, true);
            let sizes = Sizes {
                slots: 16,
                features,
                separate_intercept,
                columns,
                baby_steps,
                blocks: 1,
                batches: 1,
                complex,
            };
            let packing = Packing::new(sizes).unwrap();
            let of_state = vectors(&weights, &packing);
            assert_eq!(of_state.iter().map(|vector| vector.period).collect::<Vec<_>>(), expected);
            let penalised = |vector: &WeightVector| match vector.penalty {
                Penalty::All => vector.period,
                Penalty::AllButIntercept => vector.period - 1,
                Penalty::None => 0,
            };
            let penalised: usize = of_state.iter().map(penalised).sum();
            assert_eq!(penalised, 3 * packing.most_features());

            // six features and the intercept
            let output = |k: usize| Array1::from_shape_fn(7, |j| (10 * k + j) as f64);
            let values = [output(1), output(2), output(3), Array1::from_elem(1, 0.5)];
            let state = to_vectors(&weights, &packing, &values).unwrap();
            assert_eq!(state.iter().map(Array1::len).collect::<Vec<_>>(), expected);
            let back = from_vectors(&weights, &packing, &state);
            assert_eq!(back.len(), 4);
            for (value, back) in values.iter().zip(&back).take(3) {
                assert_eq!(back.len(), packing.most_features() + 1);
                assert_eq!(back.slice(s![..6]), value.slice(s![..6]));
                assert_eq!(back[back.len() - 1], value[6]);
                assert!(back.slice(s![6..back.len() - 1]).iter().all(|w| *w == 0.0));
            }
            assert_eq!(back[3], values[3]);
            assert!(to_vectors(&weights, &packing, &values[..3]).is_err());
            let long = [Array1::zeros(packing.most_features() + 2), output(2), output(3), values[3].clone()];
            assert!(to_vectors(&weights, &packing, &long).is_err());
        }
    }
}
