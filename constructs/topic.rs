//! A topic of SNS, through which people and programs are told what happened.

use crate::{
    grants::{Access, Grant, Grantable},
    iam::{self, Allow},
    kernel::prelude::*,
    targets::SnsTopic,
};

const KEY: ResourceType = ResourceType::new("AWS::KMS::Key");
const SUBSCRIPTION: ResourceType = ResourceType::new("AWS::SNS::Subscription");
const TOPIC: ResourceType = ResourceType::new("AWS::SNS::Topic");
const TOPIC_POLICY: ResourceType = ResourceType::new("AWS::SNS::TopicPolicy");

properties! {
    /// A topic of SNS, through which people and programs are told what happened.
    ///
    /// Messages are encrypted, and taken over TLS only. Roles and users of the account may publish if their own
    /// policies say so; of AWS's services only those that are named.
    pub struct Topic {
        /// The name of the topic. If absent, CloudFormation makes one that is unique; with a name, two environments in
        /// one account need two names.
        name: Option<Text>,
        /// The email addresses that get each message; each has to confirm once that it wants to.
        email: Vec<Spanned<String>>,
        /// The services of AWS that may publish, for this account only; EventBridge (`events`) does not say for which.
        publishers: Vec<Spanned<Publisher>>,
        /// With which key messages are encrypted. If absent, `aws`, AWS's for SNS in the account. With `publishers` it
        /// is `own`, one of the topic's own, at KMS's prices: AWS's lets no service in, so that an alarm would fire and
        /// nobody be told.
        encryption: Option<Spanned<Encryption>>,
    }
}

choices! {
    /// A service of AWS that may publish in a topic.
    pub enum Publisher {
        /// Alarms of CloudWatch.
        Cloudwatch,
        /// Rules of EventBridge. It does not tell SNS for which account it publishes, so that none can be asked for.
        Events,
        /// Budgets.
        Budgets,
        /// Notifications about pipelines, builds, deployments and repositories.
        CodestarNotifications = "codestar-notifications",
    }
}

choices! {
    /// With which key the messages in a topic are encrypted.
    pub enum Encryption {
        /// AWS's for SNS in the account, which services cannot use.
        Aws,
        /// One that is made for the topic, at KMS's prices, for the account and the `publishers`.
        Own,
        /// None: as SNS encrypts its disks.
        None,
    }
}

exports! {
    /// What other constructs may use of a [`Topic`].
    pub struct Exports {
        /// Its ARN.
        arn: Expr<Handle>,
        /// Its name.
        name: Expr<Handle>,
        /// What others may do with it.
        grantable: Grantable,
        /// The topic, for what tells it something.
        topic: SnsTopic,
    }
}

impl Target for Exports {
    const WHAT: &'static str = "a Topic";
}

impl Construct for Topic {
    const KIND: &'static str = "Topic";
    const EXAMPLE: &'static str = include_str!("topic.yaml");

    type Exports = Exports;

    fn check(&self, faults: &mut Vec<Diagnostic>) {
        if let Some(name) = &self.name {
            faults.extend(name.literal().and_then(fault_of_name).map(|it| it.at(name.span())));
        }
        check_addresses(&self.email, faults);
        for (at, publisher) in self.publishers.iter().enumerate() {
            if self.publishers[..at].iter().any(|it| it.value == publisher.value) {
                let fault = Diagnostic::error("no-effect", "the service is named before");
                faults.push(fault.at(publisher.span).help("remove one of the two"));
            }
        }
        let encryption = self.encryption.filter(|it| it.value == Encryption::Aws);
        if let (Some(encryption), Some(publisher)) = (encryption, self.publishers.first()) {
            faults.push(
                Diagnostic::error("topic-key", "AWS's key for SNS lets no service in, so its messages are lost")
                    .label(encryption.span, "")
                    .label(publisher.span, "a service")
                    .help("write `encryption: own`, or remove it, which is the same here"),
            );
        }
    }

    fn build(&self, scope: &mut Scope<'_>) -> Result<Exports, Diagnostic> {
        let name = self.name.as_ref().map(|it| scope.checked_text(it, fault_of_name));
        let key: Option<Expr<Handle>> = match (self.encryption, self.publishers.as_slice()) {
            (Some(Spanned { value: Encryption::Aws, .. }), _) | (None, []) => Some("alias/aws/sns".into()),
            (Some(Spanned { value: Encryption::Own, .. }), _) | (None, [_, ..]) => Some(self.key(scope)),
            (Some(Spanned { value: Encryption::None, .. }), _) => None,
        };
        let topic =
            scope.resource("Resource", TOPIC, object! { "KmsMasterKeyId" => key, "TopicName" => name });
        subscribe(scope, topic, &self.email);
        let publishers = self.publishers.iter().map(|it| it.value.may_publish(topic));
        scope.child("Policy").resource(
            "Resource",
            TOPIC_POLICY,
            object! {
                "PolicyDocument" => iam::document([require_tls(topic)].into_iter().chain(publishers).collect()),
                "Topics" => list![topic.reference()],
            },
        );
        // Whatever key a topic has lets those in who may publish in it.
        let publish = Grant::Permissions(vec![Allow::new(&["sns:Publish"], [topic.reference()])]);
        Ok(Exports {
            arn: topic.reference(),
            name: topic.attribute("TopicName"),
            grantable: Grantable(vec![(Access::Publish, publish)]),
            topic: SnsTopic {
                arn: topic.reference(),
                takes_alarms: self.publishers.iter().any(|it| it.value == Publisher::Cloudwatch),
            },
        })
    }
}

impl Topic {
    /// Adds the key of the topic, and gives its ARN.
    fn key(&self, scope: &mut Scope<'_>) -> Expr<Handle> {
        let root = text!["arn:", Expr::pseudo("AWS::Partition"), ":iam::", Expr::pseudo("AWS::AccountId"), ":root"];
        let administer = object! {
            "Action" => "kms:*",
            "Effect" => "Allow",
            "Principal" => object! { "AWS" => root },
            "Resource" => "*",
        };
        // As AWS's own key for SNS has it: who may publish and receive needs no permission for the key.
        let through_sns = use_of_key(
            object! { "AWS" => "*" },
            Some(object! {
                "StringEquals" => object! {
                    "kms:CallerAccount" => Expr::pseudo("AWS::AccountId"),
                    "kms:ViaService" => sns_of_the_region(),
                },
            }),
        );
        let publishers = self.publishers.iter().map(|it| it.value.may_use_key());
        let statements = [administer, through_sns].into_iter().chain(publishers).collect();
        let key = scope.child("Key").resource(
            "Resource",
            KEY,
            object! { "EnableKeyRotation" => true, "KeyPolicy" => iam::document(statements) },
        );
        // Nothing outlives a topic that would have to be decrypted, and a key that stays goes on costing.
        scope.removal_policy(key, "Delete");
        key.attribute("Arn")
    }
}

impl Publisher {
    fn principal(self) -> Expr<Handle> {
        object! { "Service" => match self {
            Self::Cloudwatch => "cloudwatch.amazonaws.com",
            Self::Events => "events.amazonaws.com",
            Self::Budgets => "budgets.amazonaws.com",
            Self::CodestarNotifications => "codestar-notifications.amazonaws.com",
        } }
    }

    /// The statement of the topic's policy that lets it publish.
    fn may_publish(self, topic: Handle) -> Expr<Handle> {
        let condition = match self {
            Self::Cloudwatch | Self::Budgets | Self::CodestarNotifications => Some(in_this_account()),
            // EventBridge does not tell SNS for whom it publishes; with a condition it could not publish at all.
            // Amazon EventBridge User Guide, "Troubleshooting".
            Self::Events => None,
        };
        object! {
            "Action" => "sns:Publish",
            "Condition" => condition,
            "Effect" => "Allow",
            "Principal" => self.principal(),
            "Resource" => topic.reference(),
        }
    }

    /// The statement of the key's policy that lets it encrypt what it publishes, each with the condition that AWS
    /// documents for it.
    fn may_use_key(self) -> Expr<Handle> {
        let condition = match self {
            Self::Cloudwatch | Self::Budgets => Some(in_this_account()),
            // Amazon SNS Developer Guide, "Key management": not supported for EventBridge.
            Self::Events => None,
            Self::CodestarNotifications => {
                Some(object! { "StringEquals" => object! { "kms:ViaService" => sns_of_the_region() } })
            }
        };
        use_of_key(self.principal(), condition)
    }
}

/// Without it, the service might act for somebody in another account who has learnt the ARN.
fn in_this_account() -> Expr<Handle> {
    object! { "StringEquals" => object! { "aws:SourceAccount" => Expr::pseudo("AWS::AccountId") } }
}

fn sns_of_the_region() -> Expr<Handle> {
    text!["sns.", Expr::pseudo("AWS::Region"), ".", Expr::pseudo("AWS::URLSuffix")]
}

fn use_of_key(principal: Expr<Handle>, condition: Option<Expr<Handle>>) -> Expr<Handle> {
    object! {
        "Action" => list!["kms:Decrypt", "kms:GenerateDataKey*"],
        "Condition" => condition,
        "Effect" => "Allow",
        "Principal" => principal,
        "Resource" => "*",
    }
}

/// The statement by which a topic refuses messages that anybody on the way can read.
fn require_tls(topic: Handle) -> Expr<Handle> {
    object! {
        "Action" => "sns:Publish",
        "Condition" => object! { "Bool" => object! { "aws:SecureTransport" => "false" } },
        "Effect" => "Deny",
        "Principal" => "*",
        "Resource" => topic.reference(),
    }
}

/// Sends what is published in `topic`, which stands in `scope`, to these addresses.
pub(crate) fn subscribe(scope: &mut Scope<'_>, topic: Handle, addresses: &[Spanned<String>]) {
    for address in addresses {
        scope.child(&address.value).resource(
            "Resource",
            SUBSCRIPTION,
            object! {
                "Endpoint" => address.clone(),
                "Protocol" => "email",
                "TopicArn" => topic.reference(),
            },
        );
    }
}

/// Reports what is no address, and what is there twice.
pub(crate) fn check_addresses(addresses: &[Spanned<String>], faults: &mut Vec<Diagnostic>) {
    for (at, Spanned { value, span }) in addresses.iter().enumerate() {
        let (name, domain) = value.split_once('@').unwrap_or_default();
        if name.is_empty() || !domain.contains('.') || domain.contains('@') || value.contains(char::is_whitespace) {
            faults.push(
                Diagnostic::error("email-address", format!("`{value}` is not an email address"))
                    .at(*span)
                    .help("write one such as `team@example.com`"),
            );
        } else if addresses[..at].iter().any(|it| it.value == *value) {
            let fault = Diagnostic::error("no-effect", format!("`{value}` is there before"));
            faults.push(fault.at(*span).help("remove one of the two"));
        }
    }
}

fn fault_of_name(name: &str) -> Option<Diagnostic> {
    let is_fine = |it: char| it.is_ascii_alphanumeric() || "-_".contains(it);
    let wrong = match name.chars().find(|it| !is_fine(*it)) {
        Some(other) => format!("it has a `{other}`"),
        None if !(1..=256).contains(&name.len()) => format!("it has {} characters", name.len()),
        None => return None,
    };
    Some(
        Diagnostic::error("topic-name", format!("a topic cannot be named `{name}`: {wrong}"))
            .help("write 1 to 256 letters, digits, `-` and `_`, such as `shop-alerts`"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{
        kernel::tree::Place,
        testing::{Stack, stack, stack_at},
    };

    fn topic(properties: &str) -> Stack {
        stack(&format!("t: {{type: Topic{properties}}}"))
    }

    fn statements(stack: &Stack, path: &str, policy: &str) -> Vec<Value> {
        stack.properties(path)[policy]["Statement"].as_array().expect("a list").clone()
    }

    #[test]
    fn is_encrypted_and_takes_messages_over_tls_only() {
        let stack = topic("");
        let kinds = ["AWS::SNS::Topic", "AWS::SNS::TopicPolicy"];
        let paths = ["t/Resource", "t/Policy/Resource"];
        let expected: Vec<(String, String)> =
            paths.into_iter().zip(kinds).map(|(path, kind)| (path.to_owned(), kind.to_owned())).collect();
        assert_eq!(stack.resources(), expected);
        assert_eq!(stack.properties("t/Resource"), json!({ "KmsMasterKeyId": "alias/aws/sns" }));
        assert_eq!(stack.properties("t/Policy/Resource"), json!({
            "PolicyDocument": {
                "Statement": [{
                    "Action": "sns:Publish",
                    "Condition": { "Bool": { "aws:SecureTransport": "false" } },
                    "Effect": "Deny",
                    "Principal": "*",
                    "Resource": "${t/Resource}",
                }],
                "Version": "2012-10-17",
            },
            "Topics": ["${t/Resource}"],
        }));
        assert_eq!(stack.attribute("t", "arn"), json!("${t/Resource}"));
        assert_eq!(stack.attribute("t", "name"), json!("${t/Resource.TopicName}"));
    }

    #[test]
    fn tells_people_by_email() {
        let stack = topic(", email: [a@example.com, b@example.com]");
        assert_eq!(
            stack.properties("t/b@example.com/Resource"),
            json!({ "Endpoint": "b@example.com", "Protocol": "email", "TopicArn": "${t/Resource}" })
        );
    }

    #[test]
    fn services_publish_for_this_account() {
        let stack = topic(", publishers: [cloudwatch, events, budgets, codestar-notifications]");
        assert_eq!(stack.faults(), [""; 0]);
        let for_us = json!({ "StringEquals": { "aws:SourceAccount": "${AWS::AccountId}" } });
        let may_publish = |service: &str| {
            json!({
                "Action": "sns:Publish",
                "Condition": for_us,
                "Effect": "Allow",
                "Principal": { "Service": format!("{service}.amazonaws.com") },
                "Resource": "${t/Resource}",
            })
        };
        assert_eq!(statements(&stack, "t/Policy/Resource", "PolicyDocument")[1..], [
            may_publish("cloudwatch"),
            json!({
                "Action": "sns:Publish",
                "Effect": "Allow",
                "Principal": { "Service": "events.amazonaws.com" },
                "Resource": "${t/Resource}",
            }),
            may_publish("budgets"),
            may_publish("codestar-notifications"),
        ]);
    }

    #[test]
    fn what_services_publish_is_encrypted_with_a_key_they_can_use() {
        let stack = topic(", publishers: [cloudwatch, events, budgets, codestar-notifications]");
        assert_eq!(stack.properties("t/Resource"), json!({ "KmsMasterKeyId": "${t/Key/Resource.Arn}" }));
        assert_eq!(stack.properties("t/Key/Resource")["EnableKeyRotation"], json!(true));
        assert_eq!(
            stack.attributes("t/Key/Resource"),
            json!({ "DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete" })
        );
        let may_use = |principal: Value, condition: Value| {
            let mut statement = json!({ "Action": ["kms:Decrypt", "kms:GenerateDataKey*"] });
            if !condition.is_null() {
                statement["Condition"] = json!({ "StringEquals": condition });
            }
            statement["Effect"] = json!("Allow");
            statement["Principal"] = principal;
            statement["Resource"] = json!("*");
            statement
        };
        let service = |name: &str| json!({ "Service": format!("{name}.amazonaws.com") });
        let sns = "sns.${AWS::Region}.${AWS::URLSuffix}";
        assert_eq!(statements(&stack, "t/Key/Resource", "KeyPolicy"), [
            json!({
                "Action": "kms:*",
                "Effect": "Allow",
                "Principal": { "AWS": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root" },
                "Resource": "*",
            }),
            may_use(
                json!({ "AWS": "*" }),
                json!({ "kms:CallerAccount": "${AWS::AccountId}", "kms:ViaService": sns })
            ),
            may_use(service("cloudwatch"), json!({ "aws:SourceAccount": "${AWS::AccountId}" })),
            may_use(service("events"), json!(null)),
            may_use(service("budgets"), json!({ "aws:SourceAccount": "${AWS::AccountId}" })),
            may_use(service("codestar-notifications"), json!({ "kms:ViaService": sns })),
        ]);
    }

    #[test]
    fn has_the_key_it_is_told_to() {
        let key = |properties: &str| topic(properties).properties("t/Resource")["KmsMasterKeyId"].clone();
        assert_eq!(key(", encryption: aws"), json!("alias/aws/sns"));
        assert_eq!(key(", encryption: own"), json!("${t/Key/Resource.Arn}"));
        assert_eq!(key(", encryption: own, publishers: [events]"), json!("${t/Key/Resource.Arn}"));
        assert_eq!(key(", encryption: none, publishers: [events]"), json!(null));
    }

    #[test]
    fn points_at_a_key_that_would_lose_messages() {
        assert_eq!(
            topic(", encryption: aws, publishers: [cloudwatch]").faults(),
            ["topic-key at `aws`: AWS's key for SNS lets no service in, so its messages are lost"]
        );
    }

    #[test]
    fn points_at_what_is_there_twice() {
        assert_eq!(
            topic(", email: [a@example.com, a@example.com], publishers: [events, budgets, events]").faults(),
            [
                "no-effect at `a@example.com`: `a@example.com` is there before",
                "no-effect at `events`: the service is named before"
            ]
        );
    }

    #[test]
    fn points_at_what_is_no_address() {
        for address in ["ops", "@example.com", "ops@localhost", "a@b@example.com", "the ops@example.com"] {
            assert_eq!(
                topic(&format!(", email: ['{address}']")).faults(),
                [format!("email-address at `'{address}'`: `{address}` is not an email address")]
            );
        }
    }

    #[test]
    fn points_at_a_name_that_an_environment_makes_wrong() {
        let place = Place { environment: Some("eu.prod".to_owned()), ..Place::default() };
        assert_eq!(
            stack_at(place, "t: {type: Topic, name: 'shop-${env}'}").faults(),
            ["topic-name at `'shop-${env}'`: a topic cannot be named `shop-eu.prod`: it has a `.`"]
        );
    }

    #[test]
    fn has_a_name_only_if_it_is_given_one() {
        let name = |properties: &str| topic(properties).properties("t/Resource")["TopicName"].clone();
        assert_eq!(name(""), json!(null));
        assert_eq!(name(", name: shop_alerts"), json!("shop_alerts"));
        assert_eq!(name(", name: 'shop-${AWS::Region}'"), json!("shop-${AWS::Region}"));
        let long = "a".repeat(257);
        for (name, wrong) in [("shop.alerts", "it has a `.`"), (&long, "it has 257 characters")] {
            assert_eq!(
                topic(&format!(", name: {name}")).faults(),
                [format!("topic-name at `{name}`: a topic cannot be named `{name}`: {wrong}")]
            );
        }
    }
}
