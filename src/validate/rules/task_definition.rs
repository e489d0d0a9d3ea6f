//! The containers of an ECS task definition, and what they share.

use super::super::{
    document::Document,
    report::{Found, Report},
    value::Value,
};

/// What Amazon ECS refuses when it registers a task definition, or what never starts. Source: "Amazon ECS task
/// definition parameters" in the Amazon ECS Developer Guide, and the errors of `RegisterTaskDefinition`.
///
/// - `container-name`: two containers of one name.
/// - `unknown-volume`: a mount point of a volume the task does not have.
/// - `unknown-container`: a dependency on a container the task does not have.
/// - `container-dependency`: a dependency that cannot be met.
/// - `task-size`: containers that are larger than their task.
/// - `container-memory`: a container whose memory nothing says, or says in contradiction.
/// - `execution-role`: something that needs an execution role, where there is none.
/// - `E3053`: a host port that is not the container's, where both are the same.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for resource in document.of_type("AWS::ECS::TaskDefinition") {
        for task in document.views(resource) {
            let Some(containers) = task.get("ContainerDefinitions").and_then(|it| it.known_items()) else {
                continue;
            };
            check_names(&containers, report);
            check_volumes(&task, &containers, report);
            check_dependencies(&containers, report);
            check_sizes(&task, &containers, report);
            check_role(&task, &containers, report);
            check_ports(&task, &containers, report);
        }
    }
}

/// The name of a container.
fn name<'t>(container: &Value<'t>) -> Option<std::borrow::Cow<'t, str>> {
    container.get("Name")?.text()
}

fn check_names<'t>(containers: &[Value<'t>], report: &mut Report<'t>) {
    let named: Vec<_> = containers.iter().filter_map(|it| it.get("Name")).collect();
    for (at, name) in named.iter().enumerate() {
        if let Some(first) = named[..at].iter().find(|it| it.is_same(name)) {
            let text = name.text().map_or_else(|| "this name".to_owned(), |it| format!("the name `{it}`"));
            let found = Found::error("duplicate-container", *name, format!("two containers have {text}"));
            report.add(found.help("give each container of a task its own name").and(*first, "the first"));
        }
    }
}

fn check_volumes<'t>(task: &Value<'t>, containers: &[Value<'t>], report: &mut Report<'t>) {
    let volumes = match task.get("Volumes") {
        Some(volumes) => {
            let Some(items) = volumes.known_items() else { return };
            let names: Option<Vec<_>> = items.iter().map(|it| it.get("Name")?.text()).collect();
            let Some(names) = names else { return };
            names
        }
        None => Vec::new(),
    };
    for mount in containers.iter().filter_map(|it| it.get("MountPoints")).flat_map(|it| it.items()) {
        let Some((place, volume)) = mount.get("SourceVolume").and_then(|it| Some((it, it.text()?))) else {
            continue;
        };
        if !volumes.contains(&volume) {
            let message = format!("the task has no volume `{volume}`");
            let found = Found::error("unknown-volume", place, message);
            report.add(if volumes.is_empty() {
                found.help("declare it in `Volumes`")
            } else {
                found.suggest(&volume, volumes.iter().map(|it| &**it))
            });
        }
    }
}

fn check_dependencies<'t>(containers: &[Value<'t>], report: &mut Report<'t>) {
    let names: Option<Vec<_>> = containers.iter().map(name).collect();
    let Some(names) = names else { return };
    for (at, container) in containers.iter().enumerate() {
        let dependencies = container.get("DependsOn").into_iter().flat_map(|it| it.items());
        let waits = dependencies.map(|it| (it.get("ContainerName"), Some(it)));
        let volumes = container.get("VolumesFrom").into_iter().flat_map(|it| it.items());
        for (value, dependency) in waits.chain(volumes.map(|it| (it.get("SourceContainer"), None))) {
            let Some((place, other)) = value.and_then(|it| Some((it, it.text()?))) else { continue };
            let Some(needed) = names.iter().position(|it| *it == other) else {
                let message = format!("the task has no container `{other}`");
                let found = Found::error("unknown-container", place, message);
                report.add(found.suggest(&other, names.iter().map(|it| &**it)));
                continue;
            };
            if needed == at {
                let message = format!("the container `{other}` waits for itself");
                report
                    .add(Found::error("container-dependency", place, message).help("name another container"));
            } else if let Some(condition) = dependency.and_then(|it| it.get("Condition")) {
                check_condition(condition, &other, &containers[needed], report);
            }
        }
    }
}

/// `condition` is what `name`, which is `container`, has to meet.
fn check_condition<'t>(condition: Value<'t>, name: &str, container: &Value<'t>, report: &mut Report<'t>) {
    let is_essential = match container.get("Essential") {
        Some(it) => it.boolean() == Some(true),
        None => container.lacks("Essential"),
    };
    let found = match condition.text().as_deref() {
        Some("HEALTHY") if container.lacks("HealthCheck") => {
            let message = format!("`{name}` has no health check, and is never known to be `HEALTHY`");
            Found::warning("container-dependency", condition, message)
                .help("add a `HealthCheck` to it, or wait for `START`")
                .and(*container, "this container")
        }
        Some(end @ ("COMPLETE" | "SUCCESS")) if is_essential => {
            let message = format!("`{name}` is essential: the task ends when it has come to `{end}`");
            Found::error("container-dependency", condition, message)
                .help("set `Essential: false` for it")
                .and(*container, "this container")
        }
        _ => return,
    };
    report.add(found);
}

/// CPU units or MiB, which may be written as `1 vCPU` or `2 GB`.
fn amount(value: &Value<'_>) -> Option<f64> {
    let text = value.text()?.trim().to_ascii_lowercase();
    let units = [("vcpu", 1024.0), ("gb", 1024.0), ("mb", 1.0)];
    let (number, unit) = units
        .into_iter()
        .find_map(|(name, unit)| Some((text.strip_suffix(name)?.trim_end(), unit)))
        .unwrap_or((&text, 1.0));
    Some(number.parse::<f64>().ok().filter(|it| it.is_finite())? * unit)
}

fn check_sizes<'t>(task: &Value<'t>, containers: &[Value<'t>], report: &mut Report<'t>) {
    // A task on Fargate needs memory of its own, and is told so by `E3048`.
    let kinds = task.get("RequiresCompatibilities");
    let is_fargate = kinds.is_some_and(|it| it.items().any(|it| it.text().as_deref() == Some("FARGATE")));
    for container in containers {
        let (most, reserved) = (container.get("Memory"), container.get("MemoryReservation"));
        if let (Some(most), Some(reserved)) = (most, reserved)
            && let (Some(limit), Some(amount)) = (most.integer(), reserved.integer())
            && amount > limit
        {
            let message = format!("{amount} MiB are reserved for a container that gets {limit} MiB");
            let found = Found::error("container-memory", reserved, message);
            report.add(found.help("reserve no more than `Memory`").and(most, "the limit"));
        }
        if !is_fargate
            && task.lacks("Memory")
            && container.lacks("Memory")
            && container.lacks("MemoryReservation")
        {
            let text = name(container).map_or_else(|| "a container".to_owned(), |it| format!("`{it}`"));
            let found = Found::error(
                "container-memory",
                *container,
                format!("nothing says how much memory {text} gets"),
            );
            report.add(found.help("give it `Memory` or `MemoryReservation`, or the task `Memory`"));
        }
    }
    let sizes = [("Cpu", &["Cpu"][..], "CPU units"), ("Memory", &["MemoryReservation", "Memory"], "MiB")];
    for (key, parts, unit) in sizes {
        let Some((place, size)) = task.get(key).and_then(|it| Some((it, amount(&it)?))) else { continue };
        let values = containers.iter().filter_map(|it| parts.iter().find_map(|key| it.get(key)));
        let known: Vec<_> = values.filter_map(|it| Some((it, it.number()?))).collect();
        let total: f64 = known.iter().map(|(_, it)| it).sum();
        if total <= size {
            continue;
        }
        let message = format!("the containers need {total} {unit} together, and the task has {size}");
        let mut found = Found::error("task-size", place, message)
            .help(format!("make the task larger, or give the containers less `{key}`"));
        for (place, amount) in known {
            found = found.and(place, format!("{amount} {unit}"));
        }
        report.add(found);
    }
}

fn check_role<'t>(task: &Value<'t>, containers: &[Value<'t>], report: &mut Report<'t>) {
    if !task.lacks("ExecutionRoleArn") {
        return;
    }
    let compatibilities = task.get("RequiresCompatibilities").into_iter().flat_map(|it| it.items());
    let is_fargate = compatibilities.into_iter().any(|it| it.text().as_deref() == Some("FARGATE"));
    let has_items = |it: &Value<'_>| it.items().next().is_some();
    for container in containers {
        let logs = container.get("LogConfiguration");
        let log_secrets = logs.and_then(|it| it.get("SecretOptions")).filter(has_items);
        let secrets = container.get("Secrets").filter(has_items).or(log_secrets);
        let registry = container.get("RepositoryCredentials");
        let driver = logs.and_then(|it| it.get("LogDriver"));
        let driver = driver.filter(|it| is_fargate && it.text().as_deref() == Some("awslogs"));
        let image = container.get("Image").filter(|it| is_fargate && is_from_ecr(it));
        let needs = [
            (secrets, "reading secrets"),
            (registry, "reading the credentials of a registry"),
            (driver, "writing logs from Fargate"),
            (image, "pulling an image from Amazon ECR to Fargate"),
        ];
        for (value, what) in needs {
            if let Some(value) = value {
                let message = format!("{what} needs an execution role, and the task has none");
                let found = Found::error("execution-role", value, message);
                report.add(found.help("set `ExecutionRoleArn` on the task definition"));
            }
        }
    }
}

/// Whether an image is in a private registry of Amazon ECR.
fn is_from_ecr(image: &Value<'_>) -> bool {
    image.pieces().iter().any(|piece| match piece {
        Ok(text) => text.contains(".dkr.ecr."),
        Err(target) => {
            let resource = image.document.resources.get(target.name);
            resource.is_some_and(|it| it.type_name == "AWS::ECR::Repository")
        }
    })
}

fn check_ports<'t>(task: &Value<'t>, containers: &[Value<'t>], report: &mut Report<'t>) {
    let Some(mode) = task.get("NetworkMode") else { return };
    let Some(network) = mode.text().filter(|it| matches!(&**it, "awsvpc" | "host")) else { return };
    for mapping in containers.iter().filter_map(|it| it.get("PortMappings")).flat_map(|it| it.items()) {
        let (Some(host), Some(container)) = (mapping.get("HostPort"), mapping.get("ContainerPort")) else {
            continue;
        };
        if let (Some(from), Some(to)) = (host.integer(), container.integer())
            && from != to
            && (from != 0 || network == "awsvpc")
        {
            let message = format!(
                "in the network mode `{network}` the host port {from} cannot be another than the container port {to}"
            );
            let found = Found::error("E3053", host, message);
            let found = found.help("take `HostPort` out").and(container, "the port of the container");
            report.add(found.and(mode, "the network mode"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    fn task(properties: &str) -> String {
        check(
            super::check,
            &format!(
                "Resources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n{properties}"
            ),
        )
    }

    #[test]
    fn containers_have_names_of_their_own_and_depend_on_each_other() {
        let template = "
      Memory: 512
      Volumes: [{Name: data}]
      ContainerDefinitions:
        - Name: web
          MountPoints: [{SourceVolume: date}, {SourceVolume: data}]
          DependsOn:
            - {ContainerName: init, Condition: SUCCESS}
            - {ContainerName: agent, Condition: HEALTHY}
            - {ContainerName: agents, Condition: START}
            - {ContainerName: web, Condition: START}
        - {Name: init}
        - {Name: agent, Essential: false}
        - {Name: agent}
";
        let expected = "\
error unknown-volume Resources/Task/Properties/ContainerDefinitions/0/MountPoints/0/SourceVolume 10:40: the task has no volume `date`
  did you mean `data`?
error container-dependency Resources/Task/Properties/ContainerDefinitions/0/DependsOn/0/Condition 12:48: `init` is essential: the task ends when it has come to `SUCCESS`
  set `Essential: false` for it
warning container-dependency Resources/Task/Properties/ContainerDefinitions/0/DependsOn/1/Condition 13:49: `agent` has no health check, and is never known to be `HEALTHY`
  add a `HealthCheck` to it, or wait for `START`
error unknown-container Resources/Task/Properties/ContainerDefinitions/0/DependsOn/2/ContainerName 14:31: the task has no container `agents`
  did you mean `agent`?
error container-dependency Resources/Task/Properties/ContainerDefinitions/0/DependsOn/3/ContainerName 15:31: the container `web` waits for itself
  name another container
error duplicate-container Resources/Task/Properties/ContainerDefinitions/3/Name 18:18: two containers have the name `agent`
  give each container of a task its own name
";
        assert_eq!(task(template), expected);
    }

    #[test]
    fn what_is_not_known_is_not_wrong() {
        let template = "
      Memory: !Ref Size
      Cpu: 1 vCPU
      Volumes: !Ref Volumes
      ContainerDefinitions:
        - Name: web
          Cpu: 1024
          Memory: 100000
          MountPoints: [{SourceVolume: date}]
          DependsOn: [{ContainerName: !Ref Name, Condition: HEALTHY}]
          Image: public.ecr.aws/nginx
";
        assert_eq!(task(template), "");
    }

    #[test]
    fn containers_fit_into_their_task() {
        let template = "
      Memory: 1 GB
      Cpu: 256
      ContainerDefinitions:
        - {Name: a, Cpu: 200, Memory: 900, MemoryReservation: 1000}
        - {Name: b, Cpu: 100, Memory: 100}
";
        let expected = "\
error task-size Resources/Task/Properties/Memory 6:15: the containers need 1100 MiB together, and the task has 1024
  make the task larger, or give the containers less `Memory`
error task-size Resources/Task/Properties/Cpu 7:12: the containers need 300 CPU units together, and the task has 256
  make the task larger, or give the containers less `Cpu`
error container-memory Resources/Task/Properties/ContainerDefinitions/0/MemoryReservation 9:63: 1000 MiB are reserved for a container that gets 900 MiB
  reserve no more than `Memory`
";
        assert_eq!(task(template), expected);
    }

    #[test]
    fn a_container_needs_memory() {
        let template = "
      ContainerDefinitions:
        - {Name: a}
        - {Name: b, Memory: 100}
";
        let expected = "\
error container-memory Resources/Task/Properties/ContainerDefinitions/0 7:11: nothing says how much memory `a` gets
  give it `Memory` or `MemoryReservation`, or the task `Memory`
";
        assert_eq!(task(template), expected);
        let fargate = format!("{template}      RequiresCompatibilities: [FARGATE]\n");
        assert_eq!(task(&fargate), "");
    }

    #[test]
    fn an_execution_role_is_there_where_it_is_needed() {
        let template = "
      Memory: 512
      RequiresCompatibilities: [FARGATE]
      ContainerDefinitions:
        - Name: a
          Image: !Sub '${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/a'
          Secrets: [{Name: A, ValueFrom: b}]
          LogConfiguration: {LogDriver: awslogs}
        - {Name: b, Image: nginx}
";
        let expected = "\
error execution-role Resources/Task/Properties/ContainerDefinitions/0/Image 10:18: pulling an image from Amazon ECR to Fargate needs an execution role, and the task has none
  set `ExecutionRoleArn` on the task definition
error execution-role Resources/Task/Properties/ContainerDefinitions/0/Secrets 11:20: reading secrets needs an execution role, and the task has none
  set `ExecutionRoleArn` on the task definition
error execution-role Resources/Task/Properties/ContainerDefinitions/0/LogConfiguration/LogDriver 12:41: writing logs from Fargate needs an execution role, and the task has none
  set `ExecutionRoleArn` on the task definition
";
        assert_eq!(task(template), expected);
    }

    #[test]
    fn host_ports_are_those_of_the_containers() {
        let template = "
      Memory: 512
      NetworkMode: awsvpc
      ContainerDefinitions:
        - {Name: a, PortMappings: [{ContainerPort: 80, HostPort: 8080}, {ContainerPort: 81, HostPort: '81'}]}
";
        let expected = "\
error E3053 Resources/Task/Properties/ContainerDefinitions/0/PortMappings/0/HostPort 9:66: in the network mode `awsvpc` the host port 8080 cannot be another than the container port 80
  take `HostPort` out
";
        assert_eq!(task(template), expected);
    }
}
