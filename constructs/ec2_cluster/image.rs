//! What instances start from: the image that AWS recommends for ECS, or another.

use crate::{kernel::prelude::*, targets::Architecture};

const SSM: &str = "ssm:";

/// What is wrong with a text that names an image.
fn fault(text: &str) -> Option<Diagnostic> {
    let is_id = text.strip_prefix("ami-").is_some_and(|it| {
        matches!(it.len(), 8 | 17) && it.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
    });
    let is_character = |it: char| it.is_ascii_alphanumeric() || matches!(it, '/' | '-' | '_' | '.');
    let is_parameter = |name: &str| !name.is_empty() && name.chars().all(is_character);
    (!is_id && !text.strip_prefix(SSM).is_some_and(is_parameter)).then(|| {
        let fault = Diagnostic::error("image-id", format!("`{text}` is no image of EC2, and no parameter that holds one"));
        if text.starts_with('/') {
            return fault.help(format!("write `{SSM}{text}` if it is a parameter in SSM"));
        }
        fault.help("write an id such as `ami-0123456789abcdef0`, or `ssm:` and the name of a parameter")
    })
}

/// Reports what is no image.
pub(super) fn check(ami: Option<&Text>, faults: &mut Vec<Diagnostic>) {
    if let Some(ami) = ami {
        faults.extend(ami.literal().and_then(fault).map(|it| it.at(ami.span())));
    }
}

/// The id of the image.
pub(super) fn find(scope: &mut Scope<'_>, ami: Option<&Text>, architecture: Architecture) -> Expr<Handle> {
    let Some(ami) = ami else { return from_parameter(scope, recommended(architecture)) };
    let value = scope.checked_text(ami, fault);
    if value.first_text().is_none_or(|it| !it.starts_with(SSM)) {
        return value;
    }
    match value.without_first(SSM.len()).as_str() {
        Some(name) => from_parameter(scope, name),
        None => {
            scope.report(
                Diagnostic::error("not-literal", "the name of a parameter in SSM is known at synthesis")
                    .at(ami.span())
                    .help("write it out; `${env}` may stand in it"),
            );
            Expr::ABSENT
        }
    }
}

/// Where AWS keeps the id of the image it recommends for ECS on Amazon Linux 2023.
fn recommended(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86_64 => "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id",
        Architecture::Arm64 => "/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id",
    }
}

/// The id that the parameter `name` of SSM holds when the stack is deployed. The id of the template's parameter is that
/// of the CDK's `MachineImage.fromSsmParameter` and `EcsOptimizedImage`, UUID included.
fn from_parameter(scope: &mut Scope<'_>, name: &str) -> Expr<Handle> {
    let id = format!("SsmParameterValue:{name}:C96584B6-F00A-464E-AD19-53AFF4B05118.Parameter");
    let parameter = object! {
        "Type" => "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>",
        "Default" => name.to_owned(),
    };
    scope.parameter(&id, parameter)
}
