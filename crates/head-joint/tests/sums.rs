//! A feature map by consent, on a small insecure ring.
#![allow(clippy::unwrap_used)]

mod common;

use fhe_head::ckks::Encoder;
use fhe_head::ckks::presets::insecure_joint_for_tests;
use fhe_head::{Functions, Scheme};
use head_fit::{Classifier, Data, FeatureMap, Preprocessing, Sums};
use head_joint::ckks_threshold::{
    CommonRandomness, Contribution, DecryptionSum, Ledger, Protocol, SecretShare,
};
use head_joint::{Choices, Finished, SumsTerms, Terms, finish, first_share, fit, sum, sums_in_memory};
use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate, s};

const FEATURES: usize = 50;
const ROWS: [usize; 3] = [140, 101, 230];
const RANGE: [f64; 2] = [-4.0, 9.0];

/// Samples of two classes, whose features are of different units and correlated, between -3 and 8.
fn table(seed: u64, n: usize) -> (Array2<f64>, Array1<f64>) {
    let mut uniform = common::uniform(seed);
    let y = Array1::from_shape_fn(n, |_| f64::from(u8::from(uniform() < 0.4)));
    let mut x = Array2::from_shape_fn((n, FEATURES), |(i, j)| {
        uniform() * (1.0 + (j % 5) as f64) + if j % 2 == 0 { 0.4 * y[i] } else { 0.0 }
    });
    for j in 1..FEATURES {
        let before = x.column(j - 1).to_owned();
        x.column_mut(j).scaled_add(0.3, &before);
    }
    (x, y)
}

fn scheme() -> Scheme {
    Scheme::new(insecure_joint_for_tests(11, 24, 3).unwrap())
}

fn terms() -> SumsTerms {
    flooded_by(36)
}

fn flooded_by(bits: u32) -> SumsTerms {
    SumsTerms::new(&scheme(), vec![RANGE; FEATURES], 256, bits).unwrap()
}

#[test]
fn the_map_of_encrypted_sums_is_that_of_the_union() {
    let terms = terms();
    let hospitals: Vec<_> = (0..3).map(|party| table(10 + party as u64, ROWS[party])).collect();
    let views: Vec<ArrayView2<'_, f64>> = hospitals.iter().map(|(x, _)| x.view()).collect();
    let sums = sums_in_memory(&terms, &views).unwrap();

    let union = concatenate(Axis(0), &views).unwrap();
    let [centre, reach] = [2.5, 6.5];
    let clear = Sums::of(&((&union - centre) / reach).view()).unwrap();
    assert_eq!(sums.samples(), 471.0);
    let apart = (sums.products() - clear.products()).fold(0.0, |max: f64, d| max.max(d.abs()));
    // three parties round to 2^-40 of 256 each
    assert!(apart < 1e-9, "{apart}");

    let whiten = Preprocessing::Whiten { ridge: 0.1, standardize: true };
    let map = terms.feature_map(&sums, whiten).unwrap();
    let ones = Array1::ones(471);
    let of_union = FeatureMap::fit(&union.view(), &ones.view(), whiten, usize::MAX).unwrap();
    let [a, b] = [map.clone(), of_union].map(|map| map.apply(&union.view()).unwrap().mapv(f64::abs));
    assert!((a - b).iter().all(|d| d.abs() < 1e-6));

    // the training behind it: rates and intervals of public samples, the map of all
    let (x, y) = table(1, 200);
    let public = Data::new(x.view(), y.view()).unwrap().behind(&map).unwrap();
    let options = Classifier { max_iter: Some(3), ..Classifier::default() };
    let training = options.prepare_on(&scheme(), &public, None).unwrap();
    assert_eq!(training.options.preprocessing, Some(Preprocessing::Given));
    assert_eq!(training.map, map);
    let terms = Terms::new(&training, &ROWS, Choices { bits: 30, ..Choices::default() }).unwrap();
    let data: Vec<_> = hospitals.iter().map(|(x, y)| Data::new(x.view(), y.view()).unwrap()).collect();
    let joint = fit(&terms, &data).unwrap().weights;
    let plain = terms.plain_twin(&data, Functions::Polynomials).unwrap();
    let noise = terms.weight_noise().unwrap();
    for (joint, plain) in joint.iter().zip(&plain) {
        assert!((joint - plain).iter().all(|d| d.abs() < 6.0 * noise + 1e-4));
        assert!(plain.iter().any(|w| w.abs() > 0.05));
    }
}

/// What is decrypted, before it is rounded, differs from what was encrypted by noise of the deviation that the terms name.
#[test]
fn noise_has_the_deviation_of_its_formula() {
    // above the rounding of numbers that are decoded beside the count
    let terms = flooded_by(39);
    let session = terms.session(&[0; 32], 0).unwrap();
    let contributions: Vec<_> = (0..3).map(|_| Contribution::generate().unwrap()).collect();
    let commitments: Vec<_> =
        contributions.iter().enumerate().map(|(party, one)| one.commitment(&session, party)).collect();
    let common = CommonRandomness::finish(&session, &commitments, &contributions).unwrap();
    let secrets: Vec<_> = (0..3).map(|party| SecretShare::generate(&session, party).unwrap()).collect();
    let share = |party: usize| first_share(&secrets[party], &common, Protocol::PublicKey);
    let added = sum(&session, Protocol::PublicKey, share).unwrap();
    let Finished::Public(public) = finish(&session, &common, added).unwrap() else { panic!("no public key") };

    // the middle of the range: all sums but the count are 0
    let tables: Vec<_> = ROWS.iter().map(|&rows| Array2::from_elem((rows, FEATURES), 2.5)).collect();
    let encrypted: Vec<_> = tables.iter().map(|x| terms.encrypt(&public, &x.view()).unwrap()).collect();
    let release = terms.release(&session, &[0; 32], terms.add(&encrypted).unwrap()).unwrap();
    let share = |secret: &SecretShare| secret.decryption_share(&release, &mut Ledger::default()).unwrap();
    let shares: Vec<_> = secrets.iter().map(share).collect();
    let mut decrypted = DecryptionSum::new(&release);
    shares.iter().try_for_each(|share| decrypted.add(share)).unwrap();
    let slots = decrypted.finish(&Encoder::new(terms.parameters()).private()).unwrap();

    // numbers are whole multiples of 2^-40: the nearest one is what was encrypted
    let grid = 40f64.exp2();
    let full: Vec<f64> = slots[0].iter().skip(1).map(|slot| slot.re).collect();
    let squares: f64 = full.iter().map(|slot| (slot - (slot * grid).round() / grid).powi(2)).sum();
    let (measured, formula) = ((squares / full.len() as f64).sqrt(), terms.noise().unwrap());
    assert_eq!(full.len(), 1023);
    assert!(formula < 0.1 / grid, "{formula:e} is not below the grid");
    assert!((0.88..1.12).contains(&(measured / formula)), "{measured:e} where {formula:e} is expected");
    assert_eq!(terms.open(&release, &shares).unwrap().samples(), 471.0);
}

#[test]
fn sums_that_would_tell_of_single_samples_are_refused() {
    let terms = terms();
    let tables: Vec<_> = ROWS.iter().map(|&rows| table(3, rows).0).collect();
    let said = |changed: Array2<f64>| {
        let views = [tables[0].view(), changed.view(), tables[2].view()];
        sums_in_memory(&terms, &views).unwrap_err().to_string()
    };
    assert_eq!(terms.least_samples(), 100);
    assert!(said(tables[1].slice(s![..99, ..]).to_owned()).contains("99 samples"));
    assert!(said(table(4, 257).0).contains("at most 256"));
    assert!(said(tables[1].slice(s![.., ..49]).to_owned()).contains("49 features"));
    for outside in [9.5, -4.5, f64::NAN] {
        let mut changed = tables[1].clone();
        changed[(7, 30)] = outside;
        assert!(said(changed).contains("feature 30"), "{outside}");
    }
    let new = |ranges, most| SumsTerms::new(&scheme(), ranges, most, 36).map(|_| ());
    assert!(new(vec![RANGE; FEATURES], 99).is_err(), "no party could bring enough");
    assert!(new(vec![[1.0, 1.0]; FEATURES], 256).is_err());
    assert!(new(Vec::new(), 256).is_err());
    // one decryption of a session
    assert_eq!(terms.budget().flooding.releases, 1);
}

#[test]
fn maps_of_others_and_given_maps_do_not_go_together() {
    let (x, y) = table(1, 200);
    let ones = Array1::ones(200);
    let map = FeatureMap::fit(&x.view(), &ones.view(), Preprocessing::Standardize, usize::MAX).unwrap();
    let data = Data::new(x.view(), y.view()).unwrap().behind(&map).unwrap();
    let whiten = Some(Preprocessing::Whiten { ridge: 1.0, standardize: true });
    let refused = |options: Classifier, data: &Data<'_>| {
        options.prepare_on(&scheme(), data, None).unwrap_err().to_string()
    };
    let usual = Classifier { max_iter: Some(2), ..Classifier::default() };
    assert!(refused(Classifier { preprocessing: whiten, ..usual.clone() }, &data).contains("made elsewhere"));
    assert!(refused(Classifier { n_components: Some(3), ..usual.clone() }, &data).contains("made elsewhere"));
    let without = Data::new(x.view(), y.view()).unwrap();
    let given = Classifier { preprocessing: Some(Preprocessing::Given), ..usual };
    assert!(refused(given, &without).contains("made elsewhere"));
    let fewer = x.slice(s![.., ..49]);
    assert!(Data::new(fewer, y.view()).unwrap().behind(&map).is_err());
}
