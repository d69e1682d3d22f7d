//! What a plan says of a training before anything is encrypted.
#![allow(clippy::unwrap_used)]

mod common;

use common::USUAL;
use fhe_head::engine::{Counts, Operation};
use fhe_head::{BuiltIn, Fit, Logistic, Optimizer, Plan, Request, Scheme, Sigmoid};

fn plan(scheme: &Scheme, iterations: usize) -> Plan {
    let sigmoid = Sigmoid::new(3.try_into().unwrap(), 8.0, Fit::default()).unwrap();
    let head = BuiltIn::Logistic(Logistic::binary(sigmoid));
    let request = Request {
        optimizer: Optimizer::NesterovSchedule,
        ..Request::new(head, 1000, 30, vec![1.0; iterations])
    };
    Plan::new(scheme, &request).unwrap()
}

/// Every refresh leaves the same level, so later iterations all do the same, each with its refresh.
#[test]
fn iterations_between_refreshes_cost_the_same() {
    let scheme = Scheme::by_name("n15-boot-l6").unwrap();
    let (five, six) = (plan(&scheme, 5), plan(&scheme, 6));
    assert_eq!(five.last_iteration, six.last_iteration);
    assert_eq!(six.last_iteration.of(Operation::Refresh), 1);
    let whole = six.seconds(scheme.parameters(), &USUAL).unwrap();
    let last = six.last_iteration_seconds(scheme.parameters(), &USUAL).unwrap();
    assert!((last * 3.0..whole).contains(&(whole - last)));
}

/// Without refreshes, iterations go down the chain: the last one is the lowest, and part of the whole.
#[test]
fn the_last_iteration_is_the_lowest() {
    let plan = plan(&Scheme::by_name("n15-l18").unwrap(), 3);
    let highest = |counts: &Counts| {
        let relinearisations = counts.iter().filter(|count| count.operation == Operation::Relinearise);
        relinearisations.map(|count| count.level).max()
    };
    assert!(highest(&plan.last_iteration) < highest(&plan.counts));
    let of_whole = |operation, level| {
        let same = plan.counts.iter().find(|count| (count.operation, count.level) == (operation, level));
        same.map_or(0, |count| count.times)
    };
    assert!(plan.last_iteration.iter().all(|count| count.times <= of_whole(count.operation, count.level)));
    let all = |counts: &Counts| counts.iter().map(|count| count.times).sum::<usize>();
    assert!(all(&plan.last_iteration) < all(&plan.counts));
}
