//! A document as Markdown, for a pull request or a README.

use super::{Block, Doc, Excerpt, Fault, Item, Level, Meaning, Text, hidden::comment, linked};

/// Prints as Markdown.
pub fn markdown(doc: &Doc) -> String {
    let blocks: Vec<String> = doc.0.iter().map(block).collect();
    blocks.join("\n")
}

pub(super) fn block(block: &Block) -> String {
    match block {
        Block::Title(text) => format!("## {}\n", inline(text)),
        Block::Heading(text) => format!("### {}\n", inline(text)),
        Block::Paragraph(text) => format!("{}\n", inline(text)),
        Block::Code(language, text) => fenced(language, text),
        Block::Table(rows) => table(rows),
        Block::Fault(it) => fault(it),
        Block::Items(items) => items.iter().map(item).collect(),
        Block::Hidden(text) => comment(text),
        Block::Details(title, doc) => {
            let title = title.iter().map(|(_, it)| escaped(it)).collect::<String>();
            format!("<details>\n<summary>{title}</summary>\n\n{}\n</details>\n", markdown(doc))
        }
    }
}

fn item(item: &Item) -> String {
    let cells: Vec<String> = item.cells.iter().map(inline).filter(|it| !it.is_empty()).collect();
    let lines = item.lines.iter().map(|it| format!("  - {}\n", inline(it)));
    format!("- {}\n{}", cells.join(" "), lines.collect::<String>())
}

/// Text that means nothing to Markdown, but for what stands between two backticks.
fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let last = parts.len() - 1;
    let part = |(at, part): (usize, &&str)| {
        if at % 2 == 1 && at < last {
            return code(part);
        }
        let open = if at % 2 == 1 { "\\`" } else { "" };
        let plain: String = part
            .chars()
            .map(|it| match it {
                '\\' | '*' | '[' | ']' | '~' => format!("\\{it}"),
                '<' => "&lt;".to_owned(),
                '>' => "&gt;".to_owned(),
                '&' => "&amp;".to_owned(),
                it => it.to_string(),
            })
            .collect();
        format!("{open}{}", plain.replace('_', "\\_"))
    };
    parts.iter().enumerate().map(part).collect()
}

/// Text inside of HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Text as it is, between more backticks than it has in a row.
fn code(text: &str) -> String {
    let longest = text.split(|it| it != '`').map(str::len).max().unwrap_or_default();
    let ticks = "`".repeat(longest + 1);
    let room = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{ticks}{room}{text}{room}{ticks}")
}

fn inline(text: &Text) -> String {
    text.iter()
        .map(|(meaning, it)| match meaning {
            _ if it.trim().is_empty() => it.clone(),
            Meaning::Plain | Meaning::Aside => prose(it),
            Meaning::Name
            | Meaning::Value
            | Meaning::Added
            | Meaning::Removed
            | Meaning::Changed
            | Meaning::Replaced => code(it),
            Meaning::Warning => format!("**{}**", prose(it)),
            Meaning::Link => {
                let (name, address) = linked(it);
                // What would end the address is not in it.
                format!("[{}]({})", code(name), address.replace('(', "%28").replace(')', "%29"))
            }
        })
        .collect()
}

fn table(rows: &[Vec<Text>]) -> String {
    let mut out = String::new();
    for (at, row) in rows.iter().enumerate() {
        let cells: Vec<String> =
            row.iter().map(|it| inline(it).replace('|', "\\|").replace('\n', " ")).collect();
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
        if at == 0 {
            out.push_str(&format!("|{}\n", "---|".repeat(row.len())));
        }
    }
    out
}

/// A fence longer than any in the text, so that nothing in it ends it.
fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|it| it != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

fn fault(it: &Fault) -> String {
    let kind = match it.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "info",
    };
    let mut out = format!("**{kind}** `{}`: {}\n", it.code, it.message);
    for Excerpt { file, text, first_line, .. } in &it.excerpts {
        out.push_str(&format!("\n`{file}:{first_line}`\n\n{}", fenced("yaml", text)));
    }
    for (kind, note) in &it.notes {
        out.push_str(&format!("\n{kind}: {note}\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_cannot_end_its_table() {
        let cell = |text: &str| vec![(Meaning::Plain, text.to_owned())];
        let doc = Doc(vec![Block::Table(vec![vec![cell("head")], vec![cell("a|b\nc")]])]);
        assert_eq!(markdown(&doc), "| head |\n|---|\n| a\\|b c |\n");
    }

    #[test]
    fn a_value_cannot_end_its_ticks_and_a_title_is_no_html() {
        let text = |meaning, text: &str| vec![(meaning, text.to_owned())];
        let item = Item {
            cells: vec![text(Meaning::Replaced, "±"), text(Meaning::Plain, ""), text(Meaning::Name, "a")],
            lines: vec![text(Meaning::Added, "x`y``z`"), text(Meaning::Warning, "look")],
        };
        let doc =
            Doc(vec![Block::Details(text(Meaning::Plain, "1 < 2"), Doc(vec![Block::Items(vec![item])]))]);
        let expected = "<details>\n<summary>1 &lt; 2</summary>\n\n- `±` `a`\n  - ``` x`y``z` ```\n  - **look**\n\n</details>\n";
        assert_eq!(markdown(&doc), expected);
    }

    #[test]
    fn a_link_cannot_end_its_address() {
        let doc = Doc(vec![Block::Paragraph(vec![super::super::link("a b", "https://x/(y) z")])]);
        assert_eq!(markdown(&doc), "[`a b`](https://x/%28y%29%20z)\n");
    }

    #[test]
    fn code_cannot_end_its_fence() {
        let doc = Doc(vec![Block::Code("yaml", "a\n```\nb\n".to_owned())]);
        assert_eq!(markdown(&doc), "````yaml\na\n```\nb\n````\n");
    }
}
