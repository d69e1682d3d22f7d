//! What is fitted in the clear to convergence, and what the encrypted head is compared with: logistic and ridge regression.

mod cross_validated;
mod lbfgs;
mod ridge;

pub use cross_validated::HeldOut;
pub(crate) use cross_validated::cross_validated;
pub(crate) use ridge::ridge_cross_validated;
pub use ridge::{HeldOutErrors, ridge_regression};

use fhe_head::functions::logistic;
use fhe_head::{Error, Link, Result, ranges};
use nalgebra::{Cholesky, DMatrix, DVector};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use rayon::prelude::*;

use crate::cleartext::logistic_loss;
use crate::data::Data;
use crate::features::{FeatureMap, Preprocessing};
use crate::labels::{ClassWeight, Targets};
use crate::model::{LinearLayer, Model};

/// A converged head.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// Weights of the features.
    pub coef: Array1<f64>,
    /// The intercept, not penalised.
    pub intercept: f64,
    /// Newton steps taken.
    pub iterations: usize,
}

/// Logistic regression to convergence with C = 1, behind a feature map that keeps all features: the yardstick of the reports. Two classes
/// have one output, several classes one each against the rest, labels one each. Numbers get ridge regression with `alpha` 1.
///
/// # Errors
/// Those of [`FeatureMap::fit`] and [`logistic_regression`].
pub fn converged(data: &Data<'_>, class_weight: ClassWeight, preprocessing: Preprocessing) -> Result<Model> {
    let (x, y, targets) = (data.features(), data.labels(), data.targets());
    let weight = data.sample_weights(class_weight)?;
    let map = FeatureMap::fit(&x, &weight.view(), preprocessing, x.ncols())?;
    let mapped = map.apply(&x)?;
    let (link, positives) = match targets {
        Targets::Classes(2) => (Link::Logistic, 1..2),
        Targets::Classes(classes) => (Link::Logistic, 0..classes),
        Targets::Labels(labels) => (Link::MultiLabel, 0..labels),
        Targets::Numbers(_) => {
            let (coef, intercept) = ridge_regression(&mapped.view(), &y, &weight.view(), 1.0)?;
            let weights = coef.outer_iter().zip(&intercept).map(|(w, b)| map.pull_back(&w, *b));
            return Ok(Model::linear(stacked(&weights.collect::<Result<Vec<_>>>()?), Link::Identity));
        }
    };
    let fits = positives.into_par_iter().map(|k| {
        let is = match link {
            Link::MultiLabel => y.column(k).to_owned(),
            _ => y.column(0).mapv(|y| f64::from(u8::from(y == k as f64))),
        };
        let fit = logistic_regression(&mapped.view(), &is.view(), &weight.view(), 1.0)?;
        map.pull_back(&fit.coef.view(), fit.intercept)
    });
    let fits: Vec<_> = fits.collect::<Result<_>>()?;
    Ok(Model::linear(stacked(&fits), link))
}

/// A layer of these coefficients and intercepts of its outputs.
fn stacked(outputs: &[(Array1<f64>, f64)]) -> LinearLayer {
    let inputs = outputs.first().map_or(0, |(coef, _)| coef.len());
    let coef = Array2::from_shape_fn((outputs.len(), inputs), |(row, column)| outputs[row].0[column]);
    LinearLayer { coef, intercept: outputs.iter().map(|(_, intercept)| *intercept).collect() }
}

/// Minimises `C sum_i s_i loss_i + |coef|^2 / 2` (scikit-learn's `LogisticRegression(C)`) by Newton's method with step
/// halving, until the gradient is below `1e-8` of the samples' total weight. Features may have any units: on centred, unscaled ones L-BFGS,
/// which the cross-validated baseline uses on standardised features, takes thousands of iterations in place of ten.
///
/// # Errors
/// [`Error::Parameter`] unless `C > 0`; [`Error::Data`] if it does not converge.
pub fn logistic_regression(
    x: &ArrayView2<'_, f64>,
    y: &ArrayView1<'_, f64>,
    sample_weight: &ArrayView1<'_, f64>,
    c: f64,
) -> Result<Baseline> {
    ranges::positive("C", Some(c))?;
    let features = x.ncols();
    let total = sample_weight.sum();
    let penalty = 1.0 / c;
    let logits = |coef: &Array1<f64>, intercept: f64| x.dot(coef) + intercept;
    let objective = |coef: &Array1<f64>, intercept: f64| {
        let z = logits(coef, intercept);
        let losses = z.iter().zip(y).map(|(z, y)| logistic_loss(if *y > 0.5 { *z } else { -z }));
        losses.zip(sample_weight).map(|(loss, s)| s * loss).sum::<f64>() + 0.5 * penalty * coef.dot(coef)
    };
    let (mut coef, mut intercept) = (Array1::<f64>::zeros(features), 0.0);
    for iterations in 0..100 {
        let p = logits(&coef, intercept).mapv(logistic);
        let residual = (&p - y) * sample_weight;
        let gradient = x.t().dot(&residual) + &coef * penalty;
        let slope = residual.sum();
        let size = gradient.iter().fold(slope.abs(), |max, g| max.max(g.abs()));
        if size <= 1e-8 * total {
            return Ok(Baseline { coef, intercept, iterations });
        }
        let curvature = p.mapv(|p| p * (1.0 - p)) * sample_weight;
        let mut scaled = x.to_owned();
        for (mut row, h) in scaled.outer_iter_mut().zip(&curvature) {
            row *= *h;
        }
        let hessian = x.t().dot(&scaled);
        let border = x.t().dot(&curvature);
        let matrix =
            DMatrix::from_fn(features + 1, features + 1, |i, j| match (i < features, j < features) {
                (true, true) => hessian[(i, j)] + if i == j { penalty } else { 0.0 },
                (true, false) => border[i],
                (false, true) => border[j],
                // a hair of curvature keeps the factorisation alive when every probability has saturated
                (false, false) => curvature.sum() + 1e-10 * total,
            });
        let right = DVector::from_fn(features + 1, |i, _| if i < features { gradient[i] } else { slope });
        let Some(factor) = Cholesky::new(matrix) else { break };
        let step = factor.solve(&right);
        let before = objective(&coef, intercept);
        let decrease = step.dot(&right);
        let mut length = 1.0;
        loop {
            let next = Array1::from_shape_fn(features, |i| coef[i] - length * step[i]);
            let next_intercept = intercept - length * step[features];
            let after = objective(&next, next_intercept);
            if after <= before - 1e-4 * length * decrease || length < 1e-6 {
                (coef, intercept) = (next, next_intercept);
                break;
            }
            length /= 2.0;
        }
    }
    Err(Error::Data("plain logistic regression does not converge on these features".into()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ndarray::{Array2, array};

    /// One feature, C = 1: coefficient and intercept solve the optimality equations by hand.
    #[test]
    fn the_optimum_of_a_symmetric_problem() {
        let x = array![[-1.0], [1.0]];
        let fit =
            logistic_regression(&x.view(), &array![0.0, 1.0].view(), &Array1::ones(2).view(), 1.0).unwrap();
        assert!(fit.intercept.abs() < 1e-9);
        // w = 2 (1 - sigma(w))
        assert!((fit.coef[0] - 2.0 * (1.0 - logistic(fit.coef[0]))).abs() < 1e-7);
    }

    #[test]
    fn separable_data_converge_thanks_to_the_penalty() {
        let x = Array2::from_shape_fn((40, 3), |(i, j)| {
            ((i * 7 + j * 3) % 11) as f64 + if i < 20 { 0.0 } else { 100.0 }
        });
        let y = Array1::from_shape_fn(40, |i| f64::from(i >= 20));
        let fit = logistic_regression(&x.view(), &y.view(), &Array1::ones(40).view(), 1.0).unwrap();
        let z = x.dot(&fit.coef) + fit.intercept;
        assert!(z.iter().zip(&y).all(|(z, y)| (*z > 0.0) == (*y > 0.5)));
        assert!(fit.iterations < 60);
    }

    #[test]
    fn weights_count_like_copies() {
        let x = array![[0.3, 1.0], [1.2, -0.4], [-0.7, 0.2], [0.1, 0.9]];
        let y = array![0.0, 1.0, 1.0, 0.0];
        let twice = ndarray::concatenate![ndarray::Axis(0), x, x.slice(ndarray::s![..1, ..])];
        let labels = array![0.0, 1.0, 1.0, 0.0, 0.0];
        let a = logistic_regression(&x.view(), &y.view(), &array![2.0, 1.0, 1.0, 1.0].view(), 3.0).unwrap();
        let b = logistic_regression(&twice.view(), &labels.view(), &Array1::ones(5).view(), 3.0).unwrap();
        assert!((&a.coef - &b.coef).iter().all(|d| d.abs() < 1e-6));
        // scikit-learn 1.9.1, tol 1e-12
        assert!((&a.coef - array![-0.307_141_87, -1.938_173_63]).iter().all(|d| d.abs() < 1e-6));
        assert!((a.intercept - 0.643_386_43).abs() < 1e-6);
    }
}
