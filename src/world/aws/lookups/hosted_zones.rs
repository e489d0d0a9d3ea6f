//! Lookups in Route 53.

use serde_json::{Value, json};

use super::{Asked, Element, MOST_PAGES, Unfound, endless};
use crate::world::{
    AwsError,
    aws::{Aws, query::encoded},
};

impl Aws {
    /// Id and name of the hosted zone of a domain.
    pub(super) async fn hosted_zone(&self, asked: Asked<'_>) -> Result<Value, Unfound> {
        let domain = asked.needed("domainName")?;
        let name = if domain.ends_with('.') { domain.to_owned() } else { format!("{domain}.") };
        let is_private = asked.is_set("privateZone");
        let mut zones = self.zones_of(domain, &name).await?;
        zones.retain(|it| it.child("Config").is_some_and(|it| it.is_set("PrivateZone")) == is_private);
        let mut found = Vec::new();
        for zone in zones {
            let is_meant = match (asked.text("vpcId"), zone.text("Id")) {
                (Some(vpc), Some(id)) => self.serves(id, vpc).await?,
                (_, id) => id.is_some(),
            };
            found.extend(is_meant.then_some(zone));
        }
        let zone = asked.only("hosted zone", found)?;
        Ok(json!({ "Id": zone.text("Id"), "Name": zone.text("Name") }))
    }

    /// The zones of this name, page by page: they are listed in order, from the domain on.
    async fn zones_of(&self, domain: &str, name: &str) -> Result<Vec<Element>, AwsError> {
        let mut found = Vec::new();
        let mut from = vec![("dnsname".to_owned(), domain.to_owned())];
        for _ in 0..MOST_PAGES {
            let answer =
                self.get("route53", "ListHostedZonesByName", "/2013-04-01/hostedzonesbyname", &from).await?;
            found.extend(answer.items("HostedZones").filter(|it| it.text("Name") == Some(name)).cloned());
            let next = answer.text("NextDNSName").filter(|it| answer.is_set("IsTruncated") && *it == name);
            let Some(next) = next else { return Ok(found) };
            from = vec![("dnsname".to_owned(), next.to_owned())];
            let id = answer.text("NextHostedZoneId");
            from.extend(id.map(|it| ("hostedzoneid".to_owned(), it.to_owned())));
        }
        Err(endless("ListHostedZonesByName"))
    }

    /// Whether a private zone answers in a VPC.
    async fn serves(&self, zone: &str, vpc: &str) -> Result<bool, AwsError> {
        let id = zone.rsplit('/').next().unwrap_or_default();
        let path = format!("/2013-04-01/hostedzone/{}", encoded(id));
        let answer = self.get("route53", "GetHostedZone", &path, &[]).await?;
        Ok(answer.items("VPCs").any(|it| it.text("VPCId") == Some(vpc)))
    }
}
