//! Paterson-Stockmeyer plans of least depth and, at that depth, of fewest key switches.
//!
//! A polynomial of degree `d` is divided by the largest power of two `g <= d`, `p = q B_g + r`, again and again. Two
//! things differ from the textbook:
//!
//! - the remainders of one node stay in that node, `p = sum_i q_i B_{g_i} + (linear part)`: all its products are summed
//!   before the one relinearisation, which halves the key switches outside the powers;
//! - a part of low degree becomes a linear combination of the powers `B_k`, `k < babies`, where the depth allows, and is
//!   divided further where it does not, so that the whole never takes more than `ceil(log2(d + 1))` levels.

use std::collections::BTreeSet;

use super::{Basis, Coefficient, Polynomial, ceil_log2};
use crate::Error;

/// How to evaluate a [`Polynomial`].
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    basis: Basis,
    depth: usize,
    powers: Vec<Power>,
    root: Node,
}

/// One basis polynomial `B_exponent`, from two that come before it.
///
/// Monomial: `x^(a+b) = x^a x^b`. Chebyshev: `T_(a+b) = 2 T_a T_b - T_(a-b)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Power {
    /// `a + b`.
    pub(crate) exponent: usize,
    /// `(a, b)` with `a >= b >= 1`.
    pub(crate) factors: (usize, usize),
}

/// `sum products + sum linear + constant`, one relinearisation (if there are products) and one rescaling.
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
    /// The plan of least depth; among those, of fewest key switches.
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

    /// The plan whose linear parts use powers below `babies`.
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

    /// Levels consumed.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The powers to compute, in an order in which each one's factors come before it.
    pub(crate) fn powers(&self) -> &[Power] {
        &self.powers
    }

    /// The tree that combines them.
    pub(crate) fn root(&self) -> &Node {
        &self.root
    }

    /// Relinearisations: one a power, one a node with products.
    pub fn key_switches(&self) -> usize {
        self.powers.len() + self.root.count(&|node| usize::from(!node.products.is_empty()))
    }

    /// The relinearisations, each as its depth below the argument's level and the number of products that it sums.
    pub(crate) fn products_by_depth(&self) -> Vec<(usize, usize)> {
        let mut all: Vec<_> = self.powers.iter().map(|p| (ceil_log2(p.exponent) - 1, 1)).collect();
        self.root.collect_products(self.depth - 1, &mut all);
        all
    }

    /// Products of two ciphertexts.
    pub fn products(&self) -> usize {
        self.powers.len() + self.root.count(&|node| node.products.len())
    }
}

impl Node {
    /// Divides until every part fits the depth; `budget` is the number of levels that this node may take in all.
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

    /// Products of this node, which is closed at `depth`, and of those below it.
    fn collect_products(&self, depth: usize, into: &mut Vec<(usize, usize)>) {
        if !self.products.is_empty() {
            into.push((depth, self.products.len()));
        }
        // a cofactor arrives one level above
        self.products.iter().for_each(|(_, cofactor)| cofactor.collect_products(depth - 1, into));
    }

    fn count(&self, f: &impl Fn(&Self) -> usize) -> usize {
        f(self) + self.products.iter().map(|(_, cofactor)| cofactor.count(f)).sum::<usize>()
    }
}

/// Divides by `B_giant`: leaves the remainder, below degree `giant`, in `rest` and returns the quotient.
///
/// The degree must be below `2 giant`.
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

/// The exponents above 1 and everything that they are made of.
fn powers(basis: Basis, mut exponents: BTreeSet<usize>) -> Vec<Power> {
    let mut powers = Vec::new();
    while let Some(exponent) = exponents.pop_last().filter(|&k| k > 1) {
        // halves of equal depth: a is the largest power of two below the exponent
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
