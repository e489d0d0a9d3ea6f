//! Any bytes as a template: validation ends with findings that point into the file, in the order of the file, and
//! that can be printed in every format.

#![no_main]

use std::path::PathBuf;

use asi::{
    ops::{self, validate::Request},
    present, render, wire,
    world::MemoryFiles,
};
use asi_constructs::kernel::diagnostic::Severity;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for name in ["template.yaml", "template.json"] {
        let files = MemoryFiles::with([(name, bytes)]);
        let paths = [PathBuf::from(name)];
        for (region, security) in [(None, false), (Some("eu-west-1"), true)] {
            let request = Request { paths: &paths, region, security, ..Request::default() };
            let checked = ops::validate(&files, &request);
            assert_eq!(checked.len(), 1);
            for finding in &checked[0].findings {
                assert!(!finding.diagnostic.message.ends_with('.'), "{}", finding.diagnostic.message);
                let code = finding.diagnostic.code;
                let is_known =
                    present::CODES.iter().any(|(it, _)| *it == code) || present::rule(code).is_some();
                assert!(is_known, "`{code}` is in no registry");
            }
            assert!(!render::terminal(&present::findings(&checked, Severity::Info)).is_empty());
            render::short(&present::remarks(&checked, Severity::Info));
            render::github(&present::remarks(&checked, Severity::Info));
            render::junit(&present::suites(&checked, Severity::Info));
            wire::findings(&checked);
            wire::sarif(&checked);
        }
    }
});
