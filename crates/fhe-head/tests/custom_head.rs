//! The head of the example `ordinal_regression`, trained under encryption.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used)]

#[path = "../examples/ordinal_regression.rs"]
mod ordinal_regression;

use fhe_head::Scheme;
use ordinal_regression::{data, grade, train};

#[test]
fn a_head_of_ones_own_trains_under_encryption() {
    let (x, grades) = data(200);
    let scheme = Scheme::new(ckks::presets::insecure_for_tests(10, 12).unwrap());
    let trained = train(&scheme, &x, &grades).unwrap();
    for (encrypted, simulated) in trained.encrypted.iter().zip(&trained.simulated) {
        assert!((encrypted - simulated).iter().all(|e| e.abs() < 2e-3), "{encrypted} {simulated}");
    }
    let right =
        |head| x.rows().into_iter().zip(&grades).filter(|(x, y)| grade(head, x) as f64 == **y).count();
    let [plain, encrypted] = [right(&trained.plain), right(&trained.encrypted)];
    assert!(plain > 130 && plain.abs_diff(encrypted) <= 10, "{plain} {encrypted}");
}
