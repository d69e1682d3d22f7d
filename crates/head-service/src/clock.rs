//! The time by which things are removed.

use std::time::{Duration, Instant};

use crate::log;

/// A clock that nothing grows old by but time that has passed: set forwards, the system's clock makes nothing older while the service runs.
#[derive(Debug)]
pub(crate) struct Clock {
    /// What the system's clock said at the start, in milliseconds.
    begun: i64,
    since: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { begun: log::millis(), since: Instant::now() }
    }

    /// The earliest time that it may be, in milliseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.at(log::millis(), self.since.elapsed())
    }

    fn at(&self, system: i64, passed: Duration) -> i64 {
        let passed = i64::try_from(passed.as_millis()).unwrap_or(i64::MAX);
        system.min(self.begun.saturating_add(passed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_makes_nothing_older() {
        let (begun, hour) = (1_800_000_000_000, 3_600_000);
        let clock = Clock { begun, since: Instant::now() };
        let after = |system: i64| clock.at(system, Duration::from_millis(3_600_000));
        assert_eq!(after(begun + hour), begun + hour);
        // set forwards by forty days, and backwards
        assert_eq!(after(begun + hour + 40 * 24 * hour), begun + hour);
        assert_eq!(after(begun - 24 * hour), begun - 24 * hour);
        let now = Clock::start();
        assert!((log::millis() - now.now()).abs() < 60_000);
    }
}
