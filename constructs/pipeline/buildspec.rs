//! What CodeBuild is told to do: generated, as a file of the repository, or as the user wrote it.

use super::deploy::IMAGE_FILE;
use crate::kernel::{expr::ExprKind, node::is_intrinsic, prelude::*};

/// A buildspec that the user wrote.
#[derive(Clone, Debug)]
pub enum Buildspec {
    /// A file of the repository, or the text of one.
    Text(Text),
    /// Its content.
    Content(Value),
}

impl Property for Buildspec {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        if node.is_group() {
            return Value::read(node, reader).map(Self::Content);
        }
        Text::read(node, reader).map(Self::Text)
    }

    fn shape() -> Shape {
        Shape::Either(vec![Shape::text("the path of a buildspec in the source, or its text"), Shape::Any])
    }

    fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name)) {
        match self {
            Self::Text(text) => text.names(see),
            Self::Content(content) => content.names(see),
        }
    }
}

impl Buildspec {
    /// Reports what is no buildspec, and one that does not hand on what it has to.
    pub(super) fn check(&self, span: Span, hands_on: bool, faults: &mut Vec<Diagnostic>) {
        match self {
            Self::Text(text) => match text.literal() {
                Some(path) if !path.contains('\n') && !is_yaml_file(path) => faults.push(
                    Diagnostic::error("buildspec", format!("`{path}` is neither a buildspec nor the path of one"))
                        .at(span)
                        .help("name a file that ends in `.yml` or `.yaml`, or write the buildspec out"),
                ),
                _ => (),
            },
            Self::Content(content) => {
                if hands_on && matches!(&content.kind, ExprKind::Object(map) if !map.contains_key("artifacts")) {
                    let fault = format!("the buildspec hands on nothing, and the deployment needs `{IMAGE_FILE}`");
                    faults.push(
                        Diagnostic::error("buildspec-artifacts", fault)
                            .at(span)
                            .help(format!("add `artifacts: {{files: [{IMAGE_FILE}]}}`")),
                    );
                }
            }
        }
    }

    /// The value of `BuildSpec`.
    pub(super) fn build(&self, scope: &mut Scope<'_>) -> Expr<Handle> {
        match self {
            Self::Text(text) => scope.text(text),
            Self::Content(content) => json(&scope.value(content)),
        }
    }
}

fn is_yaml_file(path: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(|it| it == "yml" || it == "yaml")
}

/// How an image is built.
pub(super) struct ImageBuild<'a> {
    /// The container that the deployment gives the image, if it reads that from a file.
    pub(super) container: Option<&'a str>,
    pub(super) context: &'a str,
    pub(super) recipe: Recipe<'a>,
    /// The image whose run has to succeed before the image is pushed.
    pub(super) test: Option<Recipe<'a>>,
    /// Names of build arguments; their values are variables of the environment.
    pub(super) arguments: Vec<&'a str>,
}

/// What of a folder an image is made by.
#[derive(Clone, Copy, Default)]
pub(super) struct Recipe<'a> {
    /// The Dockerfile.
    pub(super) file: Option<&'a str>,
    /// The stage of it.
    pub(super) target: Option<&'a str>,
}

/// Logs Docker in to the registry of `REPOSITORY_URI`.
const LOGIN: &str = concat!(
    r#"aws ecr get-login-password --region "$AWS_REGION" | "#,
    r#"docker login --username AWS --password-stdin "${REPOSITORY_URI%%/*}""#
);

/// Pushes the image, unless another pipeline has pushed that of the same commit meanwhile: all that are made together
/// start together, on the newest commit, and only one of them can be the first.
const PUSH: &str = r#"{ docker push "$IMAGE" || docker manifest inspect "$IMAGE" > /dev/null; }"#;

impl ImageBuild<'_> {
    /// A buildspec that builds the image of a commit and pushes it, once: a tag that was pushed stays what it
    /// is, and the pipeline may run again for the same commit.
    ///
    /// Everything after the login stands in one phase, because CodeBuild runs `post_build` even if `build`
    /// failed. Twelve digits of the commit, because of seven two may be alike in a large repository, and the
    /// second would not be built. The shell may be any: CodeBuild's is `dash` on Ubuntu.
    pub(super) fn buildspec(&self) -> String {
        let build = format!(
            r#"if docker manifest inspect "$IMAGE" > /dev/null 2>&1; then
  echo "$IMAGE was built before"
else
  {}{} && {PUSH}
fi"#,
            self.test.map_or_else(String::new, |it| format!("{} &&\n  docker run --rm tests &&\n  ", self.docker_build(it, "tests"))),
            self.docker_build(self.recipe, r#""$IMAGE""#),
        );
        let build = block(&build, 8);
        let head = format!(
            r#"version: 0.2
env:
  exported-variables:
    - IMAGE
phases:
  pre_build:
    commands:
      - {LOGIN}
      - export COMMIT="$CODEBUILD_RESOLVED_SOURCE_VERSION"
      - export IMAGE="$REPOSITORY_URI:$(printf %.12s "$COMMIT")"
  build:
    commands:
      - {build}
"#
        );
        let Some(container) = self.container else { return head };
        let definitions = serde_json::json!([{ "name": container, "imageUri": "%s" }]).to_string();
        let write = format!(r#"printf {} "$IMAGE" > {IMAGE_FILE}"#, single_quoted(&definitions));
        format!(
            "{head}      - {write}
artifacts:
  files:
    - {IMAGE_FILE}
"
        )
    }

    /// The command that builds an image with the name `tag`.
    fn docker_build(&self, Recipe { file, target }: Recipe<'_>, tag: &str) -> String {
        let mut options = vec!["--build-arg COMMIT".to_owned()];
        options.extend(self.arguments.iter().map(|it| format!("--build-arg {it}")));
        options.extend(file.map(|it| format!("--file {}", quoted(it))));
        options.extend(target.map(|it| format!("--target {}", quoted(it))));
        format!("docker build {} --tag {tag} {}", options.join(" "), quoted(self.context))
    }
}

/// A buildspec that runs `commands`, after a login of Docker if they use it.
pub(super) fn of_commands(commands: Vec<Expr<Handle>>, uses_docker: bool) -> Expr<Handle> {
    let login = if uses_docker { format!("  pre_build:\n    commands:\n      - {LOGIN}\n") } else { String::new() };
    let head = format!("version: 0.2\nphases:\n{login}  build:\n    commands:\n");
    let commands = commands.into_iter().flat_map(|it| ["      - ".into(), block_of(it), "\n".into()]);
    Expr::concat([head.into()].into_iter().chain(commands))
}

/// A buildspec that runs one script, in a shell of its own, up to the first command that fails.
pub(super) fn of_script(script: &str) -> Expr<Handle> {
    let script = format!("(set -e\n{}\n)", script.trim());
    of_commands(vec![script.into()], false)
}

/// A text as a literal block of YAML, in which every character stands for itself.
fn block(text: &str, indent: usize) -> String {
    let line = format!("\n{}", " ".repeat(indent));
    format!("|{line}{}", text.trim().replace('\n', &line))
}

/// As [`block`], of a command with references.
fn block_of(command: Expr<Handle>) -> Expr<Handle> {
    const LINE: &str = "\n        ";
    let lines = |text: &str| Expr::from(text.replace('\n', LINE));
    let head = Expr::from(format!("|{LINE}"));
    match command.kind {
        ExprKind::String(text) => text![head, lines(text.trim())],
        ExprKind::Concat(parts) => {
            let last = parts.len() - 1;
            let parts = parts.into_iter().enumerate().map(|(at, part)| match &part.kind {
                ExprKind::String(text) if at == 0 => lines(text.trim_start()),
                ExprKind::String(text) if at == last => lines(text.trim_end()),
                ExprKind::String(text) => lines(text),
                _ => part,
            });
            Expr::concat([head].into_iter().chain(parts.collect::<Vec<_>>()))
        }
        kind => text![head, Expr::from(kind)],
    }
}

/// A word for the shell, in quotes if it needs them.
fn quoted(word: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "-_./+:=@".contains(it);
    if !word.is_empty() && word.chars().all(is_plain) { word.to_owned() } else { single_quoted(word) }
}

fn single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A value as JSON, which is also YAML; references stay references.
fn json(value: &Expr<Handle>) -> Expr<Handle> {
    let mut parts = Vec::new();
    write_json(value, "\n", &mut parts);
    Expr::concat(parts)
}

fn write_json(value: &Expr<Handle>, line: &str, parts: &mut Vec<Expr<Handle>>) {
    let inner = format!("{line}  ");
    match &value.kind {
        ExprKind::Absent => parts.push("null".into()),
        ExprKind::Bool(it) => parts.push(it.to_string().into()),
        ExprKind::Integer(it) => parts.push(it.to_string().into()),
        ExprKind::Float(it) => parts.push(it.to_string().into()),
        ExprKind::String(text) => parts.push(json_text(text).into()),
        ExprKind::Concat(pieces) => {
            parts.push("\"".into());
            parts.extend(pieces.iter().map(|it| match &it.kind {
                ExprKind::String(text) => {
                    let quoted = json_text(text);
                    quoted[1..quoted.len() - 1].to_owned().into()
                }
                _ => it.clone(),
            }));
            parts.push("\"".into());
        }
        ExprKind::Ref(_) | ExprKind::Id(_) | ExprKind::GetAtt(..) | ExprKind::Parameter(_) => {
            parts.extend(["\"".into(), value.clone(), "\"".into()]);
        }
        ExprKind::Object(map) if map.len() == 1 && map.keys().all(|it| is_intrinsic(it)) => {
            parts.extend(["\"".into(), value.clone(), "\"".into()]);
        }
        ExprKind::List(items) => {
            parts.push("[".into());
            for (at, item) in items.iter().enumerate() {
                parts.push(format!("{}{inner}", if at > 0 { "," } else { "" }).into());
                write_json(item, &inner, parts);
            }
            parts.push(format!("{line}]").into());
        }
        ExprKind::Object(map) => {
            parts.push("{".into());
            for (at, (key, entry)) in map.iter().enumerate() {
                parts.push(format!("{}{inner}{}: ", if at > 0 { "," } else { "" }, json_text(key)).into());
                write_json(&entry.value, &inner, parts);
            }
            parts.push(format!("{line}}}").into());
        }
    }
}

fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = r#"version: 0.2
env:
  exported-variables:
    - IMAGE
phases:
  pre_build:
    commands:
      - aws ecr get-login-password --region "$AWS_REGION" | docker login --username AWS --password-stdin "${REPOSITORY_URI%%/*}"
      - export COMMIT="$CODEBUILD_RESOLVED_SOURCE_VERSION"
      - export IMAGE="$REPOSITORY_URI:$(printf %.12s "$COMMIT")"
  build:
    commands:
      - |
        if docker manifest inspect "$IMAGE" > /dev/null 2>&1; then
          echo "$IMAGE was built before"
        else
          docker build --build-arg COMMIT --tag "$IMAGE" . && { docker push "$IMAGE" || docker manifest inspect "$IMAGE" > /dev/null; }
        fi
      - printf '[{"name":"web","imageUri":"%s"}]' "$IMAGE" > imagedefinitions.json
artifacts:
  files:
    - imagedefinitions.json
"#;

    const PLAIN_BUILD: ImageBuild<'_> = ImageBuild {
        container: Some("web"),
        context: ".",
        recipe: Recipe { file: None, target: None },
        test: None,
        arguments: Vec::new(),
    };

    #[test]
    fn builds_the_image_of_a_commit_once() {
        assert_eq!(PLAIN_BUILD.buildspec(), PLAIN);
    }

    #[test]
    fn hands_on_nothing_where_nobody_asks() {
        let build = ImageBuild { container: None, ..PLAIN_BUILD };
        let (head, _) = PLAIN.split_once("      - printf").unwrap();
        assert_eq!(build.buildspec(), head);
    }

    #[test]
    fn an_image_is_pushed_only_when_its_tests_succeed() {
        let test = Recipe { file: Some("Dockerfile.test"), target: None };
        let build = ImageBuild { test: Some(test), arguments: vec!["ZONE"], ..PLAIN_BUILD };
        let expected = PLAIN.replace(
            "docker build --build-arg COMMIT --tag",
            "docker build --build-arg COMMIT --build-arg ZONE --file Dockerfile.test --tag tests . &&\n          \
             docker run --rm tests &&\n          docker build --build-arg COMMIT --build-arg ZONE --tag",
        );
        assert_eq!(build.buildspec(), expected);
    }

    #[test]
    fn quotes_what_the_shell_would_read_otherwise() {
        let build = ImageBuild {
            context: "the shop's",
            recipe: Recipe { file: Some("docker/$x"), target: Some("release") },
            arguments: vec!["NODE_ENV", "VERSION"],
            ..PLAIN_BUILD
        };
        let text = build.buildspec();
        let command = text.lines().find(|it| it.contains("docker build")).unwrap();
        assert_eq!(
            command.trim(),
            format!(
                r#"docker build --build-arg COMMIT --build-arg NODE_ENV --build-arg VERSION --file 'docker/$x' --target release --tag "$IMAGE" 'the shop'\''s' && {PUSH}"#
            )
        );
    }

    #[test]
    fn commands_stand_for_themselves() {
        let commands = vec![
            "  pytest: -q # all\n".into(),
            text!["curl ", Expr::pseudo("AWS::Region"), "\nif true; then\n  echo yes\nfi\n"],
        ];
        let expected = text![
            "version: 0.2\nphases:\n  build:\n    commands:\n      - |\n        pytest: -q # all\n      - |\n        curl ",
            Expr::pseudo("AWS::Region"),
            "\n        if true; then\n          echo yes\n        fi\n"
        ];
        assert_eq!(of_commands(commands, false), expected);
    }

    #[test]
    fn commands_that_use_docker_are_logged_in() {
        let text = of_commands(vec!["docker run \"$IMAGE\"".into()], true);
        let expected = format!(
            "version: 0.2\nphases:\n  pre_build:\n    commands:\n      - {LOGIN}\n  build:\n    commands:\n      - |\n        docker run \"$IMAGE\"\n"
        );
        assert_eq!(text, expected.into());
    }

    #[test]
    fn a_script_ends_at_the_first_command_that_fails() {
        let expected =
            "version: 0.2\nphases:\n  build:\n    commands:\n      - |\n        (set -e\n        a\n        b\n        )\n";
        assert_eq!(of_script("a\nb\n"), expected.into());
    }

    #[test]
    fn content_becomes_json_that_keeps_its_references() {
        let content = object! {
            "version" => 0.2,
            "env" => object! { "variables" => object! { "A" => text!["\"", Expr::pseudo("AWS::Region"), "\n"] } },
            "phases" => list!["a", 1, true, Expr::pseudo("AWS::AccountId"), Expr::function("Fn::GetAZs", "")],
        };
        let expected = text![
            "{\n  \"version\": 0.2,\n  \"env\": {\n    \"variables\": {\n      \"A\": \"\\\"",
            Expr::pseudo("AWS::Region"),
            "\\n\"\n    }\n  },\n  \"phases\": [\n    \"a\",\n    1,\n    true,\n    \"",
            Expr::pseudo("AWS::AccountId"),
            "\",\n    \"",
            Expr::function("Fn::GetAZs", ""),
            "\"\n  ]\n}"
        ];
        assert_eq!(json(&content), expected);
    }
}
