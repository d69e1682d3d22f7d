//! Every object of every preset against the security table, recomputed from the primes.
#![allow(clippy::unwrap_used)]

use ckks::security::{TABLE, max_log_qp};
use ckks::{Error, ParametersLiteral, SecretDistribution, SecurityLevel, presets};

#[test]
fn every_object_of_every_preset_is_within_the_table() {
    for name in presets::NAMES {
        let parameters = presets::by_name(name).unwrap();
        assert_eq!(parameters.name(), name);
        assert_eq!(parameters.security_bits(), 128);
        let row = TABLE.iter().find(|row| row.log_n == parameters.literal().log_n).unwrap();
        let ring = parameters.ring();
        let log2 =
            |moduli: &[ckks_math::Modulus]| moduli.iter().map(|m| (m.value() as f64).log2()).sum::<f64>();
        let (log_q, log_p) = (log2(ring.q()), log2(&ring.p()[..parameters.literal().special]));
        let dense = match parameters.literal().secret {
            SecretDistribution::Ternary => row.ternary,
            other => panic!("{name}: no column for {other:?}"),
        };
        assert!(log_q + log_p <= dense, "{name}: {} > {dense}", log_q + log_p);
        if let Some(weight) = parameters.literal().ephemeral_weight {
            assert_eq!(weight, 32, "{name}: no column for this weight");
            // The ephemeral secret hides nothing beyond `q_0` and one special prime.
            let encapsulation = log2(&ring.q()[..1]) + log2(&ring.p()[..1]);
            let limit = row.weight_32.unwrap();
            assert!(encapsulation <= limit, "{name}: {encapsulation} > {limit}");
        }
        for object in parameters.objects() {
            assert!(object.log_qp <= object.limit.unwrap(), "{object:?}");
        }
        let distinct = |mut primes: Vec<u64>| {
            let count = primes.len();
            primes.sort_unstable();
            primes.dedup();
            primes.len() == count
        };
        let values = |moduli: &[ckks_math::Modulus]| moduli.iter().map(|m| m.value()).collect::<Vec<_>>();
        assert!(distinct([values(ring.q()), values(ring.p())].concat()), "{name}: primes repeat");
        assert_eq!(parameters.raised().is_some(), parameters.literal().ephemeral_weight.is_some());
        if let Some(raised) = parameters.raised() {
            let other = raised.ring();
            assert!(distinct([values(other.q()), values(other.p())].concat()), "{name}: primes repeat");
            assert!(
                distinct([values(other.q()), values(ring.q())].concat()),
                "{name}: the chains share a prime"
            );
            assert!(raised.is_raised() && raised.raised().is_none() && raised.hash() != parameters.hash());
            let bits = log2(other.q()) + log2(&other.p()[..raised.literal().special]);
            assert!(bits <= dense && (parameters.log_qp() - bits).abs() < 1e-9, "{name}");
        } else {
            assert!((parameters.log_qp() - log_q - log_p).abs() < 1e-9);
        }
    }
}

/// The largest modulus of any key that a set allows, as docs/security.md states it.
#[test]
fn the_largest_keys_are_those_of_the_documents() {
    for (name, bits) in
        [("n15-l18", 867.0), ("n15-boot-l6", 867.0), ("n16-l36", 1742.0), ("n16-boot-l15", 1735.0)]
    {
        let parameters = presets::by_name(name).unwrap();
        let log2 = |m: &ckks_math::Modulus| (m.value() as f64).log2();
        let mut largest = 0.0f64;
        for chain in [Some(&parameters), parameters.raised()].into_iter().flatten() {
            let ring = chain.ring();
            for level in 0..=chain.max_level() {
                for special in 1..=ring.p().len() {
                    let shape = ckks::KeyShape { level, special, digits: ckks::Digits::uniform(1) };
                    if chain.check_key(shape, chain.literal().secret).is_ok() {
                        let moduli = ring.q()[..=level].iter().chain(&ring.p()[..special]);
                        largest = largest.max(moduli.map(log2).sum());
                    }
                }
            }
        }
        assert!((largest - bits).abs() < 0.05, "{name}: {largest}");
    }
}

/// Whoever knows all shares but one faces a uniform ternary secret: its column holds, whatever the number of parties, for every object and
/// for every key that a training may ask for.
#[test]
fn sets_for_several_parties_are_within_the_table_of_one_share() {
    let row = TABLE.iter().find(|row| row.log_n == 16).unwrap();
    for parties in 2..=10 {
        let parameters = presets::joint(parties).unwrap();
        assert_eq!(parameters, presets::by_name(parameters.name()).unwrap());
        assert_eq!((parameters.security_bits(), parameters.literal().secret.parties()), (128, parties));
        assert!(parameters.objects().iter().all(|object| object.limit == Some(row.ternary)));
        assert!(parameters.objects().iter().all(|object| object.log_qp <= row.ternary));
        for level in 0..=parameters.max_level() {
            let shape = parameters.key_shape(level);
            parameters.check_key(shape, parameters.literal().secret).unwrap();
            let ring = parameters.ring();
            let moduli = ring.q()[..=level].iter().chain(&ring.p()[..shape.special]);
            let bits: f64 = moduli.map(|modulus| (modulus.value() as f64).log2()).sum();
            assert!(bits <= row.ternary, "level {level}: {bits}");
        }
        assert_ne!(parameters.hash(), presets::joint(if parties == 2 { 3 } else { 2 }).unwrap().hash());
    }
    assert!([0, 1, 11].iter().all(|&parties| presets::joint(parties).is_err()));
    for bad in ["n16-joint1-l25", "n16-joint11-l25", "n16-joint03-l25", "n16-joint-l25"] {
        let said = presets::by_name(bad).unwrap_err().to_string();
        assert!(said.contains("n16-joint2-l25 to n16-joint10-l25"), "{said}");
    }
}

#[test]
fn a_set_beyond_the_table_is_refused() {
    let literal = |log_q: Vec<u32>, secret| ParametersLiteral {
        name: "test".into(),
        log_n: 13,
        log_q,
        log_p: vec![50],
        special: 1,
        digit_limbs: 1,
        log_scale: 36,
        secret,
        ephemeral_weight: None,
        raised: None,
        security: SecurityLevel::Bits128,
    };
    assert!(literal(vec![46, 36, 36, 36], SecretDistribution::Ternary).check().is_ok());
    let too_long = literal(vec![46, 36, 36, 36, 36], SecretDistribution::Ternary).check();
    assert!(matches!(too_long, Err(Error::Insecure { .. })));
    let unlisted = literal(vec![46, 36], SecretDistribution::SparseTernary(64)).check();
    assert!(matches!(unlisted, Err(Error::Insecure { .. })));
    let mut small = literal(vec![30], SecretDistribution::Ternary);
    small.log_n = 12;
    assert!(matches!(small.check(), Err(Error::Insecure { .. })));
    assert_eq!(max_log_qp(12, SecretDistribution::Ternary), None);
}

#[test]
fn unusable_literals_are_refused() {
    let good = presets::insecure_for_tests(11, 3).unwrap().literal().clone();
    let refuse = |change: &dyn Fn(&mut ParametersLiteral), word: &str| {
        let mut literal = good.clone();
        change(&mut literal);
        let error = literal.check().unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    };
    refuse(&|l| l.log_n = 9, "10..=16");
    refuse(&|l| l.log_q.clear(), "at least one");
    refuse(&|l| l.special = 0, "at least one");
    refuse(&|l| l.special = 3, "3 special primes of 2");
    refuse(&|l| l.digit_limbs = 0, "at least one");
    refuse(&|l| l.log_q[0] = 51, "20..=50");
    refuse(&|l| l.digit_limbs = 3, "exceeds the special primes");
    assert!(presets::by_name("n12").unwrap_err().to_string().contains("n15-l18"));
}
