//! NomicBERT: rotary positions and gated units (Nussbaum et al., arXiv:2402.01613).

use super::family::{Family, Sizes};
use super::limits::Limits;
use super::source::Source;
use crate::error::Result;
use crate::folder::Folder;
use crate::models::backbone::{CONFIG, head_dim};
use candle_core::Tensor;
use candle_transformers::models::nomic_bert::{self, NomicBertModel};
use serde::Deserialize;
use serde_json::{Map, Value};

/// `config.json`, by the names of the models on the hub.
#[derive(Deserialize)]
struct Config {
    vocab_size: usize,
    n_embd: usize,
    n_head: usize,
    n_layer: usize,
    n_inner: Option<usize>,
    n_positions: usize,
    #[serde(default = "two")]
    type_vocab_size: usize,
    #[serde(default = "eps")]
    layer_norm_epsilon: f64,
    #[serde(default = "one")]
    rotary_emb_fraction: f64,
    rotary_emb_base: Option<f64>,
    rotary_scaling_factor: Option<f64>,
    rope_parameters: Option<Rope>,
    #[serde(default)]
    rotary_emb_interleaved: bool,
    #[serde(default)]
    qkv_proj_bias: bool,
    #[serde(default)]
    mlp_fc1_bias: bool,
    #[serde(default)]
    mlp_fc2_bias: bool,
    #[serde(default = "swiglu")]
    activation_function: String,
    #[serde(default)]
    prenorm: bool,
    #[serde(default)]
    use_rms_norm: bool,
    #[serde(default)]
    causal: bool,
    #[serde(default)]
    parallel_block: bool,
    num_experts: Option<Value>,
}

#[derive(Deserialize)]
struct Rope {
    rope_theta: Option<f64>,
    #[serde(default = "default_rope")]
    rope_type: String,
}

fn two() -> usize {
    2
}
fn eps() -> f64 {
    1e-12
}
fn one() -> f64 {
    1.0
}
fn swiglu() -> String {
    "swiglu".into()
}
fn default_rope() -> String {
    "default".into()
}

/// Names on the hub, and the names that transformers writes instead.
const NAMES: [[&str; 2]; 8] = [
    ["n_embd", "hidden_size"],
    ["n_head", "num_attention_heads"],
    ["n_layer", "num_hidden_layers"],
    ["n_inner", "intermediate_size"],
    ["n_positions", "max_position_embeddings"],
    ["layer_norm_epsilon", "layer_norm_eps"],
    ["activation_function", "hidden_act"],
    ["rotary_emb_base", "rope_theta"],
];

impl Config {
    fn load(folder: &Folder) -> Result<Self> {
        let mut values: Map<String, Value> = folder.json(CONFIG)?;
        for [name, other] in NAMES {
            if let Some(value) = values.remove(other) {
                values.entry(name).or_insert(value);
            }
        }
        serde_json::from_value(Value::Object(values))
            .map_err(|error| folder.invalid(CONFIG, "the configuration of a NomicBERT", error.to_string()))
    }
}

pub(super) fn load(folder: &Folder, source: Source) -> Result<(Box<dyn Family>, Sizes)> {
    let config = Config::load(folder)?;
    let limits = Limits { folder };
    let inner = config.n_inner.unwrap_or(config.n_embd.saturating_mul(4));
    limits.transformer(config.vocab_size, [config.n_embd, inner], config.n_layer, config.n_positions)?;
    let width = head_dim(folder, config.n_embd, config.n_head)?;
    let rope = config.rope_parameters.as_ref();
    let base = rope.and_then(|rope| rope.rope_theta).or(config.rotary_emb_base).unwrap_or(1000.0);
    limits.rotation(width, config.n_positions, base)?;

    let act = config.activation_function.as_str();
    limits.refuse(!matches!(act, "swiglu" | "silu"), "activation_function", act, "swiglu, silu")?;
    let fraction = config.rotary_emb_fraction;
    limits.refuse(fraction != 1.0, "rotary_emb_fraction", &fraction.to_string(), "1")?;
    let kind = rope.map_or("default", |rope| &rope.rope_type);
    limits.refuse(kind != "default", "rope_type", kind, "default")?;
    limits.refuse(config.rotary_scaling_factor.is_some(), "rotary_scaling_factor", "a number", "null")?;
    limits.refuse(config.use_rms_norm, "use_rms_norm", "true", "false")?;
    limits.refuse(config.causal, "causal", "true", "false")?;
    limits.refuse(config.parallel_block, "parallel_block", "true", "false")?;
    let experts = config.num_experts.as_ref().filter(|count| count.as_u64() != Some(0));
    limits.refuse(experts.is_some(), "num_experts", "more than 0", "0")?;

    let sizes = Sizes { hidden: config.n_embd, vocabulary: config.vocab_size, positions: config.n_positions };
    let config = nomic_bert::Config {
        vocab_size: config.vocab_size,
        n_embd: config.n_embd,
        n_head: config.n_head,
        n_layer: config.n_layer,
        n_inner: inner,
        n_positions: config.n_positions,
        type_vocab_size: config.type_vocab_size,
        layer_norm_epsilon: config.layer_norm_epsilon,
        rotary_emb_fraction: 1.0,
        rotary_emb_base: base,
        rotary_emb_interleaved: config.rotary_emb_interleaved,
        qkv_proj_bias: config.qkv_proj_bias,
        mlp_fc1_bias: config.mlp_fc1_bias,
        mlp_fc2_bias: config.mlp_fc2_bias,
        activation_function: "swiglu".into(),
        prenorm: config.prenorm,
        model_type: None,
    };
    let prefixed = source.has("nomic_bert.embeddings.word_embeddings.weight");
    let given = if prefixed { "nomic_bert." } else { "" };
    let model = source.build("", given, |tensors| NomicBertModel::load(tensors, &config))?;
    Ok((Box::new(Nomic(model)), sizes))
}

struct Nomic(NomicBertModel);

impl Family for Nomic {
    fn forward(&self, ids: &Tensor) -> candle_core::Result<Tensor> {
        self.0.forward(ids, None, None)
    }
}
