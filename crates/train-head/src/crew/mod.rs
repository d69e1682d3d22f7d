//! Several processes that train one head together: `mpirun -n 4 train-head train ..`, in a build with the feature `mpi`.
//!
//! Process 0 leads: it checks places and signatures, shows progress, keeps checkpoints, and writes the head. The others read the same
//! files, train on their share of the blocks, and do as it says after each iteration.

#[cfg(feature = "mpi")]
mod mpi;

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fhe_head::collective::{Alone, Collective, Share};

use crate::exit::{Failure, Result};

/// How long a process waits before it tells of a failure: process 0 most likely has the same, tells of it, and ends all.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the leader says after an iteration.
const GO_ON: u64 = 0;
const DONE: u64 = 1;
const FAILED: u64 = 2;

/// The processes of a training, as one of them sees them.
#[derive(Debug)]
pub(crate) struct Crew {
    collective: Arc<dyn Collective>,
    /// Processes of the training on this machine.
    here: usize,
    /// Threads of this process, if it should not take all cores that it may run on.
    threads: Option<NonZeroUsize>,
    /// Whether the others know that the leader failed, and wait for it to end.
    told: AtomicBool,
}

impl Crew {
    /// A process without others.
    pub(crate) fn alone() -> Self {
        Self { collective: Arc::new(Alone), here: 1, threads: None, told: AtomicBool::new(false) }
    }

    /// The processes that were started together with this one.
    ///
    /// # Errors
    /// There are several, and this build cannot talk to them.
    pub(crate) fn join() -> Result<Self> {
        match started_together() {
            None => Ok(Self::alone()),
            #[cfg(feature = "mpi")]
            Some(_) => {
                let (collective, neighbours) = mpi::join()?;
                let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
                let fair = NonZeroUsize::new(cores / neighbours.count).unwrap_or(NonZeroUsize::MIN);
                Ok(Self {
                    collective: Arc::new(collective),
                    here: neighbours.count,
                    threads: neighbours.share_cores.then_some(fair),
                    told: AtomicBool::new(false),
                })
            }
            #[cfg(not(feature = "mpi"))]
            Some(count) if count > 1 => {
                Err(Failure::usage(format!("{count} processes were started, and this build trains in one"))
                    .help("build train-head with `--features mpi`, or start it without mpirun"))
            }
            #[cfg(not(feature = "mpi"))]
            Some(_) => Ok(Self::alone()),
        }
    }

    /// How words are exchanged.
    pub(crate) fn collective(&self) -> Arc<dyn Collective> {
        self.collective.clone()
    }

    /// Which process this is.
    pub(crate) fn share(&self) -> Share {
        self.collective.share()
    }

    /// Whether this is process 0.
    pub(crate) fn leads(&self) -> bool {
        self.share().rank == 0
    }

    /// Processes on this machine, which share its memory.
    pub(crate) fn here(&self) -> usize {
        self.here
    }

    /// Threads of this process, where its neighbours need the other cores.
    pub(crate) fn threads(&self) -> Option<NonZeroUsize> {
        self.threads
    }

    /// Expects what has this digest to be the same in all processes.
    ///
    /// # Errors
    /// It is not.
    pub(crate) fn expect_alike(&self, what: &str, digest: &blake3::Hash) -> Result<()> {
        let own: Vec<u64> = digest.as_bytes().chunks_exact(8).filter_map(word).collect();
        let mut first = own.clone();
        self.collective.broadcast(0, &mut first)?;
        match first == own {
            true => Ok(()),
            false => Err(Failure::file(format!("{what} of this process is not that of process 0"))
                .help("give all processes the same files, through a file system that they share")),
        }
    }

    /// After an iteration: the leader decides whether the training goes on, and the others do as it decided. `None` instead of its value
    /// ends them.
    ///
    /// # Errors
    /// Those of `decide`, at the leader; the others end with it.
    pub(crate) fn led<B>(
        &self,
        decide: impl FnOnce() -> Result<ControlFlow<B>>,
    ) -> Result<ControlFlow<Option<B>>> {
        if self.share() == Share::WHOLE {
            return Ok(decide()?.map_break(Some));
        }
        let decided = self.leads().then(decide);
        let mut said = [match &decided {
            Some(Ok(ControlFlow::Break(_))) => DONE,
            Some(Err(_)) => FAILED,
            _ => GO_ON,
        }];
        self.collective.broadcast(0, &mut said)?;
        self.told.store(said[0] == FAILED, Ordering::SeqCst);
        match decided {
            Some(decided) => Ok(decided?.map_break(Some)),
            None if said[0] == FAILED => self.end_with_leader(),
            None if said[0] == DONE => Ok(ControlFlow::Break(None)),
            None => Ok(ControlFlow::Continue(())),
        }
    }

    /// Ends this process when the leader ends, with its exit code and no words.
    fn end_with_leader<T>(&self) -> Result<T> {
        let mut code = [0];
        self.collective.broadcast(0, &mut code)?;
        finalise();
        std::process::exit(code[0] as i32)
    }

    /// Waits, if this is not the leader, before a failure is told.
    pub(crate) fn before_failure(&self) {
        if !self.leads() {
            std::thread::sleep(PATIENCE);
        }
    }

    /// Leaves the others. After a failure (an exit code other than 0) they end, too.
    pub(crate) fn leave(&self, code: u8) {
        if self.told.load(Ordering::SeqCst) {
            // they wait for the code
            let _ = self.collective.broadcast(0, &mut [u64::from(code)]);
        } else if code != 0 && self.share() != Share::WHOLE {
            abort(code);
        }
        finalise();
    }
}

fn word(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_le_bytes)
}

/// How many processes were started together, by the variables that launchers set (Open MPI, MPICH and Intel MPI); `None` for a program
/// that was started alone.
fn started_together() -> Option<usize> {
    let counts = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_SIZE"];
    if let Some(count) = counts.iter().find_map(|name| std::env::var(name).ok()?.parse().ok()) {
        return Some(count);
    }
    // Slurm sets its own for programs of any kind, and those of PMIx for MPI
    std::env::var_os("PMIX_RANK").and_then(|_| std::env::var("SLURM_NTASKS").ok()?.parse().ok())
}

#[cfg(feature = "mpi")]
use mpi::{abort, finalise};

#[cfg(not(feature = "mpi"))]
fn finalise() {}

#[cfg(not(feature = "mpi"))]
fn abort(_: u8) {}
