//! The head of the report: what was run, the figures that matter most, the machine.

use serde_json::Value;

use crate::report::records::{Records, command, distinct, number, seconds, text};

/// The first paragraph.
pub(in crate::report) fn lead(records: &Records) -> String {
    let sets = distinct(records.of("accuracy").iter().map(|cell| text(cell, "/dataset").to_owned()));
    let quick = records.all().iter().any(|record| record["quick"] == true);
    let trained = match sets.len() {
        0 => String::new(),
        n => format!(
            "{n} data sets are trained in the clear and on ciphertexts, with the same iterations, and tested on the \
             same samples. "
        ),
    };
    let small = match quick {
        true => {
            "This is a quick run on parts of the data sets: it shows that everything works, not how well. "
        }
        false => "",
    };
    format!(
        "Heads for text embeddings and tables, trained on CKKS ciphertexts at 128-bit security. {trained}{small}Every \
         figure comes from a record of a run; the command that made it stands below it."
    )
}

/// Values with what they are.
pub(in crate::report) fn tiles(records: &Records) -> Vec<(String, String)> {
    let mut tiles = Vec::new();
    let differences: Vec<f64> = records
        .of("accuracy")
        .iter()
        .map(|cell| 100.0 * number(cell, "/against_plain/difference").abs())
        .collect();
    if !differences.is_empty() {
        let trainings = differences.len();
        let mean = differences.iter().sum::<f64>() / trainings as f64;
        let worst = differences.iter().copied().fold(0.0, f64::max);
        tiles.push((
            format!("{mean:.2} points"),
            format!("mean difference of encrypted to plain accuracy, {trainings} trainings"),
        ));
        tiles.push((format!("{worst:.2} points"), "the same at worst".into()));
    }
    // what others on the machine do not spoil, where it is known
    let time = |record: &Value, cpu: &str, clock: &str| match number(record, cpu) {
        cpu if cpu.is_finite() => (seconds(cpu), "processor time, "),
        _ => (seconds(number(record, clock)), ""),
    };
    if let Some(step) = records.of("step").last() {
        let shape = format!("{} x {}", step["samples"], step["features"]);
        let (value, kind) = time(step, "/cpu_s", "/median_s");
        let what = format!("one training step, {shape}, with its bootstrap, {kind}{}", threads(step));
        tiles.push((value, what));
    }
    let small = |record: &&&Value| record["ring_degree"].as_u64() == Some(1 << 15);
    if let Some(bootstrap) = records.of("bootstrap").iter().rfind(small) {
        let (value, kind) = time(bootstrap, "/cpu_s", "/median_s");
        tiles.push((value, format!("one bootstrap at N = 2^15, {kind}{}", threads(bootstrap))));
    }
    if let Some(helr) =
        records.of("helr").iter().min_by(|a, b| number(a, "/train_s").total_cmp(&number(b, "/train_s")))
    {
        let (value, kind) = time(helr, "/train_cpu_s", "/train_s");
        let what = format!(
            "MNIST 3 against 8 trained encrypted, accuracy {:.1} %, {kind}{}",
            100.0 * number(helr, "/accuracy"),
            threads(helr)
        );
        tiles.push((value, what));
    }
    tiles
}

/// Threads of a record, in words.
pub(in crate::report) fn threads(record: &Value) -> String {
    match record["threads"].as_u64() {
        Some(1) => "1 thread".into(),
        Some(n) => format!("{n} threads"),
        None => "unknown threads".into(),
    }
}

/// Machine and program; several values where records differ.
pub(in crate::report) fn machine(records: &Records) -> Vec<(String, String)> {
    let of = |path: &str| {
        let values = records.all().iter().map(|record| match record.pointer(path) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => "unknown".into(),
            Some(other) => other.to_string(),
        });
        distinct(values).join(", ")
    };
    let mut rows = vec![
        ("processor".into(), of("/machine/cpu")),
        ("cores".into(), of("/machine/cores")),
        ("kernels".into(), of("/machine/backend")),
        ("system".into(), of("/machine/system")),
        ("program".into(), of("/program")),
        ("commit".into(), of("/machine/commit")),
    ];
    if let Some(seconds) = records.all().iter().filter_map(|record| record["unix_time"].as_u64()).max() {
        rows.push(("last record".into(), date(seconds)));
    }
    rows
}

/// The day of a time in seconds since 1970 (Hinnant, *chrono-compatible low-level date algorithms*).
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

/// The distinct commands of some records, one a line.
pub(in crate::report) fn commands(records: &[&Value]) -> String {
    distinct(records.iter().map(|record| command(record))).join("\n")
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
