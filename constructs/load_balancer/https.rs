//! TLS before a service: its certificate and policy.

use crate::{
    kernel::prelude::*,
    subdomain::{Alias, Kinds},
    targets::LoadBalancer,
    zone::Zone,
};

const CERTIFICATE: ResourceType = ResourceType::new("AWS::CertificateManager::Certificate");

properties! {
    /// TLS: requests come to port 443, and those to port 80 are sent there.
    ///
    /// It takes a `certificate` that is there already, or a `domain` and its `zone` to make one.
    pub struct Https {
        /// The ARN of a certificate in ACM, in the region of the stack.
        certificate: Option<Text>,
        /// The domain the service is called by. Without a `certificate`, one is made for it.
        domain: Option<Text>,
        /// More domains for the certificate that is made, in the same zone.
        more_domains: Vec<Text>,
        /// The zone of Route 53 that the domain lies in, with its id. A record in it proves to ACM that the domain
        /// is yours.
        zone: Option<Zone>,
        /// Whether the domain gets a record in the zone that leads to the load balancer, as the CDK's patterns make one.
        /// A `Subdomain` makes one, too, which may also stand in another stack.
        record: Spanned<bool> = "false",
        /// Which versions and ciphers of TLS are taken: the name of a security policy of load balancers.
        policy: Spanned<String> = "ELBSecurityPolicy-TLS13-1-2-2021-06",
    }
}

/// TLS, in terms of the stack.
pub(crate) struct Terms {
    /// The ARN of the certificate.
    pub(crate) certificate: Expr<Handle>,
    /// The name of the policy.
    pub(crate) policy: Expr<Handle>,
    /// The domain the service is called by, if that is known.
    pub(crate) domain: Option<Expr<Handle>>,
}

impl Https {
    /// A place of it.
    pub(crate) fn span(&self) -> Span {
        let texts = [&self.certificate, &self.domain];
        texts.into_iter().flatten().map(Text::span).next().unwrap_or(self.policy.span)
    }

    /// Reports a certificate that cannot be made, or need not be.
    pub(crate) fn check(&self, faults: &mut Vec<Diagnostic>) {
        if let Some(certificate) = &self.certificate {
            if self.record.value {
                self.check_record(faults);
            }
            let zone = self.zone.as_ref().filter(|_| !self.record.value);
            let spare = zone.map(|it| it.name.span()).or(self.more_domains.first().map(Text::span));
            faults.extend(spare.map(|span| {
                Diagnostic::error("no-effect", "no certificate is made, because one is given")
                    .label(span, "only used to make one")
                    .label(certificate.span(), "given here")
                    .help("remove this, or `certificate`")
            }));
            return;
        }
        let Some(domain) = &self.domain else {
            let at = self.zone.as_ref().map_or(self.policy.span, |it| it.name.span());
            faults.push(
                Diagnostic::error("https-certificate", "TLS needs a certificate")
                    .at(at)
                    .help("add `certificate:` with its ARN, or `domain:` and `zone:` to have one made"),
            );
            return;
        };
        let Some(zone) = &self.zone else {
            faults.push(
                Diagnostic::error("https-zone", "a certificate is made only in a zone, and none is given")
                    .at(domain.span())
                    .help("add `zone: {name: example.com, id: Z0123456789ABCDEFGHIJ}`"),
            );
            return;
        };
        zone.check(faults);
        if zone.id.is_none() {
            faults.push(
                Diagnostic::error("https-zone", "a certificate is made only in a zone whose id is known")
                    .at(zone.name.span())
                    .help("add the id: `zone: {name: …, id: Z0123456789ABCDEFGHIJ}`; AWS finds records by name, certificates not"),
            );
        }
        for domain in [domain].into_iter().chain(&self.more_domains) {
            faults.extend(outside(domain, zone));
        }
    }

    /// Reports a record that has no name or no place, beside a certificate that is there already.
    fn check_record(&self, faults: &mut Vec<Diagnostic>) {
        match (&self.domain, &self.zone) {
            (Some(domain), Some(zone)) => {
                zone.check(faults);
                faults.extend(outside(domain, zone));
            }
            (None, _) | (_, None) => faults.push(
                Diagnostic::error("https-zone", "a record is that of a `domain` in its `zone`, and one is missing")
                    .at(self.record.span)
                    .help("add `domain:` and `zone:`, or remove `record`"),
            ),
        }
    }

    /// Adds the certificate, if it is not there yet.
    pub(crate) fn build(&self, scope: &mut Scope<'_>) -> Terms {
        let domain = self.domain.as_ref().map(|it| scope.text(it));
        let given = self.certificate.as_ref().map(|it| scope.text(it));
        let certificate =
            given.or_else(|| domain.clone().map(|it| self.make(scope, it))).unwrap_or(Expr::ABSENT);
        Terms { certificate, policy: self.policy.clone().into(), domain }
    }

    /// Adds the record that leads from the domain to `balancer`, if there is to be one.
    ///
    /// # Errors
    ///
    /// If there is another record of that name.
    pub(crate) fn add_record(&self, scope: &mut Scope<'_>, balancer: &LoadBalancer) -> Result<(), Diagnostic> {
        let (true, Some(domain), Some(zone)) = (self.record.value, &self.domain, &self.zone) else { return Ok(()) };
        let alias = Alias { zone, domain: scope.text(domain), span: domain.span(), kinds: Kinds::Ipv4 };
        alias.add(&mut scope.child("DNS"), &balancer.into())
    }

    fn make(&self, scope: &mut Scope<'_>, domain: Expr<Handle>) -> Expr<Handle> {
        let zone = self.zone.as_ref().and_then(|it| it.id(scope));
        let more: Vec<Expr<Handle>> = self.more_domains.iter().map(|it| scope.text(it)).collect();
        let validation =
            |name: &Expr<Handle>| object! { "DomainName" => name.clone(), "HostedZoneId" => zone.clone() };
        let validations: Vec<Expr<Handle>> = [&domain].into_iter().chain(&more).map(validation).collect();
        let mut scope = scope.child("Certificate");
        let name = scope.path().to_string();
        let certificate = scope.resource(
            "Resource",
            CERTIFICATE,
            object! {
                "DomainName" => domain,
                "DomainValidationOptions" => validations,
                "SubjectAlternativeNames" => (!more.is_empty()).then_some(more),
                "Tags" => list![object! { "Key" => "Name", "Value" => name }],
                "ValidationMethod" => "DNS",
            },
        );
        certificate.reference()
    }
}

/// What to say of a domain that is not in `zone`, as far as both are written out.
fn outside(domain: &Text, zone: &Zone) -> Option<Diagnostic> {
    let (name, zone_name) = (domain.literal()?, zone.name.literal()?);
    let is_within = name.strip_suffix(zone_name).is_some_and(|it| it.is_empty() || it.ends_with('.'));
    (!is_within).then(|| {
        Diagnostic::error("https-domain", format!("`{name}` is not in the zone `{zone_name}`"))
            .at(domain.span())
            .help(format!(
                "write the whole name, such as `{}.{zone_name}`",
                name.split('.').next().unwrap_or("www")
            ))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{Stack, stack};

    fn with(https: &str) -> Stack {
        stack(&format!(
            "n: {{type: Network}}\nweb: {{type: FargateService, network: n, image: 'a:1', port: 80, https: {https}}}"
        ))
    }

    #[test]
    fn listens_with_a_certificate_that_is_there() {
        let stack = with(
            "{certificate: 'arn:aws:acm:eu-west-1:111122223333:certificate/1', domain: shop.example.com}",
        );
        assert_eq!(
            stack.properties("web/LB/PublicListener/Resource"),
            json!({
                "Certificates": [{ "CertificateArn": "arn:aws:acm:eu-west-1:111122223333:certificate/1" }],
                "DefaultActions": [{ "TargetGroupArn": "${web/LB/PublicListener/ECSGroup/Resource}", "Type": "forward" }],
                "LoadBalancerArn": "${web/LB/Resource}",
                "Port": 443,
                "Protocol": "HTTPS",
                "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
            })
        );
        assert_eq!(stack.attribute("web", "url"), "https://shop.example.com");
    }

    #[test]
    fn sends_those_without_it_there() {
        let stack = with("{certificate: 'arn:aws:acm:eu-west-1:111122223333:certificate/1'}");
        assert_eq!(
            stack.properties("web/LB/PublicRedirectListener/Resource"),
            json!({
                "DefaultActions": [{
                    "RedirectConfig": { "Port": "443", "Protocol": "HTTPS", "StatusCode": "HTTP_301" },
                    "Type": "redirect",
                }],
                "LoadBalancerArn": "${web/LB/Resource}",
                "Port": 80,
                "Protocol": "HTTP",
            })
        );
        let ingress = &stack.properties("web/LB/SecurityGroup/Resource")["SecurityGroupIngress"];
        assert_eq!([&ingress[0]["FromPort"], &ingress[1]["FromPort"]], [443, 80]);
        assert_eq!(stack.attribute("web", "url"), "https://${web/LB/Resource.DNSName}");
    }

    #[test]
    fn makes_a_certificate_in_a_zone() {
        let stack = with(
            "{domain: shop.example.com, moreDomains: [www.shop.example.com], zone: {name: example.com, id: Z012}}",
        );
        assert_eq!(
            stack.properties("web/Certificate/Resource"),
            json!({
                "DomainName": "shop.example.com",
                "DomainValidationOptions": [
                    { "DomainName": "shop.example.com", "HostedZoneId": "Z012" },
                    { "DomainName": "www.shop.example.com", "HostedZoneId": "Z012" },
                ],
                "SubjectAlternativeNames": ["www.shop.example.com"],
                "Tags": [{ "Key": "Name", "Value": "Test/web/Certificate" }],
                "ValidationMethod": "DNS",
            })
        );
        let listener = stack.properties("web/LB/PublicListener/Resource");
        assert_eq!(listener["Certificates"], json!([{ "CertificateArn": "${web/Certificate/Resource}" }]));
    }

    #[test]
    fn its_domain_may_have_a_record() {
        for certificate in ["", "certificate: 'arn:aws:acm:eu-west-1:111122223333:certificate/1', "] {
            let stack = with(&format!(
                "{{{certificate}domain: shop.example.com, zone: {{name: example.com, id: Z012}}, record: true}}"
            ));
            assert_eq!(
                stack.properties("web/DNS/Resource"),
                json!({
                    "AliasTarget": {
                        "DNSName": "dualstack.${web/LB/Resource.DNSName}",
                        "HostedZoneId": "${web/LB/Resource.CanonicalHostedZoneID}",
                    },
                    "HostedZoneId": "Z012",
                    "Name": "shop.example.com.",
                    "Type": "A",
                })
            );
        }
    }

    #[test]
    fn points_at_a_record_that_cannot_be() {
        assert_eq!(
            with("{certificate: a, record: true}").faults(),
            ["https-zone at `true`: a record is that of a `domain` in its `zone`, and one is missing"]
        );
        assert_eq!(
            with("{certificate: a, domain: shop.example.org, zone: example.com, record: true}").faults(),
            ["https-domain at `shop.example.org`: `shop.example.org` is not in the zone `example.com`"]
        );
        let taken = "n: {type: Network}\n\
                     web: {type: FargateService, network: n, image: 'a:1', port: 80, https: \
                     {certificate: a, domain: shop.example.com, zone: example.com, record: true}}\n\
                     site: {type: Subdomain, zone: example.com, name: shop, target: web}";
        assert_eq!(
            stack(taken).faults(),
            ["second-record at `shop`: there is another record of this name"]
        );
    }

    #[test]
    fn points_at_what_a_certificate_lacks() {
        assert_eq!(
            with("{policy: ELBSecurityPolicy-TLS13-1-2-2021-06}").faults(),
            ["https-certificate at `ELBSecurityPolicy-TLS13-1-2-2021-06`: TLS needs a certificate"]
        );
        assert_eq!(
            with("{domain: shop.example.com}").faults(),
            ["https-zone at `shop.example.com`: a certificate is made only in a zone, and none is given"]
        );
        assert_eq!(
            with("{domain: shop.example.com, zone: example.com}").faults(),
            ["https-zone at `example.com`: a certificate is made only in a zone whose id is known"]
        );
        assert_eq!(
            with("{domain: shop, zone: {name: example.com, id: Z012}}").faults(),
            ["https-domain at `shop`: `shop` is not in the zone `example.com`"]
        );
    }

    #[test]
    fn points_at_a_zone_that_has_no_effect() {
        assert_eq!(
            with("{certificate: 'arn:a', zone: {name: example.com, id: Z012}}").faults(),
            ["no-effect at `example.com`: no certificate is made, because one is given"]
        );
    }
}
