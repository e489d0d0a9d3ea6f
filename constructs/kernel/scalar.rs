//! What an unquoted YAML scalar means.
//!
//! CloudFormation reads templates by the rules of YAML 1.1, editors and newer tools by those of 1.2.
//! Both are here, so that a scalar on which they disagree (`yes`, `012`, `1:30`) can be pointed out, and
//! so that what is written without quotes is read the same by everybody.
//! Dates are text: CloudFormation has no other use for them, and `2012-10-17` is the version of a policy.

/// What a plain scalar stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Another number, or a whole one too large for [`Integer`](Self::Integer).
    Float(f64),
    /// The text itself.
    Text,
}

/// A set of rules for reading plain scalars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// YAML 1.1, as CloudFormation and PyYAML have it.
    Yaml11,
    /// The core schema of YAML 1.2, which also reads every JSON number.
    Yaml12,
}

/// Reads `text`, a scalar without quotes.
pub fn resolve(text: &str, rules: Rules) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Bool(true),
        "false" | "False" | "FALSE" => Scalar::Bool(false),
        "yes" | "Yes" | "YES" | "on" | "On" | "ON" if rules == Rules::Yaml11 => Scalar::Bool(true),
        "no" | "No" | "NO" | "off" | "Off" | "OFF" if rules == Rules::Yaml11 => Scalar::Bool(false),
        _ if text.starts_with(|it: char| it.is_ascii_digit() || "+-.".contains(it)) => match rules {
            Rules::Yaml11 => number_1_1(text),
            Rules::Yaml12 => number_1_2(text),
        },
        _ => Scalar::Text,
    }
}

/// Whether readers of YAML 1.1 and 1.2 take `text` for different things.
pub fn is_ambiguous(text: &str) -> bool {
    resolve(text, Rules::Yaml11) != resolve(text, Rules::Yaml12)
}

/// A number's sign, and the rest of it.
fn signed(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    }
}

fn number_1_1(text: &str) -> Scalar {
    let (negative, body) = signed(text);
    let digits = |body: &str, radix| integer(negative, &body.replace('_', ""), radix);
    if let Some(bits) = body.strip_prefix("0b") {
        return if made_of(bits, |it| matches!(it, b'0' | b'1' | b'_')) {
            digits(bits, 2)
        } else {
            Scalar::Text
        };
    }
    if let Some(hex) = body.strip_prefix("0x") {
        let is_hex = made_of(hex, |it| it.is_ascii_hexdigit() || it == b'_');
        return if is_hex { digits(hex, 16) } else { Scalar::Text };
    }
    if body == "0" {
        return Scalar::Integer(0);
    }
    if let Some(octal) = body.strip_prefix('0')
        && made_of(octal, |it| matches!(it, b'0'..=b'7' | b'_'))
    {
        return digits(body, 8);
    }
    if body.starts_with(|it: char| matches!(it, '1'..='9'))
        && made_of(body, |it| it.is_ascii_digit() || it == b'_')
    {
        return digits(body, 10);
    }
    sexagesimal(negative, body).or_else(|| float_1_1(text, negative, body)).unwrap_or(Scalar::Text)
}

fn number_1_2(text: &str) -> Scalar {
    if let Some(octal) = text.strip_prefix("0o") {
        return if made_of(octal, |it| matches!(it, b'0'..=b'7')) {
            integer(false, octal, 8)
        } else {
            Scalar::Text
        };
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return if made_of(hex, |it| it.is_ascii_hexdigit()) {
            integer(false, hex, 16)
        } else {
            Scalar::Text
        };
    }
    let (negative, body) = signed(text);
    if made_of(body, |it| it.is_ascii_digit()) {
        return integer(negative, body, 10);
    }
    if matches!(body, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Scalar::Text;
    }
    let (mantissa, exponent) = split_exponent(body);
    let exponent_is_fine = exponent
        .is_none_or(|it| made_of(it.strip_prefix(['+', '-']).unwrap_or(it), |it| it.is_ascii_digit()));
    let mantissa_is_fine = match mantissa.split_once('.') {
        None => made_of(mantissa, |it| it.is_ascii_digit()),
        Some((whole, part)) => {
            let fine = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
            fine(whole) && fine(part) && mantissa.len() > 1
        }
    };
    if exponent_is_fine && mantissa_is_fine { float(negative, body) } else { Scalar::Text }
}

/// `[0-9][0-9_]*\.[0-9_]*([eE][-+][0-9]+)?`, or without a sign `\.[0-9][0-9_]*([eE][-+][0-9]+)?`.
fn float_1_1(text: &str, negative: bool, body: &str) -> Option<Scalar> {
    let (mantissa, exponent) = split_exponent(body);
    if !exponent.is_none_or(|it| it.starts_with(['+', '-']) && made_of(&it[1..], |it| it.is_ascii_digit())) {
        return None;
    }
    let (whole, part) = mantissa.split_once('.')?;
    let fine = |it: &str| it.bytes().all(|it| it.is_ascii_digit() || it == b'_');
    let starts_with_a_digit = |it: &str| it.starts_with(|it: char| it.is_ascii_digit());
    let form = if whole.is_empty() {
        text.starts_with('.') && starts_with_a_digit(part)
    } else {
        starts_with_a_digit(whole)
    };
    (form && fine(whole) && fine(part)).then(|| float(negative, &body.replace('_', "")))
}

/// Numbers to the base of 60: `[1-9][0-9_]*(:[0-5]?[0-9])+`, or with a fraction.
fn sexagesimal(negative: bool, body: &str) -> Option<Scalar> {
    let (body, fraction) = match body.split_once('.') {
        Some((body, fraction)) => (body, Some(fraction)),
        None => (body, None),
    };
    let (first, rest) = body.split_once(':')?;
    let starts_well = |it: char| it.is_ascii_digit() && (it != '0' || fraction.is_some());
    if !first.starts_with(starts_well) || !made_of(first, |it| it.is_ascii_digit() || it == b'_') {
        return None;
    }
    let mut value: i64 = first.replace('_', "").parse().ok()?;
    for part in rest.split(':') {
        let fine =
            made_of(part, |it| it.is_ascii_digit()) && part.len() <= 2 && (part.len() == 1 || part < "60");
        value = value.checked_mul(60)?.checked_add(part.parse().ok().filter(|_| fine)?)?;
    }
    let Some(fraction) = fraction else {
        return Some(Scalar::Integer(if negative { -value } else { value }));
    };
    let fine = fraction.bytes().all(|it| it.is_ascii_digit() || it == b'_');
    fine.then(|| float(negative, &format!("{value}.{}", fraction.replace('_', ""))))
}

fn split_exponent(body: &str) -> (&str, Option<&str>) {
    match body.find(['e', 'E']) {
        Some(at) => (&body[..at], Some(&body[at + 1..])),
        None => (body, None),
    }
}

fn integer(negative: bool, digits: &str, radix: u32) -> Scalar {
    match i128::from_str_radix(digits, radix) {
        Ok(value) => {
            let value = if negative { -value } else { value };
            #[expect(
                clippy::cast_precision_loss,
                reason = "a number beyond 64 bits is a float to every reader"
            )]
            i64::try_from(value).map_or(Scalar::Float(value as f64), Scalar::Integer)
        }
        Err(_) if digits.bytes().all(|it| it.is_ascii_digit()) => float(negative, digits),
        Err(_) => Scalar::Text,
    }
}

fn float(negative: bool, digits: &str) -> Scalar {
    match digits.parse::<f64>() {
        Ok(value) if value.is_finite() => Scalar::Float(if negative { -value } else { value }),
        _ => Scalar::Text,
    }
}

/// Whether `text` is not empty and every byte of it is fine.
fn made_of(text: &str, fine: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, by_1_1: Scalar, by_1_2: Scalar) {
        assert_eq!((resolve(text, Rules::Yaml11), resolve(text, Rules::Yaml12)), (by_1_1, by_1_2), "{text}");
    }

    #[test]
    fn both_rules_agree_on_what_most_people_write() {
        for (text, scalar) in [
            ("", Scalar::Null),
            ("true", Scalar::Bool(true)),
            ("8080", Scalar::Integer(8080)),
            ("-1", Scalar::Integer(-1)),
            ("1.5", Scalar::Float(1.5)),
            ("2012-10-17", Scalar::Text),
            ("1.2.3", Scalar::Text),
            ("10.0.0.0/16", Scalar::Text),
            ("yEs", Scalar::Text),
            ("+", Scalar::Text),
            (".", Scalar::Text),
            ("18446744073709551616", Scalar::Float(18_446_744_073_709_551_616.0)),
        ] {
            check(text, scalar, scalar);
            assert!(!is_ambiguous(text));
        }
    }

    #[test]
    fn they_disagree_on_the_traps() {
        check("yes", Scalar::Bool(true), Scalar::Text);
        check("Off", Scalar::Bool(false), Scalar::Text);
        check("012", Scalar::Integer(10), Scalar::Integer(12));
        check("000123456701", Scalar::Integer(21_913_025), Scalar::Integer(123_456_701));
        check("0_", Scalar::Integer(0), Scalar::Text);
        check("0o14", Scalar::Text, Scalar::Integer(12));
        check("0b11", Scalar::Integer(3), Scalar::Text);
        check("1_000", Scalar::Integer(1000), Scalar::Text);
        check("1e3", Scalar::Text, Scalar::Float(1000.0));
        check("1:30", Scalar::Integer(90), Scalar::Text);
        check("80:80", Scalar::Text, Scalar::Text);
        check("22:22", Scalar::Integer(1342), Scalar::Text);
        check("1:30.5", Scalar::Float(90.5), Scalar::Text);
        assert!(is_ambiguous("012"));
    }

    #[test]
    fn an_account_id_with_a_nine_is_no_octal() {
        check("012345678901", Scalar::Text, Scalar::Integer(12_345_678_901));
        check("111122223333", Scalar::Integer(111_122_223_333), Scalar::Integer(111_122_223_333));
    }
}
