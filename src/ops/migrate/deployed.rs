//! The template of a stack that is deployed, and what else there is to know of it.

use asi_constructs::kernel::{diagnostic::Diagnostic, node::Node, span::Sources};

use super::{Head, read};
use crate::{
    deploy::{Standing, standing},
    ops::{Purpose, Target, deploy::Ending, targets::Connected},
    world::{Reach, World},
};

/// The template that a stack is deployed with, and the head of its stack file.
pub async fn deployed(
    world: &World,
    name: &str,
    reach: &Reach<'_>,
    sources: &mut Sources,
) -> Result<(Node, Head), Ending> {
    let Connected { aws, .. } = Target::any(name).connect(world, reach, Purpose::Look).await?;
    let stack = aws.stack(name).await.map_err(Ending::Aws)?;
    let stack = stack.filter(|it| standing(Some(it)) != Standing::Absent);
    let text = match &stack {
        Some(stack) => aws.template(&stack.id).await.map_err(Ending::Aws)?,
        None => None,
    };
    let (Some(stack), Some(text)) = (stack, text) else {
        let fault = format!("there is no stack `{name}` in {}", aws.region());
        let help = "name one that is deployed, or another region with `--region`";
        return Err(Ending::Faulty(vec![Diagnostic::error("no-migration", fault).help(help)]));
    };
    let template = read(&text, &format!("{}.template", stack.name), sources).map_err(Ending::Faulty)?;
    let head = Head {
        origin: format!("the stack `{}` in {}", stack.name, aws.region()),
        app: stack.name,
        region: Some(aws.region().to_owned()),
        tags: stack.tags,
    };
    Ok((template, head))
}
