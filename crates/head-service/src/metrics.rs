//! Figures for Prometheus, in its text format.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::api::JobState;

/// Upper bounds of the histogram of request times, in milliseconds.
const BOUNDS: [u64; 8] = [1, 5, 10, 25, 50, 100, 500, 2500];

/// What is counted since the start.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    /// By the first digit of the status.
    statuses: [AtomicU64; 6],
    /// Requests within each bound, and beyond.
    times: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
    /// Bytes of chunks that were stored.
    pub(crate) uploaded: AtomicU64,
    /// Connections that are open.
    pub(crate) connections: AtomicU64,
    /// Processes of jobs that were started.
    pub(crate) starts: AtomicU64,
}

/// What is measured when somebody asks.
pub(crate) struct Measured {
    pub(crate) jobs: Vec<(JobState, u64)>,
    pub(crate) stored: u64,
    pub(crate) free: u64,
    pub(crate) memory: u64,
}

impl Metrics {
    /// Counts an answered request.
    pub(crate) fn request(&self, status: u16, took: Duration) {
        let class = usize::from(status / 100).min(5);
        self.statuses[class].fetch_add(1, Ordering::Relaxed);
        let millis = took.as_millis() as u64;
        let bucket = BOUNDS.iter().position(|bound| millis < *bound).unwrap_or(BOUNDS.len());
        self.times[bucket].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(took.as_micros() as u64, Ordering::Relaxed);
    }

    /// Answered requests, and those that were refused or failed.
    pub(crate) fn requests(&self) -> [u64; 2] {
        let of = |classes: &[AtomicU64]| classes.iter().map(|count| count.load(Ordering::Relaxed)).sum();
        [of(&self.statuses), of(&self.statuses[4..])]
    }

    /// The text.
    pub(crate) fn text(&self, measured: &Measured) -> String {
        let mut text = String::new();
        let head = |out: &mut String, name: &str, kind: &str, help: &str| {
            let _ = write!(out, "# HELP train_head_{name} {help}\n# TYPE train_head_{name} {kind}\n");
        };
        head(&mut text, "requests_total", "counter", "Answered requests by class of status.");
        for (class, count) in self.statuses.iter().enumerate().skip(1) {
            let _ = writeln!(
                text,
                "train_head_requests_total{{status=\"{class}xx\"}} {}",
                count.load(Ordering::Relaxed)
            );
        }
        head(&mut text, "request_seconds", "histogram", "Time to the head of the answer.");
        let mut sum = 0;
        for (bound, count) in
            BOUNDS.iter().map(|ms| (*ms as f64 / 1e3).to_string()).chain(["+Inf".into()]).zip(&self.times)
        {
            sum += count.load(Ordering::Relaxed);
            let _ = writeln!(text, "train_head_request_seconds_bucket{{le=\"{bound}\"}} {sum}");
        }
        let seconds = self.micros.load(Ordering::Relaxed) as f64 / 1e6;
        let _ = writeln!(
            text,
            "train_head_request_seconds_sum {seconds}\ntrain_head_request_seconds_count {sum}"
        );
        head(&mut text, "jobs", "gauge", "Jobs by state.");
        for state in
            [JobState::Queued, JobState::Running, JobState::Done, JobState::Failed, JobState::Cancelled]
        {
            let count =
                measured.jobs.iter().find(|(found, _)| *found == state).map_or(0, |(_, count)| *count);
            let _ = writeln!(text, "train_head_jobs{{state=\"{state}\"}} {count}");
        }
        let loaded = |count: &AtomicU64| count.load(Ordering::Relaxed);
        for (name, kind, help, value) in [
            ("uploaded_bytes_total", "counter", "Bytes of chunks that were stored.", loaded(&self.uploaded)),
            ("job_starts_total", "counter", "Processes of jobs that were started.", loaded(&self.starts)),
            ("connections", "gauge", "Open connections.", loaded(&self.connections)),
            ("stored_bytes", "gauge", "Bytes of all files.", measured.stored),
            ("free_bytes", "gauge", "Free bytes where they lie.", measured.free),
            ("memory_bytes", "gauge", "Memory of the server's own process.", measured.memory),
        ] {
            head(&mut text, name, kind, help);
            let _ = writeln!(text, "train_head_{name} {value}");
        }
        text
    }
}

/// Memory of this process that is not shared with files, in bytes; zero where the system does not tell.
pub(crate) fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok())
        .map_or(0, |kib| kib << 10)
}
