//! Rate limits as headers: `RateLimit-Policy` and `RateLimit`
//! (<https://www.ietf.org/archive/id/draft-ietf-httpapi-ratelimit-headers-10.html>).

use crate::limit::bucket::{RateLimitStatus, WINDOW};

/// The headers for the state of a rate limit.
#[must_use]
pub fn rate_limit(status: RateLimitStatus) -> [(&'static str, String); 2] {
    let RateLimitStatus { quota, remaining, reset } = status;
    [
        ("ratelimit-policy", format!("\"messages\";q={quota};w={}", WINDOW / 1000)),
        ("ratelimit", format!("\"messages\";r={remaining};t={reset}")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_structured_fields() {
        let [(_, policy), (_, limit)] = rate_limit(RateLimitStatus { quota: 10, remaining: 4, reset: 6 });
        assert_eq!((policy.as_str(), limit.as_str()), ("\"messages\";q=10;w=60", "\"messages\";r=4;t=6"));
    }
}
