//! Long work: it runs in a thread of its own, without the interpreter's lock. The thread that asked for it waits, tells Python of the
//! progress, and asks the work to end after ^C.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use head_fit::fhe_head::stop;
use head_fit::{Error, Part, Progress};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::failure::Failure;

/// How often Python's signals are looked at.
const PATIENCE: Duration = Duration::from_millis(50);
/// As much stack as a program's first thread has.
const STACK: usize = 8 << 20;

/// Works that wait for their end after ^C. The request to stop is one for the whole process: the last of them withdraws it.
static STOPPING: AtomicUsize = AtomicUsize::new(0);

/// Some of the work that is done: its name, how much, of how much (0 where nobody knows).
type Done = (&'static str, usize, usize);

/// What the work tells of itself.
pub(crate) struct Reporter {
    done: Sender<Done>,
    stopped: std::sync::Arc<AtomicBool>,
}

impl Reporter {
    /// Tells of progress.
    ///
    /// # Errors
    /// [`Error::Stopped`] after ^C.
    pub(crate) fn tell(&self, part: &'static str, done: usize, total: usize) -> head_fit::Result<()> {
        // whoever listens waits as long as the work runs
        let _ = self.done.send((part, done, total));
        if self.stopped.load(Ordering::Relaxed) { Err(Error::Stopped) } else { Ok(()) }
    }

    /// As [`Self::tell`], of an encrypted training.
    ///
    /// # Errors
    /// As [`Self::tell`].
    pub(crate) fn watch(&self, Progress { part, done, total }: Progress) -> head_fit::Result<()> {
        let name = match part {
            Part::Keys => "keys",
            Part::Encryption => "encrypt",
            Part::Training => "train",
        };
        self.tell(name, done, total)
    }
}

/// Runs `work`. `progress` is called with the name of the part, how much of it is done, and of how much.
///
/// # Errors
/// Those of the work; `KeyboardInterrupt` and other exceptions of signal handlers and of `progress`, which end the work.
pub(crate) fn run<T: Send>(
    py: Python<'_>,
    progress: Option<&Py<PyAny>>,
    work: impl FnOnce(&Reporter) -> Result<T, Failure> + Send,
) -> PyResult<T> {
    let stopped = std::sync::Arc::new(AtomicBool::new(false));
    let (done, mut told) = channel();
    let reporter = Reporter { done, stopped: stopped.clone() };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, move || work(&reporter))
            .map_err(|error| {
                PyRuntimeError::new_err(format!("the system starts no more threads: {error}"))
            })?;
        let outcome = watch(py, progress, &mut told);
        if outcome.is_err() {
            stopped.store(true, Ordering::Relaxed);
            STOPPING.fetch_add(1, Ordering::SeqCst);
            stop::ask();
        }
        let ended = py.detach(|| thread.join());
        if outcome.is_err() && STOPPING.fetch_sub(1, Ordering::SeqCst) == 1 {
            stop::withdraw();
        }
        outcome?;
        match ended {
            Ok(result) => result.map_err(PyErr::from),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Until the work has ended, tells Python what it tells.
fn watch(py: Python<'_>, progress: Option<&Py<PyAny>>, told: &mut Receiver<Done>) -> PyResult<()> {
    loop {
        let next = py.detach(|| {
            // borrowed for this thread alone: a receiver is not one for several
            let told = &mut *told;
            told.recv_timeout(PATIENCE)
        });
        match next {
            Ok(done) => {
                if let Some(progress) = progress {
                    progress.call1(py, done)?;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        py.check_signals()?;
    }
}
