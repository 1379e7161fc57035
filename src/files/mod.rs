//! Files of a user: pictures that wait to be read, and exports that tools make; and the reading of files.

pub mod reader;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::account::UserCtx;
use crate::error::{Code, Fault};
use crate::ports::{BlobError, Blobs, Platform};

/// A file as `commit_turn` takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewFile {
    /// Its row, and the last part of its key in the bucket.
    pub id: Uuid,
    /// Its name, masked.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Rows of its table.
    pub table_rows: u64,
    /// Time of its creation.
    pub created_at: DateTime<Utc>,
}

impl From<BlobError> for Fault {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::NoBucket => Self::new(Code::FilesUnavailable, "the deployment has no bucket"),
            BlobError::Failed(cause) => Self::new(Code::FilesUnavailable, format!("bucket: {cause}")),
        }
    }
}

impl<P: Platform> UserCtx<'_, P> {
    /// Stores a file of the user, in place of one with the same id.
    ///
    /// # Errors
    /// `files_unavailable`.
    pub async fn put_file(&self, file: Uuid, bytes: Vec<u8>) -> Result<(), Fault> {
        Ok(self.ports.blobs.put(&key(self.user.id, file), bytes).await?)
    }

    /// Reads a file of the user; `None` when there is none with that id.
    ///
    /// # Errors
    /// `files_unavailable`.
    pub async fn get_file(&self, file: Uuid) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.ports.blobs.get(&key(self.user.id, file)).await?)
    }

    /// Deletes a file of the user.
    ///
    /// # Errors
    /// `files_unavailable`.
    pub async fn delete_file(&self, file: Uuid) -> Result<(), Fault> {
        Ok(self.ports.blobs.delete(&key(self.user.id, file)).await?)
    }

    /// Deletes files of the user. A deployment without a bucket has none.
    ///
    /// # Errors
    /// `files_unavailable`: some may be left, and it is to be tried again.
    pub async fn delete_files(&self, files: impl IntoIterator<Item = Uuid>) -> Result<(), Fault> {
        for file in files {
            match self.ports.blobs.delete(&key(self.user.id, file)).await {
                Err(BlobError::NoBucket) => return Ok(()),
                deleted => deleted?,
            }
        }
        Ok(())
    }

    /// Deletes some of the user's files; returns their number, which is 0 when none was left. A deployment without a bucket has none.
    ///
    /// # Errors
    /// `files_unavailable`: some may be left, and it is to be tried again.
    pub async fn delete_some_files(&self) -> Result<u64, Fault> {
        let blobs = &self.ports.blobs;
        let keys = match blobs.list(&format!("{}/", self.user.id)).await {
            Err(BlobError::NoBucket) => return Ok(0),
            listed => listed?,
        };
        if !keys.is_empty() {
            blobs.delete_all(&keys).await?;
        }
        Ok(u64::try_from(keys.len()).unwrap_or(u64::MAX))
    }
}

fn key(user: Uuid, file: Uuid) -> String {
    format!("{user}/{file}")
}
