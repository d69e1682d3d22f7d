//! SlotsToCoeffs and CoeffsToSlots as products of matrices with few diagonals.
//!
//! A message with `n` slots is a polynomial in `Y = X^(N / 2n)` with `2n` coefficients `m_k`. With
//! `w_k = m_k + i m_(k+n)`, its slots are `z_j = sum_k w_k zeta^(k 5^j)`, `zeta = exp(2 pi i / 4n)`, because
//! `zeta^(n 5^j) = i`. This map `U` is a bit reversal followed by a radix-2 transform of `log2 n` stages. Both
//! directions leave the reversal out: between them every slot is processed on its own, so the order of the
//! coefficients does not matter.
//!
//! Cheon, Han, Kim, Kim, Song, EUROCRYPT 2018, section 4; as sparse factors: Chen, Chillotti, Song, EUROCRYPT 2019,
//! section 3.

use std::collections::BTreeSet;
use std::f64::consts::TAU;

use num_complex::Complex64;

use super::DiagonalMatrix;

/// SlotsToCoeffs for `n = 2^log_n` slots: the factors in order of application. Entry `i` of `stages` is the number of
/// stages merged into factor `i`; a factor without stages is the identity. The product is `U` after a bit reversal.
///
/// # Panics
/// If the stages do not add up to `log_n`.
pub fn slots_to_coeffs(log_n: usize, stages: &[usize]) -> Vec<DiagonalMatrix> {
    assert_eq!(stages.iter().sum::<usize>(), log_n, "stages of a transform of 2^{log_n} slots");
    merge(log_n, (1..=log_n).map(|stage| forward_stage(log_n, stage)), stages)
}

/// CoeffsToSlots for `n = 2^log_n` slots, the inverse of [`slots_to_coeffs`]: the product is a bit reversal after `U^-1`.
///
/// # Panics
/// If the stages do not add up to `log_n`.
pub fn coeffs_to_slots(log_n: usize, stages: &[usize]) -> Vec<DiagonalMatrix> {
    assert_eq!(stages.iter().sum::<usize>(), log_n, "stages of a transform of 2^{log_n} slots");
    merge(log_n, (1..=log_n).rev().map(|stage| inverse_stage(log_n, stage)), stages)
}

/// Divides `log_n` stages into `levels` parts as equal as possible, the larger parts last.
///
/// # Panics
/// If there are no levels.
pub fn split_stages(log_n: usize, levels: usize) -> Vec<usize> {
    assert!(levels > 0, "a transform without levels");
    (0..levels).map(|i| (log_n + i) / levels).collect()
}

/// The rotations, in ascending order, of a factor for `2^log_n` slots that merges `count` stages from stage `lowest`
/// (counted from 1) on.
pub(crate) fn merged_rotations(log_n: usize, lowest: usize, count: usize) -> Vec<usize> {
    let (n, unit) = (1isize << log_n, 1isize << (lowest - 1));
    let most = (1isize << count) - 1;
    let rotations = (-most..=most).map(|k| (k * unit).rem_euclid(n) as usize);
    rotations.collect::<BTreeSet<_>>().into_iter().collect()
}

fn merge(
    log_n: usize,
    mut factors: impl Iterator<Item = DiagonalMatrix>,
    stages: &[usize],
) -> Vec<DiagonalMatrix> {
    let merged = stages.iter().map(|&count| {
        let part = factors.by_ref().take(count).reduce(|first, next| next.after(&first));
        part.unwrap_or_else(|| DiagonalMatrix::identity(1 << log_n))
    });
    merged.collect()
}

/// `zeta_(4 len)^(5^j)` for the butterflies of the stage that joins halves of `len / 2 = 2^(stage - 1)` slots.
fn twiddles(stage: usize) -> Vec<Complex64> {
    let order = 4usize << stage;
    let powers = std::iter::successors(Some(1usize), |power| Some(power * 5 % order));
    powers.take(1 << (stage - 1)).map(|power| Complex64::cis(TAU * power as f64 / order as f64)).collect()
}

/// `(a, b) -> (a + w b, a - w b)`
fn forward_stage(log_n: usize, stage: usize) -> DiagonalMatrix {
    let one = Complex64::ONE;
    stage_matrix(log_n, stage, |w| [[one, w], [one, -w]])
}

/// `(a, b) -> ((a + b) / 2, (a - b) / 2w)`
fn inverse_stage(log_n: usize, stage: usize) -> DiagonalMatrix {
    let half = Complex64::new(0.5, 0.0);
    stage_matrix(log_n, stage, |w| [[half, half], [w.conj() * 0.5, -w.conj() * 0.5]])
}

fn stage_matrix(
    log_n: usize,
    stage: usize,
    butterfly: impl Fn(Complex64) -> [[Complex64; 2]; 2],
) -> DiagonalMatrix {
    let n = 1 << log_n;
    let half = 1 << (stage - 1);
    let twiddles = twiddles(stage);
    let (mut stay, mut ahead, mut back) =
        (vec![Complex64::ZERO; n], vec![Complex64::ZERO; n], vec![Complex64::ZERO; n]);
    for s in 0..n {
        let [upper, lower] = butterfly(twiddles[s % half]);
        if s & half == 0 {
            (stay[s], ahead[s]) = (upper[0], upper[1]);
        } else {
            (back[s], stay[s]) = (lower[0], lower[1]);
        }
    }
    let mut matrix = DiagonalMatrix::zero(n);
    matrix.add_diagonal(0, &stay);
    matrix.add_diagonal(half as isize, &ahead);
    // In the last stage n / 2 = -n / 2, so both diagonals coincide.
    matrix.add_diagonal(-(half as isize), &back);
    matrix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotations_are_known_without_the_matrix() {
        for stages in [[2, 3, 2], [1, 1, 5], [5, 1, 1], [0, 7, 0]] {
            let mut lowest = 8;
            for (matrix, &count) in coeffs_to_slots(7, &stages).iter().zip(&stages) {
                lowest -= count;
                let rotations: Vec<usize> = matrix.diagonals().keys().copied().collect();
                assert_eq!(rotations, merged_rotations(7, lowest, count));
            }
        }
    }
}
