//! A person who has to agree before a pipeline goes on.

use super::action::{Action, Slot, Stages};
use crate::{iam::Allow, kernel::prelude::*, topic};

const TOPIC: ResourceType = ResourceType::new("AWS::SNS::Topic");

properties! {
    /// A person who has to agree: whom to ask, and how.
    pub struct Approval {
        /// The email addresses that are told that somebody has to decide; each has to confirm once that it
        /// wants to be. If absent, the question is to be seen in the console only.
        notify: Vec<Spanned<String>>,
        /// What to tell whoever decides.
        message: Option<Text>,
        /// Where to look before deciding, such as `https://staging.example.com`.
        link: Option<Text>,
    }
}

impl Approval {
    pub(super) fn check(&self, faults: &mut Vec<Diagnostic>) {
        topic::check_addresses(&self.notify, faults);
        if let Some(link) = &self.link
            && link.literal().is_some_and(|it| !it.starts_with("https://") && !it.starts_with("http://"))
        {
            faults.push(
                Diagnostic::error("approval-link", "the link is not a URL")
                    .at(link.span())
                    .help("begin it with `https://`"),
            );
        }
    }

    /// Adds the action.
    pub(super) fn add(&self, scope: &mut Scope<'_>, stages: &mut Stages<'_>, slot: Slot<'_>) {
        let topic = (!self.notify.is_empty()).then(|| self.topic(&mut scope.child(slot.stage).child(slot.action)));
        let has_configuration = topic.is_some() || self.message.is_some() || self.link.is_some();
        let configuration = has_configuration.then(|| object! {
            "NotificationArn" => topic.map(Handle::reference),
            "CustomData" => self.message.as_ref().map(|it| scope.text(it)),
            "ExternalEntityLink" => self.link.as_ref().map(|it| scope.text(it)),
        });
        let allow: Vec<Allow> = topic.iter().map(|it| Allow::new(&["sns:Publish"], [it.reference()])).collect();
        let action = Action {
            category: "Approval",
            provider: "Manual",
            order: slot.order,
            ..Action::new(slot.action, configuration.into())
        };
        stages.add(scope, action, &allow);
    }

    /// Adds the topic through which people are told.
    fn topic(&self, scope: &mut Scope<'_>) -> Handle {
        let mut scope = scope.child("TopicResource");
        let topic = scope.resource("Resource", TOPIC, object! { "KmsMasterKeyId" => "alias/aws/sns" });
        topic::subscribe(&mut scope, topic, &self.notify);
        topic
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{
        pipeline::tests::{allowed, pipeline},
        testing::Stack,
    };

    fn with(approval: &str) -> Stack {
        pipeline(&format!("stages: [{{name: Ok, approval: {approval}}}]"))
    }

    #[test]
    fn waits_for_a_person() {
        let stack = with("true");
        assert_eq!(stack.properties("d/Resource")["Stages"][2]["Actions"][0], json!({
            "ActionTypeId": { "Category": "Approval", "Owner": "AWS", "Provider": "Manual", "Version": "1" },
            "Name": "Ok",
            "RoleArn": "${d/Ok/Ok/CodePipelineActionRole/Resource.Arn}",
            "RunOrder": 1,
        }));
    }

    #[test]
    fn tells_those_who_may_approve() {
        let stack = with("{notify: [a@example.com], message: 'to ${Param}', link: 'https://example.com'}");
        assert_eq!(stack.faults(), [""; 0]);
        assert_eq!(stack.properties("d/Resource")["Stages"][2]["Actions"][0]["Configuration"], json!({
            "NotificationArn": "${d/Ok/Ok/TopicResource/Resource}",
            "CustomData": "to ${Param}",
            "ExternalEntityLink": "https://example.com",
        }));
        assert_eq!(stack.properties("d/Ok/Ok/TopicResource/Resource"), json!({ "KmsMasterKeyId": "alias/aws/sns" }));
        assert_eq!(
            stack.properties("d/Ok/Ok/TopicResource/a@example.com/Resource"),
            json!({ "Endpoint": "a@example.com", "Protocol": "email", "TopicArn": "${d/Ok/Ok/TopicResource/Resource}" })
        );
        assert_eq!(
            allowed(&stack, "d/Ok/Ok/CodePipelineActionRole"),
            ["sns:Publish on ${d/Ok/Ok/TopicResource/Resource}"]
        );
    }

    #[test]
    fn points_at_an_address_that_is_there_twice() {
        assert_eq!(
            with("{notify: [a@example.com, a@example.com]}").faults(),
            ["no-effect at `a@example.com`: `a@example.com` is there before"]
        );
    }

    #[test]
    fn points_at_what_is_no_address_or_no_link() {
        assert_eq!(
            with("{notify: [ops], link: example.com}").faults(),
            ["email-address at `ops`: `ops` is not an email address", "approval-link at `example.com`: the link is not a URL"]
        );
    }
}
