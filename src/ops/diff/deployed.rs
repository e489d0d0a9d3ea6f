//! What deploying stacks would change in what is deployed.

use std::pin::pin;

use futures_util::future::{Either, select};

use super::{Compared, Comparison, Remarks};
use crate::{
    deploy::{Standing, standing},
    diff::{self, Told},
    ops::{
        Deployable, Deployables, Purpose,
        connections::connections,
        deploy::{Deploying, Ending, Settings, UnderWay},
        images::is_missing,
        synth::in_order,
        targets::Connected,
    },
    review::Observed,
    world::{
        World,
        aws::{self, Aws},
        cloudformation::DeployedStack,
    },
};

/// Who is asked what a deployment would change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// Nobody: the templates say it, and the schemas. Nothing in the account is changed.
    Templates,
    /// CloudFormation, by a change set that is made, read, and deleted.
    ChangeSet,
}

/// Compares stacks with what is deployed of them. What keeps one from being compared ends it, with the name of that one;
/// Ctrl-C does so, too, and leaves no change set behind.
pub async fn deployed(
    world: &World,
    deployables: Deployables,
    settings: &Settings,
    asking: Asking,
) -> Result<Comparison, (String, Ending)> {
    let under_way = UnderWay::default();
    let names: Vec<String> = deployables.stacks.iter().map(|it| it.target.name.clone()).collect();
    let work = pin!(compared(world, deployables, settings, asking, &under_way));
    match select(work, pin!(aws::interrupted(&world.access))).await {
        Either::Left((comparison, _)) => comparison,
        Either::Right(_) => {
            under_way.clean_up().await;
            Err((names.join("`, `"), Ending::Stopped))
        }
    }
}

async fn compared(
    world: &World,
    deployables: Deployables,
    settings: &Settings,
    asking: Asking,
    under_way: &UnderWay,
) -> Result<Comparison, (String, Ending)> {
    let Deployables { stacks: synthesized, diagnostics, mut sources } = deployables;
    let purpose = match asking {
        Asking::Templates => Purpose::Look,
        Asking::ChangeSet => Purpose::Change,
    };
    let mut stacks = Vec::new();
    for stack in &synthesized {
        let name = stack.target.name.clone();
        let of_this = |ending| (name.clone(), ending);
        let deploying = Deploying { stack, name: name.clone(), world, settings, sources: &sources };
        let Connected { aws, own, .. } = deploying.connect(purpose).await.map_err(of_this)?;
        let before = deploying.look(&aws).await.map_err(|it| of_this(Ending::Aws(it)))?;
        // CloudFormation makes no change set of what never came up: that goes first.
        let is_leftover = standing(before.stack.as_ref()) == Standing::Leftover;
        let before = before.without_leftover();
        // A value that is missing keeps nothing from being compared.
        let values = deploying.values(&before);
        let asking = if is_leftover { Asking::Templates } else { asking };
        let compared = match asking {
            Asking::Templates => {
                let mut remarks = Remarks::default();
                remarks.of_values(&values.unwrap_or_default());
                Compared { remarks, ..deploying.compared(&before, stack.template.clone()) }
            }
            Asking::ChangeSet => {
                let values = values.map_err(of_this)?;
                match deploying.planned(&aws, &own, &before, &values, under_way).await {
                    Ok(proposal) => proposal.compared,
                    Err(Ending::Unchanged(_)) => nothing(deploying.compared(&before, stack.template.clone())),
                    Err(ending) => return Err(of_this(ending)),
                }
            }
        };
        let mut compared = compared;
        if settings.observes && compared.differs() {
            let unusable = unusable(&own, stack, before.stack.as_ref()).await;
            let missing = missing(&own, &compared.remarks.images).await;
            compared.remarks.observed.extend(unusable.into_iter().chain(missing));
        }
        // With the template that is deployed.
        sources = before.sources;
        stacks.push(compared);
    }
    let mut diagnostics = diagnostics;
    in_order(&mut diagnostics);
    Ok(Comparison { stacks, diagnostics, sources })
}

/// The connections to git hosts that a stack needs and nobody can use.
async fn unusable(own: &Aws, stack: &Deployable, deployed: Option<&DeployedStack>) -> Vec<Observed> {
    let mut found = Vec::new();
    for arn in connections(&[stack], deployed.map(std::slice::from_ref).unwrap_or_default()) {
        // Who may not ask is told all else.
        match own.connection(&arn).await {
            Ok(status) if status.as_deref() != Some("AVAILABLE") => {
                found.push(Observed::Connection { arn, status });
            }
            Ok(_) | Err(_) => (),
        }
    }
    found
}

/// The images that are not there.
async fn missing(own: &Aws, images: &[(String, String)]) -> Vec<Observed> {
    let mut found = Vec::new();
    for (id, image) in images {
        // Who may not ask is told all else.
        if is_missing(own, image).await.unwrap_or_default() {
            found.push(Observed::NoImage { id: id.clone(), image: image.clone() });
        }
    }
    found
}

/// A stack that CloudFormation sees nothing to change in, however it is written.
fn nothing(written: Compared) -> Compared {
    let untouched = written.diff.resources.into_iter().map(|it| it.id).collect();
    let [old, new] = &*written.templates;
    let diff = diff::judged(old, new, Some(&Told::default()));
    let remarks = Remarks { untouched, ..Remarks::default() };
    Compared { diff, remarks, ..written }
}
