//! MCP servers over HTTP: one with tools that read and write, one that gets the user's own values.

use std::cell::Cell;
use std::rc::Rc;

use frontdesk::ports::{HttpCall, HttpError};
use frontdesk::time::Millis;
use futures::channel::oneshot;
use serde::Deserialize;
use serde_json::{Value, json};

use super::employees::MAILER;
use super::faults::Fault;
use super::network::{Route, call as travel};
use super::oracle::IssuedCall;
use super::postgres::{read, to_json};
use super::values::{invented, raw_value, word};
use super::world::{Instance, World};

/// Both servers.
#[derive(Default)]
pub struct McpServer {
    sessions: Cell<u64>,
}

#[derive(Deserialize)]
struct RpcRequest {
    #[serde(default)]
    id: Option<u64>,
    method: String,
    #[serde(default)]
    params: Value,
}

/// Status, headers and body.
pub type McpAnswer = (u16, Vec<(String, String)>, String);

impl McpServer {
    /// Posts a request to one of the servers.
    pub async fn post(
        self: &Rc<Self>,
        world: &Rc<World>,
        from: &Rc<Instance>,
        call: &HttpCall<'_>,
        timeout: Millis,
    ) -> Result<McpAnswer, HttpError> {
        let is_clear = call.url == MAILER;
        let request: RpcRequest = read(call.body.unwrap_or_default());
        if !is_clear {
            world.check_masked("a request to an MCP server", call.body.unwrap_or_default());
        }
        let issued = (request.method == "tools/call").then(|| {
            let server = if is_clear { "mailer" } else { "crm" };
            let tool = format!("{server}__{}", request.params["name"].as_str().unwrap_or_default());
            world.calling(&tool, &request.params["arguments"], is_clear)
        });
        let issued = issued.flatten();
        let (server, own) = (Rc::clone(self), Rc::clone(world));
        let deliver = move |reply: oneshot::Sender<McpAnswer>| {
            let _ = reply.send(server.answer(&own, &request, (is_clear, issued.as_deref())));
        };
        let route = Route { name: "an MCP server", timeout, repeats: false };
        travel(world, Some(from), route, deliver).await.ok_or(HttpError::Timeout)
    }

    fn answer(
        &self,
        world: &World,
        request: &RpcRequest,
        (is_mailer, issued): (bool, Option<&IssuedCall>),
    ) -> McpAnswer {
        let json = |body: Value| {
            let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
            (200, headers, to_json(&body))
        };
        let result = |result: Value| json(json!({ "jsonrpc": "2.0", "id": request.id, "result": result }));
        if world.occurs(Fault::ToolFails) {
            // An unknown session, or a server that is down: it did nothing.
            let status = world.rng.pick(&[404, 404, 500, 400]);
            return (status, Vec::new(), String::new());
        }
        match request.method.as_str() {
            "initialize" => {
                self.sessions.set(self.sessions.get() + 1);
                let (status, mut headers, body) = result(json!({
                    "protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": { "name": "x", "version": "1" },
                }));
                headers.push(("mcp-session-id".to_owned(), format!("session-{}", self.sessions.get())));
                (status, headers, body)
            }
            "tools/list" => result(json!({ "tools": tools(is_mailer) })),
            "tools/call" => {
                issued.iter().for_each(|issued| world.ran(issued));
                let is_error = world.occurs(Fault::ToolFails);
                result(json!({ "content": [{ "type": "text", "text": found(world) }], "isError": is_error }))
            }
            _ => (202, Vec::new(), String::new()),
        }
    }
}

fn tools(is_mailer: bool) -> Value {
    let schema = json!({
        "type": "object", "properties": { "about": { "type": "string" }, "n": { "type": "integer" } },
    });
    if is_mailer {
        json!([{ "name": "mail", "description": "Sends a mail.", "inputSchema": schema }])
    } else {
        json!([
            { "name": "lookup", "description": "Finds.", "inputSchema": schema, "annotations": { "readOnlyHint": true } },
            { "name": "update", "description": "Changes.", "inputSchema": schema },
        ])
    }
}

/// The text of a result: words, and raw values that must be masked before the model reads them.
fn found(world: &World) -> String {
    let rng = &world.rng;
    match rng.below(4) {
        0 => format!("wrote to {} - {}", raw_value(rng), word(rng)),
        1 => format!("see {} - {}", invented(rng), word(rng)),
        2 => "nothing".to_owned(),
        _ => format!("{} {}", word(rng), word(rng)),
    }
}
