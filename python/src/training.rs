//! Trainings that are ready, their twins, and both parties in this process.

use head_fit::fhe_head::{Functions, Head, Link, Plan, Scheme};
use head_fit::ndarray::{Array1, Array2};
use head_fit::{Classifier, Data, Kind, LinearLayer, Targets};
use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::{PyMemoryError, PyValueError};
use pyo3::prelude::*;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::model::Model;
use crate::work;

/// Samples as Python has them: features, labels, weights, and the number of classes (none for numbers).
type Samples<'py> =
    (PyReadonlyArray2<'py, f64>, PyReadonlyArray2<'py, f64>, PyReadonlyArray1<'py, f64>, Option<usize>);

/// A training: the method chosen, everything planned, nothing encrypted.
#[pyclass(frozen, module = "train_head._native")]
pub(crate) struct Training(head_fit::Training);

#[pymethods]
impl Training {
    /// Chooses what the options leave open, and plans. `options` are JSON, over the default ones. `start` is a head to start from; with
    /// `from_zero` the plan is one that can be continued from any head.
    #[staticmethod]
    #[pyo3(signature = (samples, options, preset=None, start=None, from_zero=false))]
    fn prepare(
        py: Python<'_>,
        samples: Samples<'_>,
        options: &str,
        preset: Option<&str>,
        start: Option<&Model>,
        from_zero: bool,
    ) -> PyResult<Self> {
        let options = classifier(options)?;
        let scheme = preset.map(scheme).transpose()?;
        with_data(&samples, |data| {
            work::run(py, None, |_| {
                let zero = if from_zero { zero_model(options.kind, data) } else { None };
                let start = start.map(|model| &model.0).or(zero.as_ref());
                Ok(Self(match &scheme {
                    Some(scheme) => options.prepare_on(scheme, data, start)?,
                    None => options.prepare(data, start)?,
                }))
            })
        })
    }

    /// The same training on the next batch of samples, from a head of the batches before.
    fn next_batch(
        &self,
        py: Python<'_>,
        samples: Samples<'_>,
        start: &Model,
        learning_rate: f64,
    ) -> PyResult<Self> {
        with_data(&samples, |data| {
            work::run(py, None, |_| Ok(Self(self.0.next_batch(data, &start.0, learning_rate)?)))
        })
    }

    /// Everything that was chosen and planned, as JSON.
    fn describe(&self) -> PyResult<String> {
        let head_fit::Training { scheme, options, map, plan, expected, expected_errors, .. } = &self.0;
        let mut described = description(scheme, plan);
        if let Value::Object(described) = &mut described {
            described.insert("options".into(), json!(options));
            described.insert("directions".into(), json!(map.outputs()));
            described.insert("expected".into(), json!(expected));
            let short = expected.is_some_and(|expected| expected.is_poor());
            described.insert("falls_short".into(), json!(short));
            described.insert("expected_errors".into(), json!(expected_errors));
        }
        Ok(described.to_string())
    }

    /// The method as flags of the command line, as JSON. `classes` is the number of classes, none for so many numbers.
    fn flags(&self, classes: Option<usize>, numbers: usize) -> String {
        let targets = classes.map_or(Targets::Numbers(numbers), Targets::Classes);
        Value::Object(train_head::flags(&self.0.options, targets, &self.0.plan.preset)).to_string()
    }

    /// The plain twin: exact arithmetic, exact functions.
    fn plain(&self, py: Python<'_>) -> PyResult<Model> {
        work::run(py, None, |_| Ok(Model(self.0.plain_model()?)))
    }

    /// The simulated twin, and the standard deviation of the noise that encryption leaves in a weight.
    fn simulated(&self, py: Python<'_>) -> PyResult<(Model, f64)> {
        work::run(py, None, |_| {
            let head = self.0.train_simulated()?;
            Ok((Model(self.0.model(&head.weights)?), head.error_std))
        })
    }

    /// The plain twin after each iteration.
    fn trajectory(&self, py: Python<'_>) -> PyResult<Vec<Model>> {
        work::run(py, None, |_| {
            let iterates = self.0.trajectory(Functions::Exact)?;
            iterates
                .iter()
                .map(|weights| Ok(Model(self.0.model(weights)?.with_functions(Functions::Exact))))
                .collect()
        })
    }
}

/// Both parties in this process: a secret key, and the evaluation keys. They cannot be pickled.
#[pyclass(frozen, module = "train_head._native")]
pub(crate) struct Parties {
    parties: head_fit::Parties,
    /// What the keys are for.
    keys: (String, head_fit::fhe_head::engine::KeyLevels),
}

#[pymethods]
impl Parties {
    /// Makes the keys of a training. `MemoryError` says that keys and samples would not fit.
    #[new]
    #[pyo3(signature = (training, progress=None))]
    fn new(py: Python<'_>, training: &Training, progress: Option<Py<PyAny>>) -> PyResult<Self> {
        let (plan, parameters) = (&training.0.plan, training.0.scheme.parameters());
        train_head::expect_memory(plan, parameters).map_err(PyMemoryError::new_err)?;
        let parties = work::run(py, progress.as_ref(), |reporter| {
            Ok(head_fit::Parties::new(&training.0, &mut |done| reporter.watch(done))?)
        })?;
        Ok(Self { parties, keys: keys(&training.0.plan) })
    }

    /// Whether the keys are those of this training.
    fn serve(&self, training: &Training) -> bool {
        self.keys == keys(&training.0.plan)
    }

    /// Encrypts the samples, trains on the ciphertexts and decrypts the head.
    #[pyo3(signature = (training, progress=None))]
    fn train(&self, py: Python<'_>, training: &Training, progress: Option<Py<PyAny>>) -> PyResult<Model> {
        work::run(py, progress.as_ref(), |reporter| {
            let weights = self.parties.train(&training.0, &mut |done| reporter.watch(done))?;
            Ok(Model(training.0.model(&weights)?))
        })
    }
}

/// A plan for data of a shape, before there are any: as JSON.
#[pyfunction]
#[pyo3(signature = (samples, features, classes, outputs, options, preset=None))]
pub(crate) fn plan_for_shape(
    py: Python<'_>,
    samples: usize,
    features: usize,
    classes: Option<usize>,
    outputs: usize,
    options: &str,
    preset: Option<&str>,
) -> PyResult<String> {
    let options = classifier(options)?;
    let targets = classes.map_or(Targets::Numbers(outputs), Targets::Classes);
    let presets = preset.map(|name| vec![name]);
    work::run(py, None, |_| {
        let (scheme, plan) = options.plan_for_shape(samples, features, targets, presets.as_deref())?;
        Ok(description(&scheme, &plan).to_string())
    })
}

fn keys(plan: &Plan) -> (String, head_fit::fhe_head::engine::KeyLevels) {
    (plan.preset.clone(), plan.keys.clone())
}

/// Options over the default ones.
pub(crate) fn classifier(options: &str) -> PyResult<Classifier> {
    let refuse = |error: serde_json::Error| PyValueError::new_err(format!("options: {error}"));
    let mut all = serde_json::to_value(Classifier::default()).map_err(refuse)?;
    let given: Value = serde_json::from_str(options).map_err(refuse)?;
    if let (Value::Object(all), Value::Object(given)) = (&mut all, given) {
        all.extend(given);
    }
    serde_json::from_value(all).map_err(refuse)
}

/// The parameter set of this name.
fn scheme(name: &str) -> PyResult<Scheme> {
    Ok(Scheme::by_name(name).map_err(Failure::from)?)
}

/// Calls `with` with the samples, of which it copies nothing.
fn with_data<T>(samples: &Samples<'_>, with: impl FnOnce(&Data<'_>) -> PyResult<T>) -> PyResult<T> {
    let (x, y, weights, classes) = samples;
    let (x, y) = (x.as_array(), y.as_array());
    let data = match classes {
        Some(classes) => {
            // numpy's arrays have a column; a matrix without one is refused below
            let labels = y.columns().into_iter().next();
            let labels = labels.ok_or_else(|| PyValueError::new_err("the labels have no column"))?;
            Data::new(x, labels).and_then(|data| data.with_classes(*classes))
        }
        None => Data::regression(x, y),
    };
    let data = data.and_then(|data| data.weighted(weights.as_array())).map_err(Failure::from)?;
    with(&data)
}

/// A linear head of zeros. `None` for a hidden layer, which starts from random weights in any case, and where the kind of head is open.
fn zero_model(kind: Kind, data: &Data<'_>) -> Option<head_fit::Model> {
    let (link, outputs) = match (kind, data.targets()) {
        (Kind::Logistic { .. }, Targets::Classes(2)) => (Link::Logistic, 1),
        (Kind::Logistic { .. }, Targets::Classes(classes)) => (Link::Logistic, classes),
        (Kind::Softmax { .. }, Targets::Classes(classes)) => (Link::Softmax, classes),
        (Kind::Ridge, Targets::Numbers(numbers)) => (Link::Identity, numbers),
        _ => return None,
    };
    let coef = Array2::zeros((outputs, data.features().ncols()));
    Some(head_fit::Model::linear(LinearLayer { coef, intercept: Array1::zeros(outputs) }, link))
}

/// What was planned.
pub(crate) fn description<H: Head>(scheme: &Scheme, plan: &Plan<H>) -> Value {
    let parameters = scheme.parameters();
    json!({
        "preset": plan.preset,
        "degree": parameters.degree(),
        "levels": parameters.max_level(),
        "iterations": plan.job.iterations(),
        "bootstraps": plan.state_bootstraps() + plan.activation_bootstraps(),
        "sizes": plan.sizes,
        "seconds_on_one_core": plan.usual_seconds(parameters).ok(),
    })
}
