//! Lookups in EC2 beside networks: zones, images, security groups.

use serde_json::{Value, json};

use super::{Asked, EC2, Element, Unfound, filters, numbered};
use crate::world::aws::Aws;

impl Aws {
    /// The names of the zones of the region that can be used.
    pub(super) async fn availability_zones(&self) -> Result<Value, Unfound> {
        let zones = self.listed("DescribeAvailabilityZones", "availabilityZoneInfo", Vec::new()).await?;
        let available = zones.iter().filter(|it| it.text("zoneState") == Some("available"));
        Ok(available.filter_map(|it| it.text("zoneName")).collect())
    }

    /// The names of the zones in which a service can be reached by an endpoint.
    pub(super) async fn endpoint_service_zones(&self, asked: Asked<'_>) -> Result<Value, Unfound> {
        let form = numbered("ServiceName", [asked.needed("serviceName")?]);
        let answer = self.query(EC2, "DescribeVpcEndpointServices", &form).await?;
        let service = answer.items("serviceDetailSet").next();
        Ok(service.map_or_else(|| json!([]), |it| it.texts("availabilityZoneSet").collect()))
    }

    /// The id of the newest image of those that are as asked.
    pub(super) async fn image(&self, asked: Asked<'_>) -> Result<Value, Unfound> {
        let unclear = |what: &str| Unfound::Unclear(format!("`{what}` is not as it should be"));
        let texts = |value: &'_ Value| -> Option<Vec<String>> {
            value.as_array()?.iter().map(|it| it.as_str().map(str::to_owned)).collect()
        };
        let owners = match asked.0.get("owners") {
            None | Some(Value::Null) => Vec::new(),
            Some(it) => texts(it).ok_or_else(|| unclear("owners"))?,
        };
        let wanted = asked.0.get("filters").and_then(Value::as_object).ok_or_else(|| unclear("filters"))?;
        let wanted: Vec<(&str, Vec<String>)> = wanted
            .iter()
            .map(|(name, values)| Some((name.as_str(), texts(values)?)))
            .collect::<Option<_>>()
            .ok_or_else(|| unclear("filters"))?;
        let mut form = numbered("Owner", owners.iter().map(String::as_str));
        form.extend(filters(
            wanted.iter().map(|(name, values)| (*name, values.iter().map(String::as_str).collect())),
        ));
        let mut images = self.listed("DescribeImages", "imagesSet", form).await?;
        images.retain(|it| it.text("imageId").is_some());
        // Moments are written so that their order is that of their letters.
        let made = |it: &Element| it.text("creationDate").unwrap_or("1970").to_owned();
        images.sort_by_key(|it| std::cmp::Reverse(made(it)));
        let newest = images.first().and_then(|it| it.text("imageId"));
        newest.map(Value::from).ok_or_else(|| asked.nothing("image"))
    }

    /// The id of a security group, and whether all may leave it.
    pub(super) async fn security_group(&self, asked: Asked<'_>) -> Result<Value, Unfound> {
        let (id, name) = (asked.text("securityGroupId"), asked.text("securityGroupName"));
        if id.is_some() == name.is_some() {
            return Err(Unfound::Unclear("it takes a security group's id or its name".to_owned()));
        }
        let mut form = numbered("GroupId", id);
        let wanted = [("vpc-id", asked.text("vpcId")), ("group-name", name)];
        form.extend(filters(wanted.into_iter().filter_map(|(name, it)| Some((name, vec![it?])))));
        let groups = match self.listed("DescribeSecurityGroups", "securityGroupInfo", form).await {
            Err(error) if error.is("InvalidGroup.NotFound") => Vec::new(),
            result => result?,
        };
        let group = asked.only("security group", groups)?;
        let id = group.text("groupId").ok_or_else(|| asked.nothing("security group"))?;
        Ok(json!({ "securityGroupId": id, "allowAllOutbound": lets_all_out(&group) }))
    }
}

/// Whether a security group lets everything out, to addresses of both kinds.
fn lets_all_out(group: &Element) -> bool {
    let lets_out = |ranges: &str, range: &str, all: &str| {
        let rules = group.items("ipPermissionsEgress").filter(|it| it.text("ipProtocol") == Some("-1"));
        rules.flat_map(|it| it.items(ranges)).any(|it| it.text(range) == Some(all))
    };
    lets_out("ipRanges", "cidrIp", "0.0.0.0/0") && lets_out("ipv6Ranges", "cidrIpv6", "::/0")
}
