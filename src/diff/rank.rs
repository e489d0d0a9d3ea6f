//! What hurts, in order: how bad the change of a resource is, and what there is of each kind.

use super::{EntryChange, Kind, Remark, ResourceChange, Slight, TemplateDiff, Verdict};

/// How bad the change of a resource is, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// It holds data, and goes, or is perhaps replaced.
    Data,
    /// It goes.
    Removed,
    /// It is replaced.
    Replaced,
    /// It is perhaps replaced.
    MaybeReplaced,
    /// It is changed where it is, or there is a new revision of it.
    Changed,
    /// It is new.
    Added,
    /// It is hardly worth a line.
    Slight,
}

/// How many resources there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that are new.
    pub added: usize,
    /// Those that are changed where they are, new revisions among them.
    pub changed: usize,
    /// Those that are replaced, those that have moved among them.
    pub replaced: usize,
    /// Those that are perhaps replaced.
    pub maybe_replaced: usize,
    /// Those that go.
    pub removed: usize,
    /// Of all these, those whose data is lost, or left behind, or perhaps so.
    pub data: usize,
    /// Of all these, and of what is no resource, what CloudFormation may refuse.
    pub refused: usize,
}

/// What follows from the replacement of one resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Followers {
    /// How many resources are replaced with it.
    pub replaced: usize,
    /// How many are perhaps replaced.
    pub maybe_replaced: usize,
    /// How many get another value, where they are.
    pub changed: usize,
}

impl ResourceChange {
    /// How bad it is.
    pub fn rank(&self) -> Rank {
        if self.slight == Some(Slight::Tooling) {
            return Rank::Slight;
        }
        match (&self.kind, self.replacement.verdict) {
            _ if self.data.is_some() => Rank::Data,
            (Kind::Added, _) => Rank::Added,
            (Kind::Removed(_), _) => Rank::Removed,
            _ if self.slight.is_some() => Rank::Slight,
            _ if self.is_revision => Rank::Changed,
            (Kind::TypeChanged { .. } | Kind::Moved { .. }, _) | (Kind::Changed, Verdict::Always) => {
                Rank::Replaced
            }
            (Kind::Changed, Verdict::Maybe) => Rank::MaybeReplaced,
            (Kind::Changed, Verdict::Never) => Rank::Changed,
        }
    }
}

impl EntryChange {
    /// Whether it is hardly worth a line.
    pub fn is_slight(&self) -> bool {
        self.remark == Some(Remark::Tooling)
    }
}

impl TemplateDiff {
    /// How many resources there are of each kind.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for it in &self.resources {
            let count = match (&it.kind, it.replacement.verdict) {
                (Kind::Added, _) => &mut counts.added,
                (Kind::Removed(_), _) => &mut counts.removed,
                _ if it.is_revision => &mut counts.changed,
                (_, Verdict::Always) => &mut counts.replaced,
                (_, Verdict::Maybe) => &mut counts.maybe_replaced,
                (_, Verdict::Never) => &mut counts.changed,
            };
            *count += 1;
            counts.data += usize::from(it.data.is_some());
            counts.refused += usize::from(!it.obstacles.is_empty());
        }
        let is_refused =
            |it: &&EntryChange| matches!(it.remark, Some(Remark::ExportGone | Remark::ExportChanged));
        counts.refused += self.entries.iter().filter(is_refused).count();
        counts
    }

    /// What follows from the replacement of a resource, and from nothing that differs by itself.
    pub fn followers(&self, root: &str) -> Followers {
        let mut followers = Followers::default();
        for it in self.resources.iter().filter(|it| it.follows.as_deref() == Some(root)) {
            match it.rank() {
                Rank::Replaced | Rank::Data => followers.replaced += 1,
                Rank::MaybeReplaced => followers.maybe_replaced += 1,
                Rank::Removed | Rank::Changed | Rank::Added | Rank::Slight => followers.changed += 1,
            }
        }
        followers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::testing::differences;

    #[test]
    fn what_hurts_comes_first() {
        let old = "
Resources:
  Same: {Type: AWS::SNS::Topic}
  Renamed: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  Follows: {Type: AWS::EC2::InternetGateway, Properties: {Tags: [{Key: vpc, Value: !Ref Renamed}]}}
  Data: {Type: AWS::SQS::Queue}
  Task: {Type: AWS::ECS::TaskDefinition, Properties: {Cpu: 256}}
  Tagged: {Type: AWS::SNS::Topic, Properties: {Tags: [{Key: a, Value: b}]}}
  Gone: {Type: AWS::SNS::Topic}
";
        let new = "
Resources:
  Same: {Type: AWS::SNS::Topic}
  Renamed: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.1.0.0/16}}
  Follows: {Type: AWS::EC2::InternetGateway, Properties: {Tags: [{Key: vpc, Value: !Ref Renamed}]}}
  Task: {Type: AWS::ECS::TaskDefinition, Properties: {Cpu: 512}}
  Tagged: {Type: AWS::SNS::Topic, Properties: {Tags: [{Key: a, Value: c}]}}
  New: {Type: AWS::SNS::Topic}
  CDKMetadata: {Type: AWS::CDK::Metadata}
";
        let found = differences(old, new);
        let mut ranked: Vec<(Rank, &str)> =
            found.resources.iter().map(|it| (it.rank(), it.id.as_str())).collect();
        ranked.sort();
        let expected = [
            (Rank::Data, "Data"),
            (Rank::Removed, "Gone"),
            (Rank::Replaced, "Renamed"),
            (Rank::Changed, "Follows"),
            (Rank::Changed, "Task"),
            (Rank::Added, "New"),
            (Rank::Slight, "CDKMetadata"),
            (Rank::Slight, "Tagged"),
        ];
        assert_eq!(ranked, expected);
        let counts =
            Counts { added: 2, changed: 3, replaced: 1, maybe_replaced: 0, removed: 2, data: 1, refused: 0 };
        assert_eq!(found.counts(), counts);
        assert_eq!(found.followers("Renamed"), Followers { replaced: 0, maybe_replaced: 0, changed: 1 });
    }
}
