//! Keeps a loaded secret key out of core dumps and, as far as the system allows, out of swap.

use std::sync::{Mutex, PoisonError};

/// While one exists, the process leaves no core dump (Linux), and the memory that it covers stays in RAM if the limit on
/// locked memory leaves room.
pub(super) struct Guard {
    _locks: Vec<region::LockGuard>,
}

/// Number of guards, and whether the process could be dumped before the first.
static LOADED: Mutex<(usize, bool)> = Mutex::new((0, false));

impl Guard {
    pub(super) fn over<'a>(memory: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if loaded.0 == 0 {
            loaded.1 = dumps::forbid();
        }
        loaded.0 += 1;
        Self { _locks: memory.map_while(|part| region::lock(part.as_ptr(), part.len()).ok()).collect() }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.0 -= 1;
        if *loaded == (0, true) {
            dumps::allow();
        }
    }
}

#[cfg(target_os = "linux")]
mod dumps {
    use rustix::process::{DumpableBehavior, dumpable_behavior, set_dumpable_behavior};

    /// Forbids core dumps. Returns whether they were allowed.
    pub(super) fn forbid() -> bool {
        let before = dumpable_behavior();
        // Where the system refuses, the key is as safe as without a guard.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
        matches!(before, Ok(DumpableBehavior::Dumpable))
    }

    pub(super) fn allow() {
        let _ = set_dumpable_behavior(DumpableBehavior::Dumpable);
    }
}

#[cfg(not(target_os = "linux"))]
mod dumps {
    pub(super) fn forbid() -> bool {
        false
    }

    pub(super) fn allow() {}
}
