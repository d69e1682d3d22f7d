//! Sizes of ciphertexts and keys, and times from counts.

use std::cell::RefCell;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use ckks::serial::file_bytes;
use ckks::{Cost, KeyShape, Pace, Parameters, SwitchingKey};
use serde::{Deserialize, Serialize};

use super::levels::DataLevels;
use crate::engine::{Counts, KeyLevels, Operation};

use crate::error::Result;
use crate::heads::Head;
use crate::job::Job;
use crate::scheme::RefreshedMessage;

/// Numbers of ciphertexts and keys, and their bytes in files and in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// Ciphertexts of the data, encrypted initial weights included.
    pub ciphertexts: usize,
    /// Evaluation keys.
    pub keys: usize,
    /// Data in files: one half of each ciphertext; the other comes from a seed.
    pub upload_bytes: usize,
    /// Data in memory.
    pub data_bytes: usize,
    /// Keys in files: one half of each; the other comes from a seed.
    pub key_file_bytes: usize,
    /// Keys in memory.
    pub key_bytes: usize,
    /// The bootstrap's encoded diagonals in memory.
    #[serde(default)]
    pub diagonal_bytes: usize,
}

impl Sizes {
    /// `start` counts the vectors of encrypted initial weights.
    pub(super) fn new<H: Head>(
        parameters: &Parameters,
        job: &Job<H>,
        levels: DataLevels,
        keys: &KeyLevels,
        start: usize,
    ) -> Result<Self> {
        let in_memory = |level: usize| (level + 1) * parameters.degree() * size_of::<u64>();

        let all = keys.rotations.values().copied().chain(keys.relinearisation).chain(keys.conjugation);
        let (bootstrap, diagonal_bytes) = match keys.refresh {
            Some(message) => {
                let plan = message.plan(parameters)?;
                let contract = plan.contract();
                (plan.keys(), contract.memory_bytes - contract.key_bytes)
            }
            None => (BTreeSet::new(), 0),
        };
        let shapes = all.map(|level| (parameters, parameters.key_shape(level)));
        let of_bootstrap = bootstrap.iter().map(|key| (key.chain(parameters), key.shape));
        let shapes: Vec<(&Parameters, KeyShape)> = shapes.chain(of_bootstrap).collect();
        let key_file =
            |(chain, shape): &(&Parameters, KeyShape)| shape.digits() * file_bytes(chain, shape.basis());
        Ok(Self {
            ciphertexts: job.packing().blocks() * job.layout().count() + start,
            keys: shapes.len(),
            upload_bytes: upload_bytes(parameters, job, levels, start),
            data_bytes: 2 * halves(job, levels, start, in_memory),
            key_file_bytes: shapes.iter().map(key_file).sum(),
            key_bytes: shapes.iter().map(|&(chain, shape)| SwitchingKey::bytes_of(chain, shape)).sum(),
            diagonal_bytes,
        })
    }
}

/// Bytes of the data in files, with `start` vectors of encrypted initial weights.
pub(super) fn upload_bytes<H: Head>(
    parameters: &Parameters,
    job: &Job<H>,
    levels: DataLevels,
    start: usize,
) -> usize {
    // under a public key no seed stands for the second half
    let sent = if parameters.literal().secret.parties() > 1 { 2 } else { 1 };
    sent * halves(job, levels, start, |level| file_bytes(parameters, parameters.basis(level)))
}

/// The sum over all ciphertexts of the data of the size of a polynomial, which a level determines.
fn halves<H: Head>(
    job: &Job<H>,
    levels: DataLevels,
    start: usize,
    polynomial: impl Fn(usize) -> usize,
) -> usize {
    let block: usize = job.layout().items().iter().map(|&item| polynomial(levels.of(item))).sum();
    job.packing().blocks() * block + start * polynomial(job.spec().entry_level)
}

/// Seconds that a byte of upload weighs in the choice between ways to cut the features, as on a fast line: time decides, and data where
/// times are close.
pub(super) const UPLOAD: f64 = 2e-9;

/// Seconds of operations on one core, from counts of transforms, passes over limbs and bytes from memory.
#[derive(Clone, Debug)]
pub(super) struct CostModel {
    parameters: Parameters,
    pace: Pace,
    refresh: Option<Cost>,
}

/// The pace for choices, on every machine, so the same request gives the same plan: Zen 4 with AVX-512 IFMA.
pub(super) const USUAL: Pace = Pace { transform: 1.1e-10, pass: 3.0e-10, byte: 0.0, switch: 1.0 };

/// Factor for additions and the reductions that close sums of products, which are not counted: passes of `head-bench scale` take 1.2 to
/// 1.4 times the counted time.
const UNCOUNTED: f64 = 1.25;

impl CostModel {
    /// The model of a machine of this pace, without refreshes.
    pub(super) fn new(parameters: &Parameters, pace: Pace) -> Self {
        Self { parameters: parameters.clone(), pace, refresh: None }
    }

    /// The model for comparisons, the same on every machine.
    pub(super) fn usual(parameters: &Parameters) -> Self {
        Self::new(parameters, USUAL)
    }

    /// The same model with refreshes of this message, counted from the plan of its bootstrap.
    ///
    /// # Errors
    /// Those of [`RefreshedMessage::plan`].
    pub(super) fn with_refresh(mut self, message: Option<RefreshedMessage>) -> Result<Self> {
        if let Some(message) = message {
            self.refresh = Some(message.plan(&self.parameters)?.costs().total());
        }
        Ok(self)
    }

    /// Seconds of all operations.
    pub(super) fn seconds(&self, counts: &Counts) -> f64 {
        let counted = counts.iter().map(|count| count.times as f64 * self.one(count.operation, count.level));
        UNCOUNTED * counted.sum::<f64>()
    }

    fn one(&self, operation: Operation, level: usize) -> f64 {
        let (shape, limbs) = (self.parameters.key_shape(level), level + 1);
        let cost = match operation {
            // samples and the rotated vectors that blocks share are both too large for the caches
            Operation::Product => {
                let words = (4 * limbs * self.parameters.degree()) as f64;
                return words * (self.pace.pass + size_of::<u64>() as f64 * self.pace.byte);
            }
            Operation::Constant => {
                let encoded = Cost { transforms: limbs, products: 2 * limbs, ..Cost::default() };
                encoded + Cost::divide(1, level) * 2
            }
            Operation::Decompose => Cost::decompose(shape, level),
            Operation::HoistedRotate => Cost::hoisted(shape, level),
            Operation::Relinearise => Cost::relinearise(shape, level, 0),
            Operation::Rotate | Operation::Conjugate => Cost::switch(shape, level),
            Operation::Refresh => {
                let raised = self.parameters.raised().unwrap_or(&self.parameters);
                return self.refresh.unwrap_or_default().seconds(raised, &self.pace);
            }
        };
        cost.seconds(&self.parameters, &self.pace)
    }
}

/// Cost models, by the bootstrapped message. They are kept because the plan of a bootstrap takes a while.
#[derive(Debug, Default)]
pub(super) struct Models(RefCell<HashMap<Option<RefreshedMessage>, CostModel>>);

impl Models {
    pub(super) fn seconds(
        &self,
        parameters: &Parameters,
        message: Option<RefreshedMessage>,
        counts: &Counts,
    ) -> Result<f64> {
        match self.0.borrow_mut().entry(message) {
            Entry::Occupied(known) => Ok(known.get().seconds(counts)),
            Entry::Vacant(new) => {
                Ok(new.insert(CostModel::usual(parameters).with_refresh(message)?).seconds(counts))
            }
        }
    }
}
