//! Samples in groups, which stay whole in the cross-validation.
#![allow(clippy::unwrap_used)]

use head_fit::fhe_head::Scheme;
use head_fit::fhe_head::ckks::presets;
use head_fit::{Classifier, Data};
use ndarray::{Array1, Array2};

/// Ten samples of each of twenty patients, with all the same label: features tell the patient, but nothing of the label.
fn data() -> (Array2<f64>, Array1<f64>, Vec<usize>) {
    let patients: Vec<usize> = (0..200).map(|i| i / 10).collect();
    let x = Array2::from_shape_fn((200, 12), |(i, j)| {
        let of_patient = ((patients[i] * 53 + j * 31 + patients[i] * j * 17) % 41) as f64 / 41.0;
        of_patient + 0.02 * ((i * 7 + j) % 13) as f64
    });
    let y = patients.iter().map(|patient| f64::from(u8::from(patient * 7 % 20 < 10))).collect();
    (x, y, patients)
}

#[test]
fn groups_take_the_optimism_out_of_cross_validation() {
    let (x, y, patients) = data();
    let scheme: Scheme = presets::insecure_for_tests(10, 14).unwrap().into();
    let accuracy = |data: &Data<'_>| {
        let training = Classifier::default().prepare_on(&scheme, data, None).unwrap();
        training.expected.unwrap().training.accuracy
    };
    let data = || Data::new(x.view(), y.view()).unwrap();
    let (mixed, whole) = (accuracy(&data()), accuracy(&data().grouped(&patients).unwrap()));
    println!("{mixed:.3} with patients on both sides, {whole:.3} with whole patients");
    assert!(mixed > whole + 0.1, "{mixed} {whole}");
    // fewer groups than folds make fewer folds
    let halves: Vec<usize> = (0..200).map(|i| i % 2).collect();
    accuracy(&data().grouped(&halves).unwrap());
    assert!(data().grouped(&[3; 200]).unwrap_err().to_string().contains("one group"));
    assert!(data().grouped(&patients[1..]).is_err());
}
