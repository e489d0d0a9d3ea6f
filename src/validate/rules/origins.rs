//! The origins of a CloudFront distribution.

use super::super::{
    document::Document,
    report::{Found, Report},
    value::Value,
};

/// `E3057`: a cache behavior for an origin that the distribution does not have. Amazon CloudFront refuses it: "One or
/// more of your origins or origin groups do not exist".
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for resource in document.of_type("AWS::CloudFront::Distribution") {
        for distribution in document.views(resource) {
            let Some(config) = distribution.get("DistributionConfig") else { continue };
            let Some(origins) = origins(&config) else { continue };
            let behaviors = ["DefaultCacheBehavior/TargetOriginId", "CacheBehaviors/*/TargetOriginId"];
            for id in behaviors.iter().flat_map(|it| config.all_at(it)) {
                if let Some(text) = id.text().filter(|it| !origins.iter().any(|known| known == it)) {
                    let message = format!("the distribution has no origin `{text}`");
                    report.add(
                        Found::error("E3057", id, message).suggest(&text, origins.iter().map(String::as_str)),
                    );
                }
            }
        }
    }
}

/// The ids of the origins and their groups, if all of them are known.
fn origins(config: &Value<'_>) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for list in [Some(config.get("Origins")?), config.at(&["OriginGroups", "Items"])].into_iter().flatten() {
        for origin in list.known_items()? {
            found.push(origin.get("Id")?.text()?.into_owned());
        }
    }
    let is_known = config.get("OriginGroups").is_none_or(|it| it.is_known());
    is_known.then_some(found)
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn a_behavior_has_an_origin() {
        let template = "\
Resources:
  A:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Origins: [{Id: bucket}]
        OriginGroups: {Items: [{Id: both}]}
        DefaultCacheBehavior: {TargetOriginId: buckets}
        CacheBehaviors: [{TargetOriginId: both}, {TargetOriginId: api}]
  B:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Origins: [{Id: !Ref Name}]
        DefaultCacheBehavior: {TargetOriginId: bucket}
";
        let expected = "\
error E3057 Resources/A/Properties/DistributionConfig/DefaultCacheBehavior/TargetOriginId 8:48: the distribution has no origin `buckets`
  did you mean `bucket`?
error E3057 Resources/A/Properties/DistributionConfig/CacheBehaviors/1/TargetOriginId 9:67: the distribution has no origin `api`
  use `bucket` or `both`
";
        assert_eq!(check(super::check, template), expected);
    }
}
