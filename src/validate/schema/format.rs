//! What the `format` of a schema demands of a text.
//!
//! Sources: the registry's schemas use JSON Schema's own formats and, as cfn-lint patches them, names such as
//! `AWS::IAM::Role.Arn`, which stand for what the documentation of that type says of the value.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    sync::LazyLock,
};

use super::pattern::Pattern;

/// A format that a text can be held to.
#[derive(Debug)]
struct Format {
    name: &'static str,
    /// Under which a text that is not of it is reported.
    code: &'static str,
    /// What it is, for people.
    meaning: &'static str,
    demand: Demand,
}

#[derive(Debug)]
enum Demand {
    Pattern(Pattern),
    Test(fn(&str) -> bool),
}

static FORMATS: LazyLock<Vec<Format>> = LazyLock::new(|| {
    let pattern = |name, code, meaning, source: &str| Format {
        name,
        code,
        meaning,
        demand: Demand::Pattern(Pattern::new(source)),
    };
    let arn = |name, code, meaning, rest: &str| {
        pattern(name, code, meaning, &format!("^arn:aws[a-zA-Z-]*:{rest}$"))
    };
    let network = |name, meaning, test| Format { name, code: "E1103", meaning, demand: Demand::Test(test) };
    vec![
        pattern(
            "AWS::EC2::SecurityGroup.Id",
            "E1150",
            "the id of a security group, such as `sg-0123456789abcdef0`",
            "^sg-([0-9a-fA-F]{8}|[0-9a-fA-F]{17})$",
        ),
        pattern(
            "AWS::EC2::VPC.Id",
            "E1151",
            "the id of a VPC, such as `vpc-0123456789abcdef0`",
            "^vpc-([0-9a-fA-F]{8}|[0-9a-fA-F]{17})$",
        ),
        pattern(
            "AWS::EC2::Image.Id",
            "E1152",
            "the id of an image, such as `ami-0123456789abcdef0`",
            "^(ami-([0-9a-z]{8}|[0-9a-z]{17})|resolve:ssm.*)$",
        ),
        pattern(
            "AWS::EC2::SecurityGroup.Name",
            "E1153",
            "the name of a security group",
            r"^[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]+$",
        ),
        pattern(
            "AWS::EC2::Subnet.Id",
            "E1154",
            "the id of a subnet, such as `subnet-0123456789abcdef0`",
            "^subnet-([0-9a-fA-F]{8}|[0-9a-fA-F]{17})$",
        ),
        pattern(
            "AWS::Logs::LogGroup.Name",
            "E1155",
            "the name of a log group",
            r"^[.\-_/#A-Za-z0-9]{1,512}$",
        ),
        arn("AWS::IAM::Role.Arn", "E1156", "the ARN of a role", "iam::[0-9]{12}:role/.+"),
        arn("AWS::KMS::Key.Arn", "E1157", "the ARN of a key", "kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/.+"),
        arn("AWS::SNS::Topic.Arn", "E1158", "the ARN of a topic", "sns:[a-z0-9-]+:[0-9]{12}:.+"),
        arn(
            "AWS::ACM::Certificate.Arn",
            "E1159",
            "the ARN of a certificate",
            "acm:[a-z0-9-]+:[0-9]{12}:certificate/.+",
        ),
        arn(
            "AWS::Lambda::Function.Arn",
            "E1160",
            "the ARN of a function",
            "lambda:[a-z0-9-]+:[0-9]{12}:function:.+",
        ),
        Format {
            name: "AWS::S3::Bucket.Name",
            code: "E1161",
            meaning: "the name of a bucket: 3 to 63 small letters, digits, dots and hyphens",
            demand: Demand::Test(is_bucket_name),
        },
        pattern(
            "AWS::KMS::Key.Id",
            "E1162",
            "the id of a key, or an alias",
            "^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}|alias/[a-zA-Z0-9/_-]+)$",
        ),
        pattern(
            "AWS::KMS::Alias.AliasName",
            "E1164",
            "the name of an alias, such as `alias/key`",
            "^alias/[a-zA-Z0-9:/_-]+$",
        ),
        network("ipv4", "an IPv4 address", |it| it.parse::<Ipv4Addr>().is_ok()),
        network("ipv6", "an IPv6 address", |it| it.parse::<Ipv6Addr>().is_ok()),
        network(
            "ipv4-network",
            "an IPv4 network without bits beyond its prefix, such as `10.0.0.0/16`",
            |it| {
                let bits = |address: Ipv4Addr| u128::from(u32::from(address));
                is_network(it, 32, |it| it.parse().ok().map(bits))
            },
        ),
        network(
            "ipv6-network",
            "an IPv6 network without bits beyond its prefix, such as `2001:db8::/64`",
            |it| is_network(it, 128, |it| it.parse().ok().map(|it: Ipv6Addr| u128::from(it))),
        ),
    ]
});

/// The code and meaning of a format that `text` is not of; nothing if it is, or if the format demands nothing.
pub(super) fn violated(format: &str, text: &str) -> Option<(&'static str, &'static str)> {
    let format = FORMATS.iter().find(|it| it.name == format)?;
    let is_met = match &format.demand {
        Demand::Pattern(pattern) => pattern.matches(text),
        Demand::Test(is_met) => is_met(text),
    };
    (!is_met).then_some((format.code, format.meaning))
}

/// What a format stands for, for people.
pub(super) fn meaning(format: &str) -> String {
    match (FORMATS.iter().find(|it| it.name == format), format.split_once('.')) {
        (Some(known), _) => known.meaning.to_owned(),
        (None, Some((type_name, attribute))) => format!("the `{attribute}` of an `{type_name}`"),
        (None, None) => format!("a value of the format `{format}`"),
    }
}

fn is_bucket_name(text: &str) -> bool {
    let is_edge = |it: Option<char>| it.is_some_and(|it| it.is_ascii_lowercase() || it.is_ascii_digit());
    (3..=63).contains(&text.len())
        && text.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || ".-".contains(it))
        && is_edge(text.chars().next())
        && is_edge(text.chars().last())
        && !["..", ".-", "-."].iter().any(|it| text.contains(it))
}

fn is_network(text: &str, bits: u32, address: impl Fn(&str) -> Option<u128>) -> bool {
    let Some((start, prefix)) = text.split_once('/') else { return false };
    let (Some(address), Ok(prefix)) = (address(start), prefix.parse::<u32>()) else { return false };
    let beyond = |prefix| u128::MAX.checked_shr(128 - bits + prefix).unwrap_or(0);
    prefix <= bits && address & beyond(prefix) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_texts_that_are_not_of_their_format() {
        for (format, right, wrong) in [
            ("AWS::EC2::SecurityGroup.Id", "sg-01234567", "web"),
            ("AWS::EC2::Subnet.Id", "subnet-0123456789abcdef0", "sg-01234567"),
            ("AWS::IAM::Role.Arn", "arn:aws-cn:iam::123456789012:role/a/b", "a/b"),
            ("AWS::S3::Bucket.Name", "a.b-c1", "a..b"),
            ("AWS::S3::Bucket.Name", "abc", "Abc"),
            ("ipv4-network", "10.0.0.0/16", "10.0.1.0/16"),
            ("ipv4-network", "0.0.0.0/0", "10.0.0.0"),
            ("ipv4-network", "10.0.0.1/32", "10.0.0.1/33"),
            ("ipv6-network", "::/0", "::1/64"),
            ("ipv6-network", "2001:db8::/64", "2001:db8::/129"),
        ] {
            assert_eq!(violated(format, right), None, "{format} {right}");
            assert!(violated(format, wrong).is_some(), "{format} {wrong}");
        }
    }

    #[test]
    fn an_unknown_format_demands_nothing() {
        assert_eq!(violated("json", "{"), None);
    }
}
