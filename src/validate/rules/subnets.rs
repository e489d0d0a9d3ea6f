//! The address ranges of VPCs and their subnets.

use super::super::{
    cidr::Range,
    document::{Document, Resource},
    report::{Found, Report},
    value::Value,
};

/// `vpc-size`, `subnet-size`: a range that Amazon VPC does not take, which is anything but `/16` to `/28`, and for an
/// IPv6 range of a subnet anything but `/44` to `/64` in steps of 4. Source: "VPC CIDR blocks" and "Subnet CIDR
/// blocks" in the Amazon VPC User Guide.
///
/// `E3059`: a subnet that is not in its VPC. `E3060`: one that overlaps with another.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    let blocks = [("AWS::EC2::VPC", "vpc-size", "VPC"), ("AWS::EC2::VPCCidrBlock", "vpc-size", "VPC")];
    for (type_name, code, what) in blocks.into_iter().chain([("AWS::EC2::Subnet", "subnet-size", "subnet")]) {
        for resource in document.of_type(type_name) {
            for properties in document.views(resource) {
                check_size(&properties, code, what, report);
            }
        }
    }
    let mut known: Vec<(Range, &Resource<'_>)> = Vec::new();
    for subnet in document.of_type("AWS::EC2::Subnet") {
        check_within(document, subnet, report);
        let views = document.views(subnet);
        let own: Vec<Range> = views.iter().flat_map(|it| ranges(it, KEYS)).map(|(it, _)| it).collect();
        let mut others: Vec<&Resource<'_>> = Vec::new();
        for (range, other) in &known {
            let is_near = own.iter().any(|it| it.overlaps(range));
            if is_near && !others.iter().any(|it| it.id == other.id) {
                others.push(other);
            }
        }
        for other in others {
            check_overlap(document, other, subnet, report);
        }
        known.extend(own.into_iter().map(|it| (it, subnet)));
    }
}

/// Where ranges are written.
const KEYS: &[&str] = &["CidrBlock", "Ipv6CidrBlock"];

/// The ranges under `keys`, each with its value.
fn ranges<'t>(properties: &Value<'t>, keys: &[&str]) -> Vec<(Range, Value<'t>)> {
    let values = keys.iter().filter_map(|key| properties.get(key));
    values.filter_map(|it| Some((Range::parse(&it.text()?)?, it))).collect()
}

fn check_size<'t>(properties: &Value<'t>, code: &'static str, what: &str, report: &mut Report<'t>) {
    for (range, value) in ranges(properties, KEYS) {
        let steps = if range.is_v6 { (44..=64).step_by(4) } else { (16..=28).step_by(1) };
        let help = match (range.is_v6, what) {
            (true, _) => "use `/44` to `/64`, in steps of 4",
            (false, "VPC") => "use `/16` to `/28`, and add a second range if that is too small",
            (false, _) => "use `/16` to `/28`",
        };
        if !steps.into_iter().any(|it| it == range.prefix) {
            let message = format!("a {what} cannot have a range of the size `/{}`", range.prefix);
            report.add(Found::error(code, value, message).help(help));
        }
    }
}

/// What a VPC has.
struct Vpc<'t> {
    ranges: Vec<(Range, Value<'t>)>,
    /// Whether it may get other ranges than these.
    is_open: bool,
}

impl<'t> Vpc<'t> {
    fn new(document: &'t Document<'t>, vpc: &Resource<'t>, properties: &Value<'t>) -> Self {
        let mut found = Self { ranges: ranges(properties, &["CidrBlock"]), is_open: false };
        found.is_open = found.ranges.is_empty() || properties.get("Ipv4IpamPoolId").is_some();
        for more in document.of_type("AWS::EC2::VPCCidrBlock").filter(|it| document.can_meet(vpc, it)) {
            let Some(properties) = document.properties(more) else { continue };
            match properties.get("VpcId") {
                Some(id) if id.target().is_some_and(|it| it.name == vpc.id) => {
                    let ranges = ranges(&properties, KEYS);
                    found.is_open |= ranges.is_empty();
                    found.ranges.extend(ranges);
                }
                // It may be for this VPC.
                Some(id) if id.target().is_none_or(|it| !document.resources.contains_key(it.name)) => {
                    found.is_open = true;
                }
                _ => (),
            }
        }
        found
    }
}

fn check_within<'t>(document: &'t Document<'t>, subnet: &Resource<'t>, report: &mut Report<'t>) {
    let Some(vpc) = document.views(subnet).iter().find_map(|it| {
        let id = it.get("VpcId")?;
        document.named(id, "AWS::EC2::VPC")
    }) else {
        return;
    };
    for [properties, vpc_properties] in document.together([subnet, vpc]) {
        if properties.get("VpcId").and_then(|it| it.target()).is_none_or(|it| it.name != vpc.id) {
            continue;
        }
        let known = Vpc::new(document, vpc, &vpc_properties);
        if known.is_open {
            continue;
        }
        for (range, value) in ranges(&properties, KEYS) {
            if known.ranges.iter().any(|(it, _)| it.contains(&range)) {
                continue;
            }
            let others: Vec<_> = known.ranges.iter().filter(|(it, _)| it.is_v6 == range.is_v6).collect();
            let names: Vec<String> = others.iter().map(|(it, _)| format!("`{it}`")).collect();
            let mut found = if others.is_empty() {
                let message = format!("the subnet has the range `{range}`, and its VPC no IPv6 range");
                Found::error("E3059", value, message).help("add an `AWS::EC2::VPCCidrBlock` to the VPC")
            } else {
                let message = format!("`{range}` is not in the VPC, which has {}", names.join(" and "));
                Found::error("E3059", value, message).help("choose a part of the VPC's range")
            };
            for (it, place) in others {
                found = found.and(*place, format!("`{}` has `{it}`", vpc.id));
            }
            report.add(found);
        }
    }
}

fn check_overlap<'t>(
    document: &'t Document<'t>,
    one: &Resource<'t>,
    other: &Resource<'t>,
    report: &mut Report<'t>,
) {
    for [first, second] in document.together([one, other]) {
        let vpcs = first.get("VpcId").zip(second.get("VpcId"));
        let same_vpc = vpcs.is_some_and(|(left, right)| {
            let name = |it: Value<'t>| it.target().map(|it| it.name);
            left.is_same(&right) || name(left).is_some() && name(left) == name(right)
        });
        if !same_vpc {
            continue;
        }
        for (range, value) in ranges(&second, KEYS) {
            for (taken, place) in ranges(&first, KEYS).into_iter().filter(|(it, _)| it.overlaps(&range)) {
                let message = if taken == range {
                    format!("`{range}` is the range of `{}` too", one.id)
                } else {
                    format!("`{range}` overlaps with `{taken}`, the range of `{}`", one.id)
                };
                let found = Found::error("E3060", value, message);
                report.add(
                    found
                        .help("give each subnet a range of its own")
                        .and(place, format!("`{}` has `{taken}`", one.id)),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn a_subnet_is_in_its_vpc_and_overlaps_with_no_other() {
        let template = "\
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24}}
  B: {Type: AWS::EC2::Subnet, Properties: {VpcId: !GetAtt Vpc.VpcId, CidrBlock: 10.0.0.128/25}}
  C: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.1.0.0/24}}
  D: {Type: AWS::EC2::Subnet, Properties: {VpcId: vpc-1, CidrBlock: 10.1.0.0/24}}
";
        let expected = "\
error E3060 Resources/B/Properties/CidrBlock 4:81: `10.0.0.128/25` overlaps with `10.0.0.0/24`, the range of `A`
  give each subnet a range of its own
error E3059 Resources/C/Properties/CidrBlock 5:72: `10.1.0.0/24` is not in the VPC, which has `10.0.0.0/16`
  choose a part of the VPC's range
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn a_range_that_is_cut_from_that_of_the_vpc_is_known() {
        let template = "\
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  A:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref Vpc, CidrBlock: !Select [1, !Cidr [!GetAtt Vpc.CidrBlock, 4, 8]]}
  B: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.1.0/24}}
  C: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24}}
";
        let expected = "\
error E3060 Resources/B/Properties/CidrBlock 6:72: `10.0.1.0/24` is the range of `A` too
  give each subnet a range of its own
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn conditions_keep_ranges_apart() {
        let template = "\
Parameters: {P: {Type: String}}
Conditions:
  Large: !Equals [!Ref P, large]
  Small: !Not [!Condition Large]
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: !If [Large, 10.0.0.0/16, 10.0.0.0/24]}}
  A: {Type: AWS::EC2::Subnet, Condition: Large, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.1.0/24}}
  B: {Type: AWS::EC2::Subnet, Condition: Small, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.1.0/24}}
";
        let expected = "\
error E3059 Resources/B/Properties/CidrBlock 8:90: `10.0.1.0/24` is not in the VPC, which has `10.0.0.0/24`
  choose a part of the VPC's range
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn a_vpc_with_ranges_that_are_not_known_takes_any() {
        let template = "\
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  More: {Type: AWS::EC2::VPCCidrBlock, Properties: {VpcId: !Ref Vpc, AmazonProvidedIpv6CidrBlock: true}}
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.1.0.0/24}}
";
        assert_eq!(check(super::check, template), "");
    }

    #[test]
    fn ranges_have_sizes() {
        let template = "\
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/8}}
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/29}}
";
        let expected = "\
error vpc-size Resources/Vpc/Properties/CidrBlock 2:54: a VPC cannot have a range of the size `/8`
  use `/16` to `/28`, and add a second range if that is too small
error subnet-size Resources/A/Properties/CidrBlock 3:72: a subnet cannot have a range of the size `/29`
  use `/16` to `/28`
";
        assert_eq!(check(super::check, template), expected);
    }
}
