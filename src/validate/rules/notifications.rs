//! What a bucket sends its events to, and who allows it.

use super::{
    super::{
        document::Document,
        needs::Needs,
        report::{Found, Place, Report},
        value::Value,
    },
    service_listener::waited_for,
};

/// `notification-not-allowed`: a bucket that is made before its events may be sent where they go. Amazon S3 tries
/// that at once, and refuses: "Unable to validate the following destination configurations". Source:
/// `NotificationConfiguration` of `AWS::S3::Bucket` in the CloudFormation User Guide.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    if document.of_type("AWS::S3::Bucket").next().is_none() || document.is_open() {
        return;
    }
    let needs = &document.needs;
    for bucket in document.of_type("AWS::S3::Bucket") {
        let waits_for = waited_for(needs, bucket.id);
        for properties in document.views(bucket) {
            for receiver in &RECEIVERS {
                for value in properties.all_at(receiver.path) {
                    check_receiver(document, needs, value, receiver, &|id| waits_for.contains(id), report);
                }
            }
        }
    }
}

/// Something that events can be sent to.
struct Receiver {
    path: &'static str,
    type_name: &'static str,
    /// The resource that allows it.
    permission: &'static str,
}

const RECEIVERS: [Receiver; 3] = [
    Receiver {
        path: "NotificationConfiguration/LambdaConfigurations/*/Function",
        type_name: "AWS::Lambda::Function",
        permission: "AWS::Lambda::Permission",
    },
    Receiver {
        path: "NotificationConfiguration/QueueConfigurations/*/Queue",
        type_name: "AWS::SQS::Queue",
        permission: "AWS::SQS::QueuePolicy",
    },
    Receiver {
        path: "NotificationConfiguration/TopicConfigurations/*/Topic",
        type_name: "AWS::SNS::Topic",
        permission: "AWS::SNS::TopicPolicy",
    },
];

fn check_receiver<'t>(
    document: &'t Document<'t>,
    needs: &Needs<'t>,
    value: Value<'t>,
    receiver: &Receiver,
    is_waited_for: &dyn Fn(&str) -> bool,
    report: &mut Report<'t>,
) {
    let Some(target) = document.named(value, receiver.type_name) else { return };
    let is_about = |id: &str| needs.get(id).is_some_and(|it| it.iter().any(|it| it.0 == target.id));
    let permissions: Vec<_> = document.of_type(receiver.permission).filter(|it| is_about(it.id)).collect();
    if permissions.iter().any(|it| is_waited_for(it.id)) {
        return;
    }
    report.add(match permissions.first() {
        Some(permission) => {
            let message = format!(
                "the bucket does not wait for `{}`, which lets it send to `{}`",
                permission.id, target.id
            );
            Found::error("notification-not-allowed", value, message)
                .help(format!("add `DependsOn: {}` to the bucket", permission.id))
                .and(Place::Holder(permission.node), "what the bucket has to wait for")
        }
        None => {
            let message = format!("nothing lets the bucket send to `{}`", target.id);
            Found::error("notification-not-allowed", value, message)
                .help(format!("add an `{}`, and let the bucket wait for it", receiver.permission))
                .and(Place::Holder(target.node), "the bucket sends to this")
        }
    });
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn a_bucket_waits_until_it_may_send() {
        let template = "\
Resources:
  Function: {Type: AWS::Lambda::Function, Properties: {Handler: a}}
  Queue: {Type: AWS::SQS::Queue}
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {FunctionName: !Ref Function, Principal: s3.amazonaws.com}
  Early:
    Type: AWS::S3::Bucket
    Properties:
      NotificationConfiguration:
        LambdaConfigurations: [{Function: !GetAtt Function.Arn}]
        QueueConfigurations: [{Queue: !GetAtt Queue.Arn}]
        TopicConfigurations: [{Topic: !Ref Outside}]
  Late:
    Type: AWS::S3::Bucket
    DependsOn: Permission
    Properties: {NotificationConfiguration: {LambdaConfigurations: [{Function: !GetAtt Function.Arn}]}}
";
        let expected = "\
error notification-not-allowed Resources/Early/Properties/NotificationConfiguration/LambdaConfigurations/0/Function 11:43: the bucket does not wait for `Permission`, which lets it send to `Function`
  add `DependsOn: Permission` to the bucket
error notification-not-allowed Resources/Early/Properties/NotificationConfiguration/QueueConfigurations/0/Queue 12:39: nothing lets the bucket send to `Queue`
  add an `AWS::SQS::QueuePolicy`, and let the bucket wait for it
";
        assert_eq!(check(super::check, template), expected);
    }
}
