//! The order in which constructs build: what one refers to, before it.

use asi_constructs::kernel::{
    diagnostic::Diagnostic,
    name::Name,
    property::Reader,
    tree::{Named, Tree},
};

use super::{Ready, graph};

/// The positions of constructs in the order they build: as written, but for references.
pub(super) fn order(ready: &[Ready<'_>], tree: &Tree, reader: &mut Reader) -> Vec<usize> {
    let references: Vec<Vec<(usize, &Name)>> = ready.iter().map(|it| references(it, tree)).collect();
    let walk = graph::walk(&references);
    for circle in walk.circles {
        let steps = circle.into_iter().map(|(from, which)| (&ready[from], references[from][which].1));
        reader.report(cycle(&steps.collect::<Vec<_>>()));
    }
    walk.order
}

/// The constructs that one refers to, each by the first name that does.
fn references<'a>(ready: &'a Ready<'_>, tree: &Tree) -> Vec<(usize, &'a Name)> {
    let mut found: Vec<(usize, &Name)> = Vec::new();
    if let Some(construct) = &ready.construct {
        construct.names(&mut |name| {
            // A name may turn out to be no construct's, such as that of an image; a construct that does refer
            // to itself is told so when it builds.
            if name.text == ready.declared.name.text {
                return;
            }
            // Constructs were named first, so their positions are those in the stack file.
            if let Some((at, _, Named::Pending(_))) = tree.names.get_full(&name.text)
                && !found.iter().any(|(it, _)| *it == at)
            {
                found.push((at, name));
            }
        });
    }
    found
}

/// The fault of a circle: who refers, and by which name.
fn cycle(circle: &[(&Ready<'_>, &Name)]) -> Diagnostic {
    /// More of them would hide what there is to see.
    const MOST_LABELS: usize = 10;
    let name = |ready: &Ready<'_>| ready.declared.name.text.clone();
    let path: Vec<String> = circle.iter().chain(circle.first()).map(|(it, _)| name(it)).collect();
    let fault = format!("constructs refer to each other in a circle: {}", path.join(" → "));
    let labels = circle.iter().take(MOST_LABELS);
    labels
        .fold(Diagnostic::error("reference-cycle", fault), |fault, (from, to)| {
            fault.label(to.span, format!("`{}` refers to `{}`", name(from), to.text))
        })
        .help("take one of these references out, or write its value out")
}
