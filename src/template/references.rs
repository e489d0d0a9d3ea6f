//! What a template refers to, and whether it is there.

use std::collections::BTreeSet;

use asi_constructs::kernel::{diagnostic::Diagnostic, node::Node, span::Span};

use super::Template;

impl Template {
    /// A fault for each reference to what is no resource and no parameter. A template with a transform or a loop may
    /// refer to what CloudFormation makes of it, and has none.
    pub fn dangling_references(&self) -> Vec<Diagnostic> {
        let names = |section: &str| {
            self.body.get(section).and_then(Node::as_map).into_iter().flat_map(|it| it.keys())
        };
        let known: BTreeSet<&str> = names("Resources").chain(names("Parameters")).map(|it| &**it).collect();
        let is_open =
            self.body.get("Transform").is_some() || known.iter().any(|it| it.starts_with("Fn::ForEach::"));
        if is_open {
            return Vec::new();
        }
        let mut found = Vec::new();
        for section in ["Resources", "Outputs"] {
            if let Some(section) = self.body.get(section) {
                collect(section, &mut Vec::new(), &mut found);
            }
        }
        found.retain(|(name, _)| !name.starts_with("AWS::") && !known.contains(name));
        found
            .into_iter()
            .map(|(name, span)| {
                Diagnostic::error(
                    "dangling-reference",
                    format!("the template refers to `{name}`, which is not in it"),
                )
                .at(span)
                .suggest(name, known.iter().copied())
            })
            .collect()
    }
}

/// The names in `Ref`, `Fn::GetAtt` and `Fn::Sub`; `variables` are those of the `Fn::Sub` around.
fn collect<'a>(node: &'a Node, variables: &mut Vec<&'a str>, found: &mut Vec<(&'a str, Span)>) {
    match node.as_single() {
        Some(("Ref", name)) => found.extend(name.as_str().map(|it| (it, name.span))),
        Some(("Fn::GetAtt", argument)) => {
            let name = argument.as_list().and_then(|it| it.first()).unwrap_or(argument);
            found.extend(name.as_str().and_then(|it| it.split('.').next()).map(|it| (it, name.span)));
        }
        Some(("Fn::Sub", argument)) => substituted(argument, variables, found),
        _ => node.children().for_each(|it| collect(it, variables, found)),
    }
}

fn substituted<'a>(argument: &'a Node, variables: &mut Vec<&'a str>, found: &mut Vec<(&'a str, Span)>) {
    let own = variables.len();
    let template = match argument.as_list() {
        Some([template, map]) => {
            collect(map, variables, found);
            variables.extend(map.as_map().into_iter().flat_map(|it| it.keys()).map(|it| &**it));
            template
        }
        _ => argument,
    };
    for part in template.as_str().unwrap_or_default().split("${").skip(1).filter(|it| !it.starts_with('!')) {
        let name = part.split('}').next().unwrap_or_default();
        if !variables.contains(&name) {
            found.push((name.split('.').next().unwrap_or_default(), template.span));
        }
    }
    variables.truncate(own);
}
