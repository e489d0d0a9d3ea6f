//! A pipeline with all that it may have: what it promises, and that what it runs does so.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::support::{
    asi,
    query::{Query, Resource, many},
};
use asi::{cli::Exit, world::MemoryFiles};
use asi_constructs::kernel::{
    node::Node,
    span::Span,
    yaml::{self, Format},
};

const SHOP: &str = r#"
app: shop
parameters:
  ImageTag: {type: String, default: bootstrap}
  LogLevel: {type: String, default: info}
constructs:
  net: {type: Network}
  repo: {type: Repository, mutableTags: [rc]}
  web:
    type: FargateService
    network: net
    image: repo:${param.ImageTag}
    port: 8080
    variables: {LOG_LEVEL: "${param.LogLevel}"}
  delivery:
    type: Pipeline
    source: {github: acme/shop, connection: "arn:aws:codeconnections:eu-west-1:111122223333:connection/1"}
    build: {name: BuildDocker, test: Dockerfile.test}
    stages:
      - name: Check
        after: source
        actions:
          Lint: {commands: [flake8]}
          UnitTest: {commands: [pytest]}
      - {name: Security, scan: high}
      - {name: Promote, promote: rc}
      - name: Acceptance
        after: deploy
        variables: {URL: "${web.url}"}
        commands: ['curl --fail --silent "$URL/time" | grep --quiet timestamp']
    deploy: {service: web, parameter: ImageTag}
  requests:
    type: Pipeline
    source:
      github: acme/shop
      connection: "arn:aws:codeconnections:eu-west-1:111122223333:connection/1"
      pullRequests: true
      push: false
    build: {repository: repo}
    stages:
      - name: Test
        actions:
          Lint: {docker: true, commands: ['docker run --rm --entrypoint flake8 "$IMAGE" -v']}
          UnitTest: {docker: true, commands: ['docker run --rm --entrypoint pytest "$IMAGE"']}
  alerts: {type: Topic, email: [ops@example.com]}
  alarms: {type: DeployAlarms, topic: alerts, pipelines: [delivery, requests], services: [web]}
"#;

/// The template, of which nothing has to be said.
fn shop() -> Value {
    let run = asi(&["synth", "--format", "json"], MemoryFiles::with([("asi.yaml", SHOP.as_bytes())]));
    assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""));
    serde_json::from_str(&run.out).unwrap()
}

fn pipeline<'a>(query: &Query<'a>, name: &str) -> Resource<'a> {
    let pipelines = query.of("AWS::CodePipeline::Pipeline");
    pipelines.into_iter().find(|it| it.id.starts_with(name)).unwrap()
}

/// The names of a pipeline's stages, each with those of its actions.
fn stages(pipeline: Resource<'_>) -> Vec<String> {
    let show = |it: &Value| {
        let actions: Vec<_> =
            it["Actions"].as_array().unwrap().iter().map(|it| it["Name"].as_str().unwrap()).collect();
        format!("{}: {}", it["Name"].as_str().unwrap(), actions.join(" "))
    };
    pipeline.get("Stages").as_array().unwrap().iter().map(show).collect()
}

/// The buildspec of the project whose logical id begins so, its references shown as `${…}`.
pub(crate) fn buildspec(query: &Query<'_>, project: &str) -> String {
    let projects = query.of("AWS::CodeBuild::Project");
    let project = projects.into_iter().find(|it| it.id.starts_with(project)).unwrap();
    match project.get("Source.BuildSpec") {
        Value::String(text) => text.clone(),
        other => other["Fn::Sub"].as_str().unwrap().to_owned(),
    }
}

#[test]
fn what_is_merged_is_checked_built_scanned_promoted_deployed_and_called() {
    let template = shop();
    assert_eq!(
        stages(pipeline(&Query::new(&template), "delivery")),
        [
            "Source: GitHub",
            "Check: Lint UnitTest",
            "BuildDocker: BuildDocker",
            "Security: Security",
            "Promote: Promote",
            "Deploy: CloudFormation",
            "Acceptance: Acceptance",
        ]
    );
}

#[test]
fn what_is_asked_to_be_merged_is_built_once_and_tested_side_by_side() {
    let template = shop();
    let query = Query::new(&template);
    let requests = pipeline(&query, "requests");
    assert_eq!(stages(requests), ["Source: GitHub", "Build: Build", "Test: Lint UnitTest"]);
    let actions = &requests.get("Stages")[2]["Actions"];
    let image = r##"[{"name":"IMAGE","type":"PLAINTEXT","value":"#{Build.IMAGE}"}]"##;
    for action in many(actions) {
        assert_eq!(action["RunOrder"], 1);
        assert_eq!(action["Configuration"]["EnvironmentVariables"], image);
    }
    let built: usize = ["requestsProject", "requestsTestLint", "requestsTestUnitTest"]
        .map(|it| buildspec(&query, it).matches("docker build").count())
        .iter()
        .sum();
    assert_eq!(built, 1);
    assert_eq!(
        requests.get("Triggers")[0]["GitConfiguration"],
        json!({
            "PullRequest": [{ "Branches": { "Includes": ["main"] }, "Events": ["OPEN", "UPDATED"] }],
            "SourceActionName": "GitHub",
        })
    );
}

#[test]
fn only_the_build_may_push_and_only_the_deployment_may_change_the_stack() {
    let template = shop();
    let query = Query::new(&template);
    let roles = query.of("AWS::IAM::Role").into_iter().map(|it| it.id).filter(|it| it.contains("Project"));
    let may = |role: &str, action: &str| {
        query.statements(role).iter().any(|it| many(&it["Action"]).iter().any(|it| it == action))
    };
    let having = |action: &str| -> Vec<String> {
        let roles = roles.clone().filter(|it| may(it, action));
        roles.map(|it| it.split_once("ProjectRole").unwrap().0.to_owned()).collect()
    };
    assert_eq!(having("ecr:UploadLayerPart"), ["delivery", "requests"]);
    assert_eq!(having("ecr:PutImage"), ["delivery", "deliveryPromote", "requests"]);
    assert_eq!(having("ecr:DescribeImageScanFindings"), ["deliverySecurity"]);
    assert_eq!(having("cloudformation:UpdateStack"), ["deliveryDeployCloudFormation"]);
    assert_eq!(having("iam:PassRole"), ["deliveryDeployCloudFormation"]);
}

#[test]
fn whoever_is_to_know_is_told_what_failed() {
    let template = shop();
    let query = Query::new(&template);
    let rules = query.of("AWS::Events::Rule");
    let patterns: Vec<Value> = rules.iter().map(|it| it.get("EventPattern.detail").clone()).collect();
    let reference = |name| json!({ "Ref": pipeline(&query, name).id });
    assert_eq!(
        patterns,
        [
            json!({ "pipeline": [reference("delivery"), reference("requests")], "state": ["FAILED"] }),
            json!({ "eventName": ["SERVICE_DEPLOYMENT_FAILED"] }),
        ]
    );
    for rule in rules {
        let target = &rule.get("Targets")[0];
        let role = query.target(&target["RoleArn"]);
        assert_eq!(
            role.get("AssumeRolePolicyDocument.Statement")[0]["Principal"]["Service"],
            "events.amazonaws.com"
        );
        let statements = query.statements(role.id);
        assert_eq!(
            (&statements[0]["Action"], &statements[0]["Resource"]),
            (&json!("sns:Publish"), &target["Arn"])
        );
    }
}

/// As [`run_in`], for the shop.
#[track_caller]
fn run(
    name: &str,
    project: &str,
    programs: &[(&str, &str)],
    variables: &[(&str, &str)],
) -> (bool, Vec<String>) {
    run_in(&shop(), name, project, programs, variables)
}

/// Runs what a project of `template` does in the `build` phase, in a folder called `name`, with `programs` as functions of
/// the shell: says whether it succeeds, and what they were called with.
#[track_caller]
pub(crate) fn run_in(
    template: &Value,
    name: &str,
    project: &str,
    programs: &[(&str, &str)],
    variables: &[(&str, &str)],
) -> (bool, Vec<String>) {
    let text = buildspec(&Query::new(template), project);
    let buildspec = yaml::parse(&text, Span::NOWHERE.file, Format::Yaml).0.unwrap();
    let commands =
        ["phases", "build", "commands"].iter().try_fold(&buildspec, |at, key| at.get(key)).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pipeline").join(name);
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).unwrap();
    let functions: Vec<String> = programs
        .iter()
        .map(|(it, body)| format!("{it}() {{ echo {it} \"$*\" >> calls; {body}; }}\n"))
        .collect();
    let succeeds = |command: &Node| {
        let script = functions.concat() + command.as_str().unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).envs(variables.iter().copied()).current_dir(&folder);
        shell.output().unwrap().status.success()
    };
    let succeeded = commands.as_list().unwrap().iter().all(succeeds);
    let calls = fs::read_to_string(folder.join("calls")).unwrap_or_default();
    (succeeded, calls.lines().map(str::to_owned).collect())
}

const IMAGE: (&str, &str) = ("IMAGE", "1.dkr.ecr.eu-west-1.amazonaws.com/repo:0123456789ab");

#[test]
fn an_image_whose_tests_fail_is_not_pushed() {
    let docker = |failing: &str| format!("case \"$*\" in {failing}) return 1 ;; esac");
    let calls = |test, failing| run(test, "deliveryProject", &[("docker", &docker(failing))], &[IMAGE]);
    let [inspect, build_tests, tests] = [
        format!("docker manifest inspect {}", IMAGE.1),
        "docker build --build-arg COMMIT --file Dockerfile.test --tag tests .".to_owned(),
        "docker run --rm tests".to_owned(),
    ];
    let (build, push) =
        (format!("docker build --build-arg COMMIT --tag {} .", IMAGE.1), format!("docker push {}", IMAGE.1));
    // What is inspected is not there yet.
    let all = vec![inspect.clone(), build_tests.clone(), tests.clone(), build, push];
    assert_eq!(calls("tests-succeed", "'manifest '*"), (true, all));
    assert_eq!(
        calls("tests-fail", "'manifest '*|'run '*"),
        (false, vec![inspect.clone(), build_tests, tests])
    );
    assert_eq!(calls("built-before", "none"), (true, vec![inspect]));
}

#[test]
fn an_image_that_another_pipeline_pushed_first_is_as_good() {
    let push = |test, other: &str| {
        let docker =
            format!("case \"$*\" in 'manifest '*) [ -e pushed ] ;; 'push '*) {other}; return 1 ;; esac");
        run(test, "requestsProject", &[("docker", &docker)], &[IMAGE]).0
    };
    assert!(push("pushed-by-another", "touch pushed"));
    assert!(!push("pushed-by-nobody", "true"));
}

#[test]
fn an_image_that_has_the_tag_already_is_promoted_too() {
    let aws = |tagged: &str| {
        format!(
            r#"case "$*" in
                *imageTag=rc*Digest*) echo {tagged} ;;
                *imageTag=0123456789ab*Digest*) echo sha256:1 ;;
                *MediaType*) echo application/json ;;
                *imageManifest*) echo '{{"layers": []}}' ;;
                *Digest*) echo None ;;
            esac"#
        )
    };
    let promote = |test, tagged, image| {
        let variables = [("REPOSITORY", "repo"), ("TAG", "rc"), ("IMAGE", image)];
        let (succeeded, calls) = run(test, "deliveryPromote", &[("aws", &aws(tagged))], &variables);
        (succeeded, calls.into_iter().filter(|it| it.contains("put-image")).collect::<Vec<_>>())
    };
    let put = "aws ecr put-image --repository-name repo --image-tag rc --image-digest sha256:1 \
               --image-manifest {\"layers\": []} --image-manifest-media-type application/json";
    assert_eq!(promote("tag-moves", "sha256:0", IMAGE.1), (true, vec![put.to_owned()]));
    assert_eq!(promote("tag-is-new", "None", IMAGE.1), (true, vec![put.to_owned()]));
    assert_eq!(promote("tag-stays", "sha256:1", IMAGE.1), (true, vec![]));
    assert_eq!(promote("no-image", "None", "repo:gone"), (false, vec![]));
}

#[test]
fn what_is_too_severe_fails_after_it_was_printed() {
    let scan = |test, count: &str, wait: &str| {
        let aws =
            format!(r#"case "$*" in *'ecr wait'*) {wait} ;; *Counts*) echo {count} ;; *) echo "$*" ;; esac"#);
        let (succeeded, calls) =
            run(test, "deliverySecurity", &[("aws", &aws)], &[("REPOSITORY", "repo"), IMAGE]);
        (succeeded, calls.len())
    };
    // One call waits, six print a severity each, one counts.
    assert_eq!(scan("nothing-found", "0", "true"), (true, 8));
    assert_eq!(scan("two-found", "2.0", "true"), (false, 8));
    assert_eq!(scan("not-scanned", "0", "return 255"), (false, 1));
}

#[test]
fn a_deployment_changes_one_parameter_and_keeps_the_others() {
    let deploy = |test, update: &str, wait: &str| {
        let aws = format!(
            r#"case "$*" in
                *ParameterKey\ *) echo ImageTag LogLevel ;;
                *StackStatus*) echo UPDATE_COMPLETE ;;
                *update-stack*) {update} ;;
                *'wait stack'*) {wait} ;;
            esac"#
        );
        let variables = [("STACK", "arn:stack"), ("PARAMETER", "ImageTag"), IMAGE];
        let (succeeded, calls) = run(test, "deliveryDeploy", &[("aws", &aws)], &variables);
        (succeeded, calls[2..].to_vec())
    };
    let update = "aws cloudformation update-stack --stack-name arn:stack --use-previous-template --parameters \
                  ParameterKey=ImageTag,ParameterValue=0123456789ab ParameterKey=LogLevel,UsePreviousValue=true \
                  --capabilities CAPABILITY_NAMED_IAM CAPABILITY_AUTO_EXPAND";
    let wait = "aws cloudformation wait stack-update-complete --stack-name arn:stack";
    let expected = |calls: &[&str]| calls.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    assert_eq!(deploy("deployed", "true", "true"), (true, expected(&[update, wait])));
    let nothing_new = "echo 'No updates are to be performed.' >&2; return 254";
    assert_eq!(deploy("deployed-before", nothing_new, "true"), (true, expected(&[update])));
    assert_eq!(deploy("denied", "return 254", "true"), (false, expected(&[update])));
    let (succeeded, calls) = deploy("rolled-back", "true", "return 255");
    assert_eq!((succeeded, &calls[..2]), (false, &expected(&[update, wait])[..]));
    assert!(calls[2].starts_with("aws cloudformation describe-stack-events"), "{calls:?}");
}
