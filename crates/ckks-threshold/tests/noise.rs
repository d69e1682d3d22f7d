//! Noise against its formulas, from above and from below.
#![allow(clippy::unwrap_used)]

mod common;

use ckks::presets::insecure_joint_for_tests;
use ckks::{ERROR_STD, Scale, noise};
use ckks_math::{Ntt, Poly};
use ckks_threshold::{DecryptionSum, Ledger, Release};
use common::{Parties, budget};

fn assert_close(what: &str, measured: f64, formula: f64, tolerance: f64) {
    let ratio = measured / formula;
    assert!(
        (ratio - 1.0).abs() < tolerance,
        "{what}: measured {measured:.4e}, formula {formula:.4e}, ratio {ratio:.4}"
    );
}

fn mean_square(poly: Poly<Ntt>) -> f64 {
    let coefficients = poly.into_coeff().to_centred_f64();
    coefficients.iter().map(|c| c * c).sum::<f64>() / coefficients.len() as f64
}

/// `b + a s - P g_j from` for each digit of a key, whose secret is known here.
fn key_errors(parties: &Parties, key: &ckks::SwitchingKey, from: &Poly<Ntt>, to: &Poly<Ntt>) -> f64 {
    let shape = key.shape();
    let errors = key.digits().iter().zip(shape.digits.ranges(shape.level)).map(|(halves, digit)| {
        let mut error = halves.to_poly(0);
        error.mul_add_assign(&halves.to_poly(1), to);
        error.sub_assign(
            &from.scaled(shape.basis(), &shape.gadget(parties.parameters(), &digit, shape.special)),
        );
        mean_square(error)
    });
    let errors: Vec<f64> = errors.collect();
    errors.iter().sum::<f64>() / errors.len() as f64
}

#[test]
fn keys_have_the_errors_of_their_formulas() {
    for count in [2, 4, 10] {
        let parties = Parties::new(&insecure_joint_for_tests(13, 5, count).unwrap(), count as usize);
        let parameters = parties.parameters();
        let ring = parameters.ring();
        let secret = Poly::from_signed(ring, ring.full_basis(), &parties.secret()).into_ntt();

        let mut public = parties.public.b().clone();
        let a = ckks::PublicKey::public_half(parameters, parties.public.seed());
        public.mul_add_assign(&a, &secret);
        assert_close("public key", mean_square(public), noise::key_error(parameters), 0.06);
        assert_close("parties", noise::key_error(parameters), ERROR_STD.powi(2) * f64::from(count), 1e-9);

        let rotation = parties.rotation_key(1);
        let g = ckks::galois_element(13, -1);
        let preimage = secret.automorphism(&ring.automorphism(g));
        let measured = key_errors(&parties, &rotation, &secret, &preimage);
        assert_close("Galois key", measured, noise::key_error(parameters), 0.06);

        let relinearisation = parties.relinearisation_key();
        let measured = key_errors(&parties, &relinearisation, &secret.mul(&secret), &secret);
        // the secret is fixed: its weight replaces the expected one, beside that of the ephemeral secret
        let expected = noise::secret_weight(parameters);
        let formula =
            noise::relinearisation_key_error(parameters) * (parties.weight() + expected) / (2.0 * expected);
        assert_close("relinearisation key", measured, formula, 0.06);
        let degree = parameters.degree() as f64;
        let stated = ERROR_STD * f64::from(count) * (4.0 * degree / 3.0).sqrt();
        assert_close("as stated", noise::relinearisation_key_error(parameters).sqrt(), stated, 1e-3);
    }
}

#[test]
fn encryptions_have_the_noise_of_one_rescale() {
    let parties = Parties::new(&insecure_joint_for_tests(13, 3, 3).unwrap(), 3);
    let parameters = parties.parameters();
    let ring = parameters.ring();
    let secret = Poly::from_signed(ring, ring.full_basis(), &parties.secret()).into_ntt();
    let mut squares = 0.0;
    for _ in 0..8 {
        let a = parties.encrypt(&[0.0], 2);
        let mut error = a.polys()[0].clone();
        error.mul_add_assign(&a.polys()[1], &secret);
        squares += mean_square(error) / 8.0;
    }
    let formula =
        noise::fresh(parameters) - 1.0 / 12.0 + (parties.weight() - noise::secret_weight(parameters)) / 12.0;
    assert_close("fresh encryption", squares, formula, 0.05);
}

/// Each party adds the whole deviation, so that the noise of one alone hides the error.
#[test]
fn decryptions_are_flooded_by_each_party() {
    let parties = Parties::new(&insecure_joint_for_tests(12, 3, 3).unwrap(), 3);
    let parameters = parties.parameters();
    let (slots, level) = (parameters.slots(), 1);
    let budget = budget(2 * slots, 1e4, 4, level);
    let deviation = budget.check(parameters).unwrap().deviation();
    assert_close("deviation", deviation, 1e4 * 48f64.sqrt() * 2f64.powi(15), 1e-4);
    let a = parties.encrypt(&[0.0], 2);
    let release =
        Release::new(&parties.session, budget, &[0, 1, 2], &[0; 32], vec![(a.clone(), slots)]).unwrap();
    let shares: Vec<_> = parties
        .shares
        .iter()
        .map(|share| share.decryption_share(&release, &mut Ledger::default()).unwrap())
        .collect();

    // of one share: its noise is what its residues have beyond `s_i c_1`
    let basis = parameters.basis(level);
    let mut exact = parties.shares[1].key().poly().truncated(basis);
    exact.mul_assign(&a.polys()[1]);
    let exact = exact.into_coeff();
    let mut noise = Poly::zero(parameters.ring(), basis);
    for i in 0..=level {
        let differences: Vec<u64> = shares[1].residues[0][i]
            .iter()
            .zip(exact.coefficients(i))
            .map(|(got, exact)| exact_modulus(parameters, i).sub(*got, exact))
            .collect();
        noise.rows_mut(i).flatten().zip(differences).for_each(|(word, difference)| *word = difference);
    }
    let coefficients = noise.to_centred_f64();
    let measured = coefficients.iter().map(|c| c * c).sum::<f64>() / coefficients.len() as f64;
    assert_close("one share", measured, deviation.powi(2), 0.08);

    // of all together, in slots
    let mut sum = DecryptionSum::new(&release);
    shares.iter().for_each(|share| sum.add(share).unwrap());
    let slots = sum.finish(&parties.encoder).unwrap();
    let measured = slots[0].iter().map(|slot| slot.re.powi(2)).sum::<f64>() / slots[0].len() as f64;
    let scale: &Scale = a.scale();
    let formula = noise::slot_std(parameters, 3.0 * deviation.powi(2), scale).powi(2);
    assert_close("the message", measured, formula, 0.1);
}

fn exact_modulus(parameters: &ckks::Parameters, i: usize) -> ckks_math::Modulus {
    parameters.ring().q()[i]
}
