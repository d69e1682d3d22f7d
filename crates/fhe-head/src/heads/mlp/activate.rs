//! The activation of a hidden layer on slot vectors.

use crate::engine::Engine;
use crate::error::Result;
use crate::functions::{Activation, ActivationKind};

/// An activation and its derivative with respect to `t`, both divided by [`Activation::leading`].
#[derive(Clone, Debug)]
pub(super) struct Activated<V> {
    pub(super) value: V,
    pub(super) slope: V,
}

/// The activation at arguments `t = z / B`: one level for a quadratic, two for the cubic. The plain twin computes the exact function.
pub(super) fn activate<E: Engine>(
    engine: &E,
    activation: &Activation,
    t: &E::Value,
) -> Result<Activated<E::Value>> {
    let exact = |x: &[f64], y: &mut [f64]| {
        let (width, leading) = (activation.half_width(), activation.leading());
        let (value, slope) = activation.exact(width * x[0]);
        (y[0], y[1]) = (value / leading, width * slope / leading);
    };
    if let Some(pair) = engine.exact(&[t], 2, &exact)
        && let Ok([value, slope]) = <[E::Value; 2]>::try_from(pair)
    {
        return Ok(Activated { value, slope });
    }
    let [a, b] = activation.low();
    match activation.kind() {
        ActivationKind::Square | ActivationKind::Gelu => {
            // t^2 + b t + a = t (t + b) + a
            let value = engine.add_const(&engine.mul(t, &engine.add_const(t, b)?)?, a)?;
            Ok(Activated { value, slope: engine.add_const(&engine.add(t, t)?, b)? })
        }
        ActivationKind::Tanh => {
            // t^3 + a t = t (t^2 + a)
            let u = engine.mul(t, t)?;
            let value = engine.mul(t, &engine.add_const(&u, a)?)?;
            let triple = engine.add(&engine.add(&u, &u)?, &u)?;
            Ok(Activated { value, slope: engine.add_const(&triple, a)? })
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::engine::Plain;

    #[test]
    fn the_plain_twin_is_exact() {
        let activation = Activation::new(ActivationKind::Gelu, 3.0).unwrap();
        let activated = activate(&Plain::new(2), &activation, &vec![0.5, -1.0].into()).unwrap();
        let close = |ours: f64, (exact, scale): (f64, f64)| {
            assert!((ours * activation.leading() - scale * exact).abs() < 1e-12);
        };
        close(activated.value.real()[0], (activation.exact(1.5).0, 1.0));
        close(activated.slope.real()[1], (activation.exact(-3.0).1, 3.0));
    }
}
