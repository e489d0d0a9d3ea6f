//! Makes `pack.bin` and what stands beside it from two packages of public registries.
//!
//! It decides what the pack keeps; the library that reads the pack decides nothing.

mod actions;
mod documents;
mod facts;
mod packages;
mod pattern;
mod permissions;
mod python;
mod rules;
mod source;
mod tables;
mod tidy;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use serde_json::{Map, Value, json};

use crate::documents::Documents;
use crate::facts::{Facts, Known};
use crate::packages::{CFN_LINT, Files, SERVICE_SPEC};
use crate::rules::Rules;
use crate::tidy::Tidy;
use crate::write::Entry;

/// Makes the pack of CloudFormation schemas anew
///
/// Fetches cfn-lint with pip and @aws-cdk/aws-service-spec with npm, at the versions and hashes pinned in
/// refresh/packages.rs, and writes pack.bin, SOURCE.md and the licences of the data. The same packages give
/// the same bytes.
///
/// Exit codes: 0 done; 1 the files are not what their source gives; 3 the source cannot be had or read.
#[derive(Debug, Parser)]
#[command(name = "refresh-schemas")]
struct Arguments {
    /// Write nothing; tell whether the files are what their source gives
    #[arg(long)]
    check: bool,
    /// Where the packages are kept; one that is there is not fetched again [default: target/schemas]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
}

/// What `refresh` writes, by name.
type Outputs = BTreeMap<&'static str, Vec<u8>>;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let cache = arguments.cache.unwrap_or_else(|| crate_folder().with_file_name("target").join("schemas"));
    let outputs = match outputs(&cache) {
        Ok(it) => it,
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::from(3);
        }
    };
    let mut stale = false;
    for (name, bytes) in &outputs {
        let path = crate_folder().join(name);
        if is_same(&path, bytes) {
            println!("{name} is what its source gives");
        } else if arguments.check {
            println!("{name} is not what its source gives");
            stale = true;
        } else if let Err(it) = store(&path, bytes) {
            eprintln!("error: `{}` cannot be written: {it}", path.display());
            return ExitCode::from(3);
        } else {
            println!("{name} is written: {} bytes", bytes.len());
        }
    }
    ExitCode::from(u8::from(stale))
}

fn outputs(cache: &Path) -> Result<Outputs, String> {
    let wheel = Files::of(&CFN_LINT, cache)?;
    let spec = Files::of(&SERVICE_SPEC, cache)?;
    let facts = Facts::read(
        &spec.json("package/db.json.gz")?,
        &wheel.json("cfnlint/data/AdditionalSpecs/StatefulResources.json")?,
        wheel.text("cfnlint/schema/_getatts.py")?,
    )?;
    let made = wheel.json("cfnlint/data/schemas/version.json")?;
    let made = made["schema_date"].as_str().unwrap_or("an unknown day");
    let Availability { regions, silent, types } = Availability::read(&wheel)?;

    let (mut tidy, mut known) = (Tidy::default(), Known::default());
    let mut entries = Vec::new();
    let mut permissions = Map::new();
    for (name, Placed { hash, available }) in types {
        let path = format!("cfnlint/data/schemas/resources/{hash}.json");
        let Value::Object(mut schema) = wheel.json(&path)? else {
            return Err(format!("`{path}` is not a JSON object"));
        };
        if schema.get("typeName").and_then(Value::as_str) != Some(name.as_str()) {
            return Err(format!("`{path}` is not the schema of `{name}`"));
        }
        permissions.extend(permissions::of(&schema).map(|it| (name.clone(), it)));
        tidy.resource(&mut schema);
        facts.join(&mut schema, &mut known);
        let text = Value::Object(schema).to_string();
        entries.push(Entry { name: format!("schema/{name}"), text, available });
    }
    let types = entries.len();
    let rules = Rules::read(&wheel, &mut tidy)?;
    for (shelf, lists) in [("rules", &rules.plain), ("regional", &rules.regional)] {
        let texts = lists.iter().map(|(name, list)| (format!("{shelf}/{name}"), json!(list)));
        entries.extend(texts.map(|(name, text)| Entry::of(name, &text)));
    }
    entries.push(Entry::of("joins/all".to_owned(), &json!(rules.joins)));
    let documents = Documents::read(&wheel, &mut tidy)?;
    entries.push(Entry::of("documents/all".to_owned(), &json!(documents.list)));
    for (name, schema) in &documents.schemas {
        entries.push(Entry::of(format!("document/{name}"), schema));
    }
    let actions = actions::read(&wheel.json("cfnlint/data/AdditionalSpecs/Policies.json")?)?;
    for (name, service) in &actions {
        entries.push(Entry::of(format!("actions/{name}"), service));
    }
    let granting = permissions.len();
    entries.push(Entry::of("permissions/all".to_owned(), &Value::Object(permissions)));
    entries.sort_by(|a, b| a.name.cmp(&b.name));

    let version = format!(
        "{} {}, {} {}, schemas of {made}",
        CFN_LINT.name, CFN_LINT.version, SERVICE_SPEC.name, SERVICE_SPEC.version
    );
    let pack = write::pack(&version, &regions, &entries)?;
    let source = source::Source {
        made,
        types,
        texts: entries.len(),
        rules: &rules,
        documents: &documents,
        services: actions.len(),
        granting,
        unpacked: entries.iter().map(|it| it.text.len()).sum(),
        regions: regions.len(),
        silent: &silent,
        patterns: tidy.patterns(),
        known: &known,
        pack: &pack,
    };
    let licence = format!("cfn_lint-{}.dist-info/licenses/LICENSE", CFN_LINT.version);
    Ok(Outputs::from([
        ("SOURCE.md", source.to_string().into_bytes()),
        ("LICENSE-cfn-lint", wheel.bytes(&licence)?.to_vec()),
        ("LICENSE-aws-service-spec", spec.bytes("package/LICENSE")?.to_vec()),
        ("pack.bin", pack),
    ]))
}

/// Where each type is available, as far as cfn-lint tells.
struct Availability {
    regions: Vec<String>,
    /// The regions of which it tells nothing.
    silent: Vec<String>,
    types: BTreeMap<String, Placed>,
}

struct Placed {
    /// The name of the schema's file.
    hash: String,
    available: Vec<bool>,
}

impl Availability {
    /// Reads the lists of types, one per region and one for those of the SAM transform.
    ///
    /// Regions outside the public partitions have a copy of the list of us-east-1 for want of a better one.
    /// A region with such a copy is a region of which nothing is known.
    fn read(wheel: &Files) -> Result<Availability, String> {
        let mut lists = BTreeMap::new();
        for (region, path) in wheel.json_in("cfnlint/data/schemas/providers") {
            let list: BTreeMap<String, String> = serde_json::from_value(wheel.json(path)?)
                .map_err(|it| format!("`{path}` is not a list of types: {it}"))?;
            lists.insert(region.to_owned(), list);
        }
        let transform = lists.remove("sam").ok_or("cfn-lint has no list of the types of SAM")?;
        let model = lists.get("us-east-1").cloned().ok_or("cfn-lint has no list for `us-east-1`")?;
        let (known, silent): (Vec<_>, Vec<_>) =
            lists.iter().partition(|(region, list)| *region == "us-east-1" || **list != model);

        let mut types = BTreeMap::new();
        for name in lists.values().flat_map(BTreeMap::keys).collect::<BTreeSet<_>>() {
            let hashes: BTreeSet<_> = lists.values().filter_map(|list| list.get(name)).collect();
            let (1, Some(hash)) = (hashes.len(), hashes.first()) else {
                return Err(format!("`{name}` has a schema of its own in some regions"));
            };
            let available = known.iter().map(|(_, list)| list.contains_key(name)).collect();
            types.insert(name.clone(), Placed { hash: (*hash).clone(), available });
        }
        // They are gone before a region sees them.
        for (name, hash) in transform {
            types.insert(name, Placed { hash, available: vec![true; known.len()] });
        }
        let names = |list: Vec<(&String, _)>| list.into_iter().map(|(region, _)| region.clone()).collect();
        Ok(Availability { regions: names(known), silent: names(silent), types })
    }
}

fn crate_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[expect(clippy::disallowed_methods, reason = "there is no World here")]
fn is_same(path: &Path, bytes: &[u8]) -> bool {
    fs::read(path).is_ok_and(|it| it == bytes)
}

#[expect(clippy::disallowed_methods, reason = "there is no World here")]
fn store(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, bytes)?;
    fs::rename(unfinished, path)
}
