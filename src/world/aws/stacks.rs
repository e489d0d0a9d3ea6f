//! What stacks there are, and how they are. Nothing here changes anything.

use aws_sdk_cloudformation::types::{StackDriftDetectionStatus, TemplateStage};

use super::{Aws, convert};
use crate::world::{
    AwsError,
    cloudformation::{DeployedStack, ResourceDrift, StackEvent, StackResource},
};

impl Aws {
    /// The stack of this name or ARN, if there is one. One that was deleted is only found by its ARN.
    pub async fn stack(&self, name: &str) -> Result<Option<DeployedStack>, AwsError> {
        let answer = self.cfn.describe_stacks().stack_name(name).send().await;
        match answer.map_err(|it| self.failure.of("DescribeStacks", &it)) {
            Ok(answer) => Ok(answer.stacks.unwrap_or_default().into_iter().next().map(convert::stack)),
            Err(error) if error.is_missing_stack() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All stacks of the account in the region that are not deleted, nested ones among them.
    pub async fn stacks(&self) -> Result<Vec<DeployedStack>, AwsError> {
        let mut stacks = Vec::new();
        let mut pages = self.cfn.describe_stacks().into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|it| self.failure.of("DescribeStacks", &it))?;
            stacks.extend(page.stacks.unwrap_or_default().into_iter().map(convert::stack));
        }
        Ok(stacks)
    }

    /// The template that a stack was last deployed with, as it was given; nothing, if it never was.
    pub async fn template(&self, stack: &str) -> Result<Option<String>, AwsError> {
        self.template_at(stack, TemplateStage::Original).await
    }

    /// The same, as macros have left it.
    pub async fn processed_template(&self, stack: &str) -> Result<Option<String>, AwsError> {
        self.template_at(stack, TemplateStage::Processed).await
    }

    async fn template_at(&self, stack: &str, stage: TemplateStage) -> Result<Option<String>, AwsError> {
        let ask = self.cfn.get_template().stack_name(stack).template_stage(stage);
        match ask.send().await.map_err(|it| self.failure.of("GetTemplate", &it)) {
            Ok(answer) => Ok(answer.template_body.filter(|it| !it.trim().is_empty())),
            Err(error) if error.is_missing_stack() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The template that a change set was made with, as it was given.
    pub async fn template_of(&self, change_set: &str) -> Result<Option<String>, AwsError> {
        let ask = self.cfn.get_template().change_set_name(change_set).template_stage(TemplateStage::Original);
        let answer = ask.send().await.map_err(|it| self.failure.of("GetTemplate", &it))?;
        Ok(answer.template_body.filter(|it| !it.trim().is_empty()))
    }

    /// The events of a stack from the newest one back to the first that is not wanted, the oldest first.
    pub async fn events(
        &self,
        stack: &str,
        mut is_wanted: impl FnMut(&StackEvent) -> bool,
    ) -> Result<Vec<StackEvent>, AwsError> {
        let mut events = Vec::new();
        let mut pages = self.cfn.describe_stack_events().stack_name(stack).into_paginator().send();
        'pages: while let Some(page) = pages.next().await {
            let page = page.map_err(|it| self.failure.of("DescribeStackEvents", &it))?;
            for event in page.stack_events.unwrap_or_default().into_iter().map(convert::event) {
                if !is_wanted(&event) {
                    break 'pages;
                }
                events.push(event);
            }
        }
        events.reverse();
        Ok(events)
    }

    /// The resources of a stack, in CloudFormation's order.
    pub async fn resources(&self, stack: &str) -> Result<Vec<StackResource>, AwsError> {
        let mut resources = Vec::new();
        let mut pages = self.cfn.list_stack_resources().stack_name(stack).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|it| self.failure.of("ListStackResources", &it))?;
            resources
                .extend(page.stack_resource_summaries.unwrap_or_default().into_iter().map(convert::resource));
        }
        Ok(resources)
    }

    /// Has CloudFormation look whether a stack's resources are what it made them, and waits for that; gives what it found
    /// of each that it can look at.
    pub async fn drifts(&self, stack: &str) -> Result<Vec<ResourceDrift>, AwsError> {
        let asked = self.cfn.detect_stack_drift().stack_name(stack).send().await;
        let asked = asked.map_err(|it| self.failure.of("DetectStackDrift", &it))?;
        let detection = asked.stack_drift_detection_id.unwrap_or_default();
        loop {
            let ask = self.cfn.describe_stack_drift_detection_status().stack_drift_detection_id(&detection);
            let answer = ask.send().await;
            let answer = answer.map_err(|it| self.failure.of("DescribeStackDriftDetectionStatus", &it))?;
            match answer.detection_status.as_ref().map(StackDriftDetectionStatus::as_str) {
                Some("DETECTION_IN_PROGRESS") => self.wait().await,
                // What could be looked at is told even where something could not.
                _ => break,
            }
        }
        let mut drifts = Vec::new();
        let mut pages = self.cfn.describe_stack_resource_drifts().stack_name(stack).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|it| self.failure.of("DescribeStackResourceDrifts", &it))?;
            drifts.extend(page.stack_resource_drifts.unwrap_or_default().into_iter().map(convert::drift));
        }
        Ok(drifts)
    }
}
