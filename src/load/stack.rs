//! The frame of a stack file: its sections, its environments, and the names in them.

use std::{borrow::Cow, collections::BTreeMap};

use asi_constructs::{
    choices,
    kernel::{
        construct::Catalogued,
        diagnostic::Diagnostic,
        map::{Entry, Map},
        name::Name,
        node::{Node, NodeKind},
        property::{Property, Reader, Text, read_entry},
        shape::{Field, Shape},
        span::{Span, Spanned},
        tree::References,
    },
    properties,
};
use indexmap::IndexMap;

use super::{
    layers::{Whole, check_environments, overlaid, wholes},
    moves::{self, Move},
};
use crate::template::Operation;

/// A stack as the user wrote it, for one environment.
#[derive(Clone, Debug)]
pub struct Stack {
    /// The name of the app.
    pub app: Spanned<String>,
    /// Its name among the stacks of the app, if that is made of several.
    pub part: Option<Spanned<String>>,
    /// How other stacks of the app refer to it.
    pub references: References,
    /// The environment that was chosen.
    pub environment: Option<String>,
    /// What the environments change that were not chosen.
    pub elsewhere: Vec<Node>,
    /// The region it is bound to.
    pub region: Option<String>,
    /// The account it is bound to.
    pub account: Option<String>,
    /// What it is, for people.
    pub description: Option<Text>,
    /// Tags for everything in it.
    pub tags: IndexMap<String, Text>,
    /// Whether it is to be protected from deletion, if that is not left as it is.
    pub is_protected: Option<bool>,
    /// Parameters given at deployment.
    pub parameters: Map<Parameter>,
    /// Constructs, in the order written.
    pub constructs: Vec<Declared>,
    /// What has been renamed: by its name, the name it was deployed under.
    pub moved: BTreeMap<String, String>,
    /// What was deployed in another stack of the app: by the name it was deployed under, that of the stack in the app.
    pub arrived: BTreeMap<String, String>,
    /// Resources as in a template.
    pub resources: Map<Node>,
    /// `Conditions` as in a template.
    pub conditions: Option<Node>,
    /// `Mappings` as in a template.
    pub mappings: Option<Node>,
    /// `Rules` as in a template.
    pub rules: Option<Node>,
    /// `Metadata` as in a template.
    pub metadata: Option<Node>,
    /// `Transform` as in a template.
    pub transform: Option<Node>,
    /// Output.
    pub outputs: Map<Output>,
    /// Changes to the finished template.
    pub patches: Vec<Spanned<Operation>>,
    /// How it is validated.
    pub validate: Option<Validate>,
}

impl Stack {
    /// The name CloudFormation knows it by.
    pub fn name(&self) -> String {
        let part = self.part.as_ref().map(|it| it.value.as_str());
        stack_name(&self.app.value, self.environment.as_deref(), part)
    }

    /// Whether something was found in this stack, as far as is known.
    pub fn is_place_of(&self, found: &Diagnostic) -> bool {
        match found.path.as_ref().and_then(|it| it.components().next()) {
            Some(stack) => stack == self.name(),
            None => self.construct_at(found.span()).is_some(),
        }
    }

    /// The construct that is written around this place.
    pub fn construct_at(&self, span: Span) -> Option<&Declared> {
        self.constructs.iter().find(|it| it.name.span.contains(span) || it.properties.span.contains(span))
    }

    /// The name of what was deployed as `id`.
    pub fn name_of<'a>(&'a self, id: &'a str) -> &'a str {
        self.moved.iter().find(|(_, it)| *it == id).map_or(id, |(name, _)| name)
    }
}

/// Whether it is written as the id of an account is.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|it| it.is_ascii_digit())
}

/// The name of a stack of an app in an environment.
pub fn stack_name(app: &str, environment: Option<&str>, part: Option<&str>) -> String {
    [Some(app), environment, part].into_iter().flatten().collect::<Vec<_>>().join("-")
}

/// A construct as the user wrote it.
#[derive(Clone, Debug)]
pub struct Declared {
    /// Its name.
    pub name: Name,
    /// Its kind.
    pub kind: Spanned<String>,
    /// Its properties.
    pub properties: Node,
    /// Changes to the resources it makes, by their path below it.
    pub overrides: Option<Node>,
    /// Findings about the resources it makes that are right as they are, each with the reason.
    pub acknowledge: Map<Reason>,
}

/// Everything that may stand under a construct: its own properties, and what every construct takes.
pub fn construct_fields(of: &Catalogued) -> Vec<Field> {
    let kind = Field {
        key: "type",
        docs: "The kind of construct; `asi explain` lists them.",
        default: None,
        required: true,
        shape: Shape::text("the name of a kind"),
    };
    let overrides = Field {
        key: "overrides",
        docs: "Changes to the resources it makes, by their path below it.",
        default: None,
        required: false,
        shape: Shape::Map(Box::new(Shape::Map(Box::new(Shape::Any)))),
    };
    let acknowledge = Field {
        key: "acknowledge",
        docs: "What `asi validate` finds in the resources it makes and is right as it is: the code of a finding, \
               with the reason.",
        default: None,
        required: false,
        shape: Ordered::<Reason>::shape(),
    };
    let own = (of.shape)();
    [kind].into_iter().chain(own.fields().iter().cloned()).chain([overrides, acknowledge]).collect()
}

properties! {
    /// A page of constructs that becomes a CloudFormation stack, or some.
    pub struct Frame {
        /// The name of the app, and of its stack: letters, digits and `-`. With an environment, the stack is
        /// named `<app>-<environment>`.
        app: Spanned<String>,
        /// What the stack is, for people.
        description: Option<Text>,
        /// The region it is bound to, such as `eu-west-1`. If absent, it may be deployed to any.
        region: Option<Spanned<String>>,
        /// The account it is bound to, twelve digits. If absent, it may be deployed to any.
        account: Option<Spanned<String>>,
        /// Tags that the deployment puts on every resource that takes tags.
        tags: IndexMap<String, Text>,
        /// Whether CloudFormation refuses to delete the stack, as a whole: what is in it may still go. If absent, that
        /// stays as it is.
        termination_protection: Option<bool>,
        /// CloudFormation parameters, given at deployment.
        parameters: Ordered<Parameter>,
        /// The stacks of an app that is made of several, each under its name: what else stands at the top of the
        /// file, from `parameters` to `patches`, stands in one of them. One names what is in another as
        /// `<stack>.<construct>`.
        stacks: Option<Node>,
        /// How one stack refers to what is in another.
        references: References = "strong",
        /// The constructs, each under its name: `type` says its kind.
        constructs: Option<Node>,
        /// Renames of constructs and resources: what was deployed as `from` is called `to` in this file now, and keeps
        /// all that was made of its old name, logical ids first of all, so that nothing is replaced. An entry stays for
        /// as long as what it renames.
        moved: Vec<Move>,
        /// Plain CloudFormation resources, each under its logical id.
        resources: Option<Node>,
        /// CloudFormation's `Conditions`.
        conditions: Option<Node>,
        /// CloudFormation's `Mappings`.
        mappings: Option<Node>,
        /// CloudFormation's `Rules`.
        rules: Option<Node>,
        /// CloudFormation's `Metadata`.
        metadata: Option<Node>,
        /// CloudFormation's `Transform`.
        transform: Option<Node>,
        /// What the stack tells about itself once it is deployed, each under its name.
        outputs: Ordered<Output>,
        /// Changes to the finished template, as RFC 6902 has them.
        patches: Vec<Spanned<Operation>>,
        /// How `asi validate` and `asi synth` judge its template.
        validate: Option<Validate>,
        /// Environments by name, each with what is different in it: mappings merge deeply, lists and scalars
        /// replace, `null` takes a key away.
        environments: Option<Node>,
    }
}

properties! {
    /// How `asi validate` and `asi synth` judge its template.
    pub struct Validate {
        /// The region to validate for. If absent, the stack's own; a stack without one is validated for any.
        region: Option<Spanned<String>>,
        /// Findings that are right as they are: the code of one, or what several codes begin with, with the
        /// reason.
        ignore: Ordered<Reason>,
        /// How bad a finding has to be for `asi validate` to end with exit code 1, unless `--fail-on` says so.
        fail_on: Option<FailOn>,
    }
}

choices! {
    /// How bad a finding has to be for exit code 1.
    pub enum FailOn {
        /// CloudFormation or a service refuses it.
        Error,
        /// Nobody wants it.
        Warning,
        /// It is worth knowing.
        Info,
        /// Nothing is that bad.
        Never,
    }
}

properties! {
    /// A CloudFormation parameter.
    pub struct Parameter {
        /// CloudFormation's type of it: `String`, `Number`, `CommaDelimitedList`, `AWS::EC2::VPC::Id`, ….
        type_: Spanned<String> = "String",
        /// The value if none is given.
        default: Option<Text>,
        /// What it is for.
        description: Option<String>,
        /// The values it may have.
        allowed_values: Vec<Text>,
        /// The regular expression its value has to match.
        allowed_pattern: Option<String>,
        /// What to say when the value is not allowed.
        constraint_description: Option<String>,
        /// The least number of characters.
        min_length: Option<u32>,
        /// The greatest number of characters.
        max_length: Option<u32>,
        /// The least number.
        min_value: Option<f64>,
        /// The greatest number.
        max_value: Option<f64>,
        /// Whether its value is kept from sight.
        no_echo: Option<bool>,
    }
}

properties! {
    /// What the stack tells about itself.
    pub struct Output from value {
        /// The value, one text.
        value: Text,
        /// What it is.
        description: Option<Text>,
        /// The name under which other stacks may import it; unique in account and region.
        export: Option<Text>,
        /// The condition under which it is there.
        condition: Option<Spanned<String>>,
    }
}

/// Entries of the user's naming, in order, with the place of each name.
#[derive(Clone, Debug, Default)]
pub struct Ordered<T>(pub Map<T>);

impl<T: Property> Property for Ordered<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Some(map) = node.as_map() else { return reader.mismatch(node, "a mapping") };
        let entries: Vec<Option<(Cow<'static, str>, Entry<T>)>> = map
            .iter()
            .map(|(name, it)| {
                Some((name.clone(), Entry { key: it.key, value: read_entry(name, it, reader)? }))
            })
            .collect();
        entries.into_iter().collect::<Option<_>>().map(Self)
    }

    fn absent() -> Option<Self> {
        Some(Self(Map::default()))
    }

    fn shape() -> Shape {
        Shape::Map(Box::new(T::shape()))
    }
}

/// Why something that is found is right as it is. Without a reason, nobody can tell later.
#[derive(Clone, Debug)]
pub struct Reason(pub String);

impl Property for Reason {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let reason = String::read(node, reader)?;
        if reason.trim().is_empty() {
            return reader.reject(
                Diagnostic::error("missing-reason", "an acknowledgement needs a reason")
                    .at(node.span)
                    .help("say why it is right as it is"),
            );
        }
        Some(Self(reason))
    }

    fn shape() -> Shape {
        Shape::text("the reason, in words")
    }
}

/// The stacks that a stack file holds for `environment`, in the order written.
pub fn stacks(root: &Node, environment: Option<&str>) -> (Vec<Stack>, Vec<Diagnostic>) {
    if root.kind == NodeKind::Null {
        let fault = Diagnostic::error("empty-file", "the file is empty").at(root.span);
        let help = "begin with `app:` and `constructs:`, or make a stack with `asi init`";
        return (Vec::new(), vec![fault.help(help)]);
    }
    let mut reader = Reader::default();
    let declared = check_environments(root, &mut reader);
    let whole = overlaid(root, environment, &declared, &mut reader);
    let others = declared.iter().filter(|(name, _)| Some(name.as_str()) != environment);
    let elsewhere: Vec<&Node> = others.filter_map(|(_, changes)| *changes).collect();
    let mut stacks = Vec::new();
    for Whole { part, node, elsewhere } in wholes(whole, &elsewhere, &mut reader) {
        if let Some(frame) = read_frame(&node, &mut reader) {
            let moves = frame.moved.clone();
            let mut stack = build(frame, part, environment.map(str::to_owned), elsewhere, &mut reader);
            let found = moves::check(&moves, &stack, root, &mut reader);
            (stack.moved, stack.arrived) = (found.ids, found.arrived);
            stacks.push(stack);
        }
    }
    check_names_of_stacks(&stacks, &mut reader);
    (stacks, reader.diagnostics)
}

/// Reports a name that is put together from several and gets longer than CloudFormation takes.
fn check_length(stack: &Stack, reader: &mut Reader) {
    const LONGEST: usize = 128;
    let name = stack.name();
    if let Some(part) = stack.part.as_ref().filter(|_| name.len() > LONGEST) {
        let fault = format!("`{name}` has {} characters, and CloudFormation takes {LONGEST}", name.len());
        reader.report(
            Diagnostic::error("stack-name", fault)
                .at(part.span)
                .help("shorten the name of the app, of the environment, or of the stack"),
        );
    }
}

/// What has the name of a stack would hide all that is in it.
fn check_names_of_stacks(stacks: &[Stack], reader: &mut Reader) {
    let parts: Vec<&Spanned<String>> = stacks.iter().filter_map(|it| it.part.as_ref()).collect();
    stacks.iter().for_each(|it| check_length(it, reader));
    for (name, span, what) in stacks.iter().flat_map(names) {
        if let Some(part) = parts.iter().find(|it| it.value == name) {
            reader.report(
                Diagnostic::error("duplicate-name", format!("`{name}` names a stack and {what}"))
                    .label(span, format!("{what} here"))
                    .label(part.span, "a stack here")
                    .help("rename one of them"),
            );
        }
    }
}

/// The names in a stack that references may give, their places, and what they name.
fn names(stack: &Stack) -> impl Iterator<Item = (&str, Span, &'static str)> {
    let constructs = stack.constructs.iter().map(|it| (it.name.text.as_str(), it.name.span, "a construct"));
    let resources = stack.resources.iter().map(|(name, it)| (&**name, it.key, "a resource"));
    let parameters = stack.parameters.iter().map(|(name, it)| (&**name, it.key, "a parameter"));
    constructs.chain(resources).chain(parameters)
}

fn read_frame(root: &Node, reader: &mut Reader) -> Option<Frame> {
    if root.as_map().is_none() {
        return reader.mismatch(root, "a mapping with `app` and `constructs`");
    }
    Frame::read(root, reader).or_else(|| salvage(root))
}

/// What can be read of a frame whose faults have been reported, so that those of its constructs are found too.
fn salvage(root: &Node) -> Option<Frame> {
    let app = (Cow::Borrowed("app"), Entry::from(Node::text("app", Span::NOWHERE)));
    let frame = |entries: &Map<Node>| {
        let node = Node::new(NodeKind::Map(entries.clone()), root.span);
        Frame::read(&node, &mut Reader::default())
    };
    let mut sound: Map<Node> = Map::from_iter([app]);
    for (key, entry) in root.as_map()? {
        let mut with = sound.clone();
        with.insert(key.clone(), entry.clone());
        if frame(&with).is_some() {
            sound = with;
        }
    }
    frame(&sound)
}

fn build(
    frame: Frame,
    part: Option<Spanned<String>>,
    environment: Option<String>,
    elsewhere: Vec<Node>,
    reader: &mut Reader,
) -> Stack {
    check_app(&frame.app, reader);
    let validated = frame.validate.as_ref().and_then(|it| it.region.as_ref());
    for region in frame.region.iter().chain(validated) {
        check_region(region, reader);
    }
    if let Some(account) = &frame.account
        && !is_account(&account.value)
    {
        reader.report(
            Diagnostic::error("account", format!("`{}` is no account", account.value))
                .at(account.span)
                .help("write the twelve digits of its id"),
        );
    }
    let constructs = frame.constructs.map_or_else(Vec::new, |it| declared(&it, reader));
    let resources = section(frame.resources.as_ref(), reader);
    let stack = Stack {
        app: frame.app,
        part,
        references: frame.references,
        environment,
        elsewhere,
        region: frame.region.map(|it| it.value),
        account: frame.account.map(|it| it.value),
        description: frame.description,
        tags: frame.tags,
        is_protected: frame.termination_protection,
        parameters: frame.parameters.0,
        constructs,
        moved: BTreeMap::new(),
        arrived: BTreeMap::new(),
        resources,
        conditions: frame.conditions,
        mappings: frame.mappings,
        rules: frame.rules,
        metadata: frame.metadata,
        transform: frame.transform,
        outputs: frame.outputs.0,
        patches: frame.patches,
        validate: frame.validate,
    };
    check_names(&stack, reader);
    stack
}

fn declared(constructs: &Node, reader: &mut Reader) -> Vec<Declared> {
    let Some(map) = constructs.as_map() else {
        reader.mismatch::<()>(constructs, "a mapping of names to constructs");
        return Vec::new();
    };
    map.iter().filter_map(|(name, entry)| declare(name, entry, map, reader)).collect()
}

fn declare(name: &str, entry: &Entry<Node>, all: &Map<Node>, reader: &mut Reader) -> Option<Declared> {
    check_construct_name(name, entry.key, reader);
    let Some(map) = entry.value.as_map() else {
        return reader.mismatch(&entry.value, "a mapping with a `type`");
    };
    let mut properties = map.clone();
    let kind = properties.shift_remove("type");
    let overrides = properties.shift_remove("overrides").map(|it| it.value);
    let acknowledge = properties.shift_remove("acknowledge");
    let acknowledge = acknowledge.and_then(|it| Ordered::read(&it.value, reader));
    let Some(kind) = kind else {
        let typed = all.iter().filter(|(_, it)| it.value.get("type").is_some()).map(|(name, _)| &**name);
        let fault =
            Diagnostic::error("missing-type", format!("the construct `{name}` has no `type`")).at(entry.key);
        let near = asi_constructs::kernel::diagnostic::nearest(name, &typed.collect::<Vec<_>>());
        return reader.reject(match near {
            Some(near) => fault.help(format!("did you mean the construct `{near}`?")),
            None => fault.help("add `type:`, such as `type: FargateService`; `asi explain` lists them"),
        });
    };
    let kind = Spanned::<String>::read(&kind.value, reader)?;
    Some(Declared {
        name: Name::new(name, entry.key),
        kind,
        properties: Node::new(NodeKind::Map(properties), entry.value.span),
        overrides,
        acknowledge: acknowledge.map_or_else(Map::default, |it: Ordered<Reason>| it.0),
    })
}

fn section(node: Option<&Node>, reader: &mut Reader) -> Map<Node> {
    match node {
        None => Map::default(),
        Some(node) => node.as_map().cloned().unwrap_or_else(|| {
            reader.mismatch::<()>(node, "a mapping");
            Map::default()
        }),
    }
}

/// Constructs, resources and parameters share one space of names, because references do.
fn check_names(stack: &Stack, reader: &mut Reader) {
    let mut seen: IndexMap<&str, (Span, &str)> = IndexMap::new();
    for (name, span, what) in names(stack) {
        if matches!(name, "param" | "env" | "AWS") {
            reader.report(
                Diagnostic::error(
                    "reserved-name",
                    format!("`{name}` has a meaning of its own in references"),
                )
                .at(span)
                .help("choose another name"),
            );
        }
        if let Some((first, was)) = seen.insert(name, (span, what)) {
            reader.report(
                Diagnostic::error("duplicate-name", format!("`{name}` names {was} and {what}"))
                    .label(span, format!("{what} here"))
                    .label(first, format!("{was} here"))
                    .help("rename one of them"),
            );
        }
    }
}

/// Whether `text` may name an app, and so begin the name of a stack.
pub fn is_app_name(text: &str) -> bool {
    const LONGEST: usize = 100;
    text.starts_with(|it: char| it.is_ascii_alphabetic())
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
        && text.len() <= LONGEST
}

fn check_app(app: &Spanned<String>, reader: &mut Reader) {
    if !is_app_name(&app.value) {
        reader.report(
            Diagnostic::error("app-name", format!("`{}` cannot name a stack", app.value))
                .at(app.span)
                .help("begin with a letter, and use letters, digits and `-`, at most 100"),
        );
    }
}

pub(super) fn check_construct_name(name: &str, span: Span, reader: &mut Reader) {
    let fine = name.starts_with(|it: char| it.is_ascii_alphabetic())
        && name.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_'));
    if !fine {
        reader.report(
            Diagnostic::error("bad-name", format!("`{name}` cannot name a construct"))
                .at(span)
                .help("begin with a letter, and use letters, digits, `-` and `_`"),
        );
    }
    // The CDK leaves a `Default` out of every logical id.
    if name == "Default" {
        let fault = Diagnostic::error("reserved-name", "`Default` does not count in logical ids");
        reader.report(fault.at(span).help("choose another name"));
    }
}

fn check_region(region: &Spanned<String>, reader: &mut Reader) {
    let parts: Vec<&str> = region.value.split('-').collect();
    let fine = parts.len() >= 3
        && (2..=4).contains(&parts[0].len())
        && parts.last().is_some_and(|it| it.len() == 1 && it.as_bytes()[0].is_ascii_digit())
        && region.value.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-');
    if !fine {
        reader.report(
            Diagnostic::error("region", format!("`{}` is no region", region.value))
                .at(region.span)
                .help("write it as AWS does, such as `eu-west-1`"),
        );
    }
}
