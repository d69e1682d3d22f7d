//! ^C and SIGTERM at random moments of every command.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::kill::{is_unfinished, outputs_are_whole};
use super::row::Row;
use super::site::{Line, Site};
use crate::rng::Rng;

/// The time in which every command ends.
const LIMIT: Duration = Duration::from_secs(2);
/// Given up on after this time, and so measured.
const HANGS: Duration = Duration::from_secs(60);
const INTERRUPTED: i32 = 130;

pub(super) fn run(site: &Site, tries: usize, rng: &mut Rng, show: &mut impl FnMut(Row)) -> Result<()> {
    for line in lines(site) {
        let whole = site.time(&line.words)?;
        let mut problems = Vec::new();
        let mut slowest = Duration::ZERO;
        for i in 0..tries {
            let signal = if i % 2 == 0 { "-TERM" } else { "-INT" };
            let wait = whole.mul_f64(rng.below(1000) as f64 / 1000.0);
            match signalled(site, &line, signal, wait)? {
                Ok(took) => slowest = slowest.max(took),
                Err(what) => problems.push(format!("{signal} after {:.2} s: {what}", wait.as_secs_f64())),
            }
            site.clear()?;
        }
        let note = format!("of {:.1} s; ended within {:.2} s", whole.as_secs_f64(), slowest.as_secs_f64());
        show(Row { fault: "signal", command: line.name.into(), tries, note, problems });
    }
    Ok(())
}

/// All commands that take a noticeable time.
fn lines(site: &Site) -> Vec<Line> {
    let line = |name, words: &str| Line { name, words: format!("{name} {words}") };
    let mut lines = site.writing();
    lines.extend([
        line("estimate", "--features wide.csv --out new.json"),
        line("tune", "--features table.csv --out new.toml"),
        line(
            "embed",
            &format!("--input notes.csv --model-id {} --text-column text --label-column label --out new.safetensors", site.encoder()),
        ),
        line("unbundle", "all.tar --out new"),
        line("decrypt", "--head head.enc --plan plan.json --keys keys --out new"),
        line("score", "--head head.enc --data samples.enc --keys keys/eval --out new.enc"),
        line("predict", "--head head --features table.csv --out new.csv"),
        line("eval", "--head head --features table.csv"),
        line("inspect", "--verify slow.enc"),
    ]);
    lines
}

/// Sends a signal after `wait`. Gives the time in which the command ended, or what was wrong.
fn signalled(site: &Site, line: &Line, signal: &str, wait: Duration) -> Result<Result<Duration, String>> {
    let before = site.list()?;
    let started = site.started(site.command(&line.words))?;
    std::thread::sleep(wait);
    started.signal(signal)?;
    let asked = Instant::now();
    let Ok(ended) = started.end(HANGS) else {
        return Ok(Err(format!("no end within {} s", HANGS.as_secs())));
    };
    let took = asked.elapsed();
    if took > LIMIT {
        return Ok(Err(format!("it went on for {:.1} s", took.as_secs_f64())));
    }
    if let Err(what) = outputs_are_whole(site, line) {
        return Ok(Err(what.to_string()));
    }
    match ended.code {
        0 => {}
        // before there is a handler the system ends the process, which has written nothing
        INTERRUPTED | -15 | -2 => {
            let changed = site.changed(&before)?;
            // what --resume continues
            let resumable = matches!(line.name, "train" | "run");
            if !resumable && !changed.is_empty() {
                return Ok(Err(format!("left behind: {}", changed.join(", "))));
            }
        }
        code => return Ok(Err(format!("exit code {code}: {}", ended.stderr))),
    }
    if ended.code == 0 && site.list()?.keys().any(|name| is_unfinished(name)) {
        return Ok(Err("it finished and left temporary files".into()));
    }
    Ok(Ok(took))
}
