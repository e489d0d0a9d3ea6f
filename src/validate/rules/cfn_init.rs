//! What `cfn-init` is told to do on an instance.

use asi_constructs::kernel::node::{Node, NodeKind};

use super::super::{
    document::Document,
    report::{Found, Report},
    value::Value,
};

const CODE: &str = "E3009";

/// The sections of a config.
const MAPPINGS: &[&str] = &["commands", "files", "groups", "packages", "services", "sources", "users"];

/// The sections of a config whose entries have known keys.
const SECTIONS: &[(&str, &[&str])] = &[
    ("commands", &["command", "cwd", "env", "ignoreErrors", "test", "waitAfterCompletion"]),
    ("files", &["authentication", "content", "context", "encoding", "group", "mode", "owner", "source"]),
    ("groups", &["gid"]),
    ("users", &["groups", "homeDir", "uid"]),
];

/// The managers of packages and of services.
const MANAGERS: &[(&str, &[&str])] = &[
    ("packages", &["apt", "msi", "python", "rpm", "rubygems", "yum", "zypper"]),
    ("services", &["systemd", "sysvinit", "windows"]),
];

/// `E3009`: configuration that `cfn-init` does not know, so that it fails on the instance. AWS CloudFormation User
/// Guide, `AWS::CloudFormation::Init`.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for resource in document.resources.values() {
        let written = resource.node.get("Metadata").and_then(|it| it.get("AWS::CloudFormation::Init"));
        let init = written.and_then(|it| Value::new(document, document.nothing_assumed(), it));
        let Some(init) = init.filter(|it| it.known().is_some_and(|it| it.as_map().is_some())) else {
            continue;
        };
        check_sets(init, report);
        for (name, _, config) in init.entries().filter(|it| it.0 != "configSets") {
            check_config(name, config, report);
        }
    }
}

/// The sets name configs that are there.
fn check_sets<'t>(init: Value<'t>, report: &mut Report<'t>) {
    let names: Vec<&str> = init.entries().map(|it| it.0).filter(|it| *it != "configSets").collect();
    let sets = init.get("configSets");
    for (_, _, set) in sets.iter().flat_map(Value::entries) {
        for item in set.each() {
            if let Some(text) = item.text().filter(|it| !names.contains(&&**it)) {
                report.add(
                    Found::error(CODE, item, format!("there is no config `{text}`"))
                        .suggest(&text, names.iter().copied()),
                );
            }
        }
    }
}

fn check_config<'t>(name: &str, config: Value<'t>, report: &mut Report<'t>) {
    let is_map = |it: Value<'t>| it.known().is_none_or(|it| it.as_map().is_some());
    if !is_map(config) {
        let shown = config.known().map(Node::describe).unwrap_or_default();
        let message = format!("the config `{name}` is a mapping, and this is {shown}");
        report.add(
            Found::error(CODE, config, message)
                .help("write `packages`, `files`, `commands` or others under it"),
        );
    }
    for section in MAPPINGS {
        let Some(value) = config.get(section) else { continue };
        // An empty list has nothing to do either.
        let is_nothing = |it: &Node| it.kind == NodeKind::Null || it.as_list().is_some_and(<[_]>::is_empty);
        if let Some(node) = value.known().filter(|it| it.as_map().is_none() && !is_nothing(it)) {
            let message = format!("`{section}` is a mapping, and this is {}", node.describe());
            report.add(Found::error(CODE, value, message).help("write each under its own key"));
        }
    }
    for (section, known) in SECTIONS {
        for (entry, _, body) in config.get(section).iter().flat_map(Value::entries) {
            for (key, _, _) in body.entries().filter(|it| !known.contains(&it.0)) {
                let message = format!("`{entry}` of `{section}` has no key `{key}`");
                report.add(Found::error(CODE, body.key(key), message).suggest(key, known.iter().copied()));
            }
        }
    }
    for (section, known) in MANAGERS {
        let Some(section_value) = config.get(section) else { continue };
        for (key, _, _) in section_value.entries().filter(|it| !known.contains(&it.0)) {
            let message = format!("`{section}` knows no `{key}`");
            report
                .add(Found::error(CODE, section_value.key(key), message).suggest(key, known.iter().copied()));
        }
    }
    for (_, _, manager) in config.get("services").iter().flat_map(Value::entries) {
        const KNOWN: &[&str] = &["commands", "enabled", "ensureRunning", "files", "packages", "sources"];
        for (service, _, body) in manager.entries() {
            for (key, _, _) in body.entries().filter(|it| !KNOWN.contains(&it.0)) {
                let message = format!("the service `{service}` has no key `{key}`");
                report.add(Found::error(CODE, body.key(key), message).suggest(key, KNOWN.iter().copied()));
            }
        }
    }
    for (folder, _, source) in config.get("sources").iter().flat_map(Value::entries) {
        if let Some(node) = source.known().filter(|_| source.text().is_none()) {
            let message = format!("`{folder}` is filled from an archive, and this is {}", node.describe());
            report.add(Found::error(CODE, source, message).help("write the address of the archive"));
        }
    }
    for (_, _, file) in config.get("files").iter().flat_map(Value::entries) {
        check_file(file, report);
    }
    for (command, _, body) in config.get("commands").iter().flat_map(Value::entries) {
        if body.lacks("command") {
            let message = format!("`{command}` has no `command` to run");
            report.add(Found::warning("cfn-init-command", body.holder(), message).help("add `command`"));
        }
    }
}

fn check_file<'t>(file: Value<'t>, report: &mut Report<'t>) {
    if let Some(mode) = file.get("mode")
        && let Some(text) = mode.text().filter(|it| it.chars().count() != 6)
    {
        report.add(
            Found::error(CODE, mode, format!("a mode has six digits, and `{text}` has not"))
                .help("write the kind of the file first and quote it: `'000644'`"),
        );
    }
    if let Some(encoding) = file.get("encoding")
        && let Some(text) = encoding.text().filter(|it| it != "plain" && it != "base64")
    {
        report.add(
            Found::error(CODE, encoding, format!("there is no encoding `{text}`"))
                .suggest(&text, ["plain", "base64"]),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    fn init(text: &str) -> String {
        let template = format!(
            "Resources:\n  I:\n    Type: AWS::EC2::Instance\n    Metadata:\n      AWS::CloudFormation::Init:\n        {}\n",
            text.replace('\n', "\n        ")
        );
        check(super::check, &template).replace("Resources/I/Metadata/AWS::CloudFormation::Init", "…")
    }

    #[test]
    fn a_right_config_is_right() {
        let text = "configSets: {default: [a, {ConfigSet: b}], b: [a]}\na:\n  packages: {yum: {httpd: []}}\n  files: {/a: \
                    {content: !Sub '${B}', mode: '000644'}}\n  commands: {1: {command: [a, b], ignoreErrors: 'true'}}\n  services: \
                    {systemd: {httpd: {enabled: true}}}\n  sources: {/a: https://a}";
        assert_eq!(init(text), "");
    }

    #[test]
    fn a_section_is_a_mapping() {
        let expected = "error E3009 …/a/packages 7:21: `packages` is a mapping, and this is `httpd`\n  write each \
                        under its own key\nerror E3009 …/a/commands 8:21: `commands` is a mapping, and this is a list\n  \
                        write each under its own key\n";
        assert_eq!(init("a:\n  packages: httpd\n  commands: [run]\n  users: []\n  groups: !Ref B"), expected);
    }

    #[test]
    fn points_at_what_is_not_known() {
        let text = "configSets: {default: [b]}\na:\n  packages: {dnf: {httpd: []}}\n  files: {/a: {contents: x, mode: \
                    '644'}}\n  commands: {c: {cmd: a}}";
        let expected = "\
error E3009 …/configSets/default/0 6:32: there is no config `b`
  did you mean `a`?
error E3009 …/a/packages/dnf 8:22: `packages` knows no `dnf`
  use `apt`, `msi`, `python`, `rpm`, `rubygems`, `yum` or `zypper`
error E3009 …/a/files//a/contents 9:24: `/a` of `files` has no key `contents`
  did you mean `content`?
error E3009 …/a/files//a/mode 9:43: a mode has six digits, and `644` has not
  write the kind of the file first and quote it: `'000644'`
error E3009 …/a/commands/c/cmd 10:26: `c` of `commands` has no key `cmd`
  did you mean `cwd`?
warning cfn-init-command …/a/commands/c 10:22: `c` has no `command` to run
  add `command`
";
        let sorted = |text: &str| {
            let mut lines: Vec<String> = text.replace("\n  ", "|").lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(sorted(&init(text)), sorted(expected));
    }
}
