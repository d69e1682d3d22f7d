//! A process that is asked to stop ends its choices and rehearsals. In a file of its own: the request is one for the whole process.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use head_fit::fhe_head::{Functions, Scheme, stop};
use head_fit::{Classifier, Data, Error};
use ndarray::{Array1, Array2};

#[test]
fn what_was_asked_to_stop_ends_soon_and_says_so_until_the_request_is_withdrawn() {
    let noise = |i: usize, j: usize| ((i * (j + 3) * 37 + j * 11) % 101) as f64 / 101.0;
    let x = Array2::from_shape_fn((600, 200), |(i, j)| (i % 2) as f64 * noise(j, 7) + noise(i, j));
    let y: Array1<f64> = (0..600).map(|i| (i % 2) as f64).collect();
    let data = Data::new(x.view(), y.view()).unwrap();
    let scheme = Scheme::by_name("n14-l8").unwrap();
    let began = Instant::now();
    let training = Classifier::default().prepare_on(&scheme, &data, None).unwrap();
    let whole = began.elapsed();
    stop::ask();
    let began = Instant::now();
    for options in [Classifier::default(), training.options.clone()] {
        assert!(matches!(options.prepare_on(&scheme, &data, None), Err(Error::Stopped)));
    }
    assert!(matches!(Classifier::default().prepare(&data, None), Err(Error::Stopped)));
    assert!(matches!(training.train_simulated(), Err(Error::Stopped)));
    assert!(matches!(training.train_plain(), Err(Error::Stopped)));
    assert!(matches!(training.trajectory(Functions::Polynomials), Err(Error::Stopped)));
    let stopped = began.elapsed();
    assert!(stopped < whole.max(Duration::from_millis(100)), "{stopped:?} of {whole:?}");
    stop::withdraw();
    assert!(training.train_plain().is_ok());
}
