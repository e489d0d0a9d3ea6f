//! What a value that is not known can be, by the function that gives it.

use serde_json::Value as Json;

use super::{
    super::{
        document::Document,
        value::{Target, Value},
    },
    types::{self, find},
};

/// Whether a value can be of one of these types of JSON Schema.
pub(super) fn may_be(value: &Value<'_>, types: &[String]) -> bool {
    let Some(given) = given_type(value) else { return true };
    types.iter().any(|it| match it.as_str() {
        "array" => given == Given::List,
        "object" | "null" => given == Given::Object,
        _ => given == Given::Scalar,
    })
}

/// Whether a value is given by a function that gives a list of texts, whatever they are.
pub(super) fn gives_texts(value: &Value<'_>) -> bool {
    matches!(value.function(), Some(("Fn::Split" | "Fn::GetAZs" | "Fn::Cidr", _)))
}

/// What a function gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given {
    Scalar,
    List,
    Object,
}

/// What the function at a value's place gives, if that is certain.
fn given_type(value: &Value<'_>) -> Option<Given> {
    let (function, _) = value.function()?;
    match function {
        "Fn::Sub" | "Fn::Join" | "Fn::Base64" | "Fn::ImportValue" | "Fn::ToJsonString" | "Fn::Length" => {
            Some(Given::Scalar)
        }
        "Fn::Split" | "Fn::GetAZs" | "Fn::Cidr" => Some(Given::List),
        "Ref" => {
            let name = value.target()?.name;
            if name == "AWS::NotificationARNs" {
                return Some(Given::List);
            }
            if let Some(parameter) = value.document.parameters.get(name) {
                let kind = parameter.value.get("Type")?.as_str()?;
                let is_list = kind == "CommaDelimitedList" || kind.contains("List<");
                return Some(if is_list { Given::List } else { Given::Scalar });
            }
            let is_known = name.starts_with("AWS::") || value.document.resources.contains_key(name);
            is_known.then_some(Given::Scalar)
        }
        "Fn::GetAtt" => {
            let schema = attribute_schema(value.document, value.target()?)?;
            match schema.get("type")?.as_str()? {
                "array" => Some(Given::List),
                "string" | "integer" | "number" | "boolean" => Some(Given::Scalar),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether what a value refers to can have this format: whether it is the id, name or ARN that is due.
pub(super) fn may_have_format(value: &Value<'_>, wanted: &str) -> bool {
    if !wanted.starts_with("AWS::") {
        return true;
    }
    let Some(target) = value.target() else { return true };
    // An `Fn::Sub` of one name is written where anything else may once have stood beside it.
    if value.function().is_some_and(|(function, _)| function == "Fn::Sub") {
        return true;
    }
    match formats(value.document, target) {
        None => true,
        Some(formats) => formats.iter().any(|it| it == wanted),
    }
}

/// The formats that what a reference gives can have; nothing if that is not known.
pub(super) fn formats(document: &Document<'_>, target: Target<'_>) -> Option<Vec<String>> {
    if let Some(parameter) = document.parameters.get(target.name) {
        let kind = parameter.value.get("Type")?.as_str()?;
        return parameter_format(kind).map(|it| vec![it.to_owned()]);
    }
    let resource = document.resources.get(target.name)?;
    let is_free = matches!(
        resource.type_name,
        "AWS::CloudFormation::CustomResource"
            | "AWS::CloudFormation::Stack"
            | "AWS::Serverless::Application"
            | "AWS::ServiceCatalog::CloudFormationProvisionedProduct"
    ) || resource.type_name.starts_with("Custom::")
        || (resource.type_name, target.attribute) == ("AWS::SSM::Parameter", Some("Value"));
    if is_free {
        return None;
    }
    // Without a VPC, a security group is referred to by its name.
    if resource.type_name == "AWS::EC2::SecurityGroup" && target.attribute.is_none() {
        let has_vpc = resource.properties.is_some_and(|it| it.get("VpcId").is_some());
        let kind = if has_vpc { "Id" } else { "Name" };
        return Some(vec![format!("AWS::EC2::SecurityGroup.{kind}")]);
    }
    let schema = attribute_schema(document, target)?;
    let any = schema.get("anyOf").and_then(Json::as_array);
    let each = any.into_iter().flatten().chain([&schema]);
    Some(each.filter_map(|it| it.get("format")?.as_str().map(str::to_owned)).collect())
}

/// The format of the values that a parameter of a type of AWS's takes.
fn parameter_format(kind: &str) -> Option<&'static str> {
    let kind =
        kind.strip_prefix("AWS::SSM::Parameter::Value<").and_then(|it| it.strip_suffix('>')).unwrap_or(kind);
    Some(match kind {
        "AWS::EC2::Image::Id" => "AWS::EC2::Image.Id",
        "AWS::EC2::SecurityGroup::GroupName" => "AWS::EC2::SecurityGroup.Name",
        "AWS::EC2::SecurityGroup::Id" => "AWS::EC2::SecurityGroup.Id",
        "AWS::EC2::Subnet::Id" => "AWS::EC2::Subnet.Id",
        "AWS::EC2::VPC::Id" => "AWS::EC2::VPC.Id",
        "List<AWS::EC2::SecurityGroup::Id>" => "AWS::EC2::SecurityGroup.Ids",
        "List<AWS::EC2::SecurityGroup::GroupName>" => "AWS::EC2::SecurityGroup.Names",
        "List<AWS::EC2::Subnet::Id>" => "AWS::EC2::Subnet.Ids",
        _ => return None,
    })
}

/// The schema of what a reference to a resource gives.
fn attribute_schema(document: &Document<'_>, target: Target<'_>) -> Option<Json> {
    let resource = document.resources.get(target.name)?;
    let schema = find(types::schema_name(resource.type_name))?;
    match target.attribute {
        Some(attribute) => {
            let path: Vec<String> = attribute.split('.').map(str::to_owned).collect();
            schema.property(&path)
        }
        None => schema.property(schema.reference()?),
    }
}
