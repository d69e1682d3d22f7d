//! Phrase banks, and the expansion of their entries.
//!
//! A text may hold `{name}` (an entry of the list `name`, or a fact of the case), `{Name}` (the same with a capital),
//! `{bare name}` (the same without its article), `{n:3-9}` (a number) and `[a|b|c]` (one of the parts, nesting allowed).

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

use crate::rng::Rng;

/// Lists of phrases by name.
pub(super) type Lists = BTreeMap<String, Vec<String>>;

/// The deepest expansion. Beyond it, a list refers to itself.
const DEEPEST: usize = 12;

/// Reads `name: entry | entry` lines; `#` starts a comment line.
///
/// # Errors
/// A line without a colon, or a list given twice.
pub(super) fn lists(text: &str) -> Result<Lists> {
    let mut lists = Lists::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, entries) = line.split_once(": ").with_context(|| format!("no `name: ` in `{line}`"))?;
        let entries = split_bars(entries).into_iter().map(|entry| entry.trim().to_owned()).collect();
        if lists.insert(name.to_owned(), entries).is_some() {
            bail!("list `{name}` is given twice");
        }
    }
    Ok(lists)
}

/// Reads sections: a heading `[name]` on a line of its own, then one entry a line.
///
/// # Errors
/// An entry before the first heading, or a heading given twice.
pub(super) fn sections(text: &str) -> Result<Lists> {
    let mut sections = Lists::new();
    let mut current = None;
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let heading = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Some(name) = heading.filter(|name| !name.contains(['|', '[', '{'])) {
            if sections.insert(name.to_owned(), Vec::new()).is_some() {
                bail!("section `{name}` is given twice");
            }
            current = Some(name.to_owned());
        } else {
            let name =
                current.as_ref().with_context(|| format!("`{line}` stands before the first heading"))?;
            sections.entry(name.clone()).or_default().push(line.to_owned());
        }
    }
    Ok(sections)
}

/// Fills texts from lists. Remembers the entries that a note has used, so that it does not repeat itself.
pub(super) struct Expander<'a> {
    /// Searched in order: facts of the case, then the speciality's lists, then the common ones.
    pub(super) lists: [&'a Lists; 3],
    pub(super) used: Vec<String>,
}

impl Expander<'_> {
    /// Replaces everything in braces and brackets.
    ///
    /// # Errors
    /// A name that no list has, an unbalanced bracket, or a list that refers to itself.
    pub(super) fn expand(&mut self, text: &str, rng: &mut Rng) -> Result<String> {
        self.fill(text, rng, 0).with_context(|| format!("in `{text}`"))
    }

    fn fill(&mut self, text: &str, rng: &mut Rng, depth: usize) -> Result<String> {
        if depth > DEEPEST {
            bail!("`{text}` refers to itself");
        }
        let mut filled = String::new();
        let mut rest = text;
        while let Some(start) = rest.find(['[', '{']) {
            let (before, opened) = rest.split_at(start);
            filled.push_str(before);
            let (inside, after) = if opened.starts_with('[') {
                enclosed(opened, '[', ']').context("unbalanced `[`")?
            } else {
                enclosed(opened, '{', '}').context("unbalanced `{`")?
            };
            if opened.starts_with('[') {
                let parts = split_bars(inside);
                let part = rng.pick(&parts).copied().unwrap_or_default();
                filled.push_str(&self.fill(part, rng, depth + 1)?);
            } else {
                filled.push_str(&self.slot(inside, rng, depth)?);
            }
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn slot(&mut self, slot: &str, rng: &mut Rng, depth: usize) -> Result<String> {
        if let Some(range) = slot.strip_prefix("n:") {
            let (low, high) = range.split_once('-').context("a range is written {n:low-high}")?;
            return Ok(rng.between(low.parse()?, high.parse()?).to_string());
        }
        let (bare, name) = slot.strip_prefix("bare ").map_or((false, slot), |name| (true, name));
        let entry = self.draw(&name.to_lowercase(), rng)?;
        let mut text = self.fill(&entry, rng, depth + 1)?;
        if bare {
            for article in ["a ", "an ", "the "] {
                if let Some(rest) = text.strip_prefix(article) {
                    text = rest.to_owned();
                    break;
                }
            }
        }
        Ok(if name.starts_with(char::is_uppercase) { capitalised(&text) } else { text })
    }

    /// An entry of the list, if possible one that the note does not contain yet.
    fn draw(&mut self, name: &str, rng: &mut Rng) -> Result<String> {
        let list = self
            .lists
            .iter()
            .find_map(|lists| lists.get(name))
            .with_context(|| format!("no list `{name}`"))?;
        let fresh: Vec<&String> = list.iter().filter(|entry| !self.used.contains(entry)).collect();
        let entry = rng
            .pick(&fresh)
            .copied()
            .or_else(|| rng.pick(list))
            .with_context(|| format!("list `{name}` is empty"))?;
        if list.len() > 1 {
            self.used.push(entry.clone());
        }
        Ok(entry.clone())
    }
}

/// The text between the bracket that `text` begins with and its partner, and the rest after it.
fn enclosed(text: &str, open: char, close: char) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        if character == open {
            depth += 1;
        } else if character == close {
            depth -= 1;
            if depth == 0 {
                return Some((&text[open.len_utf8()..at], &text[at + close.len_utf8()..]));
            }
        }
    }
    None
}

/// Splits at the bars outside brackets.
fn split_bars(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(|character| {
        match character {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == '|' && depth == 0
    })
    .collect()
}

/// The text with its first letter capitalised.
pub(super) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn expand(text: &str) -> Result<String> {
        let facts = lists("he: she\nage: 61").unwrap();
        let site = lists("# a comment\nflag: a [hard|firm] lump\nloop: {loop}").unwrap();
        let common = Lists::new();
        let mut expander = Expander { lists: [&facts, &site, &common], used: Vec::new() };
        expander.expand(text, &mut Rng::new(7))
    }

    #[test]
    fn slots_choices_and_numbers_are_filled() {
        assert_eq!(expand("{He} is {age}[.|.]").unwrap(), "She is 61.");
        assert!(["no hard lump", "no firm lump"].contains(&expand("no {bare flag}").unwrap().as_str()));
        assert!((3..=5).contains(&expand("{n:3-5}").unwrap().parse::<u32>().unwrap()));
        assert!(["ac", "ad", "b"].contains(&expand("[a[c|d]|b]").unwrap().as_str()));
    }

    #[test]
    fn mistakes_in_the_banks_are_errors() {
        for wrong in ["{nothing}", "[a|b", "{loop}", "{n:3}"] {
            assert!(expand(wrong).is_err(), "{wrong}");
        }
        assert!(lists("no colon").is_err());
        assert!(sections("entry before heading").is_err());
        assert!(sections("[a]\nx\n[a]\ny").is_err());
    }

    #[test]
    fn a_line_that_begins_with_a_choice_is_no_heading() {
        let read = sections("[a b]\n[Kind|Warm] regards.\n[x|y]\n").unwrap();
        assert_eq!(read["a b"], ["[Kind|Warm] regards.", "[x|y]"]);
    }
}
