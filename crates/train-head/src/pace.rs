//! How long a training still takes, from how long it took so far.

use std::time::Duration;

/// Work of two kinds, done and to be done: a bootstrap takes as long as several iterations, and the two do not alternate evenly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Work {
    /// Iterations, without their bootstraps.
    pub(crate) iterations: usize,
    /// Bootstraps.
    pub(crate) bootstraps: usize,
}

/// The time that is left, each kind of work at the pace it had so far; `None` while one was not yet seen.
pub(crate) fn time_left(done: Work, took: Duration, in_bootstraps: Duration, left: Work) -> Option<Duration> {
    let at_pace = |took: Duration, done: usize, left: usize| match (done, left) {
        (_, 0) => Some(0.0),
        (0, _) => None,
        (done, left) => Some(took.as_secs_f64() / done as f64 * left as f64),
    };
    let iterations = at_pace(took.saturating_sub(in_bootstraps), done.iterations, left.iterations)?;
    let bootstraps = at_pace(in_bootstraps, done.bootstraps, left.bootstraps)?;
    Some(Duration::from_secs_f64(iterations + bootstraps))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_work_counts_by_its_own_pace() {
        let (done, left) = (Work { iterations: 4, bootstraps: 1 }, Work { iterations: 2, bootstraps: 3 });
        let seconds = Duration::from_secs;
        // an iteration takes 2 s, a bootstrap 10 s
        assert_eq!(time_left(done, seconds(18), seconds(10), left), Some(seconds(34)));
        assert_eq!(time_left(done, seconds(18), seconds(10), Work::default()), Some(Duration::ZERO));
        // nothing is known of bootstraps before the first
        let done = Work { iterations: 1, bootstraps: 0 };
        assert_eq!(time_left(done, seconds(2), Duration::ZERO, left), None);
        assert_eq!(time_left(Work::default(), Duration::ZERO, Duration::ZERO, left), None);
    }
}
