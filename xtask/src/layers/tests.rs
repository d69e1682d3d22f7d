#![allow(clippy::unwrap_used)]

use std::path::Path;

use super::excess;
use super::graph::Graph;
use super::source::Source;

/// The graph of a crate given as files and their text; the first is the root.
fn graph(files: &[(&str, &str)]) -> Graph {
    let read = |path: &Path| {
        Ok(files.iter().find(|(name, _)| Path::new(name) == path).map(|(_, text)| (*text).into()))
    };
    Graph::new(Source::read(Path::new(files[0].0), &read).unwrap())
}

/// The arrows of all circles.
fn circles(files: &[(&str, &str)]) -> Vec<String> {
    graph(files).circles().into_iter().flat_map(|(_, lines)| lines).collect()
}

#[test]
fn a_circle_is_found_with_the_names_that_tie_it() {
    let found = circles(&[
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::b::{B, self as other}; pub struct A(B, other::Second);"),
        ("b.rs", "pub struct B; pub struct Second; fn f() -> crate::c::C { crate::c::C }"),
        ("c.rs", "pub struct C; fn g() { println!(\"{}\", super::a::A::new(1)); }"),
    ]);
    assert_eq!(found, ["a.rs -> b.rs: B, Second", "b.rs -> c.rs: C", "c.rs -> a.rs: A"]);
}

#[test]
fn an_import_through_a_re_export_counts_for_the_file_that_defines_the_item() {
    let files = [
        ("lib.rs", "mod heads; mod plan; pub use heads::Logistic;"),
        ("heads/mod.rs", "mod logistic; mod softmax; pub use logistic::Logistic; pub use softmax::*;"),
        ("heads/logistic.rs", "use super::Softmax; pub struct Logistic(Softmax);"),
        ("heads/softmax.rs", "pub struct Softmax;"),
        ("plan.rs", "use crate::{Logistic, heads}; struct Plan(Logistic, heads::Softmax);"),
    ];
    assert!(circles(&files).is_empty());
    assert_eq!(graph(&files).longest_chain(), ["plan.rs", "heads/logistic.rs", "heads/softmax.rs"]);
}

#[test]
fn a_parent_that_uses_a_child_which_uses_the_parent_is_a_circle() {
    let child = "use super::Parent; pub fn help(_: Parent) {}";
    let found = circles(&[
        ("lib.rs", "mod parent;"),
        ("parent/mod.rs", "mod child; pub struct Parent; fn f() { child::help(Parent); }"),
        ("parent/child.rs", child),
    ]);
    assert_eq!(found, ["parent/mod.rs -> parent/child.rs: help", "parent/child.rs -> parent/mod.rs: Parent"]);
    let handed_on = [
        ("lib.rs", "mod parent;"),
        ("parent.rs", "mod child; pub(crate) use child::help; pub struct Parent;"),
        ("parent/child.rs", child),
    ];
    assert!(circles(&handed_on).is_empty());
}

#[test]
fn names_from_a_parent_s_own_imports_and_globs_are_followed() {
    let found = circles(&[
        ("lib.rs", "mod a; mod b; use b::B; struct Root(B);"),
        ("a.rs", "use super::*; struct A(B);"),
        ("b.rs", "pub struct B; mod inner { use super::super::a::A; }"),
    ]);
    assert_eq!(found, ["a.rs -> b.rs: B", "b.rs -> a.rs: A"]);
}

#[test]
fn code_for_tests_and_other_crates_do_not_count() {
    let found = circles(&[
        ("lib.rs", "pub use other; mod a; mod b; #[cfg(test)] mod tests;"),
        ("a.rs", "use crate::b::B; use crate::other::A; use rayon::prelude::*; pub struct A(B);"),
        (
            "b.rs",
            "pub struct B; #[cfg(all(test, unix))] use crate::a::A; #[cfg(test)] mod tests { use crate::a::A; }",
        ),
    ]);
    assert!(found.is_empty());
}

#[test]
fn functions_and_modules_may_share_a_name() {
    let found = circles(&[
        ("lib.rs", "mod sigmoid; mod fit;"),
        ("sigmoid/mod.rs", "mod sigmoid; pub use sigmoid::sigmoid;"),
        ("sigmoid/sigmoid.rs", "pub fn sigmoid() { crate::fit::fit() }"),
        ("fit.rs", "#[serde(with = \"crate::sigmoid::sigmoid\")] pub fn fit() {}"),
    ]);
    assert_eq!(found, ["sigmoid/sigmoid.rs -> fit.rs: fit", "fit.rs -> sigmoid/sigmoid.rs: sigmoid"]);
}

#[test]
fn too_many_levels_are_refused_with_the_chain() {
    let names: Vec<String> = (0..10).map(|n| format!("m{n}.rs")).collect();
    let texts: Vec<String> = (1..11).map(|n| format!("use crate::m{}::T; pub struct T;", n.min(9))).collect();
    let root: String = (0..10).map(|n| format!("mod m{n};")).collect();
    let mut files = vec![("lib.rs", root.as_str())];
    files.extend(names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)));
    let found = excess("fhe-head", &graph(&files));
    assert_eq!(found.len(), 1);
    assert!(
        found[0].starts_with("fhe-head: 10 levels of modules instead of 9:\n    m0.rs\n"),
        "{}",
        found[0]
    );
    assert!(excess("ckks", &graph(&files)).is_empty());
}

#[test]
fn a_module_without_a_file_is_an_error() {
    let read = |path: &Path| Ok((path == Path::new("lib.rs")).then(|| "mod gone;".to_owned()));
    let error = Source::read(Path::new("lib.rs"), &read).unwrap_err();
    assert_eq!(error.to_string(), "module gone of lib.rs has no file");
}
