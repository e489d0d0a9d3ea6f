//! Types of instances, and what their names tell.

use crate::{
    kernel::{property::Word, prelude::*},
    targets::{Architecture, Room},
};

/// The type of an instance where none is named.
pub(super) fn default(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86_64 => "t3.small",
        Architecture::Arm64 => "t4g.small",
    }
}

/// Reports what is no type, and one whose processor is another.
pub(super) fn check(
    instance: Option<&Text>,
    architecture: Option<Spanned<Architecture>>,
    faults: &mut Vec<Diagnostic>,
) {
    let Some((instance, text)) = instance.and_then(|it| Some((it, it.literal()?))) else { return };
    if let Some(fault) = fault(text) {
        faults.push(fault.at(instance.span()));
    } else if let (Some(asked), Some(known)) = (architecture, self::architecture(text))
        && asked.value != known
    {
        let (asked, span) = (asked.value, asked.span);
        faults.push(
            Diagnostic::error("instance-architecture", format!("`{text}` is {}, not {}", known.word(), asked.word()))
                .at(span)
                .help(format!("remove `architecture`, or use a type such as `{}`", default(asked))),
        );
    }
}

/// What is wrong with the form of a type.
pub(super) fn fault(text: &str) -> Option<Diagnostic> {
    let is_part = |it: &str| {
        it.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
            && it.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-')
    };
    let is_type = text.split_once('.').is_some_and(|(family, size)| is_part(family) && is_part(size));
    (!is_type).then(|| {
        Diagnostic::error("instance-type", format!("`{text}` is no type of instance"))
            .help("write family and size, such as `t3.small` or `m7g.large`")
    })
}

/// The processor of a type, as far as its name tells: after the generation, `g` stands for Graviton. What comes after a
/// dash has no such rule (`p6e-gb200` is one of NVIDIA's), but for `flex`.
pub(super) fn architecture(text: &str) -> Option<Architecture> {
    let (family, _) = text.split_once('.')?;
    let series = family.strip_suffix("-flex").unwrap_or(family);
    if series.contains('-') {
        return None;
    }
    let traits = series.trim_start_matches(|it: char| it.is_ascii_lowercase());
    let traits = traits.trim_start_matches(|it: char| it.is_ascii_digit());
    // The first Graviton was there before the rule.
    Some(if series == "a1" || traits.contains('g') { Architecture::Arm64 } else { Architecture::X86_64 })
}

/// What a type has, if it is of a family whose sizes all follow one rule. Amazon EC2, "Instance types".
pub(super) fn room(text: &str) -> Option<Room> {
    let (family, size) = text.split_once('.')?;
    let family = family.strip_suffix("-flex").unwrap_or(family);
    let larger = || match size.strip_suffix("xlarge")? {
        "" => Some(4),
        times => times.parse::<u32>().ok()?.checked_mul(4),
    };
    let (processors, memory) = if matches!(family, "t2" | "t3" | "t3a" | "t4g") {
        let sizes = ["nano", "micro", "small", "medium", "large", "xlarge", "2xlarge"];
        let at = sizes.iter().position(|it| *it == size)?;
        let few = if family == "t2" && at < 3 { 1 } else { 2 };
        (larger().unwrap_or(few), 512 << at)
    } else {
        let kind = family.get(..1)?;
        let (generation, traits) = family.get(1..)?.split_at_checked(1)?;
        let is_regular = matches!(generation, "5" | "6" | "7" | "8")
            && matches!(traits, "" | "a" | "ad" | "d" | "g" | "gd" | "i" | "id");
        let gigabytes = match kind {
            "c" => 2,
            "m" => 4,
            "r" => 8,
            _ => return None,
        };
        let processors = match size {
            "medium" => 1,
            "large" => 2,
            _ => larger()?,
        };
        (is_regular.then_some(processors)?, processors.checked_mul(gigabytes * 1024)?)
    };
    Some(Room { instance: text.to_owned(), cpu: processors.checked_mul(1024)?, memory: Mebibytes(memory) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_the_room() {
        let of = |name: &str| room(name).map(|it| (it.cpu / 1024, it.memory.to_string()));
        for (name, cpu, memory) in [
            ("t2.micro", 1, "1GB"),
            ("t2.small", 1, "2GB"),
            ("t2.medium", 2, "4GB"),
            ("t3.nano", 2, "512MB"),
            ("t4g.2xlarge", 8, "32GB"),
            ("m6g.medium", 1, "4GB"),
            ("m7i-flex.large", 2, "8GB"),
            ("c5.9xlarge", 36, "72GB"),
            ("r8g.48xlarge", 192, "1536GB"),
        ] {
            assert_eq!(of(name), Some((cpu, memory.to_owned())), "{name}");
        }
        // Of their own rules, or none.
        for name in ["c5n.large", "m4.large", "m5.metal", "t3.12xlarge", "g5.xlarge", "m7g", "é.large", "m5.99999999999xlarge"] {
            assert_eq!(of(name), None, "{name}");
        }
    }

    #[test]
    fn a_name_tells_the_processor() {
        for name in ["t4g.small", "m7g.large", "c7gn.xlarge", "im4gn.large", "g5g.xlarge", "hpc7g.4xlarge", "a1.large"] {
            assert_eq!(architecture(name), Some(Architecture::Arm64), "{name}");
        }
        for name in ["t2.micro", "t3a.small", "g4dn.xlarge", "m7i-flex.large", "x2iedn.metal", "g6e.xlarge", "trn1.2xlarge"] {
            assert_eq!(architecture(name), Some(Architecture::X86_64), "{name}");
        }
        for name in ["p6e-gb200.36xlarge", "u-6tb1.56xlarge", "mac2-m2.metal"] {
            assert_eq!(architecture(name), None, "{name}");
        }
    }

    #[test]
    fn a_type_is_a_family_and_a_size() {
        for name in ["t3.small", "u-6tb1.56xlarge", "m5.metal", "c7i.metal-24xl"] {
            assert!(fault(name).is_none(), "{name}");
        }
        for name in ["t3", "t3.", ".small", "T3.small", "t3 small", "t3.small.x", ""] {
            assert!(fault(name).is_some(), "{name}");
        }
    }
}
