//! What happens to a commit on its way, and who is told if that fails.

use serde_json::{Value, json};

use super::{
    actions, balancer, dev, environment, file, project, stage, stage_names, trusted, variable, with,
};
use crate::{
    pipeline::{buildspec, run_in},
    support::{
        query::{Query, Resource, many, refers},
        template,
    },
};

#[test]
fn stell_10_source_build_deploy() {
    let text = file();
    let (head, rest) = text.split_once("    stages:\n").unwrap();
    let (_, tail) = rest.split_once("    artifacts:").unwrap();
    let (tail, _) = tail.split_once("      delivery:\n        stages: [*check").unwrap();
    let template = template(&format!("{head}    artifacts:{tail}"), &["-e", "prod"]);
    assert_eq!(stage_names(&Query::new(&template)), ["Source", "BuildDocker", "Deploy"]);

    let stages = |name| stage_names(&Query::new(&environment(name)));
    let all = ["Source", "Check", "BuildDocker", "Security", "Deploy", "Acceptance"];
    assert_eq!(stages("dev"), all);
    assert_eq!(stages("stage"), all);
    assert_eq!(
        stages("prod"),
        ["Source", "Check", "BuildDocker", "Security", "Approval", "Deploy", "Acceptance"]
    );
}

#[test]
fn stell_11_tests_run_before_the_image_of_a_commit_is_pushed() {
    let template = dev();
    let commands = buildspec(&Query::new(&template), "deliveryProject");
    let at = |it: &str| commands.find(it).unwrap_or_else(|| panic!("no `{it}` in {commands}"));
    assert!(at("--file Dockerfile.test --tag tests .") < at("docker run --rm tests &&"));
    assert!(at("docker run --rm tests &&") < at("docker push"));
    assert!(commands.contains("IMAGE=\"$REPOSITORY_URI:$(printf %.12s \"$COMMIT\")\""));
    let docker = |failing: &str| format!("case \"$*\" in {failing}) return 1 ;; esac");
    let pushes = |name: &str, failing: &str| {
        let variables = [("IMAGE", "r:1"), ("COMMIT", "1")];
        let (succeeds, calls) =
            run_in(&template, name, "deliveryProject", &[("docker", &docker(failing))], &variables);
        (succeeds, calls.contains(&"docker push r:1".to_owned()))
    };
    assert_eq!(pushes("stell-tests-succeed", "'manifest '*"), (true, true));
    assert_eq!(pushes("stell-tests-fail", "'manifest '*|'run '*"), (false, false));

    // As its author had it: ECS is given the image past the stack.
    let template = with(&[("deploy: {service: app, parameter: Image}", "deploy: app")]);
    let query = Query::new(&template);
    let commands = buildspec(&query, "deliveryProject");
    assert!(commands.contains(r#"[{"name":"flask","imageUri":"%s"}]' "$IMAGE" > imagedefinitions.json"#));
    assert!(commands.ends_with("artifacts:\n  files:\n    - imagedefinitions.json\n"), "{commands}");
    let action = &stage(&query, "Deploy")["Actions"][0];
    assert_eq!(
        (&action["ActionTypeId"]["Provider"], &action["Configuration"]["FileName"]),
        (&json!("ECS"), &json!("imagedefinitions.json"))
    );
}

#[test]
fn stell_12_lint_and_unit_tests_are_actions_of_their_own_before_the_build() {
    let template = dev();
    let query = Query::new(&template);
    let actions = many(&stage(&query, "Check")["Actions"]);
    assert_eq!(actions.iter().map(|it| it["Name"].clone()).collect::<Vec<_>>(), ["Lint", "UnitTest"]);
    let run = |action: &Value| buildspec(&query, query.target(&action["Configuration"]["ProjectName"]).id);
    assert!(run(&actions[0]).ends_with("flake8 --statistics\n"), "{}", run(&actions[0]));
    assert!(run(&actions[1]).ends_with("pytest\n"), "{}", run(&actions[1]));
    let names = stage_names(&query);
    let at = |name: &str| names.iter().position(|it| it == name).unwrap();
    assert!(at("Source") < at("Check") && at("Check") < at("BuildDocker"));
}

#[test]
fn stell_13_what_was_deployed_is_asked_and_a_wrong_answer_fails() {
    let template = dev();
    let query = Query::new(&template);
    let names = stage_names(&query);
    assert!(names.ends_with(&["Deploy".to_owned(), "Acceptance".to_owned()]), "{names:?}");
    let acceptance = project(&query, "Acceptance");
    assert_eq!(
        *variable(acceptance, "URL"),
        json!({ "Fn::Sub": format!("http://${{{}.DNSName}}", balancer(&query).id) })
    );
    // A stand-in for `jq` that does what it is asked for here, and fails as it does where nothing comes.
    let jq = r#"[ "$*" = "--exit-status .message and .timestamp" ] || return 3
        answer=$(cat); [ -n "$answer" ] || return 4
        case $answer in *'"message"'*'"timestamp"'*) ;; *) return 1 ;; esac"#;
    let asks = |name: &str, curl: &str| {
        run_in(&template, name, "deliveryAcceptance", &[("curl", curl), ("jq", jq)], &[("URL", "http://lb")])
    };
    let (succeeds, calls) = asks("stell-right", r#"echo '{"message": "m", "timestamp": 1}'"#);
    assert!(succeeds);
    assert!(calls.contains(&"curl --fail --silent --show-error http://lb/time".to_owned()), "{calls:?}");
    assert!(!asks("stell-wrong", r#"echo '{"message": "m"}'"#).0);
    assert!(!asks("stell-none", "return 22").0);
}

#[test]
fn stell_16_somebody_is_told_of_what_failed() {
    let template = dev();
    let query = Query::new(&template);
    let topic = query.only("AWS::SNS::Topic");
    let rules = query.of("AWS::Events::Rule");
    let looks_for = |key: &str, value: &str, at: &Resource<'_>| {
        let patterns = many(&at.get("EventPattern")["detail"][key]);
        patterns.contains(&json!(value))
    };
    let pipeline = query.only("AWS::CodePipeline::Pipeline").id;
    let service = query.only("AWS::ECS::Service").id;
    for (key, value, subject) in
        [("state", "FAILED", pipeline), ("eventName", "SERVICE_DEPLOYMENT_FAILED", service)]
    {
        let rule = *rules
            .iter()
            .find(|it| looks_for(key, value, it))
            .unwrap_or_else(|| panic!("no rule for {value}"));
        assert!(refers(rule.get("EventPattern"), subject));
        assert_eq!(rule.get("State"), "ENABLED");
        let target = &rule.get("Targets")[0];
        assert_eq!(query.target(&target["Arn"]).id, topic.id);
        let publisher = query.target(&target["RoleArn"]);
        assert_eq!(trusted(publisher), [json!({ "Service": "events.amazonaws.com" })]);
        assert!(
            query
                .statements(publisher.id)
                .iter()
                .any(|it| { actions(it) == ["sns:Publish"] && refers(&it["Resource"], topic.id) })
        );
    }
    let subscription = query.only("AWS::SNS::Subscription");
    assert_eq!(
        (query.target(subscription.get("TopicArn")).id, subscription.get("Protocol")),
        (topic.id, &json!("email"))
    );
    let policy = query.only("AWS::SNS::TopicPolicy");
    assert!(refers(policy.get("Topics"), topic.id));
    let statements = many(policy.get("PolicyDocument.Statement"));
    for service in ["events.amazonaws.com", "cloudwatch.amazonaws.com"] {
        let publishes = statements.iter().any(|it| {
            it["Effect"] == "Allow" && it["Principal"]["Service"] == service && actions(it) == ["sns:Publish"]
        });
        assert!(publishes, "{service}");
    }
}

#[test]
fn stell_22_a_push_starts_the_pipeline_through_a_connection() {
    let template = dev();
    let query = Query::new(&template);
    let action = &stage(&query, "Source")["Actions"][0];
    assert_eq!(action["ActionTypeId"]["Provider"], "CodeStarSourceConnection");
    assert_eq!(action["Configuration"]["ConnectionArn"], json!({ "Ref": "Connection" }));
    assert_eq!(action["Configuration"]["FullRepositoryId"], "fernviridian/pipeline-mini-project");
    assert_eq!(action["Configuration"]["BranchName"], "develop");
    // Without a trigger, and without being told not to, it starts at every push.
    assert!(action["Configuration"]["DetectChanges"].is_null());
    assert!(query.only("AWS::CodePipeline::Pipeline").get("Triggers").is_null());
    for gone in ["OAuthToken", "PollForSourceChanges"] {
        assert!(!template.to_string().contains(gone), "{gone}");
    }
}

#[test]
fn stell_23_no_build_goes_on_for_hours_or_on_an_image_of_old() {
    let template = environment("prod");
    for project in Query::new(&template).of("AWS::CodeBuild::Project") {
        assert!(project.get("TimeoutInMinutes").as_u64().unwrap() <= 60, "{}", project.id);
        assert!(!project.get("Environment.Image").as_str().unwrap().contains("docker:17"));
    }
}

#[test]
fn stell_27_an_image_with_severe_vulnerabilities_is_not_deployed() {
    let template = dev();
    let query = Query::new(&template);
    let names = stage_names(&query);
    let at = |name: &str| names.iter().position(|it| it == name).unwrap();
    assert!(at("BuildDocker") < at("Security") && at("Security") < at("Deploy"));
    let looks = |name: &str, count: &str| {
        let aws = format!("case \"$*\" in *--output\\ json*) echo {count} ;; esac");
        run_in(
            &template,
            name,
            "deliverySecurity",
            &[("aws", &aws)],
            &[("IMAGE", "r:1"), ("REPOSITORY", "r")],
        )
    };
    let (succeeds, calls) = looks("stell-clean", "0");
    assert!(succeeds);
    assert!(calls.iter().any(|it| it.contains("[CRITICAL, HIGH]")), "{calls:?}");
    assert!(!looks("stell-severe", "2").0);
}
