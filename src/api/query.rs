//! The query of a URL.

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

/// The query of a URL: names and values in their order.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Query(Vec<(String, String)>);

// Written by hand: a query may hold the name of a file, or a signature.
impl std::fmt::Debug for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Query({} pairs)", self.0.len())
    }
}

impl Query {
    /// Reads `application/x-www-form-urlencoded` (<https://url.spec.whatwg.org/#urlencoded-parsing>).
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let decode = |text: &str| {
            let spaced = text.replace('+', " ");
            percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
        };
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        Self(pairs.map(|(name, value)| (decode(name), decode(value))).collect())
    }

    /// The first value of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// All names and values.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_as_forms_are_written() {
        let query = Query::parse("name=a+b%26c.pdf&limit=2&flag&&name=other&bad=%ff");
        assert_eq!(
            (query.get("name"), query.get("limit"), query.get("flag")),
            (Some("a b&c.pdf"), Some("2"), Some(""))
        );
        assert_eq!((query.get("bad"), query.get("none")), (Some("\u{fffd}"), None));
        assert_eq!(query.pairs().count(), 5);
    }
}
