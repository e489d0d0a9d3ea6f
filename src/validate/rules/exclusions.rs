//! Properties that only fit together in one way, though no schema says so.

use super::super::{
    document::Document,
    report::{Found, Report},
};

/// `E3063`: a GuardDuty detector with both ways to say what it looks at: "both `DataSources` and `Features` were
/// provided". `E3050`: a `Ref` to a role with a path where the service looks for the role by its name alone. `W3700`:
/// a domain of an address that is taken for `vpc`. `W3701`: a name of a parameter that is reserved for AWS. Source:
/// `AWS::GuardDuty::Detector`, `AWS::CodeBuild::Project` and `AWS::EC2::EIP` in the CloudFormation User Guide, and
/// "Creating parameters" in the AWS Systems Manager User Guide.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for resource in document.of_type("AWS::GuardDuty::Detector") {
        for detector in document.views(resource) {
            if let (Some(old), Some(new)) = (detector.get("DataSources"), detector.get("Features")) {
                let message = "the detector has both `DataSources` and `Features`";
                let found = Found::error("E3063", detector.holder(), message).help("use `Features` alone");
                report.add(found.and(old.holder(), "the old way").and(new.holder(), "the new way"));
            }
        }
    }
    for project in document.of_type("AWS::CodeBuild::Project") {
        for role in document.of_type("AWS::IAM::Role") {
            for [project, properties] in document.together([project, role]) {
                let Some(used) = project.get("ServiceRole") else { continue };
                let Some(path) = properties.get("Path") else { continue };
                let is_ref = used.target().is_some_and(|it| it.name == role.id && it.attribute.is_none());
                if let Some(text) = path.text().filter(|it| is_ref && it != "/") {
                    let message = format!("`Ref` gives the name of `{}` without its path `{text}`", role.id);
                    let found = Found::error("E3050", used, message);
                    let found = found.help(format!("use `!GetAtt {}.Arn`", role.id));
                    report.add(found.and(path, "the path of the role"));
                }
            }
        }
    }
    for resource in document.of_type("AWS::EC2::EIP") {
        for domain in document.views(resource).iter().filter_map(|it| it.get("Domain")) {
            let Some(text) = domain.text() else { continue };
            if !["vpc", "standard"].iter().any(|it| it.eq_ignore_ascii_case(&text)) {
                let message = format!("`{text}` is no domain, and taken for `vpc`");
                report.add(Found::warning("W3700", domain, message).help("write `vpc`"));
            }
        }
    }
    for resource in document.of_type("AWS::SSM::Parameter") {
        for name in document.views(resource).iter().filter_map(|it| it.get("Name")) {
            let Some(text) = name.text() else { continue };
            let lower = text.to_ascii_lowercase();
            let inside = lower.strip_prefix('/').unwrap_or(&lower);
            if inside.starts_with("aws") || inside.starts_with("ssm") {
                let message = format!("`{text}` begins as names do that are reserved for AWS");
                report.add(
                    Found::warning("W3701", name, message)
                        .help("begin with something other than `aws` or `ssm`"),
                );
            } else if inside.len() == lower.len() && inside.contains('/') {
                let message = format!("`{text}` has levels, and does not begin with a slash");
                report.add(Found::warning("W3701", name, message).help(format!("write `/{text}`")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn what_excludes_each_other_is_shown() {
        let template = "\
Resources:
  A: {Type: AWS::GuardDuty::Detector, Properties: {Enable: true, DataSources: {}, Features: []}}
  Role: {Type: AWS::IAM::Role, Properties: {Path: /build/}}
  Plain: {Type: AWS::IAM::Role, Properties: {Path: /}}
  B: {Type: AWS::CodeBuild::Project, Properties: {ServiceRole: !Ref Role}}
  C: {Type: AWS::CodeBuild::Project, Properties: {ServiceRole: !Ref Plain}}
  D: {Type: AWS::CodeBuild::Project, Properties: {ServiceRole: !GetAtt Role.Arn}}
  E: {Type: AWS::EC2::EIP, Properties: {Domain: public}}
  F: {Type: AWS::EC2::EIP, Properties: {Domain: VPC}}
  G: {Type: AWS::SSM::Parameter, Properties: {Name: /aws/x}}
  H: {Type: AWS::SSM::Parameter, Properties: {Name: app/x}}
  I: {Type: AWS::SSM::Parameter, Properties: {Name: /app/x}}
";
        let expected = "\
error E3063 Resources/A/Properties 2:39: the detector has both `DataSources` and `Features`
  use `Features` alone
error E3050 Resources/B/Properties/ServiceRole 5:64: `Ref` gives the name of `Role` without its path `/build/`
  use `!GetAtt Role.Arn`
warning W3700 Resources/E/Properties/Domain 8:49: `public` is no domain, and taken for `vpc`
  write `vpc`
warning W3701 Resources/G/Properties/Name 10:53: `/aws/x` begins as names do that are reserved for AWS
  begin with something other than `aws` or `ssm`
warning W3701 Resources/H/Properties/Name 11:53: `app/x` has levels, and does not begin with a slash
  write `/app/x`
";
        assert_eq!(check(super::check, template), expected);
    }
}
