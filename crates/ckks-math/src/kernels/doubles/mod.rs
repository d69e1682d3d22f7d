//! Kernels for vectors of doubles with fused multiply-add.
//!
//! x86-64 without AVX-512 IFMA multiplies vectors of 32-bit integers only, but of 53-bit ones as doubles: the product's
//! upper half is its rounding, the lower half comes from one fused multiply-add, exactly. Inside a kernel residues are
//! doubles that hold integers, signed and lazily reduced; at its boundary they are words like everyone's.
//!
//! The kernels are written once, for any instruction set with eight lanes ([`isa`]): [`avx2`], where these are two registers,
//! or [`avx512`], where they are one. Each is inlined as a whole into [`isa::Isa::call`], which is compiled for the set.
#![allow(unsafe_code)] // Operations of the instruction sets; `avx2` and `avx512` say why they may.

mod avx2;
mod avx512;
pub(crate) mod convert;
pub(crate) mod dot;
pub(crate) mod elementwise;
pub(crate) mod isa;
pub(crate) mod ntt;
mod prime;
mod sum;

pub(crate) use avx2::Avx2;
pub(crate) use avx512::Avx512;
