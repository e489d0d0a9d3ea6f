//! The policy of a bucket, whose actions are about the bucket or about what is in it.

use super::{
    super::super::{
        report::{Found, Report},
        value::{Value, target},
    },
    places::Policy,
};

/// Actions on a bucket.
const ON_BUCKET: &[&str] = &[
    "s3:deletebucket",
    "s3:getbucketacl",
    "s3:getbucketlocation",
    "s3:getbucketpolicy",
    "s3:getbucketversioning",
    "s3:getencryptionconfiguration",
    "s3:getlifecycleconfiguration",
    "s3:listbucket",
    "s3:listbucketmultipartuploads",
    "s3:listbucketversions",
    "s3:putbucketacl",
    "s3:putbucketpolicy",
    "s3:putencryptionconfiguration",
    "s3:putlifecycleconfiguration",
];

/// Actions on what is in a bucket.
const ON_OBJECTS: &[&str] = &[
    "s3:abortmultipartupload",
    "s3:deleteobject",
    "s3:deleteobjecttagging",
    "s3:deleteobjectversion",
    "s3:getobject",
    "s3:getobjectacl",
    "s3:getobjecttagging",
    "s3:getobjectversion",
    "s3:listmultipartuploadparts",
    "s3:putobject",
    "s3:putobjectacl",
    "s3:putobjecttagging",
    "s3:restoreobject",
];

#[derive(Clone, Copy, PartialEq)]
enum Subject {
    Bucket,
    Objects,
    Any,
}

/// `bucket-policy-resource`: an action on objects where only the bucket is named, or the other way round. S3 refuses
/// the policy: "Action does not apply to any resource(s) in statement".
pub(super) fn check<'t>(policy: &Policy<'t>, statement: Value<'t>, report: &mut Report<'t>) {
    if policy.resource.type_name != "AWS::S3::BucketPolicy" {
        return;
    }
    let Some(resources) = statement.get("Resource") else { return };
    let subjects: Vec<Subject> = resources.each().iter().map(|it| named(*it)).collect();
    if subjects.is_empty() || subjects.contains(&Subject::Any) {
        return;
    }
    let actions = statement.get("Action").map(|it| it.each()).unwrap_or_default();
    for action in actions {
        let Some(text) = action.text() else { continue };
        let lower = text.to_ascii_lowercase();
        let (is_about, message, help) = if ON_BUCKET.contains(&lower.as_str()) {
            let message = format!("`{text}` is about the bucket, and only what is in it is named");
            (Subject::Bucket, message, "name the bucket too: `!GetAtt Bucket.Arn`")
        } else if ON_OBJECTS.contains(&lower.as_str()) {
            let message = format!("`{text}` is about what is in the bucket, and only the bucket is named");
            (Subject::Objects, message, "name what is in it too: `!Sub '${Bucket.Arn}/*'`")
        } else {
            continue;
        };
        if !subjects.contains(&is_about) {
            report.add(
                Found::error("bucket-policy-resource", action, message)
                    .help(help)
                    .and(resources, "named here"),
            );
        }
    }
}

/// What a resource is, by how it ends.
fn named(resource: Value<'_>) -> Subject {
    if let Some(target) = target(resource.site) {
        let is_arn =
            resource.document.resources.get(target.name).is_some_and(|it| it.type_name == "AWS::S3::Bucket")
                && target.attribute == Some("Arn");
        return if is_arn { Subject::Bucket } else { Subject::Any };
    }
    let text = match (resource.text(), resource.function()) {
        (Some(text), _) => text.into_owned(),
        (None, Some(("Fn::Sub", argument))) => argument.as_str().unwrap_or_default().to_owned(),
        (None, Some(("Fn::Join", argument))) => match argument.as_list() {
            Some([delimiter, items]) => {
                let last = items.as_list().and_then(|it| it.last()).and_then(|it| it.as_str());
                match (delimiter.as_str(), last) {
                    (Some(delimiter), Some(last)) => format!("{delimiter}{last}"),
                    _ => return Subject::Any,
                }
            }
            _ => return Subject::Any,
        },
        _ => return Subject::Any,
    };
    let is_whole = text.strip_prefix("arn:").and_then(|it| it.splitn(5, ':').nth(4));
    match is_whole {
        // A wildcard can stand for a slash.
        Some(name) if name.contains('/') => Subject::Objects,
        Some(name) if name.contains(['*', '?', '$']) => Subject::Any,
        Some(_) => Subject::Bucket,
        None if text.ends_with("/*") => Subject::Objects,
        None => Subject::Any,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::super::testing::check;

    fn policy(action: &str, resource: &str) -> String {
        let template = format!(
            "Resources:\n  B: {{Type: AWS::S3::Bucket}}\n  P:\n    Type: AWS::S3::BucketPolicy\n    Properties:\n      \
             Bucket: !Ref B\n      PolicyDocument:\n        Statement:\n          - Effect: Allow\n            Principal: \
             '*'\n            Action: {action}\n            Resource: {resource}\n"
        );
        check(super::super::check, &template)
    }

    #[test]
    fn an_action_on_objects_needs_objects() {
        let expected = "error bucket-policy-resource Resources/P/Properties/PolicyDocument/Statement/0/Action 11:21: \
                        `s3:GetObject` is about what is in the bucket, and only the bucket is named\n  name what is in it \
                        too: `!Sub '${Bucket.Arn}/*'`\n";
        assert_eq!(policy("s3:GetObject", "!GetAtt B.Arn"), expected);
        for right in [
            "!Sub '${B.Arn}/*'",
            "!Join ['', [!GetAtt B.Arn, /*]]",
            "!Join [/, [!GetAtt B.Arn, '*']]",
            "!Ref C",
        ] {
            assert_eq!(policy("s3:GetObject", right), "", "{right}");
        }
        assert_eq!(policy("s3:*", "!GetAtt B.Arn"), "");
    }

    #[test]
    fn an_action_on_the_bucket_needs_the_bucket() {
        let expected = "error bucket-policy-resource Resources/P/Properties/PolicyDocument/Statement/0/Action/1 11:37: \
                        `s3:ListBucket` is about the bucket, and only what is in it is named\n  name the bucket too: \
                        `!GetAtt Bucket.Arn`\n";
        assert_eq!(policy("['s3:GetObject','s3:ListBucket']", "!Sub 'arn:aws:s3:::${B}/*'"), expected);
        assert_eq!(policy("s3:ListBucket", "[!GetAtt B.Arn, !Sub '${B.Arn}/*']"), "");
    }
}
