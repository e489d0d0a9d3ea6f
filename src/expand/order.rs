//! The order in which constructs build: what one refers to, before it.

use asi_constructs::kernel::{diagnostic::Diagnostic, name::Name, property::Reader, scope::Tree};

use super::Ready;

#[derive(Clone, Copy, PartialEq)]
enum Mark {
    New,
    Entered,
    Done,
}

/// The positions of constructs in the order they build: as written, but for references.
pub(super) fn order(ready: &[Ready<'_>], tree: &Tree, reader: &mut Reader) -> Vec<usize> {
    let references: Vec<Vec<(usize, &Name)>> = ready.iter().map(|it| references(it, tree)).collect();
    let mut walk = Walk {
        ready,
        references: &references,
        marks: vec![Mark::New; ready.len()],
        way: Vec::new(),
        order: Vec::new(),
    };
    for at in 0..ready.len() {
        walk.visit(at, reader);
    }
    walk.order
}

/// The constructs that one refers to, each by the first name that does.
fn references<'a>(ready: &'a Ready<'_>, tree: &Tree) -> Vec<(usize, &'a Name)> {
    let mut found: Vec<(usize, &Name)> = Vec::new();
    if let Some(construct) = &ready.construct {
        construct.names(&mut |name| {
            // Constructs were named first, so their positions are those in the stack file.
            // A name may turn out to be no construct's, such as that of an image; a construct that does refer
            // to itself is told so when it builds.
            if name.text == ready.declared.name.text {
                return;
            }
            if let Some(at) = tree.names.get_index_of(&name.text)
                && !found.iter().any(|(it, _)| *it == at)
            {
                found.push((at, name));
            }
        });
    }
    found
}

struct Walk<'a> {
    ready: &'a [Ready<'a>],
    references: &'a [Vec<(usize, &'a Name)>],
    marks: Vec<Mark>,
    /// The constructs entered, each with the name in it that led on.
    way: Vec<(usize, Option<&'a Name>)>,
    order: Vec<usize>,
}

impl Walk<'_> {
    fn visit(&mut self, at: usize, reader: &mut Reader) {
        match self.marks[at] {
            Mark::Done => return,
            Mark::Entered => return self.report_cycle(at, reader),
            Mark::New => (),
        }
        self.marks[at] = Mark::Entered;
        self.way.push((at, None));
        for (next, name) in &self.references[at] {
            if *next < self.ready.len() {
                self.way.last_mut().expect("it was just entered").1 = Some(name);
                self.visit(*next, reader);
            }
        }
        self.way.pop();
        self.marks[at] = Mark::Done;
        self.order.push(at);
    }

    fn report_cycle(&self, at: usize, reader: &mut Reader) {
        let start = self.way.iter().position(|(it, _)| *it == at).expect("it was entered");
        let cycle = &self.way[start..];
        let text = |at: usize| self.ready[at].declared.name.text.as_str();
        let path: Vec<&str> = cycle.iter().map(|(it, _)| text(*it)).chain([text(at)]).collect();
        let mut fault = Diagnostic::error(
            "reference-cycle",
            format!("constructs refer to each other in a circle: {}", path.join(" → ")),
        );
        for (from, name) in cycle {
            let name = name.expect("it led on");
            fault = fault.label(name.span, format!("`{}` refers to `{}`", text(*from), name.text));
        }
        reader.report(fault.help("take one of these references out, or write its value out"));
    }
}
