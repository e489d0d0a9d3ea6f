//! Queues of SQS, encrypted and reached over TLS only.
//!
//! Not a construct: what the constructs write them with.

use crate::{iam, kernel::prelude::*};

const QUEUE: ResourceType = ResourceType::new("AWS::SQS::Queue");
const QUEUE_POLICY: ResourceType = ResourceType::new("AWS::SQS::QueuePolicy");

/// The longest SQS keeps a message.
pub(crate) const LONGEST_RETENTION: Seconds = Seconds(14 * 86_400);

/// What is said of a queue.
pub(crate) struct Queue {
    /// How long a message that is not deleted stays.
    pub(crate) retention: Spanned<Seconds>,
    /// For how long a message that was received is hidden from others; absent where nobody receives any.
    pub(crate) visibility: Option<Spanned<Seconds>>,
    /// After how many times of being received a message goes to another queue, and to which.
    pub(crate) redrive: Option<(Spanned<u32>, Handle)>,
    /// The ARNs of the topics whose messages it takes.
    pub(crate) topics: Vec<Expr<Handle>>,
    /// Whether it stays when it leaves the stack: `Retain` or `Delete`.
    pub(crate) removal: &'static str,
}

/// Adds a queue at `id`, encrypted with SQS's own key, and the policy that refuses what comes without TLS.
pub(crate) fn add(scope: &mut Scope<'_>, id: &str, queue: &Queue) -> Handle {
    let mut scope = scope.child(id);
    let redrive = queue.redrive.map(|(count, to)| {
        object! { "deadLetterTargetArn" => to.attribute("Arn"), "maxReceiveCount" => count }
    });
    let added = scope.resource(
        "Resource",
        QUEUE,
        object! {
            "MessageRetentionPeriod" => queue.retention.map(|it| it.0),
            "RedrivePolicy" => redrive,
            "SqsManagedSseEnabled" => true,
            "VisibilityTimeout" => queue.visibility.map(|it| it.map(|it| it.0)),
        },
    );
    scope.removal_policy(added, queue.removal);
    let without_tls = object! {
        "Action" => "sqs:*",
        "Condition" => object! { "Bool" => object! { "aws:SecureTransport" => "false" } },
        "Effect" => "Deny",
        "Principal" => object! { "AWS" => "*" },
        "Resource" => added.attribute("Arn"),
    };
    let from_topics = (!queue.topics.is_empty()).then(|| {
        object! {
            "Action" => "sqs:SendMessage",
            "Condition" => object! { "ArnEquals" => object! { "aws:SourceArn" => queue.topics.clone() } },
            "Effect" => "Allow",
            "Principal" => object! { "Service" => "sns.amazonaws.com" },
            "Resource" => added.attribute("Arn"),
        }
    });
    scope.child("Policy").resource(
        "Resource",
        QUEUE_POLICY,
        object! {
            "PolicyDocument" => iam::document([without_tls].into_iter().chain(from_topics).collect()),
            "Queues" => list![added.reference()],
        },
    );
    added
}
