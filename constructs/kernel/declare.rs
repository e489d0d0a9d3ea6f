//! The macros in which constructs are declared: `properties!`, `choices!`, `exports!`.

/// How long `snake` is in lower camel case.
pub const fn camel_length(snake: &str) -> usize {
    let bytes = snake.as_bytes();
    let (mut i, mut length) = (0, 0);
    while i < bytes.len() {
        if bytes[i] != b'_' {
            length += 1;
        }
        i += 1;
    }
    length
}

/// `snake_case` or `PascalCase` in lower camel case.
pub const fn camel<const LENGTH: usize>(name: &str) -> [u8; LENGTH] {
    let bytes = name.as_bytes();
    let mut camel = [0; LENGTH];
    let (mut i, mut at, mut upper) = (0, 0, false);
    while i < bytes.len() {
        if bytes[i] == b'_' {
            upper = true;
        } else {
            camel[at] = match bytes[i] {
                it if upper => it.to_ascii_uppercase(),
                it if at == 0 => it.to_ascii_lowercase(),
                it => it,
            };
            upper = false;
            at += 1;
        }
        i += 1;
    }
    camel
}

/// The key in a stack file for a field or variant: `desiredCount` for `desired_count`.
#[macro_export]
macro_rules! key {
    ($name:ident) => {{
        const KEY: [u8; $crate::kernel::declare::camel_length(stringify!($name))] =
            $crate::kernel::declare::camel(stringify!($name));
        const TEXT: &str = match ::std::str::from_utf8(&KEY) {
            Ok(it) => it,
            Err(_) => panic!("a name is UTF-8"),
        };
        TEXT
    }};
}

/// Declares a group of properties: each with its documentation, its type, and its default as the user
/// would write it.
///
/// ```
/// asi_constructs::properties! {
///     /// How often to look whether it works.
///     pub struct Check from path {
///         /// Where to look.
///         path: String,
///         /// Seconds between looks.
///         interval: u32 = "30",
///     }
/// }
/// ```
///
/// With `from path`, a value that is no mapping stands for `{path: value}`. A field of the type
/// [`Inline`](crate::kernel::inline::Inline) has no key of its own: those of its group stand beside the other fields.
#[macro_export]
macro_rules! properties {
    (
        $(#[doc = $doc:literal])*
        $vis:vis struct $name:ident $(from $short:ident)? {
            $( $(#[doc = $field_doc:literal])* $field:ident : $type:ty $(= $default:literal)? ),* $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug)]
        $vis struct $name {
            $( $(#[doc = $field_doc])* $vis $field: $type, )*
        }

        impl $crate::kernel::construct::Documented for $name {
            const DOCS: &'static str = concat!($($doc, "\n"),*);
        }

        impl $crate::kernel::property::Property for $name {
            fn read(
                node: &$crate::kernel::node::Node,
                reader: &mut $crate::kernel::property::Reader,
            ) -> Option<Self> {
                $(
                    if let Some(long) = $crate::kernel::property::long_form(node, $crate::key!($short)) {
                        return Self::read(&long, reader);
                    }
                )?
                let known = <Self as $crate::kernel::property::Group>::group_keys();
                let mut fields = reader.fields(node, &known)?;
                let group = <Self as $crate::kernel::property::Group>::read_fields(&mut fields, reader);
                fields.finish(reader);
                group
            }

            fn shape() -> $crate::kernel::shape::Shape {
                let fields = [$({
                    let default: &[&'static str] = &[$($default)?];
                    let default = default.first().copied();
                    <$type as $crate::kernel::property::Property>::fields($crate::kernel::shape::Field {
                        key: $crate::key!($field),
                        docs: concat!($($field_doc, "\n"),*),
                        default,
                        required: default.is_none()
                            && <$type as $crate::kernel::property::Property>::absent().is_none(),
                        shape: <$type as $crate::kernel::property::Property>::shape(),
                    })
                }),*];
                let short: &[&'static str] = &[$($crate::key!($short))?];
                $crate::kernel::shape::Shape::Object(fields.concat(), short.first().copied())
            }

            fn names<'a>(&'a self, see: &mut dyn FnMut(&'a $crate::kernel::name::Name)) {
                let _ = &see;
                $( $crate::kernel::property::Property::names(&self.$field, see); )*
            }
        }

        impl $crate::kernel::property::Group for $name {
            fn group_keys() -> Vec<&'static str> {
                [$(<$type as $crate::kernel::property::Property>::keys($crate::key!($field))),*].concat()
            }

            fn read_fields(
                fields: &mut $crate::kernel::property::Fields<'_>,
                reader: &mut $crate::kernel::property::Reader,
            ) -> Option<Self> {
                $(
                    let default: &[&str] = &[$($default)?];
                    let $field = <$type as $crate::kernel::property::Property>::read_field(
                        fields, reader, $crate::key!($field), default.first().copied(),
                    );
                )*
                Some(Self { $($field: $field?),* })
            }
        }
    };
}

/// The word in a stack file for a variant: its name, unless another is given.
#[macro_export]
macro_rules! word {
    ($name:ident) => {
        $crate::key!($name)
    };
    ($name:ident $word:literal) => {
        $word
    };
}

/// Declares a property that is one of some words: each variant's name in lower camel case, or the word
/// given as in `X86_64 = "x86_64"`.
#[macro_export]
macro_rules! choices {
    (
        $(#[doc = $doc:literal])*
        $vis:vis enum $name:ident { $( $(#[doc = $variant_doc:literal])* $variant:ident $(= $word:literal)? ),* $(,)? }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $name {
            $( $(#[doc = $variant_doc])* $variant, )*
        }

        impl $crate::kernel::property::Word for $name {
            fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $crate::word!($variant $($word)?),)*
                }
            }
        }

        impl $crate::kernel::property::Property for $name {
            fn read(
                node: &$crate::kernel::node::Node,
                reader: &mut $crate::kernel::property::Reader,
            ) -> Option<Self> {
                const WORDS: &[&str] = &[$($crate::word!($variant $($word)?)),*];
                let word = reader.scalar(node, &$crate::kernel::diagnostic::one_of(WORDS))?;
                $(
                    if word == $crate::word!($variant $($word)?) {
                        return Some(Self::$variant);
                    }
                )*
                reader.reject($crate::kernel::property::not_a_choice(word, WORDS).at(node.span))
            }

            fn shape() -> $crate::kernel::shape::Shape {
                $crate::kernel::shape::Shape::Choice(vec![$(
                    $crate::kernel::shape::Choice {
                        word: $crate::word!($variant $($word)?),
                        docs: concat!($($variant_doc, "\n"),*),
                    }
                ),*])
            }
        }
    };
}

/// Declares what other constructs, and `${name.attribute}`, may use of a construct.
///
/// The first field is what the bare name stands for.
#[macro_export]
macro_rules! exports {
    (
        $(#[doc = $doc:literal])*
        pub struct $name:ident { $( $(#[doc = $field_doc:literal])* $field:ident : $type:ty ),* $(,)? }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            $( $(#[doc = $field_doc])* pub $field: $type, )*
        }

        impl $crate::kernel::construct::Exports for $name {
            const DOCS: &'static [$crate::kernel::construct::ExportDocs] =
                &[$($crate::kernel::construct::ExportDocs {
                    name: $crate::key!($field),
                    docs: concat!($($field_doc, "\n"),*),
                    is_attribute: <$type as $crate::kernel::construct::Export>::IS_ATTRIBUTE,
                }),*];

            fn attributes(&self) -> Vec<$crate::kernel::expr::Expr<$crate::kernel::tree::Handle>> {
                vec![$($crate::kernel::construct::Export::value(&self.$field)),*]
            }

            fn offers(&self) -> Vec<Box<dyn ::std::any::Any>> {
                let mut offers: Vec<Box<dyn ::std::any::Any>> = vec![Box::new(self.clone())];
                $(offers.extend($crate::kernel::construct::Export::offer(&self.$field));)*
                offers
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use crate::kernel::{
        node::Node,
        property::{Property, Reader},
        span::{Sources, Span},
        yaml::{Format, parse},
    };

    properties! {
        /// How often to look whether it works.
        struct Check from path {
            /// Where to look.
            path: String,
            /// Seconds between looks.
            interval_seconds: u32 = "30",
            /// What to do then.
            then: Option<Then>,
        }
    }

    choices! {
        /// What to do.
        enum Then {
            /// Nothing.
            DoNothing,
            /// Start again.
            Restart = "re-start",
        }
    }

    fn read(text: &str) -> (Option<Check>, Vec<String>) {
        let mut sources = Sources::default();
        let file = sources.add("asi.yaml", text);
        let (node, faults) = parse(text, file, Format::Yaml);
        let mut reader = Reader::new(faults);
        let check = Check::read(&node.unwrap_or(Node::text("", Span::NOWHERE)), &mut reader);
        let shown = reader.diagnostics.iter().map(|it| {
            let at = sources.text(it.span()).unwrap_or("?");
            format!("{at}: {} ({})", it.message, it.help.as_deref().unwrap_or("-"))
        });
        (check, shown.collect())
    }

    #[test]
    fn reads_a_group_in_its_long_and_its_short_form() {
        for text in ["path: /x\ninterval_seconds: 30", "/x"] {
            let (check, _) = read(&text.replace("interval_seconds", "intervalSeconds"));
            let check = check.unwrap();
            assert_eq!((check.path.as_str(), check.interval_seconds, check.then), ("/x", 30, None));
        }
    }

    #[test]
    fn finds_all_faults_of_a_group_at_once() {
        let (check, faults) = read("pth: /x\nintervalSeconds: often\nthen: re-strat\n");
        assert!(check.is_none());
        assert_eq!(
            faults,
            [
                "pth: there is no property `pth` here (did you mean `path`?)",
                "often: expected a whole number, found `often` (`intervalSeconds` takes a whole number)",
                "re-strat: `re-strat` is not one of the choices (did you mean `re-start`?)",
                "pth: the property `path` is missing (add `path:`)",
            ]
        );
    }

    #[test]
    fn a_default_is_shown_as_it_would_be_written() {
        let shape = Check::shape();
        let fields = shape.fields();
        assert_eq!(fields[1].key, "intervalSeconds");
        assert_eq!(fields[1].default, Some("30"));
        assert_eq!(fields.iter().map(|it| it.required).collect::<Vec<_>>(), [true, false, false]);
        assert_eq!(shape.summary(), "text, or a mapping");
    }
}
