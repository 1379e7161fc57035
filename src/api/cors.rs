//! Cross-origin access: the pages that may call the API, and the headers that browsers need.

use crate::error::{Code, Error, abort};

/// Headers of the reply to a preflight.
pub const PREFLIGHT: [(&str, &str); 3] = [
    ("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS"),
    (
        "access-control-allow-headers",
        concat!(
            "authorization, content-type, last-event-id, traceparent, user-agent, x-session-id, ",
            // Of OpenAI's own clients.
            "openai-organization, openai-project, x-stainless-arch, x-stainless-helper-method, x-stainless-lang, x-stainless-os, ",
            "x-stainless-package-version, x-stainless-retry-count, x-stainless-runtime, x-stainless-runtime-version, ",
            "x-stainless-timeout"
        ),
    ),
    ("access-control-max-age", "7200"),
];

/// Headers that a page of another origin may read.
const EXPOSED: &str = concat!(
    "x-vercel-ai-ui-message-stream, x-session-id, ratelimit, ratelimit-policy, retry-after, server-timing, ",
    "x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens, ",
    "x-ratelimit-limit-usd, x-ratelimit-remaining-usd, x-ratelimit-reset-usd"
);

/// Decides about the `Origin` of a request to `url`. `Ok(None)` means a caller that is no browser, `Ok(Some)` an origin that gets
/// [`headers`].
///
/// # Errors
/// `origin_not_allowed`.
pub fn admit<'a>(origin: Option<&'a str>, url: &str, allowed: &[String]) -> Result<Option<&'a str>, Error> {
    let Some(origin) = origin else { return Ok(None) };
    let own = url.strip_prefix(origin).is_some_and(|rest| rest.starts_with('/'));
    if own || allowed.iter().any(|one| one == origin) {
        return Ok(Some(origin));
    }
    Err(abort(Code::OriginNotAllowed, "The page's origin is not on the deployment's ALLOWED_ORIGINS."))
}

/// Headers of a reply to a page of that origin.
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
        let allowed = ["https://app.example.com".to_owned()];
        let admit = |origin| admit(Some(origin), "https://desk.example.com/api/chat", &allowed).is_ok();
        assert!(admit("https://desk.example.com"));
        assert!(admit("https://app.example.com"));
        for foreign in
            ["https://desk.example.co", "https://app.example.com.evil.org", "http://app.example.com", "null"]
        {
            assert!(!admit(foreign), "{foreign}");
        }
    }
}
