//! What other tools call what is only found where security is asked for: cdk-nag (`AwsSolutions-…`), Checkov
//! (`CKV_…`), and Trivy (`AVD-…`).

/// The codes of security, each with its names elsewhere, in alphabetical order.
pub const ALIASES: &[(&str, &[&str])] = &[
    ("bucket-access-logs", &["AwsSolutions-S1", "CKV_AWS_18", "AVD-AWS-0089"]),
    (
        "bucket-public-access",
        &[
            "AwsSolutions-S2",
            "CKV_AWS_53",
            "AVD-AWS-0086",
            "CKV_AWS_54",
            "AVD-AWS-0087",
            "CKV_AWS_55",
            "AVD-AWS-0091",
            "CKV_AWS_56",
            "AVD-AWS-0093",
        ],
    ),
    ("bucket-public-acl", &["CKV_AWS_20", "CKV_AWS_57", "AVD-AWS-0092"]),
    ("bucket-tls", &["AwsSolutions-S10", "CKV_AWS_379"]),
    ("bucket-versioning", &["CKV_AWS_21", "AVD-AWS-0090"]),
    ("build-encryption", &["AwsSolutions-CB4", "CKV_AWS_78"]),
    ("build-privileged", &["AwsSolutions-CB3", "CKV_AWS_316"]),
    ("container-insights", &["AwsSolutions-ECS4", "CKV_AWS_65", "AVD-AWS-0034"]),
    ("container-logs", &["AwsSolutions-ECS7"]),
    ("container-privileged", &["CKV_AWS_334"]),
    ("container-root-filesystem", &["CKV_AWS_336", "AwsSolutions-ECS5"]),
    ("database-encryption", &["AwsSolutions-RDS2", "CKV_AWS_96", "AVD-AWS-0079"]),
    ("database-public", &["CKV_AWS_17", "AVD-AWS-0180"]),
    ("distribution-plaintext", &["AwsSolutions-CFR4", "CKV_AWS_34", "AVD-AWS-0012"]),
    ("distribution-tls", &["CKV_AWS_174", "AVD-AWS-0013"]),
    ("instance-metadata", &["CKV_AWS_79", "AVD-AWS-0028"]),
    ("key-rotation", &["AwsSolutions-KMS5", "CKV_AWS_7", "AVD-AWS-0065"]),
    ("listener-plaintext", &["CKV_AWS_2", "AVD-AWS-0054"]),
    ("listener-tls-policy", &["CKV_AWS_103", "AVD-AWS-0047"]),
    ("load-balancer-access-logs", &["AwsSolutions-ELB2", "CKV_AWS_91"]),
    ("load-balancer-firewall", &["CKV2_AWS_28"]),
    ("load-balancer-headers", &["CKV_AWS_131", "AVD-AWS-0052"]),
    ("logs-kept-forever", &["CKV_AWS_338", "CKV_AWS_66"]),
    ("managed-policy-of-aws", &["AwsSolutions-IAM4", "CKV_AWS_274"]),
    ("open-ingress", &["AwsSolutions-EC23", "CKV_AWS_24", "CKV_AWS_25", "CKV_AWS_260", "AVD-AWS-0107"]),
    ("open-resource", &["CKV_AWS_70", "CKV_AWS_32", "CKV_AWS_33", "AVD-AWS-0096"]),
    ("open-trust", &["CKV_AWS_60", "CKV_AWS_61"]),
    ("pass-any-role", &["CKV_AWS_110"]),
    ("plaintext-secret", &["AwsSolutions-ECS2", "CKV_AWS_45", "AVD-AWS-0036"]),
    ("policy-wildcard", &["AwsSolutions-IAM5", "CKV_AWS_62", "CKV_AWS_63", "AVD-AWS-0057"]),
    ("public-address", &["CKV_AWS_333"]),
    ("repository-mutable-tags", &["CKV_AWS_51", "AVD-AWS-0031"]),
    ("repository-scan", &["AwsSolutions-ECR1", "CKV_AWS_163", "AVD-AWS-0030"]),
    ("secret-rotation", &["AwsSolutions-SMG4", "CKV2_AWS_57"]),
    ("security-group-description", &["AwsSolutions-EC27", "CKV_AWS_23"]),
    ("topic-encryption", &["AwsSolutions-SNS2", "CKV_AWS_26", "AVD-AWS-0095"]),
    ("volume-in-transit", &["CKV_AWS_97", "AVD-AWS-0035"]),
    ("vpc-flow-logs", &["AwsSolutions-VPC7", "CKV2_AWS_11", "AVD-AWS-0178"]),
    ("web-acl-logs", &["CKV2_AWS_31"]),
];

/// What other tools call findings of this code; nothing if it is not about security.
pub fn aliases(code: &str) -> Option<&'static [&'static str]> {
    let at = ALIASES.binary_search_by_key(&code, |(it, _)| it).ok()?;
    Some(ALIASES[at].1)
}
