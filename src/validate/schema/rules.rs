//! Rules about the properties of one type that are data: schemas for values at certain paths, and tables of what
//! there is in which region.

use std::collections::BTreeMap;

use asi_constructs::kernel::diagnostic::nearest;
use serde_json::value::RawValue;

use super::{
    super::{
        report::{Found, Place, Report},
        value::Value,
    },
    compiled::Schema,
    excerpt::{Entries, Reader, parse, value},
    faults::explain,
    keys, reach,
};

/// The rules of the pack, so that each has a name that lasts.
#[rustfmt::skip]
const IDS: &[&str] = &[
    "E3023", "E3025", "E3029", "E3042", "E3044", "E3045", "E3046", "E3047", "E3048", "E3052", "E3054",
    "E3062", "E3501", "E3502", "E3505", "E3615", "E3617", "E3620", "E3621", "E3628", "E3633", "E3634",
    "E3635", "E3636", "E3638", "E3639", "E3640", "E3641", "E3642", "E3643", "E3644", "E3647", "E3652",
    "E3653", "E3660", "E3661", "E3663", "E3667", "E3670", "E3671", "E3672", "E3674", "E3675", "E3676",
    "E3677", "E3678", "E3679", "E3680", "E3681", "E3682", "E3683", "E3684", "E3685", "E3686", "E3687",
    "E3688", "E3689", "E3690", "E3691", "E3692", "E3693", "E3694", "E3695", "E3696", "E3698", "E3699",
    "E3704", "E3705", "E3706", "E3707", "E3708", "E3709", "E3711", "E3712", "E3713", "E3714", "E3715",
    "E3717", "E3718", "E3719", "E3720", "E3721", "E3722", "E3723", "E3725", "I3013", "W3663", "W3664",
    "W3687", "W3688", "W3689", "W3690", "W3691", "W3693", "W3694", "W3702", "W3703",
];

/// A rule about values of a type.
#[derive(Debug)]
pub(super) struct Rule {
    id: &'static str,
    /// Whether all it finds in one value is one finding.
    once: bool,
    paths: Vec<Vec<String>>,
    demand: Demand,
}

#[derive(Debug)]
enum Demand {
    Schema(Schema),
    Tables { regions: Vec<String>, tables: Vec<Table> },
}

/// What is to be had where.
#[derive(Debug)]
struct Table {
    applies: Option<Schema>,
    property: Option<String>,
    /// The regions it is about, a bit for each.
    about: u64,
    values: Values,
}

/// For each value the regions it is to be had in. A table has thousands, and few of them are ever asked for: so it is
/// read only where that is.
#[derive(Debug, Default)]
struct Values(Option<Box<RawValue>>);

impl Values {
    fn of(&self, name: &str) -> Option<u64> {
        let text = self.0.as_ref()?.get();
        let key = serde_json::to_string(name).ok()? + ":";
        let after = &text[text.find(&key)? + key.len()..];
        after.split([',', '}']).next()?.parse().ok()
    }

    fn all(&self) -> BTreeMap<String, u64> {
        self.0.as_ref().map(|it| value(it)).unwrap_or_default()
    }
}

/// Holds the properties of a resource to the rules of its type.
pub(super) fn check<'t>(properties: Value<'t>, type_name: &str, rules: &[Rule], report: &mut Report<'t>) {
    for rule in rules {
        let mut values = Vec::new();
        rule.paths.iter().for_each(|path| reach(properties, path, &mut values));
        for value in values {
            match &rule.demand {
                Demand::Schema(schema) => {
                    let found = explain(value, type_name, schema);
                    let count = if rule.once { 1 } else { usize::MAX };
                    // What a parameter may be is for the schema of the type to judge.
                    let certain = found.into_iter().filter(|it| !it.code().starts_with('W'));
                    for found in certain.take(count) {
                        report.add(rule.reword(found.under(rule.id)));
                    }
                }
                Demand::Tables { regions, tables } => {
                    for table in tables {
                        if let Some(found) = table.check(rule.id, value, regions) {
                            report.add(found);
                        }
                    }
                }
            }
        }
    }
}

/// The rules of a type, those left out that are about properties which are not used.
pub(super) fn read(type_name: &str, reader: &mut Reader<'_>) -> Vec<Rule> {
    let lists = [asi_schemas::rules(type_name), asi_schemas::regional_rules(type_name)];
    let mut rules = Vec::new();
    for list in lists.into_iter().flatten() {
        rules.extend(parse::<Vec<Entries<'_>>>(&list).iter().filter_map(|it| Rule::read(it, reader)));
    }
    rules
}

/// The name of a rule that lasts as long as the program.
pub(super) fn id(name: &str) -> Option<&'static str> {
    IDS.iter().find(|it| **it == name).copied()
}

impl Rule {
    /// What a rule finds in its own words, where those of its schema do not tell what matters.
    fn reword<'t>(&self, found: Found<'t>) -> Found<'t> {
        match self.id {
            "E3047" => found
                .message("Fargate has no size with this CPU and memory")
                .help("take 256 to 16384 CPU units, and a memory from the list of task sizes for them"),
            "I3013" => found.message("how long this keeps what it holds is left to the service's default"),
            _ => found,
        }
    }

    /// A rule, if it is about properties that are used.
    fn read(entries: &Entries<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let paths: Vec<String> = value(entries.get("paths")?);
        let paths = paths.iter().map(|it| keys(it)).filter(|it| reader.reaches(it)).collect::<Vec<_>>();
        if paths.is_empty() {
            return None;
        }
        let demand = match entries.get("schema") {
            Some(schema) => Demand::Schema(Schema::new(reader.schema(&Entries::of(schema)))),
            None => {
                let tables: Vec<Entries<'_>> = value(entries.get("tables")?);
                Demand::Tables {
                    regions: value(entries.get("regions")?),
                    tables: tables.iter().map(|it| Table::read(it, reader)).collect(),
                }
            }
        };
        let name: String = value(entries.get("id")?);
        Some(Self { id: id(&name)?, once: entries.get("once").is_some(), paths, demand })
    }
}

impl Table {
    fn read(entries: &Entries<'_>, reader: &mut Reader<'_>) -> Self {
        Self {
            applies: entries.get("if").map(|it| Schema::condition(reader.schema(&Entries::of(it)))),
            property: entries.get("property").map(value),
            about: entries.get("in").map(value).unwrap_or_default(),
            values: Values(entries.get("values").map(ToOwned::to_owned)),
        }
    }

    /// What is not to be had in the region of the document, or anywhere if it has none.
    fn check<'t>(&self, id: &'static str, value: Value<'t>, regions: &[String]) -> Option<Found<'t>> {
        let looked_up = match &self.property {
            Some(property) => value.get(property)?,
            None => value,
        };
        let wanted = match value.document.region {
            Some(region) => 1 << regions.iter().position(|it| it == region)?,
            None => self.about,
        };
        if self.about & wanted == 0 || self.applies.as_ref().is_some_and(|it| !it.is_met(value)) {
            return None;
        }
        let is_sold = |it: &str| self.values.of(it).is_some_and(|it| it & wanted != 0);
        let known: Vec<Value<'_>> = match looked_up.known() {
            Some(_) => vec![looked_up],
            None => looked_up.candidates().collect(),
        };
        let text = known.iter().filter_map(Value::text).find(|it| !is_sold(it))?;
        let place = value.document.region.map_or_else(|| "anywhere".to_owned(), |it| format!("in `{it}`"));
        let beside = if self.applies.is_some() { " for what else is set here" } else { "" };
        let message = format!("there is no `{text}` {place}{beside}");
        let all = self.values.all();
        let near: Vec<&str> =
            all.iter().filter(|(_, its)| **its & wanted != 0).map(|(name, _)| name.as_str()).collect();
        let found = Found::error(id, Place::Value(looked_up.site), message);
        Some(match nearest(&text, &near) {
            Some(near) => found.help(format!("did you mean `{near}`?")),
            None => found.help("choose one that AWS offers there"),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value as Json;

    use super::{super::excerpt::Used, *};

    #[test]
    fn every_rule_of_the_pack_can_be_evaluated_and_has_its_name() {
        let mut found = BTreeSet::new();
        for name in asi_schemas::types() {
            let lists = [asi_schemas::rules(name), asi_schemas::regional_rules(name)];
            let count: usize = lists
                .iter()
                .flatten()
                .map(|it| {
                    serde_json::from_str::<Json>(it).expect("it is JSON").as_array().map_or(0, Vec::len)
                })
                .sum();
            let rules = read(name, &mut Reader::new(Used::All));
            assert_eq!(rules.len(), count, "{name}");
            for rule in rules {
                if let Demand::Tables { tables, .. } = &rule.demand {
                    for values in tables.iter().map(|it| &it.values) {
                        let all = values.all();
                        assert!(all.iter().all(|(name, its)| values.of(name) == Some(*its)), "{name}");
                        assert_eq!(values.of("t3.mini"), None);
                    }
                }
                found.insert(rule.id);
                match rule.demand {
                    Demand::Schema(it) => assert!(it.validator().is_some(), "{name} {}", rule.id),
                    Demand::Tables { tables, .. } => {
                        let conditions = tables.iter().filter_map(|it| it.applies.as_ref());
                        conditions.for_each(|it| assert!(it.validator().is_some(), "{name} {}", rule.id));
                    }
                }
            }
        }
        let joins = super::super::joins::ids();
        let all: Vec<&str> = IDS.iter().copied().filter(|it| !joins.contains(it)).collect();
        assert_eq!(all, found.into_iter().collect::<Vec<_>>());
    }
}
