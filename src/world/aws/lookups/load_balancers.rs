//! Lookups of load balancers, and of what they listen to.

use serde_json::{Value, json};

use super::{Asked, Element, Unfound, entry, numbered};
use crate::world::{
    AwsError,
    aws::{Aws, query::Queried},
};

const LOAD_BALANCING: Queried = Queried { service: "elasticloadbalancing", version: "2015-12-01" };

/// Of how many load balancers tags can be asked at once.
const MOST_TAGGED: usize = 20;

impl Aws {
    /// A load balancer, by its ARN or its tags, and its type.
    pub(super) async fn load_balancer(&self, asked: Asked<'_>) -> Result<Value, Unfound> {
        if asked.text("loadBalancerArn").is_none() && asked.0.get("loadBalancerTags").is_none() {
            return Err(Unfound::Unclear("it takes the ARN of a load balancer, or its tags".to_owned()));
        }
        let found = self.load_balancers(asked, asked.text("loadBalancerArn")).await?;
        let found = asked.only("load balancer", found)?;
        let is_ipv4 = found.text("IpAddressType") == Some("ipv4");
        let entries = [
            entry("loadBalancerArn", found.text("LoadBalancerArn")),
            entry("loadBalancerCanonicalHostedZoneId", found.text("CanonicalHostedZoneId")),
            entry("loadBalancerDnsName", found.text("DNSName")),
            entry("vpcId", found.text("VpcId")),
            entry("securityGroupIds", Some(security_groups(Some(&found)))),
            entry("ipAddressType", Some(if is_ipv4 { "ipv4" } else { "dualstack" })),
        ];
        Ok(Value::Object(entries.into_iter().flatten().collect()))
    }

    /// A listener, by its ARN, or by its load balancer, its port and its protocol.
    pub(super) async fn listener(&self, asked: Asked<'_>) -> Result<Value, Unfound> {
        if let Some(arn) = asked.text("listenerArn") {
            return self.listener_of(arn, asked).await;
        }
        if asked.text("loadBalancerArn").is_none() && asked.0.get("loadBalancerTags").is_none() {
            let why = "it takes the ARN of a listener or of a load balancer, or the tags of one";
            return Err(Unfound::Unclear(why.to_owned()));
        }
        let balancers = self.load_balancers(asked, asked.text("loadBalancerArn")).await?;
        let (port, protocol) =
            (asked.0.get("listenerPort").and_then(Value::as_u64), asked.text("listenerProtocol"));
        let mut found = Vec::new();
        for balancer in &balancers {
            let form = vec![("LoadBalancerArn".to_owned(), arn(balancer).to_owned())];
            let listeners = self.balanced("DescribeListeners", "Listeners", form).await?;
            let is_meant = |it: &Element| {
                let own: Option<u64> = it.text("Port").and_then(|it| it.parse().ok());
                port.is_none_or(|it| Some(it) == own)
                    && protocol.is_none_or(|wanted| it.text("Protocol") == Some(wanted))
            };
            found.extend(listeners.into_iter().filter(is_meant));
        }
        let listener = asked.only("listener", found)?;
        let balancer = balancers.iter().find(|it| arn(it) == arn(&listener));
        Ok(value(&listener, balancer))
    }

    async fn listener_of(&self, arn_of_listener: &str, asked: Asked<'_>) -> Result<Value, Unfound> {
        let form = numbered("ListenerArns.member", [arn_of_listener]);
        let listeners = match self.balanced("DescribeListeners", "Listeners", form).await {
            Err(error) if error.is("ListenerNotFound") => Vec::new(),
            result => result?,
        };
        let listener = asked.only("listener", listeners)?;
        let balancers = self.load_balancers(asked, Some(arn(&listener))).await?;
        let balancer = asked.only("load balancer", balancers)?;
        Ok(value(&listener, Some(&balancer)))
    }

    /// The load balancers of the type that is asked for: that of an ARN, or those with the tags.
    async fn load_balancers(
        &self,
        asked: Asked<'_>,
        arn_of_one: Option<&str>,
    ) -> Result<Vec<Element>, Unfound> {
        let form = numbered("LoadBalancerArns.member", arn_of_one);
        let mut found = match self.balanced("DescribeLoadBalancers", "LoadBalancers", form).await {
            Err(error) if error.is("LoadBalancerNotFound") => Vec::new(),
            result => result?,
        };
        found.retain(|it| it.text("Type") == asked.text("loadBalancerType"));
        let Some(tags) = asked.0.get("loadBalancerTags") else { return Ok(found) };
        let wanted: Option<Vec<(&str, &str)>> = tags.as_array().and_then(|tags| {
            tags.iter().map(|it| Some((it["key"].as_str()?, it["value"].as_str()?))).collect()
        });
        let wanted = wanted.ok_or_else(|| {
            Unfound::Unclear("`loadBalancerTags` are pairs of a `key` and a `value`".to_owned())
        })?;
        let mut tagged: Vec<Element> = Vec::new();
        for some in found.chunks(MOST_TAGGED) {
            let form = numbered("ResourceArns.member", some.iter().map(arn));
            tagged.extend(self.balanced("DescribeTags", "TagDescriptions", form).await?);
        }
        let has_all = |it: &&Element| {
            let has = |(key, value): &(&str, &str)| {
                it.items("Tags").any(|tag| {
                    tag.text("Key") == Some(key) && tag.text("Value").unwrap_or_default() == *value
                })
            };
            wanted.iter().all(has)
        };
        let meant: Vec<&str> =
            tagged.iter().filter(has_all).filter_map(|it| it.text("ResourceArn")).collect();
        found.retain(|it| meant.contains(&arn(it)));
        Ok(found)
    }

    /// What the service lists.
    async fn balanced(
        &self,
        operation: &'static str,
        list: &str,
        form: Vec<(String, String)>,
    ) -> Result<Vec<Element>, AwsError> {
        self.all_pages(LOAD_BALANCING, operation, ["Marker", "NextMarker"], list, form).await
    }
}

/// The ARN of a load balancer, or of that of a listener.
fn arn(of: &Element) -> &str {
    of.text("LoadBalancerArn").unwrap_or_default()
}

fn security_groups(of: Option<&Element>) -> Value {
    of.map_or_else(|| json!([]), |it| it.texts("SecurityGroups").collect())
}

fn value(listener: &Element, balancer: Option<&Element>) -> Value {
    let port: Option<u64> = listener.text("Port").and_then(|it| it.parse().ok());
    let entries = [
        entry("listenerArn", listener.text("ListenerArn")),
        entry("listenerPort", port),
        entry("securityGroupIds", Some(security_groups(balancer))),
    ];
    Value::Object(entries.into_iter().flatten().collect())
}
