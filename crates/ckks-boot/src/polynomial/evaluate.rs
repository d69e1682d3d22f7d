//! Runs a [`Plan`] on any [`Arithmetic`].

use std::collections::BTreeMap;

use ckks::Scale;

use super::{Arithmetic, Basis, Coefficient, Node, Plan, Power, Sum};

/// The value of the planned polynomial at `x`, at exactly the scale `target`, [`Plan::depth`] levels below `x`.
///
/// Scales are determined from the result downwards. The sum of a node has the scale of its result times the prime of
/// its rescaling. A cofactor gets the scale that its product lacks, and coefficients are encoded at the scale that
/// remains. Summands therefore never differ in scale, whatever the primes. `target` should be near the scale of `x`:
/// the precision of a cofactor is `target` times a prime over the scale of a power.
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
    let minus_one = Coefficient::real(-1.0);
    let mut sum = Sum {
        level: arithmetic.level(a).min(arithmetic.level(b)),
        scale: arithmetic.scale(a).mul(&arithmetic.scale(b)),
        products: vec![(a, b)],
        doubled: false,
        multiples: Vec::new(),
        constant: None,
    };
    if basis == Basis::Chebyshev {
        sum.doubled = true;
        match power.factors.0 - power.factors.1 {
            0 => sum.constant = Some(&minus_one),
            k => sum.multiples.push((&minus_one, &powers[&k])),
        }
    }
    arithmetic.sum(&sum)
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
    let cofactors = node.products.iter().map(|(giant, cofactor)| {
        let power = &powers[giant];
        let scale = scale.div(&arithmetic.scale(power));
        Ok((power, combine(arithmetic, cofactor, powers, level + 1, &scale)?))
    });
    let cofactors = cofactors.collect::<Result<Vec<_>, A::Error>>()?;
    arithmetic.sum(&Sum {
        level: level + 1,
        scale,
        products: cofactors.iter().map(|(power, value)| (*power, value)).collect(),
        doubled: false,
        multiples: node.linear.iter().map(|(k, c)| (c, &powers[k])).collect(),
        constant: Some(&node.constant).filter(|c| !c.is_zero()),
    })
}
