//! How a network's range of addresses is divided among its subnets.

use ipnet::Ipv4Net;

use crate::kernel::prelude::*;

properties! {
    /// The ranges of the subnets.
    pub struct Subnets {
        /// The public ones: a range for each zone, or one prefix length for all, such as `/24`; `[]` for none.
        public: Option<Tier>,
        /// The private ones, likewise.
        private: Option<Tier>,
        /// Those without a way to the internet, for what only the network reaches, such as a database: likewise, or `{}`
        /// for an even share. If absent, there are none.
        isolated: Option<Tier>,
    }
}

properties! {
    /// The subnets of one kind.
    pub struct Tier from ranges {
        /// A range for each zone, or one prefix length for all, such as `/24`. If absent, an even share of what the
        /// subnets with ranges leave.
        ranges: Option<Ranges>,
        /// What they are called: `Database` for `DatabaseSubnet1`. If absent, `Public`, `Private` or `Isolated`. With
        /// another name they are other subnets, with new addresses.
        name: Option<PartId>,
    }
}

impl Subnets {
    /// What the subnets of each kind are called.
    pub(super) fn names(&self) -> [&str; 3] {
        let tiers = [(&self.public, "Public"), (&self.private, "Private"), (&self.isolated, "Isolated")];
        tiers.map(|(tier, name)| tier.as_ref().and_then(|it| it.name.as_ref()).map_or(name, PartId::id))
    }

    /// Reports kinds of subnets that are called the same.
    pub(super) fn check_names(&self, faults: &mut Vec<Diagnostic>) {
        let names = self.names();
        for (at, tier) in [&self.public, &self.private, &self.isolated].into_iter().enumerate() {
            let Some(name) = tier.as_ref().and_then(|it| it.name.as_ref()) else { continue };
            if names.iter().enumerate().any(|(other, it)| other != at && *it == name.id()) {
                let fault = format!("subnets of two kinds are called `{}`", name.id());
                faults.push(Diagnostic::error("duplicate-id", fault).at(name.span()).help("choose another name"));
                return;
            }
        }
    }
}

impl Tier {
    /// A place of it, if anything of it is written.
    pub(super) fn span(&self) -> Span {
        self.ranges.as_ref().map(Ranges::span).or(self.name.as_ref().map(PartId::span)).unwrap_or_default()
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
    pub(super) isolated: Vec<Ipv4Net>,
}

impl Subnets {
    /// Divides `cidr` among the subnets of `zones` zones: as listed, by the prefix asked for, or evenly.
    ///
    /// What has no range written has the one the CDK gives it, so that none changes when a network is taken over.
    ///
    /// # Errors
    ///
    /// A [`Diagnostic`] for each range and prefix that cannot be, or else one for what there is no room for.
    pub(super) fn split(&self, cidr: Spanned<Ipv4Net>, zones: usize) -> Result<Split, Vec<Diagnostic>> {
        let mut taken = Taken { cidr, ranges: Vec::new(), given: cidr.value.network().into() };
        let mut faults = Vec::new();
        let ranges = |tier: &'_ Option<Tier>| tier.as_ref().and_then(|it| it.ranges.clone());
        let kinds = [&self.public, &self.private, &self.isolated].map(ranges);
        // Isolated subnets are there only if they are asked for.
        let mut results = [None, None, self.isolated.is_none().then(Vec::new)];
        // What is written comes first, then what has a size, then what shares the rest.
        for (result, kind) in results.iter_mut().zip(&kinds) {
            if let Some(Ranges::Listed(ranges, span)) = kind {
                *result = Some(taken.listed(ranges, *span, zones, &mut faults));
            }
        }
        for kind in &kinds {
            if let Some(Ranges::Prefix(prefix)) = kind {
                faults.extend(check_size(*prefix));
            }
        }
        // What room is left cannot be said of ranges that are wrong.
        if !faults.is_empty() {
            return Err(faults);
        }
        for (result, kind) in results.iter_mut().zip(&kinds) {
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
        let [public, private, isolated] = results.map(Option::unwrap_or_default);
        Ok(Split { public, private, isolated })
    }
}

/// The prefix lengths of the largest and the smallest subnet AWS has.
const LARGEST: u8 = 16;
const SMALLEST: u8 = 28;

/// The ranges given out so far.
struct Taken {
    cidr: Spanned<Ipv4Net>,
    ranges: Vec<Spanned<Ipv4Net>>,
    /// The first address behind those that went by a prefix length: the CDK never goes back to a gap.
    given: u32,
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
            let is_behind = u32::from(range.network()) >= self.given;
            if is_behind && !self.ranges.iter().any(|it| overlap(it.value, range)) {
                found.push(range);
            }
        }
        self.given = found.last().map_or(self.given, |it| u32::from(it.broadcast()).saturating_add(1));
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
        isolated: Option<&str>,
    ) -> Result<Vec<String>, String> {
        let read = |text: &str| {
            let (node, _) =
                crate::kernel::yaml::parse(text, Span::NOWHERE.file, crate::kernel::yaml::Format::Yaml);
            Tier::read(&node.unwrap(), &mut Reader::default()).unwrap()
        };
        let cidr = cidr.parse::<Ipv4Net>().unwrap().into();
        let subnets =
            Subnets { public: public.map(read), private: private.map(read), isolated: isolated.map(read) };
        let split = subnets.split(cidr, zones).map_err(|mut it| it.remove(0).message)?;
        Ok([split.public, split.private, split.isolated].concat().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn shares_evenly_as_the_cdk_does() {
        assert_eq!(
            ranges("10.0.0.0/16", 2, None, None, None).unwrap(),
            ["10.0.0.0/18", "10.0.64.0/18", "10.0.128.0/18", "10.0.192.0/18"]
        );
        let three = ranges("10.0.0.0/16", 3, None, None, None).unwrap();
        assert_eq!((three[0].as_str(), three[5].as_str()), ("10.0.0.0/19", "10.0.160.0/19"));
    }

    #[test]
    fn takes_prefixes_and_lists() {
        assert_eq!(
            ranges("10.0.0.0/16", 2, Some("/24"), Some("/22"), None).unwrap(),
            ["10.0.0.0/24", "10.0.1.0/24", "10.0.4.0/22", "10.0.8.0/22"]
        );
        assert_eq!(
            ranges(
                "10.77.0.0/16",
                2,
                Some("[10.77.2.0/24, 10.77.3.0/24]"),
                Some("[10.77.0.0/24, 10.77.1.0/24]"),
                None
            )
            .unwrap(),
            ["10.77.2.0/24", "10.77.3.0/24", "10.77.0.0/24", "10.77.1.0/24"]
        );
        assert_eq!(
            ranges("10.0.0.0/24", 2, Some("[10.0.0.0/25, 10.0.0.128/25]"), Some("[]"), None).unwrap().len(),
            2
        );
    }

    #[test]
    fn isolated_subnets_come_last_and_fill_no_gap() {
        assert_eq!(
            ranges("10.20.0.0/16", 3, Some("/24"), Some("/22"), Some("/24")).unwrap()[3..],
            ["10.20.4.0/22", "10.20.8.0/22", "10.20.12.0/22", "10.20.16.0/24", "10.20.17.0/24", "10.20.18.0/24"]
        );
        assert_eq!(
            ranges("10.0.0.0/16", 2, None, Some("[]"), Some("{}")).unwrap(),
            ["10.0.0.0/18", "10.0.64.0/18", "10.0.128.0/18", "10.0.192.0/18"]
        );
        assert_eq!(
            ranges("10.0.0.0/16", 2, Some("{ranges: /24}"), None, Some("[10.0.0.0/24, 10.0.3.0/24]")).unwrap(),
            ["10.0.1.0/24", "10.0.2.0/24", "10.0.64.0/18", "10.0.128.0/18", "10.0.0.0/24", "10.0.3.0/24"]
        );
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let refuse = |cidr, public| ranges(cidr, 2, Some(public), Some("[]"), None).unwrap_err();
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
        assert_eq!(ranges("10.0.0.0/28", 2, None, None, None).unwrap_err(), full);
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
