//! Names. Each kind of name is its own type, made only by a function that checks it.

use std::{fmt, sync::Arc};

use md5::{Digest, Md5};

/// Where a construct stands in the tree: `Shop/Web/Service/TaskDef`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ConstructPath(Arc<[Arc<str>]>);

impl ConstructPath {
    /// The path that is written so: `Shop/Web`.
    pub fn of(path: &str) -> Self {
        Self(path.split('/').map(Arc::from).collect())
    }

    /// The path of a child.
    #[must_use]
    pub fn join(&self, id: &str) -> Self {
        Self(self.0.iter().cloned().chain([Arc::from(id)]).collect())
    }

    /// Its components, from the root.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.iter().map(|it| &**it)
    }

    /// The path as seen from `ancestor`, if it lies below it.
    pub fn below(&self, ancestor: &Self) -> Option<String> {
        let rest = self.0.strip_prefix(&*ancestor.0)?;
        Some(rest.join("/"))
    }
}

impl fmt::Display for ConstructPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}

/// The id of a child in the tree, as the CDK keeps it: `/` and a line end become `--`.
pub fn construct_id(text: &str) -> String {
    text.replace(['/', '\n'], "--")
}

/// The name of a resource or an output in a template: letters and digits, at most 255.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogicalId(Box<str>);

impl LogicalId {
    /// The id the AWS CDK gives to a construct whose path below its stack is `components`, or `None`
    /// where nothing of it remains.
    ///
    /// A `Default` component does not count at all; `Resource` counts only in the hash. Deployed
    /// stacks depend on this function: changing its result replaces their resources.
    pub fn for_path<'a>(components: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        const LONGEST: usize = 255;
        const LONGEST_HUMAN_PART: usize = 240;
        let components: Vec<&str> = components.into_iter().filter(|it| *it != "Default").collect();
        if let [only] = components.as_slice() {
            let id = alphanumeric(only);
            if (1..=LONGEST).contains(&id.len()) {
                return Some(Self(id.into()));
            }
        }
        if components.is_empty() {
            return None;
        }
        let mut human = human_part(&components);
        human.truncate(LONGEST_HUMAN_PART);
        Some(Self((human + &path_hash(&components)).into()))
    }

    /// An id that the user chose.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as a clause that follows "a logical id".
    pub fn checked(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() || text.len() > 255 {
            return Err("has 1 to 255 characters");
        }
        if !text.bytes().all(|it| it.is_ascii_alphanumeric()) {
            return Err("has only letters and digits");
        }
        Ok(Self(text.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LogicalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the CDK calls `Names.uniqueId`: a logical id over the whole path, stack included.
///
/// It stands in physical names and in the ids of rules between security groups.
pub fn unique_id(path: &ConstructPath) -> String {
    LogicalId::for_path(path.components()).map_or_else(String::new, |it| it.0.into())
}

fn human_part(components: &[&str]) -> String {
    let mut human = String::new();
    let mut previous = "";
    for component in components.iter().copied() {
        // A suffix, not only a repetition: `MyFoo/Foo` reads `MyFoo`. The CDK decided so.
        if previous.is_empty() || !previous.ends_with(component) {
            if component != "Resource" {
                human.push_str(&alphanumeric(component));
            }
            previous = component;
        }
    }
    human
}

fn path_hash(components: &[&str]) -> String {
    let digest = Md5::digest(components.join("/"));
    format!("{:08X}", u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]))
}

fn alphanumeric(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// The type of a resource, such as `AWS::ECS::Service`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceType(std::borrow::Cow<'static, str>);

impl ResourceType {
    /// Names a type; fails to compile as a constant if it is not of the form `A::B::C`.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        let bytes = name.as_bytes();
        let mut colons = 0;
        let mut i = 0;
        while i < bytes.len() {
            if bytes[i] == b':' {
                colons += 1;
            }
            i += 1;
        }
        assert!(colons == 4, "a resource type has three parts");
        Self(std::borrow::Cow::Borrowed(name))
    }

    /// A type the user wrote: `A::B::C`, `A::B::C::MODULE`, or `Custom::Name`.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split("::").collect();
        let is_word =
            |it: &&str| !it.is_empty() && it.chars().all(|c| c.is_ascii_alphanumeric() || "_@-".contains(c));
        let custom = parts.len() == 2 && parts[0] == "Custom";
        (parts.iter().all(is_word) && (custom || (3..=4).contains(&parts.len())))
            .then(|| Self(std::borrow::Cow::Owned(text.to_owned())))
    }

    /// The type as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_has_three_parts_or_is_custom() {
        for good in ["AWS::S3::Bucket", "Custom::Cleaner", "Acme::Web::Site", "My::Org::Thing::MODULE"] {
            assert!(ResourceType::parse(good).is_some(), "{good}");
        }
        for bad in ["AWS::S3", "Bucket", "AWS:S3:Bucket", "AWS::S3::", ""] {
            assert!(ResourceType::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_chosen_id_is_letters_and_digits() {
        assert!(LogicalId::checked("Uploads2").is_ok());
        assert_eq!(LogicalId::checked("up-loads"), Err("has only letters and digits"));
        assert_eq!(LogicalId::checked(""), Err("has 1 to 255 characters"));
    }

    #[test]
    fn a_path_of_nothing_has_no_id() {
        assert_eq!(LogicalId::for_path(["Default"]), None);
    }

    #[test]
    fn a_path_is_seen_from_an_ancestor() {
        let shop = ConstructPath::default().join("Shop");
        assert_eq!(shop.join("Web").join("LB").below(&shop).as_deref(), Some("Web/LB"));
        assert_eq!(shop.below(&shop.join("Web")), None);
    }
}
