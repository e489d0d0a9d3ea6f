//! A network that is known by what was looked up in AWS.
//!
//! The CDK keeps what it looks up in `cdk.context.json`, each value under a key that says what was asked. The same file
//! and the same keys are read here: a template then depends on no more than what stands in the repository.

use serde_json::{Map, Value};

use crate::{
    kernel::prelude::*,
    targets::{Network, SubnetIds},
};

properties! {
    /// Which VPC is meant: one has to have all that is said.
    pub struct Lookup {
        /// Whether it is the default VPC of the account in the region.
        default: Spanned<bool> = "false",
        /// Its id.
        id: Option<Spanned<String>>,
        /// The value of its tag `Name`.
        name: Option<Spanned<String>>,
        /// The values of other tags.
        tags: IndexMap<String, String>,
    }
}

impl Lookup {
    /// Reports a lookup that means no VPC in particular.
    pub(super) fn check(&self, span: Span, faults: &mut Vec<Diagnostic>) {
        if !self.default.value && self.id.is_none() && self.name.is_none() && self.tags.is_empty() {
            faults.push(
                Diagnostic::error("lookup", "nothing says which VPC is meant")
                    .at(span)
                    .help("add `default: true`, its `id`, its `name`, or `tags`"),
            );
        }
    }

    /// What the CDK asks about it.
    fn asked(&self) -> Map<String, Value> {
        let tags = self.tags.iter().map(|(name, value)| (format!("tag:{name}"), value.clone()));
        let filter: Map<String, Value> = (self.default.value.then(|| ("isDefault".to_owned(), "true".to_owned())))
            .into_iter()
            .chain(self.id.iter().map(|it| ("vpc-id".to_owned(), it.value.clone())))
            .chain(self.name.iter().map(|it| ("tag:Name".to_owned(), it.value.clone())))
            .chain(tags)
            .map(|(name, value)| (name, Value::from(value)))
            .collect();
        [("filter", Value::from(filter)), ("returnAsymmetricSubnets", Value::from(true))]
            .map(|(name, value)| (name.to_owned(), value))
            .into_iter()
            .collect()
    }

    /// The network, as it was looked up.
    ///
    /// # Errors
    ///
    /// A [`Diagnostic`] if the stack is bound to no account and region, or if nobody has looked it up there.
    pub(super) fn resolve(&self, scope: &mut Scope<'_>, span: Span) -> Result<Network, Diagnostic> {
        let found = scope.look_up("this VPC", "vpc-provider", self.asked(), span)?;
        network(found, span).ok_or_else(|| {
            Diagnostic::error("lookup", "what is kept here is no VPC")
                .at(found.span)
                .label(span, "looked up for this")
                .help("take it out with `asi context --reset`, and look it up again with `asi context fetch`")
        })
    }
}

/// The network that an answer of the CDK's lookup describes.
fn network(found: &Node, span: Span) -> Option<Network> {
    let text = |of: &Node, key: &str| of.get(key).and_then(Node::as_str).map(str::to_owned);
    let written = |it: String| Expr::from(it).at(span);
    let groups = found.get("subnetGroups")?.as_list()?;
    let of_kind = |kind: &str| -> Option<Vec<Expr<Handle>>> {
        let groups = groups.iter().filter(|it| text(it, "type").as_deref() == Some(kind));
        let subnets = groups.map(|it| it.get("subnets")?.as_list()).collect::<Option<Vec<_>>>()?;
        subnets.into_iter().flatten().map(|it| text(it, "subnetId").map(written)).collect()
    };
    let (public, private, isolated) = (of_kind("Public")?, of_kind("Private")?, of_kind("Isolated")?);
    // Isolated subnets serve where there are no others, and nothing leads out of them.
    let has_way_out = !private.is_empty() || isolated.is_empty();
    let inner = if private.is_empty() { isolated } else { private };
    Some(Network {
        vpc_id: written(text(found, "vpcId")?),
        cidr: text(found, "vpcCidrBlock").map(written),
        public_subnet_ids: SubnetIds::from_iter(public),
        private_subnet_ids: SubnetIds::from_iter(inner),
        internet: Vec::new(),
        outbound: has_way_out.then(Vec::new),
    })
}

#[cfg(test)]
mod tests {
    use crate::kernel::lookup::Missing;

    use super::*;

    #[test]
    fn its_key_is_the_cdks() {
        let key = |default: bool, name: Option<&str>, id: Option<&str>, tags: &[(&str, &str)]| {
            let lookup = Lookup {
                default: default.into(),
                id: id.map(|it| it.to_owned().into()),
                name: name.map(|it| it.to_owned().into()),
                tags: tags.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            };
            Missing::asked("vpc-provider", "A", "R", lookup.asked()).key
        };
        assert_eq!(
            key(false, Some("main"), None, &[]),
            "vpc-provider:account=A:filter.tag:Name=main:region=R:returnAsymmetricSubnets=true"
        );
        assert_eq!(
            key(false, None, Some("vpc-1"), &[("env", "prod:1")]),
            "vpc-provider:account=A:filter.tag:env=prod$:1:filter.vpc-id=vpc-1:region=R:returnAsymmetricSubnets=true"
        );
        assert_eq!(
            key(true, None, None, &[]),
            "vpc-provider:account=A:filter.isDefault=true:region=R:returnAsymmetricSubnets=true"
        );
    }
}
