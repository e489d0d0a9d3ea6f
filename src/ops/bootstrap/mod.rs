//! An account and a region made ready for deployments: a stack with a bucket for files, a repository for images, and
//! roles, by the names that the AWS CDK has for them, so that either tool finds and updates what the other made.

mod template;

use std::collections::BTreeMap;

use asi_constructs::kernel::{diagnostic::Diagnostic, node::Node};

pub use template::{Blueprint, version};

use super::{
    Deployable, Purpose, Target,
    deploy::{self, Approval, Audience, Ending, Method},
    targets::Connected,
};
use crate::{
    deploy::{Standing, standing},
    template::{Template, scalar},
    world::{Reach, World, cloudformation::DeployedStack},
};

/// The name of the stack, unless another is chosen.
pub const STACK: &str = "CDKToolkit";

/// The parameters that this module has something to say about.
const POLICIES: &str = "CloudFormationExecutionPolicies";
const TRUSTED: &str = "TrustedAccounts";
const TRUSTED_FOR_LOOKUP: &str = "TrustedAccountsForLookup";
const VARIANT: &str = "BootstrapVariant";

/// What CloudFormation may do with its role where nobody says what it may.
///
/// It is the CDK's default, and whoever comes from there has stacks that need it. The CDK grants it in the template, where
/// nobody sees it; here it is a value of a parameter, which is told before anybody is asked, and can be another.
const ADMINISTRATOR: &str = "arn:${AWS::Partition}:iam::aws:policy/AdministratorAccess";

/// How an account and a region are made ready.
#[derive(Clone, Debug, Default)]
pub struct Settings<'a> {
    /// How AWS is reached.
    pub reach: Reach<'a>,
    /// The name of the stack.
    pub stack: &'a str,
    /// Values of parameters; others keep the one they have.
    pub parameters: BTreeMap<String, String>,
    /// Accounts that are trusted no more.
    pub untrusted: Vec<String>,
    /// Tags; if there are none, those that the stack has.
    pub tags: BTreeMap<String, String>,
    /// Whether the stack cannot be deleted from then on; as it is, if not said.
    pub protects: Option<bool>,
    /// Whether it is done even where nothing differs, or something newer or something of others is there.
    pub is_forced: bool,
    /// Whether the change set is left to be executed by somebody else.
    pub prepares: bool,
    /// Whether yes is said to everything.
    pub yes: bool,
}

impl Settings<'_> {
    /// Whether the stack is to be another one than it is.
    fn asks_for_something(&self) -> bool {
        !self.parameters.is_empty()
            || !self.untrusted.is_empty()
            || !self.tags.is_empty()
            || self.protects.is_some()
    }
}

/// What would become of an account and a region.
#[derive(Clone, Debug)]
pub struct Prospect {
    /// The stack, and where it is.
    pub target: Target,
    /// The version that is there; nothing, if there is none.
    pub has: Option<u64>,
    /// The version of the template.
    pub brings: Option<u64>,
    /// What is to be done.
    pub verdict: Verdict,
    /// The values of parameters.
    pub parameters: BTreeMap<String, String>,
    /// The stack as it is.
    deployed: Option<DeployedStack>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: what is there is as new as what would come.
    Current,
    /// Nothing: what is there is newer.
    Newer,
    /// It is deployed.
    Deploys,
}

impl Prospect {
    /// The policies by which CloudFormation deploys, if the template leaves them open.
    pub fn policies(&self) -> Option<&str> {
        self.parameters.get(POLICIES).map(String::as_str)
    }

    /// Whether nobody has named these policies.
    pub fn is_by_default(&self, settings: &Settings<'_>) -> bool {
        let has = self.deployed.as_ref().and_then(|it| it.parameters.get(POLICIES));
        !settings.parameters.contains_key(POLICIES) && has.is_none_or(String::is_empty)
    }

    /// The accounts that may deploy there.
    pub fn trusted(&self) -> Option<&str> {
        self.parameters.get(TRUSTED).map(String::as_str).filter(|it| !it.is_empty())
    }
}

/// The account and the region that `ACCOUNT/REGION` names; `aws://` may stand before it, as the CDK has it.
pub fn place(text: &str) -> Result<Target, Diagnostic> {
    let is_account = |it: &str| it.len() == 12 && it.bytes().all(|it| it.is_ascii_digit());
    let is_region = |it: &str| {
        it.contains('-') && it.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
    };
    match text.strip_prefix("aws://").unwrap_or(text).split_once('/') {
        Some((account, region)) if is_account(account) && is_region(region) => Ok(Target {
            account: Some(account.to_owned()),
            region: Some(region.to_owned()),
            ..Target::any(STACK)
        }),
        _ => {
            let fault = format!("`{text}` names no account and region");
            Err(Diagnostic::error("bootstrap-place", fault)
                .help("write both, as in `123456789012/eu-west-1`"))
        }
    }
}

/// Looks at what there is in the account and the region of `target`, and says what would become of it with `template`.
pub async fn look(
    world: &World,
    target: &Target,
    template: &Template,
    settings: &Settings<'_>,
) -> Result<Prospect, Ending> {
    let Connected { aws, .. } = target.connect(world, &settings.reach, Purpose::Look).await?;
    let account = match &target.account {
        Some(account) => account.clone(),
        None => aws.caller().await.map_err(Ending::Aws)?.account,
    };
    let region = Some(aws.region().to_owned());
    let target = Target { region, account: Some(account), name: settings.stack.to_owned(), ..target.clone() };
    let there = aws.stack(settings.stack).await.map_err(Ending::Aws)?;
    let deployed = there.filter(|it| !matches!(standing(Some(it)), Standing::Absent | Standing::Leftover));
    let output = |it: &DeployedStack| it.outputs.iter().find(|it| it.key == "BootstrapVersion").cloned();
    // One of the time before there were versions is older than all that have one.
    let has = deployed.as_ref().map(|it| output(it).and_then(|it| it.value.parse().ok()).unwrap_or(0));
    let brings = version(template);
    let is_newer = has > brings && !settings.is_forced;
    let is_current = has.is_some() && has == brings && !settings.is_forced;
    let verdict = match () {
        () if is_newer && settings.asks_for_something() => {
            return Err(Ending::Faulty(vec![newer(&target, has, brings)]));
        }
        () if is_newer => Verdict::Newer,
        () if is_current && !settings.asks_for_something() => Verdict::Current,
        () => Verdict::Deploys,
    };
    if let Some(deployed) = deployed.as_ref().filter(|_| verdict == Verdict::Deploys && !settings.is_forced) {
        check_variant(&target, deployed, template)?;
    }
    let mut parameters = kept(deployed.as_ref(), template);
    parameters.extend(settings.parameters.clone());
    trust(&mut parameters, &settings.untrusted);
    let administrator = target.filled(ADMINISTRATOR, &aws);
    if verdict == Verdict::Deploys && declares(template, POLICIES) {
        grant(&mut parameters, settings, administrator).map_err(|it| Ending::Faulty(vec![it]))?;
    }
    Ok(Prospect { target, has, brings, verdict, parameters, deployed })
}

/// Deploys what was looked at.
pub async fn bootstrap(
    world: &World,
    prospect: &Prospect,
    blueprint: &Blueprint,
    settings: &Settings<'_>,
    audience: &mut dyn Audience,
) -> Ending {
    let deployed = prospect.deployed.as_ref();
    let mut template = blueprint.template.clone();
    if let Some(deployed) = deployed.filter(|_| settings.tags.is_empty()) {
        template.tags.clone_from(&deployed.tags);
    }
    let values = prospect.parameters.iter().map(|(name, value)| (None, name.clone(), value.clone()));
    let how = deploy::Settings {
        method: if settings.prepares { Method::Prepare } else { Method::ChangeSet },
        change_set: "asi-bootstrap".to_owned(),
        // Who is trusted with what stands in parameters, of which no template tells whether more is allowed.
        approval: Approval::AnyChange,
        yes: settings.yes,
        parameters: values.collect(),
        tags: settings.tags.clone(),
        protects: settings.protects,
        // The bucket and the repository outlive the stack, and are there when it comes back.
        imports_existing: deployed.is_none(),
        is_forced: settings.is_forced,
        profile: settings.reach.profile.map(str::to_owned),
        region: settings.reach.region.map(str::to_owned),
        ..deploy::Settings::default()
    };
    let stack = Deployable::new(prospect.target.clone(), template, false);
    let endings = deploy::deploy(world, &[stack], &blueprint.sources, &how, audience).await;
    let (_, ending) = endings.into_iter().next().expect("one stack ends in one way");
    ending
}

/// The values that a stack has for the parameters of a template; whose template it was is not kept.
fn kept(deployed: Option<&DeployedStack>, template: &Template) -> BTreeMap<String, String> {
    let has = deployed.into_iter().flat_map(|it| &it.parameters);
    let kept = has.filter(|(name, _)| *name != VARIANT && declares(template, name));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Takes accounts from those that are trusted.
fn trust(parameters: &mut BTreeMap<String, String>, untrusted: &[String]) {
    for name in [TRUSTED, TRUSTED_FOR_LOOKUP] {
        let Some(value) = parameters.get_mut(name) else { continue };
        let accounts = value.split(',').filter(|it| !untrusted.iter().any(|other| other == it));
        *value = accounts.collect::<Vec<_>>().join(",");
    }
}

/// Says by which policies CloudFormation deploys, where nobody has said that.
fn grant(
    parameters: &mut BTreeMap<String, String>,
    settings: &Settings<'_>,
    administrator: String,
) -> Result<(), Diagnostic> {
    let is_named = parameters.get(POLICIES).is_some_and(|it| !it.is_empty());
    if is_named || settings.parameters.contains_key(POLICIES) {
        return Ok(());
    }
    if let Some(accounts) = parameters.get(TRUSTED).filter(|it| !it.is_empty()) {
        let fault = format!("{accounts} would deploy here, and nothing says what CloudFormation may do then");
        return Err(Diagnostic::error("no-execution-policies", fault).help(
            "name policies, `--cloudformation-execution-policies arn:aws:iam::aws:policy/PowerUserAccess`",
        ));
    }
    parameters.insert(POLICIES.to_owned(), administrator);
    Ok(())
}

/// Says no to a stack of others, which this template would make another one of.
fn check_variant(target: &Target, deployed: &DeployedStack, template: &Template) -> Result<(), Ending> {
    let ours = declared(template, VARIANT).and_then(|it| scalar(it.get("Default")?));
    // The first that said so were all of one kind.
    let theirs = deployed.parameters.get(VARIANT).map(String::as_str);
    match (theirs, ours) {
        (Some(theirs), Some(ours)) if theirs != ours => {
            let fault =
                format!("`{}` is of another kind, `{theirs}`, and would become `{ours}`", target.name);
            Err(Ending::Faulty(vec![Diagnostic::error("bootstrap-variant", fault).help(
                "take the template that it was made with, `--template FILE`, or overwrite it with `--force`",
            )]))
        }
        _ => Ok(()),
    }
}

fn newer(target: &Target, has: Option<u64>, brings: Option<u64>) -> Diagnostic {
    let number = |it: Option<u64>| it.map_or("none".to_owned(), |it| it.to_string());
    let fault = format!(
        "`{}` has version {}, which the template of version {} would take back",
        target.name,
        number(has),
        number(brings)
    );
    Diagnostic::error("bootstrap-newer", fault)
        .help("change it with what made it, or take it back with `--force`")
}

fn declares(template: &Template, parameter: &str) -> bool {
    declared(template, parameter).is_some()
}

fn declared<'a>(template: &'a Template, parameter: &str) -> Option<&'a Node> {
    template.body.get("Parameters")?.get(parameter)
}
