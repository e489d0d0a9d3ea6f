//! Any bytes as a stack file: synthesis ends with templates or with diagnostics, and both can be printed; as it
//! stands, in each environment, and for each stack by its name.

#![no_main]

use std::path::Path;

use asi::{
    assembly::{self, Contents, Entry},
    load,
    ops::{self, Synthesis},
    present, render,
    template::Indent,
    world::MemoryFiles,
};
use asi_constructs::kernel::span::Sources;
use libfuzzer_sys::fuzz_target;

/// Environments of one input that are tried: its time is limited.
const ENVIRONMENTS: usize = 3;

fuzz_target!(|bytes: &[u8]| {
    for name in ["asi.yaml", "asi.json"] {
        let files = MemoryFiles::with([(name, bytes)]);
        let path = Path::new(name);
        check(&ops::synthesize(&files, path, None, &[]));
        let listing = ops::list(&files, path, None);
        for stack in listing.stacks.iter().filter(|it| it.environment.is_some()).take(ENVIRONMENTS) {
            let chosen = ops::synthesize(&files, path, stack.environment.as_deref(), &[]);
            check(&chosen);
            let named = ops::synthesize(&files, path, None, &[stack.name()]);
            let template = |it: &Synthesis| {
                let mut stacks = it.stacks.iter().filter(|it| it.stack.name() == stack.name());
                stacks.next().map(|it| it.template.to_yaml())
            };
            assert_eq!(template(&chosen), template(&named), "by its name another stack");
            assert!(named.stacks.len() <= 1, "by its name one stack");
        }
    }
});

fn check(synthesis: &Synthesis) {
    let shown = render::terminal(&present::diagnostics(&synthesis.diagnostics, &synthesis.sources));
    assert!(synthesis.diagnostics.is_empty() || !shown.is_empty());
    for stack in &synthesis.stacks {
        let body = &stack.template.body;
        for (text, name) in [
            (stack.template.to_yaml(), "template.yaml"),
            (stack.template.to_json(Indent::Cdk), "template.json"),
        ] {
            let (again, faults) = load::document(&text, name, &mut Sources::default());
            assert!(again.as_ref() == Some(body), "{name} reads back as another value: {faults:?}\n{text}");
        }
    }
    let stacks = synthesis.stacks.iter();
    let contents = Contents {
        stacks: stacks.map(|it| Entry { stack: &it.stack, template: &it.template, findings: &[] }).collect(),
        missing: &[],
        sources: &synthesis.sources,
        qualifier: assembly::QUALIFIER,
    };
    let files = assembly::assemble(&contents);
    assert_eq!(files.last().map(|it| it.name.as_str()), Some(assembly::MANIFEST));
    assert!(files.len() > 2 * synthesis.stacks.len(), "a stack has a template and a manifest of files");
}
