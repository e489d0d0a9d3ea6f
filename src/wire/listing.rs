//! The stacks that `asi ls` lists: its own document, and that of the CDK's CLI.

use std::borrow::Cow;

use asi_constructs::kernel::{
    node::{Node, NodeKind},
    span::Span,
};
use serde::Serialize;

use super::{VERSION, text};
use crate::{
    load::Stack,
    ops::list::{Needing, OfApp},
    template::{self, Template},
};

#[derive(Serialize)]
struct Stacks<'a> {
    version: u32,
    stacks: Vec<Listed<'a>>,
}

#[derive(Serialize)]
struct Listed<'a> {
    name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stack_name: Option<&'a str>,
    environment: Option<&'a str>,
    account: Option<&'a str>,
    region: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    needs: Option<&'a [String]>,
}

/// The stacks of an app that `asi ls --json` lists.
pub fn assembled<'a>(stacks: impl IntoIterator<Item = &'a OfApp>) -> String {
    let stacks = stacks.into_iter().map(|it| Listed {
        name: Cow::Borrowed(&it.name),
        stack_name: Some(&it.stack_name),
        environment: None,
        account: it.account.as_deref(),
        region: it.region.as_deref(),
        needs: Some(&it.needs),
    });
    text(&Stacks { version: VERSION, stacks: stacks.collect() })
}

/// The stacks that `asi ls --json` lists.
pub fn stacks(stacks: &[Stack]) -> String {
    let stacks = stacks.iter().map(|it| Listed {
        name: it.name().into(),
        stack_name: None,
        needs: None,
        environment: it.environment.as_deref(),
        account: it.account.as_deref(),
        region: it.region.as_deref(),
    });
    let listing = Stacks { version: VERSION, stacks: stacks.collect() };
    text(&listing)
}

/// Stacks as `cdk ls` prints them with `--json`: where each is, if that is asked, and what it needs, if that is known.
pub fn details(stacks: &[Needing<'_>], is_long: bool) -> String {
    text(&template::to_value(&document(stacks, is_long)))
}

/// The same as YAML.
pub fn details_yaml(stacks: &[Needing<'_>], is_long: bool) -> String {
    // The CDK ends with an empty line.
    Template::new(document(stacks, is_long)).to_yaml() + "\n"
}

fn document(stacks: &[Needing<'_>], is_long: bool) -> Node {
    list(stacks.iter().map(|it| {
        let mut fields = vec![("id", named(it.stack))];
        if is_long {
            fields.extend([("name", plain(&it.stack.stack_name)), ("environment", environment(it.stack))]);
        }
        fields.extend(it.needs.as_deref().map(|it| ("dependencies", dependencies(it))));
        map(fields)
    }))
}

fn dependencies(needs: &[Needing<'_>]) -> Node {
    let needed = |it: &Needing<'_>| {
        let further = it.needs.as_deref().unwrap_or_default();
        map([("id", named(it.stack)), ("dependencies", dependencies(further))])
    };
    list(needs.iter().map(needed))
}

/// The path of a stack, and its name where that was not made of the path as that of its artifact: `Prod/Net (Prod-Net)`.
fn named(stack: &OfApp) -> Node {
    if stack.artifact == stack.stack_name {
        return plain(&stack.name);
    }
    plain(&format!("{} ({})", stack.name, stack.stack_name))
}

/// Where a stack is, in the CDK's words for what it is not bound to.
fn environment(stack: &OfApp) -> Node {
    let account = stack.account.as_deref().unwrap_or("unknown-account");
    let region = stack.region.as_deref().unwrap_or("unknown-region");
    let name = format!("aws://{account}/{region}");
    map([("account", plain(account)), ("region", plain(region)), ("name", plain(&name))])
}

fn plain(text: &str) -> Node {
    Node::text(text.to_owned(), Span::NOWHERE)
}

fn list(items: impl Iterator<Item = Node>) -> Node {
    Node::new(NodeKind::List(items.collect()), Span::NOWHERE)
}

fn map(fields: impl IntoIterator<Item = (&'static str, Node)>) -> Node {
    fields.into_iter().map(|(key, it)| (Cow::Borrowed(key), it)).collect()
}
