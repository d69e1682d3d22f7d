//! Logistic regression on encrypted samples: `cargo run --release -p head-fit --example logistic_regression`.

use head_fit::LogisticRegression;
use ndarray::{Array1, Array2};

fn main() -> head_fit::Result<()> {
    let x = Array2::from_shape_fn((400, 8), |(i, j)| ((i * (j + 3) * 37 + j) % 101) as f64 / 50.0 - 1.0);
    let y: Array1<f64> =
        x.rows().into_iter().map(|row| f64::from(u8::from(row[0] + row[1] > row[2]))).collect();

    let fitted = LogisticRegression::default().fit_encrypted(&x, &y)?;

    let right = fitted.predict(&x.view())?.iter().zip(&y).filter(|(p, y)| **p as f64 == **y).count();
    println!("{right} of {} samples right; coefficients {:.2}", y.len(), fitted.model.output.coef.row(0));
    println!("options as they were chosen: {:?}", fitted.training.options);
    Ok(())
}
