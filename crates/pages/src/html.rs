//! Pages as self-contained HTML files.

use crate::page::{Block, Figure, Matrix, Page, Property, Section, Table};
use crate::plots::escape;
use crate::style;

/// Renders a page.
pub fn render(page: &Page) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n\
         <header>\n<h1>{title}</h1>\n<p class=\"lead\">{lead}</p>\n",
        title = escape(&page.title),
        style = style::sheet(),
        lead = inline(&page.lead),
    );
    out += &page.notice.as_deref().map(notice).unwrap_or_default();
    if !page.headlines.is_empty() {
        out += TILES;
        for Property { name, value } in &page.headlines {
            out +=
                &format!("<div class=\"tile\"><b>{}</b><span>{}</span></div>\n", inline(value), inline(name));
        }
        out += "</div>\n";
    }
    out += "<nav aria-label=\"Sections\">\n";
    for section in &page.sections {
        out += &format!("<a href=\"#{}\">{}</a>\n", anchor(&section.title), escape(&section.title));
    }
    out += "</nav>\n</header>\n<main>\n";
    for section in &page.sections {
        out += &self::section(section);
    }
    out += "</main>\n<footer>\n";
    if !page.footer.is_empty() {
        out += &definitions(&page.footer);
    }
    out + "</footer>\n</body>\n</html>\n"
}

/// The sections of a page that [`render`] made, with the figures at its head, as elements without a page around them. Nothing if it is
/// no such page.
pub fn sections(page: &str) -> Option<String> {
    let (head, rest) = page.split_once("<main>\n")?;
    let (sections, _) = rest.split_once("</main>\n")?;
    let tiles = head.split_once(TILES).and_then(|(_, rest)| rest.split_once("</div>\n<nav"));
    let tiles = tiles.map(|(tiles, _)| format!("{TILES}{tiles}</div>\n")).unwrap_or_default();
    Some(format!("{tiles}{sections}"))
}

/// How the figures at the head of a page begin.
const TILES: &str = "<div class=\"tiles\">\n";

fn section(section: &Section) -> String {
    let title = escape(&section.title);
    let mut out = format!("<section id=\"{}\">\n<h2>{title}</h2>\n", anchor(&section.title));
    for block in &section.blocks {
        out += &match block {
            Block::Text(text) => format!("<p>{}</p>\n", inline(text)),
            Block::Heading(text) => format!("<h3>{}</h3>\n", inline(text)),
            Block::Notice(text) => notice(text),
            Block::List(items) => {
                let items: String = items.iter().map(|item| format!("<li>{}</li>\n", inline(item))).collect();
                format!("<ul>\n{items}</ul>\n")
            }
            Block::Definitions(properties) => definitions(properties),
            Block::Table(table) => self::table(table),
            Block::Matrix(matrix) => self::matrix(matrix),
            Block::Figures(figures) => {
                let drawn: String = figures.iter().map(figure).collect();
                // four side by side leave the last alone on most screens
                let pairs = if figures.len() == 4 { " pairs" } else { "" };
                format!("<div class=\"figures{pairs}\">\n{drawn}</div>\n")
            }
            Block::Command(command) => format!("<pre>{}</pre>\n", escape(command)),
        };
    }
    out + "</section>\n"
}

fn notice(text: &str) -> String {
    format!("<p class=\"notice\">{}</p>\n", inline(text))
}

fn definitions(properties: &[Property]) -> String {
    let mut out = String::from("<dl>\n");
    for Property { name, value } in properties {
        out += &format!("<dt>{}</dt><dd>{}</dd>\n", inline(name), inline(value));
    }
    out + "</dl>\n"
}

fn figure(figure: &Figure) -> String {
    let label = escape(&figure.caption.replace('`', ""));
    let svg = figure.plot.svg.replacen("<svg ", &format!("<svg role=\"img\" aria-label=\"{label}\" "), 1);
    let class = if figure.plot.wide { "large" } else { "small" };
    // what scrolls can be reached by the keyboard
    let scrolls = if figure.plot.wide { " tabindex=\"0\"" } else { "" };
    format!(
        "<figure id=\"figure-{}\" class=\"{class}\">\n<div class=\"plot\"{scrolls}>\n{svg}\n</div>\n<figcaption>{}</figcaption>\n</figure>\n",
        anchor(&figure.name),
        inline(&figure.caption)
    )
}

/// Characters of a cell from which it is text rather than a name.
const LONG: usize = 24;

/// Columns from which a table is set closer, so that it fits most screens.
const MANY: usize = 8;

fn table(table: &Table) -> String {
    let numbers = |column: usize| {
        let mut cells =
            table.rows.iter().filter_map(|row| row.get(column)).filter(|cell| !cell.is_empty()).peekable();
        cells.peek().is_some() && cells.all(|cell| Table::is_number(cell))
    };
    let class = |cell: &str| match Table::is_number(cell) {
        true => " class=\"n\"",
        // keeps its width on narrow screens, where a word a line would be a column of words
        false if cell.chars().count() > LONG => " class=\"t\"",
        false => "",
    };
    let class_of_table = match table.head.len() {
        many if many >= MANY => " class=\"dense\"",
        // on narrow screens its cells wrap, so that the last column is seen, too
        few if (0..few).all(|column| !numbers(column)) => " class=\"words\"",
        _ => "",
    };
    let mut out = format!("<div class=\"wide\" tabindex=\"0\"><table{class_of_table}>\n<thead><tr>");
    for (column, name) in table.head.iter().enumerate() {
        let number = if numbers(column) { " class=\"n\"" } else { "" };
        out += &format!("<th scope=\"col\"{number}>{}</th>", inline(name));
    }
    out += "</tr></thead>\n<tbody>\n";
    for row in &table.rows {
        out += "<tr>";
        for cell in row {
            out += &format!("<td{}>{}</td>", class(cell), inline(cell));
        }
        out += "</tr>\n";
    }
    out + "</tbody>\n</table></div>\n"
}

fn matrix(matrix: &Matrix) -> String {
    let mut out = format!(
        "<div class=\"wide\" tabindex=\"0\"><table class=\"matrix\">\n<caption>{}</caption>\n<thead><tr><th>true \u{2193} / predicted \u{2192}</th>",
        inline(&matrix.caption)
    );
    for class in &matrix.classes {
        out += &format!("<th scope=\"col\">{}</th>", escape(class));
    }
    out += "</tr></thead>\n<tbody>\n";
    for (row, (class, counts)) in matrix.classes.iter().zip(&matrix.counts).enumerate() {
        out += &format!("<tr><th scope=\"row\">{}</th>", escape(class));
        let samples = counts.iter().sum::<u64>().max(1) as f64;
        for (column, &count) in counts.iter().enumerate() {
            let (class, share) = (if row == column { "hit" } else { "miss" }, count as f64 / samples);
            // a class, not a style: pages with a strict policy allow no styles of single elements
            let shade = (share * f64::from(style::SHADES)).round();
            out += &format!("<td class=\"{class} s{shade}\">{count}</td>");
        }
        out += "</tr>\n";
    }
    out + "</tbody>\n</table></div>\n"
}

/// Characters of code up to which it stays on one line, even on narrow screens.
const SHORT_CODE: usize = 36;

/// Escapes text and marks `code` between backticks. A percent sign stays with its number, and a line break is one.
fn inline(text: &str) -> String {
    let text = escape(text).replace(" %", "\u{a0}%").replace('\n', "<br>");
    let parts: Vec<String> = text.split('`').map(str::to_owned).collect();
    // a backtick without its other one is text
    let paired = parts.len() - (parts.len() + 1) % 2;
    let mut out = String::new();
    for (at, part) in parts.iter().enumerate() {
        out += &match at {
            // a flag is not broken behind its dashes
            odd if odd % 2 == 1 && odd < paired && part.chars().count() <= SHORT_CODE => {
                format!("<code class=\"k\">{part}</code>")
            }
            odd if odd % 2 == 1 && odd < paired => format!("<code>{part}</code>"),
            last if last >= paired => format!("`{part}"),
            _ => part.clone(),
        };
    }
    out
}

fn anchor(title: &str) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    title.chars().map(word).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::plots::{self, Colour, Labels, Look, Series};

    #[test]
    fn text_is_escaped_and_code_is_marked() {
        assert_eq!(inline("a < b & `x<y>`"), "a &lt; b &amp; <code class=\"k\">x&lt;y&gt;</code>");
        assert_eq!(inline("one ` only"), "one ` only");
        assert_eq!(inline("5 %\n(4 to 6)"), "5\u{a0}%<br>(4 to 6)");
        assert_eq!(inline("`a` and `b"), "<code class=\"k\">a</code> and `b");
        let long = "x".repeat(64);
        assert_eq!(inline(&format!("`{long}`")), format!("<code>{long}</code>"));
        assert_eq!(anchor("Where the time goes"), "where-the-time-goes");
    }

    #[test]
    fn tables_of_words_wrap_and_wide_ones_are_set_closer() {
        let made = |columns: usize, cell: &str| {
            let mut one = Table::new(&vec!["head"; columns]);
            one.push(vec![cell; columns]);
            table(&one)
        };
        assert!(made(3, "never").contains("<table class=\"words\">"));
        assert!(made(3, "12").contains("<table>"));
        assert!(made(9, "12").contains("<table class=\"dense\">"));
    }

    /// Every name that comes from data is escaped, wherever it stands; nothing is loaded from elsewhere.
    #[test]
    fn a_page_of_hostile_names_stays_a_page() {
        let evil = "<script src=\"http://x\">'&";
        let point = |name: &str| Series {
            name: name.into(),
            colour: Colour::Blue,
            points: vec![(0.0, 1.0), (1.0, f64::NAN)],
            intervals: Vec::new(),
            look: Look::Marked,
        };
        let plot = plots::lines(&Labels { title: evil, x: evil, y: evil }, &[point(evil)]);
        let mut table = Table::new(&[evil]);
        table.push([evil]);
        let counts = vec![vec![3, 1], vec![0, 0]];
        let blocks = vec![
            Block::Text(evil.into()),
            Block::Heading(evil.into()),
            Block::Notice(evil.into()),
            Block::List(vec![evil.into()]),
            Block::Definitions(vec![Property::new(evil, evil)]),
            Block::Table(table),
            Block::Matrix(Matrix { caption: evil.into(), classes: vec![evil.into(), "b".into()], counts }),
            Block::Figures(vec![Figure { name: evil.into(), caption: evil.into(), plot }]),
            Block::Command(evil.into()),
        ];
        let page = render(&Page {
            title: evil.into(),
            lead: evil.into(),
            notice: Some(evil.into()),
            headlines: vec![Property::new(evil, evil)],
            sections: vec![Section { title: evil.into(), blocks }],
            footer: vec![Property::new(evil, evil)],
        });
        for outside in ["<script", "src=\"", "@import", "url(", "NaN"] {
            assert!(!page.contains(outside), "{outside}");
        }
        let taken = sections(&page).unwrap();
        assert!(taken.starts_with(TILES) && taken.ends_with("</section>\n") && !taken.contains("<nav"));
        assert_eq!(sections("<main>"), None);
        assert!(page.contains("class=\"hit s15\"") && page.contains("prefers-color-scheme: dark"));
    }
}
