//! What CloudFormation does not move.

use serde_json::Value;

use crate::diff;

/// Why resources of a type stay where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fixed {
    /// Somebody's code makes them.
    Custom,
    /// Their tags are those they were made with, and CloudFormation marks by tags what is whose.
    Tags,
    /// CloudFormation cannot read them.
    Unread,
}

/// Tells what CloudFormation does not move.
pub(super) struct Limits {
    permissions: Value,
}

impl Limits {
    /// What the schemas say of that.
    pub(super) fn new() -> Self {
        Self { permissions: serde_json::from_str(asi_schemas::permissions()).unwrap_or_default() }
    }

    /// Why resources of a type stay where they are, if that is sure.
    pub(super) fn fixed(&self, type_name: &str) -> Option<Fixed> {
        let handlers = &self.permissions[type_name];
        match () {
            () if diff::is_custom(type_name) => Some(Fixed::Custom),
            () if diff::fixes_tags(type_name) => Some(Fixed::Tags),
            () if handlers.is_object() && handlers.get("read").is_none() => Some(Fixed::Unread),
            () => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sure_to_stay_is_known() {
        let limits = Limits::new();
        assert_eq!(limits.fixed("Custom::Cleaner"), Some(Fixed::Custom));
        assert_eq!(limits.fixed("AWS::EC2::KeyPair"), Some(Fixed::Tags));
        for it in ["AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::RDS::DBInstance", "AWS::ECS::Service"] {
            assert_eq!(limits.fixed(it), None, "{it}");
        }
    }
}
