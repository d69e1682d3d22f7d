//! Starts other programs: announces and times them, and passes their exit code on.

use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};

/// A program that ended with an error.
#[derive(Debug, thiserror::Error)]
#[error("`{command}` failed: {status}")]
pub(crate) struct ChildFailed {
    command: String,
    status: ExitStatus,
}

/// The exit code of `xtask`: that of the failed child if there is one, else 1.
pub(crate) fn exit_code(error: &anyhow::Error) -> ExitCode {
    let code = error.downcast_ref::<ChildFailed>().and_then(|failed| failed.status.code());
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).filter(|&code| code != 0).unwrap_or(1))
}

/// A `cargo` command, run by the same cargo that runs this program.
///
/// The variables that describe the package `xtask` are removed from its environment. Some build scripts watch them
/// (that of `ring` does); they would run again, and every crate above them would be rebuilt.
pub(crate) fn cargo<const N: usize>(arguments: [&str; N]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs one step, shows its output, and prints its name and duration.
///
/// # Errors
/// The program could not be started or failed.
pub(crate) fn step(name: &str, command: &mut Command) -> Result<()> {
    println!("==> {name}: {}", line(command));
    let start = Instant::now();
    let status = command.status().with_context(|| format!("cannot start `{}`", line(command)))?;
    if !status.success() {
        return Err(ChildFailed { command: line(command), status }.into());
    }
    println!("==> {name}: done in {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// Runs a program and returns its standard output. Its standard error is shown.
///
/// # Errors
/// The program could not be started, failed, or wrote invalid UTF-8.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{}`", line(command)))?;
    if !output.status.success() {
        return Err(ChildFailed { command: line(command), status: output.status }.into());
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("`{}` wrote something that is not UTF-8", line(command)))
}

/// The command as a person would type it (the program by its file name).
fn line(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let program = program.file_name().unwrap_or(command.get_program());
    std::iter::once(program)
        .chain(command.get_args())
        .map(std::ffi::OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}
