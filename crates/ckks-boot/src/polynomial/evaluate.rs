//! Runs a [`Plan`] on any [`Arithmetic`].

use std::collections::BTreeMap;

use ckks::Scale;

use super::{Arithmetic, Basis, Coefficient, Node, Plan, Power};

/// The value of the planned polynomial at `x`, exactly at scale `target`, [`Plan::depth`] levels below `x`.
///
/// Scales are fixed from the result downwards: a node's sum has the scale of its result times the prime by which it is
/// rescaled, a cofactor the scale that its product lacks, and coefficients are encoded at what remains. No two summands ever
/// differ in scale, whatever the primes. The target should be near the scale of `x`: a cofactor's precision is `target` times a
/// prime over the scale of a power.
///
/// # Errors
/// Those of the arithmetic.
///
/// # Panics
/// If `x` has fewer levels than the plan's depth.
pub fn evaluate<A: Arithmetic>(
    arithmetic: &A,
    plan: &Plan,
    x: A::Value,
    target: &Scale,
) -> Result<A::Value, A::Error> {
    let level = arithmetic.level(&x);
    assert!(level >= plan.depth(), "a polynomial of depth {} at level {level}", plan.depth());
    let target_level = level - plan.depth();
    let mut powers = BTreeMap::from([(1, x)]);
    for power in plan.powers() {
        let value = raise(arithmetic, plan.basis(), &powers, *power)?;
        powers.insert(power.exponent, value);
    }
    combine(arithmetic, plan.root(), &powers, target_level, target)
}

fn raise<A: Arithmetic>(
    arithmetic: &A,
    basis: Basis,
    powers: &BTreeMap<usize, A::Value>,
    power: Power,
) -> Result<A::Value, A::Error> {
    let (a, b) = (&powers[&power.factors.0], &powers[&power.factors.1]);
    let level = arithmetic.level(a).min(arithmetic.level(b));
    let mut sum = arithmetic.open(level, arithmetic.scale(a).mul(&arithmetic.scale(b)));
    arithmetic.add_product(&mut sum, a, b)?;
    if basis == Basis::Chebyshev {
        let minus_one = Coefficient::real(-1.0);
        arithmetic.double(&mut sum);
        match power.factors.0 - power.factors.1 {
            0 => arithmetic.add_constant(&mut sum, &minus_one)?,
            k => arithmetic.add_multiple(&mut sum, &minus_one, &powers[&k])?,
        }
    }
    arithmetic.close(sum)
}

/// The value of `node` at `level` and `scale`.
fn combine<A: Arithmetic>(
    arithmetic: &A,
    node: &Node,
    powers: &BTreeMap<usize, A::Value>,
    level: usize,
    scale: &Scale,
) -> Result<A::Value, A::Error> {
    let scale = scale.mul(&arithmetic.prime(level + 1));
    let mut sum = arithmetic.open(level + 1, scale.clone());
    for (giant, cofactor) in &node.products {
        let power = &powers[giant];
        let value = combine(arithmetic, cofactor, powers, level + 1, &scale.div(&arithmetic.scale(power)))?;
        arithmetic.add_product(&mut sum, power, &value)?;
    }
    for (k, c) in &node.linear {
        arithmetic.add_multiple(&mut sum, c, &powers[k])?;
    }
    if !node.constant.is_zero() {
        arithmetic.add_constant(&mut sum, &node.constant)?;
    }
    arithmetic.close(sum)
}
