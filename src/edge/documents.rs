//! `/api/documents`: what a user uploads to be found again.

use pii::unmask;
use worker::wasm_bindgen::JsValue;
use worker::web_sys::{Request, Response};
use worker::{Env, Url};

use super::database::PostgRest;
use super::entry::{header, read_bytes};
use super::files::R2;
use super::platform::{lines, respond};
use super::users::UserObjects;
use super::{log, reply};
use crate::api::reads;
use crate::api::routes::{Route, no_such_document};
use crate::auth::User;
use crate::document::MAX_UPLOAD_BYTES;
use crate::document::keep::{Kept, too_many};
use crate::document::upload::{Upload, too_large};
use crate::error::{Code, Error, abort};
use crate::ports::{Files, UserObject};

/// Answers one of these routes.
pub(super) async fn answer(
    route: Route<'_>,
    request: &Request,
    url: &Url,
    env: &Env,
    user: &User,
    database: &PostgRest,
) -> Result<Response, Error> {
    match route {
        Route::Upload => upload(request, url, env, user).await,
        Route::Documents => {
            let rows = database.read(user, &reads::documents(None)).await?;
            Ok(reply::json(200, &reads::envelope(&show(&rows, env, user).await?)))
        }
        Route::Document(id) => {
            let rows = database.read(user, &reads::documents(Some(id))).await?;
            let shown = show(&rows, env, user).await?;
            let row = shown.trim().trim_start_matches('[').trim_end_matches(']');
            if row.is_empty() { Err(no_such_document()) } else { Ok(reply::json(200, row)) }
        }
        Route::DeleteDocument(id) => {
            let was_there = database.delete_document(user, id).await?;
            if was_there {
                // What is left of it there is nobody's, and goes with its user.
                let _ = R2(env.clone()).delete(user.id, id).await;
                Ok(respond(204, &lines(reply::PRIVATE), JsValue::NULL))
            } else {
                Err(no_such_document())
            }
        }
        _ => Err(no_such_document()),
    }
}

/// Reads a document and hands its text to the user's object. It is read here, where nobody's values are and nobody else
/// waits: files come from anywhere, and their readers are others' work.
async fn upload(request: &Request, url: &Url, env: &Env, user: &User) -> Result<Response, Error> {
    let body = read_bytes(request, MAX_UPLOAD_BYTES, too_large).await?;
    let name = url.query_pairs().find(|(key, _)| key == "name").map(|(_, name)| name.into_owned());
    let upload = Upload::read(name.as_deref(), header(request, "content-type").as_deref(), &body)?;
    let kept = UserObjects(env.clone()).keep(user, upload).await;
    let saved = match kept.map_err(|refused| refused.into_error("document"))? {
        Kept::Saved(saved, lines) => {
            // Without them it is a document all the same, of which passages are found.
            if let Some(lines) = lines
                && let Err(fault) = R2(env.clone()).put(user.id, lines.id, lines.text.into_bytes()).await
            {
                log::fault(&fault);
            }
            saved
        }
        Kept::TooLong(detail) => return Err(abort(Code::DocumentTooLong, detail)),
    };
    let row = saved.document.ok_or_else(|| if saved.gone { no_such_document() } else { too_many() })?;
    let status = if saved.is_new { 201 } else { 200 };
    Ok(reply::json(status, &show(row.get(), env, user).await?))
}

/// Rows of documents as their user is to see them.
pub(super) async fn show(rows: &str, env: &Env, user: &User) -> Result<String, Error> {
    let tokens = unmask::placeholders([rows]);
    if tokens.is_empty() {
        return Ok(rows.to_owned());
    }
    let values = UserObjects(env.clone()).reveal(user, &tokens).await;
    Ok(reads::documents_shown(rows, &values.map_err(|refused| refused.into_error("document"))?))
}
