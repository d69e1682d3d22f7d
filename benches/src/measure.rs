//! Timing, memory and output shared by the commands.

use std::time::Instant;

use serde::Serialize;

/// Options that every command has.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Common {
    /// Threads; all cores by default
    #[arg(long)]
    pub(crate) threads: Option<usize>,
    /// Counted runs, after one that is not
    #[arg(long, default_value_t = 5)]
    pub(crate) repeat: usize,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

impl Common {
    /// Runs `work` on a pool of the chosen number of threads, and tells it how many.
    pub(crate) fn install<T: Send>(&self, work: impl FnOnce(usize) -> T + Send) -> anyhow::Result<T> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads.unwrap_or(0)).build()?;
        let threads = pool.current_num_threads();
        Ok(pool.install(|| work(threads)))
    }

    /// Seconds of each counted run of `work`, after one run to warm up.
    pub(crate) fn time<T>(&self, mut work: impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<Times> {
        work()?;
        let mut seconds = Vec::with_capacity(self.repeat.max(1));
        for _ in 0..self.repeat.max(1) {
            let start = Instant::now();
            std::hint::black_box(work()?);
            seconds.push(start.elapsed().as_secs_f64());
        }
        seconds.sort_by(f64::total_cmp);
        Ok(Times {
            median_s: seconds[seconds.len() / 2],
            min_s: seconds[0],
            max_s: seconds[seconds.len() - 1],
        })
    }

    /// Prints a record: as JSON, or a line a field.
    pub(crate) fn print(&self, record: &impl Serialize) -> anyhow::Result<()> {
        let value = serde_json::to_value(record)?;
        if self.json {
            println!("{value}");
            return Ok(());
        }
        for (name, value) in value.as_object().into_iter().flatten() {
            println!("{name:>18}  {value}");
        }
        Ok(())
    }
}

/// Order statistics of repeated runs.
#[derive(Serialize, Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) median_s: f64,
    pub(crate) min_s: f64,
    pub(crate) max_s: f64,
}

/// Seconds of processor time that all threads of this process have had, where the system tells: what a busy machine does not
/// spoil.
pub(crate) fn cpu_seconds() -> Option<f64> {
    let tasks = std::fs::read_dir("/proc/self/task").ok()?;
    let nanoseconds = tasks.flatten().map(|task| {
        let statistics = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        statistics.split_whitespace().next()?.parse::<u64>().ok()
    });
    Some(nanoseconds.sum::<Option<u64>>()? as f64 * 1e-9)
}

/// Peak resident memory of this process, in bytes, where the system tells.
pub(crate) fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
