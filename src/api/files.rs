//! `/api/files`: files of the user, and their download.

use std::rc::Rc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use uuid::Uuid;

use super::link::Link;
use super::not_found::no_such_file;
use super::placeholders::{unmask_own, values_in};
use super::reply::{self, ReplyOf};
use crate::account::UserCtx;
use crate::auth::User;
use crate::database;
use crate::error::{Code, Error, Fault};
use crate::log;
use crate::ports::{Caller, Clock, FrameWriter, Host, Platform, ReplyBody};
use crate::time::timestamp;
use crate::user::Object;
use pii::policy::Policy;
use pii::unmask::{Escape, restore};
use sheet::export::{self, Head};

/// Files that are not expired, newest first.
const FILES: &str = "chat_files?select=id,purpose,session_id,name,media_type,size_bytes,table_rows,created_at,expires_at\
                     &or=(expires_at.is.null,expires_at.gt.now)&order=created_at.desc,id&limit=200";

/// `GET /api/files`: newest first.
pub(super) async fn list<P: Platform>(ctx: &UserCtx<'_, P>) -> Result<ReplyOf<P>, Error> {
    let rows = database::read(&ctx.ports.postgrest, FILES, &ctx.user.token).await?;
    Ok(reply::envelope(&unmask_own(ctx, &rows).await?))
}

/// `GET /api/files/{id}`: a link to an exported table, which a browser can follow without a token.
pub(super) async fn link<P: Platform>(ctx: &UserCtx<'_, P>, file: Uuid) -> Result<ReplyOf<P>, Error> {
    let bytes = ctx.get_file(file).await?.ok_or_else(no_such_file)?;
    let (head, _) = export::open(&bytes).map_err(|_| no_such_file())?;
    let values = values_in(ctx, &head.export, &Policy::full()).await?;
    let link = Link::new(ctx.user.id, file, ctx.ports.clock.now());
    let unsigned = || Fault::new(Code::Misconfigured, "no master key");
    let url = link.address(&ctx.config.pii_master_keys).ok_or_else(unsigned)?;
    let name = restore(&head.export, &values, Escape::None);
    let body = json!({ "id": file, "name": name, "url": url, "expires_at": timestamp(link.expires) });
    Ok(reply::json(200, body.to_string()))
}

/// `DELETE /api/files/{id}`: the row and the bytes.
pub(super) async fn delete<P: Platform>(ctx: &UserCtx<'_, P>, file: Uuid) -> Result<ReplyOf<P>, Error> {
    let arguments = json!({ "p_user": ctx.user.id, "p_files": [file] });
    let deleted: Vec<Uuid> =
        database::call(&ctx.ports.postgrest, Caller::Service, "delete_files", &arguments).await?;
    ctx.delete_file(file).await?;
    if deleted.is_empty() { Err(no_such_file()) } else { Ok(reply::empty(204)) }
}

/// `GET /api/files/{id}/download`: an exported table, built while it is sent. Only here values are put into it.
pub(super) async fn download<P: Platform>(
    object: &Rc<Object<P>>,
    user: &User,
    file: Uuid,
) -> Result<ReplyOf<P>, Error> {
    let ctx = object.user(user);
    let bytes = ctx.get_file(file).await?.ok_or_else(no_such_file)?;
    let (Head { export: name, format }, table) = export::open(&bytes).map_err(|_| no_such_file())?;
    let values = values_in(&ctx, &String::from_utf8_lossy(&bytes), &Policy::full()).await?;
    let disposition = disposition(&restore(&name, &values, Escape::None));
    let (writer, readable) = object.ports.host.open_stream();
    let mut reply = reply::with_body(200, format.media_type(), ReplyBody::Stream(readable));
    reply.headers.push(("content-disposition", disposition));
    let (table, host) = (table.to_vec(), Rc::clone(object));
    object.ports.host.spawn(async move {
        match export::write(format, &table, &values, |piece| writer.write(&piece)) {
            Ok(()) => writer.close(),
            // A file that was cut off must not look whole.
            Err(error) => {
                log::fault(&host.ports.host, &Fault::new(Code::Internal, format!("export: {error:?}")));
                writer.abort();
            }
        }
    });
    Ok(reply)
}

/// RFC 8187's `attr-char`: characters of a name that are not encoded.
const ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `Content-Disposition` of a download: the name in UTF-8, and in ASCII for old clients
/// (<https://www.rfc-editor.org/rfc/rfc6266#section-4.3>).
fn disposition(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-._ ".contains(c) { c } else { '_' };
    let ascii: String = name.chars().map(plain).collect();
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{}", utf8_percent_encode(name, ATTR_CHAR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_names_in_any_browser() {
        assert_eq!(
            disposition("Übersicht \"1\".xlsx"),
            "attachment; filename=\"_bersicht _1_.xlsx\"; filename*=UTF-8''%C3%9Cbersicht%20%221%22.xlsx"
        );
        assert!(!disposition("a\r\nb").contains('\n'));
    }
}
