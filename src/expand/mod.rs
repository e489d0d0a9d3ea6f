//! From [`Stack`]s to a [`Tree`]: stacks and constructs in the order of their references, one at a time.
//!
//! All faults of all constructs are found in one run: first every construct reads and checks its properties,
//! then those build whose references hold.

mod conditions;
mod cycles;
mod elsewhere;
mod graph;
mod order;
mod overrides;
mod resources;
mod sections;
mod stacks;

use std::collections::BTreeMap;

use asi_constructs::kernel::{
    asset::ImageBuild,
    construct::{AnyConstruct, Catalogued},
    diagnostic::{Diagnostic, has_errors},
    expr::{Expr, ExprKind},
    name::{Value, cloudformation, interpolated},
    node::Node,
    property::Reader,
    tree::{Handle, Named, Place, Tree},
};

use crate::load::{Declared, Stack};

/// A construct whose properties are read.
struct Ready<'a> {
    declared: &'a Declared,
    /// `None` if there is no such construct.
    catalogued: Option<Catalogued>,
    /// `None` if its properties cannot be read.
    construct: Option<Box<dyn AnyConstruct>>,
    /// Whether its properties are without fault in themselves.
    is_sound: bool,
}

/// Expands the stacks of an app by the constructs of `catalogue`; `context` is what was looked up in AWS,
/// `fingerprints` what tells the images that are built from others.
pub fn expand(
    stacks: &[Stack],
    catalogue: &[Catalogued],
    context: Option<&Node>,
    fingerprints: BTreeMap<ImageBuild, String>,
) -> (Tree, Vec<Diagnostic>) {
    let mut reader = Reader::default();
    let ready: Vec<Vec<Ready<'_>>> = stacks
        .iter()
        .map(|stack| stack.constructs.iter().map(|it| read(it, catalogue, &mut reader)).collect())
        .collect();
    let mut tree = Tree::knowing(context.cloned());
    tree.fingerprints = fingerprints;
    for at in stacks::order(stacks, &ready, &mut reader).unwrap_or_default() {
        tree.begin(place(&stacks[at]));
        tree.moved.clone_from(&stacks[at].moved);
        fill(&stacks[at], &ready[at], catalogue, &mut tree, &mut reader);
        tree.end();
    }
    let mut diagnostics = reader.diagnostics;
    diagnostics.append(&mut tree.diagnostics);
    (tree, diagnostics)
}

fn place(stack: &Stack) -> Place {
    Place {
        stack: stack.name(),
        part: stack.part.as_ref().map(|it| it.value.clone()),
        environment: stack.environment.clone(),
        account: stack.account.clone(),
        region: stack.region.clone(),
        references: stack.references,
    }
}

/// Fills one stack of the tree.
fn fill(stack: &Stack, ready: &[Ready<'_>], catalogue: &[Catalogued], tree: &mut Tree, reader: &mut Reader) {
    let before = reader.diagnostics.len();
    elsewhere::check(stack, catalogue, reader);

    // Everything that has a name is known before anything is built, in the order of the stack file.
    for Ready { declared, catalogued, .. } in ready {
        tree.names.insert(declared.name.text.clone(), Named::Pending(*catalogued));
        tree.open(&declared.name.text, declared.name.span);
    }
    for name in stack.parameters.keys() {
        tree.names.insert(name.to_string(), Named::Parameter);
    }
    tree.open_names =
        stack.transform.is_some() || stack.resources.keys().any(|it| it.starts_with("Fn::ForEach::"));
    let resources = resources::declare(stack, tree, reader);

    let order = order::order(ready, tree, reader);
    build(ready, &order, tree, reader);
    check_unbuilt(ready, tree, reader);
    resources::resolve(resources, tree, reader);
    sections::resolve(stack, tree, reader);
    overrides::apply(stack, tree, reader);
    conditions::check(tree, reader);
    cycles::check(tree, reader);

    let is_sound = ready.iter().all(|it| it.is_sound);
    if !is_sound || has_errors(&reader.diagnostics[before..]) || has_errors(&tree.diagnostics) {
        return;
    }
    sections::unused_parameters(stack, tree).into_iter().for_each(|it| reader.report(it));
    if tree.handles().is_empty() && tree.sections.resource_loops.is_empty() {
        let at = stack.part.as_ref().unwrap_or(&stack.app).span;
        reader.report(
            Diagnostic::error(
                "no-resources",
                "the stack has no resources, and CloudFormation takes none without",
            )
            .at(at)
            .help("add a construct under `constructs`; `asi explain` lists them"),
        );
    }
}

/// Reads the properties of a construct and checks them.
fn read<'a>(declared: &'a Declared, catalogue: &[Catalogued], reader: &mut Reader) -> Ready<'a> {
    let unread = Ready { declared, catalogued: None, construct: None, is_sound: false };
    let Some(entry) = catalogue.iter().find(|it| it.kind == declared.kind.value) else {
        let kinds = catalogue.iter().map(|it| it.kind);
        let fault = format!("there is no construct of type `{}`", declared.kind.value);
        reader.report(
            Diagnostic::error("unknown-type", fault)
                .at(declared.kind.span)
                .suggest(&declared.kind.value, kinds),
        );
        return unread;
    };
    let unread = Ready { catalogued: Some(*entry), ..unread };
    let before = reader.diagnostics.len();
    let construct = (entry.read)(&declared.properties, reader);
    for fault in &mut reader.diagnostics[before..] {
        // A construct without any property has no line of its own to point at.
        if !fault.span().is_written() {
            *fault = fault.clone().at(declared.name.span);
        }
    }
    let Some(construct) = construct else { return unread };
    let mut faults = Vec::new();
    construct.check(&mut faults);
    let is_sound = !has_errors(&faults);
    reader.diagnostics.extend(faults.into_iter().map(|it| it.at(declared.name.span)));
    Ready { construct: Some(construct), is_sound, ..unread }
}

/// A value with its names replaced by what they stand for; what stands for nothing is reported.
fn resolved(value: Value, tree: &mut Tree, reader: &mut Reader) -> Expr<Handle> {
    tree.resolve(value).unwrap_or_else(|faults| {
        faults.into_iter().for_each(|it| reader.report(it));
        Expr::ABSENT
    })
}

/// A value of CloudFormation's own, where text is text, resolved; text that seems to want `!Sub` is pointed out.
fn cloudformation_value(node: &Node, tree: &mut Tree, reader: &mut Reader) -> Expr<Handle> {
    let value = resolved(cloudformation(node, reader), tree, reader);
    warn_of_plain_references(&value, tree, reader);
    value
}

fn warn_of_plain_references(value: &Expr<Handle>, tree: &Tree, reader: &mut Reader) {
    match &value.kind {
        ExprKind::List(items) => items.iter().for_each(|it| warn_of_plain_references(it, tree, reader)),
        ExprKind::Object(map) => {
            map.values().for_each(|it| warn_of_plain_references(&it.value, tree, reader));
        }
        ExprKind::String(text) => {
            let names = text.split("${").skip(1).filter_map(|it| it.split_once('}')).map(|(name, _)| name);
            let is_known = |it: &&str| {
                let name = it.split('.').next().unwrap_or_default();
                matches!(name, "env" | "param") || name.starts_with("AWS::") || tree.names.contains_key(name)
            };
            if let Some(name) = names.into_iter().find(is_known) {
                reader.report(
                    Diagnostic::warning(
                        "plain-reference",
                        format!("`${{{name}}}` stays as it is in this text"),
                    )
                    .at(value.span)
                    .help("write `!Sub` before the text if it refers to something"),
                );
            }
        }
        _ => (),
    }
}

/// Builds what can be built.
fn build(ready: &[Ready<'_>], order: &[usize], tree: &mut Tree, reader: &mut Reader) {
    for at in order {
        let Ready { declared, catalogued, construct: Some(construct), is_sound: true } = &ready[*at] else {
            continue;
        };
        if needs_what_failed(construct.as_ref(), &declared.name.text, tree) {
            continue;
        }
        tree.names.insert(declared.name.text.clone(), Named::Building);
        let built = construct.build(&mut tree.open(&declared.name.text, declared.name.span));
        let named = match built {
            Ok(built) => Named::Construct(built),
            Err(fault) => {
                let path = tree.path().join(&declared.name.text);
                reader.report(fault.at(declared.name.span).within(&path));
                Named::Pending(*catalogued)
            }
        };
        tree.names.insert(declared.name.text.clone(), named);
    }
}

/// Whether it refers to a construct that is not built, whose fault has been reported.
fn needs_what_failed(construct: &dyn AnyConstruct, own: &str, tree: &Tree) -> bool {
    let mut failed = false;
    construct.names(&mut |name| {
        failed |= name.text != own && matches!(tree.named(&name.text), Some(Named::Pending(_)));
    });
    failed
}

/// Reports the names in unbuilt constructs that stand for nothing, but for those a fault already points out.
fn check_unbuilt(ready: &[Ready<'_>], tree: &mut Tree, reader: &mut Reader) {
    for Ready { declared, construct, .. } in ready {
        if !matches!(tree.names.get(&declared.name.text), Some(Named::Pending(_))) {
            continue;
        }
        let value = interpolated(&declared.properties, &mut Reader::default());
        let mut faults = tree.resolve(value).err().unwrap_or_default();
        if let Some(construct) = construct {
            construct.names(&mut |name| faults.extend(tree.check_name(name)));
        }
        for fault in faults {
            let known = reader.diagnostics.iter().chain(&tree.diagnostics);
            if !known.flat_map(|it| &it.labels).any(|it| it.span.contains(fault.span())) {
                reader.report(fault);
            }
        }
    }
}
