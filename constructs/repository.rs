//! A registry for container images, on ECR.

use crate::{
    grants::{Access, Grant, Grantable},
    iam::Allow,
    kernel::prelude::*,
};

const REPOSITORY: ResourceType = ResourceType::new("AWS::ECR::Repository");

properties! {
    /// A registry for container images, on ECR.
    ///
    /// Images are scanned when they are pushed, and a tag that was pushed stays what it is.
    pub struct Repository {
        /// The name of the repository. If absent, CloudFormation makes one that is unique; with a name, two
        /// environments in one account need two names.
        name: Option<Text>,
        /// How many images to keep; the oldest beyond them are deleted, but for those that have one of `mutableTags`.
        keep: u32 = "100",
        /// How many days an image without a tag stays.
        untagged: Days = "7",
        /// Whether a tag may be pushed again for another image.
        tags: Tags = "immutable",
        /// Tags that may be pushed again although all others may not, `*` standing for any text: `latest`,
        /// `rc*`.
        mutable_tags: Vec<Spanned<String>>,
        /// Whether to scan each image for known vulnerabilities when it is pushed.
        scan: bool = "true",
        /// With which key images are encrypted. With another one it is another repository: the images stay in the old one.
        encryption: Encryption = "aes256",
        /// The ARN of the key in KMS, with `encryption: kms`. If absent, AWS's own for ECR in the account. It is fixed, too.
        key: Option<Text>,
        /// What becomes of it when it leaves the stack.
        removal: Removal = "retain",
    }
}

choices! {
    /// Whether a tag may be pushed again for another image.
    pub enum Tags {
        /// A tag stays what it is.
        Immutable,
        /// A tag may be pushed again.
        Mutable,
    }
}

choices! {
    /// With which key the images in a repository are encrypted.
    pub enum Encryption {
        /// ECR's own.
        Aes256 = "aes256",
        /// One in KMS, at its prices. Who pulls images needs no permission to use it.
        Kms = "kms",
    }
}

choices! {
    /// What becomes of a repository when it leaves the stack.
    pub enum Removal {
        /// It stays, with its images, and belongs to no stack.
        Retain,
        /// It is deleted with all its images.
        Delete,
    }
}

exports! {
    /// What other constructs may use of a [`Repository`].
    pub struct Exports {
        /// Its name.
        name: Expr<Handle>,
        /// Its ARN.
        arn: Expr<Handle>,
        /// Where images are pushed to and pulled from, without a tag.
        uri: Expr<Handle>,
        /// What it does with the images in it; absent if that is not known.
        rules: Option<Rules>,
        /// What others may do with it.
        grantable: Grantable,
    }
}

/// What a repository does with the images in it.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Whether each image is scanned when it is pushed.
    pub scans: bool,
    /// The tags that may be pushed again; absent if all may.
    moving: Option<Vec<String>>,
}

impl Export for Rules {}

impl Rules {
    /// Whether `tag` may be pushed again for another image.
    pub fn may_move(&self, tag: &str) -> bool {
        self.moving.as_ref().is_none_or(|patterns| patterns.iter().any(|it| matches(it, tag)))
    }
}

/// Whether `text` is as `pattern` says, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(start) else { return false };
    (0..=text.len()).any(|at| text.is_char_boundary(at) && matches(rest, &text[at..]))
}

impl Target for Exports {
    const WHAT: &'static str = "a Repository";
}

impl Construct for Repository {
    const KIND: &'static str = "Repository";
    const EXAMPLE: &'static str = include_str!("repository.yaml");

    type Exports = Exports;

    fn check(&self, faults: &mut Vec<Diagnostic>) {
        if self.tags == Tags::Mutable {
            faults.extend(self.mutable_tags.first().map(|tag| {
                Diagnostic::error("no-effect", "with `tags: mutable` every tag may be pushed again")
                    .at(tag.span)
                    .help("remove `mutableTags`, or `tags: mutable`")
            }));
        }
        if let (Encryption::Aes256, Some(key)) = (self.encryption, &self.key) {
            faults.push(
                Diagnostic::error("no-effect", "ECR's own encryption takes no key")
                    .at(key.span())
                    .help("add `encryption: kms`, or remove `key`"),
            );
        }
    }

    fn build(&self, scope: &mut Scope<'_>) -> Result<Exports, Diagnostic> {
        let name = self.name.as_ref().map(|it| scope.text(it));
        let key = self.key.as_ref().map(|it| scope.text(it));
        let encryption = match self.encryption {
            // What ECR does unasked.
            Encryption::Aes256 => None,
            Encryption::Kms => Some(object! { "EncryptionType" => "KMS", "KmsKey" => key }),
        };
        let (mutability, exceptions) = match (self.tags, self.mutable_tags.as_slice()) {
            (Tags::Mutable, _) => ("MUTABLE", None),
            (Tags::Immutable, []) => ("IMMUTABLE", None),
            (Tags::Immutable, tags) => ("IMMUTABLE_WITH_EXCLUSION", Some(exclusions(tags))),
        };
        let repository = scope.resource("Resource", REPOSITORY, object! {
            "EmptyOnDelete" => (self.removal == Removal::Delete).then_some(true),
            "EncryptionConfiguration" => encryption,
            "ImageScanningConfiguration" => object! { "ScanOnPush" => self.scan },
            "ImageTagMutability" => mutability,
            "ImageTagMutabilityExclusionFilters" => exceptions,
            "LifecyclePolicy" => object! { "LifecyclePolicyText" => self.lifecycle() },
            "RepositoryName" => name,
        });
        scope.removal_policy(repository, match self.removal {
            Removal::Retain => "Retain",
            Removal::Delete => "Delete",
        });
        Ok(Exports {
            name: repository.reference(),
            arn: repository.attribute("Arn"),
            uri: repository.attribute("RepositoryUri"),
            grantable: grantable(&repository.attribute("Arn")),
            rules: Some(Rules {
                scans: self.scan,
                moving: match self.tags {
                    Tags::Mutable => None,
                    Tags::Immutable => Some(self.mutable_tags.iter().map(|it| it.value.clone()).collect()),
                },
            }),
        })
    }
}

/// What others may do with the repository at `arn`.
pub(crate) fn grantable(arn: &Expr<Handle>) -> Grantable {
    Grantable(vec![
        (Access::Read, Grant::Permissions(allow_pulling(arn))),
        (Access::ReadWrite, Grant::Permissions(allow_pushing(arn))),
    ])
}

/// To pull images from the repository at `arn`.
pub(crate) fn allow_pulling(arn: &Expr<Handle>) -> Vec<Allow> {
    let pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
    vec![Allow::anywhere(&["ecr:GetAuthorizationToken"]), Allow::new(&pull, [arn.clone()])]
}

/// To pull images from the repository at `arn`, and push them.
pub(crate) fn allow_pushing(arn: &Expr<Handle>) -> Vec<Allow> {
    let push = [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:CompleteLayerUpload",
        "ecr:GetDownloadUrlForLayer",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
    ];
    vec![Allow::anywhere(&["ecr:GetAuthorizationToken"]), Allow::new(&push, [arn.clone()])]
}

fn exclusions(tags: &[Spanned<String>]) -> Vec<Expr<Handle>> {
    tags.iter()
        .map(|tag| {
            object! { "ImageTagMutabilityExclusionFilterType" => "WILDCARD", "ImageTagMutabilityExclusionFilterValue" => tag.clone() }
        })
        .collect()
}

impl Repository {
    /// The rules by which ECR deletes images, as ECR's own JSON.
    fn lifecycle(&self) -> String {
        let Self { keep, untagged: Days(days), .. } = self;
        let mut rules = Vec::new();
        let mut add = |description: String, selection: serde_json::Value| {
            rules.push(serde_json::json!({
                "rulePriority": rules.len() + 1,
                "description": description,
                "selection": selection,
                "action": { "type": "expire" },
            }));
        };
        add(format!("delete images without a tag after {days} days"), serde_json::json!({
            "tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": days,
        }));
        // What one rule is about, no later one deletes: an image that was promoted outlasts any number of newer ones.
        for Spanned { value: tag, .. } in &self.mutable_tags {
            let (description, count) = if tag.contains('*') {
                (format!("keep the newest {keep} images tagged {tag}"), *keep)
            } else {
                (format!("keep the image tagged {tag}"), 1)
            };
            add(description, serde_json::json!({
                "tagStatus": "tagged", "tagPatternList": [tag], "countType": "imageCountMoreThan", "countNumber": count,
            }));
        }
        add(format!("keep the newest {keep} images"), serde_json::json!({
            "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": keep,
        }));
        serde_json::json!({ "rules": rules }).to_string()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Rules, matches};
    use crate::testing::stack;

    #[test]
    fn knows_which_tags_may_be_pushed_again() {
        let rules = |moving: Option<&[&str]>| {
            let moving = moving.map(|it| it.iter().map(|it| (*it).to_owned()).collect());
            Rules { scans: true, moving }
        };
        assert!(rules(None).may_move("rc"));
        assert!(!rules(Some(&[])).may_move("rc"));
        assert!(rules(Some(&["main", "rc*"])).may_move("rc-2"));
        assert!(!rules(Some(&["main", "rc*"])).may_move("arc"));
        assert!(matches("*-rc-*", "1-rc-2-rc-") && !matches("*-rc-", "1-rc-2"));
    }

    #[test]
    fn tags_are_immutable_but_for_exceptions() {
        let properties = stack("repo: {type: Repository, mutableTags: [latest]}").properties("repo/Resource");
        assert_eq!(properties["ImageTagMutability"], "IMMUTABLE_WITH_EXCLUSION");
        assert_eq!(
            properties["ImageTagMutabilityExclusionFilters"],
            json!([{ "ImageTagMutabilityExclusionFilterType": "WILDCARD", "ImageTagMutabilityExclusionFilterValue": "latest" }])
        );
    }

    #[test]
    fn an_image_with_a_tag_that_moves_outlasts_newer_ones() {
        let rules = |properties: &str| {
            let repository = stack(&format!("repo: {{type: Repository, keep: 5{properties}}}")).properties("repo/Resource");
            let text = repository["LifecyclePolicy"]["LifecyclePolicyText"].as_str().unwrap().to_owned();
            let rules: serde_json::Value = serde_json::from_str(&text).unwrap();
            let show = |it: &serde_json::Value| {
                let selection = &it["selection"];
                json!([it["rulePriority"], selection["tagStatus"], selection["tagPatternList"], selection["countNumber"]])
            };
            rules["rules"].as_array().unwrap().iter().map(show).collect::<Vec<_>>()
        };
        assert_eq!(rules(""), [json!([1, "untagged", null, 7]), json!([2, "any", null, 5])]);
        assert_eq!(rules(", mutableTags: [main, 'rc*']"), [
            json!([1, "untagged", null, 7]),
            json!([2, "tagged", ["main"], 1]),
            json!([3, "tagged", ["rc*"], 5]),
            json!([4, "any", null, 5]),
        ]);
    }

    #[test]
    fn may_be_encrypted_with_a_key() {
        let encryption = |properties: &str| {
            stack(&format!("repo: {{type: Repository{properties}}}")).properties("repo/Resource")["EncryptionConfiguration"]
                .clone()
        };
        assert_eq!(encryption(""), json!(null));
        assert_eq!(encryption(", encryption: kms"), json!({ "EncryptionType": "KMS" }));
        assert_eq!(
            encryption(", encryption: kms, key: '${param.Param}'"),
            json!({ "EncryptionType": "KMS", "KmsKey": "${Param}" })
        );
        assert_eq!(
            stack("repo: {type: Repository, key: some-key}").faults(),
            ["no-effect at `some-key`: ECR's own encryption takes no key"]
        );
    }

    #[test]
    fn points_at_exceptions_that_have_no_effect() {
        assert_eq!(
            stack("repo: {type: Repository, tags: mutable, mutableTags: [latest]}").faults(),
            ["no-effect at `latest`: with `tags: mutable` every tag may be pushed again"]
        );
    }

    #[test]
    fn is_emptied_only_when_it_may_go() {
        let empty = |text| stack(text).properties("repo/Resource")["EmptyOnDelete"].clone();
        assert_eq!(empty("repo: {type: Repository}"), json!(null));
        assert_eq!(empty("repo: {type: Repository, removal: delete}"), json!(true));
    }
}
