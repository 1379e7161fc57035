//! Part of a question's vector in what was recalled.

use serde::{Deserialize, Serialize};

/// Part of a question's vector in what was recalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VectorUse {
    /// It came in time.
    Used,
    /// It did not come within the deadline.
    Late,
    /// The provider gave none, or was not asked because it has failed before.
    Absent,
}
