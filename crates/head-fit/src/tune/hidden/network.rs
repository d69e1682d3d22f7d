//! A network with one hidden layer: its trainings in the clear.

use fhe_head::plan::{Plan, Request};
use fhe_head::{
    Activation, BuiltIn, Degree, Fit, Functions, Head as _, Logistic, Mlp, Multinomial, Optimizer, Output,
    Result, Samples, Sigmoid, Softmax, SoftmaxForm, stop,
};
use ndarray::Array1;
use rayon::prelude::*;

use super::layer::Layer;
use super::widths::{Fixed, Widths};
use crate::cleartext::{HiddenMethod, HiddenRun, Problem, train_hidden};
use crate::data::Fold;
use crate::features::FeatureMap;
use crate::tune::task::Task;

/// Learning rates that are tried where none is given.
const RATES: [f64; 6] = [0.5, 0.25, 0.12, 0.06, 0.03, 0.015];
const MOMENTUM: f64 = 0.9;
/// Iterations where nobody asks for another number.
pub(crate) const MLP_ITERATIONS: usize = 30;

/// A hidden layer as the options ask for it.
#[derive(Clone, Copy)]
pub(super) struct Network<'a, 'd> {
    pub(super) task: Task<'a, 'd>,
    pub(super) layer: Layer,
}

/// A network with intervals that hold its values, how far these reach, and where it starts.
pub(super) type Trained = (Mlp, HiddenRun, Vec<Array1<f64>>);

impl Network<'_, '_> {
    /// The kind of head was checked against the data.
    fn classes(&self) -> usize {
        self.task.data.classes().unwrap_or(2)
    }

    pub(super) fn optimizer(&self) -> Optimizer {
        self.task.options.optimizer.unwrap_or(Optimizer::Nesterov(MOMENTUM))
    }

    /// Rates of all iterations.
    pub(super) fn rates(&self, first: f64) -> Result<Vec<f64>> {
        let options = self.task.options;
        options.schedule.rates(first, options.max_iter.unwrap_or(MLP_ITERATIONS))
    }

    /// The head on these intervals. `degree` is that of the sigmoid where there are two classes.
    fn head(&self, degree: Degree, widths: Widths) -> Result<Mlp> {
        let Widths { arguments, logits } = widths;
        let output = match self.classes() {
            2 => Output::Logistic(Logistic::binary(Sigmoid::new(degree, logits, Fit::LeastSquares)?)),
            classes => Output::Softmax(Multinomial::new(Softmax::new(classes, SoftmaxForm::Two, logits)?)),
        };
        let activation = Activation::new(self.layer.activation, arguments)?;
        Ok(Mlp { hidden: self.layer.hidden, activation, output })
    }

    /// The highest degree of the sigmoid that costs no further bootstrap. In long trainings the logits of a hidden layer grow faster than
    /// those of a linear head.
    pub(super) fn degree(&self, samples: &Samples, map: &FeatureMap, widths: Widths) -> Result<Degree> {
        if self.classes() != 2 {
            return Ok(Degree::Three);
        }
        let bootstraps = |degree| -> Result<usize> {
            let (options, batches) = (self.task.options, self.task.batches);
            let request = Request {
                optimizer: self.optimizer(),
                alpha: options.alpha,
                batches,
                scoring: options.scoring,
                bootstraps: options.bootstraps,
                largest_weight: samples.largest_weight(batches),
                warm_start: self.task.start.is_some(),
                ..Request::new(
                    BuiltIn::Mlp(self.head(degree, widths)?),
                    samples.len(),
                    map.outputs(),
                    self.rates(RATES[0])?,
                )
            };
            let plan = Plan::new(self.task.scheme, &request)?;
            Ok(plan.counts.of(fhe_head::engine::Operation::Refresh))
        };
        let better = match bootstraps(Degree::Seven) {
            Ok(better) => better <= bootstraps(Degree::Three)?,
            Err(_) => false,
        };
        Ok(if better { Degree::Seven } else { Degree::Three })
    }

    /// An earlier model's weights behind the map, or random ones.
    fn start(&self, head: &Mlp, samples: &Samples, map: &FeatureMap) -> Result<Vec<Array1<f64>>> {
        if let Some(model) = self.task.start {
            return model.weights(&BuiltIn::Mlp(head.clone()), map);
        }
        let initial = head.initial(samples.features().ncols(), self.task.options.random_state);
        Ok(initial.unwrap_or_default().into_iter().map(Array1::from_vec).collect())
    }

    fn method<'m>(&self, head: &'m Mlp, rates: &'m [f64]) -> HiddenMethod<'m> {
        let (optimizer, alpha) = (self.optimizer(), self.task.options.alpha);
        HiddenMethod { head, optimizer, rates, alpha, functions: Functions::Polynomials }
    }

    /// Learning rates by the loss on samples held out, the best first: with the polynomials, on intervals that hold. The loss is infinite
    /// where none does.
    pub(super) fn rates_by_loss(
        &self,
        fold: &Fold,
        degree: Degree,
        widths: Widths,
    ) -> Result<Vec<(f64, f64)>> {
        let loss = |rate: f64| -> Result<(f64, f64)> {
            let rates = self.rates(rate)?;
            let loss = match self.rehearse(degree, widths, &fold.train, &fold.map, &rates)? {
                Ok((head, run, _)) => run.log_loss(&Problem::new(&fold.test, 1), &self.method(&head, &rates)),
                Err(_) => f64::INFINITY,
            };
            Ok((loss, rate))
        };
        let given = self.task.options.learning_rate.map(|rate| vec![rate]);
        let tried = given.unwrap_or_else(|| RATES.to_vec());
        let mut losses: Vec<_> = tried.into_par_iter().map(loss).collect::<Result<_>>()?;
        losses.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(losses)
    }

    /// Trains with the polynomials, on intervals that are widened until they hold; the inner error says that none does.
    pub(super) fn rehearse(
        &self,
        degree: Degree,
        mut widths: Widths,
        samples: &Samples,
        map: &FeatureMap,
        rates: &[f64],
    ) -> Result<Result<Trained>> {
        loop {
            stop::check()?;
            let head = self.head(degree, widths)?;
            let start = self.start(&head, samples, map)?;
            let batches = self.task.options.batches(samples.len()).unwrap_or(1);
            let run = train_hidden(&Problem::new(samples, batches), &self.method(&head, rates), &start);
            if widths.hold(&run) {
                return Ok(Ok((head, run, start)));
            }
            match widths.widened(&run, Fixed::new(self.task, self.layer)) {
                Ok(wider) => widths = wider,
                Err(error) => return Ok(Err(error)),
            }
        }
    }
}
