//! Too little memory: limits on the address space, from a tenth to the double of what a command takes undisturbed.

use std::process::Command;

use anyhow::{Result, bail};

use super::row::Row;
use super::site::{Line, Site};

/// The least and the most memory, in percent of what an undisturbed command takes.
const PERCENT: [u64; 2] = [10, 200];
/// With less the system does not even load the program.
const LOADED: u64 = 48 << 20;

pub(super) fn run(site: &Site, tries: usize, show: &mut impl FnMut(Row)) -> Result<()> {
    let line = |name, words: &str| Line { name, words: format!("{name} {words}") };
    let mut lines = site.writing();
    lines.extend([
        line("estimate", &format!("--features wide.csv --out new.json {}", site.method)),
        line("decrypt", "--head head.enc --plan plan.json --keys keys --out new"),
        line("score", "--head head.enc --data samples.enc --keys keys/eval --out new.enc"),
    ]);
    for line in lines {
        let (most, resident) = peak(site, &line.words)?;
        site.clear()?;
        let mut problems = Vec::new();
        let [mut before, mut during, mut done] = [0; 3];
        for i in 0..tries {
            let [least, largest] = PERCENT;
            let percent = least + (largest - least) * i as u64 / (tries as u64 - 1).max(1);
            let limit = (most / 100 * percent).max(LOADED);
            match starved(site, &line.words, limit)? {
                Ok(End::Done) => done += 1,
                Ok(End::Before) => before += 1,
                Ok(End::During) => during += 1,
                Err(what) => problems.push(format!("{} MB: {what}", limit / 1_000_000)),
            }
            site.clear()?;
        }
        if done == 0 {
            problems.push("it never succeeded".into());
        }
        let note = format!(
            "takes {} MB ({} resident); {before} x refused, {during} x ended, {done} x done",
            most / 1_000_000,
            resident / 1_000_000
        );
        show(Row { fault: "starve", command: line.name.into(), tries, note, problems });
    }
    Ok(())
}

/// How a command ended that did what it should.
enum End {
    /// With its work done.
    Done,
    /// Before its work, since it knew what it needs.
    Before,
    /// In the middle of it.
    During,
}

/// Runs a command with so many bytes of address space.
fn starved(site: &Site, line: &str, bytes: u64) -> Result<Result<End, String>> {
    let before = site.list()?;
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -v {}; exec \"$0\" \"$@\"", bytes / 1024)]);
    shell.arg(site.program()).args(line.split_whitespace());
    let ended = site.started(site.at_home(shell))?.end(super::site::DEADLINE)?;
    if ended.code == 0 {
        return Ok(Ok(End::Done));
    }
    let says = |words: &str| ended.stderr.contains(words);
    // a table may take a quarter of what is left, and is refused as data beyond
    let expected = ended.code == 1 || ended.code == 3 && says("the table does not fit");
    if !expected || says("panicked") || !(says("memory") || says("threads")) {
        return Ok(Err(format!("exit code {}: {}", ended.code, ended.stderr)));
    }
    let changed = site.changed(&before)?;
    Ok(match changed.is_empty() {
        true if says("of memory,") || ended.code == 3 => Ok(End::Before),
        true => Ok(End::During),
        false => Err(format!("left behind: {}", changed.join(", "))),
    })
}

/// The largest address space and resident size of an undisturbed command, in bytes.
///
/// # Errors
/// It fails, or the system does not tell.
fn peak(site: &Site, line: &str) -> Result<(u64, u64)> {
    let mut started = site.started(site.command(line))?;
    let status = format!("/proc/{}/status", started.id());
    let mut most = (0, 0);
    while started.runs()? {
        if let Ok(text) = std::fs::read_to_string(&status) {
            let value = |name: &str| {
                let line = text.lines().find_map(|line| line.strip_prefix(name))?;
                line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
            };
            let [space, resident] = ["VmPeak:", "VmHWM:"].map(|name| value(name).unwrap_or(0) * 1024);
            most = (most.0.max(space), most.1.max(resident));
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let ended = started.end(super::site::DEADLINE)?;
    if ended.code != 0 {
        bail!("train-head {line}: exit code {}\n{}", ended.code, ended.stderr);
    }
    if most.0 == 0 {
        bail!("{status} does not tell the memory of a process");
    }
    Ok(most)
}
