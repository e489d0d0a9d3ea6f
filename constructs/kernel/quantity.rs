//! Quantities as people write them: `1GB`, `70%`, `5m`, `10.0.0.0/16`.

use std::fmt;

use ipnet::{IpNet, Ipv4Net};

use super::{
    diagnostic::Diagnostic,
    node::Node,
    property::{Property, Reader, read_integer},
    shape::Shape,
};

/// An amount of memory or storage, in MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mebibytes(pub u32);

impl fmt::Display for Mebibytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 >= 1024 && self.0.is_multiple_of(1024) {
            write!(f, "{}GB", self.0 / 1024)
        } else {
            write!(f, "{}MB", self.0)
        }
    }
}

impl Property for Mebibytes {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        const EXPECTED: &str = "an amount of memory, such as `512MB` or `2GB`";
        let text = reader.scalar(node, EXPECTED)?;
        let (number, unit) = number_and_unit(text);
        let factor = match unit.to_ascii_lowercase().as_str() {
            "" | "m" | "mb" | "mib" => 1.0,
            "g" | "gb" | "gib" => 1024.0,
            _ => return reader.mismatch(node, EXPECTED),
        };
        match number.parse::<f64>().ok().and_then(|it| whole(it * factor)) {
            Some(mebibytes) => Some(Self(mebibytes)),
            None => reader.mismatch(node, EXPECTED),
        }
    }

    fn shape() -> Shape {
        Shape::Text("an amount of memory, such as `512MB` or `2GB`", Some("^[0-9.]+ ?([MmGg]([Ii]?[Bb])?)?$"))
    }
}

/// A share, in percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percent(pub u32);

impl Property for Percent {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        const EXPECTED: &str = "a percentage, such as `70%`";
        let text = reader.scalar(node, EXPECTED)?;
        match text.strip_suffix('%').unwrap_or(text).trim().parse() {
            Ok(percent) => Some(Self(percent)),
            Err(_) => reader.mismatch(node, EXPECTED),
        }
    }

    fn shape() -> Shape {
        Shape::Text("a percentage, such as `70%`", Some("^[0-9]+ ?%?$"))
    }
}

/// A length of time, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub u32);

impl Seconds {
    /// The same in whole minutes, rounded up.
    pub fn minutes(self) -> u32 {
        self.0.div_ceil(60)
    }
}

impl Property for Seconds {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        const EXPECTED: &str = "a length of time, such as `30s`, `5m` or `2h`";
        let text = reader.scalar(node, EXPECTED)?;
        let (number, unit) = number_and_unit(text);
        let factor = match unit {
            "" | "s" => 1,
            "m" | "min" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return reader.mismatch(node, EXPECTED),
        };
        match number.parse::<u32>().ok().and_then(|it| it.checked_mul(factor)) {
            Some(seconds) => Some(Self(seconds)),
            None => reader.mismatch(node, EXPECTED),
        }
    }

    fn shape() -> Shape {
        Shape::Text("a time, such as `30s` or `5m`", Some("^[0-9]+ ?(s|m|min|h|d)?$"))
    }
}

/// A number of days, such as a retention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Days(pub u32);

impl Property for Days {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        const EXPECTED: &str = "a number of days, such as `30`";
        let text = reader.scalar(node, EXPECTED)?;
        if text.ends_with('d') {
            return match text.trim_end_matches('d').trim().parse() {
                Ok(days) => Some(Self(days)),
                Err(_) => reader.mismatch(node, EXPECTED),
            };
        }
        read_integer(node, reader)
            .and_then(|it| u32::try_from(it).ok().or_else(|| reader.mismatch(node, EXPECTED)))
            .map(Self)
    }

    fn shape() -> Shape {
        Shape::Text("a number of days, such as `30`", Some("^[0-9]+ ?d?$"))
    }
}

/// A range of IPv4 addresses.
impl Property for Ipv4Net {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        const EXPECTED: &str = "a range of addresses, such as `10.0.0.0/16`";
        let text = reader.scalar(node, EXPECTED)?;
        let Ok(net) = text.parse::<Self>() else { return reader.mismatch(node, EXPECTED) };
        if net.trunc() == net {
            return Some(net);
        }
        reader.reject(
            Diagnostic::error(
                "cidr-host-bits",
                format!("`{text}` is no range: its address lies inside `{}`", net.trunc()),
            )
            .at(node.span)
            .help(format!("use `{}`", net.trunc())),
        )
    }

    fn shape() -> Shape {
        Shape::Text("an address range, such as `10.0.0.0/16`", Some("^[0-9.]+/[0-9]+$"))
    }
}

/// A range of addresses of either family; a single address is a range of one.
impl Property for IpNet {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        const EXPECTED: &str =
            "an address or a range of addresses, such as `203.0.113.0/24` or `2001:db8::/32`";
        let text = reader.scalar(node, EXPECTED)?;
        let net = text.parse::<Self>().or_else(|_| text.parse::<std::net::IpAddr>().map(Self::from));
        let Ok(net) = net else { return reader.mismatch(node, EXPECTED) };
        if net.trunc() == net {
            return Some(net);
        }
        reader.reject(
            Diagnostic::error(
                "cidr-host-bits",
                format!("`{text}` is no range: its address lies inside `{}`", net.trunc()),
            )
            .at(node.span)
            .help(format!("use `{}`, or `{}` for the one address", net.trunc(), net.addr())),
        )
    }

    fn shape() -> Shape {
        Shape::text("an address or address range, IPv4 or IPv6")
    }
}

fn number_and_unit(text: &str) -> (&str, &str) {
    let end = text.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(text.len());
    (&text[..end], text[end..].trim())
}

fn whole(amount: f64) -> Option<u32> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
    (amount.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&amount)).then_some(amount as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::span::Span;

    fn read<T: Property>(text: &str) -> Option<T> {
        T::read(&Node::text(text.to_owned(), Span::NOWHERE), &mut Reader::default())
    }

    #[test]
    fn memory_has_units() {
        assert_eq!(read("512"), Some(Mebibytes(512)));
        assert_eq!(read("512MB"), Some(Mebibytes(512)));
        assert_eq!(read("0.5 GB"), Some(Mebibytes(512)));
        assert_eq!(read("2GiB"), Some(Mebibytes(2048)));
        assert_eq!(read::<Mebibytes>("2TB"), None);
        assert_eq!(read::<Mebibytes>("0.3MB"), None);
        assert_eq!(Mebibytes(1536).to_string(), "1536MB");
        assert_eq!(Mebibytes(2048).to_string(), "2GB");
    }

    #[test]
    fn time_has_units() {
        assert_eq!(read("90"), Some(Seconds(90)));
        assert_eq!(read("5m"), Some(Seconds(300)));
        assert_eq!(read("2h"), Some(Seconds(7200)));
        assert_eq!(read::<Seconds>("soon"), None);
        assert_eq!(Seconds(90).minutes(), 2);
    }

    #[test]
    fn a_range_of_addresses_has_no_bits_below_its_prefix() {
        assert!(read::<Ipv4Net>("10.0.0.0/16").is_some());
        assert_eq!(read::<Ipv4Net>("10.0.0.1/16"), None);
        assert_eq!(read::<IpNet>("203.0.113.7").map(|it| it.to_string()), Some("203.0.113.7/32".to_owned()));
        assert!(read::<IpNet>("2001:db8::/32").is_some());
    }
}
