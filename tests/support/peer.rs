//! Programs of others that `tests/run` installs, and says where.

use std::{env, path::PathBuf};

/// A program `tests/run` installs, or a note that its test is skipped.
///
/// # Panics
///
/// If it is required, and not there.
#[track_caller]
pub(crate) fn peer(variable: &str, test: &str) -> Option<PathBuf> {
    let path = env::var_os(variable).map(PathBuf::from).filter(|it| it.exists());
    if path.is_none() {
        let skipped = format!("{test} needs {variable}, which tests/run sets");
        assert!(env::var_os("ASI_TEST_REQUIRE").is_none_or(|it| it != "1"), "{skipped}");
        eprintln!("skipped: {skipped}");
    }
    path
}
