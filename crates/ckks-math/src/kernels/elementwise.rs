//! Sums and products word by word.

use super::{Backend, entry::on_backend, scalar};
#[cfg(target_arch = "x86_64")]
use super::{doubles, ifma};
use crate::Modulus;

/// Defines `fn $name(backend, ...)`, which asserts equal lengths and calls the backend's kernel.
macro_rules! dispatch {
    ($(#[$doc:meta])* $name:ident($($arg:ident: $ty:ty),*); equal $first:ident $(, $other:ident)*) => {
        $(#[$doc])*
        pub(crate) fn $name(backend: Backend, $($arg: $ty),*) {
            $(assert_eq!($first.len(), $other.len());)*
            let _ = $first.len();
            on_backend!(
                backend,
                scalar::$name($($arg),*),
                |isa| doubles::elementwise::$name(isa, $($arg),*),
                ifma::elementwise::$name($($arg),*)
            );
        }
    };
}

dispatch!(
    /// `a += b`.
    add_assign(m: &Modulus, a: &mut [u64], b: &[u64]); equal a, b
);
dispatch!(
    /// `a -= b`.
    sub_assign(m: &Modulus, a: &mut [u64], b: &[u64]); equal a, b
);
dispatch!(
    /// `a = -a`.
    neg_assign(m: &Modulus, a: &mut [u64]); equal a
);
dispatch!(
    /// `out = a + b`.
    add(m: &Modulus, out: &mut [u64], a: &[u64], b: &[u64]); equal out, a, b
);
dispatch!(
    /// `out = a - b`.
    sub(m: &Modulus, out: &mut [u64], a: &[u64], b: &[u64]); equal out, a, b
);
dispatch!(
    /// `a *= b`.
    mul_assign(m: &Modulus, a: &mut [u64], b: &[u64]); equal a, b
);
dispatch!(
    /// `out = a * b`.
    mul(m: &Modulus, out: &mut [u64], a: &[u64], b: &[u64]); equal out, a, b
);
dispatch!(
    /// `acc += a * b`.
    mul_add_assign(m: &Modulus, acc: &mut [u64], a: &[u64], b: &[u64]); equal acc, a, b
);
dispatch!(
    /// `a *= c`.
    mul_scalar_assign(m: &Modulus, a: &mut [u64], c: u64); equal a
);
dispatch!(
    /// `out = a * c`.
    mul_scalar(m: &Modulus, out: &mut [u64], a: &[u64], c: u64); equal out, a
);
dispatch!(
    /// `out += a * c`.
    mul_scalar_add(m: &Modulus, out: &mut [u64], a: &[u64], c: u64); equal out, a
);
dispatch!(
    /// `out` = `c` times the representative of `x` in `(-from/2, from/2)`, modulo `m`.
    lift_centred(m: &Modulus, out: &mut [u64], from: &Modulus, x: &[u64], c: u64); equal out, x
);
