//! Lookups in AWS: side by side, in each account and region as who may read there.

use std::{collections::BTreeMap, fmt, sync::Arc};

use asi_constructs::kernel::lookup::Missing;
use futures_util::{StreamExt as _, future::join_all, stream};
use serde_json::{Value, json};

use super::TRANSIENT;
use crate::{
    ops::Target,
    world::{
        AwsError, Reach, World,
        aws::{Aws, Session, Unfound},
    },
};

/// How many lookups are made at once.
const MOST_AT_ONCE: usize = 8;

/// What AWS says to one lookup.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was asked.
    pub missing: Missing,
    /// The value that is kept, or why there is none.
    pub result: Result<Value, Arc<Failure>>,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Failure {
    /// Nothing says in which account and region to look.
    Nowhere,
    /// The credentials are for another account, and no role leads to the one that is meant.
    WrongAccount {
        /// The account to look in.
        bound: String,
        /// That of the credentials.
        given: String,
        /// Why the role was not taken on, if there is one.
        role: Option<AwsError>,
    },
    /// It is not found there.
    Unfound(Unfound),
}

impl From<AwsError> for Failure {
    fn from(error: AwsError) -> Self {
        Self::Unfound(Unfound::Aws(error))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere => write!(f, "nothing says in which account and region to look"),
            Self::WrongAccount { bound, given, role: None } => {
                write!(f, "this is looked up in account {bound}, and the credentials are for {given}")
            }
            Self::WrongAccount { bound, given, role: Some(why) } => write!(
                f,
                "this is looked up in account {bound}, the credentials are for {given}, and the role that leads there \
                 cannot be taken on: {why}"
            ),
            Self::Unfound(why) => write!(f, "{why}"),
        }
    }
}

impl std::error::Error for Failure {}

/// Where something is looked up, and as whom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    account: String,
    region: String,
    role: Option<String>,
    session: Session,
}

/// Looks all of this up; gives the answers in the same order. One that fails keeps none of the others from it.
pub async fn look_up(world: &World, reach: &Reach<'_>, missing: &[Missing]) -> Vec<Answer> {
    let mut places: Vec<Place> = missing.iter().filter_map(Place::of).collect();
    places.sort();
    places.dedup();
    let connections = join_all(places.iter().map(|it| it.connect(world, reach))).await;
    let connections: BTreeMap<&Place, Result<Aws, Arc<Failure>>> =
        places.iter().zip(connections.into_iter().map(|it| it.map_err(Arc::new))).collect();
    let answer = async |asked: &Missing| {
        let place = Place::of(asked).ok_or_else(|| Arc::new(Failure::Nowhere))?;
        let aws = connections[&place].as_ref().map_err(Arc::clone)?;
        let found = aws.look_up(&asked.provider, &asked.props).await;
        found.map_err(|it| Arc::new(Failure::Unfound(it)))
    };
    let answers =
        stream::iter(missing).map(async |it| Answer { missing: it.clone(), result: answer(it).await });
    answers.buffered(MOST_AT_ONCE).collect().await
}

impl Answer {
    /// The key and the value that an app is given: why there is none, too, as the CDK's own CLI tells it.
    pub fn context(&self) -> (String, Value) {
        let value = match &self.result {
            Ok(value) => value.clone(),
            Err(why) => json!({ "$providerError": why.to_string(), TRANSIENT: true }),
        };
        (self.missing.key.clone(), value)
    }
}

impl Place {
    fn of(missing: &Missing) -> Option<Self> {
        let text =
            |name: &str| missing.props.get(name)?.as_str().filter(|it| !it.is_empty()).map(str::to_owned);
        let options = missing.props.get("assumeRoleAdditionalOptions");
        let tags = options.and_then(|it| it["Tags"].as_array()).into_iter().flatten();
        let tags =
            tags.filter_map(|it| Some((it["Key"].as_str()?.to_owned(), it["Value"].as_str()?.to_owned())));
        Some(Self {
            account: text("account")?,
            region: text("region")?,
            role: text("lookupRoleArn"),
            session: Session { external_id: text("lookupRoleExternalId"), tags: tags.collect() },
        })
    }

    /// AWS there, in the role for that; as the caller, if that is of the same account.
    async fn connect(&self, world: &World, reach: &Reach<'_>) -> Result<Aws, Failure> {
        let own = Aws::connect(&world.access, Reach { region: Some(&self.region), ..*reach }).await?;
        let mut not_assumed = None;
        if let Some(role) = &self.role {
            let target = Target { account: Some(self.account.clone()), ..Target::any("") };
            match own.assuming_as(&target.filled(role, &own), &self.session).await {
                Ok(aws) => return Ok(aws),
                Err(error) => not_assumed = Some(error),
            }
        }
        let given = own.caller().await?.account;
        if given == self.account {
            return Ok(own);
        }
        Err(Failure::WrongAccount { bound: self.account.clone(), given, role: not_assumed })
    }
}
