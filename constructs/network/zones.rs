//! The availability zones a network goes over.

use std::ops::RangeInclusive;

use crate::kernel::prelude::*;

/// Over how many zones a network may go.
pub(super) const NUMBER: RangeInclusive<usize> = 1..=6;

/// The zones of a network.
#[derive(Clone, Debug)]
pub enum Zones {
    /// The first so many of the region.
    First(u8),
    /// These.
    Named(Vec<Spanned<String>>),
}

impl Zones {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::First(count) => usize::from(*count),
            Self::Named(names) => names.len(),
        }
    }

    /// The names of the zones.
    pub(super) fn names(&self) -> Vec<Expr<Handle>> {
        match self {
            Self::First(count) => (0..*count)
                .map(|it| {
                    Expr::function("Fn::Select", list![u32::from(it), Expr::function("Fn::GetAZs", "")])
                })
                .collect(),
            Self::Named(names) => names.iter().map(|it| it.clone().into()).collect(),
        }
    }

    /// Reports what is wrong with their number and their names, written at `span`.
    pub(super) fn check(&self, span: Span, faults: &mut Vec<Diagnostic>) {
        let count = self.count();
        if !NUMBER.contains(&count) {
            faults.push(
                Diagnostic::error("network-zones", format!("a network goes over 1 to 6 zones, not {count}"))
                    .at(span)
                    .help("use 2, or 3 where the region has them"),
            );
        }
        let mut seen: Vec<&Spanned<String>> = Vec::new();
        for zone in self.named() {
            let name = &zone.value;
            if let Some(first) = seen.iter().find(|it| it.value == *name) {
                faults.push(
                    Diagnostic::error("duplicate-zone", format!("the zone `{name}` is given twice"))
                        .label(zone.span, "")
                        .label(first.span, "the first time")
                        .help("name another zone, or remove it"),
                );
            } else if region_of(name).is_none() {
                faults.push(
                    Diagnostic::error(
                        "zone-syntax",
                        format!("`{name}` is not the name of an availability zone"),
                    )
                    .at(zone.span)
                    .help("write the region and a letter, as in `us-east-1a`"),
                );
            } else if let Some(first) = seen.first()
                && region_of(&first.value) != region_of(name)
            {
                faults.push(
                    Diagnostic::error(
                        "zone-region",
                        format!("`{}` and `{name}` lie in two regions", first.value),
                    )
                    .label(zone.span, "")
                    .label(first.span, "the other")
                    .help("name zones of one region: a network cannot reach over two"),
                );
            }
            seen.push(zone);
        }
    }

    /// The zones that do not lie in `region`, as faults.
    pub(super) fn outside(&self, region: &str) -> Vec<Diagnostic> {
        let outside = self.named().iter().filter(|it| region_of(&it.value) != Some(region));
        outside
            .map(|zone| {
                Diagnostic::error(
                    "zone-region",
                    format!("the zone `{}` does not lie in `{region}`", zone.value),
                )
                .at(zone.span)
                .help(format!("use zones such as `{region}a`, or their number, or change `region`"))
            })
            .collect()
    }

    fn named(&self) -> &[Spanned<String>] {
        match self {
            Self::First(_) => &[],
            Self::Named(names) => names,
        }
    }
}

/// The region of a zone: `us-east-1` of `us-east-1a`, and of the local zone `us-east-1-bos-1a`.
fn region_of(zone: &str) -> Option<&str> {
    let number = zone.find(|it: char| it.is_ascii_digit())?;
    let length = zone[number..].find(|it: char| !it.is_ascii_digit())?;
    let (region, rest) = zone.split_at(number + length);
    let is_region = region.split('-').count() >= 3 && region.bytes().all(is_lower_kebab);
    let is_zone = rest.len() == 1 || rest.starts_with('-');
    let ends_with_a_letter = rest.ends_with(|it: char| it.is_ascii_lowercase());
    (is_region && is_zone && ends_with_a_letter && rest.bytes().all(is_lower_kebab)).then_some(region)
}

fn is_lower_kebab(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

impl Property for Zones {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        if node.as_list().is_some() {
            return Vec::read(node, reader).map(Self::Named);
        }
        u8::read(node, reader).map(Self::First)
    }

    fn shape() -> Shape {
        Shape::Either(vec![Shape::Integer, Shape::List(Box::new(Shape::text("the name of a zone")))])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        kernel::tree::Place,
        testing::{stack, stack_at},
    };

    #[test]
    fn a_zone_tells_its_region() {
        let regions = [
            "us-east-1a",
            "us-gov-west-1c",
            "ap-southeast-12b",
            "us-west-2-lax-1a",
            "us-east-1-wl1-bos-wlz-1a",
        ]
        .map(region_of);
        assert_eq!(
            regions,
            [
                Some("us-east-1"),
                Some("us-gov-west-1"),
                Some("ap-southeast-12"),
                Some("us-west-2"),
                Some("us-east-1")
            ]
        );
        for other in ["us-east-1", "use1-az1", "us-east-1ab", "US-EAST-1A", "a", ""] {
            assert_eq!(region_of(other), None, "{other}");
        }
    }

    #[test]
    fn a_number_takes_the_first_of_the_region() {
        assert_eq!(
            stack("net: {type: Network, zones: 1}").attribute("net", "zones"),
            json!([{ "Fn::Select": [0, { "Fn::GetAZs": "" }] }])
        );
        assert_eq!(
            stack("net: {type: Network, zones: [eu-west-1b, eu-west-1c]}").attribute("net", "zones"),
            json!(["eu-west-1b", "eu-west-1c"])
        );
    }

    #[test]
    fn points_at_a_number_no_network_goes_over() {
        for zones in ["0", "7", "[]"] {
            let count = if zones == "[]" { "0" } else { zones };
            assert_eq!(
                stack(&format!("net: {{type: Network, zones: {zones}}}")).faults(),
                [format!("network-zones at `{zones}`: a network goes over 1 to 6 zones, not {count}")]
            );
        }
    }

    #[test]
    fn points_at_zones_that_do_not_go_together() {
        let faults = |zones| stack(&format!("net: {{type: Network, zones: [{zones}]}}")).faults();
        assert_eq!(
            faults("us-east-1a, us-east-1a"),
            ["duplicate-zone at `us-east-1a`: the zone `us-east-1a` is given twice"]
        );
        assert_eq!(
            faults("use1-az1"),
            ["zone-syntax at `use1-az1`: `use1-az1` is not the name of an availability zone"]
        );
        assert_eq!(
            faults("us-east-1a, eu-west-1b"),
            ["zone-region at `eu-west-1b`: `us-east-1a` and `eu-west-1b` lie in two regions"]
        );
    }

    #[test]
    fn points_at_a_zone_outside_the_region_of_the_stack() {
        let faults = |zones| {
            let place = Place { region: Some("eu-west-1".to_owned()), ..Place::default() };
            stack_at(place, &format!("net: {{type: Network, zones: {zones}}}")).faults()
        };
        assert_eq!(
            faults("[us-east-1a, us-east-1b]"),
            [
                "zone-region at `us-east-1a`: the zone `us-east-1a` does not lie in `eu-west-1`",
                "zone-region at `us-east-1b`: the zone `us-east-1b` does not lie in `eu-west-1`",
            ]
        );
        assert_eq!(faults("[eu-west-1a, eu-west-1b]"), [""; 0]);
        assert_eq!(faults("2"), [""; 0]);
    }
}
