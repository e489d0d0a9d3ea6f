//! Where a review goes besides standard output: to the pull request, and to the page of the run.

use std::{
    io::{self, Write},
    path::Path,
};

use clap::ValueEnum;

use super::{Exit, Global, Output};
use crate::{
    ops::{
        self, Reviewed,
        post::{Approved, Comments, diagnostic},
    },
    present::{self, review::Frame},
    render::{self, Block, Doc, Level},
    review::{About, Fingerprint, Record},
    world::{
        World, aws,
        forge::{Forge, ForgeError, Job, Kind},
    },
};

/// How many bytes GitHub shows on the page of a run, for one step.
const LONGEST_SUMMARY: usize = 1_000_000;
/// How many digits of a commit people read.
const SHORT: usize = 10;

/// Where a review goes.
#[derive(Debug, clap::Args)]
pub(super) struct PostArgs {
    /// Keep a comment with the review of each environment up to date in the pull request that CI runs for
    #[arg(long, value_name = "WHERE")]
    pub(super) post: Option<Where>,
    /// The number of the pull request, where CI does not say it
    #[arg(long, value_name = "NUMBER", requires = "post")]
    pull_request: Option<u64>,
}

/// Where people review code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Where {
    /// GitHub, with the token in `GITHUB_TOKEN`
    Github,
    /// GitLab, with the token in `GITLAB_TOKEN`
    Gitlab,
}

/// What is posted, and about what.
pub(super) struct Post<'a> {
    /// The reviews, each of an environment.
    pub(super) each: &'a [(Option<String>, Reviewed)],
    /// What is about them.
    pub(super) frame: &'a dyn Fn(Option<&str>, &Reviewed) -> Frame,
    /// The new side.
    pub(super) file: &'a Path,
    /// The stacks that were named.
    pub(super) stacks: &'a [String],
    /// How bad a danger is.
    pub(super) level: Level,
    /// Whether what is printed is for people, so that lines may be added to it.
    pub(super) is_text: bool,
}

impl From<Where> for Kind {
    fn from(it: Where) -> Self {
        match it {
            Where::Github => Self::GitHub,
            Where::Gitlab => Self::GitLab,
        }
    }
}

/// Posts reviews, if that was asked for.
pub(super) fn post(
    args: &PostArgs,
    post: &Post<'_>,
    global: &Global,
    world: &World,
    output: &mut Output<'_>,
) -> io::Result<Exit> {
    let Some(place) = args.post else { return Ok(Exit::Done) };
    let job = match Job::read(world, place.into(), args.pull_request) {
        Ok(job) => job,
        Err(error) => return failed(&error, output),
    };
    let app = app(post.file, &job, global, world);
    let chosen = About { app, environment: global.env.clone(), stacks: post.stacks.to_vec() };
    let pages = Pages { post, job: &job, chosen };
    pages.mark(output)?;
    let mut exit = Exit::Done;
    if let Some(path) = &job.summary
        && let Err(error) = world.files.append(path, pages.summary().as_bytes())
    {
        writeln!(output.err, "error: {error}")?;
        exit = Exit::World;
    }
    let wanted = pages.comments();
    let comments = Comments { wanted: &wanted, other: &|body| pages.quiet(body) };
    let posting = async {
        let request = job.request()?;
        let forge = Forge::connect(&world.access, &job).await?;
        Ok((request, ops::post::post(&forge, request, &comments).await?))
    };
    match aws::block_on(posting) {
        Ok((request, posted)) => {
            if let Some(line) = present::review::posted(posted, job.kind, request) {
                writeln!(output.err, "{line}")?;
            }
            Ok(exit)
        }
        Err(error) => failed(&error, output),
    }
}

/// What is posted, as the run in CI makes it.
struct Pages<'a> {
    post: &'a Post<'a>,
    job: &'a Job,
    /// What was to be reviewed.
    chosen: About,
}

impl Pages<'_> {
    /// Marks the lines that lead to dangers.
    fn mark(&self, output: &mut Output<'_>) -> io::Result<()> {
        if self.job.kind != Kind::GitHub {
            return Ok(());
        }
        let remarks = |it: &Reviewed| present::review::remarks(it, &self.job.folder, self.post.level);
        let remarks: Vec<_> = self.post.each.iter().flat_map(|(_, it)| remarks(it)).collect();
        let to: &mut dyn Write = if self.post.is_text { output.out } else { output.err };
        to.write_all(render::github(&remarks).as_bytes())
    }

    /// The reviews of all environments, for the page of the run.
    fn summary(&self) -> String {
        let limit = LONGEST_SUMMARY / self.post.each.len().max(1);
        let pages =
            self.post.each.iter().map(|(environment, it)| self.page(environment.as_deref(), it, limit));
        pages.collect::<Vec<_>>().join("\n")
    }

    /// A comment for each environment in which something changes.
    fn comments(&self) -> Vec<String> {
        let limit = self.job.kind.longest_comment();
        let said = self.post.each.iter().filter(|(_, it)| it.comparison.differs());
        said.map(|(environment, it)| self.page(environment.as_deref(), it, limit)).collect()
    }

    /// What a comment becomes that was about this, now that nothing changes; nothing, if it was about something else.
    fn quiet(&self, body: &str) -> Option<String> {
        let record = Record::read(&render::hidden(body))?;
        let About { app, environment, stacks } = &self.chosen;
        let is_chosen = record.about.app == *app
            && record.about.stacks == *stacks
            && (environment.is_none() || record.about.environment == *environment);
        is_chosen.then(|| render::markdown(&present::review::quiet(&record)))
    }

    fn page(&self, environment: Option<&str>, reviewed: &Reviewed, limit: usize) -> String {
        let mut frame = (self.post.frame)(environment, reviewed);
        frame.revisions[1].clone_from(&self.job.head);
        let is_commit = |it: &String| it.len() >= 40 && it.bytes().all(|it| it.is_ascii_hexdigit());
        for it in frame.revisions.iter_mut().flatten().filter(|it| is_commit(it)) {
            it.truncate(SHORT);
        }
        frame.page.clone_from(&self.job.page);
        frame.files.clone_from(&self.job.files);
        let environment = environment.map(str::to_owned).or_else(|| self.chosen.environment.clone());
        let about = About { environment, ..self.chosen.clone() };
        frame.marker = present::review::record(reviewed, &frame, about).lines();
        render::fitted(&present::review::sections(reviewed, &frame), limit)
    }
}

/// The fingerprints that were approved with the pull request that the commit of this run comes from; how the run ends, if
/// nobody has reviewed that.
pub(super) fn approved(
    place: Where,
    global: &Global,
    world: &World,
    output: &mut Output<'_>,
) -> io::Result<Result<Vec<Fingerprint>, Exit>> {
    let job = match Job::read(world, place.into(), None) {
        Ok(job) => job,
        Err(error) => return failed(&error, output).map(Err),
    };
    let app = app(global.app.as_deref().map_or(&*global.file, Path::new), &job, global, world);
    let about = About { app, environment: global.env.clone(), stacks: Vec::new() };
    let first_line = render::markdown(&Doc(vec![Block::Hidden(about.line())]));
    let asking = async {
        let forge = Forge::connect(&world.access, &job).await?;
        ops::post::approved(&forge, job.commit()?, &first_line).await
    };
    match aws::block_on(asking) {
        Ok(Approved::Review(text)) => {
            let fingerprint = Record::read(&render::hidden(&text)).and_then(|it| it.fingerprint);
            Ok(Ok(fingerprint.and_then(|it| Fingerprint::read(&it)).unwrap_or_default()))
        }
        // Where nothing was to be done there is no review, and nothing may be.
        Ok(Approved::Nothing) => Ok(Ok(Vec::new())),
        Ok(Approved::Not(fault)) => {
            output.fault(fault)?;
            Ok(Err(Exit::No))
        }
        Err(error) => failed(&error, output).map(Err),
    }
}

/// What a review is of: the app of a stack file, or the path of what else was compared, from the root of the repository.
fn app(file: &Path, job: &Job, global: &Global, world: &World) -> String {
    let path = || job.folder.join(file).to_string_lossy().into_owned();
    // What can be read only once has been.
    if file == Path::new("-") {
        return path();
    }
    let listing = ops::list(world.files.as_ref(), file, global.env.as_deref());
    listing.stacks.first().map_or_else(path, |it| it.app.value.clone())
}

fn failed(error: &ForgeError, output: &mut Output<'_>) -> io::Result<Exit> {
    output.fault(diagnostic(error))?;
    Ok(Exit::World)
}
