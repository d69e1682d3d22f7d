//! Three hospitals and a compute party, on a small insecure ring.
#![allow(clippy::unwrap_used)]

mod common;

use fhe_head::ckks::presets::insecure_joint_for_tests;
use fhe_head::{Functions, Scheme};
use head_fit::{Classifier, Data, Kind, Training};
use head_joint::{Choices, Error, Terms, Weighting, fit};
use ndarray::{Array1, Array2, Axis, concatenate};

/// Samples of two or three overlapping classes, whose share differs from party to party.
fn table(seed: u64, n: usize, classes: usize, skew: f64) -> (Array2<f64>, Array1<f64>) {
    let mut uniform = common::uniform(seed);
    let y = Array1::from_shape_fn(n, |_| (uniform().powf(skew) * classes as f64).floor());
    let x = Array2::from_shape_fn((n, 6), |(i, j)| {
        let noise: f64 = (0..6).map(|_| uniform()).sum::<f64>() - 3.0;
        noise + if j % classes == y[i] as usize { 1.2 } else { 0.0 }
    });
    (x, y)
}

fn public(classes: usize, kind: Kind) -> Training {
    let scheme = Scheme::new(insecure_joint_for_tests(11, 24, 3).unwrap());
    let (x, y) = table(1, 240, classes, 1.0);
    let options = Classifier { max_iter: Some(3), ..Classifier::new(kind) };
    options.prepare_on(&scheme, &Data::new(x.view(), y.view()).unwrap(), None).unwrap()
}

fn choices() -> Choices {
    Choices { bits: 30, ..Choices::default() }
}

const ROWS: [usize; 3] = [200, 90, 150];

fn hospitals(classes: usize) -> Vec<(Array2<f64>, Array1<f64>)> {
    let skews = [0.5, 1.0, 2.5];
    (0..3).map(|party| table(100 + party as u64, ROWS[party], classes, skews[party])).collect()
}

#[test]
fn the_head_of_all_is_that_of_the_union_in_the_clear() {
    for (classes, kind) in [(2, Kind::logistic()), (3, Kind::logistic()), (3, Kind::softmax())] {
        let public = public(classes, kind);
        for weighting in [Weighting::Size, Weighting::Equal] {
            let terms = Terms::new(&public, &ROWS, Choices { weighting, ..choices() }).unwrap();
            let hospitals = hospitals(classes);
            let data: Vec<_> = hospitals
                .iter()
                .map(|(x, y)| Data::new(x.view(), y.view()).unwrap().with_classes(classes).unwrap())
                .collect();
            let fitted = fit(&terms, &data).unwrap();

            // the same iterations on all rows in the clear, with the weights that the parts give them
            let plain = terms.plain_twin(&data, Functions::Polynomials).unwrap();
            let noise = terms.weight_noise().unwrap();
            for (joint, plain) in fitted.weights.iter().zip(&plain) {
                let apart = (joint - plain).fold(0.0, |max: f64, d| max.max(d.abs()));
                assert!(
                    apart < 6.0 * noise + 1e-4,
                    "{classes} classes, {weighting:?}: {apart} apart, noise {noise}"
                );
                assert!(plain.iter().any(|w| w.abs() > 0.05));
            }
            let views: Vec<_> = hospitals.iter().map(|(x, _)| x.view()).collect();
            let (x, labels) = (
                concatenate(Axis(0), &views).unwrap(),
                hospitals.iter().flat_map(|(_, y)| y.iter().map(|&y| y as usize)).collect::<Vec<_>>(),
            );
            let predicted = fitted.model.predict(&x.view()).unwrap();
            let right = predicted.iter().zip(&labels).filter(|(p, y)| p == y).count() as f64;
            assert!(right / labels.len() as f64 > 0.7, "{classes}: {right} of {}", labels.len());
        }
    }
}

#[test]
fn terms_survive_their_file_and_contradictions_are_refused() {
    let terms = Terms::new(&public(2, Kind::logistic()), &ROWS, choices()).unwrap();
    // the smallest party's block is half empty, and counts for what it announced
    let capacity = terms.plan().job.packing().capacity() as f64;
    for (part, rows) in terms.agreed().parts.iter().zip(ROWS) {
        assert!((part.weight / capacity - rows as f64 / 440.0).abs() < 1e-12, "{part:?}");
    }
    let text = serde_json::to_string(terms.agreed()).unwrap();
    let agreed: head_joint::Agreed = serde_json::from_str(&text).unwrap();
    assert_eq!(agreed, *terms.agreed());
    let refused = |change: &dyn Fn(&mut head_joint::Agreed)| {
        let mut agreed = agreed.clone();
        change(&mut agreed);
        Terms::on(agreed, terms.map().clone(), terms.scheme().clone()).unwrap_err().to_string()
    };
    assert!(refused(&|agreed| agreed.parts[1].first = 0).contains("blocks from 0"));
    assert!(refused(&|agreed| agreed.parts[1].count += 1).contains("blocks"));
    assert!(refused(&|agreed| agreed.parts[1].weight *= 2.0).contains("weight"));
    assert!(refused(&|agreed| agreed.parts.truncate(2)).contains("parties"));
    assert!(refused(&|agreed| agreed.decryption.numbers = 2).contains("numbers"));
    assert!(refused(&|agreed| agreed.decryption.error_bound = 2f64.powi(90)).contains("noise"));
    assert!(refused(&|agreed| agreed.decryption.level = 9).contains("level"));
    assert!(refused(&|agreed| agreed.threshold = 1).contains("decrypt"));
    assert!(refused(&|agreed| agreed.expected.truncate(1)).contains("expected weights"));
    // a secret that one party draws is no secret of several
    assert!(Terms::from_parts(agreed.clone(), terms.map().clone()).is_err(), "an insecure preset by name");
}

#[test]
fn a_party_refuses_data_that_would_spoil_the_head() {
    let terms = Terms::new(&public(2, Kind::logistic()), &ROWS, choices()).unwrap();
    let (x, y) = table(100, 90, 2, 1.0);
    let samples = |x: &Array2<f64>, y: &Array1<f64>| {
        terms.samples(1, &Data::new(x.view(), y.view()).unwrap()).map(|_| ())
    };
    samples(&x, &y).unwrap();
    let said = |result: Result<(), Error>| result.unwrap_err().to_string();
    assert!(said(samples(&(&x * 40.0), &y)).contains("the data do not fit the terms"));
    let most = terms.most_samples(1).unwrap();
    let (many_x, many_y) = table(5, most + 1, 2, 1.0);
    assert!(said(samples(&many_x, &many_y)).contains(&format!("at most {most}")));
    assert!(said(samples(&x.slice(ndarray::s![.., ..5]).to_owned(), &y)).contains("5 features"));
    let (x3, y3) = table(3, 80, 3, 1.0);
    assert!(said(samples(&x3, &y3)).contains("2 classes"));
}

#[test]
fn methods_that_do_not_go_with_several_parties_are_refused() {
    let scheme = Scheme::new(insecure_joint_for_tests(11, 24, 3).unwrap());
    let (x, y) = table(1, 240, 2, 1.0);
    let data = Data::new(x.view(), y.view()).unwrap();
    let prepared = |options: Classifier| options.prepare_on(&scheme, &data, None).unwrap();
    let refused =
        |training: &Training, rows: &[usize]| Terms::new(training, rows, choices()).unwrap_err().to_string();
    let usual = Classifier { max_iter: Some(2), ..Classifier::default() };
    assert!(
        refused(
            &prepared(Classifier { class_weight: head_fit::ClassWeight::Balanced, ..usual.clone() }),
            &ROWS
        )
        .contains("weights of classes")
    );
    assert!(
        refused(&prepared(Classifier { batch_size: Some(100), ..usual.clone() }), &ROWS).contains("batches")
    );
    assert!(refused(&prepared(usual), &[100, 100]).contains("3 data parties"));
    let hidden = public(2, Kind::logistic());
    assert!(
        Terms::new(&hidden, &ROWS, Choices { bits: 60, ..choices() }).is_err(),
        "noise beyond what samples allow"
    );
}

/// Any two of three open the head, and a set with the third is refused afterwards.
#[test]
fn two_of_three_decrypt() {
    let terms =
        Terms::new(&public(2, Kind::logistic()), &ROWS, Choices { threshold: Some(2), ..choices() }).unwrap();
    let hospitals = hospitals(2);
    let data: Vec<_> = hospitals.iter().map(|(x, y)| Data::new(x.view(), y.view()).unwrap()).collect();
    let fitted = fit(&terms, &data).unwrap();
    let plain = terms.plain_twin(&data, Functions::Polynomials).unwrap();
    let apart = (&fitted.weights[0] - &plain[0]).fold(0.0, |max: f64, d| max.max(d.abs()));
    let noise = terms.weight_noise().unwrap();
    assert!(apart < 6.0 * noise + 1e-4, "{apart} apart, noise {noise}");
    // two of the parties add noise in place of three
    let all = Terms::new(&public(2, Kind::logistic()), &ROWS, choices()).unwrap();
    let ratio = all.weight_noise().unwrap() / noise;
    assert!((ratio - 1.5f64.sqrt()).abs() < 0.05, "{ratio}");
}

/// A whitening fits the noise of its own samples, not that of others: a choice for several parties takes a larger ridge than one for a
/// party that whitens what it trains on, and does better on others.
#[test]
fn the_choice_is_for_a_map_of_others_samples() {
    let features = 40usize;
    let table = |seed: u64, n: usize| {
        let (base, y) = table(seed, n, 2, 1.0);
        let (noise, _) = self::table(seed + 7777, n * features.div_ceil(6), 2, 1.0);
        let x = Array2::from_shape_fn((n, features), |(i, j)| {
            let own = noise[(i * features.div_ceil(6) + j / 6, j % 6)];
            own + if j < 12 { base[(i, j % 6)] * 0.5 } else { 0.3 * base[(i, 5)] }
        });
        (x, y)
    };
    let several = insecure_joint_for_tests(11, 24, 3).unwrap();
    let one = fhe_head::ckks::ParametersLiteral {
        secret: fhe_head::ckks::SecretDistribution::Ternary,
        ..several.literal().clone()
    };
    let (several, one) = (Scheme::new(several), Scheme::new(one.check().unwrap()));
    let (x, y) = table(1, 120);
    let public = Data::new(x.view(), y.view()).unwrap();
    let options = Classifier { max_iter: Some(3), ..Classifier::default() };
    let for_others = options.prepare_on(&several, &public, None).unwrap();
    let for_itself = options.prepare_on(&one, &public, None).unwrap();
    // what a choice that knows nothing of others would give three parties
    let unaware = for_itself.options.clone();
    let unaware = unaware.prepare_on(&several, &public, None).unwrap();
    let ridge = |training: &Training| match training.options.preprocessing {
        Some(head_fit::Preprocessing::Whiten { ridge, .. }) => ridge,
        _ => f64::INFINITY,
    };
    assert!(ridge(&for_others) > ridge(&for_itself));

    let hospitals: Vec<_> = (0..3).map(|party| table(100 + party as u64, ROWS[party])).collect();
    let data: Vec<_> = hospitals.iter().map(|(x, y)| Data::new(x.view(), y.view()).unwrap()).collect();
    let (x, y) = table(50, 4000);
    let loss = |public: &Training| {
        let terms = Terms::new(public, &ROWS, choices()).unwrap();
        let model = terms.model(&terms.plain_twin(&data, Functions::Exact).unwrap()).unwrap();
        let p = model.predict_proba(&x.view()).unwrap();
        // of the second of two classes
        let of = |(p, y): (&f64, &f64)| -f64::ln(if *y == 1.0 { *p } else { 1.0 - p });
        p.column(0).iter().zip(&y).map(of).sum::<f64>() / y.len() as f64
    };
    assert!(loss(&for_others) < loss(&unaware));
}
