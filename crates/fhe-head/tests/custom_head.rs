//! The head of the example `poisson_regression`, trained under encryption.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used)]

#[path = "../examples/poisson_regression.rs"]
mod poisson_regression;

use fhe_head::Scheme;
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
    // three steps of gradient descent in numpy 2.4.6 on the same numbers; the mean alone has 1.620 759
    assert!((plain - 1.216_088_7).abs() < 1e-6, "{plain}");
    assert!((plain - encrypted).abs() < 0.05, "{plain} {encrypted}");
}
