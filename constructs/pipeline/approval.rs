//! A person who has to agree before a pipeline goes on.

use super::action::{Action, Slot, Stages};
use crate::{grants::Access, iam::Allow, kernel::prelude::*, topic};

const TOPIC: ResourceType = ResourceType::new("AWS::SNS::Topic");

properties! {
    /// A person who has to agree: whom to ask, and how.
    pub struct Approval {
        /// The email addresses that are told that somebody has to decide; each has to confirm once that it
        /// wants to be. If absent, the question is to be seen in the console only.
        notify: Vec<Spanned<String>>,
        /// The Topic that is told so, in place of one of the pipeline's own.
        topic: Option<Link<topic::Exports>>,
        /// What to tell whoever decides.
        message: Option<Text>,
        /// Where to look before deciding, such as `https://staging.example.com`.
        link: Option<Text>,
    }
}

impl Approval {
    pub(super) fn check(&self, faults: &mut Vec<Diagnostic>) {
        topic::check_addresses(&self.notify, faults);
        if let (Some(topic), Some(address)) = (&self.topic, self.notify.first()) {
            let fault = format!("`{}` itself says who is told", topic.name.text);
            faults.push(
                Diagnostic::error("no-effect", fault)
                    .label(address.span, "")
                    .label(topic.name.span, "the topic")
                    .help("give these addresses to the topic, or remove `topic`"),
            );
        }
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
        let (topic, allow) = self.asks(scope, &slot).unzip();
        let has_configuration = topic.is_some() || self.message.is_some() || self.link.is_some();
        let configuration = has_configuration.then(|| object! {
            "NotificationArn" => topic,
            "CustomData" => self.message.as_ref().map(|it| scope.text(it)),
            "ExternalEntityLink" => self.link.as_ref().map(|it| scope.text(it)),
        });
        let action = Action {
            category: "Approval",
            provider: "Manual",
            order: slot.order,
            ..Action::new(slot.action, configuration.into())
        };
        stages.add(scope, action, &allow.unwrap_or_default());
    }

    /// The ARN of the topic through which people are told, if they are, and what it takes to publish in it.
    fn asks(&self, scope: &mut Scope<'_>, slot: &Slot<'_>) -> Option<(Expr<Handle>, Vec<Allow>)> {
        if let Some(link) = &self.topic {
            let found = scope.find(link).map_err(|it| scope.report(it)).ok()?;
            return Some((found.arn, found.grantable.permissions(Access::Publish)));
        }
        if self.notify.is_empty() {
            return None;
        }
        let topic = self.topic(&mut scope.child(slot.stage).child(slot.action)).reference();
        let allow = Allow::new(&["sns:Publish"], [topic.clone()]);
        Some((topic, vec![allow]))
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
        pipeline::tests::{allowed, beside, pipeline},
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
    fn may_tell_a_topic_of_the_stack() {
        let with = |approval: &str| {
            beside("alerts: {type: Topic", &format!("stages: [{{name: Ok, approval: {approval}}}]"))
        };
        let stack = with("{topic: alerts}");
        let action = &stack.properties("d/Resource")["Stages"][2]["Actions"][0];
        assert_eq!(action["Configuration"], json!({ "NotificationArn": "${alerts/Resource}" }));
        assert_eq!(allowed(&stack, "d/Ok/Ok/CodePipelineActionRole"), ["sns:Publish on ${alerts/Resource}"]);
        assert_eq!(
            with("{topic: alerts, notify: [a@example.com]}").faults(),
            ["no-effect at `a@example.com`: `alerts` itself says who is told"]
        );
        assert_eq!(
            with("{topic: n}").faults(),
            ["wrong-kind at `n`: `n` is a Network; a Topic is needed here"]
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
