//! The user's object, natively: the real vault over storage that a test can look at.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use frontdesk::auth::User;
use frontdesk::config::Config;
use frontdesk::document::keep::{self, Kept};
use frontdesk::document::upload::Upload;
use frontdesk::error::{Code, Fault};
use frontdesk::limit::bucket::Standing;
use frontdesk::limit::quota::{Entry, Spend};
use frontdesk::ports::{Strongbox, UserObject};
use frontdesk::time::Millis;
use frontdesk::user::books;
use frontdesk::user::chores::Saved;
use frontdesk::user::record::{Hidden, KeptVault, Refused, Wanted};
use frontdesk::user::vault::{self, Ports, UserState};
use pii::mask::Author;
use pii::placeholder::Placeholder;
use pii::seal::FileKey;
use uuid::Uuid;

use super::{START, ScriptedClock, ScriptedDatabase, ScriptedModel, config};

/// Storage that survives its object, as what is kept and what of it waits for Postgres.
#[derive(Default)]
pub struct MemoryStrongbox {
    pub kept: RefCell<Option<(Uuid, KeptVault)>>,
    pub waiting: RefCell<Vec<String>>,
    pub key_waits: Cell<bool>,
    pub refuses: Cell<bool>,
    pub alarm: Cell<Option<Millis>>,
    /// Entries, and until when those are reserved that are not booked.
    pub books: RefCell<BTreeMap<Uuid, (Entry, Option<Millis>)>>,
}

impl Strongbox for MemoryStrongbox {
    fn kept(&self) -> Result<Option<(Uuid, KeptVault)>, Fault> {
        Ok(self.kept.borrow().clone())
    }

    fn keep(&self, user: Uuid, vault: &KeptVault, waits: bool) -> Result<(), Fault> {
        if self.refuses.get() {
            return Err(Fault::new(Code::Internal, "scripted"));
        }
        let mut kept = self.kept.borrow_mut();
        let (_, kept) = kept.get_or_insert_with(|| (user, KeptVault::default()));
        if vault.key.is_some() {
            kept.key.clone_from(&vault.key);
            self.key_waits.set(waits);
        }
        for entry in &vault.entries {
            assert!(
                kept.entries.iter().all(|other| other.placeholder != entry.placeholder),
                "a token is given once"
            );
            kept.entries.push(entry.clone());
            self.waiting.borrow_mut().extend(waits.then(|| entry.placeholder.clone()));
        }
        Ok(())
    }

    fn waiting(&self, limit: u32) -> Result<Option<(Uuid, KeptVault)>, Fault> {
        let kept = self.kept.borrow();
        let Some((user, kept)) = kept.as_ref() else { return Ok(None) };
        let waiting = self.waiting.borrow();
        let entries = kept.entries.iter().filter(|entry| waiting.contains(&entry.placeholder));
        let entries: Vec<_> = entries.take(limit as usize).cloned().collect();
        let is_waiting = self.key_waits.get() || !entries.is_empty();
        Ok(is_waiting.then(|| (*user, KeptVault { key: kept.key.clone(), entries })))
    }

    fn delivered(&self, vault: &KeptVault) -> Result<(), Fault> {
        self.key_waits.set(false);
        self.waiting
            .borrow_mut()
            .retain(|token| vault.entries.iter().all(|entry| entry.placeholder != *token));
        Ok(())
    }

    fn spent(&self, wanted: &Entry, now: Millis) -> Result<(Spend, Spend), Fault> {
        let books = self.books.borrow();
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
        let mut books = self.books.borrow_mut();
        let known = books.entry(entry.turn_id).or_insert((entry.clone(), Some(until)));
        if known.1.is_some() {
            *known = (entry.clone(), Some(until));
        }
        Ok(())
    }

    fn settle(&self, entry: &Entry) -> Result<(), Fault> {
        let mut books = self.books.borrow_mut();
        let known = books.entry(entry.turn_id).or_insert((entry.clone(), Some(0)));
        if known.1.is_some() {
            *known = (entry.clone(), None);
        }
        Ok(())
    }

    fn erase(&self) -> Result<(), Fault> {
        self.kept.take();
        self.waiting.take();
        Ok(())
    }

    async fn wake_at(&self, when: Millis) {
        self.alarm.set(Some(when));
    }
}

/// The user's object, as a session calls it.
pub struct ScriptedUser {
    pub state: UserState,
    pub config: Config,
    pub ports: Ports<ScriptedDatabase, MemoryStrongbox, ScriptedModel, ScriptedClock>,
    /// What every call is answered with, if anything.
    pub refusal: RefCell<Option<Refused>>,
    pub masks: Cell<u32>,
    pub reveals: Cell<u32>,
    pub remembers: Cell<u32>,
}

impl Default for ScriptedUser {
    fn default() -> Self {
        let (database, strongbox, clock) =
            (ScriptedDatabase::default(), MemoryStrongbox::default(), ScriptedClock::default());
        clock.now.set(START);
        Self {
            state: UserState::default(),
            config: config(),
            ports: Ports { database, strongbox, model: ScriptedModel::default(), clock },
            refusal: RefCell::default(),
            masks: Cell::default(),
            reveals: Cell::default(),
            remembers: Cell::default(),
        }
    }
}

impl ScriptedUser {
    /// The next object over the same storage.
    pub fn restarted(self) -> Self {
        Self { state: UserState::default(), ..self }
    }

    fn refused(&self) -> Result<(), Refused> {
        self.refusal.borrow().clone().map_or(Ok(()), Err)
    }
}

impl UserObject for ScriptedUser {
    async fn mask(&self, user: &User, text: &str, author: Author<'_>) -> Result<Hidden, Refused> {
        self.masks.set(self.masks.get() + 1);
        self.refused()?;
        vault::mask(&self.state, user, text, author, &self.config, &self.ports).await
    }

    async fn reveal(
        &self,
        user: &User,
        tokens: &[Placeholder],
    ) -> Result<Vec<(Placeholder, String)>, Refused> {
        self.reveals.set(self.reveals.get() + 1);
        self.refused()?;
        vault::reveal(&self.state, user, tokens, &self.config, &self.ports).await
    }

    async fn file_key(&self, user: &User, file: Uuid) -> Result<FileKey, Refused> {
        self.refused()?;
        vault::file_key(&self.state, user, file, &self.config, &self.ports).await
    }

    async fn keep(&self, user: &User, upload: Upload) -> Result<Kept, Refused> {
        self.refused()?;
        keep::keep(&self.state, user, upload, &self.config, &self.ports).await
    }

    async fn reserve(&self, user: &User, wanted: &Wanted) -> Result<Option<Standing>, Refused> {
        self.refused()?;
        books::reserve(&self.state, user, wanted, &self.config, &self.ports).await
    }

    async fn settle(&self, _: Uuid, entry: &Entry) -> Result<(), Refused> {
        self.refused()?;
        Ok(self.ports.strongbox.settle(entry)?)
    }

    async fn remember(&self, _: Uuid, _: Saved) -> Result<(), Refused> {
        self.remembers.set(self.remembers.get() + 1);
        self.refused()
    }
}
