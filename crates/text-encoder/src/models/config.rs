//! Configurations of the BERT family: what differs between its members, and their `config.json`.

use super::backbone::CONFIG;
use crate::error::Result;
use crate::folder::Folder;
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct ModelType {
    pub(super) model_type: String,
}

/// Architectures that are BERT up to the names of their tensors and the embedding of positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Bert,
    DistilBert,
    /// RoBERTa, CamemBERT and XLM-RoBERTa.
    Roberta,
    MpNet,
}

/// Names of the tensors of one layer.
pub(super) struct LayerNames {
    pub(super) layers: &'static str,
    pub(super) qkv: [&'static str; 3],
    pub(super) attention_output: &'static str,
    pub(super) attention_norm: &'static str,
    pub(super) up: &'static str,
    pub(super) down: &'static str,
    pub(super) output_norm: &'static str,
}

impl Family {
    pub(super) const NAMES: &'static str = "bert, distilbert, roberta, camembert, xlm-roberta, mpnet";

    pub(super) fn of(model_type: &str) -> Option<Self> {
        Some(match model_type {
            "bert" => Self::Bert,
            "distilbert" => Self::DistilBert,
            "roberta" | "camembert" | "xlm-roberta" => Self::Roberta,
            "mpnet" => Self::MpNet,
            _ => return None,
        })
    }

    /// Prefixes of the tensors' names. Checkpoints of models with a head on top have one.
    pub(super) fn prefixes(self) -> &'static [&'static str] {
        match self {
            Self::Bert => &["", "bert."],
            Self::DistilBert => &["", "distilbert."],
            Self::Roberta => &["", "roberta."],
            Self::MpNet => &["", "mpnet."],
        }
    }

    /// Whether positions count from the padding id on, as in fairseq.
    pub(super) fn positions_follow_padding(self) -> bool {
        matches!(self, Self::Roberta | Self::MpNet)
    }

    pub(super) fn has_token_types(self) -> bool {
        matches!(self, Self::Bert | Self::Roberta)
    }

    pub(super) fn layer_names(self) -> LayerNames {
        let bert = LayerNames {
            layers: "encoder.layer",
            qkv: ["attention.self.query", "attention.self.key", "attention.self.value"],
            attention_output: "attention.output.dense",
            attention_norm: "attention.output.LayerNorm",
            up: "intermediate.dense",
            down: "output.dense",
            output_norm: "output.LayerNorm",
        };
        match self {
            Self::Bert | Self::Roberta => bert,
            Self::MpNet => LayerNames {
                qkv: ["attention.attn.q", "attention.attn.k", "attention.attn.v"],
                attention_output: "attention.attn.o",
                attention_norm: "attention.LayerNorm",
                ..bert
            },
            Self::DistilBert => LayerNames {
                layers: "transformer.layer",
                qkv: ["attention.q_lin", "attention.k_lin", "attention.v_lin"],
                attention_output: "attention.out_lin",
                attention_norm: "sa_layer_norm",
                up: "ffn.lin1",
                down: "ffn.lin2",
                output_norm: "output_layer_norm",
            },
        }
    }
}

/// The sizes of a model; DistilBERT's names for them are aliases.
#[derive(Deserialize)]
pub(super) struct Config {
    pub(super) vocab_size: usize,
    #[serde(alias = "dim")]
    pub(super) hidden_size: usize,
    #[serde(alias = "n_layers")]
    pub(super) num_hidden_layers: usize,
    #[serde(alias = "n_heads")]
    pub(super) num_attention_heads: usize,
    #[serde(alias = "hidden_dim")]
    pub(super) intermediate_size: usize,
    pub(super) max_position_embeddings: usize,
    #[serde(alias = "activation", default = "gelu")]
    pub(super) hidden_act: String,
    #[serde(default = "tiny")]
    pub(super) layer_norm_eps: f64,
    #[serde(default = "two")]
    pub(super) type_vocab_size: usize,
    pub(super) pad_token_id: Option<u32>,
    #[serde(default = "absolute")]
    position_embedding_type: String,
    #[serde(default)]
    is_decoder: bool,
    #[serde(default = "thirty_two")]
    pub(super) relative_attention_num_buckets: usize,
}

fn gelu() -> String {
    "gelu".into()
}
fn absolute() -> String {
    "absolute".into()
}
fn tiny() -> f64 {
    1e-12
}
fn two() -> usize {
    2
}
fn thirty_two() -> usize {
    32
}

impl Config {
    pub(super) fn load(folder: &Folder) -> Result<Self> {
        let config: Self = folder.json(CONFIG)?;
        let Self { position_embedding_type, is_decoder, .. } = &config;
        if position_embedding_type != "absolute" {
            let what = "position_embedding_type";
            return Err(folder.unsupported(CONFIG, what, position_embedding_type, "absolute"));
        }
        if *is_decoder {
            return Err(folder.unsupported(CONFIG, "is_decoder", "true", "false"));
        }
        Ok(config)
    }

    /// The id from which positions are counted, in families that do so.
    pub(super) fn padding(&self, family: Family) -> u32 {
        match family {
            Family::MpNet => 1, // fixed in the reference implementation
            _ => self.pad_token_id.unwrap_or(1),
        }
    }
}
