//! Polynomials in one variable, and their evaluation with least depth.
//!
//! A [`Polynomial`] holds coefficients. A [`Plan`] turns it into powers of the variable, products and sums.
//! [`evaluate`] runs the plan on any [`Arithmetic`]: ciphertexts, simulated slots with noise, or plain numbers.
//!
//! ```
//! use ckks_boot::Simulation;
//! use ckks_boot::polynomial::{Arithmetic, Basis, Plan, Polynomial, chebyshev_coefficients, evaluate};
//!
//! let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
//! let coefficients = chebyshev_coefficients(|t| sigmoid(8.0 * t), 31, -1.0, 1.0);
//! let plan = Plan::new(&Polynomial::real(Basis::Chebyshev, &coefficients))?;
//! assert_eq!(plan.depth(), 5);
//!
//! let simulation = Simulation::new(Simulation::odd_numbers([40; 6]), 0.0, 1);
//! let scale = ckks::Scale::power_of_two(40);
//! let slots = [-0.5, 0.0, 0.5].map(Into::into).to_vec();
//! let y = evaluate(&simulation, &plan, simulation.value(slots, 5, scale.clone()), &scale)?;
//! assert_eq!((y.level, simulation.scale(&y)), (0, scale));
//! assert!((y.slots[2].re - sigmoid(4.0)).abs() < 1e-3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod approximation;
mod arithmetic;
mod coefficient;
mod evaluate;
mod plan;

pub use approximation::{chebyshev_coefficients, chebyshev_value};
pub use arithmetic::{Arithmetic, Sum};
pub use coefficient::Coefficient;
pub use evaluate::evaluate;
pub use plan::Plan;
pub(crate) use plan::{Node, Power};

/// The basis in which the coefficients of a [`Polynomial`] are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// `1, x, x^2, ..`
    Monomial,
    /// `T_0, T_1, T_2, ..` with `T_k(cos t) = cos(k t)`. The argument must lie in `[-1, 1]`.
    Chebyshev,
}

/// `sum_k c_k B_k(x)` in the basis `B`. Each `c_k` is one number, or one number for each slot.
#[derive(Clone, Debug, PartialEq)]
pub struct Polynomial {
    basis: Basis,
    coefficients: Vec<Coefficient>,
}

impl Polynomial {
    /// The polynomial with these coefficients, lowest first. Trailing zeros are dropped.
    pub fn new(basis: Basis, coefficients: impl IntoIterator<Item = Coefficient>) -> Self {
        let mut coefficients: Vec<_> = coefficients.into_iter().collect();
        while coefficients.last().is_some_and(Coefficient::is_zero) {
            coefficients.pop();
        }
        Self { basis, coefficients }
    }

    /// The polynomial with these real coefficients, lowest first.
    pub fn real(basis: Basis, coefficients: &[f64]) -> Self {
        Self::new(basis, coefficients.iter().map(|&c| Coefficient::real(c)))
    }

    /// The basis of the coefficients.
    pub fn basis(&self) -> Basis {
        self.basis
    }

    /// The coefficients, lowest first. The last one is not zero.
    pub fn coefficients(&self) -> &[Coefficient] {
        &self.coefficients
    }

    /// The degree, 0 for constants and for the zero polynomial.
    pub fn degree(&self) -> usize {
        self.coefficients.len().saturating_sub(1)
    }

    /// The levels that an evaluation takes: `ceil(log2(degree + 1))`.
    pub fn depth(&self) -> usize {
        ceil_log2(self.degree() + 1)
    }

    /// This polynomial times `factor`, which may differ from slot to slot.
    #[must_use]
    pub fn scaled(&self, factor: &Coefficient) -> Self {
        Self::new(self.basis, self.coefficients.iter().map(|c| c.times(factor)))
    }
}

/// The least `k` with `2^k >= n`.
pub(crate) fn ceil_log2(n: usize) -> usize {
    n.next_power_of_two().trailing_zeros() as usize
}
