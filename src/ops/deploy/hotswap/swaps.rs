//! What can be swapped: the containers of task definitions, where nothing else differs and only services of ECS run them.

use asi_constructs::kernel::node::{Node, NodeKind};

use crate::{
    diff,
    template::{Template, resource_of, resources_of},
};

/// The types that matter, and the property that is swapped.
const TASK: &str = "AWS::ECS::TaskDefinition";
const SERVICE: &str = "AWS::ECS::Service";
pub(super) const CONTAINERS: &str = "ContainerDefinitions";

/// Why containers cannot be swapped without CloudFormation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unswappable {
    /// There is no stack yet whose containers could be.
    Absent,
    /// These resources, parameters, outputs and tags differ, too.
    Others(Vec<String>),
    /// Of this task definition something takes the revision that is no service.
    Used {
        /// The task definition.
        task: String,
        /// What takes it.
        by: String,
    },
    /// No service runs this task definition.
    Unused(String),
    /// Of this task definition a value is not known: only CloudFormation can tell it.
    Unknown {
        /// The task definition.
        task: String,
        /// The value, as it is written.
        value: String,
    },
}

/// A task definition, and the services that run it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Task {
    pub(super) id: String,
    /// Whether its containers are others than those that are deployed.
    pub(super) is_changed: bool,
    /// The logical ids of the services.
    pub(super) services: Vec<String>,
}

/// The task definitions that services of the new template run. Only containers differ from the old one.
pub(super) fn tasks(old: &Template, new: &Template) -> Result<Vec<Task>, Unswappable> {
    let swapped = with_containers(old, new);
    let others = diff::diff(&swapped, new);
    let resources = others.resources.iter().map(|it| format!("{} ({})", it.id, it.type_name));
    let others: Vec<String> = resources.chain(others.entries.iter().map(|it| it.name.clone())).collect();
    if !others.is_empty() {
        return Err(Unswappable::Others(others));
    }
    let changed = diff::diff(old, &swapped).resources;
    let is_changed = |id: &str| changed.iter().any(|it| it.id == id && it.properties.is_some());
    let mut tasks = Vec::new();
    for (id, _) in of_type(&new.body, TASK) {
        let is_changed = is_changed(id);
        let services: Vec<String> = of_type(&new.body, SERVICE)
            .filter(|(_, service)| runs(service, id))
            .map(|(service, _)| service.to_owned())
            .collect();
        if is_changed {
            check_users(&new.body, id, &services)?;
        }
        if !services.is_empty() {
            tasks.push(Task { id: id.to_owned(), is_changed, services });
        }
    }
    Ok(tasks)
}

/// Reports what takes the revision of a task definition beside these services, for which there would be no other.
fn check_users(body: &Node, task: &str, services: &[String]) -> Result<(), Unswappable> {
    if services.is_empty() {
        return Err(Unswappable::Unused(task.to_owned()));
    }
    let takes_it = |(id, it): &(&str, &Node)| {
        let is_service = services.iter().any(|service| service == id);
        let properties = it.get("Properties").and_then(Node::as_map).into_iter().flatten();
        // A service may name it in a second place.
        let properties = properties.filter(|(key, _)| !(is_service && **key == "TaskDefinition"));
        *id != task && properties.into_iter().any(|(_, it)| diff::refers_to(&it.value, task))
    };
    let outputs = body.get("Outputs").and_then(Node::as_map).into_iter().flatten();
    let mut outputs = outputs.filter(|(_, it)| diff::refers_to(&it.value, task)).map(|(name, _)| &**name);
    match resources_of(body).find(takes_it).map(|(id, _)| id).or_else(|| outputs.next()) {
        Some(by) => Err(Unswappable::Used { task: task.to_owned(), by: by.to_owned() }),
        None => Ok(()),
    }
}

/// Whether a service runs the task definition of this logical id.
fn runs(service: &Node, task: &str) -> bool {
    let named = service.get("Properties").and_then(|it| it.get("TaskDefinition"));
    match named.and_then(Node::as_single) {
        Some(("Ref", it)) => it.as_str() == Some(task),
        Some(("Fn::GetAtt", it)) => {
            let parts = it.as_list().map(|it| it.iter().map(Node::as_str).collect::<Vec<_>>());
            it.as_str() == Some(&format!("{task}.TaskDefinitionArn"))
                || parts.is_some_and(|it| it == [Some(task), Some("TaskDefinitionArn")])
        }
        _ => false,
    }
}

/// The resources of a type.
fn of_type<'a>(body: &'a Node, type_name: &'a str) -> impl Iterator<Item = (&'a str, &'a Node)> {
    resources_of(body).filter(move |(_, it)| it.get("Type").and_then(Node::as_str) == Some(type_name))
}

/// The containers of a task definition.
pub(super) fn containers<'a>(template: &'a Template, task: &str) -> Option<&'a Node> {
    resource_of(&template.body, task)?.get("Properties")?.get(CONTAINERS)
}

/// The old template with the containers of the new one.
fn with_containers(old: &Template, new: &Template) -> Template {
    let mut swapped = old.clone();
    for (id, _) in of_type(&new.body, TASK) {
        let is_task = resource_of(&old.body, id).and_then(|it| it.get("Type")?.as_str()) == Some(TASK);
        let way = ["Resources", id, "Properties", CONTAINERS];
        if let Some((containers, place)) =
            containers(new, id).filter(|_| is_task).zip(inner(&mut swapped.body, &way))
        {
            place.clone_from(containers);
        }
    }
    swapped
}

/// What is under these keys, one below the other.
fn inner<'a>(node: &'a mut Node, way: &[&str]) -> Option<&'a mut Node> {
    let Some((key, rest)) = way.split_first() else { return Some(node) };
    match &mut node.kind {
        NodeKind::Map(map) => inner(&mut map.get_mut(*key)?.value, rest),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use asi_constructs::kernel::span::Sources;

    use super::*;
    use crate::load;

    const STACK: &str = "\
Resources:
  Jobs: {Type: AWS::SQS::Queue}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Cpu: '256'
      ContainerDefinitions: [{Name: web, Image: 'shop:1'}]
  Web: {Type: AWS::ECS::Service, Properties: {TaskDefinition: !Ref Task, Cluster: main}}
";

    fn template(text: &str) -> Template {
        Template::new(load::template(text, "t.yaml", &mut Sources::default()).0.unwrap())
    }

    #[track_caller]
    fn check(new: &str, expected: Result<bool, Unswappable>) {
        let found = tasks(&template(STACK), &template(new));
        let expected = expected.map(|is_changed| {
            vec![Task { id: "Task".to_owned(), is_changed, services: vec!["Web".to_owned()] }]
        });
        assert_eq!(found, expected, "{new}");
    }

    #[test]
    fn containers_can_be_swapped_where_nothing_else_differs() {
        check(STACK, Ok(false));
        check(&STACK.replace("shop:1", "shop:2"), Ok(true));
        check(&STACK.replace("Name: web", "Name: web, Command: [serve]"), Ok(true));
    }

    #[test]
    fn what_else_differs_is_named() {
        let others =
            |names: &[&str]| Err(Unswappable::Others(names.iter().map(|it| (*it).to_owned()).collect()));
        check(
            &STACK.replace("'256'", "'512'"),
            others(&["Task (AWS::ECS::TaskDefinition)", "Web (AWS::ECS::Service)"]),
        );
        check(&STACK.replace("AWS::SQS::Queue", "AWS::SNS::Topic"), others(&["Jobs (AWS::SNS::Topic)"]));
        check(&format!("{STACK}Outputs: {{A: {{Value: a}}}}\n"), others(&["A"]));
    }

    #[test]
    fn only_services_are_told_of_another_revision() {
        let check = |from: &str, to: &str, expected: Unswappable| {
            let [old, new] = ["shop:1", "shop:2"].map(|it| STACK.replace(from, to).replace("shop:1", it));
            assert_eq!(tasks(&template(&old), &template(&new)), Err(expected), "{to}");
        };
        let used = |by: &str| Unswappable::Used { task: "Task".to_owned(), by: by.to_owned() };
        check("SQS::Queue}", "SQS::Queue, Properties: {QueueName: !Ref Task}}", used("Jobs"));
        check("Cluster: main", "Cluster: !Ref Task", used("Web"));
        check("!Ref Task,", "'task:1',", Unswappable::Unused("Task".to_owned()));
    }
}
