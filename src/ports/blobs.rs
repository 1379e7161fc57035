//! The bucket of files.

/// Failure of the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlobError {
    /// The deployment has no bucket.
    NoBucket,
    /// The bucket did not answer; the text is for the log.
    Failed(String),
}

/// Files by key, `{user}/{file}`.
pub trait Blobs {
    /// Stores a file, in place of one with the same key.
    ///
    /// # Errors
    /// [`BlobError`].
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), BlobError>;

    /// Reads a file; `None` when there is none.
    ///
    /// # Errors
    /// [`BlobError`].
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, BlobError>;

    /// Deletes a file; one that does not exist is no error.
    ///
    /// # Errors
    /// [`BlobError`].
    async fn delete(&self, key: &str) -> Result<(), BlobError>;

    /// Deletes files, at most 1,000 of them; one that does not exist is no error
    /// (<https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#bucket-method-definitions>).
    ///
    /// # Errors
    /// [`BlobError`]: some of them may be deleted.
    async fn delete_all(&self, keys: &[String]) -> Result<(), BlobError>;

    /// Lists the keys that begin with `prefix`, at most 1,000
    /// (<https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#bucket-method-definitions>).
    ///
    /// # Errors
    /// [`BlobError`].
    async fn list(&self, prefix: &str) -> Result<Vec<String>, BlobError>;
}
