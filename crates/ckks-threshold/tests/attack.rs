//! Li, Micciancio, *On the Security of Homomorphic Encryption on Approximate Numbers* (EUROCRYPT 2021), by all parties but one: they know
//! the message and their own shares, and solve for the share of the last. Without flooding they get it, with flooding nothing.
#![allow(clippy::unwrap_used)]

mod common;

use ckks::presets::insecure_joint_for_tests;
use ckks::{Ciphertext, noise};
use ckks_math::{Coeff, Poly};
use ckks_threshold::{Budget, DecryptionShare, Ledger, Release};
use common::{Parties, budget};

const LEVEL: usize = 1;

/// The coefficients of `share / c_1` that lie in {-1, 0, 1} and are those of the honest party's share.
fn recovered(parties: &Parties, a: &Ciphertext, share: &DecryptionShare) -> usize {
    let parameters = parties.parameters();
    let mut poly = Poly::<Coeff>::zero(parameters.ring(), parameters.basis(LEVEL));
    for (i, limb) in share.residues[0].iter().enumerate() {
        poly.rows_mut(i).flatten().zip(limb).for_each(|(word, &residue)| *word = residue);
    }
    let (mut quotient, c1) = (poly.into_ntt(), &a.polys()[1]);
    for i in 0..=LEVEL {
        let modulus = *quotient.modulus(i);
        let divisors: Vec<u64> = c1.rows(i).flatten().copied().collect();
        for (word, divisor) in quotient.rows_mut(i).flatten().zip(divisors) {
            assert!(divisor != 0, "not invertible: draw again");
            *word = modulus.mul(*word, modulus.inv(divisor));
        }
    }
    let guess = quotient.into_coeff().to_centred_f64();
    let truth = parties.shares[0].key().coefficients();
    guess.iter().zip(truth).filter(|(guess, truth)| (**guess - **truth as f64).abs() < 0.5).count()
}

fn shared(parties: &Parties, budget: Budget, a: &Ciphertext) -> DecryptionShare {
    let slots = parties.parameters().slots();
    let release =
        Release::new(&parties.session, budget, &[0, 1, 2], &[0; 32], vec![(a.clone(), slots)]).unwrap();
    parties.shares[0].decryption_share(&release, &mut Ledger::default()).unwrap()
}

/// What the others compute from a message that was decrypted without noise, `c_0 + c_1 s`, and from their own shares: the honest party's.
fn without_noise(parties: &Parties, a: &Ciphertext, flooded: &DecryptionShare) -> DecryptionShare {
    let parameters = parties.parameters();
    let basis = parameters.basis(LEVEL);
    let [c0, c1] = a.polys();
    let mut message = c0.truncated(basis);
    parties.shares.iter().for_each(|share| message.mul_add_assign(c1, &share.key().poly().truncated(basis)));

    let mut of_the_honest = message.sub(c0);
    for share in &parties.shares[1..] {
        let mut product = share.key().poly().truncated(basis);
        product.mul_assign(c1);
        of_the_honest.sub_assign(&product);
    }
    let exact = of_the_honest.into_coeff();
    let residues = vec![(0..=LEVEL).map(|i| exact.coefficients(i).collect()).collect()];
    DecryptionShare { residues, ..flooded.clone() }
}

#[test]
fn all_but_one_learn_the_last_share_without_flooding_and_nothing_with_it() {
    let parties = Parties::new(&insecure_joint_for_tests(10, 4, 3).unwrap(), 3);
    let (parameters, evaluator) = (parties.parameters(), parties.evaluator(&[1]));
    let slots = parameters.slots();
    let values: Vec<f64> = (0..slots).map(|i| (i as f64 * 0.37).sin()).collect();
    let a = parties.encrypt(&values, 4);
    // inputs that are correlated: a value, its square, and a rotation of it
    let square = evaluator.mul(&a, &a).unwrap();
    let rotated = evaluator.rotate(&square, 1).unwrap();
    for (what, a) in [("fresh", &a), ("square", &square), ("rotated", &rotated)] {
        let bound = noise::l2_bound(noise::rounding(parameters) * 64.0, 2 * slots, -40.0);
        let flooded = shared(&parties, budget(2 * slots, bound, 1, LEVEL), a);
        let bare = without_noise(&parties, a, &flooded);
        assert_eq!(
            recovered(&parties, a, &bare),
            parameters.degree(),
            "{what}: the attack fails without flooding"
        );
        let found = recovered(&parties, a, &flooded);
        assert!(found < 4, "{what}: {found} coefficients with flooding");
    }
}
