//! Primes modulo which X^N + 1 splits completely: those congruent to 1 modulo 2N.

use crate::{Error, modulus::MAX_MODULUS_BITS, primality::is_prime};

/// The `count` primes congruent to 1 modulo `2^log_2n` closest to `2^bits`, alternately above and below (above
/// first), without those in `exclude`. The result is deterministic: parameter sets depend on it.
///
/// Because sides alternate, products of primes stay close to powers of `2^bits` and scales drift little. At 50 bits
/// only the side below is used, since every prime must be below 2^50.
///
/// # Errors
/// [`Error::PrimesExhausted`] if there are too few candidates between `2^(bits-1)` and `2^(bits+1)`.
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

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
        // Pinned, because files depend on these numbers.
        assert_eq!(p, [68_720_066_561, 68_718_428_161, 68_720_459_777, 68_714_954_753]);
    }

    #[test]
    fn exhaustion_is_an_error() {
        assert!(matches!(ntt_primes(17, 18, 50, &[]), Err(Error::PrimesExhausted { expected: 50, .. })));
        assert!(matches!(ntt_primes(17, 51, 1, &[]), Err(Error::PrimesExhausted { found: 0, .. })));
    }
}
