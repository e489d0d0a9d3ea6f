//! A review where people talk about the change: the lines it marks, and what a comment becomes.

use std::path::Path;

use super::{aside, danger, headline, is_of_folder, plain};
use crate::{
    ops::{Compared, Reviewed, post::Posted},
    present::review::Frame,
    render::{Block, Doc, Level, Remark},
    review::{About, Danger, Point, Record},
    world::forge::Kind,
};

/// What a published review says to programs.
pub fn record(reviewed: &Reviewed, frame: &Frame, about: About) -> Record {
    Record { about, verdict: headline(reviewed, frame), fingerprint: reviewed.fingerprint() }
}

/// A comment about a change that is none any more; with what was said before.
pub fn quiet(record: &Record) -> Doc {
    // What is told is what was said last, however often nothing changes from then on.
    let Record { about, verdict, .. } = record;
    let before = Record { fingerprint: None, ..record.clone() };
    let mut blocks: Vec<Block> = before.lines().into_iter().map(Block::Hidden).collect();
    let of = about.environment.as_ref().unwrap_or(&about.app);
    blocks.push(Block::Paragraph(plain(format!("asi: {of} — nothing changes any more"))));
    if !verdict.is_empty() {
        let earlier = Doc(vec![Block::Paragraph(aside(verdict.as_str()))]);
        blocks.push(Block::Details(plain("what it was before"), earlier));
    }
    Doc(blocks)
}

/// The dangers of a review at the lines that lead to them, in files as seen from the root of the repository.
pub fn remarks(reviewed: &Reviewed, folder: &Path, level: Level) -> Vec<Remark> {
    let sources = &reviewed.comparison.sources;
    let points =
        reviewed.each().flat_map(|(compared, it)| it.review.dangers.iter().map(move |it| (compared, it)));
    let remark = |(compared, point): (&Compared, &Point<Danger>)| {
        let file = sources.file(point.span).filter(|it| is_of_folder(&it.name))?;
        let start = file.line_and_column(point.span.start as usize)?;
        let end = file.line_and_column(point.span.end as usize)?;
        Some(Remark {
            level,
            code: point.what.code(),
            message: format!("{} in {}: {}", point.id, compared.name, danger(&point.what)),
            help: None,
            file: folder.join(&file.name).to_string_lossy().into_owned(),
            start,
            end,
        })
    };
    points.filter_map(remark).collect()
}

/// What became of the comments, in a line; nothing, if there was nothing to say.
pub fn posted(posted: Posted, kind: Kind, request: u64) -> Option<String> {
    let Posted { created, updated, unchanged } = posted;
    let parts = [(created, "written"), (updated, "changed"), (unchanged, "unchanged")];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let of = match kind {
        Kind::GitHub => format!("pull request #{request}"),
        Kind::GitLab => format!("merge request !{request}"),
    };
    (!parts.is_empty()).then(|| format!("comments on {of}: {}", parts.join(", ")))
}
