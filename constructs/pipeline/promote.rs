//! A further tag for the image that was built: promoted, and not built again.

use super::{
    action::{Slot, Stages},
    buildspec,
    project::Project,
};
use crate::{iam::Allow, kernel::prelude::*};

properties! {
    /// A further tag for the image that was built.
    pub struct Promote from tag {
        /// The tag, such as `rc`. It moves from image to image, which a Repository allows that has it among its
        /// `mutableTags`.
        tag: Text,
    }
}

/// With the digest, ECR refuses a manifest that was changed on the way. An image that has the tag already is no
/// failure: the pipeline may run again. What is not there is `None`.
const SCRIPT: &str = r#"
image() {
  aws ecr batch-get-image --repository-name "$REPOSITORY" --image-ids "imageTag=$1" --query "images[0].$2" --output text
}
built=${IMAGE##*:}
digest=$(image "$built" imageId.imageDigest)
tagged=$(image "$TAG" imageId.imageDigest)
if [ "$digest" = None ]; then
  echo "there is no $IMAGE"
  exit 1
elif [ "$digest" = "$tagged" ]; then
  echo "$TAG is $digest already"
else
  manifest=$(image "$built" imageManifest)
  type=$(image "$built" imageManifestMediaType)
  aws ecr put-image --repository-name "$REPOSITORY" --image-tag "$TAG" --image-digest "$digest" --image-manifest "$manifest" --image-manifest-media-type "$type" > /dev/null
  echo "$TAG is $digest now"
fi
"#;

impl Promote {
    pub(super) fn check(&self, faults: &mut Vec<Diagnostic>) {
        faults.extend(self.tag.literal().and_then(fault_of_tag).map(|it| it.at(self.tag.span())));
    }

    /// Adds the action.
    pub(super) fn add(&self, scope: &mut Scope<'_>, stages: &mut Stages<'_>, slot: Slot<'_>) {
        let repository = stages.repository;
        let tag = scope.checked_text(&self.tag, fault_of_tag);
        if let (Some(rules), Some(tag)) = (&repository.rules, tag.as_str())
            && !rules.may_move(tag)
        {
            scope.report(
                Diagnostic::error("immutable-tag", format!("`{tag}` is to move from image to image, and the Repository lets no tag move"))
                    .at(self.tag.span())
                    .help(format!("add `mutableTags: [{tag}]` to the Repository")),
            );
        }
        let allow = Allow::new(&["ecr:BatchGetImage", "ecr:PutImage"], [repository.arn.clone()]);
        let project = Project {
            variables: vec![("REPOSITORY".to_owned(), repository.name.clone()), ("TAG".to_owned(), tag)],
            allow: [stages.bucket.read(), vec![allow]].concat(),
            ..Project::small(buildspec::of_script(SCRIPT), stages.logs)
        };
        stages.run(scope, slot, project, true);
    }
}

fn fault_of_tag(tag: &str) -> Option<Diagnostic> {
    let starts_well = tag.starts_with(|it: char| it.is_ascii_alphanumeric() || it == '_');
    let is_fine = |it: char| it.is_ascii_alphanumeric() || "_.-".contains(it);
    (!starts_well || tag.len() > 128 || !tag.chars().all(is_fine)).then(|| {
        Diagnostic::error("promote-tag", format!("`{tag}` cannot be a tag"))
            .help("use 1 to 128 letters, digits and `_.-`, and begin with a letter, a digit or `_`")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{
        pipeline::tests::{allowed, on_repository, pipeline},
        testing::Stack,
    };

    fn with(tags: &str, stage: &str) -> Stack {
        on_repository(tags, &format!("stages: [{{name: Promote, {stage}}}]"))
    }

    #[test]
    fn gives_the_image_another_tag_without_building_it() {
        let stack = with(", mutableTags: [rc]", "promote: rc");
        assert_eq!(stack.faults(), [""; 0]);
        let project = stack.properties("d/Promote/Project/Resource");
        assert_eq!(project["Environment"]["PrivilegedMode"], false);
        assert_eq!(project["Environment"]["EnvironmentVariables"], json!([
            { "Name": "REPOSITORY", "Type": "PLAINTEXT", "Value": "${repo/Resource}" },
            { "Name": "TAG", "Type": "PLAINTEXT", "Value": "rc" },
        ]));
        let buildspec = project["Source"]["BuildSpec"].as_str().unwrap();
        assert!(!buildspec.contains("docker"), "{buildspec}");
        let action = &stack.properties("d/Resource")["Stages"][2]["Actions"][0];
        assert_eq!(action["Configuration"], json!({
            "ProjectName": "${d/Promote/Project/Resource}",
            "EnvironmentVariables": r##"[{"name":"IMAGE","type":"PLAINTEXT","value":"#{Build.IMAGE}"}]"##,
        }));
    }

    #[test]
    fn may_read_and_tag_images_of_one_repository_and_nothing_else() {
        let stack = with(", tags: mutable", "promote: {tag: rc}");
        assert_eq!(allowed(&stack, "d/Promote/Project/Role"), [
            "logs:CreateLogStream logs:PutLogEvents on ${d/Promote/Project/LogGroup/Resource.Arn}",
            "s3:GetBucketAcl s3:GetBucketLocation s3:GetBucketVersioning on ${d/ArtifactsBucket/Resource.Arn}",
            "s3:GetObject s3:GetObjectVersion on ${d/ArtifactsBucket/Resource.Arn}/*",
            "ecr:BatchGetImage ecr:PutImage on ${repo/Resource.Arn}",
        ]);
    }

    #[test]
    fn points_at_a_tag_that_cannot_move() {
        let refused = ["immutable-tag at `rc`: `rc` is to move from image to image, and the Repository lets no tag move"];
        assert_eq!(with("", "promote: rc").faults(), refused);
        assert_eq!(with(", mutableTags: [main]", "promote: rc").faults(), refused);
        // What the deployment gives may be anything.
        assert_eq!(with("", "promote: '${Param}'").faults(), [""; 0]);
    }

    #[test]
    fn points_at_what_is_no_tag() {
        assert_eq!(with("", "promote: release/1").faults(), ["promote-tag at `release/1`: `release/1` cannot be a tag"]);
    }

    #[test]
    fn points_at_an_image_that_is_not_there_or_not_known() {
        assert_eq!(
            with("", "promote: rc, after: source").faults(),
            ["no-image at `rc`: a promotion needs the image, which is not built yet"]
        );
        assert_eq!(
            pipeline("build: {buildspec: a.yml}, stages: [{name: P, promote: rc}]").faults(),
            ["no-image at `rc`: a promotion needs the image, and a buildspec of your own does not say which it made"]
        );
    }
}
