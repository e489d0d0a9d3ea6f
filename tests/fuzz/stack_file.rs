//! Any bytes as a stack file: synthesis ends with a template or with diagnostics, and both can be printed.

#![no_main]

use std::path::Path;

use asi::{load, ops, present, render, world::MemoryFiles};
use asi_constructs::kernel::span::Sources;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for name in ["asi.yaml", "asi.json"] {
        let files = MemoryFiles::with([(name, bytes)]);
        let synthesis = ops::synthesize(&files, Path::new(name), None, &[]);
        let shown = render::terminal(&present::diagnostics(&synthesis.diagnostics, &synthesis.sources));
        assert!(synthesis.diagnostics.is_empty() || !shown.is_empty());
        for stack in &synthesis.stacks {
            let yaml = stack.template.to_yaml();
            let mut sources = Sources::default();
            let (again, faults) = load::document(&yaml, "template.yaml", &mut sources);
            assert!(again.as_ref() == Some(&stack.template.body), "read back as another value: {faults:?}\n{yaml}");
        }
    }
});
