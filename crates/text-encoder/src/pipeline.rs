//! `modules.json`: the transformer, the pooling, and what is applied to the pooled vectors.

use crate::error::Result;
use crate::folder::Folder;
use crate::ops::activation::Activation;
use crate::ops::linear::Linear;
use crate::ops::norm::LayerNorm;
use crate::ops::residual::add;
use crate::pooling::{Pooling, PoolingMode};
use crate::tokenizer::TOKENIZERS;
use crate::weights::{self, Digests, Weights};
use candle_core::Tensor;
use serde::Deserialize;
use std::path::PathBuf;

const MODULES: &str = "modules.json";
const CONFIG: &str = "config.json";
const SUPPORTED: &str = "Transformer, Pooling, Dense, LayerNorm, Normalize, Dropout";

/// One entry of `modules.json`.
#[derive(Deserialize)]
struct Entry {
    path: String,
    #[serde(rename = "type")]
    class: String,
}

/// The folders of a model's modules, in order. Without `modules.json` a folder is a bare transformer.
pub(crate) struct Modules {
    pub(crate) transformer: Folder,
    /// Class and folder of each module after the transformer.
    rest: Vec<(String, Folder)>,
    root: Folder,
}

/// A module after the pooling.
pub(crate) enum Stage {
    Normalize,
    LayerNorm(LayerNorm),
    Dense {
        linear: Linear,
        /// Adds the input, projected if the width changes.
        residual: Option<Option<Linear>>,
        description: String,
    },
}

/// The steps after the transformer.
pub(crate) struct Pipeline {
    pub(crate) pooling: Pooling,
    pub(crate) stages: Vec<Stage>,
    /// Width of the result.
    pub(crate) dimension: usize,
}

#[derive(Deserialize)]
struct DenseConfig {
    in_features: usize,
    out_features: usize,
    #[serde(default = "yes")]
    bias: bool,
    #[serde(default = "tanh")]
    activation_function: String,
    #[serde(default)]
    use_residual: bool,
    #[serde(flatten)]
    features: Features,
}

/// The names of the vectors that a module reads and writes.
#[derive(Deserialize, Default)]
struct Features {
    module_input_name: Option<String>,
    module_output_name: Option<String>,
}

fn yes() -> bool {
    true
}
fn tanh() -> String {
    "torch.nn.modules.activation.Tanh".into()
}

impl Modules {
    pub(crate) fn read(root: &Folder) -> Result<Self> {
        let Some(entries) = root.json_if_present::<Vec<Entry>>(MODULES)? else {
            return Ok(Self { transformer: root.clone(), rest: Vec::new(), root: root.clone() });
        };
        let mut modules = Vec::new();
        for Entry { path, class } in entries {
            let folder = root.inside(&path).ok_or_else(|| {
                root.invalid(MODULES, "paths inside the model's folder", format!("'{path}'"))
            })?;
            let known = SUPPORTED.split(", ").find(|name| class.rsplit('.').next() == Some(name));
            match known {
                Some(name) if class.starts_with("sentence_transformers.") => {
                    modules.push((name.to_owned(), folder));
                }
                _ => return Err(root.unsupported(MODULES, "module type", &class, SUPPORTED)),
            }
        }
        let mut modules = modules.into_iter();
        match modules.next() {
            Some((name, transformer)) if name == "Transformer" => {
                Ok(Self { transformer, rest: modules.collect(), root: root.clone() })
            }
            other => {
                let found = other.map_or("none".into(), |(name, _)| name);
                Err(root.invalid(MODULES, "a Transformer as the first module", found))
            }
        }
    }

    /// The paths in `modules.json`, not yet checked.
    #[cfg(feature = "hub")]
    pub(crate) fn paths(root: &Folder) -> Result<Vec<String>> {
        let entries = root.json_if_present::<Vec<Entry>>(MODULES)?.unwrap_or_default();
        Ok(entries.into_iter().map(|entry| entry.path).collect())
    }

    /// The first file that the modules need and that does not exist. A cached model may be incomplete.
    pub(crate) fn first_missing(&self) -> Result<Option<PathBuf>> {
        let transformer = ("Transformer", &self.transformer);
        let rest = self.rest.iter().map(|(class, folder)| (class.as_str(), folder));
        for (class, folder) in std::iter::once(transformer).chain(rest) {
            let lacks =
                |names: &[&str]| (!names.iter().any(|name| folder.has(name))).then(|| folder.file(names[0]));
            let config = if matches!(class, "Normalize" | "Dropout") { None } else { lacks(&[CONFIG]) };
            let tokenizer = if class == "Transformer" { lacks(&TOKENIZERS) } else { None };
            let weights = match class {
                "Transformer" | "Dense" | "LayerNorm" => {
                    weights::missing(folder)?.map(|name| folder.file(&name))
                }
                _ => None,
            };
            if let Some(file) = config.or(tokenizer).or(weights) {
                return Ok(Some(file));
            }
        }
        Ok(None)
    }

    /// Loads all modules after the transformer, whose vectors have `hidden_size` components.
    pub(crate) fn load_rest(
        &self,
        hidden_size: usize,
        modes: Option<&[PoolingMode]>,
        digests: &mut Digests,
    ) -> Result<Pipeline> {
        let mut rest = self.rest.iter();
        let mut pooling = match rest.next() {
            None => Pooling::mean(),
            Some((name, folder)) if name == "Pooling" => Pooling::load(folder, hidden_size)?,
            Some((name, _)) => {
                return Err(self.root.invalid(MODULES, "Pooling after the Transformer", name.as_str()));
            }
        };
        if let Some(modes) = modes {
            pooling.modes = modes.to_vec();
        }
        let mut dimension = pooling.dimension(hidden_size);
        let mut stages = Vec::new();
        for (name, folder) in rest {
            match name.as_str() {
                "Dropout" => {} // the identity outside of training
                "Normalize" => {
                    let features: Option<Features> = folder.json_if_present(CONFIG)?;
                    features.unwrap_or_default().check(folder)?;
                    stages.push(Stage::Normalize);
                }
                "LayerNorm" => stages.push(layer_norm(folder, dimension, digests)?),
                "Dense" => stages.push(dense(folder, &mut dimension, digests)?),
                other => {
                    return Err(self.root.unsupported(
                        MODULES,
                        "module after the pooling",
                        other,
                        "Dense, LayerNorm, Normalize, Dropout",
                    ));
                }
            }
        }
        Ok(Pipeline { pooling, stages, dimension })
    }
}

impl Features {
    fn check(&self, folder: &Folder) -> Result<()> {
        let names = [&self.module_input_name, &self.module_output_name];
        match names.into_iter().flatten().find(|name| *name != "sentence_embedding") {
            Some(other) => Err(folder.unsupported(CONFIG, "feature", other, "sentence_embedding")),
            None => Ok(()),
        }
    }
}

fn layer_norm(folder: &Folder, dimension: usize, digests: &mut Digests) -> Result<Stage> {
    let weights = Weights::open(folder, digests)?;
    Ok(Stage::LayerNorm(weights.at("").layer_norm("norm", dimension, 1e-5, true)?))
}

fn dense(folder: &Folder, dimension: &mut usize, digests: &mut Digests) -> Result<Stage> {
    let config: DenseConfig = folder.json(CONFIG)?;
    config.features.check(folder)?;
    let DenseConfig { in_features: inputs, out_features: outputs, activation_function: class, .. } = &config;
    if inputs != dimension {
        let expected = format!("in_features {dimension}, the width of the vectors before it");
        return Err(folder.invalid(CONFIG, expected, inputs.to_string()));
    }
    let activation = Activation::from_torch_class(class).ok_or_else(|| {
        folder.unsupported(CONFIG, "activation_function", class, "Identity, GELU, ReLU, SiLU, Tanh, Sigmoid")
    })?;
    let weights = Weights::open(folder, digests)?;
    let scope = weights.at("");
    let linear = scope.linear("linear", *inputs, *outputs, config.bias)?.then(activation);
    let projection =
        || (inputs != outputs).then(|| scope.linear("residual", *inputs, *outputs, false)).transpose();
    let residual = config.use_residual.then(projection).transpose()?;
    *dimension = *outputs;
    let description = format!("dense {inputs}x{outputs} {activation:?}").to_lowercase();
    Ok(Stage::Dense { linear, residual, description })
}

impl Stage {
    /// `[texts, width]` to `[texts, new width]`.
    pub(crate) fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        match self {
            Self::Normalize => normalize(x),
            Self::LayerNorm(norm) => norm.forward(x),
            Self::Dense { linear, residual, .. } => {
                let y = linear.forward(x)?;
                match residual {
                    None => Ok(y),
                    Some(None) => add(y, x),
                    Some(Some(projection)) => add(y, &projection.forward(x)?),
                }
            }
        }
    }

    /// Its description in [`EncoderInfo`](crate::EncoderInfo).
    pub(crate) fn description(&self) -> String {
        match self {
            Self::Normalize => "normalize".into(),
            Self::LayerNorm(_) => "layer_norm".into(),
            Self::Dense { description, .. } => description.clone(),
        }
    }
}

/// Divides each row by its Euclidean length; rows shorter than 1e-12 are divided by that.
pub(crate) fn normalize(x: &Tensor) -> candle_core::Result<Tensor> {
    let lengths = x.sqr()?.sum_keepdim(1)?.sqrt()?.maximum(1e-12)?;
    x.broadcast_div(&lengths)
}
