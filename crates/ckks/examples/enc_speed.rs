#![allow(clippy::unwrap_used, missing_docs)]
use ckks::{Encoder, SecretEncryptor, SecretKey, SecureRng, presets};
use std::time::Instant;
fn less(a: u64, b: u64) -> u64 {
    std::hint::black_box(a.wrapping_sub(b)) >> 63
}
fn old_gaussian(rng: &mut SecureRng, n: usize, table: &[u64]) -> Vec<i64> {
    (0..n)
        .map(|_| {
            let bits = rng.next_u64();
            let sign = (bits & 1) as i64;
            let m = table.iter().map(|&t| 1 - less(bits >> 1, t)).sum::<u64>() as i64;
            m * (1 - 2 * sign)
        })
        .collect()
}
fn least(mut f: impl FnMut()) -> f64 {
    (0..40)
        .map(|_| {
            let t = Instant::now();
            f();
            t.elapsed().as_secs_f64() * 1e6
        })
        .fold(f64::MAX, f64::min)
}
fn main() {
    let table: Vec<u64> = (1..=30u64).map(|i| (i * 0x0400_0000_0000_0000) | 0x1234_5678).collect();
    for (name, level) in [("n15-boot-l6", 8), ("n15-l18", 18), ("n16-boot-l15", 18), ("n13-l3", 3)] {
        let p = presets::by_name(name).unwrap();
        let s = SecretKey::generate(&p).unwrap();
        let v: Vec<f64> = (0..p.slots()).map(|i| (i as f64).sin()).collect();
        let (e, ep) = (Encoder::new(&p), Encoder::new(&p).private());
        let pt = ep.encode(&v, level, &p.default_scale()).unwrap();
        let mut rng = SecureRng::from_os().unwrap();
        let total = least(|| {
            SecretEncryptor::new(&s).encrypt(&pt, &mut rng).unwrap();
        });
        let digest = least(|| {
            std::hint::black_box(pt.poly().keyed_digest(&[1; 32]));
        });
        let new = least(|| {
            std::hint::black_box(ckks_math::sample::gaussian(&mut rng, p.degree()));
        });
        let old = least(|| {
            std::hint::black_box(old_gaussian(&mut rng, p.degree(), &table));
        });
        let enc = least(|| {
            e.encode(&v, level, &p.default_scale()).unwrap();
        });
        let encp = least(|| {
            ep.encode(&v, level, &p.default_scale()).unwrap();
        });
        println!(
            "{name} level {level}: encrypt {total:.0} us, of which digest {digest:.0}, gaussian {new:.0} (before {old:.0}); before: {:.0}; encode {enc:.0}, private {encp:.0}",
            total - digest - new + old
        );
    }
}
