//! Images that are built of folders beside the stack file: how one is built, and what tells it from another.
//!
//! A construct says what is to be built; whoever has the files says which image that is.

use super::span::Span;

/// How an image is built.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImageBuild {
    /// The folder, from that of the stack file.
    pub folder: String,
    /// The file in it that says how; if absent, `Dockerfile`.
    pub file: Option<String>,
    /// The stage of that file.
    pub target: Option<String>,
    /// Values of its arguments.
    pub arguments: Vec<(String, String)>,
    /// The platform it is for.
    pub platform: Option<String>,
}

/// An image that a stack needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageAsset {
    /// How it is built.
    pub build: ImageBuild,
    /// What tells it from others; nothing, before somebody has looked at the files.
    pub hash: Option<String>,
    /// The name under which the repository it goes to was bootstrapped.
    pub qualifier: String,
    /// The construct that runs it first, by its path below the stack.
    pub path: String,
    /// The text in the stack file that asks for it.
    pub span: Span,
}

impl ImageAsset {
    /// Its tag: its hash, or what stands for that before anybody has looked at the files.
    pub fn tag(&self) -> String {
        self.hash.clone().unwrap_or_else(|| "0".repeat(64))
    }
}
