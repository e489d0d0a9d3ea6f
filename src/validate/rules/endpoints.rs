//! Endpoints of services in a VPC.

use super::{
    super::{
        document::Document,
        report::{Found, Report},
        value::Value,
    },
    identity::alike,
};

/// `E3064`: a second endpoint of one service in one VPC that claims the service's private DNS name. Amazon EC2
/// refuses it: "private-dns-enabled cannot be set because there is already a conflicting DNS domain".
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for [other, endpoint] in alike(document, "AWS::EC2::VPCEndpoint", &["VpcId", "ServiceName"]) {
        for [first, second] in document.together([other, endpoint]) {
            let same = |key: &str| {
                first.get(key).zip(second.get(key)).is_some_and(|(left, right)| left.is_same(&right))
            };
            if claims_name(&first) && claims_name(&second) && same("VpcId") && same("ServiceName") {
                let message = format!("`{}` has the private DNS name of this service already", other.id);
                let found = Found::error("E3064", second.holder(), message);
                let found = found.help("set `PrivateDnsEnabled: false`, or use one endpoint");
                report.add(found.and(first.holder(), "the other endpoint"));
            }
        }
    }
}

fn claims_name(endpoint: &Value<'_>) -> bool {
    let is_interface =
        endpoint.get("VpcEndpointType").is_some_and(|it| it.text().as_deref() == Some("Interface"));
    is_interface && endpoint.get("PrivateDnsEnabled").and_then(|it| it.boolean()) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn one_endpoint_has_the_name() {
        let endpoint = |rest: &str| {
            format!(
                "{{Type: AWS::EC2::VPCEndpoint, Properties: {{VpcEndpointType: Interface, VpcId: !Ref Vpc, {rest}}}}}"
            )
        };
        let template = format!(
            "Resources:\n  A: {}\n  B: {}\n  C: {}\n  D: {}\n",
            endpoint("ServiceName: !Sub 'com.amazonaws.${AWS::Region}.logs', PrivateDnsEnabled: true"),
            endpoint("ServiceName: !Sub 'com.amazonaws.${AWS::Region}.logs', PrivateDnsEnabled: true"),
            endpoint("ServiceName: !Sub 'com.amazonaws.${AWS::Region}.logs', PrivateDnsEnabled: false"),
            endpoint("ServiceName: !Sub 'com.amazonaws.${AWS::Region}.sns', PrivateDnsEnabled: true"),
        );
        let expected = "\
error E3064 Resources/B/Properties 3:36: `A` has the private DNS name of this service already
  set `PrivateDnsEnabled: false`, or use one endpoint
";
        assert_eq!(check(super::check, &template), expected);
    }
}
