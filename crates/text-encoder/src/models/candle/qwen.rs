//! Qwen 2 and Qwen 3: causal language models, used as encoders by their last token.

use super::family::{Family, Sizes};
use super::limits::Limits;
use super::source::Source;
use crate::error::Result;
use crate::folder::Folder;
use crate::models::backbone::CONFIG;
use candle_core::Tensor;
use candle_transformers::models::{qwen2, qwen3};
use serde::Deserialize;
use serde_json::Value;

/// `config.json`, in the form of transformers 4 and of transformers 5 (`rope_parameters`).
#[derive(Deserialize)]
struct Config {
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    max_position_embeddings: usize,
    #[serde(default = "eps")]
    rms_norm_eps: f64,
    #[serde(default = "silu")]
    hidden_act: String,
    #[serde(default)]
    attention_bias: bool,
    rope_theta: Option<f64>,
    rope_parameters: Option<Rope>,
    rope_scaling: Option<Value>,
    #[serde(default)]
    use_sliding_window: bool,
    layer_types: Option<Vec<String>>,
    is_causal: Option<bool>,
}

#[derive(Deserialize)]
struct Rope {
    rope_theta: Option<f64>,
    #[serde(default = "default_rope")]
    rope_type: String,
}

fn eps() -> f64 {
    1e-6
}
fn silu() -> String {
    "silu".into()
}
fn default_rope() -> String {
    "default".into()
}

/// Sizes that do not stand in the configuration alone.
struct Checked {
    config: Config,
    keys: usize,
    head_dim: usize,
    theta: f64,
    act: candle_nn::Activation,
}

impl Checked {
    fn load(folder: &Folder) -> Result<Self> {
        let config: Config = folder.json(CONFIG)?;
        let limits = Limits { folder };
        let (hidden, heads) = (config.hidden_size, config.num_attention_heads);
        let positions = config.max_position_embeddings;
        limits.transformer(
            config.vocab_size,
            [hidden, config.intermediate_size],
            config.num_hidden_layers,
            positions,
        )?;
        let keys = config.num_key_value_heads.unwrap_or(heads);
        let head_dim = config.head_dim.unwrap_or(hidden / heads.max(1));
        limits.heads(heads, keys, head_dim)?;
        let theta = config.rope_parameters.as_ref().and_then(|rope| rope.rope_theta).or(config.rope_theta);
        let theta = theta.unwrap_or(10_000.0);
        limits.rotation(head_dim, positions, theta)?;

        if let Some(Rope { rope_type, .. }) = &config.rope_parameters {
            limits.refuse(rope_type != "default", "rope_type", rope_type, "default")?;
        }
        let scaling = config.rope_scaling.as_ref().filter(|scaling| !scaling.is_null());
        limits.refuse(scaling.is_some(), "rope_scaling", &format!("{scaling:?}"), "null")?;
        limits.refuse(config.use_sliding_window, "use_sliding_window", "true", "false")?;
        let local = config.layer_types.iter().flatten().find(|kind| *kind != "full_attention");
        limits.refuse(local.is_some(), "layer_types", local.map_or("", String::as_str), "full_attention")?;
        limits.refuse(config.is_causal == Some(false), "is_causal", "false", "true")?;
        let act = limits.activation(&config.hidden_act)?;
        Ok(Self { keys, head_dim, theta, act, config })
    }

    fn sizes(&self) -> Sizes {
        Sizes {
            hidden: self.config.hidden_size,
            vocabulary: self.config.vocab_size,
            positions: self.config.max_position_embeddings,
        }
    }
}

/// What the names of the tensors start with in the files. Checkpoints of language models have a prefix.
fn prefix(source: &Source) -> &'static str {
    if source.has("model.embed_tokens.weight") { "model." } else { "" }
}

/// The configuration of one of the two families, whose types share most fields.
macro_rules! config {
    ($family:ident, $checked:expr, { $($own:ident: $value:expr),* }) => {
        $family::Config {
            vocab_size: $checked.config.vocab_size,
            hidden_size: $checked.config.hidden_size,
            intermediate_size: $checked.config.intermediate_size,
            num_hidden_layers: $checked.config.num_hidden_layers,
            num_attention_heads: $checked.config.num_attention_heads,
            num_key_value_heads: $checked.keys,
            max_position_embeddings: $checked.config.max_position_embeddings,
            max_window_layers: 0,
            tie_word_embeddings: true,
            rope_theta: $checked.theta,
            rms_norm_eps: $checked.config.rms_norm_eps,
            use_sliding_window: false,
            hidden_act: $checked.act,
            $($own: $value),*
        }
    };
}

pub(super) fn load_qwen3(folder: &Folder, source: Source) -> Result<(Box<dyn Family>, Sizes)> {
    let checked = Checked::load(folder)?;
    let config = config!(qwen3, checked, {
        head_dim: checked.head_dim,
        attention_bias: checked.config.attention_bias,
        sliding_window: None
    });
    let prefix = prefix(&source);
    let model = source.build("model.", prefix, |tensors| qwen3::Model::new(&config, tensors))?;
    Ok((Box::new(Qwen3(model)), checked.sizes()))
}

pub(super) fn load_qwen2(folder: &Folder, source: Source) -> Result<(Box<dyn Family>, Sizes)> {
    let checked = Checked::load(folder)?;
    let Config { hidden_size, num_attention_heads: heads, max_position_embeddings, .. } = checked.config;
    if checked.head_dim * heads != hidden_size {
        let expected = "a hidden size that is the number of attention heads times their width";
        let found = format!("{hidden_size}, {heads} and {}", checked.head_dim);
        return Err(folder.invalid(CONFIG, expected, found));
    }
    // the window is as wide as any text
    let config = config!(qwen2, checked, { sliding_window: max_position_embeddings });
    let prefix = prefix(&source);
    let model = source.build("model.", prefix, |tensors| qwen2::Model::new(&config, tensors))?;
    Ok((Box::new(Qwen2(model)), checked.sizes()))
}

/// The models keep keys and values of the texts before. A copy of one that has seen none shares its weights.
struct Qwen2(qwen2::Model);
struct Qwen3(qwen3::Model);

impl Family for Qwen2 {
    fn forward(&self, ids: &Tensor) -> candle_core::Result<Tensor> {
        self.0.clone().forward(ids, 0, None)
    }
}

impl Family for Qwen3 {
    fn forward(&self, ids: &Tensor) -> candle_core::Result<Tensor> {
        self.0.clone().forward(ids, 0)
    }
}
