//! What a plan says of a training before anything is encrypted.
#![allow(clippy::unwrap_used)]

use ckks::presets;
use fhe_head::engine::trace::{Counts, Operation};
use fhe_head::heads::{BuiltIn, Logistic};
use fhe_head::optimizer::Optimizer;
use fhe_head::plan::{Plan, Request};
use fhe_head::refresh;
use fhe_head::sigmoid::{Fit, Sigmoid};

fn plan(preset: &str, iterations: usize) -> Plan {
    let parameters = presets::by_name(preset).unwrap();
    let sigmoid = Sigmoid::new(3.try_into().unwrap(), 8.0, Fit::default()).unwrap();
    let head = BuiltIn::Logistic(Logistic::binary(sigmoid));
    let request = Request {
        optimizer: Optimizer::NesterovSchedule,
        ..Request::new(head, 1000, 30, vec![1.0; iterations])
    };
    Plan::new(&parameters, refresh::contract(&parameters).as_ref(), &request).unwrap()
}

/// Refreshed to the same level each time, later iterations do the same; each has its refresh.
#[test]
fn iterations_between_refreshes_cost_the_same() {
    let (five, six) = (plan("n15-boot-l6", 5), plan("n15-boot-l6", 6));
    assert_eq!(five.last_iteration, six.last_iteration);
    let refreshes = six.last_iteration.iter().filter(|((operation, _), _)| *operation == Operation::Refresh);
    assert_eq!(refreshes.map(|(_, times)| times).sum::<usize>(), 1);
    assert!(
        (six.last_iteration_seconds * 3.0..six.seconds).contains(&(six.seconds - six.last_iteration_seconds))
    );
}

/// Without refreshes, iterations go down the chain: the last one is the lowest, and part of the whole.
#[test]
fn the_last_iteration_is_the_lowest() {
    let plan = plan("n15-l18", 3);
    let highest = |counts: &Counts| {
        let levels = counts.keys().filter(|(operation, _)| *operation == Operation::Relinearise);
        levels.map(|(_, level)| *level).max()
    };
    assert!(highest(&plan.last_iteration) < highest(&plan.counts));
    assert!(plan.last_iteration.iter().all(|(operation, times)| times <= &plan.counts[operation]));
    assert!(plan.last_iteration.values().sum::<usize>() < plan.counts.values().sum());
}
