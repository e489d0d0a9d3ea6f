//! Just enough of Python to read the heads of classes and the literals in them; it runs nothing.

use serde_json::{Map, Value};

/// A piece of a source. Comments, blanks and line ends are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// A name with its dots, such as `cfnlint.data` or `.lower`; or a number.
    Name(&'a str),
    /// A string, whatever its quotes and its prefix.
    Text(String),
    Sign(char),
}

/// A class: what is written at its head, and the rest as tokens.
#[derive(Debug)]
pub(crate) struct Class<'a> {
    pub base: &'a str,
    body: Vec<Token<'a>>,
}

impl<'a> Class<'a> {
    /// Reads the classes of a source that have one base.
    pub(crate) fn all_in(source: &'a str) -> Vec<Class<'a>> {
        let tokens = tokens(source);
        let starts: Vec<usize> = (0..tokens.len()).filter(|at| tokens[*at] == Token::Name("class")).collect();
        let ends = starts.iter().skip(1).copied().chain([tokens.len()]);
        let class = |(start, end): (&usize, usize)| match &tokens[start + 1..end] {
            [Token::Name(_), Token::Sign('('), Token::Name(base), Token::Sign(')'), body @ ..] => {
                Some(Class { base, body: body.to_vec() })
            }
            _ => None,
        };
        starts.iter().zip(ends).filter_map(class).collect()
    }

    /// The text or the texts assigned to a name.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let after = self.after(&[Token::Name(name), Token::Sign('=')])?;
        literal(&mut { after })?.as_str().map(str::to_owned)
    }

    /// The names of its functions.
    pub(crate) fn functions(&self) -> impl Iterator<Item = &'a str> {
        self.body.windows(2).filter_map(|pair| match pair {
            [Token::Name("def"), Token::Name(name)] => Some(*name),
            _ => None,
        })
    }

    /// What its constructor passes to that of its base.
    pub(crate) fn arguments(&self) -> &[Token<'a>] {
        let call = [
            Token::Name("super"),
            Token::Sign('('),
            Token::Sign(')'),
            Token::Name(".__init__"),
            Token::Sign('('),
        ];
        let Some(after) = self.after(&call) else { return &[] };
        let mut depth = 1;
        let end = after.iter().position(|it| {
            depth += match it {
                Token::Sign('(') => 1,
                Token::Sign(')') => -1,
                _ => 0,
            };
            depth == 0
        });
        &after[..end.unwrap_or(after.len())]
    }

    /// The literals behind all places where these tokens stand, one of them, the slot, being any text. Each
    /// literal comes with that text.
    pub(crate) fn literals_after(&self, before: &[Token<'_>], slot: usize) -> Vec<(String, Value)> {
        let matches =
            |window: &[Token<'_>]| (0..before.len()).all(|at| at == slot || window[at] == before[at]);
        let windows = self.body.windows(before.len()).enumerate().filter(|(_, window)| matches(window));
        let found = windows.filter_map(|(at, window)| {
            let Token::Text(text) = window.get(slot)? else { return None };
            Some((text.clone(), literal(&mut &self.body[at + before.len()..])?))
        });
        found.collect()
    }

    /// The literal assigned to a name whose type may be told.
    pub(crate) fn literal(&self, name: &str) -> Option<Value> {
        let after = self.after(&[Token::Name(name)])?;
        let equals = after.iter().position(|it| *it == Token::Sign('='))?;
        literal(&mut &after[equals + 1..])
    }

    /// The property of its instance that it turns to lower case.
    pub(crate) fn lowers(&self) -> Option<&str> {
        self.body.windows(10).find_map(|window| match window {
            [
                Token::Name("instance"),
                Token::Sign('['),
                Token::Text(property),
                Token::Sign(']'),
                Token::Sign('='),
                Token::Name("instance"),
                Token::Sign('['),
                Token::Text(same),
                Token::Sign(']'),
                Token::Name(".lower"),
            ] if property == same => Some(property.as_str()),
            _ => None,
        })
    }

    fn after(&self, before: &[Token<'_>]) -> Option<&[Token<'a>]> {
        let at = self.body.windows(before.len()).position(|it| it == before)?;
        Some(&self.body[at + before.len()..])
    }
}

/// Takes a source apart.
fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        if c == '#' {
            rest = rest.split_once('\n').map_or("", |(_, after)| after);
        } else if c.is_whitespace() {
            rest = rest.trim_start();
        } else if c == '"' || c == '\'' {
            let (text, after) = string(rest);
            tokens.push(Token::Text(text));
            rest = after;
        } else if is_name(c) {
            let (name, after) = rest.split_at(rest.find(|c| !is_name(c)).unwrap_or(rest.len()));
            if !(matches!(name, "f" | "r" | "b" | "rf" | "fr") && after.starts_with(['"', '\''])) {
                tokens.push(Token::Name(name));
            }
            rest = after;
        } else {
            tokens.push(Token::Sign(c));
            rest = &rest[c.len_utf8()..];
        }
    }
    tokens
}

/// Takes the string off the start of a text that begins with a quote. Of its escapes, those are known that
/// stand for the character itself.
fn string(text: &str) -> (String, &str) {
    let quote = if text.starts_with(r#"""""#) || text.starts_with("'''") { &text[..3] } else { &text[..1] };
    let mut out = String::new();
    let mut rest = &text[quote.len()..];
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix(quote) {
            return (out, after);
        }
        rest = &rest[c.len_utf8()..];
        match rest.chars().next() {
            Some(escaped) if c == '\\' => {
                out.push(escaped);
                rest = &rest[escaped.len_utf8()..];
            }
            _ => out.push(c),
        }
    }
    (out, rest)
}

/// Reads a literal: a dictionary, a list, texts side by side, a number or one of the three constants.
fn literal(tokens: &mut &[Token<'_>]) -> Option<Value> {
    let (first, after) = tokens.split_first()?;
    *tokens = after;
    match first {
        Token::Text(text) => {
            let mut text = text.clone();
            while let Some((Token::Text(more), after)) = tokens.split_first() {
                text.push_str(more);
                *tokens = after;
            }
            Some(Value::String(text))
        }
        Token::Name("True") => Some(Value::Bool(true)),
        Token::Name("False") => Some(Value::Bool(false)),
        Token::Name("None") => Some(Value::Null),
        Token::Name(number) => number.parse::<i64>().ok().map(Value::from),
        Token::Sign('(') => {
            let inner = literal(tokens)?;
            eat(tokens, ')').then_some(inner)
        }
        Token::Sign('[') => {
            let mut list = Vec::new();
            while !eat(tokens, ']') {
                list.push(literal(tokens)?);
                eat(tokens, ',');
            }
            Some(Value::Array(list))
        }
        Token::Sign('{') => {
            let mut map = Map::new();
            while !eat(tokens, '}') {
                let Value::String(key) = literal(tokens)? else { return None };
                eat(tokens, ':').then_some(())?;
                map.insert(key, literal(tokens)?);
                eat(tokens, ',');
            }
            Some(Value::Object(map))
        }
        Token::Sign(_) => None,
    }
}

fn eat(tokens: &mut &[Token<'_>], sign: char) -> bool {
    match tokens.split_first() {
        Some((Token::Sign(it), after)) if *it == sign => {
            *tokens = after;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SOURCE: &str = r#"
import a.b

class Free:
    pass

class Rule(Base):
    """It's a rule."""  # class Not(A):
    id = "E1"
    shortdesc = (
        "Cpu "
        'fits'
    )
    _table: dict[str, list[int]] = {"A": [1, {"b": None}], "C": True}

    def __init__(self) -> None:
        super().__init__(
            keywords=["Resources/A"],
            details=Details(module=a.b.c, filename="d.json"),
        )

    def message(self, kind):
        if kind == "X":
            return {"a": f"b{kind['c']}"}
        instance["Engine"] = instance["Engine"].lower()
"#;

    fn rule() -> Class<'static> {
        let mut classes = Class::all_in(SOURCE);
        assert_eq!(classes.len(), 1);
        classes.remove(0)
    }

    #[test]
    fn reads_the_head_of_a_class() {
        let rule = rule();
        assert_eq!(rule.base, "Base");
        assert_eq!(rule.text("id").unwrap(), "E1");
        assert_eq!(rule.text("shortdesc").unwrap(), "Cpu fits");
        assert_eq!(rule.text("description"), None);
        assert_eq!(rule.functions().collect::<Vec<_>>(), ["__init__", "message"]);
    }

    #[test]
    fn reads_what_is_passed_to_the_base() {
        let rule = rule();
        let arguments = rule.arguments();
        assert_eq!(arguments.first(), Some(&Token::Name("keywords")));
        assert!(arguments.contains(&Token::Name("a.b.c")));
        assert!(arguments.contains(&Token::Text("d.json".to_owned())));
        assert!(!arguments.contains(&Token::Name("def")));
    }

    #[test]
    fn reads_literals() {
        let rule = rule();
        assert_eq!(rule.literal("_table"), Some(json!({"A": [1, {"b": null}], "C": true})));
        let before = [
            Token::Name("kind"),
            Token::Sign('='),
            Token::Sign('='),
            Token::Text(String::new()),
            Token::Sign(':'),
            Token::Name("return"),
        ];
        assert_eq!(rule.literals_after(&before, 3), [("X".to_owned(), json!({"a": "b{kind['c']}"}))]);
    }

    #[test]
    fn sees_what_is_lowered() {
        assert_eq!(rule().lowers(), Some("Engine"));
    }
}
