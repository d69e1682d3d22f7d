//! Plans for data of a shape, before there are any.

use fhe_head::plan::{Plan, Request};
use fhe_head::{
    Activation, BuiltIn, Degree, Error, Fit, Link, Logistic, Mlp, Multinomial, Optimizer, Ordinal, Output,
    Result, Ridge, Scheme, Sigmoid, Softmax, SoftmaxForm, padded_features,
};

use crate::classifier::Classifier;
use crate::kind::Kind;
use crate::labels::Targets;
use crate::presets::{all_schemes, on_first};
use crate::tune::MLP_ITERATIONS;

/// Usual values for what would be chosen from the data.
const ITERATIONS: usize = 4;
const RATE: f64 = 4.0;
const INTERVAL: f64 = 8.0;
const ACTIVATION_INTERVAL: f64 = 4.0;
const HIDDEN: usize = 32;

impl Classifier {
    /// A plan for data of this shape, with usual values for what would be chosen from the data, on the first of `presets` that has the
    /// depth, or on the set that serves the aim best if `None`.
    ///
    /// # Errors
    /// Options out of range; fewer than two classes, nothing to predict or no sample; a shape that no parameter set holds.
    pub fn plan_for_shape(
        &self,
        samples: usize,
        features: usize,
        targets: impl Into<Targets>,
        presets: Option<&[&str]>,
    ) -> Result<(Scheme, Plan)> {
        let targets = targets.into();
        self.check()?;
        self.kind.check_for(targets)?;
        let batches = self.batches(samples)?;
        let features = self.n_components.map_or(features, |kept| kept.min(features));
        let head = self.usual_head(features, targets)?;
        let iterations = if matches!(head, BuiltIn::Mlp(_)) { MLP_ITERATIONS } else { ITERATIONS };
        let rate = self.learning_rate.unwrap_or(RATE);
        let rates = self.schedule.rates(rate, self.max_iter.unwrap_or(iterations))?;
        let request = Request {
            optimizer: self.optimizer.unwrap_or(Optimizer::NesterovSchedule),
            alpha: self.alpha,
            batches,
            scoring: self.scoring,
            bootstraps: self.bootstraps,
            aim: self.optimize.unwrap_or_default(),
            ..Request::new(head, samples, features, rates)
        };
        match presets {
            None => Plan::cheapest(&all_schemes()?, &request),
            Some(names) => on_first(names, |scheme| Ok((scheme.clone(), Plan::new(scheme, &request)?))),
        }
    }

    fn usual_head(&self, features: usize, targets: Targets) -> Result<BuiltIn> {
        let half_width = self.interval.unwrap_or(INTERVAL);
        let (name, count, least) = match targets {
            Targets::Classes(classes) => ("classes", classes, 2),
            Targets::Labels(labels) => ("labels", labels, 1),
            Targets::Numbers(numbers) => ("numbers", numbers, 1),
        };
        if count < least {
            let expected = format!("at least {least}");
            return Err(Error::Parameter { name, got: count.to_string(), expected });
        }
        let sigmoid = |degree, fit| Sigmoid::new(degree, half_width, fit);
        let usual = |degree: Option<Degree>, fit: Option<Fit>| {
            sigmoid(degree.unwrap_or(Degree::Three), fit.unwrap_or_default())
        };
        let classes = match targets {
            Targets::Classes(classes) => classes,
            Targets::Labels(labels) => {
                let (degree, fit) = match self.kind {
                    Kind::Logistic { degree, fit } => (degree, fit),
                    _ => (None, None),
                };
                return Ok(BuiltIn::Logistic(Logistic::multi_label(labels, usual(degree, fit)?)));
            }
            Targets::Numbers(outputs) => return Ok(BuiltIn::Ridge(Ridge { outputs, half_width })),
        };
        let multinomial = |form| Softmax::new(classes, form, half_width).map(Multinomial::new);
        let outputs = targets.scores(Link::Logistic);
        Ok(match self.kind {
            Kind::Logistic { degree, fit } => {
                BuiltIn::Logistic(Logistic { outputs, multi_label: false, sigmoid: usual(degree, fit)? })
            }
            Kind::Ordinal { degree, fit } => {
                BuiltIn::Ordinal(Ordinal { steps: classes - 1, sigmoid: usual(degree, fit)? })
            }
            Kind::Auto if classes == 2 => {
                BuiltIn::Logistic(Logistic::binary(sigmoid(Degree::Three, Fit::default())?))
            }
            Kind::Auto | Kind::Ridge => BuiltIn::Softmax(multinomial(SoftmaxForm::Three)?),
            Kind::Softmax { form } => BuiltIn::Softmax(multinomial(form.unwrap_or(SoftmaxForm::Three))?),
            Kind::Mlp { hidden, activation, activation_interval } => {
                let most = padded_features(features);
                let hidden = hidden.unwrap_or(HIDDEN.min(most));
                if hidden > most {
                    return Err(Error::Parameter {
                        name: "hidden_layer_sizes",
                        got: hidden.to_string(),
                        expected: format!("at most {most} units with {features} features"),
                    });
                }
                let output = match classes {
                    2 => Output::Logistic(Logistic::binary(sigmoid(Degree::Three, Fit::default())?)),
                    _ => Output::Softmax(multinomial(SoftmaxForm::Two)?),
                };
                let activation =
                    Activation::new(activation, activation_interval.unwrap_or(ACTIVATION_INTERVAL))?;
                BuiltIn::Mlp(Mlp { hidden, activation, output })
            }
        })
    }
}
