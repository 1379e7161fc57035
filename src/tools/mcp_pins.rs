//! Pins of remote tools: hashes of everything that a server told of each tool, so that a change is told to operators.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use mcp_client::server::Server;
use mcp_client::tool::{RemoteTool, name_for_model};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::error::Fault;
use crate::ports::{Sql, SqlValue};
use crate::storage::{from_json, row, to_json};

/// Table of the lists that servers told last.
pub(super) const SCHEMA: &str =
    "CREATE TABLE IF NOT EXISTS mcp_pin (server TEXT PRIMARY KEY, url TEXT NOT NULL, tools TEXT NOT NULL);";

/// Statement that forgets them.
pub(super) const ERASE: &str = "DELETE FROM mcp_pin";

/// Bytes of a hash that are kept.
const HASH_BYTES: usize = 16;

/// Hashes of tools by their names for a model.
type Pins = BTreeMap<String, String>;

/// Line of the log for operators: a server tells something else of its tools than before.
#[derive(Debug, Serialize)]
pub(super) struct ChangedLine {
    event: &'static str,
    /// Name of the server in the profile.
    server: String,
    /// Fingerprint of the new list, as a profile may pin it.
    pin: String,
    /// True if the profile pins another list: none of the tools is offered.
    is_refused: bool,
    added: Vec<String>,
    /// Tools of which the description, the schema or a hint is another.
    changed: Vec<String>,
    removed: Vec<String>,
}

impl ChangedLine {
    /// True if none of the tools is offered.
    pub(super) const fn is_refused(&self) -> bool {
        self.is_refused
    }
}

#[derive(Deserialize)]
struct PinRow {
    url: String,
    tools: String,
}

/// Compares the tools of a server with those that it told before, and keeps them. `None` where nothing changed, and for the first list of
/// a server that its profile does not pin.
///
/// # Errors
/// `internal`, when the storage refuses.
pub(super) fn compare(
    sql: &impl Sql,
    server: &Server,
    tools: &[RemoteTool],
) -> Result<Option<ChangedLine>, Fault> {
    let pins = pins(server, tools);
    let name = SqlValue::Text(&server.name);
    let known: Option<PinRow> = row(sql, "SELECT url, tools FROM mcp_pin WHERE server = ?", &[name])?;
    // Another address is another server, which an operator chose.
    let known = known.filter(|known| known.url == server.url);
    let known: Option<Pins> = known.map(|known| from_json(&known.tools, "mcp_pin")).transpose()?;
    let json = to_json(&pins)?;
    if known.as_ref() != Some(&pins) {
        let statement = "INSERT OR REPLACE INTO mcp_pin (server, url, tools) VALUES (?, ?, ?)";
        sql.exec(
            statement,
            &[SqlValue::Text(&server.name), SqlValue::Text(&server.url), SqlValue::Text(&json)],
        )?;
    }
    let pin = hash(&json);
    let is_refused = server.pin.as_ref().is_some_and(|pinned| *pinned != pin);
    let known = known.unwrap_or_else(|| pins.clone());
    if known == pins && !is_refused {
        return Ok(None);
    }
    let absent = |of: &Pins, from: &Pins| -> Vec<String> {
        of.keys().filter(|name| !from.contains_key(*name)).cloned().collect()
    };
    let is_changed = |(name, hash): &(&String, &String)| known.get(*name).is_some_and(|known| known != *hash);
    Ok(Some(ChangedLine {
        event: "mcp_changed",
        server: server.name.clone(),
        pin,
        is_refused,
        added: absent(&pins, &known),
        changed: pins.iter().filter(is_changed).map(|(name, _)| name.clone()).collect(),
        removed: absent(&known, &pins),
    }))
}

/// Fingerprint of a list of tools, as a profile may pin it.
pub(super) fn fingerprint(server: &Server, tools: &[RemoteTool]) -> String {
    hash(&json!(pins(server, tools)).to_string())
}

fn pins(server: &Server, tools: &[RemoteTool]) -> Pins {
    let named = |tool: &RemoteTool| Some((name_for_model(&server.name, &tool.name)?, hash(&tool.told())));
    tools.iter().filter_map(named).collect()
}

fn hash(text: &str) -> String {
    let mut hash = String::new();
    for byte in Sha256::digest(text.as_bytes()).iter().take(HASH_BYTES) {
        // A String takes any text.
        let _ = write!(hash, "{byte:02x}");
    }
    hash
}
