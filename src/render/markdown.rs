//! A document as Markdown, for a pull request or a README.

use super::{
    Block, Doc, Excerpt, Fault, Item, Level, Meaning, Text, hidden::comment, linked, markup::escaped,
};

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
            // What stands in the line of a tag is HTML, and no Markdown.
            let title = title.iter().map(|(_, it)| escaped(&silent(&flat(it)))).collect::<String>();
            format!("<details>\n<summary>{title}</summary>\n\n{}\n</details>\n", markdown(doc))
        }
    }
}

fn item(item: &Item) -> String {
    let cells: Vec<String> = item.cells.iter().map(inline).filter(|it| !it.is_empty()).collect();
    let lines = item.lines.iter().map(|it| format!("  - {}\n", inline(it)));
    format!("- {}\n{}", cells.join(" "), lines.collect::<String>())
}

/// Text on one line, in the order in which it stands there: what ends a line ends more than that, and what turns the
/// direction of writing makes a review say something else.
fn flat(text: &str) -> String {
    let flat = |it: char| match it {
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        it if it.is_control() || matches!(it, '\u{2028}' | '\u{2029}') => ' ',
        it => it,
    };
    text.chars().map(flat).collect()
}

/// Text that calls nobody and tells no issue of itself, whatever stands in a template.
fn silent(text: &str) -> String {
    /// What neither is seen nor a letter.
    const NOTHING: char = '\u{200b}';
    let mut out = String::new();
    let mut before = ' ';
    for it in text.chars() {
        let is_call = (before == '@' && it.is_ascii_alphanumeric()) || (before == '#' && it.is_ascii_digit());
        out.extend(is_call.then_some(NOTHING));
        out.push(it);
        before = it;
    }
    out
}

/// Text that means nothing to Markdown, but for what stands between two backticks.
fn prose(text: &str) -> String {
    let text = flat(text);
    let parts: Vec<&str> = text.split('`').collect();
    let last = parts.len() - 1;
    let part = |(at, part): (usize, &&str)| {
        if at % 2 == 1 && at < last {
            return code(part);
        }
        let open = if at % 2 == 1 { "\\`" } else { "" };
        let plain: String = silent(part)
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

/// Text as it is, between more backticks than it has in a row.
fn code(text: &str) -> String {
    let text = flat(text);
    let longest = text.split(|it| it != '`').map(str::len).max().unwrap_or_default();
    let ticks = "`".repeat(longest + 1);
    let room = if text.trim() != text || text.starts_with('`') || text.ends_with('`') { " " } else { "" };
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
    let mut out = format!("**{kind}** `{}`: {}\n", it.code, prose(&it.message));
    for Excerpt { file, text, first_line, .. } in &it.excerpts {
        let place = code(&format!("{file}:{first_line}"));
        out.push_str(&format!("\n{place}\n\n{}", fenced("yaml", text)));
    }
    for (kind, note) in &it.notes {
        out.push_str(&format!("\n{kind}: {}\n", prose(note)));
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
    fn text_stays_on_its_line_and_calls_nobody() {
        let cell = |meaning, text: &str| vec![(meaning, text.to_owned())];
        let doc = Doc(vec![
            Block::Paragraph(cell(Meaning::Plain, "a\n# b @octocat #1 `@c` <b> x_y")),
            Block::Paragraph(cell(Meaning::Value, "a\n```\n\u{202e}@d ")),
            Block::Details(cell(Meaning::Plain, "@e x_y\n</details>"), Doc::default()),
        ]);
        let expected = "a # b @\u{200b}octocat #\u{200b}1 `@c` &lt;b&gt; x\\_y\n\n\
            ```` a ``` \u{fffd}@d  ````\n\n\
            <details>\n<summary>@\u{200b}e x_y &lt;/details&gt;</summary>\n\n\n</details>\n";
        assert_eq!(markdown(&doc), expected);
    }

    #[test]
    fn code_cannot_end_its_fence() {
        let doc = Doc(vec![Block::Code("yaml", "a\n```\nb\n".to_owned())]);
        assert_eq!(markdown(&doc), "````yaml\na\n```\nb\n````\n");
    }
}
