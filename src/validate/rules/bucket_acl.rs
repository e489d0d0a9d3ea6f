//! Access to a bucket by its old list of grantees.

use super::super::{
    document::Document,
    report::{Found, Report},
};

/// `W3045`: a bucket has an ACL, which S3 takes only if object ownership is set for it, and which a bucket policy
/// says better. Amazon S3 User Guide, "Controlling ownership of objects and disabling ACLs".
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for resource in document.of_type("AWS::S3::Bucket") {
        for properties in document.views(resource) {
            let Some(acl) = properties.get("AccessControl") else { continue };
            let found =
                Found::warning("W3045", acl.holder(), "access to this bucket is controlled by an ACL");
            report.add(found.help("take `AccessControl` out, and write an `AWS::S3::BucketPolicy`"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn an_acl_is_of_the_past() {
        let template = "Resources:\n  B: {Type: 'AWS::S3::Bucket', Properties: {AccessControl: Private}}\n";
        let expected = "warning W3045 Resources/B/Properties/AccessControl 2:45: access to this bucket is controlled \
                        by an ACL\n  take `AccessControl` out, and write an `AWS::S3::BucketPolicy`\n";
        assert_eq!(check(super::check, template), expected);
    }
}
