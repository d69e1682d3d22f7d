//! Polynomial arithmetic for CKKS: primes, NTT, RNS bases, sampling.
