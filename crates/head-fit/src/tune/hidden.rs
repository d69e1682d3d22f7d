//! Heads with a hidden layer: the learning rate by held-out loss, the intervals of activation and logits by rehearsal.

use fhe_head::plan::{Plan, Request};
use fhe_head::{
    Activation, ActivationKind, BuiltIn, Degree, Error, Fit, Functions, Head as _, Logistic, Mlp,
    Multinomial, Optimizer, Output, Result, Samples, Sigmoid, Softmax, SoftmaxDepth,
};
use ndarray::Array1;
use rayon::prelude::*;

use super::grid::HALF_WIDTHS;
use super::task::{Rehearsed, Task};
use crate::classifier::Classifier;
use crate::cleartext::{HiddenMethod, HiddenRun, Problem, train_hidden};
use crate::features::{FeatureMap, Preprocessing};
use crate::kind::Kind;
use crate::labels::shuffled;

/// Ridge of the whitening where none is given.
const RIDGE: f64 = 0.3;
/// Learning rates that are tried where none is given.
const RATES: [f64; 6] = [0.5, 0.25, 0.12, 0.06, 0.03, 0.015];
const MOMENTUM: f64 = 0.9;
/// Iterations where nobody asks for another number.
pub(crate) const MLP_ITERATIONS: usize = 30;
/// Room for the noise of encryption: the rehearsal has its polynomials already.
const MARGIN: f64 = 1.02;
const FOLDS: usize = 3;
/// Samples beyond this number do not change the choice, and cost time.
const SAMPLE_LIMIT: usize = 3000;

/// The hidden layer that the options ask for.
#[derive(Clone, Copy)]
pub(super) struct Layer {
    pub(super) hidden: usize,
    pub(super) activation: ActivationKind,
    pub(super) activation_interval: Option<f64>,
}

/// Chooses and rehearses.
pub(super) fn choose(task: Task<'_, '_>, layer: Layer) -> Result<Rehearsed> {
    let options = task.options;
    // columns of a table come in units of their own; to embeddings it makes little difference
    let whitened = Preprocessing::Whiten { ridge: RIDGE, standardize: true };
    let preprocessing = options.preprocessing.unwrap_or(whitened);
    let (map, samples) = task.data.mapped(preprocessing, options.n_components)?;
    let samples = shuffled(samples, task.batches, options.random_state);
    if layer.hidden > samples.padded_features() {
        return Err(Error::Parameter {
            name: "hidden_layer_sizes",
            got: layer.hidden.to_string(),
            expected: format!(
                "at most {} units with the {} directions in which the {} features vary, or more features",
                samples.padded_features(),
                map.outputs(),
                map.inputs()
            ),
        });
    }
    let network = Network { task, layer };
    let widths = Widths::first(task, layer);
    let degree = network.degree(&samples, &map, widths)?;
    let candidates = match options.learning_rate {
        Some(rate) => vec![rate],
        None => network.rates_by_loss(preprocessing, degree, widths)?,
    };
    let mut refusal = None;
    for rate in candidates {
        let rates = network.rates(rate)?;
        match network.rehearse(degree, widths, &samples, &map, &rates)? {
            Ok((head, run, start)) => {
                let head = BuiltIn::Mlp(head);
                let options = Classifier {
                    kind: Kind::of_head(&head),
                    preprocessing: Some(preprocessing),
                    optimizer: Some(network.optimizer()),
                    learning_rate: Some(rate),
                    max_iter: Some(rates.len()),
                    interval: Some(head.score_unit().value()),
                    temperature: Some(options.temperature.unwrap_or(1.0)),
                    ..options.clone()
                };
                let (start, largest_state) = (Some(start), run.state);
                return Ok(Rehearsed {
                    options,
                    map,
                    samples,
                    head,
                    rates,
                    start,
                    largest_state,
                    held_out: None,
                });
            }
            Err(error) => refusal = refusal.or(Some(error)),
        }
    }
    Err(refusal.unwrap_or_else(|| Error::Data("there is no learning rate to try".into())))
}

/// A hidden layer as the options ask for it.
#[derive(Clone, Copy)]
struct Network<'a, 'd> {
    task: Task<'a, 'd>,
    layer: Layer,
}

/// A network with intervals that hold its values, how far these reach, and where it starts.
type Trained = (Mlp, HiddenRun, Vec<Array1<f64>>);

impl Network<'_, '_> {
    fn optimizer(&self) -> Optimizer {
        self.task.options.optimizer.unwrap_or(Optimizer::Nesterov(MOMENTUM))
    }

    /// Rates of all iterations.
    fn rates(&self, first: f64) -> Result<Vec<f64>> {
        let options = self.task.options;
        options.schedule.rates(first, options.max_iter.unwrap_or(MLP_ITERATIONS))
    }

    /// With a sigmoid of that degree where there are two classes.
    fn head(&self, degree: Degree, widths: Widths) -> Result<Mlp> {
        let Widths { arguments, logits } = widths;
        let output = match self.task.data.classes() {
            2 => Output::Logistic(Logistic::binary(Sigmoid::new(degree, logits, Fit::LeastSquares)?)),
            classes => Output::Softmax(Multinomial::new(Softmax::new(classes, SoftmaxDepth::Two, logits)?)),
        };
        let activation = Activation::new(self.layer.activation, arguments)?;
        Ok(Mlp { hidden: self.layer.hidden, activation, output })
    }

    /// The best sigmoid that costs no bootstrap more. In long trainings the logits of a hidden layer grow faster than those of a linear
    /// head.
    fn degree(&self, samples: &Samples, map: &FeatureMap, widths: Widths) -> Result<Degree> {
        if self.task.data.classes() != 2 {
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

    /// Learning rates by the loss on samples held out, the best first: with the polynomials, on intervals that hold.
    fn rates_by_loss(
        &self,
        preprocessing: Preprocessing,
        degree: Degree,
        widths: Widths,
    ) -> Result<Vec<f64>> {
        let options = self.task.options;
        let splits = self.task.data.splits(FOLDS, SAMPLE_LIMIT, options.random_state);
        let Some(split) = splits.first() else { return Ok(RATES.to_vec()) };
        let fold = self.task.data.folds(split, &[preprocessing], options.n_components)?.remove(0);
        let loss = |rate: f64| -> Result<(f64, f64)> {
            let rates = self.rates(rate)?;
            let loss = match self.rehearse(degree, widths, &fold.train, &fold.map, &rates)? {
                Ok((head, run, _)) => run.log_loss(&Problem::new(&fold.test, 1), &self.method(&head, &rates)),
                Err(_) => f64::INFINITY,
            };
            Ok((loss, rate))
        };
        let mut losses: Vec<_> = RATES.into_par_iter().map(loss).collect::<Result<_>>()?;
        losses.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(losses.into_iter().map(|(_, rate)| rate).collect())
    }

    /// Trains with the polynomials, on intervals that are widened until they hold; the inner error says that none does.
    fn rehearse(
        &self,
        degree: Degree,
        mut widths: Widths,
        samples: &Samples,
        map: &FeatureMap,
        rates: &[f64],
    ) -> Result<Result<Trained>> {
        loop {
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

/// Half-widths of the intervals of a hidden layer.
#[derive(Clone, Copy, Debug)]
struct Widths {
    /// Of the activation's arguments.
    arguments: f64,
    /// Of the logits.
    logits: f64,
}

/// Which widths may not change.
#[derive(Clone, Copy)]
struct Fixed {
    arguments: bool,
    logits: bool,
}

impl Fixed {
    fn new(task: Task<'_, '_>, layer: Layer) -> Self {
        let arguments = layer.activation_interval.is_some() || task.start.is_some();
        Self { arguments, logits: task.options.interval.is_some() }
    }
}

impl Widths {
    /// What is given, else where to begin.
    fn first(task: Task<'_, '_>, layer: Layer) -> Self {
        const NARROW: f64 = 4.0;
        let earlier = task.start.and_then(|model| model.hidden.as_ref());
        let earlier = earlier.map(|(_, activation)| activation.half_width());
        Self {
            arguments: earlier.or(layer.activation_interval).unwrap_or(NARROW),
            logits: task.options.interval.unwrap_or(NARROW),
        }
    }

    fn hold(self, run: &HiddenRun) -> bool {
        MARGIN * run.arguments <= self.arguments && MARGIN * run.logits <= self.logits
    }

    /// The next widths to try. A training that diverges in an interval may hold in the next wider one.
    fn widened(self, run: &HiddenRun, fixed: Fixed) -> Result<Self> {
        let widest = HALF_WIDTHS[HALF_WIDTHS.len() - 1];
        let diverged = MARGIN * run.arguments.max(run.logits) > widest;
        let next = |width: f64, reach: f64, fixed: bool| {
            let wanted = if diverged { width.next_up() } else { MARGIN * reach };
            if wanted <= width {
                return Ok(width);
            }
            let wider = HALF_WIDTHS.iter().copied().find(|&candidate| !fixed && candidate >= wanted);
            wider.ok_or_else(|| Error::OutsideInterval {
                logit: reach,
                half_width: width,
                when: "in plain training of the hidden layer".into(),
            })
        };
        if fixed.arguments && !diverged && MARGIN * run.arguments > self.arguments {
            return Err(Error::Parameter {
                name: "activation_interval",
                got: self.arguments.to_string(),
                expected: format!(
                    "at least {:.2}, which arguments reach in plain training, or a lower learning rate",
                    MARGIN * run.arguments
                ),
            });
        }
        let logits = next(self.logits, run.logits, fixed.logits)?;
        // the logits' polynomial is what diverges: arguments follow
        let arguments = if diverged { self.arguments } else { next(self.arguments, run.arguments, false)? };
        Ok(Self { arguments, logits })
    }
}
