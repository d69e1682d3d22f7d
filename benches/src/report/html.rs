//! The report as a self-contained HTML file: style and plots inside, no scripts, no other files.

use super::page::{Block, Figure, Page, Section, Table};
use crate::records::Property;

const STYLE: &str = include_str!("style.css");

/// Renders a page.
pub(crate) fn render(page: &Page) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>{title}</h1>\n<p class=\"lead\">{lead}</p>\n",
        title = escape(&page.title),
        lead = inline(&page.lead),
    );
    out += "<div class=\"tiles\">\n";
    for Property { name, value } in &page.headlines {
        out += &format!("<div class=\"tile\"><b>{}</b><span>{}</span></div>\n", escape(value), escape(name));
    }
    out += "</div>\n<nav>\n";
    for section in &page.sections {
        out += &format!("<a href=\"#{}\">{}</a>\n", anchor(&section.title), escape(&section.title));
    }
    out += "</nav>\n</header>\n<main>\n";
    for section in &page.sections {
        out += &self::section(section);
    }
    out += "</main>\n<footer>\n<dl>\n";
    for Property { name, value } in &page.machine {
        out += &format!("<dt>{}</dt><dd>{}</dd>\n", escape(name), escape(value));
    }
    out + "</dl>\n</footer>\n</body>\n</html>\n"
}

fn section(section: &Section) -> String {
    let title = escape(&section.title);
    let mut out = format!("<section id=\"{}\">\n<h2>{title}</h2>\n", anchor(&section.title));
    for block in &section.blocks {
        out += &match block {
            Block::Text(text) => format!("<p>{}</p>\n", inline(text)),
            Block::Table(table) => self::table(table),
            Block::Figures(figures) => {
                let drawn: String = figures.iter().map(figure).collect();
                format!("<div class=\"figures\">\n{drawn}</div>\n")
            }
            Block::Command(command) => format!("<pre>{}</pre>\n", escape(command)),
        };
    }
    out + "</section>\n"
}

fn figure(figure: &Figure) -> String {
    // the style makes plots scale with the page
    let svg = figure.svg.replacen("<svg ", "<svg role=\"img\" ", 1);
    format!(
        "<figure id=\"figure-{}\">\n{svg}\n<figcaption>{}</figcaption>\n</figure>\n",
        figure.name,
        inline(&figure.caption)
    )
}

fn table(table: &Table) -> String {
    let mut out = String::from("<div class=\"wide\"><table>\n<thead><tr>");
    for name in &table.head {
        out += &format!("<th>{}</th>", escape(name));
    }
    out += "</tr></thead>\n<tbody>\n";
    for row in &table.rows {
        out += "<tr>";
        for cell in row {
            let class = if Table::is_number(cell) { " class=\"n\"" } else { "" };
            out += &format!("<td{class}>{}</td>", inline(cell));
        }
        out += "</tr>\n";
    }
    out + "</tbody>\n</table></div>\n"
}

/// Escapes text and marks `code` between backticks.
fn inline(text: &str) -> String {
    let mut out = String::new();
    for (at, part) in escape(text).split('`').enumerate() {
        out += &if at % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() };
    }
    out
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn anchor(title: &str) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    title.chars().map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_code_is_marked() {
        assert_eq!(inline("a < b & `x<y>`"), "a &lt; b &amp; <code>x&lt;y&gt;</code>");
        assert_eq!(anchor("Where the time goes"), "where-the-time-goes");
    }
}
