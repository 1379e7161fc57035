//! Cross-origin access: the pages that may call the API, and the headers that browsers need.

use crate::error::{Code, Error, abort};
use crate::origin::AllowedOrigin;

/// Headers of the reply to a preflight.
pub const PREFLIGHT: [(&str, &str); 3] = [
    ("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS"),
    (
        "access-control-allow-headers",
        concat!(
            "authorization, content-type, if-none-match, last-event-id, traceparent, user-agent, x-file-name, x-session-id, ",
            // Of OpenAI's own clients.
            "openai-organization, openai-project, x-stainless-arch, x-stainless-helper-method, x-stainless-lang, x-stainless-os, ",
            "x-stainless-package-version, x-stainless-retry-count, x-stainless-runtime, x-stainless-runtime-version, ",
            "x-stainless-timeout"
        ),
    ),
    ("access-control-max-age", "7200"),
];

/// Characters of a refused origin that its error repeats.
const SHOWN_CHARS: usize = 100;

/// Headers that a page of another origin may read.
const EXPOSED: &str = concat!(
    "etag, x-vercel-ai-ui-message-stream, x-session-id, ratelimit, ratelimit-policy, retry-after, server-timing, ",
    "x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens, ",
    "x-ratelimit-limit-usd, x-ratelimit-remaining-usd, x-ratelimit-reset-usd"
);

/// Decides about a request to `url` from a page of that origin.
///
/// # Errors
/// `origin_not_allowed`.
pub fn admit(origin: &str, url: &str, allowed: &[AllowedOrigin]) -> Result<(), Error> {
    let own = url.strip_prefix(origin).is_some_and(|rest| rest.starts_with('/'));
    if own || allowed.iter().any(|one| one.admits(origin)) {
        return Ok(());
    }
    let shown: String = origin.chars().take(SHOWN_CHARS).collect();
    let detail = format!("The origin {shown} is not in the deployment's ALLOWED_ORIGINS.");
    Err(abort(Code::OriginNotAllowed, detail))
}

/// Headers of a reply to a page of that origin. A page whose origin is refused gets them too: it could not read the reason otherwise, and
/// there is nothing else in the reply.
#[must_use]
pub fn headers(origin: &str) -> [(&'static str, String); 3] {
    [
        ("access-control-allow-origin", origin.to_owned()),
        ("vary", "origin".to_owned()),
        ("access-control-expose-headers", EXPOSED.to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_and_listed_origins_pass_and_look_alikes_do_not() {
        let allowed = [AllowedOrigin::Exact("https://app.example.com".to_owned())];
        let admit = |origin| admit(origin, "https://desk.example.com/api/chat", &allowed).is_ok();
        assert!(admit("https://desk.example.com"));
        assert!(admit("https://app.example.com"));
        for foreign in
            ["https://desk.example.co", "https://app.example.com.evil.org", "http://app.example.com", "null"]
        {
            assert!(!admit(foreign), "{foreign}");
        }
    }
}
