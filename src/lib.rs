//! `asi`: from a page of YAML to a CloudFormation template.
//!
//! # The way of a stack
//!
//! ```text
//! asi.yaml ── load ──▶ Stacks ── expand ──▶ Tree ── resolve ──▶ Templates ──▶ YAML, JSON
//!                                  ▲                                │
//!                              catalogue                            ├─ assembly ──▶ cdk.out
//!                                                     any template ─┼─ validate ──▶ findings
//!                                                                   └─ graph ─────▶ SVG, Mermaid
//!
//!      Template, deployed Template ── diff ──▶ TemplateDiff ─┐
//!      Template ── deploy ──▶ ChangeSet (CloudFormation) ────┴─ plan ──▶ Plan ─┬─ consent ──▶ deploy ──▶ events
//!                                                                             └─ review ──▶ Review, Fingerprint
//! ```
//!
//! - [`load`] reads the file, lays the chosen environment over it, and checks its frame.
//! - [`expand`] reads each construct's properties, and lets the constructs build in the order of their references.
//!   The constructs and the kernel they are written in are the crate `asi-constructs`.
//! - [`resolve`] gives each resource its logical id and each reference its target.
//! - [`template`] is the finished document. It writes itself, and takes patches.
//! - [`validate`] finds what is wrong with a template, ours or anybody's.
//! - [`diff`] tells what two templates say differently, and what CloudFormation would do about it.
//! - [`refactor`] finds what has moved between stacks, and what CloudFormation has to be told to move it as it is.
//! - [`plan`] is what CloudFormation says of that, and what it leaves to the schemas.
//! - [`review`] is what somebody should know who approves that: dangers, what is noticed, what to see to.
//! - [`deploy`] brings a stack to CloudFormation, follows it there, and knows the ways on when something failed.
//! - [`assets`] tells files and folders apart by what they hold, and packs them.
//! - [`assembly`] is what the CDK's own CLI takes.
//! - [`graph`] is templates as a picture for people: cards, groups and arrows, and where they stand.
//! - [`ops`] has one function for each use of the program; [`cli`] one file for each command.
//! - [`present`] turns models into documents, [`render`] prints documents, [`wire`] is JSON for programs.
//! - [`world`] is everything outside of the process.
//!
//! # What must stay true
//!
//! - Who may use whom is a table in `tests/architecture.rs`, lowest first.
//! - Same input, same bytes. No `HashMap` (its order reaches the template), no clock, no randomness.
//!   `clippy.toml` bans them by name, with the reason.
//! - Only [`world`] touches files, environment, clock and network. Only [`cli`] prints, and only `main` exits.
//! - A stage takes a value and returns a value and diagnostics. It does not stop at the first fault, and never
//!   turns a fault into text.
//! - No type outside of [`wire`] derives `Serialize`. [`template`] and [`assembly`] have hand-written JSON, because
//!   that form is theirs by contract.
//! - An id is a contract. Logical ids, construct ids, the codes of diagnostics, JSON fields and exit codes change
//!   only with a changelog entry under "Breaking".
//! - What the user wrote that had no effect is reported.
//!
//! # Decisions
//!
//! - *Properties are declared by macros of our own* (`properties!`, `choices!`, `exports!` in the kernel), not by
//!   the derives of serde and schemars: those stop at the first fault of a group, and cannot say a default as the
//!   user would write it. One declaration gives the reader, the messages, the schema, and the documentation.
//! - *A finished template is a document* (`Node`) whose values carry the place that caused them, not a tree of
//!   resource types: it is written, patched and checked as what it is, and an excerpt of the stack file can be
//!   shown for anything in it. That no reference dangles is guaranteed one step earlier, where references are handles.
//! - *The tree is a tree*: resources come out in the order of the construct tree, as the CDK writes them, whatever
//!   the order in which constructs had to build.
//! - *Text put together is written as `Fn::Sub`* where that can say it, because people can read it; CloudFormation
//!   makes no difference between that and the CDK's `Fn::Join`.
//! - *Regions, accounts and partitions are pseudo parameters* in everything a construct makes, even in a stack that
//!   is bound to a region: one template serves all environments.
//! - *Stack tags stay out of the template*, as with the CDK: they are the deployment's, and stand in the assembly.
//! - *A finding keeps the code that cfn-lint has for it*, because people know, search for and suppress these; what has
//!   none has a name of ours. All of them are rows of `present/rules.md`.
//! - *A value is known, one of several, or unknown*, and only what is certain is a fault: the defaults of parameters
//!   are candidates, `Fn::If` is decided scenario by scenario, and a function nobody can evaluate satisfies everything.
//! - *Of a schema is read what the template uses*: most of the work of validating one template would else be to learn
//!   what properties have to be that it does not have.
//! - *A difference is judged by the schemas, and followed to the end*: what refers to a resource that is replaced gets
//!   another value, and is replaced itself where that is fixed. Such resources name the first cause, and are counted
//!   under it; only what holds data is never counted and always named.
//! - *Lists are sets where a schema says so* (`insertionOrder: false`), and in the statements of policies; elsewhere
//!   their order means something. Permissions are compared as rows, so that where a statement is written is no matter.
//! - *What is renamed is found again* by its type and properties, as references to it are: it has moved.
//! - *A template that cannot be read is a finding* (`E0000`), and ends the run with the exit code for bad input.
//! - *Files are validated side by side*, each from its bytes to its findings on one thread, so that one document for
//!   each core is in memory; what is kept of a file is its findings and, if it has some, its text.
//! - *A picture is read from finished templates*, not from the tree: overrides and patches are in it, templates of
//!   any origin are drawn like ours, and what a resource belongs to follows from the path that comes with the template.
//!   What types of resources mean is one table, so that a construct nobody thought of has a card without being told.
//! - *A stack has one template*, whoever deploys it: what the CDK adds to it when it is asked to, or unless it is (the
//!   version of the bootstrap as a parameter with its rule, paths as metadata, `CDKMetadata`), is not in it, or each change
//!   of tool would change the stack. The CLI reads the paths in the manifest, and there, too, which version it has to check.
//! - *Environments are stacks side by side in an assembly*, not stages: what `asi ls` lists, `cdk ls` lists, by the same
//!   names, and what is made of a stack's name stays. A stage would hide them from `cdk deploy --all`; so do names.
//! - *An assembly is written as the CDK writes it, in the oldest version that carries it*: metadata stands in the manifest,
//!   where every CLI looks for it. Its constructs are ours, and are named and versioned as such.
//! - *What was found goes with the assembly*: as annotations for a CLI that knows no reports, and as the report on these
//!   for one that does. Errors do not: there is no assembly then.
//! - *With no environment chosen* the stack is named after the app and has no `${env}`; with one it is named
//!   `<app>-<environment>`. A stack of several ends so: `<app>-<environment>-<stack>`.
//! - *The stacks of an app stand in one tree*, filled one after the other: what one takes from another is the same
//!   handle, and only `resolve` sees that it lies in another template, and makes an export of it. What belongs beside
//!   a resource of another stack stands in the stack that needs it, so that no stack depends on who uses it.
//! - *What constructs have in common is a group of properties that each takes in* (`Inline`): a container, what it runs
//!   on, how it is reached, how it is deployed. So a property means the same wherever it stands, and is said once.
//! - *The priority of a rule behind a shared load balancer is written, not counted*: a service that comes or goes then
//!   changes nothing of the others.
//! - *A grant is written at the one who uses it*, as the CDK's are, because he refers to the other anyway; written at the
//!   other, the two would refer to each other in a circle.
//! - *AWS is not behind a trait*: what a test has in its place is a server that speaks its protocol, so that what is sent and
//!   what is read are tested with everything else. Only models of answers ([`world::cloudformation`]) leave the world.
//! - *A change set is made for every change, and none where the templates say that there is nothing to do*: reading tells
//!   that sooner, and changes nothing.
//! - *A parameter's value that was only a default follows the default*: who edits a default means it. CloudFormation, and
//!   the CDK with it, keep the old one without a word.
//! - *CloudFormation's word counts, but for what it leaves open*: whatever refers to a resource that is changed may be given
//!   another value, it says; what identifies a resource that stays is the same.
//! - *An approval belongs to what is done, not to when it was asked*: the fingerprint of a plan depends on nothing but what
//!   there is and what there will be. That of a review without AWS is as good as long as CloudFormation does nothing besides,
//!   and nothing worse.
//! - *What is a secret is decided in one place* (`template::secrets`), and hidden before anybody prints: in a difference when
//!   it is made, in the text that excerpts are taken from when a file is read. Only what prints a template shows it whole.
//! - *A page for a browser is one file with one script, which it names by its hash*: what a template says is never run, whatever
//!   was forgotten, and without the script a picture leads to its notes as any link does.
//! - *Every call that changes something carries a token*, so that an answer that is lost costs nothing; who has died
//!   learns from the stack what is under way, and keeps no state of his own.
//! - *An account is prepared under the CDK's names and version*, by a template of our own: either tool then updates what the
//!   other made, and apps of the CDK find what they ask for. What the CDK's template grants silently is a parameter's value here.
//! - *What CloudFormation calls is granted by way of CloudFormation only* (`aws:CalledVia`), and on any resource: a schema says
//!   which actions a type needs, and not on what.
//! - *A deletion that would stop half-way does not begin*: a bucket or a repository that holds something keeps its stack, until
//!   somebody names it to be emptied. No template and no metadata stands for that name.
//! - *Standard input has one reader*: nobody can take back that a line is read, so a question that comes in between gets it, and
//!   the other is put again.
//! - *ECS is asked the moment a service fails*, because what is turned back may be gone soon; whatever it answers, what
//!   CloudFormation said stands first.
//! - *What is built of files is named by what these hold, before it is built*: constructs say which images there are, the files
//!   are looked at once these are known, and the stacks are expanded again with the names. A deployment builds what its
//!   registry lacks, and `asi synth` needs nothing but the files.
//! - *A program that an assembly names is run*, as the CDK runs it: who deploys somebody's assembly trusts it with more.
//! - *Half of the house is a feature*: `aws` is what talks to AWS. Without it nothing is asynchronous.
//! - *Synthesis and validation ask nobody*: what constructs have to know of AWS is read from `cdk.context.json`, and where
//!   it is missing, the fault names the command that looks it up. Commands that ask AWS anyway look it up and go on; so a
//!   template depends on what stands in the repository, and no dummy stands in one.
//! - *What is looked up is kept to the byte as the CDK keeps it*, because both tools read and write the same file, and who
//!   commits it wants no differences. Only that what was not found is told in our own words.
//! - *GitHub and GitLab are asked by the client that AWS is asked with*, so that posting a review is of that half, too;
//!   printing one as Markdown is not.
//! - *A comment is its own record*: it is found by its first line, which nobody sees, and by who wrote it; the lines after
//!   that say what was approved. Nothing is kept elsewhere, and what somebody else has written or changed approves nothing.
//! - *An app of the CDK is run as the CDK's own CLI runs it*: by the shell, told by the same variables, under the same locks. Where
//!   nothing else is said and there is no stack file, it is that of `cdk.json`. The CDK's own validator is left out, because
//!   templates are validated here; `"validation": true` has it run, too.
//! - *Of an assembly is read what lies in its folder*, by paths and by links, and nothing is made of one with a fault: it is
//!   data from elsewhere. A value that nobody has looked up is such a fault, except for who only lists or draws.
//! - *A hotswap is asked for each time, and whole or not at all*: it makes the new revision of the one that the stack has, with the
//!   containers of the template; values that only CloudFormation knows are those of the deployed revision, and where one is
//!   not to be found, nothing is begun.
//! - *A watch does one thing at a time*, and waits for two: a change, and Ctrl-C; so it is of the half that waits. What was
//!   written again as it was is no change, because an app's build may write beside its sources whenever it is run.
//! - *A release through the stack is an update with the template it has*, asked for by a project of CodeBuild:
//!   CodePipeline's own action for CloudFormation would leave its role to the stack, for all that comes later.

pub mod assembly;
pub mod assets;
pub mod cli;
pub mod deploy;
pub mod diff;
pub mod expand;
pub mod graph;
pub mod load;
pub mod ops;
pub mod plan;
pub mod present;
pub mod refactor;
pub mod render;
pub mod resolve;
pub mod review;
pub mod template;
pub mod validate;
pub mod wire;
pub mod world;
