//! The tree of factors of X^N + 1 behind the transforms of all backends (Longa and Naehrig, ePrint 2016/504).
//!
//! Node `m + i` (m a power of two, 0 <= i < m) splits X^2h - w^2 into X^h - w and X^h + w, w = psi^bitreverse(m + i).

use crate::{
    Modulus,
    layout::{Layout, reverse_bits},
};

/// `factor * w` of every node, at the index of the node.
pub(super) fn roots(modulus: &Modulus, layout: Layout, psi: u64, factor: u64) -> Vec<u64> {
    let mut roots = vec![0; layout.n()];
    let mut power = factor;
    for exponent in 0..layout.n() {
        roots[reverse_bits(exponent, layout.log_n())] = power;
        power = modulus.mul(power, psi);
    }
    roots
}

/// The node of the whole tree at place `heap` (1 is the root) of the subtree under `node`.
pub(super) fn node_in_subtree(node: usize, heap: usize) -> usize {
    let depth = heap.ilog2();
    (node << depth) + heap - (1 << depth)
}

/// Node `m + (m - 1 - i)` for node `m + i`. Its root is the negative inverse of the other's root, because
/// complementing the bits of i maps an exponent e to N - e, and psi^N = -1. So the inverse transform needs no roots
/// of its own.
#[inline(always)]
pub(super) fn mirror(node: usize) -> usize {
    let below_top = (1 << node.ilog2()) - 1;
    node ^ below_top
}
