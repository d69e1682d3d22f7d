//! Three hospitals train one head at 128-bit parameters, in one process: what it costs, and what it brings.
//!
//! ```sh
//! cargo run --release -p head-joint --example three_hospitals                # 384 features, 650 samples each
//! cargo run --release -p head-joint --example three_hospitals -- 10 16384    # 10 features, 16384 samples each
//! cargo run --release -p head-joint --example three_hospitals -- 10 16384 10 # ten folds of them, each a session of its own
//! ```

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::Instant;

use fhe_head::ckks::presets;
use fhe_head::{Functions, Scheme};
use head_fit::{Classifier, Data};
use head_joint::{Choices, Comparison, Terms, fit};
use ndarray::{Array1, Array2, Axis};

fn main() -> head_joint::Result<()> {
    let mut numbers = std::env::args().skip(1).map(|word| {
        word.parse::<usize>().map_err(|_| head_joint::Error::Data(format!("{word:?} is no number")))
    });
    let features = numbers.next().unwrap_or(Ok(384))?;
    let samples = numbers.next().unwrap_or(Ok(650))?;
    let folds = numbers.next().transpose()?;
    let (sizes, shares) = ([samples; 3], [0.5, 0.3, 0.65]);
    let scheme = Scheme::new(presets::joint(3)?);
    let (public_x, public_y) = common::patients(1, 700, features, 0.5);
    let public = Data::new(public_x.view(), public_y.view())?;
    let begun = Instant::now();
    let training = Classifier::default().prepare_on(&scheme, &public, None)?;
    println!("method chosen on public samples in {:.1} s", begun.elapsed().as_secs_f64());
    if let Some(folds) = folds {
        return cross_validate(&training, &sizes, &shares, folds);
    }
    for bits in [30, 40] {
        let terms = Terms::new(&training, &sizes, Choices { bits, ..Choices::default() })?;
        let plan = terms.plan();
        let noise = terms.weight_noise()?;
        println!(
            "{bits} bits: {} iterations, {} keys, {} blocks, upload of all {} MB, noise of a weight {noise:.1e}",
            plan.job.iterations(),
            plan.sizes.keys,
            plan.job.packing().blocks(),
            plan.sizes.upload_bytes >> 20,
        );
        let hospitals: Vec<_> = (0..3)
            .map(|party| common::patients(10 + party as u64, sizes[party], features, shares[party]))
            .collect();
        let data =
            hospitals.iter().map(|(x, y)| Data::new(x.view(), y.view())).collect::<Result<Vec<_>, _>>()?;
        let begun = Instant::now();
        let fitted = fit(&terms, &data)?;
        println!("  all parties in this process: {:.1} s", begun.elapsed().as_secs_f64());
        let plain = terms.model(&terms.plain_twin(&data, Functions::Exact)?)?;
        for (party, own) in data.iter().enumerate() {
            let (x, y) = common::patients(50 + party as u64, 2000, features, shares[party]);
            let labels: Vec<usize> = y.iter().map(|&y| y as usize).collect();
            let alone = Classifier::default().prepare(own, None)?.plain_model()?;
            let joint = fitted.model.predict(&x.view())?;
            let against = Comparison::new(&labels, &joint, &alone.predict(&x.view())?);
            let union = Comparison::new(&labels, &joint, &plain.predict(&x.view())?);
            println!(
                "  hospital {party}: alone {:.3}, joint {:.3} (difference {:.3} to {:.3}, p = {:.1e}), union in the clear {:.3}",
                against.alone,
                against.joint,
                against.interval[0],
                against.interval[1],
                against.p_value,
                union.alone
            );
        }
    }
    Ok(())
}

/// Trains on all but one of `folds` parts of each hospital's samples and tests on that, for each part: keys, encryption, training and
/// decryption of all parties, with 40 bits of flooding.
fn cross_validate(
    training: &head_fit::Training,
    sizes: &[usize; 3],
    shares: &[f64; 3],
    folds: usize,
) -> head_joint::Result<()> {
    let features = training.map.inputs();
    let hospitals: Vec<_> = (0..3)
        .map(|party| common::patients(10 + party as u64, sizes[party], features, shares[party]))
        .collect();
    let (mut right, mut tested) = (0, 0);
    let begun = Instant::now();
    for fold in 0..folds {
        let part = |held_out: bool| {
            let of = |(x, y): &(Array2<f64>, Array1<f64>)| {
                let rows: Vec<usize> = (0..y.len()).filter(|row| (row % folds == fold) == held_out).collect();
                (x.select(Axis(0), &rows), y.select(Axis(0), &rows))
            };
            hospitals.iter().map(of).collect::<Vec<_>>()
        };
        let (trained, held_out) = (part(false), part(true));
        let rows: Vec<usize> = trained.iter().map(|(_, y)| y.len()).collect();
        let terms = Terms::new(training, &rows, Choices::default())?;
        let data =
            trained.iter().map(|(x, y)| Data::new(x.view(), y.view())).collect::<Result<Vec<_>, _>>()?;
        let model = fit(&terms, &data)?.model;
        for (x, y) in &held_out {
            let predicted = model.predict(&x.view())?;
            right += predicted.iter().zip(y).filter(|(p, y)| **p as f64 == **y).count();
            tested += y.len();
        }
    }
    println!(
        "{folds} folds of {} x {features}: {:.1} s; accuracy {:.4}",
        sizes.iter().sum::<usize>(),
        begun.elapsed().as_secs_f64(),
        right as f64 / tested as f64
    );
    Ok(())
}
