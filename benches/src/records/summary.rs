//! The headline figures of a run, and the machine that it ran on.

use serde_json::Value;

use super::read::{Records, command, distinct, number};
use crate::units::seconds;

/// A line of the summary.
pub(crate) struct Property {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl Property {
    fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// The summary as a page of Markdown.
pub(super) fn markdown(records: &Records) -> String {
    let kinds = distinct(records.all().iter().map(|record| super::text(record, "/kind").to_owned()));
    let counts: Vec<String> = kinds.iter().map(|kind| format!("{} {kind}", records.of(kind).len())).collect();
    let properties = machine(records)
        .into_iter()
        .chain([Property::new("records", counts.join(", "))])
        .chain(headlines(records));
    let rows: String =
        properties.map(|property| format!("| {} | {} |\n", property.name, property.value)).collect();
    let commands = distinct(records.all().iter().map(command)).join("\n");
    format!(
        "# Run\n\nWritten by `head-bench` with the records in `{}`.\n\n| | |\n|---|---|\n{rows}\n```sh\n{commands}\n```\n",
        super::RECORDS
    )
}

/// The most important figures.
pub(crate) fn headlines(records: &Records) -> Vec<Property> {
    let mut headlines = Vec::new();
    let differences: Vec<f64> = records
        .of("accuracy")
        .iter()
        .map(|cell| 100.0 * number(cell, "/against_plain/difference").abs())
        .collect();
    if !differences.is_empty() {
        let trainings = differences.len();
        let mean = differences.iter().sum::<f64>() / trainings as f64;
        let worst = differences.iter().copied().fold(0.0, f64::max);
        headlines.push(Property::new(
            format!("mean difference between encrypted and plain accuracy, {trainings} trainings"),
            format!("{mean:.2} points"),
        ));
        headlines.push(Property::new("largest difference", format!("{worst:.2} points")));
    }
    if let Some(step) = records.of("step").last() {
        let time = Time::of(step, "/cpu_s", "/median_s");
        headlines.push(Property::new(
            format!(
                "one training step, {} x {}, with its bootstrap, {}{}",
                step["samples"],
                step["features"],
                time.clock,
                threads(step)
            ),
            time.value,
        ));
    }
    let small = |record: &&&Value| record["ring_degree"].as_u64() == Some(1 << 15);
    if let Some(bootstrap) = records.of("bootstrap").iter().rfind(small) {
        let time = Time::of(bootstrap, "/cpu_s", "/median_s");
        let what = format!("one bootstrap at N = 2^15, {}{}", time.clock, threads(bootstrap));
        headlines.push(Property::new(what, time.value));
    }
    let helr = records.of("helr");
    let fastest = helr.iter().min_by(|a, b| number(a, "/train_s").total_cmp(&number(b, "/train_s")));
    if let Some(helr) = fastest {
        let time = Time::of(helr, "/train_cpu_s", "/train_s");
        headlines.push(Property::new(
            format!(
                "encrypted training on MNIST 3 against 8, accuracy {:.1} %, {}{}",
                100.0 * number(helr, "/accuracy"),
                time.clock,
                threads(helr)
            ),
            time.value,
        ));
    }
    headlines
}

/// A time for the headlines: CPU time, which other programs on the machine disturb least; without it, wall-clock time.
struct Time {
    value: String,
    /// The kind of time, for the text before the number of threads.
    clock: &'static str,
}

impl Time {
    fn of(record: &Value, cpu: &str, wall: &str) -> Self {
        match number(record, cpu) {
            cpu if cpu.is_finite() => Self { value: seconds(cpu), clock: "CPU time, " },
            _ => Self { value: seconds(number(record, wall)), clock: "" },
        }
    }
}

/// A record's number of threads, in words.
pub(crate) fn threads(record: &Value) -> String {
    match record["threads"].as_u64() {
        Some(1) => "1 thread".into(),
        Some(n) => format!("{n} threads"),
        None => "unknown threads".into(),
    }
}

/// Machine, program and date. Values that differ between records are all listed.
pub(crate) fn machine(records: &Records) -> Vec<Property> {
    let of = |name: &str, path: &str| {
        let values = records.all().iter().map(|record| match record.pointer(path) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => "unknown".into(),
            Some(other) => other.to_string(),
        });
        Property::new(name, distinct(values).join(", "))
    };
    let mut properties = vec![
        of("processor", "/machine/cpu"),
        of("cores", "/machine/cores"),
        of("kernels", "/machine/backend"),
        of("system", "/machine/system"),
        of("program", "/program"),
        of("commit", "/machine/commit"),
    ];
    let last = records.all().iter().filter_map(|record| record["unix_time"].as_u64()).max();
    properties.extend(last.map(|seconds| Property::new("last record", date(seconds))));
    properties
}

/// The date of a time in seconds since 1970 (Hinnant, *chrono-compatible low-level date algorithms*).
fn date(seconds: u64) -> String {
    let z = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (z / 146_097, z % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + 400 * era + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn dates_of_known_times() {
        assert_eq!(super::date(0), "1970-01-01");
        assert_eq!(super::date(951_782_400), "2000-02-29");
        assert_eq!(super::date(1_767_225_599), "2025-12-31");
    }
}
