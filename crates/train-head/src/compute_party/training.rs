//! Where a training on ciphertexts is driven.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use fhe_head::engine::Encrypted;
use fhe_head::files::Origin;
use fhe_head::server::{self, EncryptedHead, EncryptedState};
use fhe_head::{Job, StoredBlocks};

use super::checkpoint::Checkpoint;
use super::pace;
use super::start::earlier_head;
use super::validation::{Parties, Scored, Validation};
use crate::args::TrainArgs;
use crate::console::Console;
use crate::crew::Crew;
use crate::exit::{Failure, Result};
use crate::files::ciphertexts::{self, NewHead, TrainingData};
use crate::files::evaluation_keys::{self, expect_run};
use crate::identity::{Identity, Trust};
use crate::interrupt::{self, RESUME};
use crate::memory;
use crate::progress::Progress;

/// A training that was done.
#[derive(Debug)]
pub(crate) struct Trained {
    /// The public description.
    pub(crate) job: Job,
    /// Iterations of the head.
    pub(crate) iterations: usize,
    /// Iterations that an earlier process did.
    pub(crate) resumed_after: usize,
    /// Seconds of the training, without reading and writing.
    pub(crate) seconds: f64,
    /// Seconds of it in bootstraps.
    pub(crate) bootstrap_seconds: f64,
    /// Size of the encrypted head in bytes.
    pub(crate) bytes: u64,
}

impl Trained {
    /// Number of bootstraps of the weights: all that were planned, unless the training was stopped.
    pub(crate) fn bootstraps(&self) -> usize {
        let whole = self.iterations == self.job.iterations();
        self.job.spec().refresh_before.iter().filter(|&&t| whole || t < self.iterations).count()
    }
}

/// Trains on encrypted data, together with the other processes of the crew, and writes the encrypted head. A checkpoint lies beside the
/// head until then.
///
/// # Errors
/// Files that are damaged or do not belong together; a failed write; failures of `scored`; ^C.
pub(crate) fn train(
    arguments: &TrainArgs,
    crew: &Crew,
    scored: Scored<'_>,
    console: &Console,
) -> Result<Trained> {
    let checkpoint = Checkpoint::of(arguments)?;
    // begun here, so that a second training of this head is refused as long as this one runs
    let out = crew.leads().then(|| NewHead::create(&arguments.out)).transpose()?;
    if crew.leads() {
        checkpoint.expect_resumed(arguments)?;
    }
    let kept =
        memory::expect_to_train(&arguments.data, &arguments.keys, arguments.memory.memory, crew.here())?;
    let identity = crew.leads().then(|| Identity::mine(&arguments.signer, console)).transpose()?;
    let trust = Trust::open(&arguments.trust, arguments.signer.identity.as_deref(), console)?;
    let trust = &trust.left_to_another(!crew.leads());
    let set = evaluation_keys::read_evaluation(&arguments.keys, trust, console)?;
    let keys = Arc::new(set.keys);
    let data = ciphertexts::read_data(&arguments.data, &keys, (crew.share(), kept), trust, console)?;
    let TrainingData { job, origin, blocks, start } = data;
    expect_run(&arguments.keys, set.generation, &arguments.data, &origin)?;
    let origin = &origin.with_keys(set.generation.generation);
    let resume = arguments.checkpoints.resume;
    let validation = match &identity {
        Some(identity) => {
            let parties = Parties { identity, trust };
            Validation::open(&arguments.validation, &keys, (&job, origin), parties, resume)?
        }
        None => None,
    };
    let engine = server::engine(keys, &job)?.with_others(crew.collective());
    let start = earlier_head(arguments, &engine, (&job, origin), trust)?.unwrap_or(start);
    let state = match resume && checkpoint.exists() {
        true => checkpoint.read(engine.keys(), &job, origin, trust)?,
        false => start,
    };
    let resumed_after = state.iteration;
    crew.expect_alike("the training", &identity_of(&job, origin, resumed_after))?;
    let (Some(out), Some(identity)) = (out, &identity) else {
        return follow(crew, &engine, &job, &blocks, state);
    };

    if resumed_after > 0 {
        interrupt::advise(RESUME);
        console.note(format!("continuing after iteration {resumed_after} of {}", job.iterations()));
    }
    let phase = console.phase("train", job.iterations());
    phase.start_from(resumed_after);
    let mut observer = Observer {
        engine: &engine,
        job: &job,
        origin,
        identity,
        resumed_after,
        checkpoint,
        validation,
        phase: &phase,
        scored,
    };
    let observe = |state: &EncryptedState| crew.led(|| observer.after_iteration(state));
    let head = match server::resume(&engine, &job, &blocks, state, observe)? {
        ControlFlow::Continue(head) | ControlFlow::Break(Some(head)) => head,
        ControlFlow::Break(None) => return Err(Failure::bug()),
    };
    let checkpoint = observer.checkpoint;

    let seconds = phase.done().as_secs_f64();
    let bytes = out.write(&job, origin, &head, identity)?;
    checkpoint.remove(console);
    let bootstrap_seconds = engine.refresh_time().as_secs_f64();
    Ok(Trained { iterations: head.iteration, job, resumed_after, seconds, bootstrap_seconds, bytes })
}

/// Trains with a process that leads, which writes the head.
fn follow(
    crew: &Crew,
    engine: &Encrypted,
    job: &Job,
    blocks: &StoredBlocks,
    state: EncryptedState,
) -> Result<Trained> {
    let (resumed_after, start) = (state.iteration, Instant::now());
    let observe = |_: &EncryptedState| crew.led(|| Ok(ControlFlow::<EncryptedHead>::Continue(())));
    let iterations = match server::resume(engine, job, blocks, state, observe)? {
        ControlFlow::Continue(head) => head.iteration,
        ControlFlow::Break(_) => job.iterations(),
    };
    let (seconds, bootstrap_seconds) = (start.elapsed().as_secs_f64(), engine.refresh_time().as_secs_f64());
    Ok(Trained { job: job.clone(), iterations, resumed_after, seconds, bootstrap_seconds, bytes: 0 })
}

/// What must be the same in all processes that train together.
fn identity_of(job: &Job, origin: &Origin, iteration: usize) -> blake3::Hash {
    blake3::hash(serde_json::json!([job, origin, iteration]).to_string().as_bytes())
}

/// What happens after each iteration.
struct Observer<'a> {
    engine: &'a Encrypted,
    job: &'a Job,
    origin: &'a Origin,
    identity: &'a Identity,
    resumed_after: usize,
    checkpoint: Checkpoint,
    validation: Option<Validation<'a>>,
    phase: &'a Progress,
    scored: Scored<'a>,
}

impl Observer<'_> {
    /// Shows the progress, scores the validation samples and keeps a checkpoint. Breaks with the head that the data party asked to
    /// end with.
    ///
    /// # Errors
    /// A failed scoring or write; ^C, after a checkpoint.
    fn after_iteration(&mut self, state: &EncryptedState) -> Result<ControlFlow<EncryptedHead>> {
        self.phase.set(state.iteration);
        if let Some(left) =
            pace::left(self.engine, self.job, self.resumed_after, state.iteration, self.phase.elapsed())
        {
            self.phase.expect(left);
        }
        if let Some(validation) = &self.validation
            && let Some(head) = validation.after_iteration(self.engine, self.job, state, self.scored)?
        {
            return Ok(ControlFlow::Break(head));
        }
        self.checkpoint.after_iteration(self.job, self.origin, state, self.identity)?;
        Ok(ControlFlow::Continue(()))
    }
}
