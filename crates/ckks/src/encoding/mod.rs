//! Vectors to plaintext polynomials and back.

mod encoder;
mod fft;

pub use encoder::Encoder;
pub use num_complex::Complex64;
