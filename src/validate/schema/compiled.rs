//! A schema, compiled when it is first used.

use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::Value as Json;

use super::{
    super::value::Value,
    instance::{Instance, TemplateJson},
    keywords::OPTIONS,
    prepare::{known, prepare},
};

/// A schema, compiled when it is first used.
#[derive(Debug)]
pub(super) struct Schema {
    json: Json,
    validator: OnceLock<Option<Validator<TemplateJson>>>,
}

impl Schema {
    /// A schema as the pack has it.
    pub(super) fn new(mut json: Json) -> Self {
        prepare(&mut json);
        Self { json, validator: OnceLock::new() }
    }

    /// A schema that is met only if all it reads is known.
    pub(super) fn condition(mut json: Json) -> Self {
        prepare(&mut json);
        Self { json: known(json), validator: OnceLock::new() }
    }

    /// The schema, prepared for evaluation.
    pub(super) fn json(&self) -> &Json {
        &self.json
    }

    /// What evaluates it; nothing if the crate cannot.
    pub(super) fn validator(&self) -> Option<&Validator<TemplateJson>> {
        self.validator.get_or_init(|| OPTIONS.build(&self.json).ok()).as_ref()
    }

    /// Whether a value is as it says.
    pub(super) fn is_met(&self, value: Value<'_>) -> bool {
        self.validator().is_some_and(|it| it.is_valid(Instance::Value(value)))
    }
}
