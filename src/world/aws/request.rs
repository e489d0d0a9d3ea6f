//! From what a stack becomes to what the SDK sends of that: the same, however it is brought about.

use aws_sdk_cloudformation::types::{
    DeploymentConfig, DeploymentConfigMode, Parameter, ResourceToImport, RollbackConfiguration,
    RollbackTrigger, Tag,
};

use crate::world::cloudformation::{Deployment, Given, Imported};

/// A call with all that a stack becomes; the SDK has a type of its own for each, which have these methods in common.
macro_rules! deployed {
    ($call:expr, $deployment:expr) => {{
        use $crate::world::{
            aws::request::{express, parameter, rollback, some, tag},
            cloudformation::{Deployment, Source},
        };
        let (call, deployment): (_, &Deployment) = ($call, $deployment);
        let call = match &deployment.template {
            Source::Body(body) => call.template_body(body),
            Source::Url(url) => call.template_url(url),
        };
        call.set_deployment_config(deployment.is_express.then(express))
            .set_capabilities(some(deployment.capabilities.iter().map(|it| it.as_str().into())))
            .set_parameters(some(deployment.parameters.iter().map(|(name, it)| parameter(name, it))))
            // None at all takes those away that there are.
            .set_tags(Some(deployment.tags.iter().map(|(key, value)| tag(key, value)).collect()))
            .set_role_arn(deployment.role.clone())
            .set_notification_arns(some(deployment.notifications.iter().cloned()))
            .set_rollback_configuration(rollback(deployment))
    }};
}

pub(super) use deployed;

/// A list that is left out where it is empty.
pub(super) fn some<T>(values: impl Iterator<Item = T>) -> Option<Vec<T>> {
    let values: Vec<T> = values.collect();
    (!values.is_empty()).then_some(values)
}

pub(super) fn parameter(name: &str, given: &Given) -> Parameter {
    let parameter = Parameter::builder().parameter_key(name);
    match given {
        Given::Value(value) => parameter.parameter_value(value).build(),
        Given::Previous => parameter.use_previous_value(true).build(),
    }
}

pub(super) fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

pub(super) fn express() -> DeploymentConfig {
    DeploymentConfig::builder().mode(DeploymentConfigMode::Express).build()
}

pub(super) fn rollback(deployment: &Deployment) -> Option<RollbackConfiguration> {
    if deployment.alarms.is_empty() && deployment.monitored_minutes.is_none() {
        return None;
    }
    let trigger = |arn: &String| RollbackTrigger::builder().arn(arn).r#type("AWS::CloudWatch::Alarm").build();
    let triggers = some(deployment.alarms.iter().map(trigger));
    let minutes = deployment.monitored_minutes;
    let configuration = RollbackConfiguration::builder().set_rollback_triggers(triggers);
    Some(configuration.set_monitoring_time_in_minutes(minutes).build())
}

pub(super) fn imported(it: &Imported) -> ResourceToImport {
    let mut resource = ResourceToImport::builder().resource_type(&it.type_name).logical_resource_id(&it.id);
    for (key, value) in &it.identifier {
        resource = resource.resource_identifier(key, value);
    }
    resource.build()
}
