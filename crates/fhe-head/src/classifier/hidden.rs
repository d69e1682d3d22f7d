//! Classifiers with a hidden layer: the intervals of activation and logits by rehearsal, then the plan.

use ckks::Parameters;
use ndarray::Array1;

use super::data::Data;
use super::{HALF_WIDTHS, PreparedClassifier, ValidClassifier};
use crate::activation::{Activation, Shape};
use crate::engine::trace::{Operation, RefreshContract};
use crate::error::{Error, Result};
use crate::features::Preprocessing;
use crate::head::Head as _;
use crate::heads::{BuiltIn, Logistic, Mlp, Multinomial, Output};
use crate::optimizer::Optimizer;
use crate::plan::{Plan, Request};
use crate::sigmoid::{Degree, Fit, Sigmoid};
use crate::softmax::{self, Softmax};
use crate::twins::{self, Reach};

/// Defaults of a hidden layer.
const MLP_RIDGE: f64 = 0.3;
const MLP_RATE: f64 = 0.5;
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
        let whitened = Preprocessing::Whiten { ridge: MLP_RIDGE, standardize: false };
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
        let rates = options
            .schedule
            .rates(options.learning_rate.unwrap_or(MLP_RATE), options.max_iter.unwrap_or(MLP_ITERATIONS))?;
        let head = |degree: Degree, widths: Widths| -> Result<Mlp> {
            let Widths { arguments, logits } = widths;
            let output = match data.classes {
                2 => {
                    let sigmoid = Sigmoid::new(degree, logits, Fit::LeastSquares)?;
                    Output::Logistic(Logistic::binary(sigmoid))
                }
                classes => {
                    Output::Softmax(Multinomial::new(Softmax::new(classes, softmax::Depth::Two, logits)?))
                }
            };
            Ok(Mlp { hidden, activation: Activation::new(shape, arguments)?, output })
        };
        let optimizer = options.optimizer.unwrap_or(Optimizer::Nesterov(MLP_MOMENTUM));
        let mut widths = Widths {
            arguments: options.activation_interval.unwrap_or(4.0),
            logits: options.interval.unwrap_or(4.0),
        };
        let fixed = (options.activation_interval.is_some(), options.interval.is_some());
        let request = |head: Mlp| Request {
            optimizer,
            alpha: options.alpha,
            batches: self.batches(samples.len()),
            scoring: options.scoring,
            ..Request::new(BuiltIn::Mlp(head), samples.len(), map.outputs(), rates.clone())
        };
        let plan = |request: &Request| Plan::new(parameters, contract, request);
        // in long trainings the logits of a hidden layer grow faster than those of a linear head: the best sigmoid that costs no
        // bootstrap more. Trainings that fit without one are short, and keep the levels for precision
        let mut degree = Degree::Three;
        if data.classes == 2
            && contract.is_some()
            && let Ok(better) = plan(&request(head(Degree::Seven, widths)?))
            && better.count(Operation::Refresh)
                <= plan(&request(head(degree, widths)?))?.count(Operation::Refresh)
        {
            degree = Degree::Seven;
        }
        // widened until a rehearsal with the polynomials stays inside
        loop {
            let head = head(degree, widths)?;
            let start: Vec<Array1<f64>> = head
                .initial(samples.padded_features(), options.random_state)
                .unwrap_or_default()
                .into_iter()
                .map(Array1::from_vec)
                .collect();
            let request = request(head);
            let rehearsed = plan(&request)?;
            let reach = twins::rehearse_hidden(&rehearsed, &samples, &start)?;
            if widths.hold(reach) {
                let request = Request { largest_state: reach.state, ..request };
                let plan = plan(&request)?;
                let start = Some(start);
                return Ok(PreparedClassifier { map, preprocessing, samples, request, plan, start });
            }
            widths = widths.widened(reach, fixed)?;
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
    fn hold(self, reach: Reach) -> bool {
        MARGIN * reach.arguments <= self.arguments && MARGIN * reach.logits <= self.logits
    }

    /// The next to try, but for those that are fixed (of arguments, of logits). A training that diverges in an interval may hold in
    /// the next wider one.
    fn widened(self, reach: Reach, fixed: (bool, bool)) -> Result<Self> {
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
