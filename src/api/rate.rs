//! Limits as headers: messages a minute as `RateLimit-Policy` and `RateLimit`
//! (<https://www.ietf.org/archive/id/draft-ietf-httpapi-ratelimit-headers-10.html>), budgets of the day as clients of OpenAI's API read
//! them (<https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers>).

use crate::limit::bucket::{RateLimitStatus, WINDOW};
use crate::limit::status::{BudgetStatus, LimitStatus, Remaining};

/// A header of a reply.
type Header = (&'static str, String);

/// The headers for the state of the limits that hold.
pub fn limit_headers(status: LimitStatus) -> impl Iterator<Item = Header> {
    let LimitStatus { messages, budget: BudgetStatus { tokens, micro_usd, reset } } = status;
    let of_tokens = tokens.map(|Remaining { limit, remaining }| {
        [
            ("x-ratelimit-limit-tokens", limit.to_string()),
            ("x-ratelimit-remaining-tokens", remaining.to_string()),
            ("x-ratelimit-reset-tokens", format!("{reset}s")),
        ]
    });
    let of_dollars = micro_usd.map(|Remaining { limit, remaining }| {
        [
            ("x-ratelimit-limit-usd", dollars(limit)),
            ("x-ratelimit-remaining-usd", dollars(remaining)),
            ("x-ratelimit-reset-usd", format!("{reset}s")),
        ]
    });
    let of_messages = messages.map(|RateLimitStatus { quota, remaining, reset }| {
        [
            ("ratelimit-policy", format!("\"messages\";q={quota};w={}", WINDOW / 1000)),
            ("ratelimit", format!("\"messages\";r={remaining};t={reset}")),
        ]
    });
    let of_budgets = of_tokens.into_iter().chain(of_dollars).flatten();
    of_messages.into_iter().flatten().chain(of_budgets)
}

/// Dollars with six digits behind the point.
fn dollars(micro_usd: u64) -> String {
    format!("{}.{:06}", micro_usd / 1_000_000, micro_usd % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_tell_of_every_limit_that_holds() {
        let messages = Some(RateLimitStatus { quota: 10, remaining: 4, reset: 6 });
        let remaining = |limit, remaining| Some(Remaining { limit, remaining });
        let budget =
            BudgetStatus { tokens: remaining(1000, 42), micro_usd: remaining(1_500_000, 20), reset: 90 };
        let headers: Vec<_> = limit_headers(LimitStatus { messages, budget }).collect();
        let values: Vec<_> = headers.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(
            values,
            [
                "\"messages\";q=10;w=60",
                "\"messages\";r=4;t=6",
                "1000",
                "42",
                "90s",
                "1.500000",
                "0.000020",
                "90s"
            ]
        );
        assert_eq!(limit_headers(LimitStatus::default()).count(), 0);
    }
}
