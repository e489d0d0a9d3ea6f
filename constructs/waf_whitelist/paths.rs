//! The paths a web ACL protects, and the ways in which a request can disguise one of them.
//!
//! WAF sees the path as it was sent; the server behind it makes of that what it likes. A path is protected if
//! the server takes it for one, so WAF has to read it as servers do: as most do, and if it is to be strict, as any
//! of them might. A reading that is added only ever blocks more.

use crate::kernel::prelude::*;

use super::rules::any;

/// How most servers read a path: escapes decoded; `//`, `/./` and `/x/../` resolved.
///
/// Case comes last, because what is decoded may be upper case. It matters to most servers and not to all.
const USUAL: &[&str] = &["URL_DECODE", "NORMALIZE_PATH", "LOWERCASE"];

/// How servers read it that differ from these in one respect.
const UNUSUAL: [&[&str]; 3] = [
    // It resolves nothing: to it `/admin/../x` lies below `/admin`.
    &["URL_DECODE", "LOWERCASE"],
    // It takes a backslash for a slash: `/\admin`, `/x\..\admin`.
    &["URL_DECODE", "NORMALIZE_PATH_WIN", "LOWERCASE"],
    // It decodes twice, or stands behind a proxy that decodes: `/%2561dmin`. This cannot be the usual reading:
    // to a server that decodes once, `/admin/%252e%252e/x` lies below `/admin`. The second step is of another type
    // because WAF does not say whether a type may stand twice; it also decodes Microsoft's `%u0061`.
    &["URL_DECODE", "URL_DECODE_UNI", "NORMALIZE_PATH", "LOWERCASE"],
];

/// Java servers cut parameters off each part of a path before they resolve it: `/x/..;a=b/admin` is `/admin`
/// to them, and so is `/;a=b/admin`. No transformation does that, so a part that is nothing but dots and
/// parameters, with another part after it, is refused altogether; a session id at the end, as in
/// `/;jsessionid=1`, is none.
const DOTS_WITH_PARAMETERS: &str = "/[.]{0,2};[^/]*/";

/// WAF's documentation leaves open whether it resolves `/../` at the very beginning. If not, what is left of
/// it would hide the path that follows.
const ABOVE_THE_ROOT: &str = "/../";

/// The most bytes WAF compares with.
const LONGEST: usize = 200;

/// The statement that a path is protected; `None` if every path is.
pub(super) fn protected(paths: &[&str]) -> Option<Expr<Handle>> {
    (!paths.contains(&"/")).then(|| any(paths.iter().map(|it| begins(it, USUAL)).collect()))
}

/// The statements that a path may be a protected one in disguise.
pub(super) fn disguised(paths: &[&str]) -> Vec<Expr<Handle>> {
    let mut statements: Vec<Expr<Handle>> =
        UNUSUAL.iter().flat_map(|reading| paths.iter().map(|it| begins(it, reading))).collect();
    statements.push(begins(ABOVE_THE_ROOT, USUAL));
    statements.push(object! {
        "RegexMatchStatement" => object! {
            "FieldToMatch" => object! { "UriPath" => object! {} },
            "RegexString" => DOTS_WITH_PARAMETERS,
            "TextTransformations" => transformations(&["URL_DECODE"]),
        },
    });
    statements
}

fn begins(path: &str, reading: &[&'static str]) -> Expr<Handle> {
    object! {
        "ByteMatchStatement" => object! {
            "FieldToMatch" => object! { "UriPath" => object! {} },
            "PositionalConstraint" => "STARTS_WITH",
            "SearchString" => path.to_ascii_lowercase(),
            "TextTransformations" => transformations(reading),
        },
    }
}

/// Transformations, in this order. Each costs the web ACL 10 units of capacity, however many statements use it.
pub(super) fn transformations(types: &[&'static str]) -> Vec<Expr<Handle>> {
    (0u32..).zip(types).map(|(priority, it)| object! { "Priority" => priority, "Type" => *it }).collect()
}

/// Reports paths that no request would match, and those that add nothing.
pub(super) fn check(paths: &[Spanned<String>], faults: &mut Vec<Diagnostic>) {
    for (at, path) in paths.iter().enumerate() {
        if let Some(fault) = fault(&path.value) {
            faults.push(fault.at(path.span));
        } else if let Some(wider) =
            paths.iter().enumerate().position(|(other, it)| covers(it, other, path, at))
        {
            let wider = &paths[wider];
            faults.push(
                Diagnostic::error(
                    "no-effect",
                    format!("`{}` is already protected by `{}`", path.value, wider.value),
                )
                .label(path.span, "")
                .label(wider.span, "covers it")
                .help("remove one of them"),
            );
        }
    }
}

/// Whether the path numbered `other` covers the one numbered `at`; of two that are equal, the first does.
fn covers(it: &Spanned<String>, other: usize, path: &Spanned<String>, at: usize) -> bool {
    let (wide, narrow) = (it.value.to_ascii_lowercase(), path.value.to_ascii_lowercase());
    narrow.starts_with(&wide) && (wide != narrow || other < at)
}

/// Why no request would match a path.
fn fault(path: &str) -> Option<Diagnostic> {
    let error = |message: String, help: String| Some(Diagnostic::error("waf-path", message).help(help));
    if !path.starts_with('/') {
        return error(format!("the path `{path}` does not begin with `/`"), format!("write `/{path}`"));
    }
    if let Some((at, c)) = path.char_indices().find(|(_, c)| "%*?#;\\+ ".contains(*c) || c.is_control()) {
        let reason = match c {
            '%' => "it is compared with paths that are decoded",
            '*' => "it is compared as it is, with how a path begins",
            '?' | '#' => "it is compared with the path alone",
            _ => "servers do not agree what it means in a path",
        };
        let help = match c {
            '%' => "write the character it stands for".to_owned(),
            _ => format!("write `{}`, which covers all that begins so", &path[..at]),
        };
        return error(format!("a protected path has no `{}`: {reason}", c.escape_default()), help);
    }
    let parts: Vec<&str> = path[1..].split('/').collect();
    let (last, inner) = parts.split_last().expect("a split gives something");
    if inner.contains(&"") || parts.iter().any(|it| matches!(*it, "." | "..")) {
        let kept: Vec<&str> =
            inner.iter().copied().filter(|it| !matches!(*it, "" | "." | "..")).chain([*last]).collect();
        return error(
            format!("the path `{path}` is compared with paths without `//`, `.` and `..`"),
            format!("write it without them, as in `/{}`", kept.join("/").trim_end_matches('.')),
        );
    }
    if path.len() > LONGEST {
        return error(
            format!("WAF compares at most {LONGEST} bytes, and this path has {}", path.len()),
            "write the beginning of it, which covers all that begins so".to_owned(),
        );
    }
    None
}
