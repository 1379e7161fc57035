//! State of a session: the negotiated revision of the protocol, the session id and the last request id.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest session id, in bytes. Some servers put signed values there.
const MAX_ID: usize = 2048;

/// A revision of the protocol (<https://modelcontextprotocol.io/specification/versioning>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Version {
    /// The last without streamable HTTP. Some servers announce it but have the newer transport.
    #[serde(rename = "2024-11-05")]
    V2024_11_05,
    /// The first with streamable HTTP.
    #[serde(rename = "2025-03-26")]
    V2025_03_26,
    /// The first with the header `MCP-Protocol-Version`.
    #[serde(rename = "2025-06-18")]
    V2025_06_18,
    /// The last with `initialize`. The client offers this one.
    #[serde(rename = "2025-11-25")]
    V2025_11_25,
    /// The first without sessions: each request carries the revision and the client's capabilities.
    #[serde(rename = "2026-07-28")]
    V2026_07_28,
}

impl Version {
    /// The revision as a header value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    /// Finds the revision that a server returned from `initialize`.
    pub(crate) fn agreed(name: &str) -> Option<Self> {
        let all = [Self::V2024_11_05, Self::V2025_03_26, Self::V2025_06_18, Self::V2025_11_25];
        all.into_iter().find(|version| version.as_str() == name)
    }
}

/// A session with a server. It may be stored and continued with the same server and the same bearer token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Revision of the protocol.
    pub version: Version,
    /// The `Mcp-Session-Id`, if the server has sessions.
    id: Option<String>,
    /// The id of the last request. Ids are unique within a session.
    asked: u64,
}

impl Session {
    /// Makes a new session. `None` if its id is no valid header value.
    pub(crate) fn new(version: Version, id: Option<String>) -> Option<Self> {
        let is_header =
            |id: &String| (1..=MAX_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
        id.as_ref().is_none_or(is_header).then_some(Self { version, id, asked: 0 })
    }

    /// A session with a server that has neither sessions nor `initialize`.
    pub(crate) const fn stateless() -> Self {
        Self { version: Version::V2026_07_28, id: None, asked: 0 }
    }

    /// The `Mcp-Session-Id`, if there is one.
    pub(crate) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Returns true if each request carries the revision and the client's capabilities.
    pub(crate) fn is_stateless(&self) -> bool {
        self.version == Version::V2026_07_28
    }

    /// Assigns the id of the next request.
    pub(crate) const fn next(&mut self) -> u64 {
        self.asked = self.asked.saturating_add(1);
        self.asked
    }
}

/// Omits the session id: it grants access to the session.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("version", &self.version).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_is_no_header_value_is_rejected() {
        for id in ["", "a b", "a\nb", "ä", &"a".repeat(MAX_ID + 1)] {
            assert_eq!(Session::new(Version::V2025_06_18, Some(id.to_owned())), None, "{id}");
        }
        assert!(Session::new(Version::V2025_06_18, None).is_some());
    }

    #[test]
    fn a_stored_session_continues_its_ids_and_logs_omit_its_own() {
        let mut session = Session::new(Version::V2025_11_25, Some("s3cret".to_owned())).unwrap();
        assert_eq!(session.next(), 1);
        let kept = serde_json::to_string(&session).unwrap();
        assert_eq!(kept, r#"{"version":"2025-11-25","id":"s3cret","asked":1}"#);
        let mut again: Session = serde_json::from_str(&kept).unwrap();
        assert_eq!(again.next(), 2);
        assert!(!format!("{again:?}").contains("s3cret"));
    }

    #[test]
    fn only_revisions_with_initialize_are_negotiated() {
        assert_eq!(Version::agreed("2025-03-26"), Some(Version::V2025_03_26));
        assert_eq!(Version::agreed("2026-07-28"), None);
        assert_eq!(Version::agreed("1.0"), None);
    }
}
