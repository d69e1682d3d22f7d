//! Primes that split X^N + 1 completely: congruent to 1 modulo 2N.

use crate::{Error, modulus::MAX_MODULUS_BITS};

/// The `count` primes congruent to 1 modulo `2^log_2n` found closest to `2^bits`, alternating above
/// and below (above first), without those in `exclude`. Deterministic: part of what a parameter set means.
///
/// Alternating keeps products of primes close to powers of `2^bits`, so that scales drift little. At
/// 50 bits only the side below is used, since every prime must stay below 2^50.
///
/// # Errors
/// [`Error::PrimesExhausted`] if the candidates between `2^(bits-1)` and `2^(bits+1)` do not suffice.
pub fn ntt_primes(log_2n: u32, bits: u32, count: usize, exclude: &[u64]) -> Result<Vec<u64>, Error> {
    let mut found = Vec::with_capacity(count);
    let exhausted = |found: usize| Error::PrimesExhausted { expected: count, found, bits, log_2n };
    if !(2..=MAX_MODULUS_BITS).contains(&bits) || log_2n >= bits {
        return if count == 0 { Ok(found) } else { Err(exhausted(0)) };
    }
    let (centre, step) = (1u64 << bits, 1u64 << log_2n);
    let (low, high) = (centre / 2, (centre * 2).min(1 << MAX_MODULUS_BITS));
    let wanted = |candidate: &u64| !exclude.contains(candidate) && is_prime(*candidate);
    let mut above =
        (1..).map(|i| centre + 1 + (i - 1) * step).take_while(|&c| c < high).filter(wanted).peekable();
    let mut below = (1..).map(|i| centre + 1 - i * step).take_while(|&c| c > low).filter(wanted).peekable();
    let mut take_above = true;
    while found.len() < count {
        let next = if take_above {
            above.next().or_else(|| below.next())
        } else {
            below.next().or_else(|| above.next())
        };
        found.push(next.ok_or_else(|| exhausted(found.len()))?);
        take_above = !take_above;
    }
    Ok(found)
}

/// Whether `n` is prime: Miller and Rabin's test with the bases that decide every word
/// (Sinclair's seven bases for n < 2^64).
pub fn is_prime(n: u64) -> bool {
    if n < 2 || n.is_multiple_of(2) {
        return n == 2;
    }
    let mul = |a: u64, b: u64| ((u128::from(a) * u128::from(b)) % u128::from(n)) as u64;
    let pow = |mut base: u64, mut exponent: u64| {
        let mut acc = 1;
        while exponent != 0 {
            if exponent & 1 == 1 {
                acc = mul(acc, base);
            }
            base = mul(base, base);
            exponent >>= 1;
        }
        acc
    };
    let twos = (n - 1).trailing_zeros();
    let odd = (n - 1) >> twos;
    [2, 325, 9375, 28178, 450_775, 9_780_504, 1_795_265_022].iter().all(|&base| {
        let base = base % n;
        if base == 0 {
            return true;
        }
        let mut x = pow(base, odd);
        if x == 1 || x == n - 1 {
            return true;
        }
        for _ in 1..twos {
            x = mul(x, x);
            if x == n - 1 {
                return true;
            }
        }
        false
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn small_numbers() {
        let sieve: Vec<u64> = (0..500).filter(|&n| is_prime(n)).collect();
        let trial: Vec<u64> = (2..500).filter(|&n| (2..n).all(|d| n % d != 0)).collect();
        assert_eq!(sieve, trial);
        assert!(!is_prime(3_215_031_751)); // strong pseudoprime to 2, 3, 5, 7
    }

    #[test]
    fn primes_are_friendly_distinct_and_near() {
        for (log_2n, bits, count) in [(11, 30, 5), (16, 36, 12), (17, 46, 9), (17, 50, 30)] {
            let primes = ntt_primes(log_2n, bits, count, &[]).unwrap();
            assert_eq!(primes.len(), count);
            for (i, &p) in primes.iter().enumerate() {
                assert!(is_prime(p) && p % (1 << log_2n) == 1 && p < 1 << 50 && !primes[..i].contains(&p));
            }
            let rest = ntt_primes(log_2n, bits, count, &primes[..1]).unwrap();
            assert!(!rest.contains(&primes[0]) && rest[..].iter().any(|p| primes.contains(p)));
        }
    }

    #[test]
    fn sides_alternate() {
        let p = ntt_primes(16, 36, 4, &[]).unwrap();
        assert!(p[0] > 1 << 36 && p[1] < 1 << 36 && p[2] > 1 << 36 && p[3] < 1 << 36);
        // Pinned: these numbers are in files.
        assert_eq!(p, [68_720_066_561, 68_718_428_161, 68_720_459_777, 68_714_954_753]);
    }

    #[test]
    fn exhaustion_is_an_error() {
        assert!(matches!(ntt_primes(17, 18, 50, &[]), Err(Error::PrimesExhausted { expected: 50, .. })));
        assert!(matches!(ntt_primes(17, 51, 1, &[]), Err(Error::PrimesExhausted { found: 0, .. })));
    }
}
