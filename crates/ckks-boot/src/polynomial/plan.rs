//! Paterson-Stockmeyer plans of least depth and, at that depth, of fewest key switches.
//!
//! A polynomial of degree `d` is divided repeatedly by the largest power of two `g <= d`: `p = q B_g + r`. Two things
//! differ from the textbook:
//!
//! - The remainders of a node stay in that node, `p = sum_i q_i B_{g_i} + (linear part)`. Its products are summed
//!   before a single relinearisation, which halves the key switches outside the powers.
//! - A part of low degree becomes a linear combination of the powers `B_k`, `k < babies`, if the depth allows it, and
//!   is divided further if not. The whole never takes more than `ceil(log2(d + 1))` levels.

use std::collections::BTreeSet;

use super::{Basis, Coefficient, Polynomial, ceil_log2};
use crate::Error;

/// A plan for the evaluation of a [`Polynomial`].
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    basis: Basis,
    depth: usize,
    powers: Vec<Power>,
    root: Node,
}

/// One basis polynomial `B_exponent`, computed from earlier ones.
///
/// Monomial: `x^(a+b) = x^a x^b`. Chebyshev: `T_(a+b) = 2 T_a T_b - T_(a-b)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Power {
    /// `a + b`.
    pub(crate) exponent: usize,
    /// `(a, b)` with `a >= b >= 1`.
    pub(crate) factors: (usize, usize),
}

/// `sum products + sum linear + constant`, with one rescaling, and one relinearisation if there are products.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    /// `(g, q)`: the product of `B_g` and the value of `q`.
    pub(crate) products: Vec<(usize, Node)>,
    /// `(k, c)`: the multiple `c B_k`, `k >= 1`.
    pub(crate) linear: Vec<(usize, Coefficient)>,
    /// The constant term.
    pub(crate) constant: Coefficient,
}

impl Plan {
    /// The plan of least depth and, among those, of fewest key switches.
    ///
    /// # Errors
    /// [`Error::ConstantPolynomial`] if the degree is 0.
    pub fn new(polynomial: &Polynomial) -> Result<Self, Error> {
        if polynomial.degree() == 0 {
            return Err(Error::ConstantPolynomial);
        }
        let sizes =
            (1..=ceil_log2(polynomial.degree() + 1)).map(|log| Self::with_babies(polynomial, 1 << log));
        let best = sizes.min_by_key(|plan| (plan.key_switches(), plan.products()));
        best.ok_or(Error::ConstantPolynomial)
    }

    /// The plan whose linear parts use the powers below `babies`.
    fn with_babies(polynomial: &Polynomial, babies: usize) -> Self {
        let depth = polynomial.depth();
        let root = Node::divide(polynomial.basis(), polynomial.coefficients().to_vec(), depth, babies);
        let mut exponents = BTreeSet::new();
        root.collect_exponents(&mut exponents);
        let powers = powers(polynomial.basis(), exponents);
        Self { basis: polynomial.basis(), depth, powers, root }
    }

    /// The basis of the powers.
    pub fn basis(&self) -> Basis {
        self.basis
    }

    /// Number of levels that an evaluation takes.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The powers to compute. The factors of each come before it.
    pub(crate) fn powers(&self) -> &[Power] {
        &self.powers
    }

    /// The tree that combines the powers.
    pub(crate) fn root(&self) -> &Node {
        &self.root
    }

    /// Number of relinearisations: one per power, one per node with products.
    pub fn key_switches(&self) -> usize {
        self.powers.len() + self.root.count(&|node| usize::from(!node.products.is_empty()))
    }

    /// The relinearisations, each with its depth below the argument's level and its number of summed products.
    pub(crate) fn products_by_depth(&self) -> Vec<(usize, usize)> {
        let mut all: Vec<_> = self.powers.iter().map(|p| (ceil_log2(p.exponent) - 1, 1)).collect();
        self.root.collect_products(self.depth - 1, &mut all);
        all
    }

    /// Number of products of two ciphertexts.
    pub fn products(&self) -> usize {
        self.powers.len() + self.root.count(&|node| node.products.len())
    }
}

impl Node {
    /// Divides until every part fits the depth. `budget` is the number of levels that this node may take.
    fn divide(basis: Basis, mut rest: Vec<Coefficient>, budget: usize, babies: usize) -> Self {
        let mut products = Vec::new();
        let mut linear = Vec::new();
        loop {
            while rest.len() > 1 && rest.last().is_some_and(Coefficient::is_zero) {
                rest.pop();
            }
            let degree = rest.len() - 1;
            if degree == 0 || (degree < babies && ceil_log2(degree) < budget) {
                break;
            }
            let giant = 1 << degree.ilog2();
            let quotient = split_off(basis, &mut rest, giant);
            match <[Coefficient; 1]>::try_from(quotient) {
                Ok([c]) => linear.push((giant, c)),
                Err(quotient) => products.push((giant, Self::divide(basis, quotient, budget - 1, babies))),
            }
        }
        let mut terms = rest.into_iter();
        let constant = terms.next().unwrap_or(Coefficient::real(0.0));
        linear.extend((1..).zip(terms).filter(|(_, c)| !c.is_zero()));
        Self { products, linear, constant }
    }

    fn collect_exponents(&self, into: &mut BTreeSet<usize>) {
        into.extend(self.linear.iter().map(|(k, _)| k));
        for (giant, cofactor) in &self.products {
            into.insert(*giant);
            cofactor.collect_exponents(into);
        }
    }

    /// Collects the products of this node, which is completed at `depth`, and of its cofactors.
    fn collect_products(&self, depth: usize, into: &mut Vec<(usize, usize)>) {
        if !self.products.is_empty() {
            into.push((depth, self.products.len()));
        }
        // A cofactor is completed one level earlier.
        self.products.iter().for_each(|(_, cofactor)| cofactor.collect_products(depth - 1, into));
    }

    fn count(&self, f: &impl Fn(&Self) -> usize) -> usize {
        f(self) + self.products.iter().map(|(_, cofactor)| cofactor.count(f)).sum::<usize>()
    }
}

/// Divides by `B_giant`, where the degree is below `2 giant`. Leaves the remainder, of degree below `giant`, in
/// `rest` and returns the quotient.
fn split_off(basis: Basis, rest: &mut Vec<Coefficient>, giant: usize) -> Vec<Coefficient> {
    let mut quotient = rest.split_off(giant);
    if basis == Basis::Chebyshev {
        // T_(g+i) = 2 T_g T_i - T_(g-i) for i >= 1
        for (i, c) in quotient.iter_mut().enumerate().skip(1) {
            rest[giant - i] = rest[giant - i].minus(c);
            *c = c.plus(c);
        }
    }
    quotient
}

/// The exponents above 1, with all powers that they are computed from.
fn powers(basis: Basis, mut exponents: BTreeSet<usize>) -> Vec<Power> {
    let mut powers = Vec::new();
    while let Some(exponent) = exponents.pop_last().filter(|&k| k > 1) {
        // Both factors have at most half the depth: a is the largest power of two below the exponent.
        let a = 1 << (exponent - 1).ilog2();
        let b = exponent - a;
        exponents.extend([a, b]);
        if basis == Basis::Chebyshev && a > b {
            exponents.insert(a - b);
        }
        powers.push(Power { exponent, factors: (a, b) });
    }
    powers.reverse();
    powers
}
