//! Types of instances, and what their names tell.

use crate::{
    kernel::{property::Word, prelude::*},
    targets::Architecture,
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

#[cfg(test)]
mod tests {
    use super::*;

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
