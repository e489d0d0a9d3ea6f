//! How an image gets from a commit to the service.

use super::{actions, buildspec, pipeline, prod, project, rights, stage_names};
use crate::support::query::{Query, many};
use serde_json::{Value, json};

#[test]
fn jub_16_what_was_built_once_is_linted_tested_and_promoted() {
    let template = prod();
    let query = Query::new(&template);
    // Each pipeline builds once: what is merged is mostly another commit than what was asked to be merged.
    for name in ["delivery", "requests"] {
        let pipeline = pipeline(&query, name);
        let stages = stage_names(pipeline).into_iter().skip(1);
        let builds: Vec<&str> = stages
            .flat_map(|stage| actions(pipeline, stage).iter().map(move |it| (stage, it)))
            .flat_map(|(stage, it)| buildspec(&query, it).matches("docker build").map(move |_| stage))
            .collect();
        assert_eq!(builds, ["Build"]);
        let [build] = actions(pipeline, "Build").as_slice() else { panic!("a build") };
        assert_eq!(build["Namespace"], "Build");
        assert!(buildspec(&query, build).contains("exported-variables:\n    - IMAGE\n"));

        let tests = actions(pipeline, "Test");
        let names: Vec<&Value> = tests.iter().map(|it| &it["Name"]).collect();
        assert_eq!(names, ["Lint", "UnitTest"]);
        assert_eq!(tests[0]["RunOrder"], tests[1]["RunOrder"]);
        for (test, program) in tests.iter().zip(["flake8", "pytest"]) {
            let image = r##"[{"name":"IMAGE","type":"PLAINTEXT","value":"#{Build.IMAGE}"}]"##;
            assert_eq!(test["Configuration"]["EnvironmentVariables"], image);
            let command = format!("docker run --rm --entrypoint {program} \"$IMAGE\"");
            assert!(buildspec(&query, test).contains(&command), "{}", buildspec(&query, test));
            assert_eq!(project(&query, test).get("Environment.PrivilegedMode"), true);
        }
    }
    let [promote] = actions(pipeline(&query, "delivery"), "Promote").as_slice() else {
        panic!("a promotion")
    };
    assert!(!buildspec(&query, promote).contains("docker"));
}

#[test]
fn jub_17_the_promotion_may_tag_images_of_this_registry() {
    let template = prod();
    let query = Query::new(&template);
    let promote = project(&query, &actions(pipeline(&query, "delivery"), "Promote")[0]);
    let role = query.target(promote.get("ServiceRole"));
    let repository = json!({ "Fn::GetAtt": [query.only("AWS::ECR::Repository").id, "Arn"] });
    let of_ecr: Vec<_> =
        rights(&query, role.id).into_iter().filter(|(it, _)| it.starts_with("ecr:")).collect();
    let expected = ["ecr:BatchGetImage", "ecr:PutImage"].map(|it| (it.to_owned(), repository.clone()));
    assert_eq!(of_ecr, expected);
    assert!(role.get("ManagedPolicyArns").is_null());
    // The tag moves, and all others stay what they are.
    let variables = many(promote.get("Environment.EnvironmentVariables"));
    let tag = variables.iter().find(|it| it["Name"] == "TAG").unwrap();
    let registry = query.only("AWS::ECR::Repository");
    assert_eq!(registry.get("ImageTagMutability"), "IMMUTABLE_WITH_EXCLUSION");
    let moving = registry.get("ImageTagMutabilityExclusionFilters").as_array().unwrap();
    let moving: Vec<&Value> = moving.iter().map(|it| &it["ImageTagMutabilityExclusionFilterValue"]).collect();
    assert_eq!(moving, [&tag["Value"]]);
}

#[test]
fn jub_18_stages_in_order() {
    let template = prod();
    let query = Query::new(&template);
    let delivery = pipeline(&query, "delivery");
    assert_eq!(stage_names(delivery), ["Source", "Build", "Test", "Promote", "Deploy"]);
    // The deployment gives the parameter to this stack.
    let deploy = project(&query, &actions(delivery, "Deploy")[0]);
    let variables = many(deploy.get("Environment.EnvironmentVariables"));
    let value = |name: &str| variables.iter().find(|it| it["Name"] == name).unwrap()["Value"].clone();
    assert_eq!((value("STACK"), value("PARAMETER")), (json!({ "Ref": "AWS::StackId" }), json!("ImageTag")));
}

#[test]
fn jub_19_pull_requests_are_tested_and_merges_deployed() {
    let template = prod();
    let query = Query::new(&template);
    let requests = pipeline(&query, "requests");
    assert_eq!(
        (requests.get("PipelineType"), stage_names(requests)),
        (&json!("V2"), vec!["Source", "Build", "Test"])
    );
    let git = &requests.get("Triggers")[0]["GitConfiguration"];
    assert_eq!(git["PullRequest"][0]["Branches"], json!({ "Includes": ["main"] }));
    assert_eq!(git["PullRequest"][0]["Events"], json!(["OPEN", "UPDATED"]));
    assert!(git["Push"].is_null());
    assert_eq!(git["SourceActionName"], actions(requests, "Source")[0]["Name"]);
    assert_eq!(actions(requests, "Source")[0]["Configuration"]["DetectChanges"], false);

    let delivery = pipeline(&query, "delivery");
    let source = &actions(delivery, "Source")[0]["Configuration"];
    let pushed = &delivery.get("Triggers")[0]["GitConfiguration"];
    assert_eq!(pushed["Push"][0]["Branches"], json!({ "Includes": ["main"] }));
    assert!(pushed["PullRequest"].is_null());
    assert_eq!((&source["BranchName"], &source["DetectChanges"]), (&json!("main"), &json!(false)));
    assert_eq!(
        source["FullRepositoryId"],
        actions(requests, "Source")[0]["Configuration"]["FullRepositoryId"]
    );
}
