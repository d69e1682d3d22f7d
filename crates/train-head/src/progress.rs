//! Progress of a phase: on a terminal a bar with the time left, elsewhere a line every ten seconds at most, and one at the end; for programs
//! lines of JSON.

use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
#[cfg(feature = "data-party")]
use text_encoder::DownloadObserver;

use crate::tell::tell;

/// A phase with a number of steps. Dropped before [`done`](Self::done), it only clears its bar.
#[derive(Debug)]
pub(crate) struct Progress {
    name: &'static str,
    bar: ProgressBar,
    start: Instant,
    /// True to print a line at the end.
    says: bool,
    /// What the steps are.
    unit: Unit,
    forecast: Forecast,
    /// When the last line was printed; `None` where a bar is drawn.
    last_line: Option<Mutex<Instant>>,
    /// Whether lines are JSON.
    json: bool,
}

/// What the steps of a phase are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Samples, keys, iterations.
    Steps,
    /// Bytes of a file.
    Bytes,
}

/// The least time between two lines where there is no terminal.
const BETWEEN_LINES: Duration = Duration::from_secs(10);
/// The same for programs.
const BETWEEN_OBJECTS: Duration = Duration::from_millis(100);

/// When the phase will end, if it is known better than by the bar, which takes all steps as equal.
type Forecast = Arc<Mutex<Option<Instant>>>;

impl Progress {
    /// A phase that prints nothing.
    pub(crate) fn hidden(name: &'static str, total: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
        Self {
            name,
            bar,
            start: Instant::now(),
            says: false,
            unit: Unit::Steps,
            forecast: Forecast::default(),
            last_line: None,
            json: false,
        }
    }

    /// A phase that prints lines of JSON on standard error.
    pub(crate) fn in_lines(name: &'static str, total: u64) -> Self {
        let long_ago = Instant::now().checked_sub(BETWEEN_OBJECTS).unwrap_or_else(Instant::now);
        let mut lines = Self::hidden(name, total);
        (lines.last_line, lines.json) = (Some(Mutex::new(long_ago)), true);
        lines.say_object(None);
        lines
    }

    /// A phase on standard error.
    pub(crate) fn shown(name: &'static str, total: u64, unit: Unit) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        let forecast = Forecast::default();
        bar.set_style(match unit {
            Unit::Bytes => {
                style("{prefix:<9} [{bar:30}] {bytes} of {total_bytes}, {eta} left").progress_chars("=> ")
            }
            Unit::Steps if total > 1 => counted(&forecast),
            Unit::Steps => spinning(),
        });
        bar.set_prefix(name);
        let terminal = std::io::stderr().is_terminal();
        if terminal {
            bar.enable_steady_tick(Duration::from_millis(250));
        }
        let start = Instant::now();
        let last_line = (!terminal).then(|| Mutex::new(start));
        Self { name, bar, start, says: true, unit, forecast, last_line, json: false }
    }

    /// Starts after `done` steps that an earlier process did. They do not count for the time left.
    pub(crate) fn start_from(&self, done: usize) {
        self.bar.set_position(done as u64);
        self.bar.reset_eta();
    }

    /// Sets the number of steps done.
    pub(crate) fn set(&self, done: usize) {
        self.bar.set_position(done as u64);
        self.say_line();
    }

    /// Sets the time left.
    pub(crate) fn expect(&self, left: Duration) {
        *self.forecast.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + left);
    }

    /// The time that the phase has taken so far.
    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Adds steps.
    pub(crate) fn advance(&self, steps: usize) {
        self.bar.inc(steps as u64);
        self.say_line();
    }

    /// Prints how far the phase is, where there is no bar and the last line is old enough.
    fn say_line(&self) {
        let Some(Ok(mut last)) = self.last_line.as_ref().map(Mutex::try_lock) else { return };
        if last.elapsed() < if self.json { BETWEEN_OBJECTS } else { BETWEEN_LINES } {
            return;
        }
        *last = Instant::now();
        let (done, total) = (self.bar.position(), self.bar.length().unwrap_or(0));
        let end = *self.forecast.lock().unwrap_or_else(PoisonError::into_inner);
        let left = match end {
            Some(end) => end.saturating_duration_since(Instant::now()),
            None => self.start.elapsed().mul_f64((total as f64 / (done.max(1)) as f64 - 1.0).max(0.0)),
        };
        if self.json {
            return self.say_object(Some(left));
        }
        let (done, total) = (self.unit.amount(done), self.unit.amount(total));
        tell!("{:<9} {done} of {total}, {} left", self.name, seconds(left.as_secs_f64().ceil()));
    }

    /// Prints an object.
    fn say_object(&self, left: Option<Duration>) {
        let (done, total) = (self.bar.position(), self.bar.length().unwrap_or(0));
        let seconds_left = left.map(|left| left.as_secs_f64());
        let said = head_service::api::Progress { phase: self.name.to_owned(), done, total, seconds_left };
        if let Ok(line) = serde_json::to_string(&said) {
            tell!("{line}");
        }
    }

    /// Adds a step.
    pub(crate) fn step(&self) {
        self.advance(1);
    }

    /// Ends the phase, prints a line, and returns the time that it took.
    pub(crate) fn done(self) -> Duration {
        let took = self.start.elapsed();
        let total = self.bar.length().unwrap_or(0);
        self.bar.finish_and_clear();
        if self.json {
            self.bar.set_position(total);
            self.say_object(Some(Duration::ZERO));
        }
        if self.says {
            let took = seconds(took.as_secs_f64());
            if total > 1 {
                tell!("{:<9} {} in {took}", self.name, self.unit.amount(total));
            } else {
                tell!("{:<9} {took}", self.name);
            }
        }
        took
    }
}

impl Unit {
    fn amount(self, count: u64) -> String {
        match self {
            Self::Steps => count.to_string(),
            Self::Bytes => bytes(count),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Bars for downloads, one file after the other.
#[cfg(feature = "data-party")]
pub(crate) fn downloads() -> DownloadObserver {
    let current: Mutex<Option<(String, ProgressBar)>> = Mutex::new(None);
    DownloadObserver::new(move |file, done, size| {
        let mut current = current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_none_or(|(name, _)| name != file) {
            let bar = ProgressBar::with_draw_target(size, ProgressDrawTarget::stderr());
            bar.set_style(style("{prefix:<9} {msg} {bytes} of {total_bytes}, {eta} left"));
            bar.set_prefix("download");
            bar.set_message(file.to_owned());
            *current = Some((file.to_owned(), bar));
        }
        if let Some((_, bar)) = &*current {
            bar.set_position(done);
            if size == Some(done) {
                bar.finish_and_clear();
            }
        }
    })
}

/// A bar with the time left, once it can be estimated.
fn counted(forecast: &Forecast) -> ProgressStyle {
    let forecast = Arc::clone(forecast);
    let left = move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let end = *forecast.lock().unwrap_or_else(PoisonError::into_inner);
        // a failure to draw must not stop the work
        let _ = match (end, state.pos()) {
            (Some(end), _) => {
                let left = end.saturating_duration_since(Instant::now());
                write!(out, "{} left", seconds(left.as_secs_f64().ceil()))
            }
            (None, 0) => write!(out, "{} so far", seconds(state.elapsed().as_secs_f64().floor())),
            (None, _) => write!(out, "{} left", seconds(state.eta().as_secs_f64().ceil())),
        };
    };
    style("{prefix:<9} [{bar:30}] {pos}/{len}, {left}").with_key("left", left).progress_chars("=> ")
}

/// A spinner, for a phase of one step.
fn spinning() -> ProgressStyle {
    style("{prefix:<9} {spinner} {elapsed}").tick_chars("-\\|/ ")
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A duration in readable units.
pub(crate) fn seconds(seconds: f64) -> String {
    if seconds == 0.0 {
        "0 s".to_owned()
    } else if seconds < 0.001 {
        format!("{:.0} us", seconds * 1e6)
    } else if seconds < 1.0 {
        format!("{:.0} ms", seconds * 1e3)
    } else if seconds < 100.0 {
        format!("{seconds:.1} s")
    } else if seconds < 6000.0 {
        let whole = seconds.round() as u64;
        format!("{} min {:02} s", whole / 60, whole % 60)
    } else {
        let minutes = (seconds / 60.0).round() as u64;
        format!("{} h {:02} min", minutes / 60, minutes % 60)
    }
}

/// A size in readable units.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1000.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    let digits = if unit == 0 || size >= 100.0 { 0 } else { 1 };
    format!("{size:.digits$} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_are_readable() {
        assert_eq!(seconds(0.000_25), "250 us");
        assert_eq!(seconds(0.25), "250 ms");
        assert_eq!(seconds(42.04), "42.0 s");
        assert_eq!(seconds(125.0), "2 min 05 s");
        assert_eq!(seconds(7500.0), "2 h 05 min");
        assert_eq!(bytes(17), "17 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(300 << 20), "300 MiB");
        assert_eq!(bytes(5 << 30), "5.0 GiB");
    }
}
