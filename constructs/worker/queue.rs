//! The queue of a worker, and the one for messages it failed at.

use crate::{
    kernel::prelude::*,
    queues::{self, LONGEST_RETENTION},
    topic,
};

const SUBSCRIPTION: ResourceType = ResourceType::new("AWS::SNS::Subscription");

properties! {
    /// The queue of a worker.
    pub struct Queue {
        /// For how long a message that a task has received is hidden from the others, up to `12h`: longer than a task
        /// works on one, or another begins the same.
        visibility_timeout: Spanned<Seconds> = "30s",
        /// How often a message is received, from `1` to `1000` times, before it goes to the dead-letter queue
        /// because nobody deleted it.
        max_receive_count: Spanned<u32> = "3",
        /// How long a message waits, from `60s` to `14d`. In the dead-letter queue it stays until it is 14 days old.
        retention: Spanned<Seconds> = "4d",
        /// What becomes of both queues when they leave the stack.
        removal: Removal = "retain",
    }
}

choices! {
    /// What becomes of queues when they leave the stack.
    pub enum Removal {
        /// They stay with the messages in them, and belong to no stack.
        Retain,
        /// They are deleted with the messages in them.
        Delete,
    }
}

/// Both queues, as they were added.
pub(super) struct Added {
    pub(super) queue: Handle,
    pub(super) dead_letters: Handle,
}

impl Queue {
    /// Reports what SQS does not take, and messages that would be gone before anybody knows they failed.
    pub(super) fn check(&self, faults: &mut Vec<Diagnostic>) {
        let before = faults.len();
        let Spanned { value: Seconds(visibility), span } = self.visibility_timeout;
        if !(1..=43_200).contains(&visibility) {
            faults.push(
                Diagnostic::error(
                    "queue-range",
                    format!("a message is hidden for 1s to 12h, not for {visibility}s"),
                )
                .at(span)
                .help("use the longest time a task works on a message"),
            );
        }
        let Spanned { value: count, span } = self.max_receive_count;
        if !(1..=1000).contains(&count) {
            faults.push(
                Diagnostic::error("queue-range", format!("a message is received 1 to 1000 times, not {count}"))
                    .at(span)
                    .help(format!("use `{}`", count.clamp(1, 1000))),
            );
        }
        let Spanned { value: Seconds(retention), span } = self.retention;
        if !(60..=LONGEST_RETENTION.0).contains(&retention) {
            faults.push(
                Diagnostic::error("queue-range", format!("SQS keeps a message for 60s to 14d, not for {retention}s"))
                    .at(span)
                    .help("use `4d`, or `14d` at most"),
            );
        }
        if faults.len() > before {
            return;
        }
        let tried = u64::from(visibility) * u64::from(count);
        if tried >= u64::from(retention) {
            let at = span.or(self.visibility_timeout.span).or(self.max_receive_count.span);
            faults.push(
                Diagnostic::warning(
                    "queue-retention",
                    format!(
                        "a message is gone after {retention}s, and after {tried}s only is it known to have failed"
                    ),
                )
                .at(at)
                .help("raise `retention`, or lower `visibilityTimeout` or `maxReceiveCount`"),
            );
        }
    }

    /// Adds both queues, at the paths of the CDK's, and has `topics` send what is published to the first.
    pub(super) fn add(
        &self,
        scope: &mut Scope<'_>,
        topics: &[Link<topic::Exports>],
    ) -> Result<Added, Diagnostic> {
        let arns = topics.iter().map(|it| Ok(scope.find(it)?.arn)).collect::<Result<Vec<_>, _>>()?;
        let removal = match self.removal {
            Removal::Retain => "Retain",
            Removal::Delete => "Delete",
        };
        // The days of a message count on in the dead-letter queue, so that it has to keep them longer.
        let failed = queues::Queue {
            retention: LONGEST_RETENTION.into(),
            visibility: None,
            redrive: None,
            topics: Vec::new(),
            removal,
        };
        let dead_letters = queues::add(scope, "EcsProcessingDeadLetterQueue", &failed);
        let work = queues::Queue {
            retention: self.retention,
            visibility: Some(self.visibility_timeout),
            redrive: Some((self.max_receive_count, dead_letters)),
            topics: arns.clone(),
            removal,
        };
        let queue = queues::add(scope, "EcsProcessingQueue", &work);
        let mut scope = scope.child("EcsProcessingQueue");
        let policy = scope.child("Policy").handle("Resource");
        for (topic, arn) in topics.iter().zip(arns) {
            let id = scope.id_of(&topic.name);
            let subscription = scope.child("Topics").child(&id).resource(
                "Resource",
                SUBSCRIPTION,
                object! {
                    "Endpoint" => queue.attribute("Arn"),
                    "Protocol" => "sqs",
                    // A message is then the same, whether it was published or sent.
                    "RawMessageDelivery" => true,
                    "TopicArn" => arn,
                },
            );
            // What is published before the queue lets the topic in is late.
            scope.depend(subscription, policy);
        }
        Ok(Added { queue, dead_letters })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{Stack, stack};

    fn with(queue: &str) -> Stack {
        stack(&format!(
            "n: {{type: Network}}\nw: {{type: Worker, network: n, image: 'a:1', queue: {queue}}}"
        ))
    }

    const QUEUE: &str = "w/EcsProcessingQueue/Resource";
    const DEAD_LETTERS: &str = "w/EcsProcessingDeadLetterQueue/Resource";

    #[test]
    fn a_message_that_fails_goes_elsewhere() {
        let stack = with("{}");
        assert_eq!(
            stack.properties(QUEUE),
            json!({
                "MessageRetentionPeriod": 345_600,
                "RedrivePolicy": {
                    "deadLetterTargetArn": "${w/EcsProcessingDeadLetterQueue/Resource.Arn}",
                    "maxReceiveCount": 3,
                },
                "SqsManagedSseEnabled": true,
                "VisibilityTimeout": 30,
            })
        );
        assert_eq!(
            stack.properties(DEAD_LETTERS),
            json!({ "MessageRetentionPeriod": 1_209_600, "SqsManagedSseEnabled": true })
        );
    }

    #[test]
    fn nobody_reaches_it_without_tls() {
        for queue in ["EcsProcessingQueue", "EcsProcessingDeadLetterQueue"] {
            assert_eq!(
                with("{}").properties(&format!("w/{queue}/Policy/Resource")),
                json!({
                    "PolicyDocument": {
                        "Statement": [{
                            "Action": "sqs:*",
                            "Condition": { "Bool": { "aws:SecureTransport": "false" } },
                            "Effect": "Deny",
                            "Principal": { "AWS": "*" },
                            "Resource": format!("${{w/{queue}/Resource.Arn}}"),
                        }],
                        "Version": "2012-10-17",
                    },
                    "Queues": [format!("${{w/{queue}/Resource}}")],
                })
            );
        }
    }

    fn with_topics(topics: &str) -> Stack {
        stack(&format!(
            "n: {{type: Network}}\norders: {{type: Topic}}\nreturns: {{type: Topic}}\n\
             w: {{type: Worker, network: n, image: 'a:1', topics: {topics}}}"
        ))
    }

    #[test]
    fn gets_what_is_published_in_topics() {
        let stack = with_topics("[orders, returns]");
        assert_eq!(stack.faults(), [""; 0]);
        for topic in ["orders", "returns"] {
            let subscription = format!("w/EcsProcessingQueue/Topics/{topic}/Resource");
            assert_eq!(
                stack.properties(&subscription),
                json!({
                    "Endpoint": "${w/EcsProcessingQueue/Resource.Arn}",
                    "Protocol": "sqs",
                    "RawMessageDelivery": true,
                    "TopicArn": stack.attribute(topic, "arn"),
                })
            );
            assert_eq!(stack.depends_on(&subscription), ["w/EcsProcessingQueue/Policy/Resource"]);
        }
        let policy = stack.properties("w/EcsProcessingQueue/Policy/Resource");
        assert_eq!(
            policy["PolicyDocument"]["Statement"][1],
            json!({
                "Action": "sqs:SendMessage",
                "Condition": {
                    "ArnEquals": {
                        "aws:SourceArn": [stack.attribute("orders", "arn"), stack.attribute("returns", "arn")],
                    },
                },
                "Effect": "Allow",
                "Principal": { "Service": "sns.amazonaws.com" },
                "Resource": "${w/EcsProcessingQueue/Resource.Arn}",
            })
        );
    }

    #[test]
    fn points_at_topics_that_are_none_or_named_before() {
        assert_eq!(
            with_topics("[orders, returns, orders]").faults(),
            ["no-effect at `orders`: the queue gets what is published in `orders` already"]
        );
        assert_eq!(
            with_topics("[n]").faults(),
            ["wrong-kind at `n`: `n` is a Network; a Topic is needed here"]
        );
    }

    #[test]
    fn is_set_as_it_is_told() {
        let stack =
            with("{visibilityTimeout: 5m, maxReceiveCount: 10, retention: 14d, removal: delete}");
        assert_eq!(stack.faults(), [""; 0]);
        let queue = stack.properties(QUEUE);
        assert_eq!(queue["VisibilityTimeout"], 300);
        assert_eq!(queue["RedrivePolicy"]["maxReceiveCount"], 10);
        assert_eq!(queue["MessageRetentionPeriod"], 1_209_600);
        for path in [QUEUE, DEAD_LETTERS] {
            let policies = |it: &str| json!({ "DeletionPolicy": it, "UpdateReplacePolicy": it });
            assert_eq!(stack.attributes(path), policies("Delete"));
            assert_eq!(with("{}").attributes(path), policies("Retain"));
        }
    }

    #[test]
    fn points_at_what_sqs_does_not_take() {
        assert_eq!(
            with("{visibilityTimeout: 13h, maxReceiveCount: 0, retention: 30s}").faults(),
            [
                "queue-range at `13h`: a message is hidden for 1s to 12h, not for 46800s",
                "queue-range at `0`: a message is received 1 to 1000 times, not 0",
                "queue-range at `30s`: SQS keeps a message for 60s to 14d, not for 30s",
            ]
        );
        assert_eq!(
            with("{visibilityTimeout: 0s, maxReceiveCount: 1001, retention: 15d}").faults(),
            [
                "queue-range at `0s`: a message is hidden for 1s to 12h, not for 0s",
                "queue-range at `1001`: a message is received 1 to 1000 times, not 1001",
                "queue-range at `15d`: SQS keeps a message for 60s to 14d, not for 1296000s",
            ]
        );
    }

    #[test]
    fn warns_of_messages_that_are_gone_before_they_have_failed() {
        assert_eq!(
            with("{visibilityTimeout: 12h, maxReceiveCount: 10}").faults(),
            [
                "queue-retention at `12h`: a message is gone after 345600s, and after 432000s only is it known to have failed"
            ]
        );
        assert_eq!(
            with("{retention: 90s}").faults(),
            [
                "queue-retention at `90s`: a message is gone after 90s, and after 90s only is it known to have failed"
            ]
        );
        assert_eq!(
            with("{visibilityTimeout: 12h, maxReceiveCount: 10, retention: 14d}").faults(),
            [""; 0]
        );
    }
}
