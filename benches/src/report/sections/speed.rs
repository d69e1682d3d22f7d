//! Steps, bootstraps and whole trainings: time, stages, memory, network traffic.

use pages::plots::{self, Colour, Key, Labels, Mark, Scale, Segment};
use pages::{Block, Figure, Section, Table};
use serde_json::Value;

use super::overview::commands;
use crate::records::{Records, distinct, number, text};
use crate::units::{NONE, bytes, seconds, share};

/// Steps, passes, bootstraps and HELR's task.
pub(in crate::report) fn section(records: &Records) -> anyhow::Result<Option<Section>> {
    let steps = [records.of("step"), records.of("pass")].concat();
    let (bootstraps, helr) = (records.of("bootstrap"), records.of("helr"));
    if steps.is_empty() && bootstraps.is_empty() && helr.is_empty() {
        return Ok(None);
    }
    let mut blocks = Vec::new();
    if !steps.is_empty() {
        let mut table = Table::new(&[
            "work",
            "parameter set",
            "threads",
            "median",
            "range",
            "CPU time",
            "floor",
            "ratio",
            "key switches",
            "bootstraps",
            "keys in memory",
            "peak memory",
        ]);
        for step in &steps {
            let median = number(step, "/median_s");
            let (floor, cpu, threads) =
                (number(step, "/floor_s"), number(step, "/cpu_s"), number(step, "/threads"));
            table.rows.push(vec![
                format!("{} {} x {}", text(step, "/kind"), step["samples"], step["features"]),
                format!("`{}`", text(step, "/preset")),
                step["threads"].to_string(),
                seconds(median),
                format!("{} \u{2013} {}", seconds(number(step, "/min_s")), seconds(number(step, "/max_s"))),
                seconds(cpu),
                seconds(floor),
                if floor.is_finite() { format!("{:.2}", cpu / threads / floor) } else { NONE.into() },
                step["key_switches"].to_string(),
                step["bootstraps"].to_string(),
                bytes(number(step, "/key_bytes")),
                bytes(number(step, "/peak_rss_bytes")),
            ]);
        }
        blocks.push(Block::Text(
            "A step is one iteration of Nesterov's method on a mini-batch, with a bootstrap of weights and momentum if \
             the parameter set has one. A pass is a forward product, a sigmoid and a backward product over all samples, without a \
             bootstrap. CPU time is summed over all threads; other programs on the machine disturb it less than the wall-clock median. The floor is \
             the time that the cost model's operations and bytes take at this machine's rates; the ratio is CPU time per thread divided by it."
                .into(),
        ));
        blocks.push(Block::Table(table));
    }
    if !bootstraps.is_empty() {
        blocks.push(Block::Table(bootstrap_table(&bootstraps)));
        blocks.push(Block::Figures(vec![stages(&bootstraps)]));
    }
    if !helr.is_empty() {
        blocks.push(Block::Text(
            "HELR's task: MNIST 3 against 8, images reduced to 14 x 14, 11 982 training and 1 984 test images. The time is that from \
             ciphertexts and keys in memory to the encrypted head."
                .into(),
        ));
        blocks.push(Block::Table(helr_table(&helr)));
    }
    blocks.push(Block::Command(commands(&[steps, bootstraps, helr].concat())));
    Ok(Some(Section { title: "Speed".into(), blocks }))
}

fn bootstrap_table(bootstraps: &[&Value]) -> Table {
    let mut table = Table::new(&[
        "bootstrap",
        "slots",
        "threads",
        "median",
        "CPU time",
        "rms precision",
        "worst",
        "levels after",
        "keys",
        "keys in memory",
        "peak memory",
    ]);
    for one in bootstraps {
        table.rows.push(vec![
            format!("`{}`", text(one, "/preset")),
            one["slots"].to_string(),
            one["threads"].to_string(),
            seconds(number(one, "/median_s")),
            seconds(number(one, "/cpu_s")),
            format!("{:.1} bits", number(one, "/rms_bits")),
            format!("{:.1} bits", number(one, "/worst_bits")),
            one["levels_after"].to_string(),
            one["keys"].to_string(),
            bytes(number(one, "/key_bytes")),
            bytes(number(one, "/peak_rss_bytes")),
        ]);
    }
    table
}

fn stages(bootstraps: &[&Value]) -> Figure {
    let names = distinct(bootstraps.iter().flat_map(|one| match &one["stages"] {
        Value::Object(stages) => stages.keys().cloned().collect::<Vec<_>>(),
        _ => Vec::new(),
    }));
    let rows: Vec<String> = bootstraps
        .iter()
        .map(|one| format!("{}, {} slots, T = {}", text(one, "/preset"), one["slots"], one["threads"]))
        .collect();
    let value = |one: &Value, name: &str| {
        let seconds = number(one, &format!("/stages/{name}/s"));
        if seconds.is_finite() { seconds } else { 0.0 }
    };
    let segments: Vec<Segment> = names
        .iter()
        .zip(Colour::ALL.into_iter().cycle())
        .map(|(name, colour)| Segment {
            name: name.replace('_', " "),
            colour,
            values: bootstraps.iter().map(|one| value(one, name)).collect(),
        })
        .collect();
    let labels = Labels { title: "Stages of a bootstrap", x: "seconds", y: "" };
    Figure {
        name: "bootstrap-stages".into(),
        caption: "Stages of a bootstrap, one run.".into(),
        plot: plots::stacked(&labels, &rows, &segments),
    }
}

fn helr_table(records: &[&Value]) -> Table {
    let mut table = Table::new(&[
        "recipe",
        "threads",
        "training",
        "CPU time",
        "in bootstraps",
        "accuracy",
        "plain twin",
        "AUROC",
        "iterations",
        "bootstraps",
        "parameter set",
        "security",
    ]);
    for one in records {
        table.rows.push(vec![
            text(one, "/recipe").into(),
            one["threads"].to_string(),
            seconds(number(one, "/train_s")),
            seconds(number(one, "/train_cpu_s")),
            seconds(number(one, "/bootstrap_s")),
            share(number(one, "/accuracy")),
            share(number(one, "/plain_accuracy")),
            share(number(one, "/auroc")),
            one["iterations"].to_string(),
            one["bootstraps"].to_string(),
            format!("`{}`", text(one, "/preset")),
            format!("{} bits", one["security_bits"]),
        ]);
    }
    table
}

/// Phases, network traffic and memory of the trainings.
pub(in crate::report) fn phases(records: &Records) -> anyhow::Result<Option<Section>> {
    let cells: Vec<&Value> =
        records.of("accuracy").into_iter().filter(|cell| cell["seed"].as_u64() == Some(0)).collect();
    if cells.is_empty() {
        return Ok(None);
    }
    let name = |cell: &Value| match text(cell, "/head") {
        "logistic" => text(cell, "/dataset").to_owned(),
        head => format!("{}, {head}", text(cell, "/dataset")),
    };
    let mut table = Table::new(&[
        "data set",
        "parameter set",
        "selection and planning",
        "keys",
        "encrypt",
        "train",
        "CPU time of training",
        "in bootstraps",
        "planner's estimate",
        "decrypt",
        "encrypted data",
        "evaluation keys",
        "head",
        "peak memory",
    ]);
    for cell in &cells {
        let time = |phase: &str| seconds(number(cell, &format!("/seconds/{phase}")));
        let size = |what: &str| bytes(number(cell, &format!("/bytes/{what}")));
        table.rows.push(vec![
            name(cell),
            format!("`{}`", text(cell, "/preset")),
            time("prepare"),
            time("keygen"),
            time("encrypt"),
            time("train"),
            time("train_cpu"),
            time("bootstrap"),
            seconds(number(cell, "/estimated_s")),
            time("decrypt"),
            size("upload"),
            size("key_files"),
            size("head"),
            bytes(number(cell, "/peak_rss_bytes")),
        ]);
    }
    let rows: Vec<String> = cells.iter().map(|cell| name(cell)).collect();
    let figure = |name: &str, title: &str, x: &str, caption: &str, values: &[Values<'_>]| Figure {
        name: name.into(),
        caption: caption.into(),
        plot: orders(&Labels { title, x, y: "" }, &rows, &cells, values),
    };
    let times: [Values<'_>; 5] = [
        ("keys", Colour::Sky, &|cell| number(cell, "/seconds/keygen")),
        ("encrypt", Colour::Green, &|cell| number(cell, "/seconds/encrypt")),
        ("train", Colour::Blue, &|cell| number(cell, "/seconds/train")),
        ("of which bootstraps", Colour::Orange, &|cell| number(cell, "/seconds/bootstrap")),
        ("decrypt", Colour::Purple, &|cell| number(cell, "/seconds/decrypt")),
    ];
    let sizes: [Values<'_>; 2] = [
        ("encrypted data", Colour::Blue, &|cell| number(cell, "/bytes/upload") / 1e6),
        ("evaluation keys", Colour::Orange, &|cell| number(cell, "/bytes/key_files") / 1e6),
    ];
    let memory: [Values<'_>; 1] =
        [("peak memory", Colour::Blue, &|cell| number(cell, "/peak_rss_bytes") / 1e9)];
    let blocks = vec![
        Block::Text(
            "First seed, first fold, both parties on one machine. The method is chosen by cross-validation on plain data. Data \
             and keys travel to the compute party once; half of each travels as a seed."
                .into(),
        ),
        Block::Table(table),
        Block::Figures(vec![
            figure("phases", "Seconds by phase", "seconds", "Phases of whole encrypted trainings, on a logarithmic scale.", &times),
            figure("bytes", "Data for the compute party", "MB", "Encrypted data and evaluation keys, on a logarithmic scale.", &sizes),
            figure("memory", "Peak memory", "GB", "Both parties in one process, on a logarithmic scale.", &memory),
        ]),
    ];
    Ok(Some(Section { title: "Whole trainings: time, memory, network traffic".into(), blocks }))
}

/// Values of all records: name, colour, and where they are in a record.
type Values<'a> = (&'a str, Colour, &'a dyn Fn(&Value) -> f64);

/// Values that differ by orders of magnitude: a row for each record.
fn orders(labels: &Labels<'_>, rows: &[String], cells: &[&Value], values: &[Values<'_>]) -> plots::Plot {
    let mark = |colour, of: &dyn Fn(&Value) -> f64| -> Vec<Mark> {
        let values = cells.iter().map(|cell| of(cell)).enumerate();
        values.map(|(row, value)| Mark { row, offset: 0.0, value, interval: None, colour }).collect()
    };
    let marks: Vec<Mark> = values.iter().flat_map(|&(_, colour, of)| mark(colour, of)).collect();
    let keys: Vec<Key<'_>> = values.iter().map(|&(name, colour, _)| Key { name, colour }).collect();
    plots::categories(labels, rows, &marks, &keys, &[], Scale::Logarithmic)
}
