//! Linear maps on slots: matrices by diagonals, the special Fourier transform as a few sparse factors, and the order
//! of rotations that evaluates a map.

mod bsgs;
mod diagonal;
mod encoded;
mod special_fft;
mod transform;

pub use bsgs::{BsgsPlan, Giant, Term};
pub use diagonal::DiagonalMatrix;
pub(crate) use encoded::EncodedDiagonal;
pub(crate) use special_fft::merged_rotations;
pub use special_fft::{coeffs_to_slots, slots_to_coeffs, split_stages};
pub use transform::LinearTransform;
