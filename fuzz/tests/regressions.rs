//! What once went wrong goes well, without libFuzzer: no panic, no abort, and an end. So do the seeds, cut and changed.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::{Duration, Instant};

use head_fuzz::{Target, targets};

/// No input of some kilobytes takes longer, on any machine.
const LIMIT: Duration = Duration::from_secs(20);

fn feed(target: &Target, input: &[u8], what: &str) {
    let began = Instant::now();
    target.feed(input);
    assert!(began.elapsed() < LIMIT, "{}: {what} took {:?}", target.name, began.elapsed());
}

/// Each folder of `regressions/` is a target's, each file an input that once broke it.
#[test]
fn what_was_found_stays_fixed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions");
    for target in targets::ALL {
        for entry in std::fs::read_dir(folder.join(target.name)).into_iter().flatten() {
            let path = entry.unwrap().path();
            feed(target, &std::fs::read(&path).unwrap(), &path.display().to_string());
        }
    }
    // a folder that no target reads would test nothing
    for entry in std::fs::read_dir(&folder).into_iter().flatten() {
        let name = entry.unwrap().file_name();
        assert!(targets::ALL.iter().any(|target| name == target.name), "{name:?} is the name of no target");
    }
}

/// The seeds that need no run of the program are accepted, and refused in words when they are cut or flipped.
#[test]
fn seeds_are_accepted_and_their_damage_is_refused() {
    const NEED_A_RUN: [&str; 5] = ["plan", "exported", "embeddings", "npy", "session"];
    for target in targets::ALL.iter().filter(|target| !NEED_A_RUN.contains(&target.name)) {
        let seeds = target.accepted_seeds(Path::new(""));
        for seed in seeds.iter().take(3) {
            for i in 0..16 {
                feed(target, &seed[..seed.len() * i / 16], "a cut seed");
                let mut flipped = seed.clone();
                let at = flipped.len() * i / 16;
                flipped[at] ^= 1 << (i % 8);
                feed(target, &flipped, "a flipped seed");
            }
        }
    }
}
