//! What the tests of the graph have in common: documents, and graphs of small templates.

use asi_constructs::kernel::{
    node::Node,
    span::Sources,
    yaml::{Format, parse},
};
use indexmap::IndexMap;

use super::{ArrowKind, Graph, Source};

/// A document.
pub(super) fn document(text: &str) -> Node {
    let mut sources = Sources::default();
    let file = sources.add("a.yaml", text);
    let (node, faults) = parse(text, file, Format::Yaml);
    assert_eq!(faults, []);
    node.unwrap()
}

/// The graph of a template in which every resource is a construct of its own.
pub(super) fn graph(text: &str) -> Graph {
    let template = document(text);
    let source = Source {
        name: "shop".to_owned(),
        part: None,
        template: &template,
        paths: IndexMap::new(),
        constructs: IndexMap::new(),
    };
    Graph::new("shop", &[source], |_| true)
}

/// Its arrows, a line each.
pub(super) fn arrows(graph: &Graph) -> Vec<String> {
    let line = |it: &super::Arrow| {
        let stroke = if it.kind == ArrowKind::Traffic { "=>" } else { "->" };
        format!("{} {stroke} {} {}", graph.cards[it.from].name, graph.cards[it.to].name, it.label)
            .trim_end()
            .to_owned()
    };
    graph.arrows.iter().map(line).collect()
}
