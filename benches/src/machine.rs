//! The machine and the commit, for records.

use std::path::Path;
use std::process::Command;

use ckks_math::Backend;
use serde::Serialize;

/// The machine and the program's commit.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct Machine {
    cpu: String,
    cores: usize,
    memory_bytes: Option<u64>,
    /// The active kernels.
    backend: &'static str,
    system: String,
    /// Commit of the source, followed by `-dirty` if files were changed; absent outside a repository.
    commit: Option<String>,
}

impl Machine {
    /// Queries the system.
    ///
    /// # Errors
    /// The environment selects kernels that this machine cannot run.
    pub(crate) fn detect() -> anyhow::Result<Self> {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let cpuinfo = read("/proc/cpuinfo");
        let cpu = |field: &str| value(&cpuinfo, field).unwrap_or_else(|| "?".into());
        let kernel = read("/proc/sys/kernel/osrelease");
        Ok(Self {
            cpu: format!("{} (family {}, model {})", cpu("model name"), cpu("cpu family"), cpu("model")),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: memory(&read("/proc/meminfo")),
            backend: Backend::active()?.name(),
            system: format!("{} {} {}", std::env::consts::OS, kernel.trim(), std::env::consts::ARCH),
            commit: commit(),
        })
    }
}

/// The value of the first line `name : value`.
fn value(text: &str, name: &str) -> Option<String> {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let mut values = lines.filter(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned());
    values.next()
}

fn memory(meminfo: &str) -> Option<u64> {
    let kibibytes: u64 = value(meminfo, "MemTotal")?.strip_suffix("kB")?.trim().parse().ok()?;
    Some(1024 * kibibytes)
}

fn commit() -> Option<String> {
    let git = |arguments: &[&str]| {
        let output =
            Command::new("git").arg("-C").arg(env!("CARGO_MANIFEST_DIR")).args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let head = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changed = !git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    Some(if changed { head + "-dirty" } else { head })
}

/// The project's root folder, which contains data and models.
pub(crate) fn project() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_files_are_parsed() {
        assert_eq!(value("a : 1\nb: x y\nb : z", "b").as_deref(), Some("x y"));
        assert_eq!(memory("MemTotal:       24000000 kB\n"), Some(24_576_000_000));
        assert_eq!(memory(""), None);
    }
}
