//! Tests of the whole: each module asks one question of the program or of the repository.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests read the repository, and may fail"
)]

mod alius;
mod architecture;
mod cdk_parity;
mod constructs;
mod docs;
mod environments;
mod faults;
mod peers;
mod support;
