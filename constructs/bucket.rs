//! A bucket of S3, and what every bucket of ours has.

use crate::{
    grants::{Access, Grant, Grantable},
    iam::{self, Allow},
    kernel::prelude::*,
};

const BUCKET: ResourceType = ResourceType::new("AWS::S3::Bucket");
const BUCKET_POLICY: ResourceType = ResourceType::new("AWS::S3::BucketPolicy");

properties! {
    /// A bucket of S3: encrypted, closed to the public, and reached over TLS only.
    ///
    /// Policies alone say who may do what: access control lists are switched off. The parts of an upload that was
    /// never finished are deleted after 7 days.
    pub struct Bucket {
        /// The name of the bucket, which no other bucket in all of AWS has. If absent, CloudFormation makes one that is
        /// unique; with a name, two environments need two names.
        name: Option<Text>,
        /// With which key objects are encrypted.
        encryption: Encryption = "s3",
        /// The ARN of the key in KMS, with `encryption: kms`. If absent, it is AWS's own key for S3 in the account,
        /// which no other account can be let use.
        key: Option<Text>,
        /// Whether what is overwritten or deleted stays as an earlier version that can be brought back.
        versions: bool = "true",
        /// For how many days an earlier version can be brought back. If absent, for ever: what people lose is seldom
        /// missed at once, and what S3 has deleted nobody can bring back.
        keep_versions: Option<Spanned<Days>>,
        /// After how many days an object is deleted; with `versions`, it becomes an earlier version then. If absent,
        /// never.
        expire: Option<Spanned<Days>>,
        /// What becomes of it when it leaves the stack.
        removal: Removal = "retain",
    }
}

choices! {
    /// With which key the objects of a bucket are encrypted.
    pub enum Encryption {
        /// S3's own: whoever may read an object can decrypt it.
        S3,
        /// One in KMS, at its prices: each use is logged, and takes the permission to use it.
        Kms,
    }
}

choices! {
    /// What becomes of a bucket when it leaves the stack.
    pub enum Removal {
        /// It stays with what is in it, and belongs to no stack.
        Retain,
        /// It is deleted. CloudFormation fails to, as long as something is in it; that it may be emptied for that stands
        /// in the template, as `Metadata: {asi: {emptyOnDelete: true}}`.
        Delete,
    }
}

impl Removal {
    /// Says of `bucket` what becomes of it.
    ///
    /// What is to be deleted has to be emptied first. Nothing in the template does that, since a function that did would
    /// need the right to delete whatever is in the bucket for as long as the stack is there: whoever deletes the stack
    /// does, and finds in the metadata which buckets were meant.
    pub(crate) fn apply(self, scope: &mut Scope<'_>, bucket: Handle) {
        scope.removal_policy(bucket, match self {
            Self::Retain => "Retain",
            Self::Delete => "Delete",
        });
        if self == Self::Delete {
            let may_be_emptied = object! { "asi" => object! { "emptyOnDelete" => true } };
            scope.edit(bucket).attributes.insert("Metadata", may_be_emptied);
        }
    }
}

exports! {
    /// What other constructs may use of a [`Bucket`].
    pub struct Exports {
        /// Its name.
        name: Expr<Handle>,
        /// Its ARN.
        arn: Expr<Handle>,
        /// The host name it is reached at, in its region.
        domain: Expr<Handle>,
        /// Whether it is encrypted with a key of its own.
        key: OwnKey,
        /// What others may do with it.
        grantable: Grantable,
    }
}

/// Whether a bucket is encrypted with a key of its own, which has to be let used besides the bucket.
#[derive(Clone, Copy, Debug)]
pub struct OwnKey(pub bool);

impl Export for OwnKey {}

impl Target for Exports {
    const WHAT: &'static str = "a Bucket";
}

impl Construct for Bucket {
    const KIND: &'static str = "Bucket";
    const EXAMPLE: &'static str = include_str!("bucket.yaml");

    type Exports = Exports;

    fn check(&self, faults: &mut Vec<Diagnostic>) {
        if let Some(name) = &self.name {
            faults.extend(name.literal().and_then(fault_of_name).map(|it| it.at(name.span())));
        }
        if let (Encryption::S3, Some(key)) = (self.encryption, &self.key) {
            faults.push(
                Diagnostic::error("no-effect", "S3's own encryption takes no key")
                    .at(key.span())
                    .help("add `encryption: kms`, or remove `key`"),
            );
        }
        for days in [&self.keep_versions, &self.expire].into_iter().flatten() {
            if days.value == Days(0) {
                faults.push(
                    Diagnostic::error("bucket-days", "S3 deletes nothing on the day it was stored")
                        .at(days.span)
                        .help("write `1d` or more, or remove it"),
                );
            }
        }
        match (self.versions, self.keep_versions, self.expire) {
            (false, Some(days), _) => faults.push(
                Diagnostic::error("no-effect", "without versions there are none to keep")
                    .at(days.span)
                    .help("remove `keepVersions`, or `versions: false`"),
            ),
            (true, None, Some(days)) => faults.push(
                Diagnostic::warning("expired-versions", "what expires stays for ever, as an earlier version")
                    .at(days.span)
                    .help("add `keepVersions: 30d`, or `versions: false` to delete it at once"),
            ),
            (true, ..) | (false, None, _) => (),
        }
    }

    fn build(&self, scope: &mut Scope<'_>) -> Result<Exports, Diagnostic> {
        let name = self.name.as_ref().map(|it| scope.checked_text(it, fault_of_name));
        let key = self.key.as_ref().map(|it| scope.text(it));
        let bucket = scope.resource("Resource", BUCKET, object! {
            "BucketEncryption" => encryption(self.encryption, key.clone()),
            "BucketName" => name,
            "LifecycleConfiguration" => object! { "Rules" => list![self.lifecycle()] },
            "OwnershipControls" => object! { "Rules" => list![object! { "ObjectOwnership" => "BucketOwnerEnforced" }] },
            "PublicAccessBlockConfiguration" => closed_to_the_public(),
            "VersioningConfiguration" => self.versions.then(|| object! { "Status" => "Enabled" }),
        });
        self.removal.apply(scope, bucket);
        require_tls(scope, bucket);
        Ok(Exports {
            name: bucket.reference(),
            arn: bucket.attribute("Arn"),
            domain: bucket.attribute("RegionalDomainName"),
            key: OwnKey(key.is_some()),
            grantable: grantable(bucket, key),
        })
    }
}

impl Bucket {
    /// The rule by which S3 deletes.
    fn lifecycle(&self) -> Expr<Handle> {
        let days = |it: Spanned<Days>| Expr::<Handle>::from(it.value.0).at(it.span);
        // What marks an object as deleted goes once no version of it is left. S3 does that by itself where objects
        // expire, and refuses a rule that says both.
        let marker = (self.keep_versions.is_some() && self.expire.is_none()).then_some(true);
        object! {
            "AbortIncompleteMultipartUpload" => object! { "DaysAfterInitiation" => 7 },
            "ExpirationInDays" => self.expire.map(days),
            "ExpiredObjectDeleteMarker" => marker,
            "NoncurrentVersionExpiration" => self.keep_versions.map(|it| object! { "NoncurrentDays" => days(it) }),
            "Status" => "Enabled",
        }
    }
}

/// What others may do with `bucket`, which is encrypted with `key`, if with one of its own. AWS's keys need no
/// permission.
fn grantable(bucket: Handle, key: Option<Expr<Handle>>) -> Grantable {
    const READ: &[&str] = &["s3:GetObject"];
    const WRITE: &[&str] = &["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"];
    // The parts of a large object are read again when they are put together.
    const KEY_TO_WRITE: &[&str] = &["kms:Decrypt", "kms:GenerateDataKey"];
    let alias = key.as_ref().and_then(Expr::first_text).filter(|it| it.contains("alias/")).map(str::to_owned);
    let key = key.map(|it| match it.first_text() {
        Some(text) if !text.starts_with("arn:") => Expr::arn("kms", ["key/".into(), it]),
        Some(_) | None => it,
    });
    let arn = || bucket.attribute("Arn");
    // Without it, S3 says that a missing object is forbidden.
    let list = || Allow::new(&["s3:ListBucket"], [arn()]);
    let objects = |actions: &[&'static str]| Allow::new(actions, [text![arn(), "/*"]]);
    let grant = |mut allowed: Vec<Allow>, with_key: &[&'static str]| match &alias {
        Some(alias) => Grant::UnknownKey(alias.clone()),
        None => {
            allowed.extend(key.as_ref().map(|it| Allow::new(with_key, [it.clone()])));
            Grant::Permissions(allowed)
        }
    };
    Grantable(vec![
        (Access::Read, grant(vec![list(), objects(READ)], &["kms:Decrypt"])),
        (Access::Write, grant(vec![objects(WRITE)], KEY_TO_WRITE)),
        (Access::ReadWrite, grant(vec![list(), objects(READ), objects(WRITE)], KEY_TO_WRITE)),
    ])
}

/// How a bucket encrypts what is stored in it.
pub(crate) fn encryption(encryption: Encryption, key: Option<Expr<Handle>>) -> Expr<Handle> {
    let rule = match encryption {
        Encryption::S3 => {
            object! { "ServerSideEncryptionByDefault" => object! { "SSEAlgorithm" => "AES256" } }
        }
        Encryption::Kms => object! {
            // KMS is asked once for many objects, at a hundredth of the price.
            "BucketKeyEnabled" => true,
            "ServerSideEncryptionByDefault" => object! { "KMSMasterKeyID" => key, "SSEAlgorithm" => "aws:kms" },
        },
    };
    object! { "ServerSideEncryptionConfiguration" => list![rule] }
}

/// Neither an access control list nor a policy can open the bucket to everybody.
pub(crate) fn closed_to_the_public() -> Expr<Handle> {
    object! {
        "BlockPublicAcls" => true,
        "BlockPublicPolicy" => true,
        "IgnorePublicAcls" => true,
        "RestrictPublicBuckets" => true,
    }
}

/// Adds the policy by which `bucket`, which stands in `scope`, refuses requests that anybody on the way can read.
pub(crate) fn require_tls(scope: &mut Scope<'_>, bucket: Handle) {
    let arn = bucket.attribute("Arn");
    scope.child("Policy").resource("Resource", BUCKET_POLICY, object! {
        "Bucket" => bucket.reference(),
        "PolicyDocument" => iam::document(vec![object! {
            "Action" => "s3:*",
            "Condition" => object! { "Bool" => object! { "aws:SecureTransport" => "false" } },
            "Effect" => "Deny",
            "Principal" => object! { "AWS" => "*" },
            "Resource" => list![arn.clone(), text![arn, "/*"]],
        }]),
    });
}

/// What S3 says to a name. Amazon S3 User Guide, "General purpose bucket naming rules".
fn fault_of_name(name: &str) -> Option<Diagnostic> {
    const PREFIXES: &[&str] = &["xn--", "sthree-", "amzn-s3-demo-"];
    const SUFFIXES: &[&str] = &["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];
    let is_plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit();
    let ends_plain = |it: Option<u8>| it.is_some_and(is_plain);
    let reserved = PREFIXES.iter().find(|it| name.starts_with(**it));
    let reserved = reserved.or_else(|| SUFFIXES.iter().find(|it| name.ends_with(**it)));
    let wrong = if !(3..=63).contains(&name.len()) {
        format!("it has {} characters", name.chars().count())
    } else if let Some(other) = name.chars().find(|it| !it.is_ascii_lowercase() && !it.is_ascii_digit() && !".-".contains(*it)) {
        format!("it has a `{other}`")
    } else if !ends_plain(name.bytes().next()) || !ends_plain(name.bytes().last()) {
        "it begins or ends with neither a letter nor a digit".to_owned()
    } else if name.contains("..") {
        "it has two dots in a row".to_owned()
    } else if name.parse::<std::net::Ipv4Addr>().is_ok() {
        "it is an address".to_owned()
    } else if let Some(reserved) = reserved {
        format!("AWS keeps `{reserved}` for itself")
    } else if name.contains('.') {
        return Some(
            Diagnostic::warning(
                "bucket-name-dots",
                format!("S3's certificate does not hold for `{name}`, which has a dot"),
            )
            .help(format!("write `{}`", name.replace('.', "-"))),
        );
    } else {
        return None;
    };
    Some(
        Diagnostic::error("bucket-name", format!("a bucket cannot be named `{name}`: {wrong}"))
            .help("write 3 to 63 lowercase letters, digits and `-`, such as `acme-shop-uploads`"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{
        kernel::tree::Place,
        testing::{Stack, stack, stack_at},
    };

    fn bucket(properties: &str) -> Stack {
        stack(&format!("b: {{type: Bucket{properties}}}"))
    }

    fn rule(properties: &str) -> Value {
        bucket(properties).properties("b/Resource")["LifecycleConfiguration"]["Rules"][0].clone()
    }

    #[test]
    fn is_closed_and_encrypted_and_keeps_versions() {
        let stack = bucket("");
        assert_eq!(stack.properties("b/Resource"), json!({
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    { "ServerSideEncryptionByDefault": { "SSEAlgorithm": "AES256" } },
                ],
            },
            "LifecycleConfiguration": {
                "Rules": [{
                    "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": 7 },
                    "Status": "Enabled",
                }],
            },
            "OwnershipControls": { "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] },
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": true,
                "BlockPublicPolicy": true,
                "IgnorePublicAcls": true,
                "RestrictPublicBuckets": true,
            },
            "VersioningConfiguration": { "Status": "Enabled" },
        }));
        assert_eq!(stack.attribute("b", "name"), json!("${b/Resource}"));
        assert_eq!(stack.attribute("b", "arn"), json!("${b/Resource.Arn}"));
        assert_eq!(stack.attribute("b", "domain"), json!("${b/Resource.RegionalDomainName}"));
    }

    #[test]
    fn answers_over_tls_only() {
        assert_eq!(bucket("").properties("b/Policy/Resource"), json!({
            "Bucket": "${b/Resource}",
            "PolicyDocument": {
                "Statement": [{
                    "Action": "s3:*",
                    "Condition": { "Bool": { "aws:SecureTransport": "false" } },
                    "Effect": "Deny",
                    "Principal": { "AWS": "*" },
                    "Resource": ["${b/Resource.Arn}", "${b/Resource.Arn}/*"],
                }],
                "Version": "2012-10-17",
            },
        }));
    }

    #[test]
    fn has_the_key_it_is_told_to() {
        let encryption = |properties: &str| bucket(properties).properties("b/Resource")["BucketEncryption"].clone();
        let kms = |by: Value| {
            json!({ "ServerSideEncryptionConfiguration": [
                { "BucketKeyEnabled": true, "ServerSideEncryptionByDefault": by },
            ] })
        };
        assert_eq!(encryption(", encryption: kms"), kms(json!({ "SSEAlgorithm": "aws:kms" })));
        assert_eq!(
            encryption(", encryption: kms, key: '${param.Param}'"),
            kms(json!({ "KMSMasterKeyID": "${Param}", "SSEAlgorithm": "aws:kms" }))
        );
        assert_eq!(
            bucket(", key: some-key").faults(),
            ["no-effect at `some-key`: S3's own encryption takes no key"]
        );
    }

    #[test]
    fn deletes_what_it_is_told_to() {
        assert_eq!(rule(", keepVersions: 30d"), json!({
            "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": 7 },
            "ExpiredObjectDeleteMarker": true,
            "NoncurrentVersionExpiration": { "NoncurrentDays": 30 },
            "Status": "Enabled",
        }));
        assert_eq!(rule(", expire: 90d, keepVersions: 30"), json!({
            "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": 7 },
            "ExpirationInDays": 90,
            "NoncurrentVersionExpiration": { "NoncurrentDays": 30 },
            "Status": "Enabled",
        }));
    }

    #[test]
    fn may_have_no_versions() {
        let stack = bucket(", versions: false, expire: 90d");
        assert_eq!(stack.faults(), [""; 0]);
        assert_eq!(stack.properties("b/Resource").get("VersioningConfiguration"), None);
        assert_eq!(
            bucket(", versions: false, keepVersions: 30d").faults(),
            ["no-effect at `30d`: without versions there are none to keep"]
        );
    }

    #[test]
    fn points_at_what_would_not_be_deleted() {
        assert_eq!(
            bucket(", expire: 90d").faults(),
            ["expired-versions at `90d`: what expires stays for ever, as an earlier version"]
        );
        assert_eq!(bucket(", expire: 0d, keepVersions: 0").faults(), [
            "bucket-days at `0`: S3 deletes nothing on the day it was stored",
            "bucket-days at `0d`: S3 deletes nothing on the day it was stored",
        ]);
    }

    #[test]
    fn stays_unless_it_may_go() {
        let removal = |properties: &str| bucket(properties).attributes("b/Resource");
        assert_eq!(removal(""), json!({ "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain" }));
        assert_eq!(
            removal(", removal: delete"),
            json!({
                "DeletionPolicy": "Delete",
                "Metadata": { "asi": { "emptyOnDelete": true } },
                "UpdateReplacePolicy": "Delete",
            })
        );
    }

    #[test]
    fn has_a_name_only_if_it_is_given_one() {
        let name = |properties: &str| bucket(properties).properties("b/Resource")["BucketName"].clone();
        assert_eq!(name(""), json!(null));
        assert_eq!(name(", name: acme-shop-uploads"), json!("acme-shop-uploads"));
        assert_eq!(name(", name: 'Shop-${AWS::AccountId}'"), json!("Shop-${AWS::AccountId}"));
    }

    #[test]
    fn points_at_a_name_that_an_environment_makes_wrong() {
        let in_environment = |environment: &str| {
            let place = Place { environment: Some(environment.to_owned()), ..Place::default() };
            stack_at(place, "b: {type: Bucket, name: 'shop-${env}'}")
        };
        assert_eq!(in_environment("prod").faults(), [""; 0]);
        assert_eq!(in_environment("prod").properties("b/Resource")["BucketName"], json!("shop-prod"));
        assert_eq!(
            in_environment("Prod").faults(),
            ["bucket-name at `'shop-${env}'`: a bucket cannot be named `shop-Prod`: it has a `P`"]
        );
    }

    #[test]
    fn points_at_a_name_that_s3_refuses() {
        let long = "a".repeat(64);
        for (name, wrong) in [
            ("ab", "it has 2 characters"),
            (&long, "it has 64 characters"),
            ("Shop", "it has a `S`"),
            ("shop_uploads", "it has a `_`"),
            ("-shop", "it begins or ends with neither a letter nor a digit"),
            ("shop.", "it begins or ends with neither a letter nor a digit"),
            ("shop..uploads", "it has two dots in a row"),
            ("192.168.5.4", "it is an address"),
            ("xn--shop", "AWS keeps `xn--` for itself"),
            ("shop-s3alias", "AWS keeps `-s3alias` for itself"),
        ] {
            assert_eq!(
                bucket(&format!(", name: {name}")).faults(),
                [format!("bucket-name at `{name}`: a bucket cannot be named `{name}`: {wrong}")]
            );
        }
        assert_eq!(
            bucket(", name: shop.example.com").faults(),
            [
                "bucket-name-dots at `shop.example.com`: S3's certificate does not hold for `shop.example.com`, which has a dot"
            ]
        );
    }
}
