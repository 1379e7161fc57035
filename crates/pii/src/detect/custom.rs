//! A deployment's own patterns, such as customer or contract numbers.

use regex_lite::{Regex, RegexBuilder};
use serde::Deserialize;

use super::finding::{Entity, Findings, Rank};
use super::scan::Text;

/// Most patterns, and the longest in bytes: each costs time on every message.
const MAX_PATTERNS: usize = 32;
const MAX_PATTERN_BYTES: usize = 512;

/// Longest name: with a number and brackets it must fit a placeholder.
const MAX_NAME_BYTES: usize = 40;

/// The largest program that a pattern may compile to, in bytes.
const MAX_COMPILED_BYTES: usize = 64 * 1024;

/// Validated patterns, compiled and ready to search.
#[derive(Clone, Debug, Default)]
pub struct Patterns(Vec<Pattern>);

#[derive(Clone, Debug)]
struct Pattern {
    name: String,
    regex: Regex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    pattern: String,
}

impl Patterns {
    /// Parses `[{"name":"CUSTOMER_NO","pattern":"KD-[0-9]{6}"}]`. The syntax is that of the crate `regex-lite`. A pattern
    /// should mark its own boundaries with `\b`.
    ///
    /// # Errors
    /// A sentence about the first problem. It names a pattern by its index and quotes nothing of it.
    pub fn parse(json: &str) -> Result<Self, String> {
        let written: Vec<Written> = serde_json::from_str(json)
            .map_err(|_| "must be a JSON array of {\"name\", \"pattern\"}".to_owned())?;
        if written.len() > MAX_PATTERNS {
            return Err(format!("may hold {MAX_PATTERNS} patterns"));
        }
        let mut patterns = Self::default();
        for (place, Written { name, pattern }) in (1..).zip(written) {
            let complain = |rule: &str| Err(format!("pattern {place}: {rule}"));
            if !is_kind(&name) {
                return complain("its name must be capital letters, digits and underscores, of 40 at most");
            }
            if Entity::NAMES.contains(&name.as_str()) || patterns.0.iter().any(|other| other.name == name) {
                return complain("its name is taken");
            }
            if pattern.len() > MAX_PATTERN_BYTES {
                return complain("it may have 512 bytes");
            }
            match RegexBuilder::new(&pattern).size_limit(MAX_COMPILED_BYTES).build() {
                Ok(regex) if regex.is_match("") => return complain("it matches the empty text"),
                Ok(regex) => patterns.0.push(Pattern { name, regex }),
                Err(_) => return complain("it is no regular expression, or one too large"),
            }
        }
        Ok(patterns)
    }

    /// The name of a built-in or custom kind; `None` for a known value, which its owner names.
    #[must_use]
    pub fn name_of(&self, entity: Entity) -> Option<&str> {
        match entity {
            Entity::Custom(place) => self.0.get(place).map(|pattern| pattern.name.as_str()),
            other => other.name(),
        }
    }

    pub(super) fn find(&self, text: &Text<'_>, found: &mut Findings) {
        for (place, pattern) in self.0.iter().enumerate() {
            for hit in pattern.regex.find_iter(text.str).filter(|hit| !hit.is_empty()) {
                found.add(Rank::Certain, hit.start(), hit.end(), Entity::Custom(place));
            }
        }
    }
}

/// Checks for the form of a kind in placeholders.
#[must_use]
pub fn is_kind(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.len() <= MAX_NAME_BYTES
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_without_showing_the_pattern() {
        for (json, told) in [
            ("{}", "must be a JSON array"),
            (r#"[{"name":"A"}]"#, "must be a JSON array"),
            (r#"[{"name":"no","pattern":"x"}]"#, "pattern 1: its name must be"),
            (r#"[{"name":"EMAIL","pattern":"x"}]"#, "pattern 1: its name is taken"),
            (r#"[{"name":"A","pattern":"x"},{"name":"A","pattern":"y"}]"#, "pattern 2: its name is taken"),
            (r#"[{"name":"A","pattern":"(x"}]"#, "pattern 1: it is no regular expression"),
            (r#"[{"name":"A","pattern":"x*"}]"#, "pattern 1: it matches the empty text"),
            (r#"[{"name":"A","pattern":"(?:x{1000}){1000}"}]"#, "pattern 1: it is no regular expression"),
        ] {
            let error = Patterns::parse(json).unwrap_err();
            assert!(error.contains(told), "{json}: {error}");
        }
        assert_eq!(
            Patterns::parse(r#"[{"name":"CUSTOMER_NO","pattern":"KD-[0-9]{6}"}]"#)
                .unwrap()
                .name_of(Entity::Custom(0)),
            Some("CUSTOMER_NO")
        );
    }
}
