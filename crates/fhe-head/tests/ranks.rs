//! Several processes that train one head together hold the head that one alone makes, bit for bit.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used)]

mod common;

use std::ops::ControlFlow;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use ckks::{Residues, SecretKey};
use common::{equal_weights, three_classes};
use fhe_head::client::{DataEncryptor, evaluation_keys_in_memory};
use fhe_head::collective::{Collective, Share};
use fhe_head::server::{self, EncryptedHead, EncryptedState};
use fhe_head::trainer::unobserved;
use fhe_head::{
    Activation, ActivationKind, Degree, Fit, Head, Logistic, Mlp, Multinomial, Optimizer, Output, Plan,
    Request, Result, Scheme, Sigmoid, Softmax, SoftmaxForm,
};
use ndarray::Array1;

const CLASSES: usize = 3;
const FEATURES: usize = 6;

/// Threads as processes.
#[derive(Debug)]
struct Thread {
    share: Share,
    table: Arc<Table>,
}

/// What the threads lay their words on.
#[derive(Debug)]
struct Table {
    words: Mutex<Vec<u64>>,
    barrier: Barrier,
}

impl Thread {
    fn crew(ranks: usize) -> Vec<Self> {
        let table = Arc::new(Table { words: Mutex::default(), barrier: Barrier::new(ranks) });
        (0..ranks).map(|rank| Self { share: Share { rank, ranks }, table: table.clone() }).collect()
    }

    /// Every thread puts its words down by `put`, and then takes what lies there.
    fn exchange(&self, words: &mut [u64], put: impl FnOnce(&mut Vec<u64>, &[u64])) {
        put(&mut self.table.words.lock().unwrap(), words);
        self.table.barrier.wait();
        words.copy_from_slice(&self.table.words.lock().unwrap());
        if self.table.barrier.wait().is_leader() {
            self.table.words.lock().unwrap().clear();
        }
        self.table.barrier.wait();
    }
}

impl Collective for Thread {
    fn share(&self) -> Share {
        self.share
    }

    fn sum(&self, words: &mut [u64]) -> Result<()> {
        self.exchange(words, |table, words| {
            table.resize(words.len(), 0);
            table.iter_mut().zip(words).for_each(|(sum, word)| *sum = sum.wrapping_add(*word));
        });
        Ok(())
    }

    fn broadcast(&self, from: usize, words: &mut [u64]) -> Result<()> {
        self.exchange(words, |table, words| {
            if from == self.share.rank {
                *table = words.to_vec();
            }
        });
        Ok(())
    }
}

/// Trains with each number of processes, and compares all residues.
fn every_number_of_processes<H: Head>(
    scheme: &Scheme,
    request: &Request<H>,
    start: Option<&[Array1<f64>]>,
    numbers: &[usize],
) -> Plan<H> {
    let (x, y) = three_classes(request.samples, FEATURES, 3);
    let samples = equal_weights(&x, &y);
    let plan = Plan::new(scheme, request).unwrap();
    let secret = SecretKey::generate(scheme.parameters()).unwrap();
    let keys = Arc::new(evaluation_keys_in_memory(&secret, &plan.keys).unwrap());
    let encryptor = DataEncryptor::new(&secret, &plan, &samples);
    let blocks = encryptor.blocks().unwrap();
    let state = start.map_or_else(EncryptedState::default, |start| encryptor.initial_state(start).unwrap());
    let train = |collective: Option<Thread>| {
        let mut engine = server::engine(keys.clone(), &plan.job).unwrap();
        if let Some(collective) = collective {
            engine = engine.with_others(Arc::new(collective));
        }
        // a pool for each, since a process that waits for others holds its thread
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let trained = pool.install(|| server::resume(&engine, &plan.job, &blocks, state.clone(), unobserved));
        let ControlFlow::Continue(head) = trained.unwrap();
        residues(&head)
    };
    let alone = train(None);
    for &ranks in numbers {
        let train = &train;
        thread::scope(|scope| {
            let crew = Thread::crew(ranks).into_iter();
            let running: Vec<_> = crew.map(|it| scope.spawn(move || train(Some(it)))).collect();
            for process in running {
                assert!(process.join().unwrap() == alone, "{ranks} processes");
            }
        });
    }
    plan
}

fn residues(head: &EncryptedHead) -> Vec<Vec<u64>> {
    let snapshots = head.history.iter().flat_map(|snapshot| &snapshot.weights);
    head.weights.iter().chain(snapshots).map(Residues::to_words).collect()
}

fn sigmoid() -> Sigmoid {
    Sigmoid::new(Degree::Three, 8.0, Fit::LeastSquares).unwrap()
}

fn small(levels: usize) -> Scheme {
    Scheme::new(ckks::presets::insecure_for_tests(10, levels).unwrap())
}

/// More processes than blocks, batches whose blocks do not divide, two samples a slot and not.
#[test]
fn a_linear_head_is_the_same() {
    let request = Request {
        optimizer: Optimizer::Nesterov(0.5),
        alpha: 0.01,
        batches: 2,
        ..Request::new(Logistic::one_vs_rest(CLASSES, sigmoid()), 7000, FEATURES, vec![1.0; 3])
    };
    let plan = every_number_of_processes(&small(14), &request, None, &[1, 2, 3, 5, 16]);
    let blocks = plan.job.packing().blocks_per_batch();
    assert!((3..16).contains(&blocks), "{blocks} blocks a batch");
    let softmax = Multinomial::new(Softmax::new(CLASSES, SoftmaxForm::Two, 6.0).unwrap());
    every_number_of_processes(&small(12), &Request::new(softmax, 300, FEATURES, vec![1.0; 2]), None, &[2, 4]);
}

#[test]
fn a_hidden_layer_is_the_same() {
    let head = Mlp {
        hidden: 8,
        activation: Activation::new(ActivationKind::Gelu, 4.0).unwrap(),
        output: Output::Logistic(Logistic::one_vs_rest(CLASSES, sigmoid())),
    };
    let start: Vec<_> = head.initial(FEATURES + 1, 1).unwrap().into_iter().map(Array1::from).collect();
    let request = Request::new(head, 300, FEATURES, vec![0.5]);
    let plan = every_number_of_processes(&small(18), &request, Some(&start), &[2, 3]);
    assert!(plan.job.packing().blocks() > 2);
}

/// A training that goes on from a head refreshes each of its vectors alone: their bootstraps are dealt, and the results exchanged.
#[test]
fn a_head_with_bootstraps_is_the_same() {
    let scheme = Scheme::by_name("n15-boot-l6").unwrap();
    let head = Logistic::one_vs_rest(CLASSES, sigmoid());
    let request = Request { continues: true, ..Request::new(head, 150, FEATURES, vec![1.0; 2]) };
    let start = vec![Array1::ones(FEATURES + 1) * 0.1; CLASSES];
    let plan = every_number_of_processes(&scheme, &request, Some(&start), &[2]);
    assert_eq!(plan.job.messages().len(), CLASSES);
    assert!(plan.state_bootstraps() >= CLASSES);
}
