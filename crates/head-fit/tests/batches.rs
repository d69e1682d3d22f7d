//! Trainings that go on batch by batch, and options that leave nothing open.

#![allow(clippy::unwrap_used)]

use head_fit::fhe_head::{Degree, Fit, Optimizer, Scheme};
use head_fit::{
    Calibrator, Classifier, Data, Error, Kind, LinearLayer, Model, Part, Parties, Preprocessing, Progress,
};
use ndarray::{Array1, Array2, s};

const FEATURES: usize = 5;

/// Two classes that overlap.
fn samples(count: usize) -> (Array2<f64>, Array1<f64>) {
    let noise = |i: usize, j: usize| ((i * 7919 + j * 104_729 + i * i * j) % 1009) as f64 / 1009.0 - 0.5;
    let x = Array2::from_shape_fn((count, FEATURES), |(i, j)| noise(i, j + 1));
    let y = x.rows().into_iter().enumerate().map(|(i, row)| row[0] - 0.6 * row[1] + 0.4 * noise(i, 9));
    (x.clone(), y.map(|score| f64::from(u8::from(score > 0.0))).collect())
}

fn given() -> Classifier {
    Classifier {
        kind: Kind::Logistic { degree: Some(Degree::Three), fit: Some(Fit::LeastSquares) },
        preprocessing: Some(Preprocessing::Whiten { ridge: 0.1, standardize: true }),
        optimizer: Some(Optimizer::NesterovSchedule),
        learning_rate: Some(2.0),
        max_iter: Some(2),
        interval: Some(6.0),
        calibrator: Some(Calibrator::default()),
        ..Classifier::default()
    }
}

fn zeros() -> Model {
    let layer = LinearLayer { coef: Array2::zeros((1, FEATURES)), intercept: Array1::zeros(1) };
    Model::linear(layer, head_fit::fhe_head::Link::Logistic)
}

fn accuracy(model: &Model, x: &Array2<f64>, y: &Array1<f64>) -> f64 {
    let right =
        model.predict(&x.view()).unwrap().into_iter().zip(y).filter(|(p, y)| *p as f64 == **y).count();
    right as f64 / y.len() as f64
}

#[test]
fn batches_learn_under_one_set_of_keys_what_all_samples_say() {
    let (x, y) = samples(400);
    let scheme = Scheme::by_name("n14-l8").unwrap();
    let batch = |from: usize, to: usize| Data::new(x.slice(s![from..to, ..]), y.slice(s![from..to])).unwrap();
    let mut training = given().prepare_on(&scheme, &batch(0, 100), Some(&zeros())).unwrap();
    let mut seen = Vec::new();
    let mut watch = |progress: Progress| {
        seen.push(progress);
        Ok(())
    };
    let parties = Parties::new(&training, &mut watch).unwrap();
    let mut model = training.model(&parties.train(&training, &mut watch).unwrap()).unwrap();
    let first = accuracy(&model, &x, &y);
    for k in 1..4 {
        let next = training.next_batch(&batch(100 * k, 100 * (k + 1)), &model, 2.0 / (k + 1) as f64).unwrap();
        assert_eq!(next.plan.keys, training.plan.keys);
        assert_eq!(next.map, training.map);
        model = next.model(&parties.train(&next, &mut watch).unwrap()).unwrap();
        training = next;
    }
    let last = accuracy(&model, &x, &y);
    assert!(last > 0.8 && last > first - 0.02, "{first} {last}");
    assert!(seen.iter().any(|progress| progress.part == Part::Keys));
    assert_eq!(seen.last(), Some(&Progress { part: Part::Training, done: 2, total: 2 }));
    // the batch is what moves the head: a batch of one class alone is fine, too
    let ones: Vec<usize> = (0..400).filter(|&i| y[i] == 1.0).collect();
    let (x1, y1) = (x.select(ndarray::Axis(0), &ones), y.select(ndarray::Axis(0), &ones));
    let data = Data::new(x1.view(), y1.view()).unwrap();
    let before = model.decision_function(&x1.view()).unwrap().mean().unwrap();
    let next = training.next_batch(&data, &model, 0.5).unwrap();
    let moved = next.model(&parties.train(&next, &mut |_| Ok(())).unwrap()).unwrap();
    assert!(moved.decision_function(&x1.view()).unwrap().mean().unwrap() > before);
}

#[test]
fn an_interval_that_logits_have_outgrown_is_widened() {
    let (x, y) = samples(200);
    let scheme = Scheme::by_name("n14-l8").unwrap();
    let data = Data::new(x.view(), y.view()).unwrap();
    let training = given().prepare_on(&scheme, &data, Some(&zeros())).unwrap();
    let model = training.plain_model().unwrap();
    let larger = model.clone().calibrated(&Calibrator::temperature(0.1));
    let next = training.next_batch(&data, &larger, 0.1).unwrap();
    assert!(next.options.interval > training.options.interval);
    let far = model.clone().calibrated(&Calibrator::temperature(1e-3));
    assert!(matches!(training.next_batch(&data, &far, 0.1), Err(Error::OutsideInterval { .. })));
    let warm = Classifier { calibrator: Some(Calibrator::temperature(0.5)), ..given() };
    let warm = warm.prepare_on(&scheme, &data, Some(&zeros())).unwrap();
    assert!(matches!(warm.next_batch(&data, &model, 1.0), Err(Error::Parameter { name: "temperature", .. })));
}

#[test]
fn a_watcher_ends_the_work() {
    let (x, y) = samples(100);
    let data = Data::new(x.view(), y.view()).unwrap();
    let training = given().prepare_on(&Scheme::by_name("n14-l8").unwrap(), &data, None).unwrap();
    let parties = Parties::new(&training, &mut |_| Ok(())).unwrap();
    for part in [Part::Encryption, Part::Training] {
        let mut last = None;
        let outcome = parties.train(&training, &mut |progress: Progress| {
            last = Some(progress);
            if progress.part == part { Err(Error::Stopped) } else { Ok(()) }
        });
        assert!(matches!(outcome, Err(Error::Stopped)));
        assert_eq!(last.map(|last| (last.part, last.done)), Some((part, 1)));
    }
    assert!(matches!(Parties::new(&training, &mut |_| Err(Error::Stopped)), Err(Error::Stopped)));
}

/// The training that was chosen, asked for again with everything filled in, is the same, and needs no samples to choose by.
#[test]
fn options_that_leave_nothing_open_ask_no_fold() {
    let (x, y) = samples(300);
    let scheme = Scheme::by_name("n14-l8").unwrap();
    let data = Data::new(x.view(), y.view()).unwrap();
    let chosen = Classifier::default().prepare_on(&scheme, &data, None).unwrap();
    assert!(chosen.options.leaves_nothing_open() && !Classifier::default().leaves_nothing_open());
    let again = chosen.options.prepare_on(&scheme, &data, None).unwrap();
    assert_eq!(again.plan, chosen.plan);
    assert_eq!(again.options, chosen.options);
    assert_eq!(again.expected, None);
    // three samples
    let few = Data::new(x.slice(s![..3, ..]), ndarray::aview1(&[0.0, 1.0, 0.0])).unwrap();
    assert!(given().prepare_on(&scheme, &few, None).is_ok());
    assert!(matches!(Classifier::default().prepare_on(&scheme, &few, None), Err(Error::Data(_))));
    let one = Data::new(x.slice(s![..3, ..]), ndarray::aview1(&[0.0, 0.0, 0.0])).unwrap();
    assert!(matches!(given().prepare_on(&scheme, &one, None), Err(Error::Data(_))));
    // numbers
    let numbers = Data::regression(x.view(), x.slice(s![.., ..1])).unwrap();
    let chosen = Classifier::default().prepare_on(&scheme, &numbers, None).unwrap();
    assert!(chosen.options.leaves_nothing_open());
    assert_eq!(chosen.options.prepare_on(&scheme, &numbers, None).unwrap().options, chosen.options);
}
