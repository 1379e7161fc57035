//! JSON of which no field can be relied on.

use serde::Deserialize;
use serde_json::value::RawValue;

/// Reads a value; absent if it has another shape.
pub(super) fn read<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}
