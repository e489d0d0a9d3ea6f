//! Properties that `aws cloudformation package` fills in: in them stands the path of a file until it has run.

use super::super::{
    document::Document,
    report::{Found, Place, Report},
};

/// The types and properties, as the documentation of `aws cloudformation package` lists them.
const PLACES: &[(&str, &[&str])] = &[
    ("AWS::ApiGateway::RestApi", &["BodyS3Location"]),
    ("AWS::AppSync::FunctionConfiguration", &["RequestMappingTemplateS3Location"]),
    ("AWS::AppSync::FunctionConfiguration", &["ResponseMappingTemplateS3Location"]),
    ("AWS::AppSync::GraphQLSchema", &["DefinitionS3Location"]),
    ("AWS::AppSync::Resolver", &["RequestMappingTemplateS3Location"]),
    ("AWS::AppSync::Resolver", &["ResponseMappingTemplateS3Location"]),
    ("AWS::CloudFormation::Stack", &["TemplateURL"]),
    ("AWS::CodeCommit::Repository", &["Code", "S3"]),
    ("AWS::ElasticBeanstalk::ApplicationVersion", &["SourceBundle"]),
    ("AWS::Lambda::Function", &["Code"]),
    ("AWS::Lambda::LayerVersion", &["Content"]),
    ("AWS::StepFunctions::StateMachine", &["DefinitionS3Location"]),
];

/// `W3002`: a path where only `aws cloudformation package` can put what is due.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    // A transform may fill it in just as well.
    if document.is_open() {
        return;
    }
    for (type_name, path) in PLACES {
        for resource in document.of_type(type_name) {
            for properties in document.views(resource) {
                let Some(value) = properties.at(path).filter(|it| !it.is_given()) else { continue };
                let Some(text) = value.text().filter(|it| is_file(it)) else { continue };
                let message = format!("`{text}` is a file, which CloudFormation does not see");
                let found = Found::warning("W3002", Place::Value(value.site), message);
                report.add(
                    found.help("run `aws cloudformation package` before you deploy, or name an object in S3"),
                );
            }
        }
    }
}

/// Whether a text is the path of a file, and not an address.
pub(super) fn is_file(text: &str) -> bool {
    !text.starts_with("s3://") && !text.starts_with("https://")
}

/// Whether a path may stand at this property for the time being.
pub(in super::super) fn may_be_file(type_name: &str, path: &str) -> bool {
    PLACES.iter().any(|(it, keys)| *it == type_name && path.split('/').skip(1).eq(keys.iter().copied()))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn a_path_waits_for_packaging() {
        let template = "Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties: {Code: ./src}\n";
        let expected = "warning W3002 Resources/F/Properties/Code 4:24: `./src` is a file, which CloudFormation does \
                        not see\n  run `aws cloudformation package` before you deploy, or name an object in S3\n";
        assert_eq!(check(super::check, template), expected);
        assert_eq!(check(super::check, &template.replace("./src", "s3://b/k")), "");
    }
}
