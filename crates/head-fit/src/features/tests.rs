#![allow(clippy::unwrap_used)]
use super::*;
use ndarray::{Array, Axis};

fn samples() -> (Array2<f64>, Array1<f64>) {
    let hash = |i: usize| (i as u64 ^ 0x5bd1_e995).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let value = |i: usize, j: usize| (hash(i * 5 + j) % 1000) as f64 / 500.0 * (1.0 + j as f64);
    let mut x = Array2::from_shape_fn((60, 5), |(i, j)| value(i, j));
    let mixed = &x.column(0) * 0.8 + x.column(1);
    x.column_mut(1).assign(&mixed);
    (x, Array::from_shape_fn(60, |i| 1.0 + (i % 3) as f64))
}

const ALL: [Preprocessing; 4] = [
    Preprocessing::Center,
    Preprocessing::Standardize,
    Preprocessing::Whiten { ridge: 0.01, standardize: false },
    Preprocessing::Whiten { ridge: 0.3, standardize: true },
];

#[test]
fn coefficients_pulled_back_give_the_same_logits() {
    let (x, s) = samples();
    for preprocessing in ALL {
        let map = FeatureMap::fit(&x.view(), &s.view(), preprocessing, 5).unwrap();
        let weights = Array1::from_shape_fn(map.outputs(), |j| (j as f64).cos());
        let inner = map.apply(&x.view()).unwrap().dot(&weights) + 0.4;
        let (coef, intercept) = map.pull_back(&weights.view(), 0.4).unwrap();
        let outer = x.dot(&coef) + intercept;
        assert!((inner - outer).iter().all(|d| d.abs() < 1e-10));
        let (back, constant) = map.push_forward(&coef.view(), intercept).unwrap();
        assert!((&back - &weights).iter().all(|d| d.abs() < 1e-9) && (constant - 0.4).abs() < 1e-9);
    }
}

#[test]
fn whitened_features_have_unit_covariance_up_to_the_ridge() {
    let (x, s) = samples();
    for standardize in [false, true] {
        let preprocessing = Preprocessing::Whiten { ridge: 1e-9, standardize };
        let z = FeatureMap::fit(&x.view(), &s.view(), preprocessing, 5).unwrap().apply(&x.view()).unwrap();
        let weighted = &z * (&s / s.sum()).insert_axis(Axis(1));
        let covariance = z.t().dot(&weighted);
        for ((i, j), c) in covariance.indexed_iter() {
            assert!((c - f64::from(i == j)).abs() < 1e-6, "{covariance}");
        }
    }
}

#[test]
fn constant_features_and_duplicates_do_no_harm() {
    let (mut x, s) = samples();
    x.column_mut(2).fill(7.0);
    let copy = x.column(3).to_owned();
    x.column_mut(4).assign(&copy);
    for preprocessing in ALL {
        let map = FeatureMap::fit(&x.view(), &s.view(), preprocessing, 5).unwrap();
        let z = map.apply(&x.view()).unwrap();
        assert!(z.iter().all(|z| z.is_finite() && z.abs() < 100.0), "{preprocessing:?}");
    }
}

#[test]
fn a_feature_of_denormal_spread_gets_no_astronomical_coefficient() {
    let (mut x, s) = samples();
    x.column_mut(2).mapv_inplace(|value| 1e-33 * value);
    for preprocessing in ALL {
        let map = FeatureMap::fit(&x.view(), &s.view(), preprocessing, 5).unwrap();
        let (coef, _) = map.pull_back(&Array1::ones(map.outputs()).view(), 0.0).unwrap();
        assert!(coef.iter().all(|coef| coef.abs() < 1e6), "{preprocessing:?}: {coef}");
    }
}

#[test]
fn a_limit_drops_the_directions_of_least_variance() {
    let (x, s) = samples();
    let map = FeatureMap::fit(&x.view(), &s.view(), ALL[2], 3).unwrap();
    assert_eq!((map.inputs(), map.outputs()), (5, 3));
    assert!(FeatureMap::fit(&x.view(), &s.view(), Preprocessing::Standardize, 3).is_err());
}

#[test]
fn bad_features_are_refused_with_their_place() {
    let (mut x, s) = samples();
    x[(7, 2)] = f64::NAN;
    let error = FeatureMap::fit(&x.view(), &s.view(), ALL[1], 5).unwrap_err().to_string();
    assert!(error.contains("feature 2 of sample 7"), "{error}");
    let constant = Array2::<f64>::ones((10, 3));
    assert!(FeatureMap::fit(&constant.view(), &Array1::ones(10).view(), ALL[2], 3).is_err());
}

/// Classes in a row, far closer to each other along it than features vary across it.
#[test]
fn whitening_within_classes_leaves_the_differences_between_them() {
    // spread evenly and without pattern over -1 .. 1
    let noise = |i: usize, step: f64| ((i + 1) as f64 * step).fract().mul_add(2.0, -1.0);
    let y = Array1::from_shape_fn(300, |i| (i % 3) as f64);
    let x = Array2::from_shape_fn((300, 3), |(i, j)| match j {
        0 => y[i] + 0.1 * noise(i, 0.618_034),
        1 => 100.0 * noise(i, 0.754_878),
        // tells the class exactly: within classes it does not vary at all
        _ => y[i],
    });
    let s = Array1::ones(300);
    let map = Preprocessing::WhitenWithin { ridge: 1e-6 };
    let classes = y.view();
    let z = FeatureMap::fit_all(&x.view(), &s.view(), Some(&classes), &[map], 3).unwrap().remove(0);
    let z = z.apply(&x.view()).unwrap();
    assert_eq!(z.ncols(), 3, "a direction without variance within classes is kept");
    // the pooled covariance within classes, and the distance of neighbouring classes in it
    let mean = |class: usize| {
        let rows: Vec<usize> = (0..300).filter(|i| i % 3 == class).collect();
        z.select(Axis(0), &rows).mean_axis(Axis(0)).unwrap()
    };
    let means = [mean(0), mean(1), mean(2)];
    for j in 0..3 {
        let within = (0..300).map(|i| (z[(i, j)] - means[i % 3][j]).powi(2)).sum::<f64>() / 300.0;
        assert!(within < 1.0 + 1e-9, "direction {j}: variance {within} within classes");
    }
    let gap = (&means[1] - &means[0]).mapv(|d| d * d).sum().sqrt();
    assert!(gap > 5.0, "neighbouring classes lie {gap} apart");
    assert!(FeatureMap::fit(&x.view(), &s.view(), map, 3).is_err(), "without classes");
}

#[test]
fn sums_of_parts_give_the_map_of_the_whole() {
    let (x, _) = samples();
    let ones = Array1::ones(60);
    let parts =
        [x.slice(ndarray::s![..13, ..]), x.slice(ndarray::s![13.., ..])].map(|part| Sums::of(&part).unwrap());
    let [a, b] = &parts;
    let sums =
        Sums::from_parts(a.samples() + b.samples(), a.features() + b.features(), a.products() + b.products())
            .unwrap();
    for preprocessing in ALL {
        let of_sums = FeatureMap::of_sums(&sums, preprocessing, 5).unwrap();
        let fitted = FeatureMap::fit(&x.view(), &ones.view(), preprocessing, 5).unwrap();
        let [a, b] = [of_sums, fitted].map(|map| map.apply(&x.view()).unwrap());
        // directions may differ in sign
        assert!((a.mapv(f64::abs) - b.mapv(f64::abs)).iter().all(|d| d.abs() < 1e-8), "{preprocessing:?}");
    }
    let within = Preprocessing::WhitenWithin { ridge: 0.1 };
    assert!(FeatureMap::of_sums(&sums, within, 5).is_err(), "nobody told the classes");
    let (features, products) = (sums.features().clone(), sums.products().clone());
    assert!(Sums::from_parts(1.0, features.clone(), products.clone()).is_err());
    assert!(Sums::from_parts(60.0, features.slice(ndarray::s![..4]).to_owned(), products.clone()).is_err());
    assert!(Sums::from_parts(60.0, features * f64::NAN, products).is_err());
}
