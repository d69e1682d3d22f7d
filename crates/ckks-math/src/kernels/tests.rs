//! Properties of all backends.

use super::{TensorTerm, tensor_dot};
use crate::{Backend, Modulus};

/// Covers arbitrary contents of `out`, tiles that are not full, and sums longer than what is summed at a time.
#[test]
fn sums_of_any_number_of_products_are_those_of_the_scalar_kernel() {
    const WORDS: usize = 640;
    let Ok(modulus) = Modulus::new((1 << 49) - 111) else { unreachable!("a modulus") };
    let mut word = 1u64;
    let mut limb = || {
        let mut next = || {
            word = word.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1);
            word % modulus.value()
        };
        (0..WORDS).map(|_| next()).collect::<Vec<_>>()
    };
    let limbs: Vec<_> = (0..20).map(|_| limb()).collect();
    for count in [0, 1, 4, 5, 8, 9, 13] {
        let operand = |t: usize| [&limbs[t % 20][..], &limbs[(3 * t + 1) % 20]];
        let terms: Vec<TensorTerm<'_>> = (0..count).map(|t| (operand(t), operand(t + 7))).collect();
        let sums = |backend| {
            let mut out = [7, 8, 9].map(|word| vec![word; WORDS]);
            tensor_dot(backend, &modulus, out.each_mut().map(|out| &mut out[..]), &terms);
            out
        };
        let want = sums(Backend::Scalar);
        for backend in Backend::available() {
            assert!(sums(backend) == want, "{}, {count} terms", backend.name());
        }
        assert!(count > 0 || want.iter().flatten().all(|word| *word == 0));
    }
}
