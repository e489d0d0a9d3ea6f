//! What starts a pipeline: pushes to the branch of the source, pull requests, or nobody but people.

use super::action::Start;
use crate::kernel::{prelude::*, property::Word};

/// How many patterns of a kind CodePipeline takes.
const MOST: usize = 8;

properties! {
    /// Which pull requests start the pipeline, which then runs on the branch that is asked to be merged.
    pub struct PullRequests from branches {
        /// The branches they are to be merged into, as patterns such as `main` or `release/**`. If absent, the branch
        /// of the source.
        branches: Vec<Text>,
        /// What happens to a pull request that starts the pipeline.
        events: Spanned<Vec<Spanned<Event>>> = "[open, updated]",
        /// The files that start the pipeline when a pull request changes them. If absent, every pull request does.
        paths: Option<Spanned<Paths>>,
    }
}

choices! {
    /// What happens to a pull request.
    pub enum Event {
        /// It is opened.
        Open,
        /// Something is pushed to its branch.
        Updated,
        /// It is closed, merged or not.
        Closed,
    }
}

properties! {
    /// Which files start the pipeline, as patterns: `*` stands for any name, `**` for any folders.
    pub struct Paths from include {
        /// A change to one of these starts the pipeline. If absent, any file does.
        include: Vec<String>,
        /// A change to nothing but these does not.
        exclude: Vec<String>,
    }
}

impl PullRequests {
    fn check(&self, faults: &mut Vec<Diagnostic>) {
        if let Some(branch) = self.branches.get(MOST) {
            faults.push(
                Diagnostic::error("too-many-branches", format!("a pipeline takes at most {MOST} patterns of branches"))
                    .at(branch.span())
                    .help("join some of them with `**`"),
            );
        }
        let events = &self.events.value;
        if events.is_empty() {
            let fault = Diagnostic::error("no-effect", "no pull request starts the pipeline without an event");
            faults.push(fault.at(self.events.span).help("add one, such as `open`"));
        }
        for (at, event) in events.iter().enumerate() {
            if events[..at].iter().any(|it| it.value == event.value) {
                let fault = Diagnostic::error("no-effect", format!("`{}` is there before", event.value.word()));
                faults.push(fault.at(event.span).help("remove one of the two"));
            }
        }
        if let Some(paths) = &self.paths {
            paths.value.check(paths.span, faults);
        }
    }

    fn filter(&self, scope: &mut Scope<'_>, branch: &Text) -> Expr<Handle> {
        let branches = if self.branches.is_empty() { std::slice::from_ref(branch) } else { &self.branches };
        let branches: Vec<Expr<Handle>> = branches.iter().map(|it| scope.text(it)).collect();
        let events = self.events.value.iter().map(|it| Expr::from(it.value.word().to_uppercase()).at(it.span));
        object! {
            "Branches" => object! { "Includes" => branches },
            "Events" => events.collect::<Vec<_>>(),
            "FilePaths" => self.paths.as_ref().map(|it| it.value.filter()),
        }
    }
}

impl Paths {
    fn check(&self, span: Span, faults: &mut Vec<Diagnostic>) {
        if self.include.is_empty() && self.exclude.is_empty() {
            faults.push(Diagnostic::error("no-effect", "no pattern is given").at(span).help("add one, or remove `paths`"));
        }
        if self.include.len() > MOST || self.exclude.len() > MOST {
            let fault = format!("a pipeline takes at most {MOST} patterns to include and {MOST} to exclude");
            faults.push(
                Diagnostic::error("too-many-paths", fault)
                    .at(span)
                    .help("join some of them with `**`"),
            );
        }
    }

    fn filter(&self) -> Expr<Handle> {
        let patterns = |it: &[String]| (!it.is_empty()).then(|| it.to_vec());
        object! { "Excludes" => patterns(&self.exclude), "Includes" => patterns(&self.include) }
    }
}

/// What a source says of the changes that start its pipeline.
#[derive(Clone, Copy)]
pub(super) struct Triggers<'a> {
    pub(super) branch: &'a Text,
    pub(super) push: Spanned<bool>,
    pub(super) paths: Option<&'a Spanned<Paths>>,
    pub(super) pull_requests: Option<&'a PullRequests>,
}

impl Triggers<'_> {
    pub(super) fn check(self, faults: &mut Vec<Diagnostic>) {
        if let Some(paths) = self.paths {
            paths.value.check(paths.span, faults);
            if !self.push.value {
                faults.push(
                    Diagnostic::error("no-effect", "`paths` is about pushes, and none starts the pipeline")
                        .label(paths.span, "")
                        .label(self.push.span, "no push")
                        .help("remove `paths`, or move it into `pullRequests`"),
                );
            }
        }
        if let Some(pull_requests) = self.pull_requests {
            pull_requests.check(faults);
        }
    }

    /// Whether every push to the branch starts the pipeline, and nothing else; otherwise the source action must not
    /// start it of itself.
    pub(super) fn are_plain(self) -> bool {
        self.push.value && self.paths.is_none() && self.pull_requests.is_none()
    }

    /// What starts the pipeline whose source action is `source`. Runs for pull requests do not wait for each other, if
    /// the pipeline deploys nothing.
    pub(super) fn start(self, scope: &mut Scope<'_>, source: &'static str, deploys: bool) -> Start {
        let push = (self.push.value && !self.are_plain()).then(|| {
            list![object! {
                "Branches" => object! { "Includes" => list![scope.text(self.branch)] },
                "FilePaths" => self.paths.map(|it| it.value.filter()),
            }]
        });
        let pull_request = self.pull_requests.map(|it| list![it.filter(scope, self.branch)]);
        let is_filtered = push.is_some() || pull_request.is_some();
        let triggers = is_filtered.then(|| {
            let git = object! { "PullRequest" => pull_request, "Push" => push, "SourceActionName" => source };
            list![object! { "GitConfiguration" => git, "ProviderType" => "CodeStarSourceConnection" }]
        });
        Start { triggers, is_parallel: self.pull_requests.is_some() && !deploys }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{pipeline::tests::from, testing::Stack};

    const SHOP: &str = "github: acme/shop, connection: 'arn:aws:codeconnections:eu-west-1:111122223333:connection/1'";

    fn with(triggers: &str, properties: &str) -> Stack {
        from(&format!("{SHOP}, {triggers}"), properties)
    }

    fn faults(triggers: &str) -> Vec<String> {
        with(triggers, "build: {repository: repo}").faults()
    }

    /// What starts a pipeline that deploys nothing, beside its source action.
    fn started(triggers: &str) -> Value {
        let stack = with(triggers, "build: {repository: repo}");
        assert_eq!(stack.faults(), [""; 0]);
        let resource = stack.properties("d/Resource");
        let git = resource["Triggers"][0]["GitConfiguration"].clone();
        assert_eq!(resource["Stages"][0]["Actions"][0]["Configuration"]["DetectChanges"], false);
        assert_eq!(git["SourceActionName"], if git.is_null() { json!(null) } else { json!("GitHub") });
        json!([git["Push"], git["PullRequest"], resource["ExecutionMode"]])
    }

    #[test]
    fn starts_only_for_some_files() {
        let push = |files| json!([[{ "Branches": { "Includes": ["main"] }, "FilePaths": files }], null, null]);
        assert_eq!(started("paths: ['src/**']"), push(json!({ "Includes": ["src/**"] })));
        assert_eq!(
            started("paths: {include: ['**'], exclude: ['docs/**']}"),
            push(json!({ "Excludes": ["docs/**"], "Includes": ["**"] }))
        );
    }

    #[test]
    fn starts_for_pull_requests_beside_pushes_or_instead() {
        let push = json!([{ "Branches": { "Includes": ["main"] } }]);
        let pull_request = json!([{ "Branches": { "Includes": ["main"] }, "Events": ["OPEN", "UPDATED"] }]);
        assert_eq!(started("pullRequests: true"), json!([push, pull_request, "PARALLEL"]));
        assert_eq!(started("pullRequests: true, push: false"), json!([null, pull_request, "PARALLEL"]));
        assert_eq!(
            started("push: false, pullRequests: {branches: [main, 'release/**'], events: [closed], paths: ['src/**']}"),
            json!([
                null,
                [{ "Branches": { "Includes": ["main", "release/**"] }, "Events": ["CLOSED"], "FilePaths": { "Includes": ["src/**"] } }],
                "PARALLEL",
            ])
        );
    }

    #[test]
    fn starts_for_nothing_but_people() {
        assert_eq!(started("push: false"), json!([null, null, null]));
    }

    #[test]
    fn warns_of_pull_requests_that_are_deployed() {
        let deploying = |stages: &str| with("pullRequests: true", &format!("deploy: web, stages: [{stages}]"));
        assert_eq!(
            deploying("{name: T, commands: [a]}").faults(),
            ["pull-request-deployed at `true`: a pull request is deployed before anybody has merged it"]
        );
        assert_eq!(deploying("{name: Ok, approval: true}").faults(), [""; 0]);
        assert_eq!(deploying("{name: Ok, approval: true}").properties("d/Resource")["ExecutionMode"], json!(null));
    }

    #[test]
    fn points_at_paths_that_say_nothing_or_too_much() {
        assert_eq!(faults("paths: []"), ["no-effect at `[]`: no pattern is given"]);
        assert_eq!(
            faults("paths: [a, b, c, d, e, f, g, h, i]"),
            ["too-many-paths at `[a, b, c, d, e, f, g, h, i]`: a pipeline takes at most 8 patterns to include and 8 to exclude"]
        );
        assert_eq!(
            faults("push: false, paths: [a]"),
            ["no-effect at `[a]`: `paths` is about pushes, and none starts the pipeline"]
        );
    }

    #[test]
    fn points_at_pull_requests_that_say_nothing_or_too_much() {
        assert_eq!(
            faults("pullRequests: {branches: [a, b, c, d, e, f, g, h, i], events: []}"),
            [
                "too-many-branches at `i`: a pipeline takes at most 8 patterns of branches",
                "no-effect at `[]`: no pull request starts the pipeline without an event",
            ]
        );
        assert_eq!(
            faults("pullRequests: {events: [open, open], paths: []}"),
            ["no-effect at `open`: `open` is there before", "no-effect at `[]`: no pattern is given"]
        );
    }
}
