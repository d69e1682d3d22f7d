//! Best odd polynomials of an odd function on [-1, 1].

use std::sync::LazyLock;

/// `sum_k coefficients[k] t^(2k+1)`.
pub(super) fn odd(coefficients: &[f64], t: f64) -> f64 {
    t * coefficients.iter().rev().fold(0.0, |sum, a| sum * t * t + a)
}

/// Weighted least squares, in the basis of odd Legendre polynomials: orthogonal for the uniform weight, well conditioned for positive
/// weights.
pub(super) fn least_squares(f: impl Fn(f64) -> f64, weight: impl Fn(f64) -> f64, terms: usize) -> Vec<f64> {
    let degrees: Vec<usize> = (0..terms).map(|k| 2 * k + 1).collect();
    let mut normal = vec![(vec![0.0; terms], 0.0); terms];
    for &(t, w) in NODES.iter() {
        let w = w * weight(t);
        let basis: Vec<f64> = degrees.iter().map(|&degree| legendre(degree, t).0).collect();
        for (j, (row, value)) in normal.iter_mut().enumerate() {
            for (k, entry) in row.iter_mut().enumerate() {
                *entry += w * basis[j] * basis[k];
            }
            *value += w * basis[j] * f(t);
        }
    }
    let mut coefficients = vec![0.0; terms];
    for (projection, &degree) in solve(normal).iter().zip(&degrees) {
        for (sum, monomial) in coefficients.iter_mut().zip(legendre_monomials(degree)) {
            *sum += projection * monomial;
        }
    }
    coefficients
}

/// The smallest maximum error, by the Remez exchange. `t, t^3, ..` satisfy the Haar condition on (0, 1], so the best
/// polynomial is the one whose error alternates on `terms + 1` points there.
pub(super) fn minimax(f: impl Fn(f64) -> f64, terms: usize) -> Vec<f64> {
    let mut reference: Vec<f64> =
        (0..=terms).map(|j| (std::f64::consts::PI * j as f64 / (2 * terms + 2) as f64).cos()).collect();
    let mut coefficients = Vec::new();
    for _ in 0..50 {
        let rows = reference
            .iter()
            .enumerate()
            .map(|(j, &t)| {
                let mut row: Vec<f64> = (0..terms).map(|k| t.powi(2 * k as i32 + 1)).collect();
                row.push(if j % 2 == 0 { 1.0 } else { -1.0 });
                (row, f(t))
            })
            .collect();
        let mut solution = solve(rows);
        let levelled = solution.pop().unwrap_or(0.0).abs();
        coefficients = solution;
        let extrema = alternating_extrema(|t| f(t) - odd(&coefficients, t));
        let worst = extrema.iter().map(|&(_, e)| e.abs()).fold(0.0, f64::max);
        if extrema.len() <= terms || worst <= levelled * (1.0 + 1e-9) {
            break;
        }
        // of more extrema than needed, keep the consecutive ones whose smallest error is largest
        let window =
            extrema.windows(terms + 1).max_by(|a, b| smallest(a).total_cmp(&smallest(b))).unwrap_or(&extrema);
        reference = window.iter().map(|&(t, _)| t).collect();
    }
    coefficients
}

/// Largest distance between `f` and the polynomial on [-1, 1]. Both are smooth, so the grid gives the maximum to a relative 1e-8.
pub(super) fn max_error(f: impl Fn(f64) -> f64, coefficients: &[f64]) -> f64 {
    grid().map(|t| (f(t) - odd(coefficients, t)).abs()).fold(0.0, f64::max)
}

fn grid() -> impl Iterator<Item = f64> {
    const POINTS: u32 = 20_000;
    (0..=POINTS).map(|i| 1.0 - f64::from(i) / f64::from(POINTS))
}

fn smallest(window: &[(f64, f64)]) -> f64 {
    window.iter().map(|&(_, e)| e.abs()).fold(f64::INFINITY, f64::min)
}

/// The largest error of each interval of constant sign, from 1 down to 0.
fn alternating_extrema(error: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    let mut extrema: Vec<(f64, f64)> = Vec::new();
    for t in grid().filter(|&t| t > 0.0) {
        let e = error(t);
        match extrema.last_mut() {
            Some(last) if last.1 * e > 0.0 => {
                if e.abs() > last.1.abs() {
                    *last = (t, e);
                }
            }
            _ => extrema.push((t, e)),
        }
    }
    extrema
}

/// Solves a small dense system by elimination with partial pivoting; the system of an alternation is regular.
fn solve(mut rows: Vec<(Vec<f64>, f64)>) -> Vec<f64> {
    let n = rows.len();
    for column in 0..n {
        let pivot = (column..n)
            .max_by(|&a, &b| rows[a].0[column].abs().total_cmp(&rows[b].0[column].abs()))
            .unwrap_or(column);
        rows.swap(column, pivot);
        let (top, below) = rows.split_at_mut(column + 1);
        let (pivot_row, pivot_value) = &top[column];
        for (row, value) in below {
            let factor = row[column] / pivot_row[column];
            for (a, p) in row.iter_mut().zip(pivot_row) {
                *a -= factor * p;
            }
            *value -= factor * pivot_value;
        }
    }
    let mut solution = vec![0.0; n];
    for (k, (row, value)) in rows.iter().enumerate().rev() {
        let known: f64 = (k + 1..n).map(|j| row[j] * solution[j]).sum();
        solution[k] = (value - known) / row[k];
    }
    solution
}

/// Enough for the widest interval: the logistic function of `100 t` is analytic within `pi / 100` of the real line, so
/// the error falls as `exp(-2 n pi / 100)`.
static NODES: LazyLock<Vec<(f64, f64)>> = LazyLock::new(|| gauss_legendre(384));

/// Nodes and weights of Gauss-Legendre quadrature on [-1, 1].
fn gauss_legendre(n: usize) -> Vec<(f64, f64)> {
    (0..n)
        .map(|i| {
            let mut t = (std::f64::consts::PI * (i as f64 + 0.75) / (n as f64 + 0.5)).cos();
            for _ in 0..8 {
                let (value, slope) = legendre(n, t);
                t -= value / slope;
            }
            let slope = legendre(n, t).1;
            (t, 2.0 / ((1.0 - t * t) * slope * slope))
        })
        .collect()
}

/// Legendre polynomial and its derivative at `t` inside (-1, 1).
fn legendre(n: usize, t: f64) -> (f64, f64) {
    let (mut previous, mut value) = (1.0, t);
    for k in 1..n {
        let k = k as f64;
        (previous, value) = (value, ((2.0 * k + 1.0) * t * value - k * previous) / (k + 1.0));
    }
    (value, n as f64 * (t * value - previous) / (t * t - 1.0))
}

/// Coefficients of `t, t^3, ..` in an odd Legendre polynomial.
fn legendre_monomials(degree: usize) -> Vec<f64> {
    let (mut previous, mut value) = (vec![1.0], vec![0.0, 1.0]);
    for k in 1..degree {
        let k = k as f64;
        let mut next = vec![0.0; value.len() + 1];
        for (i, a) in value.iter().enumerate() {
            next[i + 1] += (2.0 * k + 1.0) / (k + 1.0) * a;
        }
        for (i, a) in previous.iter().enumerate() {
            next[i] -= k / (k + 1.0) * a;
        }
        (previous, value) = (value, next);
    }
    value.into_iter().skip(1).step_by(2).collect()
}
