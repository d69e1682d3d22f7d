//! `cargo xtask unsafe`: unsafe code stands in the files that `docs/notes/unsafe.md` explains, and as often as it says there.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use proc_macro2::{TokenStream, TokenTree};

use crate::workspace::{Metadata, root};

const TABLE: &str = "docs/notes/unsafe.md";

/// Compares the sources with the table.
///
/// # Errors
/// A file with unsafe code that the table does not name, or with more or less of it.
pub(crate) fn run() -> Result<()> {
    let explained = explained(&fs::read_to_string(root().join(TABLE)).context(TABLE)?);
    let found = found()?;
    let problems = differences(&explained, &found);
    if !problems.is_empty() {
        bail!("{TABLE} is not what the sources say:\n  {}", problems.join("\n  "));
    }
    println!("unsafe: {} times in {} files, as {TABLE} explains", found.values().sum::<usize>(), found.len());
    Ok(())
}

/// The rows `` | `path` | count | why | ``.
fn explained(text: &str) -> BTreeMap<String, usize> {
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        Some((cells.next()?.trim_end_matches('`').to_owned(), cells.next()?.trim().parse().ok()?))
    };
    text.lines().filter_map(row).collect()
}

/// How often the word `unsafe` stands in each of our sources, where it does.
fn found() -> Result<BTreeMap<String, usize>> {
    let mut counts = BTreeMap::new();
    for package in Metadata::read()?.packages {
        let folder = package.manifest_path.parent().map(Path::to_owned).unwrap_or_default();
        for path in sources(&folder)? {
            let text =
                fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let tokens: TokenStream =
                text.parse().map_err(|error| anyhow::anyhow!("cannot parse {}: {error}", path.display()))?;
            let name = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
            match count(tokens) {
                0 => {}
                times => drop(counts.insert(name, times)),
            }
        }
    }
    Ok(counts)
}

/// All `.rs` files below a folder.
fn sources(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Tokens know what is a comment or a text, and look into macros, which syntax trees do not.
fn count(tokens: TokenStream) -> usize {
    let one = |token: TokenTree| match token {
        TokenTree::Ident(word) => usize::from(word == "unsafe"),
        TokenTree::Group(group) => count(group.stream()),
        _ => 0,
    };
    tokens.into_iter().map(one).sum()
}

fn differences(explained: &BTreeMap<String, usize>, found: &BTreeMap<String, usize>) -> Vec<String> {
    let unexplained =
        found.iter().filter(|(file, times)| explained.get(*file) != Some(times)).map(|(file, times)| {
            match explained.get(file) {
                Some(said) => format!("{file}: {times} times, {said} explained"),
                None => format!("{file}: {times} times, and not in the table"),
            }
        });
    let gone = explained.keys().filter(|file| !found.contains_key(*file));
    unexplained.chain(gone.map(|file| format!("{file}: explained, and has none"))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn words_in_comments_and_texts_do_not_count() {
        let text = "// unsafe\n#[allow(unsafe_code)] fn f() { let t = \"unsafe\"; m!(unsafe { g() }); unsafe { h() } }";
        assert_eq!(count(text.parse().unwrap()), 2);
    }

    #[test]
    fn differences_are_named() {
        let explained =
            explained("| file | times | why |\n|---|---|---|\n| `a.rs` | 2 | x |\n| `b.rs` | 1 | y |\n");
        assert_eq!(explained.len(), 2);
        let found = BTreeMap::from([("a.rs".to_owned(), 3), ("c.rs".to_owned(), 1)]);
        assert_eq!(
            differences(&explained, &found),
            [
                "a.rs: 3 times, 2 explained",
                "c.rs: 1 times, and not in the table",
                "b.rs: explained, and has none"
            ]
        );
    }
}
