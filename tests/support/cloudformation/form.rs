//! The parameters of an action, as the Query protocol spells lists and structures: `Tags.member.1.Key`.

use std::collections::BTreeMap;

/// The parameters of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form(pub(crate) BTreeMap<String, String>);

impl Form {
    /// Reads the body of a call, or the query of its address.
    pub(crate) fn read(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// A parameter; empty if it is not there.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// A parameter that may be absent.
    pub(crate) fn maybe(&self, name: &str) -> Option<String> {
        self.0.get(name).filter(|it| !it.is_empty()).cloned()
    }

    /// Whether a parameter is `true`.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.text(name) == "true"
    }

    /// Whether a list was sent at all, be it empty: what is absent in an update stays as it was.
    pub(crate) fn has_list(&self, name: &str) -> bool {
        let first = format!("{name}.member.");
        self.0.keys().any(|it| it == name || it.starts_with(&first))
    }

    /// A list of texts.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        self.members(name).map_while(|prefix| self.0.get(&prefix).cloned()).collect()
    }

    /// A list of structures, each with its own parameters.
    pub(crate) fn structures(&self, name: &str) -> Vec<Self> {
        self.members(name).map(|prefix| self.below(&prefix)).take_while(|it| !it.0.is_empty()).collect()
    }

    /// A list of pairs, such as tags.
    pub(crate) fn pairs(&self, name: &str, [key, value]: [&str; 2]) -> BTreeMap<String, String> {
        let items = self.structures(name);
        items.iter().map(|it| (it.text(key).to_owned(), it.text(value).to_owned())).collect()
    }

    fn members(&self, name: &str) -> impl Iterator<Item = String> + use<'_> {
        let name = name.to_owned();
        (1..=self.0.len()).map(move |at| format!("{name}.member.{at}"))
    }

    fn below(&self, prefix: &str) -> Self {
        let prefix = format!("{prefix}.");
        let own = self.0.iter().filter_map(|(key, value)| Some((key.strip_prefix(&prefix)?, value)));
        Self(own.map(|(key, value)| (key.to_owned(), value.clone())).collect())
    }
}
