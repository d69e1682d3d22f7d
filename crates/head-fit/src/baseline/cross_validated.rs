//! Logistic regression in the clear whose penalty is chosen by cross-validation: what an encrypted head is held against.

use fhe_head::functions::{logistic, softmax};
use fhe_head::{Result, stop};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, Zip, s};
use rayon::prelude::*;

use super::lbfgs::minimize;
use crate::cleartext::logistic_loss;
use crate::data::Data;
use crate::features::{FeatureMap, Preprocessing, in_span};
use crate::labels::{Split, Targets};
use crate::metrics::predictions;

/// Inverse strengths of the penalty, as `LogisticRegressionCV(Cs=10)` tries them.
const CS: [f64; 10] = [1e-4, 7.74e-4, 5.99e-3, 4.64e-2, 0.359, 2.78, 21.5, 166.8, 1291.5, 1e4];

/// How well a method does on samples that it has not seen.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct HeldOut {
    /// Mean negative log-likelihood.
    pub log_loss: f64,
    /// Share of samples whose most probable class is theirs.
    pub accuracy: f64,
}

/// Held-out measures of logistic regression on standardised features at its best `C` (scikit-learn's `LogisticRegressionCV`). All
/// classes are fitted together. Each of several labels is fitted by itself; the measures are then means.
///
/// # Errors
/// Those of [`FeatureMap::fit`].
pub(crate) fn cross_validated(data: &Data<'_>, splits: &[Split]) -> Result<HeldOut> {
    let labels = match data.targets() {
        Targets::Classes(classes) => return of_classes(data, &data.class_indices(), classes, splits),
        Targets::Labels(labels) | Targets::Numbers(labels) => labels,
    };
    let y = data.labels();
    let each = y.columns().into_iter().map(|y| of_classes(data, &y, 2, splits));
    let each: Vec<HeldOut> = each.collect::<Result<_>>()?;
    let mean = |of: fn(&HeldOut) -> f64| each.iter().map(of).sum::<f64>() / labels as f64;
    Ok(HeldOut { log_loss: mean(|h| h.log_loss), accuracy: mean(|h| h.accuracy) })
}

fn of_classes(data: &Data<'_>, y: &ArrayView1<'_, f64>, classes: usize, splits: &[Split]) -> Result<HeldOut> {
    let scores = |split: &Split| -> Result<(Vec<Array2<f64>>, Array1<f64>)> {
        let part = |rows: &[usize]| (data.features().select(Axis(0), rows), y.select(Axis(0), rows));
        let ((train, labels), (test, truth)) = (part(&split.train), part(&split.test));
        let weights = data.weights().select(Axis(0), &split.train);
        let map = FeatureMap::fit(&train.view(), &weights.view(), Preprocessing::Standardize, train.ncols())?;
        let (train, test) = in_span(map.apply(&train.view())?, map.apply(&test.view())?);
        let problem = Problem::new(&train.view(), &labels, &weights, classes);
        Ok((problem.path()?.iter().map(|theta| problem.probabilities(&test.view(), theta)).collect(), truth))
    };
    let folds: Vec<_> = splits.par_iter().map(scores).collect::<Result<_>>()?;
    let samples: usize = folds.iter().map(|(_, truth)| truth.len()).sum();
    let measure = |k: usize| {
        let (mut loss, mut hits) = (0.0, 0);
        for (path, truth) in &folds {
            let p = &path[k];
            loss -=
                p.outer_iter().zip(truth).map(|(p, &y)| p[y as usize].max(f64::EPSILON).ln()).sum::<f64>();
            hits += predictions(&p.view()).iter().zip(truth).filter(|(p, y)| **p == **y as usize).count();
        }
        HeldOut { log_loss: loss / samples as f64, accuracy: hits as f64 / samples as f64 }
    };
    let all = (0..CS.len()).map(measure);
    let worst = HeldOut { log_loss: f64::INFINITY, accuracy: 0.0 };
    Ok(all.fold(worst, |best, next| if next.log_loss < best.log_loss { next } else { best }))
}

/// Mean logistic or softmax loss of standardised samples.
struct Problem {
    /// Samples by features, the constant 1 last.
    x: Array2<f64>,
    /// Labels as indicators: samples by outputs.
    targets: Array2<f64>,
    /// Weights of the samples, with sum 1.
    share: Array1<f64>,
}

impl Problem {
    fn new(x: &ArrayView2<'_, f64>, y: &Array1<f64>, weights: &Array1<f64>, classes: usize) -> Self {
        let mut with_constant = Array2::ones((x.nrows(), x.ncols() + 1));
        with_constant.slice_mut(s![.., ..x.ncols()]).assign(x);
        let is = |class: usize, label: f64| f64::from(u8::from(label == class as f64));
        let targets = match classes {
            2 => Array2::from_shape_fn((y.len(), 1), |(i, _)| is(1, y[i])),
            _ => Array2::from_shape_fn((y.len(), classes), |(i, k)| is(k, y[i])),
        };
        Self { x: with_constant, targets, share: weights / weights.sum() }
    }

    /// Weights (features and the intercept, by outputs) for each of [`CS`], each started from the one before.
    ///
    /// # Errors
    /// The process was asked to stop.
    fn path(&self) -> Result<Vec<Array2<f64>>> {
        let mut theta = Array2::zeros((self.x.ncols(), self.targets.ncols()));
        let next = |c: &f64| {
            stop::check()?;
            let penalty = 1.0 / (c * self.x.nrows() as f64);
            theta = minimize(theta.clone(), |theta| self.value_and_gradient(theta, penalty));
            Ok(theta.clone())
        };
        CS.iter().map(next).collect()
    }

    fn value_and_gradient(&self, theta: &Array2<f64>, penalty: f64) -> (f64, Array2<f64>) {
        let mut residuals = self.x.dot(theta);
        let mut loss = 0.0;
        Zip::from(residuals.rows_mut()).and(self.targets.rows()).and(&self.share).for_each(
            |mut row, target, &share| {
                let Some(z) = row.as_slice_mut() else { return };
                if let [z] = z {
                    loss += share * logistic_loss(if target[0] > 0.5 { *z } else { -*z });
                    *z = logistic(*z);
                } else {
                    softmax(z);
                    let own: f64 = z.iter().zip(target).map(|(p, is)| p * is).sum();
                    loss -= share * own.max(f64::MIN_POSITIVE).ln();
                }
                z.iter_mut().zip(target).for_each(|(p, is)| *p = share * (*p - is));
            },
        );
        let mut gradient = self.x.t().dot(&residuals);
        let constant = theta.nrows() - 1;
        let weights = theta.slice(s![..constant, ..]);
        gradient.slice_mut(s![..constant, ..]).scaled_add(penalty, &weights);
        (loss + 0.5 * penalty * weights.iter().map(|w| w * w).sum::<f64>(), gradient)
    }

    /// Probabilities of all classes: samples (rows) by classes.
    fn probabilities(&self, x: &ArrayView2<'_, f64>, theta: &Array2<f64>) -> Array2<f64> {
        let constant = theta.nrows() - 1;
        let mut z = x.dot(&theta.slice(s![..constant, ..])) + theta.row(constant);
        if z.ncols() == 1 {
            return Array2::from_shape_fn((z.nrows(), 2), |(i, class)| {
                logistic(if class == 1 { z[(i, 0)] } else { -z[(i, 0)] })
            });
        }
        for mut row in z.rows_mut() {
            if let Some(row) = row.as_slice_mut() {
                softmax(row);
            }
        }
        z
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ndarray::array;

    /// `LogisticRegression(C=0.359)` of scikit-learn 1.9.1 on the same numbers, tol 1e-10.
    #[test]
    fn several_classes_agree_with_scikit_learn() {
        let x = array![[0.3, 1.0], [1.2, -0.4], [-0.7, 0.2], [0.1, 0.9], [-1.0, 0.5], [0.8, -1.1]];
        let y = array![0.0, 1.0, 2.0, 0.0, 2.0, 1.0];
        let problem = Problem::new(&x.view(), &y, &Array1::ones(6), 3);
        let theta = &problem.path().unwrap()[4];
        let expected = array![
            [0.096814, 0.385890, -0.482705],
            [0.404166, -0.420015, 0.015849],
            [-0.046329, -0.014247, 0.060576]
        ];
        for (ours, theirs) in theta.iter().zip(expected.iter()) {
            assert!((ours - theirs).abs() < 1e-4, "{theta:.5}");
        }
    }
}
