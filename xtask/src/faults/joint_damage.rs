//! Flipped bytes and cut ends in what the parties of a joint training have: their messages, shares, samples and keys.

use anyhow::Result;

use super::damage::damaged;
use super::joint::ALL;
use super::row::Row;
use super::site::{DOCUMENTED, Site};
use crate::rng::Rng;

/// Damages a file before some steps of a session, and mends it. A step that reads the file refuses it in words; whatever it has written by
/// then, the session goes on and ends with the same head for both parties.
pub(super) fn run(site: &Site, tries: usize, rng: &mut Rng, show: &mut impl FnMut(Row)) -> Result<()> {
    ALL.start(site)?;
    let steps = ALL.steps();
    let mut refused = 0;
    let mut problems = Vec::new();
    for (i, step) in steps.iter().enumerate() {
        for _ in 0..share(tries, steps.len(), i) {
            let files = ALL.files(site)?;
            let file = &files[rng.below(files.len())];
            let whole = site.read(file)?;
            let (bytes, what) = damaged(&whole, rng);
            site.write(file, &bytes)?;
            let ended = site.run(step)?;
            site.write(file, &whole)?;
            refused += usize::from(ended.code != 0);
            if !DOCUMENTED.contains(&ended.code) || ended.stderr.contains("panicked") {
                problems.push(format!("{step}: {file}: {what}: exit code {}: {}", ended.code, ended.stderr));
            }
        }
        let ended = site.run(step)?;
        // a step that did not read the damaged file is done already
        let done = ended.code == 2 && ended.stderr.contains("exists");
        if ended.code != 0 && !done {
            problems.push(format!(
                "{step}: after the file was mended: exit code {}: {}",
                ended.code, ended.stderr
            ));
            break;
        }
    }
    if problems.is_empty() {
        problems.extend(ALL.expect_head(site).err().map(|error| error.to_string()));
    }
    site.clear()?;
    let note = format!("{refused} x refused, in one of {} steps", steps.len());
    show(Row { fault: "damage", command: "joint".into(), tries, note, problems });
    Ok(())
}

/// The tries before step `i` of so many.
fn share(tries: usize, steps: usize, i: usize) -> usize {
    tries * (i + 1) / steps - tries * i / steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up() {
        for tries in [0, 6, 15, 60] {
            assert_eq!((0..15).map(|i| share(tries, 15, i)).sum::<usize>(), tries);
        }
    }
}
