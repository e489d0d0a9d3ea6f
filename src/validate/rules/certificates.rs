//! Certificates, and the region they have to be in.

use super::super::{
    document::Document,
    report::{Found, Report},
    value::Value,
};

/// `certificate-region`: a certificate of a region where it cannot be used. Amazon CloudFront takes only those of
/// `us-east-1`, and a load balancer only those of its own region. Source: "Requirements for using SSL/TLS
/// certificates with CloudFront" in the Amazon CloudFront Developer Guide, and "SSL certificates for your Application
/// Load Balancer" in the User Guide for Application Load Balancers.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    const CLOUD_FRONT: &str = "us-east-1";
    for resource in document.of_type("AWS::CloudFront::Distribution") {
        for properties in document.views(resource) {
            for certificate in properties.all_at("DistributionConfig/ViewerCertificate/AcmCertificateArn") {
                check_region(document, certificate, ("a distribution", CLOUD_FRONT), report);
            }
        }
    }
    let Some(region) = document.region else { return };
    for type_name in ["Listener", "ListenerCertificate"] {
        for resource in document.of_type(&format!("AWS::ElasticLoadBalancingV2::{type_name}")) {
            for properties in document.views(resource) {
                for certificate in properties.all_at("Certificates/*/CertificateArn") {
                    check_region(document, certificate, ("this load balancer", region), report);
                }
            }
        }
    }
}

/// Reports a certificate that is certainly not in the region that `user` takes certificates from.
fn check_region<'t>(
    document: &'t Document<'t>,
    certificate: Value<'t>,
    (user, wanted): (&str, &str),
    report: &mut Report<'t>,
) {
    let own = document.named(certificate, "AWS::CertificateManager::Certificate").and(document.region);
    let text = certificate.text();
    let written = text.as_deref().and_then(|it| it.strip_prefix("arn:aws:acm:")?.split(':').next());
    let Some(region) = own.or(written).filter(|it| *it != wanted) else { return };
    let message = format!("the certificate is in `{region}`, and {user} takes only those in `{wanted}`");
    let found = Found::error("certificate-region", certificate, message);
    report.add(found.help(format!("make the certificate in a stack in `{wanted}`")));
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn a_distribution_takes_a_certificate_from_one_region() {
        let distribution = |arn: &str| {
            let certificate = format!("ViewerCertificate: {{AcmCertificateArn: {arn}}}");
            format!(
                "{{Type: AWS::CloudFront::Distribution, Properties: {{DistributionConfig: {{{certificate}}}}}}}"
            )
        };
        let template = format!(
            "Resources:\n  A: {}\n  B: {}\n  C: {}\n  Own: {{Type: AWS::CertificateManager::Certificate}}\n",
            distribution("'arn:aws:acm:eu-west-1:123456789012:certificate/a'"),
            distribution("'arn:aws:acm:us-east-1:123456789012:certificate/a'"),
            distribution("!Ref Own"),
        );
        let expected = "\
error certificate-region Resources/A/Properties/DistributionConfig/ViewerCertificate/AcmCertificateArn 2:117: the certificate is in `eu-west-1`, and a distribution takes only those in `us-east-1`
  make the certificate in a stack in `us-east-1`
";
        assert_eq!(check(super::check, &template), expected);
    }
}
