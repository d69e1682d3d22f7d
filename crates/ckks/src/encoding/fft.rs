//! The canonical embedding of `R[Y]/(Y^{2n}+1)` at the `n` roots `zeta^{5^j}`, as a fast transform.
//!
//! The forward transform evaluates, the inverse interpolates, each in `n log2(n) / 2` butterflies (Cheon et al., *A
//! Full RNS Variant of Approximate Homomorphic Encryption*, SAC 2018, Section 5; the rotation group of 5 as in
//! HEAAN). A real polynomial of `2n` coefficients is held as `n` complex numbers `a_k + i a_{k+n}`, because `Y^n = i`
//! at every `zeta^{5^j}`.

use std::f64::consts::PI;

use super::Complex64;

/// Tables for transforms of up to `max_slots` slots.
#[derive(Debug)]
pub(super) struct EmbeddingFft {
    max_slots: usize,
    /// `exp(2 pi i k / (4 max_slots))`, `k < 4 max_slots`.
    roots: Vec<Complex64>,
    /// `5^j mod 4 max_slots`, `j < max_slots`.
    powers_of_five: Vec<u32>,
}

impl EmbeddingFft {
    pub(super) fn new(max_slots: usize) -> Self {
        let order = 4 * max_slots;
        let roots = (0..order).map(|k| root_of_unity(k, order)).collect();
        let mut powers_of_five = Vec::with_capacity(max_slots);
        let mut power = 1u64;
        for _ in 0..max_slots {
            powers_of_five.push(power as u32);
            power = power * 5 % order as u64;
        }
        Self { max_slots, roots, powers_of_five }
    }

    /// Coefficients to slot values, in place. `values.len()` must be a power of two up to `max_slots`.
    pub(super) fn evaluate(&self, values: &mut [Complex64]) {
        let n = values.len();
        self.check_length(n);
        bit_reverse(values);
        let mut len = 2;
        while len <= n {
            for block in values.chunks_exact_mut(len) {
                let (low, high) = block.split_at_mut(len / 2);
                for (j, (a, b)) in low.iter_mut().zip(high).enumerate() {
                    let v = *b * self.twiddle(j, len);
                    (*a, *b) = (*a + v, *a - v);
                }
            }
            len *= 2;
        }
    }

    /// Slot values to coefficients, in place: the inverse of [`evaluate`](Self::evaluate).
    pub(super) fn interpolate(&self, values: &mut [Complex64]) {
        let n = values.len();
        self.check_length(n);
        let mut len = n;
        while len >= 2 {
            for block in values.chunks_exact_mut(len) {
                let (low, high) = block.split_at_mut(len / 2);
                for (j, (a, b)) in low.iter_mut().zip(high).enumerate() {
                    let (sum, difference) = (*a + *b, *a - *b);
                    (*a, *b) = (sum, difference * self.twiddle(j, len).conj());
                }
            }
            len /= 2;
        }
        bit_reverse(values);
        let inverse = 1.0 / n as f64;
        values.iter_mut().for_each(|v| *v *= inverse);
    }

    /// `exp(2 pi i 5^j / (4 len))`, `j < len/2`: the root that combines two transforms of `len/2` slots.
    fn twiddle(&self, j: usize, len: usize) -> Complex64 {
        let order = 4 * len;
        let stride = 4 * self.max_slots / order;
        self.roots[(self.powers_of_five[j] as usize % order) * stride]
    }

    fn check_length(&self, n: usize) {
        assert!(
            n.is_power_of_two() && n <= self.max_slots,
            "transform of {n} slots, table for {}",
            self.max_slots
        );
    }
}

/// `exp(2 pi i k / order)`. Symmetry makes it correctly rounded at multiples of an eighth of a turn.
fn root_of_unity(k: usize, order: usize) -> Complex64 {
    // Reduce to the first octant, where sine and cosine are most accurate.
    let eighth = order / 8;
    if eighth == 0 {
        return Complex64::from_polar(1.0, 2.0 * PI * k as f64 / order as f64);
    }
    let (octant, rest) = (k / eighth, k % eighth);
    let angle = |r: usize| 2.0 * PI * r as f64 / order as f64;
    let (sin, cos) = if octant % 2 == 0 {
        angle(rest).sin_cos()
    } else {
        let (s, c) = angle(eighth - rest).sin_cos();
        (c, s)
    };
    match octant / 2 {
        0 => Complex64::new(cos, sin),
        1 => Complex64::new(-sin, cos),
        2 => Complex64::new(-cos, -sin),
        _ => Complex64::new(sin, -cos),
    }
}

fn bit_reverse(values: &mut [Complex64]) {
    let n = values.len();
    if n < 2 {
        return;
    }
    let shift = usize::BITS - n.trailing_zeros();
    for i in 0..n {
        let j = i.reverse_bits() >> shift;
        if i < j {
            values.swap(i, j);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `sum_k a_k Y^k` at `Y = exp(2 pi i 5^j / 4n)` for all `j < n`, summed term by term.
    fn naive_embedding(coefficients: &[f64]) -> Vec<Complex64> {
        let n = coefficients.len() / 2;
        let mut power = 1usize;
        (0..n)
            .map(|_| {
                let value = coefficients
                    .iter()
                    .enumerate()
                    .map(|(k, &a)| {
                        Complex64::from_polar(a, PI * ((power * k) % (4 * n)) as f64 / (2 * n) as f64)
                    })
                    .sum();
                power = power * 5 % (4 * n);
                value
            })
            .collect()
    }

    #[test]
    fn matches_the_naive_canonical_embedding() {
        let fft = EmbeddingFft::new(64);
        for n in [1usize, 2, 4, 8, 64] {
            let coefficients: Vec<f64> =
                (0..2 * n).map(|k| ((k * k + 3 * k + 1) % 17) as f64 - 8.0).collect();
            let mut values: Vec<_> =
                (0..n).map(|k| Complex64::new(coefficients[k], coefficients[k + n])).collect();
            fft.evaluate(&mut values);
            for (got, want) in values.iter().zip(naive_embedding(&coefficients)) {
                assert!((got - want).norm() < 1e-11, "n = {n}: {got} != {want}");
            }
            fft.interpolate(&mut values);
            for (k, v) in values.iter().enumerate() {
                assert!((v - Complex64::new(coefficients[k], coefficients[k + n])).norm() < 1e-12);
            }
        }
    }
}
