//! Whole recipes: fitted, stored, applied.

#![allow(clippy::unwrap_used)]

use ndarray::array;
use proptest::prelude::*;

use super::super::overrides::{Impute, Overrides};
use super::super::stored::Reason;
use super::*;
use crate::kinds::Kind;

/// Forty rows of a ward: `id, age, smoker, site, admitted, label`.
fn ward() -> Table {
    let rows: Vec<Vec<String>> = (0..40)
        .map(|i| {
            let age = if i % 4 == 0 { String::new() } else { format!("{},5", 30 + i) };
            let site = ["north", "south", "east"][if i < 36 { i % 2 } else { 2 }];
            let smoker = if i % 3 == 0 { "yes" } else { "no" };
            let admitted = format!("{:02}.02.2024", 1 + i % 28);
            vec![format!("P{i:03}"), age, smoker.into(), site.into(), admitted, (i % 2).to_string()]
        })
        .collect();
    Table::from_rows("ward.csv", &["id", "age", "smoker", "site", "admitted", "label"], &rows).unwrap()
}

fn fit(table: &Table) -> Recipe {
    Recipe::fit(table, None, &["label"], &Overrides::default()).unwrap()
}

/// The kind of a column, and why it gives no features if it gives none.
fn treatment(recipe: &Recipe, name: &str) -> (Kind, Option<Reason>) {
    let column = recipe.columns().iter().find(|column| column.name == name).unwrap();
    let reason = match &column.treatment {
        Treatment::LeftOut { reason, .. } => Some(reason.clone()),
        _ => None,
    };
    (column.kind(), reason)
}

#[test]
fn a_table_becomes_features() {
    let recipe = fit(&ward());
    assert_eq!(
        recipe.feature_names(),
        ["age", "age missing", "smoker=yes", "site=north", "site=south", "admitted (days)"]
            .map(str::to_owned)
    );
    assert_eq!(recipe.inputs(), ["age", "smoker", "site", "admitted"]);
    assert_eq!(recipe.identifiers(), ["id"]);
    assert_eq!(treatment(&recipe, "id").0, Kind::Identifier);
    assert!(!recipe.is_identity());
    let x = recipe.apply(&ward()).unwrap().x;
    assert_eq!(x.row(0).to_vec(), [50.5, 1.0, 1.0, 1.0, 0.0, 0.0]);
    assert_eq!(x.row(1).to_vec(), [31.5, 0.0, 0.0, 0.0, 1.0, 1.0]);
    assert_eq!(x.row(39).to_vec(), [69.5, 0.0, 1.0, 0.0, 0.0, 11.0]);
}

#[test]
fn a_recipe_is_stored_and_read_back() {
    let recipe = fit(&ward());
    let text = serde_json::to_string(&recipe).unwrap();
    let back: Recipe = serde_json::from_str(&text).unwrap();
    assert_eq!(back, recipe);
    assert_eq!(back.apply(&ward()).unwrap(), recipe.apply(&ward()).unwrap());
}

#[test]
fn figures_come_from_the_training_rows_alone() {
    let rows: Vec<usize> = (0..20).collect();
    let recipe = Recipe::fit(&ward(), Some(&rows), &["label"], &Overrides::default()).unwrap();
    let x = recipe.apply(&ward()).unwrap();
    // The median of 31.5, 32.5, 33.5, 35.5, ... 49.5 without every fourth.
    assert_eq!(x.x[(0, 0)], 40.5);
    let said: Vec<String> = x.notes();
    assert!(
        said.iter().any(|note| note.contains("column \"age\": 15 of 40 values lie outside the range")),
        "{said:?}"
    );
    assert!(said.iter().any(|note| note.contains("such as \"east\"")), "{said:?}");
}

#[test]
fn new_rows_may_have_new_levels_and_gaps_but_no_other_notation() {
    let recipe = fit(&ward());
    let names = ["admitted", "extra", "site", "smoker", "age"];
    let table = |cells: [&str; 5]| Table::from_rows("new.csv", &names, &[cells.to_vec()]).unwrap();
    let applied = recipe.apply(&table(["01.03.2024", "?", "west", "", "50"])).unwrap();
    assert_eq!(applied.x, array![[50.0, 0.0, 0.0, 0.0, 0.0, 29.0]]);
    assert_eq!(applied.notes().len(), 3, "{:?}", applied.notes());
    let said = applied.notes().join("\n");
    assert!(said.contains("such as \"west\"; they count as "), "{said}");
    let refused = recipe.apply(&table(["2024-03-01", "", "west", "maybe", "50.5"])).unwrap_err().to_string();
    for part in [
        "3 columns cannot",
        "\"50.5\" is not a number (numbers must be written as in training, like 1234,5)",
        "\"maybe\" is neither yes nor no",
        "\"2024-03-01\" is not a date",
    ] {
        assert!(refused.contains(part), "{refused}");
    }
    let lacking = Table::from_rows("new.csv", &["Age"], &[vec!["50"]]).unwrap();
    let refused = recipe.apply(&lacking).unwrap_err().to_string();
    assert!(
        refused.contains(
            "column \"age\": the table has no such column, and the model needs it (did you mean \"Age\"?)"
        ),
        "{refused}"
    );
    assert!(refused.contains("column \"site\""), "{refused}");
}

#[test]
fn a_column_outside_the_training_range_is_asked_about() {
    let table = |to: fn(usize) -> String| {
        let rows: Vec<Vec<String>> = (0..40).map(|i| vec![to(i), "2024-01-01".into()]).collect();
        Table::from_rows("t", &["height", "seen"], &rows).unwrap()
    };
    let recipe = fit_all(&table(|i| format!("1.{}", 500 + i * 7)));
    let said = recipe.apply(&table(|i| format!("{}", 150 + i))).unwrap().notes();
    assert_eq!(
        said,
        [
            "column \"height\": all 40 values lie outside the range of the training rows (1.5 to 1.773): are they in another unit, or do they name rows?"
        ]
    );
    let one = Table::from_rows("t", &["height"], &[vec!["150"]]).unwrap();
    assert!(recipe.apply(&one).unwrap().notes()[0].contains("1 of 1 values lie outside"));
    let text = Table::from_rows("t", &["height"], &[vec!["seen by Dr Jones today"]]).unwrap();
    let refused = recipe.apply(&text).unwrap_err().to_string();
    assert!(refused.contains("row 1: a text of 22 characters is not a number"), "{refused}");
}

#[test]
fn all_problems_come_at_once() {
    let rows: Vec<Vec<&str>> = vec![
        vec!["79 kg", "1", "2024-01-01"],
        vec!["80 kg", "x", "2024-01-32"],
        vec!["81 kg", "2", "2024-01-03"],
    ];
    let table = Table::from_rows("t.csv", &["weight", "n", "day"], &rows).unwrap();
    let error = Recipe::fit(&table, None, &[], &Overrides::default()).unwrap_err().to_string();
    for part in ["3 columns", "\"weight\", row 1", "\"n\", row 2", "\"day\", row 2"] {
        assert!(error.contains(part), "{error}");
    }
    let (recipe, _) = Recipe::looked_at(&table, None, &[], &Overrides::default());
    assert_eq!(
        ["weight", "n", "day"].map(|name| treatment(&recipe, name).0),
        [Kind::Numeric, Kind::Numeric, Kind::Date]
    );
    assert_eq!(treatment(&recipe, "n").1, Some(Reason::Unusable));
}

#[test]
fn overrides_decide() {
    let wish = |overrides: Overrides| Recipe::fit(&ward(), None, &["label"], &overrides);
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let recipe = wish(Overrides { drop: names(&["age"]), month: true, ..Overrides::default() }).unwrap();
    assert_eq!(treatment(&recipe, "age").1, Some(Reason::Asked));
    assert_eq!(recipe.features(), 3 + 1 + 12);
    let error = wish(Overrides { drop: names(&["agee"]), ..Overrides::default() }).unwrap_err();
    assert!(error.to_string().contains("no column \"agee\" (asked for by --drop)"), "{error}");
    assert_eq!(error.help().unwrap(), "did you mean \"age\"?");
    let both = Overrides { drop: names(&["age"]), numeric: names(&["age"]), ..Overrides::default() };
    assert!(wish(both).unwrap_err().to_string().contains("both --drop and --numeric"));
    let refuse = Overrides { impute: Impute::Refuse, ..Overrides::default() };
    assert!(wish(refuse).unwrap_err().to_string().contains("column \"age\": 10 of 40 values are missing"));
}

#[test]
fn plain_numbers_stay_as_they_are() {
    let rows: Vec<Vec<String>> = (0..30).map(|i| vec![format!("{}.5", i * i), (i % 2).to_string()]).collect();
    let table = Table::from_rows("t", &["a", "b"], &rows).unwrap();
    let recipe = Recipe::fit(&table, None, &[], &Overrides::default()).unwrap();
    assert!(recipe.is_identity());
    assert_eq!(recipe.feature_names(), table.names());
    let refuse = Overrides { impute: Impute::Refuse, ..Overrides::default() };
    let strict = Recipe::fit(&table, None, &[], &refuse).unwrap();
    assert_eq!(strict.apply(&table).unwrap().x, recipe.apply(&table).unwrap().x);
    let gap = Table::from_rows("t", &["a", "b"], &[vec!["", "1"]]).unwrap();
    assert!(strict.apply(&gap).unwrap_err().to_string().contains("the value is missing"));
}

#[test]
fn many_levels_are_capped_and_rare_ones_grouped() {
    let cell = |i: usize| if i < 1200 { format!("l{}", i % 60) } else { format!("rare {}", i % 7) };
    let rows: Vec<Vec<String>> = (0..1207).map(|i| vec![cell(i)]).collect();
    let table = Table::from_rows("t", &["x"], &rows).unwrap();
    let recipe = Recipe::fit(&table, None, &[], &Overrides::default()).unwrap();
    assert_eq!(recipe.features(), 51);
    let applied = recipe.apply(&table).unwrap();
    assert!(applied.columns.is_empty(), "{:?}", applied.columns);
    assert_eq!(applied.x.row(1206)[50], 1.0);
    assert!(applied.x.sum_axis(ndarray::Axis(1)).iter().all(|sum| *sum == 1.0));
}

#[test]
fn names_of_features_are_unique() {
    let rows: Vec<Vec<String>> = (0..40)
        .map(|i| vec![if i % 3 == 0 { String::new() } else { format!("{i}.5") }, format!("{}.25", i % 7)])
        .collect();
    let table = Table::from_rows("t", &["age", "age missing"], &rows).unwrap();
    assert_eq!(fit_all(&table).feature_names(), ["age", "age missing", "age missing (2)"]);
}

fn fit_all(table: &Table) -> Recipe {
    Recipe::fit(table, None, &[], &Overrides::default()).unwrap()
}

#[test]
fn the_description_has_a_line_for_each_column() {
    let text = fit(&ward()).describe().to_string();
    assert_eq!(text.lines().filter(|line| !line.starts_with("note")).count(), 6, "{text}");
    for part in [
        "left out: names rows (its name says so)",
        "31.5 to 69.5",
        "missing as 50.5 with an indicator",
        "\"north\", \"south\", 1 rare",
        "2024-02-01 to 2024-02-28",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn hostile_recipes_are_refused() {
    let good = serde_json::to_string(&fit(&ward())).unwrap();
    for (from, to) in [
        ("\"rows\":40", "\"rows\":3"),
        ("\"name\":\"site\"", "\"name\":\"age\""),
        ("\"fill\":\"north\"", "\"fill\":\"moon\""),
        ("\"yes\":\"yes\"", "\"yes\":\"perhaps\""),
        ("\"levels\":[\"north\"", "\"levels\":[\"south\""),
        ("\"low\":31.5", "\"low\":3e300"),
        ("\"low\":31.5", "\"low\":-2e150"),
        ("\"high\":69.5", "\"high\":1e308"),
        ("\"fill\":50.5", "\"fill\":1e308"),
        ("\"rows\":40", "\"rows\":9223372036854775808"),
        ("\"first\":", "\"first\":1e300,\"last\":"),
        ("\"rows\":", "\"more\":1,\"rows\":"),
    ] {
        assert!(good.contains(from), "{from} {good}");
        assert!(serde_json::from_str::<Recipe>(&good.replacen(from, to, 1)).is_err(), "{to}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    /// A recipe with numbers and words changed anywhere is refused, or applies without a panic.
    #[test]
    fn no_recipe_makes_it_panic(at in 0_usize..4000, to in "[0-9a-z\"{}\\[\\],:.e-]{0,3}", length in 0_usize..4) {
        let good = serde_json::to_string(&fit(&ward())).unwrap();
        let at = at % good.len();
        let end = (at + length).min(good.len());
        let text = format!("{}{to}{}", &good[..at], &good[end..]);
        if let Ok(recipe) = serde_json::from_str::<Recipe>(&text) {
            if let Ok(applied) = recipe.apply(&ward()) {
                prop_assert!(applied.x.iter().all(|value| value.is_finite()));
            }
            let _ = recipe.describe().to_string();
        }
    }
}

/// One feature tells two levels apart: a third one is neither.
#[test]
fn an_unknown_level_of_two_is_halfway_between_them() {
    let rows: Vec<Vec<&str>> = (0..40)
        .map(|i| vec![if i % 2 == 0 { "f" } else { "m" }, if i % 3 == 0 { "1" } else { "2" }])
        .collect();
    let recipe = fit(&Table::from_rows("t.csv", &["sex", "label"], &rows).unwrap());
    let new = Table::from_rows("new.csv", &["sex"], &[vec!["f"], vec!["x"], vec!["m"]]);
    let applied = recipe.apply(&new.unwrap()).unwrap();
    let sex = applied.x.column(0).to_vec();
    assert!(sex[1] == 0.5 && sex[0] + sex[2] == 1.0, "{sex:?}");
    assert!(applied.notes()[0].contains("halfway between the two"), "{:?}", applied.notes());
}
