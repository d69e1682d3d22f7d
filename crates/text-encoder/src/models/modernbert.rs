//! ModernBERT (Warner et al., arXiv:2412.13663): rotary positions, gated layers that normalise first, and local
//! attention in all but every n-th layer.

use super::backbone::{Backbone, CONFIG, Packed, activation, head_dim};
use crate::dtype::Dtype;
use crate::error::Result;
use crate::folder::Folder;
use crate::ops::activation::Activation;
use crate::ops::attention::{Attention, Positions};
use crate::ops::linear::Linear;
use crate::ops::norm::LayerNorm;
use crate::ops::residual::{add, gather_sum};
use crate::ops::rope::Rope;
use crate::weights::{Scope, Weights};
use candle_core::Tensor;
use serde::Deserialize;

/// `config.json`, in the form of transformers 4 and of transformers 5 (`layer_types`, `rope_parameters`).
#[derive(Deserialize)]
struct Config {
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    max_position_embeddings: usize,
    #[serde(default = "gelu")]
    hidden_activation: String,
    #[serde(default = "eps")]
    norm_eps: f64,
    #[serde(default)]
    norm_bias: bool,
    #[serde(default)]
    attention_bias: bool,
    #[serde(default)]
    mlp_bias: bool,
    #[serde(default = "window")]
    local_attention: usize,
    layer_types: Option<Vec<String>>,
    #[serde(default = "three")]
    global_attn_every_n_layers: usize,
    rope_parameters: Option<RopeParameters>,
    global_rope_theta: Option<f64>,
    local_rope_theta: Option<f64>,
}

#[derive(Deserialize, Default)]
struct RopeParameters {
    full_attention: Option<RopeOfType>,
    sliding_attention: Option<RopeOfType>,
}

#[derive(Deserialize)]
struct RopeOfType {
    rope_theta: Option<f64>,
    #[serde(default = "default_rope")]
    rope_type: String,
}

fn gelu() -> String {
    "gelu".into()
}
fn default_rope() -> String {
    "default".into()
}
fn eps() -> f64 {
    1e-5
}
fn window() -> usize {
    128
}
fn three() -> usize {
    3
}

pub(super) struct ModernBert {
    words: Tensor,
    norm: LayerNorm,
    layers: Vec<Layer>,
    final_norm: LayerNorm,
    global: Rope,
    local: Rope,
    hidden_size: usize,
    positions: usize,
}

struct Layer {
    /// The first layer follows the embeddings' own normalisation and has none.
    attention_norm: Option<LayerNorm>,
    qkv: Linear,
    attention: Attention,
    attention_output: Linear,
    mlp_norm: LayerNorm,
    /// Value and gate side by side.
    up: Linear,
    act: Activation,
    down: Linear,
}

impl ModernBert {
    pub(super) fn load(folder: &Folder, weights: &Weights, dtype: Dtype) -> Result<Self> {
        let config: Config = folder.json(CONFIG)?;
        let hidden = config.hidden_size;
        let head_dim = head_dim(folder, hidden, config.num_attention_heads)?;
        if !head_dim.is_multiple_of(2) {
            return Err(folder.invalid(CONFIG, "heads of an even width, to rotate", head_dim.to_string()));
        }
        let is_root = |prefix: &&&str| weights.at(**prefix).has("embeddings.tok_embeddings.weight");
        let root = weights.at(*["", "model."].iter().find(is_root).unwrap_or(&""));

        let norm =
            |scope: &Scope<'_>, name: &str| scope.layer_norm(name, hidden, config.norm_eps, config.norm_bias);
        let embeddings = root.at("embeddings");
        let layers = (0..config.num_hidden_layers)
            .map(|i| Layer::load(&root.at("layers").at(&i.to_string()), i, folder, &config, dtype))
            .collect::<Result<_>>()?;
        let [global, local] =
            config.thetas(folder)?.map(|t| Rope::new(head_dim, config.max_position_embeddings, t));
        Ok(Self {
            words: embeddings.tensor("tok_embeddings.weight", &[config.vocab_size, hidden])?,
            norm: norm(&embeddings, "norm")?,
            layers,
            final_norm: norm(&root, "final_norm")?,
            global,
            local,
            hidden_size: hidden,
            positions: config.max_position_embeddings,
        })
    }
}

impl Config {
    /// Bases of the rotary angles in global and in local layers.
    fn thetas(&self, folder: &Folder) -> Result<[f64; 2]> {
        let none = RopeParameters::default();
        let RopeParameters { full_attention, sliding_attention } =
            self.rope_parameters.as_ref().unwrap_or(&none);
        let theta = |of_type: &Option<RopeOfType>, old: Option<f64>, default: f64| {
            if let Some(RopeOfType { rope_type, .. }) = of_type
                && rope_type != "default"
            {
                return Err(folder.unsupported(CONFIG, "rope_type", rope_type, "default"));
            }
            Ok(of_type.as_ref().and_then(|rope| rope.rope_theta).or(old).unwrap_or(default))
        };
        Ok([
            theta(full_attention, self.global_rope_theta, 160_000.0)?,
            theta(sliding_attention, self.local_rope_theta, 10_000.0)?,
        ])
    }

    /// Tokens that layer `i` sees to either side; `None` for a global layer.
    fn window(&self, i: usize, folder: &Folder) -> Result<Option<usize>> {
        let local = match &self.layer_types {
            None => self.global_attn_every_n_layers > 0 && !i.is_multiple_of(self.global_attn_every_n_layers),
            Some(types) => match types.get(i).map(String::as_str) {
                Some("sliding_attention") => true,
                Some("full_attention") => false,
                other => {
                    let supported = "full_attention, sliding_attention; one for each layer";
                    return Err(folder.unsupported(
                        CONFIG,
                        "layer_types",
                        other.unwrap_or("none"),
                        supported,
                    ));
                }
            },
        };
        Ok(local.then_some(self.local_attention / 2))
    }
}

impl Backbone for ModernBert {
    fn hidden_size(&self) -> usize {
        self.hidden_size
    }

    fn vocabulary(&self) -> usize {
        self.words.dims()[0]
    }

    fn positions(&self) -> usize {
        self.positions
    }

    fn forward(&self, texts: &Packed) -> candle_core::Result<Tensor> {
        let mut x = self.norm.forward(&gather_sum(&[(&self.words, &texts.ids)])?)?;
        for layer in &self.layers {
            let rope = if layer.attention.window.is_some() { &self.local } else { &self.global };
            x = layer.forward(x, &texts.offsets, Positions { rope: Some(rope), bias: None })?;
        }
        self.final_norm.forward(&x)
    }
}

impl Layer {
    fn load(scope: &Scope<'_>, i: usize, folder: &Folder, config: &Config, dtype: Dtype) -> Result<Self> {
        let (hidden, inner) = (config.hidden_size, config.intermediate_size);
        let head_dim = head_dim(folder, hidden, config.num_attention_heads)?;
        let linear = |name, inputs, outputs, bias| -> Result<Linear> {
            Ok(scope.linear(name, inputs, outputs, bias)?.in_dtype(dtype)?)
        };
        let norm = |name| scope.layer_norm(name, hidden, config.norm_eps, config.norm_bias);
        Ok(Self {
            attention_norm: (i > 0).then(|| norm("attn_norm")).transpose()?,
            qkv: linear("attn.Wqkv", hidden, 3 * hidden, config.attention_bias)?,
            attention: Attention {
                heads: config.num_attention_heads,
                head_dim,
                window: config.window(i, folder)?,
            },
            attention_output: linear("attn.Wo", hidden, hidden, config.attention_bias)?,
            mlp_norm: norm("mlp_norm")?,
            up: linear("mlp.Wi", hidden, 2 * inner, config.mlp_bias)?,
            act: activation(folder, &config.hidden_activation)?,
            down: linear("mlp.Wo", inner, hidden, config.mlp_bias)?,
        })
    }

    fn forward(&self, x: Tensor, offsets: &[usize], positions: Positions<'_>) -> candle_core::Result<Tensor> {
        let qkv = match &self.attention_norm {
            Some(norm) => self.qkv.forward(&norm.forward(&x)?)?,
            None => self.qkv.forward(&x)?,
        };
        let context = self.attention.forward(&qkv, offsets, positions)?;
        let x = add(x, &self.attention_output.forward(&context)?)?;
        let inner = self.act.gate(&self.up.forward(&self.mlp_norm.forward(&x)?)?)?;
        add(x, &self.down.forward(&inner)?)
    }
}
