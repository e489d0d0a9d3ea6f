//! The keys of a DynamoDB table.

use super::super::{
    document::Document,
    report::{Found, Report},
    value::Value,
};

/// `E3039`: an attribute that is defined and in no key, or in a key and not defined. Amazon DynamoDB refuses the
/// table: "Number of attributes in `KeySchema` does not exactly match number of attributes defined in
/// `AttributeDefinitions`".
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for type_name in ["AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"] {
        for resource in document.of_type(type_name) {
            for table in document.views(resource) {
                check_attributes(&table, report);
            }
        }
    }
}

fn check_attributes<'t>(table: &Value<'t>, report: &mut Report<'t>) {
    let Some(defined) = names(table, "AttributeDefinitions") else { return };
    let Some(mut used) = names(table, "KeySchema") else { return };
    for indexes in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"].iter().filter_map(|it| table.get(it)) {
        let Some(indexes) = indexes.known_items() else { return };
        for index in indexes {
            let Some(names) = names(&index, "KeySchema") else { return };
            used.extend(names);
        }
    }
    if defined.is_empty() {
        return;
    }
    let lacks = |list: &[(String, Value<'t>)], name: &str| !list.iter().any(|(it, _)| it == name);
    let unused = defined.iter().filter(|(name, _)| lacks(&used, name));
    let undefined = used.iter().filter(|(name, _)| lacks(&defined, name));
    let unused = unused.map(|(name, at)| (name, at, "is in no key", "take it out of `AttributeDefinitions`"));
    let undefined =
        undefined.map(|(name, at)| (name, at, "is not defined", "add it to `AttributeDefinitions`"));
    for (name, place, what, help) in unused.chain(undefined) {
        let found = Found::error("E3039", table.holder(), format!("the attribute `{name}` {what}"));
        report.add(found.help(help).and(*place, format!("`{name}` stands here")));
    }
}

/// The names of the attributes in a list, if all of them are known; none if there is no such list.
fn names<'t>(holder: &Value<'t>, key: &str) -> Option<Vec<(String, Value<'t>)>> {
    let Some(list) = holder.get(key) else { return holder.lacks(key).then(Vec::new) };
    let name = |it: Value<'t>| it.get("AttributeName").and_then(|it| Some((it.text()?.into_owned(), it)));
    list.known_items()?.into_iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn attributes_are_those_of_the_keys() {
        let template = "\
Resources:
  A:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id}, {AttributeName: name}, {AttributeName: age}]
      KeySchema: [{AttributeName: id}]
      GlobalSecondaryIndexes: [{KeySchema: [{AttributeName: name}, {AttributeName: date}]}]
  B:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id}]
      KeySchema: [{AttributeName: !Ref Key}]
";
        let expected = "\
error E3039 Resources/A/Properties 4:5: the attribute `age` is in no key
  take it out of `AttributeDefinitions`
error E3039 Resources/A/Properties 4:5: the attribute `date` is not defined
  add it to `AttributeDefinitions`
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn conditions_change_both() {
        let template = "\
Parameters: {P: {Type: String}}
Conditions: {C: !Equals [!Ref P, a]}
Resources:
  A:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id}, !If [C, {AttributeName: age}, !Ref AWS::NoValue]]
      KeySchema: [{AttributeName: id}, !If [C, {AttributeName: age}, !Ref AWS::NoValue]]
";
        assert_eq!(check(super::check, template), "");
    }
}
