//! `tune`: what it chooses is what `estimate` chooses, and its flags say so.

use crate::util::{Dir, table, table_of_three};

/// The plan of the flags that `tune` writes is the plan that `estimate` makes by itself.
fn round_trip(data: String, flags: &str) {
    let dir = Dir::new();
    dir.write("data.csv", data);
    dir.ok(&format!("estimate --features data.csv {flags} --out open.json"));
    let tuned = dir.ok(&format!("tune --features data.csv {flags} --out job.toml --json")).json();
    dir.ok("estimate --features data.csv --job job.toml --out tuned.json");
    let job = String::from_utf8(dir.read("job.toml")).unwrap();
    assert_eq!(dir.plan("tuned.json"), dir.plan("open.json"), "{job}");
    for name in ["head", "max_iter", "learning_rate", "preprocess", "sigmoid_interval", "preset"] {
        assert!(!tuned["job"][name].is_null(), "{name} is not in {tuned}");
    }
}

#[test]
fn two_classes() {
    round_trip(table(120), "");
    round_trip(
        table(120),
        "--preprocess standardize --class-weight balanced --C 2 --max-iter 3 --random-state 5",
    );
}

#[test]
fn several_classes() {
    round_trip(table_of_three(150), "--max-iter 3 --preset n15-l18");
    round_trip(table_of_three(150), "--head softmax --max-iter 2 --n-components 2 --scoring");
    round_trip(table_of_three(150), "--head softmax --softmax-fit in-a-row --max-iter 2 --preset n15-l18");
}

#[test]
fn a_hidden_layer() {
    let flags =
        "--head mlp --hidden-layer-sizes 8 --activation square --max-iter 2 --preset n15-l18 --batch-size 40";
    // eight units need as many features
    let wide = |line: &str| match line.split_once(",b,") {
        Some(_) => "a,b,c,d,e,f,g,label".to_owned(),
        None => {
            let cells: Vec<&str> = line.split(',').collect();
            let [a, b, c, label] = cells[..] else { unreachable!() };
            let [x, y, z] = [a, b, c].map(|cell| cell.parse::<f64>().unwrap());
            let more = [x * x, y * y, z * z, x * y].map(|value| value.to_string());
            [&[a, b, c].map(str::to_owned)[..], &more, &[label.to_owned()]].concat().join(",")
        }
    };
    let data: Vec<String> = table_of_three(120).lines().map(wide).collect();
    round_trip(data.join("\n") + "\n", flags);
}
