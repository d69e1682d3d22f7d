//! The processes of an MPI job.

use std::sync::{Mutex, PoisonError};

use ::mpi::Threading;
use ::mpi::collective::SystemOperation;
use ::mpi::environment::{Universe, initialize_with_threading};
use ::mpi::topology::SimpleCommunicator;
use ::mpi::traits::{Communicator, CommunicatorCollectives, Root};
use fhe_head::collective::{Collective, Share};

use crate::exit::{Failure, Result};

/// Most words of a message: MPI counts in 32 bits, and the second half of a sum needs a buffer of this size.
const MOST_WORDS: usize = 1 << 22;

/// Held from the beginning to the end: MPI is finalised when it is dropped.
static UNIVERSE: Mutex<Option<Universe>> = Mutex::new(None);

/// All processes of the job.
#[derive(Debug)]
pub(super) struct World(Share);

/// The processes of the job on this machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Neighbours {
    /// Their number.
    pub(super) count: usize,
    /// Whether the system runs them all on the same cores: the launcher did not give each its own.
    pub(super) share_cores: bool,
}

/// Enters the job.
///
/// # Errors
/// The MPI library does not allow calls from several threads.
pub(super) fn join() -> Result<(World, Neighbours)> {
    // one thread at a time, but not always the main one
    let entered = initialize_with_threading(Threading::Serialized);
    let Some((universe, threading)) = entered.filter(|(_, it)| *it >= Threading::Serialized) else {
        return Err(Failure::unexpected("MPI does not start with calls from several threads")
            .help("use a build of the MPI library that supports MPI_THREAD_SERIALIZED"));
    };
    let _ = threading;
    let world = universe.world();
    let share = Share { rank: world.rank() as usize, ranks: world.size() as usize };
    let neighbours = neighbours(&world.split_shared(world.rank()));
    *UNIVERSE.lock().unwrap_or_else(PoisonError::into_inner) = Some(universe);
    Ok((World(share), neighbours))
}

fn neighbours(machine: &SimpleCommunicator) -> Neighbours {
    let own = cores();
    let mut first = own;
    machine.process_at_rank(0).broadcast_into(&mut first);
    let (differs, mut differing) = (u64::from(first != own), 0u64);
    machine.all_reduce_into(&differs, &mut differing, SystemOperation::sum());
    Neighbours { count: machine.size() as usize, share_cores: differing == 0 }
}

/// A digest of the list of cores that this process may run on.
fn cores() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let list = status.lines().find(|line| line.starts_with("Cpus_allowed_list:")).unwrap_or_default();
    blake3::hash(list.as_bytes()).as_bytes().iter().take(8).fold(0, |word, &byte| word << 8 | u64::from(byte))
}

/// Leaves the job in order: all its processes do.
pub(super) fn finalise() {
    drop(UNIVERSE.lock().unwrap_or_else(PoisonError::into_inner).take());
}

/// Ends all processes of the job. Does nothing before it was entered.
pub(super) fn abort(code: u8) {
    if UNIVERSE.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
        SimpleCommunicator::world().abort(i32::from(code));
    }
}

impl Collective for World {
    fn share(&self) -> Share {
        self.0
    }

    fn sum(&self, words: &mut [u64]) -> fhe_head::Result<()> {
        let world = SimpleCommunicator::world();
        let mut sums = vec![0; words.len().min(MOST_WORDS)];
        for words in words.chunks_mut(MOST_WORDS) {
            let sums = &mut sums[..words.len()];
            world.all_reduce_into(&*words, sums, SystemOperation::sum());
            words.copy_from_slice(sums);
        }
        Ok(())
    }

    fn broadcast(&self, from: usize, words: &mut [u64]) -> fhe_head::Result<()> {
        let world = SimpleCommunicator::world();
        let root = world.process_at_rank(from as i32);
        words.chunks_mut(MOST_WORDS).for_each(|words| root.broadcast_into(words));
        Ok(())
    }
}
