//! Encrypted predictions: scores of encrypted samples by an encrypted head.

use std::sync::Arc;

use fhe_head::server;

use crate::args::ScoreArgs;
use crate::console::Console;
use crate::exit::{Failure, Result};
use crate::files::evaluation_keys::expect_run;
use crate::files::{ciphertexts, evaluation_keys};
use crate::identity::{Identity, Trust};
use crate::interrupt;

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
    let identity = Identity::mine(&arguments.signer, console)?;
    let trust = Trust::open(&arguments.trust, arguments.signer.identity.as_deref(), console)?;
    let set = evaluation_keys::read_evaluation(keys, &trust, console)?;
    let keys = Arc::new(set.keys);
    let (job, from, trained) = ciphertexts::read_head(head, keys.parameters(), keys.key_id(), &trust)?;
    let (wanted, origin, samples) = ciphertexts::open_samples(data, &keys, &trust)?;
    if wanted != job || (origin.run, origin.plan) != (from.run, from.plan) {
        let message = format!("{} was encrypted for another head than {}", data.display(), head.display());
        return Err(Failure::file(message).help("encrypt the samples by the plan of the head"));
    }
    expect_run(&arguments.keys, set.generation, data, &origin)?;
    let origin = origin.with_keys(set.generation.generation);
    let blocks = samples.left();
    let phase = console.phase("score", blocks);
    let engine = server::engine(keys.clone(), &job)?;
    let scorer = server::Scorer::new(&engine, &job, &trained.weights)?;
    let of = (&job, &origin, trained.iteration);
    let (bytes, took) = ciphertexts::score_into(out, of, &scorer, &keys, samples, &identity, |done| {
        phase.set(done);
        interrupt::check()
    })?;
    phase.done();
    let seconds = took.as_secs_f64();
    let most_samples = blocks * job.packing().block_samples();
    Ok(Scored { blocks, most_samples, seconds, bytes })
}
