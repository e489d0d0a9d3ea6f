//! What the schema of a type says of a change: whether the resource is replaced.

use std::borrow::Cow;

use asi_constructs::kernel::node::Node;

use super::{
    compare::{Change, Key, Leaf},
    spec::Spec,
    type_of,
    value::{is_function, scalar},
};

/// Whether a resource is replaced, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replacement {
    /// Whether it is.
    pub verdict: Verdict,
    /// What leads to that, the strongest first; what replaces nothing is not here.
    pub because: Vec<Reason>,
}

/// How sure it is that a resource is replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It is changed where it is.
    #[default]
    Never,
    /// That depends on values that are not in a template, or on the service.
    Maybe,
    /// It is replaced.
    Always,
}

/// What leads to a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The property, as people write it; nothing for the resource as a whole.
    pub path: String,
    /// What it leads to by itself.
    pub verdict: Verdict,
    /// Who says so.
    pub source: Source,
    /// What it follows from, if the property itself is written as it was.
    pub cause: Option<Cause>,
}

/// Who says that a change replaces a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The schema of the type, about the property at this pointer.
    Schema(String),
    /// There is no schema of the type, or whoever provides it decides.
    Provider,
    /// It has another type.
    Type,
    /// It has another logical id.
    LogicalId,
    /// The property refers to something that gives another value; by itself that changes the resource where it is.
    Reference,
    /// CloudFormation itself, in a change set.
    ChangeSet,
}

/// What a replacement follows from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The resource that is replaced first, or what else gives another value: `Mappings/Images`,
    /// `Conditions/C`, `Template.LatestVersionNumber`.
    pub root: String,
    /// What the property refers to: that, or a resource that is replaced because of it.
    pub through: String,
}

impl Replacement {
    /// Adds a reason.
    pub(super) fn add(&mut self, reason: Reason) {
        self.verdict = self.verdict.max(reason.verdict);
        if !self.because.contains(&reason) {
            self.because.push(reason);
            self.because.sort_by_key(|it| std::cmp::Reverse(it.verdict));
        }
    }

    /// Whether nothing but another resource leads to this.
    pub fn root(&self) -> Option<&str> {
        let strongest = self.because.iter().filter(|it| it.verdict == self.verdict);
        let mut causes = strongest.map(|it| it.cause.as_ref());
        let first = causes.next()??;
        causes.all(|it| it.is_some()).then_some(first.root.as_str())
    }
}

/// A verdict, once it is known what the resource says of its updates itself.
pub(super) fn settled(verdict: Verdict, resource: &Node) -> Verdict {
    if verdict != Verdict::Maybe || type_of(resource) != "AWS::AutoScaling::AutoScalingGroup" {
        return verdict;
    }
    // A group is replaced if its update policy says so, and else changed, or its instances are.
    let policy = resource.get("UpdatePolicy").and_then(|it| it.get("AutoScalingReplacingUpdate"));
    let replaces = policy.and_then(|it| it.get("WillReplace"));
    match replaces.map(|it| scalar(it).map(|it| it.eq_ignore_ascii_case("true"))) {
        Some(Some(true)) => Verdict::Always,
        Some(None) => Verdict::Maybe,
        Some(Some(false)) | None => Verdict::Never,
    }
}

/// What the schema says of a change of properties.
///
/// `templates` are the old and the new one, whose parameters have defaults.
pub(super) fn of_change(
    change: &Change,
    resource: &Node,
    templates: [&Node; 2],
    spec: Option<&Spec>,
) -> Replacement {
    let mut replacement = Replacement::default();
    for leaf in change.leaves() {
        if let Some((verdict, source)) = of_leaf(&leaf, spec) {
            // A stack may well have been deployed with another value than the default.
            let is_perhaps_the_same = is_same_by_default(leaf.change, templates) || is_order(&leaf, spec);
            let verdict = if is_perhaps_the_same { verdict.min(Verdict::Maybe) } else { verdict };
            let verdict = settled(verdict, resource);
            if verdict != Verdict::Never {
                replacement.add(Reason { path: leaf.name(), verdict, source, cause: None });
            }
        }
    }
    replacement
}

/// Whether a list is in another order, and the schema says that this means nothing.
fn is_order(leaf: &Leaf<'_>, spec: Option<&Spec>) -> bool {
    let is_set = |spec: &Spec| {
        let keys = leaf.path.iter();
        let place = keys.fold(spec.place(), |place, key| match key {
            Key::Name(name) => place.key(name),
            Key::Item(_) | Key::Named(_) => place.item(),
        });
        place.is_set()
    };
    matches!(leaf.change, Change::Reordered(..)) && spec.is_some_and(is_set)
}

/// Whether two values are one, if parameters have their defaults.
fn is_same_by_default(change: &Change, [old, new]: [&Node; 2]) -> bool {
    let Change::Replaced(before, after) = change else { return false };
    let default = |value: &Node, template: &Node| -> Option<String> {
        let Some(("Ref", name)) = value.as_single() else { return scalar(value).map(Cow::into_owned) };
        let parameter = template.get("Parameters")?.get(name.as_str()?)?;
        parameter.get("Default").and_then(scalar).map(Cow::into_owned)
    };
    let (before, after) = (default(before, old), default(after, new));
    before.is_some() && before == after
}

fn of_leaf(leaf: &Leaf<'_>, spec: Option<&Spec>) -> Option<(Verdict, Source)> {
    let Some(spec) = spec else { return Some((Verdict::Maybe, Source::Provider)) };
    let pointer = leaf.pointer();
    let within = |(verdict, at): (Verdict, &str)| (verdict, Source::Schema(format!("/properties{at}")));
    let found = at_or_above(spec, &pointer).or_else(|| below(spec, &pointer, leaf));
    found.map(within).or(spec.is_custom.then_some((Verdict::Maybe, Source::Provider)))
}

/// What a change at or in `pointer` does, by the strongest of what the schema says of it and of what holds it.
pub(super) fn at_or_above<'s>(spec: &'s Spec, pointer: &str) -> Option<(Verdict, &'s str)> {
    let holds = |at: &str| {
        let mut parts = pointer.split('/').skip(1);
        // Schemas name lists with or without their items.
        for key in at.split('/').skip(1).filter(|it| !it.is_empty()) {
            match parts.next() {
                Some(part) if part == key => (),
                Some("*") if parts.next() == Some(key) => (),
                _ => return false,
            }
        }
        true
    };
    let found = spec.replacing.iter().filter(|(at, _)| holds(at));
    found.max_by_key(|(_, verdict)| *verdict).map(|(at, verdict)| (*verdict, at.as_str()))
}

/// What a change of a whole does, if the schema says something of a part that comes or goes with it.
fn below<'s>(spec: &'s Spec, pointer: &str, leaf: &Leaf<'_>) -> Option<(Verdict, &'s str)> {
    let parts = spec.replacing.iter().filter_map(|(at, verdict)| {
        let rest = at.strip_prefix(pointer)?.strip_prefix('/')?;
        let keys: Vec<&str> = rest.split('/').collect();
        let values = [leaf.change.was(), leaf.change.now()];
        let found = values.into_iter().flatten().filter_map(|it| part(it, &keys)).max()?;
        Some((found.min(*verdict), at.as_str()))
    });
    parts.max_by_key(|(verdict, _)| *verdict)
}

/// Whether a value has a part; perhaps, if a function gives it.
fn part(node: &Node, keys: &[&str]) -> Option<Verdict> {
    let Some((key, rest)) = keys.split_first() else { return Some(Verdict::Always) };
    if is_function(node) {
        return Some(Verdict::Maybe);
    }
    match node.as_list() {
        Some(items) => {
            let keys = if *key == "*" { rest } else { keys };
            items.iter().filter_map(|it| part(it, keys)).max()
        }
        None => part(node.get(key)?, rest),
    }
}

#[cfg(test)]
mod tests {
    use crate::diff::testing::check;

    fn of(type_name: &str, old: &str, new: &str) -> String {
        let template = |it: &str| format!("Resources: {{R: {{Type: '{type_name}', Properties: {{{it}}}}}}}");
        check(&template(old), &template(new))
    }

    #[test]
    fn a_property_replaces_if_the_schema_says_so() {
        assert_eq!(
            of("AWS::EC2::VPC", "CidrBlock: 10.0.0.0/16", "CidrBlock: 10.1.0.0/16"),
            "~ R AWS::EC2::VPC Always (CidrBlock /properties/CidrBlock)\n    CidrBlock: 10.0.0.0/16 → 10.1.0.0/16\n"
        );
        assert_eq!(
            of(
                "AWS::EC2::VPC",
                "InstanceTenancy: default",
                "InstanceTenancy: dedicated, EnableDnsSupport: true"
            ),
            "~ R AWS::EC2::VPC Maybe (InstanceTenancy /properties/InstanceTenancy)\n    InstanceTenancy: default → dedicated\n    EnableDnsSupport: + true\n"
        );
    }

    #[test]
    fn another_order_may_replace_even_where_it_means_nothing() {
        assert_eq!(
            of("AWS::EKS::Nodegroup", "Subnets: [a, b], Labels: {a: 1}", "Subnets: [b, a], Labels: {a: 1}"),
            "~ R AWS::EKS::Nodegroup Maybe (Subnets /properties/Subnets)\n    Subnets: reordered [ \"a\", \"b\" ] → [ \"b\", \"a\" ]\n"
        );
        assert_eq!(
            of("AWS::EKS::Nodegroup", "Subnets: [a, b]", "Subnets: [a, !Ref b]").matches("reordered").count(),
            0
        );
        let group = |ingress: &str| format!("GroupDescription: a, SecurityGroupIngress: [{ingress}]");
        assert_eq!(
            of(
                "AWS::EC2::SecurityGroup",
                &group("{CidrIp: a}, {CidrIp: b}"),
                &group("{CidrIp: b}, {CidrIp: a}")
            ),
            ""
        );
    }

    #[test]
    fn a_custom_resource_keeps_its_provider() {
        let run = of("Custom::Cleaner", "ServiceToken: a", "ServiceToken: b");
        assert!(run.contains("; refused: ServiceToken\n"), "{run}");
    }

    #[test]
    fn a_part_of_a_property_replaces_too() {
        let source = |text: &str| format!("Source: {{Text: {text}, Other: 1}}");
        assert_eq!(
            of("AWS::CleanRooms::AnalysisTemplate", &source("a"), &source("b")),
            "~ R AWS::CleanRooms::AnalysisTemplate Always (Source.Text /properties/Source/Text)\n    Source.Text: a → b\n"
        );
        let name = |it: &str| format!("Budget: {{BudgetName: {it}, TimeUnit: DAILY}}");
        assert_eq!(
            of("AWS::Budgets::Budget", &name("a"), ""),
            "~ R AWS::Budgets::Budget Always (Budget /properties/Budget/BudgetName)\n    Budget: - { \"BudgetName\": \"a\", \"TimeUnit\": \"DAILY\" }\n"
        );
        assert_eq!(
            of("AWS::Budgets::Budget", "Budget: {TimeUnit: DAILY}", "Budget: {TimeUnit: MONTHLY}"),
            "~ R AWS::Budgets::Budget\n    Budget.TimeUnit: DAILY → MONTHLY\n"
        );
    }

    #[test]
    fn who_provides_a_type_decides_where_no_schema_does() {
        assert_eq!(
            of("Acme::Web::Site", "A: 1", "A: 2"),
            "~ R Acme::Web::Site Maybe (A Provider)\n    A: 1 → 2\n"
        );
        assert_eq!(
            of("Custom::Cleaner", "ServiceToken: a, B: 1", "ServiceToken: b, B: 2"),
            "~ R Custom::Cleaner Always (ServiceToken /properties/ServiceToken; B Provider); refused: ServiceToken\n    ServiceToken: a → b\n    B: 1 → 2\n"
        );
    }

    #[test]
    fn a_group_of_instances_is_replaced_if_its_policy_says_so() {
        let group = |subnet: &str, policy: &str| {
            format!(
                "Resources: {{G: {{Type: AWS::AutoScaling::AutoScalingGroup, {policy}Properties: {{VPCZoneIdentifier: [{subnet}]}}}}}}"
            )
        };
        let run =
            |policy: &str| check(&group("a", policy), &group("b", policy)).lines().next().unwrap().to_owned();
        assert_eq!(run(""), "~ G AWS::AutoScaling::AutoScalingGroup");
        assert_eq!(
            run("UpdatePolicy: {AutoScalingReplacingUpdate: {WillReplace: true}}, "),
            "~ G AWS::AutoScaling::AutoScalingGroup Always (VPCZoneIdentifier[0] /properties/VPCZoneIdentifier)"
        );
    }

    #[test]
    fn a_name_that_stays_is_taken() {
        let bucket = |name: &str, lock: &str| format!("BucketName: {name}, ObjectLockEnabled: {lock}");
        assert_eq!(
            of("AWS::S3::Bucket", &bucket("a", "false"), &bucket("a", "true")),
            "~ R AWS::S3::Bucket Always (ObjectLockEnabled /properties/ObjectLockEnabled); data Lost; refused: NameTaken BucketName\n    ObjectLockEnabled: false → true\n"
        );
        assert_eq!(
            of("AWS::S3::Bucket", &bucket("a", "false"), &bucket("b", "false")),
            "~ R AWS::S3::Bucket Always (BucketName /properties/BucketName); data Lost\n    BucketName: a → b\n"
        );
    }
}
