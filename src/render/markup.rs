//! Text inside of XML and HTML, as content or as the value of an attribute.

/// Text that means nothing but itself. What XML cannot hold at all is left out.
pub(super) fn escaped(text: &str) -> String {
    let is_legal =
        |it: &char| matches!(it, '\n' | '\t') || !(it.is_control() || matches!(it, '\u{fffe}' | '\u{ffff}'));
    let mut out = String::new();
    for it in text.chars().filter(is_legal) {
        match it {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            it => out.push(it),
        }
    }
    out
}
