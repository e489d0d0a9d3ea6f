//! Domain names that have to fit each other, or the place they stand at.

use super::super::{
    document::Document,
    report::{Found, Report},
    value::Value,
};

/// `E3041`: a record whose name is not in its hosted zone, or a hosted zone without its final dot. `E3503`: a domain
/// that is not in the one that mails about it go to. `alias-zone`: an alias with another hosted zone than that of
/// what it leads to, "but the alias target name does not lie within the target zone". `E3013`: an alias of a
/// distribution that is no domain name. Source: `AWS::Route53::RecordSet`, `AWS::CertificateManager::Certificate` and
/// `AWS::CloudFront::Distribution` in the CloudFormation User Guide.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for resource in document.of_type("AWS::Route53::RecordSet") {
        for record in document.views(resource) {
            check_record(&record, report);
            if let Some(alias) = record.get("AliasTarget") {
                check_alias_zone(&alias, report);
            }
        }
    }
    for resource in document.of_type("AWS::Route53::RecordSetGroup") {
        for group in document.views(resource) {
            group.all_at("RecordSets/*/AliasTarget").iter().for_each(|it| check_alias_zone(it, report));
        }
    }
    for resource in document.of_type("AWS::CertificateManager::Certificate") {
        for certificate in document.views(resource) {
            for option in certificate.all_at("DomainValidationOptions/*") {
                check_validation(&option, report);
            }
        }
    }
    for resource in document.of_type("AWS::CloudFront::Distribution") {
        for distribution in document.views(resource) {
            for alias in distribution.all_at("DistributionConfig/Aliases/*") {
                check_alias(alias, report);
            }
        }
    }
}

/// Whether `name` is `domain` or one of its subdomains; both without a final dot.
fn is_within(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|it| it.is_empty() || it.ends_with('.'))
}

fn check_record<'t>(record: &Value<'t>, report: &mut Report<'t>) {
    let (Some(name), Some(zone)) = (record.get("Name"), record.get("HostedZoneName")) else { return };
    let (Some(record), Some(domain)) = (name.text(), zone.text()) else { return };
    if !domain.ends_with('.') {
        let message = format!("the hosted zone `{domain}` does not end with a dot");
        report.add(Found::error("E3041", zone, message).help(format!("write `{domain}.`")));
    }
    let domain = domain.trim_end_matches('.');
    if !is_within(record.trim_end_matches('.'), domain) {
        let message = format!("`{record}` is not in the hosted zone `{domain}`");
        let found = Found::error("E3041", name, message);
        report.add(found.help(format!("end the name with `.{domain}`")).and(zone, "the hosted zone"));
    }
}

fn check_alias_zone<'t>(alias: &Value<'t>, report: &mut Report<'t>) {
    /// The hosted zone of all distributions.
    const CLOUD_FRONT: &str = "Z2FDTNDATAQYW2";
    /// That of all distributions in China.
    const CHINA: &str = "Z3RFFRIM2A3IF5";
    let (Some(name), Some(zone)) = (alias.get("DNSName"), alias.get("HostedZoneId")) else { return };
    let resources = &name.document.resources;
    let named = name.pieces().into_iter().filter_map(Result::err).find_map(|it| resources.get(it.name));
    let Some(named) = named else { return };
    let of_zone = zone.target().and_then(|it| resources.get(it.name));
    let is_own_zone = of_zone.is_some_and(|it| it.type_name == "AWS::Route53::HostedZone");
    let help = match named.type_name {
        "AWS::ElasticLoadBalancingV2::LoadBalancer"
            if is_own_zone || zone.text().as_deref() == Some(CLOUD_FRONT) =>
        {
            format!("use `!GetAtt {}.CanonicalHostedZoneID`", named.id)
        }
        "AWS::CloudFront::Distribution"
            if is_own_zone || zone.text().is_some_and(|it| it != CLOUD_FRONT && it != CHINA) =>
        {
            format!("use `{CLOUD_FRONT}`, the zone of all distributions")
        }
        _ => return,
    };
    let message = format!("`{}` is not in this hosted zone", named.id);
    report.add(Found::error("alias-zone", zone, message).help(help).and(name, "the alias leads there"));
}

fn check_validation<'t>(option: &Value<'t>, report: &mut Report<'t>) {
    let (Some(name), Some(validation)) = (option.get("DomainName"), option.get("ValidationDomain")) else {
        return;
    };
    if let (Some(text), Some(domain)) = (name.text(), validation.text())
        && !is_within(&text, &domain)
    {
        let message = format!("`{text}` is not in `{domain}`, which is asked about it");
        let found = Found::error("E3503", name, message);
        report.add(
            found
                .help("use the domain itself, or one above it, as `ValidationDomain`")
                .and(validation, "asked here"),
        );
    }
}

fn check_alias<'t>(alias: Value<'t>, report: &mut Report<'t>) {
    let Some(text) = alias.text() else { return };
    let is_plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit();
    let labels: Vec<&str> = text.split('.').collect();
    let is_label = |(at, label): (usize, &&str)| {
        let is_last = at + 1 == labels.len();
        let starts = label.starts_with(is_plain) || label.starts_with('*') && !is_last;
        let ends = label.ends_with(is_plain) || *label == "*";
        let inside = label.chars().skip(1).all(|it| is_plain(it) || it == '-');
        starts && ends && inside && label.len() <= 63 && (!is_last || label.len() > 1)
    };
    let is_name = labels.len() > 1 && labels.iter().enumerate().all(is_label);
    if !is_name || text.contains(".*.") {
        let message = format!("`{text}` is not a domain name that an alias can be");
        report.add(
            Found::error("E3013", alias, message)
                .help("write it in lowercase, with `*` at most as its first part"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn a_record_is_in_its_zone() {
        let template = "\
Resources:
  A: {Type: AWS::Route53::RecordSet, Properties: {Name: www.example.org, HostedZoneName: example.com}}
  B: {Type: AWS::Route53::RecordSet, Properties: {Name: example.com, HostedZoneName: example.com.}}
  C: {Type: AWS::Route53::RecordSet, Properties: {Name: my-example.com., HostedZoneName: example.com.}}
  D: {Type: AWS::Route53::RecordSet, Properties: {Name: !Ref Name, HostedZoneName: example.com.}}
";
        let expected = "\
error E3041 Resources/A/Properties/Name 2:57: `www.example.org` is not in the hosted zone `example.com`
  end the name with `.example.com`
error E3041 Resources/A/Properties/HostedZoneName 2:90: the hosted zone `example.com` does not end with a dot
  write `example.com.`
error E3041 Resources/C/Properties/Name 4:57: `my-example.com.` is not in the hosted zone `example.com`
  end the name with `.example.com`
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn an_alias_has_the_zone_of_what_it_leads_to() {
        let template = "\
Resources:
  Zone: {Type: AWS::Route53::HostedZone}
  Web: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer}
  Site: {Type: AWS::CloudFront::Distribution}
  A:
    Type: AWS::Route53::RecordSet
    Properties: {AliasTarget: {DNSName: !Sub 'dualstack.${Web.DNSName}', HostedZoneId: !Ref Zone}}
  B:
    Type: AWS::Route53::RecordSet
    Properties: {AliasTarget: {DNSName: !GetAtt Web.DNSName, HostedZoneId: !GetAtt Web.CanonicalHostedZoneID}}
  C:
    Type: AWS::Route53::RecordSet
    Properties: {AliasTarget: {DNSName: !GetAtt Site.DomainName, HostedZoneId: Z2FDTNDATAQYW3}}
  D:
    Type: AWS::Route53::RecordSet
    Properties: {AliasTarget: {DNSName: !GetAtt Site.DomainName, HostedZoneId: Z2FDTNDATAQYW2}}
";
        let expected = "\
error alias-zone Resources/A/Properties/AliasTarget/HostedZoneId 7:88: `Web` is not in this hosted zone
  use `!GetAtt Web.CanonicalHostedZoneID`
error alias-zone Resources/C/Properties/AliasTarget/HostedZoneId 13:80: `Site` is not in this hosted zone
  use `Z2FDTNDATAQYW2`, the zone of all distributions
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn a_certificate_is_asked_for_above() {
        let template = "\
Resources:
  A:
    Type: AWS::CertificateManager::Certificate
    Properties:
      DomainValidationOptions:
        - {DomainName: a.example.com, ValidationDomain: example.com}
        - {DomainName: example.com, ValidationDomain: a.example.com}
";
        let expected = "\
error E3503 Resources/A/Properties/DomainValidationOptions/1/DomainName 7:24: `example.com` is not in `a.example.com`, which is asked about it
  use the domain itself, or one above it, as `ValidationDomain`
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn an_alias_is_a_domain_name() {
        let template = "\
Resources:
  A:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Aliases: ['*.example.com', Example.com, www.*.com, example, xn--a.com, a_b.com, '{{resolve:ssm:a}}']
";
        let expected = "\
error E3013 Resources/A/Properties/DistributionConfig/Aliases/1 6:36: `Example.com` is not a domain name that an alias can be
  write it in lowercase, with `*` at most as its first part
error E3013 Resources/A/Properties/DistributionConfig/Aliases/2 6:49: `www.*.com` is not a domain name that an alias can be
  write it in lowercase, with `*` at most as its first part
error E3013 Resources/A/Properties/DistributionConfig/Aliases/3 6:60: `example` is not a domain name that an alias can be
  write it in lowercase, with `*` at most as its first part
error E3013 Resources/A/Properties/DistributionConfig/Aliases/5 6:80: `a_b.com` is not a domain name that an alias can be
  write it in lowercase, with `*` at most as its first part
";
        assert_eq!(check(super::check, template), expected);
    }
}
