//! A document for a terminal, with colours. Who prints it strips them where they are not wanted.

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Element, Group, Level, Renderer, Snippet};
use anstyle::{AnsiColor, Effects, Style};

use super::{Block, Doc, Excerpt, Fault, Item, Meaning, Text, linked};

const HEADING: Style = Style::new().effects(Effects::BOLD);
const NAME: Style = AnsiColor::Cyan.on_default();
const ASIDE: Style = Style::new().effects(Effects::DIMMED);
const ADDED: Style = AnsiColor::Green.on_default();
const REMOVED: Style = AnsiColor::Red.on_default();
const CHANGED: Style = AnsiColor::Yellow.on_default();
const REPLACED: Style = AnsiColor::Magenta.on_default();
const WARNING: Style = AnsiColor::Red.on_default().effects(Effects::BOLD);
/// The widest a line gets.
const WIDTH: usize = 100;
/// The least room the last column of a table has, whatever stands before it.
const NARROWEST: usize = 40;
/// The widest any other column gets.
const WIDEST_CELL: usize = 30;
/// The room between columns.
const GAP: usize = 2;

/// Prints for a terminal.
pub fn terminal(doc: &Doc) -> String {
    let mut out = String::new();
    print(doc, &mut out);
    out
}

fn print(doc: &Doc, out: &mut String) {
    let shown = doc.0.iter().filter(|it| !matches!(it, Block::Hidden(_)));
    for (at, block) in shown.enumerate() {
        if at > 0 {
            out.push('\n');
        }
        match block {
            Block::Title(text) | Block::Heading(text) => {
                writeln!(out, "{HEADING}{}{HEADING:#}", plain(text)).expect("a String takes all writes");
            }
            Block::Paragraph(text) => lines(text, WIDTH).into_iter().for_each(|(line, _)| {
                out.push_str(line.trim_end_matches(' '));
                out.push('\n');
            }),
            Block::Table(rows) => table(rows, out),
            Block::Code(_, text) => text.lines().for_each(|it| {
                out.push_str(if it.is_empty() { "" } else { "    " });
                out.push_str(it);
                out.push('\n');
            }),
            Block::Fault(it) => {
                out.push_str(&fault(it));
                out.push('\n');
            }
            Block::Items(items) => self::items(items, out),
            Block::Hidden(_) => (),
            Block::Details(title, doc) => {
                writeln!(out, "{HEADING}{}{HEADING:#}\n", plain(title)).expect("a String takes all writes");
                print(doc, out);
            }
        }
    }
}

/// Items with their cells in columns, the last of which ends where it ends, and their lines below.
fn items(items: &[Item], out: &mut String) {
    let columns = items.iter().map(|it| it.cells.len()).max().unwrap_or_default();
    let widest = |column: usize| items.iter().filter_map(|it| it.cells.get(column)).map(width).max();
    let widths: Vec<usize> = (0..columns).map(|it| widest(it).unwrap_or_default()).collect();
    for item in items {
        if let [text] = item.cells.iter().filter(|it| width(it) > 0).collect::<Vec<_>>()[..]
            && width(text) > WIDTH
        {
            // What is one sentence goes on below.
            for (line, _) in lines(text, WIDTH) {
                out.push_str(&format!("  {}\n", line.trim_end_matches(' ')));
            }
            print_lines(item, out);
            continue;
        }
        // Room is made only before something, so that no line ends in blanks.
        let mut room = GAP;
        for (cell, width_of_column) in item.cells.iter().zip(&widths).filter(|(_, width)| **width > 0) {
            let used = width(cell);
            if used > 0 {
                out.extend(std::iter::repeat_n(' ', std::mem::take(&mut room)));
                cell.iter().for_each(|(meaning, it)| out.push_str(&paint(*meaning, it)));
            }
            room += width_of_column + GAP - used;
        }
        out.push('\n');
        print_lines(item, out);
    }
}

/// What there is to say of an item, below it.
fn print_lines(item: &Item, out: &mut String) {
    for line in &item.lines {
        out.push_str("       ");
        line.iter().for_each(|(meaning, it)| out.push_str(&paint(*meaning, it)));
        out.push('\n');
    }
}

fn style(meaning: Meaning) -> Style {
    match meaning {
        Meaning::Plain | Meaning::Value | Meaning::Link => Style::new(),
        Meaning::Name => NAME,
        Meaning::Aside => ASIDE,
        Meaning::Added => ADDED,
        Meaning::Removed => REMOVED,
        Meaning::Changed => CHANGED,
        Meaning::Replaced => REPLACED,
        Meaning::Warning => WARNING,
    }
}

fn paint(meaning: Meaning, text: &str) -> String {
    let style = style(meaning);
    let text = if meaning == Meaning::Link { linked(text).0 } else { text };
    // What a file says is no command to the terminal.
    let text = text.replace(|it: char| it.is_control(), "\u{fffd}");
    format!("{style}{text}{style:#}")
}

/// The words of a text, each with its meaning; a name among other words keeps its backticks.
fn words(text: &Text) -> Vec<(Meaning, String)> {
    let is_alone = text.len() == 1;
    text.iter()
        .flat_map(|(meaning, part)| match meaning {
            Meaning::Plain | Meaning::Warning | Meaning::Value | Meaning::Aside => {
                part.split_inclusive(' ').map(|it| (*meaning, it.to_owned())).collect()
            }
            // Where it leads is for those who can follow it.
            Meaning::Link => vec![(Meaning::Plain, linked(part).0.to_owned())],
            Meaning::Name if !is_alone => vec![(*meaning, format!("`{part}`"))],
            Meaning::Name | Meaning::Added | Meaning::Removed | Meaning::Changed | Meaning::Replaced => {
                vec![(*meaning, part.clone())]
            }
        })
        .collect()
}

fn plain(text: &Text) -> String {
    words(text).into_iter().map(|(_, it)| it).collect()
}

fn width(text: &Text) -> usize {
    plain(text).chars().count()
}

/// Breaks text between words into lines of at most `limit` characters, each painted, with its width.
fn lines(text: &Text, limit: usize) -> Vec<(String, usize)> {
    let mut lines = vec![(String::new(), 0)];
    // Only a space ends a word: a comma after a name stays with it.
    let mut may_break = false;
    for (meaning, word) in words(text) {
        let length = word.trim_end().chars().count();
        let (line, column) = lines.last().expect("there is a line");
        if may_break && column + length > limit {
            let trimmed = line.trim_end_matches(' ').to_owned();
            let column = column - (line.len() - trimmed.len());
            *lines.last_mut().expect("there is a line") = (trimmed, column);
            lines.push((String::new(), 0));
        }
        let (line, column) = lines.last_mut().expect("there is a line");
        // Room between words has no colour, so that it can go at the end of a line.
        let shown = word.trim_end_matches(' ');
        line.push_str(&paint(meaning, shown));
        line.push_str(&word[shown.len()..]);
        *column += word.chars().count();
        may_break = word.ends_with(' ');
    }
    lines
}

fn table(rows: &[Vec<Text>], out: &mut String) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let natural =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(width).max().unwrap_or_default();
    // A word wider than its column would push the columns after it out of line.
    let longest = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.flat_map(words).map(|(_, it)| it.trim_end().chars().count()).max().unwrap_or_default()
    };
    let mut widths: Vec<usize> =
        (0..columns).map(|it| natural(it).min(WIDEST_CELL).max(longest(it))).collect();
    if let Some((last, others)) = widths.split_last_mut() {
        let before: usize = others.iter().map(|it| it + GAP).sum();
        *last = WIDTH.saturating_sub(before).max(NARROWEST);
    }
    for row in rows {
        let cells: Vec<Vec<(String, usize)>> =
            row.iter().zip(&widths).map(|(cell, width)| lines(cell, *width)).collect();
        for line in 0..cells.iter().map(Vec::len).max().unwrap_or_default() {
            for (cell, width) in cells.iter().zip(&widths) {
                let (text, used) = cell.get(line).cloned().unwrap_or_default();
                out.push_str(&text);
                out.extend(std::iter::repeat_n(' ', (width + GAP).saturating_sub(used).max(GAP)));
            }
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
        }
    }
}

fn fault(it: &Fault) -> String {
    let level = match it.level {
        super::Level::Error => Level::ERROR,
        super::Level::Warning => Level::WARNING,
        super::Level::Info => Level::INFO,
    };
    let mut group = Group::with_title(level.primary_title(it.message.as_str()).id(it.code));
    for (at, excerpt) in it.excerpts.iter().enumerate() {
        let marks = excerpt.marks.iter().enumerate().map(|(mark, (range, label))| {
            let kind = if at == 0 && mark == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            let annotation = kind.span(range.clone());
            if label.is_empty() { annotation } else { annotation.label(label.as_str()) }
        });
        let snippet = Snippet::source(excerpt.text.as_str())
            .path(excerpt.file.as_str())
            .line_start(excerpt.first_line)
            .annotations(marks);
        group = group.element(Element::from(snippet));
    }
    for (kind, note) in &it.notes {
        let level = if *kind == "help" { Level::HELP } else { Level::NOTE };
        group = group.element(level.message(note.as_str()));
    }
    let mut printed = Renderer::styled().render(&[group]);
    for (at, excerpt) in it.excerpts.iter().enumerate().filter(|(_, it)| it.cut > 0) {
        let (shown, meant) = headings(excerpt, at == 0);
        printed = printed.replacen(&shown, &meant, 1);
    }
    printed
}

/// The heading an excerpt whose first line is cut is printed with, which counts columns from the cut, and the one it is
/// to have.
fn headings(excerpt: &Excerpt, is_chief: bool) -> (String, String) {
    let starts = || excerpt.marks.iter().map(|(range, _)| range.start);
    let named = if is_chief { starts().next() } else { starts().min() };
    let before = &excerpt.text[..named.unwrap_or_default()];
    let (line, start, cut) = match before.rfind('\n') {
        Some(at) => (before.matches('\n').count(), at + 1, 0),
        None => (0, 0, excerpt.cut),
    };
    let column = before[start..].chars().count() + 1;
    let heading = |column: usize| format!("{}:{}:{column}", excerpt.file, excerpt.first_line + line);
    (heading(column), heading(column + cut))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(doc: &Doc) -> String {
        anstream::adapter::strip_str(&terminal(doc)).to_string()
    }

    #[test]
    fn a_table_has_even_columns() {
        let cell = |text: &str| vec![(Meaning::Name, text.to_owned())];
        let doc = Doc(vec![Block::Table(vec![vec![cell("a"), cell("long")], vec![cell("wide"), cell("b")]])]);
        assert_eq!(stripped(&doc), "a     long\nwide  b\n");
    }

    #[test]
    fn items_are_aligned_and_have_lines_below() {
        let text = |meaning, text: &str| vec![(meaning, text.to_owned())];
        let item = |a: &str, b: &str, line: &str| Item {
            cells: vec![text(Meaning::Added, "+"), text(Meaning::Plain, a), text(Meaning::Name, b)],
            lines: vec![text(Meaning::Value, line)],
        };
        let doc = Doc(vec![Block::Details(
            text(Meaning::Plain, "New"),
            Doc(vec![Block::Items(vec![item("a", "x", "one"), item("long", "", "two")])]),
        )]);
        assert_eq!(stripped(&doc), "New\n\n  +  a     x\n       one\n  +  long\n       two\n");
    }

    #[test]
    fn a_word_wider_than_its_column_stands_apart() {
        let cell = |text: &str| vec![(Meaning::Name, text.to_owned())];
        let long = "x".repeat(WIDEST_CELL + GAP);
        let doc = Doc(vec![Block::Table(vec![vec![cell(&long), cell("b")]])]);
        assert_eq!(stripped(&doc), format!("{long}  b\n"));
    }

    #[test]
    fn a_fault_points_into_its_excerpt() {
        let doc = Doc(vec![Block::Fault(Fault {
            level: super::super::Level::Error,
            code: "unknown-property",
            message: "there is no property `cpus` here".to_owned(),
            excerpts: vec![Excerpt {
                file: "asi.yaml".to_owned(),
                text: "    cpus: 256".to_owned(),
                first_line: 7,
                cut: 0,
                marks: vec![(4..8, String::new())],
            }],
            notes: vec![("help", "did you mean `cpu`?".to_owned())],
        })]);
        let expected = "\
error[unknown-property]: there is no property `cpus` here
 --> asi.yaml:7:5
  |
7 |     cpus: 256
  |     ^^^^
  |
  = help: did you mean `cpu`?
";
        assert_eq!(stripped(&doc), expected);
    }

    #[test]
    fn a_column_counts_from_the_beginning_of_a_cut_line() {
        let excerpt = |cut: usize, text: &str, at: usize| Excerpt {
            file: "t.json".to_owned(),
            text: text.to_owned(),
            first_line: 1,
            cut,
            marks: vec![(at..at + 1, String::new())],
        };
        let doc = Doc(vec![Block::Fault(Fault {
            level: super::super::Level::Error,
            code: "E1001",
            message: "wrong".to_owned(),
            excerpts: vec![excerpt(9000, "…ab", 4), excerpt(0, "cd", 1), excerpt(70, "…ef\ngh", 7)],
            notes: Vec::new(),
        })]);
        let printed = stripped(&doc);
        let headings: Vec<_> = printed.lines().filter(|it| it.contains("t.json")).collect();
        assert_eq!(headings, [" --> t.json:1:9003", " ::: t.json:1:2", " ::: t.json:2:2"]);
    }
}
