//! A document as HTML: the inside of a page, of which nothing but our own tags is markup.

use super::{Block, Doc, Excerpt, Fault, Item, Level, Meaning, Text, linked, markup::escaped};

/// Prints as HTML.
pub fn html(doc: &Doc) -> String {
    doc.0.iter().map(block).collect()
}

fn block(block: &Block) -> String {
    match block {
        Block::Title(text) => format!("<h2>{}</h2>\n", inline(text)),
        Block::Heading(text) => format!("<h3>{}</h3>\n", inline(text)),
        Block::Paragraph(text) => format!("<p>{}</p>\n", inline(text)),
        Block::Code("diff", text) => diff(text),
        Block::Code(_, text) => format!("<pre>{}</pre>\n", escaped(text)),
        Block::Table(rows) => table(rows),
        Block::Fault(it) => fault(it),
        Block::Items(items) => {
            format!("<ul class=\"items\">\n{}</ul>\n", items.iter().map(item).collect::<String>())
        }
        // What would end it is not in it.
        Block::Hidden(text) => format!("<!-- {} -->\n", text.replace("--", "- -").replace(['<', '>'], "")),
        Block::Details(title, doc) => {
            format!("<details>\n<summary>{}</summary>\n{}</details>\n", inline(title), html(doc))
        }
    }
}

fn item(item: &Item) -> String {
    let cells: Vec<String> = item.cells.iter().map(inline).filter(|it| !it.is_empty()).collect();
    let line = |it: &Text| format!("<li>{}</li>\n", inline(it));
    let lines: String = item.lines.iter().map(line).collect();
    let lines = if lines.is_empty() { lines } else { format!("<ul>\n{lines}</ul>\n") };
    format!("<li>{}\n{lines}</li>\n", cells.join(" "))
}

/// Text on a line.
pub(super) fn inline(text: &Text) -> String {
    let part = |(meaning, it): &(Meaning, String)| {
        let (tag, class) = match meaning {
            _ if it.trim().is_empty() => return escaped(it),
            Meaning::Plain => return prose(it),
            Meaning::Aside if is_address(it) => {
                let it = escaped(it);
                return format!("<small><a href=\"{it}\" rel=\"noreferrer\">{it}</a></small>");
            }
            Meaning::Aside => return format!("<small>{}</small>", prose(it)),
            Meaning::Link => {
                let (name, address) = linked(it);
                let name = escaped(name);
                return if is_address(address) {
                    format!("<a href=\"{}\" rel=\"noreferrer\"><code>{name}</code></a>", escaped(address))
                } else {
                    format!("<code>{name}</code>")
                };
            }
            Meaning::Warning => return format!("<strong>{}</strong>", prose(it)),
            Meaning::Name | Meaning::Value => ("code", ""),
            Meaning::Added => ("code", "added"),
            Meaning::Removed => ("code", "removed"),
            Meaning::Changed => ("code", "changed"),
            Meaning::Replaced => ("code", "replaced"),
        };
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        format!("<{tag}{class}>{}</{tag}>", escaped(it))
    };
    text.iter().map(part).collect()
}

/// Whether a text is an address of the web, and nothing else.
fn is_address(text: &str) -> bool {
    text.starts_with("https://") && !text.contains(char::is_whitespace)
}

/// Text in which what stands between two backticks is code.
fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let last = parts.len() - 1;
    let part = |(at, part): (usize, &&str)| match at % 2 {
        1 if at < last => format!("<code>{}</code>", escaped(part)),
        1 => format!("`{}", escaped(part)),
        _ => escaped(part),
    };
    parts.iter().enumerate().map(part).collect()
}

fn table(rows: &[Vec<Text>]) -> String {
    let mut out = "<div class=\"wide\" tabindex=\"0\">\n<table>\n".to_owned();
    for (at, row) in rows.iter().enumerate() {
        let cell = |(column, it): (usize, &Text)| match (at, column) {
            (0, _) => format!("<th scope=\"col\">{}</th>", inline(it)),
            (_, 0) => format!("<th scope=\"row\">{}</th>", inline(it)),
            _ => format!("<td>{}</td>", inline(it)),
        };
        let cells: String = row.iter().enumerate().map(cell).collect();
        out.push_str(&format!("<tr>{cells}</tr>\n"));
    }
    out + "</table>\n</div>\n"
}

/// Lines that come and go, each in its colour; the sign at its beginning says the same.
fn diff(text: &str) -> String {
    let line = |it: &str| {
        let class = match it.chars().next() {
            Some('+') => "added",
            Some('-') => "removed",
            Some('!') => "replaced",
            _ => return format!("<span>{}</span>\n", escaped(it)),
        };
        format!("<span class=\"{class}\">{}</span>\n", escaped(it))
    };
    let lines: String = text.trim_end_matches('\n').lines().map(line).collect();
    format!("<pre class=\"diff\">{lines}</pre>\n")
}

fn fault(it: &Fault) -> String {
    let kind = match it.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "info",
    };
    let mut out =
        format!("<p><strong>{kind}</strong> <code>{}</code>: {}</p>\n", escaped(it.code), prose(&it.message));
    for Excerpt { file, text, first_line, .. } in &it.excerpts {
        let place = escaped(&format!("{file}:{first_line}"));
        out.push_str(&format!("<p><code>{place}</code></p>\n<pre>{}</pre>\n", escaped(text)));
    }
    for (kind, note) in &it.notes {
        out.push_str(&format!("<p>{kind}: {}</p>\n", prose(note)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(it: &str) -> Text {
        vec![(Meaning::Plain, it.to_owned())]
    }

    #[test]
    fn nothing_from_a_template_is_markup() {
        let evil = "</script><img src=x onerror=\"alert('1')\">&amp;";
        let safe = "&lt;/script&gt;&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;amp;";
        let doc = Doc(vec![
            Block::Title(text(evil)),
            Block::Table(vec![vec![text("a")], vec![vec![(Meaning::Value, evil.to_owned())]]]),
            Block::Code("diff", format!("+ {evil}\n")),
            Block::Code("yaml", evil.to_owned()),
            Block::Details(text(evil), Doc(vec![Block::Paragraph(text(&format!("a `{evil}` `b")))])),
        ]);
        let expected = format!(
            "<h2>{safe}</h2>\n\
             <div class=\"wide\" tabindex=\"0\">\n<table>\n<tr><th scope=\"col\">a</th></tr>\n\
             <tr><th scope=\"row\"><code>{safe}</code></th></tr>\n</table>\n</div>\n\
             <pre class=\"diff\"><span class=\"added\">+ {safe}</span>\n</pre>\n\
             <pre>{safe}</pre>\n\
             <details>\n<summary>{safe}</summary>\n<p>a <code>{safe}</code> `b</p>\n</details>\n"
        );
        assert_eq!(html(&doc), expected);
        assert_eq!(html(&Doc(vec![Block::Hidden("a --><b>".to_owned())])), "<!-- a - -b -->\n");
    }
}
