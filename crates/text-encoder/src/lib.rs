//! Frozen pretrained text encoders: text in, embeddings out.
//!
//! Loads models in the format of [sentence-transformers](https://sbert.net) and computes the same embeddings as that
//! library:
//!
//! ```no_run
//! use text_encoder::{EncoderOptions, ModelSource, TextEncoder};
//!
//! let source = ModelSource::parse("models/all-MiniLM-L6-v2")?;
//! let encoder = TextEncoder::load(&source, &EncoderOptions::default())?;
//! let embeddings = encoder.encode(&["No evidence of malignancy.", "Biopsy pending."], |_| {})?;
//! assert_eq!(embeddings.dim(), (2, encoder.dimension()));
//! # Ok::<(), text_encoder::Error>(())
//! ```
//!
//! # What is supported
//! - Architectures: bert, distilbert, roberta, camembert, xlm-roberta, mpnet, modernbert; with the feature `candle-models`, which is
//!   on by default, deberta-v2, nomic_bert, qwen2, qwen3 and the encoders of t5 and mt5.
//! - Weights: `model.safetensors` or `pytorch_model.bin`, also in shards; f32, or f16 and bf16 widened to f32.
//! - Tokenizers: `tokenizer.json`, or WordPiece from `vocab.txt`.
//! - Modules: Transformer, Pooling (all modes), Dense, LayerNorm, Normalize, Dropout; prompts.
//! - Texts longer than the model's window ([`LongText`]): the mean of overlapping windows, unless another way is chosen.
//! - Devices ([`EncoderDevice`]): the CPU; a GPU for the families of `candle-models`, with the feature `cuda` or `metal`.
//! - Sources: a folder, or a hub id from the local cache; with the feature `hub`, by download.
//!
//! # How it computes
//! Texts are sorted by length and packed without padding into batches, one batch a core at a time; weights and operations
//! are [candle](https://docs.rs/candle-core) tensors with fused kernels of our own. Nothing depends on the number of
//! threads, and an embedding does not depend on the texts around it.

mod dtype;
mod encoder;
mod error;
mod folder;
mod guard;
mod hub;
mod info;
mod long_text;
mod models;
mod ops;
mod options;
mod pipeline;
mod pooling;
mod source;
mod tokenizer;
mod tokens;
mod weights;

pub use dtype::Dtype;
pub use encoder::TextEncoder;
pub use error::Error;
pub use hub::{DownloadObserver, HubSettings, Token};
pub use info::EncoderInfo;
pub use long_text::LongText;
pub use models::EncoderDevice;
pub use options::{EncoderOptions, Prompt};
pub use pooling::PoolingMode;
pub use source::ModelSource;
pub use tokens::Tokens;
