//! `speed`: runs `step`, `pass`, `bootstrap` and `helr`, each in a separate process, and records what they print.

use std::path::PathBuf;

use crate::measure::{Threads, itself};
use crate::records::{Label, store};

/// Arguments of `speed`.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Arguments {
    /// One step and one bootstrap, one run of each, on all threads
    #[arg(long)]
    quick: bool,
    /// Measured runs, after one warm-up run
    #[arg(long, default_value_t = 5)]
    repeat: usize,
    /// Folder of third-party data sets, for HELR's task; default: the environment variable HEAD_BENCH_DATA
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Folder of the run
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    threads: Threads,
}

/// Measures with one thread and with all threads.
///
/// # Errors
/// A command fails, or a record cannot be written.
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
            let name = format!("speed-{threads}-{at}-{command}");
            store(&arguments.out, Label { name: &name, kind: command, threads }, &result)?;
        }
        if !arguments.quick {
            helr(arguments, threads, repeat)?;
        }
    }
    Ok(())
}

/// Measures HELR's task, if its data is present.
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
                let name = format!("helr-{recipe}-{threads}");
                store(&arguments.out, Label { name: &name, kind: "helr", threads }, &result)?;
            }
            Err(reason) => println!("helr {recipe} skipped: {reason:#}"),
        }
    }
    Ok(())
}
