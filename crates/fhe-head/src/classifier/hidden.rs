//! Classifiers with a hidden layer: the intervals of activation and logits by rehearsal, then the plan.

use ckks::Parameters;
use ndarray::Array1;
use rayon::prelude::*;

use super::data::Data;
use super::{Classifier, HALF_WIDTHS, PreparedClassifier, ValidClassifier};
use crate::activation::{Activation, Shape};
use crate::dense::Problem;
use crate::dense_hidden::{self, Method, Trained};
use crate::engine::trace::{Operation, RefreshContract};
use crate::error::{Error, Result};
use crate::features::{FeatureMap, Preprocessing};
use crate::head::Head as _;
use crate::heads::{BuiltIn, Logistic, Mlp, Multinomial, Output};
use crate::optimizer::Optimizer;
use crate::plan::{Plan, Request};
use crate::samples::Samples;
use crate::sigmoid::{Degree, Fit, Sigmoid};
use crate::softmax::{self, Softmax};
use crate::twins::Functions;

/// Defaults of a hidden layer.
const MLP_RIDGE: f64 = 0.3;
/// Learning rates that are tried where nobody gives one: the one of least held-out loss whose rehearsal stays inside its intervals.
const MLP_RATES: [f64; 6] = [0.5, 0.25, 0.12, 0.06, 0.03, 0.015];
const MLP_MOMENTUM: f64 = 0.9;
/// Iterations of a hidden layer where nobody asks for another number.
pub const MLP_ITERATIONS: usize = 30;
/// Room for the noise of encryption: the rehearsal has its polynomials already.
const MARGIN: f64 = 1.02;

impl ValidClassifier {
    pub(super) fn prepare_hidden(
        &self,
        data: Data<'_>,
        hidden: usize,
        shape: Shape,
        parameters: &Parameters,
        contract: Option<&RefreshContract>,
    ) -> Result<PreparedClassifier> {
        let options = &self.0;
        // columns of a table come in units of their own; to embeddings it makes little difference
        let whitened = Preprocessing::Whiten { ridge: MLP_RIDGE, standardize: true };
        let preprocessing = options.preprocessing.unwrap_or(whitened);
        let (map, samples) = self.mapped(data, preprocessing)?;
        if hidden > samples.padded_features() {
            return Err(Error::Parameter {
                name: "hidden_layer_sizes",
                got: hidden.to_string(),
                expected: format!(
                    "at most {} units with {} features, or more features",
                    samples.padded_features(),
                    map.inputs()
                ),
            });
        }
        let network = Network { valid: self, classes: data.classes, hidden, shape };
        let plan = |request: &Request| Plan::new(parameters, contract, request);
        let first = Widths::first(options);
        let usual = |degree| -> Result<Request> {
            Ok(network.request(network.head(degree, first)?, &samples, &map, network.rates(MLP_RATES[0])?))
        };
        // in long trainings the logits of a hidden layer grow faster than those of a linear head: the best sigmoid that costs no
        // bootstrap more
        let mut degree = Degree::Three;
        if data.classes == 2
            && let Ok(better) = plan(&usual(Degree::Seven)?)
            && better.count(Operation::Refresh) <= plan(&usual(degree)?)?.count(Operation::Refresh)
        {
            degree = Degree::Seven;
        }
        let candidates = match options.learning_rate {
            Some(rate) => vec![rate],
            None => network.rates_by_loss(data, preprocessing, (degree, first))?,
        };
        let mut refusal = None;
        for rate in candidates {
            let rates = network.rates(rate)?;
            match network.rehearse(degree, first, &samples, &map, &rates)? {
                Ok((head, reach, start)) => {
                    let request = network.request(head, &samples, &map, rates);
                    let request = Request { largest_state: reach.state, ..request };
                    let (plan, start) = (plan(&request)?, Some(start));
                    return Ok(PreparedClassifier { map, preprocessing, samples, request, plan, start });
                }
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        Err(refusal.unwrap_or_else(|| Error::Data("there is no learning rate to try".into())))
    }
}

/// A hidden layer as the options ask for it.
#[derive(Clone, Copy)]
struct Network<'a> {
    valid: &'a ValidClassifier,
    classes: usize,
    hidden: usize,
    shape: Shape,
}

/// A network with intervals that hold its values, how far these reach, and where it starts.
type Rehearsed = (Mlp, Trained, Vec<Array1<f64>>);

impl Network<'_> {
    fn options(&self) -> &Classifier {
        self.valid.options()
    }

    fn optimizer(&self) -> Optimizer {
        self.options().optimizer.unwrap_or(Optimizer::Nesterov(MLP_MOMENTUM))
    }

    /// Rates of all iterations.
    fn rates(&self, first: f64) -> Result<Vec<f64>> {
        self.options().schedule.rates(first, self.options().max_iter.unwrap_or(MLP_ITERATIONS))
    }

    /// With a sigmoid of that degree where there are two classes.
    fn head(&self, degree: Degree, widths: Widths) -> Result<Mlp> {
        let Widths { arguments, logits } = widths;
        let output = match self.classes {
            2 => Output::Logistic(Logistic::binary(Sigmoid::new(degree, logits, Fit::LeastSquares)?)),
            classes => Output::Softmax(Multinomial::new(Softmax::new(classes, softmax::Depth::Two, logits)?)),
        };
        Ok(Mlp { hidden: self.hidden, activation: Activation::new(self.shape, arguments)?, output })
    }

    /// An earlier head's parameters behind the map, or random ones.
    fn start(&self, head: &Mlp, samples: &Samples, map: &FeatureMap) -> Result<Vec<Array1<f64>>> {
        if let Some(model) = &self.options().warm_start {
            return model.parameters(&BuiltIn::Mlp(head.clone()), map);
        }
        let initial = head.initial(samples.padded_features(), self.options().random_state);
        Ok(initial.unwrap_or_default().into_iter().map(Array1::from_vec).collect())
    }

    fn request(&self, head: Mlp, samples: &Samples, map: &FeatureMap, rates: Vec<f64>) -> Request {
        Request {
            optimizer: self.optimizer(),
            alpha: self.options().alpha,
            batches: self.valid.batches(samples.len()),
            scoring: self.options().scoring,
            bootstraps: self.options().bootstraps,
            largest_weight: samples.largest_weight(self.valid.batches(samples.len())),
            warm_start: self.options().warm_start.is_some(),
            ..Request::new(BuiltIn::Mlp(head), samples.len(), map.outputs(), rates)
        }
    }

    fn method<'a>(&self, head: &'a Mlp, rates: &'a [f64], functions: Functions) -> Method<'a> {
        Method { head, optimizer: self.optimizer(), rates, alpha: self.options().alpha, functions }
    }

    /// Learning rates by the loss on samples held out, the best first: with the polynomials, on intervals that hold.
    fn rates_by_loss(
        &self,
        data: Data<'_>,
        preprocessing: Preprocessing,
        (degree, widths): (Degree, Widths),
    ) -> Result<Vec<f64>> {
        let folds = data.folds(self.options().random_state);
        let Some((train, test)) = folds.first() else { return Ok(MLP_RATES.to_vec()) };
        let (map, train, test) = data.fold(train, test, preprocessing)?;
        let loss = |rate: f64| -> Result<(f64, f64)> {
            let rates = self.rates(rate)?;
            let loss = match self.rehearse(degree, widths, &train, &map, &rates)? {
                Ok((head, trained, _)) => {
                    let method = self.method(&head, &rates, Functions::Polynomials);
                    trained.log_loss(&test.problem(), &method)
                }
                Err(_) => f64::INFINITY,
            };
            Ok((loss, rate))
        };
        let mut losses: Vec<_> = MLP_RATES.into_par_iter().map(loss).collect::<Result<_>>()?;
        losses.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(losses.into_iter().map(|(_, rate)| rate).collect())
    }

    /// Trains with the polynomials in plain arithmetic, on intervals that are widened until they hold; the inner error says that none
    /// does.
    fn rehearse(
        &self,
        degree: Degree,
        mut widths: Widths,
        samples: &Samples,
        map: &FeatureMap,
        rates: &[f64],
    ) -> Result<Result<Rehearsed>> {
        loop {
            let head = self.head(degree, widths)?;
            let start = self.start(&head, samples, map)?;
            let method = self.method(&head, rates, Functions::Polynomials);
            let problem = Problem { batches: self.valid.batches(samples.len()), ..samples.problem() };
            let reach = dense_hidden::train(&problem, &method, &start);
            if widths.hold(&reach) {
                return Ok(Ok((head, reach, start)));
            }
            match widths.widened(&reach, Widths::fixed(self.options())) {
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

impl Widths {
    /// What is given, else where to begin.
    fn first(options: &Classifier) -> Self {
        const NARROW: f64 = 4.0;
        let earlier = options.warm_start.as_ref().and_then(|model| model.hidden.as_ref());
        let earlier = earlier.map(|(_, activation)| activation.half_width());
        Self {
            arguments: earlier.or(options.activation_interval).unwrap_or(NARROW),
            logits: options.interval.unwrap_or(NARROW),
        }
    }

    /// Whether that of the arguments and that of the logits may not change.
    fn fixed(options: &Classifier) -> (bool, bool) {
        let arguments = options.activation_interval.is_some() || options.warm_start.is_some();
        (arguments, options.interval.is_some())
    }

    fn hold(self, reach: &Trained) -> bool {
        MARGIN * reach.arguments <= self.arguments && MARGIN * reach.logits <= self.logits
    }

    /// The next to try, but for those that are fixed (of arguments, of logits). A training that diverges in an interval may hold in
    /// the next wider one.
    fn widened(self, reach: &Trained, fixed: (bool, bool)) -> Result<Self> {
        let widest = HALF_WIDTHS[HALF_WIDTHS.len() - 1];
        let diverged = MARGIN * reach.arguments.max(reach.logits) > widest;
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
        if fixed.0 && !diverged && MARGIN * reach.arguments > self.arguments {
            return Err(Error::Parameter {
                name: "activation_interval",
                got: self.arguments.to_string(),
                expected: format!(
                    "at least {:.2}, which arguments reach in plain training, or a lower learning rate",
                    MARGIN * reach.arguments
                ),
            });
        }
        let logits = next(self.logits, reach.logits, fixed.1)?;
        // the logits' polynomial is what diverges: arguments follow
        let arguments = if diverged { self.arguments } else { next(self.arguments, reach.arguments, false)? };
        Ok(Self { arguments, logits })
    }
}
