//! From what the evaluation of a schema reports to what is said of it.

use asi_constructs::kernel::{
    diagnostic::{nearest, one_of},
    node::Node,
};
use jsonschema::{
    ValidationError,
    error::ValidationErrorKind as Kind,
    paths::{Location, LocationSegment},
};
use serde_json::Value as Json;

use super::{
    super::{
        report::{Found, Place},
        value::{Value, scalar},
    },
    compiled::Schema,
    excerpt::OTHERS,
    format,
    instance::Instance,
    keywords::{EMPTY, texts},
    prepare::{FORM, GROUPS, KNOWN, UNKNOWN},
    references,
};

/// A fault of a value, in words.
struct Fault<'t> {
    code: &'static str,
    place: Place<'t>,
    message: String,
    help: Option<String>,
    /// Another place that matters, and why.
    also: Option<(Place<'t>, &'static str)>,
    /// Whether it is only worth knowing.
    is_remark: bool,
}

/// What keeps `value`, the properties of a resource of a type or a part of them, from being what `schema` says.
pub(super) fn explain<'t>(value: Value<'t>, type_name: &str, schema: &Schema) -> Vec<Found<'t>> {
    explain_as(value, type_name, schema).into_iter().map(|(_, it)| it).collect()
}

/// The same, with the path below `value` of each.
pub(super) fn explain_as<'t>(
    value: Value<'t>,
    type_name: &str,
    schema: &Schema,
) -> Vec<(Location, Found<'t>)> {
    let Some(validator) = schema.validator() else { return Vec::new() };
    let errors: Vec<ValidationError<'_>> = validator.iter_errors(Instance::Value(value)).collect();
    let mut found = Vec::new();
    for error in &errors {
        let covers = |other: &ValidationError<'_>| {
            other.instance_path() == error.instance_path() && rank(other) < rank(error)
        };
        if errors.iter().any(covers) {
            continue;
        }
        for fault in Explanation::new(error, value, type_name, schema.json()).faults() {
            found.push((error.instance_path().clone(), fault.found()));
        }
    }
    found
}

/// What is said of one value and means the same: a value of the wrong type has not the right form either, and what
/// is no ARN does not match the pattern of one.
fn rank(error: &ValidationError<'_>) -> u8 {
    match error.kind() {
        Kind::Custom { keyword, .. } => match keyword.as_str() {
            "type" => 0,
            "format" => 1,
            "enum" | "const" | "enumCaseInsensitive" | FORM | "minLength" | "maxLength" => 2,
            _ => 0,
        },
        // Which of several forms is meant, whoever gives too much for one of them has been told already.
        Kind::OneOfMultipleValid { .. } => 3,
        _ => 0,
    }
}

impl<'t> Fault<'t> {
    fn found(self) -> Found<'t> {
        let is_warning = self.code.starts_with('W');
        let mut found = if self.is_remark {
            Found::info(self.code, self.place, self.message)
        } else if is_warning {
            Found::warning(self.code, self.place, self.message)
        } else {
            Found::error(self.code, self.place, self.message)
        };
        if let Some(help) = self.help {
            found = found.help(help);
        }
        if let Some((place, why)) = self.also {
            found = found.and(place, why);
        }
        found
    }
}

/// The text of a parameter that its `Ref` passes on, and that is wrong there: its default, or a value it allows.
fn source<'t>(value: Value<'t>, subject: &str) -> Option<&'t Node> {
    let parameter = &value.document.parameters.get(value.target()?.name)?.value;
    let allowed = parameter.get("AllowedValues").and_then(Node::as_list).unwrap_or_default();
    let mut sources = parameter.get("Default").into_iter().chain(allowed);
    sources.find(|it| scalar(it).as_deref() == Some(subject)).or_else(|| parameter.get("Default"))
}

/// One error of the evaluation, and what is needed to put it into words.
struct Explanation<'e, 't> {
    error: &'e ValidationError<'e>,
    /// The value that has the fault.
    at: Value<'t>,
    root: Value<'t>,
    type_name: &'e str,
    schema: &'e Json,
}

impl<'e, 't> Explanation<'e, 't> {
    fn new(error: &'e ValidationError<'e>, root: Value<'t>, type_name: &'e str, schema: &'e Json) -> Self {
        Self { error, at: reach(root, error.instance_path()), root, type_name, schema }
    }

    fn faults(&self) -> Vec<Fault<'t>> {
        let place = Place::Value(self.at.site);
        let holder = Place::Holder(self.at.site);
        let name = self.name();
        match self.error.kind() {
            Kind::AdditionalProperties { unexpected } => {
                unexpected.iter().map(|it| self.unexpected(it)).collect()
            }
            Kind::Required { property } => {
                let property = property.as_str().unwrap_or_default();
                let message = format!("{name} needs `{property}`");
                vec![Fault::new("E3003", holder, message).help(format!("add `{property}`"))]
            }
            Kind::MinItems { limit } => {
                let message = format!("{name} has {}", items(self.at.items().count()));
                vec![Fault::new("E3032", holder, message).help(format!("give it at least {}", items(*limit)))]
            }
            Kind::MaxItems { limit } => {
                let message = format!("{name} has {}", items(self.at.items().count()));
                vec![Fault::new("E3032", holder, message).help(format!("keep it to {}", items(*limit)))]
            }
            Kind::MinProperties { limit } => {
                let message = format!("{name} has {}", entries(self.at.entries().count()));
                vec![
                    Fault::new("E3032", holder, message)
                        .help(format!("give it at least {}", entries(*limit))),
                ]
            }
            Kind::MaxProperties { limit } => {
                let message = format!("{name} has {}", entries(self.at.entries().count()));
                vec![Fault::new("E3032", holder, message).help(format!("keep it to {}", entries(*limit)))]
            }
            Kind::UniqueItems => self.repeated(),
            Kind::AnyOf { context } => self.no_form("E3017", context),
            Kind::OneOfNotValid { context } => self.no_form("E3018", context),
            // What is not known may decide between the forms.
            Kind::OneOfMultipleValid { .. } | Kind::Not { .. } if !self.at.is_wholly_known() => Vec::new(),
            Kind::OneOfMultipleValid { .. } => {
                let message = format!("{name} can be read in more than one way");
                let help = "keep to the properties of one of its forms";
                vec![Fault::new("E3018", holder, message).help(help)]
            }
            Kind::Not { .. } | Kind::FalseSchema => {
                let message = format!("{name} is not allowed in this combination");
                vec![Fault::new("E3002", holder, message).help("take it out, or change what it depends on")]
            }
            Kind::Contains => {
                vec![Fault::new("E3032", holder, format!("{name} lacks an item that it needs"))]
            }
            Kind::AdditionalItems { limit } => {
                let message = format!("{name} has more than {}", items(*limit));
                vec![Fault::new("E3008", holder, message).help("take the others out")]
            }
            Kind::PropertyNames { error } => {
                let key = error.instance().as_str().unwrap_or_default().to_owned();
                let message = format!("`{key}` is no name that {name} takes");
                vec![Fault::new("E3031", Place::Key(self.at.site, key.into()), message)]
            }
            Kind::Custom { keyword, .. } if keyword == UNKNOWN || keyword == KNOWN => Vec::new(),
            Kind::Custom { keyword, message } => self.custom(keyword, message, place),
            // These are ours, or need what the pack does not have.
            Kind::BacktrackLimitExceeded { .. }
            | Kind::RegexEngineFailure { .. }
            | Kind::Constant { .. }
            | Kind::ContentEncoding { .. }
            | Kind::ContentMediaType { .. }
            | Kind::Enum { .. }
            | Kind::ExclusiveMaximum { .. }
            | Kind::ExclusiveMinimum { .. }
            | Kind::Format { .. }
            | Kind::FromUtf8 { .. }
            | Kind::Maximum { .. }
            | Kind::MaxLength { .. }
            | Kind::Minimum { .. }
            | Kind::MinLength { .. }
            | Kind::MultipleOf { .. }
            | Kind::Pattern { .. }
            | Kind::Type { .. }
            | Kind::UnevaluatedItems { .. }
            | Kind::UnevaluatedProperties { .. }
            | Kind::Referencing(_) => Vec::new(),
        }
    }

    /// A property that the value does not have.
    fn unexpected(&self, key: &str) -> Fault<'t> {
        let message = format!("{} has no property `{key}`", self.name());
        let schema = self.schema.pointer(self.schema_of_keyword());
        let properties = schema.and_then(|it| it.get("properties")).and_then(Json::as_object);
        let read_only = schema.and_then(|it| it.get("readOnlyProperties")).and_then(Json::as_array);
        let is_settable = |name: &str| {
            let pointers = read_only.into_iter().flatten().filter_map(Json::as_str);
            !pointers.into_iter().any(|it| it.strip_prefix("/properties/") == Some(name))
        };
        let others = schema.and_then(|it| it.get(OTHERS)).and_then(Json::as_array);
        let others = others.into_iter().flatten().filter_map(Json::as_str);
        let names = properties.into_iter().flatten().map(|(name, _)| name.as_str()).chain(others);
        let mut known: Vec<&str> = names.filter(|it| is_settable(it)).collect();
        known.sort_unstable();
        let fault = Fault::new("E3002", Place::Key(self.at.site, key.to_owned().into()), message);
        match nearest(key, &known) {
            Some(near) => fault.help(format!("did you mean `{near}`?")),
            None if known.is_empty() => fault.help("take it out"),
            None => fault.help(format!("use {}", one_of(&known))),
        }
    }

    fn repeated(&self) -> Vec<Fault<'t>> {
        use jsonschema::json::Node as _;
        let mut seen = Vec::new();
        let mut faults = Vec::new();
        for item in self.at.items() {
            let value = Instance::Value(item).to_value();
            if seen.contains(&value) {
                let shown = item.text().map_or_else(|| "an item".to_owned(), |it| format!("`{it}`"));
                let message = format!("{} has {shown} twice", self.name());
                let fault =
                    Fault::new("E3037", Place::Value(item.site), message).help("take one of them out");
                let own = self.at.site.as_list().unwrap_or_default();
                let is_in_branch = !own.iter().any(|it| std::ptr::eq(it, item.site));
                let also = is_in_branch.then_some((Place::Value(self.at.site), "the list it comes to"));
                faults.push(Fault { also, ..fault });
            } else {
                seen.push(value);
            }
        }
        faults.truncate(1);
        faults
    }

    /// None of the forms that a value may have fits. The form it comes nearest to is explained.
    fn no_form(&self, code: &'static str, context: &[Vec<ValidationError<'static>>]) -> Vec<Fault<'t>> {
        let depth = |it: &ValidationError<'_>| it.instance_path().segments().count();
        let own = depth(self.error);
        let is_other_kind = |it: &ValidationError<'_>| {
            depth(it) == own && matches!(it.kind(), Kind::Custom { keyword, .. } if keyword == "type")
        };
        // Where only one form is of the kind that was written, that one was meant.
        if let [meant] = context.iter().filter(|it| !it.iter().any(is_other_kind)).collect::<Vec<_>>()[..]
            && context.len() > 1
        {
            let each = meant.iter().map(|it| Explanation::new(it, self.root, self.type_name, self.schema));
            let faults: Vec<Fault<'t>> = each.flat_map(|it| it.faults()).collect();
            if !faults.is_empty() {
                return faults;
            }
        }
        let best = context.iter().filter(|it| !it.is_empty()).min_by_key(|errors| {
            let deepest = errors.iter().map(depth).max().unwrap_or_default();
            (errors.iter().any(is_other_kind), errors.len(), std::cmp::Reverse(deepest))
        });
        let nearest: Option<Fault<'t>> = best.and_then(|errors| {
            let error = errors.first()?;
            Explanation::new(error, self.root, self.type_name, self.schema).faults().into_iter().next()
        });
        let required: Vec<String> = context
            .iter()
            .filter_map(|errors| match errors.as_slice() {
                [error] => match error.kind() {
                    Kind::Required { property } if depth(error) == own => {
                        property.as_str().map(str::to_owned)
                    }
                    _ => None,
                },
                _ => None,
            })
            .collect();
        let holder = Place::Holder(self.at.site);
        if required.len() == context.len() && !required.is_empty() {
            let names: Vec<&str> = required.iter().map(String::as_str).collect();
            let message = format!("{} needs {}", self.name(), one_of(&names));
            return vec![Fault::new(code, holder, message).help("add one of them")];
        }
        let place = if self.at.known().is_some_and(|it| it.as_map().is_some()) {
            holder
        } else {
            Place::Value(self.at.site)
        };
        let fault = Fault::new(code, place, format!("{} fits none of the forms it may have", self.name()));
        vec![match nearest {
            Some(it) => fault.help(format!("mend what comes nearest: {}", it.message)),
            None => fault,
        }]
    }

    /// A keyword of ours. `subject` is the value that fails, or the names it fails for.
    fn custom(&self, keyword: &str, subject: &str, place: Place<'t>) -> Vec<Fault<'t>> {
        if subject == EMPTY {
            return self.empty(place).into_iter().collect();
        }
        let operand = self.schema.pointer(self.error.schema_path().as_str()).unwrap_or(&Json::Null);
        let name = self.name();
        let shown = match self.at.known() {
            Some(node) if subject.is_empty() => node.describe(),
            _ => format!("`{subject}`"),
        };
        let fault = match keyword {
            "type" => return vec![self.wrong_type(operand, subject, &shown, place)],
            "format" => return vec![self.wrong_format(operand, subject, place)],
            "enum" | "const" | "enumCaseInsensitive" => {
                let known = texts(operand);
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let fault = Fault::new("E3030", place, format!("{shown} is no value that {name} takes"));
                match nearest(subject, &known) {
                    Some(near) => fault.help(format!("did you mean `{near}`?")),
                    None => fault.help(format!("use {}", one_of(&known))),
                }
            }
            FORM => Fault::new("E3031", place, format!("{shown} has not the form that {name} takes"))
                .help(format!("match the pattern `{}`", operand.as_str().unwrap_or_default())),
            GROUPS => {
                let function = self.at.function().map_or("", |(key, _)| key.trim_start_matches("Fn::"));
                let message = format!("{name} takes mappings, and `!{function}` gives texts");
                Fault::new("E3012", place, message).help(format!("write the items of {name} out"))
            }
            "minLength" => {
                let message = format!("{shown} is too short for {name}");
                Fault::new("E3033", place, message).help(format!("write at least {}", characters(operand)))
            }
            "maxLength" => {
                let message = format!("{shown} is too long for {name}");
                Fault::new("E3033", place, message).help(format!("write at most {}", characters(operand)))
            }
            "minimum" => Fault::new("E3034", place, format!("{shown} is too little for {name}"))
                .help(format!("use {operand} or more")),
            "maximum" => Fault::new("E3034", place, format!("{shown} is too much for {name}"))
                .help(format!("use {operand} or less")),
            "exclusiveMinimum" => Fault::new("E3034", place, format!("{shown} is too little for {name}"))
                .help(format!("use more than {operand}")),
            "exclusiveMaximum" => Fault::new("E3034", place, format!("{shown} is too much for {name}"))
                .help(format!("use less than {operand}")),
            "multipleOf" => Fault::new("E3034", place, format!("{shown} is no multiple of {operand}"))
                .help(format!("use a multiple of {operand}")),
            _ => return vec![self.wrong_group(keyword, operand, subject)],
        };
        vec![self.by_function(fault, subject)]
    }

    /// A keyword about which properties a value has, or how many different items.
    fn wrong_group(&self, keyword: &str, operand: &Json, subject: &str) -> Fault<'t> {
        let name = self.name();
        let holder = Place::Holder(self.at.site);
        let key = |it: &str| Place::Key(self.at.site, it.to_owned().into());
        let (own, other) = subject.split_once('\n').unwrap_or((subject, ""));
        let listed = texts(operand);
        let listed: Vec<&str> = listed.iter().map(String::as_str).collect();
        match keyword {
            "requiredXor" if subject.is_empty() => {
                Fault::new("E3014", holder, format!("{name} needs {}", one_of(&listed)))
                    .help("add one of them")
            }
            "requiredXor" => {
                let others: Vec<&str> = listed.iter().copied().filter(|it| *it != own).collect();
                let message = format!("`{own}` cannot stand beside {}", one_of(&others));
                Fault::new("E3014", key(own), message).help("keep one of them")
            }
            "requiredOr" => Fault::new("E3058", holder, format!("{name} needs {}", one_of(&listed)))
                .help("add at least one of them"),
            "dependentRequired" => Fault::new("E3021", holder, format!("`{own}` needs `{other}` beside it"))
                .help(format!("add `{other}`, or take `{own}` out")),
            "dependentExcluded" => {
                Fault::new("E3020", key(other), format!("`{other}` cannot stand beside `{own}`"))
                    .help("keep one of them")
            }
            "maxUniqueItems" => {
                let message = format!("{name} has {subject} different items");
                Fault::new("E3065", holder, message).help(format!("keep it to {operand}"))
            }
            _ => {
                let message = format!("{name} has two items with {}: `{subject}`", one_of(&listed));
                Fault::new("E3037", holder, message).help("make them differ")
            }
        }
    }

    /// A parameter whose default is empty, and is no value where it is used.
    fn empty(&self, place: Place<'t>) -> Option<Fault<'t>> {
        let (parameter, default) = (self.at.target()?.name, self.at.empty_default()?);
        let message = format!("unless it is given, `{parameter}` is empty, and cannot be used so");
        let fault = Fault::new("W1030", Place::Value(default), message);
        let also = Some((place, "it is used here"));
        Some(Fault { also, is_remark: true, ..fault.help("take the default out, and it has to be given") })
    }

    fn wrong_type(&self, operand: &Json, subject: &str, shown: &str, place: Place<'t>) -> Fault<'t> {
        let types = texts(operand);
        let wanted: Vec<&str> = types.iter().map(|it| type_name(it)).collect();
        let wanted = wanted.join(" or ");
        let name = self.name();
        match self.at.function() {
            Some((function, _)) if subject.is_empty() => {
                let code = match function {
                    "Ref" => "E1020",
                    "Fn::GetAtt" => "E1010",
                    "Fn::Sub" => "E1019",
                    "Fn::Join" => "E1022",
                    "Fn::Split" => "E1018",
                    "Fn::GetAZs" => "E1015",
                    "Fn::Base64" => "E1021",
                    "Fn::Cidr" => "E1024",
                    "Fn::ImportValue" => "E1016",
                    "Fn::Length" => "E1030",
                    _ => "E1031",
                };
                let function = function.trim_start_matches("Fn::");
                let message = format!("`!{function}` does not give {wanted}, which {name} takes");
                Fault::new(code, place, message).help(format!("give {name} {wanted}"))
            }
            _ => {
                let message = format!("{name} takes {wanted}, not {shown}");
                self.by_function(Fault::new("E3012", place, message), subject)
            }
        }
    }

    fn wrong_format(&self, operand: &Json, subject: &str, place: Place<'t>) -> Fault<'t> {
        let wanted = operand.as_str().unwrap_or_default();
        let name = self.name();
        if let (true, Some(target)) = (subject.is_empty(), self.at.target()) {
            let code = if target.attribute.is_some() { "E1040" } else { "E1041" };
            let own = match target.attribute {
                Some(attribute) => format!("{}.{attribute}", target.name),
                None => target.name.to_owned(),
            };
            let given = references::formats(self.at.document, target).unwrap_or_default();
            let given: Vec<String> = given.iter().map(|it| format::meaning(it)).collect();
            let given =
                if given.is_empty() { String::new() } else { format!(", but {}", given.join(" or ")) };
            let message = format!("`{own}` does not give {}{given}", format::meaning(wanted));
            return Fault::new(code, place, message).help(format!("give {name} {}", format::meaning(wanted)));
        }
        let Some((code, meaning)) = format::violated(wanted, subject) else {
            // The value is shortened in the error, and was not when it was tested.
            let message = format!("`{subject}` is not {}", format::meaning(wanted));
            return self.by_function(Fault::new("E1103", place, message), subject);
        };
        let fault = Fault::new(code, place, format!("`{subject}` is not {meaning}"));
        self.by_function(fault.help(format!("give {name} {meaning}")), subject)
    }

    /// The fault of a value that a function gives is the function's, and that of a parameter's value is there.
    fn by_function(&self, fault: Fault<'t>, subject: &str) -> Fault<'t> {
        let is_given = self.at.is_given() || !self.at.is_known();
        let function = self.at.site.as_single().filter(|_| is_given).map(|(key, _)| key);
        let code = match function {
            Some("Ref") => "W1030",
            Some("Fn::Sub") => "W1031",
            Some("Fn::Join") => "W1032",
            Some("Fn::Split") => "W1033",
            Some("Fn::FindInMap") => "W1034",
            Some("Fn::Select") => "W1035",
            Some("Fn::GetAZs") => "W1036",
            Some("Fn::ToJsonString") => "W1040",
            _ => return fault,
        };
        match source(self.at, subject).filter(|_| code == "W1030") {
            Some(node) => Fault {
                code,
                place: Place::Value(node),
                also: Some((fault.place, "it is used here")),
                ..fault
            },
            None => Fault { code, ..fault },
        }
    }

    /// What the value is called: a property, an item of one, or the resource itself.
    fn name(&self) -> String {
        let path = self.error.instance_path();
        let mut name = format!("`{}`", self.type_name);
        let mut is_item = false;
        for segment in path {
            match segment {
                LocationSegment::Property(it) => {
                    name = format!("`{it}`");
                    is_item = false;
                }
                LocationSegment::Index(_) => is_item = true,
            }
        }
        if is_item { format!("an item of {name}") } else { name }
    }

    /// The pointer to the schema that has the keyword.
    fn schema_of_keyword(&self) -> &str {
        let path = self.error.schema_path().as_str();
        path.rsplit_once('/').map_or("", |(it, _)| it)
    }
}

impl<'t> Fault<'t> {
    fn new(code: &'static str, place: Place<'t>, message: String) -> Self {
        Self { code, place, message, help: None, also: None, is_remark: false }
    }

    fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// The value at a path below `root`, as the evaluation went; the last that is there.
fn reach<'t>(root: Value<'t>, path: &Location) -> Value<'t> {
    let mut value = root;
    for segment in path {
        let next = match segment {
            LocationSegment::Property(key) => value.get(&key),
            LocationSegment::Index(at) => value.items().nth(at),
        };
        match next {
            Some(it) => value = it,
            None => break,
        }
    }
    value
}

fn type_name(name: &str) -> &str {
    match name {
        "array" => "a list",
        "object" => "a mapping",
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "`true` or `false`",
        _ => "nothing",
    }
}

fn items(count: impl TryInto<u64>) -> String {
    match count.try_into().unwrap_or(u64::MAX) {
        0 => "no items".to_owned(),
        1 => "1 item".to_owned(),
        count => format!("{count} items"),
    }
}

fn entries(count: impl TryInto<u64>) -> String {
    match count.try_into().unwrap_or(u64::MAX) {
        0 => "no entries".to_owned(),
        1 => "1 entry".to_owned(),
        count => format!("{count} entries"),
    }
}

fn characters(limit: &Json) -> String {
    if limit == 1 { "1 character".to_owned() } else { format!("{limit} characters") }
}
