//! The head of the example `poisson_regression`, trained under encryption.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used)]

#[path = "../examples/poisson_regression.rs"]
mod poisson_regression;

use fhe_head::Scheme;
use ndarray::Array1;
use poisson_regression::{data, deviance, means, train};

#[test]
fn a_head_of_ones_own_trains_under_encryption() {
    let (x, counts) = data(200);
    let scheme = Scheme::new(ckks::presets::insecure_for_tests(10, 14).unwrap());
    let trained = train(&scheme, &x, &counts).unwrap();
    for (encrypted, simulated) in trained.encrypted.iter().zip(&trained.simulated) {
        assert!((encrypted - simulated).iter().all(|e| e.abs() < 2e-3), "{encrypted} {simulated}");
    }
    let of = |head| deviance(&counts, &means(head, &x));
    let [plain, encrypted] = [of(&trained.plain), of(&trained.encrypted)];
    let constant = deviance(&counts, &Array1::from_elem(200, counts.mean().unwrap()));
    assert!(plain < 0.75 * constant && (plain - encrypted).abs() < 0.05, "{constant} {plain} {encrypted}");
}
