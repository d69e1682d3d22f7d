//! The blocks of vectors that the passes of a transform work on, and their layers of butterflies.

use super::lanes::LANES;
use crate::layout::GROUP;

/// Words of a block of the last pass.
pub(super) const BLOCK: usize = 16;
/// Roots of one block of the last pass: 1 + 2 + 4 + 8.
pub(super) const LEAVES: usize = BLOCK - 1;
/// Vectors of a group.
pub(super) const GROUP_VECTORS: usize = GROUP / LANES;
/// Vectors that passes 3 and 4 work on together: 256 words.
pub(super) const TILE_VECTORS: usize = 2 * GROUP_VECTORS;

/// Place of the first operand of pair number `k` in a layer.
pub(super) const fn place(k: usize, half: usize) -> usize {
    k / half * 2 * half + k % half
}

/// Writes a block of code out for each pair of a layer of radix up to 16, with its number as a constant. In a loop
/// that the compiler does not unroll, the values would not stay in registers.
macro_rules! each_pair {
    ($k:ident => $body:block) => {
        $crate::kernels::block::each_pair!(@ $k $body 0 1 2 3 4 5 6 7);
    };
    (@ $k:ident $body:block $($number:literal)*) => {
        $({
            const $k: usize = $number;
            $body
        })*
    };
}

pub(super) use each_pair;
