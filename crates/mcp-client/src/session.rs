//! What a client knows of a server once they have met: the revision that both speak, and the server's name for the session.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest name of a session, in bytes: some servers put signed tokens there.
const MAX_ID: usize = 2048;

/// A revision of the protocol (<https://modelcontextprotocol.io/specification/versioning>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Version {
    /// Of before streamable HTTP; some servers announce it and speak the newer transport.
    #[serde(rename = "2024-11-05")]
    V2024_11_05,
    /// The first with streamable HTTP.
    #[serde(rename = "2025-03-26")]
    V2025_03_26,
    /// The first with a header for the revision.
    #[serde(rename = "2025-06-18")]
    V2025_06_18,
    /// The last that begins with `initialize`: it is what is offered.
    #[serde(rename = "2025-11-25")]
    V2025_11_25,
    /// The first without sessions: every request says what is needed to understand it.
    #[serde(rename = "2026-07-28")]
    V2026_07_28,
}

impl Version {
    /// As headers have it.
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

    /// What a server answers to `initialize`, if it is known here.
    pub(crate) fn agreed(name: &str) -> Option<Self> {
        let all = [Self::V2024_11_05, Self::V2025_03_26, Self::V2025_06_18, Self::V2025_11_25];
        all.into_iter().find(|version| version.as_str() == name)
    }
}

/// What was agreed with a server. It can be kept for the next turn, for the same server with the same token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The revision.
    pub version: Version,
    /// The server's name for the session, if it has sessions.
    id: Option<String>,
    /// The last request's number: no two requests of a session may have the same.
    asked: u64,
}

impl Session {
    /// A session that begins; `None` when its name cannot be in a header.
    pub(crate) fn new(version: Version, id: Option<String>) -> Option<Self> {
        let is_header =
            |id: &String| (1..=MAX_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
        id.as_ref().is_none_or(is_header).then_some(Self { version, id, asked: 0 })
    }

    /// With a server that has no sessions and wants no `initialize`.
    pub(crate) const fn stateless() -> Self {
        Self { version: Version::V2026_07_28, id: None, asked: 0 }
    }

    /// The server's name for it.
    pub(crate) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Whether each request describes itself.
    pub(crate) fn is_stateless(&self) -> bool {
        self.version == Version::V2026_07_28
    }

    /// The number of the next request.
    pub(crate) const fn next(&mut self) -> u64 {
        self.asked = self.asked.saturating_add(1);
        self.asked
    }
}

/// Whoever knows a session's name can speak in it, so logs do not.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("version", &self.version).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_break_a_header_is_none() {
        for id in ["", "a b", "a\nb", "ä", &"a".repeat(MAX_ID + 1)] {
            assert_eq!(Session::new(Version::V2025_06_18, Some(id.to_owned())), None, "{id}");
        }
        assert!(Session::new(Version::V2025_06_18, None).is_some());
    }

    #[test]
    fn a_session_that_is_kept_goes_on_counting_and_logs_show_no_name() {
        let mut session = Session::new(Version::V2025_11_25, Some("s3cret".to_owned())).unwrap();
        assert_eq!(session.next(), 1);
        let kept = serde_json::to_string(&session).unwrap();
        assert_eq!(kept, r#"{"version":"2025-11-25","id":"s3cret","asked":1}"#);
        let mut again: Session = serde_json::from_str(&kept).unwrap();
        assert_eq!(again.next(), 2);
        assert!(!format!("{again:?}").contains("s3cret"));
    }

    #[test]
    fn what_a_server_announces_is_a_revision_with_a_handshake_or_nothing() {
        assert_eq!(Version::agreed("2025-03-26"), Some(Version::V2025_03_26));
        assert_eq!(Version::agreed("2026-07-28"), None);
        assert_eq!(Version::agreed("1.0"), None);
    }
}
