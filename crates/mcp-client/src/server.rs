//! Configuration of an MCP server in an employee's profile. It is checked before any request to the server.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest name of a server, in characters.
const MAX_NAME: usize = 32;

/// Longest URL, in bytes.
const MAX_URL: usize = 2048;

/// Most names in an allow-list.
const MAX_ALLOWED: usize = 128;

/// Longest bearer token, in bytes. Proxies accept headers of this size.
const MAX_BEARER: usize = 4096;

/// Entry of an allow-list that stands for all tools.
const ALL: &str = "*";

/// A server that offers tools to an employee.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Server {
    /// Name in the profile: `[a-z0-9-]`, 1 to 32 characters.
    pub name: String,
    /// URL of its MCP endpoint.
    pub url: String,
    /// Allowed tools by their names on the server; `*` allows all, an empty list none.
    #[serde(default)]
    pub tools: Vec<String>,
    /// Calls that need a person's approval, where the profile says so.
    #[serde(default)]
    pub approval: Option<Approval>,
    /// Tools that only read, by their names on the server. The operator's word: a server's own `readOnlyHint` decides nothing.
    #[serde(default)]
    pub read_only: Vec<String>,
    /// Fingerprint of the list of tools that the operator has seen: no tool of another list is offered.
    #[serde(default)]
    pub pin: Option<String>,
    /// If true, the server gets the user's values in place of the placeholders that the model sees.
    #[serde(default)]
    pub unmask: bool,
    /// Name of the server's bearer token in `MCP_TOKENS`.
    #[serde(default)]
    pub token: Option<String>,
}

/// Policy for calls that need a person's approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Approval {
    /// All calls need approval.
    Always,
    /// All calls except those of tools that the profile names as read-only.
    Writes,
    /// No call needs approval.
    Never,
}

impl Server {
    /// Checks the name, the URL and the size of the allow-list.
    ///
    /// # Errors
    /// The rule that was broken, as a sentence. It contains nothing from the profile.
    pub fn check(&self) -> Result<(), &'static str> {
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || self.name.len() > MAX_NAME || !self.name.chars().all(is_name) {
            return Err("The name of an MCP server is 1 to 32 of a-z, 0-9 and -.");
        }
        if !is_address(&self.url) {
            return Err(
                "The url of an MCP server begins with https:// (http:// for localhost and 127.0.0.1 alone), names a host, \
                 and has no user, password, fragment or space in it.",
            );
        }
        if self.tools.len() > MAX_ALLOWED || self.read_only.len() > MAX_ALLOWED {
            return Err("An MCP server's lists of tools have at most 128 names.");
        }
        Ok(())
    }

    /// Returns true if the profile allows the tool with this name on the server.
    #[must_use]
    pub fn allows(&self, tool: &str) -> bool {
        self.tools.iter().any(|name| name == ALL || name == tool)
    }
}

impl Server {
    /// Decides whether a person must allow a call of a tool: the profile alone does. A server that gets values asks always, unless the
    /// profile says otherwise.
    #[must_use]
    pub fn needs_approval(&self, tool: &str) -> bool {
        match self.approval {
            Some(Approval::Always) => true,
            Some(Approval::Never) => false,
            None if self.unmask => true,
            Some(Approval::Writes) | None => !self.only_reads(tool),
        }
    }

    /// Returns true if the profile says that the tool with this name only reads.
    #[must_use]
    pub fn only_reads(&self, tool: &str) -> bool {
        self.read_only.iter().any(|name| name == ALL || name == tool)
    }
}

/// Returns true if all URL parsers find the same host. Stricter than the WHATWG's parser, which repairs many mistakes.
fn is_address(url: &str) -> bool {
    if url.len() > MAX_URL
        || !url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b'#')
    {
        return false;
    }
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let is_host =
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let is_scheme = scheme == "https" || scheme == "http" && matches!(host, "localhost" | "127.0.0.1");
    is_scheme && is_host && is_port
}

/// A bearer token for one server. It never appears in logs and is sent to no other server.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Bearer(String);

/// The deployment's bearer tokens by name, from `MCP_TOKENS`.
pub type Bearers = BTreeMap<String, Bearer>;

impl Bearer {
    /// The value of the header `Authorization`.
    #[must_use]
    pub(crate) fn header(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

impl TryFrom<String> for Bearer {
    type Error = &'static str;

    /// # Errors
    /// A message if the text is no valid header value.
    fn try_from(token: String) -> Result<Self, Self::Error> {
        let is_token =
            (1..=MAX_BEARER).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
        if is_token { Ok(Self(token)) } else { Err("a bearer token is 1 to 4,096 visible ASCII characters") }
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn server(json: serde_json::Value) -> Server {
        serde_json::from_value(json).unwrap()
    }

    fn at(url: &str) -> Server {
        server(serde_json::json!({ "name": "crm", "url": url }))
    }

    #[test]
    fn a_minimal_profile_allows_nothing_and_has_writes_approved() {
        let least = server(serde_json::json!({ "name": "crm", "url": "https://a.example/mcp", "later": 1 }));
        assert_eq!(least.check(), Ok(()));
        assert_eq!((least.approval, least.unmask, least.token.as_deref()), (None, false, None));
        assert!(least.needs_approval("find"));
        assert!(!least.allows("find") && !least.allows("*"));
    }

    #[test]
    fn an_allow_list_is_by_exact_names() {
        let mut some = at("https://a.example");
        some.tools = vec!["find".to_owned()];
        assert!(some.allows("find") && !some.allows("find_all") && !some.allows("Find"));
        some.tools.push("*".to_owned());
        assert!(some.allows("find_all"));
    }

    #[test]
    fn the_profile_alone_says_which_calls_ask() {
        let asks = |approval: Option<Approval>, unmask: bool| {
            let read_only = vec!["find".to_owned()];
            let server = Server { approval, read_only, unmask, ..at("https://a.example") };
            (server.needs_approval("find"), server.needs_approval("send"))
        };
        assert_eq!(asks(None, false), (false, true));
        assert_eq!(asks(None, true), (true, true), "a server that gets values");
        assert_eq!(asks(Some(Approval::Writes), true), (false, true));
        assert_eq!(asks(Some(Approval::Always), false), (true, true));
        assert_eq!(asks(Some(Approval::Never), true), (false, false));
    }

    #[test]
    fn only_https_and_this_machine_are_addresses() {
        for url in [
            "https://a.example",
            "https://a.example:8443/mcp?x=1",
            "http://localhost:8080/mcp",
            "http://127.0.0.1/",
        ] {
            assert_eq!(at(url).check(), Ok(()), "{url}");
        }
        for url in [
            "",
            "a.example",
            "ftp://a.example",
            "http://a.example",
            "HTTPS://a.example",
            "http://localhost.a.example",
            "http://localhost@a.example",
            "http://localhost\\@a.example",
            "https://user:password@a.example",
            "https://:443/",
            "https://a.example:0",
            "https://a.example:http",
            "https://a.example/#x",
            "https://a.example/a b",
            "https://a.example/\nx",
            "https://a.exämple",
            "https:///x",
        ] {
            assert!(at(url).check().is_err(), "{url}");
        }
    }

    #[test]
    fn names_and_lists_are_bounded() {
        for name in ["", "Crm", "c_rm", "c rm", &"a".repeat(33)] {
            let named = Server { name: name.to_owned(), ..at("https://a.example") };
            assert!(named.check().is_err(), "{name}");
        }
        let long = Server { tools: vec![String::new(); 129], ..at("https://a.example") };
        assert!(long.check().is_err());
        assert!(at(&format!("https://a.example/{}", "a".repeat(2048))).check().is_err());
    }

    #[test]
    fn a_bearer_token_is_never_printed_and_never_breaks_a_header() {
        let all: Bearers = serde_json::from_str(r#"{"CRM":"s3cret"}"#).unwrap();
        assert_eq!(format!("{all:?}"), r#"{"CRM": Bearer(…)}"#);
        assert_eq!(all["CRM"].header(), "Bearer s3cret");
        for bad in [r#"{"CRM":""}"#, r#"{"CRM":"a\nb"}"#, r#"{"CRM":"a b"}"#, r#"{"CRM":"ä"}"#] {
            let error = serde_json::from_str::<Bearers>(bad).unwrap_err();
            assert!(!error.to_string().contains("a\nb"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn a_url_names_no_host_besides_the_one_before_its_path(text in "(https?://)?[a-z0-9@:/.?#\\\\ -]{0,30}") {
            if at(&text).check().is_ok() {
                let authority = text.split_once("://").unwrap().1.split(['/', '?']).next().unwrap();
                prop_assert!(!authority.contains('@') && !text.contains(['\\', '#', ' ']));
            }
        }
    }
}
