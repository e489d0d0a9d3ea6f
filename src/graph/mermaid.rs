//! A graph as Mermaid, which GitHub draws where it stands in a code block of a pull request.

use super::{ArrowKind, Graph, Group, GroupKind, Role};

/// Writes a flowchart.
pub fn mermaid(graph: &Graph) -> String {
    let mut out = String::from("flowchart LR\n");
    if graph.groups.iter().any(|it| !notes(it).is_empty()) {
        out.push_str("  classDef note fill:none,stroke:none\n");
    }
    write_group(graph, None, 1, &mut out);
    for arrow in &graph.arrows {
        let line = match arrow.kind {
            ArrowKind::Traffic => "-->",
            ArrowKind::Reference => "-.->",
        };
        let label =
            if arrow.label.is_empty() { String::new() } else { format!("|{}|", quoted(&[&arrow.label])) };
        out += &format!("  c{} {line}{label} c{}\n", arrow.from, arrow.to);
    }
    out
}

/// What lies in a group, or in none.
fn write_group(graph: &Graph, group: Option<usize>, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    for (at, it) in graph.groups.iter().enumerate().filter(|(_, it)| it.parent == group) {
        // There is room for one short line above what is in a group; the rest is a box without a border.
        let notes = notes(it);
        let is_empty = !graph.groups.iter().any(|it| it.parent == Some(at))
            && !graph.cards.iter().any(|it| it.group == Some(at));
        if is_empty {
            // A group needs something in it.
            let texts: Vec<&str> = [it.name.as_str()].into_iter().chain(notes).collect();
            out.push_str(&format!("{indent}g{at}[{}]\n", quoted(&texts)));
            continue;
        }
        out.push_str(&format!("{indent}subgraph g{at}[{}]\n", quoted(&[&it.name])));
        if !notes.is_empty() {
            out.push_str(&format!("{indent}  n{at}[{}]:::note\n", quoted(&notes)));
        }
        write_group(graph, Some(at), depth + 1, out);
        out.push_str(&format!("{indent}end\n"));
    }
    for (at, it) in graph.cards.iter().enumerate().filter(|(_, it)| it.group == group) {
        let texts = [&it.name, &it.kind].into_iter().chain(&it.facts).map(String::as_str);
        let texts: Vec<&str> = texts.filter(|it| !it.is_empty()).collect();
        let (open, close) = match it.role {
            it if it.is_outside() => ("([", "])"),
            Role::Database | Role::Bucket | Role::Registry => ("[(", ")]"),
            _ => ("[", "]"),
        };
        out.push_str(&format!("{indent}c{at}{open}{}{close}\n", quoted(&texts)));
    }
}

/// What is said of a group below its name.
fn notes(it: &Group) -> Vec<&str> {
    match it.kind {
        GroupKind::Stack => Vec::new(),
        GroupKind::Network { .. } => it.about.split(" · ").filter(|it| !it.is_empty()).collect(),
        GroupKind::Subnets => it.parts.iter().map(String::as_str).collect(),
    }
}

/// Lines of text in quotes. Everything that Mermaid, Markdown or HTML may take for its own is written by its number.
fn quoted(lines: &[&str]) -> String {
    let escaped = |text: &str| -> String {
        text.chars()
            .map(|it| match it {
                _ if it.is_control() => " ".to_owned(),
                _ if it.is_alphanumeric() || " .,:/-()–→·…%+=".contains(it) => it.to_string(),
                _ => format!("#{};", u32::from(it)),
            })
            .collect()
    };
    let lines: Vec<String> = lines.iter().map(|it| escaped(&shortened(it))).collect();
    format!("\"{}\"", lines.join("<br>"))
}

/// As much of a text as a box of a flowchart takes.
fn shortened(text: &str) -> String {
    if text.chars().count() <= 48 {
        return text.to_owned();
    }
    format!("{}…", text.chars().take(47).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Arrow, Card};

    #[test]
    fn names_cannot_leave_their_quotes() {
        assert_eq!(
            quoted(&["a\"]<b>", "#1; `x`\n|y|"]),
            "\"a#34;#93;#60;b#62;<br>#35;1#59; #96;x#96; #124;y#124;\""
        );
        assert_eq!(quoted(&[&"x".repeat(60)]), format!("\"{}…\"", "x".repeat(47)));
    }

    #[test]
    fn groups_cards_and_arrows_are_a_flowchart() {
        let group = |kind, name: &str, about: &str, parent| {
            let (name, about, parts) = (name.to_owned(), about.to_owned(), Vec::new());
            Group { kind, name, about, parts, parent, resources: Vec::new() }
        };
        let card = |role, name: &str, group| {
            let (name, kind, facts) = (name.to_owned(), "X".to_owned(), Vec::new());
            Card { role, name, kind, facts, group, is_quiet: false, resources: Vec::new() }
        };
        let arrow = |kind, label: &str| Arrow { from: 0, to: 1, kind, label: label.to_owned() };
        let graph = Graph {
            groups: vec![
                group(GroupKind::Network { is_guest: false }, "net", "Network · 10.0.0.0/16", None),
                group(GroupKind::Subnets, "Private subnets", "", Some(0)),
                group(GroupKind::Subnets, "Isolated subnets", "", Some(0)),
            ],
            cards: vec![card(Role::Internet, "Internet", None), card(Role::Service, "web", Some(1))],
            arrows: vec![arrow(ArrowKind::Traffic, ":80"), arrow(ArrowKind::Reference, "")],
            ..Graph::default()
        };
        let expected = "\
flowchart LR
  classDef note fill:none,stroke:none
  subgraph g0[\"net\"]
    n0[\"Network<br>10.0.0.0/16\"]:::note
    subgraph g1[\"Private subnets\"]
      c1[\"web<br>X\"]
    end
    g2[\"Isolated subnets\"]
  end
  c0([\"Internet<br>X\"])
  c0 -->|\":80\"| c1
  c0 -.-> c1
";
        assert_eq!(mermaid(&graph), expected);
    }
}
