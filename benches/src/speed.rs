//! `speed`: the other measuring commands, each in a process of its own, with records of what they print.

use std::path::PathBuf;

use crate::measure::{Threads, itself};
use crate::record;

/// How much to measure.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Arguments {
    /// One run of each, on all threads
    #[arg(long)]
    quick: bool,
    /// Counted runs, after one that is not
    #[arg(long, default_value_t = 5)]
    repeat: usize,
    /// Folder of third-party data sets, for HELR's task; by default what HEAD_BENCH_DATA says
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Folder of the records
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    threads: Threads,
}

/// Measures with one thread and with all.
///
/// # Errors
/// A command fails; those of writing.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let all = arguments.threads.install(|threads| threads)?;
    let threads = if arguments.quick || all == 1 { vec![all] } else { vec![1, all] };
    let repeat = if arguments.quick { 1 } else { arguments.repeat };
    for threads in threads {
        let mut commands = vec![("step", "--samples 1024 --features 256"), ("bootstrap", "--slots 512")];
        if !arguments.quick {
            commands.push(("pass", "--samples 16384 --features 512"));
            commands.push(("bootstrap", "--slots 512 --preset n16-boot-l15"));
        }
        for (at, (command, shape)) in commands.into_iter().enumerate() {
            let rest = format!("{shape} --threads {threads} --repeat {repeat} --json");
            let words: Vec<&str> = std::iter::once(command).chain(rest.split(' ')).collect();
            println!("head-bench {}", words.join(" "));
            let result = itself(&words)?;
            println!("  median {} s, CPU {} s", result["median_s"], result["cpu_s"]);
            let record = record::record(command, threads, &result)?;
            record::write(&arguments.out, &format!("speed-{threads}-{at}-{command}"), &record)?;
        }
        if !arguments.quick {
            helr(arguments, threads, repeat)?;
        }
    }
    Ok(())
}

/// HELR's task, where its data is there.
fn helr(arguments: &Arguments, threads: usize, repeat: usize) -> anyhow::Result<()> {
    let (threads_word, repeat) = (threads.to_string(), repeat.min(3).to_string());
    for recipe in ["best", "helr"] {
        let mut words =
            vec!["helr", "--recipe", recipe, "--threads", &threads_word, "--repeat", &repeat, "--json"];
        let folder = arguments.data.as_ref().map(|path| path.to_string_lossy());
        if let Some(folder) = &folder {
            words.extend(["--data", folder]);
        }
        match itself(&words) {
            Ok(result) => {
                println!(
                    "head-bench helr --recipe {recipe}: {} s, accuracy {}",
                    result["train_s"], result["accuracy"]
                );
                let record = record::record("helr", threads, &result)?;
                record::write(&arguments.out, &format!("helr-{recipe}-{threads}"), &record)?;
            }
            Err(reason) => println!("helr {recipe} skipped: {reason:#}"),
        }
    }
    Ok(())
}
