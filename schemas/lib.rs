//! What AWS accepts: the schema of every CloudFormation resource type and the rules beyond it, found by name.
//!
//! It stores, and interprets nothing. A schema is the text of a JSON Schema as the CloudFormation registry
//! has it, with corrections, without prose, its patterns fit for Rust's engines, and with one more key:
//! `spec` holds what the registry does not say. Rules are what cfn-lint knows besides, where it is data.
//! `SOURCE.md` tells where all this comes from, what `spec` may contain, and which rules are here.
//!
//! ```
//! let schema = asi_schemas::find("AWS::S3::Bucket").expect("there is such a type");
//! assert!(schema.contains(r#""BucketName":{"#));
//! assert!(schema.contains(r#""ref":["/properties/BucketName"]"#));
//! ```
//!
//! # Terms
//!
//! The functions below share these words.
//!
//! - A *path* is a JSON pointer below `Properties`: `/Listeners/*/Protocol`. `*` stands for every item of a
//!   list; the empty path for all properties together.
//! - *Unknown* is a value that a function gives, if nothing better is known of it. It breaks no keyword and
//!   satisfies none: an `if`, a `not` or a `oneOf` with anything unknown inside decides nothing, and an `anyOf`
//!   does only if an alternative without anything unknown is satisfied.
//! - Values are *equal* as they are for CloudFormation: `10` and `"10"`, `true` and `"true"` or `"True"`.
//! - A schema of a rule has the keywords of the schemas of types, `enumCaseInsensitive`,
//!   `dependentExcluded` and their like among them.

pub mod pack;

use std::sync::LazyLock;

use crate::pack::Pack;

static PACK: LazyLock<Pack<'static>> =
    LazyLock::new(|| Pack::open(include_bytes!("pack.bin")).expect("the tests open the pack"));

/// Returns the schema of a resource type, such as `AWS::S3::Bucket`, as JSON.
///
/// Each call unpacks anew, in tens of microseconds; who asks often keeps what he parsed.
pub fn find(type_name: &str) -> Option<String> {
    text("schema", type_name)
}

/// Returns the rules for the properties of a resource type that its schema does not have, as JSON; none for
/// most types.
///
/// A list, sorted by `id`:
///
/// | key | what it is |
/// |---|---|
/// | `id` | the id of the rule in cfn-lint |
/// | `title` | what it is about, for people |
/// | `once` | `true`: all it finds at one place is one finding; absent: each is one |
/// | `paths` | the paths of the values it is about; where there is no value, there is nothing to check |
/// | `schema` | what each of these values has to match |
///
/// ```
/// let rules = asi_schemas::rules("AWS::EC2::VPNGateway").expect("there are rules");
/// assert_eq!(
///     rules,
///     r#"[{"id":"W3703","title":"VPNGateway Type should be ipsec.1","paths":["/Type"],"schema":{"enum":["ipsec.1"]}}]"#
/// );
/// ```
pub fn rules(type_name: &str) -> Option<String> {
    text("rules", type_name)
}

/// Returns the rules for the properties of a resource type which say what there is in which region, as JSON;
/// none for most types.
///
/// A list as that of [`rules`], which has instead of `schema`:
///
/// | key | what it is |
/// |---|---|
/// | `regions` | the regions of which something is known, sorted. In others all is allowed |
/// | `tables` | a list of tables, each of which has to be satisfied |
///
/// A table says:
///
/// | key | what it is |
/// |---|---|
/// | `if` | a schema; a value that does not match it satisfies the table. Absent: it matches |
/// | `property` | which property of the value to look up, if it has that. Absent: the value itself |
/// | `in` | the set of regions the table is about; in others it is satisfied |
/// | `values` | the texts that are allowed, each with the set of the regions in which it is |
///
/// A set of regions is a number: its bit `n`, the lowest being bit 0, stands for `regions[n]`. No set needs
/// more than 53 bits. In a region of `in`, a text that is not among `values`, or is with a set that lacks the
/// region, is not allowed. A table says nothing of what is not a text, and of what is unknown.
pub fn regional_rules(type_name: &str) -> Option<String> {
    text("regional", type_name)
}

/// Returns the rules about several resources at once, those that refer to another and those they refer to,
/// as JSON.
///
/// A list, sorted by `id`:
///
/// | key | what it is |
/// |---|---|
/// | `id`, `title`, `once` | as in [`rules`] |
/// | `type` | the resource type whose resources it is about. Each is checked, as told below |
/// | `literal` | `true`: functions are values, equal if they are written alike; absent: they are unknown |
/// | `gather` | a list of entries: what to collect |
/// | `schema` | what the collection has to match |
///
/// An entry of `gather` says:
///
/// | key | what it is |
/// |---|---|
/// | `name` | the key of the entry in the collection |
/// | `reference` | a path to what refers to the other resource. Absent: the entry is about the resource itself |
/// | `type` | the type the other resource must have. Absent: any |
/// | `typeAs` | under this name the entry holds the type of its resource, as a text |
/// | `properties` | for each name in the entry: the `path` to take it from; and perhaps a `default` |
///
/// # How to check a resource
///
/// *The values of a path* are found by walking down. At an `Fn::If` the walk goes on in both branches, the
/// first one first, under the conditions which lead there; not in a branch that contradicts the conditions
/// it is already under. What is absent, `null` or `AWS::NoValue` is no value. Another function ends the walk:
/// at the end of the path it is the value; before it, there is none.
///
/// *What a value refers to*: for `Ref` the name, for `Fn::GetAtt` the first part, if it is the logical id of
/// a resource of the template.
///
/// 1. If no entry has a `reference`, there is one collection: go to 3. Else the first
///    entry with a `reference` leads. Take each value of its path:
///    - if it refers to a resource of the entry's `type`, that is the resource of the entry;
///    - if it is another object, be it a function or not, there is nothing to check;
///    - if it is no object, say the text of an ARN, then no entry with a `reference` is in the collection: go
///      to 3.
/// 2. For each other entry with a `reference`, take the first value of its path that refers to a resource of
///    its `type`, under the conditions that led to the value of 1. If there is none, the entry is not in the
///    collection.
/// 3. Make the collection, an object of objects: for each entry by its `name`, for each of its `properties`
///    the first value of the `path` below the `Properties` of the entry's resource, under the conditions that
///    led to the value of 1; if there is no value, the `default`, which may be `null`; if there is no `default`,
///    nothing. An entry about the resource itself is always in the collection, be it empty.
/// 4. Match the collection with the `schema`. Numbers may be texts there too.
///
/// In the schema, the value of `const`, `enum`, `pattern`, a limit of numbers (`minimum`, `maximum`,
/// `exclusiveMinimum`, `exclusiveMaximum`) or of lengths may be one of these objects in place of itself:
///
/// - `{"$data": "/entry/name"}`: what the collection has at this JSON pointer. If that is a function, and the
///   rule is not `literal`, or if there is nothing, the keyword is unknown. If it is no number, though one is
///   wanted, or no text for a `pattern`, the keyword is not there.
/// - `{"$lookup": {"key": {"$data": …}, "map": {…}}}`: what `map` has under the text which `key` gives; if
///   it has nothing, the keyword is unknown.
///
/// What is found at `/entry/name` and below is about the property the value was taken from, in the resource
/// it was taken from; what is found at `/entry` about the properties of that resource; anything else about
/// those of the resource that is checked.
pub fn joins() -> &'static str {
    static JOINS: LazyLock<String> =
        LazyLock::new(|| text("joins", "all").expect("the tests read the joins"));
    &JOINS
}

/// Returns the actions of IAM that a service has, by its prefix, such as `s3`, as JSON.
///
/// All names are in lower case, as IAM does not distinguish it; so has to be what is looked up.
///
/// | key | what it is |
/// |---|---|
/// | `actions` | for each action the kinds of resources it works on; if none, it works on `*` only |
/// | `resources` | for each kind of resource the patterns of its ARNs, with `*` for anything |
///
/// ```
/// let queues = asi_schemas::actions("sqs").expect("there is such a service");
/// assert!(queues.contains(r#""sendmessage":["queue"]"#));
/// assert!(queues.contains(r#""resources":{"queue":["arn:*:sqs:*:*:*"]}"#));
/// ```
pub fn actions(service: &str) -> Option<String> {
    text("actions", service)
}

/// Returns what CloudFormation has to be allowed to handle the resources of each type, as JSON.
///
/// A mapping from types to handlers, `create`, `read`, `update` and `delete`, and from these to the actions that
/// each calls: `{"AWS::SQS::Queue":{"create":["sqs:CreateQueue",…],…},…}`. Types whose schemas do not say it are not
/// there. An action may have a `*` in it, and says nothing of the resources it is called for.
pub fn permissions() -> &'static str {
    static PERMISSIONS: LazyLock<String> =
        LazyLock::new(|| text("permissions", "all").expect("the tests read the permissions"));
    &PERMISSIONS
}

/// Returns the prefixes of all services that have [`actions`], sorted.
pub fn services() -> impl Iterator<Item = &'static str> {
    PACK.shelf("actions")
}

/// Returns the schema of a document, as JSON, by the `name` that [`documents`] gives it.
///
/// It is a JSON Schema like those of the types. `UpdatePolicy` and `CreationPolicy` are schemas of a whole
/// resource with its `Type`, as what they allow depends on that. `StateMachine` is for machines whose
/// `QueryLanguage` is not `JSONata`.
pub fn document(name: &str) -> Option<String> {
    text("document", name)
}

/// Returns what there is a [`document`] of, and which properties hold such documents, as JSON.
///
/// A list, sorted by `name`:
///
/// | key | what it is |
/// |---|---|
/// | `name` | the name of a document inside of properties, or of a part of a template |
/// | `id`, `title` | as in [`rules`] |
/// | `places` | for each resource type the paths of the properties that hold it; for parts of a template, none |
///
/// The value at such a path may be the document, or a text which is the document in JSON, or YAML for
/// `SsmDocument`. Inside of a text nothing is a function, and in an `SsmDocument` a number is no text.
pub fn documents() -> &'static str {
    static DOCUMENTS: LazyLock<String> =
        LazyLock::new(|| text("documents", "all").expect("the tests read the documents"));
    &DOCUMENTS
}

/// Returns the names of all resource types, sorted.
pub fn types() -> impl Iterator<Item = &'static str> {
    PACK.shelf("schema")
}

/// Says where the schemas come from, in a line: packages, their versions, and a date.
pub fn version() -> &'static str {
    PACK.version()
}

/// Returns the regions in which a resource type is available, sorted, of those of which that is known; none
/// for an unknown type.
pub fn regions(type_name: &str) -> impl Iterator<Item = &'static str> {
    let available = PACK.availability(&format!("schema/{type_name}"));
    PACK.regions()
        .enumerate()
        .filter(move |(at, _)| available.as_ref().is_some_and(|it| it(*at)))
        .map(|(_, region)| region)
}

/// Tells whether a resource type is available in a region; `None` if the type or the region is not known.
pub fn is_available(type_name: &str, region: &str) -> Option<bool> {
    let available = PACK.availability(&format!("schema/{type_name}"))?;
    PACK.regions().position(|it| it == region).map(available)
}

fn text(shelf: &str, name: &str) -> Option<String> {
    PACK.find(&format!("{shelf}/{name}")).expect("the tests unpack every text")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn schema(type_name: &str) -> Value {
        serde_json::from_str(&find(type_name).unwrap()).unwrap()
    }

    #[test]
    fn every_schema_is_json_and_about_its_type() {
        let mut count = 0;
        for name in types() {
            assert_eq!(schema(name)["typeName"], *name);
            count += 1;
        }
        assert!(count > 1_890, "{count} types");
    }

    fn ids(list: &Value) -> Vec<&str> {
        list.as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect()
    }

    #[test]
    fn a_task_definition_has_rules() {
        let rules: Value = serde_json::from_str(&rules("AWS::ECS::TaskDefinition").unwrap()).unwrap();
        assert_eq!(ids(&rules), ["E3042", "E3046", "E3047", "E3048"]);
        assert_eq!(rules[1]["paths"], json!(["/ContainerDefinitions/*/LogConfiguration"]));
        assert_eq!(rules[2]["paths"], json!([""]));
        assert_eq!(rules[2]["once"], true);
        assert_eq!(rules[2]["schema"]["if"]["required"], json!(["RequiresCompatibilities", "Cpu", "Memory"]));
    }

    #[test]
    fn the_engine_of_a_database_may_be_written_in_any_case() {
        let rules: Value = serde_json::from_str(&rules("AWS::RDS::DBInstance").unwrap()).unwrap();
        let rule = rules.as_array().unwrap().iter().find(|it| it["id"] == "E3691").unwrap();
        let engine = &rule["schema"]["allOf"][0]["then"]["properties"]["Engine"];
        assert_eq!(engine["enumCaseInsensitive"][0], "aurora-mysql");
    }

    #[test]
    fn instance_types_are_told_by_region() {
        let rules: Value = serde_json::from_str(&regional_rules("AWS::EC2::Instance").unwrap()).unwrap();
        assert_eq!(ids(&rules), ["E3628"]);
        let regions = rules[0]["regions"].as_array().unwrap();
        let bit = |region: &str| 1 << regions.iter().position(|it| it == region).unwrap();
        let table = &rules[0]["tables"][0];
        let sold = |value: &str, region: &str| table["values"][value].as_u64().unwrap() & bit(region) != 0;
        assert_eq!(table["in"].as_u64().unwrap(), (1 << regions.len()) - 1);
        assert!(sold("t3.micro", "eu-west-1") && sold("t3.micro", "us-east-1"));
        assert!(sold("m1.small", "us-east-1") && !sold("m1.small", "eu-central-2"));
        assert_eq!(table["values"].get("t3.mikro"), None);
    }

    #[test]
    fn a_table_may_depend_on_other_properties() {
        let rules: Value = serde_json::from_str(&regional_rules("AWS::RDS::DBInstance").unwrap()).unwrap();
        assert_eq!(ids(&rules), ["E3025"]);
        let table = &rules[0]["tables"][0];
        assert_eq!(table["property"], "DBInstanceClass");
        assert!(table["if"]["properties"]["Engine"]["enumCaseInsensitive"].is_array());
    }

    #[test]
    fn every_list_of_rules_is_json_and_sorted() {
        let mut counts = [0, 0];
        for name in types() {
            for (count, list) in counts.iter_mut().zip([rules(name), regional_rules(name)]) {
                let Some(list) = list else { continue };
                assert!(list.len() < 100_000, "{name}: {} bytes", list.len());
                let list: Value = serde_json::from_str(&list).unwrap();
                assert!(ids(&list).is_sorted_by(|a, b| a < b), "{name}: {list}");
                *count += 1;
            }
        }
        assert!(counts[0] > 35 && counts[1] > 20, "{counts:?}");
    }

    #[test]
    fn joins_are_about_types_there_are() {
        let joins: Value = serde_json::from_str(joins()).unwrap();
        assert_eq!(joins.as_array().unwrap().len(), 17);
        assert!(ids(&joins).is_sorted_by(|a, b| a < b));
        for join in joins.as_array().unwrap() {
            let gather = join["gather"].as_array().unwrap().iter();
            for name in gather.filter_map(|it| it.get("type")).chain([&join["type"]]) {
                assert!(find(name.as_str().unwrap()).is_some(), "{name}");
            }
        }
        assert_eq!(
            joins[0],
            json!({
                "id": "E3052", "title": "Validate ECS service requires NetworkConfiguration",
                "type": "AWS::ECS::Service",
                "gather": [
                    {"name": "service", "properties": {"NetworkConfiguration": {"path": "/NetworkConfiguration"}}},
                    {
                        "name": "taskDef", "reference": "/TaskDefinition", "type": "AWS::ECS::TaskDefinition",
                        "properties": {"NetworkMode": {"path": "/NetworkMode"}}
                    }
                ],
                "schema": {
                    "if": {
                        "properties": {
                            "taskDef": {
                                "properties": {"NetworkMode": {"const": "awsvpc", "type": "string"}},
                                "required": ["NetworkMode"]
                            }
                        },
                        "required": ["taskDef"]
                    },
                    "then": {"properties": {"service": {"required": ["NetworkConfiguration"]}}}
                }
            })
        );
    }

    #[test]
    fn an_action_works_on_resources() {
        let s3: Value = serde_json::from_str(&actions("s3").unwrap()).unwrap();
        assert_eq!(s3["actions"]["getobject"], json!(["accesspointobject", "object"]));
        assert_eq!(s3["actions"]["listallmybuckets"], json!([]));
        assert_eq!(s3["resources"]["bucket"], json!(["arn:*:s3:::*"]));
        assert_eq!(actions("S3"), None);
    }

    #[test]
    fn every_service_is_json_with_actions() {
        let mut count = 0;
        for name in services() {
            let service: Value = serde_json::from_str(&actions(name).unwrap()).unwrap();
            let known = service["resources"].as_object().unwrap();
            for (action, kinds) in service["actions"].as_object().unwrap() {
                let kinds = kinds.as_array().unwrap();
                assert!(kinds.iter().all(|it| known.contains_key(it.as_str().unwrap())), "{name}:{action}");
            }
            count += 1;
        }
        assert!(count > 400, "{count} services");
    }

    #[test]
    fn permissions_are_of_types_there_are() {
        let all: Value = serde_json::from_str(permissions()).unwrap();
        let all = all.as_object().unwrap();
        assert!(all.len() > 1_500 && all.keys().all(|it| find(it).is_some()), "{}", all.len());
        assert_eq!(
            all["AWS::SQS::Queue"]["delete"],
            json!(["sqs:DeleteQueue", "sqs:GetQueueAttributes"]),
            "{}",
            all["AWS::SQS::Queue"]
        );
    }

    #[test]
    fn every_document_is_json_and_in_places_there_are() {
        let list: Value = serde_json::from_str(documents()).unwrap();
        for it in list.as_array().unwrap() {
            let name = it["name"].as_str().unwrap();
            let schema: Value = serde_json::from_str(&document(name).unwrap()).unwrap();
            assert!(schema.is_object(), "{name}");
            for place in it["places"].as_object().unwrap().keys() {
                assert!(find(place).is_some(), "{name} in {place}");
            }
        }
        assert_eq!(
            list[14],
            json!({
                "name": "StateMachine", "id": "E3601", "title": "Validate the structure of a StateMachine definition",
                "places": {"AWS::StepFunctions::StateMachine": ["/Definition", "/DefinitionString"]}
            })
        );
    }

    #[test]
    fn statements_of_a_bucket_may_share_a_name() {
        let statement = |name: &str| {
            let schema: Value = serde_json::from_str(&document(name).unwrap()).unwrap();
            schema["properties"]["Statement"]["uniqueKeys"].clone()
        };
        assert_eq!(statement("ResourcePolicy"), json!(["Sid"]));
        assert_eq!(statement("BucketPolicy"), Value::Null);
    }

    #[test]
    fn references_of_documents_lead_somewhere() {
        fn check(schema: &Value, all: &Value) {
            if let Some(Value::String(reference)) = schema.get("$ref") {
                assert!(all.pointer(&reference[1..]).is_some(), "{reference}");
            }
            let children = schema.as_object().into_iter().flat_map(|it| it.values());
            children.chain(schema.as_array().into_iter().flatten()).for_each(|it| check(it, all));
        }
        let list: Value = serde_json::from_str(documents()).unwrap();
        for it in list.as_array().unwrap() {
            let schema = document(it["name"].as_str().unwrap()).unwrap();
            let schema: Value = serde_json::from_str(&schema).unwrap();
            check(&schema, &schema);
        }
    }

    #[test]
    fn names_are_sorted_and_different() {
        assert!(types().is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn a_bucket_has_its_name() {
        let bucket = schema("AWS::S3::Bucket");
        assert_eq!(bucket["properties"]["BucketName"]["type"], "string");
        assert_eq!(bucket["spec"]["replacement"]["/properties/BucketName"], "yes");
        assert_eq!(bucket["spec"]["ref"], json!(["/properties/BucketName"]));
        assert_eq!(bucket["spec"]["stateful"], true);
    }

    #[test]
    fn a_service_is_more_than_its_schema_says() {
        let service = schema("AWS::ECS::Service");
        assert_eq!(service["primaryIdentifier"], json!(["/properties/ServiceArn", "/properties/Cluster"]));
        assert_eq!(service["spec"]["ref"], json!(["/properties/ServiceArn"]));
        assert_eq!(service["spec"]["stateful"], Value::Null);
    }

    #[test]
    fn an_unknown_type_has_nothing() {
        for name in ["", "AWS::S3::Bucke", "AWS::S3::Buckets", "aws::s3::bucket", "\u{10ffff}"] {
            assert_eq!(find(name), None);
            assert_eq!(rules(name), None);
            assert_eq!(regional_rules(name), None);
            assert_eq!(actions(name), None);
            assert_eq!(document(name), None);
            assert_eq!(regions(name).next(), None);
            assert_eq!(is_available(name, "eu-west-1"), None);
        }
    }

    #[test]
    fn types_have_regions() {
        assert!(regions("AWS::S3::Bucket").count() > 30);
        assert_eq!(is_available("AWS::S3::Bucket", "cn-north-1"), Some(true));
        assert_eq!(is_available("AWS::AppRunner::Service", "us-east-1"), Some(true));
        assert_eq!(is_available("AWS::AppRunner::Service", "cn-north-1"), Some(false));
        assert_eq!(is_available("AWS::S3::Bucket", "mars-north-1"), None);
        assert!(types().all(|it| regions(it).next().is_some()));
    }

    #[test]
    fn says_where_it_comes_from() {
        assert!(version().starts_with("cfn-lint "), "{}", version());
    }

    #[test]
    fn the_pack_is_small() {
        assert!(include_bytes!("pack.bin").len() < 1_600_000);
    }
}
