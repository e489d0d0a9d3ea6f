//! What two templates say differently, and what CloudFormation would do about it.
//!
//! ```text
//! Template, Template ── moves, compare ──▶ Change ── replacement ──▶ verdicts ── cascade ──▶ TemplateDiff
//! ```
//!
//! - `value` tells which values are the same for CloudFormation, `spec` what the schema of a type says of them.
//! - `compare` goes down to the smallest values that differ.
//! - `moves` finds resources that have another logical id, and are else what they were.
//! - `replacement` tells what the schema says of a change, `cascade` what follows from a replacement.
//! - `noise` tells what is hardly worth a line, and hides what nobody may see; `rank` puts in order what hurts.
//! - `sections` is all that is not a resource, `security` who may do what, and who reaches whom.
//!
//! It reads two templates, and nothing else: what only AWS knows is not here, but for what it is `told`.

mod cascade;
mod compare;
mod moves;
mod noise;
mod normal;
mod rank;
mod replacement;
mod resources;
mod sections;
mod security;
mod spec;
#[cfg(test)]
mod testing;
mod told;
mod value;

use std::collections::BTreeSet;

use asi_constructs::kernel::{node::Node, span::Span};

use crate::template::{Template, resource_of, resources_of};

use self::value::Moved;
pub use self::{
    compare::{Change, Key, Leaf},
    normal::{normal, normal_value},
    rank::{Counts, Followers, Rank},
    replacement::{Cause, Reason, Replacement, Source, Verdict},
    sections::{EntryChange, Remark, Section},
    security::{Attachment, Direction, Matches, Row, Rule, Security, Sign, Statement},
    told::{Becomes, Told, Word},
    value::{Piece, is_function, pieces},
};

/// What two templates say differently.
#[derive(Clone, Debug, Default)]
pub struct TemplateDiff {
    /// The resources: those that are gone, in the order of the old template, then the others in that of the new one.
    pub resources: Vec<ResourceChange>,
    /// Parameters, outputs, and all else that is no resource.
    pub entries: Vec<EntryChange>,
    /// Who may do what, and who reaches whom.
    pub security: Security,
}

impl TemplateDiff {
    /// Whether the templates say the same.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.entries.is_empty()
    }
}

/// A resource of which something differs.
#[derive(Clone, Debug)]
pub struct ResourceChange {
    /// Its logical id; the new one, if it has moved.
    pub id: String,
    /// Its type; the new one, if that differs.
    pub type_name: String,
    /// The construct that made it, by its path below the stack, if that is known.
    pub construct: Option<String>,
    /// What becomes of it.
    pub kind: Kind,
    /// What differs in its properties; nothing, if there is only one side, or it only follows from something else.
    pub properties: Option<Change>,
    /// What differs in its other attributes, such as `DependsOn`.
    pub attributes: Option<Change>,
    /// Whether it is replaced.
    pub replacement: Replacement,
    /// The resource from whose replacement all of it follows, or it would be replaced anyway; what differs in it besides
    /// makes no difference then. Or what else it follows from: `Mappings/Images`, `Conditions/C`,
    /// `Template.LatestVersionNumber`.
    pub follows: Option<String>,
    /// What becomes of the data it holds, if it holds any, and is removed or perhaps replaced.
    pub data: Option<Data>,
    /// Why CloudFormation refuses this.
    pub obstacles: Vec<Obstacle>,
    /// What makes it hardly worth a line.
    pub slight: Option<Slight>,
    /// Whether replacing it is how it is changed: it is a revision of something, and nothing stops with the old one.
    pub is_revision: bool,
    /// Where what differs is written: in the new template's source, or in the old one's if it is gone.
    pub span: Span,
}

/// What becomes of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is new.
    Added,
    /// It is gone.
    Removed(Fate),
    /// It is still there.
    Changed,
    /// It has another type, under the same logical id.
    TypeChanged {
        /// The type it had.
        from: String,
    },
    /// It is what it was, under another logical id. CloudFormation makes a new one, and deletes the old one.
    Moved {
        /// The logical id it had.
        from: String,
        /// What becomes of the one there is.
        fate: Fate,
    },
}

/// What becomes of a resource that is not in the template any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is deleted.
    Destroyed,
    /// It is deleted once there is a snapshot of it.
    Snapshot,
    /// It stays, and no stack has it.
    Orphaned,
}

/// What becomes of the data that a resource holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// It is gone with the resource.
    Lost,
    /// There is a snapshot of it.
    Snapshot,
    /// It stays where it is, and no stack has it; what replaces it begins empty.
    Kept,
}

/// Why CloudFormation refuses a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// A logical id keeps its type.
    Type,
    /// What replaces it has the name of what it replaces, which is still there.
    NameTaken {
        /// The property with the name.
        property: String,
    },
    /// A custom resource keeps who provides it: <https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/802>.
    ServiceToken,
    /// It is not deleted while there is something in it.
    NotEmpty,
    /// What it gives is exported, and keeps its value while another stack imports it.
    Exported {
        /// The name it is imported by.
        name: String,
    },
}

/// What makes a change hardly worth a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slight {
    /// Only code or images that are named by what they hold.
    Assets,
    /// Only tags.
    Tags,
    /// Only metadata, which CloudFormation does not act upon.
    Metadata,
    /// What the CDK adds for itself.
    Tooling,
}

/// What `old` and `new` say differently.
pub fn diff(old: &Template, new: &Template) -> TemplateDiff {
    judged(old, new, None)
}

/// What `old` and `new` say differently, and what that comes to, for somebody who is `told` more than they say.
pub fn judged(old: &Template, new: &Template, told: Option<&Told>) -> TemplateDiff {
    let moved = moves::moves(&old.body, &new.body);
    let entries = sections::entries(&old.body, &new.body, &moved);
    let changed = sections::changed_values(&new.body, &entries);
    let resources = resources::resources(old, new, &changed, &moved, told);
    let security = security::security(old, new, &moved);
    TemplateDiff { resources, entries, security }
}

/// A value as a line of text: what it refers to in `${}`, anything else that is no scalar as JSON.
pub fn text(value: &Node) -> String {
    value::text(value, &Moved::new())
}

/// Whether a value refers to the resource, parameter or condition of this name.
pub fn refers_to(node: &Node, name: &str) -> bool {
    let mut found = false;
    value::references(node, &mut Vec::new(), &mut |_, it| found |= it == name);
    found
}

/// What a value refers to: resources, parameters, and `Conditions/C` and `Mappings/M/key/key` as such.
pub fn references(node: &Node) -> BTreeSet<String> {
    references_at(node).into_iter().map(|(_, name)| name).collect()
}

/// What a value refers to, each with the way there; of an attribute of something, there is that as well.
pub fn references_at(node: &Node) -> BTreeSet<(String, String)> {
    let mut all = BTreeSet::new();
    value::references(node, &mut Vec::new(), &mut |path, name| {
        all.insert((path.join("/"), name.to_owned()));
    });
    all
}

/// Whether the tags of a resource of this type stay as they were when it was made.
pub fn fixes_tags(type_name: &str) -> bool {
    let replaces = |it: &(String, Verdict)| it.0 == "/Tags" && it.1 == Verdict::Always;
    spec::Specs::default().of(type_name).is_some_and(|it| it.replacing.iter().any(replaces))
}

/// Whether somebody's code makes resources of this type.
pub fn is_custom(type_name: &str) -> bool {
    spec::Specs::default().of(type_name).is_some_and(|it| it.is_custom)
}

/// Whether resources of a type hold data.
pub fn holds_data(type_name: &str) -> bool {
    spec::Specs::default().of(type_name).is_some_and(|it| it.is_stateful())
}

/// The type of a resource; nothing, if it has none.
fn type_of(resource: &Node) -> &str {
    resource.get("Type").and_then(Node::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::testing::check;

    const QUEUE: &str = "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: 10}}}";

    #[test]
    fn a_template_does_not_differ_from_itself() {
        assert_eq!(check(QUEUE, QUEUE), "");
    }

    #[test]
    fn what_is_written_in_another_way_is_the_same() {
        let old = "
Resources:
  Q:
    Type: AWS::SQS::Queue
    DependsOn: [A, B]
    Properties: {DelaySeconds: 10, FifoQueue: true, QueueName: !Sub 'a-${AWS::Region}', KmsMasterKeyId: !GetAtt A.Arn}
";
        let new = "
Resources:
  Q:
    Properties:
      KmsMasterKeyId: {Fn::GetAtt: [A, Arn]}
      QueueName: {Fn::Join: ['', [a-, !Ref AWS::Region]]}
      FifoQueue: 'true'
      DelaySeconds: '10'
    DependsOn: [B, A]
    Type: AWS::SQS::Queue
";
        assert_eq!(check(old, new), "");
    }

    #[test]
    fn a_removed_resource_is_destroyed_or_orphaned() {
        let old = "
Resources:
  A: {Type: AWS::SQS::Queue}
  B: {Type: AWS::S3::Bucket, DeletionPolicy: Retain}
  C: {Type: AWS::RDS::DBInstance}
  D: {Type: AWS::S3::Bucket, DeletionPolicy: RetainExceptOnCreate}
  E: {Type: AWS::SNS::Topic}
";
        let expected = "\
- A AWS::SQS::Queue Destroyed; data Lost
- B AWS::S3::Bucket Orphaned; data Kept
- C AWS::RDS::DBInstance Snapshot; data Snapshot
- D AWS::S3::Bucket Orphaned; data Kept
- E AWS::SNS::Topic Destroyed
+ F AWS::SNS::Topic
";
        assert_eq!(check(old, "Resources: {F: {Type: AWS::SNS::Topic}}"), expected);
    }

    #[test]
    fn a_bucket_is_destroyed_only_when_it_is_empty() {
        let expected = "- B AWS::S3::Bucket Destroyed; data Lost; refused: NotEmpty\n";
        assert_eq!(check("Resources: {B: {Type: AWS::S3::Bucket}}", "Resources: {}"), expected);
    }

    #[test]
    fn a_type_cannot_change() {
        let new = "Resources: {Q: {Type: AWS::SNS::Topic}}";
        let expected = "\
~ Q AWS::SNS::Topic was AWS::SQS::Queue Always (Type); data Lost; refused: Type
    DelaySeconds: - 10
";
        assert_eq!(check(QUEUE, new), expected);
    }

    #[test]
    fn attributes_other_than_properties_replace_nothing() {
        let new =
            "Resources: {Q: {Type: AWS::SQS::Queue, DeletionPolicy: Retain, Properties: {DelaySeconds: 10}}}";
        assert_eq!(check(QUEUE, new), "~ Q AWS::SQS::Queue\n    @DeletionPolicy: + Retain\n");
    }

    #[test]
    fn a_path_of_the_cdk_names_the_construct_and_is_no_change() {
        let with = |path: &str| {
            format!("Resources: {{Q: {{Type: AWS::SQS::Queue, Metadata: {{'aws:cdk:path': {path}}}}}}}")
        };
        let expected = "~ Q AWS::SQS::Queue at Jobs/Resource (Tooling)\n    @Metadata.aws:cdk:path: S/Work/Resource → S/Jobs/Resource\n";
        assert_eq!(check(&with("S/Work/Resource"), &with("S/Jobs/Resource")), expected);
    }
}
