//! Polynomials in one variable and their depth-optimal evaluation.
//!
//! A [`Polynomial`] is data; [`Plan`] turns it into products, sums and powers of the variable; [`evaluate`] runs the plan
//! on anything that implements [`Arithmetic`]: ciphertexts, a noise simulation, or plain numbers.

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

/// The family in which the coefficients of a [`Polynomial`] are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// `1, x, x^2, ..`
    Monomial,
    /// `T_0, T_1, T_2, ..` with `T_k(cos t) = cos(k t)`; the argument must lie in `[-1, 1]`.
    Chebyshev,
}

/// `sum_k c_k B_k(x)`, where `B` is the basis and each `c_k` is a number or a vector of numbers, one for each slot.
#[derive(Clone, Debug, PartialEq)]
pub struct Polynomial {
    basis: Basis,
    coefficients: Vec<Coefficient>,
}

impl Polynomial {
    /// The polynomial with these coefficients, lowest first. Zero coefficients at the end are dropped.
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

    /// The coefficients, lowest first; the last one is not zero.
    pub fn coefficients(&self) -> &[Coefficient] {
        &self.coefficients
    }

    /// The degree; 0 for constants and for the zero polynomial.
    pub fn degree(&self) -> usize {
        self.coefficients.len().saturating_sub(1)
    }

    /// The levels that an evaluation consumes: `ceil(log2(degree + 1))`.
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
