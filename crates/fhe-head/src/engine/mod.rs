//! The arithmetic that a trainer runs on: vectors of `S = N/2` slots with the operations of CKKS. Slots are real, except where two
//! samples share one ([`crate::packing`]).
//!
//! One trainer, written against [`Engine`], runs on each of
//! - [`Plain`]: floating point, unlimited depth, the exact logistic function;
//! - [`Simulate`]: floating point with levels, exact scales and a noise estimate; it fails where ciphertexts would;
//! - [`Encrypted`]: ciphertexts and evaluation keys;
//! - [`Trace`]: levels and scales alone, with which the planner counts operations.
//!
//! What is generic is compiled where it is used, by rustc, in every crate anew. The long parts (gradients of the heads that come with the crate,
//! updates, refreshes) are compiled here, once for each of the four: as a [`Work`], through [`Engine::run`].

mod encrypted;
mod exchange;
mod operations;
mod plain;
mod simulate;
mod slots;
mod trace;

pub use encrypted::Encrypted;
pub(crate) use operations::require_levels;
pub use operations::{Operations, Sums};
pub use plain::Plain;
pub use simulate::{Simulate, Simulated};
pub use slots::Slots;
pub use trace::{Count, Counts, KeyLevels, Meta, Operation, Record, Source, Trace};

/// An engine: one of the four.
pub trait Engine: Operations + Sized + sealed::Sealed + 'static {
    /// Does some work, as it was compiled for this engine.
    fn run<W: Work>(work: W::On<Self>);
}

/// Work that is compiled in this crate, for each engine: a type with inputs and a place for the result, and a function for each.
pub trait Work {
    /// Inputs and result, where an engine computes.
    type On<E: Engine>;
    /// Does it on numbers.
    fn plain(work: Self::On<Plain>);
    /// Does it on numbers with noise.
    fn simulated(work: Self::On<Simulate>);
    /// Does it on ciphertexts.
    fn encrypted(work: Self::On<Encrypted>);
    /// Does it on levels and scales.
    fn traced(work: Self::On<Trace>);
}

mod sealed {
    /// Nobody else implements [`super::Engine`]: [`super::Work`] has a function for each.
    pub trait Sealed {}
}

/// Engines, and which function of a [`Work`] is theirs.
macro_rules! engines {
    ($($engine:ty => $function:ident),*) => {$(
        impl sealed::Sealed for $engine {}

        impl Engine for $engine {
            fn run<W: Work>(work: W::On<Self>) {
                W::$function(work);
            }
        }
    )*};
}

engines!(Plain => plain, Simulate => simulated, Encrypted => encrypted, Trace => traced);

/// The functions of a [`Work`]: each calls the same generic one, which so is compiled here for every engine. Not inlined, or they would be
/// compiled again where they are called.
macro_rules! compiled_for_each_engine {
    ($run:path) => {
        #[inline(never)]
        fn plain(work: Self::On<$crate::engine::Plain>) {
            $run(work);
        }

        #[inline(never)]
        fn simulated(work: Self::On<$crate::engine::Simulate>) {
            $run(work);
        }

        #[inline(never)]
        fn encrypted(work: Self::On<$crate::engine::Encrypted>) {
            $run(work);
        }

        #[inline(never)]
        fn traced(work: Self::On<$crate::engine::Trace>) {
            $run(work);
        }
    };
}

pub(crate) use compiled_for_each_engine;
