//! `score`: the compute party's predictions. It reads an encrypted head, encrypted samples and evaluation keys, and learns
//! nothing of the scores.

use std::path::Path;
use std::sync::Arc;

use fhe_head::engine::encrypted::Encrypted;
use fhe_head::server;
use serde_json::json;

use crate::args::ScoreArgs;
use crate::console::{Console, Outcome};
use crate::exit::{Failure, Result, training_failure};
use crate::files::{ciphertexts, evaluation_keys};
use crate::progress;

/// What was scored.
#[derive(Debug)]
pub(super) struct Scored {
    /// Blocks of samples.
    blocks: usize,
    /// Samples that the blocks hold at most.
    most_samples: usize,
    /// Seconds of the scoring itself, without reading and writing.
    pub(super) seconds: f64,
    /// Size of the scores.
    bytes: u64,
}

/// # Errors
/// Files that are damaged or do not belong together; those of writing.
pub(super) fn run(arguments: &ScoreArgs, console: &Console) -> Result<Outcome> {
    let scored = score(&arguments.head, &arguments.data, &arguments.keys, &arguments.out, console)?;
    let text = format!(
        "scores of up to {} samples in {}; they are in {} ({})",
        scored.most_samples,
        progress::seconds(scored.seconds),
        arguments.out.display(),
        progress::bytes(scored.bytes),
    );
    let json = json!({
        "blocks": scored.blocks, "most_samples": scored.most_samples, "seconds": scored.seconds,
        "file": arguments.out, "bytes": scored.bytes,
    });
    Ok(Outcome { json, text })
}

/// Scores the samples in a file with the head in a file and the keys in a folder, and writes the scores.
///
/// # Errors
/// As [`run`].
pub(super) fn score(head: &Path, data: &Path, keys: &Path, out: &Path, console: &Console) -> Result<Scored> {
    let keys = Arc::new(evaluation_keys::read_evaluation(keys, console)?);
    let (job, trained) = ciphertexts::read_head(head, (keys.parameters(), keys.key_id()))?;
    let (wanted, samples) = ciphertexts::read_samples(data, &keys)?;
    if wanted != job {
        let message = format!("{} was encrypted for another head than {}", data.display(), head.display());
        return Err(Failure::file(message).help("encrypt the samples by the plan of the head"));
    }
    let phase = console.phase("score", 1);
    let engine = Encrypted::for_job(keys, &job).map_err(training_failure)?;
    let scores = server::score(&engine, &job, &trained.parameters, &samples).map_err(training_failure)?;
    let seconds = phase.done().as_secs_f64();
    let bytes = ciphertexts::write_scores(out, &job, job.iterations(), &scores)?;
    Ok(Scored {
        blocks: samples.len(),
        most_samples: samples.len() * job.packing().block_samples(),
        seconds,
        bytes,
    })
}
