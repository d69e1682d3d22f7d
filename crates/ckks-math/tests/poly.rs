//! The ring operations of all backends against word-by-word arithmetic.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use ckks_math::{
    Basis, FoldedRotation, Modulus, Multiplier, Ntt, PackedPair, Poly, Ring, Rotation, Summands, Summed,
    Weight, WeightedSum, naive, sample,
};
use common::{check_reduced, from_words, rings, uniform, words};
use proptest::prelude::*;

const BITS: [u32; 4] = [28, 36, 46, 50];

fn check<D>(out: &Poly<D>, expected: impl Fn(&Modulus, usize, usize) -> u64) {
    check_reduced(out);
    for i in 0..out.basis().limbs() {
        let m = out.modulus(i);
        for (k, &word) in words(out, i).iter().enumerate() {
            assert_eq!(word, expected(m, i, k), "limb {i}, word {k}, {:?}", out.ring().backend());
        }
    }
}

/// Evaluations in which every third pair of words is at an edge.
fn edgy(ring: &Arc<Ring>, basis: Basis, label: &str) -> Poly<Ntt> {
    let mut poly = uniform(ring, basis, label);
    let phase = label.len();
    for i in 0..basis.limbs() {
        let top = poly.modulus(i).value() - 1;
        for row in poly.rows_mut(i) {
            for (k, word) in row.iter_mut().enumerate() {
                match (k * 7 / (phase + 1)) % 6 {
                    0 => *word = top,
                    1 => *word = 0,
                    2 => *word = 1,
                    _ => {}
                }
            }
        }
    }
    poly
}

#[test]
fn pointwise_operations() {
    for log_n in [10, 13] {
        for ring in rings(log_n, &BITS, 1) {
            let basis = ring.full_basis();
            let (a, b, c) = (edgy(&ring, basis, "a"), edgy(&ring, basis, "bb"), edgy(&ring, basis, "ccc"));
            let w = |p: &Poly<Ntt>| (0..basis.limbs()).map(|i| words(p, i)).collect::<Vec<_>>();
            let (wa, wb, wc) = (w(&a), w(&b), w(&c));
            check(&a.add(&b), |m, i, k| m.add(wa[i][k], wb[i][k]));
            check(&a.sub(&b), |m, i, k| m.sub(wa[i][k], wb[i][k]));
            check(&a.mul(&b), |m, i, k| m.mul(wa[i][k], wb[i][k]));
            let residues = ring.residues(basis, -(1 << 90) + 12345);
            check(&a.scaled(basis, &residues), |m, i, k| m.mul(wa[i][k], residues[i]));
            let mut x = a.clone();
            x.add_integer_assign(-(1 << 90) + 12345);
            check(&x, |m, i, k| m.add(wa[i][k], residues[i]));
            let mut x = a.clone();
            x.add_assign(&b);
            assert!(x == a.add(&b));
            x.sub_assign(&b);
            assert!(x == a);
            x.neg_assign();
            check(&x, |m, i, k| m.neg(wa[i][k]));
            x.neg_assign();
            x.mul_assign(&b);
            assert!(x == a.mul(&b));
            x.mul_add_assign(&c, &a);
            check(&x, |m, i, k| m.add(m.mul(wa[i][k], wb[i][k]), m.mul(wc[i][k], wa[i][k])));
            for factor in [0, 1, -1, 12345, i128::from(u64::MAX) << 20, i128::MIN] {
                let mut x = a.clone();
                x.mul_scalar_assign(&ring.residues(basis, factor));
                check(&x, |m, i, k| m.mul(wa[i][k], m.reduce_i128(factor)));
            }
        }
    }
}

#[test]
fn sums_of_products() {
    for ring in rings(11, &BITS, 1) {
        let (wide, basis) = (ring.full_basis(), Basis { q: 3, p: 1 });
        for count in [1, 2, 3, 7, 16, 17, 40] {
            let make = |name: &str| -> Vec<Poly<Ntt>> {
                (0..count)
                    .map(|t| edgy(&ring, if t == 0 { basis } else { wide }, &format!("{name}{t}")))
                    .collect()
            };
            let (a, b, c, d) = (make("a"), make("bb"), make("ccc"), make("dddd"));
            let naive_sum = |x: &[Poly<Ntt>], y: &[Poly<Ntt>]| {
                let mut sum = Poly::zero(&ring, basis);
                x.iter().zip(y).for_each(|(x, y)| sum.mul_add_assign(x, y));
                sum
            };
            let terms: Vec<_> = a.iter().zip(&b).collect();
            assert!(Poly::dot(&terms) == naive_sum(&a, &b), "{count} terms");
            let [x, y] = Poly::dot2(&a, &packed(&b, &c));
            assert!(x == naive_sum(&a, &b) && y == naive_sum(&a, &c), "{count} terms");
            let terms: Vec<_> = (0..count).map(|t| ([&a[t], &b[t]], [&c[t], &d[t]])).collect();
            let [x, y, z] = Poly::tensor_dot(&terms);
            assert!(x == naive_sum(&a, &c) && z == naive_sum(&b, &d), "{count} terms");
            assert!(y == naive_sum(&a, &d).add(&naive_sum(&b, &c)), "{count} terms");
        }
    }
}

#[test]
fn sums_of_products_and_multiples() {
    for ring in rings(13, &BITS, 1) {
        let (wide, basis) = (ring.full_basis(), Basis { q: 3, p: 1 });
        let operands: Vec<_> = (0..30).map(|t| edgy(&ring, wide, &format!("operand {t}"))).collect();
        let pair = |t: usize| [&operands[t % 30], &operands[(7 * t + 3) % 30]];
        let residues =
            |c: i128| (0..basis.limbs()).map(|i| ring.modulus(basis, i).reduce_i128(c)).collect::<Vec<_>>();
        for (products, multiples, doubled) in [
            (0, 0, false),
            (0, 1, false),
            (0, 9, false),
            (1, 0, true),
            (1, 1, true),
            (3, 12, false),
            (9, 2, true),
        ] {
            let summands = Summands {
                products: (0..products).map(|t| (pair(t), pair(t + 5))).collect(),
                doubled,
                multiples: (0..multiples)
                    .map(|t| match t % 3 {
                        0 => (pair(t), Multiplier::Poly(&operands[t + 1])),
                        1 => (pair(t), Multiplier::Residues(residues(-1))),
                        _ => (pair(t), Multiplier::Residues(residues(1 << 70 | t as i128))),
                    })
                    .collect(),
                constant: (multiples % 2 == 1).then(|| residues(-5)),
            };
            let mut want = [0; 3].map(|_| Poly::zero(&ring, basis));
            for ([a0, a1], [b0, b1]) in &summands.products {
                want[0].mul_add_assign(a0, b0);
                want[1].mul_add_assign(a0, b1);
                want[1].mul_add_assign(a1, b0);
                want[2].mul_add_assign(a1, b1);
            }
            if doubled {
                want.iter_mut().for_each(|poly| poly.mul_scalar_assign(&residues(2)));
            }
            for (x, c) in &summands.multiples {
                for (want, x) in want.iter_mut().zip(x) {
                    match c {
                        Multiplier::Poly(c) => want.mul_add_assign(x, c),
                        Multiplier::Residues(c) => want.add_assign(&x.scaled(basis, c)),
                    }
                }
            }
            if summands.constant.is_some() {
                want[0].add_integer_assign(-5);
            }
            let Summed { linear, quadratic } = Poly::sum_of(&ring, basis, &summands);
            linear.iter().chain(&quadratic).for_each(check_reduced);
            assert!(linear == want[..2] && quadratic.as_ref() == (products > 0).then_some(&want[2]));
        }
    }
}

fn packed(b: &[Poly<Ntt>], a: &[Poly<Ntt>]) -> Vec<PackedPair> {
    b.iter().zip(a).map(|(b, a)| PackedPair::new([b, a])).collect()
}

#[test]
fn packed_polynomials_are_the_same_in_fewer_bytes() {
    for ring in rings(13, &BITS, 2) {
        let halves = ["packed", "pair"].map(|name| edgy(&ring, ring.full_basis(), name));
        let packed = PackedPair::new(halves.each_ref());
        assert!([0, 1].map(|half| packed.to_poly(half)) == halves);
        assert_eq!(packed.memory_bytes(), PackedPair::bytes_over(&ring, ring.full_basis()));
        assert!(packed.memory_bytes() < 2 * ring.full_basis().limbs() * ring.degree() * 8);
    }
}

/// The lazy sums at their bound: every word is p - 1, with more terms than any kernel sums at once.
#[test]
fn long_sums_of_the_largest_words() {
    for ring in rings(10, &[50, 30], 0) {
        let basis = ring.full_basis();
        let mut top = Poly::<Ntt>::zero(&ring, basis);
        for i in 0..2 {
            let value = top.modulus(i).value() - 1;
            top.rows_mut(i).flatten().for_each(|w| *w = value);
        }
        for count in [1023, 1024, 1025, 5000] {
            check(&Poly::dot(&vec![(&top, &top); count]), |m, _, _| m.reduce(count as u64));
            let [x, y, z] = Poly::tensor_dot(&vec![([&top; 2], [&top; 2]); count]);
            check(&x, |m, _, _| m.reduce(count as u64));
            check(&y, |m, _, _| m.reduce(2 * count as u64));
            check(&z, |m, _, _| m.reduce(count as u64));
            let many: Vec<_> = (0..count.min(1100)).map(|_| top.clone()).collect();
            let [x, y] = Poly::dot2(&many, &packed(&many, &many));
            check(&x, |m, _, _| m.reduce(many.len() as u64));
            assert!(x == y);
        }
    }
}

#[test]
fn automorphisms() {
    for log_n in 10..=16 {
        for ring in rings(log_n, &[30, 50], 0) {
            let basis = ring.full_basis();
            let f = uniform(&ring, basis, "f");
            let two_n = 2 * ring.degree();
            for g in [1, 3, 5, 25, two_n - 1, two_n / 2 + 1, 5usize.pow(7) % two_n, two_n - 5] {
                let table = ring.automorphism(g);
                let image = f.automorphism(&table);
                check_reduced(&image);
                let (image, f) = (image.into_coeff(), f.clone().into_coeff());
                for i in 0..2 {
                    let expected = naive::automorphism(f.modulus(i), &words(&f, i), g);
                    assert_eq!(words(&image, i), expected, "X^{g} in 2^{log_n}");
                }
            }
        }
    }
}

#[test]
fn multiplying_by_i_is_a_product_with_a_monomial() {
    for log_n in [10, 13, 15] {
        for ring in rings(log_n, &[30, 50], 0) {
            let (basis, n) = (ring.full_basis(), ring.degree());
            let f = uniform(&ring, basis, "f");
            let mut monomial = vec![0; n];
            monomial[n / 2] = 1;
            let mut g = f.clone();
            g.mul_i_assign();
            assert!(g == f.mul(&Poly::from_signed(&ring, basis, &monomial).into_ntt()));
        }
    }
}

#[test]
fn truncation_keeps_the_right_limbs() {
    for ring in rings(13, &BITS, 2) {
        let f = uniform(&ring, ring.full_basis(), "f");
        for basis in [Basis { q: 2, p: 2 }, Basis { q: 4, p: 1 }, Basis { q: 1, p: 0 }, Basis { q: 3, p: 1 }]
        {
            let copy = f.truncated(basis);
            let mut own = f.clone();
            own.truncate(basis);
            assert!(copy == own);
            assert!(copy == uniform(&ring, basis, "f"));
        }
    }
}

#[test]
fn multiplying_by_the_special_primes_and_back() {
    for ring in rings(12, &BITS, 3) {
        let f = uniform(&ring, Basis::of_q(3), "f");
        for p in 1..=3 {
            assert!(f.times_special(p).mod_down() == f);
        }
    }
}

#[test]
fn integers_survive_residues() {
    for ring in rings(10, &[28, 50, 36], 0) {
        let n = ring.degree() as i128;
        let exact: Vec<i128> = (0..n).map(|k| (k - n / 2) * ((1 << 90) / n) + k).collect();
        let poly = Poly::from_i128(&ring, Basis::of_q(3), &exact);
        assert_eq!(poly.to_centred_i128().unwrap(), exact);
        for (got, &x) in poly.to_centred_f64().iter().zip(&exact) {
            assert!((got - x as f64).abs() <= 4.0 * f64::EPSILON * (x as f64).abs());
        }
        // The ends of the centred range.
        for limbs in 1..=2 {
            let q: i128 = ring.q()[..limbs].iter().map(|m| i128::from(m.value())).product();
            let ends = [q / 2, -(q / 2), 0, 1, -1];
            let poly = Poly::from_i128(&ring, Basis::of_q(limbs), &ends);
            assert_eq!(poly.to_centred_i128().unwrap()[..5], ends);
        }
        let small = Poly::from_signed(&ring, Basis::of_q(3), &[i64::MIN, i64::MAX, -1, 0, 5]);
        assert_eq!(small.to_centred_i128().unwrap()[..5], [i64::MIN.into(), i64::MAX.into(), -1, 0, 5]);
    }
}

#[test]
fn integers_too_large_are_refused() {
    for ring in rings(10, &[50, 50, 50], 0) {
        let poly = from_words(&ring, Basis::of_q(3), |i, k| if k == 77 { 12345 << i } else { 0 });
        let error = poly.to_centred_i128().unwrap_err().to_string();
        assert!(error.contains("77"), "{error}");
        assert!(poly.to_centred_f64()[77].abs() > 2f64.powi(128));
    }
}

#[test]
fn a_secret_stays_one() {
    for ring in rings(10, &[30, 50], 0) {
        let secret = sample::ternary(&mut sample::SecureRng::from_os().unwrap(), ring.degree());
        let whole = Poly::from_signed(&ring, Basis::of_q(2), &secret).into_secret().into_ntt();
        let public = Poly::from_signed(&ring, Basis::of_q(2), &secret).into_ntt();
        let table = ring.automorphism(5);
        let one = [1, 1];
        assert!(whole.is_secret() && !public.is_secret());
        for derived in [
            whole.clone(),
            whole.truncated(Basis::of_q(1)),
            whole.add(&public),
            whole.mul(&public),
            whole.automorphism(&table),
            whole.scaled(Basis::of_q(2), &one),
            whole.clone().into_coeff().into_ntt(),
        ] {
            assert!(derived.is_secret());
        }
        assert!(!public.mul(&whole).is_secret());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn the_ring_is_a_ring(seed: [u8; 32], g in 0usize..1024) {
        for ring in rings(10, &[33, 50], 1) {
            let basis = ring.full_basis();
            let draw = |label: &str| sample::uniform(&ring, basis, &seed, label.as_bytes());
            let (a, b, c) = (draw("a"), draw("b"), draw("c"));
            prop_assert!(a.mul(&b.add(&c)) == a.mul(&b).add(&a.mul(&c)));
            prop_assert!(a.mul(&b) == b.mul(&a));
            prop_assert!(a.sub(&b).add(&b) == a);
            let table = ring.automorphism(2 * g + 1);
            prop_assert!(a.mul(&b).automorphism(&table) == a.automorphism(&table).mul(&b.automorphism(&table)));
        }
    }
}

/// A polynomial in X^16.
fn in_a_power_of_x(ring: &Arc<Ring>, basis: Basis) -> Poly<Ntt> {
    let mut sparse = vec![0; ring.degree()];
    sparse.iter_mut().step_by(16).zip(-20..).for_each(|(word, k)| *word = k);
    Poly::from_signed(ring, basis, &sparse).into_ntt()
}

#[test]
fn rotation_sums_are_sums_of_rotations() {
    for log_n in [10, 13] {
        for ring in rings(log_n, &BITS, 2) {
            let (whole, basis) = (ring.full_basis(), Basis { q: 3, p: 1 });
            let poly = |label: &str, basis: Basis| edgy(&ring, basis, label);
            let digits: Vec<_> = ["a", "bb", "ccc"].map(|label| poly(label, basis)).into();
            let key = [["d", "ee", "fff", "gggg"], ["h", "ii", "jjj", "kkkk"]];
            let key = key.map(|half| half.map(|label| poly(label, whole)));
            let packed_key = packed(&key[0], &key[1]);
            let plus = ["l", "mm"].map(|label| poly(label, whole));
            let weights = ["n", "oo"].map(|label| poly(label, whole));
            let (turn, mirror) = (ring.automorphism(25), ring.automorphism(2 * ring.degree() - 1));
            let rotation = |digits, plus, table| Rotation { digits, key: &packed_key, plus, table };
            let [p, q] = plus.each_ref();
            let rotations = [
                rotation(&digits, [Some(p), None], Some(&turn)),
                rotation(&digits[..2], [None, Some(q)], Some(&mirror)),
                rotation(&[], [Some(p), Some(q)], None),
            ];
            let one = |r: &Rotation<'_>| -> [Poly<Ntt>; 2] {
                [0, 1].map(|half| {
                    let mut sum = Poly::zero(&ring, basis);
                    for (digit, key) in r.digits.iter().zip(&key[half]) {
                        sum.mul_add_assign(digit, key);
                    }
                    r.plus[half].iter().for_each(|plus| sum.add_assign(plus));
                    r.table.map_or(sum.clone(), |table| sum.automorphism(table))
                })
            };
            let values = rotations.each_ref().map(one);
            let [v, w] = weights.each_ref();
            assert!(v.to_periodic().is_none());
            let sparse = in_a_power_of_x(&ring, whole);
            let periodic = sparse.to_periodic().unwrap();
            let dense = Weight::Poly;
            let sums: [WeightedSum<'_>; 4] = [
                vec![(0, dense(v)), (1, Weight::Periodic(&periodic)), (2, Weight::One)],
                vec![(1, Weight::One), (2, Weight::One)],
                vec![(0, dense(w)), (2, dense(v))],
                vec![],
            ];
            let got = Poly::rotation_sums(&ring, basis, &rotations, &sums);
            for (sum, got) in sums.iter().zip(&got) {
                for (half, got) in got.iter().enumerate() {
                    let mut want = Poly::zero(&ring, basis);
                    for (rotation, weight) in sum {
                        let value = &values[*rotation][half];
                        match weight {
                            Weight::One => want.add_assign(value),
                            Weight::Poly(weight) => want.mul_add_assign(value, weight),
                            Weight::Periodic(_) => want.mul_add_assign(value, &sparse),
                        }
                    }
                    check_reduced(got);
                    assert!(*got == want);
                }
            }
        }
    }
}

#[test]
fn folded_rotations_are_rotations() {
    for log_n in [10, 13] {
        for ring in rings(log_n, &BITS, 2) {
            let (whole, basis) = (ring.full_basis(), Basis { q: 3, p: 1 });
            let poly = |label: &str, basis: Basis| edgy(&ring, basis, label);
            let (digit, plus, dense) = (poly("a", basis), poly("bb", whole), poly("ccc", whole));
            let periodic = in_a_power_of_x(&ring, whole).to_periodic().unwrap();
            let weights = [Weight::Periodic(&periodic), Weight::Poly(&dense), Weight::One];
            // More than are held at once.
            let turns: Vec<_> = (0..9).map(|i| (ring.automorphism(26 * i + 1), weights[i % 3])).collect();
            let key =
                |i: usize| packed(&[poly(&"d".repeat(i + 1), whole)], &[poly(&"e".repeat(i + 1), whole)]);
            let keys: Vec<_> = (0..turns.len()).map(key).collect();
            let folded: Vec<_> = keys
                .iter()
                .zip(&turns)
                .map(|(key, (table, weight))| key[0].folded(&ring, table, *weight))
                .collect();
            for count in [1, 9] {
                let rotations = keys[..count].iter().zip(&turns).map(|(key, (table, _))| Rotation {
                    digits: std::slice::from_ref(&digit),
                    key,
                    plus: [Some(&plus), None],
                    table: Some(table),
                });
                let rotations: Vec<_> = rotations.collect();
                let sum = turns[..count].iter().enumerate().map(|(i, (_, weight))| (i, *weight)).collect();
                let want = Poly::rotation_sums(&ring, basis, &rotations, &[sum]).remove(0);
                let rotations = folded[..count].iter().zip(&turns);
                let rotations: Vec<_> = rotations
                    .map(|(key, (table, weight))| FoldedRotation { key, weight: *weight, table })
                    .collect();
                assert!(Poly::folded_sum(basis, &digit, &plus, &rotations) == want, "{count} rotations");
            }
        }
    }
}
