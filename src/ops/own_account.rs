//! Whose account an app of the CDK is run for: AWS is asked once for each access key, and only where there may be one.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Value, json};

use crate::world::{
    Reach, World,
    aws::{self, Owner},
};

/// Where the CDK's CLI keeps whose each access key is, below the folder of the user; that never changes.
const OWNERS: &str = ".cdk/cache/accounts_partitions.json";
/// How large that is at most.
const MOST_BYTES: usize = 1 << 20;
/// How many are kept: keys of roles are new ones each time.
const MOST_OWNERS: usize = 1000;

/// Variables that lead to credentials.
const SIGNS: [&str; 6] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_PROFILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
];

/// Files in which Linux says what machine it runs on, and how they begin on one of AWS's, which has credentials of its own.
const MACHINES: [(&str, &[u8]); 2] =
    [("/sys/devices/virtual/dmi/id/sys_vendor", b"Amazon EC2"), ("/sys/hypervisor/uuid", b"ec2")];

/// The account of who runs the app, as far as that can be known.
pub(super) fn own_account(world: &World, reach: Reach<'_>) -> Option<String> {
    if !may_have_credentials(world, reach) {
        return None;
    }
    // What answers in place of AWS is nobody's word about keys.
    let path = world.variables.home().map(|it| it.join(OWNERS)).filter(|_| world.access.endpoint.is_none());
    let mut owners = path.as_ref().map(|it| read(world, it)).unwrap_or_default();
    let (key, owner) = aws::block_on(aws::Aws::own_account(&world.access, reach, &owners))?;
    let account = owner.account.clone();
    if let Some(path) = path.filter(|_| !owners.contains_key(&key)) {
        if owners.len() >= MOST_OWNERS {
            owners.clear();
        }
        owners.insert(key, owner);
        // What cannot be kept is asked again.
        let _ = world.files.write(&path, text(&owners).as_bytes());
    }
    Some(account)
}

/// Whether something speaks of credentials. To look for them elsewhere takes seconds.
fn may_have_credentials(world: &World, reach: Reach<'_>) -> bool {
    let is_of_aws = |(path, start): &(&str, &[u8])| {
        world.files.read(path.as_ref(), MOST_BYTES).is_ok_and(|it| it.starts_with(start))
    };
    reach.profile.is_some()
        || SIGNS.iter().any(|it| world.variables.get(it).is_some())
        || world.variables.home().is_some_and(|it| world.files.exists(&it.join(".aws")))
        || MACHINES.iter().any(is_of_aws)
}

/// The owners that are kept; none, where that cannot be read.
fn read(world: &World, path: &Path) -> BTreeMap<String, Owner> {
    let bytes = world.files.read(path, MOST_BYTES).unwrap_or_default();
    let Ok(Value::Object(all)) = serde_json::from_slice(&bytes) else { return BTreeMap::new() };
    let owner = |it: &Value| {
        let text = |key: &str| Some(it.get(key)?.as_str()?.to_owned());
        Some(Owner { account: text("accountId")?, partition: text("partition")? })
    };
    all.into_iter().filter_map(|(key, it)| Some((key, owner(&it)?))).collect()
}

/// The file as the CDK's CLI writes it.
fn text(owners: &BTreeMap<String, Owner>) -> String {
    let owner = |it: &Owner| json!({ "accountId": it.account, "partition": it.partition });
    let all: Value = owners.iter().map(|(key, it)| (key.clone(), owner(it))).collect();
    format!("{all:#}\n")
}
