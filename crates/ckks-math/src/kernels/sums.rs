//! Sums of products, each reduced once.

use super::{
    Backend,
    entry::on_backend,
    scalar,
    terms::{KeyTerm, Plus, TensorTerm},
};
#[cfg(target_arch = "x86_64")]
use super::{doubles, ifma};
use crate::Modulus;

/// `out = sum of a * b` over all terms, reduced once.
pub(crate) fn dot(backend: Backend, m: &Modulus, out: &mut [u64], terms: &[(&[u64], &[u64])]) {
    for (a, b) in terms {
        assert!(a.len() == out.len() && b.len() == out.len());
    }
    on_backend!(
        backend,
        scalar::dot(m, out, terms),
        |isa| doubles::dot::dot(isa, m, out, terms),
        ifma::dot::dot(m, out, terms)
    );
}

/// `out = [sum of d * b, sum of d * a] + plus` over terms `(d, [b, a])`, reduced once.
pub(crate) fn dot2(
    backend: Backend,
    m: &Modulus,
    out: [&mut [u64]; 2],
    terms: &[KeyTerm<'_>],
    plus: Plus<'_>,
) {
    check_key_terms(m, &out, terms, plus);
    on_backend!(
        backend,
        scalar::dot2(m, out, terms, plus),
        |isa| doubles::dot::dot2(isa, m, out, terms, plus),
        ifma::dot::dot2(m, out, terms, plus)
    );
}

/// `out += c * ([sum of d * b, sum of d * a] + plus)` over terms `(d, [b, a])`, reduced once.
pub(crate) fn dot2_add(
    backend: Backend,
    m: &Modulus,
    out: [&mut [u64]; 2],
    terms: &[KeyTerm<'_>],
    c: u64,
    plus: Plus<'_>,
) {
    check_key_terms(m, &out, terms, plus);
    on_backend!(
        backend,
        scalar::dot2_add(m, out, terms, c, plus),
        |isa| doubles::dot::dot2_add(isa, m, out, terms, c, plus),
        ifma::dot::dot2_add(m, out, terms, c, plus)
    );
}

fn check_key_terms(m: &Modulus, out: &[&mut [u64]; 2], terms: &[KeyTerm<'_>], plus: Plus<'_>) {
    assert!(!terms.is_empty(), "a key switch has a digit");
    assert!(plus.limbs.iter().zip(out).all(|(limb, o)| limb.is_none_or(|limb| limb.len() == o.len())));
    for (d, key) in terms {
        assert!(out.iter().all(|o| [d.len(), key.words()] == [o.len(); 2]));
        assert!(key.bits() == m.bits() as usize);
    }
}

/// `out = sum of (a0 b0, a0 b1 + a1 b0, a1 b1)` over terms `([a0, a1], [b0, b1])`, reduced once.
pub(crate) fn tensor_dot(backend: Backend, m: &Modulus, out: [&mut [u64]; 3], terms: &[TensorTerm<'_>]) {
    for (a, b) in terms {
        assert!(out.iter().all(|o| a.iter().chain(b).all(|x| x.len() == o.len())));
    }
    on_backend!(
        backend,
        scalar::tensor_dot(m, out, terms),
        |isa| doubles::dot::tensor_dot(isa, m, out, terms),
        ifma::tensor::tensor_dot(m, out, terms)
    );
}
