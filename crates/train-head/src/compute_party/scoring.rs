//! Encrypted predictions: scores of encrypted samples by an encrypted head.

use std::sync::Arc;

use fhe_head::server;

use crate::args::ScoreArgs;
use crate::console::Console;
use crate::exit::{Failure, Result};
use crate::files::{ciphertexts, evaluation_keys};

/// Scores that were computed.
#[derive(Debug)]
pub(crate) struct Scored {
    /// Blocks of samples.
    pub(crate) blocks: usize,
    /// Largest number of samples that the blocks hold. Their real number is the data party's secret.
    pub(crate) most_samples: usize,
    /// Seconds of the scoring, without reading and writing.
    pub(crate) seconds: f64,
    /// Size of the scores in bytes.
    pub(crate) bytes: u64,
}

/// Scores samples and writes the scores.
///
/// # Errors
/// Files that are damaged or do not belong together; a failed write.
pub(crate) fn score(arguments: &ScoreArgs, console: &Console) -> Result<Scored> {
    let ScoreArgs { head, data, keys, out, .. } = arguments;
    let keys = Arc::new(evaluation_keys::read_evaluation(keys, console)?);
    let (job, trained) = ciphertexts::read_head(head, keys.parameters(), keys.key_id())?;
    let (wanted, samples) = ciphertexts::read_samples(data, &keys)?;
    if wanted != job {
        let message = format!("{} was encrypted for another head than {}", data.display(), head.display());
        return Err(Failure::file(message).help("encrypt the samples by the plan of the head"));
    }
    let phase = console.phase("score", 1);
    let engine = server::engine(keys, &job)?;
    let scores = server::score(&engine, &job, &trained.weights, &samples)?;
    let seconds = phase.done().as_secs_f64();
    let bytes = ciphertexts::write_scores(out, &job, job.iterations(), &scores)?;
    let most_samples = samples.len() * job.packing().block_samples();
    Ok(Scored { blocks: samples.len(), most_samples, seconds, bytes })
}
