//! State of the vault in memory.

use std::cell::{Cell, RefCell};

use pii::vault::Vault;

/// The unlocked vault; absent in an object that has not used it yet.
#[derive(Debug, Default)]
pub struct VaultState {
    pub(super) open: RefCell<Option<Vault>>,
    /// True if Postgres may lack an entry.
    pub(super) is_undelivered: Cell<bool>,
    /// True while a delivery runs.
    pub(super) is_delivering: Cell<bool>,
    /// Deliveries that failed in a row.
    pub(super) failures: Cell<u32>,
    /// Number of erasures in this object's life.
    pub(super) erasures: Cell<u32>,
}

impl VaultState {
    /// True if the vault is unlocked.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open.borrow().is_some()
    }

    /// True if Postgres may lack an entry that no running delivery will store.
    #[must_use]
    pub const fn needs_delivery(&self) -> bool {
        self.is_undelivered.get() && !self.is_delivering.get()
    }

    /// True while a delivery runs.
    #[must_use]
    pub const fn is_delivering(&self) -> bool {
        self.is_delivering.get()
    }

    /// Locks the vault and forgets every value.
    pub fn lock(&self) {
        self.open.take();
    }

    /// Locks the vault of a user who is erased: a copy that is on its way must not come back.
    pub fn erase(&self) {
        self.lock();
        self.erasures.set(self.erasures.get() + 1);
    }
}
