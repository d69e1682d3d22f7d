//! Texts a second of an encoder on a file of texts, one a line:
//! `cargo run --release -p text-encoder --example throughput -- MODEL FILE [REPEATS]`.

use std::io::{Error, ErrorKind};
use std::time::Instant;
use text_encoder::{EncoderOptions, ModelSource, TextEncoder};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, file, rest @ ..] = arguments.as_slice() else {
        return Err(Error::new(ErrorKind::InvalidInput, "usage: throughput MODEL FILE [REPEATS]").into());
    };
    let repeats: usize = rest.first().map_or(Ok(3), |text| text.parse())?;
    let texts = std::fs::read_to_string(file)?;
    let texts: Vec<&str> = texts.lines().collect();

    let start = Instant::now();
    let encoder = TextEncoder::load(&ModelSource::parse(model)?, &EncoderOptions::default())?;
    println!("{} loaded in {:.2} s", encoder.info().model, start.elapsed().as_secs_f64());
    let mut best = f64::INFINITY;
    for _ in 0..repeats {
        let start = Instant::now();
        encoder.encode(&texts, |_| {})?;
        let seconds = start.elapsed().as_secs_f64();
        best = best.min(seconds);
        println!("{} texts in {seconds:.2} s, {:.1} texts/s", texts.len(), texts.len() as f64 / seconds);
    }
    println!("best: {:.1} texts/s", texts.len() as f64 / best);
    Ok(())
}
