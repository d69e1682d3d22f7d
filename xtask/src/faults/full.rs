//! A disk that is full after a random part of the output. A limit on the size of files stands for it: the same writes fail, on any
//! machine, without a file system of its own.

use std::process::Command;

use anyhow::Result;

use super::row::Row;
use super::site::Site;
use crate::rng::Rng;

/// Bytes of the unit of `ulimit -f`, as POSIX has it.
const BLOCK: u64 = 512;

pub(super) fn run(site: &Site, tries: usize, rng: &mut Rng, show: &mut impl FnMut(Row)) -> Result<()> {
    for line in site.writing() {
        let before = site.list()?;
        site.run(&line.words)?;
        let written = site.list()?;
        let largest =
            written.iter().filter(|(name, _)| !before.contains_key(*name)).map(|(_, size)| *size).max();
        site.clear()?;
        let mut problems = Vec::new();
        for _ in 0..tries {
            let blocks = rng.below((largest.unwrap_or(0) / BLOCK) as usize);
            if let Err(what) = limited(site, &line.words, blocks)? {
                problems.push(format!("after {} bytes: {what}", blocks as u64 * BLOCK));
            }
            site.clear()?;
        }
        let note = format!("largest file {} kB", largest.unwrap_or(0) / 1000);
        show(Row { fault: "full", command: line.name.into(), tries, note, problems });
    }
    Ok(())
}

fn limited(site: &Site, line: &str, blocks: usize) -> Result<Result<(), String>> {
    let before = site.list()?;
    let mut shell = Command::new("sh");
    // the program outlives the signal that the system sends at the limit: the write fails as it does on a full disk
    shell.args(["-c", &format!("ulimit -f {blocks}; exec \"$0\" \"$@\"")]);
    shell.arg(site.program()).args(line.split_whitespace());
    let ended = site.started(site.at_home(shell))?.end(std::time::Duration::from_secs(300))?;
    if ended.code != 1 || !ended.stderr.contains("error: ") {
        return Ok(Err(format!("exit code {}: {}", ended.code, ended.stderr)));
    }
    let changed = site.changed(&before)?;
    Ok(if changed.is_empty() { Ok(()) } else { Err(format!("left behind: {}", changed.join(", "))) })
}
