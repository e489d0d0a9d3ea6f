//! What the names in a value stand for: from [`Value`] to an expression over the resources of a [`Tree`].

use std::borrow::Cow;

use super::{
    construct::Built,
    diagnostic::{Diagnostic, nearest},
    expr::{Expr, ExprKind},
    name::{Name, Value},
    span::Span,
    tree::{Handle, Named, Tree},
};

impl Tree {
    /// Replaces the names in `value` by what they stand for.
    ///
    /// # Errors
    ///
    /// A [`Diagnostic`] for each name that stands for nothing.
    pub fn resolve(&mut self, value: Value) -> Result<Expr<Handle>, Vec<Diagnostic>> {
        let mut faults = Vec::new();
        let mut used = Vec::new();
        let resolved = value.map_refs(&mut |name, attribute, span| {
            self.lookup(&name, attribute, &mut used).unwrap_or_else(|fault| {
                faults.push(fault.at(name.span.or(span)));
                Expr::ABSENT
            })
        });
        self.used_parameters.extend(used);
        check_parts(&resolved, &mut faults);
        if faults.is_empty() { Ok(resolved) } else { Err(faults) }
    }

    fn lookup(
        &self,
        name: &Name,
        attribute: Option<Cow<'static, str>>,
        used: &mut Vec<String>,
    ) -> Result<Expr<Handle>, Diagnostic> {
        let is_parameter = |it: &str| matches!(self.names.get(it), Some(Named::Parameter));
        match (name.text.as_str(), attribute) {
            ("env", None) => match &self.place.environment {
                Some(environment) => Ok(environment.clone().into()),
                None => Err(Diagnostic::error(
                    "no-environment",
                    "`${env}` stands for nothing: no environment is chosen",
                )
                .help("choose one with `-e`")),
            },
            ("param", Some(parameter)) => {
                if !is_parameter(&parameter) {
                    let known = self.names.keys().map(String::as_str).filter(|it| is_parameter(it));
                    let fault = Diagnostic::error(
                        "unknown-parameter",
                        format!("there is no parameter `{parameter}`"),
                    );
                    return Err(fault.suggest(&parameter, known));
                }
                used.push(parameter.to_string());
                Ok(ExprKind::Parameter(parameter).into())
            }
            (text, Some(attribute))
                if !self.names.contains_key(text) && self.finished_part(text).is_some() =>
            {
                self.elsewhere(text, &attribute)
            }
            (text, attribute) => match (self.names.get(text), attribute) {
                (None, attribute) if self.open_names => Ok(match attribute {
                    None => ExprKind::Parameter(Cow::Owned(text.to_owned())).into(),
                    Some(attribute) => Expr::function(
                        "Fn::GetAtt",
                        vec![Expr::from(text.to_owned()), ExprKind::String(attribute).into()],
                    ),
                }),
                (None, attribute) => Err(self.unknown(text, attribute.as_deref())),
                (Some(Named::Parameter), None) => {
                    used.push(text.to_owned());
                    Ok(ExprKind::Parameter(Cow::Owned(text.to_owned())).into())
                }
                (Some(Named::Parameter), Some(attribute)) => Err(Diagnostic::error(
                    "unknown-attribute",
                    format!("`{text}` is a parameter and has no attribute `{attribute}`"),
                )
                .help(format!("use `${{param.{text}}}`"))),
                (Some(Named::Resource(handle)), None) => Ok(handle.reference()),
                (Some(Named::Resource(handle)), Some(attribute)) => {
                    Ok(ExprKind::GetAtt(*handle, attribute).into())
                }
                (Some(Named::Construct(built)), attribute) => {
                    built_attribute(text, built, attribute.as_deref())
                }
                // Its own faults have been reported.
                (Some(Named::Pending(None)), _) | (Some(Named::Pending(_)), None) => Ok(Expr::ABSENT),
                (Some(Named::Pending(Some(it))), Some(attribute)) => {
                    let known = it.exports.iter().filter(|it| it.is_attribute).map(|it| it.name);
                    if known.clone().any(|it| it == attribute) {
                        return Ok(Expr::ABSENT);
                    }
                    Err(unknown_attribute(text, it.kind, &attribute, known))
                }
                (Some(Named::Building), _) => Err(refers_to_itself(text)),
            },
        }
    }

    /// What a name in another stack stands for, written as `construct`, `construct.attribute`, or likewise of a
    /// resource.
    fn elsewhere(&self, part: &str, text: &str) -> Result<Expr<Handle>, Diagnostic> {
        let names = &self.finished_part(part).expect("the stack is finished").names;
        let (name, attribute) = text.split_once('.').map_or((text, None), |(it, rest)| (it, Some(rest)));
        let whole = format!("{part}.{name}");
        match (names.get(name), attribute) {
            (Some(Named::Construct(built)), attribute) => built_attribute(&whole, built, attribute),
            (Some(Named::Resource(handle)), None) => Ok(handle.reference()),
            (Some(Named::Resource(handle)), Some(attribute)) => {
                Ok(ExprKind::GetAtt(*handle, Cow::Owned(attribute.to_owned())).into())
            }
            // Its own faults have been reported.
            (Some(Named::Pending(_) | Named::Building), _) => Ok(Expr::ABSENT),
            (Some(Named::Parameter), _) => {
                let fault = format!("`{whole}` is a parameter, and only its own stack has its value");
                Err(Diagnostic::error("unknown-name", fault)
                    .help("declare the parameter in this stack too, and give both the same value"))
            }
            (None, _) => {
                let known = names.iter().filter(|(_, it)| !matches!(it, Named::Parameter));
                let known: Vec<String> = known.map(|(name, _)| format!("{part}.{name}")).collect();
                let fault = Diagnostic::error("unknown-name", format!("the stack `{part}` has no `{name}`"));
                Err(fault.suggest(&whole, known.iter().map(String::as_str)))
            }
        }
    }

    /// The fault of a name that can only stand for something here, and does not.
    #[must_use]
    pub fn check_name(&self, name: &Name) -> Option<Diagnostic> {
        let is_known = self.open_names
            || !name.is_certain
            || matches!(name.text.as_str(), "env" | "param")
            || self.named(&name.text).is_some();
        (!is_known).then(|| self.unknown(&name.text, None).at(name.span))
    }

    fn unknown(&self, text: &str, attribute: Option<&str>) -> Diagnostic {
        let known: Vec<&str> = self.names.keys().map(String::as_str).collect();
        let whole = attribute.map_or_else(|| text.to_owned(), |it| format!("{text}.{it}"));
        let fault = Diagnostic::error("unknown-name", format!("`{whole}` refers to nothing in this stack"));
        let parts: Vec<&str> = self.finished.iter().filter_map(|it| it.place.part.as_deref()).collect();
        if let (Some(attribute), None, Some(part)) = (attribute, nearest(text, &known), nearest(text, &parts))
        {
            return fault.help(format!("did you mean `{part}.{attribute}`?"));
        }
        if is_shell_variable(text) && nearest(text, &known).is_none() {
            return fault.help(format!(
                "if a variable of the shell is meant, write `$${{{whole}}}`, and inside of `!Sub` `${{!{whole}}}`"
            ));
        }
        fault.suggest(text, known)
    }
}

fn built_attribute(text: &str, built: &Built, attribute: Option<&str>) -> Result<Expr<Handle>, Diagnostic> {
    let found = match attribute {
        None => built.attributes.first(),
        Some(attribute) => built.attributes.iter().find(|(name, _)| *name == attribute),
    };
    match found {
        Some((_, value)) if !value.is_absent() => Ok(value.clone()),
        Some((name, _)) => {
            Err(Diagnostic::error("unknown-attribute", format!("this `{text}` has no `{name}`"))
                .help(format!("look at its properties: `asi explain {}`", built.kind)))
        }
        None => {
            let attribute = attribute.unwrap_or_default();
            let known =
                built.attributes.iter().filter(|(_, value)| !value.is_absent()).map(|(name, _)| *name);
            Err(unknown_attribute(text, built.kind, attribute, known))
        }
    }
}

fn unknown_attribute<'a>(
    text: &str,
    kind: &str,
    attribute: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Diagnostic {
    let fault = format!("`{text}` is a {kind} and has no attribute `{attribute}`");
    Diagnostic::error("unknown-attribute", fault).suggest(attribute, known)
}

/// Whether it begins with a name such as shells write: `HOME`, or `TAG:-latest`.
fn is_shell_variable(text: &str) -> bool {
    let end = text.find(|it: char| !it.is_ascii_alphanumeric() && it != '_').unwrap_or(text.len());
    end > 0 && !text[..end].contains(|it: char| it.is_ascii_lowercase())
}

pub(super) fn refers_to_itself(name: &str) -> Diagnostic {
    Diagnostic::error("reference-cycle", format!("`{name}` refers to itself"))
        .help("take the reference out, or write its value out")
}

pub(super) fn list_in_text(span: Span) -> Diagnostic {
    Diagnostic::error("list-in-text", "a list cannot stand where text is due")
        .at(span)
        .help("join it first, as in `!Join [\",\", \"${net.publicSubnetIds}\"]`")
}

/// A list cannot stand inside a text.
fn check_parts(value: &Expr<Handle>, faults: &mut Vec<Diagnostic>) {
    match &value.kind {
        ExprKind::Concat(parts) if parts.iter().any(|it| matches!(it.kind, ExprKind::List(_))) => {
            faults.push(list_in_text(value.span));
        }
        ExprKind::List(items) => items.iter().for_each(|it| check_parts(it, faults)),
        ExprKind::Object(map) => map.values().for_each(|it| check_parts(&it.value, faults)),
        _ => (),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{name::interpolate, property::Reader, tree::Place};

    #[test]
    fn knows_a_variable_of_the_shell_from_a_misspelt_name() {
        let help = |text: &str| {
            let mut tree = Tree::new(Place::default());
            tree.names.insert("site".to_owned(), Named::Pending(None));
            let value = interpolate(text, Span::NOWHERE, &mut Reader::default());
            tree.resolve(value).unwrap_err().remove(0).help.unwrap_or_default()
        };
        let escaped = |name| {
            format!(
                "if a variable of the shell is meant, write `$${{{name}}}`, and inside of `!Sub` `${{!{name}}}`"
            )
        };
        assert_eq!(help("${HOME}"), escaped("HOME"));
        assert_eq!(help("${TAG:-1.0}"), escaped("TAG:-1.0"));
        assert_eq!(help("${sit}"), "did you mean `site`?");
        assert_eq!(help("${home}"), "use `site`");
    }
}
