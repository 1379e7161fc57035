//! `POST /api/files`: pictures and scans for the tool `ocr`. They cannot be masked, so they are sealed and kept for a day.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::not_found::user_erased;
use super::reply::{self, ReplyOf};
use crate::account::UserCtx;
use crate::account::intake::Intake;
use crate::account::vault::VaultError;
use crate::database;
use crate::documents::checked_name;
use crate::error::{Code, Error, Fault, abort};
use crate::files::reader::{Pixels, ReadRequest, ScanRead, read};
use crate::ids;
use crate::ports::{Caller, Clock, Platform, Readers};
use crate::time::{Millis, timestamp};
use crate::tools::ocr;

/// Milliseconds that a picture is kept.
const KEPT_FOR: Millis = 24 * 60 * 60 * 1000;

/// Pictures that a user may have.
const MAX_PICTURES: u32 = 50;

/// Largest picture, in bytes: the readers take no larger one.
pub(super) const MAX_PICTURE_BYTES: usize = 5 * 1024 * 1024;

/// Longest body of a call: the picture, and the line of JSON before it.
pub(super) const MAX_CALL_BYTES: usize = MAX_PICTURE_BYTES + 4096;

/// A picture that can be kept, as its headers describe it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Picture {
    /// Name that the user gave it.
    name: String,
    media_type: String,
    size_bytes: usize,
    pages: usize,
    /// Size of the first page; absent for a PDF.
    pixels: Option<Pixels>,
}

/// Has the headers of a picture read, before its user's object gets it: what fails on hostile bytes takes no session with it. The result
/// is the body of the call: a line of JSON, then the picture.
pub(super) async fn read_upload(readers: &impl Readers, name: &str, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let picture = Picture::read(readers, name, bytes).await?;
    let head = serde_json::to_vec(&picture)
        .map_err(|error| Fault::new(Code::Internal, format!("picture: {:?}", error.classify())))?;
    Ok([head.as_slice(), b"\n", bytes].concat())
}

/// `POST /api/files`. `body` comes from [`read_upload`].
pub(super) async fn upload<P: Platform>(ctx: &UserCtx<'_, P>, body: &[u8]) -> Result<ReplyOf<P>, Error> {
    let (picture, bytes) =
        Picture::of_call(body).ok_or_else(|| Fault::new(Code::Internal, "picture: no call"))?;
    ctx.take_in(Intake::Bytes, u64::try_from(bytes.len()).unwrap_or(u64::MAX), "body")?;
    ctx.unlock().await.map_err(|error| error.into_error("file"))?;
    let masked_name = ctx.mask_outside(&picture.name).await.map_err(|error| error.into_error("name"))?;
    let (file, now) = (ids::random(&ctx.ports.clock), ctx.ports.clock.now());
    ctx.put_file(file, seal(ctx, file, &picture, bytes)?).await?;
    let saved = save(ctx, &picture.row(file, &masked_name, now)).await;
    if !matches!(&saved, Ok(SavedFile { saved: true, .. })) {
        ctx.delete_file(file).await?;
    }
    let saved = saved?;
    for expired in &saved.expired {
        ctx.delete_file(*expired).await?;
    }
    if !saved.saved {
        return Err(if saved.gone { user_erased() } else { too_many() });
    }
    Ok(reply::json(201, picture.shown(file, now)))
}

/// Result of `save_file`.
#[derive(Deserialize)]
struct SavedFile {
    /// False when the user has [`MAX_PICTURES`] already, or is gone.
    saved: bool,
    /// True if the user was erased since the picture arrived, or has no account.
    #[serde(default)]
    gone: bool,
    /// Files that expired since.
    #[serde(default)]
    expired: Vec<Uuid>,
}

async fn save<P: Platform>(ctx: &UserCtx<'_, P>, row: &Value) -> Result<SavedFile, Fault> {
    let arguments = json!({ "p_user": ctx.user.id, "p_file": row, "p_max_files": MAX_PICTURES });
    database::call(&ctx.ports.postgrest, Caller::Service, "save_file", &arguments).await
}

/// Seals a picture with the user's key.
fn seal<P: Platform>(
    ctx: &UserCtx<'_, P>,
    file: Uuid,
    picture: &Picture,
    bytes: &[u8],
) -> Result<Vec<u8>, Error> {
    let failed = |cause: &'static str| Fault::new(Code::PrivacyUnavailable, cause);
    let key = ctx.file_key(file).map_err(VaultError::into_fault)?;
    let nonce = ctx.ports.clock.secret().ok_or_else(|| failed("no random bytes"))?;
    let now = ctx.ports.clock.now();
    let bytes = ocr::Picture { name: picture.name.clone(), expires_at: now + KEPT_FOR }.with(bytes);
    Ok(key.seal(file, &bytes, &nonce).map_err(|_| failed("picture: not sealed"))?)
}

impl Picture {
    async fn read(readers: &impl Readers, name: &str, bytes: &[u8]) -> Result<Self, Error> {
        let name = checked_name(name)?.to_owned();
        let ScanRead { media_type, pages, pixels } = read(readers, ReadRequest::Scan, bytes).await?;
        Ok(Self { name, media_type, size_bytes: bytes.len(), pages, pixels })
    }

    /// Takes the body of a call apart; `None` when it is none.
    fn of_call(body: &[u8]) -> Option<(Self, &[u8])> {
        let end = body.iter().position(|byte| *byte == b'\n')?;
        let picture = serde_json::from_slice(body.get(..end)?).ok()?;
        Some((picture, body.get(end + 1..)?))
    }

    /// The row of the picture.
    fn row(&self, file: Uuid, masked_name: &str, now: Millis) -> Value {
        // A placeholder may be longer than its value, and must not be cut.
        let name = if masked_name.chars().count() <= 255 { masked_name } else { "picture" };
        json!({
            "id": file, "purpose": "scan", "name": name, "media_type": self.media_type, "size_bytes": self.size_bytes,
            "received_at": timestamp(now), "expires_at": timestamp(now + KEPT_FOR),
        })
    }

    /// The reply to the user.
    fn shown(&self, file: Uuid, now: Millis) -> String {
        let Self { name, media_type, size_bytes, pages, pixels } = self;
        json!({
            "id": file, "name": name, "media_type": media_type, "size_bytes": size_bytes, "pages": pages, "pixels": pixels,
            "expires_at": timestamp(now + KEPT_FOR),
        })
        .to_string()
    }
}

/// The error for a body larger than [`MAX_PICTURE_BYTES`].
pub(super) fn too_large() -> Error {
    abort(Code::BodyTooLarge, format!("A picture may have {} MiB.", MAX_PICTURE_BYTES >> 20))
}

fn too_many() -> Error {
    let detail = format!(
        "You may have {MAX_PICTURES} pictures that wait to be read. They are thrown away after a day; delete some first."
    );
    abort(Code::TooManyDocuments, detail)
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::files::reader::tests::InProcess;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03\x08\x06\0\0\0";

    fn read(name: &str, bytes: &[u8]) -> Result<Picture, Error> {
        block_on(Picture::read(&InProcess, name, bytes))
    }

    fn refused(name: &str, bytes: &[u8]) -> Error {
        read(name, bytes).err().unwrap()
    }

    #[test]
    fn a_picture_is_what_it_is_not_what_it_is_called() {
        let picture = read("scan.pdf", PNG).unwrap();
        assert_eq!(picture.media_type, "image/png");
        assert!(picture.shown(Uuid::nil(), 0).contains(r#""pixels":{"height":3,"width":2}"#));
        assert_eq!(refused("a.png", b"GIF89a").code(), Code::UnsupportedDocument);
        assert_eq!(refused("", PNG).field(), Some("x-file-name"));
        let huge = [&PNG[..16], &[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff][..], &PNG[24..]].concat();
        assert_eq!(refused("a.png", &huge).code(), Code::DocumentUnreadable);
        assert_eq!(refused("a.png", &vec![0; MAX_PICTURE_BYTES + 1]).code(), Code::BodyTooLarge);
    }

    #[test]
    fn the_body_of_a_call_has_the_picture_after_its_description() {
        let body = block_on(read_upload(&InProcess, "a\n.png", PNG));
        assert_eq!(body.unwrap_err().field(), Some("x-file-name"));
        let body = block_on(read_upload(&InProcess, "a.png", PNG)).unwrap();
        let (picture, bytes) = Picture::of_call(&body).unwrap();
        assert!(picture == read("a.png", PNG).unwrap() && bytes == PNG);
        assert!(Picture::of_call(PNG).is_none());
    }
}
