//! A process of this program that outlives whoever started it. It holds a lock on a file through its standard input, for as long as it lives. So
//! a server that was killed finds, at its next start, the processes that still run, and never takes another one for them.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process, setpriority_process};

use crate::api::Progress;

/// How far behind the server a process stands where both want the processor.
const NICE: i32 = 5;
/// What a process may take beyond the memory of its training, for stacks and buffers.
const BESIDE: u64 = 1 << 30;
/// Most that is read at once of what a process says.
const LONGEST: u64 = 1 << 20;

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
    /// What it says of its progress: its standard error.
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
        command.current_dir(&files.folder);
        command.stdin(Stdio::from(lock)).stdout(new(&files.report)?).stderr(new(&files.said)?);
        let child = command.spawn()?;
        drop(command);
        let id = Pid::from_child(&child);
        // before it has begun to work; where that cannot be, the process still keeps to the memory that it was told
        if let Some(memory) = memory {
            limit(id, memory.saturating_add(memory / 4).saturating_add(BESIDE));
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

    /// Whether it lives.
    pub fn is_alive(&mut self) -> bool {
        if let Some(child) = &mut self.child
            && !matches!(child.try_wait(), Ok(None))
        {
            return false;
        }
        let Ok(file) = File::open(&self.lock) else { return false };
        matches!(file.try_lock(), Err(TryLockError::WouldBlock))
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
            let _ = kill_process(id, signal);
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
