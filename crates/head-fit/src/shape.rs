//! Plans for data of a shape, before there are any.

use fhe_head::plan::{Plan, Request};
use fhe_head::{
    Activation, BuiltIn, Degree, Error, Fit, Logistic, Mlp, Multinomial, Optimizer, Output, Result, Scheme,
    Sigmoid, Softmax, SoftmaxDepth, padded_features,
};

use crate::classifier::Classifier;
use crate::kind::Kind;
use crate::presets::{PRESETS, on_first};
use crate::tune::MLP_ITERATIONS;

/// Usual values for what would be chosen from the data.
const ITERATIONS: usize = 4;
const RATE: f64 = 4.0;
const INTERVAL: f64 = 8.0;
const ACTIVATION_INTERVAL: f64 = 4.0;

impl Classifier {
    /// A plan for data of this shape, with usual values for what would be chosen from the data, on the first of `presets` that has the
    /// depth ([`PRESETS`] if `None`).
    ///
    /// # Errors
    /// Options out of range; fewer than two classes or no sample; a shape that no parameter set holds.
    pub fn plan_for_shape(
        &self,
        samples: usize,
        features: usize,
        classes: usize,
        presets: Option<&[&str]>,
    ) -> Result<(Scheme, Plan)> {
        self.check()?;
        let batches = self.batches(samples)?;
        let features = self.n_components.map_or(features, |kept| kept.min(features));
        let head = self.usual_head(features, classes)?;
        let iterations = if matches!(head, BuiltIn::Mlp(_)) { MLP_ITERATIONS } else { ITERATIONS };
        let rate = self.learning_rate.unwrap_or(RATE);
        let rates = self.schedule.rates(rate, self.max_iter.unwrap_or(iterations))?;
        let request = Request {
            optimizer: self.optimizer.unwrap_or(Optimizer::NesterovSchedule),
            alpha: self.alpha,
            batches,
            scoring: self.scoring,
            bootstraps: self.bootstraps,
            ..Request::new(head, samples, features, rates)
        };
        on_first(presets.unwrap_or(&PRESETS), |scheme| Ok((scheme.clone(), Plan::new(scheme, &request)?)))
    }

    fn usual_head(&self, features: usize, classes: usize) -> Result<BuiltIn> {
        let interval = self.interval.unwrap_or(INTERVAL);
        if classes < 2 {
            return Err(Error::Parameter {
                name: "classes",
                got: classes.to_string(),
                expected: "at least two".into(),
            });
        }
        let sigmoid = |degree, fit| Sigmoid::new(degree, interval, fit);
        let multinomial = |depth| Softmax::new(classes, depth, interval).map(Multinomial::new);
        let outputs = if classes == 2 { 1 } else { classes };
        Ok(match self.kind {
            Kind::Logistic { degree, fit } => BuiltIn::Logistic(Logistic {
                outputs,
                sigmoid: sigmoid(degree.unwrap_or(Degree::Three), fit.unwrap_or_default())?,
            }),
            Kind::Auto if classes == 2 => {
                BuiltIn::Logistic(Logistic::binary(sigmoid(Degree::Three, Fit::default())?))
            }
            Kind::Auto => BuiltIn::Softmax(multinomial(SoftmaxDepth::Three)?),
            Kind::Softmax { depth } => BuiltIn::Softmax(multinomial(depth)?),
            Kind::Mlp { hidden, activation, activation_interval } => {
                let most = padded_features(features);
                if hidden > most {
                    return Err(Error::Parameter {
                        name: "hidden_layer_sizes",
                        got: hidden.to_string(),
                        expected: format!("at most {most} units with {features} features"),
                    });
                }
                let output = match classes {
                    2 => Output::Logistic(Logistic::binary(sigmoid(Degree::Three, Fit::default())?)),
                    _ => Output::Softmax(multinomial(SoftmaxDepth::Two)?),
                };
                let activation =
                    Activation::new(activation, activation_interval.unwrap_or(ACTIVATION_INTERVAL))?;
                BuiltIn::Mlp(Mlp { hidden, activation, output })
            }
        })
    }
}
