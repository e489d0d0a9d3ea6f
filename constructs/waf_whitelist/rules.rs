//! The rules of a web ACL: what they are made of, and the order they are evaluated in.

use crate::kernel::{
    expr::ExprKind,
    map::{Entry, Map},
    name::interpolated,
    prelude::*,
    property::read_integer,
};

/// The names of the rules a [`WafWhitelist`](super::WafWhitelist) may have of itself.
const OWN: [&str; 4] = ["ProtectedPaths", "DisguisedPaths", "NoAddress", "RateLimit"];

/// A rule without its priority.
pub(super) struct Rule {
    name: &'static str,
    effect: Effect,
    statement: Expr<Handle>,
    span: Span,
}

/// What becomes of a request that a rule matches.
enum Effect {
    Blocked,
    /// What the group of rules says.
    AsInGroup,
}

impl Rule {
    /// A rule that blocks what `statement` is true of.
    pub(super) fn block(name: &'static str, statement: Expr<Handle>) -> Self {
        Self { name, effect: Effect::Blocked, statement, span: Span::NOWHERE }
    }

    /// The same, as caused by the text at `span`.
    pub(super) fn caused_by(self, span: Span) -> Self {
        Self { span, ..self }
    }

    fn at(self, priority: i64) -> Expr<Handle> {
        let (action, override_action) = match self.effect {
            Effect::Blocked => (Some(object! { "Block" => object! {} }), None),
            Effect::AsInGroup => (None, Some(object! { "None" => object! {} })),
        };
        object! {
            "Action" => action,
            "Name" => self.name,
            "OverrideAction" => override_action,
            "Priority" => priority,
            "Statement" => self.statement,
            "VisibilityConfig" => visibility(self.name),
        }
        .at(self.span)
    }
}

choices! {
    /// A group of rules that AWS maintains.
    pub enum ManagedRules {
        /// What is commonly tried against web applications.
        Common,
        /// Requests for pages by which common software is administered.
        AdminProtection,
        /// Requests that are known to exploit a weakness.
        KnownBadInputs,
        /// Attacks on SQL databases.
        Sql,
        /// Attacks on Linux, such as on its local files.
        Linux,
        /// Attacks on POSIX systems, such as commands.
        Posix,
        /// Attacks on Windows, such as commands of PowerShell.
        Windows,
        /// Attacks on PHP.
        Php,
        /// Attacks on WordPress.
        WordPress,
        /// Addresses that Amazon knows bots and attackers at.
        IpReputation,
        /// Addresses of those who hide theirs: VPNs, proxies, Tor, hosting providers.
        AnonymousIp,
    }
}

impl ManagedRules {
    fn name(self) -> &'static str {
        match self {
            Self::Common => "AWSManagedRulesCommonRuleSet",
            Self::AdminProtection => "AWSManagedRulesAdminProtectionRuleSet",
            Self::KnownBadInputs => "AWSManagedRulesKnownBadInputsRuleSet",
            Self::Sql => "AWSManagedRulesSQLiRuleSet",
            Self::Linux => "AWSManagedRulesLinuxRuleSet",
            Self::Posix => "AWSManagedRulesUnixRuleSet",
            Self::Windows => "AWSManagedRulesWindowsRuleSet",
            Self::Php => "AWSManagedRulesPHPRuleSet",
            Self::WordPress => "AWSManagedRulesWordPressRuleSet",
            Self::IpReputation => "AWSManagedRulesAmazonIpReputationList",
            Self::AnonymousIp => "AWSManagedRulesAnonymousIpList",
        }
    }

    pub(super) fn rule(self) -> Rule {
        let group = object! { "Name" => self.name(), "VendorName" => "AWS" };
        Rule {
            name: self.name(),
            effect: Effect::AsInGroup,
            statement: object! { "ManagedRuleGroupStatement" => group },
            span: Span::NOWHERE,
        }
    }
}

/// A rule the user wrote as CloudFormation has them.
#[derive(Clone, Debug)]
pub struct ExtraRule {
    /// The whole of it.
    pub value: Value,
    /// Its `Name`.
    pub name: Spanned<String>,
    /// Its `Priority`, if it has one.
    pub priority: Option<Spanned<i64>>,
}

impl Property for ExtraRule {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        if !node.is_group() {
            return reader.mismatch(node, "a rule of a web ACL");
        }
        let Some(name) = node.get("Name") else {
            return reader.reject(
                Diagnostic::error("missing-property", "the property `Name` is missing")
                    .at(node.span)
                    .help("add `Name:`"),
            );
        };
        let priority = match node.get("Priority") {
            Some(it) => Some(Spanned::new(read_integer(it, reader)?, it.span)),
            None => None,
        };
        Some(Self { value: interpolated(node, reader), name: Spanned::read(name, reader)?, priority })
    }

    fn shape() -> Shape {
        Shape::Any
    }

    fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name)) {
        self.value.names(see);
    }
}

/// Reports rules that cannot stand beside each other.
pub(super) fn check(managed: &[Spanned<ManagedRules>], extra: &[ExtraRule], faults: &mut Vec<Diagnostic>) {
    for (at, group) in managed.iter().enumerate() {
        if let Some(first) = managed[..at].iter().find(|it| it.value == group.value) {
            faults.push(
                Diagnostic::error("no-effect", "the same rules are listed twice")
                    .label(group.span, "again here")
                    .label(first.span, "first here")
                    .help("remove one of them"),
            );
        }
    }
    for (at, rule) in extra.iter().enumerate() {
        let name = &rule.name;
        let is_own =
            OWN.contains(&name.value.as_str()) || managed.iter().any(|it| it.value.name() == name.value);
        let first = extra[..at]
            .iter()
            .find(|it| it.name.value == name.value)
            .map_or(Span::NOWHERE, |it| it.name.span);
        if is_own || first.is_written() {
            faults.push(
                Diagnostic::error("waf-rule-name", format!("there is already a rule `{}`", name.value))
                    .label(name.span, "")
                    .label(first, "first here")
                    .help("give it another name"),
            );
        }
        let Some(priority) = rule.priority else { continue };
        if let Some(first) =
            extra[..at].iter().find_map(|it| it.priority.filter(|it| it.value == priority.value))
        {
            faults.push(
                Diagnostic::error("waf-priority", format!("two rules have the priority {}", priority.value))
                    .label(priority.span, "again here")
                    .label(first.span, "first here")
                    .help("give each its own, or leave it out"),
            );
        }
    }
}

/// All rules by priority: the user's where they say, our `own` in the lowest places that are free, and last
/// those of the user's that do not say.
pub(super) fn number(own: Vec<Rule>, extra: Vec<(&ExtraRule, Expr<Handle>)>) -> Vec<Expr<Handle>> {
    let taken: Vec<i64> = extra.iter().filter_map(|(it, _)| it.priority).map(|it| it.value).collect();
    let free = (0..).filter(|it| !taken.contains(it));
    let mut numbered: Vec<(i64, Expr<Handle>)> =
        free.zip(own).map(|(priority, rule)| (priority, rule.at(priority))).collect();
    let highest = taken.iter().copied().chain(numbered.iter().map(|(it, _)| *it)).max();
    let mut next = highest.map_or(0, |it| it + 1);
    for (rule, value) in extra {
        let priority = rule.priority.map_or_else(
            || {
                next += 1;
                next - 1
            },
            |it| it.value,
        );
        numbered.push((priority, completed(rule, value, priority)));
    }
    numbered.sort_by_key(|(priority, _)| *priority);
    numbered.into_iter().map(|(_, rule)| rule).collect()
}

/// A rule of the user's with what he may leave out.
fn completed(rule: &ExtraRule, value: Expr<Handle>, priority: i64) -> Expr<Handle> {
    let Expr { kind: ExprKind::Object(mut map), span } = value else { return value };
    let metric = rule.name.value.replace(|it: char| !it.is_ascii_alphanumeric(), "");
    let missing: Map<Expr<Handle>> = Map::from_iter([
        ("Priority".into(), Entry::from(Expr::from(priority))),
        ("VisibilityConfig".into(), Entry::from(visibility(&metric))),
    ]);
    for (key, entry) in missing {
        map.entry(key).or_insert(entry);
    }
    map.sort_keys();
    Expr::from(ExprKind::Object(map)).at(span)
}

/// The settings by which CloudWatch counts what a rule, or the whole, does.
pub(super) fn visibility(metric: &str) -> Expr<Handle> {
    object! {
        "CloudWatchMetricsEnabled" => true,
        "MetricName" => metric.to_owned(),
        "SampledRequestsEnabled" => true,
    }
}

/// That one of `statements` is true.
pub(super) fn any(mut statements: Vec<Expr<Handle>>) -> Expr<Handle> {
    match statements.len() {
        1 => statements.remove(0),
        _ => object! { "OrStatement" => object! { "Statements" => statements } },
    }
}

/// That all of `statements` are true.
pub(super) fn all(mut statements: Vec<Expr<Handle>>) -> Expr<Handle> {
    match statements.len() {
        1 => statements.remove(0),
        _ => object! { "AndStatement" => object! { "Statements" => statements } },
    }
}

/// That `statement` is not true.
pub(super) fn not(statement: Expr<Handle>) -> Expr<Handle> {
    object! { "NotStatement" => object! { "Statement" => statement } }
}
