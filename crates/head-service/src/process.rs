//! A process of this program that outlives whoever started it. It holds a lock on a file through its standard input, for as long as it lives. So
//! a server that was killed finds, at its next start, the processes that still run, and never takes another one for them.
//!
//! A launcher may stand between, such as `mpirun`. It is a group of its own then, which signals go to, and lives as long as the job: what it
//! leaves behind is ended. Some launchers read or close their standard input, none its standard error: that has a lock as well.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, setpriority_process, waitid,
};

use crate::api::Progress;

/// How far behind the server a process stands where both want the processor.
const NICE: i32 = 5;
/// What a process may take beyond the memory of its training, for stacks and buffers.
const BESIDE: u64 = 1 << 30;
/// Most that is read at once of what a process says.
const LONGEST: u64 = 1 << 20;

/// Bytes that the system gives the process of a job whose training may take `memory`.
#[must_use]
pub fn most_memory(memory: u64) -> u64 {
    memory.saturating_add(memory / 4).saturating_add(BESIDE)
}

/// Bounds the memory of a process.
#[cfg(target_os = "linux")]
fn limit(id: Pid, most: u64) {
    use rustix::process::{Resource, Rlimit, prlimit};
    let _ = prlimit(Some(id), Resource::Data, Rlimit { current: Some(most), maximum: Some(most) });
}

/// Other systems have no limit that is set from outside.
#[cfg(not(target_os = "linux"))]
fn limit(_: Pid, _: u64) {}

/// Where a process runs, and the files by which it is known.
#[derive(Clone, Debug)]
pub struct ProcessFiles {
    /// Where it runs.
    pub folder: PathBuf,
    /// Locked as long as it lives.
    pub lock: PathBuf,
    /// What it says of its progress: its standard error. Locked as well.
    pub said: PathBuf,
    /// What it says at its end: its standard output.
    pub report: PathBuf,
}

/// A process.
#[derive(Debug)]
pub struct Process {
    /// `None` if an earlier server started it.
    child: Option<Child>,
    id: Option<Pid>,
    lock: PathBuf,
    said: PathBuf,
    /// How much of it was read.
    heard: u64,
    rest: Vec<u8>,
}

impl Process {
    /// Starts a process, with a bound on its memory if one is given.
    ///
    /// # Errors
    /// A failure of the operating system.
    pub fn start(files: &ProcessFiles, mut command: Command, memory: Option<u64>) -> io::Result<Self> {
        let new = |path: &Path| OpenOptions::new().write(true).create(true).truncate(true).open(path);
        let lock = new(&files.lock)?;
        // released when the process ends: this one closes its own copy below
        lock.lock()?;
        let said = new(&files.said)?;
        said.lock()?;
        command.current_dir(&files.folder);
        command.stdin(Stdio::from(lock)).stdout(new(&files.report)?).stderr(said);
        let child = command.spawn()?;
        drop(command);
        let id = Pid::from_child(&child);
        // before it has begun to work; where that cannot be, the process still keeps to the memory that it was told
        if let Some(memory) = memory {
            limit(id, most_memory(memory));
        }
        let _ = setpriority_process(Some(id), NICE);
        Ok(Self {
            child: Some(child),
            ..Self::of_before(files, Some(id.as_raw_nonzero().get().unsigned_abs()))
        })
    }

    /// The process that an earlier one of us started, which may have ended.
    #[must_use]
    pub fn of_before(files: &ProcessFiles, id: Option<u32>) -> Self {
        let id = id.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let (lock, said) = (files.lock.clone(), files.said.clone());
        Self { child: None, id, lock, said, heard: 0, rest: Vec::new() }
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id.map_or(0, |id| id.as_raw_nonzero().get().unsigned_abs())
    }

    /// Whether it lives, or another of its group that has its locks.
    pub fn is_alive(&mut self) -> bool {
        if let (Some(child), Some(id)) = (&mut self.child, self.id) {
            let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
            // not waited for yet: its number, and so its group's, is nobody else's
            if matches!(waitid(WaitId::Pid(id), look), Ok(Some(_))) {
                let _ = kill_process_group(id, Signal::KILL);
            }
            let _ = child.try_wait();
        }
        is_locked(&self.lock) || is_locked(&self.said)
    }

    /// Asks it to stop at a checkpoint.
    pub fn ask_to_stop(&mut self) {
        self.signal(Signal::TERM);
    }

    /// Ends it.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
    }

    /// Only a process that lives gets a signal: the number of one that ended may be another's.
    fn signal(&mut self, signal: Signal) {
        if self.is_alive()
            && let Some(id) = self.id
        {
            // one that is no group of its own is alone
            if kill_process_group(id, signal).is_err() {
                let _ = kill_process(id, signal);
            }
        }
    }

    /// The last thing that it said of its progress since the last look.
    pub fn progress(&mut self) -> Option<Progress> {
        let mut file = File::open(&self.said).ok()?;
        file.seek(SeekFrom::Start(self.heard)).ok()?;
        let read = file.take(LONGEST).read_to_end(&mut self.rest).ok()?;
        self.heard += read as u64;
        let end = self.rest.iter().rposition(|byte| *byte == b'\n')? + 1;
        let lines: Vec<u8> = self.rest.drain(..end).collect();
        lines.split(|byte| *byte == b'\n').rev().find_map(|line| serde_json::from_slice(line).ok())
    }
}

/// Whether a process that lives has the lock of a file. Opened for writing: network file systems lock no others.
fn is_locked(path: &Path) -> bool {
    let file = OpenOptions::new().read(true).write(true).open(path);
    file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}
