//! The XML that AWS answers in, as a tree of elements: without attributes, and with nothing that would make it grow.

use std::borrow::Cow;

use xmlparser::{ElementEnd, Token, Tokenizer};

/// The deepest that elements lie in each other: answers of AWS have a dozen levels.
const DEEPEST: usize = 64;

/// An element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// Reads a document.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(super) fn read(document: &str) -> Result<Self, String> {
        // What is open, the innermost last; the first holds the document.
        let mut open = vec![Self::default()];
        for token in Tokenizer::from(document) {
            match token.map_err(|it| it.to_string())? {
                Token::ElementStart { local, .. } => {
                    if open.len() > DEEPEST {
                        return Err("its elements lie too deep".to_owned());
                    }
                    open.push(Self { name: local.to_string(), ..Self::default() });
                }
                Token::ElementEnd { end: ElementEnd::Empty, .. } => close(&mut open, None)?,
                Token::ElementEnd { end: ElementEnd::Close(_, local), .. } => close(&mut open, Some(&local))?,
                Token::Text { text } => innermost(&mut open).text.push_str(&unescaped(&text)?),
                Token::Cdata { text, .. } => innermost(&mut open).text.push_str(&text),
                Token::DtdStart { .. } | Token::EmptyDtd { .. } | Token::EntityDeclaration { .. } => {
                    return Err("it declares types of its own".to_owned());
                }
                Token::ElementEnd { end: ElementEnd::Open, .. }
                | Token::Declaration { .. }
                | Token::ProcessingInstruction { .. }
                | Token::Comment { .. }
                | Token::DtdEnd { .. }
                | Token::Attribute { .. } => (),
            }
        }
        match (open.pop(), open.is_empty()) {
            (Some(mut document), true) => document.children.pop().ok_or_else(|| "it is empty".to_owned()),
            _ => Err("it ends in the middle".to_owned()),
        }
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The first element of a name in this one.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|it| it.name == name)
    }

    /// The first element of a name in this one, alone; an empty one, if there is none.
    pub(super) fn into_child(self, name: &str) -> Self {
        self.children.into_iter().find(|it| it.name == name).unwrap_or_default()
    }

    /// The text of an element in this one, unless it is empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.child(name).map(|it| it.text.trim()).filter(|it| !it.is_empty())
    }

    /// The text of an element in this one to the letter; empty, if there is none.
    pub(super) fn written(&self, name: &str) -> &str {
        self.child(name).map_or("", |it| &it.text)
    }

    /// All elements of a name in this one.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(move |it| it.name == name)
    }

    /// Whether an element in this one says `true`.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    /// The elements of a list in this one, whatever it calls them.
    pub(super) fn items(&self, name: &str) -> impl Iterator<Item = &Self> {
        self.child(name).into_iter().flat_map(|it| &it.children)
    }

    /// The texts of a list in this one.
    pub(super) fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.items(name).map(|it| it.text.trim())
    }
}

fn innermost(open: &mut [Element]) -> &mut Element {
    open.last_mut().expect("the document is open to its end")
}

fn close(open: &mut Vec<Element>, name: Option<&str>) -> Result<(), String> {
    let closed = open.pop().filter(|it| !open.is_empty() && name.is_none_or(|name| name == it.name));
    let closed = closed.ok_or_else(|| "its elements do not lie in each other".to_owned())?;
    innermost(open).children.push(closed);
    Ok(())
}

/// A text with its references resolved, of which only those are known that every document has.
fn unescaped(text: &str) -> Result<Cow<'_, str>, String> {
    let Some((mut out, rest)) = text.split_once('&').map(|(before, rest)| (before.to_owned(), rest)) else {
        return Ok(Cow::Borrowed(text));
    };
    for part in rest.split('&') {
        let (name, behind) = part.split_once(';').ok_or("a reference in it does not end")?;
        let code = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
        let found = match name {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => match name.strip_prefix('#') {
                Some(digits) => digits.strip_prefix('x').map_or_else(|| code(digits, 10), |it| code(it, 16)),
                None => None,
            },
        };
        out.push(found.ok_or("it refers to what is not in it")?);
        out.push_str(behind);
    }
    Ok(Cow::Owned(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(document: &str, expected: &str) {
        let shown = match Element::read(document) {
            Ok(it) => format!("{} {:?} {:?}", it.name, it.text("a"), it.texts("list").collect::<Vec<_>>()),
            Err(why) => why,
        };
        assert_eq!(shown, expected, "{document}");
    }

    #[test]
    fn elements_and_lists_are_read() {
        check(
            "<?xml version=\"1.0\"?><!-- x --><r xmlns='u'>\n <a>1</a><list><item>x</item><item>y</item></list></r>",
            "r Some(\"1\") [\"x\", \"y\"]",
        );
        check("<n:r><n:a> 1 </n:a><list/></n:r>", "r Some(\"1\") []");
        check("<r><a></a></r>", "r None []");
        check("<r><a>&lt;&amp;&#65;&#x42;<![CDATA[&c]]></a></r>", "r Some(\"<&AB&c\") []");
    }

    #[test]
    fn what_is_hostile_is_refused() {
        check("", "it is empty");
        check("<r><a>", "it ends in the middle");
        check("<r><a></r></a>", "its elements do not lie in each other");
        check("<!DOCTYPE r [<!ENTITY a \"b\">]><r>&a;</r>", "it declares types of its own");
        check("<!DOCTYPE r SYSTEM \"http://127.0.0.1/\"><r/>", "it declares types of its own");
        check("<r>&nbsp;</r>", "it refers to what is not in it");
        check("<r>&#xD800;</r>", "it refers to what is not in it");
        check("<r>&amp</r>", "a reference in it does not end");
        check(&"<r>".repeat(100_000), "its elements lie too deep");
    }

    #[test]
    fn what_is_no_document_is_told() {
        let told = Element::read("<html><body>Log in</html>").map(|it| it.name);
        assert_eq!(told, Err("its elements do not lie in each other".to_owned()));
        assert!(Element::read("{\"a\": 1}").is_err());
    }
}
