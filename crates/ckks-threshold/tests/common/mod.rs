//! Parties of a session on a small insecure ring, who follow the protocol.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::sync::Arc;

use ckks::{
    Ciphertext, Encoder, EvaluationKeys, Evaluator, FloodingLiteral, KeyShape, Parameters, PublicEncryptor,
    PublicKey, SecureRng, galois_element,
};
use ckks_threshold::{
    Budget, CommonRandomness, Contribution, Protocol, RelinearisationSum, SecretShare, Session, Share, Sum,
    galois_key, public_key, relinearisation_key,
};

pub struct Parties {
    pub session: Session,
    pub common: CommonRandomness,
    pub shares: Vec<SecretShare>,
    pub public: PublicKey,
    pub encoder: Encoder,
}

impl Parties {
    pub fn new(parameters: &Parameters, threshold: usize) -> Self {
        let session = Session::new(parameters, &[1; 32], 0, threshold).unwrap();
        let parties = session.parties();
        let contributions: Vec<_> = (0..parties).map(|_| Contribution::generate().unwrap()).collect();
        let commitments: Vec<_> =
            contributions.iter().enumerate().map(|(party, c)| c.commitment(&session, party)).collect();
        let common = CommonRandomness::finish(&session, &commitments, &contributions).unwrap();
        let shares: Vec<_> =
            (0..parties).map(|party| SecretShare::generate(&session, party).unwrap()).collect();
        let sum = sum(&session, Protocol::PublicKey, shares.iter().map(|share| share.public_key(&common)));
        let public = public_key(&session, &common, sum).unwrap();
        Self { session, common, shares, public, encoder: Encoder::new(parameters) }
    }

    pub fn parameters(&self) -> &Parameters {
        self.session.parameters()
    }

    pub fn shape(&self) -> KeyShape {
        self.parameters().key_shape(self.parameters().max_level())
    }

    pub fn first_round(&self) -> RelinearisationSum {
        let (protocol, shape) = (Protocol::RelinearisationOne { shape: self.shape() }, self.shape());
        let first = self.shares.iter().map(|share| share.relinearisation_one(&self.common, shape).unwrap());
        RelinearisationSum::finish(sum(&self.session, protocol, first)).unwrap()
    }

    pub fn relinearisation_key(&self) -> ckks::SwitchingKey {
        let first = self.first_round();
        let second = self.shares.iter().map(|share| share.relinearisation_two(&self.common, &first).unwrap());
        let second = sum(&self.session, Protocol::RelinearisationTwo { shape: self.shape() }, second);
        relinearisation_key(&self.session, &self.common, first, second).unwrap()
    }

    pub fn rotation_key(&self, steps: i64) -> ckks::SwitchingKey {
        let (shape, g) = (self.shape(), galois_element(self.parameters().literal().log_n, steps));
        let shares = self.shares.iter().map(|share| share.galois_key(&self.common, g, shape).unwrap());
        galois_key(&self.session, &self.common, sum(&self.session, Protocol::Galois { g, shape }, shares))
            .unwrap()
    }

    pub fn evaluator(&self, rotations: &[i64]) -> Evaluator {
        let mut keys = EvaluationKeys::new(self.parameters(), self.common.key_id());
        keys.insert(self.relinearisation_key()).unwrap();
        rotations.iter().for_each(|&steps| keys.insert(self.rotation_key(steps)).unwrap());
        Evaluator::new(Arc::new(keys))
    }

    pub fn encrypt(&self, values: &[f64], level: usize) -> Ciphertext {
        let plaintext = self.encoder.encode(values, level, &self.parameters().default_scale()).unwrap();
        PublicEncryptor::new(&self.public).encrypt(&plaintext, &mut SecureRng::from_os().unwrap()).unwrap()
    }

    /// The secret that nobody has.
    pub fn secret(&self) -> Vec<i64> {
        let mut sum = vec![0; self.parameters().degree()];
        for share in &self.shares {
            sum.iter_mut().zip(share.key().coefficients()).for_each(|(sum, one)| *sum += one);
        }
        sum
    }

    /// Squared norm of the secret.
    pub fn weight(&self) -> f64 {
        self.secret().iter().map(|&c| (c * c) as f64).sum()
    }
}

pub fn sum(session: &Session, protocol: Protocol, shares: impl Iterator<Item = Share>) -> Sum {
    let mut sum = Sum::new(session, protocol).unwrap();
    shares.for_each(|share| sum.add(&share).unwrap());
    sum
}

pub fn budget(numbers: usize, error_bound: f64, releases: u32, level: usize) -> Budget {
    Budget { flooding: FloodingLiteral { numbers, error_bound, releases, bits: 30 }, level }
}
