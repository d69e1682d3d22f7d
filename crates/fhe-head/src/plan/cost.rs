//! Sizes and times from counts.

use std::collections::BTreeSet;

use ckks::{KeyShape, Parameters};
use serde::{Deserialize, Serialize};

use super::DataLevels;
use crate::engine::trace::{Counts, KeyLevels, Operation};
use crate::error::Result;
use crate::head::Head;
use crate::job::Job;
use crate::refresh::RefreshedState;

/// Bytes on the wire and in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// Data ciphertexts, those of a state to start from included.
    pub ciphertexts: usize,
    /// Evaluation keys.
    pub keys: usize,
    /// Data to upload: one half of each ciphertext, the other comes from a seed.
    pub upload_bytes: usize,
    /// Data in memory.
    pub data_bytes: usize,
    /// Keys in files, half of them from seeds.
    pub key_file_bytes: usize,
    /// Keys in memory.
    pub key_bytes: usize,
}

impl Sizes {
    /// `start` counts the vectors of an encrypted state to start from.
    pub(super) fn new<H: Head>(
        parameters: &Parameters,
        job: &Job<H>,
        (levels, start): (DataLevels, usize),
        keys: &KeyLevels,
    ) -> Result<Self> {
        let limb_bytes = parameters.degree() * size_of::<u64>();
        let polynomial = |level: usize| (level + 1) * limb_bytes;
        let (packing, targets) = (job.packing(), job.head().targets());
        let half = packing.blocks()
            * (packing.diagonals() * polynomial(levels.samples)
                + polynomial(levels.weights)
                + targets * polynomial(levels.targets))
            + start * polynomial(job.spec().entry_level);
        let key = |level: usize| {
            let shape = parameters.key_shape(level);
            shape.digits() * (level + 1 + shape.special) * limb_bytes
        };
        let all = keys.rotations.values().copied().chain(keys.relinearisation);
        let bootstrap = match keys.refresh {
            Some(state) => state.plan(parameters)?.keys(),
            None => BTreeSet::new(),
        };
        let bootstrap_bytes: usize = bootstrap.iter().map(|key| key.bytes(parameters) / 2).sum();
        let key_file_bytes = all.clone().map(key).sum::<usize>() + bootstrap_bytes;
        Ok(Self {
            ciphertexts: packing.blocks() * (packing.diagonals() + 1 + targets) + start,
            keys: all.count() + bootstrap.len(),
            upload_bytes: half,
            data_bytes: 2 * half,
            key_file_bytes,
            key_bytes: 2 * key_file_bytes,
        })
    }
}

/// Seconds of operations on one core, from counts of transforms and of passes over limbs.
#[derive(Clone, Debug)]
pub struct CostModel {
    parameters: Parameters,
    /// One number-theoretic transform of one limb.
    transform: f64,
    /// One multiply-add pass over one limb.
    pass: f64,
    /// Transforms of one limb that a refresh takes as long as.
    refresh: f64,
}

impl CostModel {
    /// Calibrated on AVX-512 IFMA (Zen 4).
    pub fn new(parameters: &Parameters) -> Self {
        let n = parameters.degree() as f64;
        Self {
            parameters: parameters.clone(),
            transform: n * n.log2() * 1.1e-10,
            pass: n * 3.0e-10,
            refresh: 0.0,
        }
    }

    /// The same with refreshes of that message, counted from the plan of its bootstrap.
    ///
    /// # Errors
    /// As [`RefreshedState::plan`].
    pub fn with_refresh(mut self, state: Option<RefreshedState>) -> Result<Self> {
        if let Some(state) = state {
            let costs = state.plan(&self.parameters)?.costs();
            self.refresh = costs.total().equivalent_transforms();
        }
        Ok(self)
    }

    /// Seconds of all operations.
    pub fn seconds(&self, counts: &Counts) -> f64 {
        counts.iter().map(|(&(operation, level), &times)| times as f64 * self.one(operation, level)).sum()
    }

    fn one(&self, operation: Operation, level: usize) -> f64 {
        let shape = self.parameters.key_shape(level);
        let limbs = (level + 1) as f64;
        match operation {
            Operation::Product => 4.0 * limbs * self.pass,
            Operation::Constant => 4.0 * limbs * self.transform,
            Operation::Decompose => self.decompose(shape, limbs),
            Operation::HoistedRotate => self.switch(shape, limbs),
            Operation::Relinearise | Operation::Rotate => {
                self.decompose(shape, limbs) + self.switch(shape, limbs)
            }
            Operation::Refresh => self.refresh * self.transform,
        }
    }

    /// One inverse transform of each limb, then each digit raised to the other primes and transformed.
    fn decompose(&self, shape: KeyShape, limbs: f64) -> f64 {
        let (digits, special) = (shape.digits() as f64, shape.special as f64);
        let raised = digits * (limbs + special) - limbs;
        (limbs + raised) * self.transform + raised * (limbs / digits) * self.pass
    }

    /// Inner products with both halves of the key, and their division by the special primes.
    fn switch(&self, shape: KeyShape, limbs: f64) -> f64 {
        let (digits, special) = (shape.digits() as f64, shape.special as f64);
        2.0 * (limbs + special) * (digits * self.pass + self.transform) + 2.0 * limbs * special * self.pass
    }
}
