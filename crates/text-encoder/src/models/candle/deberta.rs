//! DeBERTa v2 and v3: attention to contents and to relative positions apart (He et al., arXiv:2006.03654, 2111.09543).

use super::family::{Family, Sizes};
use super::limits::Limits;
use super::source::Source;
use crate::error::Result;
use crate::folder::Folder;
use crate::models::backbone::{CONFIG, head_dim};
use candle_core::Tensor;
use candle_transformers::models::debertav2::{self, DebertaV2Model, HiddenAct};
use serde::Deserialize;

#[derive(Deserialize)]
struct Config {
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    max_position_embeddings: usize,
    #[serde(default = "gelu")]
    hidden_act: String,
    #[serde(default)]
    type_vocab_size: usize,
    #[serde(default = "eps")]
    layer_norm_eps: f64,
    #[serde(default)]
    relative_attention: bool,
    #[serde(default = "none")]
    max_relative_positions: i64,
    #[serde(default = "none")]
    position_buckets: i64,
    #[serde(default = "yes")]
    position_biased_input: bool,
    pos_att_type: Option<Terms>,
    #[serde(default)]
    share_att_key: bool,
    norm_rel_ebd: Option<String>,
    attention_head_size: Option<usize>,
    embedding_size: Option<usize>,
    #[serde(default)]
    conv_kernel_size: usize,
}

/// The terms of the attention that positions take part in.
#[derive(Deserialize)]
#[serde(untagged)]
enum Terms {
    Joined(String),
    List(Vec<String>),
}

fn gelu() -> String {
    "gelu".into()
}
fn eps() -> f64 {
    1e-7
}
fn none() -> i64 {
    -1
}
fn yes() -> bool {
    true
}

pub(super) fn load(folder: &Folder, source: Source) -> Result<(Box<dyn Family>, Sizes)> {
    let config: Config = folder.json(CONFIG)?;
    let limits = Limits { folder };
    let (hidden, positions) = (config.hidden_size, config.max_position_embeddings);
    let widths = [hidden, config.intermediate_size];
    limits.transformer(config.vocab_size, widths, config.num_hidden_layers, positions)?;
    let width = head_dim(folder, hidden, config.num_attention_heads)?;
    let relative = |name, value: i64| {
        limits.within(name, usize::try_from(value.max(0)).unwrap_or(usize::MAX), 0, 1 << 20)
    };
    relative("max_relative_positions", config.max_relative_positions)?;
    relative("position_buckets", config.position_buckets)?;
    limits.refuse(config.position_buckets == 1, "position_buckets", "1", "-1, 2 and more")?;
    limits.refuse(
        config.conv_kernel_size > 0,
        "conv_kernel_size",
        &config.conv_kernel_size.to_string(),
        "0",
    )?;
    let other = |size: Option<usize>, usual| size.filter(|&size| size != usual);
    let size = other(config.embedding_size, hidden);
    limits.refuse(
        size.is_some(),
        "embedding_size",
        &size.unwrap_or_default().to_string(),
        "the hidden size",
    )?;
    let size = other(config.attention_head_size, width);
    let supported = "the hidden size divided by the number of attention heads";
    limits.refuse(size.is_some(), "attention_head_size", &size.unwrap_or_default().to_string(), supported)?;
    let hidden_act = match config.hidden_act.as_str() {
        "gelu" => HiddenAct::Gelu,
        "gelu_new" | "gelu_pytorch_tanh" => HiddenAct::GeluApproximate,
        "relu" => HiddenAct::Relu,
        other => return Err(folder.unsupported(CONFIG, "activation", other, "gelu, gelu_new, relu")),
    };
    let terms = match config.pos_att_type {
        None => Vec::new(),
        Some(Terms::Joined(terms)) => terms.split('|').map(|term| term.trim().to_lowercase()).collect(),
        Some(Terms::List(terms)) => terms,
    };
    let normalised = config.norm_rel_ebd.is_some_and(|norms| norms.to_lowercase().contains("layer_norm"));

    let sizes = Sizes { hidden, vocabulary: config.vocab_size, positions };
    let config = debertav2::Config {
        vocab_size: config.vocab_size,
        hidden_size: hidden,
        num_hidden_layers: config.num_hidden_layers,
        num_attention_heads: config.num_attention_heads,
        intermediate_size: config.intermediate_size,
        hidden_act,
        hidden_dropout_prob: 0.0,
        attention_probs_dropout_prob: 0.0,
        max_position_embeddings: positions,
        type_vocab_size: config.type_vocab_size,
        initializer_range: 0.0,
        layer_norm_eps: config.layer_norm_eps,
        relative_attention: config.relative_attention,
        max_relative_positions: config.max_relative_positions as isize,
        pad_token_id: None,
        position_biased_input: config.position_biased_input,
        pos_att_type: terms,
        position_buckets: Some(config.position_buckets as isize),
        share_att_key: Some(config.share_att_key),
        attention_head_size: None,
        embedding_size: None,
        norm_rel_ebd: normalised.then(|| "layer_norm".into()),
        conv_kernel_size: None,
        conv_groups: None,
        conv_act: None,
        id2label: None,
        label2id: None,
        pooler_dropout: None,
        pooler_hidden_act: None,
        pooler_hidden_size: None,
        cls_dropout: None,
    };
    let prefixed = source.has("deberta.embeddings.word_embeddings.weight");
    let given = if prefixed { "deberta." } else { "" };
    let model = source.build("", given, |tensors| DebertaV2Model::load(tensors, &config))?;
    Ok((Box::new(Deberta(model)), sizes))
}

struct Deberta(DebertaV2Model);

impl Family for Deberta {
    /// One text after the other: the crate adds absolute positions to a single one.
    fn forward(&self, ids: &Tensor) -> candle_core::Result<Tensor> {
        let texts = (0..ids.dim(0)?).map(|text| self.0.forward(&ids.narrow(0, text, 1)?, None, None));
        Tensor::cat(&texts.collect::<candle_core::Result<Vec<_>>>()?, 0)
    }
}
