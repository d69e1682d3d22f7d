//! A [`Target`] for each reader.

mod ciphertexts;
mod encoder;
mod joint;
mod program;
mod small;
mod sums;
mod tables;

pub use ciphertexts::{DATA, HEAD, HEADER, KEYS, SAMPLES, SCORES, STATE, TRAINING};
pub use encoder::ENCODER;
pub use joint::{DEAL, DECRYPTION, MESSAGE, SEALED, SESSION, SHARE, TERMS};
pub use program::{BUNDLE, EMBEDDINGS, EXPORTED, JOB, LISTS, NPY, PLAN};
pub use sums::{FEATURE_MAP, SUMS};
pub use tables::{CSV, JSONL, PARQUET, XLSX};

use crate::Target;

/// All targets.
pub const ALL: &[&Target] = &[
    &KEYS,
    &DATA,
    &STATE,
    &HEAD,
    &SCORES,
    &SAMPLES,
    &TRAINING,
    &JOB,
    &HEADER,
    &PLAN,
    &EXPORTED,
    &EMBEDDINGS,
    &NPY,
    &CSV,
    &JSONL,
    &PARQUET,
    &XLSX,
    &ENCODER,
    &BUNDLE,
    &LISTS,
    &SESSION,
    &TERMS,
    &MESSAGE,
    &SHARE,
    &DEAL,
    &DECRYPTION,
    &SEALED,
    &SUMS,
    &FEATURE_MAP,
];
