//! Buildspecs that stand in the template.

use asi_constructs::kernel::{diagnostic::one_of, node::NodeKind};

use super::super::{
    document::Document,
    report::{Found, Place, Report},
    value::Value,
};
use Shape::{Any, Commands, Keys, Named, Text, Texts};

/// What a part of a buildspec has to be.
enum Shape {
    /// Anything.
    Any,
    /// A text, a number, or a yes or no.
    Text,
    /// A list of texts.
    Texts,
    /// A list of texts that are run by a shell.
    Commands,
    /// A mapping with these keys.
    Keys(&'static [(&'static str, Shape)]),
    /// A mapping with keys that the user chooses.
    Named(&'static Shape),
}

/// AWS `CodeBuild` User Guide, "Build specification reference for CodeBuild".
const BUILDSPEC: Shape = Keys(&[
    ("version", Text),
    ("run-as", Text),
    (
        "env",
        Keys(&[
            ("shell", Text),
            ("variables", Named(&Text)),
            ("parameter-store", Named(&Text)),
            ("secrets-manager", Named(&Text)),
            ("exported-variables", Texts),
            ("git-credential-helper", Text),
        ]),
    ),
    ("proxy", Keys(&[("upload-artifacts", Text), ("logs", Text)])),
    ("batch", Any),
    ("phases", Keys(&[("install", PHASE), ("pre_build", PHASE), ("build", PHASE), ("post_build", PHASE)])),
    (
        "reports",
        Named(&Keys(&[
            ("files", Texts),
            ("base-directory", Text),
            ("discard-paths", Text),
            ("file-format", Text),
        ])),
    ),
    ("artifacts", ARTIFACTS),
    ("cache", Keys(&[("key", Text), ("fallback-keys", Texts), ("action", Text), ("paths", Texts)])),
]);

const PHASE: Shape = Keys(&[
    ("run-as", Text),
    ("on-failure", Text),
    ("runtime-versions", Named(&Text)),
    ("commands", Commands),
    ("finally", Commands),
]);

const ARTIFACTS: Shape = Keys(&[
    ("files", Texts),
    ("name", Text),
    ("discard-paths", Text),
    ("base-directory", Text),
    ("exclude-paths", Any),
    ("enable-symlinks", Text),
    ("s3-prefix", Text),
    (
        "secondary-artifacts",
        Named(&Keys(&[
            ("files", Texts),
            ("name", Text),
            ("discard-paths", Text),
            ("base-directory", Text),
            ("exclude-paths", Any),
            ("enable-symlinks", Text),
            ("s3-prefix", Text),
        ])),
    ),
]);

/// `buildspec-syntax`, `buildspec-version`, `buildspec-key` and `buildspec-type`: a buildspec that the build cannot
/// read. It fails in the phase `DOWNLOAD_SOURCE` with `YAML_FILE_ERROR`, for example "Invalid buildspec phase name".
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for project in document.of_type("AWS::CodeBuild::Project") {
        let Some(properties) = document.properties(project) else { continue };
        let secondary = properties.get("SecondarySources").into_iter().flat_map(|it| it.each());
        for source in properties.get("Source").into_iter().flat_map(|it| it.branches()).chain(secondary) {
            for written in source.get("BuildSpec").iter().flat_map(Value::branches) {
                check_one(written, report);
            }
        }
    }
}

fn check_one<'t>(written: Value<'t>, report: &mut Report<'t>) {
    let Some(text) = written.embedded() else { return };
    if let Some(fault) = &text.fault {
        let is_path = written.text().is_some_and(|it| !it.contains('\n'));
        if !is_path {
            let place = Place::Within(written.site, fault.span());
            let found = Found::error(
                "buildspec-syntax",
                place,
                format!("this buildspec is no YAML: {}", fault.message),
            );
            report.add(found.help(fault.help.clone().unwrap_or_else(|| "mend the text".to_owned())));
        }
        return;
    }
    // A text alone is the path of a file.
    let Some(spec) = written.opened().filter(|it| it.known().is_some_and(|it| it.as_map().is_some())) else {
        return;
    };
    check_version(written, spec, report);
    check_shape("a buildspec", &BUILDSPEC, spec, report);
    if spec.lacks("phases") && spec.lacks("batch") {
        report.add(
            Found::warning(
                "buildspec-key",
                written.holder(),
                "this buildspec has no `phases`, and does nothing",
            )
            .help("add `phases`, with `build` and its `commands` under it"),
        );
    }
    if let Some(install) = spec.at(&["phases", "install", "runtime-versions"]) {
        check_runtimes(install, report);
    }
    for phase in ["pre_build", "build", "post_build"] {
        if let Some(phase) = spec.at(&["phases", phase])
            && let Some(key) = phase.get("runtime-versions").map(|_| phase.key("runtime-versions"))
        {
            report.add(
                Found::error("buildspec-key", key, "`runtime-versions` stands in the phase `install` only")
                    .help("move it there"),
            );
        }
    }
}

fn check_version<'t>(written: Value<'t>, spec: Value<'t>, report: &mut Report<'t>) {
    let help = "write `version: 0.2`";
    let Some(version) = spec.get("version") else {
        report.add(
            Found::error("buildspec-version", written.holder(), "this buildspec has no `version`").help(help),
        );
        return;
    };
    if let Some(text) = version.text().filter(|it| it != "0.2" && it != "0.1") {
        let message = format!("there is no version `{text}` of buildspecs");
        report.add(Found::error("buildspec-version", version, message).help(help));
    }
}

fn check_shape<'t>(what: &str, shape: &Shape, value: Value<'t>, report: &mut Report<'t>) {
    // What is written and left empty is as if it were not there.
    let Some(node) = value.known().filter(|it| it.kind != NodeKind::Null) else { return };
    let wrong = |wanted: &str, help: &str| {
        let message = format!("{what} is {wanted}, and this is {}", node.describe());
        Found::error("buildspec-type", value, message).help(help.to_owned())
    };
    match shape {
        Text if value.text().is_none() => report.add(wrong("a text", "write a text")),
        Any | Text => (),
        Texts | Commands => {
            if node.as_map().is_some() {
                report.add(wrong("a list", "write each in a line of its own, after `- `"));
            }
            for item in value.items().filter(|it| it.text().is_none()) {
                check_item(what, shape, item, report);
            }
        }
        Keys(known) => {
            if node.as_map().is_none() {
                let names: Vec<&str> = known.iter().map(|it| it.0).collect();
                report.add(wrong("a mapping", &format!("write {} under it", one_of(&names))));
            }
            for (key, _, below) in value.entries() {
                match known.iter().find(|it| it.0 == key) {
                    Some((_, shape)) => check_shape(&format!("`{key}`"), shape, below, report),
                    None => {
                        let message = format!("{what} has no key `{key}`");
                        let place = value.key(key);
                        // Of others than phases the build only does not see them.
                        let found = if what == "`phases`" {
                            Found::error("buildspec-key", place, message)
                        } else {
                            Found::warning("buildspec-key", place, message)
                        };
                        report.add(found.suggest(&key.replace('-', "_"), known.iter().map(|it| it.0)));
                    }
                }
            }
        }
        Named(shape) => {
            if node.as_map().is_none() {
                report.add(wrong("a mapping", "write `name: value` under it"));
            }
            for (key, _, below) in value.entries() {
                check_shape(&format!("`{key}`"), shape, below, report);
            }
        }
    }
}

/// An item of a list that is no text. `CodeBuild`: "Expected Commands[0] to be of string type: found subkeys instead".
fn check_item<'t>(what: &str, shape: &Shape, item: Value<'t>, report: &mut Report<'t>) {
    let Some(node) = item.known() else { return };
    let is_colon = matches!(shape, Commands) && node.as_map().is_some();
    let message = match shape {
        Commands => format!("a command is a text, and this is {}", node.describe()),
        Any | Text | Texts | Keys(_) | Named(_) => {
            format!("{what} is a list of texts, and this is {}", node.describe())
        }
    };
    let help =
        if is_colon { "quote all of it: a `: ` makes it a mapping" } else { "write a text, or take it out" };
    report.add(Found::error("buildspec-type", item, message).help(help));
}

/// `buildspec-runtime`: a runtime that no image of `CodeBuild` has. The build fails: "Unknown runtime named …". AWS
/// `CodeBuild` User Guide, "Available runtimes".
fn check_runtimes<'t>(runtimes: Value<'t>, report: &mut Report<'t>) {
    const KNOWN: &[&str] =
        &["android", "docker", "dotnet", "golang", "java", "nodejs", "php", "python", "ruby"];
    for (name, _, _) in runtimes.entries().filter(|it| !KNOWN.contains(&it.0)) {
        let found =
            Found::warning("buildspec-runtime", runtimes.key(name), format!("there is no runtime `{name}`"));
        report.add(match name {
            "node" | "node.js" => found.help("write `nodejs`"),
            "go" => found.help("write `golang`"),
            _ => found.suggest(name, KNOWN.iter().copied()),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    /// What is found in a buildspec, with `…` for its path.
    fn buildspec(text: &str) -> String {
        let text = text.replace('\n', "\n          ");
        let template = format!(
            "Resources:\n  P:\n    Type: AWS::CodeBuild::Project\n    Properties:\n      Source:\n        BuildSpec: {text}\n"
        );
        check(super::check, &template).replace("Resources/P/Properties/Source/BuildSpec", "…")
    }

    #[test]
    fn a_right_buildspec_is_right() {
        let text = "|\nversion: 0.2\nrun-as: root\nproxy:\nenv:\n  variables: {A: 1, B: yes}\n  git-credential-helper: yes\nphases:\n  \
                    install:\n    runtime-versions:\n      nodejs: 20\n  build:\n    commands:\n      - make\n      - 'echo: \
                    a'\n    finally: [true]\nartifacts:\n  files: '**/*'\n  secondary-artifacts:\n    docs:\n      files:\n        \
                    - a\ncache:\n  paths:\n    - node_modules/**/*\n";
        assert_eq!(buildspec(text), "");
        assert_eq!(buildspec("ci/build.yaml"), "");
        assert_eq!(buildspec("!Ref Spec"), "");
        assert_eq!(
            buildspec("!Sub |\nversion: ${V}\nphases:\n  build:\n    commands: ['a ${B}', \"${C}\"]\n"),
            ""
        );
    }

    #[test]
    fn points_at_the_line_in_the_text() {
        let text = "|\nversion: 0.3\nphases:\n  prebuild:\n    commands: [make]\n  build:\n    commands:\n      - echo done: \
                    yes\n      -\nartifact: {}\n";
        let expected = "\
error buildspec-version …/version 7:20: there is no version `0.3` of buildspecs
  write `version: 0.2`
error buildspec-key …/phases/prebuild 9:13: `phases` has no key `prebuild`
  did you mean `pre_build`?
error buildspec-type …/phases/build/commands/0 13:19: a command is a text, and this is a mapping
  quote all of it: a `: ` makes it a mapping
error buildspec-type …/phases/build/commands/1 14:18: a command is a text, and this is nothing
  write a text, or take it out
warning buildspec-key …/artifact 15:11: a buildspec has no key `artifact`
  did you mean `artifacts`?
";
        assert_eq!(buildspec(text), expected);
    }

    #[test]
    fn says_why_a_text_is_no_yaml() {
        let found = buildspec("|\nversion: 0.2\nphases:\n  build:\n    commands:\n      - 'echo\n");
        assert_eq!(
            found,
            "error buildspec-syntax … 11:19: this buildspec is no YAML: a quote is opened and not closed\n  close it at the end \
             of the text\n"
        );
    }

    #[test]
    fn a_buildspec_in_json_is_read_too() {
        let found = buildspec("'{\"phases\": {\"build\": {\"commands\": {\"a\": \"b\"}}}}'");
        let expected = "error buildspec-version … 6:9: this buildspec has no `version`\n  write `version: 0.2`\nerror \
                        buildspec-type …/phases/build/commands 6:55: `commands` is a list, and this is a mapping\n  write each in a \
                        line of its own, after `- `\n";
        assert_eq!(found, expected);
    }

    #[test]
    fn runtimes_are_those_there_are() {
        let found = buildspec(
            "|\nversion: 0.2\nphases:\n  install:\n    runtime-versions: {node: 20}\n    commands: [a]\n",
        );
        let expected = "warning buildspec-runtime …/phases/install/runtime-versions/node 10:34: there is no runtime \
                        `node`\n  write `nodejs`\n";
        assert_eq!(found, expected);
    }
}
