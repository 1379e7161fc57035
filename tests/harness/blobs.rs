//! The bucket of files, in memory.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use frontdesk::ports::{BlobError, Blobs};

/// Files by key. Clones are handles of the same bucket.
#[derive(Clone, Default)]
pub struct MemoryBlobs(Rc<Bucket>);

#[derive(Default)]
struct Bucket {
    files: RefCell<BTreeMap<String, Vec<u8>>>,
    /// Calls that succeed before the next one fails; `None` while none does.
    fails_after: Cell<Option<u32>>,
    /// Set when a call has failed.
    failed: RefCell<Rc<Cell<bool>>>,
}

impl MemoryBlobs {
    /// Keys of all files.
    pub fn keys(&self) -> Vec<String> {
        self.0.files.borrow().keys().cloned().collect()
    }

    /// All bytes of all files.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.files.borrow().values().flatten().copied().collect()
    }

    /// Fails one call, after so many that succeed, and sets `failed` then.
    pub fn fail_after(&self, calls: u32, failed: &Rc<Cell<bool>>) {
        self.0.fails_after.set(Some(calls));
        self.0.failed.replace(Rc::clone(failed));
    }

    fn arrive(&self) -> Result<(), BlobError> {
        let left = self.0.fails_after.get();
        self.0.fails_after.set(left.and_then(|left| left.checked_sub(1)));
        if left == Some(0) {
            self.0.failed.borrow().set(true);
            return Err(BlobError::Failed("scripted".into()));
        }
        Ok(())
    }
}

impl Blobs for MemoryBlobs {
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), BlobError> {
        self.arrive()?;
        self.0.files.borrow_mut().insert(key.to_owned(), bytes);
        Ok(())
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, BlobError> {
        self.arrive()?;
        Ok(self.0.files.borrow().get(key).cloned())
    }

    async fn delete(&self, key: &str) -> Result<(), BlobError> {
        self.arrive()?;
        self.0.files.borrow_mut().remove(key);
        Ok(())
    }

    async fn delete_all(&self, keys: &[String]) -> Result<(), BlobError> {
        self.arrive()?;
        self.0.files.borrow_mut().retain(|key, _| !keys.contains(key));
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, BlobError> {
        self.arrive()?;
        let blobs = self.0.files.borrow();
        Ok(blobs.keys().filter(|key| key.starts_with(prefix)).take(1000).cloned().collect())
    }
}
