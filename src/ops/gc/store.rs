//! What lies in the bucket and the repository that deployments publish to, and who needs it.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{
    AT_ONCE, Action, Settings,
    usage::{HASH, Usage, hashes},
};
use crate::{
    ops::contents::HolderKind,
    world::{
        AwsError, Timestamp,
        aws::{Aws, Object, StoredFile, StoredImage, Undeleted},
    },
};

/// The tag of a file that no stack uses, whose value is since when, in milliseconds: as the CDK has it.
const TAG: &str = "aws-cdk:isolated";
/// The same of an image, whose tags have no values: `0-aws-cdk.isolated-1790000000000`, as the CDK has it.
const IMAGE_TAG: &str = "-aws-cdk.isolated-";

/// Milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// A bucket or a repository, and what lies in it.
#[derive(Clone, Debug)]
pub struct Store {
    /// Which of both it is.
    pub kind: HolderKind,
    /// What it is called.
    pub name: String,
    /// The account it is of.
    owner: String,
    /// Whether what is deleted there can be brought back; nothing, where nobody looked.
    pub keeps_versions: Option<bool>,
    /// What stacks use.
    pub used: Tally,
    /// What no stack uses, and is too young to tell.
    pub young: Tally,
    /// What is no asset.
    pub foreign: Tally,
    /// What no stack uses.
    pub isolated: Vec<Asset>,
    /// What was marked as used by nobody, and is used again.
    pub again: Vec<Asset>,
}

/// How much there is of something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub count: usize,
    /// How large they are together.
    pub bytes: u64,
}

/// A file or an image that was published for stacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its key; or its digest.
    pub id: String,
    /// The tags of an image.
    pub tags: Vec<String>,
    /// How large it is.
    pub bytes: u64,
    /// When it was published.
    pub published: Timestamp,
    /// Since when it is marked as used by nobody.
    pub marked: Option<Timestamp>,
    pub(super) hashes: Vec<String>,
}

impl Tally {
    pub(super) fn add(&mut self, bytes: u64) {
        self.count += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Of several assets.
    pub fn of<'a>(assets: impl IntoIterator<Item = &'a Asset>) -> Self {
        let mut tally = Self::default();
        assets.into_iter().for_each(|it| tally.add(it.bytes));
        tally
    }
}

impl Asset {
    fn of_file(file: StoredFile) -> Self {
        let name = file.key.rsplit('/').next().unwrap_or_default();
        let stem = name.split('.').next().unwrap_or_default();
        let hashes = is_hash(stem).then(|| stem.to_owned()).into_iter().collect();
        Self { id: file.key, tags: Vec::new(), bytes: file.bytes, published: file.put, marked: None, hashes }
    }

    fn of_image(image: StoredImage) -> Self {
        // A prefix may stand before it.
        let hash =
            |it: &String| it.get(it.len().checked_sub(HASH)?..).filter(|it| is_hash(it)).map(str::to_owned);
        let hashes = image.tags.iter().filter_map(hash).collect();
        let marked = image.tags.iter().find_map(|it| moment(it.split_once(IMAGE_TAG)?.1));
        Self { id: image.digest, tags: image.tags, bytes: image.bytes, published: image.put, marked, hashes }
    }

    /// How many whole days have passed since then.
    pub fn days(since: Timestamp, now: Timestamp) -> u64 {
        u64::try_from((now.0 - since.0) / DAY).unwrap_or(0)
    }

    /// Whether one that no stack uses is to be deleted: what the action and the days since the mark allow.
    pub fn is_due(&self, settings: &Settings<'_>, now: Timestamp) -> bool {
        let is_marked = self.marked.is_some_and(|it| Self::is_older(it, settings.rollback_days, now));
        match settings.action {
            Action::Print | Action::Tag => false,
            Action::DeleteTagged => is_marked,
            Action::Full => is_marked || settings.rollback_days == 0,
        }
    }

    fn is_older(since: Timestamp, days: u32, now: Timestamp) -> bool {
        now.0 - since.0 >= i64::from(days) * DAY
    }
}

impl Store {
    /// Looks at all that lies there.
    pub(super) async fn look(
        aws: &Aws,
        (kind, name, owner): (HolderKind, &str, &str),
        usage: &Usage,
        settings: &Settings<'_>,
    ) -> Result<Self, AwsError> {
        let assets: Vec<Asset> = match kind {
            HolderKind::Bucket => aws.files(name, owner).await?.into_iter().map(Asset::of_file).collect(),
            HolderKind::Repository => aws.images_of(name).await?.into_iter().map(Asset::of_image).collect(),
        };
        let mut store = Self {
            kind,
            name: name.to_owned(),
            owner: owner.to_owned(),
            keeps_versions: None,
            used: Tally::default(),
            young: Tally::default(),
            foreign: Tally::default(),
            isolated: Vec::new(),
            again: Vec::new(),
        };
        let now = aws.now();
        for asset in assets {
            if asset.hashes.is_empty() {
                store.foreign.add(asset.bytes);
            } else if usage.has_any(&asset.hashes) {
                store.used.add(asset.bytes);
                store.again.push(asset);
            } else if Asset::is_older(asset.published, settings.created_days, now) {
                store.isolated.push(asset);
            } else {
                store.young.add(asset.bytes);
            }
        }
        if kind == HolderKind::Bucket {
            store.isolated = store.marked(aws, &store.isolated).await?;
            // Whether one that is used has the mark is only of use to who takes it away.
            store.again = match settings.action {
                Action::Print => Vec::new(),
                Action::Tag | Action::DeleteTagged | Action::Full => store.marked(aws, &store.again).await?,
            };
            if settings.action.deletes() {
                store.keeps_versions = Some(aws.keeps_versions(name, owner).await?);
            }
        }
        store.again.retain(|it| it.marked.is_some());
        Ok(store)
    }

    /// The same files, with what their tags say; without those that somebody has deleted meanwhile.
    async fn marked(&self, aws: &Aws, files: &[Asset]) -> Result<Vec<Asset>, AwsError> {
        let look = |it: &Asset| {
            let asset = it.clone();
            async move {
                let tags = aws.tags(self.object(&asset.id)).await?;
                Ok(tags.map(|tags| Asset { marked: tags.get(TAG).and_then(|it| moment(it)), ..asset }))
            }
        };
        let found: Vec<Option<Asset>> = stream::iter(files).map(look).buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    fn object<'a>(&'a self, key: &'a str) -> Object<'a> {
        Object { bucket: &self.name, owner: Some(&self.owner), key }
    }

    /// What is to be deleted.
    pub fn doomed(&self, settings: &Settings<'_>, now: Timestamp) -> Vec<&Asset> {
        self.isolated.iter().filter(|it| it.is_due(settings, now)).collect()
    }

    /// What is to be marked as used by nobody.
    pub(super) fn unmarked(&self, settings: &Settings<'_>) -> Vec<&Asset> {
        let marks = match settings.action {
            Action::Print | Action::DeleteTagged => false,
            Action::Tag => true,
            Action::Full => settings.rollback_days > 0,
        };
        self.isolated.iter().filter(|it| marks && it.marked.is_none()).collect()
    }

    /// Marks an asset as used by nobody from now on.
    pub(super) async fn mark(&self, aws: &Aws, asset: &Asset, number: usize) -> Result<(), AwsError> {
        let now = aws.now().0.to_string();
        match self.kind {
            HolderKind::Repository => {
                aws.add_tag(&self.name, &asset.id, &format!("{number}{IMAGE_TAG}{now}")).await
            }
            HolderKind::Bucket => {
                self.change_tags(aws, asset, |tags| drop(tags.insert(TAG.to_owned(), now))).await
            }
        }
    }

    /// Takes the mark away from an asset that is used again.
    pub(super) async fn unmark(&self, aws: &Aws, asset: &Asset) -> Result<(), AwsError> {
        match self.kind {
            HolderKind::Repository => {
                for tag in asset.tags.iter().filter(|it| it.contains(IMAGE_TAG)) {
                    aws.remove_tag(&self.name, tag).await?;
                }
                Ok(())
            }
            HolderKind::Bucket => self.change_tags(aws, asset, |tags| drop(tags.remove(TAG))).await,
        }
    }

    /// Changes the tags of a file, of which others may be of somebody else.
    async fn change_tags(
        &self,
        aws: &Aws,
        asset: &Asset,
        change: impl FnOnce(&mut BTreeMap<String, String>),
    ) -> Result<(), AwsError> {
        let object = self.object(&asset.id);
        let Some(mut tags) = aws.tags(object).await? else { return Ok(()) };
        change(&mut tags);
        aws.set_tags(object, &tags).await
    }

    /// How many are deleted at once.
    pub(super) fn most(&self) -> usize {
        match self.kind {
            HolderKind::Bucket => Aws::MOST_FILES,
            HolderKind::Repository => Aws::MOST_IMAGES,
        }
    }

    /// Deletes assets, as many as are taken at once, and gives those that are still there.
    pub(super) async fn delete(&self, aws: &Aws, assets: &[&Asset]) -> Result<Vec<Undeleted>, AwsError> {
        let ids: Vec<&str> = assets.iter().map(|it| it.id.as_str()).collect();
        match self.kind {
            HolderKind::Bucket => aws.delete_files(&self.name, &self.owner, &ids).await,
            HolderKind::Repository => aws.delete_images(&self.name, &ids).await,
        }
    }
}

/// Whether a name is a hash and nothing else.
fn is_hash(name: &str) -> bool {
    let mut found = std::collections::BTreeSet::new();
    hashes(name, &mut found);
    name.len() == HASH && !found.is_empty()
}

/// The moment that a mark names; nothing, if it names none.
fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok().map(Timestamp)
}
