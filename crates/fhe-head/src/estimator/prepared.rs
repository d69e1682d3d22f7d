//! Trainings that are ready to be encrypted, with their plain and simulated twins.

use ckks::Parameters;
use ndarray::Array1;

use crate::classifier::PreparedClassifier;
use crate::dense::Iterate;
use crate::engine::trace::RefreshContract;
use crate::error::Result;
use crate::features::{FeatureMap, Preprocessing};
use crate::model::{Classifier, Head};
use crate::plan::{Plan, Request};
use crate::samples::Samples;
use crate::tune::Choice;
use crate::twins;

/// A training that is ready to be encrypted.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The feature map; the data party keeps it.
    pub map: FeatureMap,
    /// Samples in the space that is encrypted.
    pub samples: Samples,
    /// The method.
    pub choice: Choice,
    /// What was planned.
    pub request: Request,
    /// Job, levels, keys.
    pub plan: Plan,
    /// Trajectory with the polynomial in plain arithmetic: inside the interval throughout.
    pub rehearsal: Vec<Iterate>,
    /// Parameters to start from, if not from zero.
    pub start: Option<Vec<Array1<f64>>>,
}

impl Prepared {
    /// The plain twin: exact arithmetic, exact logistic function.
    ///
    /// # Errors
    /// None on data that was prepared.
    pub fn train_plain(&self) -> Result<Head> {
        self.head(&twins::train_plain(&self.plan, &self.samples, self.start.as_deref())?[0])
    }

    /// The simulated twin, and the estimated standard deviation of the noise in a weight (before the feature map).
    ///
    /// # Errors
    /// Whatever ciphertexts would refuse.
    pub fn train_simulated(
        &self,
        parameters: &Parameters,
        contract: Option<&RefreshContract>,
    ) -> Result<(Head, f64)> {
        let start = self.start.as_deref();
        let simulated = twins::train_simulated(&self.plan, parameters, contract, &self.samples, start)?;
        Ok((self.head(&simulated.parameters[0])?, simulated.error_std))
    }

    /// The head from weights of the encrypted space.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] on another number of weights.
    pub fn head(&self, weights: &Array1<f64>) -> Result<Head> {
        Head::from_weights(&self.map, &weights.view())
    }
}

/// A training of any head that is ready to be encrypted.
#[derive(Clone, Debug)]
pub struct PreparedHead {
    /// The feature map; the data party keeps it.
    pub map: FeatureMap,
    /// Samples in the space that is encrypted.
    pub samples: Samples,
    /// What the map does.
    pub preprocessing: Preprocessing,
    /// What was planned.
    pub request: Request,
    /// Job, levels, keys.
    pub plan: Plan,
    /// Parameters to start from, for a head that does not start from zero.
    pub start: Option<Vec<Array1<f64>>>,
}

impl From<Prepared> for PreparedHead {
    fn from(prepared: Prepared) -> Self {
        let Prepared { map, samples, choice, request, plan, start, .. } = prepared;
        Self { map, samples, preprocessing: choice.preprocessing, request, plan, start }
    }
}

impl From<PreparedClassifier> for PreparedHead {
    fn from(prepared: PreparedClassifier) -> Self {
        let PreparedClassifier { map, preprocessing, samples, request, plan, start } = prepared;
        Self { map, samples, preprocessing, request, plan, start }
    }
}

impl PreparedHead {
    /// Parameters of the plain twin: exact arithmetic, exact functions.
    ///
    /// # Errors
    /// None on data that was prepared.
    pub fn train_plain(&self) -> Result<Vec<Array1<f64>>> {
        twins::train_plain(&self.plan, &self.samples, self.start.as_deref())
    }

    /// Parameters of the simulated twin: polynomials, levels, scales and noise as under encryption.
    ///
    /// # Errors
    /// Whatever ciphertexts would refuse.
    pub fn train_simulated(
        &self,
        parameters: &Parameters,
        contract: Option<&RefreshContract>,
    ) -> Result<Vec<Array1<f64>>> {
        let start = self.start.as_deref();
        Ok(twins::train_simulated(&self.plan, parameters, contract, &self.samples, start)?.parameters)
    }

    /// The head from parameters of the encrypted space.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] on another number of parameters.
    pub fn classifier(&self, parameters: &[Array1<f64>]) -> Result<Classifier> {
        Classifier::from_parameters(self.plan.job.head(), &self.map, parameters)
    }
}
