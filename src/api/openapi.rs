//! `GET /openapi.json`: the API as an OpenAPI document (<https://spec.openapis.org/oas/v3.1.1>).
//!
//! The operations and the schemas of bodies stand in two files beside this one. Their errors, with statuses, titles and examples, are
//! made of [`Code`]; tests hold the operations against the route table, and real answers against the schemas.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::problem;
use super::reply;
use crate::documents::FILE_NAME;
use crate::error::{Code, Error, Fault};
use crate::ports::Reply;
use crate::stream::openai_error::{self, OpenAiError};

const OPERATIONS: &str = include_str!("openapi/operations.json");

const SCHEMAS: &str = include_str!("openapi/schemas.json");

/// Errors of every route of admins, before its own.
const OF_ADMINS: [Code; 1] = [Code::AdminOnly];

/// Media type of server-sent events.
const STREAM: &str = "text/event-stream";

/// Errors of every route of a user, before its own.
const OF_USERS: [Code; 17] = [
    Code::MissingToken,
    Code::InvalidToken,
    Code::TokenExpired,
    Code::WrongAudience,
    Code::WrongIssuer,
    Code::UnknownKey,
    Code::UnsupportedAlgorithm,
    Code::NotAUser,
    Code::RateLimited,
    Code::Misconfigured,
    Code::Internal,
    Code::AuthUnavailable,
    Code::DatabaseUnavailable,
    Code::DatabaseTimeout,
    Code::DatabaseRefused,
    Code::PrivacyUnavailable,
    Code::ErasureInProgress,
];

/// Media types of a body, each with the name of its schema; without one it is a text or bytes.
type Contents = BTreeMap<String, Option<String>>;

/// One operation, as its file has it.
#[derive(Deserialize)]
struct Operation {
    id: String,
    method: String,
    path: String,
    summary: String,
    tag: String,
    /// Bodies of replies that are no errors, by status.
    ok: BTreeMap<String, Contents>,
    #[serde(default)]
    errors: Vec<Code>,
    #[serde(default)]
    body: Contents,
    #[serde(default)]
    query: Vec<String>,
}

/// The document as a reply.
pub(super) fn get<R>() -> Result<Reply<R>, Error> {
    let document =
        document().map_err(|error| Fault::new(Code::Internal, format!("openapi: {:?}", error.classify())))?;
    Ok(reply::json(200, document.to_string()))
}

fn document() -> Result<Value, serde_json::Error> {
    let operations: Vec<Operation> = serde_json::from_str(OPERATIONS)?;
    let mut schemas: Map<String, Value> = serde_json::from_str(SCHEMAS)?;
    schemas.insert("Problem".to_owned(), problem_schema());
    schemas.insert("OpenAiError".to_owned(), openai_error_schema());
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for operation in &operations {
        let path = paths.entry(&operation.path).or_default();
        path.insert(operation.method.to_ascii_lowercase(), operation.describe());
    }
    let tags: BTreeSet<_> = operations.iter().map(|operation| &operation.tag).collect();
    let tags: Vec<_> = tags.into_iter().map(|name| json!({ "name": name })).collect();
    Ok(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Frontdesk",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Named AI employees behind one HTTPS endpoint. Streams, limits and headers are described in docs/api.md.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "accessToken": {
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "Access token of a Supabase user.",
            }},
        },
    }))
}

impl Operation {
    fn is_openai(&self) -> bool {
        self.path.starts_with("/v1/")
    }

    fn describe(&self) -> Value {
        let mut responses: Map<String, Value> = Map::new();
        for (status, contents) in &self.ok {
            let response = if contents.is_empty() {
                json!({ "description": "No body." })
            } else {
                json!({ "description": "As asked for.", "content": describe_contents(contents) })
            };
            responses.insert(status.clone(), response);
        }
        for (status, codes) in self.errors() {
            responses.insert(status.to_string(), self.describe_errors(&codes));
        }
        responses.insert("default".to_owned(), self.describe_errors(&[]));
        let mut described = json!({
            "operationId": self.id, "summary": self.summary, "tags": [self.tag], "parameters": self.parameters(),
            "responses": responses, "security": if self.has_token() { json!([{ "accessToken": [] }]) } else { json!([]) },
        });
        if let (false, Some(fields)) = (self.body.is_empty(), described.as_object_mut()) {
            let body = json!({ "required": true, "content": describe_contents(&self.body) });
            fields.insert("requestBody".to_owned(), body);
        }
        described
    }

    /// True if an access token authorizes it.
    fn has_token(&self) -> bool {
        self.tag != "Public" && self.id != "downloadFile"
    }

    /// Codes of its errors by their statuses.
    fn errors(&self) -> BTreeMap<u16, Vec<Code>> {
        let common = if self.tag == "Public" { &[][..] } else { &OF_USERS[..] };
        let admin = if self.tag == "Admin" { &OF_ADMINS[..] } else { &[][..] };
        let mut errors: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
        for code in common.iter().chain(admin).chain(&[Code::OriginNotAllowed]).chain(&self.errors) {
            let status = if self.is_openai() { openai_error::status(*code) } else { code.status() };
            errors.entry(status).or_default().push(*code);
        }
        errors
    }

    fn describe_errors(&self, codes: &[Code]) -> Value {
        let titles: Vec<_> =
            codes.iter().map(|code| format!("`{}`: {}.", code.as_str(), code.title())).collect();
        let description = if titles.is_empty() { "Any other error.".to_owned() } else { titles.join(" ") };
        let example = |code: &Code| {
            let error: Error = Fault::new(*code, "").into();
            let json =
                if self.is_openai() { OpenAiError::of(&error).to_json() } else { problem::to_json(&error) };
            let value: Value = serde_json::from_str(&json).unwrap_or_default();
            (code.as_str().to_owned(), json!({ "value": value }))
        };
        let (media_type, schema) = if self.is_openai() {
            ("application/json", "OpenAiError")
        } else {
            ("application/problem+json", "Problem")
        };
        let examples: Map<String, Value> = codes.iter().map(example).collect();
        let mut content = json!({ "schema": schema_ref(schema) });
        if let (false, Some(fields)) = (examples.is_empty(), content.as_object_mut()) {
            fields.insert("examples".to_owned(), examples.into());
        }
        json!({ "description": description, "content": { media_type: content } })
    }

    fn query_schema(&self, name: &str) -> (bool, Value) {
        match name {
            "limit" if self.id == "listPassages" => {
                (false, json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 20 }))
            }
            "limit" => (false, json!({ "type": "integer", "minimum": 1, "maximum": 500, "default": 50 })),
            "from" => (false, json!({ "type": "integer", "minimum": 0, "default": 0 })),
            "around" => (false, json!({ "type": "string", "format": "uuid" })),
            "hours" => (false, json!({ "type": "integer", "minimum": 1, "maximum": 2160, "default": 24 })),
            "archived" | "pinned" => (false, json!({ "type": "boolean" })),
            "after" => (false, json!({ "type": "string", "pattern": "^[0-9a-f]{32}:[0-9]{1,9}$" })),
            "q" => (false, json!({ "type": "string", "maxLength": 200 })),
            "user" | "expires" | "signature" => (true, json!({ "type": "string" })),
            _ => (false, json!({ "type": "string" })),
        }
    }

    fn parameters(&self) -> Vec<Value> {
        let names = self.path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
        let in_path = names.map(|name| {
            let is_text = matches!(name, "chat" | "slug") || self.is_openai();
            let schema = if is_text {
                json!({ "type": "string" })
            } else {
                json!({ "type": "string", "format": "uuid" })
            };
            json!({ "name": name, "in": "path", "required": true, "schema": schema })
        });
        let in_query = self.query.iter().map(|name| {
            let (is_required, schema) = self.query_schema(name);
            json!({ "name": name, "in": "query", "required": is_required, "schema": schema })
        });
        let header = match self.id.as_str() {
            "resumeChat" => Some(("last-event-id", "Id of the last frame that the reader has.")),
            "uploadDocument" | "uploadPicture" => {
                Some((FILE_NAME, "Name of the file, percent-encoded: 1 to 255 bytes."))
            }
            "createCompletion" => Some((
                "x-session-id",
                "Session whose history the server keeps; without it, the client keeps its own.",
            )),
            "listSessions" | "listMessages" | "listEmployees" => Some((
                "if-none-match",
                "Entity tags of bodies that the client has: 304 in place of one of them.",
            )),
            _ => None,
        };
        let in_header = header.map(|(name, description)| {
            json!({ "name": name, "in": "header", "required": name == FILE_NAME, "description": description, "schema": { "type": "string" } })
        });
        in_path.chain(in_query).chain(in_header).collect()
    }
}

fn describe_contents(contents: &Contents) -> Value {
    let describe = |(media_type, schema): (&String, &Option<String>)| {
        let described = match schema {
            // A schema would be one of the whole stream: this is that of the data of an event.
            Some(name) if media_type == STREAM => json!({ "x-event-data": schema_ref(name) }),
            None if media_type == STREAM => json!({}),
            Some(name) => json!({ "schema": schema_ref(name) }),
            None if media_type == "application/json" => json!({ "schema": { "type": "object" } }),
            None => json!({ "schema": { "type": "string" } }),
        };
        (media_type.clone(), described)
    };
    Value::Object(contents.iter().map(describe).collect())
}

fn schema_ref(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn problem_schema() -> Value {
    let codes: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": {
            "type": { "const": "about:blank" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string", "description": "For people." },
            "code": { "enum": codes, "description": "For programs; a code never changes its meaning." },
            "field": { "type": "string", "description": "The field at fault." },
        },
    })
}

fn openai_error_schema() -> Value {
    json!({
        "type": "object",
        "required": ["error"],
        "properties": { "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": { "type": "string" }, "type": { "type": "string" },
                "param": { "type": ["string", "null"] }, "code": { "type": "string" },
            },
        }},
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::admin_route::tests::every_admin_route;
    use crate::api::routes::tests::{ID, every_user_route};
    use crate::api::routes::{PublicRoute, Route};

    #[test]
    fn every_route_is_an_operation_and_every_operation_a_route() {
        let operations: Vec<Operation> = serde_json::from_str(OPERATIONS).unwrap();
        let route = |operation: &Operation| {
            let is_name = operation.path.starts_with("/api/chat") || operation.is_openai();
            let id = if is_name { "my-chat".to_owned() } else { ID.to_string() };
            let segment = |part: &str| if part.starts_with('{') { id.clone() } else { part.to_owned() };
            let path: Vec<_> = operation.path.split('/').map(segment).collect();
            Route::parse(&operation.method, &path.join("/")).unwrap()
        };
        let described: Vec<_> = operations.iter().map(route).collect();
        let others = [
            PublicRoute::PageConfig.into(),
            PublicRoute::Health.into(),
            PublicRoute::Ready.into(),
            PublicRoute::OpenApi.into(),
            PublicRoute::UserDeleted.into(),
        ];
        let admin = every_admin_route(ID).into_iter().map(Route::Admin);
        for route in every_user_route().into_iter().map(Route::User).chain(admin).chain(others) {
            assert_eq!(described.iter().filter(|described| **described == route).count(), 1, "{route:?}");
        }
    }

    #[test]
    fn every_schema_that_is_named_is_there() {
        let document = document().unwrap();
        let text = document.to_string();
        for named in text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(document["components"]["schemas"].get(named).is_some(), "{named}");
        }
        let chat = &document["paths"]["/api/chat"]["post"];
        let example = &chat["responses"]["409"]["content"]["application/problem+json"]["examples"];
        assert_eq!(example["turn_in_progress"]["value"]["code"], "turn_in_progress");
        let openai = &document["paths"]["/v1/chat/completions"]["post"]["responses"]["400"];
        let example = &openai["content"]["application/json"]["examples"]["message_too_long"]["value"];
        assert_eq!(example["error"]["code"], "context_length_exceeded");
    }
}
