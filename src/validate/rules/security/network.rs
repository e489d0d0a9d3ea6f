//! Doors of the network.

use super::super::super::{
    document::Document,
    report::{Found, Report},
    value::Value,
};

/// Looks at the rules of security groups.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for group in document.of_type("AWS::EC2::SecurityGroup") {
        let Some(properties) = document.properties(group) else { continue };
        for rule in properties.get("SecurityGroupIngress").iter().flat_map(Value::each) {
            check_ingress(rule, report);
            check_description(rule, report);
        }
    }
    for rule in document.of_type("AWS::EC2::SecurityGroupIngress") {
        if let Some(rule) = document.properties(rule) {
            check_ingress(rule, report);
            check_description(rule, report);
        }
    }
    for instance in document.of_type("AWS::EC2::Instance") {
        let interfaces = document.properties(instance).and_then(|it| it.get("NetworkInterfaces"));
        for interface in interfaces.iter().flat_map(Value::each) {
            if let Some(public) =
                interface.get("AssociatePublicIpAddress").filter(|it| it.boolean() == Some(true))
            {
                let message = format!("`{}` has an address in the internet", instance.id);
                report.add(
                    Found::warning("public-address", public, message)
                        .help("run it in a private subnet, and reach it by Session Manager"),
                );
            }
        }
    }
}

/// `open-ingress` (AwsSolutions-EC23, `CKV_AWS_24`, `CKV_AWS_25`, `CKV_AWS_260`, AVD-AWS-0107): anybody can reach a
/// port that is not the one of a web server.
fn check_ingress<'t>(rule: Value<'t>, report: &mut Report<'t>) {
    let open = ["CidrIp", "CidrIpv6"]
        .into_iter()
        .filter_map(|it| rule.get(it))
        .find(|it| matches!(it.text().as_deref(), Some("0.0.0.0/0" | "::/0")));
    let Some(open) = open else { return };
    let protocol = rule.get("IpProtocol").and_then(|it| it.text());
    let port = |key: &str| rule.get(key).and_then(|it| it.integer());
    let what = match (protocol.as_deref(), port("FromPort"), port("ToPort")) {
        (Some("-1" | "all"), _, _) => "every port".to_owned(),
        (Some("icmp" | "icmpv6" | "1" | "58") | None, _, _) => return,
        (_, Some(80 | 443), Some(to)) if to == 80 || to == 443 => return,
        (_, Some(0), Some(65_535)) => "every port".to_owned(),
        (_, Some(from), Some(to)) if from == to => format!("port {from}"),
        (_, Some(from), Some(to)) => format!("ports {from} to {to}"),
        _ => return,
    };
    report.add(
        Found::warning("open-ingress", open, format!("everybody can reach {what}"))
            .help("name the addresses or the security group that need it"),
    );
}

/// `security-group-description` (AwsSolutions-EC27, `CKV_AWS_23`): nobody can tell later what a rule is for.
fn check_description<'t>(rule: Value<'t>, report: &mut Report<'t>) {
    if rule.lacks("Description") {
        report.add(
            Found::info("security-group-description", rule.holder(), "this rule does not say what it is for")
                .help("add a `Description`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::super::testing::check;

    fn ingress(rule: &str) -> String {
        check(
            super::check,
            &format!(
                "Resources:\n  G:\n    Type: AWS::EC2::SecurityGroupIngress\n    Properties: {{Description: d, {rule}}}\n"
            ),
        )
    }

    #[test]
    fn a_port_is_not_open_to_everybody() {
        let expected = "warning open-ingress Resources/G/Properties/CidrIp 4:85: everybody can reach port 22\n  name the \
                        addresses or the security group that need it\n";
        assert_eq!(ingress("IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0"), expected);
        for right in [
            "IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0",
            "IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 10.0.0.0/8",
            "IpProtocol: tcp, FromPort: !Ref P, ToPort: !Ref P, CidrIp: 0.0.0.0/0",
            "IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: !Ref C",
        ] {
            assert_eq!(ingress(right), "", "{right}");
        }
        assert!(ingress("IpProtocol: -1, CidrIpv6: '::/0'").contains("everybody can reach every port"));
    }
}
