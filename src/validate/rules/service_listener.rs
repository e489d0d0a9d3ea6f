//! An ECS service is made when a load balancer serves its target group, and not before.

use std::collections::BTreeSet;

use super::{
    super::{
        document::{Document, Resource},
        needs::Needs,
        report::{Found, Place, Report},
        value::Value,
    },
    cycles::is_output,
};

/// `service-before-listener`: a service with a target group that waits for nothing that connects the group with a
/// load balancer. CloudFormation makes both at once then, and Amazon ECS refuses the service: "The target group …
/// does not have an associated load balancer".
///
/// `unused-target-group`: a target group of a service that nothing in the template connects with a load balancer.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    if document.of_type("AWS::ECS::Service").next().is_none() {
        return;
    }
    let needs = &document.needs;
    for service in document.of_type("AWS::ECS::Service") {
        let waited_for = waited_for(needs, service.id);
        for properties in document.views(service) {
            for balancer in properties.get("LoadBalancers").into_iter().flat_map(|it| it.items()) {
                let Some(arn) = balancer.get("TargetGroupArn") else { continue };
                let Some(group) = document.named(arn, "AWS::ElasticLoadBalancingV2::TargetGroup") else {
                    continue;
                };
                check_group(document, needs, &waited_for, arn, group, report);
            }
        }
    }
}

/// All that a resource waits for, directly or not.
pub(super) fn waited_for<'t>(needs: &Needs<'t>, id: &'t str) -> BTreeSet<&'t str> {
    let mut found = BTreeSet::new();
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        for (needed, _) in needs.get(id).into_iter().flatten() {
            if found.insert(*needed) {
                open.push(needed);
            }
        }
    }
    found
}

fn check_group<'t>(
    document: &'t Document<'t>,
    needs: &Needs<'t>,
    waited_for: &BTreeSet<&'t str>,
    arn: Value<'t>,
    group: &'t Resource<'t>,
    report: &mut Report<'t>,
) {
    let types = ["AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::ListenerRule"];
    let refers = |it: &&Resource<'t>| needs.get(it.id).is_some_and(|it| it.iter().any(|it| it.0 == group.id));
    let listeners: Vec<_> = types.iter().flat_map(|it| document.of_type(it)).filter(refers).collect();
    if listeners.iter().any(|it| waited_for.contains(it.id)) {
        return;
    }
    let Some(listener) = listeners.first() else {
        // Something else than a listener may know the group, such as a custom resource.
        let users = needs.iter().filter(|(_, needed)| needed.iter().any(|it| it.0 == group.id));
        let is_known = |id: &str| {
            document.resources.get(id).is_some_and(|it| {
                it.type_name == "AWS::ECS::Service" || it.type_name.starts_with("AWS::CloudWatch::")
            })
        };
        if !document.is_open()
            && !is_output(document, group.id)
            && users.into_iter().all(|(id, _)| is_known(id))
        {
            let message = format!(
                "no listener forwards to `{}`, and a service cannot use it before one does",
                group.id
            );
            let found = Found::warning("unused-target-group", arn, message);
            report.add(
                found
                    .help("forward to it from a listener or a listener rule")
                    .and(Place::Holder(group.node), "the target group"),
            );
        }
        return;
    };
    let message = format!(
        "the service does not wait for `{}`, which gives `{}` a load balancer",
        listener.id, group.id
    );
    let found = Found::error("service-before-listener", arn, message);
    let found = found.help(format!("add `DependsOn: {}` to the service", listener.id));
    report.add(found.and(Place::Holder(listener.node), "what the service has to wait for"));
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    const REST: &str = "\
Resources:
  Group: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Port: 80}}
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties: {DefaultActions: [{Type: forward, TargetGroupArn: !Ref Group}]}
  Other: {Type: AWS::ECS::TaskDefinition, DependsOn: Listener}
";

    fn service(text: &str) -> String {
        check(super::check, &format!("{REST}  Service: {text}\n"))
    }

    #[test]
    fn a_service_waits_for_the_listener() {
        let template =
            "{Type: AWS::ECS::Service, Properties: {LoadBalancers: [{TargetGroupArn: !Ref Group}]}}";
        let expected = "\
error service-before-listener Resources/Service/Properties/LoadBalancers/0/TargetGroupArn 7:84: the service does not wait for `Listener`, which gives `Group` a load balancer
  add `DependsOn: Listener` to the service
";
        assert_eq!(service(template), expected);
    }

    #[test]
    fn waiting_may_be_indirect() {
        for way in ["DependsOn: Listener", "DependsOn: Other"] {
            let template = format!(
                "{{Type: AWS::ECS::Service, {way}, Properties: {{LoadBalancers: [{{TargetGroupArn: !Ref Group}}]}}}}"
            );
            assert_eq!(service(&template), "");
        }
        let template = "{Type: AWS::ECS::Service, Properties: {LoadBalancers: [{TargetGroupArn: !Ref Group}], \
                        TaskDefinition: !Ref Other}}";
        assert_eq!(service(template), "");
    }

    #[test]
    fn a_group_without_a_listener() {
        let template = "\
Resources:
  Group: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Port: 80}}
  Known: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Port: 80}}
  Service: {Type: AWS::ECS::Service, Properties: {LoadBalancers: [{TargetGroupArn: !Ref Group}]}}
  Outside: {Type: AWS::ECS::Service, Properties: {LoadBalancers: [{TargetGroupArn: !Ref Known}]}}
Outputs: {Group: {Value: !Ref Known}}
";
        let expected = "\
warning unused-target-group Resources/Service/Properties/LoadBalancers/0/TargetGroupArn 4:84: no listener forwards to `Group`, and a service cannot use it before one does
  forward to it from a listener or a listener rule
";
        assert_eq!(check(super::check, template), expected);
    }
}
