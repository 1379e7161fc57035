//! Origins of other pages that may call the API: single ones, and patterns for preview deployments.

/// Bytes of the longest label of a host name (RFC 1035, section 2.3.4).
const MAX_LABEL_BYTES: usize = 63;

/// Domains under which anybody gets a name. A pattern right below one would admit the pages of strangers.
const SHARED: [&str; 38] = [
    "amazonaws.com",
    "amplifyapp.com",
    "appspot.com",
    "azurestaticapps.net",
    "azurewebsites.net",
    "blogspot.com",
    "bolt.host",
    "cloudfront.net",
    "codesandbox.io",
    "csb.app",
    "deno.dev",
    "edgeone.app",
    "firebaseapp.com",
    "fly.dev",
    "github.io",
    "gitlab.io",
    "gitpod.io",
    "glitch.me",
    "herokuapp.com",
    "lovable.app",
    "myshopify.com",
    "netlify.app",
    "ngrok-free.app",
    "ngrok.app",
    "ngrok.io",
    "onrender.com",
    "pages.dev",
    "railway.app",
    "render.com",
    "replit.app",
    "run.app",
    "stackblitz.io",
    "supabase.co",
    "surge.sh",
    "trycloudflare.com",
    "vercel.app",
    "web.app",
    "webcontainer.io",
];

/// Second labels below which the registries of countries sell names, as in `co.uk`.
const OF_COUNTRIES: [&str; 17] = [
    "ac", "co", "com", "edu", "gob", "gov", "gv", "ltd", "me", "mil", "ne", "net", "nom", "or", "org", "plc",
    "sch",
];

/// An origin that is allowed, or a pattern of such.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedOrigin {
    /// The origin that stands here.
    Exact(String),
    /// `https://*.example.com`: the origins with one more label before what stands here, as `.example.com`.
    Below(String),
}

impl AllowedOrigin {
    /// Reads an entry of `ALLOWED_ORIGINS`.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn parse(entry: &str) -> Result<Self, &'static str> {
        let Some((before, rest)) = entry.split_once('*') else {
            return match entry.split_once("://") {
                Some((scheme, host)) if !scheme.is_empty() && !host.is_empty() && !host.contains('/') => {
                    Ok(Self::Exact(entry.to_owned()))
                }
                Some(_) | None => Err("must be a comma-separated list such as https://app.example.com"),
            };
        };
        let domain = rest.strip_prefix('.').filter(|_| before == "https://");
        let Some(domain) = domain.filter(|domain| domain.split('.').all(|label| is_label(host_of(label))))
        else {
            return Err("has a pattern of another form than https://*.example.com");
        };
        if is_shared(host_of(domain)) {
            return Err("has a pattern below a domain under which anybody gets a name");
        }
        Ok(Self::Below(rest.to_owned()))
    }

    /// True if a page of that origin may call. A pattern stands for one label alone.
    #[must_use]
    pub fn admits(&self, origin: &str) -> bool {
        match self {
            Self::Exact(allowed) => allowed == origin,
            Self::Below(rest) => {
                let label = origin.strip_prefix("https://").and_then(|host| host.strip_suffix(rest.as_str()));
                label.is_some_and(is_label)
            }
        }
    }
}

/// A host without its port.
fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) | None => authority,
    }
}

/// True for a label as browsers spell it in an origin.
fn is_label(text: &str) -> bool {
    (1..=MAX_LABEL_BYTES).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// True if names right below a domain belong to different people.
fn is_shared(domain: &str) -> bool {
    match domain.split('.').rev().collect::<Vec<_>>()[..] {
        [] | [_] => true,
        [country, second] if country.len() == 2 && OF_COUNTRIES.contains(&second) => true,
        _ => SHARED.contains(&domain),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pattern_admits_one_label_of_its_domain_and_nothing_else() {
        let pattern = AllowedOrigin::parse("https://*.example.com").unwrap();
        for origin in
            ["https://app.example.com", "https://pr-17.example.com", "https://xn--bcher-kva.example.com"]
        {
            assert!(pattern.admits(origin), "{origin}");
        }
        for origin in [
            "https://example.com",
            "https://.example.com",
            "https://a.b.example.com",
            "https://evil-example.com",
            "https://app.example.com.evil.org",
            "https://app.example.com:8443",
            "http://app.example.com",
            "https://evil.org/.example.com",
            "https://evil.org#.example.com",
            "https://user@.example.com",
            "https://evil.org:1.example.com",
            "https://A.example.com",
            "https://-a.example.com",
            "https://a_b.example.com",
            "https://a\u{3002}b.example.com",
            "null",
            "",
        ] {
            assert!(!pattern.admits(origin), "{origin}");
        }
        let ported = AllowedOrigin::parse("https://*.example.com:8443").unwrap();
        assert!(ported.admits("https://app.example.com:8443") && !ported.admits("https://app.example.com"));
        let preview = AllowedOrigin::parse("https://*.my-app.pages.dev").unwrap();
        assert!(
            preview.admits("https://1a2b.my-app.pages.dev") && !preview.admits("https://other.pages.dev")
        );
    }

    #[test]
    fn patterns_that_would_admit_strangers_are_refused() {
        for entry in [
            "*",
            "https://*",
            "https://*.com",
            "https://*.co.uk",
            "https://*.com.au:8443",
            "https://*.vercel.app",
            "https://*.pages.dev",
            "https://*.*.example.com",
            "https://app-*.example.com",
            "https://*example.com",
            "https://a.*.example.com",
            "http://*.example.com",
            "*://app.example.com",
            "https://*.example.com/path",
            "https://*..com",
            "https://*.Example.com",
        ] {
            assert!(AllowedOrigin::parse(entry).is_err(), "{entry}");
        }
        for entry in ["app.example.com", "://x", "https://", "https://app.example.com/path"] {
            assert!(AllowedOrigin::parse(entry).is_err(), "{entry}");
        }
    }

    proptest! {
        #[test]
        fn an_admitted_origin_is_one_label_below_the_domain(label in "[a-z0-9.:/@#_*-]{0,12}") {
            let pattern = AllowedOrigin::Below(".example.com".into());
            let origin = format!("https://{label}.example.com");
            let is_one_label = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            prop_assert!(!pattern.admits(&origin) || is_one_label);
        }
    }
}
