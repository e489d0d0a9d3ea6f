//! Resources that a stack file says have come from another stack, and that are still there: a deployment would delete them
//! in the one and make them anew in the other.

use std::collections::BTreeMap;

use asi_constructs::kernel::{diagnostic::Diagnostic, node::Node, span::Sources};

use super::{
    Ending,
    stack::{Deploying, document},
};
use crate::{
    ops::{Purpose, targets::Connected},
    world::aws::Aws,
};

/// The templates of deployed stacks, by name.
#[derive(Default)]
struct Deployed(BTreeMap<String, Node>);

impl Deployed {
    /// Whether a stack has a resource; it has none, if its template cannot be read.
    async fn has(&mut self, aws: &Aws, stack: &str, id: &str) -> bool {
        if !self.0.contains_key(stack) {
            let text = aws.template(stack).await.ok().flatten();
            let body = document(text.as_deref(), stack, &mut Sources::default());
            self.0.insert(stack.to_owned(), body);
        }
        self.0[stack].get("Resources").is_some_and(|it| it.get(id).is_some())
    }
}

impl Deploying<'_> {
    /// That something is not yet where its stack file has it, and is to be moved before anything is deployed.
    pub(super) async fn still_elsewhere(&self) -> Option<Ending> {
        if self.stack.arrivals.is_empty() {
            return None;
        }
        // What keeps AWS from being asked is told when the stack has its turn.
        let Connected { aws, .. } = self.connect(Purpose::Look).await.ok()?;
        let mut deployed = Deployed::default();
        let mut faults = Vec::new();
        for (id, from) in &self.stack.arrivals {
            if deployed.has(&aws, from, id).await && !deployed.has(&aws, &self.name, id).await {
                faults.push(self.not_moved(id, from));
            }
        }
        (!faults.is_empty()).then_some(Ending::Faulty(faults))
    }

    fn not_moved(&self, id: &str, from: &str) -> Diagnostic {
        let resource = self.stack.template.body.get("Resources").and_then(|it| it.get(id));
        let fault = format!("`{id}` is still in `{from}`: `{}` would make another one", self.name);
        let fault = Diagnostic::error("not-moved", fault)
            .help("move it as it is with `asi refactor`, and deploy then");
        resource.map_or(fault.clone(), |it| fault.at(it.span))
    }
}
