//! Files in R2, each user's under their id.

use uuid::Uuid;
use worker::{Bucket, Env};

use crate::error::{Code, Fault};
use crate::ports::Files;

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
