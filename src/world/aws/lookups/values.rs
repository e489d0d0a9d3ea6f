//! Lookups with one value: a parameter of SSM, a key of KMS.

use serde_json::{Value, json};

use super::{Asked, MOST_PAGES, Unfound, endless};
use crate::world::aws::{Aws, signed::Target};

impl Aws {
    /// The value of a parameter as SSM keeps it: what it encrypts stays so, because the file it goes to is no secret.
    pub(super) async fn plain_parameter(&self, asked: Asked<'_>) -> Result<Value, Unfound> {
        let name = asked.needed("parameterName")?;
        let target = Target { service: "ssm", prefix: "AmazonSSM", operation: "GetParameter" };
        let found = match self.ask(target, &json!({ "Name": name })).await {
            Ok(answer) => answer["Parameter"]["Value"].as_str().map(Value::from),
            Err(error) if error.is("ParameterNotFound") => None,
            Err(error) => return Err(error.into()),
        };
        found.or_else(|| asked.substitute().cloned()).ok_or_else(|| asked.nothing("parameter"))
    }

    /// The id of the key that an alias stands for.
    pub(super) async fn key(&self, asked: Asked<'_>) -> Result<Value, Unfound> {
        let alias = asked.needed("aliasName")?;
        let target = Target { service: "kms", prefix: "TrentService", operation: "ListAliases" };
        let mut question = json!({});
        for _ in 0..MOST_PAGES {
            let answer = self.ask(target, &question).await?;
            let mut aliases = answer["Aliases"].as_array().into_iter().flatten();
            if let Some(found) = aliases.find(|it| it["AliasName"] == alias) {
                let id = found["TargetKeyId"].as_str();
                return id.map(|it| json!({ "keyId": it })).ok_or_else(|| asked.nothing("key"));
            }
            match answer["NextMarker"].as_str() {
                Some(marker) => question = json!({ "Marker": marker }),
                None => {
                    let substitute = asked.substitute().and_then(|it| it.get("keyId"));
                    return substitute.map(|it| json!({ "keyId": it })).ok_or_else(|| asked.nothing("key"));
                }
            }
        }
        Err(endless("ListAliases").into())
    }
}
