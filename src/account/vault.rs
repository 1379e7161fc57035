//! The vault at work: unlocked on first use, every new value durable before its placeholder is used, and copied to Postgres until
//! Postgres has it.

use std::collections::BTreeMap;

use pii::placeholder::Placeholder;
use pii::policy::Policy;
use pii::seal::{FileKey, KeyId, SealedEntry, UserKey, WrappedKey};
use pii::unmask::PlaceholderMap;
use pii::vault::{MAX_NEW_VALUES, MaskError, Vault};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::agenda::Job;
use super::ledger::settle;
use super::{UserCtx, set_owner};
use crate::backoff::pause;
use crate::database;
use crate::error::{Code, Error, Fault, abort_field};
use crate::limit::quota::{Cost, LedgerEntry, day};
use crate::ports::{Caller, Clock, Platform, Sql, SqlValue};
use crate::storage::{from_json, row, rows, to_json};
use crate::time::{Millis, timestamp};

/// Entries sent to Postgres at a time.
const BATCH: u32 = 500;

/// Milliseconds after a new value at which the object wakes, in case it died before Postgres had the value.
const DELIVER_WITHIN: Millis = 10 * 1000;

/// A vault, or a part of it, sealed: the argument of `commit_vault` and the result of `load_vault`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedVault {
    /// The user's wrapped key.
    pub key: Option<WrappedKey>,
    /// Sealed values by placeholder.
    pub entries: Vec<SealedEntry>,
}

/// Result of `load_vault`: data in Postgres of a user without a stored object.
#[derive(Clone, Debug, Default, Deserialize)]
struct RestoredAccount {
    #[serde(flatten)]
    vault: SealedVault,
    /// Spending of today, by employee.
    #[serde(default)]
    spent: BTreeMap<String, SpentToday>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct SpentToday {
    tokens: u32,
    /// US dollars, where a price was known.
    usd: Option<f64>,
}

/// Refusal to mask a text or to resolve placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VaultError {
    /// The text has more new values than are masked at once.
    TooManyValues,
    /// The vault has as many values as it may, which is this number, and the text has another.
    Full(u32),
    /// Postgres, which may have a copy of the vault, is out of reach or refused the call.
    Database(Fault),
    /// A detector, a key or the storage failed; the cause is for the log and holds nothing of the text.
    Failed(String),
}

impl VaultError {
    /// The error for a caller whose `field` holds the text.
    #[must_use]
    pub fn into_error(self, field: &'static str) -> Error {
        match self {
            Self::TooManyValues => {
                let detail = format!(
                    "{field} holds more than {MAX_NEW_VALUES} e-mail addresses, numbers or other personal values that \
                     are new. Send it in parts."
                );
                abort_field(Code::TooManyValues, field, detail)
            }
            Self::Full(limit) => {
                let detail = format!(
                    "You may have {limit} different e-mail addresses, names, numbers and other personal values, and {field} \
                     has another. Leave new ones out; erasing your data begins anew."
                );
                abort_field(Code::TooMuchStored, field, detail)
            }
            other => other.into_fault().into(),
        }
    }

    /// The fault for the log, where there is no request to blame.
    #[must_use]
    pub fn into_fault(self) -> Fault {
        match self {
            Self::TooManyValues => Fault::new(Code::PrivacyUnavailable, "too many new values at once"),
            Self::Full(_) => Fault::new(Code::TooMuchStored, "the vault is full"),
            Self::Database(fault) => fault,
            Self::Failed(cause) => Fault::new(Code::PrivacyUnavailable, cause),
        }
    }
}

impl From<Fault> for VaultError {
    fn from(fault: Fault) -> Self {
        match fault.code {
            Code::DatabaseUnavailable | Code::DatabaseTimeout | Code::DatabaseRefused => {
                Self::Database(fault)
            }
            _ => Self::Failed(fault.cause),
        }
    }
}

impl From<MaskError> for VaultError {
    fn from(error: MaskError) -> Self {
        match error {
            MaskError::TooManyValues => Self::TooManyValues,
            // The variants hold nothing of the text.
            other => Self::Failed(format!("mask: {other:?}")),
        }
    }
}

impl<P: Platform> UserCtx<'_, P> {
    /// Unlocks the vault, if it is locked: from the object's storage; or, in an object that stores nothing, from the copy in
    /// Postgres; or, for a user without a copy, with a new key. Only the second way has a network call.
    ///
    /// # Errors
    /// [`VaultError::Database`], [`VaultError::Failed`].
    pub async fn unlock(&self) -> Result<(), VaultError> {
        self.restore().await?;
        if self.account.vault.is_open() {
            return Ok(());
        }
        self.open(&SealedVault::default())
    }

    /// Namespace of ids that are made of names of the user: of chats, and of messages. Without the user's key nobody can tell such an id,
    /// or take it first. A new user gets a key.
    ///
    /// # Errors
    /// As [`UserCtx::unlock`].
    pub async fn names(&self) -> Result<Uuid, VaultError> {
        self.unlock().await?;
        self.known_names()?.ok_or_else(|| VaultError::Failed("the vault is locked".into()))
    }

    /// The namespace of a user whose vault this object stores.
    ///
    /// # Errors
    /// [`VaultError::Failed`].
    pub fn known_names(&self) -> Result<Option<Uuid>, VaultError> {
        self.reopen()?;
        let open = self.account.vault.open.borrow();
        Ok(open.as_ref().map(|vault| uuid::Builder::from_random_bytes(vault.names()).into_uuid()))
    }

    /// Unlocks the vault of a user who has one, as [`UserCtx::unlock`] does. Reading makes no key: without a vault there is no value
    /// to show.
    ///
    /// # Errors
    /// [`VaultError::Database`], [`VaultError::Failed`].
    pub async fn restore(&self) -> Result<(), VaultError> {
        if self.reopen()? {
            return Ok(());
        }
        let caller = Caller::User(&self.user.token);
        let erasures = self.account.vault.erasures.get();
        let restored: RestoredAccount =
            database::call(&self.ports.postgrest, caller, "load_vault", &serde_json::json!({})).await?;
        if self.account.vault.erasures.get() != erasures {
            return Err(VaultError::Failed("the user was erased meanwhile".into()));
        }
        // Another request may have unlocked it while this one waited.
        if self.account.vault.is_open() {
            return Ok(());
        }
        self.restore_ledger(&restored.spent)?;
        if restored.vault.key.is_none() {
            return Ok(());
        }
        store(&self.ports.sql, self.user.id, &restored.vault, Delivery::Done)?;
        self.open(&restored.vault)
    }

    /// Unlocks the vault from the object's storage; `false` when it stores nothing.
    pub(super) fn reopen(&self) -> Result<bool, VaultError> {
        if self.account.vault.is_open() {
            return Ok(true);
        }
        let Some(stored) = stored(&self.ports.sql)? else { return Ok(false) };
        self.open(&stored).map(|()| true)
    }

    fn open(&self, stored: &SealedVault) -> Result<(), VaultError> {
        let clock = &self.ports.clock;
        let secret = || clock.secret().ok_or_else(|| VaultError::Failed("no random bytes".into()));
        let failed = |what: &'static str| move |_| VaultError::Failed(what.into());
        let keys = &self.config.pii_master_keys;
        let (key, rewrapped) = if let Some(wrapped) = &stored.key {
            UserKey::open(self.user.id, wrapped, &secret()?, keys)
                .map_err(failed("PII_MASTER_KEY does not open the user's key"))?
        } else {
            let key_id = uuid::Builder::from_random_bytes(clock.random()).into_uuid();
            let id = KeyId { key_id, founded_at: timestamp(clock.now()) };
            let (key, wrapped) = UserKey::found(self.user.id, id, &secret()?, &secret()?, keys)
                .map_err(failed("the user's key cannot be wrapped"))?;
            (key, Some(wrapped))
        };
        let vault =
            Vault::open(key, &stored.entries).map_err(failed("an entry of the vault does not open"))?;
        if rewrapped.is_some() {
            let key = SealedVault { key: rewrapped, entries: Vec::new() };
            store(&self.ports.sql, self.user.id, &key, Delivery::Due)?;
            self.plan_delivery()?;
        }
        self.account.vault.open.replace(Some(vault));
        Ok(())
    }

    /// Takes over the user's spending of today from before this object stored anything. The ids are the same each time, so that doing it
    /// again changes nothing.
    fn restore_ledger(&self, spent: &BTreeMap<String, SpentToday>) -> Result<(), Fault> {
        for (employee, spent) in spent {
            let entry = LedgerEntry {
                id: Uuid::new_v5(&self.user.id, employee.as_bytes()),
                employee: employee.clone(),
                day: day(self.ports.clock.now()),
                cost: Cost::new(spent.tokens, spent.usd),
            };
            settle(&self.ports.sql, &entry)?;
        }
        Ok(())
    }

    /// Placeholders of the user's values that have `text` in them, in any case; none while the vault is locked.
    #[must_use]
    pub fn placeholders_with(&self, text: &str) -> Vec<Placeholder> {
        let open = self.account.vault.open.borrow();
        open.as_ref().map(|vault| vault.placeholders_with(text)).unwrap_or_default()
    }

    /// Stores new values, and plans their delivery to Postgres.
    pub(super) fn keep_values(&self, entries: Vec<SealedEntry>) -> Result<(), Fault> {
        store(&self.ports.sql, self.user.id, &SealedVault { key: None, entries }, Delivery::Due)?;
        self.plan_delivery()
    }

    fn plan_delivery(&self) -> Result<(), Fault> {
        self.account.vault.is_undelivered.set(true);
        let at = self.ports.clock.now() + DELIVER_WITHIN;
        self.account.agenda.plan(Job::VaultDelivery, at, &self.ports.sql)
    }

    /// Values behind placeholders. Placeholders of no value of this user are left out, and so are all in an object that stores no
    /// vault.
    #[must_use]
    pub fn values(&self, placeholders: &[Placeholder]) -> Vec<(Placeholder, String)> {
        if !self.reopen().unwrap_or(false) {
            return Vec::new();
        }
        self.account
            .vault
            .open
            .borrow()
            .as_ref()
            .map(|vault| vault.resolve_placeholders(placeholders))
            .unwrap_or_default()
    }

    /// Values that a policy lets the user see in place of placeholders.
    #[must_use]
    pub fn placeholder_map(&self, placeholders: &[Placeholder], policy: &Policy) -> PlaceholderMap {
        if placeholders.is_empty() {
            return PlaceholderMap::default();
        }
        let values = self.values(placeholders);
        PlaceholderMap::new(values.iter().map(|(placeholder, value)| (placeholder, value.as_str())), policy)
    }

    /// The key that a file of the user is sealed with.
    ///
    /// # Errors
    /// [`VaultError::Failed`] while the vault is locked.
    pub fn file_key(&self, file: Uuid) -> Result<FileKey, VaultError> {
        let open = self.account.vault.open.borrow();
        let vault = open.as_ref().ok_or_else(|| VaultError::Failed("the vault is locked".into()))?;
        Ok(vault.file_key(file))
    }

    /// Sends Postgres the entries that it lacks, until it has all of them. After a failure the alarm goes on with it.
    ///
    /// # Errors
    /// Refusal by Postgres or by the storage.
    pub async fn deliver_vault(&self) -> Result<(), Fault> {
        let state = &self.account.vault;
        if state.is_delivering.replace(true) {
            return Ok(());
        }
        let delivered = self.deliver_batches().await;
        state.is_delivering.set(false);
        if delivered.is_err() {
            let failures = state.failures.get();
            state.failures.set(failures.saturating_add(1));
            let clock = &self.ports.clock;
            let at = clock.now() + pause(failures, clock.random());
            self.account.agenda.plan(Job::VaultDelivery, at, &self.ports.sql)?;
        }
        delivered
    }

    async fn deliver_batches(&self) -> Result<(), Fault> {
        let sql = &self.ports.sql;
        while let Some(batch) = undelivered(sql)? {
            let arguments = CommitVault { p_user: self.user.id, p_vault: &batch };
            database::save(&self.ports.postgrest, "commit_vault", &arguments).await?;
            mark_delivered(sql, &batch)?;
            self.account.vault.failures.set(0);
        }
        // No `await` since the last look: a value that is masked from here on plans its own delivery.
        self.account.vault.is_undelivered.set(false);
        self.account.agenda.finish(Job::VaultDelivery, sql)
    }
}

#[derive(Serialize)]
struct CommitVault<'a> {
    p_user: Uuid,
    p_vault: &'a SealedVault,
}

/// State of an entry's copy in Postgres.
#[derive(Clone, Copy)]
enum Delivery {
    Due,
    Done,
}

#[derive(Deserialize)]
struct KeyRow {
    key: String,
    undelivered: u32,
}

#[derive(Deserialize)]
struct EntryRow {
    entry: String,
}

/// Deletes the key and every entry. No copy of an entry elsewhere can be opened then.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn erase(sql: &impl Sql) -> Result<(), Fault> {
    sql.exec("DELETE FROM vault_entry", &[])?;
    Ok(sql.exec("DELETE FROM vault_key", &[])?)
}

fn stored_key(sql: &impl Sql) -> Result<Option<KeyRow>, Fault> {
    row(sql, "SELECT key, undelivered FROM vault_key", &[])
}

fn stored(sql: &impl Sql) -> Result<Option<SealedVault>, Fault> {
    let Some(key) = stored_key(sql)? else { return Ok(None) };
    let entries: Vec<EntryRow> = rows(sql, "SELECT entry FROM vault_entry", &[])?;
    Ok(Some(sealed(&key, &entries)?))
}

fn sealed(key: &KeyRow, entries: &[EntryRow]) -> Result<SealedVault, Fault> {
    let entries = entries.iter().map(|row| from_json(&row.entry, "vault_entry")).collect::<Result<_, _>>()?;
    Ok(SealedVault { key: Some(from_json(&key.key, "vault_key")?), entries })
}

fn store(sql: &impl Sql, user: Uuid, vault: &SealedVault, delivery: Delivery) -> Result<(), Fault> {
    let undelivered = SqlValue::Integer(match delivery {
        Delivery::Due => 1,
        Delivery::Done => 0,
    });
    if let Some(key) = &vault.key {
        set_owner(sql, user)?;
        let key = to_json(key)?;
        let statement = "INSERT OR REPLACE INTO vault_key (id, key, undelivered) VALUES (1, ?, ?)";
        sql.exec(statement, &[(&key).into(), undelivered])?;
    }
    for entry in &vault.entries {
        let json = to_json(entry)?;
        let statement = "INSERT INTO vault_entry (placeholder, entry, undelivered) VALUES (?, ?, ?)";
        sql.exec(statement, &[entry.placeholder.as_str().into(), (&json).into(), undelivered])?;
    }
    Ok(())
}

/// The key and the next entries that Postgres lacks.
fn undelivered(sql: &impl Sql) -> Result<Option<SealedVault>, Fault> {
    let Some(key) = stored_key(sql)? else { return Ok(None) };
    let query = "SELECT entry FROM vault_entry WHERE undelivered = 1 LIMIT ?";
    let entries: Vec<EntryRow> = rows(sql, query, &[BATCH.into()])?;
    let is_due = key.undelivered == 1 || !entries.is_empty();
    is_due.then(|| sealed(&key, &entries)).transpose()
}

fn mark_delivered(sql: &impl Sql, vault: &SealedVault) -> Result<(), Fault> {
    if let Some(key) = &vault.key {
        let key = to_json(key)?;
        sql.exec("UPDATE vault_key SET undelivered = 0 WHERE key = ?", &[(&key).into()])?;
    }
    for entry in &vault.entries {
        let placeholder = entry.placeholder.as_str().into();
        sql.exec("UPDATE vault_entry SET undelivered = 0 WHERE placeholder = ?", &[placeholder])?;
    }
    Ok(())
}
