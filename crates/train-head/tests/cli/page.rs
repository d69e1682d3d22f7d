//! `report.html`: what it shows, and what it must not.

use std::path::PathBuf;

use crate::util::{Dir, FAST, copy_of_finished, table, table_of_three};

/// Elements that have no end.
const EMPTY: [&str; 3] = ["meta", "link", "br"];

/// Checks that every element is ended in its order, and returns how many there are.
fn balanced(page: &str) -> usize {
    let (mut open, mut count): (Vec<&str>, _) = (Vec::new(), 0);
    // the style sheet holds no element
    let (head, rest) = page.split_once("<style>").unwrap();
    let (_, body) = rest.split_once("</style>").unwrap();
    for tag in [head, body].iter().flat_map(|part| part.split('<').skip(1)) {
        let (tag, text) = tag.split_once('>').unwrap_or_else(|| panic!("an open tag: {tag}"));
        assert!(!text.contains('>'), "an unescaped sign in {text:?}");
        if tag.starts_with('!') || tag.ends_with('/') {
            continue;
        }
        let name = tag.trim_start_matches('/').split_whitespace().next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "</{name}>");
        } else if !EMPTY.contains(&name) {
            open.push(name);
            count += 1;
        }
    }
    assert!(open.is_empty(), "{open:?}");
    count
}

/// The page of a run, checked for what every such page must have and must not have.
fn page(dir: &Dir, file: &str) -> String {
    let page = any_page(dir, file);
    for plot in ["roc", "precision-recall", "calibration"] {
        assert!(page.contains(&format!("id=\"figure-{plot}\"")), "{plot}");
    }
    // one point is no curve
    let iterations = dir.json(&file.replace(".html", ".json"))["iterations"].as_u64().unwrap();
    assert_eq!(page.contains("id=\"figure-learning\""), iterations > 1);
    for section in ["Result", "Curves", "Data", "Method", "Who could see what", "Limits", "Model card"] {
        assert!(page.contains(&format!("<h2>{section}</h2>")), "{section}");
    }
    assert!(page.contains("128 bits"));
    page
}

/// A page, checked for what every page must have and must not have.
fn any_page(dir: &Dir, file: &str) -> String {
    let page = String::from_utf8(dir.read(file)).unwrap();
    assert!(balanced(&page) > 100);
    for outside in ["<script", "src=", "@import", "url(", "javascript:", "<iframe", "<object", "onload"] {
        assert!(!page.contains(outside), "{outside}");
    }
    for link in page.split("href=\"").skip(1) {
        assert!(link.starts_with('#') || link.starts_with("data:,"), "{}", &link[..20]);
    }
    let with_address = page.matches("http").count();
    assert_eq!(with_address, page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count());
    for words in ["a head that is private, as secret as the key", "prefers-color-scheme: dark"] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("NaN") && !page.contains("null"));
    page
}

/// Numbers with four decimals or more, as they stand for single records in tables and predictions.
fn long_numbers(csv: &str) -> Vec<&str> {
    let fields = csv.split(['\n', ',']);
    fields.filter(|field| field.split_once('.').is_some_and(|(_, decimals)| decimals.len() >= 4)).collect()
}

#[test]
fn the_page_shows_nothing_of_a_single_record() {
    let dir = Dir::new();
    let data = table(200).replace("a,b,c,label", "canary_a,canary_b,canary_c,label");
    dir.write("canary.csv", &data);
    dir.ok(&format!("run --features canary.csv --label-column label --test-size 0.4 --out out {FAST}"));
    let page = page(&dir, "out/report.html");
    assert!(!page.contains("canary"), "a name of a feature or file");
    assert!(page.contains("<h2>Warnings</h2>") && page.contains("The secret key lies unencrypted"));
    let predictions = String::from_utf8(dir.read("out/predictions.csv")).unwrap();
    let (values, scores) = (long_numbers(&data), long_numbers(&predictions));
    assert!(values.len() > 500 && scores.len() > 80, "{} {}", values.len(), scores.len());
    for number in values.iter().chain(&scores) {
        assert!(!page.contains(number), "{number}");
    }

    let report = dir.json("out/report.json");
    let curves = &report["curves"]["encrypted"][0];
    let (positives, negatives) = (40.0, 40.0);
    let records: Vec<f64> = curves["roc"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| point[0].as_f64().unwrap() * negatives + point[1].as_f64().unwrap() * positives)
        .collect();
    assert!(records.len() > 3);
    assert!(records.windows(2).all(|pair| pair[1] - pair[0] > 9.99), "{records:?}");
    for bin in report["calibration"]["encrypted"][0]["bins"].as_array().unwrap() {
        assert!(bin["samples"].as_u64().unwrap() >= 10);
    }
    let clinical = &report["clinical"]["encrypted"][0];
    for measure in ["sensitivity", "specificity", "ppv", "npv", "auroc", "auprc"] {
        let [value, low, high] =
            ["value", "low", "high"].map(|field| clinical[measure][field].as_f64().unwrap());
        assert!(low <= value && value <= high && low < high, "{measure}: {value} {low} {high}");
    }
    assert_eq!(report["learning_curve"].as_array().map(Vec::len), Some(1));
    assert_eq!(report["threshold"], serde_json::Value::Null);
}

#[test]
fn the_page_shows_no_text() {
    let encoder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/all-MiniLM-L6-v2"));
    assert!(encoder.join("model.safetensors").exists(), "run `cargo xtask fetch-model`");
    let dir = Dir::new();
    let (mut notes, kinds) = ("id,text,label\n".to_owned(), ["well, no hydronephrosis", "ill, a new mass"]);
    for i in 0..60 {
        notes += &format!("canary-{i},\"Canary Smith is {}, room {i}\",{}\n", kinds[i % 2], i % 2);
    }
    dir.write("notes.csv", notes);
    dir.ok(&format!(
        "run --input notes.csv --text-column text --label-column label --model-id {} --out out --preset n14-l8 --max-iter 2",
        encoder.display()
    ));
    let page = page(&dir, "out/report.html").to_lowercase();
    let words = ["canary", "smith", "hydronephrosis", "new mass", "room 1", "minilm", "notes.csv"];
    for word in words {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("embedding of a frozen encoder"));
}

#[test]
fn three_classes_each_against_the_rest() {
    let dir = Dir::new();
    dir.write("data.csv", table_of_three(120));
    let said = dir.ok("run --features data.csv --out out --preset n14-l8 --max-iter 2 --test-size 0.4");
    assert!(said.stdout.contains("each class against the rest"), "{}", said.stdout);
    let page = page(&dir, "out/report.html");
    assert!(page.contains("Encrypted training: label (ill, unsure or well)") && page.contains("unsure"));
    let report = dir.json("out/report.json");
    assert_eq!(report["clinical"]["encrypted"].as_array().map(Vec::len), Some(3));
    dir.refused(
        "run --features data.csv --out other --threshold youden",
        2,
        &["needs two classes", "the most probable"],
    );
}

/// What was warned about stands on the page, without the column that it was about.
#[test]
fn warnings_are_on_the_page_without_names() {
    let dir = Dir::new();
    let (mut leaky, mut rows) = ("a,b,canary,label\n".to_owned(), 0);
    for line in table(400).lines().skip(1) {
        let [a, b, _, label] = line.split(',').collect::<Vec<_>>()[..] else { panic!() };
        // a result that was entered with the diagnosis, and fewer than one sample in ten are sick
        let told = if label == "sick" { 3.71 } else { -3.71 } + f64::from(rows % 7) / 10.0;
        if label == "well" || rows % 20 < 2 {
            leaky += &format!("{a},{b},{told},{label}\n");
        }
        rows += 1;
    }
    dir.write("leaky.csv", leaky);
    let line = format!("run --features leaky.csv --test-size 0.4 --out out --threshold youden {FAST}");
    let said = dir.ok(&line);
    assert!(said.stderr.contains("\"canary\" alone predicts the label"), "{}", said.stderr);
    let page = any_page(&dir, "out/report.html");
    for words in [
        "One column of the table predicts the label almost alone",
        "The secret key lies unencrypted",
        "The threshold was chosen on the training samples",
        "The classes are not equally frequent",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("canary") && !page.contains("3.71"));
    let warnings = dir.json("out/report.json")["warnings"].to_string();
    assert!(warnings.contains("not equally frequent"), "{warnings}");
    assert!(warnings.contains("almost alone") && !warnings.contains("canary"), "{warnings}");
}

/// Counts below ten stand in the table of the data as in the confusion matrix, and the limits say so.
#[test]
fn counts_of_classes_are_the_same_everywhere() {
    let dir = Dir::new();
    dir.write("data.csv", table(60));
    dir.ok(&format!("run --features data.csv --test-size 0.25 --out out {FAST}"));
    let page = page(&dir, "out/report.html");
    let counts = &dir.json("out/report.json")["test_class_counts"];
    let [sick, well] = [0, 1].map(|class| counts[class].as_u64().unwrap());
    assert!(sick < 10 || well < 10, "{counts}");
    for count in [sick, well] {
        assert!(page.contains(&format!("<td class=\"n\">{count}</td>")), "{count}");
    }
    assert!(!page.contains("fewer than 10") && page.contains("disclosure rules of the house"));
    assert!(page.contains("\u{2013} stands for a measure that these samples leave undefined"));
}

/// The published head is its plain twin, which has neither a column nor a row of its own.
#[test]
fn a_published_page_shows_its_head_once() {
    let dir = Dir::new();
    dir.write("data.csv", table(160));
    dir.ok(&format!("run --features data.csv --out out --publish public --test-size 0.4 {FAST}"));
    let page = String::from_utf8(dir.read("public/report.html")).unwrap();
    assert_eq!(page.matches("the same steps in plain, exact arithmetic").count(), 1);
    assert!(page.contains("<td class=\"t\">published head: the same steps in plain, exact arithmetic</td>"));
    assert!(!page.contains(">plain training<"), "the twin beside itself");
    let private = String::from_utf8(dir.read("out/report.html")).unwrap();
    assert!(private.contains(">plain training<") && private.contains(">encrypted head<"));
}

#[test]
fn eval_writes_a_page_of_its_own() {
    let dir = copy_of_finished();
    let (mut far, mut same) = ("a,b,c,label\n".to_owned(), true);
    for line in table(80).lines().skip(1) {
        let [a, b, c, label] = line.split(',').collect::<Vec<_>>()[..] else { panic!() };
        // one value far outside the range of the training, and one filled in
        far += &format!("{},{b},{c},{label}\n", if same { "777123" } else { a });
        same = false;
    }
    dir.write("canary.csv", far);
    let line = "eval --head head --features canary.csv --report page.html";
    let said = dir.ok(&format!("{line} --threshold youden --save-threshold --json")).json();
    assert_eq!(said["report"], "page.html");
    let page = any_page(&dir, "page.html");
    for words in [
        "Evaluation: label (well against sick)",
        "<h2>Warnings</h2>",
        "outside the range of the training samples",
        "The threshold was chosen on these samples",
        "id=\"figure-roc\"",
        "id=\"figure-calibration\"",
        "Confusion matrix: head, samples",
        "<h2>Limits</h2>",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("plain training") && !page.contains("777123") && !page.contains("canary"));
    for number in long_numbers(&table(80)) {
        assert!(!page.contains(number), "{number}");
    }
    dir.refused(line, 2, &["--report page.html: the file exists already"]);

    // the same samples again are recognised by what the kept threshold achieves on them, others are not
    let said = dir.ok(&format!("{line} --overwrite"));
    assert!(said.stderr.contains("the threshold was chosen on these samples"), "{}", said.stderr);
    dir.write("other.csv", table(120));
    let said = dir.ok("eval --head head --features other.csv");
    assert!(!said.stderr.contains("optimistic"), "{}", said.stderr);
}
