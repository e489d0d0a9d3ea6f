//! Resources that are there already, taken into a stack by what identifies them.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use asi_constructs::kernel::{
    diagnostic::Diagnostic,
    map::{Entry, Map},
    node::{Node, NodeKind},
    span::{Sources, Span},
};
use indexmap::IndexMap;
use serde_json::Value;

use super::{
    Deployable, Purpose,
    deploy::{Ask, Audience, Ending, Listeners, News, UnderWay, alone, document, sent},
    targets::Connected,
};
use crate::{
    deploy::{self, Operation, Proposed, Standing, standing},
    template::{Template, scalar},
    world::{
        Reach, World,
        aws::Aws,
        cloudformation::{ChangeSetRequest, DeployedStack, Deployment, Execute, Given, Goal, Imported, Made},
    },
};

/// What is taken into a stack.
#[derive(Clone, Debug, Default)]
pub struct Settings<'a> {
    /// How AWS is reached.
    pub reach: Reach<'a>,
    /// What identifies resources, by logical id: the name of a property, if there are several, and its value.
    pub identifiers: BTreeMap<String, Vec<(Option<String>, String)>>,
    /// The name of the change set.
    pub change_set: String,
    /// Whether yes is said to everything.
    pub yes: bool,
}

/// Takes the resources of a stack into it that are in its template, and not in what is deployed of it: those that are
/// named, or all that the template itself identifies.
pub async fn import(
    world: &World,
    stack: &Deployable,
    settings: &Settings<'_>,
    audience: &mut dyn Audience,
) -> Ending {
    let work = async |under_way: &UnderWay, audience: Listeners<'_, '_>| {
        Box::pin(attempt(world, stack, settings, under_way, audience)).await
    };
    alone(world, &stack.target.name, audience, work).await
}

async fn attempt(
    world: &World,
    stack: &Deployable,
    settings: &Settings<'_>,
    under_way: &UnderWay,
    audience: Listeners<'_, '_>,
) -> Result<Ending, Ending> {
    let name = &stack.target.name;
    let Connected { aws, .. } = stack.target.connect(world, &settings.reach, Purpose::Change).await?;
    let there = settled(&aws, name, under_way, audience).await?;
    let text = match &there {
        Some(stack) => aws.template(&stack.id).await.map_err(Ending::Aws)?,
        None => None,
    };
    let deployed = document(text.as_deref(), name, &mut Sources::default());
    let imported = imported(&stack.template, &deployed, settings).map_err(Ending::Faulty)?;
    let Some(imported) = imported else { return Err(Ending::NothingToImport) };
    let merged = Template::new(with(&deployed, &stack.template, &imported));
    let deployment = Deployment {
        template: sent(&aws, &merged).await?,
        parameters: there
            .iter()
            .flat_map(|it| it.parameters.keys())
            .map(|it| (it.clone(), Given::Previous))
            .collect(),
        tags: there.as_ref().map_or_else(IndexMap::new, |it| it.tags.clone()),
        capabilities: deploy::capabilities(&merged.body),
        role: stack.target.execution_role(&aws).or_else(|| there.as_ref()?.role.clone()),
        ..Deployment::default()
    };
    let request = ChangeSetRequest {
        stack: name,
        name: &settings.change_set,
        goal: Goal::Import,
        imports: &imported,
        deployment: &deployment,
        imports_existing: false,
        reverts_drift: false,
    };
    audience.borrow_mut().hear(name, &News::Preparing);
    let hear = |made: &Made| under_way.propose(&aws, name, made, request.goal);
    let proposed = deploy::propose(&aws, &request, hear).await;
    let made = match proposed.inspect_err(|_| under_way.settle(name)).map_err(Ending::Aws)? {
        Proposed::Ready(made, _) => made,
        Proposed::Nothing => return Err(Ending::NothingToImport),
        Proposed::Refused { reason, objections } => return Err(Ending::Refused { reason, objections }),
    };
    audience.borrow_mut().hear(name, &News::Importing(&imported));
    let question = || audience.borrow_mut().hear(name, &News::MayImport);
    let ask = (!settings.yes).then_some(Ask::Changes);
    let agreed = under_way.questions.agree(world, ask, question).await;
    under_way.settle(name);
    if let Err(ending) = agreed {
        deploy::clean_up(&aws, &made, Goal::Import).await.map_err(Ending::Aws)?;
        return Err(ending);
    }
    let operation = Operation::about_to_begin(&aws, &made.stack).await.map_err(Ending::Aws)?;
    let token = aws.execute_change_set(&made, Execute::default()).await.map_err(Ending::Aws)?;
    let steps: Vec<String> = imported.iter().map(|it| it.id.clone()).collect();
    audience.borrow_mut().hear(name, &News::Began(&steps));
    let stack = under_way.watch(&aws, name, operation.begun(token), audience).await?;
    Ok(Ending::Done(Box::new(stack)))
}

/// The stack, once nothing is under way on it any more; nothing, if there is none yet.
async fn settled(
    aws: &Aws,
    name: &str,
    under_way: &UnderWay,
    audience: Listeners<'_, '_>,
) -> Result<Option<DeployedStack>, Ending> {
    loop {
        let there = aws.stack(name).await.map_err(Ending::Aws)?;
        let Some(stack) = there.filter(|it| standing(Some(it)) != Standing::Absent) else { return Ok(None) };
        match standing(Some(&stack)) {
            Standing::Ready | Standing::Absent => return Ok(Some(stack)),
            Standing::Leftover | Standing::Paused | Standing::Stuck => {
                return Err(Ending::Stuck(stack.status));
            }
            Standing::Busy => {
                audience.borrow_mut().hear(name, &News::Busy(&stack));
                audience.borrow_mut().hear(name, &News::Began(&[]));
                match under_way.watch(aws, name, Operation::on(&stack), audience).await {
                    Ok(_) | Err(Ending::Failed { .. } | Ending::Gone) => (),
                    Err(ending) => return Err(ending),
                }
            }
        }
    }
}

/// What is to be imported, with what identifies it; nothing, if nothing new is in the template.
fn imported(
    template: &Template,
    deployed: &Node,
    settings: &Settings<'_>,
) -> Result<Option<Vec<Imported>>, Vec<Diagnostic>> {
    let section = |of: &Node| of.get("Resources").and_then(Node::as_map).cloned().unwrap_or_default();
    let (new, old) = (section(&template.body), section(deployed));
    let named = &settings.identifiers;
    let mut faults: Vec<Diagnostic> = named
        .keys()
        .filter(|id| new.get(id.as_str()).is_none())
        .map(|id| {
            let fault = Diagnostic::error("unknown-resource", format!("the template has no resource `{id}`"));
            fault.suggest(id, new.keys().map(|it| &**it))
        })
        .collect();
    let mut found = Vec::new();
    for (id, entry) in new.iter().filter(|(id, _)| old.get(&***id).is_none()) {
        if !named.is_empty() && !named.contains_key(&**id) {
            continue;
        }
        match identified(id, &entry.value, named.get(&**id)) {
            Ok(it) => found.push(it),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok((!found.is_empty()).then_some(found)) } else { Err(faults) }
}

/// A resource with what identifies it: what is given, or what stands in its properties.
fn identified(
    id: &str,
    resource: &Node,
    given: Option<&Vec<(Option<String>, String)>>,
) -> Result<Imported, Diagnostic> {
    let type_name = resource.get("Type").and_then(Node::as_str).unwrap_or_default();
    let keys = identifiers(type_name);
    let mut identifier = BTreeMap::new();
    for key in &keys {
        let is_it = |it: &&(Option<String>, String)| it.0.as_ref().is_none_or(|name| name == key);
        let given = given.into_iter().flatten().find(is_it).map(|(_, value)| value.clone());
        let written = || scalar(resource.get("Properties")?.get(key)?).map(Cow::into_owned);
        let Some(value) = given.or_else(written) else {
            let option = if keys.len() == 1 { format!("{id}=…") } else { format!("{id}:{key}=…") };
            let fault = format!("nothing says which {type_name} `{id}` is");
            let fault = Diagnostic::error("no-identifier", fault).at(resource.span);
            return Err(fault.help(format!("name its `{key}`: `--resource {option}`")));
        };
        identifier.insert(key.clone(), value);
    }
    if identifier.is_empty() {
        let fault =
            format!("{type_name} cannot be taken into a stack: its schema does not say what identifies one");
        return Err(Diagnostic::error("no-identifier", fault).at(resource.span));
    }
    Ok(Imported { id: id.to_owned(), type_name: type_name.to_owned(), identifier })
}

/// The properties that identify a resource of a type: `primaryIdentifier` of its schema.
fn identifiers(type_name: &str) -> Vec<String> {
    let schema: Option<Value> = asi_schemas::find(type_name).and_then(|it| serde_json::from_str(&it).ok());
    let pointers = schema.as_ref().and_then(|it| it["primaryIdentifier"].as_array()).into_iter().flatten();
    pointers.filter_map(|it| Some(it.as_str()?.strip_prefix("/properties/")?.to_owned())).collect()
}

/// The parameters, mappings and conditions that what is imported refers to, be it by way of others.
fn needed<'t>(template: &'t Node, imported: &[Imported]) -> BTreeSet<&'t str> {
    let of = |section: &str| template.get(section).and_then(Node::as_map).into_iter().flatten();
    let sections = ["Parameters", "Mappings", "Conditions"];
    let all: Vec<(&str, &Node)> =
        sections.into_iter().flat_map(of).map(|(name, it)| (&**name, &it.value)).collect();
    let resource = |it: &Imported| template.get("Resources")?.get(&it.id);
    let mut waiting: Vec<&Node> = imported.iter().filter_map(resource).collect();
    let mut needed = BTreeSet::new();
    while let Some(node) = waiting.pop() {
        for (name, it) in &all {
            if !needed.contains(name) && mentions(node, name) {
                needed.insert(*name);
                waiting.push(it);
            }
        }
    }
    needed
}

/// Whether a name stands somewhere as a text, or in one that others are put into.
fn mentions(node: &Node, name: &str) -> bool {
    let is_here = |it: &str| it == name || it.contains(&format!("${{{name}}}"));
    node.as_str().is_some_and(is_here) || node.children().any(|it| mentions(it, name))
}

/// The template that is deployed, with what is imported, and with what that may refer to. CloudFormation wants a policy for
/// deletion of whatever it takes in.
fn with(deployed: &Node, template: &Template, imported: &[Imported]) -> Node {
    let mut body = deployed.as_map().cloned().unwrap_or_default();
    let needed = needed(&template.body, imported);
    for name in ["Parameters", "Mappings", "Conditions"] {
        let entries = template.body.get(name).and_then(Node::as_map).into_iter().flatten();
        let section = body.entry(name.into()).or_insert_with(|| Entry::from(Node::from_iter([])));
        if let NodeKind::Map(section) = &mut section.value.kind {
            for (key, it) in entries.filter(|(key, _)| needed.contains(&***key)) {
                section.entry(key.clone()).or_insert_with(|| it.clone());
            }
        }
    }
    body.retain(|_, it| !it.value.as_map().is_some_and(Map::is_empty));
    let resources = body.entry("Resources".into()).or_insert_with(|| Entry::from(Node::from_iter([])));
    for it in imported {
        let Some(resource) = template.body.get("Resources").and_then(|all| all.get(&it.id)) else { continue };
        let mut resource = resource.clone();
        if let NodeKind::Map(attributes) = &mut resource.kind {
            let retain = || Entry::from(Node::text("Retain", Span::default()));
            attributes.entry("DeletionPolicy".into()).or_insert_with(retain);
        }
        if let NodeKind::Map(resources) = &mut resources.value.kind {
            resources.insert(it.id.clone().into(), Entry::from(resource));
        }
    }
    Node::new(NodeKind::Map(body), Span::default())
}
