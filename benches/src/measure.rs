//! Timing, memory and output shared by the commands.

use std::time::Instant;

use serde::Serialize;

/// How many cores to use.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(crate) struct Threads {
    /// Threads; all cores by default
    #[arg(long)]
    threads: Option<usize>,
}

impl Threads {
    /// Runs `work` on a pool of the chosen number of threads, and tells it how many.
    pub(crate) fn install<T: Send>(self, work: impl FnOnce(usize) -> T + Send) -> anyhow::Result<T> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads.unwrap_or(0)).build()?;
        let threads = pool.current_num_threads();
        Ok(pool.install(|| work(threads)))
    }
}

/// Options of commands that measure one thing and print it.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Common {
    #[command(flatten)]
    pub(crate) threads: Threads,
    /// Counted runs, after one that is not
    #[arg(long, default_value_t = 5)]
    pub(crate) repeat: usize,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

impl Common {
    /// Options of a measurement inside another command, on the present pool.
    pub(crate) fn quiet(repeat: usize) -> Self {
        Self { threads: Threads { threads: None }, repeat, json: true }
    }

    /// Runs `work` on a pool of the chosen number of threads, and tells it how many.
    pub(crate) fn install<T: Send>(&self, work: impl FnOnce(usize) -> T + Send) -> anyhow::Result<T> {
        self.threads.install(work)
    }

    /// Times `work` as often as asked for.
    pub(crate) fn time<T>(&self, work: impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<Times> {
        time(self.repeat, work)
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

/// Seconds of each of `repeat` runs of `work`, after one run to warm up.
pub(crate) fn time<T>(repeat: usize, mut work: impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<Times> {
    work()?;
    let (mut seconds, mut cpu) = (Vec::new(), Vec::new());
    for _ in 0..repeat.max(1) {
        let (start, before) = (Instant::now(), cpu_seconds());
        std::hint::black_box(work()?);
        seconds.push(start.elapsed().as_secs_f64());
        cpu.extend(before.zip(cpu_seconds()).map(|(before, after)| after - before));
    }
    seconds.sort_by(f64::total_cmp);
    cpu.sort_by(f64::total_cmp);
    Ok(Times {
        median_s: seconds[seconds.len() / 2],
        min_s: seconds[0],
        max_s: seconds[seconds.len() - 1],
        cpu_s: cpu.get(cpu.len() / 2).copied(),
    })
}

/// How many times as fast `work` is on the present pool as on one thread: the median over `repeat` pairs of runs, one after the
/// other, so that both see the same machine.
///
/// # Errors
/// Those of `work`.
pub(crate) fn speedup(repeat: usize, work: impl Fn() -> anyhow::Result<()> + Sync) -> anyhow::Result<f64> {
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let timed = || {
        let start = Instant::now();
        work()?;
        anyhow::Ok(start.elapsed().as_secs_f64())
    };
    let pair = |_| {
        let together = timed()?;
        anyhow::Ok(alone.install(timed)? / together)
    };
    let mut ratios = (0..repeat.max(1)).map(pair).collect::<anyhow::Result<Vec<_>>>()?;
    ratios.sort_by(f64::total_cmp);
    Ok(ratios[ratios.len() / 2])
}

/// Runs this program with other arguments in a process of its own, so that memory at its peak is that of the work alone, and
/// reads the JSON that it prints.
///
/// # Errors
/// It fails or prints something else.
pub(crate) fn itself(arguments: &[&str]) -> anyhow::Result<serde_json::Value> {
    let output = std::process::Command::new(std::env::current_exe()?).args(arguments).output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "head-bench {}: {}", arguments.join(" "), errors.trim());
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Order statistics of repeated runs.
#[derive(Serialize, Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) median_s: f64,
    pub(crate) min_s: f64,
    pub(crate) max_s: f64,
    /// Median of the processor time of all threads.
    pub(crate) cpu_s: Option<f64>,
}

/// Forgets the peak so far, where the system allows: the next [`peak_rss_bytes`] is that of what runs from here on.
pub(crate) fn reset_peak_rss() {
    // without the file or the right, peaks are those of the whole process
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Seconds of processor time that all threads of this process have had, those that have ended too, where the system tells: what a busy
/// machine does not spoil.
pub(crate) fn cpu_seconds() -> Option<f64> {
    #[cfg(unix)]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        Some(time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9)
    }
    #[cfg(not(unix))]
    None
}

/// Peak resident memory of this process, in bytes, where the system tells.
pub(crate) fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_have_ended_count() {
        let Some(before) = cpu_seconds() else { return };
        let worker = std::thread::spawn(|| {
            let start = Instant::now();
            while start.elapsed().as_millis() < 50 {
                std::hint::spin_loop();
            }
        });
        assert!(worker.join().is_ok());
        assert!(cpu_seconds().is_some_and(|after| after > before));
    }
}
