//! Trainings that are ready to be encrypted, with their plain and simulated twins.

use fhe_head::plan::{Plan, Request};
use fhe_head::twins::{self, SimulatedHead};
use fhe_head::{BuiltIn, Functions, Result, Samples, Scheme};
use ndarray::Array1;

use crate::classifier::{Classifier, Options};
use crate::data::Data;
use crate::features::FeatureMap;
use crate::kind::{HeadKind, Kind};
use crate::model::Model;
use crate::presets::{PRESETS, on_first};
use crate::tune::{Rehearsed, Task, choose};

/// A training that is ready to be encrypted.
#[derive(Clone, Debug)]
pub struct Training<K: HeadKind = Kind> {
    /// The parameter set.
    pub scheme: Scheme,
    /// What was asked for, with everything filled in that was chosen.
    pub options: Options<K>,
    /// The feature map; the data party keeps it.
    pub map: FeatureMap,
    /// Samples in the space that is encrypted, in the order in which mini-batches take them.
    pub samples: Samples,
    /// Job, levels, keys.
    pub plan: Plan<K::Head>,
    /// Weights to start from, one period of each vector, if not from zero.
    pub start: Option<Vec<Array1<f64>>>,
}

impl Classifier {
    /// Chooses what is open, maps the features, plans the training, and rehearses it in the clear, on the first of [`PRESETS`] that has
    /// the depth.
    ///
    /// # Errors
    /// As [`Self::prepare_on`].
    pub fn prepare(&self, data: &Data<'_>, start: Option<&Model>) -> Result<Training> {
        self.prepare_on_first(&PRESETS, data, start)
    }

    /// As [`Self::prepare`], on the first of these parameter sets that has the depth.
    ///
    /// # Errors
    /// As [`Self::prepare_on`]; [`fhe_head::Error::Ckks`] on an unknown name.
    pub fn prepare_on_first(
        &self,
        presets: &[&str],
        data: &Data<'_>,
        start: Option<&Model>,
    ) -> Result<Training> {
        on_first(presets, |scheme| self.prepare_on(scheme, data, start))
    }

    /// As [`Self::prepare`], on one parameter set. `start` is a model that the training starts from, encrypted by the data party; a
    /// hidden layer fixes units and activation.
    ///
    /// # Errors
    /// [`fhe_head::Error::Parameter`] on an option out of range; [`fhe_head::Error::Data`] on unusable data, for instance too few
    /// samples of a class; [`fhe_head::Error::OutsideInterval`] if the options force values out of their interval;
    /// [`fhe_head::Error::NeedsBootstrapping`] if they ask for more depth than the parameters have.
    pub fn prepare_on(&self, scheme: &Scheme, data: &Data<'_>, start: Option<&Model>) -> Result<Training> {
        self.check()?;
        // every fold of the cross-validation needs some
        let binary = data.classes() == 2 && !matches!(self.kind, Kind::Mlp { .. });
        data.expect_members(if binary { 8 } else { 3 })?;
        let batches = self.batches(data.len())?;
        let data = &data.with_class_weight(self.class_weight)?;
        Training::new(
            scheme,
            choose(Task { options: self, data, scheme, start, batches })?,
            batches,
            start.is_some(),
        )
    }
}

impl Training {
    fn new(scheme: &Scheme, rehearsed: Rehearsed, batches: usize, warm_start: bool) -> Result<Self> {
        let Rehearsed { options, map, samples, head, rates, start, largest_state } = rehearsed;
        let request = Request {
            optimizer: options.optimizer.unwrap_or(fhe_head::Optimizer::GradientDescent),
            alpha: options.alpha,
            batches,
            scoring: options.scoring,
            bootstraps: options.bootstraps,
            largest_weight: match head {
                BuiltIn::Mlp(_) => samples.largest_weight(batches),
                _ => 1.0,
            },
            largest_state,
            warm_start,
            ..Request::new(head, samples.len(), map.outputs(), rates)
        };
        let plan = Plan::new(scheme, &request)?;
        Ok(Self { scheme: scheme.clone(), options, map, samples, plan, start })
    }

    /// The model for features as they came, from weights of the encrypted space.
    ///
    /// # Errors
    /// [`fhe_head::Error::Shape`] on other weights.
    pub fn model(&self, weights: &[Array1<f64>]) -> Result<Model> {
        Model::from_weights(self.plan.job.head(), &self.map, weights)
    }

    /// The model of the plain twin: exact arithmetic and exact functions, in predictions too.
    ///
    /// # Errors
    /// None on data that was prepared.
    pub fn plain_model(&self) -> Result<Model> {
        Ok(self.model(&self.train_plain()?)?.with_functions(Functions::Exact))
    }
}

impl<K: HeadKind> Training<K> {
    /// Weights of the plain twin: exact arithmetic, exact functions. One period of each vector.
    ///
    /// # Errors
    /// None on data that was prepared.
    pub fn train_plain(&self) -> Result<Vec<Array1<f64>>> {
        twins::train_plain(&self.plan, &self.samples, self.start.as_deref())
    }

    /// Weights after each iteration in exact arithmetic.
    ///
    /// # Errors
    /// None on data that was prepared.
    pub fn trajectory(&self, functions: Functions) -> Result<Vec<Vec<Array1<f64>>>> {
        twins::trajectory(&self.plan, &self.samples, self.start.as_deref(), functions)
    }

    /// The simulated twin: polynomials, levels, scales and noise as under encryption.
    ///
    /// # Errors
    /// Whatever ciphertexts would refuse.
    pub fn train_simulated(&self) -> Result<SimulatedHead> {
        twins::train_simulated(&self.plan, &self.scheme, &self.samples, self.start.as_deref())
    }

    /// The same training ended after fewer iterations: its twins are those of a training that the data party stopped early.
    ///
    /// # Errors
    /// [`fhe_head::Error::Parameter`] if no iteration is left.
    pub fn until(&self, iterations: usize) -> Result<Self> {
        Ok(Self { plan: self.plan.until(iterations)?, ..self.clone() })
    }
}
