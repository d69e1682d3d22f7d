//! Options of an encoder.

use crate::dtype::Dtype;
use crate::hub::HubSettings;
use crate::long_text::LongText;
use crate::models::EncoderDevice;
use crate::pooling::PoolingMode;

/// Options of [`TextEncoder::load`](crate::TextEncoder::load). The default is what the model's files say.
#[derive(Clone, Debug, Default)]
pub struct EncoderOptions {
    /// Embeds at most this many tokens at once, special tokens and prompt included, instead of the model's `max_seq_length`.
    pub max_seq_length: Option<usize>,
    /// What becomes of texts with more tokens.
    pub long_text: LongText,
    /// Text put before every input.
    pub prompt: Prompt,
    /// Pooling modes to use instead of the model's; their vectors are concatenated.
    pub pooling: Option<Vec<PoolingMode>>,
    /// Divides every embedding by its Euclidean length, also if the model has no `Normalize` module.
    pub normalize: bool,
    /// Keeps the first components only, for models trained for it (Matryoshka), instead of the model's `truncate_dim`.
    pub truncate_dim: Option<usize>,
    /// What the layers multiply in. `None`: [`Dtype::Bfloat16`] where the processor multiplies that faster and the family has a forward pass of
    /// ours, else [`Dtype::Float32`].
    pub dtype: Option<Dtype>,
    /// Where the model computes.
    pub device: EncoderDevice,
    /// How hub ids are resolved.
    pub hub: HubSettings,
}

/// Text put before every input.
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
