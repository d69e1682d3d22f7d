//! The bootstrap in toy rings, whole and stage by stage with the secret.
#![allow(clippy::unwrap_used)]

mod common;

use ckks_boot::bootstrap::{Packing, Values};
use common::{Party, precision, random, toy};

const PRESET: &str = "n15-boot-l6";

fn refresh(log_n: u32, log_slots: usize, values: Values) {
    let parameters = toy(PRESET, log_n);
    let mut party = Party::new(&parameters, 1);
    let bootstrapper = party.bootstrapper(PRESET, Packing { log_slots, values });
    let literal = *bootstrapper.plan().literal();
    let message = random(1 << log_slots, values == Values::Complex, 7);
    let scale = parameters.default_scale();
    let exhausted = party.encrypt(&message, literal.input_level(), &scale);
    let refreshed = bootstrapper.refresh(&exhausted).unwrap();
    assert_eq!(refreshed.level(), literal.output_level());
    assert_eq!(refreshed.scale(), &scale);
    let (rms, worst) = precision(&party.decrypt(&refreshed, 1 << log_slots), &message);
    println!("2^{log_n}, 2^{log_slots} {values:?}: rms {rms:.1}, worst {worst:.1} bits");
    assert!(rms > 15.0 && worst > 12.0, "rms {rms:.1}, worst {worst:.1} bits");
}

#[test]
fn real_slots_sparse_and_full() {
    refresh(11, 4, Values::Real);
    refresh(11, 7, Values::Real);
    refresh(11, 10, Values::Real);
}

#[test]
fn complex_slots_sparse_and_full() {
    refresh(11, 4, Values::Complex);
    refresh(11, 9, Values::Complex);
    refresh(11, 10, Values::Complex);
}

#[test]
fn a_pair_of_real_vectors_in_one_refresh() {
    let parameters = toy(PRESET, 11);
    for log_slots in [4, 10] {
        let mut party = Party::new(&parameters, 1);
        let bootstrapper = party.bootstrapper(PRESET, Packing { log_slots, values: Values::Pair });
        let (level, scale) = (bootstrapper.plan().literal().input_level(), parameters.default_scale());
        let messages = [random(1 << log_slots, false, 7), random(1 << log_slots, false, 8)];
        let [a, b] = messages.each_ref().map(|message| party.encrypt(message, level, &scale));
        let (a, b) = bootstrapper.refresh_pair(&a, &b).unwrap();
        for (refreshed, message) in [a, b].iter().zip(&messages) {
            assert_eq!(refreshed.level(), bootstrapper.plan().literal().output_level());
            let (rms, worst) = precision(&party.decrypt(refreshed, 1 << log_slots), message);
            assert!(rms > 15.0 && worst > 12.0, "rms {rms:.1}, worst {worst:.1} bits");
        }
    }
}
