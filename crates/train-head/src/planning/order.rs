//! Whether somebody gave the order of the classes.

use crate::args::{HeadKind, Hyper};
use crate::console::Console;
use crate::targets::Vocabulary;
use crate::wording::in_order;

/// Warns where a head of classes in an order takes words by the alphabet, which is rarely the order of what they mean.
pub(super) fn warn(vocabulary: &Vocabulary, hyper: &Hyper, console: &Console) {
    let Vocabulary::Classes(classes) = vocabulary else { return };
    let ordinal = hyper.flags.head == Some(HeadKind::Ordinal);
    // an earlier head brings its own order
    if !ordinal || !hyper.flags.class_order.is_empty() || hyper.warm_start.is_some() {
        return;
    }
    if let Some((text, page)) = by_the_alphabet(classes.names()) {
        console.warn_on_page(text, page);
    }
}

/// The warning for a terminal and for a page; nothing for numbers, whose order is that of their values.
fn by_the_alphabet(names: &[String]) -> Option<(String, String)> {
    let number = |name: &String| name.trim().parse::<f64>().is_ok_and(f64::is_finite);
    if names.iter().all(number) {
        return None;
    }
    let order = in_order(names);
    Some((
        format!(
            "--head ordinal takes the classes by the alphabet: {order}. If that is not their order, give it with --class-order \
             LOWEST,..,HIGHEST"
        ),
        format!(
            "Nobody gave the order of the classes, so it is that of the alphabet: {order}. If that is not their order, every measure on this page \
             is worse than it could be; `--class-order` gives one."
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_warned_about_and_numbers_are_not() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let (text, page) = by_the_alphabet(&names(&["critical", "mild", "moderate"])).unwrap_or_default();
        assert!(text.contains("critical < mild < moderate") && text.contains("--class-order"), "{text}");
        assert!(page.contains("critical < mild < moderate"), "{page}");
        assert_eq!(by_the_alphabet(&names(&["1", "2", "10"])), None);
    }
}
