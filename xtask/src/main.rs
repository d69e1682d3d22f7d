//! Developer commands, run as `cargo xtask COMMAND`.
//!
//! They start other programs and read their output. They need the toolchain and, for the model, Python's pip; they behave
//! alike on a laptop and in CI.

mod bench;
mod bucket;
mod check;
mod demo;
mod dependencies;
mod dist;
mod docs;
mod faults;
mod fuzz;
mod joint_demo;
mod layers;
mod model;
mod mpi;
mod notes;
mod paired;
mod process;
mod python;
mod rng;
mod sbom;
mod server_demo;
mod site;
mod soak;
mod test;
mod unsafety;
mod wheel;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;

const USAGE: &str = "\
Usage: cargo xtask COMMAND

Commands:
  demo          Fetch the model, build, and train on the synthetic clinical notes: encrypted, end to end
                With `--server`: a service as the compute party, and what it costs beside the exchange of files
                With `--joint 3`: three hospitals and a compute party, none of whom sees another's notes; `--server` besides:
                through a server, without a folder that they share
  bench         Fetch the model, build, and make the quick benchmark report
  check         Formatting, lints, and tests of the crates that changed since HEAD, or since `--base REV`
  test          Fetch the model and run every test of the workspace, in the release profile
  layers        Check that the arrows between crates and between their files run one way, and that the compute party
                cannot name a secret key
  unsafe        Check that unsafe code is where docs/notes/unsafe.md explains it, and count it
  fuzz          Feed every reader hostile files for `--minutes M` in all; `--target NAME` takes one
  faults        Kill, interrupt and starve the program, and damage its files; `--quick` in a minute, `--seed N` repeats,
                `--only kill|joint|server|signals|full|starve|damage` tries one of them
  mpi           Train in several processes, kill some, and compare with one; `--quick` in two minutes, `--seed N` repeats. Needs
                an MPI library (Debian: libopenmpi-dev openmpi-bin libclang-dev)
  soak          Let fifty clients upload to and train on one server for ten minutes, or `--minutes M`
  bucket        Train through a server whose files are in a bucket of a store that others wrote, and let the server lose its disk
  site          Build the documentation as a site in target/site/, and check its links
  sbom          Write the software bill of materials of train-head, CycloneDX, to target/train-head.cdx.json
  dist          Build an archive and a Debian package of the program for people without Rust, in target/dist/
  wheel         Build the Python package's wheel for Linux with glibc 2.28 or later, and its source archive, in
                target/wheels/; `--quick` takes this machine's release build, for tests; `--test` tests that wheel
                With `--party compute`: the wheel of a compute party, which cannot hold a secret key; `--test` besides tests it
  fetch-model   Fetch the text encoder all-MiniLM-L6-v2 into models/
  docs          Write docs/parameters.md from the program
  make-notes    Write the synthetic clinical notes into data/notes/

Arguments after `test` are passed to `cargo test`.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            process::exit_code(&error)
        }
    }
}

fn run(arguments: &[String]) -> Result<ExitCode> {
    let (command, rest) = match arguments {
        [command, rest @ ..] => (command.as_str(), rest),
        [] => ("", arguments),
    };
    match (command, rest) {
        ("bench", []) => bench::run()?,
        ("check", []) => check::run("HEAD")?,
        ("check", [flag, base]) if flag == "--base" => check::run(base)?,
        ("demo", []) => demo::run()?,
        ("demo", [flag]) if flag == "--server" => server_demo::run()?,
        ("demo", [flag, parties]) if flag == "--joint" && parties == "3" => joint_demo::run(false)?,
        ("demo", [flag, parties, server]) if flag == "--joint" && parties == "3" && server == "--server" => {
            joint_demo::run(true)?;
        }
        ("test", extra) => test::run(extra)?,
        ("layers", []) => layers::run()?,
        ("unsafe", []) => unsafety::run()?,
        ("fuzz", [flag, minutes]) if flag == "--minutes" => fuzz::run(minutes.parse()?, None)?,
        ("fuzz", [flag, minutes, other, target]) if flag == "--minutes" && other == "--target" => {
            fuzz::run(minutes.parse()?, Some(target))?;
        }
        ("faults", flags) => faults::with_flags(flags)?,
        ("mpi", []) => mpi::run(false, None)?,
        ("mpi", [flag]) if flag == "--quick" => mpi::run(true, None)?,
        ("mpi", [flag, seed]) if flag == "--seed" => mpi::run(false, Some(seed.parse()?))?,
        ("soak", []) => soak::run(10.0)?,
        ("soak", [flag, minutes]) if flag == "--minutes" => soak::run(minutes.parse()?)?,
        ("bucket", []) => bucket::run()?,
        ("sbom", []) => sbom::run()?,
        ("dist", []) => dist::run()?,
        ("site", []) => site::run()?,
        ("wheel", []) => wheel::run()?,
        ("wheel", [flag]) if flag == "--quick" => println!("{}", wheel::quick()?.display()),
        ("wheel", [flag, party]) if flag == "--party" && party == "compute" => wheel::compute_party::run()?,
        ("wheel", [flag, party, test]) if flag == "--party" && party == "compute" && test == "--test" => {
            wheel::compute_party::test()?;
        }
        ("wheel", [flag, extra @ ..]) if flag == "--test" => wheel::test(extra)?,
        ("docs", []) => docs::run()?,
        ("make-notes", []) => notes::run()?,
        ("fetch-model", []) => println!("{}", model::fetch_model()?.display()),
        ("help" | "--help" | "-h", _) => print!("{USAGE}"),
        _ => {
            eprint!("{USAGE}");
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}
