//! Security groups: their rules, and what they are attached to.

use super::super::{
    document::Document,
    report::{Found, Report},
    value::Value,
};

/// `duplicate-rule`: a rule that stands twice in a security group, which Amazon EC2 refuses: "The same permission
/// must not appear multiple times". `security-group-vpc`: a security group of another VPC than the subnets it is used
/// in. Source: "Security groups" in the Amazon VPC User Guide.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for group in document.of_type("AWS::EC2::SecurityGroup") {
        for properties in document.views(group) {
            for key in ["SecurityGroupIngress", "SecurityGroupEgress"] {
                let rules: Vec<_> = properties.get(key).into_iter().flat_map(|it| it.items()).collect();
                check_rules(&rules, report);
            }
        }
    }
    for (type_name, subnets, groups) in USERS {
        for resource in document.of_type(type_name) {
            for properties in document.views(resource) {
                let list = |path: &[&str]| match properties.at(path) {
                    Some(it) if it.known().is_some_and(|it| it.as_list().is_some()) => it.items().collect(),
                    Some(it) => vec![it],
                    None => Vec::new(),
                };
                check_vpcs(document, &list(subnets), &list(groups), report);
            }
        }
    }
}

/// What has both subnets and security groups, and where.
const USERS: [(&str, &[&str], &[&str]); 5] = [
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", &["Subnets"], &["SecurityGroups"]),
    (
        "AWS::ECS::Service",
        &["NetworkConfiguration", "AwsvpcConfiguration", "Subnets"],
        &["NetworkConfiguration", "AwsvpcConfiguration", "SecurityGroups"],
    ),
    ("AWS::Lambda::Function", &["VpcConfig", "SubnetIds"], &["VpcConfig", "SecurityGroupIds"]),
    ("AWS::EC2::Instance", &["SubnetId"], &["SecurityGroupIds"]),
    ("AWS::EFS::MountTarget", &["SubnetId"], &["SecurityGroups"]),
];

/// What makes a rule what it is: not its description.
const PARTS: [&str; 10] = [
    "IpProtocol",
    "FromPort",
    "ToPort",
    "CidrIp",
    "CidrIpv6",
    "SourceSecurityGroupId",
    "SourceSecurityGroupName",
    "SourcePrefixListId",
    "DestinationSecurityGroupId",
    "DestinationPrefixListId",
];

fn check_rules<'t>(rules: &[Value<'t>], report: &mut Report<'t>) {
    for (at, rule) in rules.iter().enumerate() {
        let is_like = |other: &&Value<'t>| {
            rule.is_known()
                && other.is_known()
                && PARTS.iter().all(|key| match (rule.get(key), other.get(key)) {
                    (Some(left), Some(right)) => left.is_same(&right),
                    (None, None) => true,
                    _ => false,
                })
        };
        if let Some(first) = rules[..at].iter().find(is_like) {
            let found = Found::error("duplicate-rule", *rule, "this rule is there already");
            report.add(found.help("take one of them out").and(*first, "the same rule"));
        }
    }
}

fn check_vpcs<'t>(
    document: &'t Document<'t>,
    subnets: &[Value<'t>],
    groups: &[Value<'t>],
    report: &mut Report<'t>,
) {
    let vpc = |value: &Value<'t>, type_name: &str| {
        let resource = document.named(*value, type_name)?;
        Some((resource, document.properties(resource)?.get("VpcId")?))
    };
    let Some((subnet, of_subnet)) = subnets.iter().find_map(|it| vpc(it, "AWS::EC2::Subnet")) else { return };
    for value in groups {
        if let Some((group, of_group)) = vpc(value, "AWS::EC2::SecurityGroup")
            && of_group.is_other(&of_subnet)
        {
            let message = format!(
                "the security group `{}` is in another VPC than the subnet `{}`",
                group.id, subnet.id
            );
            let found = Found::error("security-group-vpc", *value, message);
            let found =
                found.help("use a security group of the same VPC").and(of_group, "the VPC of the group");
            report.add(found.and(of_subnet, "the VPC of the subnet"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn a_rule_stands_once() {
        let template = "\
Resources:
  A:
    Type: AWS::EC2::SecurityGroup
    Properties:
      SecurityGroupIngress:
        - {IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIp: 0.0.0.0/0}
        - {IpProtocol: tcp, FromPort: '80', ToPort: 80, CidrIp: 0.0.0.0/0, Description: again}
        - {IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIpv6: ::/0}
        - {IpProtocol: tcp, FromPort: 80, ToPort: 80, SourceSecurityGroupId: !Ref B}
        - {IpProtocol: tcp, FromPort: 80, ToPort: 80, SourceSecurityGroupId: !Ref C}
";
        let expected = "\
error duplicate-rule Resources/A/Properties/SecurityGroupIngress/1 7:11: this rule is there already
  take one of them out
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn groups_and_subnets_are_of_one_vpc() {
        let template = "\
Resources:
  Here: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  There: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  Subnet: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Here}}
  A: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: !Ref There}}
  B: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: !GetAtt Here.VpcId}}
  C: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: vpc-1}}
  Web:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties:
      Subnets: [!Ref Subnet]
      SecurityGroups: [!Ref A, !GetAtt B.GroupId, !Ref C]
";
        let expected = "\
error security-group-vpc Resources/Web/Properties/SecurityGroups/0 12:24: the security group `A` is in another VPC than the subnet `Subnet`
  use a security group of the same VPC
";
        assert_eq!(check(super::check, template), expected);
    }
}
