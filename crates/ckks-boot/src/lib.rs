//! Homomorphic polynomials, linear transforms and bootstrapping.
