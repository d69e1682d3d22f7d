//! Threads that stay awake during computations with many short parallel sections.
//!
//! A training iteration has hundreds of parallel sections of half a millisecond. An idle rayon worker sleeps after
//! some 20 microseconds. Waking it takes as long again or, in a virtual machine, several times that. This is paid at
//! the start of each section by the waiting workers, and at its end by the thread that waits for them. Here both
//! sides wait awake: [`for_each`] for its tasks, [`awake`] for whole computations.

use std::{
    cell::Cell,
    cmp, hint,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rayon::Yield;

/// Number of searches for work before the thread yields the processor in between.
const SPINS: u32 = 1 << 12;

/// How long a worker searches for work in vain before it goes to sleep.
const PATIENCE: Duration = Duration::from_millis(2);

/// How long [`awake`] waits for workers to report. Workers with other work do not report.
const GATHERING: Duration = Duration::from_micros(200);

thread_local! {
    static IS_ALONE: Cell<bool> = const { Cell::new(false) };
}

/// Runs `f` without the help of other threads: its parallel sections are too short to share.
pub fn alone<R>(f: impl FnOnce() -> R) -> R {
    let before = IS_ALONE.replace(true);
    let _end = AtEnd(|| IS_ALONE.set(before));
    f()
}

/// Runs `f` for every task, on all idle threads of the present pool.
pub fn for_each<T: Send>(tasks: Vec<T>, f: impl Fn(T) + Sync) {
    let threads = if IS_ALONE.get() { 1 } else { rayon::current_num_threads() };
    let helpers = threads.min(tasks.len()).saturating_sub(1);
    if helpers == 0 {
        return tasks.into_iter().for_each(f);
    }
    let tasks = Mutex::new(tasks.into_iter());
    // The lock is held for one step of an iterator, which does not panic.
    let next = || tasks.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        while let Some(task) = next() {
            f(task);
        }
    };
    let (work, working) = (&work, &AtomicUsize::new(helpers));
    rayon::in_place_scope(|scope| {
        for _ in 0..helpers {
            scope.spawn(move |_| {
                let _end = AtEnd(|| {
                    working.fetch_sub(1, Ordering::Release);
                });
                work();
            });
        }
        work();
        let mut idle = Idle::new();
        while working.load(Ordering::Acquire) > 0 {
            idle.look_for_work();
        }
    });
}

/// Applies `f` to every item, on the threads of [`for_each`]. Returns the results in order, or the first error.
///
/// # Errors
/// Those of `f`.
pub fn try_map<T: Send, R: Send, E: Send>(
    items: impl IntoIterator<Item = T>,
    f: impl Fn(T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let mut items: Vec<_> = items.into_iter().map(|item| (Some(item), None)).collect();
    for_each(items.iter_mut().collect(), |(item, result)| *result = item.take().map(&f));
    items.into_iter().filter_map(|(_, result)| result).collect()
}

/// Whether a computation of this process keeps its pool awake.
static IS_AWAKE: AtomicBool = AtomicBool::new(false);

/// [`awake`] counts the workers that report. From this number on the computation has begun, and no further worker may
/// join.
///
/// A worker that joined later might do so while its thread waits, further down the stack, for a task of this very
/// computation, which then could not end. Workers that reported in time only have tasks of other computations below
/// them.
const BEGUN: usize = 1 << 31;

/// Runs `f` on a thread of the present pool, while the other threads search for tasks without going to sleep. Inside
/// or beside another such call it only runs `f`.
///
/// It pays if parallel sections follow one another within less than a millisecond.
pub fn awake<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    let (reported, ended) = (&AtomicUsize::new(0), &AtomicBool::new(false));
    rayon::scope(|scope| {
        let others = rayon::current_num_threads() - 1;
        if others == 0 || IS_AWAKE.swap(true, Ordering::AcqRel) {
            return f();
        }
        let _end = AtEnd(|| {
            ended.store(true, Ordering::Release);
            IS_AWAKE.store(false, Ordering::Release);
        });
        let here = rayon::current_thread_index();
        scope.spawn_broadcast(move |_, context| {
            if Some(context.index()) == here || reported.fetch_add(1, Ordering::AcqRel) >= BEGUN {
                return;
            }
            let mut idle = Idle::new();
            while !ended.load(Ordering::Acquire) && !idle.is_weary() {
                idle.look_for_work();
            }
        });
        let start = Instant::now();
        while reported.load(Ordering::Acquire) < others && start.elapsed() < GATHERING {
            hint::spin_loop();
        }
        reported.fetch_add(BEGUN, Ordering::AcqRel);
        f()
    })
}

/// A thread without work.
struct Idle {
    /// Number of searches in vain since the last work.
    looks: u32,
    /// Time of the first search after which the thread yielded.
    since: Instant,
}

impl Idle {
    fn new() -> Self {
        Self { looks: 0, since: Instant::now() }
    }

    /// Runs a task of the pool if one is waiting.
    fn look_for_work(&mut self) {
        if rayon::yield_now() == Some(Yield::Executed) {
            self.looks = 0;
            return;
        }
        self.looks = self.looks.saturating_add(1);
        match self.looks.cmp(&SPINS) {
            cmp::Ordering::Less => hint::spin_loop(),
            cmp::Ordering::Equal => self.since = Instant::now(),
            // The thread that others wait for may need this very core.
            cmp::Ordering::Greater => thread::yield_now(),
        }
    }

    /// Whether there has been no work for long.
    fn is_weary(&self) -> bool {
        self.looks > SPINS && self.since.elapsed() > PATIENCE
    }
}

/// Runs a function when dropped, also after a panic.
struct AtEnd<F: FnMut()>(F);

impl<F: FnMut()> Drop for AtEnd<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[cfg(test)]
mod tests {
    use std::panic::AssertUnwindSafe;

    use super::*;

    fn pool(threads: usize) -> rayon::ThreadPool {
        match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
            Ok(pool) => pool,
            Err(error) => panic!("{error}"),
        }
    }

    /// Sums of nested loops. Each loop has as many tasks as its number says.
    fn nested(counts: &[usize]) -> usize {
        let sum = AtomicUsize::new(0);
        let Some((&count, inner)) = counts.split_first() else { return 1 };
        for_each((0..count).collect(), |i| {
            sum.fetch_add(i * nested(inner), Ordering::Relaxed);
        });
        sum.into_inner()
    }

    #[test]
    fn every_task_runs_once_on_any_number_of_threads() {
        for threads in [1, 2, 3, 8] {
            let run = || [0, 1, 2, 7, 40].map(|count| nested(&[count, 6, 5]));
            let expected = [0, 0, 1, 21, 780].map(|sum| sum * 15 * 10);
            assert_eq!(pool(threads).install(run), expected);
            assert_eq!(pool(threads).install(|| awake(run)), expected);
        }
        // From a thread that belongs to no pool.
        assert_eq!(awake(|| nested(&[7, 6])), 21 * 15);
        assert_eq!(nested(&[7, 6]), 21 * 15);
    }

    #[test]
    fn maps_keep_the_order_and_the_first_error() {
        let odd = |i: usize| if i % 2 == 1 { Ok(10 * i) } else { Err(i) };
        pool(3).install(|| {
            assert_eq!(try_map([1, 5, 3], odd), Ok(vec![10, 50, 30]));
            assert_eq!(try_map([1, 4, 3, 2], odd), Err(4));
            assert_eq!(try_map([], odd), Ok(vec![]));
        });
    }

    #[test]
    fn computations_beside_and_inside_one_another_end() {
        let sums: Vec<usize> = pool(4).install(|| {
            let several = |_| awake(|| nested(&[5, awake(|| 4)]));
            use rayon::prelude::*;
            (0..200).into_par_iter().map(several).collect()
        });
        assert_eq!(sums, [10 * 6; 200]);
    }

    #[test]
    fn panics_reach_the_caller_and_end_the_computation() {
        let pool = pool(3);
        for bad in 0..9 {
            let run = || for_each((0..9).collect(), |i| assert!(i != bad, "task {i}"));
            let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| pool.install(|| awake(run))));
            assert!(outcome.is_err());
        }
        assert!(pool.install(|| awake(|| nested(&[4]))) == 6);
    }
}
