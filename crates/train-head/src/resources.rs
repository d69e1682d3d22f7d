//! The memory that this process may use, and has used.

use std::path::{Path, PathBuf};

use crate::exit::{Failure, Result};

/// Memory that is left, and what limits it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    /// Bytes.
    pub(crate) bytes: u64,
    /// What allows no more, in words.
    pub(crate) limit: &'static str,
}

/// The memory that this process can still get: the least of what the kernel calls available, what the control groups (the limits of a
/// container) leave, and what `ulimit` leaves. `None` if the system does not say.
pub(crate) fn memory_left() -> Option<Left> {
    let read = |path: &Path| std::fs::read_to_string(path).ok();
    let proc = |name: &str| read(&Path::new("/proc").join(name));
    let left = |bytes, limit| Some(Left { bytes, limit });
    let machine = proc("meminfo").and_then(|text| kib(&text, "MemAvailable:"));
    let (limits, status) = (proc("self/limits"), proc("self/status"));
    let under_ulimit = |limit: &str, used: &str| {
        let limit = soft_limit(limits.as_deref()?, limit)?;
        Some(limit.saturating_sub(kib(status.as_deref()?, used)?))
    };
    let groups = proc("self/cgroup").map(|text| control_groups(&text)).unwrap_or_default();
    let groups = groups.iter().filter_map(|group| group.left(read));
    let limits = [
        machine.and_then(|bytes| left(bytes, "free on this machine")),
        groups.min().and_then(|bytes| left(bytes, "left by the limit of this container (control group)")),
        under_ulimit("Max address space", "VmSize:").and_then(|bytes| left(bytes, "left by `ulimit -v`")),
        under_ulimit("Max data size", "VmData:").and_then(|bytes| left(bytes, "left by `ulimit -d`")),
    ];
    limits.into_iter().flatten().min_by_key(|left| left.bytes)
}

/// Refuses to start with hardly more memory than the program itself takes: the C library ends a process that cannot even start a thread.
///
/// # Errors
/// So little is left.
pub(crate) fn expect_room_to_start() -> Result<()> {
    const LEAST: u64 = 16 << 20;
    match memory_left() {
        Some(Left { bytes, limit }) if bytes < LEAST => Err(Failure::out_of_memory(format!(
            "{} KiB of memory are {limit}: too little to start",
            bytes >> 10
        ))),
        _ => Ok(()),
    }
}

/// Lowers the limit of a job of a service, which has one, from what the operator allows any job to what this one may take.
pub(crate) fn limit_job(need: u64) {
    #[cfg(target_os = "linux")]
    if rustix::process::getrlimit(rustix::process::Resource::Data).current.is_some() {
        limit(head_service::most_memory(need));
    }
}

/// Bounds the memory that the system gives this process. Where it has no such bound, or a lower one is set already, nothing changes.
#[cfg(target_os = "linux")]
pub(crate) fn limit(most: u64) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let before = getrlimit(Resource::Data);
    let lower = |bound: Option<u64>| Some(bound.map_or(most, |bound| bound.min(most)));
    let _ =
        setrlimit(Resource::Data, Rlimit { current: lower(before.current), maximum: lower(before.maximum) });
}

/// Other systems bound nothing.
#[cfg(not(target_os = "linux"))]
pub(crate) fn limit(_: u64) {}

/// Most bytes that data may take as they are read, `None` if the system does not say how much there is: texts become numbers of eight
/// bytes, and training makes copies.
pub(crate) fn budget_for_data() -> Option<usize> {
    memory_left().map(|left| usize::try_from(left.bytes / 4).unwrap_or(usize::MAX))
}

/// The largest resident size of this process so far, in bytes; `None` if the system does not say.
pub(crate) fn peak_memory() -> Option<u64> {
    kib(&std::fs::read_to_string("/proc/self/status").ok()?, "VmHWM:")
}

/// The value of a line `name  number kB`, in bytes.
fn kib(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The first number of a line of `/proc/self/limits`; `None` if it is unlimited.
fn soft_limit(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

/// The folder of a control group, by the names that the two versions give its files.
#[derive(Debug, PartialEq, Eq)]
struct ControlGroup {
    folder: PathBuf,
    limit: &'static str,
    used: &'static str,
}

impl ControlGroup {
    /// Bytes that the group leaves: files that the kernel keeps in memory make room.
    fn left(&self, read: impl Fn(&Path) -> Option<String>) -> Option<u64> {
        let number = |name: &str| read(&self.folder.join(name))?.trim().parse::<u64>().ok();
        let (limit, used) = (number(self.limit)?, number(self.used)?);
        let statistics = read(&self.folder.join("memory.stat")).unwrap_or_default();
        let value = |name: &str| {
            let line = statistics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.and_then(|value| value.trim().parse::<u64>().ok()).unwrap_or(0)
        };
        let kept = value("inactive_file").saturating_add(value("active_file"));
        Some(limit.saturating_sub(used.saturating_sub(kept)))
    }
}

/// The groups of a process that `/proc/self/cgroup` lists, and those around them.
fn control_groups(text: &str) -> Vec<ControlGroup> {
    let mut groups = Vec::new();
    for line in text.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let (root, limit, used) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max", "memory.current"),
            _ if controllers.split(',').any(|name| name == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes")
            }
            _ => continue,
        };
        let path = Path::new(path.trim_start_matches('/'));
        let around = path.ancestors().map(|path| Path::new(root).join(path));
        groups.extend(around.map(|folder| ControlGroup { folder, limit, used }));
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_tables_are_understood() {
        let table = "MemTotal:       24000000 kB\nMemAvailable:    1024 kB\n";
        assert_eq!(kib(table, "MemAvailable:"), Some(1 << 20));
        assert_eq!(kib(table, "VmHWM:"), None);
        let table = "Max data size             unlimited            unlimited            bytes     \n\
                     Max address space         1048576              unlimited            bytes     \n";
        assert_eq!(soft_limit(table, "Max address space"), Some(1 << 20));
        assert_eq!(soft_limit(table, "Max data size"), None);
        if cfg!(target_os = "linux") {
            assert!(peak_memory().is_some_and(|bytes| bytes > 1 << 20));
            assert!(memory_left().is_some());
        }
    }

    #[test]
    fn every_control_group_around_a_process_counts() {
        let groups = control_groups("9:name=systemd:/\n4:memory:/a\n0::/b/c\n");
        let folders: Vec<_> = groups.iter().map(|group| group.folder.display().to_string()).collect();
        let expected = ["/sys/fs/cgroup/memory/a", "/sys/fs/cgroup/memory/", "/sys/fs/cgroup/b/c"];
        assert_eq!(folders[..3], expected);
        assert_eq!(folders.len(), 5);
        let files = |path: &Path| match path.file_name()?.to_str()? {
            "memory.max" => Some("1000\n".to_owned()),
            "memory.current" => Some("900\n".to_owned()),
            "memory.stat" => Some("anon 600\ninactive_file 200\nactive_file 100\n".to_owned()),
            _ => None,
        };
        assert_eq!(groups[2].left(files), Some(400));
        let unlimited = |path: &Path| path.ends_with("memory.max").then(|| "max\n".to_owned());
        assert_eq!(groups[2].left(unlimited), None);
    }
}
