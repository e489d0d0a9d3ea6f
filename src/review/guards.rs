//! What protected something, and does so no more.

use asi_constructs::kernel::node::Node;

use super::{
    Danger, Point, Subject,
    subject::{is, number, setting, text, whole},
};
use crate::diff::{Fate, Kind, ResourceChange, Verdict, refers_to};

/// What protects something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// It cannot be deleted by mistake.
    Deletion,
    /// It, or its data, outlives its stack.
    Retention,
    /// It, or its data, is kept when another takes its place.
    Replacement,
    /// There are copies of its data.
    Backups,
    /// Copies of its data, or its messages, are kept this many days; now this many.
    Days(u64, u64),
    /// It is kept for ever; now for this many days.
    Endless(u64),
    /// Its data, or what is sent to it, is encrypted.
    Encryption,
    /// It is encrypted with a key of one's own.
    OwnKey,
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
    /// A new rule of the firewall, by its name, lets something through.
    FirewallAllows(String),
    /// The firewall protects this path.
    Path(String),
    /// Only these were let through; now these, too.
    Allowlist(Vec<String>),
    /// These were kept out.
    Blocklist(Vec<String>),
    /// It finds out about misuse.
    Detection,
    /// Who asks has to say who he is.
    Authentication,
    /// What is sent is encrypted as of this policy; now as of this one, which takes older protocols.
    Protocol(String, String),
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
const LISTENER: &[&str] = &["AWS::ElasticLoadBalancingV2::Listener"];
/// The actions of a load balancer that ask who somebody is.
const AUTHENTICATES: &str = "authenticate-oidc|authenticate-cognito|jwt-validation";

/// Settings that protect resources.
const PROTECTORS: &[Protector] = &[
    (DATABASES, "DeletionProtection", "true", Guard::Deletion, false),
    (&["AWS::DynamoDB::Table"], "DeletionProtectionEnabled", "true", Guard::Deletion, false),
    (&["AWS::DynamoDB::GlobalTable"], "Replicas/*/DeletionProtectionEnabled", "true", Guard::Deletion, false),
    (
        &["AWS::DynamoDB::GlobalTable"],
        "Replicas/*/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled",
        "true",
        Guard::Backups,
        false,
    ),
    (LISTENER, "DefaultActions/*/Type", AUTHENTICATES, Guard::Authentication, false),
    (
        &["AWS::ElasticLoadBalancingV2::ListenerRule"],
        "Actions/*/Type",
        AUTHENTICATES,
        Guard::Authentication,
        false,
    ),
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
    (&["AWS::SNS::Topic", "AWS::SQS::Queue"], "KmsMasterKeyId", "*", Guard::OwnKey, false),
    (&["AWS::Logs::LogGroup"], "KmsKeyId", "*", Guard::OwnKey, false),
    (&["AWS::CloudFront::Distribution"], "DistributionConfig/WebACLId", "*", Guard::Firewall, false),
    (&["AWS::ElastiCache::ReplicationGroup"], "TransitEncryptionEnabled", "true", Guard::Encryption, false),
    (LISTENER, "Protocol", "HTTPS", Guard::Encryption, false),
    (LISTENER, "Protocol", "TLS", Guard::Encryption, false),
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

/// Settings that say which protocols are taken from those who connect.
const PROTOCOLS: [(&str, &str); 3] = [
    ("AWS::ElasticLoadBalancingV2::Listener", "SslPolicy"),
    ("AWS::CloudFront::Distribution", "DistributionConfig/ViewerCertificate/MinimumProtocolVersion"),
    ("AWS::ApiGateway::DomainName", "SecurityPolicy"),
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
        for (guard, is_sure) in gone(subject, change) {
            dangers.push(Point { is_sure, ..subject.point(change, Danger::Guard(guard)) });
        }
    }
}

/// The guards that go with a change, each with whether that is sure.
fn gone(subject: &Subject<'_>, change: &ResourceChange) -> Vec<(Guard, bool)> {
    if let Kind::Removed(fate) = change.kind {
        let stays = fate == Fate::Orphaned || !protects_what_stays(subject, change);
        let guard = GUARDS.iter().find(|(type_name, _)| *type_name == change.type_name);
        return guard.filter(|_| !stays).map(|it| (it.1.clone(), true)).into_iter().collect();
    }
    let ([old, new], of_type) =
        (subject.properties(change), |types: &[&str]| types.contains(&change.type_name.as_str()));
    if change.kind == Kind::Added {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (_, path, value, guard, default) in PROTECTORS.iter().filter(|it| of_type(it.0)) {
        let is_on = is(value);
        let state = |side: Option<&Node>| match *value {
            "*" => setting(side, path, *default, &|_| Some(true)),
            _ => setting(side, path, *default, &is_on),
        };
        let is_known = found.iter().any(|(it, _)| it == guard);
        if state(old) == Some(true) && state(new) != Some(true) && !is_known {
            found.push((guard.clone(), state(new) == Some(false)));
        }
    }
    for (_, path) in DAYS.iter().filter(|it| of_type(it.0)) {
        let days = |side| number(side, path).and_then(whole);
        // What CloudWatch is told nothing of, it keeps for ever.
        let is_endless =
            change.type_name == "AWS::Logs::LogGroup" && old.is_none_or(|it| it.get(path).is_none());
        found.extend(match (days(old), days(new)) {
            (Some(was), Some(is)) if is < was => Some((Guard::Days(was, is), true)),
            (None, Some(is)) if is_endless => Some((Guard::Endless(is), true)),
            _ => None,
        });
    }
    for (_, path) in PROTOCOLS.iter().filter(|it| it.0 == change.type_name) {
        let [was, is] = [old, new].map(|it| text(it, path));
        if let (Some(was), Some(is)) = (was, is)
            && oldest_protocol(&is) < oldest_protocol(&was)
        {
            found.push((Guard::Protocol(was.into_owned(), is.into_owned()), true));
        }
    }
    found.extend(retention(subject, change).map(|it| (it, true)));
    found
}

/// The oldest version of TLS that a policy takes, by its name: `ELBSecurityPolicy-TLS13-1-2-2021-06`, `TLSv1.2_2021`, `TLS_1_2`.
/// Those that say nothing take all there are.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html>
fn oldest_protocol(policy: &str) -> u8 {
    const NAMES: [(&str, u8); 12] = [
        ("TLS13-1-3", 3),
        ("TLSv1.3", 3),
        ("TLS13_1_3", 3),
        ("TLS13-1-2", 2),
        ("TLS-1-2", 2),
        ("TLSv1.2", 2),
        ("TLS13_1_2", 2),
        ("TLS_1_2", 2),
        ("TLS13-1-1", 1),
        ("TLS-1-1", 1),
        ("FS-1-1", 1),
        ("TLSv1.1", 1),
    ];
    let of_forward_secrecy = u8::from(policy.contains("FS-1-2")) * 2;
    NAMES.iter().find(|(name, _)| policy.contains(name)).map_or(of_forward_secrecy, |(_, version)| *version)
}

/// Whether what a guard stood before is still there: that of a load balancer that goes, too, is missed by nobody.
fn protects_what_stays(subject: &Subject<'_>, change: &ResourceChange) -> bool {
    let [old, _] = subject.properties(change);
    let protected = old.and_then(|it| it.get("ResourceArn").or_else(|| it.get("ResourceId")));
    let Some(protected) = protected else { return true };
    let mut gone = subject.diff.resources.iter().filter(|it| matches!(it.kind, Kind::Removed(_)));
    !gone.any(|it| refers_to(protected, &it.id))
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
    match () {
        () if !stays || !crate::diff::holds_data(&change.type_name) => None,
        () if is_lost("DeletionPolicy") => Some(Guard::Retention),
        () if is_lost("UpdateReplacePolicy") => Some(Guard::Replacement),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::testing::{check, is_property, of, written};

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
                let on = written(path, if *value == "*" { "key" } else { value.split('|').next().unwrap() });
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
        let replaced = |policy: &str| {
            bucket("Retain").replace("Retain", &format!("Retain, UpdateReplacePolicy: {policy}"))
        };
        assert_eq!(check(&replaced("Retain"), &replaced("Delete")), "danger B: Guard(Replacement)\n");
    }

    #[test]
    fn a_policy_that_takes_older_protocols_is_told() {
        for [listener, weaker] in [
            ["ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-2016-08"],
            ["ELBSecurityPolicy-TLS13-1-3-2021-06", "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"],
            ["ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-TLS13-1-0-2021-06"],
            ["ELBSecurityPolicy-TLS-1-2-Ext-2018-06", "ELBSecurityPolicy-FS-1-1-2019-08"],
            ["ELBSecurityPolicy-FS-1-2-Res-2020-10", "ELBSecurityPolicy-TLS-1-1-2017-01"],
        ] {
            let of = |old: &str, new: &str| {
                let policy = |it: &str| format!("SslPolicy: {it}");
                of("AWS::ElasticLoadBalancingV2::Listener", &policy(old), &policy(new))
            };
            assert!(of(listener, weaker).contains("danger R: Guard(Protocol("), "{listener} to {weaker}");
            assert!(!of(weaker, listener).contains("danger"), "{weaker} to {listener}");
        }
        let of = |old: &str, new: &str| {
            let written =
                |it: &str| written("DistributionConfig/ViewerCertificate/MinimumProtocolVersion", it);
            of("AWS::CloudFront::Distribution", &written(old), &written(new))
        };
        assert!(
            of("TLSv1.2_2021", "TLSv1.1_2016").contains("Protocol")
                && of("TLSv1.1_2016", "TLSv1").contains("Protocol")
        );
        assert!(!of("TLSv1.2_2018", "TLSv1.2_2021").contains("danger"));
        for (type_name, path) in PROTOCOLS {
            is_property(type_name, path);
        }
    }
}
