//! How resources are made and updated: `CreationPolicy` and `UpdatePolicy`.

use asi_constructs::kernel::{
    diagnostic::one_of,
    node::{Node, is_intrinsic, short_form},
};

use super::{
    super::{
        document::Document,
        report::{Found, Place, Report},
        scenario::choice,
        value::scalar,
    },
    functions,
};

/// The form of a value.
#[derive(Clone, Copy)]
enum Form {
    Keys(&'static [(&'static str, Form)]),
    Text,
    Truth,
    /// A whole number, in a range if there is one.
    Whole(Option<(i64, i64)>),
    OneOf(&'static [&'static str]),
    /// A list of so many at most.
    List(&'static Form, usize),
}

use Form::{Keys, List, OneOf, Text, Truth, Whole};

const SIGNAL: Form = Keys(&[("Count", Whole(None)), ("Timeout", Text)]);

/// The types that wait when they are made, and for what.
const CREATION: &[(&str, Form)] = &[
    ("AWS::AppStream::Fleet", Keys(&[("StartFleet", Keys(&[("Type", Truth)]))])),
    (
        "AWS::AutoScaling::AutoScalingGroup",
        Keys(&[
            ("AutoScalingCreationPolicy", Keys(&[("MinSuccessfulInstancesPercent", Whole(None))])),
            ("ResourceSignal", SIGNAL),
        ]),
    ),
    ("AWS::CloudFormation::WaitCondition", Keys(&[("ResourceSignal", SIGNAL)])),
    ("AWS::EC2::Instance", Keys(&[("ResourceSignal", SIGNAL)])),
];

/// The types that can be updated in more than one way.
const UPDATE: &[(&str, Form)] = &[
    (
        "AWS::AppStream::Fleet",
        Keys(&[
            ("StartAfterUpdate", Keys(&[("Type", Truth)])),
            ("StopBeforeUpdate", Keys(&[("Type", Truth)])),
        ]),
    ),
    ("AWS::AutoScaling::AutoScalingGroup", GROUP),
    ("AWS::ElastiCache::ReplicationGroup", Keys(&[("UseOnlineResharding", Truth)])),
    ("AWS::Elasticsearch::Domain", Keys(&[("EnableVersionUpgrade", Truth)])),
    ("AWS::OpenSearchService::Domain", Keys(&[("EnableVersionUpgrade", Truth)])),
    (
        "AWS::Lambda::Alias",
        Keys(&[(
            "CodeDeployLambdaAliasUpdate",
            Keys(&[
                ("AfterAllowTrafficHook", Text),
                ("ApplicationName", Text),
                ("BeforeAllowTrafficHook", Text),
                ("DeploymentGroupName", Text),
            ]),
        )]),
    ),
];
const GROUP: Form = Keys(&[
    (
        "AutoScalingInstanceRefresh",
        Keys(&[("Preferences", PREFERENCES), ("Strategy", OneOf(&["ReplaceRootVolume", "Rolling"]))]),
    ),
    ("AutoScalingReplacingUpdate", Keys(&[("WillReplace", Truth)])),
    (
        "AutoScalingRollingUpdate",
        Keys(&[
            ("MaxBatchSize", Whole(None)),
            ("MinActiveInstancesPercent", Whole(None)),
            ("MinInstancesInService", Whole(None)),
            ("MinSuccessfulInstancesPercent", Whole(None)),
            ("PauseTime", Text),
            ("SuspendProcesses", List(&OneOf(PROCESSES), usize::MAX)),
            ("WaitOnResourceSignals", Truth),
        ]),
    ),
    ("AutoScalingScheduledAction", Keys(&[("IgnoreUnmodifiedGroupSizeProperties", Truth)])),
]);
const PREFERENCES: Form = Keys(&[
    ("AlarmSpecification", Keys(&[("Alarms", List(&Text, 10))])),
    ("BakeTime", Whole(Some((0, 172_800)))),
    ("CheckpointDelay", Whole(Some((0, 172_800)))),
    ("CheckpointPercentages", List(&Whole(None), usize::MAX)),
    ("InstanceWarmup", Whole(Some((0, i64::MAX)))),
    ("MaxHealthyPercentage", Whole(Some((100, 200)))),
    ("MinHealthyPercentage", Whole(Some((0, 100)))),
    ("ScaleInProtectedInstances", OneOf(&["Ignore", "Refresh", "Wait"])),
    ("SkipMatching", Truth),
    ("StandbyInstances", OneOf(&["Ignore", "Terminate", "Wait"])),
]);
const PROCESSES: &[&str] = &[
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "Launch",
    "ReplaceUnhealthy",
    "ScheduledActions",
    "Terminate",
];

/// `E3016`: an `UpdatePolicy` of a wrong form, or of a type that has none. `E3055`: a `CreationPolicy` of a wrong form.
/// `E1015` to `E1031`: a function that cannot give the mapping where one is due.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for resource in document.resources.values() {
        let form = |of: &[(&str, Form)]| of.iter().find(|(it, _)| *it == resource.type_name).map(|it| it.1);
        if let (Some(node), Some(form)) = (resource.node.get("CreationPolicy"), form(CREATION)) {
            value("E3055", "CreationPolicy", node, form, report);
        }
        let is_custom = resource.type_name.starts_with("Custom::")
            || resource.type_name == "AWS::CloudFormation::CustomResource";
        // The frame of a custom resource is looked at by `resources`, and of what is no text, too.
        if is_custom || resource.type_name.is_empty() {
            continue;
        }
        if let Some(node) = resource.node.get("UpdatePolicy") {
            match form(UPDATE) {
                Some(form) => {
                    value("E3016", "UpdatePolicy", node, form, report);
                    exclusive(node, report);
                }
                None => {
                    let message = format!("`{}` has no `UpdatePolicy`", resource.type_name);
                    report.add(Found::error("E3016", Place::Holder(node), message).help("take it out"));
                }
            }
        }
    }
}

/// The functions that give text or a list, and never a mapping.
const OF_NO_MAPPING: &[&str] = &[
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::FindInMap",
    "Fn::GetAZs",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Length",
    "Fn::Split",
    "Fn::Sub",
    "Fn::ToJsonString",
    "Ref",
];

/// The two ways in which a group replaces its instances.
fn exclusive<'t>(node: &'t Node, report: &mut Report<'t>) {
    let Some(refresh) = node.get("AutoScalingInstanceRefresh") else { return };
    if node.get("AutoScalingRollingUpdate").is_some() {
        let message =
            "a group is updated by `AutoScalingRollingUpdate` or `AutoScalingInstanceRefresh`, and not both";
        let place = Place::Key(node, "AutoScalingInstanceRefresh".into());
        report.add(Found::error("E3016", place, message).help("take one of them out"));
    }
    if refresh.as_map().is_some_and(|it| !it.contains_key("Strategy")) && refresh.is_group() {
        let found = Found::error("E3016", Place::Holder(refresh), "an instance refresh needs a `Strategy`");
        report.add(found.help("write `Rolling` or `ReplaceRootVolume`"));
    }
}

fn value<'t>(code: &'static str, name: &str, node: &'t Node, form: Form, report: &mut Report<'t>) {
    if let Some((_, then, otherwise)) = choice(node) {
        value(code, name, then, form, report);
        return value(code, name, otherwise, form, report);
    }
    if let Some((function, argument)) = node.as_single().filter(|(key, _)| is_intrinsic(key)) {
        let is_nothing = argument.as_str() == Some("AWS::NoValue");
        if matches!(form, Keys(_))
            && !is_nothing
            && OF_NO_MAPPING.contains(&function)
            && let Some(code) = functions::code(function)
        {
            let message =
                format!("`{name}` takes a mapping, and `{}` does not give one", short_form(function));
            report.add(Found::error(code, node, message).help("write the mapping out"));
        }
        return;
    }
    let text = scalar(node);
    let is_right = match form {
        Keys(keys) => match node.as_map() {
            Some(map) => {
                for (key, entry) in map {
                    match keys.iter().find(|(it, _)| it == key) {
                        Some((key, form)) => value(code, key, &entry.value, *form, report),
                        None if key.starts_with("Fn::") => (),
                        None => {
                            let message = format!("`{name}` has no key `{key}`");
                            let found = Found::error(code, Place::Key(node, (&**key).into()), message);
                            report.add(found.suggest(key, keys.iter().map(|(it, _)| *it)));
                        }
                    }
                }
                return;
            }
            None => false,
        },
        List(form, most) => match node.as_list() {
            Some(items) if items.len() <= most => {
                return items.iter().for_each(|it| value(code, name, it, *form, report));
            }
            _ => false,
        },
        Text => text.is_some(),
        Truth => matches!(text.as_deref(), Some("true" | "True" | "TRUE" | "false" | "False" | "FALSE")),
        Whole(range) => text
            .and_then(|it| it.trim().parse::<i64>().ok())
            .is_some_and(|it| range.is_none_or(|(least, most)| (least..=most).contains(&it))),
        OneOf(known) => text.is_some_and(|it| known.contains(&&*it)),
    };
    if !is_right {
        let message = format!("`{name}` takes {}, and this is {}", form.describe(), node.describe());
        report.add(Found::error(code, node, message).help(format!("write {}", form.describe())));
    }
}

impl Form {
    fn describe(self) -> String {
        match self {
            Keys(_) => "a mapping".to_owned(),
            Text => "text".to_owned(),
            Truth => "`true` or `false`".to_owned(),
            Whole(None) => "a whole number".to_owned(),
            Whole(Some((least, i64::MAX))) => format!("a whole number from {least}"),
            Whole(Some((least, most))) => format!("a whole number from {least} to {most}"),
            OneOf(known) => one_of(known),
            List(_, usize::MAX) => "a list".to_owned(),
            List(_, most) => format!("a list of at most {most}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn an_update_policy_of_a_wrong_form() {
        let template = "Resources:\n  A: {Type: AWS::SNS::Topic, UpdatePolicy: {A: b}}\n  \
                        B:\n    Type: AWS::AutoScaling::AutoScalingGroup\n    UpdatePolicy:\n      \
                        AutoScalingRollingUpdate: {MaxBatchSize: many, PausTime: PT5M}\n      \
                        AutoScalingInstanceRefresh: {Preferences: {BakeTime: -1}}\n";
        let expected = "error E3016 Resources/A/UpdatePolicy 2:30: `AWS::SNS::Topic` has no `UpdatePolicy`\n  take it out\n\
                        error E3016 Resources/B/UpdatePolicy/AutoScalingRollingUpdate/MaxBatchSize 6:48: `MaxBatchSize` \
                        takes a whole number, and this is `many`\n  write a whole number\n\
                        error E3016 Resources/B/UpdatePolicy/AutoScalingRollingUpdate/PausTime 6:54: \
                        `AutoScalingRollingUpdate` has no key `PausTime`\n  did you mean `PauseTime`?\n\
                        error E3016 Resources/B/UpdatePolicy/AutoScalingInstanceRefresh 7:7: a group is updated by \
                        `AutoScalingRollingUpdate` or `AutoScalingInstanceRefresh`, and not both\n  \
                        take one of them out\n\
                        error E3016 Resources/B/UpdatePolicy/AutoScalingInstanceRefresh 7:7: an instance refresh needs \
                        a `Strategy`\n  write `Rolling` or `ReplaceRootVolume`\n\
                        error E3016 Resources/B/UpdatePolicy/AutoScalingInstanceRefresh/Preferences/BakeTime 7:60: \
                        `BakeTime` takes a whole number from 0 to 172800, and this is the number -1\n  \
                        write a whole number from 0 to 172800\n";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn a_function_cannot_give_a_policy() {
        let template = "Parameters: {P: {Type: String}}\nResources:\n  \
                        A: {Type: AWS::EC2::Instance, CreationPolicy: !Ref P}\n  \
                        B: {Type: AWS::EC2::Instance, CreationPolicy: {ResourceSignal: !Sub '${P}'}}\n  \
                        C: {Type: AWS::Lambda::Alias, UpdatePolicy: !If [C, !Ref P, !Ref AWS::NoValue]}\n  \
                        D: {Type: AWS::EC2::Instance, CreationPolicy: {Fn::Transform: {Name: M}}}\n";
        let expected = "error E1020 Resources/A/CreationPolicy 3:49: `CreationPolicy` takes a mapping, and `!Ref` does \
                        not give one\n  write the mapping out\n\
                        error E1019 Resources/B/CreationPolicy/ResourceSignal 4:66: `ResourceSignal` takes a mapping, \
                        and `!Sub` does not give one\n  write the mapping out\n\
                        error E1020 Resources/C/UpdatePolicy/Fn::If/1 5:55: `UpdatePolicy` takes a mapping, and `!Ref` \
                        does not give one\n  write the mapping out\n";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn a_creation_policy_of_a_wrong_form() {
        let template = "Resources:\n  A:\n    Type: AWS::EC2::Instance\n    CreationPolicy: {ResourceSignal: {Count: !If [C, 1, a]}}\n";
        let expected = "error E3055 Resources/A/CreationPolicy/ResourceSignal/Count/Fn::If/2 4:57: `Count` takes a \
                        whole number, and this is `a`\n  write a whole number\n";
        assert_eq!(check(super::check, template), expected);
    }
}
