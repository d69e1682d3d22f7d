//! The chosen training in plain arithmetic, before it is planned: it must stay inside its interval.

use ckks::Parameters;
use ndarray::Array1;

use super::{LogisticRegression, Prepared};
use crate::dense::{self, Iterate, Method};
use crate::engine::trace::RefreshContract;
use crate::error::{Error, Result};
use crate::features::FeatureMap;
use crate::heads::{BuiltIn, Logistic};
use crate::optimizer::Optimizer;
use crate::plan::{Plan, Request};
use crate::samples::Samples;
use crate::tune::{Choice, Data};

/// A training that stays inside its interval.
pub(super) struct Rehearsed {
    map: FeatureMap,
    samples: Samples,
    batches: usize,
    choice: Choice,
    rates: Vec<f64>,
    start: Option<Vec<Array1<f64>>>,
    iterates: Vec<Iterate>,
}

/// Trains with the polynomial in plain arithmetic; the inner error says that it left its interval.
pub(super) fn rehearse(
    options: &LogisticRegression,
    data: Data<'_>,
    choice: Choice,
    limit: usize,
    batches: usize,
) -> Result<Result<Rehearsed>> {
    let map = FeatureMap::fit(&data.x.view(), &data.sample_weight.view(), choice.preprocessing, limit)?;
    let mapped = map.apply(&data.x.view())?;
    let samples = Samples::new(&mapped.view(), &data.y.view(), &data.sample_weight.view())?;
    let samples = samples.for_batches(batches, options.random_state);
    let method = Method {
        optimizer: choice.optimizer,
        learning_rates: options.schedule.rates(choice.learning_rate, choice.iterations)?,
        alpha: options.alpha,
        sigmoid: Some(&choice.sigmoid),
    };
    let start = match &options.warm_start {
        Some(head) => {
            let wanted = BuiltIn::Logistic(Logistic::binary(choice.sigmoid.clone()));
            Some(head.parameters(&wanted, &map)?)
        }
        None => None,
    };
    let first = start.as_ref().map(|start| start[0].view());
    let problem = dense::Problem { batches, start: first, ..samples.problem() };
    let iterates = dense::train(&problem, &method);
    let rates = method.learning_rates;
    let half_width = choice.sigmoid.half_width();
    let outside = iterates.iter().position(|iterate| iterate.largest_logit > half_width);
    Ok(match outside {
        None => Ok(Rehearsed { map, samples, batches, choice, rates, start, iterates }),
        Some(t) => Err(Error::OutsideInterval {
            logit: iterates[t].largest_logit,
            half_width,
            when: format!("in iteration {}", t + 1),
        }),
    })
}

impl Rehearsed {
    /// Plans it.
    ///
    /// # Errors
    /// What the planner refuses.
    pub(super) fn plan(
        self,
        options: &LogisticRegression,
        parameters: &Parameters,
        contract: Option<&RefreshContract>,
    ) -> Result<Prepared> {
        let Self { map, samples, batches, choice, rates, start, iterates } = self;
        let first = start.as_ref().map(|start| &start[0]);
        let head = BuiltIn::Logistic(Logistic::binary(choice.sigmoid.clone()));
        let request = Request {
            optimizer: choice.optimizer,
            alpha: options.alpha,
            batches,
            scoring: options.scoring,
            largest_state: largest_state(&iterates, first, choice.optimizer, &rates)
                / choice.sigmoid.half_width(),
            warm_start: start.is_some(),
            ..Request::new(head, samples.len(), map.outputs(), rates)
        };
        let plan = Plan::new(parameters, contract, &request)?;
        Ok(Prepared { map, samples, choice, request, plan, rehearsal: iterates, start })
    }
}

/// Largest absolute weight or momentum of a rehearsal, the momentum by the recurrence of [`crate::optimizer`].
fn largest_state(
    iterates: &[Iterate],
    start: Option<&Array1<f64>>,
    optimizer: Optimizer,
    rates: &[f64],
) -> f64 {
    let largest = |v: &Array1<f64>| v.iter().fold(0.0, |max: f64, x| max.max(x.abs()));
    let Some(first) = iterates.first() else { return 0.0 };
    let mut momentum = Array1::<f64>::zeros(first.weights.len());
    let mut weights = start.cloned().unwrap_or_else(|| momentum.clone());
    let mut bound = largest(&weights);
    for (iterate, step) in iterates.iter().zip(optimizer.steps(rates)) {
        let gradient = &weights - &iterate.weights - step.carry * &momentum;
        momentum = step.decay * &momentum + gradient;
        weights.assign(&iterate.weights);
        bound = bound.max(largest(&weights));
        if optimizer.has_momentum() {
            bound = bound.max(largest(&momentum));
        }
    }
    bound
}
