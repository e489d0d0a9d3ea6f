//! The other services on the same port.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use aws_sdk_cloudformation::{Client, config::Credentials};
use serde_json::json;

use super::{QUEUE, client, config, describe, http_client, wait};
use crate::support::cloudformation::Server;

/// What is answered to this request, after its head.
fn answered(server: &Server, method: &str, target: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(server.url().trim_start_matches("http://")).unwrap();
    let length = body.len();
    write!(stream, "{method} {target} HTTP/1.1\r\n{headers}content-length: {length}\r\n\r\n{body}").unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    format!("{} {body}", head.split(' ').nth(1).unwrap())
}

#[test]
fn an_assumed_role_acts_in_its_own_account() {
    let server = Server::start();
    server.at("210987654321", "us-east-1", |it| it.put_stack("there", QUEUE, "CREATE_COMPLETE").id.clone());
    let sts = aws_sdk_sts::Client::from_conf(
        aws_sdk_sts::Config::builder()
            .behavior_version(aws_sdk_sts::config::BehaviorVersion::latest())
            .region(aws_sdk_sts::config::Region::new("us-east-1"))
            .credentials_provider(Credentials::new("AKIATESTER", "secret", None, None, "test"))
            .http_client(http_client())
            .endpoint_url(server.url())
            .build(),
    );
    wait(async {
        let who = sts.get_caller_identity().send().await.unwrap();
        assert_eq!(who.account(), Some("123456789012"));
        let role = "arn:aws:iam::210987654321:role/path/deploy";
        let assumed = sts.assume_role().role_arn(role).role_session_name("me").send().await.unwrap();
        let user = assumed.assumed_role_user().unwrap();
        assert_eq!(user.arn(), "arn:aws:sts::210987654321:assumed-role/deploy/me");
        let keys = assumed.credentials().unwrap();
        let token = Some(keys.session_token().to_owned());
        let keys = Credentials::new(keys.access_key_id(), keys.secret_access_key(), token, None, "test");
        let other = Client::from_conf(config(&server, 1, keys).build());
        assert_eq!(describe(&other, "there").await.stack_name(), Some("there"));
        client(&server, 1).describe_stacks().stack_name("there").send().await.unwrap_err();
    });
    assert_eq!(server.calls()[1].service, "sts");
}

#[test]
fn the_parameter_store_and_ecs_answer_in_json() {
    let server = Server::start();
    server.home(|it| {
        it.parameters.insert("/version".to_owned(), "21".to_owned());
        let answers = [json!({ "taskArns": [] }), json!({ "taskArns": ["arn:task"] })];
        it.ecs.insert("ListTasks".to_owned(), answers.into());
    });
    let ask = |target: &str, body: &str| {
        answered(&server, "POST", "/", &format!("X-Amz-Target: {target}\r\n"), body)
    };
    assert_eq!(
        ask("AmazonSSM.GetParameter", r#"{"Name":"/version"}"#),
        r#"200 {"Parameter":{"Name":"/version","Type":"String","Value":"21","Version":1}}"#
    );
    assert_eq!(
        ask("AmazonSSM.GetParameter", r#"{"Name":"/x"}"#),
        r#"400 {"__type":"ParameterNotFound","message":""}"#
    );
    let ecs =
        |action: &str| ask(&format!("AmazonEC2ContainerServiceV20141113.{action}"), r#"{"cluster":"c"}"#);
    assert_eq!(ecs("ListTasks"), r#"200 {"taskArns":[]}"#);
    assert_eq!(ecs("ListTasks"), r#"200 {"taskArns":["arn:task"]}"#);
    assert_eq!(ecs("ListTasks"), r#"200 {"taskArns":["arn:task"]}"#);
    assert_eq!(ecs("DescribeServices"), r#"200 {"services":[],"failures":[]}"#);
    assert_eq!(ecs("DescribeTasks"), r#"200 {"tasks":[],"failures":[]}"#);
    assert_eq!(ecs("StopTask"), r#"400 {"__type":"UnknownOperationException","message":""}"#);
    assert_eq!(server.transcript().lines().next_back(), Some("ecs:StopTask cluster=c → 400"));
}

#[test]
fn s3_keeps_what_it_is_given() {
    let server = Server::start();
    let ask = |method: &str, target: &str, body: &str| answered(&server, method, target, "", body);
    assert_eq!(ask("HEAD", "/assets/a/b.json", ""), "404 ");
    assert_eq!(
        ask("GET", "/assets/a/b.json", ""),
        "404 <Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>"
    );
    let signed =
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIATESTER/20260101/eu-west-1/s3/aws4_request, x\r\n";
    assert_eq!(
        answered(&server, "GET", "/assets/?location", signed, ""),
        "200 <LocationConstraint>eu-west-1</LocationConstraint>"
    );
    assert_eq!(answered(&server, "PUT", "/assets/a/b.json", signed, "{}"), "200 ");
    assert_eq!(answered(&server, "GET", "/assets/a/b.json", signed, ""), "200 {}");
    assert_eq!(answered(&server, "HEAD", "/assets/a/b.json", signed, ""), "200 ");
    let listed = answered(&server, "GET", "/assets?list-type=2&prefix=a/", signed, "");
    let (before, rest) = listed.split_once("<LastModified>").unwrap();
    let (_, after) = rest.split_once("</LastModified>").unwrap();
    assert_eq!(
        (before, after),
        (
            "200 <ListBucketResult><Name>assets</Name><Contents><Key>a/b.json</Key><Size>2</Size>",
            "</Contents><IsTruncated>false</IsTruncated></ListBucketResult>"
        )
    );
    assert_eq!(
        ask("DELETE", "/assets/a/b.json", ""),
        "405 <Error><Code>MethodNotAllowed</Code>\
         <Message>The specified method is not allowed.</Message></Error>"
    );
}
