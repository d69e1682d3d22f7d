//! Baby-step giant-step order of the rotations of a [`DiagonalMatrix`](super::DiagonalMatrix).
//!
//! `sum_r d_r rot(v, r) = sum_g rot( sum_b rot(d_(g+b), -g) rot(v, b), g )`. The babies `rot(v, b)` share one
//! decomposition (hoisting, Halevi and Shoup, CRYPTO 2018). The inner sums stay over `Q P` and are divided by `P`
//! once per giant, the outer sum once in all (double hoisting, Bossuat et al., EUROCRYPT 2021, section 4).

use std::collections::{BTreeMap, BTreeSet};

/// The rotations of one linear map, in order of evaluation.
#[derive(Clone, Debug, PartialEq)]
pub struct BsgsPlan {
    babies: Vec<usize>,
    giants: Vec<Giant>,
}

/// One inner sum and the rotation of its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Giant {
    /// The rotation of the inner sum.
    pub rotation: usize,
    /// The terms of the inner sum.
    pub terms: Vec<Term>,
}

/// One term of an inner sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// The baby rotation.
    pub baby: usize,
    /// The rotation of the diagonal: that of the giant plus that of the baby.
    pub diagonal: usize,
}

impl BsgsPlan {
    /// The plan of least cost for these rotations of vectors with this period.
    ///
    /// # Panics
    /// If there are no rotations.
    pub fn cheapest(rotations: &[usize], period: usize, cost: impl Fn(&Self) -> f64) -> Self {
        assert!(!rotations.is_empty(), "a matrix without diagonals");
        let plans = (0..=period.ilog2()).map(|log| Self::with_step(rotations, period, 1 << log));
        let mut plans: Vec<_> = plans.collect();
        plans.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
        plans.swap_remove(0)
    }

    /// Babies in `0..step`, giants multiples of `step`. A rotation by -1 is a giant back and a baby ahead.
    fn with_step(rotations: &[usize], period: usize, step: usize) -> Self {
        let mut giants = BTreeMap::<usize, Vec<Term>>::new();
        let mut babies = BTreeSet::new();
        for &rotation in rotations {
            let baby = rotation % step;
            babies.insert(baby);
            giants.entry(rotation - baby).or_default().push(Term { baby, diagonal: rotation });
        }
        debug_assert!(rotations.iter().all(|&r| r < period));
        let giants = giants.into_iter().map(|(rotation, terms)| Giant { rotation, terms });
        Self { babies: babies.into_iter().collect(), giants: giants.collect() }
    }

    /// Baby rotations in ascending order. 0 may be among them and needs no key.
    pub fn babies(&self) -> &[usize] {
        &self.babies
    }

    /// Giants in ascending order of rotation. Rotation 0 needs no key.
    pub fn giants(&self) -> &[Giant] {
        &self.giants
    }

    /// Number of babies that need a key.
    pub fn baby_key_switches(&self) -> usize {
        self.babies.iter().filter(|&&b| b != 0).count()
    }

    /// Number of giants that need a key.
    pub fn giant_key_switches(&self) -> usize {
        self.giants.iter().filter(|g| g.rotation != 0).count()
    }

    /// Number of products with diagonals.
    pub fn products(&self) -> usize {
        self.giants.iter().map(|g| g.terms.len()).sum()
    }
}
