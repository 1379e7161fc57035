//! `POST /api/admin/mcp-check`: asks an MCP server for its tools, as an employee's turn would.

use mcp_client::error::{Loss, McpError};
use mcp_client::server::Server;
use mcp_client::tool::RemoteTool;
use serde::Serialize;
use serde_json::json;

use super::ctx::AdminCtx;
use crate::api::reply;
use crate::error::{Code, Error, abort, abort_field};
use crate::ports::{Reply, WorkerPorts};
use crate::tools::mcp;

/// A tool in the reply. What its server tells of it is for the admin to read.
#[derive(Serialize)]
struct ToolBody<'a> {
    name: &'a str,
    title: Option<&'a str>,
    description: &'a str,
    /// True if a call asks the user first, by the profile that was sent.
    needs_approval: bool,
}

/// Asks a server, written as in `mcp_servers`, for its tools. A server that does not answer is no error of the request.
pub(super) async fn check<W: WorkerPorts>(
    ctx: &AdminCtx<'_, W>,
    body: &[u8],
) -> Result<Reply<W::Readable>, Error> {
    let server: Server = serde_json::from_slice(body).map_err(|error| {
        let detail =
            "The body must be a server as mcp_servers has it: name, url, tools and, optional, the others.";
        if error.is_data() {
            abort_field(Code::InvalidField, "server", detail)
        } else {
            abort(Code::InvalidJson, detail)
        }
    })?;
    server.check().map_err(|rule| abort_field(Code::InvalidField, "server", rule))?;
    let (clock, http) = (ctx.worker.clock(), ctx.worker.http());
    let reply = match mcp::check(&server, &ctx.config.mcp_tokens, clock, http).await {
        Err(error) => json!({ "ok": false, "error": reason(error) }),
        Ok(checked) => {
            let of_tool = |tool| tool_body(&server, tool);
            json!({
                "ok": true, "tools": checked.tools.iter().map(of_tool).collect::<Vec<_>>(), "dropped": checked.dropped,
                "missing": checked.missing, "pin": checked.pin,
                "is_pinned": server.pin.as_ref().is_none_or(|pin| *pin == checked.pin),
            })
        }
    };
    Ok(reply::json(200, reply.to_string()))
}

fn tool_body<'a>(server: &Server, tool: &'a RemoteTool) -> ToolBody<'a> {
    ToolBody {
        name: &tool.name,
        title: tool.title.as_deref(),
        description: &tool.description,
        needs_approval: server.needs_approval(&tool.name),
    }
}

/// The reason for an admin, without text of the server.
fn reason(error: McpError) -> String {
    let cause = |loss| match loss {
        Loss::Broken => "The server is out of reach, or the connection broke.",
        Loss::Timeout => "The server did not answer in time.",
        Loss::TooLarge => "The answer is too large.",
        Loss::Malformed => "The answer is not that of an MCP server.",
    };
    match error {
        McpError::NoToken => "MCP_TOKENS has no token of that name.".to_owned(),
        McpError::Unauthorized => "The server does not accept the token, or wants one.".to_owned(),
        McpError::Unopened(loss) | McpError::Lost(loss) => cause(loss).to_owned(),
        McpError::Redirected => "The server redirects to another one, which is not followed.".to_owned(),
        McpError::Refused { status, code: None } => format!("The server refuses with status {status}."),
        McpError::Refused { status, code: Some(code) } => {
            format!("The server refuses with status {status} and the JSON-RPC error {code}.")
        }
        McpError::Version => "The server has no revision of the protocol that is known here.".to_owned(),
        McpError::NotAllowed | McpError::NeedsInput => error.sentence().to_owned(),
    }
}
