//! The memory of the machine and of this process.

/// Bytes of free memory; `None` if the system does not say. It is the smaller of what the kernel calls available and what the control
/// group (the limit of a container) leaves.
pub(crate) fn available_memory() -> Option<u64> {
    let system = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| kib(&text, "MemAvailable:"));
    let number = |path: &str| std::fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let group = number("/sys/fs/cgroup/memory.max")
        .zip(number("/sys/fs/cgroup/memory.current"))
        .map(|(limit, used)| limit.saturating_sub(used));
    match (system, group) {
        (Some(system), Some(group)) => Some(system.min(group)),
        (system, group) => system.or(group),
    }
}

/// The largest resident size of this process so far, in bytes; `None` if the system does not say.
pub(crate) fn peak_memory() -> Option<u64> {
    kib(&std::fs::read_to_string("/proc/self/status").ok()?, "VmHWM:")
}

/// The value of a line `name  number kB`, in bytes.
fn kib(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(1024 * line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_tables_are_understood() {
        let table = "MemTotal:       24000000 kB\nMemAvailable:    1024 kB\n";
        assert_eq!(kib(table, "MemAvailable:"), Some(1 << 20));
        assert_eq!(kib(table, "VmHWM:"), None);
        if cfg!(target_os = "linux") {
            assert!(peak_memory().is_some_and(|bytes| bytes > 1 << 20));
            assert!(available_memory().is_some());
        }
    }
}
