//! Changes to a finished template, as RFC 6902 has them.

use std::borrow::Cow;

use asi_constructs::kernel::{
    diagnostic::Diagnostic,
    map::Entry,
    node::{Node, NodeKind},
    span::{Span, Spanned},
};

use super::Template;

/// One change.
#[derive(Clone, Debug)]
pub struct Operation {
    /// `add`, `remove`, `replace`, `move`, `copy` or `test`.
    pub op: Spanned<String>,
    /// Where, as a JSON pointer.
    pub path: Spanned<String>,
    /// Where to move or copy from.
    pub from: Option<Spanned<String>>,
    /// What to add, put in place, or compare with.
    pub value: Option<Node>,
    /// Where the whole of it stands.
    pub span: Span,
}

impl Template {
    /// Applies a change.
    ///
    /// # Errors
    ///
    /// A [`Diagnostic`] if it is malformed, its place is not there, or it changes nothing.
    pub fn patch(&mut self, operation: &Operation) -> Result<(), Diagnostic> {
        let before = self.body.clone();
        apply(&mut self.body, operation)?;
        if operation.op.value != "test" && self.body == before {
            return Err(Diagnostic::error("no-effect", "this patch changes nothing")
                .at(operation.span)
                .help("remove it, or mend its path or value"));
        }
        Ok(())
    }
}

fn apply(body: &mut Node, operation: &Operation) -> Result<(), Diagnostic> {
    const OPERATIONS: [&str; 6] = ["add", "remove", "replace", "move", "copy", "test"];
    let Operation { op, path, .. } = operation;
    match op.value.as_str() {
        "add" => add(body, path, value(operation)?.clone()),
        "remove" => remove(body, path).map(drop),
        "replace" => {
            let value = value(operation)?.clone();
            *find(body, path)? = value;
            Ok(())
        }
        "move" => {
            let from = from(operation)?;
            if path.value.starts_with(&format!("{}/", from.value)) {
                return Err(Diagnostic::error("patch", "a value cannot move into itself").at(path.span));
            }
            let moved = remove(body, from)?;
            add(body, path, moved)
        }
        "copy" => {
            let copied = find(body, from(operation)?)?.clone();
            add(body, path, copied)
        }
        "test" => {
            let expected = value(operation)?;
            let found = find(body, path)?;
            if found == expected {
                return Ok(());
            }
            let fault = format!("the test fails: `{}` is {}", path.value, found.describe());
            Err(Diagnostic::error("patch-test", fault).at(expected.span.or(operation.span)))
        }
        other => Err(Diagnostic::error("patch", format!("RFC 6902 has no operation `{other}`"))
            .at(op.span)
            .suggest(other, OPERATIONS)),
    }
}

fn value(operation: &Operation) -> Result<&Node, Diagnostic> {
    operation.value.as_ref().ok_or_else(|| incomplete(operation, "value"))
}

fn from(operation: &Operation) -> Result<&Spanned<String>, Diagnostic> {
    operation.from.as_ref().ok_or_else(|| incomplete(operation, "from"))
}

fn incomplete(operation: &Operation, key: &str) -> Diagnostic {
    Diagnostic::error("patch", format!("`{}` needs a `{key}`", operation.op.value))
        .at(operation.op.span)
        .help(format!("add `{key}:`"))
}

/// The steps of a JSON pointer.
fn steps(pointer: &Spanned<String>) -> Result<Vec<String>, Diagnostic> {
    let text = &pointer.value;
    if !text.is_empty() && !text.starts_with('/') {
        return Err(Diagnostic::error("patch", format!("`{text}` is no JSON pointer"))
            .at(pointer.span)
            .help(format!("begin it with `/`, such as `/{text}`")));
    }
    Ok(text.split('/').skip(1).map(|it| it.replace("~1", "/").replace("~0", "~")).collect())
}

/// The value a pointer leads to.
fn find<'a>(body: &'a mut Node, pointer: &Spanned<String>) -> Result<&'a mut Node, Diagnostic> {
    let mut node = body;
    for step in steps(pointer)? {
        let fault = nothing_at(pointer, &step, node);
        node = match &mut node.kind {
            NodeKind::Map(map) => map.get_mut(step.as_str()).map(|it| &mut it.value),
            NodeKind::List(items) => step.parse::<usize>().ok().and_then(|at| items.get_mut(at)),
            _ => None,
        }
        .ok_or(fault)?;
    }
    Ok(node)
}

/// The value that holds what a pointer leads to, and the last step.
fn find_parent<'a>(
    body: &'a mut Node,
    pointer: &Spanned<String>,
) -> Result<(&'a mut Node, String), Diagnostic> {
    let mut way = steps(pointer)?;
    let Some(last) = way.pop() else {
        return Err(Diagnostic::error("patch", "the whole template cannot be patched away").at(pointer.span));
    };
    let length = pointer.value.rfind('/').unwrap_or_default();
    let parent = Spanned::new(pointer.value[..length].to_owned(), pointer.span);
    Ok((find(body, &parent)?, last))
}

fn add(body: &mut Node, pointer: &Spanned<String>, value: Node) -> Result<(), Diagnostic> {
    let (parent, last) = find_parent(body, pointer)?;
    let fault = nothing_at(pointer, &last, parent);
    match &mut parent.kind {
        NodeKind::Map(map) => {
            map.insert(Cow::Owned(last), Entry { key: pointer.span, value });
            Ok(())
        }
        NodeKind::List(items) if last == "-" => {
            items.push(value);
            Ok(())
        }
        NodeKind::List(items) => match last.parse::<usize>() {
            Ok(at) if at <= items.len() => {
                items.insert(at, value);
                Ok(())
            }
            _ => Err(fault),
        },
        _ => Err(fault),
    }
}

fn remove(body: &mut Node, pointer: &Spanned<String>) -> Result<Node, Diagnostic> {
    let (parent, last) = find_parent(body, pointer)?;
    let fault = nothing_at(pointer, &last, parent);
    match &mut parent.kind {
        NodeKind::Map(map) => map.shift_remove(last.as_str()).map(|it| it.value).ok_or(fault),
        NodeKind::List(items) => match last.parse::<usize>() {
            Ok(at) if at < items.len() => Ok(items.remove(at)),
            _ => Err(fault),
        },
        _ => Err(fault),
    }
}

fn nothing_at(pointer: &Spanned<String>, step: &str, parent: &Node) -> Diagnostic {
    let fault = Diagnostic::error("patch-path", format!("the template has nothing at `{}`", pointer.value))
        .at(pointer.span);
    match &parent.kind {
        NodeKind::Map(map) => fault.suggest(step, map.keys().map(|it| &**it)),
        NodeKind::List(items) => {
            fault.help(format!("the list there has {} items, counted from 0", items.len()))
        }
        _ => fault.help(format!("there is {} where `{step}` is looked for", parent.describe())),
    }
}

#[cfg(test)]
mod tests {
    use asi_constructs::kernel::yaml;

    use super::*;
    use crate::template::Indent;

    fn template(text: &str) -> Template {
        let (node, faults) = yaml::parse(text, Span::NOWHERE.file, yaml::Format::Yaml);
        assert_eq!(faults, []);
        Template { body: node.unwrap(), paths: indexmap::IndexMap::new() }
    }

    fn operation(text: &str) -> Operation {
        let node = template(text).body;
        let get = |key| node.get(key).and_then(Node::as_str).map(|it| Spanned::from(it.to_owned()));
        Operation {
            op: get("op").unwrap(),
            path: get("path").unwrap(),
            from: get("from"),
            value: node.get("value").cloned(),
            span: Span::NOWHERE,
        }
    }

    #[track_caller]
    fn check(patch: &str, expected: Result<&str, &str>) {
        let mut body = template("{a: {b: [1, 2]}, c/d: x}");
        let result = body.patch(&operation(patch)).map_err(|it| it.message);
        let json = body.to_json(Indent::Cdk).replace(['\n', ' '], "");
        assert_eq!(
            result.as_ref().map(|()| json.as_str()),
            expected.map_err(str::to_owned).as_ref().copied()
        );
    }

    #[test]
    fn does_what_the_rfc_says() {
        check("{op: add, path: /a/b/1, value: 9}", Ok(r#"{"a":{"b":[1,9,2]},"c/d":"x"}"#));
        check("{op: add, path: /a/b/-, value: 9}", Ok(r#"{"a":{"b":[1,2,9]},"c/d":"x"}"#));
        check("{op: add, path: /a/e, value: {f: 1}}", Ok(r#"{"a":{"b":[1,2],"e":{"f":1}},"c/d":"x"}"#));
        check("{op: remove, path: /c~1d}", Ok(r#"{"a":{"b":[1,2]}}"#));
        check("{op: replace, path: /a/b/0, value: 7}", Ok(r#"{"a":{"b":[7,2]},"c/d":"x"}"#));
        check("{op: move, from: /a/b/0, path: /e}", Ok(r#"{"a":{"b":[2]},"c/d":"x","e":1}"#));
        check("{op: copy, from: /a/b, path: /e}", Ok(r#"{"a":{"b":[1,2]},"c/d":"x","e":[1,2]}"#));
        check("{op: test, path: /a/b/1, value: 2}", Ok(r#"{"a":{"b":[1,2]},"c/d":"x"}"#));
    }

    #[test]
    fn says_why_it_cannot() {
        check("{op: add, path: /a/b/3, value: 9}", Err("the template has nothing at `/a/b/3`"));
        check("{op: remove, path: /a/x}", Err("the template has nothing at `/a/x`"));
        check("{op: replace, path: /a/b/0, value: 1}", Err("this patch changes nothing"));
        check("{op: move, from: /a, path: /a/b/0}", Err("a value cannot move into itself"));
        check("{op: test, path: /a/b/1, value: 3}", Err("the test fails: `/a/b/1` is the number 2"));
        check("{op: add, path: /x}", Err("`add` needs a `value`"));
        check("{op: swap, path: /x}", Err("RFC 6902 has no operation `swap`"));
        check("{op: remove, path: a}", Err("`a` is no JSON pointer"));
    }
}
