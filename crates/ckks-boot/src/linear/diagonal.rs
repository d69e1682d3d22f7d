//! Square matrices given by their non-zero diagonals.

use std::collections::BTreeMap;

use num_complex::Complex64;

/// The map `v -> sum_r d_r * rot(v, r)` on vectors of `period` slots, with `rot(v, r)[s] = v[s + r]`.
///
/// A longer vector is assumed to repeat with this period, and the diagonals repeat as well.
#[derive(Clone, Debug, PartialEq)]
pub struct DiagonalMatrix {
    period: usize,
    diagonals: BTreeMap<usize, Vec<Complex64>>,
}

impl DiagonalMatrix {
    /// The zero map on vectors of `period` slots.
    ///
    /// # Panics
    /// If the period is not a power of two.
    pub(crate) fn zero(period: usize) -> Self {
        assert!(period.is_power_of_two(), "period {period} is not a power of two");
        Self { period, diagonals: BTreeMap::new() }
    }

    /// The identity on vectors of `period` slots.
    ///
    /// # Panics
    /// As [`zero`](Self::zero).
    pub(crate) fn identity(period: usize) -> Self {
        let mut identity = Self::zero(period);
        identity.add_diagonal(0, &vec![Complex64::ONE; period]);
        identity
    }

    /// Adds `d` to the diagonal of rotation `r`, taken modulo the period.
    ///
    /// # Panics
    /// If `d` does not have `period` entries.
    pub(crate) fn add_diagonal(&mut self, r: isize, d: &[Complex64]) {
        assert_eq!(d.len(), self.period, "entries of a diagonal");
        let r = r.rem_euclid(self.period as isize) as usize;
        let diagonal = self.diagonals.entry(r).or_insert_with(|| vec![Complex64::ZERO; self.period]);
        diagonal.iter_mut().zip(d).for_each(|(sum, d)| *sum += d);
    }

    /// The number of slots.
    pub fn period(&self) -> usize {
        self.period
    }

    /// The diagonals by their rotation, in `0..period`.
    pub fn diagonals(&self) -> &BTreeMap<usize, Vec<Complex64>> {
        &self.diagonals
    }

    /// The composition that applies `first` before this map.
    ///
    /// # Panics
    /// If the periods differ.
    #[must_use]
    pub(crate) fn after(&self, first: &Self) -> Self {
        assert_eq!(self.period, first.period, "composition of maps of different periods");
        let mut composed = Self::zero(self.period);
        for (&r, outer) in &self.diagonals {
            for (&t, inner) in &first.diagonals {
                // d_r * rot(e_t * rot(v, t), r) = d_r * rot(e_t, r) * rot(v, r + t)
                let product: Vec<_> =
                    outer.iter().enumerate().map(|(s, d)| d * inner[(s + r) % self.period]).collect();
                composed.add_diagonal((r + t) as isize, &product);
            }
        }
        composed
    }

    /// This map followed by a slot-wise product with `factor`, whose length is a multiple of the period. The result
    /// has the length of `factor` as its period; its arguments must still repeat with the old period.
    ///
    /// # Panics
    /// If the length of `factor` is not a multiple of the period.
    #[must_use]
    pub fn masked(&self, factor: &[Complex64]) -> Self {
        assert!(
            factor.len().is_multiple_of(self.period),
            "a mask of {} for period {}",
            factor.len(),
            self.period
        );
        let diagonals = self
            .diagonals
            .iter()
            .map(|(&r, d)| (r, factor.iter().enumerate().map(|(s, f)| f * d[s % self.period]).collect()));
        Self { period: factor.len(), diagonals: diagonals.collect() }
    }

    /// This map times a number.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        self.masked(&vec![Complex64::new(factor, 0.0); self.period])
    }

    /// The image of a vector. Its length must be a multiple or a divisor of the period.
    pub fn apply(&self, v: &[Complex64]) -> Vec<Complex64> {
        let slots = v.len().max(self.period);
        let mut image = vec![Complex64::ZERO; slots];
        for (&r, d) in &self.diagonals {
            for (s, sum) in image.iter_mut().enumerate() {
                *sum += d[s % self.period] * v[(s + r) % v.len()];
            }
        }
        image
    }
}
