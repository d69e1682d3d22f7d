//! Logistic regression on encrypted samples: `cargo run --release -p fhe-head --example logistic_regression`.

use std::sync::Arc;

use fhe_head::ckks::{SecretKey, presets};
use fhe_head::client::{DataEncryptor, decrypt_head, evaluation_keys_in_memory};
use fhe_head::estimator::LogisticRegression;
use fhe_head::server;
use ndarray::{Array1, Array2};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let x = Array2::from_shape_fn((400, 8), |(i, j)| ((i * (j + 3) * 37 + j) % 101) as f64 / 50.0 - 1.0);
    let y: Array1<f64> =
        x.rows().into_iter().map(|row| f64::from(u8::from(row[0] + row[1] > row[2]))).collect();

    // the data party prepares: feature map, method and plan are chosen in the clear
    let parameters = presets::by_name("n14-l8")?;
    let options = LogisticRegression::default().check()?;
    let prepared = options.prepare(&x.view(), &y.view(), &parameters, None)?;
    let secret = SecretKey::generate(&parameters)?;
    let keys = Arc::new(evaluation_keys_in_memory(&secret, &prepared.plan.keys)?);
    let blocks = DataEncryptor::new(&secret, &prepared.plan, &prepared.samples).blocks()?;

    // the compute party trains: it has ciphertexts and evaluation keys, and a job that says nothing of the data
    let encrypted = server::train(keys, &prepared.plan.job, &blocks, |_| Ok(()))?;

    // the data party decrypts
    let weights = decrypt_head(&secret, &prepared.plan.job, &encrypted)?;
    let head = prepared.head(&weights[0])?;
    let probabilities = head.predict_proba(&x.view())?;
    let right = probabilities.iter().zip(&y).filter(|(p, y)| (**p > 0.5) == (**y > 0.5)).count();
    println!("{right} of {} samples right; coefficients {:.2}", y.len(), head.coef);
    Ok(())
}
