//! Comparison with other libraries.

use pages::plots::{self, Bar, Labels};
use pages::{Block, Figure, Section, Table};
use serde_json::Value;

use super::overview::commands;
use crate::records::{Records, distinct, list, number, text, threads};
use crate::units::{NONE, seconds, share};

/// Ratios in the same run, versions, and published figures.
pub(in crate::report) fn section(records: &Records) -> anyhow::Result<Option<Section>> {
    let runs = records.of("peers");
    if runs.is_empty() {
        return Ok(None);
    }
    let mut blocks = vec![Block::Text(
        "All libraries are measured one after the other in the same run, on the same machine, data and number of threads, at 128-bit security, \
         after one warm-up run each. The ratio is their median time divided by ours, by the clock and by CPU time summed over all threads, \
         which other programs on the machine disturb less; the plot shows the latter. Operations use the same ring and number \
         of limbs; each library has its own number of special primes and digits. The training is a whole encrypted training on \
         the breast cancer table."
            .into(),
    )];
    for run in &runs {
        let mut table = Table::new(&["peer", "work", "theirs", "ours", "ratio", "by CPU time", "remark"]);
        let mut bars: Vec<Bar> = Vec::new();
        for ratio in list(run, "/ratios") {
            let by_cpu = number(ratio, "/cpu_ratio");
            let value = if by_cpu.is_finite() { by_cpu } else { number(ratio, "/ratio") };
            let remark = match (&ratio["extrapolated"], ratio["encrypted"].as_bool()) {
                (Value::String(how), _) => format!("extrapolated: {how}"),
                (_, Some(false)) => "on plain data".into(),
                _ => String::new(),
            };
            table.rows.push(vec![
                text(ratio, "/peer").into(),
                text(ratio, "/name").into(),
                seconds(number(ratio, "/theirs_s")),
                seconds(number(ratio, "/ours_s")),
                times(number(ratio, "/ratio")),
                times(number(ratio, "/cpu_ratio")),
                remark,
            ]);
            if ratio["encrypted"] == true {
                let name = format!("{}: {}", text(ratio, "/peer"), text(ratio, "/name"));
                bars.push(Bar { name, value });
            }
        }
        blocks.push(Block::Text(format!("With {}:", threads(run))));
        blocks.push(Block::Table(table));
        if !bars.is_empty() {
            let title = format!("Their time relative to ours, {}", threads(run));
            let labels = Labels { title: &title, x: "their time / our time", y: "" };
            blocks.push(Block::Figures(vec![Figure {
                name: format!("peers-{}", run["threads"]),
                caption: "Time of the other libraries relative to ours.".into(),
                plot: plots::ratios(&labels, &bars),
            }]));
        }
    }
    blocks.push(Block::Table(versions(&runs)));
    if let Some(run) = runs.first().filter(|run| !list(run, "/published").is_empty()) {
        blocks.push(Block::Text(
            "Figures from other machines, published by the authors or measured elsewhere:".into(),
        ));
        let mut table = Table::new(&["work", "system", "time", "kind", "source"]);
        for figure in list(run, "/published") {
            table.rows.push(vec![
                text(figure, "/work").into(),
                text(figure, "/system").into(),
                seconds(number(figure, "/seconds")),
                text(figure, "/kind").into(),
                text(figure, "/source").into(),
            ]);
        }
        blocks.push(Block::Table(table));
    }
    blocks.push(Block::Command(commands(&runs)));
    Ok(Some(Section { title: "Comparison with other libraries".into(), blocks }))
}

fn times(ratio: f64) -> String {
    if ratio.is_finite() { format!("{} x", plots::plain(ratio)) } else { NONE.into() }
}

fn versions(runs: &[&Value]) -> Table {
    let mut table = Table::new(&["peer", "version", "parameters", "accuracy"]);
    let peers: Vec<&Value> = runs.iter().flat_map(|run| list(run, "/peers")).collect();
    for name in distinct(peers.iter().map(|peer| text(peer, "/peer").to_owned())) {
        let Some(peer) = peers.iter().find(|peer| text(peer, "/peer") == name && !name.is_empty()) else {
            continue;
        };
        let parameters = match &peer["parameters"] {
            Value::Object(all) => all
                .iter()
                .map(|(key, value)| {
                    format!("{key}: {}", value.as_str().map_or(value.to_string(), str::to_owned))
                })
                .collect::<Vec<_>>()
                .join("; "),
            _ => String::new(),
        };
        let note = text(peer, "/accuracy_note");
        let accuracy = share(number(peer, "/accuracy"));
        table.rows.push(vec![
            name,
            text(peer, "/version").into(),
            parameters,
            if note.is_empty() { accuracy } else { format!("{accuracy}, {note}") },
        ]);
    }
    table
}
