//! `--threshold`: chosen, kept in the head, and used.

use crate::util::{Dir, FAST, copy_of_finished, table};

/// Predicted and probable classes of a table of predictions must agree at this threshold. Returns the number of positives.
fn positives(dir: &Dir, file: &str, threshold: f64) -> usize {
    let text = String::from_utf8(dir.read(file)).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let place = |name: &str| names.iter().position(|found| *found == name).unwrap();
    let (predicted, probability) = (place("predicted"), place("probability"));
    let mut count = 0;
    for line in lines {
        let fields: Vec<&str> = line.split(',').collect();
        let positive = fields[probability].parse::<f64>().unwrap() > threshold;
        assert_eq!(fields[predicted] == "well", positive, "{line}");
        count += usize::from(positive);
    }
    count
}

#[test]
fn a_threshold_is_kept_in_the_head_and_used_everywhere() {
    let dir = Dir::new();
    dir.write("data.csv", table(300));
    let run = "run --features data.csv --out out --preset n14-l8 --max-iter 1 --sigmoid-degree 3 --validation-fraction 0.3";
    let said = dir.ok(&format!("{run} --threshold specificity=0.97"));
    assert!(said.stdout.contains("chosen for specificity=0.97 on the validation samples"), "{}", said.stdout);
    let kept = dir.json("out/head.json")["threshold"].clone();
    assert_eq!(
        (kept["aim"].as_str(), kept["chosen_on"].as_str()),
        (Some("specificity=0.97"), Some("validation"))
    );
    assert!(kept["specificity"]["value"].as_f64().unwrap() >= 0.97, "{kept}");
    let value = kept["value"].as_f64().unwrap();
    assert!(value.to_string().len() <= 8, "{value} has as many digits as a record's own");
    assert_eq!(dir.json("out/report.json")["threshold"], kept);

    positives(&dir, "out/predictions.csv", value);
    let predicted = dir.ok("predict --head out --features data.csv --out predictions.csv");
    let words = format!("\"well\" above {value} (chosen for specificity=0.97 on the validation samples)");
    assert!(predicted.stdout.contains(&words), "{}", predicted.stdout);
    let called = positives(&dir, "predictions.csv", value);
    let measured = dir.ok("eval --head out --features data.csv --json").json();
    let counts = &measured["clinical"][0]["counts"];
    let of = |name: &str| counts[name].as_u64().unwrap() as usize;
    assert_eq!(of("true_positives") + of("false_positives"), called);
    assert_eq!(measured["clinical"][0]["threshold"].as_f64(), Some(value));
}

/// A table in which every seventh label is the other one, so that thresholds matter.
fn doubtful(rows: usize) -> String {
    let flipped = |(row, line): (usize, &str)| match line.rsplit_once(',') {
        Some((cells, label)) if row % 7 == 3 => {
            format!("{cells},{}\n", if label == "well" { "sick" } else { "well" })
        }
        _ => format!("{line}\n"),
    };
    table(rows).lines().enumerate().map(flipped).collect()
}

#[test]
fn accuracy_is_that_of_what_is_predicted_at_the_threshold() {
    let dir = Dir::new();
    dir.write("data.csv", doubtful(200));
    let said = dir.ok(&format!("run --features data.csv --test-size 0.4 --out out --threshold 0.95 {FAST}"));
    let report = dir.json("out/report.json");
    let counts = &report["clinical"]["encrypted"][0]["counts"];
    let right = counts["true_positives"].as_f64().unwrap() + counts["true_negatives"].as_f64().unwrap();
    let accuracy = right / report["test_samples"].as_f64().unwrap();
    assert!((report["encrypted"]["accuracy"].as_f64().unwrap() - accuracy).abs() < 1e-12, "{report}");
    assert_eq!(report["encrypted"]["confusion"][1][1], counts["true_positives"]);
    let most = report["encrypted"]["most_probable"]["accuracy"].as_f64().unwrap();
    assert!(most > accuracy, "{most} {accuracy}");
    let words = format!(
        "by the most probable class, as cross-validation expects it, the encrypted head has {most:.4}"
    );
    assert!(
        said.stdout.contains("at the threshold of 0.95") && said.stdout.contains(&words),
        "{}",
        said.stdout
    );
    let page = String::from_utf8(dir.read("out/report.html")).unwrap();
    assert!(page.contains("At the threshold of 0.95 the encrypted head is right on"));
    assert!(page.contains("is above 0.95, the threshold that was given"));

    let said = dir.ok("eval --head out --features data.csv");
    let matrix: Vec<Vec<f64>> = said
        .stdout
        .lines()
        .rev()
        .take(2)
        .map(|line| line.split_whitespace().filter_map(|cell| cell.parse().ok()).collect())
        .collect();
    let accuracy = (matrix[0][1] + matrix[1][0]) / 200.0;
    assert!(said.stdout.contains(&format!("accuracy   {accuracy:.4}")), "{accuracy}:\n{}", said.stdout);
    // areas have one line, with their interval
    assert_eq!(said.stdout.matches("AUROC").count(), 1, "{}", said.stdout);
}

#[test]
fn eval_chooses_a_threshold_and_keeps_it_if_asked() {
    let dir = copy_of_finished();
    let before = dir.read("head/head.json");
    let said = dir.ok("eval --head head --features table.csv --threshold 0.7");
    assert!(said.stdout.contains("above a probability of 0.7"), "{}", said.stdout);
    assert_eq!(dir.read("head/head.json"), before);
    dir.ok("eval --head head --features table.csv --threshold cost=5:1 --save-threshold");
    let kept = dir.json("head/head.json")["threshold"].clone();
    assert_eq!(kept["chosen_on"].as_str(), Some("evaluation"));
    dir.ok("predict --head head --features table.csv --out predictions.csv");
    positives(&dir, "predictions.csv", kept["value"].as_f64().unwrap());
}

#[test]
fn aims_that_say_nothing_are_refused() {
    let dir = Dir::new();
    dir.write("data.csv", table(60));
    for aim in ["best", "sensitivity=95", "cost=10", "1.5"] {
        let line = format!("run --features data.csv --out out {FAST} --threshold {aim}");
        dir.refused(&line, 2, &["--threshold", "sensitivity=SHARE"]);
    }
    dir.refused("eval --head x --features data.csv --save-threshold", 2, &["--threshold"]);
}

#[test]
fn without_validation_samples_the_training_samples_choose_with_a_warning() {
    let dir = Dir::new();
    dir.write("data.csv", table(120));
    let said = dir.ok(&format!("run --features data.csv --out out {FAST} --threshold youden"));
    assert!(said.stderr.contains("chosen on the training samples"), "{}", said.stderr);
    assert_eq!(dir.json("out/head.json")["threshold"]["chosen_on"].as_str(), Some("training"));
}
