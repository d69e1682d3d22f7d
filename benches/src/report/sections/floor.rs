//! The machine's limits by the cost model, beside measurements.

use pages::{Block, Section, Table};

use super::overview::commands;
use crate::records::{Records, list, number, text, threads};
use crate::units::{bytes, seconds};

/// Operations, bytes, their floor and the measured time of each component.
pub(in crate::report) fn section(records: &Records) -> anyhow::Result<Option<Section>> {
    let floors = records.of("floor");
    let Some(floor) = floors.last() else { return Ok(None) };
    let mut table = Table::new(&[
        "component",
        "multiplications",
        "bytes",
        "floor",
        "limited by",
        "median",
        "CPU time",
        "ratio",
    ]);
    for row in list(floor, "/rows") {
        table.rows.push(vec![
            text(row, "/name").into(),
            format!("{:.3e}", number(row, "/multiplications")),
            bytes(number(row, "/bytes")),
            seconds(number(row, "/floor_s")),
            text(row, "/bound").into(),
            seconds(number(row, "/median_s")),
            seconds(number(row, "/cpu_s")),
            format!("{:.2}", number(row, "/ratio")),
        ]);
    }
    let blocks = vec![
        Block::Text(format!(
            "Kernels `{}`, {}. This machine does {:.2} G word multiplications per second and reads {:.1} GB per second from \
             memory, by the calibration of this run. A word has 64 bits; with these kernels, a butterfly or a modular product takes {} \
             multiplications. The floor is the time of the multiplications or of the memory traffic, whichever is longer. Data \
             that fits into the second-level cache is not counted as memory traffic. The ratio is CPU time per thread divided by the floor.",
            text(floor, "/machine/backend"),
            threads(floor),
            number(floor, "/calibration/multiplications_per_s") / 1e9,
            number(floor, "/calibration/stream_bytes_per_s") / 1e9,
            floor["calibration"]["multiplications_of_a_product"],
        )),
        Block::Table(table),
        Block::Command(commands(&[floor])),
    ];
    Ok(Some(Section { title: "Distance to the machine's limits".into(), blocks }))
}
