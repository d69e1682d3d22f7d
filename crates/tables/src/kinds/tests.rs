//! Kinds of whole columns.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::kinds::Observed;
use crate::table::Table;
use crate::value::date::Order;
use crate::value::number::Notation;

fn finding(name: &str, cells: &[String], wish: Wish, evidence: Evidence) -> Finding {
    let rows: Vec<Vec<&str>> = cells.iter().map(|cell| vec!["x", cell]).collect();
    let table = Table::from_rows("t", &["first", name], &rows).unwrap();
    let observed = Observed::new(&table, 1, None);
    find(&Column { table: &table, at: 1, observed: &observed }, wish, Hints { evidence, day_first: None })
}

fn of(name: &str, cells: &[&str]) -> Finding {
    let cells: Vec<String> = cells.iter().map(|&cell| cell.to_owned()).collect();
    finding(name, &cells, Wish::None, Evidence::default())
}

/// `count` cells, made from their position.
fn made(name: &str, count: usize, make: impl Fn(usize) -> String) -> Finding {
    let cells: Vec<String> = (0..count).map(make).collect();
    finding(name, &cells, Wish::None, Evidence::default())
}

fn problem(finding: &Finding) -> String {
    finding.problem.as_ref().unwrap().to_string()
}

#[test]
fn numbers_in_one_notation() {
    for (cells, notation) in [
        (&["1", "2.5", "", "."][..], Notation::Plain),
        (&["79,0", "81,25", "NA"], Notation::DecimalComma),
        (&["1,234.5", "7"], Notation::CommaThousands),
        (&["1.234,5", "7"], Notation::DotThousands),
        (&["1 234", "2 345,5"], Notation::SpaceThousandsDecimalComma),
        (&["1'234.5", "7"], Notation::ApostropheThousands),
        (&["0", "1"], Notation::Plain),
    ] {
        let found = of("x", cells);
        assert_eq!(found.content, Content::Numeric(notation), "{cells:?}");
        assert_eq!(found.problem, None, "{cells:?}");
    }
}

#[test]
fn marks_that_mean_two_things_are_resolved_by_other_columns_or_named() {
    let cells: Vec<String> = ["1,234", "2,500", "7"].map(str::to_owned).to_vec();
    let with = |evidence| finding("x", &cells, Wish::None, evidence);
    assert!(problem(&with(Evidence::default())).contains("\"1,234\" may be 1.234 or 1234"));
    assert_eq!(with(Evidence::asked(true)).content, Content::Numeric(Notation::DecimalComma));
    assert_eq!(with(Evidence::asked(false)).content, Content::Numeric(Notation::CommaThousands));
    let dotted: Vec<String> = ["1.234", "12.500"].map(str::to_owned).to_vec();
    let with = |evidence| finding("x", &dotted, Wish::None, evidence).content;
    assert_eq!(with(Evidence::default()), Content::Numeric(Notation::Plain));
    assert_eq!(with(Evidence::asked(true)), Content::Numeric(Notation::DotThousands));
    assert!(problem(&of("x", &["1.5", "1,5"])).contains("other decimal or thousands marks"));
}

#[test]
fn numbers_with_something_around_them_are_refused_by_name() {
    let units = problem(&of("weight", &["79 kg", "81 kg", "90"]));
    assert!(units.contains("\"79 kg\" is a number with a unit (\"kg\"), as in 2 of 3 cells"), "{units}");
    assert!(units.contains("--categorical weight"), "{units}");
    assert!(problem(&of("x", &["<0.5", "1", "2"])).contains("with a comparison (\"<\")"));
    assert!(problem(&of("x", &["12%", "13%"])).contains("(\"%\")"));
    assert!(
        problem(&of("x", &["1", "2", "unknown"])).contains("row 3: \"unknown\" is not a number, but most")
    );
    assert!(problem(&of("x", &["1", "2", "-inf"])).contains("-inf is not a finite number"));
    assert!(problem(&of("x", &["1", "1e200"])).contains("larger than any measurement"));
    assert!(problem(&of("x", &["1", "1e999"])).contains("beyond the range"));
    assert_eq!(of("age", &["<30", "30-60", ">60", "<30"]).content, Content::Category);
}

#[test]
fn numbers_in_patterns_are_refused_by_name() {
    for (make, what) in [
        ((|i| format!("{},{:02},456", 1 + i % 9, 23 + i)) as fn(usize) -> String, "lakh"),
        (|i| format!("{}-{}", i, i * 7), "a range"),
        (|i| format!("0x{i:X}F"), "hexadecimal"),
        (|i| format!("2024-W{:02}", 1 + i % 52), "a week"),
        (|i| format!("{}h{:02}", 1 + i % 9, i), "hours and minutes"),
        (|i| if i % 3 == 0 { format!("{i}") } else { format!("{i}-") }, "its sign behind it"),
        (|i| if i % 3 == 0 { format!("{i}") } else { format!("({i})") }, "in parentheses"),
        (|i| if i % 3 == 0 { format!("({i})") } else { format!("{i}") }, "in parentheses"),
        (|i| ["٤٢", "٤"][i % 2].repeat(1 + i / 2), "other digits"),
        (|i| format!("USD {i}"), "(\"USD\")"),
    ] {
        let found = made("x", 40, make);
        assert!(found.problem.is_some(), "{what}: {found:?}");
        assert!(problem(&found).contains(what), "{}", problem(&found));
    }
    assert!(!problem(&made("x", 40, |i| format!("{}-{i}", 90 + i))).contains("90-0"));
    assert_eq!(made("age", 40, |i| format!("{}0-{}9", i % 9, i % 9)).content, Content::Category);
    assert_eq!(
        made("month", 40, |i| format!("2024-{:02}", i % 12 + 1)).content,
        Content::Date(Order::YearMonthDay)
    );
    assert_eq!(made("x", 40, |i| format!("ward {}", i % 3)).content, Content::Category);
}

#[test]
fn identifiers_are_recognised_and_measurements_kept() {
    let identifier = |found: Finding| matches!(found.content, Content::Identifier(_));
    let scattered = |i: usize| (i * 7919 % 10_007).to_string();
    assert!(identifier(made("patient_id", 50, scattered)));
    assert!(identifier(made("nr", 50, scattered)));
    assert!(identifier(made("patient_id", 60, |i| (i % 12).to_string())));
    assert!(identifier(made("id", 60, |i| if i % 9 == 0 { format!("A{i}") } else { i.to_string() })));
    assert!(identifier(made("x", 50, |i| i.to_string())));
    assert!(!identifier(made("rank", 50, |i| (i * 7 % 50 + 1).to_string())));
    assert!(made("rank", 50, |i| (i * 7 % 50 + 1).to_string()).notes.is_empty());
    let shuffled = made("passenger", 50, |i| (i * 7 % 50 + 100).to_string());
    assert_eq!(shuffled.content, Content::Numeric(Notation::Plain));
    assert!(shuffled.notes[0].contains("may name rows; --drop passenger"), "{:?}", shuffled.notes);
    assert!(identifier(made("row", 50, |i| (i * 7 % 50 + 1).to_string())));
    assert!(identifier(made("x", 50, |i| format!("P{i:04}"))));
    assert!(identifier(made("x", 50, |i| (9_007_199_254_740_993_u64 + i as u64 * 3).to_string())));
    assert!(identifier(made("x", 15, |i| format!("+49301234{:03}", i * 37))));
    assert!(identifier(made("x", 15, |i| format!("+49 30 / 1234-{:03}", i * 37))));
    assert!(!identifier(made("platelets", 50, scattered)));
    assert!(!identifier(made("body_mass_index", 50, scattered)));
    assert!(!identifier(made("x", 50, |i| format!("{i}.5"))));
    assert!(!identifier(made("x", 4, |i| i.to_string())));
    let decimals = |i: usize| format!("{}.{}", i % 13, i % 7 + 1);
    for name in ["pid_error", "age at accession", "sunspots SSN", "case id count", "id"] {
        assert_eq!(made(name, 60, decimals).content, Content::Numeric(Notation::Plain), "{name}");
    }
    for name in ["age at accession", "sunspots SSN", "study visit id count"] {
        assert_eq!(
            made(name, 60, |i| (i % 25).to_string()).content,
            Content::Numeric(Notation::Plain),
            "{name}"
        );
    }
    assert_eq!(made("ward_id", 600, |i| (i % 60).to_string()).content, Content::Category);
    assert_eq!(made("id", 60, |i| (i % 2).to_string()).content, Content::Category);
    assert_eq!(made("site_id", 50, |i| (i % 4).to_string()).content, Content::Category);
    assert_eq!(made("zip", 50, |i| format!("0{}", 1000 + i % 5)).content, Content::Category);
}

#[test]
fn dates_in_one_order() {
    for (cells, order) in [
        (&["2024-01-31", "2024-02-01"][..], Order::YearMonthDay),
        (&["31.01.2024", "01.02.2024"], Order::DayMonthYear),
        (&["01.02.2024", "03.04.2024"], Order::DayMonthYear),
        (&["01/02/2024", "31/01/2024", ""], Order::DayMonthYear),
        (&["01/02/2024", "01/31/2024"], Order::MonthDayYear),
        (&["31-Jan-2024", "01-Feb-2024"], Order::DayNameYear),
    ] {
        let found = of("x", cells);
        assert_eq!(found.content, Content::Date(order), "{cells:?}");
        assert_eq!(found.problem, None, "{cells:?}");
    }
    assert!(problem(&of("x", &["01/02/2024", "03/04/2024"])).contains("day and month or month and day"));
    assert!(
        problem(&of("x", &["2024-01-31", "2024-02-30"]))
            .contains("row 2: \"2024-02-30\": there is no such day")
    );
    assert!(problem(&of("x", &["31.01.24", "01.02.24"])).contains("two digits"));
    assert!(
        problem(&of("x", &["2024-01-31", "2024-01-30", "31.01.2024"])).contains("is a date like 31.03.2024")
    );
    assert!(problem(&of("x", &["2024-01-31", "2024-01-30", "later"])).contains("\"later\" is not a date"));
    assert!(
        problem(&of("x", &["2024-01-31", "2024-01-30", "2h52"])).contains("\"2h52\" is not a date, but most")
    );
    let compact = made("x", 20, |i| format!("202401{:02}", 10 + i % 15));
    assert_eq!(compact.content, Content::Date(Order::YearMonthDay));
    assert_eq!(
        made("x", 20, |i| (20_240_110 + i * 91).to_string()).content,
        Content::Numeric(Notation::Plain)
    );
}

#[test]
fn words_are_levels_or_text() {
    assert_eq!(of("x", &["Yes", "no", "no"]).content, Content::Boolean { yes: "yes", no: "no" });
    assert_eq!(of("x", &["m", "f", "f"]).content, Content::Category);
    assert_eq!(of("x", &["a", "a", "NA"]).content, Content::Constant);
    assert_eq!(of("x", &["", "NA"]).content, Content::Empty);
    let text = made("note", 30, |i| format!("the patient number {i} came in with a cough"));
    assert!(problem(&text).contains("free text (9 words a cell"), "{}", problem(&text));
    assert!(!problem(&text).contains("cough"), "{}", problem(&text));
    let pressure = made("rr", 30, |i| format!("{}/{}", 100 + i, 60 + i % 20));
    assert!(
        problem(&pressure).contains("\"100/60\" holds several numbers, as 30 of 30"),
        "{}",
        problem(&pressure)
    );
    assert_eq!(made("grade", 30, |i| format!("{}/3", i % 3 + 1)).content, Content::Category);
    assert!(
        of("x", &["None", "drug", "surgery"]).notes[0].starts_with("\"None\" in 1 row is taken as a missing")
    );
    assert!(of("x", &["NA", "DE", "FR"]).notes[0].starts_with("\"NA\" in 1 row is taken as a missing"));
    assert!(of("x", &["NA", "north", "south"]).notes.is_empty());
    assert!(of("x", &["F", "f", "m"]).notes[0].contains("two levels"));
    let marked = made("x", 40, |i| if i % 2 == 0 { "x".to_owned() } else { String::new() });
    assert_eq!(marked.content, Content::Category);
}

#[test]
fn wishes_come_first() {
    let cells: Vec<String> = (0..50).map(|i| i.to_string()).collect();
    let with = |wish| finding("id", &cells, wish, Evidence::default()).content;
    assert_eq!(with(Wish::Numeric), Content::Numeric(Notation::Plain));
    assert_eq!(with(Wish::Categorical), Content::Category);
    let words = ["a".to_owned(), "1".to_owned()];
    assert!(
        problem(&finding("x", &words, Wish::Numeric, Evidence::default())).contains("\"a\" is not a number")
    );
}

#[test]
fn marks_for_missing_values_are_pointed_out() {
    let found = made("x", 40, |i| if i % 10 == 0 { "-999".to_owned() } else { format!("{}.5", i) });
    assert!(found.notes[0].contains("-999 in 4 rows lies apart"), "{:?}", found.notes);
    assert!(made("x", 40, |i| format!("{}.5", i)).notes.is_empty());
}
