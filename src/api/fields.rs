//! Fields of a JSON body, read one by one.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::client_id;
use crate::error::{Code, Error, abort, abort_field};

/// The fields of an object, unread, so that an error can name the one at fault.
pub(super) struct Fields<'a>(HashMap<String, &'a RawValue>);

impl<'a> Fields<'a> {
    /// Reads an object.
    ///
    /// # Errors
    /// `invalid_json`.
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, Error> {
        let fields = serde_json::from_slice(body);
        fields.map(Self).map_err(|_| abort(Code::InvalidJson, "The body must be a JSON object in UTF-8."))
    }

    /// True if a field is there, and not `null`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|raw| raw.get() != "null")
    }

    /// Reads a field; `null` is as good as absent.
    pub(super) fn get<T: Deserialize<'a>>(&self, name: &'static str, rule: &str) -> Result<Option<T>, Error> {
        self.0.get(name).map_or(Ok(None), |raw| read(raw, name, rule))
    }

    /// Reads a field that is an id given by the client.
    pub(super) fn client_id(&self, name: &'static str) -> Result<Option<String>, Error> {
        let id: Option<String> = self.get(name, "must be a string")?;
        id.map(|id| client_id::checked(name, id)).transpose()
    }
}

/// Reads a value of a field; `rule` ends the sentence of the error.
///
/// # Errors
/// `invalid_field`.
pub(super) fn read<'a, T: Deserialize<'a>>(
    raw: &'a RawValue,
    name: &'static str,
    rule: &str,
) -> Result<T, Error> {
    serde_json::from_str(raw.get())
        .map_err(|_| abort_field(Code::InvalidField, name, format!("{name} {rule}.")))
}
