//! The script that an instance runs when it first starts.

use crate::kernel::prelude::*;

/// What EC2 takes, before it is encoded.
const LONGEST: usize = 16 * 1024;

/// What the agent of ECS is told, beside the name of its cluster. Amazon ECS Developer Guide, "Container agent
/// configuration".
const SETTINGS: [&str; 4] = [
    // Tasks have roles of their own, in whatever network mode.
    "ECS_ENABLE_TASK_IAM_ROLE=true",
    "ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST=true",
    // Logs are written with the role that ECS starts a task with, not with that of the instance.
    "ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true",
    // Tasks with addresses of their own do not reach the metadata of the instance, where its role is to be had; those
    // on the bridge are kept from it by the hop limit.
    "ECS_AWSVPC_BLOCK_IMDS=true",
];

/// Reports lines that keep an instance from joining, or give away a password.
pub(super) fn check(lines: &[Text], faults: &mut Vec<Diagnostic>) {
    for line in lines {
        let Some(text) = line.literal() else { continue };
        let fault = |message: &str, help: &str| Diagnostic::error("user-data", message).at(line.span()).help(help);
        if text.starts_with("#!") {
            faults.push(fault("the script has its first line already", "remove the line: bash runs the script"));
        }
        let starts_agent = ["start ecs", "restart ecs"].iter().any(|it| text.contains(it));
        if starts_agent && !text.contains("--no-block") {
            faults.push(fault(
                "the agent of ECS starts when the script has ended, and the script would wait for it for ever",
                "remove the line: the agent starts by itself",
            ));
        }
        if text.contains("ECS_ENGINE_AUTH_DATA") {
            faults.push(fault(
                "whoever may read the template could read the password of the registry",
                "keep it in Secrets Manager, and name the secret with the container that is pulled",
            ));
        }
    }
    let length: usize = lines.iter().filter_map(|it| Some(it.literal()?.len() + 1)).sum();
    if let Some(last) = lines.last().filter(|_| length > LONGEST) {
        faults.push(
            Diagnostic::error("user-data", format!("a script of {length} bytes is longer than EC2 takes: {LONGEST}"))
                .at(last.span())
                .help("keep the script in S3, and have it fetched"),
        );
    }
}

/// The script by which an instance joins `cluster`, with what the user adds.
pub(super) fn script(scope: &mut Scope<'_>, cluster: Handle, lines: &[Text]) -> Expr<Handle> {
    const FILE: &str = " >> /etc/ecs/ecs.config\n";
    let joins = text!["#!/bin/bash\necho ECS_CLUSTER=", cluster.reference(), FILE];
    let settings = SETTINGS.iter().map(|it| format!("echo {it}{FILE}").into());
    let added: Vec<Expr<Handle>> = lines.iter().map(|it| text![scope.text(it), "\n"]).collect();
    Expr::function("Fn::Base64", Expr::concat([joins].into_iter().chain(settings).chain(added)))
}
