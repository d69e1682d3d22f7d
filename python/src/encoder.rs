//! Texts to embeddings.

use std::num::NonZeroUsize;

use numpy::{IntoPyArray, PyArray2, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use serde::de::DeserializeOwned;
use text_encoder::{EncoderOptions, HubSettings, ModelSource, Prompt};

use crate::work;

/// Texts that are embedded between two looks at the signals: enough that texts of one length find each other.
const AT_ONCE: usize = 512;

/// A frozen text encoder.
#[pyclass(frozen, module = "train_head._native")]
pub(crate) struct TextEncoder(text_encoder::TextEncoder);

#[pymethods]
impl TextEncoder {
    #[new]
    #[pyo3(signature = (model, *, max_seq_length=None, long_text="mean", prompt=None, prompt_name=None, pooling=None, normalize=false, truncate_dim=None, dtype="auto", offline=false, progress=None))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments")]
    fn new(
        py: Python<'_>,
        model: &str,
        max_seq_length: Option<NonZeroUsize>,
        long_text: &str,
        prompt: Option<String>,
        prompt_name: Option<String>,
        pooling: Option<Vec<String>>,
        normalize: bool,
        truncate_dim: Option<NonZeroUsize>,
        dtype: &str,
        offline: bool,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let prompt = match (prompt, prompt_name) {
            (Some(text), None) if text.is_empty() => Prompt::None,
            (Some(text), None) => Prompt::Text(text),
            (None, Some(name)) => Prompt::Named(name),
            (None, None) => Prompt::Default,
            (Some(_), Some(_)) => {
                return Err(PyValueError::new_err("give a prompt or the name of one, not both"));
            }
        };
        let pooling = pooling.map(|modes| modes.iter().map(|mode| named("pooling", mode)).collect());
        let mut hub = HubSettings::from_env();
        hub.offline |= offline;
        let options = EncoderOptions {
            max_seq_length: max_seq_length.map(NonZeroUsize::get),
            long_text: named("long_text", long_text)?,
            prompt,
            pooling: pooling.transpose()?,
            normalize,
            truncate_dim: truncate_dim.map(NonZeroUsize::get),
            dtype: if dtype == "auto" { None } else { Some(named("dtype", dtype)?) },
            hub,
            ..EncoderOptions::default()
        };
        let encoder = work::run(py, progress.as_ref(), |_| {
            Ok(text_encoder::TextEncoder::load(&ModelSource::parse(model)?, &options)?)
        })?;
        Ok(Self(encoder))
    }

    /// Embeddings: texts by components.
    #[pyo3(signature = (texts, progress=None))]
    fn encode<'py>(
        &self,
        py: Python<'py>,
        texts: Vec<String>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let embeddings = work::run(py, progress.as_ref(), |reporter| {
            let mut all = Vec::with_capacity(texts.len() * self.0.dimension());
            for (index, some) in texts.chunks(AT_ONCE).enumerate() {
                all.extend(self.0.encode(some, |_| {})?);
                reporter.tell("encode", index * AT_ONCE + some.len(), texts.len())?;
            }
            Ok(all)
        })?;
        embeddings.into_pyarray(py).reshape([texts.len(), self.0.dimension()])
    }

    /// Identity and settings, as JSON.
    fn info(&self) -> PyResult<String> {
        serde_json::to_string(self.0.info()).map_err(|error| PyValueError::new_err(error.to_string()))
    }
}

/// A choice by its name in files.
fn named<T: DeserializeOwned>(option: &str, name: &str) -> PyResult<T> {
    let value = serde_json::Value::from(name);
    serde_json::from_value(value).map_err(|error| PyValueError::new_err(format!("{option}: {error}")))
}
