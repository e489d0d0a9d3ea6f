//! Templates that want to be more than text.

use super::Pair;

/// Names and values that mean something where somebody forgot that they are text.
pub(super) const EVIL: [&str; 9] = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><b onmouseover='alert(1)'>x</b>",
    "javascript:alert(1)",
    "[x](javascript:alert(1)) ![x](https://evil.example/x.png)",
    "```\n</details>\n# owned\n",
    "`@octocat` @octocat #1 `",
    "--> <!-- </summary></details> |a|b|",
    "\u{202e}\u{0}\u{7}&lt;b&gt;",
];

/// Two templates in which everything that can have a name has this one.
pub(super) fn templates(evil: &str) -> Pair {
    let text = serde_json::Value::String(evil.to_owned()).to_string();
    let template = |at: u32, others: &str| {
        format!(
            "{{\"Description\": {text}, \"Parameters\": {{{text}: {{\"Type\": \"String\", \"Default\": \"{at}\"}}}},
            \"Mappings\": {{\"M\": {{{text}: {{{text}: \"{at}\"}}}}}},
            \"Resources\": {{
              \"Queue\": {{\"Type\": \"AWS::SQS::Queue\", \"Metadata\": {{\"aws:cdk:path\": {path}}},
                \"Properties\": {{\"QueueName\": {named}, \"Tags\": [{{\"Key\": {text}, \"Value\": \"{at}\"}}], {text}: {at}}}}},
              {text}: {{\"Type\": \"AWS::S3::Bucket\", \"Properties\": {{\"BucketName\": {named}}}}},
              \"Odd\": {{\"Type\": {text}, \"Properties\": {{{text}: [{text}, {at}]}}}},
              \"Role\": {{\"Type\": \"AWS::IAM::Role\", \"Properties\": {{\"AssumeRolePolicyDocument\": {{\"Statement\": [
                {{\"Sid\": {text}, \"Effect\": \"Allow\", \"Principal\": {{\"AWS\": {named}}}, \"Action\": {named}}}]}}}}}},
              \"Group\": {{\"Type\": \"AWS::EC2::SecurityGroup\", \"Properties\": {{\"GroupDescription\": {text},
                \"SecurityGroupIngress\": [{{\"IpProtocol\": {named}, \"CidrIp\": \"0.0.0.0/0\", \"Description\": {text}}}]}}}}
              {others}}},
            \"Outputs\": {{{text}: {{\"Value\": {named}, \"Export\": {{\"Name\": {named}}}}}}}}}",
            path = serde_json::Value::String(format!("{evil}/{evil}/Resource")),
            named = serde_json::Value::String(format!("{evil}{at}")),
        )
    };
    (template(1, &format!(", \"Gone\": {{\"Type\": {text}}}")), template(2, ""))
}
