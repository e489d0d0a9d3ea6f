//! Changes to a finished template, as RFC 6902 has them.

use std::borrow::Cow;

use asi_constructs::{
    choices,
    kernel::{
        diagnostic::Diagnostic,
        map::Entry,
        node::{Node, NodeKind},
        property::Word as _,
        span::Spanned,
    },
    properties,
};

use super::Template;

properties! {
    /// One change to the finished template, as RFC 6902 has it.
    pub struct Operation {
        /// What to do.
        op: Spanned<Op>,
        /// The place it is about, as a JSON pointer: `/Resources/Uploads/Properties/BucketName`.
        path: Spanned<String>,
        /// The place to move or copy from.
        from: Option<Spanned<String>>,
        /// The value to add, put in place, or compare with; written as in the finished template.
        value: Option<Node>,
    }
}

choices! {
    /// What a patch does.
    pub enum Op {
        /// Puts a value where there is none, or into a list.
        Add,
        /// Takes a value away.
        Remove,
        /// Puts another value in the place of one.
        Replace,
        /// Takes a value away, and adds it elsewhere.
        Move,
        /// Adds a value that stands elsewhere.
        Copy,
        /// Stops the synthesis if the value is another one.
        Test,
    }
}

impl Template {
    /// Applies a change.
    ///
    /// # Errors
    ///
    /// A [`Diagnostic`] if it is malformed, its place is not there, or it changes nothing.
    pub fn patch(&mut self, operation: &Spanned<Operation>) -> Result<(), Diagnostic> {
        if apply(&mut self.body, &operation.value)? {
            return Ok(());
        }
        Err(Diagnostic::error("no-effect", "this patch changes nothing")
            .at(operation.span)
            .help("remove it, or mend its path or value"))
    }
}

/// Applies a change; says whether anything is another than before, or was only tested.
fn apply(body: &mut Node, operation: &Operation) -> Result<bool, Diagnostic> {
    let path = &operation.path;
    match operation.op.value {
        Op::Add => add(body, path, value(operation)?.clone()),
        Op::Remove => remove(body, path).map(|_| true),
        Op::Replace => {
            let value = value(operation)?;
            find_parent(body, path)?;
            let place = find(body, path)?;
            let changes = place != value;
            *place = value.clone();
            Ok(changes)
        }
        Op::Move => {
            let from = from(operation)?;
            if path.value.starts_with(&format!("{}/", from.value)) {
                return Err(Diagnostic::error("patch", "a value cannot move into itself")
                    .at(path.span)
                    .help("name a place outside of it"));
            }
            let moved = remove(body, from)?;
            add(body, path, moved)?;
            Ok(path.value != from.value)
        }
        Op::Copy => {
            let copied = find(body, from(operation)?)?.clone();
            add(body, path, copied)
        }
        Op::Test => {
            let expected = value(operation)?;
            let found = find(body, path)?;
            if found == expected {
                return Ok(true);
            }
            Err(Diagnostic::error(
                "patch-test",
                format!("the test fails: `{}` is {}", path.value, found.describe()),
            )
            .at(expected.span.or(path.span))
            .help("mend the value, or find out what has changed it"))
        }
    }
}

fn value(operation: &Operation) -> Result<&Node, Diagnostic> {
    operation.value.as_ref().ok_or_else(|| incomplete(operation, "value"))
}

fn from(operation: &Operation) -> Result<&Spanned<String>, Diagnostic> {
    operation.from.as_ref().ok_or_else(|| incomplete(operation, "from"))
}

fn incomplete(operation: &Operation, key: &str) -> Diagnostic {
    Diagnostic::error("patch", format!("`{}` needs a `{key}`", operation.op.value.word()))
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
        if !has(node, &step) {
            return Err(nothing_at(pointer, &step, node));
        }
        node = match &mut node.kind {
            NodeKind::Map(map) => &mut map[step.as_str()].value,
            NodeKind::List(items) => &mut items[step.parse::<usize>().expect("it has this item")],
            _ => unreachable!("it has this step"),
        };
    }
    Ok(node)
}

/// Whether a value has such a step below it.
fn has(node: &Node, step: &str) -> bool {
    match &node.kind {
        NodeKind::Map(map) => map.contains_key(step),
        NodeKind::List(items) => step.parse::<usize>().is_ok_and(|at| at < items.len()),
        _ => false,
    }
}

/// The value that holds what a pointer leads to, and the last step.
fn find_parent<'a>(
    body: &'a mut Node,
    pointer: &Spanned<String>,
) -> Result<(&'a mut Node, String), Diagnostic> {
    let mut way = steps(pointer)?;
    let Some(last) = way.pop() else {
        return Err(Diagnostic::error("patch", "the whole template cannot be patched away")
            .at(pointer.span)
            .help("name a place in it, such as `/Metadata`"));
    };
    let length = pointer.value.rfind('/').unwrap_or_default();
    let parent = Spanned::new(pointer.value[..length].to_owned(), pointer.span);
    Ok((find(body, &parent)?, last))
}

/// Adds a value; says whether it is another than the one that was there.
fn add(body: &mut Node, pointer: &Spanned<String>, value: Node) -> Result<bool, Diagnostic> {
    let (parent, last) = find_parent(body, pointer)?;
    match &mut parent.kind {
        NodeKind::Map(map) => {
            let changes = map.get(last.as_str()).is_none_or(|it| it.value != value);
            map.insert(Cow::Owned(last), Entry { key: pointer.span, value });
            return Ok(changes);
        }
        NodeKind::List(items) => {
            let at = if last == "-" { Some(items.len()) } else { last.parse().ok() };
            if let Some(at) = at.filter(|at| *at <= items.len()) {
                items.insert(at, value);
                return Ok(true);
            }
        }
        _ => (),
    }
    Err(nothing_at(pointer, &last, parent))
}

fn remove(body: &mut Node, pointer: &Spanned<String>) -> Result<Node, Diagnostic> {
    let (parent, last) = find_parent(body, pointer)?;
    if !has(parent, &last) {
        return Err(nothing_at(pointer, &last, parent));
    }
    Ok(match &mut parent.kind {
        NodeKind::Map(map) => map.shift_remove(last.as_str()).expect("it has this key").value,
        NodeKind::List(items) => items.remove(last.parse().expect("it has this item")),
        _ => unreachable!("it has this step"),
    })
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
    use asi_constructs::kernel::{
        property::{Property as _, Reader},
        span::Span,
        yaml,
    };

    use super::*;
    use crate::template::Indent;

    fn read(text: &str) -> Node {
        let (node, faults) = yaml::parse(text, Span::NOWHERE.file, yaml::Format::Yaml);
        assert_eq!(faults, []);
        node.unwrap()
    }

    fn operation(text: &str) -> Spanned<Operation> {
        Spanned::<Operation>::read(&read(text), &mut Reader::default()).unwrap()
    }

    #[track_caller]
    fn check(patch: &str, expected: Result<&str, &str>) {
        let mut body = Template::new(read("{a: {b: [1, 2]}, c/d: x}"));
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
        check("{op: remove, path: a}", Err("`a` is no JSON pointer"));
    }
}
