//! What a caller may decide about an encoder.

use crate::hub::HubSettings;
use crate::pooling::PoolingMode;

/// Options of [`TextEncoder::load`](crate::TextEncoder::load). The default is what the model's files say.
#[derive(Clone, Debug, Default)]
pub struct EncoderOptions {
    /// Cuts texts to this many tokens, special tokens and prompt included, instead of the model's `max_seq_length`.
    pub max_seq_length: Option<usize>,
    /// What is put before every text.
    pub prompt: Prompt,
    /// Pools in these ways, side by side, instead of the model's.
    pub pooling: Option<Vec<PoolingMode>>,
    /// Divides every embedding by its Euclidean length, also if the model has no `Normalize` module.
    pub normalize: bool,
    /// Keeps the first components only, for models trained for it (Matryoshka), instead of the model's `truncate_dim`.
    pub truncate_dim: Option<usize>,
    /// Where hub ids are looked for.
    pub hub: HubSettings,
}

/// What is put before every text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Prompt {
    /// The prompt that the model names as its default, if it names one (`default_prompt_name`).
    #[default]
    Default,
    /// Nothing.
    None,
    /// The prompt of this name in the model's `config_sentence_transformers.json`.
    Named(String),
    /// This text.
    Text(String),
}
