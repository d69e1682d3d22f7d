//! Timing, memory and output of measurements, shared by the commands.

use std::time::Instant;

use anyhow::ensure;
use serde::Serialize;

/// The option `--threads`.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(crate) struct Threads {
    /// Number of threads; default: all cores
    #[arg(long)]
    threads: Option<usize>,
}

impl Threads {
    /// Runs `work` on a pool of that many threads and passes it their number.
    ///
    /// # Errors
    /// The pool cannot be created.
    pub(crate) fn install<T: Send>(self, work: impl FnOnce(usize) -> T + Send) -> anyhow::Result<T> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads.unwrap_or(0)).build()?;
        let threads = pool.current_num_threads();
        Ok(pool.install(|| work(threads)))
    }
}

/// Options of the commands that measure one thing and print it.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) threads: Threads,
    /// Measured runs, after one warm-up run
    #[arg(long, default_value_t = 5)]
    pub(crate) repeat: usize,
    /// Print a JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

impl Options {
    /// Runs `work` on a pool of the chosen number of threads and passes it their number.
    ///
    /// # Errors
    /// The pool cannot be created.
    pub(crate) fn install<T: Send>(&self, work: impl FnOnce(usize) -> T + Send) -> anyhow::Result<T> {
        self.threads.install(work)
    }

    /// Times `work`.
    ///
    /// # Errors
    /// `work` fails.
    pub(crate) fn time<T>(&self, work: impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<Times> {
        time(self.repeat, work)
    }

    /// Prints a measurement, as JSON or with one line for each field.
    ///
    /// # Errors
    /// It is not representable in JSON.
    pub(crate) fn print(&self, record: &impl Serialize) -> anyhow::Result<()> {
        print(record, self.json)
    }
}

/// Prints a measurement, as JSON or with one line for each field.
///
/// # Errors
/// It is not representable in JSON.
pub(crate) fn print(record: &impl Serialize, json: bool) -> anyhow::Result<()> {
    let value = serde_json::to_value(record)?;
    if json {
        println!("{value}");
        return Ok(());
    }
    for (name, value) in value.as_object().into_iter().flatten() {
        println!("{name:>18}  {value}");
    }
    Ok(())
}

/// Times `repeat` runs of `work`, after one warm-up run.
///
/// # Errors
/// `work` fails.
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

/// Speed of `work` on the current pool relative to one thread: the median over `repeat` pairs of runs. The runs of a pair follow each
/// other directly, so that both see the same load on the machine.
///
/// # Errors
/// `work` fails.
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

/// Runs this program with other arguments in a separate process, so that the peak memory is that of the measured work, and parses
/// the JSON that it prints.
///
/// # Errors
/// The process fails or prints something else.
pub(crate) fn itself(arguments: &[&str]) -> anyhow::Result<serde_json::Value> {
    let output = std::process::Command::new(std::env::current_exe()?).args(arguments).output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "head-bench {}: {}", arguments.join(" "), errors.trim());
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Order statistics of repeated runs, in seconds.
#[derive(Serialize, Clone, Copy, Debug)]
pub(crate) struct Times {
    /// Median of the wall-clock time.
    pub(crate) median_s: f64,
    pub(crate) min_s: f64,
    pub(crate) max_s: f64,
    /// Median of the processor time, summed over all threads.
    pub(crate) cpu_s: Option<f64>,
}

/// Resets the peak memory, where the system allows it: [`peak_rss_bytes`] then covers only what runs from here on.
pub(crate) fn reset_peak_rss() {
    // where the file is missing or protected, peaks are those of the whole process
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Processor time of this process in seconds, where the system reports it: the sum over all threads, including those that have ended.
/// Other programs on the machine disturb it less than wall-clock time.
pub(crate) fn cpu_seconds() -> Option<f64> {
    #[cfg(unix)]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        Some(time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9)
    }
    #[cfg(not(unix))]
    None
}

/// Peak resident memory of this process in bytes, where the system reports it.
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
    fn ended_threads_count() {
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
