//! The weights of a model: one or several safetensors files or PyTorch checkpoints, read tensor by tensor as f32.

mod digest;
mod files;
mod pytorch;
mod safetensors;

#[cfg(feature = "hub")]
pub(crate) use digest::Sha256Hex;
pub(crate) use digest::{Digests, sha256};
pub(crate) use files::missing;
#[cfg(feature = "hub")]
pub(crate) use files::{FILE_NAMES, INDEX, shards};

use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::ops::linear::Linear;
use crate::ops::norm::LayerNorm;
use candle_core::pickle::PthTensors;
use candle_core::{DType, Tensor};
use safetensors::SafetensorsFile;
use std::path::PathBuf;

/// Opened weights files; tensors are read when asked for.
pub(crate) struct Weights {
    files: Vec<File>,
}

struct File {
    path: PathBuf,
    content: Content,
}

enum Content {
    Safetensors(SafetensorsFile),
    Pytorch(PthTensors),
}

impl Weights {
    /// Opens the weights in `folder`, and adds their digest to `digests`.
    pub(crate) fn open(folder: &Folder, digests: &mut Digests) -> Result<Self> {
        let mut files = Vec::new();
        for name in files::names(folder)? {
            if !folder.has(&name) {
                return Err(folder.missing(&name));
            }
            files.push(File::open(folder.file(&name))?);
            digests.add_file(&folder.file(&name))?;
        }
        Ok(Self { files })
    }

    /// The tensors whose names start with `prefix` (empty, or ending in a dot).
    pub(crate) fn at(&self, prefix: impl Into<String>) -> Scope<'_> {
        Scope { weights: self, prefix: prefix.into() }
    }

    fn find(&self, name: &str) -> Option<&File> {
        self.files.iter().find(|file| file.content.shape(name).is_some())
    }
}

impl File {
    fn open(path: PathBuf) -> Result<Self> {
        let content = if path.extension().is_some_and(|extension| extension == "safetensors") {
            Content::Safetensors(SafetensorsFile::open(&path)?)
        } else {
            Content::Pytorch(pytorch::open(&path)?)
        };
        Ok(Self { path, content })
    }

    fn read(&self, name: &str) -> Result<Option<Tensor>> {
        Ok(match &self.content {
            Content::Safetensors(file) => file.read(name)?,
            Content::Pytorch(file) => pytorch::read(file, &self.path, name)?,
        })
    }
}

impl Content {
    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        match self {
            Self::Safetensors(file) => file.shape(name),
            Self::Pytorch(file) => file.tensor_infos().get(name).map(|info| info.layout.dims().to_vec()),
        }
    }
}

/// The tensors under one prefix of names.
pub(crate) struct Scope<'a> {
    weights: &'a Weights,
    prefix: String,
}

impl Scope<'_> {
    /// The tensors under `prefix.name.`.
    pub(crate) fn at(&self, name: &str) -> Self {
        Self { weights: self.weights, prefix: format!("{}{name}.", self.prefix) }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.weights.find(&format!("{}{name}", self.prefix)).is_some()
    }

    /// The tensor `name` as contiguous f32, if it has the shape that the configuration demands.
    pub(crate) fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let name = format!("{}{name}", self.prefix);
        let error = |file: &File, found: String| Error::Tensor {
            file: file.path.clone(),
            tensor: name.clone(),
            expected: format!("shape {shape:?}"),
            found,
        };
        let Some(file) = self.weights.find(&name) else {
            return Err(error(&self.weights.files[0], "nothing of that name".into()));
        };
        // before memory is asked for
        let found = file.content.shape(&name).unwrap_or_default();
        if found != shape {
            return Err(error(file, format!("shape {found:?}")));
        }
        let tensor = file.read(&name)?.ok_or_else(|| error(file, "nothing of that name".into()))?;
        if !tensor.dtype().is_float() {
            return Err(error(file, format!("elements of type {}", tensor.dtype().as_str())));
        }
        Ok(tensor.to_dtype(DType::F32)?.contiguous()?)
    }

    /// A fully connected layer `name.weight`, `name.bias`.
    pub(crate) fn linear(&self, name: &str, inputs: usize, outputs: usize, bias: bool) -> Result<Linear> {
        let scope = self.at(name);
        let weight = scope.tensor("weight", &[outputs, inputs])?;
        let bias = bias.then(|| scope.tensor("bias", &[outputs])).transpose()?;
        Ok(Linear::new(&weight, bias)?)
    }

    /// A layer normalisation `name.weight`, `name.bias`; checkpoints of 2019 call them gamma and beta.
    pub(crate) fn layer_norm(&self, name: &str, width: usize, eps: f64, bias: bool) -> Result<LayerNorm> {
        let scope = self.at(name);
        let old = !scope.has("weight") && scope.has("gamma");
        let (gamma, beta) = if old { ("gamma", "beta") } else { ("weight", "bias") };
        let beta = bias.then(|| scope.tensor(beta, &[width])).transpose()?;
        Ok(LayerNorm::new(scope.tensor(gamma, &[width])?, beta, eps)?)
    }
}
