//! A name in a zone of Route 53 that leads to a load balancer, or a distribution of CloudFront.

use crate::{
    kernel::{expr::ExprKind, prelude::*},
    targets::LoadBalancer,
    zone::Zone,
};

const RECORD_SET: ResourceType = ResourceType::new("AWS::Route53::RecordSet");

properties! {
    /// A name in a zone of Route 53 that leads to a load balancer, or a distribution of CloudFront.
    ///
    /// The name follows what it leads to, to whatever addresses that has. Who called it before a change may go to
    /// the old addresses for a minute.
    pub struct Subdomain {
        /// The zone, which exists already: its name, or `{name: example.com, id: Z0123456789ABCDEFGHIJ}` where
        /// the account has more than one zone of that name.
        zone: Zone,
        /// The name, without the zone's: `shop` is `shop.example.com`, `*` is every name in the zone that has no
        /// record of its own. If absent, or `@`, it is the zone itself.
        name: Option<Text>,
        /// What it leads to: a construct with a load balancer.
        target: Option<Link<LoadBalancer>>,
        /// What it leads to in place of a `target`: the domain name of a distribution of CloudFront, such as
        /// `${Cdn.DomainName}` of one under `resources`. The distribution has to know the name as one of its aliases.
        distribution: Option<Text>,
        /// The only record to make, for one whose other record is deployed elsewhere. If absent, it is an `A`, and where
        /// it leads to IPv6 addresses, too, there is an `AAAA` besides.
        record: Option<Record>,
    }
}

choices! {
    /// A kind of record.
    pub enum Record {
        /// IPv4 addresses.
        A = "A",
        /// IPv6 addresses.
        Aaaa = "AAAA",
    }
}

exports! {
    /// What other constructs may use of a [`Subdomain`].
    pub struct Exports {
        /// The full name, such as `shop.example.com`.
        domain: Expr<Handle>,
        /// The URL, with the scheme of the load balancer; not for a `*`.
        url: Option<Expr<Handle>>,
    }
}

impl Target for Exports {
    const WHAT: &'static str = "a Subdomain";
}

impl Construct for Subdomain {
    const KIND: &'static str = "Subdomain";
    const EXAMPLE: &'static str = include_str!("subdomain.yaml");

    type Exports = Exports;

    fn check(&self, faults: &mut Vec<Diagnostic>) {
        self.zone.check(faults);
        if let Some(name) = &self.name {
            self.zone.check_host(name, faults);
        }
        match (&self.target, &self.distribution) {
            (None, None) => faults.push(
                Diagnostic::error("no-target", "the name leads nowhere")
                    .at(self.name.as_ref().unwrap_or(&self.zone.name).span())
                    .help("add `target:` with the name of a construct that has a load balancer, or `distribution:`"),
            ),
            (Some(target), Some(distribution)) => faults.push(
                Diagnostic::error("no-target", "the name cannot lead to two places")
                    .label(distribution.span(), "")
                    .label(target.name.span, "the other")
                    .help("remove `target` or `distribution`"),
            ),
            (Some(_), None) | (None, Some(_)) => (),
        }
    }

    fn build(&self, scope: &mut Scope<'_>) -> Result<Exports, Diagnostic> {
        let destination = match (&self.target, &self.distribution) {
            (Some(target), _) => Destination::from(&scope.find(target)?),
            (None, Some(distribution)) => Destination::distribution(scope, distribution),
            (None, None) => return Ok(Exports { domain: Expr::ABSENT, url: None }),
        };
        let domain = self.zone.full_name(scope, self.name.as_ref());
        let kinds = match self.record {
            Some(Record::Aaaa) => Kinds::Ipv6,
            None if destination.is_dual_stack => Kinds::Both,
            Some(Record::A) | None => Kinds::Ipv4,
        };
        let span = self.name.as_ref().unwrap_or(&self.zone.name).span();
        Alias { zone: &self.zone, domain: domain.clone(), span, kinds }.add(scope, &destination)?;
        // With a reference in it the name may turn out to be anything.
        let is_wildcard =
            self.name.as_ref().is_some_and(|it| it.literal().is_some_and(|it| it.starts_with('*')));
        let url = (!is_wildcard).then(|| text![destination.scheme, "://", domain.clone()]);
        Ok(Exports { domain, url })
    }
}

/// What a name leads to.
pub(crate) struct Destination {
    dns_name: Expr<Handle>,
    hosted_zone_id: Expr<Handle>,
    scheme: &'static str,
    is_dual_stack: bool,
}

impl From<&LoadBalancer> for Destination {
    fn from(balancer: &LoadBalancer) -> Self {
        Self {
            dns_name: text!["dualstack.", balancer.dns_name.clone()],
            hosted_zone_id: balancer.hosted_zone_id.clone(),
            scheme: balancer.scheme,
            is_dual_stack: balancer.is_dual_stack,
        }
    }
}

impl Destination {
    /// The distribution of CloudFront with this domain name. All of them lie in one zone, and in China in another.
    ///
    /// <https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html>
    fn distribution(scope: &mut Scope<'_>, domain_name: &Text) -> Self {
        let is_china = scope.place().region.as_ref().is_some_and(|it| it.starts_with("cn-"));
        Self {
            dns_name: scope.text(domain_name),
            hosted_zone_id: if is_china { "Z3RFFRIM2A3IF5" } else { "Z2FDTNDATAQYW2" }.into(),
            scheme: "https",
            is_dual_stack: true,
        }
    }
}

/// Which records a name has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kinds {
    /// An `A`.
    Ipv4,
    /// An `AAAA`.
    Ipv6,
    /// An `A`, and below it an `AAAA`.
    Both,
}

/// A name in a zone that stands for another.
pub(crate) struct Alias<'a> {
    /// The zone.
    pub(crate) zone: &'a Zone,
    /// The full name.
    pub(crate) domain: Expr<Handle>,
    /// Where it is written.
    pub(crate) span: Span,
    /// Its records.
    pub(crate) kinds: Kinds,
}

impl Alias<'_> {
    /// Adds its records at `scope`.
    ///
    /// # Errors
    ///
    /// If there is such a record already.
    pub(crate) fn add(&self, scope: &mut Scope<'_>, to: &Destination) -> Result<(), Diagnostic> {
        match self.kinds {
            Kinds::Ipv4 => self.record(scope, "A", to),
            Kinds::Ipv6 => self.record(scope, "AAAA", to),
            Kinds::Both => {
                self.record(scope, "A", to)?;
                self.record(&mut scope.child("Ipv6"), "AAAA", to)
            }
        }
    }

    /// Reports a record that something else in the app has. Zones that are told apart by their ids may have the same names.
    fn claim(&self, scope: &mut Scope<'_>, kind: &'static str) -> Result<(), Diagnostic> {
        // A reference to nothing has been reported, and is no name.
        if matches!(&self.domain.kind, ExprKind::Concat(parts) if parts.iter().any(Expr::is_absent)) {
            return Ok(());
        }
        let (id, name) = self.zone.id_or_name(scope);
        let record = list![kind, self.domain.clone(), id, name];
        scope.claim("record", record, self.span).map_err(|before| {
            Diagnostic::error("second-record", "there is another record of this name")
                .label(self.span, "")
                .label(before, "this one")
                .help("remove one of them, or give it another name")
        })
    }

    fn record(&self, scope: &mut Scope<'_>, kind: &'static str, to: &Destination) -> Result<(), Diagnostic> {
        self.claim(scope, kind)?;
        let (zone_id, zone_name) = self.zone.id_or_name(scope);
        scope.resource("Resource", RECORD_SET, object! {
            "AliasTarget" => object! {
                "DNSName" => to.dns_name.clone(),
                "HostedZoneId" => to.hosted_zone_id.clone(),
            },
            "HostedZoneId" => zone_id,
            "HostedZoneName" => zone_name,
            "Name" => text![self.domain.clone(), "."],
            "Type" => kind,
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        kernel::{
            construct::Built,
            tree::{Named, Place, Tree},
            yaml::{Format, parse},
        },
        testing::{Stack, stack},
    };

    fn site(properties: &str) -> Stack {
        stack(&format!(
            "net: {{type: Network}}\n\
             web: {{type: FargateService, network: net, image: 'nginx:1.29', port: 80}}\n\
             site: {{type: Subdomain, target: web, {properties}}}\n"
        ))
    }

    #[test]
    fn is_an_alias_of_the_load_balancer() {
        let built = site("zone: example.com, name: shop");
        assert_eq!(
            built.properties("site/Resource"),
            json!({
                "AliasTarget": {
                    "DNSName": "dualstack.${web/LB/Resource.DNSName}",
                    "HostedZoneId": "${web/LB/Resource.CanonicalHostedZoneID}",
                },
                "HostedZoneName": "example.com.",
                "Name": "shop.example.com.",
                "Type": "A",
            })
        );
        assert_eq!(built.attribute("site", "domain"), json!("shop.example.com"));
        assert_eq!(built.attribute("site", "url"), json!("http://shop.example.com"));
    }

    #[test]
    fn may_be_the_zone_itself() {
        for name in ["", ", name: \"@\""] {
            let built = site(&format!("zone: example.com{name}"));
            assert_eq!(built.properties("site/Resource")["Name"], json!("example.com."));
            assert_eq!(built.attribute("site", "domain"), json!("example.com"));
        }
    }

    #[test]
    fn finds_its_zone_by_the_id_if_there_is_one() {
        let record = site("zone: {name: example.com, id: Z0123456789ABCDEFGHIJ}").properties("site/Resource");
        assert_eq!(record["HostedZoneId"], json!("Z0123456789ABCDEFGHIJ"));
        assert_eq!(record.get("HostedZoneName"), None);
    }

    #[test]
    fn zone_and_name_may_refer_to_something() {
        let record = site("zone: '${param.Param}', name: 'shop-${param.Param}'").properties("site/Resource");
        assert_eq!(record["HostedZoneName"], json!("${Param}."));
        assert_eq!(record["Name"], json!("shop-${Param}.${Param}."));
    }

    #[test]
    fn a_wildcard_has_no_url() {
        let built = site("zone: example.com, name: \"*\"");
        assert_eq!(built.attribute("site", "domain"), json!("*.example.com"));
        assert_eq!(built.attribute("site", "url"), json!(null));
    }

    #[test]
    fn leads_to_ipv6_addresses_where_there_are_some() {
        let mut tree = Tree::new(Place { stack: "Test".to_owned(), ..Place::default() });
        let kind = ResourceType::new("AWS::ElasticLoadBalancingV2::LoadBalancer");
        let resource = tree.open("web", Span::NOWHERE).resource("LB", kind, object! {});
        let balancer = LoadBalancer {
            resource,
            arn: resource.reference(),
            dns_name: resource.attribute("DNSName"),
            hosted_zone_id: resource.attribute("CanonicalHostedZoneID"),
            scheme: "https",
            domain: None,
            is_dual_stack: true,
            listener: resource,
            group: resource,
            group_id: String::new(),
            reaches: None,
        };
        let offers: Vec<Box<dyn std::any::Any>> = vec![Box::new(balancer)];
        tree.names.insert(
            "web".to_owned(),
            Named::Construct(Built { kind: "Test", attributes: Vec::new(), offers }),
        );
        let text = "{zone: example.com, name: shop, target: web}";
        let node = parse(text, Span::NOWHERE.file, Format::Yaml).0.expect("it is YAML");
        let site = Subdomain::read(&node, &mut Reader::default()).expect("a Subdomain");
        let exports = site.build(&mut tree.open("site", Span::NOWHERE)).expect("it builds");
        assert_eq!(exports.url, Some("https://shop.example.com".into()));
        let paths: Vec<String> = tree.paths_below("site").into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["Resource", "Ipv6/Resource"]);
        let record = tree.handles_at("site/Ipv6/Resource").expect("the record")[0];
        assert_eq!(
            tree.resource(record).properties,
            object! {
                "AliasTarget" => object! {
                    "DNSName" => text!["dualstack.", resource.attribute("DNSName")],
                    "HostedZoneId" => resource.attribute("CanonicalHostedZoneID"),
                },
                "HostedZoneId" => Expr::ABSENT,
                "HostedZoneName" => "example.com.",
                "Name" => "shop.example.com.",
                "Type" => "AAAA",
            }
        );
    }

    #[test]
    fn may_be_one_record_alone() {
        let built = site("zone: example.com, name: shop, record: AAAA");
        assert_eq!(built.properties("site/Resource")["Type"], "AAAA");
        assert!(built.resources().iter().all(|(path, _)| path != "site/Ipv6/Resource"));
    }

    #[test]
    fn leads_to_a_distribution() {
        let built = stack("site: {type: Subdomain, zone: example.com, name: www, distribution: '${param.Param}'}");
        let target = json!({ "DNSName": "${Param}", "HostedZoneId": "Z2FDTNDATAQYW2" });
        for (path, kind) in [("site/Resource", "A"), ("site/Ipv6/Resource", "AAAA")] {
            let record = built.properties(path);
            assert_eq!((&record["Type"], &record["AliasTarget"]), (&json!(kind), &target));
        }
        assert_eq!(built.attribute("site", "url"), "https://www.example.com");
    }

    #[test]
    fn points_at_a_name_that_leads_nowhere_or_to_two_places() {
        assert_eq!(
            stack("site: {type: Subdomain, zone: example.com, name: shop}").faults(),
            ["no-target at `shop`: the name leads nowhere"]
        );
        assert_eq!(
            site("zone: example.com, distribution: a.cloudfront.net").faults(),
            ["no-target at `a.cloudfront.net`: the name cannot lead to two places"]
        );
    }

    #[test]
    fn points_at_a_name_that_is_taken() {
        let second = |first: &str, second: &str| {
            stack(&format!(
                "net: {{type: Network}}\n\
                 web: {{type: FargateService, network: net, image: 'nginx:1.29', port: 80}}\n\
                 site: {{type: Subdomain, target: web, {first}}}\n\
                 again: {{type: Subdomain, target: web, {second}}}\n"
            ))
            .faults()
        };
        let taken = |at: &str| [format!("second-record at `{at}`: there is another record of this name")];
        assert_eq!(second("zone: example.com, name: shop", "zone: example.com, name: shop"), taken("shop"));
        assert_eq!(second("zone: example.com", "zone: example.com, name: \"@\""), taken("\"@\""));
        assert_eq!(second("zone: shop.example.com", "zone: shop.example.com"), taken("shop.example.com"));
        assert_eq!(second("zone: example.com, name: shop", "zone: example.com, name: www"), [""; 0]);
        let [private, public] =
            ["ZA", "ZB"].map(|id| format!("zone: {{name: example.com, id: {id}}}, name: shop"));
        assert_eq!(second(&private, &public), [""; 0]);
    }

    #[test]
    fn points_at_a_target_without_a_load_balancer() {
        assert_eq!(
            stack("net: {type: Network}\nsite: {type: Subdomain, zone: example.com, target: net}").faults(),
            ["wrong-kind at `net`: `net` is a Network; a construct with a load balancer is needed here"]
        );
    }

    #[test]
    fn points_at_names_that_cannot_be() {
        assert_eq!(
            site("zone: example.com, name: shop.example.com").faults(),
            [
                "host-name at `shop.example.com`: `shop.example.com` ends with the name of the zone, which is added anyway"
            ]
        );
        assert_eq!(
            site("zone: example.com.").faults(),
            ["zone-name at `example.com.`: `example.com.` ends with a dot"]
        );
    }
}
