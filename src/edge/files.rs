//! Files in R2, each user's under their id, and how they are downloaded.

use std::rc::Rc;

use pii::mask::Author;
use pii::policy::Policy;
use pii::unmask::{Escape, PlaceholderMap, placeholders, unmask};
use readers::scan;
use sheet::export::{self, Head, open};
use uuid::Uuid;
use worker::wasm_bindgen::JsValue;
use worker::web_sys::{Request, Response};
use worker::{Bucket, Context, Env, Url};

use super::auth::authenticate;
use super::clock::EdgeClock;
use super::database::PostgRest;
use super::entry::{header, read_bytes};
use super::platform::{Frames, lines, respond};
use super::users::UserObjects;
use super::{documents, log, reply};
use crate::api::files::{FILES, Link, disposition, no_such_file};
use crate::api::routes::Route;
use crate::api::{pictures, reads};
use crate::auth::User;
use crate::config::Config;
use crate::error::{Code, Error, Fault};
use crate::ports::{Clock, Files, UserObject};
use crate::time::timestamp;
use crate::tools::ocr::Picture;

/// Tokens that are revealed at a time.
const REVEALED_AT_ONCE: usize = 5000;

/// The binding of the bucket in `wrangler.toml`.
const BUCKET: &str = "FILES";

/// Objects that are listed, and deleted, at a time
/// (<https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#bucket-method-definitions>).
const AT_ONCE: u32 = 1000;

/// The bucket.
pub(super) struct R2(pub(super) Env);

impl R2 {
    fn bucket(&self) -> Result<Bucket, Fault> {
        self.0.bucket(BUCKET).map_err(|error| out_of_reach(&error))
    }

    /// Throws a file of a user away.
    pub(super) async fn delete(&self, user: Uuid, file: Uuid) -> Result<(), Fault> {
        self.bucket()?.delete(key(user, file)).await.map_err(|error| out_of_reach(&error))
    }

    /// Throws all files of a user away. Where there is no bucket there are none.
    pub(super) async fn erase(&self, user: Uuid) -> Result<(), Fault> {
        let Ok(bucket) = self.bucket() else { return Ok(()) };
        loop {
            let listed = bucket.list().prefix(format!("{user}/")).limit(AT_ONCE).execute().await;
            let listed = listed.map_err(|error| out_of_reach(&error))?;
            let keys: Vec<_> = listed.objects().iter().map(worker::Object::key).collect();
            if keys.is_empty() {
                return Ok(());
            }
            for key in keys {
                bucket.delete(key).await.map_err(|error| out_of_reach(&error))?;
            }
        }
    }
}

impl Files for R2 {
    async fn put(&self, user: Uuid, file: Uuid, bytes: Vec<u8>) -> Result<(), Fault> {
        let put = self.bucket()?.put(key(user, file), bytes).execute().await;
        put.map(drop).map_err(|error| out_of_reach(&error))
    }

    async fn get(&self, user: Uuid, file: Uuid) -> Result<Option<Vec<u8>>, Fault> {
        let object = self.bucket()?.get(key(user, file)).execute().await;
        let Some(object) = object.map_err(|error| out_of_reach(&error))? else { return Ok(None) };
        let Some(body) = object.body() else { return Ok(None) };
        body.bytes().await.map(Some).map_err(|error| out_of_reach(&error))
    }
}

fn key(user: Uuid, file: Uuid) -> String {
    format!("{user}/{file}")
}

fn out_of_reach(error: &worker::Error) -> Fault {
    Fault::new(Code::FilesUnavailable, format!("bucket: {error}"))
}

/// Answers what a user asks of their files.
pub(super) async fn answer(
    route: Route<'_>,
    request: &Request,
    url: &Url,
    env: &Env,
    user: &User,
    config: &Config,
    database: &PostgRest,
) -> Result<Response, Error> {
    match route {
        Route::UploadPicture => upload(request, url, env, user, database).await,
        Route::Files => {
            let rows = database.read(user, FILES).await?;
            Ok(reply::json(200, &reads::envelope(&documents::show(&rows, env, user).await?)))
        }
        Route::File(file) => link(env, user, file, config).await,
        Route::DeleteFile(file) => {
            let was_there = database.delete_file(user.id, file).await?;
            R2(env.clone()).delete(user.id, file).await?;
            if was_there {
                Ok(respond(204, &lines(reply::PRIVATE), JsValue::NULL))
            } else {
                Err(no_such_file())
            }
        }
        _ => Err(no_such_file()),
    }
}

/// Keeps a picture that is to be read, sealed: nobody but its user's turns can open it, and only for a day.
async fn upload(
    request: &Request,
    url: &Url,
    env: &Env,
    user: &User,
    database: &PostgRest,
) -> Result<Response, Error> {
    let body = read_bytes(request, scan::MAX_BYTES, pictures::too_large).await?;
    let name = url.query_pairs().find(|(key, _)| key == "name").map(|(_, name)| name.into_owned());
    let picture = pictures::checked(name.as_deref(), &body)?;
    let users = UserObjects(env.clone());
    let hidden = users.mask(user, &picture.name, Author::Outside).await;
    let hidden = hidden.map_err(|refused| refused.into_error("name"))?;
    let now = EdgeClock.now();
    let file = uuid::Builder::from_random_bytes(EdgeClock.random()).into_uuid();
    let row = pictures::row(file, &hidden.text, &picture, now);
    let sealed = {
        let key = users.file_key(user, file).await.map_err(|refused| refused.into_error("file"))?;
        let nonce =
            EdgeClock.secret().ok_or_else(|| Fault::new(Code::PrivacyUnavailable, "no random bytes"))?;
        let bytes = Picture { name: picture.name.clone() }.with(&body);
        key.seal(file, &bytes, &nonce).map_err(|_| Fault::new(Code::PrivacyUnavailable, "not sealed"))?
    };
    let bucket = R2(env.clone());
    bucket.put(user.id, file, sealed).await?;
    let saved = database.save_file(user.id, &row, pictures::MOST).await;
    if !matches!(&saved, Ok(saved) if saved.saved) {
        bucket.delete(user.id, file).await?;
    }
    let saved = saved?;
    for expired in &saved.expired {
        bucket.delete(user.id, *expired).await?;
    }
    if !saved.saved {
        return Err(pictures::too_many());
    }
    Ok(reply::json(201, &pictures::shown(file, &picture, now)))
}

/// A link to a file of the caller's, which a browser follows by itself.
async fn link(env: &Env, user: &User, file: Uuid, config: &Config) -> Result<Response, Error> {
    let bytes = R2(env.clone()).get(user.id, file).await?.ok_or_else(no_such_file)?;
    let (head, _) = open(&bytes).map_err(|_| no_such_file())?;
    let shown = reveal(env, user, &head.export).await?;
    let link = Link::new(user.id, file, EdgeClock.now());
    let unsigned = || Fault::new(Code::Misconfigured, "no master key");
    let url = link.address(&config.pii_master_keys).ok_or_else(unsigned)?;
    let name = unmask(&head.export, &shown, Escape::None);
    let body =
        serde_json::json!({ "id": file, "name": name, "url": url, "expires_at": timestamp(link.expires) });
    Ok(reply::json(200, &body.to_string()))
}

/// A file by a link, built while it is downloaded: only here do values stand in it.
pub(super) async fn download(
    request: &Request,
    url: &Url,
    env: &Env,
    context: &Context,
    config: &Rc<Config>,
    file: Uuid,
) -> Result<Response, Error> {
    let link = Link::check(file, url.query_pairs(), &config.pii_master_keys, EdgeClock.now())?;
    // Who says who they are must be its owner.
    if let Some(bearer) = header(request, "authorization")
        && authenticate(Some(&bearer), config).await?.id != link.user
    {
        return Err(no_such_file());
    }
    let user = User::absent(link.user);
    let bytes = R2(env.clone()).get(user.id, file).await?.ok_or_else(no_such_file)?;
    let (Head { export: name, format }, table) = open(&bytes).map_err(|_| no_such_file())?;
    let shown = reveal(env, &user, &String::from_utf8_lossy(&bytes)).await?;
    let disposition = disposition(&unmask(&name, &shown, Escape::None));
    let headers = [("content-type", format.media_type()), ("content-disposition", &disposition)];
    let frames = Frames::new();
    let response = respond(200, &lines(headers.into_iter().chain(reply::PRIVATE)), frames.readable().into());
    let table = table.to_vec();
    context.wait_until(async move {
        match export::write(format, &table, &shown, |piece| frames.write(&piece)) {
            Ok(()) => frames.close(),
            // What was cut off is no whole file, and its reader is to see that.
            Err(error) => {
                log::fault(&Fault::new(Code::Internal, error.to_string()));
                frames.abort();
            }
        }
    });
    Ok(response)
}

/// What stands behind the tokens of a text: all of it, for it is its owner's.
async fn reveal(env: &Env, user: &User, text: &str) -> Result<PlaceholderMap, Error> {
    let users = UserObjects(env.clone());
    let mut shown = PlaceholderMap::default();
    for some in placeholders([text]).chunks(REVEALED_AT_ONCE) {
        let values = users.reveal(user, some).await.map_err(|refused| refused.into_error("file"))?;
        shown.extend(PlaceholderMap::new(
            values.iter().map(|(token, value)| (token, value.as_str())),
            &Policy::full(),
        ));
    }
    Ok(shown)
}
