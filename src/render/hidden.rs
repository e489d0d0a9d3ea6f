//! What stands in Markdown without being seen: comments of HTML, which programs find again.

/// Text that nobody sees, as a line.
pub(super) fn comment(text: &str) -> String {
    // What would end it is not in it.
    format!("<!-- {} -->\n", text.replace("--", "- -").replace(['<', '>'], ""))
}

/// The lines at the beginning of a text that nobody sees, up to the first that somebody does.
pub fn hidden(text: &str) -> Vec<&str> {
    // GitHub gives lines that were written in a browser as a browser ends them; between two blocks a line is empty.
    let lines = text.lines().map(str::trim).filter(|it| !it.is_empty());
    lines.map_while(|it| it.strip_prefix("<!-- ")?.strip_suffix(" -->")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_hidden_is_found_until_something_is_seen() {
        let text = format!("{}\r\n{}\nseen\n{}", comment("one"), comment("two"), comment("three"));
        assert_eq!(hidden(&text), ["one", "two"]);
        assert_eq!(hidden(&comment("a --> b")), ["a - - b"]);
        assert!(hidden("> <!-- quoted -->").is_empty());
    }
}
