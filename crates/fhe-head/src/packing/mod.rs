//! How samples lie in slots, and the two products of a training step on them.
//!
//! `D` features are cut into chunks of different powers of two, the binary digits of `D` (384 = 256 + 128), each with weights of its own.
//!
//! A block of `r` samples fills `S = r c` slots as `r` rows by `c` columns, slot `s = row c + column`. A chunk of `d` features
//! (`c <= d <= S`) needs `m = d / c` slot vectors, the generalised diagonals `X_i[s] = x_row[(s + i c) mod d]`. Weights are tiled,
//! `W[s] = w[s mod d]`, so that `Z = sum_i X_i * rot(W, i c)` holds in each slot the part of its row's inner product that belongs to the
//! column. Rows lie in the same slots whatever the chunk, so that the sums of all chunks add up, and all share the residuals.
//!
//! Baby steps `b < m1` and giant steps `g < m2`, `i = b + g m1`, split the rotations. The data party uploads
//! `Y_{g,b} = rot(X_i, -b c)`, and then both products need `m1 + m2` rotations instead of `m`:
//! - forward: `Z = sum_b rot(sum_g Y_{g,b} * rot(W, g m1 c), b c)`;
//! - backward: `G = sum_g rot(sum_b Y_{g,b} * rot(E, -b c), -g m1 c)`.
//!
//! The inner sums of the forward product run over the giant steps of all chunks, and the chunks share the rotations of `E`: a further
//! chunk costs no key switch of a baby step.
//!
//! Two samples may share a slot: a complex block is `Y_A + i Y_B` of two real blocks, its halves. Weights are real, so `forward` gives
//! `Z_A + i Z_B`, and one conjugation separates the parts ([`split`]). Residuals are joined as `E_A - i E_B` ([`join_residuals`]); the
//! real part of the sum that `backward` makes is the gradient of both halves. A complex block takes the products and rotations of a
//! real one for twice the samples.
//!
//! Each inner sum is relinearised once. The rotations of `W` share one decomposition, and so do those of `E`. The outer sums use
//! Horner's rule, which needs a single Galois key.

mod block;
mod deal;
mod halves;
mod layout;
mod messages;
mod products;

pub use block::{Block, BlockLayout, Blocks, Item, Rows};
pub use deal::Deal;
pub use halves::{join, join_residuals, split};
pub use layout::{Chunk, Packing, Sizes, untile};
pub use messages::{Tile, messages};
pub use products::{
    add_rotations, backward, finish_backward, forward, powers_of_two, rotated_weights, spread, sum_columns,
};
