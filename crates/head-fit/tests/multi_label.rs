//! Samples with any number of labels: a logistic regression of each, chosen and trained together.
#![allow(clippy::unwrap_used)]

use head_fit::fhe_head::ckks::presets;
use head_fit::fhe_head::{BuiltIn, Link, Optimizer, Scheme};
use head_fit::{
    Calibrator, ClassWeight, Classifier, Data, Kind, Model, MultiLabelMetrics, Preprocessing, converged,
    encrypt_and_train, multi_label_split,
};
use ndarray::{Array1, Array2, Axis};

const LABELS: usize = 4;

/// Labels that overlap, one of them rare, and samples without any.
fn data(n: usize) -> (Array2<f64>, Array2<f64>) {
    let noise = |i: usize, j: usize| ((i * 37 + j * 101 + i * j * 13) % 97) as f64 / 97.0 - 0.5;
    let x = Array2::from_shape_fn((n, 6), |(i, j)| noise(i, j));
    let y = Array2::from_shape_fn((n, LABELS), |(i, k)| {
        let score = x[(i, k)] + 0.5 * x[(i, k + 1)] + 0.2 * noise(i, 70 + k);
        f64::from(u8::from(score > [0.0, 0.1, -0.1, 0.4][k]))
    });
    (x, y)
}

fn scheme(levels: usize) -> Scheme {
    presets::insecure_for_tests(10, levels).unwrap().into()
}

#[test]
fn labels_are_learned_together_and_as_well_as_each_by_itself() {
    let (x, y) = data(320);
    let split = multi_label_split(&y.view(), 0.25, 0).unwrap();
    let part = |rows: &[usize]| (x.select(Axis(0), rows), y.select(Axis(0), rows));
    let ((x, y), (x_test, y_test)) = (part(&split.train), part(&split.test));
    let data = Data::multi_label(x.view(), y.view()).unwrap();
    let training = Classifier::default().prepare_on(&scheme(14), &data, None).unwrap();
    assert!(matches!(training.plan.job.head(), BuiltIn::Logistic(head) if head.multi_label));
    assert!(matches!(training.options.kind, Kind::Logistic { degree: Some(_), .. }));
    let expected = training.expected.unwrap();
    assert!(!expected.falls_short(0.03, 0.2), "{expected:?}");

    let encrypted = training.model(&encrypt_and_train(&training).unwrap()).unwrap();
    let simulated = training.model(&training.train_simulated().unwrap().weights).unwrap();
    assert!(encrypted.max_weight_error(&simulated) < 3e-3);
    assert_eq!((encrypted.link, encrypted.output.intercept.len()), (Link::MultiLabel, LABELS));
    let p = encrypted.predict_proba(&x_test.view()).unwrap();
    // the probabilities of a sample are of labels apart
    assert!(p.sum_axis(Axis(1)).iter().any(|sum| *sum > 1.2));
    let measure = |model: &Model| {
        let p = model.predict_proba(&x_test.view()).unwrap();
        MultiLabelMetrics::new(&y_test.view(), &p.view(), &[0.5; LABELS])
    };
    let clear = converged(&data, ClassWeight::Uniform, Preprocessing::Standardize).unwrap();
    let (ours, clear) = (measure(&encrypted), measure(&clear));
    println!("{:?} {:?}", ours.mean, clear.mean);
    assert!(ours.mean.auroc > 0.9 && ours.mean.auroc > clear.mean.auroc - 0.02, "{ours:?} {clear:?}");

    let sets = encrypted.predict_labels(&x_test.view(), &[0.5; LABELS]).unwrap();
    for (set, p) in sets.iter().zip(p.outer_iter()) {
        assert!((0..LABELS).all(|label| set.contains(&label) == (p[label] > 0.5)));
    }
    assert!(sets.iter().any(Vec::is_empty) && sets.iter().any(|set| set.len() > 1));
    assert!(encrypted.predict(&x_test.view()).is_err() && encrypted.predict_numbers(&x_test.view()).is_err());
    assert!(encrypted.predict_labels(&x_test.view(), &[0.5]).is_err());
}

/// A head of two labels trains each as a head of one would.
#[test]
fn labels_do_not_know_of_each_other() {
    let (x, y) = data(120);
    let y = y.slice(ndarray::s![.., ..2]).to_owned();
    let options = Classifier {
        preprocessing: Some(Preprocessing::Whiten { ridge: 0.3, standardize: true }),
        optimizer: Some(Optimizer::NesterovSchedule),
        learning_rate: Some(4.0),
        max_iter: Some(3),
        interval: Some(8.0),
        calibrator: Some(Calibrator::default()),
        ..Classifier::new(Kind::logistic())
    };
    let both = Data::multi_label(x.view(), y.view()).unwrap();
    let both = options.prepare_on(&scheme(16), &both, None).unwrap().plain_model().unwrap();
    for label in 0..2 {
        let one = Data::new(x.view(), y.column(label)).unwrap();
        let one = options.prepare_on(&scheme(16), &one, None).unwrap().plain_model().unwrap();
        assert!((&one.output.coef.row(0) - &both.output.coef.row(label)).iter().all(|d| d.abs() < 1e-9));
        assert!((one.output.intercept[0] - both.output.intercept[label]).abs() < 1e-9);
    }
}

#[test]
fn what_does_not_fit_labels_is_refused() {
    let (x, y) = data(60);
    let labels = || Data::multi_label(x.view(), y.view()).unwrap();
    let refusal = |options: &Classifier, data: &Data<'_>| {
        options.prepare_on(&scheme(12), data, None).unwrap_err().to_string()
    };
    for kind in [Kind::Ridge, Kind::softmax(), Kind::ordinal()] {
        let message = refusal(&Classifier::new(kind), &labels());
        assert!(message.contains("4 labels"), "{message}");
    }
    let weighted = Classifier { class_weight: ClassWeight::Balanced, ..Classifier::default() };
    assert!(refusal(&weighted, &labels()).contains("class_weight"));
    let mut rare = y.clone();
    rare.column_mut(2).fill(0.0);
    rare[(5, 2)] = 1.0;
    let message = refusal(&Classifier::default(), &Data::multi_label(x.view(), rare.view()).unwrap());
    assert!(message.contains("label 2: 1 training samples"), "{message}");
    rare[(5, 2)] = 0.5;
    let message = Data::multi_label(x.view(), rare.view()).unwrap_err().to_string();
    assert!(message.contains("label 2 of sample 5 is 0.5"), "{message}");
    assert!(labels().weighted(Array1::ones(3).view()).is_err());
}
