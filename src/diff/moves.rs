//! Resources that are what they were, under another logical id.

use asi_constructs::kernel::node::Node;

use super::{
    resource_of, resources_of,
    spec::Specs,
    type_of,
    value::{Moved, same},
};

/// The largest number of pairs that are compared: more come and go at once only if the whole stack is another one.
const MOST_PAIRS: usize = 1 << 18;

/// The resources that have moved: their old logical ids, and the new ones.
///
/// References to what has moved are what they were, so that a whole group is found, one after the other.
pub(super) fn moves(old: &Node, new: &Node) -> Moved {
    let mut gone: Vec<(&str, &Node)> =
        resources_of(old).filter(|(id, _)| resource_of(new, id).is_none()).collect();
    let mut come: Vec<(&str, &Node)> =
        resources_of(new).filter(|(id, _)| resource_of(old, id).is_none()).collect();
    let specs = Specs::default();
    let mut moved = Moved::new();
    if gone.len() * come.len() > MOST_PAIRS {
        return moved;
    }
    loop {
        let before = moved.len();
        gone.retain(|(id, resource)| {
            let found = come.iter().position(|(_, it)| is_same_resource(resource, it, &specs, &moved));
            let Some(at) = found else { return true };
            moved.insert((*id).to_owned(), come.remove(at).0.to_owned());
            false
        });
        if moved.len() == before {
            return moved;
        }
    }
}

/// Whether two resources have the same type and properties. Without properties, all of a type are alike, and nothing
/// says that one is the other.
fn is_same_resource(old: &Node, new: &Node, specs: &Specs, moved: &Moved) -> bool {
    let (Some(a), Some(b)) = (old.get("Properties"), new.get("Properties")) else { return false };
    let type_name = type_of(old);
    let spec = specs.of(type_name);
    let place = spec.as_ref().map_or(super::spec::Place::UNKNOWN, |it| it.place());
    type_name == type_of(new) && a.as_map().is_some_and(|it| !it.is_empty()) && same(a, b, place, moved)
}

#[cfg(test)]
mod tests {
    use crate::diff::testing::check;

    #[test]
    fn a_group_that_moved_is_found_whole() {
        let template = |vpc: &str, subnet: &str| {
            format!(
                "
Resources:
  {subnet}: {{Type: AWS::EC2::Subnet, Properties: {{VpcId: !Ref {vpc}, CidrBlock: 10.0.0.0/24}}}}
  {vpc}: {{Type: AWS::EC2::VPC, Properties: {{CidrBlock: 10.0.0.0/16}}}}
  Group: {{Type: AWS::EC2::SecurityGroup, Properties: {{GroupDescription: x, VpcId: !Ref {vpc}}}}}
"
            )
        };
        let expected = "\
~ SubnetB AWS::EC2::Subnet moved from SubnetA Destroyed Always (LogicalId; VpcId /properties/VpcId by NetB)
~ NetB AWS::EC2::VPC moved from NetA Destroyed Always (LogicalId)
~ Group AWS::EC2::SecurityGroup Always (VpcId /properties/VpcId by NetB)
";
        assert_eq!(check(&template("NetA", "SubnetA"), &template("NetB", "SubnetB")), expected);
    }

    #[test]
    fn what_holds_data_loses_it_when_it_moves() {
        let expected = "~ B AWS::SQS::Queue moved from A Destroyed Always (LogicalId); data Lost; refused: NameTaken QueueName\n";
        let queue = |id: &str| {
            format!("Resources: {{{id}: {{Type: AWS::SQS::Queue, Properties: {{QueueName: jobs}}}}}}")
        };
        assert_eq!(check(&queue("A"), &queue("B")), expected);
    }

    #[test]
    fn what_has_no_properties_is_not_told_apart() {
        let queue = |id: &str| format!("Resources: {{{id}: {{Type: AWS::SQS::Queue}}}}");
        assert_eq!(
            check(&queue("A"), &queue("B")),
            "- A AWS::SQS::Queue Destroyed; data Lost\n+ B AWS::SQS::Queue\n"
        );
    }
}
