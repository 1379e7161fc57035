//! `/api/documents`: documents that the user uploads for recall.

use std::rc::Rc;

use serde_json::json;
use uuid::Uuid;

use super::call::ObjectCall;
use super::not_found::{no_such_document, user_erased};
use super::placeholders::unmask_own;
use super::reply::{self, ReplyOf};
use crate::account::UserCtx;
use crate::account::intake::Intake;
use crate::account::vault::VaultError;
use crate::database;
use crate::documents::{MaskedTable, ReadUpload, SaveOutcome, Upload, save_document, too_many_documents};
use crate::error::{Code, Error, Fault};
use crate::log;
use crate::memory::change::change;
use crate::memory::index;
use crate::ports::{Caller, Platform, Readers};
use crate::user::Object;

/// Longest JSON of an [`Upload`], in bytes: its text has 5 MiB at most, and a control character has six bytes in JSON.
pub(super) const MAX_UPLOAD_JSON_BYTES: usize = 32 * 1024 * 1024;

/// `GET /api/documents`: newest first.
pub(super) async fn list<P: Platform>(ctx: &UserCtx<'_, P>) -> Result<ReplyOf<P>, Error> {
    let rows = database::read(&ctx.ports.postgrest, "rpc/list_documents", &ctx.user.token).await?;
    Ok(reply::envelope(&unmask_own(ctx, &rows).await?))
}

/// `GET /api/documents/{id}`: one document.
pub(super) async fn get<P: Platform>(ctx: &UserCtx<'_, P>, id: Uuid) -> Result<ReplyOf<P>, Error> {
    let path = format!("rpc/list_documents?p_document={id}");
    let rows = database::read(&ctx.ports.postgrest, &path, &ctx.user.token).await?;
    let row = rows.trim().trim_start_matches('[').trim_end_matches(']');
    if row.is_empty() {
        return Err(no_such_document());
    }
    Ok(reply::json(200, unmask_own(ctx, row).await?))
}

/// `DELETE /api/documents/{id}`: with its passages and vectors.
pub(super) async fn delete<P: Platform>(ctx: &UserCtx<'_, P>, id: Uuid) -> Result<ReplyOf<P>, Error> {
    let arguments = json!({ "p_user": ctx.user.id, "p_document": id });
    let call = database::call(&ctx.ports.postgrest, Caller::Service, "delete_document", &arguments);
    let is_deleted: bool = change(ctx, call).await?;
    if !is_deleted {
        return Err(no_such_document());
    }
    index::remove_thread(&ctx.ports.sql, id)?;
    // Only a table has a file. One that stays cannot be reached any more, and is deleted with its user.
    let _ = ctx.delete_file(id).await;
    Ok(reply::empty(204))
}

/// Has a document read, before its user's object gets it: what fails on hostile bytes takes no session with it. The result is the body of
/// the call.
pub(super) async fn read_upload(
    readers: &impl Readers,
    name: &str,
    content_type: Option<&str>,
    bytes: &[u8],
) -> Result<Vec<u8>, Error> {
    let upload = ReadUpload::read(readers, name, content_type, bytes).await?;
    let json = serde_json::to_vec(&upload);
    json.map_err(|error| Fault::new(Code::Internal, format!("upload: {:?}", error.classify())).into())
}

/// `POST /api/documents`. `body` comes from [`read_upload`].
pub(super) async fn upload<P: Platform>(
    object: &Rc<Object<P>>,
    call: &ObjectCall,
    body: &[u8],
) -> Result<ReplyOf<P>, Error> {
    let upload: Upload = serde_json::from_slice(body)
        .map_err(|error| Fault::new(Code::Internal, format!("upload: {:?}", error.classify())))?;
    let ctx = object.user(&call.user);
    let into_error = |error: VaultError| error.into_error("document");
    ctx.check_memories("body")?;
    ctx.take_in(Intake::Bytes, upload.size_bytes, "body")?;
    ctx.unlock().await.map_err(into_error)?;
    let (saved, table) = match save_document(&ctx, upload).await.map_err(into_error)? {
        SaveOutcome::Saved(saved, table) => (saved, table),
        SaveOutcome::TooLong(error) => return Err(error.into()),
    };
    let row = saved.document.ok_or_else(|| if saved.gone { user_erased() } else { too_many_documents() })?;
    if let Some(table) = table {
        keep_table(&ctx, table).await;
    }
    object.run_background_now(call.user.id);
    let status = if saved.is_new { 201 } else { 200 };
    Ok(reply::json(status, unmask_own(&ctx, row.get()).await?))
}

/// Puts the lines of a table into the bucket. Without them its passages are found all the same.
async fn keep_table<P: Platform>(ctx: &UserCtx<'_, P>, table: MaskedTable) {
    if let Err(fault) = ctx.put_file(table.id, table.text.into_bytes()).await {
        log::fault(&ctx.ports.host, &fault);
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::files::reader::tests::InProcess;

    #[test]
    fn an_upload_is_read_into_the_body_of_a_call() {
        let body = block_on(read_upload(&InProcess, "notes.md", Some("text/plain"), b"# One")).unwrap();
        let upload: Upload = serde_json::from_slice(&body).unwrap();
        assert_eq!((upload.name.as_str(), upload.media_type.as_str()), ("notes.md", "text/markdown"));
        let error = block_on(read_upload(&InProcess, "", None, b"text")).unwrap_err();
        assert_eq!(error.field(), Some("x-file-name"));
    }
}
