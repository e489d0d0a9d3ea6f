//! Ranges of IP addresses, written as `10.0.0.0/16`.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// A range of IP addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    /// Whether its addresses have 128 bits, and not 32.
    pub is_v6: bool,
    /// How many bits all its addresses have in common.
    pub prefix: u32,
    first: u128,
}

impl Range {
    /// Reads a range; nothing if it does not begin where ranges of its size do.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let (is_v6, first) = match address.parse().ok()? {
            IpAddr::V4(it) => (false, u128::from(u32::from(it))),
            IpAddr::V6(it) => (true, u128::from(it)),
        };
        let range = Self { is_v6, prefix: prefix.parse().ok()?, first };
        (range.prefix <= range.width() && first & range.mask() == 0).then_some(range)
    }

    /// Whether all of `other` is in it.
    pub(super) fn contains(&self, other: &Self) -> bool {
        self.is_v6 == other.is_v6 && self.prefix <= other.prefix && other.first & !self.mask() == self.first
    }

    /// Whether they have addresses in common.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.contains(other) || other.contains(self)
    }

    /// Its first `count` parts that leave `bits` bits to each; nothing if it has fewer.
    pub(super) fn split(&self, count: u32, bits: u32) -> Option<Vec<Self>> {
        /// More than this `Fn::Cidr` does not give.
        const MOST: u32 = 256;
        let prefix = self.width().checked_sub(bits).filter(|it| *it >= self.prefix)?;
        let available = 1_u128.checked_shl(prefix - self.prefix).unwrap_or(u128::MAX);
        if count > MOST || u128::from(count) > available {
            return None;
        }
        let part = |at: u32| Self { prefix, first: self.first + (u128::from(at) << bits), ..*self };
        Some((0..count).map(part).collect())
    }

    fn width(&self) -> u32 {
        if self.is_v6 { 128 } else { 32 }
    }

    /// The bits in which its addresses differ.
    fn mask(&self) -> u128 {
        1_u128.checked_shl(self.width() - self.prefix).unwrap_or(0).wrapping_sub(1)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = match u32::try_from(self.first) {
            Ok(it) if !self.is_v6 => IpAddr::V4(Ipv4Addr::from(it)),
            _ => IpAddr::V6(Ipv6Addr::from(self.first)),
        };
        write!(f, "{address}/{}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> Range {
        Range::parse(text).unwrap()
    }

    #[test]
    fn reads_what_begins_where_it_may() {
        for text in ["10.0.0.0/16", "0.0.0.0/0", "10.1.2.3/32", "2600:1f18::/56", "::/0"] {
            assert_eq!(range(text).to_string(), text);
        }
        for text in ["10.0.0.1/16", "10.0.0.0", "10.0.0.0/33", "10.0.0/16", "a/8", "::1/64"] {
            assert_eq!(Range::parse(text), None, "{text}");
        }
    }

    #[test]
    fn ranges_contain_and_overlap() {
        assert!(range("10.0.0.0/16").contains(&range("10.0.255.0/24")));
        assert!(!range("10.0.0.0/16").contains(&range("10.1.0.0/24")));
        assert!(range("10.0.255.0/24").overlaps(&range("10.0.0.0/16")));
        assert!(!range("0.0.0.0/0").overlaps(&range("::/0")));
    }

    #[test]
    fn splits_as_the_function_does() {
        let parts = |text, count, bits| {
            let parts = range(text).split(count, bits)?;
            Some(parts.iter().map(Range::to_string).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(parts("10.0.0.0/16", 3, 8).unwrap(), "10.0.0.0/24 10.0.1.0/24 10.0.2.0/24");
        assert_eq!(parts("2600::/56", 2, 64).unwrap(), "2600::/64 2600:0:0:1::/64");
        assert_eq!(parts("10.0.0.0/24", 2, 8), None);
        assert_eq!(parts("10.0.0.0/16", 257, 4), None);
    }
}
