//! `cargo xtask faults`: the real program meets what the world does to programs.
//!
//! - [`kill`]: kill -9 at random moments; what is started again ends with the same bytes;
//! - [`joint`]: the same in a training of several data parties, which goes on and sends the same bytes;
//! - [`server`]: the same of a server, while a client sends, waits and fetches;
//! - [`signals`]: ^C and SIGTERM at random moments; every command ends within two seconds;
//! - [`full`]: a disk that is full after some of the output;
//! - [`starve`]: too little memory, on Linux;
//! - [`damage`]: flipped bytes and cut ends in every file that a command reads.
//!
//! After each fault the outputs are whole or absent, and nothing else was changed.

mod damage;
mod full;
mod joint;
mod joint_damage;
mod kill;
mod row;
mod server;
mod signals;
mod site;
mod starve;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::rng::Rng;
use crate::workspace::{Metadata, root};
use row::Row;
use site::Site;

/// How often each fault is tried.
#[derive(Clone, Copy)]
struct Tries {
    kills: usize,
    joint: usize,
    server: usize,
    signals: usize,
    full: usize,
    starvations: usize,
    damages: usize,
}

const QUICK: Tries = Tries { kills: 1, joint: 1, server: 1, signals: 1, full: 2, starvations: 3, damages: 6 };
const WHOLE: Tries =
    Tries { kills: 8, joint: 40, server: 50, signals: 4, full: 6, starvations: 18, damages: 60 };

/// Tries what the flags ask for, in any order.
///
/// # Errors
/// An unknown flag, or one without its value; as [`run`].
pub(crate) fn with_flags(flags: &[String]) -> Result<()> {
    let (mut quick, mut seed, mut only) = (false, None, None);
    let mut flags = flags.iter();
    while let Some(flag) = flags.next() {
        let mut value = || flags.next().with_context(|| format!("{flag} needs a value"));
        match flag.as_str() {
            "--quick" => quick = true,
            "--seed" => seed = Some(value()?.parse()?),
            "--only" => only = Some(value()?.as_str()),
            other => bail!("faults has no flag {other}: there are --quick, --seed N and --only FAULT"),
        }
    }
    run(quick, seed, only)
}

/// Tries all faults, or one, and prints a table.
///
/// # Errors
/// A build or preparation that fails; a fault that the program did not survive well.
fn run(quick: bool, seed: Option<u64>, only: Option<&str>) -> Result<()> {
    if !cfg!(unix) {
        bail!("faults are signals and limits of Unix");
    }
    let program = ["build", "--release", "--workspace", "--bin", "train-head"];
    process::step("build", process::cargo(program).current_dir(root()))?;
    let metadata = Metadata::read()?;
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
    println!("==> faults: seed {seed} (`--seed {seed}` tries the same)");
    let mut rng = Rng::new(seed);
    let tries = if quick { QUICK } else { WHOLE };
    let site = Site::prepare(&metadata, quick)?;
    println!("{:<8} {:<28} {:>5} {:>5}  note", "fault", "command", "tries", "bad");
    let mut problems = Vec::new();
    let mut shown = 0;
    let mut show = |row: Row| {
        let Row { fault, command, tries, note, problems: bad } = row;
        shown += 1;
        println!("{fault:<8} {command:<28} {tries:>5} {:>5}  {note}", bad.len());
        problems.extend(bad.into_iter().map(|what| format!("{fault}, {command}: {what}")));
    };
    let wanted = |fault: &str| only.is_none_or(|only| only == fault);
    if wanted("kill") {
        kill::run(&site, tries.kills, &mut rng, &mut show)?;
    }
    if wanted("joint") {
        joint::run(&site, tries.joint, &mut rng, &mut show)?;
    }
    if wanted("server") {
        server::run(&site, tries.server, &mut rng, &mut show)?;
    }
    if wanted("signals") {
        signals::run(&site, tries.signals, &mut rng, &mut show)?;
    }
    if wanted("full") {
        full::run(&site, tries.full, &mut rng, &mut show)?;
    }
    if wanted("starve") && cfg!(target_os = "linux") {
        starve::run(&site, tries.starvations, &mut show)?;
    }
    if wanted("damage") {
        damage::run(&site, tries.damages, &mut rng, &mut show)?;
        joint_damage::run(&site, tries.damages, &mut rng, &mut show)?;
    }
    if shown == 0 {
        bail!("no fault of that name; there are kill, joint, server, signals, full, starve and damage");
    }
    if !problems.is_empty() {
        bail!("seed {seed}:\n  {}", problems.join("\n  "));
    }
    Ok(())
}
