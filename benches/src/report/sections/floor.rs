//! The cost model beside measurements.

use super::overview::{commands, threads};
use crate::report::page::{Block, Section, Table};
use crate::report::records::{Records, bytes, list, number, seconds, text};

/// Operations and bytes, the floor that they imply, the measured time.
pub(in crate::report) fn section(records: &Records) -> anyhow::Result<Option<Section>> {
    let floors = records.of("floor");
    let Some(floor) = floors.last() else { return Ok(None) };
    let mut table =
        Table::new(&["work", "multiplications", "bytes", "floor", "bound by", "median", "CPU time", "ratio"]);
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
            "Kernels `{}`, {}. Calibration of this run: {:.2} G word multiplications a second and {:.1} GB a second from \
             memory. Multiplications are counted in words of 64 bits; a butterfly or a modular product takes {} of them \
             with these kernels. The floor is the longer of both times; what fits into the second-level cache is not counted as \
             bytes from memory. Others used the machine too, so the ratio is that of processor time by thread.",
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
