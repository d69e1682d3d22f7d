//! Trainings of heads with a loss of the user's own.

use head_fit::fhe_head::{Functions, Link, Scheme};
use head_fit::ndarray::{Array1, Array2, s};
use head_fit::{Classifier, Custom, LinearLayer, Options};
use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::{PyMemoryError, PyValueError};
use pyo3::prelude::*;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::loss::LossFamily;
use crate::model::Model;
use crate::training::{classifier, description};
use crate::work;

/// A training of a head with a loss of the user's own: the method chosen, everything planned, nothing encrypted.
#[pyclass(frozen, module = "train_head._native")]
pub(crate) struct CustomTraining(head_fit::Training<Custom<LossFamily>>);

#[pymethods]
impl CustomTraining {
    /// Chooses what the options leave open, and plans. `options` are JSON, over the default ones; `loss` is that of `LossFamily`.
    #[staticmethod]
    #[pyo3(signature = (x, y, loss, options, preset=None))]
    fn prepare(
        py: Python<'_>,
        x: PyReadonlyArray2<'_, f64>,
        y: PyReadonlyArray1<'_, f64>,
        loss: &str,
        options: &str,
        preset: Option<&str>,
    ) -> PyResult<Self> {
        let family = LossFamily::from_json(loss)
            .map_err(|error| PyValueError::new_err(format!("the 'derivative' parameter: {error}")))?;
        let options = of_kind(classifier(options)?, family);
        let (x, y) = (x.as_array(), y.as_array());
        let scheme = preset.map(|name| Scheme::by_name(name).map_err(Failure::from)).transpose()?;
        work::run(py, None, |_| {
            Ok(Self(match &scheme {
                Some(scheme) => options.prepare_on(scheme, &x, &y)?,
                None => options.prepare(&x, &y)?,
            }))
        })
    }

    /// Everything that was chosen and planned, as JSON.
    fn describe(&self) -> String {
        let head_fit::Training { scheme, options, map, plan, .. } = &self.0;
        let mut described = description(scheme, plan);
        if let Value::Object(described) = &mut described {
            let Options { preprocessing, optimizer, learning_rate, max_iter, interval, .. } = options;
            let chosen = json!({
                "preprocessing": preprocessing, "optimizer": optimizer, "learning_rate": learning_rate,
                "max_iter": max_iter, "interval": interval, "derivative": plan.job.head(),
            });
            described.insert("options".into(), chosen);
            described.insert("directions".into(), json!(map.outputs()));
        }
        described.to_string()
    }

    /// The plain twin after each iteration: exact arithmetic, the same polynomials.
    fn trajectory(&self, py: Python<'_>) -> PyResult<Vec<Model>> {
        work::run(py, None, |_| {
            let iterates = self.0.trajectory(Functions::Exact)?;
            iterates.iter().map(|weights| Ok(self.model(weights)?)).collect()
        })
    }

    /// The simulated twin, and the standard deviation of the noise that encryption leaves in a weight.
    fn simulated(&self, py: Python<'_>) -> PyResult<(Model, f64)> {
        work::run(py, None, |_| {
            let head = self.0.train_simulated()?;
            Ok((self.model(&head.weights)?, head.error_std))
        })
    }

    /// Makes keys, encrypts the samples, trains on the ciphertexts and decrypts the head.
    #[pyo3(signature = (progress=None))]
    fn encrypted(&self, py: Python<'_>, progress: Option<Py<PyAny>>) -> PyResult<Model> {
        let sizes = &self.0.plan.sizes;
        let bytes = sizes.key_bytes.saturating_add(sizes.data_bytes).saturating_add(sizes.diagonal_bytes);
        train_head::expect_bytes(bytes as u64).map_err(PyMemoryError::new_err)?;
        work::run(py, progress.as_ref(), |reporter| {
            let parties = head_fit::Parties::new(&self.0, &mut |done| reporter.watch(done))?;
            let weights = parties.train(&self.0, &mut |done| reporter.watch(done))?;
            Ok(self.model(&weights)?)
        })
    }
}

impl CustomTraining {
    /// The head for features as they came.
    fn model(&self, weights: &[Array1<f64>]) -> head_fit::Result<Model> {
        let features = self.0.map.outputs();
        let layer = weights.first().filter(|weights| weights.len() > features);
        let layer =
            layer.ok_or(head_fit::Error::Shape { what: "weights", expected: features + 1, got: 0 })?;
        let (coef, intercept) = self.0.map.pull_back(&layer.slice(s![..features]), layer[layer.len() - 1])?;
        let coef = Array2::from_shape_fn((1, coef.len()), |(_, j)| coef[j]);
        let output = LinearLayer { coef, intercept: Array1::from_elem(1, intercept) };
        Ok(Model(head_fit::Model::linear(output, Link::Identity)))
    }
}

/// The same options for another kind of head.
fn of_kind(options: Classifier, family: LossFamily) -> Options<Custom<LossFamily>> {
    let Classifier { preprocessing, n_components, optimizer, learning_rate, max_iter, .. } = options;
    let Classifier { batch_size, interval, alpha, random_state, .. } = options;
    Options {
        preprocessing,
        n_components,
        optimizer,
        learning_rate,
        max_iter,
        batch_size,
        interval,
        alpha,
        random_state,
        ..Options::new(Custom(family))
    }
}
