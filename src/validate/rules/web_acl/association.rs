//! What a web ACL can protect.

use super::super::super::{
    document::{Document, Resource},
    report::{Found, Place, Report},
};

/// `waf-association`: a web ACL for CloudFront is named by the distribution, and is not associated. AWS CloudFormation
/// User Guide, `AWS::WAFv2::WebACLAssociation`: it is for regional resources.
pub(super) fn check<'t>(document: &'t Document<'t>, association: &'t Resource<'t>, report: &mut Report<'t>) {
    const CODE: &str = "waf-association";
    let Some(properties) = document.properties(association) else { return };
    if let Some(arn) = properties.get("WebACLArn")
        && let Some(acl) = arn.target().and_then(|it| document.resources.get(it.name))
        && acl.type_name == "AWS::WAFv2::WebACL"
        && let Some(scope) = document.properties(acl).and_then(|it| it.get("Scope"))
        && scope.text().as_deref() == Some("CLOUDFRONT")
    {
        report.add(
            Found::error(CODE, arn, format!("`{}` is for CloudFront, and is not associated", acl.id))
                .help("name it in the `WebACLId` of the distribution")
                .and(scope, "its scope"),
        );
    }
    if let Some(arn) = properties.get("ResourceArn")
        && let Some(protected) = arn.target().and_then(|it| document.resources.get(it.name))
    {
        let is_wrong = match protected.type_name {
            "AWS::ElasticLoadBalancingV2::LoadBalancer" => {
                let kind = document.properties(protected).and_then(|it| it.get("Type"));
                kind.is_some_and(|it| it.text().is_some_and(|it| it != "application"))
            }
            "AWS::ElasticLoadBalancingV2::TargetGroup"
            | "AWS::ElasticLoadBalancingV2::Listener"
            | "AWS::ElasticLoadBalancing::LoadBalancer"
            | "AWS::CloudFront::Distribution"
            | "AWS::ApiGatewayV2::Api"
            | "AWS::ApiGatewayV2::Stage"
            | "AWS::ECS::Service" => true,
            _ => false,
        };
        if is_wrong {
            report.add(
                Found::error(CODE, arn, format!("a web ACL cannot protect `{}`", protected.id))
                    .help("name an application load balancer, a stage of a REST API, or another that it can")
                    .and(Place::Key(protected.node, "Type".into()), "what it is"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::super::testing::check;

    #[test]
    fn an_acl_protects_what_it_can() {
        let template = "Resources:\n  W: {Type: AWS::WAFv2::WebACL, Properties: {Scope: CLOUDFRONT}}\n  T: {Type: \
                        'AWS::ElasticLoadBalancingV2::TargetGroup'}\n  A:\n    Type: AWS::WAFv2::WebACLAssociation\n    \
                        Properties:\n      WebACLArn: !GetAtt W.Arn\n      ResourceArn: !Ref T\n";
        let expected = "error waf-association Resources/A/Properties/WebACLArn 7:18: `W` is for CloudFront, and is not \
                        associated\n  name it in the `WebACLId` of the distribution\nerror waf-association \
                        Resources/A/Properties/ResourceArn 8:20: a web ACL cannot protect `T`\n  name an application load \
                        balancer, a stage of a REST API, or another that it can\n";
        assert_eq!(check(super::super::check, template), expected);
    }
}
