//! The error that a joint decryption would show without its noise, against the bound that the noise is made for: from above and from below.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use fhe_head::ckks::presets::insecure_joint_for_tests;
use fhe_head::{Samples, Scheme, server, twins};
use head_fit::{Classifier, Data, Kind};
use head_joint::{Choices, DataParty, InMemory, Terms, keys_in_memory};
use ndarray::{Array1, Array2, Axis, concatenate, s};

/// The most samples of each party.
const ROWS: [usize; 3] = [200, 90, 150];

/// Samples of classes that overlap. The share of each class is 1 to the next one's `skew`.
fn table(seed: u64, (n, features, classes): (usize, usize, usize), skew: f64) -> (Array2<f64>, Array1<f64>) {
    let mut uniform = common::uniform(seed);
    let y = Array1::from_shape_fn(n, |_| (uniform().powf(skew) * classes as f64).floor());
    let x = Array2::from_shape_fn((n, features), |(i, j)| {
        let noise: f64 = (0..6).map(|_| uniform()).sum::<f64>() - 3.0;
        noise + if j % classes == y[i] as usize { 0.8 } else { 0.0 }
    });
    (x, y)
}

fn terms(features: usize, classes: usize) -> Terms {
    let scheme = Scheme::new(insecure_joint_for_tests(11, 24, 3).unwrap());
    let (x, y) = table(1, (240, features, classes), 1.0);
    let options = Classifier { max_iter: Some(3), ..Classifier::new(Kind::logistic()) };
    let public = options.prepare_on(&scheme, &Data::new(x.view(), y.view()).unwrap(), None).unwrap();
    Terms::new(&public, &ROWS, Choices { bits: 30, ..Choices::default() }).unwrap()
}

/// The samples of all parties, with the weights that the parts give them.
fn union(terms: &Terms, samples: &[Samples]) -> Samples {
    let (mut x, mut y, mut weight) = (Vec::new(), Vec::new(), Vec::new());
    for (part, samples) in terms.agreed().parts.iter().zip(samples) {
        let features = samples.features();
        x.push(features.slice(s![.., ..features.ncols() - 1]).to_owned());
        y.push(samples.labels().to_owned());
        weight.extend(samples.weights().mapv(|w| w * part.weight / samples.len() as f64));
    }
    let together =
        |all: &[Array2<f64>]| concatenate(Axis(0), &all.iter().map(|one| one.view()).collect::<Vec<_>>());
    let (x, y) = (together(&x).unwrap(), together(&y).unwrap());
    Samples::with_labels(&x.view(), &y.view(), &Array1::from_vec(weight).view()).unwrap()
}

/// Binary logarithms of Euclidean norms at the scale of the state: of the error of all numbers that a joint head shows, of what the simulated
/// twin expects on the samples of all, and of the bound.
fn norms(terms: &Terms, hospitals: &[(Array2<f64>, Array1<f64>)]) -> [f64; 3] {
    // noise for an error of nearly nothing
    let mut agreed = terms.agreed().clone();
    agreed.decryption.error_bound = 2f64.powi(-10);
    let bare = Terms::on(agreed, terms.map().clone(), terms.scheme().clone()).unwrap();

    let session = terms.session(&[0; 32], 0).unwrap();
    let mut parties: Vec<_> =
        (0..3).map(|index| DataParty::new(terms, &session, index, InMemory).unwrap()).collect();
    let joined: Vec<_> = parties.iter().map(|party| party.joining(String::new())).collect();
    let revealed: Vec<_> = parties.iter_mut().map(|party| party.reveal(&joined).unwrap().clone()).collect();
    let common = parties[0].common(&joined, &revealed).unwrap();
    let secrets: Vec<_> = parties.iter().map(DataParty::secret).collect();
    let (key, keys) = keys_in_memory(terms, &session, &common, &secrets).unwrap();
    let (mut blocks, mut all) = (Vec::new(), Vec::new());
    for (party, (x, y)) in parties.iter().zip(hospitals) {
        let data = Data::new(x.view(), y.view()).unwrap().with_classes(terms.classes()).unwrap();
        let samples = party.samples(&data).unwrap();
        blocks.extend(party.encryptor(&key, &samples).unwrap().blocks().unwrap());
        all.push(samples);
    }
    let head = server::train(Arc::new(keys), &terms.plan().job, &blocks).unwrap();
    let release = bare.release(&session, &[0, 1, 2], &[0; 32], &head).unwrap();
    let shares: Vec<_> = parties.iter_mut().map(|party| party.decryption_share(&release).unwrap()).collect();
    let weights = bare.open(&release, &shares).unwrap();

    let job = &terms.plan().job;
    let simulated = twins::train_simulated(terms.plan(), terms.scheme(), &union(terms, &all), None).unwrap();
    let scale = f64::from(job.spec().state_scale).exp2();
    let vectors = |weights: &[Array1<f64>]| job.to_vectors(weights).unwrap();
    let of = |((joint, exact), vector): ((&Array1<f64>, &Array1<f64>), &fhe_head::WeightVector)| {
        let mean_square = (joint - exact).mapv(|d| d * d).mean().unwrap();
        // of `2 n` coefficients half are in the real parts, unless a conjugation has removed the others
        let parts = if job.packing().is_complex() { 1.0 } else { 2.0 };
        parts * mean_square * (scale / vector.unit.value()).powi(2)
    };
    let (joint, exact) = (vectors(&weights), vectors(&simulated.weights));
    let square: f64 = joint.iter().zip(&exact).zip(&job.weights()).map(of).sum();
    let degree = terms.parameters().degree() as f64;
    let expected = simulated.variance * degree * joint.len() as f64;
    [square, expected, terms.agreed().decryption.error_bound.powi(2)].map(|square| square.log2() / 2.0)
}

/// Vectors of short periods, whose tiles are many, too.
#[test]
fn the_error_of_a_head_is_what_its_noise_is_made_for() {
    for (features, classes) in [(6, 2), (40, 2), (12, 3)] {
        let terms = terms(features, classes);
        let hospitals: Vec<_> = [0.5, 1.0, 2.0]
            .iter()
            .enumerate()
            .map(|(party, &skew)| table(100 + party as u64, (ROWS[party], features, classes), skew))
            .collect();
        let [error, expected, bound] = norms(&terms, &hospitals);
        let said = format!(
            "{features} features, {classes} classes: error 2^{error:.1}, expected 2^{expected:.1}, bound 2^{bound:.1}"
        );
        assert!(error < bound, "{said}");
        // where a conjugation separates two samples a slot, the twin counts an error twice, and the vectors of one head differ
        assert!(error < expected + 1.0 && error > expected - 2.0, "{said}");
        // twice the deviation, and what a norm of few numbers may be above its mean
        assert!(bound < expected + 4.0, "{said}");
    }
}

/// A party that has hardly any samples of one class trains with the others: its own head alone would go elsewhere.
#[test]
fn a_party_of_mostly_one_class_is_let_in_and_keeps_the_bound() {
    let terms = terms(6, 2);
    let mut hospitals: Vec<_> =
        (0..3).map(|party| table(100 + party as u64, (ROWS[party], 6, 2), 1.0)).collect();
    // class 1 in two samples of 90
    let (x, _) = table(7, (90, 6, 2), 0.05);
    let y = Array1::from_shape_fn(90, |i| f64::from(u8::from(i < 2)));
    hospitals[1] = (x, y);
    let [error, _, bound] = norms(&terms, &hospitals);
    assert!(error < bound, "error 2^{error:.1}, bound 2^{bound:.1}");
}
