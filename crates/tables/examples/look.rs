//! Shows what a table holds and what becomes of each column: `cargo run -p tables --example look -- FILE [LABEL]`.

use std::path::Path;

use tables::{Input, LabelOptions, Overrides, ReadOptions, Recipe, Result, labels, read};

fn look(file: &str, label: Option<&str>) -> Result<()> {
    let table = read(&Input::new(Path::new(file)), &ReadOptions::default())?;
    println!("{}: {} rows, {} columns", table.input(), table.rows(), table.names().len());
    let exclude: Vec<&str> = label.into_iter().collect();
    let recipe = Recipe::fit(&table, None, &exclude, &Overrides::default())?;
    print!("{}", recipe.describe());
    for note in table.notes().iter().chain(&recipe.apply(&table)?.notes()) {
        println!("note: {note}");
    }
    if let Some(label) = label {
        let found = labels(&table, label, LabelOptions::default())?;
        println!("labels: {:?}, {} different", found.kind, found.counts.len());
        for note in found.notes {
            println!("note: {note}");
        }
    }
    Ok(())
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(file) = arguments.first() else {
        eprintln!("usage: look FILE [LABEL]");
        std::process::exit(2);
    };
    if let Err(error) = look(file, arguments.get(1).map(String::as_str)) {
        eprintln!("error: {error}");
        if let Some(help) = error.help() {
            eprintln!("help: {help}");
        }
        std::process::exit(1);
    }
}
