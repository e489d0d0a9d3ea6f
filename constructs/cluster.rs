//! A cluster: where services on ECS run.

use std::any::Any;

use crate::kernel::{prelude::*, shape::Choice};

const CLUSTER: ResourceType = ResourceType::new("AWS::ECS::Cluster");

/// The capacity of Fargate, by the name every account knows it by.
pub(crate) const FARGATE: &str = "FARGATE";
/// The spare capacity of Fargate.
pub(crate) const FARGATE_SPOT: &str = "FARGATE_SPOT";

properties! {
    /// A cluster: where services on ECS run.
    ///
    /// It costs nothing by itself. Services in it may run on Fargate, and on Fargate's spare capacity.
    pub struct Cluster {
        /// The name of the cluster. If absent, CloudFormation makes one that is unique; with a name, two
        /// environments in one account need two names.
        name: Option<Text>,
        /// Whether CloudWatch collects metrics of each task, at its prices: `true`; `enhanced` for each container
        /// besides; or `false`. If absent, as the account is set.
        insights: Option<Insights>,
    }
}

/// What CloudWatch collects of what runs in a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insights {
    /// Nothing beyond the metrics of services.
    Disabled,
    /// Metrics of tasks.
    Enabled,
    /// Metrics of tasks and containers.
    Enhanced,
}

impl Property for Insights {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        const EXPECTED: &str = "`true`, `false` or `enhanced`";
        match reader.scalar(node, EXPECTED)? {
            "false" => Some(Self::Disabled),
            "true" => Some(Self::Enabled),
            "enhanced" => Some(Self::Enhanced),
            _ => reader.mismatch(node, EXPECTED),
        }
    }

    fn shape() -> Shape {
        let enhanced = Choice { word: "enhanced", docs: "Metrics of each task and each container." };
        Shape::Either(vec![Shape::Bool, Shape::Choice(vec![enhanced])])
    }
}

exports! {
    /// What other constructs may use of a [`Cluster`].
    pub struct Exports {
        /// Its name.
        name: Expr<Handle>,
        /// Its ARN.
        arn: Expr<Handle>,
    }
}

impl Target for Exports {
    const WHAT: &'static str = "a Cluster or Ec2Cluster";
}

impl Export for Exports {
    fn offer(&self) -> Option<Box<dyn Any>> {
        Some(Box::new(self.clone()))
    }
}

/// The cluster that is named, or else one at `Cluster` that only this construct has.
pub(crate) fn find_or_add(
    scope: &mut Scope<'_>,
    named: Option<&Link<Exports>>,
) -> Result<Exports, Diagnostic> {
    match named {
        Some(cluster) => scope.find(cluster),
        None => scope.expand("Cluster", &Cluster { name: None, insights: None }),
    }
}

impl Construct for Cluster {
    const KIND: &'static str = "Cluster";
    const EXAMPLE: &'static str = include_str!("cluster.yaml");

    type Exports = Exports;

    fn build(&self, scope: &mut Scope<'_>) -> Result<Exports, Diagnostic> {
        // Without the providers no service could ask for spare capacity, and adding them later is an update of
        // the cluster before that of the service.
        let capacity = Capacity {
            providers: list![FARGATE, FARGATE_SPOT],
            strategy: list![object! { "CapacityProvider" => FARGATE, "Weight" => 1 }],
        };
        let cluster = add(scope, self.name.as_ref(), self.insights, Some(capacity));
        Ok(Exports { name: cluster.reference(), arn: cluster.attribute("Arn") })
    }
}

/// What a cluster runs on, where the cluster itself says so.
pub(crate) struct Capacity {
    providers: Expr<Handle>,
    strategy: Expr<Handle>,
}

/// Adds a cluster at `Resource`.
pub(crate) fn add(
    scope: &mut Scope<'_>,
    name: Option<&Text>,
    insights: Option<Insights>,
    capacity: Option<Capacity>,
) -> Handle {
    let name = name.map(|it| scope.text(it));
    let insights = insights.map(|it| match it {
        Insights::Disabled => "disabled",
        Insights::Enabled => "enabled",
        Insights::Enhanced => "enhanced",
    });
    let (providers, strategy) = capacity.map(|it| (it.providers, it.strategy)).unzip();
    scope.resource("Resource", CLUSTER, object! {
        "CapacityProviders" => providers,
        "ClusterName" => name,
        "ClusterSettings" => insights.map(|it| list![object! { "Name" => "containerInsights", "Value" => it }]),
        "DefaultCapacityProviderStrategy" => strategy,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::stack;

    #[test]
    fn offers_fargate_and_its_spare_capacity() {
        assert_eq!(
            stack("c: {type: Cluster}").properties("c/Resource"),
            json!({
                "CapacityProviders": ["FARGATE", "FARGATE_SPOT"],
                "DefaultCapacityProviderStrategy": [{ "CapacityProvider": "FARGATE", "Weight": 1 }],
            })
        );
    }

    #[test]
    fn has_a_name_only_if_it_is_given_one() {
        let properties = stack("c: {type: Cluster, name: shop}").properties("c/Resource");
        assert_eq!(properties["ClusterName"], "shop");
    }

    #[test]
    fn collects_what_it_is_told_to() {
        for (written, value) in [("true", "enabled"), ("false", "disabled"), ("enhanced", "enhanced")] {
            let properties =
                stack(&format!("c: {{type: Cluster, insights: {written}}}")).properties("c/Resource");
            assert_eq!(
                properties["ClusterSettings"],
                json!([{ "Name": "containerInsights", "Value": value }])
            );
        }
        assert_eq!(
            stack("c: {type: Cluster, insights: more}").faults(),
            ["wrong-type at `more`: expected `true`, `false` or `enhanced`, found `more`"]
        );
    }
}
