//! A document as Markdown, for a pull request or a README.

use super::{Block, Doc, Excerpt, Fault, Level, Meaning, Text};

/// Prints as Markdown.
pub fn markdown(doc: &Doc) -> String {
    let blocks: Vec<String> = doc.0.iter().map(block).collect();
    blocks.join("\n")
}

fn block(block: &Block) -> String {
    match block {
        Block::Heading(text) => format!("### {}\n", inline(text)),
        Block::Paragraph(text) => format!("{}\n", inline(text)),
        Block::Code(language, text) => fenced(language, text),
        Block::Table(rows) => table(rows),
        Block::Fault(it) => fault(it),
    }
}

fn inline(text: &Text) -> String {
    text.iter()
        .map(|(meaning, it)| match meaning {
            Meaning::Plain | Meaning::Aside => it.clone(),
            Meaning::Name => format!("`{it}`"),
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
    fn code_cannot_end_its_fence() {
        let doc = Doc(vec![Block::Code("yaml", "a\n```\nb\n".to_owned())]);
        assert_eq!(markdown(&doc), "````yaml\na\n```\nb\n````\n");
    }
}
