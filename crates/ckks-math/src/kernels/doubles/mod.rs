//! Kernels for vectors of doubles with fused multiply-add.
//!
//! Without AVX-512 IFMA, x86-64 multiplies vectors of integers of at most 32 bits, but vectors of doubles with 53
//! bits. The rounded product is its upper half; one fused multiply-add gives the lower half exactly. Inside a kernel,
//! residues are doubles with integer values, signed and lazily reduced. At its boundary they are words, as in every
//! backend.
//!
//! The kernels are written once, for any instruction set with eight lanes ([`isa`]): two registers with [`avx2`], one
//! register with [`avx512`]. Each kernel is inlined as a whole into [`isa::Isa::call`], which is compiled for the
//! set.
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

#[cfg(test)]
mod tests {
    use super::{Avx2, Avx512, isa::*};
    use crate::{
        kernels::packed::{Packed, WINDOW, mask, pack, packed_len},
        modulus::MAX_MODULUS_BITS,
    };

    fn words_of_every_width_come_back<S: Isa>() {
        let Some(isa) = S::detect() else { return };
        for bits in 1..=MAX_MODULUS_BITS as usize {
            let words: [u64; 8] =
                std::array::from_fn(|i| 0x9e37_79b9_7f4a_7c15_u64.rotate_left(i as u32) & mask(bits));
            let mut bytes = vec![0xa5; packed_len(8, bits) + WINDOW];
            pack([&words, &[mask(bits); 8]], bits, &mut bytes[..packed_len(8, bits)]);
            for (window, expected) in
                Packed::new(&bytes, bits, 8).windows(0).into_iter().zip([words, [mask(bits); 8]])
            {
                let mut out = [0; 8];
                isa.call(|| isa.unpacked(&isa.unpack(bits), window).store(&mut out));
                assert_eq!(out, expected, "{bits} bits");
            }
        }
    }

    #[test]
    fn packed_words_of_every_width_come_back() {
        words_of_every_width_come_back::<Avx2>();
        words_of_every_width_come_back::<Avx512>();
    }
}
