//! The encoder of T5 and mT5.

use super::family::{Family, Sizes};
use super::limits::Limits;
use super::source::Source;
use crate::error::Result;
use crate::folder::Folder;
use crate::models::backbone::CONFIG;
use candle_core::Tensor;
use candle_transformers::models::t5::{self, ActivationWithOptionalGating, T5EncoderModel};
use serde::Deserialize;

#[derive(Deserialize)]
struct Config {
    vocab_size: usize,
    d_model: usize,
    d_kv: usize,
    d_ff: usize,
    num_layers: usize,
    num_heads: usize,
    #[serde(default = "buckets")]
    relative_attention_num_buckets: usize,
    #[serde(default = "distance")]
    relative_attention_max_distance: usize,
    #[serde(default = "eps")]
    layer_norm_epsilon: f64,
    #[serde(default = "relu")]
    feed_forward_proj: String,
    /// Positions are relative, so that texts may be longer; models are trained for this.
    #[serde(default = "positions")]
    n_positions: usize,
}

fn buckets() -> usize {
    32
}
fn distance() -> usize {
    128
}
fn eps() -> f64 {
    1e-6
}
fn relu() -> String {
    "relu".into()
}
fn positions() -> usize {
    512
}

pub(super) fn load(folder: &Folder, source: Source) -> Result<(Box<dyn Family>, Sizes)> {
    let config: Config = folder.json(CONFIG)?;
    let limits = Limits { folder };
    limits.transformer(
        config.vocab_size,
        [config.d_model, config.d_ff],
        config.num_layers,
        config.n_positions,
    )?;
    limits.heads(config.num_heads, config.num_heads, config.d_kv)?;
    let (buckets, distance) = (config.relative_attention_num_buckets, config.relative_attention_max_distance);
    limits.within("relative_attention_num_buckets", buckets, 4, 1 << 16)?;
    limits.within("relative_attention_max_distance", distance, buckets, 1 << 20)?;
    let sizes =
        Sizes { hidden: config.d_model, vocabulary: config.vocab_size, positions: config.n_positions };
    let feed_forward = match config.feed_forward_proj.strip_prefix("gated-") {
        // transformers reads this name as the approximation
        Some("gelu") => {
            ActivationWithOptionalGating { gated: true, activation: candle_nn::Activation::NewGelu }
        }
        Some(name) => ActivationWithOptionalGating { gated: true, activation: limits.activation(name)? },
        None => ActivationWithOptionalGating {
            gated: false,
            activation: limits.activation(&config.feed_forward_proj)?,
        },
    };
    let config = t5::Config {
        vocab_size: config.vocab_size,
        d_model: config.d_model,
        d_kv: config.d_kv,
        d_ff: config.d_ff,
        num_layers: config.num_layers,
        num_heads: config.num_heads,
        relative_attention_num_buckets: buckets,
        relative_attention_max_distance: distance,
        layer_norm_epsilon: config.layer_norm_epsilon,
        feed_forward_proj: feed_forward,
        is_decoder: false,
        is_encoder_decoder: false,
        use_cache: false,
        ..t5::Config::default()
    };
    let model = source.build("", "", |tensors| T5EncoderModel::load(tensors, &config))?;
    Ok((Box::new(T5(model)), sizes))
}

struct T5(T5EncoderModel);

impl Family for T5 {
    fn forward(&self, ids: &Tensor) -> candle_core::Result<Tensor> {
        self.0.clone().forward(ids)
    }
}
