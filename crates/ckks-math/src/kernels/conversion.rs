//! Base conversion of some words of a limb. [`conversion`](crate::conversion) has the formula.

use super::{Backend, entry::on_backend, scalar};
#[cfg(target_arch = "x86_64")]
use super::{doubles, ifma};
use crate::conversion::{Conversion, Target};

/// The quotients u of a base conversion for some words. `sources` are the digits `x (Q/q_i)^-1 mod q_i`. No quotient
/// exceeds the number of sources.
pub(crate) fn quotients(backend: Backend, conversion: &Conversion, sources: &[&[u64]], out: &mut [u8]) {
    assert!(sources.len() == conversion.sources.len() && sources.len() <= usize::from(u8::MAX));
    assert!(sources.iter().all(|s| s.len() == out.len()));
    on_backend!(
        backend,
        scalar::quotients(conversion, sources, out),
        |isa| doubles::convert::quotients(isa, conversion, sources, out),
        ifma::convert::quotients(conversion, sources, out)
    );
}

/// Base conversion of some words, from digits and their [`quotients`], with one output for each target.
pub(crate) fn combine(
    backend: Backend,
    targets: &[&Target],
    sources: &[&[u64]],
    quotients: &[u8],
    outs: Vec<&mut [u64]>,
) {
    assert!(targets.iter().all(|target| sources.len() + 1 == target.factors.len()));
    assert_eq!(targets.len(), outs.len());
    let len = quotients.len();
    assert!(sources.iter().all(|s| s.len() == len) && outs.iter().all(|out| out.len() == len));
    on_backend!(
        backend,
        scalar::combine(targets, sources, quotients, outs),
        |isa| doubles::convert::combine(isa, targets, sources, quotients, outs),
        ifma::convert::combine(targets, sources, quotients, outs)
    );
}
