//! A network that is known by what was looked up in AWS.
//!
//! The CDK keeps what it looks up in `cdk.context.json`, each value under a key that says what was asked. The same file
//! and the same keys are read here: a template then depends on no more than what stands in the repository.

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

    /// The key under which the CDK keeps the answer: what was asked, sorted by its names.
    fn key(&self, account: &str, region: &str) -> String {
        let mut asked: Vec<(String, String)> = vec![
            ("account".to_owned(), account.to_owned()),
            ("region".to_owned(), region.to_owned()),
            ("returnAsymmetricSubnets".to_owned(), "true".to_owned()),
        ];
        if self.default.value {
            asked.push(("filter.isDefault".to_owned(), "true".to_owned()));
        }
        asked.extend(self.id.iter().map(|it| ("filter.vpc-id".to_owned(), it.value.clone())));
        asked.extend(self.name.iter().map(|it| ("filter.tag:Name".to_owned(), it.value.clone())));
        asked.extend(self.tags.iter().map(|(name, value)| (format!("filter.tag:{name}"), value.clone())));
        asked.sort();
        let asked = asked.iter().map(|(name, value)| format!(":{name}={}", value.replace(':', "$:")));
        format!("vpc-provider{}", asked.collect::<String>())
    }

    /// The network, as it was looked up.
    ///
    /// # Errors
    ///
    /// A [`Diagnostic`] if the stack is bound to no account and region, or if nobody has looked it up there.
    pub(super) fn resolve(&self, scope: &Scope<'_>, span: Span) -> Result<Network, Diagnostic> {
        let place = scope.place();
        let (Some(account), Some(region)) = (&place.account, &place.region) else {
            let fault = "a VPC is looked up in one account and region, and the stack is bound to none";
            return Err(Diagnostic::error("lookup", fault)
                .at(span)
                .help("add `account:` and `region:` to the stack, or to its environments"));
        };
        let key = self.key(account, region);
        let Some(found) = scope.looked_up(&key) else {
            let fault = format!("nobody has looked this VPC up in {account}, {region}");
            return Err(Diagnostic::error("lookup", fault).at(span).help(format!(
                "`cdk.context.json` beside the stack file keeps it, as the CDK writes it, under `{key}`; or write \
                 `vpc` and `subnets` out"
            )));
        };
        network(found, span).ok_or_else(|| {
            Diagnostic::error("lookup", format!("what is kept under `{key}` is no VPC"))
                .at(found.span)
                .label(span, "looked up for this")
                .help("remove it, and look it up again")
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
    use super::*;

    #[test]
    fn its_key_is_the_cdks() {
        let lookup = |name: Option<&str>, id: Option<&str>, tags: &[(&str, &str)]| Lookup {
            default: false.into(),
            id: id.map(|it| it.to_owned().into()),
            name: name.map(|it| it.to_owned().into()),
            tags: tags.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        };
        assert_eq!(
            lookup(Some("main"), None, &[]).key("A", "R"),
            "vpc-provider:account=A:filter.tag:Name=main:region=R:returnAsymmetricSubnets=true"
        );
        assert_eq!(
            lookup(None, Some("vpc-1"), &[("env", "prod:1")]).key("A", "R"),
            "vpc-provider:account=A:filter.tag:env=prod$:1:filter.vpc-id=vpc-1:region=R:returnAsymmetricSubnets=true"
        );
        assert_eq!(
            Lookup { default: true.into(), ..lookup(None, None, &[]) }.key("A", "R"),
            "vpc-provider:account=A:filter.isDefault=true:region=R:returnAsymmetricSubnets=true"
        );
    }
}
