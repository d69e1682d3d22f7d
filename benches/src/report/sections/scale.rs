//! Scaling: cost as samples, features or classes grow, beside the planner's estimate.

use pages::plots::{self, Colour, Labels, Look, Series};
use pages::{Block, Figure, Section, Table};
use serde_json::Value;

use super::overview::commands;
use crate::records::{Records, distinct, list, number, text, threads};
use crate::units::{bytes, seconds};

/// A table, and a plot for each axis.
pub(in crate::report) fn section(records: &Records) -> anyhow::Result<Option<Section>> {
    let scales = records.of("scale");
    let Some(scale) = scales.last() else { return Ok(None) };
    let points = list(scale, "/points");
    let mut table = Table::new(&[
        "axis",
        "samples",
        "features",
        "classes",
        "median",
        "CPU time",
        "planner's estimate",
        "ratio",
        "data in memory",
        "peak memory",
    ]);
    for point in points {
        let (cpu, estimated) = (number(point, "/cpu_s"), number(point, "/estimated_s"));
        table.rows.push(vec![
            text(point, "/axis").into(),
            point["samples"].to_string(),
            point["features"].to_string(),
            point["classes"].to_string(),
            seconds(number(point, "/measured_s")),
            seconds(cpu),
            seconds(estimated),
            format!("{:.2}", cpu / estimated),
            bytes(number(point, "/data_bytes")),
            bytes(number(point, "/peak_rss_bytes")),
        ]);
    }
    let axes = distinct(points.iter().map(|point| text(point, "/axis").to_owned()));
    let figures = axes.iter().map(|axis| figure(points, axis)).collect();
    let blocks = vec![
        Block::Text(format!(
            "A pass over the data, forward and backward, {}, each in a separate process. The planner estimates the time for one core \
             from the shape, before anything is encrypted; the ratio is CPU time divided by this estimate.",
            threads(scale)
        )),
        Block::Table(table),
        Block::Figures(figures),
        Block::Command(commands(&[scale])),
    ];
    Ok(Some(Section { title: "Scaling".into(), blocks }))
}

fn figure(points: &[Value], axis: &str) -> Figure {
    let of_axis: Vec<&Value> = points.iter().filter(|point| text(point, "/axis") == axis).collect();
    let series = |name: &str, field: &str, colour, look| Series {
        name: name.into(),
        colour,
        points: of_axis
            .iter()
            .map(|point| (number(point, &format!("/{axis}")), number(point, field)))
            .collect(),
        intervals: Vec::new(),
        look,
    };
    let title = format!("Time by number of {axis}");
    let labels = Labels { title: &title, x: axis, y: "seconds" };
    let all = [
        series("CPU time", "/cpu_s", Colour::Blue, Look::Marked),
        series("planner", "/estimated_s", Colour::Grey, Look::Thin),
    ];
    Figure {
        name: format!("scale-{axis}"),
        caption: format!("Time of a pass as the number of {axis} grows."),
        plot: plots::log_lines(&labels, &all),
    }
}
