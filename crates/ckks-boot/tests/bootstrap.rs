//! The whole bootstrap in small rings.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;

use ckks::{Complex64, KeyPurpose, Scale, presets};
use ckks_boot::Error;
use ckks_boot::Simulation;
use ckks_boot::{BootstrapLiteral, BootstrapPlan, Bootstrapper, Packing, SimulatedBootstrapper, Values};
use common::{Party, precision, random, toy};

const PRESET: &str = "n15-boot-l6";

fn refresh(preset: &str, log_n: u32, log_slots: usize, values: Values) {
    let parameters = toy(preset, log_n);
    let mut party = Party::new(&parameters, 1);
    let bootstrapper = party.bootstrapper(preset, Packing { log_slots, values });
    let contract = bootstrapper.contract();
    let message = random(1 << log_slots, values == Values::Complex, 7);
    let exhausted = party.encrypt(&message, contract.level_before, &parameters.default_scale());
    let refreshed = bootstrapper.refresh(&exhausted).unwrap();
    assert_eq!(refreshed.level(), contract.level_after);
    assert_eq!(refreshed.scale(), &contract.scale_after);
    let (rms, worst) = precision(&party.decrypt(&refreshed, 1 << log_slots), &message);
    println!("{preset} at 2^{log_n}, 2^{log_slots} {values:?}: rms {rms:.1}, worst {worst:.1} bits");
    assert!(rms > contract.rms_bits && worst > contract.worst_bits, "rms {rms:.1}, worst {worst:.1} bits");
}

#[test]
fn real_slots_sparse_and_full() {
    for log_slots in [4, 7, 10] {
        refresh(PRESET, 11, log_slots, Values::Real);
    }
}

#[test]
fn complex_slots_sparse_and_full() {
    for log_slots in [4, 9, 10] {
        refresh(PRESET, 11, log_slots, Values::Complex);
    }
}

#[test]
fn the_long_chain() {
    refresh("n16-boot-l15", 11, 6, Values::Complex);
    refresh("n16-boot-l15", 11, 10, Values::Real);
}

#[test]
fn a_pair_of_vectors_in_one_refresh_at_any_scale() {
    let parameters = toy(PRESET, 11);
    for log_slots in [6, 10] {
        let mut party = Party::new(&parameters, 2);
        let bootstrapper = party.bootstrapper(PRESET, Packing { log_slots, values: Values::Pair });
        let messages = [random(1 << log_slots, false, 1), random(1 << log_slots, false, 2)];
        for scale in [parameters.default_scale(), parameters.rescale_factor(5).mul_power_of_two(-1)] {
            let [a, b] = messages.each_ref().map(|message| party.encrypt(message, 3, &scale));
            let evaluator = bootstrapper.evaluator();
            let pair = evaluator.add(&a, &evaluator.mul_i(&b)).unwrap();
            let (a, b) = bootstrapper.refresh_parts(&pair).unwrap();
            for (part, want) in [a, b].iter().zip(&messages) {
                assert_eq!(part.scale(), &parameters.default_scale());
                let (rms, worst) = precision(&party.decrypt(part, 1 << log_slots), want);
                assert!(rms > 17.0 && worst > 15.0, "rms {rms:.1}, worst {worst:.1} bits");
            }
        }
    }
}

#[test]
fn a_hundred_refreshes_in_a_row() {
    let parameters = toy(PRESET, 10);
    let mut party = Party::new(&parameters, 4);
    let bootstrapper = party.bootstrapper(PRESET, Packing { log_slots: 5, values: Values::Real });
    let message = random(32, false, 3);
    let mut a = party.encrypt(&message, 2, &parameters.default_scale());
    let mut worst = Vec::new();
    for _ in 0..100 {
        let before = party.decrypt(&a, 32);
        a = bootstrapper.refresh(&a).unwrap();
        worst.push(precision(&party.decrypt(&a, 32), &before).1);
    }
    let total = precision(&party.decrypt(&a, 32), &message).1;
    println!(
        "worst of the first {:.1}, of the last {:.1}, of all together {total:.1} bits",
        worst[0], worst[99]
    );
    // Each refresh is as good as the first. The sum of all errors is at most a hundred times the sine's error of
    // 2^-19.3. The noise is small here, so it is hardly less.
    assert!(worst.iter().all(|bits| bits > &(worst[0] - 2.0)));
    assert!(total > 12.0, "{total}");
}

#[test]
fn what_the_contract_does_not_cover_is_refused() {
    let parameters = toy(PRESET, 10);
    let mut party = Party::new(&parameters, 5);
    let bootstrapper = party.bootstrapper(PRESET, Packing { log_slots: 4, values: Values::Real });
    let message = random(16, false, 3);
    let scale = parameters.default_scale();
    let low = party.encrypt(&message, 1, &scale);
    assert!(matches!(bootstrapper.refresh(&low), Err(Error::Ckks(ckks::Error::LevelTooLow { .. }))));
    let fine = party.encrypt(&message, 3, &Scale::power_of_two(50));
    assert!(matches!(bootstrapper.refresh(&fine), Err(Error::Scale { .. })));
    let a = party.encrypt(&message, 3, &scale);
    assert!(matches!(bootstrapper.refresh_parts(&a), Err(Error::Packing { .. })));
    let foreign = Party::new(&parameters, 6).encrypt(&message, 3, &scale);
    assert!(matches!(bootstrapper.refresh(&foreign), Err(Error::Ckks(ckks::Error::WrongKey { .. }))));
}

#[test]
fn the_simulated_refresh_keeps_the_contract() {
    let parameters = toy(PRESET, 10);
    let mut party = Party::new(&parameters, 5);
    let bootstrapper = party.bootstrapper(PRESET, Packing { log_slots: 4, values: Values::Real });
    let simulation = Simulation::new(Simulation::odd_numbers([30; 3]), 0.0, 1);
    let simulated = SimulatedBootstrapper::new(bootstrapper.contract().clone(), &simulation);
    let message = random(1 << 15, true, 9);
    let scale = parameters.default_scale();
    let refreshed = simulated.refresh(&simulation.value(message.clone(), 2, scale.clone())).unwrap();
    let contract = Bootstrapper::contract(&simulated);
    assert_eq!((refreshed.level, &refreshed.scale), (contract.level_after, &contract.scale_after));
    let (rms, _) = precision(&refreshed.slots, &message);
    assert!((rms - contract.rms_bits).abs() < 0.05, "{rms}");
    let large = simulation.value(vec![Complex64::new(1.5, 0.0)], 2, scale.clone());
    assert!(matches!(simulated.refresh(&large), Err(Error::MessageTooLarge { .. })));
    assert!(simulated.refresh(&simulation.value(message, 1, scale)).is_err());
}

/// An application shares the keys of its own chain and rotates at any level up to that of a refreshed ciphertext, down to those of
/// SlotsToCoeffs. A set has one key for a purpose at a level.
#[test]
fn galois_keys_within_reach_of_the_application_are_quiet() {
    for preset in ["n15-boot-l6", "n16-boot-l15"] {
        let parameters = presets::by_name(preset).unwrap();
        let literal = BootstrapLiteral::of_preset(preset).unwrap();
        for log_slots in 4..=12 {
            for values in [Values::Real, Values::Complex, Values::Pair] {
                let plan = BootstrapPlan::new(&parameters, literal, Packing { log_slots, values }).unwrap();
                let keys = plan.keys();
                let places: BTreeSet<_> =
                    keys.iter().map(|key| (key.raised, key.purpose, key.shape.level)).collect();
                assert_eq!(places.len(), keys.len());
                let mut within = keys.iter().filter(|key| !key.raised);
                let loud = within.find(|key| {
                    matches!(key.purpose, KeyPurpose::Galois(_)) && !key.shape.is_quiet(&parameters)
                });
                assert!(loud.is_none(), "{preset}, 2^{log_slots} {values:?}: {loud:?}");
            }
        }
    }
}
