//! The time that a training still takes, extrapolated from the time that it took.

use std::ops::Range;
use std::time::Duration;

use fhe_head::Job;
use fhe_head::engine::Encrypted;

/// The time left after iteration `now` of a training that this process began after iteration `from`, `took` ago; `None` if it is
/// not yet known.
pub(crate) fn left(
    engine: &Encrypted,
    job: &Job,
    from: usize,
    now: usize,
    took: Duration,
) -> Option<Duration> {
    let in_bootstraps = if counts_apart(job) { engine.refresh_time() } else { Duration::ZERO };
    time_left(work(job, from..now), took, in_bootstraps, work(job, now..job.iterations()))
}

/// True if bootstraps stand only between iterations. Those inside count as part of their iteration.
fn counts_apart(job: &Job) -> bool {
    job.spec().refreshed_points.is_empty()
}

/// The work of a range of iterations.
fn work(job: &Job, iterations: Range<usize>) -> Work {
    let bootstraps = iterations.clone().filter(|&t| counts_apart(job) && job.refreshes_before(t)).count();
    Work { iterations: iterations.len(), bootstraps }
}

/// Work of two kinds. A bootstrap takes as long as several iterations, and the two do not alternate evenly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Work {
    /// Iterations, without their bootstraps.
    iterations: usize,
    /// Bootstraps.
    bootstraps: usize,
}

/// The time for the work that is left, with each kind at its pace so far; `None` if a kind that is left has not occurred yet.
fn time_left(done: Work, took: Duration, in_bootstraps: Duration, left: Work) -> Option<Duration> {
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
