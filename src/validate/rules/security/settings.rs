//! Properties that should have been set otherwise.

use super::{
    super::super::{
        document::Document,
        report::{Found, Report},
        value::Value,
    },
    place,
};
use Wanted::{Given, NoneOf, OneOf, True};

/// What a property should be.
enum Wanted {
    /// True, and it is not if it is absent.
    True,
    /// There.
    Given,
    /// One of these texts, and it is not if it is absent.
    OneOf(&'static [&'static str]),
    /// None of these texts, and it is not if it is absent.
    NoneOf(&'static [&'static str]),
}

/// A property that should have been set.
struct Setting {
    code: &'static str,
    type_name: &'static str,
    /// The keys under its properties; `*` is any item of a list.
    path: &'static str,
    wanted: Wanted,
    /// What is wrong; `{}` is the logical id.
    message: &'static str,
    help: &'static str,
}

/// By service. The ids are those of others for the same matter.
const SETTINGS: &[Setting] = &[
    // CKV_AWS_21, AVD-AWS-0090.
    Setting {
        code: "bucket-versioning",
        type_name: "AWS::S3::Bucket",
        path: "VersioningConfiguration/Status",
        wanted: OneOf(&["Enabled"]),
        message: "{} keeps no earlier versions, so that what is overwritten is lost",
        help: "write `VersioningConfiguration: {Status: Enabled}`",
    },
    // AwsSolutions-S1, CKV_AWS_18, AVD-AWS-0089.
    Setting {
        code: "bucket-access-logs",
        type_name: "AWS::S3::Bucket",
        path: "LoggingConfiguration",
        wanted: Given,
        message: "who reads {} is not logged",
        help: "name a bucket for the logs in `LoggingConfiguration`",
    },
    // CKV_AWS_20, CKV_AWS_57, AVD-AWS-0092.
    Setting {
        code: "bucket-public-acl",
        type_name: "AWS::S3::Bucket",
        path: "AccessControl",
        wanted: NoneOf(&["PublicRead", "PublicReadWrite", "AuthenticatedRead"]),
        message: "{} is open to everybody by its access control list",
        help: "take `AccessControl` out, and say in a bucket policy who may read it",
    },
    // AwsSolutions-S2, CKV_AWS_53, AVD-AWS-0086.
    Setting {
        code: "bucket-public-access",
        type_name: "AWS::S3::Bucket",
        path: "PublicAccessBlockConfiguration/BlockPublicAcls",
        wanted: NoneOf(&["false"]),
        message: "{} can be opened to everybody by an access control list",
        help: "write `true`",
    },
    // AwsSolutions-S2, CKV_AWS_54, AVD-AWS-0087.
    Setting {
        code: "bucket-public-access",
        type_name: "AWS::S3::Bucket",
        path: "PublicAccessBlockConfiguration/BlockPublicPolicy",
        wanted: NoneOf(&["false"]),
        message: "{} can be opened to everybody by a policy",
        help: "write `true`",
    },
    // AwsSolutions-S2, CKV_AWS_55, AVD-AWS-0091.
    Setting {
        code: "bucket-public-access",
        type_name: "AWS::S3::Bucket",
        path: "PublicAccessBlockConfiguration/IgnorePublicAcls",
        wanted: NoneOf(&["false"]),
        message: "{} heeds access control lists that open it to everybody",
        help: "write `true`",
    },
    // AwsSolutions-S2, CKV_AWS_56, AVD-AWS-0093.
    Setting {
        code: "bucket-public-access",
        type_name: "AWS::S3::Bucket",
        path: "PublicAccessBlockConfiguration/RestrictPublicBuckets",
        wanted: NoneOf(&["false"]),
        message: "{} can be read by everybody if its policy is public",
        help: "write `true`",
    },
    // CKV_AWS_79, AVD-AWS-0028.
    Setting {
        code: "instance-metadata",
        type_name: "AWS::EC2::LaunchTemplate",
        path: "LaunchTemplateData?/MetadataOptions/HttpTokens",
        wanted: OneOf(&["required"]),
        message: "instances of {} give their credentials to any request that reaches their metadata",
        help: "write `MetadataOptions: {HttpTokens: required}`",
    },
    Setting {
        code: "instance-metadata",
        type_name: "AWS::EC2::Instance",
        path: "MetadataOptions/HttpTokens",
        wanted: OneOf(&["required"]),
        message: "{} gives its credentials to any request that reaches its metadata",
        help: "write `MetadataOptions: {HttpTokens: required}`",
    },
    // AwsSolutions-ECS7.
    Setting {
        code: "container-logs",
        type_name: "AWS::ECS::TaskDefinition",
        path: "ContainerDefinitions?/*/LogConfiguration",
        wanted: Given,
        message: "what a container of {} prints is lost",
        help: "add `LogConfiguration`, with the driver `awslogs`",
    },
    // CKV_AWS_336, AwsSolutions-ECS5.
    Setting {
        code: "container-root-filesystem",
        type_name: "AWS::ECS::TaskDefinition",
        path: "ContainerDefinitions?/*/ReadonlyRootFilesystem",
        wanted: True,
        message: "a container of {} can change its own programs",
        help: "write `ReadonlyRootFilesystem: true`, and mount volumes for what it writes",
    },
    // CKV_AWS_334.
    Setting {
        code: "container-privileged",
        type_name: "AWS::ECS::TaskDefinition",
        path: "ContainerDefinitions?/*/Privileged",
        wanted: NoneOf(&["true"]),
        message: "a container of {} has the rights of its host",
        help: "take `Privileged` out, and add the capabilities it needs to `LinuxParameters`",
    },
    // CKV_AWS_97, AVD-AWS-0035.
    Setting {
        code: "volume-in-transit",
        type_name: "AWS::ECS::TaskDefinition",
        path: "Volumes?/*/EFSVolumeConfiguration?/TransitEncryption",
        wanted: OneOf(&["ENABLED"]),
        message: "{} sends the files of a volume over the network in plain",
        help: "write `TransitEncryption: ENABLED`",
    },
    // CKV_AWS_333.
    Setting {
        code: "public-address",
        type_name: "AWS::ECS::Service",
        path: "NetworkConfiguration/AwsvpcConfiguration?/AssignPublicIp",
        wanted: NoneOf(&["ENABLED"]),
        message: "the tasks of {} have addresses in the internet",
        help: "run them in private subnets behind a load balancer, with `AssignPublicIp: DISABLED`",
    },
    // AwsSolutions-ECR1, CKV_AWS_163, AVD-AWS-0030.
    Setting {
        code: "repository-scan",
        type_name: "AWS::ECR::Repository",
        path: "ImageScanningConfiguration/ScanOnPush",
        wanted: True,
        message: "images in {} are not scanned for known faults",
        help: "write `ImageScanningConfiguration: {ScanOnPush: true}`, unless the registry scans all",
    },
    // CKV_AWS_51, AVD-AWS-0031.
    Setting {
        code: "repository-mutable-tags",
        type_name: "AWS::ECR::Repository",
        path: "ImageTagMutability",
        wanted: OneOf(&["IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION"]),
        message: "a tag in {} can be moved to another image after it was tested",
        help: "write `ImageTagMutability: IMMUTABLE`",
    },
    // AwsSolutions-CB3, CKV_AWS_316.
    Setting {
        code: "build-privileged",
        type_name: "AWS::CodeBuild::Project",
        path: "Environment/PrivilegedMode",
        wanted: NoneOf(&["true"]),
        message: "builds of {} have the rights of their host",
        help: "take `PrivilegedMode` out unless it builds images",
    },
    // AwsSolutions-CB4, CKV_AWS_78.
    Setting {
        code: "build-encryption",
        type_name: "AWS::CodeBuild::Project",
        path: "EncryptionKey",
        wanted: Given,
        message: "the artifacts of {} are encrypted with the key that all projects share",
        help: "name a key of your own in `EncryptionKey`",
    },
    // CKV_AWS_338, CKV_AWS_66.
    Setting {
        code: "logs-kept-forever",
        type_name: "AWS::Logs::LogGroup",
        path: "RetentionInDays",
        wanted: Given,
        message: "{} keeps its logs forever",
        help: "write how long they are of use, such as `RetentionInDays: 90`",
    },
    // CKV_AWS_17, AVD-AWS-0180.
    Setting {
        code: "database-public",
        type_name: "AWS::RDS::DBInstance",
        path: "PubliclyAccessible",
        wanted: NoneOf(&["true"]),
        message: "{} has an address in the internet",
        help: "write `PubliclyAccessible: false`",
    },
    // AwsSolutions-RDS2, CKV_AWS_96, AVD-AWS-0079.
    Setting {
        code: "database-encryption",
        type_name: "AWS::RDS::DBCluster",
        path: "StorageEncrypted",
        wanted: True,
        message: "what {} stores is not encrypted",
        help: "write `StorageEncrypted: true`: it cannot be changed later without making it anew",
    },
    // AwsSolutions-SNS2, CKV_AWS_26, AVD-AWS-0095.
    Setting {
        code: "topic-encryption",
        type_name: "AWS::SNS::Topic",
        path: "KmsMasterKeyId",
        wanted: Given,
        message: "messages in {} are not encrypted with a key",
        help: "write `KmsMasterKeyId: alias/aws/sns`, or name a key of your own",
    },
    // AwsSolutions-CFR4, CKV_AWS_34, AVD-AWS-0012.
    Setting {
        code: "distribution-plaintext",
        type_name: "AWS::CloudFront::Distribution",
        path: "DistributionConfig/DefaultCacheBehavior/ViewerProtocolPolicy",
        wanted: NoneOf(&["allow-all"]),
        message: "{} answers over HTTP, which anybody on the way can read",
        help: "write `redirect-to-https`",
    },
    // CKV_AWS_174, AVD-AWS-0013.
    Setting {
        code: "distribution-tls",
        type_name: "AWS::CloudFront::Distribution",
        path: "DistributionConfig/ViewerCertificate?/MinimumProtocolVersion",
        wanted: NoneOf(&["SSLv3", "TLSv1", "TLSv1_2016", "TLSv1.1_2016"]),
        message: "{} speaks versions of TLS that are broken",
        help: "write `TLSv1.2_2021`",
    },
];

/// Looks at the properties of each resource. What is found is worth knowing; what opens a door to all, a warning.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for setting in SETTINGS {
        for resource in document.of_type(setting.type_name) {
            let message = || setting.message.replace("{}", &format!("`{}`", resource.id));
            let opens = setting.code.contains("public") || setting.code.contains("privileged");
            let found = |place| {
                let new = if opens { Found::warning } else { Found::info };
                new(setting.code, place, message()).help(setting.help)
            };
            let Some(properties) = document.properties(resource) else {
                if resource.properties.is_none() && setting.wanted.is_missed() && !setting.path.contains('*')
                {
                    report.add(found(place(resource)));
                }
                continue;
            };
            for end in ends(properties, setting.path) {
                match end {
                    End::Value(value) if !setting.wanted.accepts(value) => report.add(found(value.into())),
                    End::Absent(holder) if setting.wanted.is_missed() => {
                        let is_top = std::ptr::eq(holder.site, properties.site);
                        report.add(found(if is_top { place(resource) } else { holder.holder() }));
                    }
                    End::Value(_) | End::Absent(_) => (),
                }
            }
        }
    }
}

impl Wanted {
    /// Whether it is a fault if the property is absent.
    fn is_missed(&self) -> bool {
        match self {
            True | Given | OneOf(_) => true,
            NoneOf(_) => false,
        }
    }

    /// Whether a value is right, or may be.
    fn accepts(&self, value: Value<'_>) -> bool {
        let is_among = |texts: &[&str]| value.text().map(|it| texts.contains(&&*it));
        match self {
            True => value.boolean() != Some(false),
            Given => true,
            OneOf(texts) => is_among(texts) != Some(false),
            NoneOf(texts) => is_among(texts) != Some(true),
        }
    }
}

/// Where a path ends.
enum End<'t> {
    Value(Value<'t>),
    /// A key is not in this mapping.
    Absent(Value<'t>),
}

/// Where a path ends, in each item. A key with `?` need not be there: without it there is nothing to say.
fn ends<'t>(value: Value<'t>, path: &str) -> Vec<End<'t>> {
    let (key, rest) = path.split_once('/').unwrap_or((path, ""));
    let below = |it: Value<'t>| ends(it, rest);
    match key {
        "" => value.branches().into_iter().map(End::Value).collect(),
        "*" => value.each().into_iter().flat_map(below).collect(),
        _ => {
            let name = key.trim_end_matches('?');
            let mut found = Vec::new();
            for value in value.branches() {
                match value.get(name) {
                    Some(it) => found.extend(below(it)),
                    None if value.lacks(name) && name == key => found.push(End::Absent(value)),
                    None => (),
                }
            }
            found
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::super::super::testing::check, SETTINGS};

    #[test]
    fn every_setting_names_a_property_of_its_type() {
        for setting in SETTINGS {
            let schema = asi_schemas::find(setting.type_name).expect("there is such a type");
            for key in setting.path.split('/').filter(|it| *it != "*") {
                assert!(
                    schema.contains(&format!("\"{}\":", key.trim_end_matches('?'))),
                    "{}: {key}",
                    setting.code
                );
            }
            assert!(setting.message.contains("{}") && !setting.help.ends_with('.'), "{}", setting.code);
        }
    }

    fn codes(resource: &str) -> Vec<String> {
        let found = check(super::check, &format!("Resources:\n  R: {resource}\n"));
        let lines = found.lines().filter(|it| !it.starts_with("  "));
        lines.map(|it| it.split(": ").next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn a_bucket_is_told_what_it_lacks() {
        let expected = ["info bucket-versioning Resources/R 2:3", "info bucket-access-logs Resources/R 2:3"];
        assert_eq!(codes("{Type: AWS::S3::Bucket}"), expected);
        let open = "{Type: AWS::S3::Bucket, Properties: {AccessControl: PublicRead, LoggingConfiguration: {}, \
                    VersioningConfiguration: {Status: Enabled}, PublicAccessBlockConfiguration: {BlockPublicAcls: false}}}";
        let expected = [
            "warning bucket-public-acl Resources/R/Properties/AccessControl 2:58",
            "warning bucket-public-access Resources/R/Properties/PublicAccessBlockConfiguration/BlockPublicAcls 2:190",
        ];
        assert_eq!(codes(open), expected);
    }

    #[test]
    fn what_is_not_known_is_not_told() {
        assert_eq!(codes("{Type: AWS::S3::Bucket, Properties: !Ref P}"), Vec::<String>::new());
        let task = "{Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: [{LogConfiguration: !Ref L, \
                    ReadonlyRootFilesystem: !Ref R}, !Ref C], Volumes: [{Name: a}]}}";
        assert_eq!(codes(task), Vec::<String>::new());
    }

    #[test]
    fn each_container_is_looked_at() {
        let task = "{Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: [{Name: a, ReadonlyRootFilesystem: \
                    true}, {Name: b, Privileged: true, LogConfiguration: {}}]}}";
        let path = "Resources/R/Properties/ContainerDefinitions";
        let expected = [
            format!("info container-logs {path}/0 2:75"),
            format!("info container-root-filesystem {path}/1 2:116"),
            format!("warning container-privileged {path}/1/Privileged 2:138"),
        ];
        assert_eq!(codes(task), expected);
    }
}
