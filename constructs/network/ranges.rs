//! How a network's range of addresses is divided among its subnets.

use ipnet::Ipv4Net;

use crate::kernel::prelude::*;

properties! {
    /// The ranges of the subnets.
    pub struct Subnets {
        /// The public ones: a range for each zone, or one prefix length for all, such as `/24`; `[]` for none.
        public: Option<Ranges>,
        /// The private ones, likewise.
        private: Option<Ranges>,
    }
}

/// The ranges of one kind of subnet.
#[derive(Clone, Debug)]
pub enum Ranges {
    /// These, one for each zone.
    Listed(Vec<Spanned<Ipv4Net>>, Span),
    /// The next free ones of this prefix length.
    Prefix(Spanned<u8>),
}

impl Ranges {
    /// Where they are written.
    pub(super) fn span(&self) -> Span {
        match self {
            Self::Listed(_, span) => *span,
            Self::Prefix(prefix) => prefix.span,
        }
    }
}

impl Property for Ranges {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        const EXPECTED: &str = "a list of ranges, or a prefix length such as `/24`";
        if node.as_list().is_some() {
            return Vec::read(node, reader).map(|it| Self::Listed(it, node.span));
        }
        let text = reader.scalar(node, EXPECTED)?;
        match text.strip_prefix('/').unwrap_or(text).parse::<u8>() {
            Ok(prefix) => Some(Self::Prefix(Spanned::new(prefix, node.span))),
            Err(_) => reader.mismatch(node, EXPECTED),
        }
    }

    fn shape() -> Shape {
        Shape::Either(vec![
            Shape::List(Box::new(Ipv4Net::shape())),
            Shape::Text("a prefix length, such as `/24`", Some("^/?[0-9]+$")),
        ])
    }
}

/// The range of each subnet.
#[derive(Debug, PartialEq)]
pub(super) struct Split {
    pub(super) public: Vec<Ipv4Net>,
    pub(super) private: Vec<Ipv4Net>,
}

impl Subnets {
    /// Divides `cidr` among the subnets of `zones` zones: as listed, by the prefix asked for, or evenly.
    ///
    /// Where nothing is asked for, the ranges are those the CDK gives, so that none changes when a network is
    /// taken over.
    ///
    /// # Errors
    ///
    /// A [`Diagnostic`] for each range and prefix that cannot be, or else one for what there is no room for.
    pub(super) fn split(&self, cidr: Spanned<Ipv4Net>, zones: usize) -> Result<Split, Vec<Diagnostic>> {
        let mut taken = Taken { cidr, ranges: Vec::new() };
        let mut faults = Vec::new();
        let kinds = [&self.public, &self.private];
        let mut results: [Option<Vec<Ipv4Net>>; 2] = [None, None];
        // What is written comes first, then what has a size, then what shares the rest.
        for (result, kind) in results.iter_mut().zip(kinds) {
            if let Some(Ranges::Listed(ranges, span)) = kind {
                *result = Some(taken.listed(ranges, *span, zones, &mut faults));
            }
        }
        for kind in kinds {
            if let Some(Ranges::Prefix(prefix)) = kind {
                faults.extend(check_size(*prefix));
            }
        }
        // What room is left cannot be said of ranges that are wrong.
        if !faults.is_empty() {
            return Err(faults);
        }
        for (result, kind) in results.iter_mut().zip(kinds) {
            if let Some(Ranges::Prefix(prefix)) = kind {
                *result = Some(taken.next(*prefix, zones).map_err(|it| vec![it])?);
            }
        }
        let rest = results.iter().filter(|it| it.is_none()).count() * zones;
        if rest > 0 {
            let prefix = Spanned::new(taken.even_prefix(rest).map_err(|it| vec![it])?, cidr.span);
            for result in results.iter_mut().filter(|it| it.is_none()) {
                *result = Some(taken.next(prefix, zones).map_err(|it| vec![it])?);
            }
        }
        let [public, private] = results.map(Option::unwrap_or_default);
        Ok(Split { public, private })
    }
}

/// The prefix lengths of the largest and the smallest subnet AWS has.
const LARGEST: u8 = 16;
const SMALLEST: u8 = 28;

/// The ranges given out so far.
struct Taken {
    cidr: Spanned<Ipv4Net>,
    ranges: Vec<Spanned<Ipv4Net>>,
}

impl Taken {
    /// Takes `ranges`; reports each that cannot be.
    fn listed(
        &mut self,
        ranges: &[Spanned<Ipv4Net>],
        span: Span,
        zones: usize,
        faults: &mut Vec<Diagnostic>,
    ) -> Vec<Ipv4Net> {
        if !ranges.is_empty() && ranges.len() != zones {
            faults.push(
                Diagnostic::error(
                    "subnet-count",
                    format!("{zones} zones need as many ranges, not {}", ranges.len()),
                )
                .at(span)
                .help("give one range for each zone, or change `zones`"),
            );
        }
        for range in ranges {
            faults.extend(self.check(*range));
            self.ranges.push(*range);
        }
        ranges.iter().map(|it| it.value).collect()
    }

    /// What is wrong with `range`, beside those that are taken.
    fn check(&self, Spanned { value, span }: Spanned<Ipv4Net>) -> Option<Diagnostic> {
        if !self.cidr.value.contains(&value) {
            return Some(
                Diagnostic::error(
                    "subnet-outside",
                    format!("`{value}` does not lie in the network's `{}`", self.cidr.value),
                )
                .label(span, "")
                .label(self.cidr.span, "the network")
                .help("choose a range inside of it"),
            );
        }
        if let Some(fault) = check_size(Spanned::new(value.prefix_len(), span)) {
            return Some(fault.help("choose a range of that size, such as `10.0.0.0/24`"));
        }
        let other = self.ranges.iter().find(|it| overlap(it.value, value))?;
        Some(
            Diagnostic::error("subnet-overlap", format!("`{value}` overlaps `{}`", other.value))
                .label(span, "")
                .label(other.span, "the other")
                .help("choose ranges that have no address in common"),
        )
    }

    /// The next `count` free ranges of a prefix length.
    fn next(&mut self, prefix: Spanned<u8>, count: usize) -> Result<Vec<Ipv4Net>, Diagnostic> {
        let full = || {
            Diagnostic::error(
                "network-full",
                format!("`{}` has no room for {count} subnets of /{}", self.cidr.value, prefix.value),
            )
            .at(prefix.span)
            .help("use smaller subnets, fewer zones, or a larger network")
        };
        if let Some(fault) = check_size(prefix) {
            return Err(fault);
        }
        let mut found = Vec::new();
        let mut candidates = self.cidr.value.subnets(prefix.value).map_err(|_| full())?;
        while found.len() < count {
            let Some(range) = candidates.next() else { return Err(full()) };
            if !self.ranges.iter().any(|it| overlap(it.value, range)) {
                found.push(range);
            }
        }
        self.ranges.extend(found.iter().map(|it| Spanned::new(*it, prefix.span)));
        Ok(found)
    }

    /// The prefix length of `count` equal subnets in what lies behind the last range given out.
    fn even_prefix(&self, count: usize) -> Result<u8, Diagnostic> {
        let network = self.cidr.value;
        let end = u64::from(u32::from(network.broadcast())) + 1;
        let start = self.ranges.iter().map(|it| u64::from(u32::from(it.value.broadcast())) + 1).max();
        let free = end - start.unwrap_or(u64::from(u32::from(network.network())));
        let each = free / count as u64;
        match each.checked_ilog2().and_then(|it| u8::try_from(it).ok()) {
            Some(bits) if bits >= 32 - SMALLEST => Ok(32 - bits),
            _ => Err(Diagnostic::error(
                "network-full",
                format!("`{network}` has no room for {count} more subnets of /{SMALLEST} or larger"),
            )
            .at(self.cidr.span)
            .help("use fewer zones or a larger network, or write the ranges of all subnets")),
        }
    }
}

/// Reports a size that AWS has no subnet of.
fn check_size(prefix: Spanned<u8>) -> Option<Diagnostic> {
    (!(LARGEST..=SMALLEST).contains(&prefix.value)).then(|| {
        Diagnostic::error("subnet-size", format!("a subnet has from /16 to /28, not /{}", prefix.value))
            .at(prefix.span)
            .help("change the prefix length, the number of zones, or the size of the network")
    })
}

fn overlap(a: Ipv4Net, b: Ipv4Net) -> bool {
    a.contains(&b) || b.contains(&a)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(
        cidr: &str,
        zones: usize,
        public: Option<&str>,
        private: Option<&str>,
    ) -> Result<Vec<String>, String> {
        let read = |text: &str| {
            let (node, _) =
                crate::kernel::yaml::parse(text, Span::NOWHERE.file, crate::kernel::yaml::Format::Yaml);
            Ranges::read(&node.unwrap(), &mut Reader::default()).unwrap()
        };
        let cidr = cidr.parse::<Ipv4Net>().unwrap().into();
        let subnets = Subnets { public: public.map(read), private: private.map(read) };
        let split = subnets.split(cidr, zones).map_err(|mut it| it.remove(0).message)?;
        Ok(split.public.iter().chain(&split.private).map(ToString::to_string).collect())
    }

    #[test]
    fn shares_evenly_as_the_cdk_does() {
        assert_eq!(
            ranges("10.0.0.0/16", 2, None, None).unwrap(),
            ["10.0.0.0/18", "10.0.64.0/18", "10.0.128.0/18", "10.0.192.0/18"]
        );
        let three = ranges("10.0.0.0/16", 3, None, None).unwrap();
        assert_eq!((three[0].as_str(), three[5].as_str()), ("10.0.0.0/19", "10.0.160.0/19"));
    }

    #[test]
    fn takes_prefixes_and_lists() {
        assert_eq!(
            ranges("10.0.0.0/16", 2, Some("/24"), Some("/22")).unwrap(),
            ["10.0.0.0/24", "10.0.1.0/24", "10.0.4.0/22", "10.0.8.0/22"]
        );
        assert_eq!(
            ranges(
                "10.77.0.0/16",
                2,
                Some("[10.77.2.0/24, 10.77.3.0/24]"),
                Some("[10.77.0.0/24, 10.77.1.0/24]")
            )
            .unwrap(),
            ["10.77.2.0/24", "10.77.3.0/24", "10.77.0.0/24", "10.77.1.0/24"]
        );
        assert_eq!(
            ranges("10.0.0.0/24", 2, Some("[10.0.0.0/25, 10.0.0.128/25]"), Some("[]")).unwrap().len(),
            2
        );
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let refuse = |cidr, public| ranges(cidr, 2, Some(public), Some("[]")).unwrap_err();
        assert_eq!(
            refuse("10.0.0.0/16", "[10.0.0.0/24, 10.0.0.128/25]"),
            "`10.0.0.128/25` overlaps `10.0.0.0/24`"
        );
        assert_eq!(
            refuse("10.0.0.0/16", "[10.1.0.0/24, 10.0.1.0/24]"),
            "`10.1.0.0/24` does not lie in the network's `10.0.0.0/16`"
        );
        assert_eq!(refuse("10.0.0.0/16", "[10.0.0.0/24]"), "2 zones need as many ranges, not 1");
        assert_eq!(refuse("10.0.0.0/24", "/24"), "`10.0.0.0/24` has no room for 2 subnets of /24");
        assert_eq!(refuse("10.0.0.0/24", "/30"), "a subnet has from /16 to /28, not /30");
        let full = "`10.0.0.0/28` has no room for 4 more subnets of /28 or larger";
        assert_eq!(ranges("10.0.0.0/28", 2, None, None).unwrap_err(), full);
    }

    #[test]
    fn points_at_what_does_not_fit() {
        let faults = |properties: &str| {
            crate::testing::stack(&format!("net: {{type: Network, {properties}}}")).faults()
        };
        assert_eq!(
            faults("subnets: {public: [10.0.0.0/24]}"),
            ["subnet-count at `[10.0.0.0/24]`: 2 zones need as many ranges, not 1"]
        );
        assert_eq!(
            faults("zones: 1, subnets: {public: [10.1.0.0/24]}"),
            ["subnet-outside at `10.1.0.0/24`: `10.1.0.0/24` does not lie in the network's `10.0.0.0/16`"]
        );
        assert_eq!(
            faults("zones: 1, subnets: {public: [10.0.0.0/29]}"),
            ["subnet-size at `10.0.0.0/29`: a subnet has from /16 to /28, not /29"]
        );
        assert_eq!(
            faults("subnets: {public: /29}"),
            ["subnet-size at `/29`: a subnet has from /16 to /28, not /29"]
        );
        assert_eq!(
            faults("zones: 1, subnets: {public: [10.0.0.0/24], private: [10.0.0.128/25]}"),
            ["subnet-overlap at `10.0.0.128/25`: `10.0.0.128/25` overlaps `10.0.0.0/24`"]
        );
        assert_eq!(
            faults("cidr: 10.0.0.0/24, subnets: {public: /24}"),
            ["network-full at `/24`: `10.0.0.0/24` has no room for 2 subnets of /24"]
        );
        assert_eq!(
            faults("cidr: 10.0.0.0/24, subnets: {public: /25}"),
            ["network-full at `10.0.0.0/24`: `10.0.0.0/24` has no room for 2 more subnets of /28 or larger"]
        );
        assert_eq!(
            faults("subnets: {public: [10.0.0.0/17, 10.0.128.0/17]}"),
            ["network-full at `net`: `10.0.0.0/16` has no room for 2 more subnets of /28 or larger"]
        );
    }

    #[test]
    fn points_at_all_that_does_not_fit() {
        assert_eq!(
            crate::testing::stack(
                "net: {type: Network, zones: 1, subnets: {public: [10.1.0.0/24, 10.0.0.0/29], private: /29}}"
            )
            .faults(),
            [
                "subnet-count at `[10.1.0.0/24, 10.0.0.0/29]`: 1 zones need as many ranges, not 2",
                "subnet-outside at `10.1.0.0/24`: `10.1.0.0/24` does not lie in the network's `10.0.0.0/16`",
                "subnet-size at `10.0.0.0/29`: a subnet has from /16 to /28, not /29",
                "subnet-size at `/29`: a subnet has from /16 to /28, not /29",
            ]
        );
    }
}
