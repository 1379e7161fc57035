//! The storage of a User object. It survives its object.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use frontdesk::error::{Code, Fault};
use frontdesk::limit::quota::{Entry, Spend};
use frontdesk::ports::Strongbox;
use frontdesk::time::Millis;
use frontdesk::user::record::KeptVault;
use pii::seal::{SealedEntry, WrappedKey};
use uuid::Uuid;

use super::alarm::Alarm;
use super::world::{Life, World};

#[derive(Default)]
pub struct Safe {
    key: RefCell<Option<(Uuid, WrappedKey, bool)>>,
    /// Each with whether it waits.
    entries: RefCell<Vec<(SealedEntry, bool)>>,
    /// Each with until when it is reserved, if it is not booked.
    books: RefCell<BTreeMap<Uuid, (Entry, Option<Millis>)>>,
    pub alarm: Alarm,
}

/// One object's hands on its storage.
pub struct SafeStrongbox {
    pub world: Rc<World>,
    pub safe: Rc<Safe>,
    pub life: Rc<Life>,
}

impl Safe {
    /// Whether no value waits for Postgres. A key alone may wait: nothing is lost with it.
    pub fn is_at_rest(&self) -> bool {
        self.entries.borrow().iter().all(|(_, waits)| !waits)
    }

    pub fn entries(&self) -> Vec<SealedEntry> {
        self.entries.borrow().iter().map(|(entry, _)| entry.clone()).collect()
    }

    pub fn has_entry(&self, turn: Uuid) -> bool {
        self.books.borrow().contains_key(&turn)
    }

    /// What is booked, by turn.
    pub fn booked(&self) -> BTreeMap<Uuid, u64> {
        let books = self.books.borrow();
        let booked = books.iter().filter(|(_, (_, until))| until.is_none());
        booked.map(|(turn, (entry, _))| (*turn, entry.spend.tokens)).collect()
    }

    fn vault(key: &WrappedKey, entries: impl Iterator<Item = SealedEntry>) -> KeptVault {
        KeptVault { key: Some(key.clone()), entries: entries.collect() }
    }
}

impl SafeStrongbox {
    fn can_write(&self) -> bool {
        self.life.can_write(&self.world)
    }
}

impl Strongbox for SafeStrongbox {
    fn kept(&self) -> Result<Option<(Uuid, KeptVault)>, Fault> {
        let key = self.safe.key.borrow();
        let entries = self.safe.entries.borrow();
        let all = entries.iter().map(|(entry, _)| entry.clone());
        Ok(key.as_ref().map(|(user, key, _)| (*user, Safe::vault(key, all))))
    }

    fn keep(&self, user: Uuid, vault: &KeptVault, waits: bool) -> Result<(), Fault> {
        if !self.can_write() {
            return Ok(());
        }
        self.world.check_masked("the strongbox", &serde_json::to_string(vault).expect("a vault is JSON"));
        if let Some(key) = &vault.key {
            self.safe.key.replace(Some((user, key.clone(), waits)));
        }
        for entry in &vault.entries {
            let mut entries = self.safe.entries.borrow_mut();
            if entries.iter().any(|(other, _)| other.placeholder == entry.placeholder) {
                self.world.violated(format!("{} is given twice", entry.placeholder));
                return Err(Fault::new(Code::Internal, "UNIQUE"));
            }
            entries.push((entry.clone(), waits));
        }
        Ok(())
    }

    fn waiting(&self, limit: u32) -> Result<Option<(Uuid, KeptVault)>, Fault> {
        let key = self.safe.key.borrow();
        let Some((user, key, key_waits)) = key.as_ref() else { return Ok(None) };
        let entries = self.safe.entries.borrow();
        let waiting = entries.iter().filter(|(_, waits)| *waits).take(limit as usize);
        let vault = Safe::vault(key, waiting.map(|(entry, _)| entry.clone()));
        Ok((*key_waits || !vault.entries.is_empty()).then_some((*user, vault)))
    }

    fn delivered(&self, vault: &KeptVault) -> Result<(), Fault> {
        if !self.can_write() {
            return Ok(());
        }
        if let Some((_, key, waits)) = self.safe.key.borrow_mut().as_mut() {
            *waits &= vault.key.as_ref() != Some(key);
        }
        for (entry, waits) in self.safe.entries.borrow_mut().iter_mut() {
            *waits &= vault.entries.iter().all(|delivered| delivered.placeholder != entry.placeholder);
        }
        Ok(())
    }

    fn spent(&self, wanted: &Entry, now: Millis) -> Result<(Spend, Spend), Fault> {
        let books = self.safe.books.borrow();
        let today = books.values().filter(|(entry, until)| {
            entry.day == wanted.day
                && entry.turn_id != wanted.turn_id
                && until.is_none_or(|until| until > now)
        });
        Ok(today.fold((Spend::default(), Spend::default()), |(all, own), (entry, _)| {
            let is_own = entry.employee == wanted.employee;
            (all.plus(entry.spend), if is_own { own.plus(entry.spend) } else { own })
        }))
    }

    fn reserve(&self, entry: &Entry, until: Millis) -> Result<(), Fault> {
        if self.can_write() {
            let mut books = self.safe.books.borrow_mut();
            let known = books.entry(entry.turn_id).or_insert_with(|| (entry.clone(), Some(until)));
            if known.1.is_some() {
                *known = (entry.clone(), Some(until));
            }
        }
        Ok(())
    }

    fn settle(&self, entry: &Entry) -> Result<(), Fault> {
        if self.can_write() {
            let mut books = self.safe.books.borrow_mut();
            let known = books.entry(entry.turn_id).or_insert_with(|| (entry.clone(), Some(0)));
            if known.1.is_some() {
                *known = (entry.clone(), None);
            }
        }
        Ok(())
    }

    fn erase(&self) -> Result<(), Fault> {
        self.world.violated("nobody erases anybody here");
        Ok(())
    }

    async fn wake_at(&self, when: Millis) {
        if self.can_write() {
            self.safe.alarm.set(Some(when));
        }
        self.world.sleep(1).await;
    }
}
