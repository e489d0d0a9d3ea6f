//! What protected something, and does so no more.

use asi_constructs::kernel::node::Node;

use super::{
    Danger, Point, Subject,
    subject::{is, number, setting},
};
use crate::diff::{Kind, ResourceChange, Verdict};

/// What protects something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// It cannot be deleted by mistake.
    Deletion,
    /// It, or its data, outlives its stack.
    Retention,
    /// There are copies of its data.
    Backups,
    /// Copies of its data, or its messages, are kept this many days; now this many.
    Days(u64, u64),
    /// Its data, or what is sent to it, is encrypted.
    Encryption,
    /// Nobody can make it public by mistake.
    PublicAccessBlock,
    /// What is done with it is recorded.
    Logging,
    /// There is a second one elsewhere.
    Redundancy,
    /// What was published stays what it was.
    Immutability,
    /// A deployment that fails is taken back.
    Rollback,
    /// A firewall stands before it.
    Firewall,
    /// The firewall lets through only what it knows.
    FirewallDefault,
    /// A rule of the firewall, by its name.
    FirewallRule(String),
    /// The firewall protects this path.
    Path(String),
    /// Only these were let through; now these, too.
    Allowlist(Vec<String>),
    /// These were kept out.
    Blocklist(Vec<String>),
    /// It finds out about misuse.
    Detection,
}

/// A setting that protects resources: their types, where it stands, its value where it does, what it protects, and whether
/// it does so where it is not written. `*` is any value.
type Protector = (&'static [&'static str], &'static str, &'static str, Guard, bool);

const DATABASES: &[&str] = &[
    "AWS::RDS::DBInstance",
    "AWS::RDS::DBCluster",
    "AWS::RDS::GlobalCluster",
    "AWS::Neptune::DBCluster",
    "AWS::DocDB::DBCluster",
];
const BUCKET: &[&str] = &["AWS::S3::Bucket"];
const BALANCER: &[&str] = &["AWS::ElasticLoadBalancingV2::LoadBalancer"];

/// Settings that protect resources.
const PROTECTORS: &[Protector] = &[
    (DATABASES, "DeletionProtection", "true", Guard::Deletion, false),
    (&["AWS::DynamoDB::Table"], "DeletionProtectionEnabled", "true", Guard::Deletion, false),
    (&["AWS::Cognito::UserPool"], "DeletionProtection", "ACTIVE", Guard::Deletion, false),
    (&["AWS::EC2::Instance"], "DisableApiTermination", "true", Guard::Deletion, false),
    (BALANCER, "LoadBalancerAttributes/deletion_protection.enabled/Value", "true", Guard::Deletion, false),
    (
        &["AWS::DynamoDB::Table"],
        "PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled",
        "true",
        Guard::Backups,
        false,
    ),
    (BUCKET, "VersioningConfiguration/Status", "Enabled", Guard::Backups, false),
    (&["AWS::EFS::FileSystem"], "BackupPolicy/Status", "ENABLED", Guard::Backups, false),
    (DATABASES, "StorageEncrypted", "true", Guard::Encryption, false),
    (&["AWS::EFS::FileSystem", "AWS::EC2::Volume"], "Encrypted", "true", Guard::Encryption, false),
    (&["AWS::SNS::Topic", "AWS::SQS::Queue"], "KmsMasterKeyId", "*", Guard::Encryption, false),
    (&["AWS::Logs::LogGroup"], "KmsKeyId", "*", Guard::Encryption, false),
    (&["AWS::ElastiCache::ReplicationGroup"], "TransitEncryptionEnabled", "true", Guard::Encryption, false),
    (&["AWS::ElasticLoadBalancingV2::Listener"], "Protocol", "HTTPS", Guard::Encryption, false),
    (&["AWS::ElasticLoadBalancingV2::Listener"], "Protocol", "TLS", Guard::Encryption, false),
    (BUCKET, "PublicAccessBlockConfiguration/BlockPublicAcls", "true", Guard::PublicAccessBlock, false),
    (BUCKET, "PublicAccessBlockConfiguration/BlockPublicPolicy", "true", Guard::PublicAccessBlock, false),
    (BUCKET, "PublicAccessBlockConfiguration/IgnorePublicAcls", "true", Guard::PublicAccessBlock, false),
    (BUCKET, "PublicAccessBlockConfiguration/RestrictPublicBuckets", "true", Guard::PublicAccessBlock, false),
    (&["AWS::CloudTrail::Trail"], "IsLogging", "true", Guard::Logging, false),
    (BALANCER, "LoadBalancerAttributes/access_logs.s3.enabled/Value", "true", Guard::Logging, false),
    (BUCKET, "LoggingConfiguration", "*", Guard::Logging, false),
    (DATABASES, "MultiAZ", "true", Guard::Redundancy, false),
    (&["AWS::ElastiCache::ReplicationGroup"], "MultiAZEnabled", "true", Guard::Redundancy, false),
    (&["AWS::ECR::Repository"], "ImageTagMutability", "IMMUTABLE", Guard::Immutability, false),
    (
        &["AWS::ECS::Service"],
        "DeploymentConfiguration/DeploymentCircuitBreaker/Rollback",
        "true",
        Guard::Rollback,
        false,
    ),
];

/// Settings that say for how many days something is kept.
const DAYS: [(&[&str], &str); 3] = [
    (DATABASES, "BackupRetentionPeriod"),
    (&["AWS::ElastiCache::ReplicationGroup"], "SnapshotRetentionLimit"),
    (&["AWS::Logs::LogGroup"], "RetentionInDays"),
];

/// Resources that protect others, and what they do.
const GUARDS: [(&str, Guard); 8] = [
    ("AWS::WAFv2::WebACLAssociation", Guard::Firewall),
    ("AWS::WAFRegional::WebACLAssociation", Guard::Firewall),
    ("AWS::CloudTrail::Trail", Guard::Logging),
    ("AWS::EC2::FlowLog", Guard::Logging),
    ("AWS::Config::ConfigurationRecorder", Guard::Logging),
    ("AWS::GuardDuty::Detector", Guard::Detection),
    ("AWS::Backup::BackupPlan", Guard::Backups),
    ("AWS::Backup::BackupSelection", Guard::Backups),
];

/// Adds what protected something that stays.
pub(super) fn add(subject: &Subject<'_>, dangers: &mut Vec<Point<Danger>>) {
    for change in &subject.diff.resources {
        for guard in gone(subject, change) {
            dangers.push(subject.point(change, Danger::Guard(guard)));
        }
    }
}

fn gone(subject: &Subject<'_>, change: &ResourceChange) -> Vec<Guard> {
    if let Kind::Removed(_) = change.kind {
        let guard = GUARDS.iter().find(|(type_name, _)| *type_name == change.type_name);
        return guard
            .filter(|_| protects_what_stays(subject, change))
            .map(|it| it.1.clone())
            .into_iter()
            .collect();
    }
    let ([old, new], of_type) =
        (subject.properties(change), |types: &[&str]| types.contains(&change.type_name.as_str()));
    if change.kind == Kind::Added {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (_, path, value, guard, default) in PROTECTORS.iter().filter(|it| of_type(it.0)) {
        let state = |side: Option<&Node>| match *value {
            "*" => setting(side, path, *default, |_| Some(true)),
            value => setting(side, path, *default, is(value)),
        };
        if state(old) == Some(true) && state(new) == Some(false) && !found.contains(guard) {
            found.push(guard.clone());
        }
    }
    for (_, path) in DAYS.iter().filter(|it| of_type(it.0)) {
        // What is kept for ever has no number.
        let days = |side| number(side, path).filter(|it| *it >= 0.0);
        if let (Some(was), Some(is)) = (days(old), days(new))
            && is < was
        {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "days are few, and no less than none"
            )]
            found.push(Guard::Days(was as u64, is as u64));
        }
    }
    found.extend(retention(subject, change));
    found
}

/// Whether what a guard stood before is still there: that of a load balancer that goes, too, is missed by nobody.
fn protects_what_stays(subject: &Subject<'_>, change: &ResourceChange) -> bool {
    let [old, _] = subject.properties(change);
    let protected = old.and_then(|it| it.get("ResourceArn").or_else(|| it.get("ResourceId")));
    let Some(protected) = protected.map(crate::diff::text) else { return true };
    let is_gone = |it: &&ResourceChange| {
        matches!(it.kind, Kind::Removed(_)) && protected.starts_with(&format!("${{{}", it.id))
    };
    !subject.diff.resources.iter().any(|it| is_gone(&it))
}

/// A policy that kept something, or a copy of it.
fn retention(subject: &Subject<'_>, change: &ResourceChange) -> Option<Guard> {
    let [old, new] = subject.sides(change);
    let keeps = |side: Option<&Node>, key: &str| {
        let policy = side.and_then(|it| it.get(key)?.as_str());
        matches!(policy, Some("Retain" | "RetainExceptOnCreate" | "Snapshot"))
    };
    let is_lost = |key: &str| keeps(old, key) && !keeps(new, key);
    let stays = change.replacement.verdict == Verdict::Never;
    (stays
        && (is_lost("DeletionPolicy") || is_lost("UpdateReplacePolicy"))
        && crate::diff::holds_data(&change.type_name))
    .then_some(Guard::Retention)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::testing::{check, is_property, of};

    /// The properties that say this at a path; below a list, an item is known by its key.
    fn written(path: &str, value: &str) -> String {
        let keys: Vec<&str> = path.split('/').collect();
        if let [list, key, last] = keys.as_slice()
            && *last == "Value"
        {
            return format!("{list}: [{{Key: {key}, Value: '{value}'}}]");
        }
        let inner = keys.iter().rev().fold(format!("'{value}'"), |it, key| format!("{{{key}: {it}}}"));
        inner[1..inner.len() - 1].to_owned()
    }

    #[test]
    fn each_setting_that_protects_is_in_a_schema_and_is_missed_once_it_is_gone() {
        for (types, path, value, guard, _) in PROTECTORS {
            let known = types.iter().filter(|it| {
                let schema = asi_schemas::find(it).unwrap_or_else(|| panic!("there is no type {it}"));
                schema.contains(path.split('/').next().unwrap())
            });
            let known: Vec<_> = known.collect();
            assert!(!known.is_empty(), "no type of {types:?} has {path}");
            for type_name in known {
                is_property(type_name, path);
                let on = written(path, if *value == "*" { "key" } else { value });
                for off in [String::new(), written(path, "other")] {
                    let run = of(type_name, &on, &off);
                    let is_off = *value != "*" || off.is_empty();
                    assert_eq!(
                        run.contains(&format!("Guard({guard:?})")),
                        is_off,
                        "{type_name}: {on} to {off}: {run}"
                    );
                }
            }
        }
        for (types, path) in DAYS {
            let type_name = types[0];
            is_property(type_name, path);
            let run = of(type_name, &format!("{path}: 30"), &format!("{path}: 7"));
            assert!(run.contains("Guard(Days(30, 7))"), "{type_name}: {run}");
            assert!(!of(type_name, &format!("{path}: 7"), &format!("{path}: 30")).contains("Guard"));
        }
        for (type_name, guard) in GUARDS {
            let old = format!("Resources: {{R: {{Type: {type_name}}}}}");
            assert!(check(&old, "Resources: {}").contains(&format!("Guard({guard:?})")), "{type_name}");
        }
    }

    #[test]
    fn a_guard_that_goes_with_what_it_stood_before_is_missed_by_nobody() {
        let both = "
Resources:
  L: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Scheme: internal}}
  A: {Type: AWS::WAFv2::WebACLAssociation, Properties: {ResourceArn: !Ref L, WebACLArn: a}}
";
        assert!(!check(both, "Resources: {}").contains("Guard"));
        let balancer = "Resources: {L: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Scheme: internal}}}";
        assert_eq!(check(both, balancer), "danger A: Guard(Firewall)\n");
    }

    #[test]
    fn a_policy_that_kept_data_is_missed() {
        let bucket =
            |policy: &str| format!("Resources: {{B: {{Type: AWS::S3::Bucket, DeletionPolicy: {policy}}}}}");
        assert_eq!(check(&bucket("Retain"), &bucket("Delete")), "danger B: Guard(Retention)\n");
        assert_eq!(check(&bucket("Delete"), &bucket("Retain")), "");
    }
}
