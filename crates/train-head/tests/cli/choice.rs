//! Without flags, the program trains what the library's defaults choose. The accuracy benchmarks train the same defaults.

use head_fit::{Classes, Classifier, Data, Kind};
use ndarray::{Array1, Array2};

use crate::util::{Dir, table, table_of_three};

/// The plan that `estimate` writes is the plan of these options.
fn same_choice(text: &str, flags: &str, options: &Classifier) {
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    let label = lines[0].iter().position(|name| *name == "label").unwrap();
    let rows = &lines[1..];
    let features: Vec<usize> = (0..lines[0].len()).filter(|&column| column != label).collect();
    let x =
        Array2::from_shape_fn((rows.len(), features.len()), |(i, j)| rows[i][features[j]].parse().unwrap());
    let labels: Vec<&str> = rows.iter().map(|row| row[label]).collect();
    let y: Array1<f64> = Classes::fit(&labels).unwrap().encode(&labels).unwrap();
    let training = options.prepare(&Data::new(x.view(), y.view()).unwrap(), None).unwrap();

    let dir = Dir::new();
    dir.write("data.csv", text);
    dir.ok(&format!("estimate --features data.csv {flags} --out plan.json"));
    let plan = dir.json("plan.json");
    assert_eq!(plan["options"], serde_json::to_value(&training.options).unwrap());
    assert_eq!(plan["plan"], serde_json::to_value(&training.plan).unwrap());
}

#[test]
fn logistic_regression() {
    same_choice(&table(120), "", &Classifier::default());
    same_choice(&table_of_three(150), "", &Classifier::default());
}

#[test]
fn softmax() {
    same_choice(&table_of_three(150), "--head softmax", &Classifier::new(Kind::softmax()));
}
