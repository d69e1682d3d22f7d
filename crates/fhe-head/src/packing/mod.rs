//! How samples lie in slots, and the two products of a training step on them.
//!
//! A block of `r` samples fills `S = r c` slots as `r` rows by `c` columns, slot `s = row c + column`. `D` features
//! (padded to a power of two, `c <= D <= S`) need `m = D / c` slot vectors, the generalised diagonals
//! `X_i[s] = x_row[(s + i c) mod D]`. Weights are tiled, `W[s] = w[s mod D]`, so that
//! `Z = sum_i X_i * rot(W, i c)` holds in each slot the part of its row's inner product that belongs to the column.
//!
//! Baby steps `b < m1` and giant steps `g < m2`, `i = b + g m1`, split the rotations. The data party uploads
//! `Y_{g,b} = rot(X_i, -b c)`, and then both products need `m1 + m2` rotations instead of `m`:
//! - forward: `Z = sum_b rot(sum_g Y_{g,b} * rot(W, g m1 c), b c)`;
//! - backward: `G = sum_g rot(sum_b Y_{g,b} * rot(E, -b c), -g m1 c)`.
//!
//! Two samples may share a slot: a complex block is `Y_A + i Y_B` of two real blocks, its halves. Weights are real, so `forward` gives
//! `Z_A + i Z_B`, and one conjugation separates the parts ([`split`]). Residuals are joined as `E_A - i E_B` ([`join_residuals`]); the
//! real part of the sum that `backward` makes is the gradient of both halves. A complex block takes the products and rotations of a
//! real one for twice the samples.
//!
//! Each inner sum is relinearised once. The rotations of `W` share one decomposition, and so do those of `E`. The outer sums use
//! Horner's rule, which needs a single Galois key.

mod block;
mod halves;
mod layout;
mod products;

pub use block::{Block, BlockLayout, Blocks, Item, Rows};
pub use halves::{join, join_residuals, split};
pub use layout::{Packing, Sizes, untile};
pub use products::{
    add_rotations, backward, finish_backward, forward, powers_of_two, rotated_weights, spread, sum_columns,
};
