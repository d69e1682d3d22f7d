//! A reader and how it is fed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// A reader of files, as libFuzzer sees it.
pub struct Target {
    /// Its name, that of its file in `fuzz_targets/`.
    pub name: &'static str,
    /// Reads an input; the error says why it was refused. Never panics, never aborts.
    pub read: fn(&[u8]) -> Result<(), String>,
    /// Inputs that are accepted, from real files. Some need the files of an ordinary run of the program, in this folder.
    pub seeds: fn(&Path) -> Vec<Vec<u8>>,
}

/// What the last panic said. Readers catch those of libraries that panic on damaged files, which is fine; one that nobody catches is not.
static LAST_PANIC: Mutex<String> = Mutex::new(String::new());

fn last_panic() -> std::sync::MutexGuard<'static, String> {
    LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Folder of an ordinary run of the program, for the seeds.
const RUN: &str = "HEAD_FUZZ_RUN";
/// Folder into which the seeds are written. If it is set, that is all that a target does.
const SEEDS: &str = "HEAD_FUZZ_SEEDS";

impl Target {
    /// Reads an input and forgets what came of it. A panic that leaves the reader ends the process.
    pub fn feed(&self, input: &[u8]) {
        if catch_unwind(AssertUnwindSafe(|| (self.read)(input))).is_err() {
            eprintln!("{}: {}", self.name, last_panic());
            std::process::abort();
        }
    }

    /// Before the first input: writes the seeds and ends the process, if the environment asks for them.
    ///
    /// # Panics
    /// If the seeds cannot be written, or one is refused: then the target would fuzz nothing but the refusal.
    pub fn start(&self) {
        let Some(folder) = std::env::var_os(SEEDS) else {
            // in place of libFuzzer's, which ends the process at any panic
            std::panic::set_hook(Box::new(|panic| *last_panic() = panic.to_string()));
            // rings and sessions, which a target makes once, are not the time of its first input
            self.feed(&[]);
            return;
        };
        let run = std::env::var_os(RUN).unwrap_or_default();
        let seeds = self.accepted_seeds(Path::new(&run));
        for (i, seed) in seeds.iter().enumerate() {
            let path = Path::new(&folder).join(format!("seed-{i}"));
            std::fs::write(&path, seed).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
        std::process::exit(0);
    }

    /// The seeds.
    ///
    /// # Panics
    /// If there is none, or one is refused.
    pub fn accepted_seeds(&self, run: &Path) -> Vec<Vec<u8>> {
        let seeds = (self.seeds)(run);
        assert!(!seeds.is_empty(), "{}: no seeds", self.name);
        for (i, seed) in seeds.iter().enumerate() {
            if let Err(why) = (self.read)(seed) {
                panic!("{}: seed {i} is refused: {why}", self.name);
            }
        }
        seeds
    }
}
