//! Where in a network instances run.

use crate::{kernel::prelude::*, targets::Network};

choices! {
    /// In which subnets instances run.
    pub enum Subnets {
        /// Those the internet does not reach.
        Private,
        /// Those it does, with public addresses.
        Public,
    }
}

/// Where in a network instances run.
pub(super) struct Found {
    pub(super) ids: Expr<Handle>,
    pub(super) is_public: bool,
    /// What has to be there before an instance reaches ECS.
    pub(super) way_out: Vec<Handle>,
}

/// The subnets that were asked for; warns if instances are open to more than they need, or reach nothing from there.
pub(super) fn find(
    scope: &mut Scope<'_>,
    network: &Network,
    asked: Option<Spanned<Subnets>>,
    name: Span,
) -> Result<Found, Diagnostic> {
    let is_public = match asked.map(|it| it.value) {
        None => network.private_subnet_ids.is_empty(),
        Some(asked) => asked == Subnets::Public,
    };
    let ids = if is_public { &network.public_subnet_ids } else { &network.private_subnet_ids };
    if ids.is_empty() {
        let what = if is_public { "public" } else { "private" };
        return Err(Diagnostic::error("no-subnets", format!("the network has no {what} subnets"))
            .at(asked.map_or(name, |it| it.span))
            .help("remove `subnets`, or give the network such subnets"));
    }
    if let Some(asked) = asked.filter(|_| is_public && !network.private_subnet_ids.is_empty()) {
        scope.report(
            Diagnostic::warning("public-instances", "instances get public addresses, and the network has private subnets")
                .at(asked.span)
                .help("remove `subnets`: only a load balancer needs public ones"),
        );
    }
    let way_out = if is_public { Some(&network.internet) } else { network.outbound.as_ref() };
    if way_out.is_none() {
        scope.report(
            Diagnostic::warning("no-way-out", "its instances can reach nothing outside of the network, not even ECS")
                .at(name)
                .help(
                    "give the network `nat: single`, or `endpoints: [s3, ecs, ecs-agent, ecs-telemetry, ecr.api, ecr.dkr, logs]`",
                ),
        );
    }
    Ok(Found { ids: ids.0.clone(), is_public, way_out: way_out.cloned().unwrap_or_default() })
}
