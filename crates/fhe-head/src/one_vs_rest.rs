//! One logistic regression for each class against the rest, as the data party asks for it: a method by cross-validation in
//! plain arithmetic, a rehearsal, a plan.

use ckks::Parameters;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;

use crate::dense::{self, Iterate, Method};
use crate::engine::trace::RefreshContract;
use crate::error::{Error, Result};
use crate::estimator::{PreparedHead, ValidLogisticRegression, largest_state};
use crate::features::{FeatureMap, Preprocessing};
use crate::heads::{BuiltIn, Logistic};
use crate::labels::stratified_folds;
use crate::metrics::Metrics;
use crate::model::{Classifier, Layer, Link};
use crate::optimizer::Optimizer;
use crate::plan::{Depth, Plan, Request};
use crate::samples::Samples;
use crate::sigmoid::{Degree, Fit, Sigmoid};

/// Ridges of the whitening in units of the mean eigenvalue.
const RIDGES: [f64; 4] = [0.1, 0.3, 1.0, 3.0];
/// Four is the inverse of the logistic function's steepest slope, the safe step on whitened features.
const LEARNING_RATES: [f64; 3] = [2.0, 4.0, 8.0];
/// Rates for features that are standardised or centred, whose covariance is far from the identity.
const SMALL_RATES: [f64; 4] = [0.03, 0.1, 0.3, 1.0];
/// Half-widths of the sigmoid's interval.
const HALF_WIDTHS: [f64; 6] = [4.0, 6.0, 8.0, 12.0, 16.0, 24.0];
/// Iterations that are tried at most unless asked for more.
const MOST_ITERATIONS: usize = 8;
const FOLDS: usize = 3;
/// Samples beyond this number do not change the choice, and cost time.
const SAMPLE_LIMIT: usize = 2400;

/// A method to try.
#[derive(Clone, Debug)]
struct Candidate {
    preprocessing: Preprocessing,
    optimizer: Optimizer,
    learning_rate: f64,
    sigmoid: Sigmoid,
    iterations: usize,
}

impl Candidate {
    fn method(&self, alpha: f64) -> Method<'_> {
        Method {
            optimizer: self.optimizer,
            learning_rates: vec![self.learning_rate; self.iterations],
            alpha,
            sigmoid: Some(&self.sigmoid),
        }
    }
}

/// Samples of several classes: features, codes 0, 1, .. and weights.
#[derive(Clone, Copy, Debug)]
struct Data<'a> {
    x: &'a Array2<f64>,
    y: &'a Array1<f64>,
    sample_weight: &'a Array1<f64>,
    classes: usize,
}

impl ValidLogisticRegression {
    /// As [`Self::prepare`] for one output for each of `classes` classes, with codes 0, 1, .. as labels.
    ///
    /// # Errors
    /// As [`Self::prepare`]; [`Error::Data`] if a class has too few samples.
    pub fn prepare_one_vs_rest(
        &self,
        (x, y, classes): (&ArrayView2<'_, f64>, &ArrayView1<'_, f64>, usize),
        parameters: &Parameters,
        contract: Option<&RefreshContract>,
    ) -> Result<PreparedHead> {
        let (x, y) = (x.to_owned(), y.to_owned());
        check_classes(&x, &y, classes)?;
        let sample_weight = self.options().class_weight.weights(&y)?;
        let data = Data { x: &x, y: &y, sample_weight: &sample_weight, classes };
        let candidates = self.candidates(parameters, contract)?;
        for candidate in self.ranked(data, &candidates)? {
            if let Some(prepared) = self.rehearse_each(data, &candidate, parameters, contract)? {
                return Ok(prepared);
            }
        }
        Err(Error::Data(
            "no learning rate and interval of those allowed keep the logits inside: allow a wider interval"
                .into(),
        ))
    }

    /// Every combination of what is open.
    fn candidates(
        &self,
        parameters: &Parameters,
        contract: Option<&RefreshContract>,
    ) -> Result<Vec<Candidate>> {
        let options = self.options();
        let degree = options.sigmoid_degree.unwrap_or(Degree::Three);
        let fit = match contract {
            Some(_) => usize::MAX,
            None => Depth::linear(degree.depth()).iterations_in(parameters.max_level()),
        };
        let iterations = match options.max_iter {
            Some(wanted) if wanted > fit => {
                return Err(Error::NeedsBootstrapping {
                    preset: parameters.name().to_owned(),
                    iterations: wanted,
                    needed: Depth::linear(degree.depth()).of(wanted),
                    levels: parameters.max_level(),
                    fit,
                });
            }
            Some(wanted) => wanted..=wanted,
            None if fit < 2 => fit.max(1)..=fit.max(1),
            None => 2..=fit.min(MOST_ITERATIONS),
        };
        let preprocessings = match options.preprocessing {
            Some(preprocessing) => vec![preprocessing],
            None => RIDGES.map(|ridge| Preprocessing::Whiten { ridge, standardize: true }).to_vec(),
        };
        let half_widths = options.sigmoid_interval.map_or(HALF_WIDTHS.to_vec(), |width| vec![width]);
        let optimizer = options.optimizer.unwrap_or(Optimizer::GradientDescent);
        let mut candidates = Vec::new();
        for &preprocessing in &preprocessings {
            let usual = match preprocessing {
                Preprocessing::Whiten { .. } => LEARNING_RATES.to_vec(),
                _ => SMALL_RATES.to_vec(),
            };
            for learning_rate in options.learning_rate.map_or(usual, |rate| vec![rate]) {
                for &half_width in &half_widths {
                    let sigmoid = Sigmoid::new(degree, half_width, Fit::default())?;
                    for iterations in iterations.clone() {
                        let sigmoid = sigmoid.clone();
                        candidates.push(Candidate {
                            preprocessing,
                            optimizer,
                            learning_rate,
                            sigmoid,
                            iterations,
                        });
                    }
                }
            }
        }
        Ok(candidates)
    }

    /// The candidates that stay inside their intervals, by held-out loss.
    fn ranked(&self, data: Data<'_>, candidates: &[Candidate]) -> Result<Vec<Candidate>> {
        if let [only] = candidates {
            return Ok(vec![only.clone()]);
        }
        let step = data.y.len().div_ceil(SAMPLE_LIMIT);
        let folds = stratified_folds(data.y, FOLDS, self.options().random_state);
        let most = candidates.iter().map(|candidate| candidate.iterations).max().unwrap_or(1);
        // one run of the most iterations scores all lengths
        let runs: Vec<&Candidate> =
            candidates.iter().filter(|candidate| candidate.iterations == most).collect();
        let scores = runs
            .par_iter()
            .map(|run| {
                let mut losses = vec![0.0; most];
                for fold in &folds {
                    let part = |rows: &[usize]| rows.iter().copied().step_by(step).collect::<Vec<_>>();
                    let fold_losses = self.losses(data, run, (&part(&fold.train), &part(&fold.test)))?;
                    losses.iter_mut().zip(fold_losses).for_each(|(sum, loss)| *sum += loss);
                }
                Ok(losses)
            })
            .collect::<Result<Vec<_>>>()?;
        let same = |a: &Candidate, b: &Candidate| {
            (a.preprocessing, a.learning_rate, a.sigmoid.half_width())
                == (b.preprocessing, b.learning_rate, b.sigmoid.half_width())
        };
        let mut ranked: Vec<(f64, Candidate)> = Vec::new();
        for candidate in candidates {
            let run = runs.iter().position(|run| same(run, candidate));
            let loss = run.map_or(f64::INFINITY, |run| scores[run][candidate.iterations - 1]);
            if loss.is_finite() {
                ranked.push((loss, candidate.clone()));
            }
        }
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(ranked.into_iter().map(|(_, candidate)| candidate).collect())
    }

    /// Held-out loss after each iteration; infinite once a logit leaves the interval.
    fn losses(
        &self,
        data: Data<'_>,
        run: &Candidate,
        (train, test): (&[usize], &[usize]),
    ) -> Result<Vec<f64>> {
        let rows = |part: &[usize]| data.x.select(Axis(0), part);
        let (x, y) = (rows(train), data.y.select(Axis(0), train));
        let weight = data.sample_weight.select(Axis(0), train);
        let map = FeatureMap::fit(&x.view(), &weight.view(), run.preprocessing, usize::MAX)?;
        let (mapped, held_out) = (map.apply(&x.view())?, rows(test));
        let labels = data.y.select(Axis(0), test).to_vec();
        let iterates = self.train_each(&mapped, (&y, &weight, data.classes), run)?;
        let mut losses = Vec::with_capacity(run.iterations);
        let mut inside = true;
        for t in 0..run.iterations {
            let at: Vec<&Iterate> = iterates.iter().map(|iterates| &iterates[t]).collect();
            inside &= at.iter().all(|iterate| iterate.largest_logit <= run.sigmoid.half_width());
            if !inside {
                losses.push(f64::INFINITY);
                continue;
            }
            let weights: Vec<Array1<f64>> = at.iter().map(|iterate| iterate.weights.clone()).collect();
            let head = Classifier { output: Layer::over_features(&map, &weights)?, link: Link::OneVsRest };
            let p = head.predict_proba(&held_out.view())?;
            losses.push(Metrics::of_classes(&labels, &p.view()).log_loss);
        }
        Ok(losses)
    }

    /// The trajectory of each class against the rest, on mapped features.
    fn train_each(
        &self,
        mapped: &Array2<f64>,
        (y, weight, classes): (&Array1<f64>, &Array1<f64>, usize),
        candidate: &Candidate,
    ) -> Result<Vec<Vec<Iterate>>> {
        let method = candidate.method(self.options().alpha);
        (0..classes)
            .into_par_iter()
            .map(|class| {
                let is = y.mapv(|y| f64::from(y == class as f64));
                let samples = Samples::new(&mapped.view(), &is.view(), &weight.view())?;
                Ok(dense::train(&samples.problem(), &method))
            })
            .collect()
    }

    /// Trains with the polynomial in plain arithmetic on all samples, and plans; `None` if it left its interval.
    fn rehearse_each(
        &self,
        data: Data<'_>,
        candidate: &Candidate,
        parameters: &Parameters,
        contract: Option<&RefreshContract>,
    ) -> Result<Option<PreparedHead>> {
        let weight = data.sample_weight;
        let map = FeatureMap::fit(&data.x.view(), &weight.view(), candidate.preprocessing, usize::MAX)?;
        let mapped = map.apply(&data.x.view())?;
        let iterates = self.train_each(&mapped, (data.y, weight, data.classes), candidate)?;
        let half_width = candidate.sigmoid.half_width();
        if iterates.iter().flatten().any(|iterate| iterate.largest_logit > half_width) {
            return Ok(None);
        }
        let state = iterates
            .iter()
            .map(|run| largest_state(run, candidate.optimizer, candidate.learning_rate))
            .fold(0.0, f64::max);
        let head = BuiltIn::Logistic(Logistic::one_vs_rest(data.classes, candidate.sigmoid.clone()));
        let rates = vec![candidate.learning_rate; candidate.iterations];
        let request = Request {
            optimizer: candidate.optimizer,
            alpha: self.options().alpha,
            largest_state: state / half_width,
            ..Request::new(head, data.y.len(), map.outputs(), rates)
        };
        let plan = Plan::new(parameters, contract, &request)?;
        let samples = Samples::new(&mapped.view(), &data.y.view(), &weight.view())?;
        Ok(Some(PreparedHead { map, samples, preprocessing: candidate.preprocessing, request, plan }))
    }
}

fn check_classes(x: &Array2<f64>, y: &Array1<f64>, classes: usize) -> Result<()> {
    if x.nrows() != y.len() {
        return Err(Error::Shape { what: "labels", expected: x.nrows(), got: y.len() });
    }
    if x.ncols() == 0 {
        return Err(Error::Data("there are no features".into()));
    }
    for class in 0..classes {
        let members = y.iter().filter(|y| **y == class as f64).count();
        // every fold of the cross-validation needs some
        if members < 2 * FOLDS {
            return Err(Error::Data(format!(
                "{members} samples of class {class}: training needs at least {} of each",
                2 * FOLDS
            )));
        }
    }
    Ok(())
}
