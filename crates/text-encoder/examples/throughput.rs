//! Texts a second of an encoder on a file of texts, one a line, in each kind of numbers, and how far their embeddings are apart:
//! `cargo run --release -p text-encoder --example throughput -- MODEL FILE [REPEATS]`.

use std::io::{Error, ErrorKind};
use std::time::Instant;
use text_encoder::{Dtype, EncoderOptions, ModelSource, TextEncoder};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, file, rest @ ..] = arguments.as_slice() else {
        return Err(Error::new(ErrorKind::InvalidInput, "usage: throughput MODEL FILE [REPEATS]").into());
    };
    let repeats: usize = rest.first().map_or(Ok(3), |text| text.parse())?;
    let texts = std::fs::read_to_string(file)?;
    let texts: Vec<&str> = texts.lines().collect();

    let mut encoders = Vec::new();
    for dtype in [Dtype::Float32, Dtype::Bfloat16] {
        let start = Instant::now();
        let options = EncoderOptions { dtype: Some(dtype), ..EncoderOptions::default() };
        let encoder = TextEncoder::load(&ModelSource::parse(model)?, &options)?;
        println!("{} in {dtype:?}: loaded in {:.2} s", encoder.info().model, start.elapsed().as_secs_f64());
        encoders.push((dtype, encoder, f64::INFINITY, Default::default()));
    }
    // in turns, so that other load meets both
    for _ in 0..repeats {
        for (dtype, encoder, best, embeddings) in &mut encoders {
            let start = Instant::now();
            *embeddings = encoder.encode(&texts, |_| {})?;
            let seconds = start.elapsed().as_secs_f64();
            *best = best.min(seconds);
            println!(
                "{dtype:?}: {} texts in {seconds:.2} s, {:.1} texts/s",
                texts.len(),
                texts.len() as f64 / seconds
            );
        }
    }
    let [(_, _, float32, exact), (_, _, bfloat16, rounded)] = &encoders[..] else {
        unreachable!("there are two")
    };
    let cosines = exact.outer_iter().zip(rounded.outer_iter()).map(|(a, b)| {
        let length = |v: &ndarray::ArrayView1<'_, f32>| v.dot(v).sqrt();
        a.dot(&b) / (length(&a) * length(&b))
    });
    println!("bfloat16 takes {:.2} of the time of float32", bfloat16 / float32);
    println!(
        "least cosine between the two embeddings of a text: {:.6}",
        cosines.fold(f32::INFINITY, f32::min)
    );
    Ok(())
}
