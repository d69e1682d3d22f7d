//! kill -9 at random moments of commands that write.

use std::time::Duration;

use anyhow::Result;

use super::row::Row;
use super::site::{Line, Site};
use crate::rng::Rng;

pub(super) fn run(site: &Site, tries: usize, rng: &mut Rng, show: &mut impl FnMut(Row)) -> Result<()> {
    for line in site.writing() {
        let whole = site.time(&line.words)?;
        let mut problems = Vec::new();
        for _ in 0..tries {
            let wait = whole.mul_f64(rng.below(1000) as f64 / 1000.0);
            killed(site, &line, wait, &mut problems)?;
            site.clear()?;
        }
        let note = format!("of {:.1} s", whole.as_secs_f64());
        show(Row { fault: "kill -9", command: line.name.into(), tries, note, problems });
    }
    Ok(())
}

/// Kills a command after `wait`, then starts it again, which must end as if nothing had been.
fn killed(site: &Site, line: &Line, wait: Duration, problems: &mut Vec<String>) -> Result<()> {
    let mut problem = |what: String| problems.push(format!("after {:.2} s: {what}", wait.as_secs_f64()));
    let started = site.started(site.command(&line.words))?;
    std::thread::sleep(wait);
    drop(started);
    if let Err(what) = outputs_are_whole(site, line) {
        problem(what.to_string());
    }
    let again = match line.name {
        "train" | "run" | "encrypt" | "embed" => format!("{} --resume --overwrite", line.words),
        _ => format!("{} --overwrite", line.words),
    };
    let ended = site.run(&again)?;
    if ended.code != 0 {
        problem(format!("started again it ends with exit code {}: {}", ended.code, ended.stderr));
        return Ok(());
    }
    if let Err(what) = outputs_are_whole(site, line) {
        problem(format!("started again: {what}"));
    }
    let left: Vec<String> = site.list()?.into_keys().filter(|name| is_unfinished(name)).collect();
    if !left.is_empty() {
        problem(format!("left over after the next run: {}", left.join(", ")));
    }
    Ok(())
}

/// What only a command in progress has.
pub(super) fn is_unfinished(name: &str) -> bool {
    name.contains(".partial") || name.ends_with(".checkpoint") || name.ends_with(".marks")
}

/// Refuses an output that exists under its own name and is not whole, or not what an undisturbed command writes.
///
/// # Errors
/// In words, what is wrong.
pub(super) fn outputs_are_whole(site: &Site, line: &Line) -> Result<()> {
    let verified = |name: &str| -> Result<()> {
        let ended = site.run(&format!("inspect --verify {name}"))?;
        anyhow::ensure!(ended.code == 0, "{name} is there and not whole: {}", ended.stderr);
        Ok(())
    };
    match line.name {
        "train" if site.path("new.enc").exists() => {
            anyhow::ensure!(
                site.read("new.enc")? == site.read("slow-head.enc")?,
                "another head than undisturbed"
            );
        }
        "encrypt" if site.path("new.enc").exists() => verified("new.enc")?,
        "bundle" if site.path("new.tar").exists() => {
            let ended = site.run("unbundle new.tar --out new-unpacked")?;
            anyhow::ensure!(ended.code == 0, "new.tar is there and not whole: {}", ended.stderr);
        }
        "keygen" if site.path("new/secret.key").exists() => {
            verified("new/secret.key")?;
            verified("new/public.key")?;
        }
        "run" if site.path("new/report.json").exists() => {
            // the same data and keys give the same head, signed by the same party
            let line =
                "train --data new/server/data.enc --keys new/server/eval --identity new/server/identity.key";
            let ended = site.run(&format!("{line} --out new-head.enc"))?;
            anyhow::ensure!(ended.code == 0, "new/ is there and not whole: {}", ended.stderr);
            anyhow::ensure!(
                site.read("new-head.enc")? == site.read("new/server/head.enc")?,
                "another head than undisturbed"
            );
        }
        _ => {}
    }
    site.remove("new-unpacked")?;
    site.remove("new-head.enc")?;
    Ok(())
}
