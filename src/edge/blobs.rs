//! The bucket, in R2.

use worker::{Bucket, Env};

use crate::ports::{BlobError, Blobs};

/// The binding of the bucket in `wrangler.toml`.
const BUCKET: &str = "FILES";

/// Objects that are listed at a time.
const LIST_LIMIT: u32 = 1000;

/// The deployment's bucket.
pub(super) struct R2(pub(super) Env);

impl R2 {
    fn bucket(&self) -> Result<Bucket, BlobError> {
        self.0.bucket(BUCKET).map_err(|_| BlobError::NoBucket)
    }
}

impl Blobs for R2 {
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), BlobError> {
        self.bucket()?.put(key, bytes).execute().await.map(drop).map_err(|error| failed(&error))
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, BlobError> {
        let object = self.bucket()?.get(key).execute().await.map_err(|error| failed(&error))?;
        let Some(body) = object.as_ref().and_then(worker::Object::body) else { return Ok(None) };
        body.bytes().await.map(Some).map_err(|error| failed(&error))
    }

    async fn delete(&self, key: &str) -> Result<(), BlobError> {
        self.bucket()?.delete(key).await.map_err(|error| failed(&error))
    }

    async fn delete_all(&self, keys: &[String]) -> Result<(), BlobError> {
        self.bucket()?.delete_multiple(keys.to_vec()).await.map_err(|error| failed(&error))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, BlobError> {
        let listed = self.bucket()?.list().prefix(prefix).limit(LIST_LIMIT).execute().await;
        let listed = listed.map_err(|error| failed(&error))?;
        Ok(listed.objects().iter().map(worker::Object::key).collect())
    }
}

fn failed(error: &worker::Error) -> BlobError {
    BlobError::Failed(error.to_string())
}
