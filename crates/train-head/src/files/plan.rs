//! The data party's plan: what was chosen for a training, and what was done to the features. Private: the feature map
//! holds statistics of the data.

use std::path::Path;

use fhe_head::ckks::Parameters;
use fhe_head::estimator::PreparedHead;
use fhe_head::features::{FeatureMap, Preprocessing};
use fhe_head::labels::{ClassWeight, Classes};
use fhe_head::model::{Classifier, probabilities};
use fhe_head::plan::{Plan, Request};
use fhe_head::refresh::contract;
use fhe_head::samples::Samples;
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::embeddings::{UsedEncoder, encoder_failure};
use super::head::{Description, Head, Training, of_both_classes};
use super::keys::preset;
use super::{Access, read_json, write_json};
use crate::args::Hyper;
use crate::exit::{Failure, Result, training_failure};
use crate::input::SampleWeights;
use crate::samples::Matrix;

const FORMAT: &str = "train-head plan 5";
/// Versions whose plans have bootstraps between iterations alone, and of the first one sample in each slot, as they still say.
const EARLIER: [&str; 2] = ["train-head plan 3", "train-head plan 4"];

/// A plan, with all that turns features into samples and weights into a head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PlanFile {
    /// Name and version of the format.
    format: String,
    /// Parameter set.
    preset: String,
    /// What was planned.
    request: Request,
    /// What is done to features before the encryption, and its parameters.
    preprocessing: Preprocessing,
    map: FeatureMap,
    /// How much each class counts.
    class_weight: ClassWeight,
    /// Where the weights of the samples come from, if they do not count alike.
    #[serde(default)]
    sample_weight: Option<WeightSource>,
    /// Seed of the shuffle of mini-batches and of initial weights.
    random_state: u64,
    /// Share of the samples that is held out for validation.
    validation_fraction: Option<f64>,
    /// Parameters of an earlier head that the training starts from.
    #[serde(default)]
    start: Option<Vec<Array1<f64>>>,
    /// The labels.
    classes: Classes,
    /// Names of the features, if they come from a table.
    feature_names: Option<Vec<String>>,
    /// The encoder, if they come from texts.
    encoder: Option<UsedEncoder>,
}

/// Where weights of samples come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum WeightSource {
    /// A column of the table.
    Column(String),
    /// The file of embeddings.
    Embeddings,
}

impl WeightSource {
    fn of(weights: &SampleWeights) -> Self {
        weights.column.clone().map_or(Self::Embeddings, Self::Column)
    }
}

impl PlanFile {
    /// The plan of a training that was prepared on `training` as `hyper` said.
    pub(crate) fn new(prepared: &PreparedHead, hyper: &Hyper, classes: &Classes, training: &Matrix) -> Self {
        Self {
            format: FORMAT.into(),
            preset: prepared.plan.preset.clone(),
            request: prepared.request.clone(),
            preprocessing: prepared.preprocessing,
            map: prepared.map.clone(),
            class_weight: hyper.class_weight,
            sample_weight: training.weights.as_ref().map(WeightSource::of),
            random_state: hyper.random_state,
            validation_fraction: None,
            start: prepared.start.clone().filter(|_| prepared.request.warm_start),
            classes: classes.clone(),
            feature_names: training.names.clone(),
            encoder: training.encoder.clone(),
        }
    }

    /// What was planned.
    pub(crate) fn request(&self) -> &Request {
        &self.request
    }

    /// A plan for another training of the same head on the same features.
    #[must_use]
    pub(crate) fn with_request(self, request: Request, hyper: &Hyper, training: &Matrix) -> Self {
        Self {
            request,
            class_weight: hyper.class_weight,
            sample_weight: training.weights.as_ref().map(WeightSource::of),
            random_state: hyper.random_state,
            validation_fraction: None,
            start: None,
            ..self
        }
    }

    /// The same plan, whose samples are what is left after a share was held out.
    #[must_use]
    pub(crate) fn with_validation(self, validation_fraction: Option<f64>) -> Self {
        Self { validation_fraction, ..self }
    }

    /// The samples to train on, and those that the plan holds out.
    ///
    /// # Errors
    /// Labels of no class; too few samples.
    pub(crate) fn hold_out(&self, matrix: Matrix) -> Result<(Matrix, Option<Matrix>)> {
        let Some(share) = self.validation_fraction else { return Ok((matrix, None)) };
        let [training, validation] = matrix.hold_out(&self.classes, share, self.random_state)?;
        Ok((training, Some(validation)))
    }

    /// Writes the plan, for its owner alone.
    ///
    /// # Errors
    /// Those of the operating system.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        write_json(path, Access::Private, self)
    }

    /// Reads a plan.
    ///
    /// # Errors
    /// A file that is not there, or is no plan.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let plan: Self = read_json(path, "a plan (`train-head estimate --out` writes one)")?;
        if plan.format != FORMAT && !EARLIER.contains(&&*plan.format) {
            let found = &plan.format;
            return Err(Failure::file(format!(
                "{}: format {found:?}, this program reads {FORMAT:?} and {EARLIER:?}",
                path.display()
            )));
        }
        Ok(plan)
    }

    /// The parameter set.
    ///
    /// # Errors
    /// It is none of the presets.
    pub(crate) fn parameters(&self) -> Result<Parameters> {
        preset(&self.preset)
    }

    /// Job, levels and keys: planned anew, which gives what was planned before.
    ///
    /// # Errors
    /// The plan does not fit its parameters.
    pub(crate) fn plan(&self) -> Result<Plan> {
        let parameters = self.parameters()?;
        Plan::new(&parameters, contract(&parameters).as_ref(), &self.request).map_err(training_failure)
    }

    /// The plan without the feature map, for a person.
    ///
    /// # Errors
    /// The plan does not fit its parameters.
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

    /// Names of the features, if they come from a table.
    pub(crate) fn feature_names(&self) -> Option<&[String]> {
        self.feature_names.as_deref()
    }

    /// Features in the space that is encrypted, without the constant one: samples (rows) by features.
    ///
    /// # Errors
    /// Features that the plan was not made for.
    pub(crate) fn features(&self, matrix: &Matrix) -> Result<Array2<f64>> {
        if matrix.x.ncols() != self.map.inputs() {
            return Err(Failure::data(format!(
                "the plan is for samples of {} features, the data have {}",
                self.map.inputs(),
                matrix.x.ncols()
            )));
        }
        if let (Some(expected), Some(found)) = (&self.encoder, &matrix.encoder) {
            expected.info.expect_same(&found.info).map_err(encoder_failure)?;
        }
        self.map.apply(&matrix.x.view()).map_err(training_failure)
    }

    /// Samples to train on, in the space that is encrypted.
    ///
    /// # Errors
    /// Data that the plan was not made for.
    pub(crate) fn samples(&self, matrix: &Matrix) -> Result<Samples> {
        if matrix.x.nrows() != self.request.samples || matrix.x.ncols() != self.map.inputs() {
            let (rows, columns) = matrix.x.dim();
            return Err(Failure::data(format!(
                "the plan is for {} samples of {} features, the data are {rows} of {columns}",
                self.request.samples,
                self.map.inputs()
            ))
            .help("`train-head estimate` makes a plan for these data"));
        }
        let y = matrix.encode_labels(&self.classes, "the data to encrypt")?;
        if let Some(absent) = (0..self.classes.count()).find(|&class| !y.iter().any(|&y| y == class as f64)) {
            let name = &self.classes.names()[absent];
            return Err(Failure::data(format!("the data to encrypt hold no sample of class {name:?}"))
                .help("`train-head estimate` makes a plan for the classes that there are"));
        }
        let weight = self.sample_weights(matrix, &y)?;
        let x = self.features(matrix)?;
        let samples = Samples::new(&x.view(), &y.view(), &weight.view()).map_err(training_failure)?;
        Ok(samples.for_batches(self.request.batches, self.random_state))
    }

    /// The parameters that travel with the data for the training to start from: an earlier head's, or random ones for a head that
    /// cannot start from zero.
    pub(crate) fn start(&self) -> Option<Vec<Array1<f64>>> {
        match &self.start {
            Some(start) => Some(start.clone()),
            None if self.request.continues => None,
            None => self.request.initial(self.random_state),
        }
    }

    /// The column with the weights of the samples, if there is one.
    pub(crate) fn weight_column(&self) -> Option<&str> {
        match &self.sample_weight {
            Some(WeightSource::Column(column)) => Some(column),
            _ => None,
        }
    }

    /// The weight of each sample: its own times that of its class.
    ///
    /// # Errors
    /// Weights where the plan was made without them, or the other way round; class weights that are not positive.
    pub(crate) fn sample_weights(&self, matrix: &Matrix, y: &Array1<f64>) -> Result<Array1<f64>> {
        if matrix.weights.as_ref().map(WeightSource::of) != self.sample_weight {
            let (plan, data) = match self.sample_weight {
                Some(_) => ("with sample weights", "no"),
                None => ("without sample weights", "some"),
            };
            return Err(Failure::data(format!(
                "the plan was made {plan}, the data have {data} such weights"
            ))
            .help("`train-head estimate` makes a plan for these data"));
        }
        Ok(self.class_weight.weights(y).map_err(training_failure)? * matrix.sample_weight())
    }

    /// Probabilities of the classes (columns), of both where the head has one output, from decrypted scores.
    pub(crate) fn probabilities(&self, scores: Array2<f64>) -> Array2<f64> {
        of_both_classes(probabilities(scores, self.request.head.is_softmax()))
    }

    /// The labels.
    pub(crate) fn classes(&self) -> &Classes {
        &self.classes
    }

    /// The head from parameters of the encrypted space after so many iterations.
    ///
    /// # Errors
    /// Another number of parameters or weights.
    pub(crate) fn head(&self, parameters: &[Array1<f64>], iterations: usize) -> Result<Head> {
        let model = Classifier::from_parameters(&self.request.head, &self.map, parameters)
            .map_err(training_failure)?;
        let training = Training { preset: self.preset.clone(), iterations, encrypted: true };
        let description = Description::new(
            &self.classes,
            &model,
            self.map.inputs(),
            self.feature_names.clone(),
            self.encoder.clone(),
            self.preprocessing,
            training,
        );
        Ok(Head { model, description })
    }
}
