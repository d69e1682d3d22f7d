//! One head with several outputs, mini-batches and refreshes that outputs share, against a few lines of dense arithmetic.
#![allow(clippy::unwrap_used)]

mod common;

use std::ops::ControlFlow;

use fhe_head::engine::{Operation, Plain};
use fhe_head::functions::logistic;
use fhe_head::packing::{Sizes, untile};
use fhe_head::trainer::{Trainer, unobserved};
use fhe_head::{
    Block, Degree, Fit, Job, JobSpec, Logistic, Optimizer, Packing, Plan, Request, Scheme, Sigmoid, State,
    twins,
};
use ndarray::{Array1, Array2, s};

const CLASSES: usize = 3;

fn data(n: usize, features: usize) -> (Array2<f64>, Array1<f64>) {
    common::three_classes(n, features, 5)
}

fn head() -> Logistic {
    Logistic::one_vs_rest(CLASSES, Sigmoid::new(Degree::Three, 8.0, Fit::LeastSquares).unwrap())
}

/// Nesterov's method as PyTorch has it, on mini-batches that take equal shares of the samples in order.
fn dense(
    x: &Array2<f64>,
    y: &Array1<f64>,
    batches: usize,
    rates: &[f64],
    mu: f64,
    alpha: f64,
) -> Array2<f64> {
    let features = x.ncols();
    let mut w = Array2::<f64>::zeros((features, CLASSES));
    let mut buffer = w.clone();
    for (t, rate) in rates.iter().enumerate() {
        let batch = t % batches;
        let [from, to] = [batch, batch + 1].map(|b| b * x.nrows() / batches);
        let (x, y) = (x.slice(s![from..to, ..]), y.slice(s![from..to]));
        let mut e = x.dot(&w).mapv(logistic);
        for (mut row, label) in e.rows_mut().into_iter().zip(&y) {
            row[*label as usize] -= 1.0;
        }
        let mut gradient = x.t().dot(&e) / (to - from) as f64;
        let mut penalty = &w * alpha;
        penalty.row_mut(features - 1).fill(0.0);
        gradient += &penalty;
        buffer = &buffer * mu + &gradient;
        w = w - (gradient + &buffer * mu) * *rate;
    }
    w
}

#[test]
fn outputs_batches_and_shared_refreshes_change_nothing() {
    let (x, y) = data(150, 7);
    let samples = common::equal_weights(&x, &y);
    let with_one = common::with_one(&x);
    let rates: Vec<f64> = (0..9).map(|t| 1.0 / (1.0 + 0.1 * f64::from(t))).collect();
    // two samples a slot: half filled, with an empty second half, several blocks a batch
    for (columns, blocks, batches, merged_tiles, complex) in [
        (2, 2, 1, 4, false),
        (4, 4, 2, 1, false),
        (1, 3, 3, 2, false),
        (8, 10, 2, 4, false),
        (2, 1, 1, 4, true),
        (1, 3, 3, 2, true),
        (8, 6, 2, 1, true),
    ] {
        let (separate_intercept, baby_steps) = (false, 1);
        let sizes = Sizes {
            slots: 256,
            features: 8,
            separate_intercept,
            columns,
            baby_steps,
            blocks,
            batches,
            complex,
        };
        let packing = Packing::new(sizes).unwrap();
        let job = Job::new(JobSpec {
            head: head(),
            packing,
            optimizer: Optimizer::Nesterov(0.8),
            learning_rates: rates.clone(),
            alpha: 0.02,
            refresh_before: vec![2, 5],
            refreshed_points: Vec::new(),
            log_row_weight: 0,
            merged_tiles,
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
        let block = |index| -> Block<_> {
            let packed = samples.block(&packing, index).unwrap();
            job.layout().build(|item| Ok(packed.slots(job.head(), item))).unwrap()
        };
        let data: Vec<_> = (0..blocks).map(block).collect();
        let engine = Plain::new(packing.slots());
        let trainer = Trainer::new(&engine, &job, &data).unwrap();
        let ControlFlow::Continue(state) = trainer.run(State::default(), unobserved).unwrap();
        let expected = dense(&with_one, &y, batches, &rates, 0.8, 0.02);
        for (k, p) in state.weights.iter().enumerate() {
            let ours = Array1::from_vec(untile(p.real(), 8)) * 8.0;
            let difference = (&ours - &expected.column(k)).mapv(f64::abs).sum();
            assert!(difference < 1e-10, "{sizes:?} {merged_tiles}: {ours} {expected}");
        }
    }
}

#[test]
fn outputs_share_bootstraps_and_the_simulation_allows_it() {
    let scheme = Scheme::by_name("n15-boot-l6").unwrap();
    let (x, y) = data(150, 7);
    let samples = common::equal_weights(&x, &y);
    let request = Request {
        optimizer: Optimizer::NesterovSchedule,
        largest_state: 0.5,
        ..Request::new(head(), 150, 7, vec![1.0; 4])
    };
    let plan = Plan::new(&scheme, &request).unwrap();
    assert_eq!(plan.job.spec().merged_tiles, 4);
    assert_eq!(plan.counts.of(Operation::Refresh), plan.job.spec().refresh_before.len());
    let simulated = twins::train_simulated(&plan, &scheme, &samples, None).unwrap();
    let plain = twins::train_plain(&plan, &samples, None).unwrap();
    // the cubic and the exact logistic function differ, what they predict does not
    let predictions = |weights: &[Array1<f64>]| -> Vec<usize> {
        let scores = |row: ndarray::ArrayView1<'_, f64>, w: &Array1<f64>| row.dot(&w.slice(s![..7])) + w[7];
        let best =
            |row| (0..CLASSES).max_by(|&a, &b| scores(row, &weights[a]).total_cmp(&scores(row, &weights[b])));
        x.rows().into_iter().map(|row| best(row).unwrap()).collect()
    };
    let (simulated, plain) = (predictions(&simulated.weights), predictions(&plain));
    let equal = simulated.iter().zip(&plain).filter(|(a, b)| a == b).count();
    assert!(equal >= 147, "{equal} of 150");
}
