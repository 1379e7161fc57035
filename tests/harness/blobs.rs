//! The bucket of files, in memory.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use frontdesk::ports::{BlobError, Blobs};

/// Files by key. Clones are handles of the same bucket.
#[derive(Clone, Default)]
pub struct MemoryBlobs(Rc<RefCell<BTreeMap<String, Vec<u8>>>>);

impl MemoryBlobs {
    /// Keys of all files.
    pub fn keys(&self) -> Vec<String> {
        self.0.borrow().keys().cloned().collect()
    }
}

impl Blobs for MemoryBlobs {
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), BlobError> {
        self.0.borrow_mut().insert(key.to_owned(), bytes);
        Ok(())
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, BlobError> {
        Ok(self.0.borrow().get(key).cloned())
    }

    async fn delete(&self, key: &str) -> Result<(), BlobError> {
        self.0.borrow_mut().remove(key);
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, BlobError> {
        let blobs = self.0.borrow();
        Ok(blobs.keys().filter(|key| key.starts_with(prefix)).take(1000).cloned().collect())
    }
}
