//! A web application firewall in front of a load balancer: some paths only for callers at listed addresses.

mod logs;
mod paths;
mod rules;
#[cfg(test)]
mod tests;

use ipnet::IpNet;

use crate::{kernel::prelude::*, targets::LoadBalancer};
use logs::Logs;
use rules::{ExtraRule, ManagedRules, Rule};

const ASSOCIATION: ResourceType = ResourceType::new("AWS::WAFv2::WebACLAssociation");
const IP_SET: ResourceType = ResourceType::new("AWS::WAFv2::IPSet");
const WEB_ACL: ResourceType = ResourceType::new("AWS::WAFv2::WebACL");

properties! {
    /// A web application firewall in front of a load balancer: some paths only for callers at listed addresses.
    ///
    /// Whoever calls one of the paths from elsewhere is answered with 403; all other paths stay open to everybody.
    /// A load balancer has at most one such firewall: more rules belong in the same one, under `rules`.
    pub struct WafWhitelist {
        /// The construct whose load balancer the requests come to.
        target: Link<LoadBalancer>,
        /// What the protected paths begin with: `/admin` is also `/admin/users` and `/administration`, `/admin/`
        /// only what lies below, and `/` everything. Case does not matter, nor escapes (`/%61dmin`), nor what a
        /// server would resolve (`//admin`, `/x/../admin`).
        paths: AtLeastOne<Spanned<String>>,
        /// The addresses and ranges that may call the protected paths, IPv4 and IPv6: `203.0.113.0/24`, `2001:db8::1`.
        allow: AtLeastOne<Spanned<IpNet>>,
        /// Whether to block also what only some servers take for one of the paths: a path that is encoded twice, has
        /// backslashes for slashes, or parameters in its parts (`/x/..;/admin`). It costs a second rule, and blocks
        /// a few odd paths that no server would take for one.
        strict: Spanned<bool> = "false",
        /// The header that holds the caller's address, for callers that come through a proxy such as CloudFront:
        /// `X-Forwarded-For`. Let the load balancer take requests from that proxy alone, for everybody else can
        /// write any address into the header. If absent, the address the connection comes from counts.
        address_from: Option<AddressFrom>,
        /// Groups of rules that AWS maintains, over all paths and callers.
        managed_rules: Vec<Spanned<ManagedRules>>,
        /// How many requests an address may make in 5 minutes, to any path, before it is blocked for a while.
        /// If absent, there is no limit.
        rate_limit: Option<Spanned<u32>>,
        /// More rules, as CloudFormation writes those of a web ACL. With `Priority`, a rule is evaluated where that
        /// says; without, after all others. `VisibilityConfig` may be left out.
        rules: Vec<ExtraRule>,
        /// Whether requests are logged, which, and for how long: `true`, or `{retention: 30, requests: all}`.
        logs: Switch<Logs> = "false",
    }
}

properties! {
    /// The header that holds the caller's address.
    pub struct AddressFrom from header {
        /// The name of the header.
        header: Spanned<String>,
        /// Which address counts if the header holds several.
        position: Position = "last",
    }
}

choices! {
    /// Which address of a header counts.
    pub enum Position {
        /// The one the nearest proxy has added, which no caller can forge.
        Last,
        /// The one the caller, or a proxy next to him, has written.
        First,
        /// Any of them: one that is listed is enough.
        Any,
    }
}

exports! {
    /// What other constructs may use of a [`WafWhitelist`].
    pub struct Exports {
        /// The ARN of the web ACL.
        arn: Expr<Handle>,
        /// Its id.
        id: Expr<Handle>,
        /// The name of the log group, if there is a log.
        log_group: Option<Expr<Handle>>,
    }
}

impl Target for Exports {
    const WHAT: &'static str = "a WafWhitelist";
}

impl Construct for WafWhitelist {
    const KIND: &'static str = "WafWhitelist";
    const EXAMPLE: &'static str = include_str!("waf_whitelist.yaml");

    type Exports = Exports;

    fn check(&self, faults: &mut Vec<Diagnostic>) {
        paths::check(&self.paths.0, faults);
        check_ranges(&self.allow.0, faults);
        if self.strict.value && self.paths.0.iter().any(|it| it.value == "/") {
            faults.push(
                Diagnostic::error("no-effect", "with the path `/` every request is blocked, in whatever disguise")
                    .at(self.strict.span)
                    .help("remove `strict`"),
            );
        }
        rules::check(&self.managed_rules, &self.rules, faults);
        if let Some(AddressFrom { header, .. }) = &self.address_from
            && !is_header_name(&header.value)
        {
            faults.push(
                Diagnostic::error("waf-header", format!("WAF takes no header `{}`", header.value))
                    .at(header.span)
                    .help("use letters, digits and dashes, such as `X-Forwarded-For`"),
            );
        }
        if let Some(limit) = self.rate_limit.filter(|it| !(10..=2_000_000_000).contains(&it.value)) {
            faults.push(
                Diagnostic::error("waf-rate-limit", format!("WAF cannot limit to {} requests", limit.value))
                    .at(limit.span)
                    .help("use 10 to 2000000000 in 5 minutes"),
            );
        }
    }

    fn build(&self, scope: &mut Scope<'_>) -> Result<Exports, Diagnostic> {
        let balancer = scope.find(&self.target)?;
        if let Err(before) = scope.claim(Self::KIND, balancer.arn.clone(), self.target.name.span) {
            let fault = format!("the load balancer of `{}` has a firewall already", self.target.name.text);
            return Err(Diagnostic::error("second-firewall", fault)
                .label(self.target.name.span, "")
                .label(before, "by this one")
                .help("make it one WafWhitelist, with what is different in its `rules`"));
        }
        let listed = self.listed(scope);
        let rules = self.rules(scope, &listed);
        let id = scope.unique_id();
        // The end of an id is what makes it unique, and a metric's name has 128 characters at most.
        let metric = &id[id.len().saturating_sub(128)..];
        let acl = scope.resource(
            "WebAcl",
            WEB_ACL,
            object! {
                "DefaultAction" => object! { "Allow" => object! {} },
                "Rules" => rules,
                "Scope" => "REGIONAL",
                "VisibilityConfig" => rules::visibility(metric),
            },
        );
        scope.resource(
            "Association",
            ASSOCIATION,
            object! {
                "ResourceArn" => balancer.arn,
                "WebACLArn" => acl.attribute("Arn"),
            },
        );
        let log_group = self.logs.0.as_ref().map(|it| it.build(scope, acl).reference());
        Ok(Exports { arn: acl.attribute("Arn"), id: acl.attribute("Id"), log_group })
    }
}

impl WafWhitelist {
    /// Adds the sets of addresses, and gives the statement that the caller is in one. A set holds one family.
    fn listed(&self, scope: &mut Scope<'_>) -> Expr<Handle> {
        let (v4, v6): (Vec<Spanned<IpNet>>, Vec<Spanned<IpNet>>) =
            self.allow.0.iter().partition(|it| matches!(it.value, IpNet::V4(_)));
        let mut sets = Vec::new();
        for (id, version, ranges) in [("IpSet", "IPV4", v4), ("IpSetV6", "IPV6", v6)] {
            if ranges.is_empty() {
                continue;
            }
            let addresses: Vec<Expr<Handle>> =
                ranges.iter().map(|it| Expr::from(it.value.to_string()).at(it.span)).collect();
            let set = scope.resource(
                id,
                IP_SET,
                object! {
                    "Addresses" => addresses,
                    "IPAddressVersion" => version,
                    "Scope" => "REGIONAL",
                },
            );
            sets.push(object! {
                "IPSetReferenceStatement" => object! {
                    "Arn" => set.attribute("Arn"),
                    "IPSetForwardedIPConfig" => self.address_from.as_ref().map(AddressFrom::config),
                },
            });
        }
        rules::any(sets)
    }

    /// All rules, by priority.
    fn rules(&self, scope: &mut Scope<'_>, listed: &Expr<Handle>) -> Vec<Expr<Handle>> {
        let paths: Vec<&str> = self.paths.0.iter().map(|it| it.value.as_str()).collect();
        let unlisted = rules::not(listed.clone());
        let mut own = Vec::new();
        match paths::protected(&paths) {
            // Everything is protected: there is nothing to compare.
            None => own.push(Rule::block("ProtectedPaths", unlisted)),
            Some(protected) => {
                own.push(Rule::block("ProtectedPaths", rules::all(vec![unlisted.clone(), protected])));
                if self.strict.value {
                    let disguised = rules::any(paths::disguised(&paths));
                    own.push(Rule::block("DisguisedPaths", rules::all(vec![unlisted, disguised])));
                }
            }
        }
        if let Some(from) = &self.address_from {
            // WAF skips a rule about an address in a header when the request has no such header.
            let mut statements = vec![from.is_missing()];
            if let Some(protected) = paths::protected(&paths) {
                let disguised = if self.strict.value { paths::disguised(&paths) } else { Vec::new() };
                statements.push(rules::any([vec![protected], disguised].concat()));
            }
            own.push(Rule::block("NoAddress", rules::all(statements)));
        }
        own.extend(self.rate_limit.map(|it| self.limit(it)));
        own.extend(self.managed_rules.iter().map(|it| it.value.rule().caused_by(it.span)));
        let extra = self.rules.iter().map(|it| (it, scope.value(&it.value))).collect();
        rules::number(own, extra)
    }

    fn limit(&self, limit: Spanned<u32>) -> Rule {
        let header = self.address_from.as_ref().map(|it| {
            object! { "FallbackBehavior" => "MATCH", "HeaderName" => it.header.clone() }
        });
        Rule::block(
            "RateLimit",
            object! {
                "RateBasedStatement" => object! {
                    "AggregateKeyType" => if header.is_some() { "FORWARDED_IP" } else { "IP" },
                    "EvaluationWindowSec" => 300,
                    "ForwardedIPConfig" => header,
                    "Limit" => limit,
                },
            },
        )
    }
}

impl AddressFrom {
    fn config(&self) -> Expr<Handle> {
        object! {
            // What is no address is no listed address.
            "FallbackBehavior" => "NO_MATCH",
            "HeaderName" => self.header.clone(),
            "Position" => match self.position {
                Position::Last => "LAST",
                Position::First => "FIRST",
                Position::Any => "ANY",
            },
        }
    }

    fn is_missing(&self) -> Expr<Handle> {
        rules::not(object! {
            "SizeConstraintStatement" => object! {
                "ComparisonOperator" => "GE",
                "FieldToMatch" => object! { "SingleHeader" => object! { "Name" => self.header.value.to_ascii_lowercase() } },
                "Size" => 1,
                "TextTransformations" => paths::transformations(&["NONE"]),
            },
        })
    }
}

fn check_ranges(ranges: &[Spanned<IpNet>], faults: &mut Vec<Diagnostic>) {
    for (at, range) in ranges.iter().enumerate() {
        if range.value.prefix_len() == 0 {
            faults.push(
                Diagnostic::error("waf-range", format!("WAF takes no range as wide as `{}`", range.value))
                    .at(range.span)
                    .help("list narrower ranges: this one would let everybody in"),
            );
        }
        if let Some(first) = ranges[..at].iter().find(|it| it.value == range.value) {
            faults.push(
                Diagnostic::error("no-effect", format!("`{}` is listed twice", range.value))
                    .label(range.span, "again here")
                    .label(first.span, "first here")
                    .help("remove one of them"),
            );
        }
    }
}

fn is_header_name(name: &str) -> bool {
    (1..=255).contains(&name.len()) && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
}
