//! Elementary functions and row reductions that the compiler vectorises.
//!
//! All are branch-free and `#[inline(always)]`; callers run them inside [`simd`], which compiles the loop once per
//! instruction set and picks one at run time. Sums run over a fixed number of lanes and nothing is contracted to fused
//! multiply-adds, so every instruction set gives the same bits.

pub(crate) use pulp::NullaryFnOnce as Kernel;

/// Runs a loop with the widest vectors of the processor at hand.
///
/// Kernels are structs with an `#[inline(always)] fn call`: a closure of some size would be compiled once, for the
/// baseline instruction set, and only called from the specialised function.
#[inline(always)]
pub(crate) fn simd<K: Kernel>(kernel: K) -> K::Output {
    pulp::Arch::new().dispatch(kernel)
}

/// Independent partial results of a reduction: four AVX-512 registers.
const LANES: usize = 64;

/// e^x to 2 units in the last place; x outside [-87.3, 88] is clamped there.
///
/// Cody-Waite reduction x = n ln 2 + r, |r| <= ln 2 / 2, and Cephes' polynomial of degree 7 for e^r.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    /// 1.5 * 2^23: adding it rounds to an integer, which stands in the low bits of the sum.
    const ROUND: f32 = 12_582_912.0;
    /// ln 2 split so that n * HI is exact.
    const LN2_HI: f32 = 0.693_359_4;
    const LN2_LO: f32 = -2.121_944_4e-4;
    // Comparisons in this order are single instructions and let NaN through.
    let x = if x < -87.3 { -87.3 } else { x };
    let x = if x > 88.0 { 88.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN2_HI) - n * LN2_LO;
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 0.5;
    let power = shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23;
    (p * r * r + r + 1.0) * f32::from_bits(power)
}

/// x Phi(x), the Gaussian error linear unit, to 3e-7 |x|.
///
/// Phi by Abramowitz and Stegun 7.1.26, which approximates erfc(z) = (a1 t + .. + a5 t^5) e^(-z^2), t = 1/(1 + p z),
/// to 1.5e-7; taking the upper tail directly avoids the cancellation of 1 + erf(x) for negative x.
#[inline(always)]
pub(crate) fn gelu(x: f32) -> f32 {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let mut p = 1.061_405_4;
    p = p * t - 1.453_152_1;
    p = p * t + 1.421_413_8;
    p = p * t - 0.284_496_72;
    p = p * t + 0.254_829_6;
    let tail = 0.5 * p * t * exp(-z * z);
    x * if x < 0.0 { tail } else { 1.0 - tail }
}

/// The tanh form of GELU (`gelu_new`, `gelu_pytorch_tanh`).
#[inline(always)]
pub(crate) fn gelu_tanh(x: f32) -> f32 {
    let u = std::f32::consts::FRAC_2_SQRT_PI * std::f32::consts::FRAC_1_SQRT_2 * (x + 0.044_715 * x * x * x);
    // (1 + tanh u) / 2 = 1 / (1 + e^(-2u))
    x / (1.0 + exp(-2.0 * u))
}

/// x / (1 + e^-x), also called swish.
#[inline(always)]
pub(crate) fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

/// Sum of the elements.
#[inline(always)]
pub(crate) fn sum(row: &[f32]) -> f32 {
    reduce(row, 0.0, |a, v| a + v, |a, b| a + b)
}

/// Sum of the squared distances from `centre`.
#[inline(always)]
pub(crate) fn sum_of_squares(row: &[f32], centre: f32) -> f32 {
    reduce(row, 0.0, |a, v| a + (v - centre) * (v - centre), |a, b| a + b)
}

/// Largest element, minus infinity of none. NaN elements are passed over.
#[inline(always)]
pub(crate) fn max(row: &[f32]) -> f32 {
    reduce(row, f32::NEG_INFINITY, |a, v| if v > a { v } else { a }, |a, b| if b > a { b } else { a })
}

#[inline(always)]
fn reduce(row: &[f32], start: f32, step: impl Fn(f32, f32) -> f32, join: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [start; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for i in 0..LANES {
            lanes[i] = step(lanes[i], chunk[i]);
        }
    }
    // A copy, so that the lanes of the loop above live in registers.
    let mut joined = lanes;
    for (lane, &v) in joined.iter_mut().zip(rest) {
        *lane = step(*lane, v);
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for i in 0..width {
            joined[i] = join(joined[i], joined[i + width]);
        }
    }
    joined[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> impl Iterator<Item = f32> {
        (-4_000..4_000).map(|i| i as f32 * 0.021_3)
    }

    #[test]
    fn exp_is_within_two_units() {
        for x in grid().filter(|x| (-87.0..=88.0).contains(x)) {
            let want = f64::from(x).exp();
            assert!((f64::from(exp(x)) / want - 1.0).abs() < 2.5e-7, "{x}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(-1e30) < 1.3e-38 && exp(f32::NEG_INFINITY) >= 0.0);
        assert!(exp(1e30).is_finite() && exp(f32::NAN).is_nan());
    }

    /// erfc by its series and continued fraction in double precision.
    fn phi(x: f64) -> f64 {
        let z = x.abs() / 2f64.sqrt();
        let erfc = if z < 3.0 {
            let (mut term, mut total, mut n) = (z, z, 0.0);
            while term.abs() > 1e-18 * total.abs() && n < 200.0 {
                n += 1.0;
                term *= -z * z / n * (2.0 * n - 1.0) / (2.0 * n + 1.0);
                total += term;
            }
            1.0 - total * 2.0 / std::f64::consts::PI.sqrt()
        } else {
            let mut f = 0.0;
            for k in (1..60).rev() {
                f = f64::from(k) / 2.0 / (z + f);
            }
            (-z * z).exp() / ((z + f) * std::f64::consts::PI.sqrt())
        };
        if x < 0.0 { erfc / 2.0 } else { 1.0 - erfc / 2.0 }
    }

    #[test]
    fn gelu_and_its_tanh_form() {
        for x in grid().filter(|x| x.abs() < 12.0) {
            let v = f64::from(x);
            assert!((f64::from(gelu(x)) - v * phi(v)).abs() <= 3e-7 * v.abs(), "{x}");
            let u = (2.0 / std::f64::consts::PI).sqrt() * (v + 0.044715 * v * v * v);
            assert!((f64::from(gelu_tanh(x)) - 0.5 * v * (1.0 + u.tanh())).abs() <= 4e-7 * v.abs(), "{x}");
            assert!((f64::from(silu(x)) - v / (1.0 + (-v).exp())).abs() <= 4e-7 * v.abs(), "{x}");
        }
        assert!(gelu(f32::NAN).is_nan());
    }

    #[test]
    fn reductions_of_every_length() {
        for n in 0..300 {
            let row: Vec<f32> = (0..n).map(|i| ((i * 7919) % 1000) as f32 / 100.0 - 5.0).collect();
            let exact: f64 = row.iter().map(|&v| f64::from(v)).sum();
            assert!((f64::from(sum(&row)) - exact).abs() < 1e-4);
            let squares: f64 = row.iter().map(|&v| (f64::from(v) - 1.5).powi(2)).sum();
            assert!((f64::from(sum_of_squares(&row, 1.5)) - squares).abs() < 1e-2);
            assert_eq!(max(&row), row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        let row: Vec<f32> = grid().collect();
        let scalar: Vec<u32> = row.iter().map(|&x| gelu(x).to_bits()).collect();
        let vector: Vec<u32> = simd(|| row.iter().map(|&x| gelu(x).to_bits()).collect());
        assert_eq!(scalar, vector);
        assert_eq!(sum(&row).to_bits(), simd(|| sum(&row)).to_bits());
    }
}
