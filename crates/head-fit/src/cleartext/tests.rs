//! The trainer on the plain engine against training on matrices.
#![allow(clippy::unwrap_used)]

use std::convert::Infallible;
use std::ops::ControlFlow;

use fhe_head::engine::{Plain, Slots};
use fhe_head::packing::{Block, Packing, Rows, Sizes, untile};
use fhe_head::plan::{Plan, Request};
use fhe_head::trainer::{State, Trainer};
use fhe_head::{
    Activation, ActivationKind, BuiltIn, Degree, Error, Fit, Functions, Job, JobSpec, Link, Logistic, Mlp,
    Multinomial, Optimizer, Ordinal, Output, Ridge, Samples, Scheme, Sigmoid, Softmax, SoftmaxForm, ckks,
    twins,
};
use ndarray::{Array1, Array2, Axis, s};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::{HiddenMethod, LinkFunction, Method, Problem, train_hidden, train_linear};
use crate::features::{FeatureMap, LinearMap};
use crate::model::Model;

fn uniform(rng: &mut ChaCha20Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64 - 0.5
}

#[test]
fn the_trainer_follows_training_on_matrices() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let optimizers = [
        Optimizer::GradientDescent,
        Optimizer::Momentum(0.7),
        Optimizer::Nesterov(0.9),
        Optimizer::NesterovSchedule,
    ];
    let shapes =
        [(16, 16, 1, 1, 14), (16, 4, 2, 1, 60), (16, 1, 4, 1, 200), (32, 8, 1, 3, 90), (8, 2, 4, 2, 190)];
    for (features, columns, baby_steps, blocks, n) in shapes {
        let sizes = Sizes {
            slots: 256,
            features,
            separate_intercept: false,
            columns,
            baby_steps,
            blocks,
            batches: 1,
            complex: false,
        };
        let packing = Packing::new(sizes).unwrap();
        let mut x = Array2::from_shape_simple_fn((n, features), || 2.0 * uniform(&mut rng));
        x.column_mut(features - 1).fill(1.0);
        let y = Array1::from_shape_simple_fn(n, || f64::from(uniform(&mut rng) > 0.1));
        let weight = Array1::from_shape_simple_fn(n, || 1.5 + uniform(&mut rng));
        let weight = &weight * (packing.capacity() as f64 / weight.sum());

        let data: Vec<Block<Slots>> = (0..blocks)
            .map(|b| {
                let rows = b * packing.rows()..((b + 1) * packing.rows()).min(n);
                let weights = weight.slice(s![rows.clone()]).to_vec();
                let labels = y
                    .slice(s![rows.clone()])
                    .iter()
                    .zip(&weights)
                    .map(|(y, s)| s * (y - 0.5))
                    .collect::<Vec<_>>();
                Block {
                    samples: (0..packing.diagonals())
                        .map(|i| packing.diagonal_slots(&x.slice(s![rows.clone(), ..features - 1]), i))
                        .collect(),
                    rows: vec![Rows {
                        weight: packing.row_slots(&weights).into(),
                        targets: vec![packing.row_slots(&labels).into()],
                    }],
                }
            })
            .collect();

        for optimizer in optimizers {
            for alpha in [0.0, 0.03] {
                let learning_rates: Vec<f64> = (0..12).map(|t| 0.9 / (1.0 + 0.1 * f64::from(t))).collect();
                let job = Job::new(JobSpec {
                    head: Logistic::binary(Sigmoid::new(Degree::Three, 8.0, Fit::LeastSquares).unwrap()),
                    packing,
                    optimizer,
                    learning_rates: learning_rates.clone(),
                    alpha,
                    refresh_before: vec![5],
                    refreshed_points: Vec::new(),
                    log_row_weight: 0,
                    merged_tiles: 1,
                    refreshed_level: 40,
                    entry_level: 40,
                    score_level: None,
                    snapshot_every: 4,
                    snapshot_level: 0,
                    pass_scale: None,
                    state_scale: 40,
                    data_scale: 40,
                    row_scale: 40,
                })
                .unwrap();
                let engine = Plain::new(packing.slots());
                let mut seen = Vec::new();
                let trained = Trainer::new(&engine, &job, &data).unwrap().run(State::default(), |state| {
                    seen.push(untile(state.weights[0].real(), packing.features()));
                    Ok::<_, Error>(ControlFlow::<Infallible>::Continue(()))
                });
                assert!(trained.is_ok());
                let y = y.view().insert_axis(Axis(1));
                let problem = Problem { x: x.view(), y, weights: weight.view(), batches: 1 };
                let rates = learning_rates.clone();
                let method = Method {
                    optimizer,
                    rates,
                    alpha,
                    link: LinkFunction::exact(Link::Logistic),
                    within: f64::INFINITY,
                };
                let expected = train_linear(&problem, 1, None, &[method]).remove(0);
                assert_eq!(seen.len(), expected.len());
                for (ours, matrix) in seen.iter().zip(&expected) {
                    for (p, w) in ours.iter().zip(matrix.weights.column(0)) {
                        assert!((8.0 * p - w).abs() < 1e-10, "{sizes:?} {optimizer:?} {alpha}: {p} {w}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_trainer_follows_a_hidden_layer_on_matrices() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let x = Array2::from_shape_simple_fn((90, 15), || 2.0 * uniform(&mut rng));
    let y: Array1<f64> = (0..90).map(|i| f64::from(i % 3)).collect();
    let samples = Samples::new(&x.view(), &y.view(), &Array1::ones(90).view()).unwrap();
    let scheme = Scheme::new(ckks::presets::insecure_for_tests(10, 60).unwrap());
    let softmax = Softmax::new(3, SoftmaxForm::Two, 6.0).unwrap();
    let sigmoid = Sigmoid::new(Degree::Three, 6.0, Fit::LeastSquares).unwrap();
    for (kind, output) in [
        (ActivationKind::Square, Output::Softmax(Multinomial::new(softmax))),
        (ActivationKind::Gelu, Output::Logistic(Logistic::one_vs_rest(3, sigmoid))),
    ] {
        let head = Mlp { hidden: 8, activation: Activation::new(kind, 4.0).unwrap(), output };
        let (rates, optimizer) = (vec![0.2, 0.15, 0.1], Optimizer::Momentum(0.5));
        let request = Request {
            optimizer,
            batches: 3,
            ..Request::new(BuiltIn::Mlp(head.clone()), samples.len(), x.ncols(), rates.clone())
        };
        let plan = Plan::new(&scheme, &request).unwrap();
        let start = request.initial(1).unwrap();
        assert_eq!(start.len(), 8 + 2 * 3);
        for functions in [Functions::Exact, Functions::Polynomials] {
            let method = HiddenMethod { head: &head, optimizer, rates: &rates, alpha: 0.0, functions };
            let run = train_hidden(&Problem::new(&samples, 3), &method, &start);
            let slots = twins::trajectory(&plan, &samples, Some(&start), functions).unwrap().pop().unwrap();
            for (ours, expected) in run.weights().iter().zip(&slots) {
                assert!((ours - expected).iter().all(|e| e.abs() < 1e-9), "{ours} {expected}");
            }
            assert!(run.arguments > 0.1 && run.logits > 0.01 && run.state > 0.01 && run.state < 1.0);
        }
    }
}

/// Labels of any number, classes in an order, numbers: the trainer itself against training on matrices.
#[test]
fn the_trainer_follows_other_links_on_matrices() {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let x = Array2::from_shape_simple_fn((80, 6), || 2.0 * uniform(&mut rng));
    let scheme = Scheme::new(ckks::presets::insecure_for_tests(10, 60).unwrap());
    let sigmoid = Sigmoid::new(Degree::Five, 6.0, Fit::LeastSquares).unwrap();
    let labels = x.slice(s![.., ..3]).mapv(|x| f64::from(u8::from(x > 0.2)));
    let grades = Array2::from_shape_fn((80, 1), |(i, _)| (2.0 * x[(i, 0)] + 2.0).floor().clamp(0.0, 3.0));
    for (head, y, outputs, link) in [
        (
            BuiltIn::Logistic(Logistic::multi_label(3, sigmoid.clone())),
            &labels,
            3,
            LinkFunction::with_sigmoid(Link::MultiLabel, &sigmoid),
        ),
        (
            BuiltIn::Ordinal(Ordinal { steps: 3, sigmoid: sigmoid.clone() }),
            &grades,
            3,
            LinkFunction::with_sigmoid(Link::Cumulative, &sigmoid),
        ),
        (
            BuiltIn::Ridge(Ridge { outputs: 3, half_width: 4.0 }),
            &x.slice(s![.., 1..4]).mapv(|x| x * x),
            3,
            LinkFunction::exact(Link::Identity),
        ),
    ] {
        let samples = Samples::with_labels(&x.view(), &y.view(), &Array1::ones(80).view()).unwrap();
        let (rates, optimizer, alpha) = (vec![0.8, 0.7, 0.6, 0.5], Optimizer::Nesterov(0.5), 0.02);
        let request =
            Request { optimizer, alpha, ..Request::new(head.clone(), 80, x.ncols(), rates.clone()) };
        let plan = Plan::new(&scheme, &request).unwrap();
        let slots = twins::trajectory(&plan, &samples, None, Functions::Polynomials).unwrap();
        let method = Method { optimizer, rates, alpha, link, within: f64::INFINITY };
        let run = train_linear(&Problem::new(&samples, 1), outputs, None, &[method]).remove(0);
        for (weights, iterate) in slots.iter().zip(&run) {
            let map =
                FeatureMap::from_arrays(Array1::zeros(6), LinearMap::Diagonal(Array1::ones(6))).unwrap();
            let model = Model::from_weights(&head, &map, weights).unwrap();
            let (features, intercepts) = (iterate.weights.slice(s![..6, ..]), iterate.weights.row(6));
            assert!((&model.output.coef.t() - &features).iter().all(|d| d.abs() < 1e-9), "{head:?}");
            assert!((&model.output.intercept - &intercepts).iter().all(|d| d.abs() < 1e-9), "{head:?}");
        }
    }
}

/// `LogisticAT(alpha=1.2)` of mord 0.7 on the same numbers: coefficients and the negated thresholds.
#[test]
fn ordinal_regression_converges_to_the_minimum_of_all_thresholds() {
    let x = Array2::from_shape_fn((120, 3), |(i, j)| ((i * (j + 3) * 37 + j * 11) % 101) as f64 / 50.5 - 1.0);
    let grade = |i: usize| {
        let noise = 0.6 * (((i * 53) % 17) as f64 / 17.0 - 0.5);
        let severity = x[(i, 0)] - 0.7 * x[(i, 1)] + 0.4 * x[(i, 2)] + noise;
        [-0.5, 0.1, 0.6].iter().filter(|threshold| severity >= **threshold).count() as f64
    };
    let y: Array1<f64> = (0..120).map(grade).collect();
    let samples = Samples::new(&x.view(), &y.view(), &Array1::ones(120).view()).unwrap();
    let method = Method {
        optimizer: Optimizer::Nesterov(0.9),
        rates: vec![1.0; 2000],
        alpha: 1.2 / 120.0,
        link: LinkFunction::exact(Link::Cumulative),
        within: f64::INFINITY,
    };
    let run = train_linear(&Problem::new(&samples, 1), 3, None, &[method]).remove(0);
    let coef = [4.275_784_3, -3.100_143_6, 1.865_482_2];
    let intercepts = [2.457_542_8, -0.652_734_7, -2.825_401_0];
    for (column, intercept) in run[1999].weights.columns().into_iter().zip(intercepts) {
        for (ours, expected) in column.iter().zip(coef.iter().chain([&intercept])) {
            assert!((ours - expected).abs() < 1e-4, "{column} {coef:?} {intercept}");
        }
    }
}
