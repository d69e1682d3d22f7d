//! Steps, bootstraps and whole trainings: times, stages, memory, bytes on the wire.

use serde_json::Value;

use super::overview::commands;
use crate::report::page::{Block, Figure, Section, Table};
use crate::report::plots::{self, BLUE, GREEN, GREY, Labels, ORANGE, PURPLE, SKY, Segment};
use crate::report::records::{Records, bytes, distinct, number, seconds, share, text};

const COLOURS: [plotters::style::RGBColor; 6] = [BLUE, ORANGE, GREEN, PURPLE, SKY, GREY];

/// Steps, passes, bootstraps, HELR's task.
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
            "least to most",
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
                if floor.is_finite() { format!("{:.2}", cpu / threads / floor) } else { "\u{2013}".into() },
                step["key_switches"].to_string(),
                step["bootstraps"].to_string(),
                bytes(number(step, "/key_bytes")),
                bytes(number(step, "/peak_rss_bytes")),
            ]);
        }
        blocks.push(Block::Text(
            "A step is one iteration of Nesterov's method on a mini-batch, with the bootstrap of weights and momentum where \
             the set has one; a pass is forward, sigmoid and backward over all samples without a bootstrap. The floor is what \
             the operations and bytes of the cost model take at this machine's multiply rate and memory stream; the ratio is processor time by thread over it. Others used \
             the machine too: processor time, of all threads together, is what they do not spoil."
                .into(),
        ));
        blocks.push(Block::Table(table));
    }
    if !bootstraps.is_empty() {
        blocks.push(Block::Table(bootstrap_table(&bootstraps)));
        blocks.push(Block::Figures(vec![stages(&bootstraps)?]));
    }
    if !helr.is_empty() {
        blocks.push(Block::Text(
            "HELR's task: MNIST 3 against 8, 14 x 14 means, 11 982 training and 1 984 test images. Time from ciphertexts \
             and keys in memory to the encrypted head."
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

fn stages(bootstraps: &[&Value]) -> anyhow::Result<Figure> {
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
        .zip(COLOURS.into_iter().cycle())
        .map(|(name, colour)| Segment {
            name: name.replace('_', " "),
            colour,
            values: bootstraps.iter().map(|one| value(one, name)).collect(),
        })
        .collect();
    let labels = Labels { title: "Where a bootstrap's time goes", x: "seconds", y: "" };
    Ok(Figure {
        name: "bootstrap-stages".into(),
        caption: "Seconds of each stage of a bootstrap, one run.".into(),
        svg: plots::stacked(&labels, &rows, &segments)?,
    })
}

fn helr_table(records: &[&Value]) -> Table {
    let mut table = Table::new(&[
        "recipe",
        "threads",
        "training",
        "CPU time",
        "of it bootstraps",
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

/// Whole trainings of the accuracy matrix: phases, memory, bytes.
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
        "choose and plan",
        "keys",
        "encrypt",
        "train",
        "its CPU time",
        "of it bootstraps",
        "planner said",
        "decrypt",
        "data on the wire",
        "keys on the wire",
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
    let segment = |title: &str, colour, of: &dyn Fn(&Value) -> f64| Segment {
        name: title.into(),
        colour,
        values: cells.iter().map(|cell| of(cell)).collect(),
    };
    let at = |path: &'static str| move |cell: &Value| number(cell, path);
    let times = [
        segment("keys", SKY, &at("/seconds/keygen")),
        segment("encrypt", GREEN, &at("/seconds/encrypt")),
        segment("train", BLUE, &|cell| number(cell, "/seconds/train") - number(cell, "/seconds/bootstrap")),
        segment("bootstraps", ORANGE, &at("/seconds/bootstrap")),
        segment("decrypt", PURPLE, &at("/seconds/decrypt")),
    ];
    let sizes = [
        segment("data on the wire", BLUE, &|cell| number(cell, "/bytes/upload") / 1e6),
        segment("keys on the wire", SKY, &|cell| number(cell, "/bytes/key_files") / 1e6),
    ];
    let memory = [segment("peak memory", ORANGE, &|cell| number(cell, "/peak_rss_bytes") / 1e9)];
    let figure = |name: &str, title: &str, x: &str, caption: &str, segments: &[Segment]| {
        anyhow::Ok(Figure {
            name: name.into(),
            caption: caption.into(),
            svg: plots::stacked(&Labels { title, x, y: "" }, &rows, segments)?,
        })
    };
    let blocks = vec![
        Block::Text(
            "First seed, first fold, everything on one machine. Choosing the method is cross-validation in the clear; data \
             and keys travel to the compute party once, half of each as a seed."
                .into(),
        ),
        Block::Table(table),
        Block::Figures(vec![
            figure("phases", "Seconds by phase", "seconds", "Phases of whole encrypted trainings.", &times)?,
            figure("bytes", "Bytes to the compute party", "MB", "Encrypted data and evaluation keys.", &sizes)?,
            figure("memory", "Memory at the peak", "GB", "Both parties in one process.", &memory)?,
        ]),
    ];
    Ok(Some(Section { title: "Whole trainings: time, memory, bytes".into(), blocks }))
}
