//! The few actions of other services that a deployment needs: who asks, in which role, what that one may do, and what there
//! is in S3, the parameter store, `CodeConnections`, ECS and ECR.

use aws_smithy_types::base64;
use serde_json::{Value, json};

use super::{
    account::Account,
    actions::{answer, unknown_action},
    ecs,
    form::Form,
    http::{Request, Response},
    storage,
    xml::{Answer, Refusal, Xml},
};

/// The service a request is for: the one it was signed for, or that it looks like.
pub(crate) fn service(request: &Request) -> &str {
    let target = request.header("x-amz-target");
    match request.service() {
        Some(service) => service,
        None if target.starts_with("AmazonSSM") => "ssm",
        None if target.starts_with("AmazonEC2ContainerService") => "ecs",
        None if target.starts_with("AmazonEC2ContainerRegistry") => "ecr",
        None if request.method == "POST" => "cloudformation",
        None => "s3",
    }
}

/// What a request asks for, and with which parameters.
pub(crate) fn asked(service: &str, request: &Request) -> (String, Form) {
    let target = request.header("x-amz-target");
    if service == "s3" {
        let mut form = Form::read(request.query.as_bytes());
        form.0.insert("Path".to_owned(), request.path.clone());
        return (request.method.clone(), form);
    }
    if service == "route53" {
        let listed = request.path.ends_with("/hostedzonesbyname");
        let action = if listed { "ListHostedZonesByName" } else { "GetHostedZone" };
        let mut form = Form::read(request.query.as_bytes());
        form.0.insert("Path".to_owned(), request.path.clone());
        return (action.to_owned(), form);
    }
    if let Some((_, action)) = target.split_once('.') {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let entries = body.as_object().into_iter().flatten();
        let shown = entries.map(|(key, value)| (key.clone(), super::values::text(value)));
        return (action.to_owned(), Form(shown.collect()));
    }
    let form = Form::read(if request.body.is_empty() { request.query.as_bytes() } else { &request.body });
    (form.text("Action").to_owned(), form)
}

/// Does what a call asks for.
pub(crate) fn respond(
    account: &mut Account,
    service: &str,
    action: &str,
    form: &Form,
    body: &[u8],
) -> Response {
    match service {
        "s3" => s3(account, action, form, body),
        "ssm" => answered_in_json(ssm(account, action, form)),
        "ecs" => answered_in_json(ecs::answer(account, action, body)),
        "codeconnections" => answered_in_json(connection(account, form)),
        "iam" => answered_in_xml(service, action, iam(account, action, form)),
        "ec2" | "elasticloadbalancing" | "route53" | "kms" | "cloudcontrolapi" => {
            scripted(account, service, action)
        }
        "ecr" => answered_in_json(ecr(account, action, body)),
        "sts" => answered_in_xml(service, action, sts(account, action, form)),
        _ => answered_in_xml(service, action, answer(account, action, form)),
    }
}

/// A refusal, as a service words it.
pub(crate) fn refused(service: &str, refusal: Refusal) -> Response {
    match service {
        "s3" => {
            let error = Xml::new().text("Code", &refusal.code).text("Message", &refusal.message);
            Response::xml(refusal.http, error.document("Error"))
        }
        "ssm" | "ecs" | "ecr" | "codeconnections" | "kms" | "cloudcontrolapi" => {
            answered_in_json(Err(refusal))
        }
        "ec2" => {
            let error = Xml::new().text("Code", &refusal.code).text("Message", &refusal.message);
            let errors = Xml::new().group("Errors", &Xml::new().group("Error", &error));
            Response::xml(refusal.http, errors.document("Response"))
        }
        _ => answered_in_xml(service, "", Err(refusal)),
    }
}

fn answered_in_json(answer: Result<Value, Refusal>) -> Response {
    match answer {
        Ok(value) => Response::json(200, &value),
        Err(it) => Response::json(it.http, &json!({ "__type": it.code, "message": it.message })),
    }
}

fn answered_in_xml(service: &str, action: &str, answer: Answer) -> Response {
    let namespace = match service {
        "iam" => "https://iam.amazonaws.com/doc/2010-05-08/",
        "sts" => "https://sts.amazonaws.com/doc/2011-06-15/",
        _ => "http://cloudformation.amazonaws.com/doc/2010-05-15/",
    };
    match answer {
        Ok(content) => Response::xml(200, content.response(action, namespace)),
        Err(refusal) => Response::xml(refusal.http, refusal.response(namespace)),
    }
}

/// What a test has a service answer, whatever the parameters: one body after the other, and the last again and again.
fn scripted(account: &mut Account, service: &str, action: &str) -> Response {
    let Some(bodies) = account.scripted.get_mut(action) else {
        return refused(service, unknown_action(action));
    };
    let next = if bodies.len() > 1 { bodies.pop_front() } else { bodies.front().cloned() };
    let body = next.unwrap_or_default();
    let kind = if body.starts_with('{') { "application/x-amz-json-1.1" } else { "text/xml" };
    Response::new(200, kind, body)
}

fn sts(account: &mut Account, action: &str, form: &Form) -> Answer {
    let own = &account.place.account;
    match action {
        "GetCallerIdentity" => Ok(Xml::new()
            .text("Account", own)
            .text("Arn", format!("arn:aws:iam::{own}:user/tester"))
            .text("UserId", "AIDATESTER")),
        "AssumeRole" => {
            let arn = form.text("RoleArn");
            let mut parts = arn.splitn(6, ':').skip(4);
            let (Some(other), Some(role)) = (parts.next(), parts.next()) else {
                return Err(Refusal::validation(format!("{arn} is invalid")));
            };
            let role = role.rsplit('/').next().unwrap_or_default();
            let session = form.text("RoleSessionName");
            let credentials = Xml::new()
                .text("AccessKeyId", format!("{ASSUMED}{other}"))
                .text("SecretAccessKey", "secret")
                .text("SessionToken", format!("session-in-{other}"))
                .text("Expiration", "2096-01-01T00:00:00Z");
            let user = Xml::new()
                .text("AssumedRoleId", format!("AROATESTER:{session}"))
                .text("Arn", format!("arn:aws:sts::{other}:assumed-role/{role}/{session}"));
            Ok(Xml::new().group("Credentials", &credentials).group("AssumedRoleUser", &user))
        }
        _ => Err(unknown_action(action)),
    }
}

fn iam(account: &mut Account, action: &str, form: &Form) -> Answer {
    match action {
        "SimulatePrincipalPolicy" => {
            let asked = form.list("ActionNames");
            let results = asked.iter().fold(Xml::new(), |all, it| {
                let decision = if account.denied.contains(it) { "implicitDeny" } else { "allowed" };
                all.group("member", &Xml::new().text("EvalActionName", it).text("EvalDecision", decision))
            });
            Ok(Xml::new().group("EvaluationResults", &results).text("IsTruncated", false))
        }
        _ => Err(unknown_action(action)),
    }
}

fn connection(account: &mut Account, form: &Form) -> Result<Value, Refusal> {
    let arn = form.text("ConnectionArn");
    let status = account.connections.get(arn);
    let status = status.ok_or_else(|| Refusal::new(400, "ResourceNotFoundException", ""))?;
    Ok(json!({ "Connection": { "ConnectionArn": arn, "ConnectionStatus": status } }))
}

/// What the access keys of assumed roles begin with; the account follows.
const ASSUMED: &str = "ASIA";

/// The account that an access key acts in, if it is one of an assumed role.
pub(crate) fn account_of(access_key: &str) -> Option<&str> {
    let account = access_key.strip_prefix(ASSUMED)?;
    (account.len() == 12 && account.bytes().all(|it| it.is_ascii_digit())).then_some(account)
}

fn ssm(account: &mut Account, action: &str, form: &Form) -> Result<Value, Refusal> {
    if action != "GetParameter" {
        return Err(Refusal::new(400, "UnknownOperationException", ""));
    }
    let name = form.text("Name");
    let value = account.parameters.get(name).ok_or_else(|| Refusal::new(400, "ParameterNotFound", ""))?;
    Ok(json!({ "Parameter": { "Name": name, "Type": "String", "Value": value, "Version": 1 } }))
}

fn ecr(account: &mut Account, action: &str, body: &[u8]) -> Result<Value, Refusal> {
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let name = asked["repositoryName"].as_str().or(asked["repositoryNames"][0].as_str()).unwrap_or_default();
    let missing = || Refusal::new(400, "RepositoryNotFoundException", "");
    let registry = format!("{}.dkr.ecr.{}.amazonaws.com", account.place.account, account.place.region);
    if action == "GetAuthorizationToken" {
        let token = base64::encode(format!("AWS:password-of-{}", account.place.account));
        let data = json!({ "authorizationToken": token, "proxyEndpoint": format!("https://{registry}") });
        return Ok(json!({ "authorizationData": [data] }));
    }
    let images = account.images.get(name).ok_or_else(missing)?;
    match action {
        "DescribeRepositories" => Ok(json!({ "repositories": [
            { "repositoryName": name, "repositoryUri": format!("{registry}/{name}") }
        ] })),
        "DescribeImages" if asked["imageIds"].is_null() => {
            Ok(storage::describe_images(account, name, &asked))
        }
        "DescribeImages" => {
            let tag = asked["imageIds"][0]["imageTag"].as_str().unwrap_or_default();
            match images.iter().find(|it| *it == tag) {
                Some(tag) => Ok(json!({ "imageDetails": [{ "imageTags": [tag] }] })),
                None => Err(Refusal::new(400, "ImageNotFoundException", "")),
            }
        }
        "ListImages" => {
            let most = asked["maxResults"].as_u64().and_then(|it| usize::try_from(it).ok()).unwrap_or(100);
            let ids: Vec<Value> = images.iter().take(most).map(|it| json!({ "imageDigest": it })).collect();
            Ok(json!({ "imageIds": ids }))
        }
        "BatchDeleteImage" => storage::delete_images(account, name, &asked),
        "BatchGetImage" => Ok(storage::get_image(account, name, &asked)),
        "PutImage" => storage::put_image(account, name, &asked),
        _ => Err(Refusal::new(400, "UnknownOperationException", "")),
    }
}

/// The versions of what a bucket holds, one of each: how many are asked for.
fn versions(account: &Account, bucket: &str, form: &Form) -> Response {
    let most = form.text("max-keys").parse().unwrap_or(1000);
    let start = format!("{bucket}/");
    let found = account.objects.keys().filter_map(|it| it.strip_prefix(&start)).take(most);
    let list = found.fold(Xml::new().text("Name", bucket), |all, key| {
        let encoded: String = form_urlencoded::byte_serialize(key.as_bytes()).collect();
        all.group("Version", &Xml::new().text("Key", encoded).text("VersionId", "v1"))
    });
    Response::xml(200, list.document("ListVersionsResult"))
}

fn s3(account: &mut Account, method: &str, form: &Form, body: &[u8]) -> Response {
    let path = form.text("Path").trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    match (method, key) {
        ("GET", "") if form.0.contains_key("location") => {
            let region = &account.place.region;
            // The first region has no name here.
            let region = if region == "us-east-1" { "" } else { region };
            Response::xml(200, format!("<LocationConstraint>{region}</LocationConstraint>"))
        }
        ("GET", "") if form.0.contains_key("encryption") => {
            let missing = "The server side encryption configuration was not found";
            refused("s3", Refusal::new(404, "ServerSideEncryptionConfigurationNotFoundError", missing))
        }
        ("GET", "") if form.0.contains_key("versions") => versions(account, bucket, form),
        ("POST", "") if form.0.contains_key("delete") => storage::delete_objects(account, bucket, body),
        ("GET", "") if form.0.contains_key("versioning") => storage::versioning(account, bucket),
        ("GET", "") => storage::list_objects(account, bucket, form),
        ("GET", _) if form.0.contains_key("tagging") => storage::tags(account, path),
        ("PUT", _) if form.0.contains_key("tagging") => storage::set_tags(account, path, body),
        ("PUT", _) => {
            account.objects.insert(path.to_owned(), body.to_vec());
            let mut response = Response::xml(200, String::new());
            response.headers.push(("etag", "\"0\"".to_owned()));
            response
        }
        ("HEAD" | "GET", _) => match account.objects.get(path) {
            Some(object) if method == "HEAD" => {
                let mut response = Response::new(200, "binary/octet-stream", "");
                response.headers.push(("content-length", object.len().to_string()));
                response
            }
            Some(object) => Response::new(200, "binary/octet-stream", object.clone()),
            None if method == "HEAD" => Response::new(404, "application/xml", ""),
            None => refused("s3", Refusal::new(404, "NoSuchKey", "The specified key does not exist.")),
        },
        _ => refused("s3", Refusal::new(405, "MethodNotAllowed", "The specified method is not allowed.")),
    }
}
