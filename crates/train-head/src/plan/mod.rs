//! The data party's plan file: what was chosen for a training, and how features become samples and weights become a head. It is
//! private, because the feature map holds statistics of the data.
//!
//! - this file: writing and reading, the plan, the head that a training gives;
//! - [`samples`]: features, weights and initial parameters to encrypt.

mod samples;

use std::path::Path;

use fhe_head::ckks::Parameters;
use fhe_head::estimator::PreparedHead;
use fhe_head::features::{FeatureMap, Preprocessing};
use fhe_head::labels::{ClassWeight, Classes};
use fhe_head::model::{Classifier, probabilities};
use fhe_head::plan::{Plan, Request};
use fhe_head::refresh::contract;
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::exit::{Failure, Result, training_failure};
use crate::files::embeddings::UsedEncoder;
use crate::files::head::{Description, Head, Training, of_both_classes};
use crate::files::{Access, read_json, write_json};
use crate::preset::preset;
use crate::samples::Matrix;
use samples::WeightSource;

const FORMAT: &str = "train-head plan 5";
/// Earlier formats that are still read. Their plans bootstrap only between iterations; format 3 has one sample per slot.
const EARLIER: [&str; 2] = ["train-head plan 3", "train-head plan 4"];

/// A plan file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PlanFile {
    /// Name and version of the format.
    format: String,
    /// Parameter set.
    preset: String,
    /// What was planned.
    request: Request,
    /// What the feature map does before the encryption.
    preprocessing: Preprocessing,
    map: FeatureMap,
    /// How much each class counts.
    class_weight: ClassWeight,
    /// Where sample weights come from; absent if all samples count the same.
    #[serde(default)]
    sample_weight: Option<WeightSource>,
    /// Seed of the shuffle of mini-batches and of initial weights.
    random_state: u64,
    /// Share of the samples held out for validation, in (0, 1).
    validation_fraction: Option<f64>,
    /// Parameters of an earlier head in the clear that the training starts from.
    #[serde(default)]
    start: Option<Vec<Array1<f64>>>,
    /// The labels.
    classes: Classes,
    /// Names of the features, if they come from a table.
    feature_names: Option<Vec<String>>,
    /// The encoder, if the samples are texts.
    encoder: Option<UsedEncoder>,
}

/// Settings that the plan file keeps for the encryption.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// How much each class counts.
    pub(crate) class_weight: ClassWeight,
    /// Seed of the shuffle of mini-batches and of initial weights.
    pub(crate) random_state: u64,
}

impl PlanFile {
    /// The plan file of a training that was prepared on `training`.
    pub(crate) fn new(
        prepared: &PreparedHead,
        settings: Settings,
        classes: &Classes,
        training: &Matrix,
    ) -> Self {
        Self {
            format: FORMAT.into(),
            preset: prepared.plan.preset.clone(),
            request: prepared.request.clone(),
            preprocessing: prepared.preprocessing,
            map: prepared.map.clone(),
            class_weight: settings.class_weight,
            sample_weight: training.weights.as_ref().map(WeightSource::of),
            random_state: settings.random_state,
            validation_fraction: None,
            start: prepared.start.clone().filter(|_| prepared.request.warm_start),
            classes: classes.clone(),
            feature_names: training.names.clone(),
            encoder: training.encoder.clone(),
        }
    }

    /// A plan for another training of the same head on the same features.
    #[must_use]
    pub(crate) fn with_request(self, request: Request, settings: Settings, training: &Matrix) -> Self {
        Self {
            request,
            class_weight: settings.class_weight,
            sample_weight: training.weights.as_ref().map(WeightSource::of),
            random_state: settings.random_state,
            validation_fraction: None,
            start: None,
            ..self
        }
    }

    /// The same plan for the samples that remain after a share was held out.
    #[must_use]
    pub(crate) fn with_validation(self, validation_fraction: Option<f64>) -> Self {
        Self { validation_fraction, ..self }
    }

    /// Writes the plan, readable only by its owner.
    ///
    /// # Errors
    /// Those of the operating system.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        write_json(path, Access::Private, self)
    }

    /// Reads a plan.
    ///
    /// # Errors
    /// The file does not exist, or is not a plan.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let plan: Self = read_json(path, "a plan (`train-head estimate --out` writes one)")?;
        if plan.format != FORMAT && !EARLIER.contains(&&*plan.format) {
            let found = &plan.format;
            return Err(Failure::file(format!(
                "{}: format {found:?}; this program reads {FORMAT:?} and {EARLIER:?}",
                path.display()
            )));
        }
        Ok(plan)
    }

    /// The parameter set.
    ///
    /// # Errors
    /// The plan names no preset.
    pub(crate) fn parameters(&self) -> Result<Parameters> {
        preset(&self.preset)
    }

    /// Job, levels and keys. They are planned again, which gives the same plan.
    ///
    /// # Errors
    /// The request does not fit the parameters.
    pub(crate) fn plan(&self) -> Result<Plan> {
        let parameters = self.parameters()?;
        Plan::new(&parameters, contract(&parameters).as_ref(), &self.request).map_err(training_failure)
    }

    /// What was planned.
    pub(crate) fn request(&self) -> &Request {
        &self.request
    }

    /// The labels.
    pub(crate) fn classes(&self) -> &Classes {
        &self.classes
    }

    /// Names of the features, if they come from a table.
    pub(crate) fn feature_names(&self) -> Option<&[String]> {
        self.feature_names.as_deref()
    }

    /// The plan without the feature map, for `inspect`.
    ///
    /// # Errors
    /// The request does not fit the parameters.
    pub(crate) fn summary(&self) -> Result<Value> {
        let plan = self.plan()?;
        Ok(json!({
            "preset": self.preset, "features": self.map.inputs(), "preprocessing": self.preprocessing,
            "classes": self.classes, "class_weight": self.class_weight,
            "encoder": self.encoder, "request": self.request,
            "packing": plan.job.packing().sizes(), "levels": plan.levels, "sizes": plan.sizes,
            "key_switches": plan.key_switches(), "bootstraps": plan.job.spec().refresh_before.len(),
            "activation_bootstraps": plan.activation_bootstraps(),
            "seconds": plan.seconds,
        }))
    }

    /// The head with these parameters, which a training gave in the space that is encrypted. `iterations` is how many it did.
    ///
    /// # Errors
    /// The number of parameters or weights is wrong.
    pub(crate) fn head(&self, parameters: &[Array1<f64>], iterations: usize) -> Result<Head> {
        let model = Classifier::from_parameters(&self.request.head, &self.map, parameters)
            .map_err(training_failure)?;
        let description = Description::new(
            &model,
            self.classes.clone(),
            self.feature_names.clone(),
            self.encoder.clone(),
            self.preprocessing,
            Training { preset: self.preset.clone(), iterations, encrypted: true },
        );
        Ok(Head { model, description })
    }

    /// Probabilities from decrypted scores: samples (rows) by classes (columns). A head with one output gives both classes.
    pub(crate) fn probabilities(&self, scores: Array2<f64>) -> Array2<f64> {
        of_both_classes(probabilities(scores, self.request.head.is_softmax()))
    }
}
