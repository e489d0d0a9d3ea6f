//! What only AWS knows, asked for as apps of the CDK ask, and kept under the keys of the CDK.

use serde_json::{Map, Value};

use super::{diagnostic::Diagnostic, id::ConstructPath, node::Node, scope::Scope, span::Span};

/// The key under which the CDK hands on why a lookup failed, in place of what was looked up.
const PROVIDER_ERROR: &str = "$providerError";

/// Something that nobody has looked up yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Missing {
    /// Where the CDK keeps the answer, in `cdk.context.json`.
    pub key: String,
    /// What knows the answer, as the CDK calls it: `vpc-provider`.
    pub provider: String,
    /// What is asked, with the account and the region.
    pub props: Map<String, Value>,
}

impl Missing {
    /// What `provider` is asked in an account and a region.
    pub fn asked(provider: &str, account: &str, region: &str, asked: Map<String, Value>) -> Self {
        let place = [("account", account), ("region", region)];
        let place = place.map(|(name, value)| (name.to_owned(), Value::from(value)));
        let props: Map<String, Value> = place.into_iter().chain(asked).collect();
        Self { key: key(provider, &props), provider: provider.to_owned(), props }
    }
}

/// A lookup of a construct: what is missing, where it was written, and in which construct.
#[derive(Clone, Debug)]
pub struct Unanswered {
    /// What is missing.
    pub missing: Missing,
    /// The text in the stack file that asks for it.
    pub span: Span,
    /// The construct that asks for it.
    pub path: ConstructPath,
}

/// The key of the CDK for what `provider` is asked: all that is asked, by its dotted names and sorted.
///
/// Files that stand in repositories depend on this function: with another result, everything is looked up again.
pub fn key(provider: &str, props: &Map<String, Value>) -> String {
    let mut parts = Vec::new();
    for (name, value) in props {
        flatten(name, value, &mut parts);
    }
    // JavaScript compares UTF-16, and sorts each part with its value.
    parts.sort_by(|one, other| one.encode_utf16().cmp(other.encode_utf16()));
    format!("{provider}:{}", parts.join(":"))
}

fn flatten(name: &str, value: &Value, parts: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(it, value)| flatten(&format!("{name}.{it}"), value, parts));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| flatten(&format!("{name}.{at}"), value, parts));
        }
        Value::String(text) => parts.push(format!("{name}={}", text.replace(':', "$:"))),
        Value::Null | Value::Bool(_) | Value::Number(_) => parts.push(format!("{name}={value}")),
    }
}

impl Scope<'_> {
    /// What `provider` answered, when it was asked in the account and the region of the stack.
    ///
    /// # Errors
    ///
    /// A [`Diagnostic`] if the stack is bound to no account and region, if nobody has looked `what` up there, or if
    /// that failed.
    pub fn look_up(
        &mut self,
        what: &str,
        provider: &str,
        asked: Map<String, Value>,
        span: Span,
    ) -> Result<&Node, Diagnostic> {
        let place = self.place();
        let (Some(account), Some(region)) = (&place.account, &place.region) else {
            let fault =
                format!("{what} is looked up in one account and region, and the stack is bound to none");
            return Err(Diagnostic::error("lookup", fault)
                .at(span)
                .help("add `account:` and `region:` to the stack, or to its environments"));
        };
        let missing = Missing::asked(provider, account, region, asked);
        let why = match self.looked_up(&missing.key).map(|it| it.get(PROVIDER_ERROR)) {
            Some(None) => return Ok(self.looked_up(&missing.key).expect("it is there")),
            Some(Some(why)) => {
                let fault = format!("{what} cannot be looked up in {account}, {region}");
                let why = why.as_str().unwrap_or("nothing says why");
                Diagnostic::error("lookup", fault).at(span).help(format!("mend this, and try again: {why}"))
            }
            None => {
                let fault = format!("nobody has looked up {what} in {account}, {region}");
                Diagnostic::error("lookup", fault).at(span).help(
                    "run `asi context fetch`, which keeps what AWS says in `cdk.context.json` beside the stack file",
                )
            }
        };
        self.miss(missing, span);
        Err(why)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(provider: &str, props: &Value, expected: &str) {
        assert_eq!(key(provider, props.as_object().expect("a mapping")), expected);
    }

    #[test]
    fn a_key_has_all_that_is_asked_in_order() {
        let place = json!({ "account": "A", "region": "R" });
        check("availability-zones", &place, "availability-zones:account=A:region=R");
        check(
            "ami",
            &json!({
                "owners": ["amazon"], "account": "A", "region": "R",
                "filters": { "name": ["ami-*"], "state": ["available"], "image-type": ["machine"] },
            }),
            "ami:account=A:filters.image-type.0=machine:filters.name.0=ami-*:filters.state.0=available:\
             owners.0=amazon:region=R",
        );
        check(
            "load-balancer",
            &json!({
                "account": "A", "region": "R", "loadBalancerType": "application",
                "loadBalancerTags": [{ "key": "a", "value": "b" }],
            }),
            "load-balancer:account=A:loadBalancerTags.0.key=a:loadBalancerTags.0.value=b:\
             loadBalancerType=application:region=R",
        );
    }

    #[test]
    fn colons_are_marked_and_what_is_no_text_is_json() {
        check(
            "cc-api-provider",
            &json!({ "typeName": "AWS::RDS::DBInstance", "exactIdentifier": "db1", "propertiesToReturn": ["A.B"] }),
            "cc-api-provider:exactIdentifier=db1:propertiesToReturn.0=A.B:typeName=AWS$:$:RDS$:$:DBInstance",
        );
        check("p", &json!({ "port": 80, "is": true, "money": "$5" }), "p:is=true:money=$5:port=80");
        check(
            "p",
            &json!({ "none": {}, "empty": [], "deep": { "list": [{ "x": 1.5 }] } }),
            "p:deep.list.0.x=1.5",
        );
    }

    #[test]
    fn names_are_sorted_with_their_values() {
        // A name that another begins with stands after it where what follows sorts before `=`.
        check("p", &json!({ "env": "x", "env-2": "y", "envs": "z" }), "p:env-2=y:env=x:envs=z");
        check("p", &json!({ "\u{ff5e}": 1, "\u{1f600}": 2 }), "p:\u{1f600}=2:\u{ff5e}=1");
    }
}
