//! The vault at work: unlocked on first use, every new value kept before its token is used, and copied to Postgres until
//! Postgres has it.

use std::cell::{Cell, RefCell};

use pii::mask::Author;
use pii::placeholder::Placeholder;
use pii::seal::{FileKey, KeyId, UserKey};
use pii::vault::{MaskRequest, Vault};
use uuid::Uuid;

use super::chores::Chores;
use super::record::{Hidden, KeptVault, Refused};
use crate::auth::User;
use crate::backoff::pause;
use crate::config::Config;
use crate::error::Fault;
use crate::limit::bucket::Bucket;
use crate::ports::{Clock, Database, Model, Strongbox};
use crate::time::{Millis, timestamp};

/// Entries sent to Postgres at a time.
const BATCH: u32 = 500;

/// How long after a new value an object is woken in case that it died before Postgres had it.
pub const DELIVER_WITHIN: Millis = 10 * 1000;

/// The world, as far as a User object touches it.
#[derive(Debug)]
pub struct Ports<D, S, M, C> {
    /// Supabase.
    pub database: D,
    /// The object's own storage.
    pub strongbox: S,
    /// The model's API.
    pub model: M,
    /// Time and chance.
    pub clock: C,
}

/// What a User object holds in memory: lost with it, and rebuilt from its storage.
#[derive(Debug, Default)]
pub struct UserState {
    open: RefCell<Option<(Uuid, Vault)>>,
    /// The user's messages; full again in an object that was away.
    pub(super) bucket: Cell<Bucket>,
    /// Deliveries that failed in a row.
    failures: Cell<u32>,
    /// What is done while nobody waits.
    pub chores: Chores,
}

/// Hides what is personal in a text.
///
/// # Errors
/// [`Refused`].
pub async fn mask(
    state: &UserState,
    user: &User,
    text: &str,
    author: Author<'_>,
    config: &Config,
    ports: &Ports<impl Database, impl Strongbox, impl Model, impl Clock>,
) -> Result<Hidden, Refused> {
    unlock(state, user, config, ports).await?;
    let hidden = mask_unlocked(state, user, text, author, config, ports);
    if hidden.is_err() {
        // It may know values that are not kept.
        state.open.take();
    }
    let (hidden, has_new) = hidden?;
    if has_new {
        ports.strongbox.wake_at(ports.clock.now() + DELIVER_WITHIN).await;
    }
    Ok(hidden)
}

fn mask_unlocked(
    state: &UserState,
    user: &User,
    text: &str,
    author: Author<'_>,
    config: &Config,
    ports: &Ports<impl Database, impl Strongbox, impl Model, impl Clock>,
) -> Result<(Hidden, bool), Refused> {
    let mut open = state.open.borrow_mut();
    let (key_id, vault) = open.as_mut().ok_or_else(|| Refused::Failed("the vault is shut".into()))?;
    let request = MaskRequest { text, author, identity: &user.identity, patterns: &config.pii_patterns };
    let masked = vault.mask(request, || ports.clock.secret())?;
    let has_new = !masked.new.is_empty();
    if has_new {
        ports.strongbox.keep(user.id, &KeptVault { key: None, entries: masked.new }, true)?;
    }
    Ok((Hidden { text: masked.text.into_string(), values: masked.values, key_id: *key_id }, has_new))
}

/// The values behind tokens.
///
/// # Errors
/// [`Refused`].
pub async fn reveal(
    state: &UserState,
    user: &User,
    tokens: &[Placeholder],
    config: &Config,
    ports: &Ports<impl Database, impl Strongbox, impl Model, impl Clock>,
) -> Result<Vec<(Placeholder, String)>, Refused> {
    unlock(state, user, config, ports).await?;
    Ok(state.open.borrow().as_ref().map(|(_, vault)| vault.resolve_placeholders(tokens)).unwrap_or_default())
}

/// The key of a file of the user's.
///
/// # Errors
/// [`Refused`].
pub async fn file_key(
    state: &UserState,
    user: &User,
    file: Uuid,
    config: &Config,
    ports: &Ports<impl Database, impl Strongbox, impl Model, impl Clock>,
) -> Result<FileKey, Refused> {
    unlock(state, user, config, ports).await?;
    let key = state.open.borrow().as_ref().map(|(_, vault)| vault.file_key(file));
    key.ok_or_else(|| Refused::Failed("the vault is shut".into()))
}

/// Destroys the user's key and every entry. Whatever copy of an entry there may be elsewhere, nobody can open it then.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn erase(state: &UserState, strongbox: &impl Strongbox) -> Result<(), Fault> {
    state.open.take();
    strongbox.erase()
}

/// Opens the vault and the books, if they are not open: what the object keeps; or, in an object that keeps nothing, what
/// Postgres has; or, for a user who has none, a new one.
pub(super) async fn unlock(
    state: &UserState,
    user: &User,
    config: &Config,
    ports: &Ports<impl Database, impl Strongbox, impl Model, impl Clock>,
) -> Result<(), Refused> {
    if state.open.borrow().is_some() {
        return Ok(());
    }
    if let Some((_, kept)) = ports.strongbox.kept()? {
        return open(state, user, &kept, config, ports);
    }
    let restored = ports.database.load_vault(user).await?;
    // Another call may have come first while this one waited.
    if state.open.borrow().is_some() {
        return Ok(());
    }
    super::books::restore(user.id, &restored, &ports.strongbox, ports.clock.now())?;
    if restored.vault.key.is_some() {
        ports.strongbox.keep(user.id, &restored.vault, false)?;
    }
    open(state, user, &restored.vault, config, ports)
}

fn open(
    state: &UserState,
    user: &User,
    kept: &KeptVault,
    config: &Config,
    ports: &Ports<impl Database, impl Strongbox, impl Model, impl Clock>,
) -> Result<(), Refused> {
    let secret = || ports.clock.secret().ok_or_else(|| Refused::Failed("no random bytes".into()));
    let shut = |what: &'static str| move |_| Refused::Failed(what.into());
    let (key, key_id, anew) = if let Some(wrapped) = &kept.key {
        let (key, anew) = UserKey::open(user.id, wrapped, &secret()?, &config.pii_master_keys)
            .map_err(shut("PII_MASTER_KEY does not open the user's key"))?;
        (key, wrapped.key_id, anew)
    } else {
        let key_id = uuid::Builder::from_random_bytes(ports.clock.random()).into_uuid();
        let id = KeyId { key_id, founded_at: timestamp(ports.clock.now()) };
        let (key, wrapped) = UserKey::found(user.id, id, &secret()?, &secret()?, &config.pii_master_keys)
            .map_err(shut("the user's key cannot be wrapped"))?;
        (key, key_id, Some(wrapped))
    };
    let vault = Vault::open(key, &kept.entries).map_err(shut("an entry of the vault does not open"))?;
    if anew.is_some() {
        ports.strongbox.keep(user.id, &KeptVault { key: anew, entries: Vec::new() }, true)?;
    }
    state.open.replace(Some((key_id, vault)));
    Ok(())
}

/// Sends Postgres what it has not, until it has all. At a failure the object is woken later to go on.
///
/// # Errors
/// Why Postgres did not take it.
pub async fn deliver(
    state: &UserState,
    ports: &Ports<impl Database, impl Strongbox, impl Model, impl Clock>,
) -> Result<(), Fault> {
    while let Some((user, waiting)) = ports.strongbox.waiting(BATCH)? {
        let committed = ports.database.commit_vault(user, &waiting).await;
        if let Err(fault) = committed.and_then(|()| ports.strongbox.delivered(&waiting)) {
            let failures = state.failures.get();
            state.failures.set(failures.saturating_add(1));
            let pause = pause(failures, ports.clock.random());
            ports.strongbox.wake_at(ports.clock.now() + pause).await;
            return Err(fault);
        }
        state.failures.set(0);
    }
    Ok(())
}
