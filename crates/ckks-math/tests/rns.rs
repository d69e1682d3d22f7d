//! The conversions between residue systems of all backends against exact integers.
#![allow(clippy::unwrap_used)]

mod common;

use ckks_math::{Basis, Coeff, KeySwitch, Modulus, PackedPair, Poly, Switched};
use common::{check_reduced, from_words, rings, uniform, words};
use num_bigint::{BigInt, BigUint, Sign};

fn product(moduli: impl Iterator<Item = Modulus>) -> BigInt {
    moduli.map(|m| BigInt::from(m.value())).product()
}

fn moduli(poly: &Poly<Coeff>) -> Vec<Modulus> {
    (0..poly.basis().limbs()).map(|i| *poly.modulus(i)).collect()
}

/// x from its residues, in [0, Q).
fn compose(residues: &[u64], moduli: &[Modulus]) -> BigInt {
    let q = product(moduli.iter().copied());
    let sum: BigInt = residues
        .iter()
        .zip(moduli)
        .map(|(&r, m)| {
            let cofactor = &q / m.value();
            let inverse = m.inv(residue(&cofactor, m));
            cofactor * m.mul(r, inverse)
        })
        .sum();
    sum % q
}

fn residue(x: &BigInt, m: &Modulus) -> u64 {
    let p = BigInt::from(m.value());
    let r = ((x % &p) + &p) % &p;
    r.to_biguint().unwrap_or(BigUint::ZERO).iter_u64_digits().next().unwrap_or(0)
}

fn centred(x: BigInt, q: &BigInt) -> BigInt {
    let x = ((x % q) + q) % q;
    if &x * 2 > *q { x - q } else { x }
}

/// x / d to the nearest integer, d odd.
fn rounded(x: &BigInt, d: &BigInt) -> BigInt {
    let shifted: BigInt = x * 2 + d;
    let twice: BigInt = d * 2;
    // Division rounds towards zero; make it floor.
    let q = &shifted / &twice;
    if shifted.sign() == Sign::Minus && &q * &twice != shifted { q - 1 } else { q }
}

/// All coefficients of a polynomial, centred.
fn integers(poly: &Poly<Coeff>) -> Vec<BigInt> {
    let moduli = moduli(poly);
    let q = product(moduli.iter().copied());
    let limbs: Vec<_> = (0..moduli.len()).map(|i| words(poly, i)).collect();
    (0..limbs[0].len())
        .map(|k| centred(compose(&limbs.iter().map(|l| l[k]).collect::<Vec<_>>(), &moduli), &q))
        .collect()
}

#[test]
fn rescale_rounds_exactly() {
    for log_n in [10, 13] {
        for ring in rings(log_n, &[50, 36, 28, 46], 0) {
            for q in 2..=4 {
                let f = uniform(&ring, Basis::of_q(q), "f");
                let d = BigInt::from(f.modulus(q - 1).value());
                let got = integers(&f.rescale().into_coeff());
                for (x, got) in integers(&f.into_coeff()).iter().zip(got) {
                    assert_eq!(rounded(x, &d), got);
                }
            }
        }
    }
}

#[test]
fn rescale_at_the_edges_of_rounding() {
    for ring in rings(10, &[50, 40, 30], 0) {
        let basis = Basis::of_q(3);
        let d = BigInt::from(ring.q()[2].value());
        let half: BigInt = &d / 2;
        let exact: Vec<BigInt> = (0..1024)
            .map(|k: i64| {
                let quotient = BigInt::from((k - 512) * 1_000_003);
                quotient * &d
                    + match k % 4 {
                        0 => half.clone(),
                        1 => -half.clone(),
                        2 => half.clone() - 1,
                        _ => BigInt::ZERO,
                    }
            })
            .collect();
        let f = from_words(&ring, basis, |i, k| residue(&exact[k], &ring.q()[i]));
        let got = integers(&f.into_ntt().rescale().into_coeff());
        for (k, got) in (0i64..).zip(got) {
            assert_eq!(got, BigInt::from((k - 512) * 1_000_003));
        }
    }
}

#[test]
fn division_by_special_primes_rounds() {
    for ring in rings(11, &[50, 36, 46, 28], 4) {
        for p in 1..=4 {
            let basis = Basis { q: 3, p };
            let f = uniform(&ring, basis, "f");
            let special = product(ring.p()[..p].iter().copied());
            let last = BigInt::from(ring.q()[2].value());
            let down = integers(&f.mod_down().into_coeff());
            let both = integers(&f.mod_down_rescale().into_coeff());
            for ((x, down), both) in integers(&f.into_coeff()).iter().zip(down).zip(both) {
                assert_eq!(rounded(x, &special), down);
                assert_eq!(rounded(x, &(&special * &last)), both);
            }
        }
    }
}

/// Near half of P either neighbour may result, and nothing else.
#[test]
fn division_near_a_tie() {
    for ring in rings(10, &[50, 40], 3) {
        let basis = Basis { q: 2, p: 3 };
        let special = product(ring.p().iter().copied());
        let half: BigInt = &special / 2;
        let exact: Vec<BigInt> =
            (0..1024i64).map(|k| BigInt::from(k * 977) * &special + &half + BigInt::from(k - 512)).collect();
        let all: Vec<Modulus> = ring.q().iter().chain(ring.p()).copied().collect();
        let f = from_words(&ring, basis, |i, k| residue(&exact[k], &all[i]));
        let got = integers(&f.into_ntt().mod_down().into_coeff());
        for (k, got) in (0i64..).zip(got) {
            assert!(got == BigInt::from(k * 977) || got == BigInt::from(k * 977 + 1), "{k}: {got}");
        }
    }
}

#[test]
fn digits_are_centred_residues() {
    for log_n in [10, 13] {
        for ring in rings(log_n, &[50, 36, 36, 28, 46], 2) {
            for (q, digit_limbs, p) in [(5, 1, 1), (5, 2, 2), (5, 3, 2), (4, 5, 1), (1, 2, 2), (3, 3, 0)] {
                let c = uniform(&ring, Basis::of_q(q), "c");
                let digits = c.decompose(digit_limbs, p);
                assert_eq!(digits.len(), q.div_ceil(digit_limbs));
                let c = c.into_coeff();
                for (j, digit) in digits.into_iter().enumerate() {
                    assert_eq!(digit.basis(), Basis { q, p });
                    check_reduced(&digit);
                    let digit = digit.into_coeff();
                    let own: Vec<usize> = (j * digit_limbs..((j + 1) * digit_limbs).min(q)).collect();
                    let own_moduli: Vec<Modulus> = own.iter().map(|&i| ring.q()[i]).collect();
                    let modulus = product(own_moduli.iter().copied());
                    let source: Vec<_> = own.iter().map(|&i| words(&c, i)).collect();
                    let raised: Vec<_> = (0..q + p).map(|i| words(&digit, i)).collect();
                    for k in 0..ring.degree() {
                        let residues: Vec<u64> = source.iter().map(|s| s[k]).collect();
                        let x = centred(compose(&residues, &own_moduli), &modulus);
                        for (i, m) in moduli(&digit).iter().enumerate() {
                            assert_eq!(raised[i][k], residue(&x, m), "digit {j}, limb {i}, word {k}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn raising_from_the_first_prime_is_exact() {
    for ring in rings(12, &[46, 50, 28, 36], 2) {
        let p0 = ring.q()[0];
        let top = p0.value();
        let edges = [0, 1, top - 1, top / 2, top / 2 + 1, top / 2 - 1];
        let f = from_words(&ring, Basis::of_q(1), |_, k| {
            if k < 6 { edges[k] } else { p0.reduce(k as u64 * 0x9e37_79b9_7f4a_7c15) }
        });
        let raised = f.raise(&ring, ring.full_basis());
        check_reduced(&raised);
        let source = words(&f, 0);
        for (i, m) in moduli(&raised).iter().enumerate() {
            for (&x, got) in source.iter().zip(words(&raised, i)) {
                let x = if x > top / 2 { x as i64 - top as i64 } else { x as i64 };
                assert_eq!(got, m.reduce_i64(x));
            }
        }
    }
}

/// The key switch as a whole has the same bits as its steps one after the other.
#[test]
fn key_switches_are_their_steps() {
    for log_n in [10, 13] {
        for ring in rings(log_n, &[50, 36, 36, 28, 46], 3) {
            let table = ring.automorphism(5);
            for (q, digit_limbs, p) in [(5, 2, 3), (4, 3, 2), (3, 1, 1), (3, 3, 3), (2, 2, 1)] {
                let basis = Basis { q, p };
                let c = uniform(&ring, Basis::of_q(q), "c");
                let plus = ["c0", "c1"].map(|name| uniform(&ring, Basis::of_q(q), name));
                let ranges: Vec<_> =
                    (0..q).step_by(digit_limbs).map(|first| first..(first + digit_limbs).min(q)).collect();
                let half = |half, j| uniform(&ring, ring.full_basis(), &format!("{half}{j}"));
                let key = |j| PackedPair::new([&half("b", j), &half("a", j)]);
                let key: Vec<_> = (0..ranges.len()).map(key).collect();
                let digits = c.decompose_at(&ranges, p);
                for (added, rescale, turned) in
                    [([true, true], true, false), ([true, false], false, true), ([false, false], true, true)]
                {
                    let mut want = Poly::dot2(&digits, &key);
                    let plus = [0, 1].map(|half| added[half].then(|| &plus[half]));
                    for (want, plus) in want.iter_mut().zip(plus) {
                        plus.into_iter().for_each(|plus| want.add_assign(&plus.times_special(p)));
                        *want = if rescale { want.mod_down_rescale() } else { want.mod_down() };
                        *want = if turned { want.automorphism(&table) } else { want.clone() };
                    }
                    for switched in [Switched::Digits(&digits), Switched::Poly(&c, &ranges)] {
                        let got = Poly::key_switch(&KeySwitch {
                            switched,
                            key: &key,
                            special: p,
                            plus,
                            rescale,
                            table: turned.then_some(&*table),
                        });
                        assert!(got == want, "{basis:?}, {digit_limbs} limbs a digit, {rescale}, {turned}");
                    }
                }
            }
        }
    }
}
