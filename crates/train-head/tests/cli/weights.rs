//! Sample weights, and directions that whitening keeps.

use crate::util::{Dir, table};

/// What leaves nothing to cross-validation, whose folds differ.
const FIXED: &str = "--preset n13-l3 --max-iter 1 --sigmoid-degree 3 --preprocess whiten --ridge 1 --solver gd --learning-rate 4 \
     --sigmoid-interval 8 --temperature 1";

/// The table with a column `often` of weights 0 to 3, and the same with its rows as often as the column says.
fn weighted_and_repeated() -> (String, String) {
    let (mut weighted, mut repeated) = (String::new(), String::new());
    for (i, line) in table(90).lines().enumerate() {
        let times = if i % 2 == 0 { 3 } else { (i / 2) % 3 };
        match i {
            0 => {
                weighted += &format!("often,{line}\n");
                repeated += &format!("{line}\n");
            }
            _ => {
                weighted += &format!("{times},{line}\n");
                repeated += &format!("{line}\n").repeat(times);
            }
        }
    }
    (weighted, repeated)
}

/// Probabilities of the samples of `test.csv` by the head in a folder.
fn probabilities(dir: &Dir, head: &str) -> Vec<f64> {
    dir.ok(&format!("predict --head {head} --features test.csv --out p.csv --overwrite"));
    let text = String::from_utf8(dir.read("p.csv")).unwrap();
    text.lines().skip(1).map(|line| line.rsplit(',').nth(1).unwrap().parse().unwrap()).collect()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).fold(0.0, |max: f64, (a, b)| max.max((a - b).abs()))
}

#[test]
fn a_weight_counts_a_sample_as_often_as_it_says() {
    let dir = Dir::new();
    let (weighted, repeated) = weighted_and_repeated();
    dir.write("weighted.csv", &weighted).write("repeated.csv", repeated).write("test.csv", table(40));
    // as two parties: the plan knows the column
    dir.ok(&format!("estimate --features weighted.csv --sample-weight often --out plan.json {FIXED}"));
    dir.ok("keygen --plan plan.json --out keys --no-passphrase");
    dir.ok("encrypt --features weighted.csv --plan plan.json --keys keys --out data.enc");
    dir.ok("train --data data.enc --keys keys/eval --out head.enc");
    dir.ok("decrypt --head head.enc --plan plan.json --keys keys --out head");
    let ours = probabilities(&dir, "head");
    // in one go, with rows in the place of weights; and with neither
    let run = "run --test-features test.csv";
    dir.ok(&format!("{run} --features repeated.csv --out repeated {FIXED}"));
    dir.ok(&format!("{run} --features weighted.csv --sample-weight often --out weighted {FIXED}"));
    dir.ok(&format!("{run} --features weighted.csv --ignore-column often --out even {FIXED}"));
    let error = distance(&ours, &probabilities(&dir, "repeated"));
    assert!(error < 2e-3, "{error}");
    let error = distance(&ours, &probabilities(&dir, "weighted"));
    assert!(error < 2e-3, "{error}");
    let difference = distance(&ours, &probabilities(&dir, "even"));
    assert!(difference > 1e-2, "weights change nothing: {difference}");

    // data without the column
    dir.write("bare.csv", table(89));
    let line = "encrypt --features bare.csv --plan plan.json --keys keys --out x.enc";
    dir.refused(line, 3, &["no column \"often\""]);
}

#[test]
fn weights_of_several_classes() {
    let dir = Dir::new();
    let lines = crate::util::table_of_three(90);
    let data: String = lines
        .lines()
        .enumerate()
        .map(|(i, line)| if i == 0 { format!("{line},w\n") } else { format!("{line},{}\n", 1 + i % 2) })
        .collect();
    dir.write("data.csv", data);
    dir.ok("run --features data.csv --sample-weight w --out out --preset n14-l8 --max-iter 2 --head softmax");
    let report = dir.json("out/report.json");
    assert_eq!(report["features"].as_u64(), Some(3));
    assert!(report["encrypted"]["accuracy"].as_f64().unwrap() > 0.85, "{report}");
    assert!(report["max_weight_error_simulate"].as_f64().unwrap() < 1e-2, "{report}");
}

#[test]
fn weights_that_cannot_be() {
    let dir = Dir::new();
    let with = |weight: &dyn Fn(usize) -> String| -> String {
        let line = |(i, line): (usize, &str)| match i {
            0 => format!("w,{line}\n"),
            _ => format!("{},{line}\n", weight(i)),
        };
        table(40).lines().enumerate().map(line).collect()
    };
    let one = |bad: &'static str| move |i| if i == 7 { bad.to_owned() } else { "1".to_owned() };
    let estimate = "estimate --features data.csv --out plan.json --sample-weight";
    for (bad, message) in [
        ("-1", "row 7 (line 8), column \"w\": -1 is not a number of at least 0"),
        ("NaN", "column \"w\", row 7 (line 8): \"NaN\" is not"),
        ("", "column \"w\", row 7 (line 8): \"\" is not"),
    ] {
        dir.write("data.csv", with(&one(bad)));
        dir.refused(&format!("{estimate} w"), 3, &[message]);
        dir.refused("run --features data.csv --out out --sample-weight w", 3, &[message]);
    }
    dir.write("data.csv", with(&|_| "0".into()));
    dir.refused(&format!("{estimate} w"), 3, &["every weight in column \"w\" is 0"]);
    dir.refused(&format!("{estimate} v"), 3, &["no column \"v\""]);
    // a class that is left with nothing
    dir.write("data.csv", with(&|i| (i % 2).to_string()));
    dir.refused(&format!("{estimate} w"), 3, &["with a weight above 0: training needs at least 8 of each"]);
}

#[test]
fn whitening_keeps_as_many_directions_as_asked() {
    let dir = Dir::new();
    let data: String = table(90)
        .lines()
        .enumerate()
        .map(|(i, line)| match i {
            0 => format!("d,e,f,{line}\n"),
            _ => format!(
                "{:.3},{:.3},{:.3},{line}\n",
                (i as f64).sin(),
                (3.0 * i as f64).sin(),
                (i as f64).cos()
            ),
        })
        .collect();
    dir.write("data.csv", data);
    let features = |flags: &str| {
        dir.ok(&format!("estimate --features data.csv --out plan.json --overwrite {FIXED} {flags}"));
        let arrays = dir.read("plan.safetensors");
        let length = u64::from_le_bytes(arrays[..8].try_into().unwrap()) as usize;
        let header: serde_json::Value = serde_json::from_slice(&arrays[8..8 + length]).unwrap();
        header["matrix"]["shape"][1].as_u64().unwrap()
    };
    assert_eq!(features(""), 6);
    assert_eq!(features("--n-components 3"), 3);
    // a power of two: the constant feature takes no direction's place
    assert_eq!(features("--n-components 4"), 4);
    let line = "estimate --features data.csv --out other.json --n-components";
    dir.refused(&format!("{line} 0"), 2, &["--n-components 0: must be at least 1"]);
    dir.refused(&format!("{line} 2 --preprocess none"), 2, &["--n-components requires --preprocess whiten"]);
}
