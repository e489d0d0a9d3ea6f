//! A cloud assembly: what the CDK's own CLI lists, diffs and deploys.
//!
//! Returns files; an op writes them. Of somebody else's assembly it reads which templates are stacks, where these go, and
//! what their deployment needs.

mod assets;
mod environment;
mod manifest;
mod metadata;
mod missing;
mod report;
mod written;

pub use assets::{Assets, Build, FileAsset, FileSource, ImageAsset, ImageSource, Place, assets};
pub use environment::{Environment, QUALIFIER};
pub use manifest::{Bootstrap, ListedStack, Manifest, NEWEST_VERSION, Roles, inside, manifest};
pub use metadata::{Annotation, Metadata};
pub use missing::missing;
pub use report::{Violation, violations};
pub use written::{Asset, Contents, Entry, File, REPORT, VERSION, assemble, empty_report, folder_of, hash};

/// The manifest of an assembly: its folder is known by it.
pub const MANIFEST: &str = "manifest.json";
