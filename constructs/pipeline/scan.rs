//! A look at the vulnerabilities ECR found in the image that was built.

use super::{
    action::{Slot, Stages},
    buildspec,
    project::Project,
};
use crate::{iam::Allow, kernel::prelude::*};

properties! {
    /// From which severity on a vulnerability in the image is a failure.
    pub struct Scan from fail_on {
        /// The least severity that fails; what is less is printed only.
        fail_on: Severity = "high",
    }
}

choices! {
    /// How severe a vulnerability is.
    pub enum Severity {
        /// Critical.
        Critical,
        /// High, or critical.
        High,
        /// Medium, high or critical.
        Medium,
    }
}

impl Severity {
    /// ECR's names for it and all above it.
    fn and_above(self) -> &'static str {
        match self {
            Self::Critical => "CRITICAL",
            Self::High => "CRITICAL, HIGH",
            Self::Medium => "CRITICAL, HIGH, MEDIUM",
        }
    }
}

/// Prints what was found, the worst first. It is counted as JSON, because text comes page by page; there is no number
/// for a severity that was not found.
const SCRIPT: &str = r#"
tag=${IMAGE##*:}
aws ecr wait image-scan-complete --repository-name "$REPOSITORY" --image-id "imageTag=$tag"
for severity in CRITICAL HIGH MEDIUM LOW INFORMATIONAL UNDEFINED; do
  aws ecr describe-image-scan-findings --repository-name "$REPOSITORY" --image-id "imageTag=$tag" --query "imageScanFindings.findings[?severity=='$severity'].[severity, name, uri]" --output text
done
count=$(aws ecr describe-image-scan-findings --repository-name "$REPOSITORY" --image-id "imageTag=$tag" --query 'sum(not_null(imageScanFindings.findingSeverityCounts.[SEVERITIES], `[]`)[?@])' --output json)
echo "${count%.*} vulnerabilities that are too severe"
[ "${count%.*}" -eq 0 ]
"#;

impl Scan {
    /// Adds the action.
    pub(super) fn add(&self, scope: &mut Scope<'_>, stages: &mut Stages<'_>, slot: Slot<'_>, span: Span) {
        let repository = stages.repository;
        if repository.rules.as_ref().is_some_and(|it| !it.scans) {
            scope.report(
                Diagnostic::error("no-scan", "the Repository scans no images, so that there is nothing to wait for")
                    .at(span)
                    .help("remove `scan: false` from the Repository"),
            );
        }
        let script = SCRIPT.replace("SEVERITIES", self.fail_on.and_above());
        let allow = Allow::new(&["ecr:DescribeImageScanFindings"], [repository.arn.clone()]);
        let project = Project {
            variables: vec![("REPOSITORY".to_owned(), repository.name.clone())],
            allow: [stages.bucket.read(), vec![allow]].concat(),
            ..Project::small(buildspec::of_script(&script), stages.logs)
        };
        stages.run(scope, slot, project, true);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{
        pipeline::tests::{allowed, on_repository, pipeline},
        testing::Stack,
    };

    fn with(scan: &str) -> Stack {
        pipeline(&format!("stages: [{{name: Security, scan: {scan}}}]"))
    }

    fn counted(scan: &str) -> String {
        let stack = with(scan);
        assert_eq!(stack.faults(), [""; 0]);
        let project = stack.properties("d/Security/Project/Resource");
        let buildspec = project["Source"]["BuildSpec"].as_str().unwrap().to_owned();
        let (_, rest) = buildspec.split_once("findingSeverityCounts.[").unwrap();
        rest.split_once(']').unwrap().0.to_owned()
    }

    #[test]
    fn fails_from_a_severity_on() {
        assert_eq!(counted("true"), "CRITICAL, HIGH");
        assert_eq!(counted("critical"), "CRITICAL");
        assert_eq!(counted("{failOn: medium}"), "CRITICAL, HIGH, MEDIUM");
    }

    #[test]
    fn stands_between_build_and_deployment_and_knows_the_image() {
        let stack = with("{failOn: high}");
        let stages = &stack.properties("d/Resource")["Stages"];
        let names: Vec<_> = stages.as_array().unwrap().iter().map(|it| it["Name"].clone()).collect();
        assert_eq!(names, ["Source", "Build", "Security", "Deploy"]);
        assert_eq!(stages[2]["Actions"][0]["Configuration"], json!({
            "ProjectName": "${d/Security/Project/Resource}",
            "EnvironmentVariables": r##"[{"name":"IMAGE","type":"PLAINTEXT","value":"#{Build.IMAGE}"}]"##,
        }));
    }

    #[test]
    fn may_read_what_was_found_and_nothing_else() {
        let stack = with("true");
        assert_eq!(allowed(&stack, "d/Security/Project/Role")[3..], [
            "ecr:DescribeImageScanFindings on ${repo/Resource.Arn}"
        ]);
        assert_eq!(stack.properties("d/Security/Project/Resource")["Environment"]["PrivilegedMode"], false);
    }

    #[test]
    fn points_at_a_repository_that_scans_nothing() {
        assert_eq!(
            on_repository(", scan: false", "stages: [{name: Security, scan: true}]").faults(),
            ["no-scan at `true`: the Repository scans no images, so that there is nothing to wait for"]
        );
    }

    #[test]
    fn points_at_what_is_no_severity() {
        assert_eq!(with("low").faults(), ["not-a-choice at `low`: `low` is not one of the choices"]);
    }
}
