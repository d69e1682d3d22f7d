//! Primality of 64-bit integers.

/// Whether `n` is prime: the Miller-Rabin test with Sinclair's seven bases, which is exact for n < 2^64.
pub(crate) fn is_prime(n: u64) -> bool {
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
    use super::*;

    #[test]
    fn small_numbers() {
        let sieve: Vec<u64> = (0..500).filter(|&n| is_prime(n)).collect();
        let trial: Vec<u64> = (2..500).filter(|&n| (2..n).all(|d| n % d != 0)).collect();
        assert_eq!(sieve, trial);
        assert!(!is_prime(3_215_031_751)); // strong pseudoprime to 2, 3, 5, 7
    }
}
