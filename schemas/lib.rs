//! What AWS accepts: the schema of every CloudFormation resource type, found by its name.
//!
//! It stores, and interprets nothing. A schema is the text of a JSON Schema as the CloudFormation registry
//! has it, with corrections, without prose, its patterns fit for Rust's engines, and with one more key:
//! `spec` holds what the registry does not say. `SOURCE.md` tells where all this comes from and what `spec`
//! may contain.
//!
//! ```
//! let schema = asi_schemas::find("AWS::S3::Bucket").expect("there is such a type");
//! assert!(schema.contains(r#""BucketName":{"#));
//! assert!(schema.contains(r#""ref":["/properties/BucketName"]"#));
//! ```

pub mod pack;

use std::sync::LazyLock;

use crate::pack::Pack;

static PACK: LazyLock<Pack<'static>> =
    LazyLock::new(|| Pack::open(include_bytes!("pack.bin")).expect("the tests open the pack"));

/// Returns the schema of a resource type, such as `AWS::S3::Bucket`, as JSON.
///
/// Each call unpacks anew, in tens of microseconds; who asks often keeps what he parsed.
pub fn find(type_name: &str) -> Option<String> {
    PACK.find(type_name).expect("the tests unpack every schema")
}

/// Returns the names of all resource types, sorted.
pub fn types() -> impl Iterator<Item = &'static str> {
    PACK.names()
}

/// Says where the schemas come from, in a line: packages, their versions, and a date.
pub fn version() -> &'static str {
    PACK.version()
}

/// Returns the regions in which a resource type is available, sorted, of those of which that is known; none
/// for an unknown type.
pub fn regions(type_name: &str) -> impl Iterator<Item = &'static str> {
    let available = PACK.availability(type_name);
    PACK.regions()
        .enumerate()
        .filter(move |(at, _)| available.as_ref().is_some_and(|it| it(*at)))
        .map(|(_, region)| region)
}

/// Tells whether a resource type is available in a region; `None` if the type or the region is not known.
pub fn is_available(type_name: &str, region: &str) -> Option<bool> {
    let available = PACK.availability(type_name)?;
    PACK.regions().position(|it| it == region).map(available)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn schema(type_name: &str) -> Value {
        serde_json::from_str(&find(type_name).unwrap()).unwrap()
    }

    #[test]
    fn every_schema_is_json_and_about_its_type() {
        let mut count = 0;
        for name in types() {
            assert_eq!(schema(name)["typeName"], *name);
            count += 1;
        }
        assert!(count > 1_890, "{count} types");
    }

    #[test]
    fn names_are_sorted_and_different() {
        assert!(types().is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn a_bucket_has_its_name() {
        let bucket = schema("AWS::S3::Bucket");
        assert_eq!(bucket["properties"]["BucketName"]["type"], "string");
        assert_eq!(bucket["spec"]["replacement"]["/properties/BucketName"], "yes");
        assert_eq!(bucket["spec"]["ref"], serde_json::json!(["/properties/BucketName"]));
        assert_eq!(bucket["spec"]["stateful"], true);
    }

    #[test]
    fn a_service_is_more_than_its_schema_says() {
        let service = schema("AWS::ECS::Service");
        assert_eq!(
            service["primaryIdentifier"],
            serde_json::json!(["/properties/ServiceArn", "/properties/Cluster"])
        );
        assert_eq!(service["spec"]["ref"], serde_json::json!(["/properties/ServiceArn"]));
        assert_eq!(service["spec"]["stateful"], Value::Null);
    }

    #[test]
    fn an_unknown_type_has_nothing() {
        for name in ["", "AWS::S3::Bucke", "AWS::S3::Buckets", "aws::s3::bucket", "\u{10ffff}"] {
            assert_eq!(find(name), None);
            assert_eq!(regions(name).next(), None);
            assert_eq!(is_available(name, "eu-west-1"), None);
        }
    }

    #[test]
    fn types_have_regions() {
        assert!(regions("AWS::S3::Bucket").count() > 30);
        assert_eq!(is_available("AWS::S3::Bucket", "cn-north-1"), Some(true));
        assert_eq!(is_available("AWS::AppRunner::Service", "us-east-1"), Some(true));
        assert_eq!(is_available("AWS::AppRunner::Service", "cn-north-1"), Some(false));
        assert_eq!(is_available("AWS::S3::Bucket", "mars-north-1"), None);
        assert!(types().all(|it| regions(it).next().is_some()));
    }

    #[test]
    fn says_where_it_comes_from() {
        assert!(version().starts_with("cfn-lint "), "{}", version());
    }

    #[test]
    fn the_pack_is_small() {
        assert!(include_bytes!("pack.bin").len() < 1_600_000);
    }
}
