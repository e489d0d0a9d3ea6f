//! What to say of a deployment that did not end well: what is wrong, which line it comes from, and what to do.

use asi_constructs::kernel::{
    diagnostic::Diagnostic,
    id::{ConstructPath, LogicalId},
    node::Node,
    span::Span,
};

use super::{aws, deploy, services};
use crate::{
    deploy::{Cause, LARGEST_BODY, LARGEST_TEMPLATE, Trouble, Unmade},
    ops::{
        Deployable,
        contents::Holder,
        deploy::{Ask, Ending, Unpublished, Unswappable},
    },
    world::cloudformation::{DeployedStack, Known, Objection},
};

/// What is wrong; nothing, if it ended well.
///
/// `of` is what the stack was synthesized to, if it was; `command` is what was run, as one would type it again.
pub fn faults(ending: &Ending, name: &str, of: Option<&Deployable>, command: &str) -> Vec<Diagnostic> {
    let one = match ending {
        Ending::NoBucket { .. } | Ending::NotBootstrapped { .. } | Ending::Unpublished { .. } => {
            missing(ending, name)
        }
        Ending::Unchanged(_)
        | Ending::Prepared(_)
        | Ending::Done(_)
        | Ending::Swapped(_)
        | Ending::Recovered(_)
        | Ending::Gone => {
            return Vec::new();
        }
        Ending::Faulty(faults) => return faults.clone(),
        Ending::Failed { stack, causes, objections, troubles } => {
            let mut faults: Vec<Diagnostic> = objections.iter().map(|it| objection(of, it)).collect();
            // It says no more than that there are these.
            let causes = if faults.is_empty() { causes.as_slice() } else { &[] };
            faults.extend(failed(name, of, stack.as_deref(), causes, troubles));
            return faults;
        }
        Ending::Unsteady(troubles) => return troubles.iter().flat_map(|it| unsteady(of, it)).collect(),
        Ending::Unswappable(why) => unswappable(name, why),
        Ending::Refused { reason, objections } => return refused(name, of, reason, objections),
        Ending::Aws(error) => aws::diagnostic(error),
        Ending::Declined => {
            Diagnostic::error("no-consent", format!("`{name}` stays as it is: nobody said yes"))
        }
        Ending::Undecided(ask) => undecided(name, *ask, command),
        Ending::NotApproved(names) => not_approved(name, names),
        Ending::NoChangeSet => {
            Diagnostic::error("no-change-set", format!("`{name}` has no change set of this name"))
                .help("make one with `asi deploy --method prepare-change-set`")
        }
        Ending::Outdated => {
            let fault = format!("the change set of `{name}` cannot be executed any more");
            Diagnostic::error("outdated-change-set", fault)
                .help("make a new one with `asi deploy --method prepare-change-set`, and look at it again")
        }
        Ending::Stuck(status) => {
            let fault = format!("`{name}` is in {status}, from which no deployment can begin");
            let paused = [Known::CreateFailed, Known::UpdateFailed].map(Some).contains(&status.known());
            let help = if paused {
                "go on from where it failed with `--no-rollback`, or turn it back with `asi rollback`"
            } else {
                "`asi recover` says what can be done, and does it"
            };
            Diagnostic::error("stack-stuck", fault).help(help)
        }
        Ending::TooLarge(bytes) => {
            let fault = format!(
                "the template of `{name}` has {bytes} bytes, and CloudFormation takes {LARGEST_TEMPLATE}"
            );
            Diagnostic::error("template-too-large", fault).help("split the stack with `stacks:`")
        }
        Ending::WrongAccount { bound, given } => {
            let fault = format!("`{name}` belongs to account {bound}, and the credentials are for {given}");
            Diagnostic::error("wrong-account", fault).help("name another profile with `--profile`")
        }
        Ending::WrongRegion { bound, given } => {
            let fault = format!("`{name}` belongs to {bound}, and `--region` says {given}");
            Diagnostic::error("wrong-region", fault)
                .help("leave out `--region`, or choose another environment")
        }
        Ending::NothingToImport => {
            let fault = format!("the template of `{name}` has no resource that is not in it already");
            Diagnostic::error("no-import", fault)
                .help("write the resources under `resources:` first, as they are")
        }
        Ending::Protected => {
            let fault = format!("`{name}` is protected from being deleted");
            Diagnostic::error("protected", fault)
                .help(format!(
                    "allow it with `asi deploy --no-protect`, or where no stack file has it with `aws cloudformation \
                     update-termination-protection --no-enable-termination-protection --stack-name {name}`, and delete it then"
                ))
        }
        Ending::Holding(holders) => {
            return holders.iter().map(|it| holding(name, of, it, command)).collect();
        }
        Ending::NoWay { status, way } => {
            let fault = format!("`{name}` is in {status}, from where `{}` leads nowhere", way.name());
            Diagnostic::error("no-way", fault).help("`asi recover` says what can be done")
        }
        Ending::Skipped(first) => {
            let fault = format!("`{name}` stays as it is: `{first}` comes before it, and did not end well");
            Diagnostic::error("needs-stack", fault).help("mend that one, and run the same command again")
        }
        Ending::Stopped | Ending::Abandoned | Ending::LeftSwapping | Ending::Left => left(ending, name),
    };
    vec![one]
}

/// What is not where the deployment reads it.
fn missing(ending: &Ending, name: &str) -> Diagnostic {
    match ending {
        Ending::NoBucket { bucket, bytes } => {
            let fault = format!(
                "the template of `{name}` has {bytes} bytes, of which only {LARGEST_BODY} can be sent along, and \
                     there is no bucket `{bucket}` to put it into"
            );
            Diagnostic::error("no-bucket", fault)
                    .help("make it once for each account and region, with `asi bootstrap`, or split the stack with `stacks:`")
        }
        Ending::NotBootstrapped { needed, has } => {
            let has = has.map_or("is not bootstrapped".to_owned(), |it| format!("has version {it}"));
            let fault = format!(
                "`{name}` needs version {needed} of what `asi bootstrap` makes, and its account {has}"
            );
            Diagnostic::error("not-bootstrapped", fault)
                .help("run `asi bootstrap` once for each account and region")
        }
        Ending::Unpublished { asset, why } => unpublished(name, asset, why),
        _ => unreachable!("only what is missing"),
    }
}

/// A file or an image that is not where a deployment would read it.
fn unpublished(name: &str, asset: &str, why: &Unpublished) -> Diagnostic {
    let message = format!("`{name}` needs `{asset}`, and {why}");
    let bootstrap = "run `asi bootstrap` once for each account and region";
    match why {
        Unpublished::File(_) | Unpublished::Unpacked(_) => Diagnostic::error("assets", message),
        Unpublished::NoBucket(_) => Diagnostic::error("no-bucket", message).help(bootstrap),
        Unpublished::NoRepository(_) => Diagnostic::error("no-registry", message).help(bootstrap),
        Unpublished::ForeignBucket(..) => Diagnostic::error("foreign-bucket", message).help(
            "find out who made a bucket of this name: what is put there is in somebody else's hands; or bootstrap with \
             another qualifier",
        ),
        Unpublished::NoDocker(_) => Diagnostic::error("no-docker", message)
            .help("install docker, or name another program that takes its commands, such as podman, in `CDK_DOCKER`"),
        Unpublished::NoDaemon(_) => Diagnostic::error("no-docker", message).help("start it, and run the same command again"),
        Unpublished::Program(_) => Diagnostic::error("assets", message).help("look at what the assembly says of it, under `executable`"),
        Unpublished::Failed { said, .. } => {
            let said = if said.is_empty() { String::new() } else { format!(":\n{said}") };
            let fault = Diagnostic::error("asset-build", message + &said);
            fault.help("mend what it says, and run the same command again: what is there already is not made again")
        }
        Unpublished::Silent(_) => {
            Diagnostic::error("asset-build", message).help("have it print the path of the file, or the name of the image, and nothing else")
        }
        Unpublished::Aws(error) => aws::diagnostic(error),
    }
}

/// Something that is deleted only when it is empty, and is not.
fn holding(name: &str, of: Option<&Deployable>, it: &Holder, command: &str) -> Diagnostic {
    let holder = deploy::holder(it);
    let fault = format!(
        "`{name}` stays as it is: {holder} holds something, and CloudFormation deletes only what is empty"
    );
    let fault = Diagnostic::error("not-empty", fault).help(format!(
        "have all of it deleted for good, `{command} --empty {}`, or empty it yourself",
        it.id
    ));
    placed(fault, of, &it.id, None)
}

/// A service that did not come up with other containers: why, and what to do.
fn unsteady(of: Option<&Deployable>, it: &Trouble) -> Vec<Diagnostic> {
    let mut faults = services::trouble(of, it);
    let fault = format!("`{}` does not come up with these containers", it.name);
    let fault = Diagnostic::error("hotswap-failed", fault).help(
        "mend them, and run the same command again; or `asi deploy`, which has CloudFormation turn it back if it fails",
    );
    faults.push(placed(fault, of, &it.event.logical_id, None));
    faults
}

fn unswappable(name: &str, why: &Unswappable) -> Diagnostic {
    let fault = format!("`{name}` cannot be hotswapped: {}", deploy::unswappable(why));
    Diagnostic::error("not-swappable", fault)
        .help("deploy it without `--hotswap`, or with `--hotswap-fallback`, which does that where it has to")
}

/// How a stack is that somebody has left.
fn left(ending: &Ending, name: &str) -> Diagnostic {
    match ending {
        Ending::Stopped => {
            Diagnostic::error("no-consent", format!("`{name}` stays as it is: the run was stopped"))
        }
        Ending::Abandoned => {
            let fault =
                format!("`{name}` stays as it is, but its change set may be left: the run was ended at once");
            Diagnostic::error("no-consent", fault)
                .help("run the same command again: it takes the place of that one")
        }
        Ending::LeftSwapping => {
            let fault = format!("nobody watches the services of `{name}` any more; ECS goes on");
            Diagnostic::error("left-running", fault)
                .help("run the same command again, or look at the services in the console of ECS")
        }
        Ending::Left => {
            let fault = format!("nobody watches `{name}` any more; CloudFormation goes on");
            Diagnostic::error("left-running", fault).help("run the same command again to watch it to its end")
        }
        _ => unreachable!("only what was left"),
    }
}

fn not_approved(name: &str, names: &[String]) -> Diagnostic {
    const MOST: usize = 10;
    let more = match names.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let names = names[..names.len().min(MOST)].join("`, `");
    let fault = format!("`{name}` stays as it is: nobody has approved what changes `{names}`{more}");
    Diagnostic::error("not-approved", fault)
        .help("look at it with `asi review`, and give the fingerprint that it ends with")
}

fn undecided(name: &str, ask: Ask, command: &str) -> Diagnostic {
    let why = match ask {
        Ask::Destroys => "something goes or may be replaced",
        Ask::Broadens => "more is allowed than before",
        Ask::Changes => "something changes",
        Ask::Deletes => "all of it goes",
    };
    let fault = format!("`{name}` stays as it is: {why}, and nobody is here to say yes");
    Diagnostic::error("no-consent", fault).help(format!("say yes: `{command} --yes`"))
}

/// What failed first, then how the stack was left.
fn failed(
    name: &str,
    of: Option<&Deployable>,
    stack: Option<&DeployedStack>,
    causes: &[Cause],
    troubles: &[Trouble],
) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    let is_of = |it: &Trouble, cause: &Cause| it.event.id == cause.event.id;
    for it in causes {
        faults.push(cause(of, it));
        let known = troubles.iter().filter(|trouble| is_of(trouble, it));
        faults.extend(known.flat_map(|it| services::trouble(of, it)));
    }
    // What was broken off because something else failed, or because somebody said so, had its own troubles perhaps.
    let others = troubles.iter().filter(|trouble| !causes.iter().any(|it| is_of(trouble, it)));
    faults.extend(others.flat_map(|it| services::trouble(of, it)));
    let (left, help) = match stack.and_then(|it| Some((it, it.status.known()?))) {
        None => (format!("`{name}` is gone"), "mend what failed, and run the same command again"),
        Some((stack, status)) => (
            format!("`{name}` is in {}", stack.status),
            match status {
                Known::RollbackComplete => {
                    "mend what failed, and deploy again: nothing of the stack is left but its name, which goes then"
                }
                Known::UpdateRollbackComplete | Known::ImportRollbackComplete => {
                    "it is what it was before: mend what failed, and run the same command again"
                }
                Known::CreateFailed | Known::UpdateFailed => {
                    "mend what failed, and go on with `--no-rollback`, or turn it back with `asi rollback`"
                }
                Known::CreateComplete | Known::UpdateComplete | Known::ImportComplete => {
                    "mend that, and run the same command again"
                }
                _ => "`asi recover` says what can be done, and does it",
            },
        ),
    };
    let reason = stack.and_then(|it| it.reason.as_ref()).filter(|_| causes.is_empty());
    let left = reason.map_or(left.clone(), |it| format!("{left}: {it}"));
    faults.push(Diagnostic::error("deployment-failed", left).help(help));
    faults
}

/// Something that made an operation fail, at what made it.
pub(super) fn cause(of: Option<&Deployable>, cause: &Cause) -> Diagnostic {
    let event = &cause.event;
    let does = match event.status.as_str().split('_').next() {
        Some("CREATE") => "could not be made",
        Some("DELETE") => "could not be deleted",
        Some("IMPORT") => "could not be taken into the stack",
        _ => "could not be changed",
    };
    let back = if cause.is_of_rollback { " on the way back" } else { "" };
    let reason = event.reason.as_deref().unwrap_or("CloudFormation does not say why");
    let fault = format!("`{}` ({}) {does}{back}: {reason}", cause.path, event.type_name);
    // Of what is in a nested stack, the stack file has only that.
    let written = cause.path.split('/').next().unwrap_or_default();
    placed(Diagnostic::error("resource-failed", fault), of, written, None)
}

fn refused(
    name: &str,
    of: Option<&Deployable>,
    reason: &Unmade,
    objections: &[Objection],
) -> Vec<Diagnostic> {
    let reason = match reason {
        Unmade::Said(reason) => reason,
        Unmade::Unsaid => "CloudFormation does not say why",
        Unmade::Deleted => "somebody has deleted the change set",
        Unmade::Empty => "the template has no resources that would be made",
    };
    let fault = format!("CloudFormation makes no change set of `{name}`: {reason}");
    let mut faults = vec![Diagnostic::error("change-set-refused", fault)];
    faults.extend(objections.iter().map(|it| objection(of, it)));
    faults
}

/// What CloudFormation found wrong before it touched anything.
fn objection(of: Option<&Deployable>, it: &Objection) -> Diagnostic {
    let at = it.path.as_ref().map(|it| format!(" at {it}")).unwrap_or_default();
    let by = it.by.as_ref().map(|it| format!(" ({it})")).unwrap_or_default();
    let fault = Diagnostic::error("change-set-refused", format!("{}{at}{by}", it.reason));
    match &it.logical_id {
        Some(id) => placed(fault, of, id, it.path.as_deref()),
        None => fault,
    }
}

/// Points at what made a resource, or at the part of it that a JSON pointer names; and names the construct that did.
pub(super) fn placed(
    fault: Diagnostic,
    of: Option<&Deployable>,
    id: &str,
    pointer: Option<&str>,
) -> Diagnostic {
    let Some(of) = of else { return fault };
    let resource = of.template.body.get("Resources").and_then(|it| it.get(id));
    let path = LogicalId::checked(id).ok().and_then(|it| of.template.paths.get(&it));
    // What a resource is called below its construct says nothing to who wrote the construct.
    let path = path.map(|it| it.strip_suffix("/Resource").or(it.strip_suffix("/Default")).unwrap_or(it));
    let fault = fault.at(resource.map(|it| narrowest(it, pointer)).unwrap_or_default());
    match path.filter(|it| *it != id) {
        Some(path) => fault.within(&path.split('/').fold(ConstructPath::default(), |path, id| path.join(id))),
        None => fault,
    }
}

/// The innermost part of a resource on the way of a JSON pointer that is written.
fn narrowest(resource: &Node, pointer: Option<&str>) -> Span {
    let mut span = resource.written();
    let mut node = resource.get("Properties");
    let way = pointer.and_then(|it| it.split_once("Properties/")).map_or("", |it| it.1);
    for key in way.split('/') {
        node = node.and_then(|it| it.get(key));
        span = node.map(Node::written).filter(|it| it.is_written()).unwrap_or(span);
    }
    span
}
