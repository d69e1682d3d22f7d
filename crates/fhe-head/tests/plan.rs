//! What a plan says of a training before anything is encrypted.
#![allow(clippy::unwrap_used)]

mod common;

use common::USUAL;
use fhe_head::engine::{Counts, Operation};
use fhe_head::{
    Aim, BuiltIn, Fit, Logistic, Multinomial, Optimizer, Plan, Request, Scheme, Sigmoid, Softmax, SoftmaxForm,
};

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

/// Each aim gets the plan that serves it best among all parameter sets, and an aim that needs other levels bootstraps more often.
#[test]
fn plans_are_chosen_by_their_aim() {
    let schemes: Vec<_> =
        fhe_head::ckks::presets::NAMES.iter().map(|name| Scheme::by_name(name).unwrap()).collect();
    let softmax = Multinomial::new(Softmax::new(7, SoftmaxForm::Three, 8.0).unwrap());
    let request = |aim| {
        let head = BuiltIn::Softmax(softmax.clone());
        Request {
            aim,
            optimizer: Optimizer::NesterovSchedule,
            ..Request::new(head, 13_084, 384, vec![1.0; 3])
        }
    };
    let [time, upload, memory] =
        [Aim::Time, Aim::Upload, Aim::Memory].map(|aim| Plan::cheapest(&schemes, &request(aim)).unwrap());
    let seconds = |(scheme, plan): &(Scheme, Plan)| plan.usual_seconds(scheme.parameters()).unwrap();
    let travels = |(_, plan): &(Scheme, Plan)| plan.sizes.upload_bytes + plan.sizes.key_file_bytes;
    let held =
        |(_, plan): &(Scheme, Plan)| plan.sizes.data_bytes + plan.sizes.key_bytes + plan.sizes.diagonal_bytes;
    for other in [&upload, &memory] {
        assert!(seconds(&time) <= seconds(other) * 1.05);
    }
    assert!(travels(&upload) < travels(&time) && held(&memory) < held(&time));
    assert!(travels(&upload) <= travels(&memory) && held(&memory) <= held(&upload));
    // within the parameter set that time chooses, too
    let alone = |aim| Plan::new(&time.0, &request(aim)).unwrap();
    assert!(travels(&(time.0.clone(), alone(Aim::Upload))) <= travels(&time));
}
