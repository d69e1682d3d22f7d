//! The residual of the logistic loss, with the polynomial in product form. Its leading coefficient, the learning rate and the mask
//! multiply the row weights in advance, so they take no level.
//!
//! With `u = t^2`, `s' = rate a s` (`a` the leading coefficient), and labels `s (y - 1/2)`:
//! - degree 3: `(s' t) (u + b)`, 2 levels;
//! - degree 5: `(s' t) ((u + p/2)^2 + q - p^2/4)`, 3 levels;
//! - degree 7: `[(s' t) (u - r)] [(u + b/2)^2 + c - b^2/4]` with `r` the real root of the cubic in `u`, 3 levels.

use ckks::Scale;

use super::quantities::ErrorScale;
use crate::engine::{Engine, require_levels};
use crate::error::Result;
use crate::functions::{Degree, Sigmoid, logistic};

/// The weighted residual of the logistic loss, `rate s (sigma(z) - y)`, at the scale that `scale` gives for its level. The row
/// weights are `s`, the target is `s (y - 1/2)`.
///
/// The logits are `t = z / B`, with `B` the half-width of the approximation's interval. The residual is [`Sigmoid::depth`] levels
/// below them. The row weights must be at least one level above the logits, the target at least one above the residual. The plain
/// twin computes the exact logistic function.
///
/// # Errors
/// [`crate::Error::Level`] if too few levels are left.
pub(super) fn logistic_residual<E: Engine>(
    engine: &E,
    sigmoid: &Sigmoid,
    t: &E::Value,
    weight: &E::Value,
    target: &E::Value,
    rate: f64,
    scale: &ErrorScale<'_>,
) -> Result<E::Value> {
    let exact = |x: &[f64], e: &mut [f64]| {
        // outside column 0 the weight is zero, and the logits are sums over parts of two rows
        let centred = if x[0] == 0.0 { 0.0 } else { logistic(sigmoid.half_width() * x[2]) - 0.5 };
        e[0] = rate * (x[0] * centred - x[1]);
    };
    if let Some(mut exact) = engine.exact(&[weight, target, t], 1, &exact) {
        return Ok(exact.swap_remove(0));
    }
    let level = engine.level(t);
    require_levels("gradient", level, sigmoid.depth())?;
    let out = &scale(level - sigmoid.depth());
    let form = ProductForm::new(sigmoid);
    let u = engine.mul(t, t)?;
    // scales of the factors, from the last product back to the row weights
    let u_scale = engine.scale(&u);
    let s_scale = |st: &Scale| st.mul(&engine.rescale_factor(level)).div(&engine.scale(t));
    let weights = |st: &Scale| {
        let above = engine.drop_to(weight, level + 1)?;
        engine.mul_const(&above, rate * form.leading, &s_scale(st))
    };
    let polynomial = match form.factor {
        Factor::Linear { b } => {
            let st_scale = out.mul(&engine.rescale_factor(level - 1)).div(&u_scale);
            let st = engine.mul(&weights(&st_scale)?, t)?;
            engine.mul(&st, &engine.add_const(&u, b)?)?
        }
        Factor::Quadratic { half, rest } => {
            let h = quadratic(engine, &u, half, rest)?;
            let st_scale = out.mul(&engine.rescale_factor(level - 2)).div(&engine.scale(&h));
            let st = engine.mul(&weights(&st_scale)?, t)?;
            engine.mul(&st, &h)?
        }
        Factor::Cubic { root, half, rest } => {
            let h = quadratic(engine, &u, half, rest)?;
            let stu_scale = out.mul(&engine.rescale_factor(level - 2)).div(&engine.scale(&h));
            let st_scale = stu_scale.mul(&engine.rescale_factor(level - 1)).div(&u_scale);
            let st = engine.mul(&weights(&st_scale)?, t)?;
            engine.mul(&engine.mul(&st, &engine.add_const(&u, -root)?)?, &h)?
        }
    };
    let target = engine.drop_to(target, engine.level(&polynomial) + 1)?;
    engine.sub(&polynomial, &engine.mul_const(&target, rate, out)?)
}

/// `(u + half)^2 + rest`.
fn quadratic<E: Engine>(engine: &E, u: &E::Value, half: f64, rest: f64) -> Result<E::Value> {
    let shifted = engine.add_const(u, half)?;
    engine.add_const(&engine.mul(&shifted, &shifted)?, rest)
}

/// `leading t * factor(t^2)`.
struct ProductForm {
    leading: f64,
    factor: Factor,
}

/// A monic polynomial in `u`.
enum Factor {
    Linear { b: f64 },
    Quadratic { half: f64, rest: f64 },
    Cubic { root: f64, half: f64, rest: f64 },
}

impl ProductForm {
    fn new(sigmoid: &Sigmoid) -> Self {
        let a = sigmoid.coefficients();
        let leading = a[a.len() - 1];
        let monic = |k: usize| a[k] / leading;
        let factor = match sigmoid.degree() {
            Degree::Three => Factor::Linear { b: monic(0) },
            Degree::Five => {
                let half = monic(1) / 2.0;
                Factor::Quadratic { half, rest: monic(0) - half * half }
            }
            Degree::Seven => {
                let (c2, c1, c0) = (monic(2), monic(1), monic(0));
                let root = real_root(c2, c1, c0);
                // u^3 + c2 u^2 + c1 u + c0 = (u - root) (u^2 + (c2 + root) u + c1 + root (c2 + root))
                let b = c2 + root;
                Factor::Cubic { root, half: b / 2.0, rest: c1 + root * b - b * b / 4.0 }
            }
        };
        Self { leading, factor }
    }
}

/// A real root of `u^3 + c2 u^2 + c1 u + c0`, by bisection.
fn real_root(c2: f64, c1: f64, c0: f64) -> f64 {
    let value = |u: f64| ((u + c2) * u + c1) * u + c0;
    // Cauchy's bound on the roots
    let bound = 1.0 + c2.abs().max(c1.abs()).max(c0.abs());
    let (mut low, mut high) = (-bound, bound);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if value(middle) < 0.0 { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::functions::Fit;

    #[test]
    fn the_product_form_is_the_polynomial() {
        for degree in Degree::ALL {
            for half_width in [1.0, 4.0, 8.0, 12.0, 24.0] {
                let sigmoid = Sigmoid::new(degree, half_width, Fit::LeastSquares).unwrap();
                let form = ProductForm::new(&sigmoid);
                for i in -10..=10 {
                    let t = f64::from(i) / 10.0;
                    let u = t * t;
                    let factor = match form.factor {
                        Factor::Linear { b } => u + b,
                        Factor::Quadratic { half, rest } => (u + half).powi(2) + rest,
                        Factor::Cubic { root, half, rest } => (u - root) * ((u + half).powi(2) + rest),
                    };
                    assert!((form.leading * t * factor - sigmoid.centred(t)).abs() < 1e-10);
                }
            }
        }
    }
}
