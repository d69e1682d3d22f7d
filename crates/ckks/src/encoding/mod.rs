//! Encoding of vectors as plaintext polynomials.

mod encoder;
mod fft;

pub use encoder::Encoder;
pub use num_complex::Complex64;
