//! A permission the user of the stack file gives to what a construct runs.

use crate::{iam::Allow, kernel::prelude::*};

properties! {
    /// Something that may be done in AWS.
    pub struct Permission {
        /// The actions, such as `s3:GetObject`.
        actions: Spanned<Vec<Spanned<String>>>,
        /// The ARNs of what they may be done to.
        resources: Spanned<Vec<Text>>,
    }
}

impl Permission {
    /// Reports actions that are none or too many, and a permission that allows nothing.
    pub(crate) fn check(&self, whole: Span, faults: &mut Vec<Diagnostic>) {
        for action in &self.actions.value {
            let fault = match action.value.split_once(':') {
                Some((_, "*")) => Diagnostic::warning(
                    "wide-permission",
                    format!("`{}` allows all a service can do", action.value),
                )
                .help("name the actions that are called"),
                Some((_, name)) if !name.is_empty() => continue,
                None if action.value == "*" => {
                    Diagnostic::warning("wide-permission", "`*` allows everything in the account")
                        .help("name the actions that are called")
                }
                Some(_) | None => {
                    Diagnostic::error("permission-action", format!("`{}` is no action of AWS", action.value))
                        .help("write service and action, such as `s3:GetObject`")
                }
            };
            faults.push(fault.at(action.span));
        }
        for (is_empty, what, span) in [
            (self.actions.value.is_empty(), "actions", self.actions.span),
            (self.resources.value.is_empty(), "resources", self.resources.span),
        ] {
            if is_empty {
                let fault =
                    Diagnostic::error("no-effect", format!("a permission without {what} allows nothing"));
                faults.push(fault.at(span.or(whole)).help(format!("name its {what}, or remove it")));
            }
        }
    }

    /// The statement that allows it.
    pub(crate) fn statement(&self, scope: &mut Scope<'_>) -> Allow {
        let actions = self.actions.value.iter().map(|it| it.value.clone()).collect();
        Allow::as_written(actions, self.resources.value.iter().map(|it| scope.text(it)).collect())
    }
}
