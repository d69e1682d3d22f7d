//! Fuzz targets: every reader of files, fed as a hostile party would feed it.
//!
//! - [`targets`]: a [`Target`] for each reader: its seeds, and the function that libFuzzer calls;
//! - [`Sketch`](sketch::Sketch): a file of keys or ciphertexts without its residues and checksums, which are made anew after each
//!   mutation;
//! - [`parcel`]: several files in one input;
//! - [`mutate`]: numbers that promise more than there is;
//! - [`budget`]: an allocator that refuses more memory than any honest small file needs.
//!
//! `cargo xtask fuzz` builds and runs the targets. `tests/regressions.rs` feeds them what once went wrong, without libFuzzer.

pub mod budget;
mod folder;
pub mod mutate;
pub mod parcel;
mod sealed;
pub mod sketch;
mod target;
pub mod targets;

pub use target::Target;
