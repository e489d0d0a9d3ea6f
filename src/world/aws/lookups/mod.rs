//! What apps of the CDK ask AWS before they can be synthesized, and how the answers look that the CDK keeps.
//!
//! The answers stand in the repositories of others: the names in them, their order and what is left out are the CDK's.
//! Nothing here changes anything.

mod cloud_control;
mod hosted_zones;
mod load_balancers;
mod machines;
mod network;
mod subnets;
mod values;

use std::fmt;

use serde_json::{Map, Value};

use super::{Aws, query::Queried, xml::Element};
use crate::world::{AwsError, Refusal};

const EC2: Queried = Queried { service: "ec2", version: "2016-11-15" };

/// The most pages that a list has: whoever tells of a next one again and again is not AWS.
const MOST_PAGES: usize = 1000;

/// What is not looked for, but says how: who asks, where, and what to do if nothing is found.
const ABOUT_THE_LOOKUP: [&str; 8] = [
    "account",
    "additionalCacheKey",
    "assumeRoleAdditionalOptions",
    "dummyValue",
    "ignoreErrorOnMissingContext",
    "lookupRoleArn",
    "lookupRoleExternalId",
    "region",
];

/// Why something is not looked up.
#[derive(Debug)]
pub enum Unfound {
    /// AWS does not answer.
    Aws(AwsError),
    /// There is nothing of the kind that is as asked.
    Nothing {
        /// The kind.
        what: &'static str,
        /// What was asked.
        asked: String,
    },
    /// There are several, and one is meant.
    Several {
        /// The kind.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// What was asked.
        asked: String,
    },
    /// What is asked makes no sense.
    Unclear(String),
    /// What is there is not as such things are.
    Unlike(String),
    /// Nothing of this name can be asked.
    Unknown(String),
    /// A plugin of the CDK's own CLI is to be asked, which is not run.
    Plugin(String),
}

impl From<AwsError> for Unfound {
    fn from(error: AwsError) -> Self {
        Self::Aws(error)
    }
}

impl fmt::Display for Unfound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aws(error) => write!(f, "{error}"),
            Self::Nothing { what, asked } => write!(f, "there is no {what} with {asked}"),
            Self::Several { what, count, asked } => {
                write!(f, "there are {count} {what}s with {asked}, and one is meant")
            }
            Self::Unclear(why) => write!(f, "the lookup makes no sense: {why}"),
            Self::Unlike(why) => write!(f, "what is there cannot be used: {why}"),
            Self::Unknown(provider) => write!(f, "nothing is known that looks up `{provider}`"),
            Self::Plugin(name) => {
                write!(f, "`{name}` is a plugin of the CDK's CLI, and `asi` runs none")
            }
        }
    }
}

impl std::error::Error for Unfound {}

/// What a lookup asks.
#[derive(Clone, Copy, Debug)]
struct Asked<'a>(&'a Map<String, Value>);

impl Aws {
    /// What `provider` answers, as the CDK keeps it.
    ///
    /// # Errors
    ///
    /// [`Unfound`] if AWS does not answer, or what is there is not what is asked for.
    pub async fn look_up(&self, provider: &str, props: &Map<String, Value>) -> Result<Value, Unfound> {
        let asked = Asked(props);
        match provider {
            "ami" => self.image(asked).await,
            "availability-zones" => self.availability_zones().await,
            "cc-api-provider" => self.resources_like(asked).await,
            "endpoint-service-availability-zones" => self.endpoint_service_zones(asked).await,
            "hosted-zone" => self.hosted_zone(asked).await,
            "key-provider" => self.key(asked).await,
            "load-balancer" => self.load_balancer(asked).await,
            "load-balancer-listener" => self.listener(asked).await,
            "security-group" => self.security_group(asked).await,
            "ssm" => self.plain_parameter(asked).await,
            "vpc-provider" => self.network(asked).await,
            "plugin" => Err(Unfound::Plugin(asked.text("pluginName").unwrap_or("plugin").to_owned())),
            it => Err(match it.strip_prefix("plugin:") {
                Some(name) => Unfound::Plugin(name.to_owned()),
                None => Unfound::Unknown(it.to_owned()),
            }),
        }
    }

    /// What EC2 lists.
    async fn listed(
        &self,
        operation: &'static str,
        list: &str,
        form: Vec<(String, String)>,
    ) -> Result<Vec<Element>, AwsError> {
        self.all_pages(EC2, operation, ["NextToken", "nextToken"], list, form).await
    }

    /// What a service lists, page by page: the next one is asked for by a parameter, and told of by an element.
    async fn all_pages(
        &self,
        queried: Queried,
        operation: &'static str,
        [asked, told]: [&str; 2],
        list: &str,
        mut form: Vec<(String, String)>,
    ) -> Result<Vec<Element>, AwsError> {
        let mut found = Vec::new();
        for _ in 0..MOST_PAGES {
            let answer = self.query(queried, operation, &form).await?;
            let result = answer.child(&format!("{operation}Result")).unwrap_or(&answer);
            found.extend(result.items(list).cloned());
            form.retain(|(name, _)| name != asked);
            match result.text(told) {
                Some(token) => form.push((asked.to_owned(), token.to_owned())),
                None => return Ok(found),
            }
        }
        Err(endless(operation))
    }
}

/// That a list is longer than any list is.
fn endless(operation: &'static str) -> AwsError {
    AwsError { operation, reason: Refusal::Garbled(format!("it has more than {MOST_PAGES} pages")) }
}

impl<'a> Asked<'a> {
    /// A text that may be absent.
    fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str().filter(|it| !it.is_empty())
    }

    /// A text that has to be there.
    fn needed(self, name: &str) -> Result<&'a str, Unfound> {
        self.text(name).ok_or_else(|| Unfound::Unclear(format!("`{name}` is missing")))
    }

    /// Whether something is said to be so.
    fn is_set(self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    /// What is kept if there is nothing of the kind, where that is allowed.
    fn substitute(self) -> Option<&'a Value> {
        self.0.get("dummyValue").filter(|_| self.is_set("ignoreErrorOnMissingContext"))
    }

    /// That there is nothing of the kind.
    fn nothing(self, what: &'static str) -> Unfound {
        Unfound::Nothing { what, asked: self.shown() }
    }

    /// The only one of those that were found.
    fn only<T>(self, what: &'static str, found: Vec<T>) -> Result<T, Unfound> {
        let count = found.len();
        let mut found = found.into_iter();
        match (found.next(), count) {
            (Some(only), 1) => Ok(only),
            (None, _) => Err(self.nothing(what)),
            (Some(_), count) => Err(Unfound::Several { what, count, asked: self.shown() }),
        }
    }

    /// What is asked, for people.
    fn shown(self) -> String {
        let asked = self.0.iter().filter(|(name, _)| !ABOUT_THE_LOOKUP.contains(&name.as_str()));
        let shown = asked.map(|(name, value)| match value.as_str() {
            Some(text) => format!("{name}={text}"),
            None => format!("{name}={value}"),
        });
        shown.collect::<Vec<_>>().join(", ")
    }
}

/// Filters as EC2 takes them, by number: each with a name and values.
fn filters<'a>(filters: impl IntoIterator<Item = (&'a str, Vec<&'a str>)>) -> Vec<(String, String)> {
    let mut form = Vec::new();
    for (at, (name, values)) in (1..).zip(filters) {
        form.push((format!("Filter.{at}.Name"), name.to_owned()));
        form.extend(numbered(&format!("Filter.{at}.Value"), values));
    }
    form
}

/// A list as a form has it.
fn numbered<'a>(name: &str, values: impl IntoIterator<Item = &'a str>) -> Vec<(String, String)> {
    (1..).zip(values).map(|(at, it)| (format!("{name}.{at}"), it.to_owned())).collect()
}

/// A text, or nothing where there is none: JSON leaves that out.
fn entry(name: &str, value: Option<impl Into<Value>>) -> Option<(String, Value)> {
    value.map(|it| (name.to_owned(), it.into()))
}
