//! A hosted zone of Route 53, and the names in it.
//!
//! Not a construct: a property of those that are called by a name of the user's choice.

use crate::kernel::prelude::*;

properties! {
    /// A hosted zone of Route 53, which exists already.
    pub struct Zone from name {
        /// Its name, without a dot at the end: `example.com`.
        name: Text,
        /// Its id, such as `Z0123456789ABCDEFGHIJ`. If absent, AWS finds the zone by its name, which works as
        /// long as the account has no other zone of that name.
        id: Option<Text>,
    }
}

impl Zone {
    /// Reports what is wrong with it, as far as it is written out.
    pub fn check(&self, faults: &mut Vec<Diagnostic>) {
        if let Some(name) = self.name.literal() {
            let fault = |message: String| Diagnostic::error("zone-name", message).at(self.name.span());
            if is_id(name) {
                faults.push(
                    fault(format!("`{name}` is the id of a zone, and its name is needed too"))
                        .help(format!("write `zone: {{name: example.com, id: {name}}}`")),
                );
            } else if let Some(bare) = name.strip_suffix('.') {
                faults.push(fault(format!("`{name}` ends with a dot")).help(format!("write `{bare}`")));
            } else if let Some(why) = malformed(name) {
                faults.push(
                    fault(format!("`{name}` cannot be the name of a zone: {why}"))
                        .help("write it as in `example.com`"),
                );
            }
        }
        if let Some(id) = &self.id
            && let Some(text) = id.literal()
            && !is_id(text)
        {
            let fault =
                Diagnostic::error("zone-id", format!("`{text}` is not the id of a zone")).at(id.span());
            faults.push(match text.strip_prefix("/hostedzone/") {
                Some(bare) => fault.help(format!("write `{bare}`")),
                None => fault.help(
                    "use what Route 53 calls the hosted zone ID: `Z` and 1 to 31 capital letters and digits",
                ),
            });
        }
    }

    /// Reports what is wrong with `host` as a name in this zone, as far as both are written out.
    pub fn check_host(&self, host: &Text, faults: &mut Vec<Diagnostic>) {
        let Some(name) = host.literal().filter(|it| *it != APEX) else { return };
        let fault = |message: String| Diagnostic::error("host-name", message).at(host.span());
        let zone = self.name.literal();
        let within = zone.and_then(|zone| name.strip_suffix('.').unwrap_or(name).strip_suffix(zone));
        match within {
            Some("") => faults.push(
                fault(format!("`{name}` is the zone itself, whose name is added anyway"))
                    .help(format!("leave it out, or write \"{APEX}\", for the zone itself")),
            ),
            Some(bare) if bare.ends_with('.') => faults.push(
                fault(format!("`{name}` ends with the name of the zone, which is added anyway"))
                    .help(format!("write `{}`", bare.trim_end_matches('.'))),
            ),
            _ => {
                // A wildcard is one only as the first of the labels.
                let rest = name.strip_prefix("*.").unwrap_or(name);
                let why = if rest == "*" { None } else { malformed(rest) };
                let length = name.len() + zone.map_or(0, |it| it.len() + 1);
                let why = why.or_else(|| (length > LONGEST).then(|| too_long(length)));
                if let Some(why) = why {
                    faults.push(
                        fault(format!("`{name}` cannot be a name in the zone: {why}"))
                            .help("use letters, digits and `-`, with a dot between the parts, as in `shop` or `api.shop`"),
                    );
                }
            }
        }
    }

    /// The full name of `host` in this zone, without a dot at the end; the zone's own if there is none.
    pub fn full_name(&self, scope: &mut Scope<'_>, host: Option<&Text>) -> Expr<Handle> {
        let zone = scope.text(&self.name);
        match host {
            Some(host) if host.literal() != Some(APEX) => {
                let host = scope.text(host);
                text![host, ".", zone]
            }
            Some(_) | None => zone,
        }
    }

    /// Its id, if that is written.
    pub fn id(&self, scope: &mut Scope<'_>) -> Option<Expr<Handle>> {
        self.id.as_ref().map(|it| scope.text(it))
    }

    /// What a record says it belongs to: `HostedZoneId`, or else `HostedZoneName`, of which it has exactly one.
    pub fn id_or_name(&self, scope: &mut Scope<'_>) -> (Option<Expr<Handle>>, Option<Expr<Handle>>) {
        match self.id(scope) {
            Some(id) => (Some(id), None),
            None => (None, Some(text![scope.text(&self.name), "."])),
        }
    }
}

/// What stands for the zone itself where the name of a host is due.
const APEX: &str = "@";

/// The most characters of a full name, without a dot at the end.
const LONGEST: usize = 253;

fn is_id(text: &str) -> bool {
    (2..=32).contains(&text.len())
        && text.starts_with('Z')
        && text.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit())
}

/// Why `name` cannot stand in the DNS, as a clause; `None` if it can.
fn malformed(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("it is empty".to_owned());
    }
    if name.len() > LONGEST {
        return Some(too_long(name.len()));
    }
    name.split('.').find_map(|label| {
        let stray = label.chars().find(|it| !(it.is_ascii_alphanumeric() || "-_".contains(*it)));
        match (label, stray) {
            ("", _) => Some("there is nothing before or after one of its dots".to_owned()),
            (_, Some('*')) => Some("`*` can only be the whole of its first part".to_owned()),
            (_, Some(stray)) => Some(format!("there is a `{stray}` in it")),
            _ if label.len() > 63 => {
                Some(format!("a part of it has {} characters, and the most is 63", label.len()))
            }
            _ if label.starts_with('-') || label.ends_with('-') => {
                Some(format!("`{label}` begins or ends with `-`"))
            }
            _ => None,
        }
    })
}

fn too_long(length: usize) -> String {
    format!("the whole has {length} characters, and the most is {LONGEST}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{
        span::Sources,
        yaml::{Format, parse},
    };

    fn faults(zone: &str, host: Option<&str>) -> Vec<String> {
        let mut sources = Sources::default();
        let mut reader = Reader::default();
        let mut read =
            |text: &str| parse(text, sources.add("asi.yaml", text), Format::Yaml).0.expect("it is YAML");
        let zone = Zone::read(&read(zone), &mut reader).expect("a zone");
        let host = host.map(|it| Text::read(&read(it), &mut reader).expect("a text"));
        let mut faults = Vec::new();
        zone.check(&mut faults);
        if let Some(host) = &host {
            zone.check_host(host, &mut faults);
        }
        let show = |it: Diagnostic| {
            let at = sources.text(it.span()).unwrap_or("?");
            format!("{} at {at}: {} ({})", it.code, it.message, it.help.as_deref().unwrap_or("-"))
        };
        faults.into_iter().map(show).collect()
    }

    #[test]
    fn takes_names_and_ids() {
        for zone in [
            "example.com",
            "internal",
            "{name: xn--bcher-kva.example, id: Z0123456789ABCDEFGHIJ}",
            "${param.Zone}",
        ] {
            assert_eq!(faults(zone, None), [""; 0], "{zone}");
        }
        for host in
            ["shop", "api.shop", "\"*\"", "\"*.shop\"", "\"@\"", "_sip._tcp", "${env}-shop", "notexample"]
        {
            assert_eq!(faults("example.com", Some(host)), [""; 0], "{host}");
        }
    }

    #[test]
    fn points_at_a_zone_that_cannot_be() {
        assert_eq!(
            faults("Z0123456789ABC", None),
            [
                "zone-name at Z0123456789ABC: `Z0123456789ABC` is the id of a zone, and its name is needed too \
              (write `zone: {name: example.com, id: Z0123456789ABC}`)"
            ]
        );
        assert_eq!(
            faults("example.com.", None),
            ["zone-name at example.com.: `example.com.` ends with a dot (write `example.com`)"]
        );
        assert_eq!(
            faults("https://example.com", None),
            [
                "zone-name at https://example.com: `https://example.com` cannot be the name of a zone: there is a `:` in it \
              (write it as in `example.com`)"
            ]
        );
        assert_eq!(
            faults("{name: example.com, id: /hostedzone/Z012}", None),
            ["zone-id at /hostedzone/Z012: `/hostedzone/Z012` is not the id of a zone (write `Z012`)"]
        );
        assert_eq!(
            faults("{name: example.com, id: z012}", None),
            [
                "zone-id at z012: `z012` is not the id of a zone (use what Route 53 calls the hosted zone ID: `Z` and 1 to 31 \
              capital letters and digits)"
            ]
        );
    }

    #[test]
    fn points_at_a_name_that_holds_the_zone() {
        for written in ["shop.example.com", "shop.example.com."] {
            assert_eq!(
                faults("example.com", Some(written)),
                [format!(
                    "host-name at {written}: `{written}` ends with the name of the zone, which is added anyway (write `shop`)"
                )]
            );
        }
        assert_eq!(
            faults("example.com", Some("example.com")),
            ["host-name at example.com: `example.com` is the zone itself, whose name is added anyway \
              (leave it out, or write \"@\", for the zone itself)"]
        );
    }

    #[test]
    fn points_at_a_name_that_cannot_be() {
        let why = |host: &str| {
            let found = faults("example.com", Some(host));
            let [fault] = found.as_slice() else { panic!("{found:?}") };
            let (_, why) = fault.split_once("in the zone: ").expect("the fault of a name");
            why.split_once(" (").expect("help").0.to_owned()
        };
        assert_eq!(why("shop_ café"), "there is a ` ` in it");
        assert_eq!(why("\"shop.*\""), "`*` can only be the whole of its first part");
        assert_eq!(why("\"*shop\""), "`*` can only be the whole of its first part");
        assert_eq!(why("shop..eu"), "there is nothing before or after one of its dots");
        assert_eq!(why("\"\""), "it is empty");
        assert_eq!(why("-shop"), "`-shop` begins or ends with `-`");
        assert_eq!(why(&"x".repeat(64)), "a part of it has 64 characters, and the most is 63");
        assert_eq!(
            why(&vec!["x".repeat(60); 4].join(".")),
            "the whole has 255 characters, and the most is 253"
        );
    }
}
