//! The files and images that a stack needs, put where its deployment reads them.

mod files;
mod images;

use std::{collections::BTreeMap, fmt};

use futures_util::{StreamExt as _, stream};

use super::{Deploying, Ending, Listeners, News};
use crate::{
    assembly::{FileAsset, FileSource, Place},
    assets,
    ops::{Target, deployable::Assembled},
    world::{
        AwsError, FileError, Hindrance, Program, ProgramError,
        aws::{self, Aws, Object, Session},
        cloudformation::Source,
    },
};

/// How many files and images are sent at once.
const AT_ONCE: usize = 8;
/// How many lines are told of what a program said that failed.
const MOST_LINES: usize = 20;

/// What keeps an asset from being where a deployment reads it.
#[derive(Debug)]
pub enum Unpublished {
    /// A file or folder of it cannot be read.
    File(FileError),
    /// It cannot be packed.
    Unpacked(assets::Fault),
    /// There is no bucket of this name.
    NoBucket(String),
    /// The bucket of this name belongs to another account than this.
    ForeignBucket(String, String),
    /// There is no repository of this name.
    NoRepository(String),
    /// There is no such program to build images with.
    NoDocker(String),
    /// The program to build images with has nothing behind it that would.
    NoDaemon(String),
    /// A program cannot be run.
    Program(ProgramError),
    /// A program failed.
    Failed {
        /// What was run: `docker build`.
        command: String,
        /// With which exit code, unless it was killed.
        code: Option<i32>,
        /// The end of what it said.
        said: String,
    },
    /// A program did not say what it has made.
    Silent(String),
    /// AWS says no.
    Aws(AwsError),
}

/// What is done with an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A folder is packed, or a program makes it, or it is built.
    Made,
    /// It goes into its bucket, or its registry.
    Sent,
}

/// Which assets are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// Files of the assembly, templates among them, which CloudFormation reads when it makes a change set.
    Files,
    /// What has to be made first: archives, images, and what programs make.
    Made,
}

impl From<FileError> for Unpublished {
    fn from(it: FileError) -> Self {
        Self::File(it)
    }
}

impl From<AwsError> for Unpublished {
    fn from(it: AwsError) -> Self {
        Self::Aws(it)
    }
}

/// Checks that what the deployment needs is there: the version of what `asi bootstrap` makes.
pub(super) async fn check_bootstrap(aws: &Aws, assembled: &Assembled) -> Result<(), Ending> {
    let Some(needed) = &assembled.bootstrap else { return Ok(()) };
    let has = aws.parameter(&needed.parameter).await.map_err(Ending::Aws)?;
    let version = has.as_ref().and_then(|it| it.parse::<u64>().ok());
    if version.is_some_and(|it| it >= needed.version) {
        return Ok(());
    }
    Err(Ending::NotBootstrapped { needed: needed.version, has: version })
}

/// Where CloudFormation finds a template that an assembly calls `s3://bucket/key`.
pub(super) fn source(aws: &Aws, url: &str, target: &Target) -> Option<Source> {
    let url = target.filled(url, aws);
    let (bucket, key) = url.strip_prefix("s3://")?.split_once('/')?;
    Some(Source::Url(aws.url_of(Object { bucket, owner: target.account.as_deref(), key })))
}

/// Puts assets of a stack where its deployment reads them, those that are not there yet.
pub(super) async fn publish(
    deploying: &Deploying<'_>,
    own: &Aws,
    which: Which,
    audience: Option<Listeners<'_, '_>>,
) -> Result<(), Ending> {
    let assets = &deploying.stack.assets;
    let is_meant = |it: &&FileAsset| matches!(it.source, FileSource::File(_)) == (which == Which::Files);
    let files: Vec<&FileAsset> = assets.files.iter().filter(is_meant).collect();
    let images = if which == Which::Made { assets.images.as_slice() } else { &[] };
    if files.is_empty() && images.is_empty() {
        return Ok(());
    }
    let places = files.iter().map(|it| &it.place).chain(images.iter().map(|it| &it.place));
    if !images.is_empty() && deploying.stack.target.account.is_none() {
        // The name of the repository has it.
        own.caller().await.map_err(Ending::Aws)?;
    }
    let publishing = Publishing::new(deploying, own, places, audience).await?;
    let sent = stream::iter(files).map(|file| publishing.file(file)).buffered(AT_ONCE);
    // What has begun is not left half-way, and of several faults the first of the manifest is told.
    let sent: Vec<Result<(), Ending>> = sent.collect().await;
    sent.into_iter().collect::<Result<(), Ending>>()?;
    publishing.images(images).await
}

/// The publishing of a stack's assets.
struct Publishing<'d, 'a, 'b> {
    deploying: &'d Deploying<'d>,
    /// Who puts something there, for each place.
    publishers: BTreeMap<Place, Aws>,
    audience: Option<Listeners<'a, 'b>>,
}

impl<'d, 'a, 'b> Publishing<'d, 'a, 'b> {
    async fn new(
        deploying: &'d Deploying<'d>,
        own: &Aws,
        places: impl Iterator<Item = &Place>,
        audience: Option<Listeners<'a, 'b>>,
    ) -> Result<Self, Ending> {
        let mut all = Self { deploying, publishers: BTreeMap::new(), audience };
        for place in places {
            if !all.publishers.contains_key(place) {
                let publisher = all.publisher(own, place).await?;
                all.publishers.insert(place.clone(), publisher);
            }
        }
        Ok(all)
    }

    /// Who puts something there: the role for that, or the caller, who may be of its account.
    async fn publisher(&self, own: &Aws, place: &Place) -> Result<Aws, Ending> {
        let target = &self.deploying.stack.target;
        let region = place.region.as_ref().map(|it| target.filled(it, own));
        let aws = match region.filter(|it| it != own.region()) {
            Some(region) => own.in_region(&region).map_err(Ending::Aws)?,
            None => own.clone(),
        };
        let Some(role) = &place.role else { return Ok(aws) };
        let role = target.filled(role, &aws);
        let session = Session { external_id: place.external_id.clone(), ..Session::default() };
        match aws.assuming_as(&role, &session).await {
            Ok(publisher) => Ok(publisher),
            Err(error) => {
                let account = aws.caller().await.map_err(Ending::Aws)?.account;
                if role.split(':').nth(4) != Some(&account) {
                    return Err(Ending::Aws(error));
                }
                self.hear(&News::Own(&error));
                Ok(aws)
            }
        }
    }

    fn hear(&self, news: &News<'_>) {
        if let Some(audience) = self.audience {
            audience.borrow_mut().hear(&self.deploying.name, news);
        }
    }

    fn tell(&self, asset: &str, step: Step) {
        self.hear(&News::Publishing(asset, step));
    }

    /// Runs a program to its end; `command` is what people know it by.
    async fn run(&self, program: Program, command: &str) -> Result<String, Unpublished> {
        let ended = aws::run(&self.deploying.world.programs, program.captured()).await;
        let ended = ended.map_err(Unpublished::Program)?;
        if ended.is_success() {
            return Ok(String::from_utf8_lossy(&ended.out).trim().to_owned());
        }
        let said = if ended.err.is_empty() { &ended.out } else { &ended.err };
        Err(Unpublished::Failed { command: command.to_owned(), code: ended.code, said: end_of(said) })
    }

    /// Runs a program of the assembly, which prints what it has made.
    async fn make(&self, words: &[String], program: Program) -> Result<String, Unpublished> {
        let command = words.join(" ");
        let made = self.run(program, &command).await?;
        if made.is_empty() { Err(Unpublished::Silent(command)) } else { Ok(made) }
    }
}

/// The last lines that a program said, without what would move about on a terminal.
fn end_of(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let lines: Vec<String> = text
        .lines()
        .map(|it| it.chars().filter(|it| !it.is_control() || *it == '\t').collect::<String>())
        .filter(|it| !it.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(MOST_LINES)..].join("\n")
}

/// A program of these words.
fn program(words: &[String]) -> Program {
    let (name, arguments) = words.split_first().map_or(("", &[][..]), |(it, rest)| (it.as_str(), rest));
    Program::new(name, arguments.iter().map(String::as_str))
}

impl Unpublished {
    /// Whether what was asked for is wrong, not the world in which it was.
    pub fn is_of_input(&self) -> bool {
        match self {
            Self::File(_) | Self::Unpacked(_) | Self::Failed { .. } | Self::Silent(_) => true,
            Self::NoBucket(_)
            | Self::ForeignBucket(..)
            | Self::NoRepository(_)
            | Self::NoDocker(_)
            | Self::NoDaemon(_)
            | Self::Program(_)
            | Self::Aws(_) => false,
        }
    }

    /// The same of an asset that people know by this name.
    fn of(self, asset: &str) -> Ending {
        match self {
            Self::Aws(error) => Ending::Aws(error),
            why => Ending::Unpublished { asset: asset.to_owned(), why: Box::new(why) },
        }
    }

    /// That this program, which images are built with, is missing or not running, where it is that.
    fn of_docker(self, docker: &str) -> Self {
        match self {
            Self::Program(ProgramError { reason: Hindrance::Missing, .. }) => {
                Self::NoDocker(docker.to_owned())
            }
            Self::Failed { said, .. } if said.contains("Cannot connect to the Docker daemon") => {
                Self::NoDaemon(docker.to_owned())
            }
            why => why,
        }
    }
}

impl fmt::Display for Unpublished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => write!(f, "{error}"),
            Self::Unpacked(fault) => write!(f, "{fault}"),
            Self::NoBucket(bucket) => write!(f, "there is no bucket `{bucket}`"),
            Self::ForeignBucket(bucket, account) => {
                write!(f, "the bucket `{bucket}` does not belong to the account {account}")
            }
            Self::NoRepository(repository) => write!(f, "there is no repository `{repository}`"),
            Self::NoDocker(docker) => write!(f, "there is no program `{docker}` to build it with"),
            Self::NoDaemon(docker) => write!(f, "`{docker}` does not run here, which would build it"),
            Self::Program(error) => write!(f, "{error}"),
            Self::Failed { command, code: Some(code), .. } => write!(f, "`{command}` failed with {code}"),
            Self::Failed { command, code: None, .. } => write!(f, "`{command}` was killed"),
            Self::Silent(command) => write!(f, "`{command}` does not print what it has made"),
            Self::Aws(error) => write!(f, "{error}"),
        }
    }
}
