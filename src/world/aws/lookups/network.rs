//! Lookups of VPCs, with what is in them.

use serde_json::{Map, Value};

use super::{Asked, Element, Unfound, entry, filters, subnets};
use crate::world::aws::Aws;

impl Aws {
    /// The only VPC that passes the filters, with its subnets.
    pub(super) async fn network(&self, asked: Asked<'_>) -> Result<Value, Unfound> {
        let unclear = || Unfound::Unclear("`filter` says which VPC is meant: names and texts".to_owned());
        let filter = asked.0.get("filter").and_then(Value::as_object).ok_or_else(unclear)?;
        let filter = filter.iter().map(|(name, value)| Some((name.as_str(), vec![value.as_str()?])));
        let filter: Vec<_> = filter.collect::<Option<_>>().ok_or_else(unclear)?;
        let vpcs = self.listed("DescribeVpcs", "vpcSet", filters(filter)).await?;
        let vpc = asked.only("VPC", vpcs)?;
        let id = vpc.text("vpcId").ok_or_else(|| asked.nothing("VPC"))?;

        let inside = || filters([("vpc-id", vec![id])]);
        let listed = self.listed("DescribeSubnets", "subnetSet", inside()).await?;
        let tables = self.listed("DescribeRouteTables", "routeTableSet", inside()).await?;
        let subnets = subnets::read(&listed, &tables, asked.text("subnetGroupNameTag"))?;
        let groups = subnets::groups(subnets);
        let has_gateways = asked.0.get("returnVpnGateways").and_then(Value::as_bool).unwrap_or(true);
        let gateway = if has_gateways { self.vpn_gateway(id).await? } else { None };

        let is_asymmetric = asked.is_set("returnAsymmetricSubnets");
        let zones = if is_asymmetric { Vec::new() } else { subnets::common_zones(&groups)? };
        let mut value: Map<String, Value> = [
            entry("vpcId", Some(id)),
            entry("vpcCidrBlock", vpc.text("cidrBlock")),
            entry("ownerAccountId", vpc.text("ownerId")),
            entry("availabilityZones", Some(zones)),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !is_asymmetric {
            value.extend(subnets::by_kind(&groups));
        }
        value.extend(entry("vpnGatewayId", gateway));
        if is_asymmetric {
            value.extend(entry("subnetGroups", Some(subnets::whole(&groups))));
        }
        Ok(Value::Object(value))
    }

    /// The VPN gateway of a VPC, if it has one.
    async fn vpn_gateway(&self, vpc: &str) -> Result<Option<String>, Unfound> {
        let wanted = [
            ("attachment.vpc-id", vec![vpc]),
            ("attachment.state", vec!["attached"]),
            ("state", vec!["available"]),
        ];
        let gateways = self.listed("DescribeVpnGateways", "vpnGatewaySet", filters(wanted)).await?;
        match gateways.as_slice() {
            [only] => Ok(only.text("vpnGatewayId").map(str::to_owned)),
            _ => Ok(None),
        }
    }
}

/// The value of a tag.
pub(super) fn tag<'a>(of: &'a Element, name: &str) -> Option<&'a str> {
    let tag = of.items("tagSet").find(|it| it.text("key") == Some(name))?;
    Some(tag.text("value").unwrap_or_default())
}
