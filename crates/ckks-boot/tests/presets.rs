//! The guarantees of the presets at their 128-bit parameters. Each test takes minutes and gigabytes, so CI leaves
//! them out. Run them before a change of a preset, the bootstrap or key switching lands, and copy what they print
//! into `docs/notes/bootstrap.md`:
//!
//! `cargo test --release -p ckks-boot --test presets -- --ignored --nocapture --test-threads 1`
#![allow(clippy::unwrap_used)]

mod common;

use ckks::{Complex64, presets};
use ckks_boot::{Packing, RealBootstrapper, Values};
use common::{Party, precision, random};

fn setting(preset: &str, log_slots: usize, values: Values) -> (Party, RealBootstrapper) {
    let mut party = Party::new(&presets::by_name(preset).unwrap(), 1);
    let bootstrapper = party.bootstrapper(preset, Packing { log_slots, values });
    (party, bootstrapper)
}

/// The errors of one refresh of each message, taken together.
fn refresh_all(
    party: &mut Party,
    bootstrapper: &RealBootstrapper,
    messages: &[Vec<Complex64>],
) -> (f64, f64) {
    let contract = bootstrapper.contract();
    let scale = party.parameters.default_scale();
    let (mut got, mut want) = (Vec::new(), Vec::new());
    for message in messages {
        let exhausted = party.encrypt(message, contract.level_before, &scale);
        let refreshed = bootstrapper.refresh(&exhausted).unwrap();
        assert_eq!((refreshed.level(), refreshed.scale()), (contract.level_after, &contract.scale_after));
        got.extend(party.decrypt(&refreshed, message.len()).iter().map(|z| Complex64::from(z.re)));
        want.extend(message);
    }
    // Real values: both imaginary parts are zero, so the mean is over twice as many numbers.
    let (rms, worst) = precision(&got, &want);
    (rms - 0.5, worst)
}

fn keeps_its_word(preset: &str, log_slots: usize) {
    let (mut party, bootstrapper) = setting(preset, log_slots, Values::Real);
    let contract = bootstrapper.contract().clone();
    assert!(contract.log2_failure < -128.0);
    let slots = 1 << log_slots;
    let uniform: Vec<_> = (0..(1 << 15) / slots).map(|seed| random(slots, false, seed as u64 + 1)).collect();
    let constant: Vec<_> = [1.0, -1.0, 0.0, 0.5].iter().map(|&c| vec![Complex64::from(c); slots]).collect();
    for (kind, messages) in [("uniform", uniform), ("constant", constant)] {
        let (rms, worst) = refresh_all(&mut party, &bootstrapper, &messages);
        println!("{preset}, 2^{log_slots} slots, {kind}: rms {rms:.1}, worst {worst:.1} bits");
        assert!(worst > contract.worst_bits, "{kind}: worst {worst:.1} bits");
        // For constants at the ends of the range every slot has the sine's largest error.
        assert!(kind == "constant" || rms > contract.rms_bits, "{kind}: rms {rms:.1} bits");
    }
}

#[test]
#[ignore = "2^15 values at 128 bits: minutes: `.ci/run` runs this suite every fourth day (by day of the year), step `turn of long_presets`, and whenever CI_WHOLE=1"]
fn n15_boot_l6_keeps_its_word_in_512_slots() {
    keeps_its_word("n15-boot-l6", 9);
}

#[test]
#[ignore = "4 GB of keys at 128 bits: minutes: `.ci/run` runs this suite every fourth day (by day of the year), step `turn of long_presets`, and whenever CI_WHOLE=1"]
fn n15_boot_l6_keeps_its_word_in_all_slots() {
    keeps_its_word("n15-boot-l6", 14);
}

#[test]
#[ignore = "2^15 values at 128 bits: minutes: `.ci/run` runs this suite every fourth day (by day of the year), step `turn of long_presets`, and whenever CI_WHOLE=1"]
fn n16_boot_l15_keeps_its_word_in_4096_slots() {
    keeps_its_word("n16-boot-l15", 12);
}

#[test]
#[ignore = "a hundred refreshes at 128 bits: minutes: `.ci/run` runs this suite every fourth day (by day of the year), step `turn of long_presets`, and whenever CI_WHOLE=1"]
fn a_hundred_refreshes_of_one_ciphertext_do_not_drift() {
    let (mut party, bootstrapper) = setting("n15-boot-l6", 9, Values::Real);
    let message = random(512, false, 3);
    let mut a = party.encrypt(&message, 2, &party.parameters.default_scale());
    let mut first = 0.0;
    for turn in 1..=100 {
        let before = party.decrypt(&a, 512);
        a = bootstrapper.refresh(&a).unwrap();
        let after = party.decrypt(&a, 512);
        let (own, all) = (precision(&after, &before).1, precision(&after, &message).1);
        if turn == 1 {
            first = own;
        }
        if turn % 10 == 0 || turn == 1 {
            println!("refresh {turn}: worst {own:.1} bits alone, {all:.1} bits since the start");
        }
        assert!(own > first - 2.0, "refresh {turn}: {own:.1} bits, the first had {first:.1}");
    }
}
