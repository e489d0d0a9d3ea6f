//! What each intrinsic function takes, and which functions may stand in it.

/// What a function takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signature {
    /// The code of a fault in its argument.
    pub code: &'static str,
    /// Its argument.
    pub form: Form,
    /// How it is written.
    pub usage: &'static str,
    /// Whether it takes the transform `AWS::LanguageExtensions`.
    pub is_extension: bool,
}

/// The argument of a function.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// One value.
    One(Slot),
    /// A list, which may end early after this many items.
    Items(&'static [Slot], usize),
    /// Text without any function, or else such a list.
    TextOr(&'static [Slot]),
    /// A list of so many items of one kind.
    Each(Slot, usize, usize),
    /// A list of a condition and two values of the kind that is due where the function stands.
    Choice,
    /// A mapping with these keys; those marked have to be there.
    Fields(&'static [(&'static str, bool, Slot)]),
    /// Not looked at.
    Anything,
}

/// A place for a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// What is due there.
    pub wants: Wants,
    /// The functions that may give it.
    pub functions: &'static [&'static str],
    /// Those that may with `AWS::LanguageExtensions` only.
    pub extended: &'static [&'static str],
}

/// What is due at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    /// Any value.
    Anything,
    /// A scalar.
    Text,
    /// A whole number in a range.
    Whole(i64, i64),
    /// True or false.
    Truth,
    /// The name of a condition.
    Condition,
    /// A region, or nothing for that of the stack.
    Region,
    /// A range of addresses, such as `10.0.0.0/16`.
    Range,
    /// A list of texts.
    Texts,
    /// A list.
    List,
    /// A list or a mapping that has something in it.
    Structure,
    /// The names and values of an `Fn::Sub`.
    Variables,
    /// The fourth item of an `Fn::FindInMap`.
    Default,
}

impl Wants {
    /// What it is, for a message.
    pub(super) fn describe(self) -> String {
        match self {
            Self::Anything => "a value".to_owned(),
            Self::Text => "text".to_owned(),
            Self::Whole(least, i64::MAX) => format!("a whole number from {least}"),
            Self::Whole(least, most) => format!("a whole number from {least} to {most}"),
            Self::Truth => "true or false".to_owned(),
            Self::Condition => "the name of a condition".to_owned(),
            Self::Region => "a region, or an empty text for that of the stack".to_owned(),
            Self::Range => "a range of addresses such as `10.0.0.0/16`".to_owned(),
            Self::Texts | Self::List => "a list".to_owned(),
            Self::Structure => "a list or a mapping with something in it".to_owned(),
            Self::Variables => "a mapping of variables".to_owned(),
            Self::Default => "`DefaultValue`".to_owned(),
        }
    }
}

impl Slot {
    const fn of(wants: Wants, functions: &'static [&'static str]) -> Self {
        Self { wants, functions, extended: &[] }
    }

    const fn extended(self, extended: &'static [&'static str]) -> Self {
        Self { extended, ..self }
    }
}

/// The functions that give a value where one is due: in properties, policies and outputs. A macro by
/// `Fn::Transform` may stand everywhere.
pub(super) const OF_VALUES: &[&str] = &[
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::FindInMap",
    "Fn::GetAtt",
    "Fn::GetAZs",
    "Fn::GetStackOutput",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Length",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
    "Fn::ToJsonString",
    "Ref",
];
/// The functions that are true or false.
pub(super) const OF_CONDITIONS: &[&str] = &["Condition", "Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or"];
const OF_RULES: &[&str] = &[
    "Condition",
    "Fn::And",
    "Fn::Contains",
    "Fn::EachMemberEquals",
    "Fn::EachMemberIn",
    "Fn::Equals",
    "Fn::Not",
    "Fn::Or",
    "Fn::RefAll",
    "Fn::ValueOf",
    "Fn::ValueOfAll",
];
/// The functions that give a list and nothing else.
pub(super) const OF_LISTS: &[&str] = &["Fn::Cidr", "Fn::GetAZs", "Fn::Split"];

/// A value among the properties of a resource.
pub(super) const VALUE: Slot = Slot::of(Wants::Anything, OF_VALUES);
/// A condition.
pub(super) const CONDITION: Slot = Slot::of(Wants::Truth, OF_CONDITIONS);
/// An assertion of a rule.
pub(super) const ASSERTION: Slot = Slot::of(Wants::Truth, OF_RULES);
/// What an assertion compares: values, and what the parameters of a rule are.
const OF_PARAMETERS: Slot = Slot::of(
    Wants::Anything,
    &["Fn::FindInMap", "Fn::RefAll", "Fn::Sub", "Fn::ValueOf", "Fn::ValueOfAll", "Ref"],
);
/// A text on its own: the value of an output, what is encoded.
pub(super) const OUTPUT: Slot = Slot::of(
    Wants::Text,
    &[
        "Fn::Base64",
        "Fn::FindInMap",
        "Fn::GetAtt",
        "Fn::GetStackOutput",
        "Fn::If",
        "Fn::ImportValue",
        "Fn::Join",
        "Fn::Length",
        "Fn::Select",
        "Fn::Sub",
        "Fn::ToJsonString",
        "Ref",
    ],
);
/// What becomes of a resource.
pub(super) const RETENTION: Slot =
    Slot::of(Wants::Text, &[]).extended(&["Fn::FindInMap", "Fn::If", "Fn::Select", "Fn::Sub", "Ref"]);

const NAME: Slot = Slot::of(Wants::Text, &[]);
const JOINED: Slot = Slot::of(
    Wants::Texts,
    &["Fn::Cidr", "Fn::FindInMap", "Fn::GetAtt", "Fn::GetAZs", "Fn::If", "Fn::Split", "Ref"],
);
/// A part of a text: what `Fn::Join` joins, and what `Fn::Sub` puts in.
pub(super) const PART: Slot = Slot::of(
    Wants::Text,
    &[
        "Fn::Base64",
        "Fn::FindInMap",
        "Fn::GetAtt",
        "Fn::GetStackOutput",
        "Fn::If",
        "Fn::ImportValue",
        "Fn::Join",
        "Fn::Select",
        "Fn::Sub",
        "Ref",
    ],
)
.extended(&["Fn::Length", "Fn::ToJsonString"]);
const COMPOSED: Slot = Slot::of(
    Wants::Text,
    &[
        "Fn::Base64",
        "Fn::FindInMap",
        "Fn::GetAtt",
        "Fn::If",
        "Fn::ImportValue",
        "Fn::Join",
        "Fn::Select",
        "Fn::Sub",
        "Ref",
    ],
);
const INDEX: Slot =
    Slot::of(Wants::Whole(0, i64::MAX), &["Fn::FindInMap", "Ref"]).extended(&["Fn::Length", "Fn::If"]);
const SELECTED: Slot = Slot::of(
    Wants::List,
    &["Fn::Cidr", "Fn::FindInMap", "Fn::GetAtt", "Fn::GetAZs", "Fn::If", "Fn::Split", "Ref"],
);
const ADDRESSES: &[&str] =
    &["Fn::FindInMap", "Fn::GetAtt", "Fn::If", "Fn::ImportValue", "Fn::Select", "Fn::Sub", "Ref"];
const IMPORTED: Slot = Slot::of(
    Wants::Text,
    &["Fn::Base64", "Fn::FindInMap", "Fn::If", "Fn::Join", "Fn::Select", "Fn::Sub", "Ref"],
);
const LOOKED_UP: Slot = Slot::of(Wants::Text, &["Fn::FindInMap", "Ref"]).extended(&[
    "Fn::If",
    "Fn::Join",
    "Fn::Length",
    "Fn::Select",
    "Fn::Sub",
    "Fn::ToJsonString",
]);
const COMPARED: Slot = Slot::of(Wants::Text, &["Fn::FindInMap", "Fn::Join", "Fn::Select", "Fn::Sub", "Ref"])
    .extended(&["Fn::Length", "Fn::ToJsonString"]);
const COUNTED: Slot = Slot::of(Wants::List, &["Fn::FindInMap", "Fn::GetAZs", "Fn::If", "Fn::Split", "Ref"]);
const WRITTEN: Slot = Slot::of(
    Wants::Structure,
    &["Fn::FindInMap", "Fn::GetAtt", "Fn::GetAZs", "Fn::If", "Fn::Select", "Fn::Split", "Ref"],
);
const NAMED: &[&str] =
    &["Fn::Base64", "Fn::FindInMap", "Fn::If", "Fn::Join", "Fn::Sub", "Fn::ToJsonString", "Ref"];
/// What the function `name` takes; nothing if there is none of that name.
pub(super) fn signature(name: &str) -> Option<Signature> {
    let (code, form, usage) = match name {
        "Ref" => ("E1020", Form::One(NAME.extended(NAMED)), "!Ref Name"),
        "Fn::GetAtt" => (
            "E1010",
            Form::TextOr(const { &[NAME.extended(NAMED), Slot::of(Wants::Text, &["Ref"]).extended(NAMED)] }),
            "!GetAtt Resource.Attribute",
        ),
        "Fn::Sub" => (
            "E1019",
            Form::TextOr(const { &[NAME, Slot::of(Wants::Variables, &[])] }),
            "!Sub [text, {Name: value}]",
        ),
        "Fn::Join" => ("E1022", Form::Items(&[NAME, JOINED], 2), "!Join [delimiter, [value, …]]"),
        "Fn::Split" => ("E1018", Form::Items(&[NAME, COMPOSED], 2), "!Split [delimiter, text]"),
        "Fn::Select" => ("E1017", Form::Items(&[INDEX, SELECTED], 2), "!Select [index, [value, …]]"),
        "Fn::GetAZs" => (
            "E1015",
            Form::One(Slot::of(
                Wants::Region,
                &["Fn::GetAtt", "Fn::If", "Fn::Join", "Fn::Select", "Fn::Sub", "Ref"],
            )),
            "!GetAZs ''",
        ),
        "Fn::Cidr" => (
            "E1024",
            Form::Items(
                const {
                    &[
                        Slot::of(Wants::Range, ADDRESSES),
                        Slot::of(Wants::Whole(1, 256), ADDRESSES),
                        Slot::of(Wants::Whole(1, 128), ADDRESSES),
                    ]
                },
                2,
            ),
            "!Cidr [range, count, bits]",
        ),
        "Fn::Base64" => ("E1021", Form::One(OUTPUT), "!Base64 text"),
        "Fn::ImportValue" => ("E1016", Form::One(IMPORTED), "!ImportValue name"),
        "Fn::FindInMap" => (
            "E1011",
            Form::Items(const { &[LOOKED_UP, LOOKED_UP, LOOKED_UP, Slot::of(Wants::Default, &[])] }, 3),
            "!FindInMap [Map, key, key]",
        ),
        "Fn::If" => ("E1028", Form::Choice, "!If [Condition, value, other value]"),
        "Fn::And" => ("E8004", Form::Each(CONDITION, 2, 10), "!And [condition, condition, …]"),
        "Fn::Or" => ("E8006", Form::Each(CONDITION, 2, 10), "!Or [condition, condition, …]"),
        "Fn::Not" => ("E8005", Form::Each(CONDITION, 1, 1), "!Not [condition]"),
        "Fn::Equals" => ("E8003", Form::Each(COMPARED, 2, 2), "!Equals [value, value]"),
        "Condition" => ("E8007", Form::One(Slot::of(Wants::Condition, &[])), "!Condition Name"),
        "Fn::Length" => ("E1030", Form::One(COUNTED), "Fn::Length: [value, …]"),
        "Fn::ToJsonString" => ("E1031", Form::One(WRITTEN), "Fn::ToJsonString: {key: value}"),
        "Fn::GetStackOutput" => (
            "E1033",
            Form::Fields(
                const {
                    &[
                        ("StackName", true, COMPOSED),
                        ("OutputName", true, COMPOSED),
                        ("Region", false, COMPOSED),
                        ("RoleArn", false, COMPOSED),
                    ]
                },
            ),
            "Fn::GetStackOutput: {StackName: name, OutputName: name}",
        ),
        "Fn::Transform" => ("E1005", Form::Anything, "Fn::Transform: {Name: name, Parameters: {…}}"),
        "Fn::Contains" => ("E1701", Form::Each(OF_PARAMETERS, 2, 2), "Fn::Contains: [[value, …], value]"),
        "Fn::EachMemberEquals" => {
            ("E1701", Form::Each(OF_PARAMETERS, 2, 2), "Fn::EachMemberEquals: [[value, …], value]")
        }
        "Fn::EachMemberIn" => {
            ("E1701", Form::Each(OF_PARAMETERS, 2, 2), "Fn::EachMemberIn: [[value, …], [value, …]]")
        }
        "Fn::RefAll" | "Fn::ValueOf" | "Fn::ValueOfAll" => ("E1701", Form::Anything, ""),
        _ => return None,
    };
    let is_extension = matches!(name, "Fn::Length" | "Fn::ToJsonString");
    Some(Signature { code, form, usage, is_extension })
}

/// All functions of which a template has any, for "did you mean".
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    OF_VALUES.iter().chain(OF_CONDITIONS).copied().filter(|it| it.starts_with("Fn::"))
}
