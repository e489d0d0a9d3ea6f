//! The least that has to be allowed for stacks to be deployed: what `asi` calls itself, and what CloudFormation calls for
//! whoever called that, as the schemas of the resource types say.

use std::collections::{BTreeMap, BTreeSet};

use asi_constructs::kernel::node::Node;
use serde_json::Value;

use crate::{
    deploy::{self, Body},
    ops::{Deployable, deploy::bucket, targets::partition},
};

/// What has to be allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The statements.
    pub statements: Vec<Statement>,
    /// The types of resources of which nobody says what CloudFormation calls for them.
    pub unknown: BTreeSet<String>,
}

/// Actions that have to be allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its name.
    pub name: &'static str,
    /// The actions.
    pub actions: BTreeSet<String>,
    /// The resources they are called for; `*` is any.
    pub resources: Vec<String>,
    /// Whether CloudFormation calls them for who called that.
    pub through_cloudformation: bool,
}

/// What `asi deploy` calls for a stack, as its help says.
const OF_STACKS: [&str; 11] = [
    "cloudformation:CancelUpdateStack",
    "cloudformation:CreateChangeSet",
    "cloudformation:DeleteChangeSet",
    "cloudformation:DeleteStack",
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeEvents",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStacks",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:GetTemplate",
    "cloudformation:ListChangeSets",
];

/// What `asi refactor` calls besides; a refactoring is of several stacks, and no resource of IAM.
const OF_REFACTORINGS: [&str; 6] = [
    "cloudformation:CreateStackRefactor",
    "cloudformation:DescribeStackRefactor",
    "cloudformation:ExecuteStackRefactor",
    "cloudformation:GetStackPolicy",
    "cloudformation:ListStackRefactorActions",
    "cloudformation:ListStackRefactors",
];

impl Policy {
    /// What has to be allowed to deploy these stacks. Those that are bound to no account go to `account`, to no region to
    /// `region`; if that is not known either, it is any.
    pub fn of(stacks: &[&Deployable], account: Option<&str>, region: Option<&str>) -> Self {
        let mut places = Places::default();
        let mut handled = BTreeSet::new();
        let mut unknown = BTreeSet::new();
        for stack in stacks {
            let target = &stack.target;
            let account = target.account.as_deref().or(account).unwrap_or("*");
            let region = target.region.as_deref().or(region).unwrap_or("*");
            let partition = if region == "*" { "*" } else { partition(region) };
            let filled = |it: &String| {
                let it = it.replace("${AWS::Partition}", partition).replace("${AWS::Region}", region);
                it.replace("${AWS::AccountId}", account)
            };
            let roles = [&target.roles.deploy, &target.roles.lookup];
            let assets = &stack.assets;
            let of_files = assets.files.iter().map(|it| &it.place);
            let of_images = assets.images.iter().map(|it| &it.place);
            let publishers = of_files.chain(of_images).filter_map(|it| it.role.as_ref());
            places.roles.extend(roles.into_iter().flatten().chain(publishers).map(filled));
            if target.roles.deploy.is_some() {
                // With that role all else is done.
                continue;
            }
            let arn = |rest: &str| format!("arn:{partition}:cloudformation:{region}:{account}:{rest}");
            places.stacks.insert(arn(&format!("stack/{}/*", target.name)));
            if matches!(deploy::body(&stack.template), Body::Bucket(_)) {
                places.files.insert(format!("arn:{partition}:s3:::{}/*", bucket(account, region)));
            }
            handle(&stack.template.body, &mut handled, &mut unknown);
        }
        let statement =
            |name, actions: BTreeSet<String>, resources: BTreeSet<String>, through_cloudformation| {
                let resources: Vec<String> = resources.into_iter().collect();
                Statement { name, actions, resources, through_cloudformation }
            };
        let owned = |it: &[&str]| it.iter().map(|it| (*it).to_owned()).collect::<BTreeSet<_>>();
        let statements = [
            statement("Stacks", owned(&OF_STACKS), places.stacks, false),
            statement("Templates", owned(&["s3:GetObject", "s3:PutObject"]), places.files, false),
            statement("Roles", owned(&["sts:AssumeRole"]), places.roles, false),
            statement("Resources", handled, owned(&["*"]), true),
        ];
        let is_needed = |it: &Statement| !it.actions.is_empty() && !it.resources.is_empty();
        Self { statements: statements.into_iter().filter(is_needed).collect(), unknown }
    }

    /// The same with what `asi refactor` calls, where no role does that; CloudFormation reads and tags what it moves for whoever
    /// called that.
    #[must_use]
    pub fn with_refactoring(mut self) -> Self {
        if let Some(at) = self.statements.iter().position(|it| it.name == "Stacks") {
            let actions = OF_REFACTORINGS.iter().map(|it| (*it).to_owned()).collect();
            let resources = vec!["*".to_owned()];
            let statement =
                Statement { name: "Refactorings", actions, resources, through_cloudformation: false };
            self.statements.insert(at + 1, statement);
        }
        self
    }

    /// Whether nothing has to be allowed.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// All actions, once each.
    pub fn actions(&self) -> BTreeSet<&str> {
        self.statements.iter().flat_map(|it| &it.actions).map(String::as_str).collect()
    }
}

/// What stacks need, by ARN.
#[derive(Debug, Default)]
struct Places {
    stacks: BTreeSet<String>,
    files: BTreeSet<String>,
    roles: BTreeSet<String>,
}

/// Adds what CloudFormation calls for a template, and the types of which that is not known.
fn handle(template: &Node, handled: &mut BTreeSet<String>, unknown: &mut BTreeSet<String>) {
    let known: BTreeMap<String, Value> = serde_json::from_str(asi_schemas::permissions()).unwrap_or_default();
    let resources = template.get("Resources").and_then(Node::as_map).into_iter().flatten();
    let types = resources.filter_map(|(_, it)| it.value.get("Type").and_then(Node::as_str));
    for name in types.collect::<BTreeSet<_>>() {
        let Some(handlers) = known.get(name).and_then(Value::as_object) else {
            unknown.insert(name.to_owned());
            continue;
        };
        let actions = handlers.values().filter_map(Value::as_array).flatten().filter_map(Value::as_str);
        handled.extend(actions.map(str::to_owned));
    }
    let parameters = template.get("Parameters").and_then(Node::as_map).into_iter().flatten();
    let mut parameter_types = parameters.filter_map(|(_, it)| it.value.get("Type").and_then(Node::as_str));
    if parameter_types.any(|it| it.starts_with("AWS::SSM::Parameter::")) || has(template, "{{resolve:ssm") {
        handled.insert("ssm:GetParameters".to_owned());
    }
    if has(template, "{{resolve:secretsmanager:") {
        handled.insert("secretsmanager:GetSecretValue".to_owned());
    }
}

/// Whether a text in a document has this in it.
fn has(node: &Node, part: &str) -> bool {
    node.as_str().is_some_and(|it| it.contains(part)) || node.children().any(|it| has(it, part))
}

#[cfg(test)]
mod tests {
    use asi_constructs::kernel::span::Sources;

    use super::*;
    use crate::{load, ops::Target, template::Template};

    fn deployable(text: &str) -> Deployable {
        let (body, _) = load::template(text, "template.yaml", &mut Sources::default());
        let target = Target { account: Some("111111111111".to_owned()), ..Target::any("shop") };
        Deployable::new(target, Template::new(body.unwrap()), false)
    }

    #[test]
    fn a_template_needs_what_its_types_and_its_references_need() {
        let stack = deployable(
            "Parameters: {Image: {Type: AWS::SSM::Parameter::Value<String>, Default: /image}}\n\
             Resources:\n  \
               Jobs: {Type: AWS::SQS::Queue}\n  \
               Ours: {Type: Acme::Own::Thing}\n  \
               News: {Type: AWS::SNS::Topic, Properties: {DisplayName: '{{resolve:secretsmanager:a}}'}}",
        );
        let policy = Policy::of(&[&stack], None, Some("cn-north-1"));
        let names: Vec<&str> = policy.statements.iter().map(|it| it.name).collect();
        assert_eq!(names, ["Stacks", "Resources"]);
        assert_eq!(
            policy.statements[0].resources,
            ["arn:aws-cn:cloudformation:cn-north-1:111111111111:stack/shop/*"]
        );
        let actions = policy.actions();
        for it in ["sqs:CreateQueue", "sns:DeleteTopic", "ssm:GetParameters", "secretsmanager:GetSecretValue"]
        {
            assert!(actions.contains(it), "{it}");
        }
        assert_eq!(policy.unknown, BTreeSet::from(["Acme::Own::Thing".to_owned()]));
        assert!(!actions.contains("cloudformation:ExecuteStackRefactor"));
        let names: Vec<&str> =
            policy.clone().with_refactoring().statements.iter().map(|it| it.name).collect();
        assert_eq!(names, ["Stacks", "Refactorings", "Resources"]);
    }

    #[test]
    fn who_deploys_with_a_role_needs_to_take_it_on() {
        let mut stack = deployable("Resources: {Jobs: {Type: AWS::SQS::Queue}}");
        stack.target.roles.deploy =
            Some("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/deploy".to_owned());
        let policy = Policy::of(&[&stack], None, None);
        let policy = policy.with_refactoring();
        assert_eq!(policy.actions(), BTreeSet::from(["sts:AssumeRole"]));
        assert_eq!(policy.statements[0].resources, ["arn:*:iam::111111111111:role/deploy"]);
    }
}
