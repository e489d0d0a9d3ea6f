//! A cloud assembly: what the CDK's own CLI lists, diffs and deploys.
//!
//! Returns files; an op writes them. Of somebody else's assembly it reads which templates are stacks, where these go, and
//! what their deployment needs.

mod assets;
mod environment;
mod listed;
mod missing;
mod written;

pub use assets::{Assets, Build, FileAsset, FileSource, ImageAsset, ImageSource, Place, assets};
pub use environment::{Environment, QUALIFIER};
pub use listed::{Bootstrap, Listed, ListedStack, Roles, regions, stacks};
pub use missing::missing;
pub use written::{Asset, Contents, Entry, File, REPORT, VERSION, assemble, empty_report, folder_of, hash};

/// The manifest of an assembly: its folder is known by it.
pub const MANIFEST: &str = "manifest.json";
