//! A user's vault in memory: every value that was ever masked for them, with its placeholder.
//!
//! Each user has one, so numbers never clash and a value keeps its placeholder for ever.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use uuid::Uuid;

use super::detect::{KnownValues, Patterns, People, Recognized, Scope};
use super::identity::Identity;
use super::mask::{Author, Draft, DraftError, Kind, Piece};
use super::masked_text::MaskedText;
use super::placeholder::Placeholder;
use super::seal::{Bytes, DecryptError, FileKey, SealedEntry, Secret, UserKey};

/// New values of one text. Each is sealed, stored and sent to Postgres, so this bounds the work of a message.
pub const MAX_NEW_VALUES: usize = 1000;

/// Drafts of one text. A value that is only found once another is known needs a second draft, rarely a third.
const MAX_DRAFTS: usize = 16;

/// A user's values, and the key that seals new ones.
pub struct Vault {
    key: UserKey,
    values: Vec<Value>,
    /// Searches for all of `values`, with the same indices.
    known: KnownValues,
    by_fingerprint: HashMap<Bytes, usize>,
    by_placeholder: HashMap<Placeholder, usize>,
    /// The highest number of each kind.
    numbers: HashMap<String, u32>,
    identity: Identity,
}

// By hand, so that no log line can ever hold a value.
impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({} values)", self.values.len())
    }
}

struct Value {
    kind: String,
    text: String,
    /// `None` until the value occurs in a text, as for values of the access token.
    placeholder: Option<Placeholder>,
}

/// A text to mask, with the facts that masking depends on.
#[derive(Clone, Copy, Debug)]
pub struct MaskRequest<'a> {
    /// The raw text to mask.
    pub text: &'a str,
    /// Its author, who decides which placeholders in it are genuine.
    pub author: Author<'a>,
    /// Values that are known to be the user's own.
    pub identity: &'a Identity,
    /// The deployment's own patterns.
    pub patterns: &'a Patterns,
    /// Names and addresses to mask.
    pub people: People,
    /// Values that a recognizer of the deployment has found in the text.
    pub recognized: &'a [Recognized],
}

/// A masked text with its values.
#[derive(Debug, PartialEq, Eq)]
pub struct Masked {
    /// The text with placeholders.
    pub text: MaskedText,
    /// The values behind its placeholders. Never log them.
    pub values: Vec<(Placeholder, String)>,
    /// New values, sealed. Store them before the text is used, or their placeholders cannot be resolved.
    pub new: Vec<SealedEntry>,
}

/// A text that was not masked. No part of it may leave the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskError {
    /// The text has more new values than [`MAX_NEW_VALUES`].
    TooManyValues,
    /// A detector failed, or the text did not settle.
    Draft(DraftError),
    /// A value could not be sealed, or an entry did not open.
    Decrypt(DecryptError),
    /// There were no random bytes for a nonce.
    Entropy(EntropyError),
}

/// The platform gave no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntropyError;

impl fmt::Display for EntropyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no random bytes")
    }
}

impl std::error::Error for EntropyError {}

impl fmt::Display for MaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyValues => write!(f, "more than {MAX_NEW_VALUES} new values"),
            Self::Draft(error) => error.fmt(f),
            Self::Decrypt(error) => error.fmt(f),
            Self::Entropy(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for MaskError {}

impl From<DraftError> for MaskError {
    fn from(error: DraftError) -> Self {
        Self::Draft(error)
    }
}

impl From<DecryptError> for MaskError {
    fn from(error: DecryptError) -> Self {
        Self::Decrypt(error)
    }
}

impl From<EntropyError> for MaskError {
    fn from(error: EntropyError) -> Self {
        Self::Entropy(error)
    }
}

impl Vault {
    /// Derives the key of a file of the user.
    #[must_use]
    pub fn file_key(&self, file: Uuid) -> FileKey {
        self.key.file_key(file)
    }

    /// Namespace of ids that are made of names of the user: without their key, nobody can tell the id of a name.
    #[must_use]
    pub fn names(&self) -> [u8; 16] {
        self.key.names()
    }

    /// Opens the stored entries of a user.
    ///
    /// # Errors
    /// [`DecryptError`] when any entry does not open: a vault with holes would give a value a second placeholder.
    pub fn open(key: UserKey, entries: &[SealedEntry]) -> Result<Self, DecryptError> {
        let mut vault = Self {
            key,
            values: Vec::new(),
            known: KnownValues::new(),
            by_fingerprint: HashMap::new(),
            by_placeholder: HashMap::new(),
            numbers: HashMap::new(),
            identity: Identity::default(),
        };
        for entry in entries {
            let text = vault.key.open_entry(entry)?;
            let placeholder = Placeholder::parse(&entry.placeholder).ok_or(DecryptError)?;
            vault.count(&placeholder);
            let place = vault.add(placeholder.kind().to_owned(), text, entry.fingerprint.clone());
            vault.set_placeholder(place, placeholder);
        }
        Ok(vault)
    }

    /// Number of values that have a placeholder.
    #[must_use]
    pub fn stored_values(&self) -> usize {
        self.by_placeholder.len()
    }

    /// Replaces everything personal in a text by placeholders. Each new value takes a nonce from `entropy`.
    ///
    /// # Errors
    /// [`MaskError`]. The vault may then hold values that are not stored, so open it anew before the next use.
    pub fn mask(
        &mut self,
        request: MaskRequest<'_>,
        mut entropy: impl FnMut() -> Option<Secret>,
    ) -> Result<Masked, MaskError> {
        self.learn(request.identity);
        let draft = self.draft(request)?;
        let mut new = Vec::new();
        let mut placeholders: HashMap<(Option<usize>, &str, &str), Placeholder> = HashMap::new();
        let mut used = BTreeSet::new();
        for piece in draft.pieces() {
            let (kind, value) = match piece {
                Piece::Text(_) => continue,
                Piece::Placeholder(placeholder) => {
                    used.extend(self.by_placeholder.get(placeholder));
                    continue;
                }
                Piece::Value(kind, value) => (kind, value),
            };
            let place = self.place_of(kind, value);
            let placeholder = match self.placeholder_at(place) {
                Some(placeholder) => placeholder,
                None if new.len() >= MAX_NEW_VALUES => return Err(MaskError::TooManyValues),
                None => {
                    let (placeholder, entry) =
                        self.give_placeholder(place, &entropy().ok_or(EntropyError)?)?;
                    new.push(entry);
                    placeholder
                }
            };
            used.insert(place);
            placeholders.insert(key_of(kind, value), placeholder);
        }
        let text = draft.write(|kind, value| {
            // Each value of the draft has its placeholder from the loop above.
            placeholders.get(&key_of(kind, value)).map_or_else(String::new, Placeholder::to_string)
        });
        Ok(Masked { text: MaskedText::new(text), values: self.values_at(&used), new })
    }

    /// Settles a draft of the text. A value that was found by a label may stand elsewhere without one, so a text with new values
    /// is drafted again with those known.
    fn draft(&mut self, request: MaskRequest<'_>) -> Result<Draft, MaskError> {
        let before = self.values.len();
        for _ in 0..MAX_DRAFTS {
            let known = self.values.len();
            let mut draft = Draft::new(request.text, request.author);
            draft.settle(&Scope {
                plain_urls: false,
                patterns: request.patterns,
                known: &self.known,
                people: request.people,
                recognized: request.recognized,
            })?;
            for piece in draft.pieces() {
                if let Piece::Value(kind, value) = piece {
                    self.place_of(kind, value);
                }
                if self.values.len() > before + MAX_NEW_VALUES {
                    return Err(MaskError::TooManyValues);
                }
            }
            if self.values.len() == known {
                return Ok(draft);
            }
        }
        Err(MaskError::Draft(DraftError::Unsettled))
    }

    /// Looks up the values of placeholders. Placeholders that were never given are left out.
    #[must_use]
    pub fn resolve_placeholders(&self, placeholders: &[Placeholder]) -> Vec<(Placeholder, String)> {
        self.values_at(
            &placeholders
                .iter()
                .filter_map(|placeholder| self.by_placeholder.get(placeholder).copied())
                .collect(),
        )
    }

    /// Placeholders of the values that have `text` in them, in any case, sorted.
    #[must_use]
    pub fn placeholders_with(&self, text: &str) -> Vec<Placeholder> {
        let text = text.to_lowercase();
        let found = self.values.iter().filter(|value| value.text.to_lowercase().contains(&text));
        let placeholders: BTreeSet<_> = found.filter_map(|value| value.placeholder.clone()).collect();
        placeholders.into_iter().collect()
    }

    fn values_at(&self, places: &BTreeSet<usize>) -> Vec<(Placeholder, String)> {
        let values = places.iter().filter_map(|place| self.values.get(*place));
        values.filter_map(|value| Some((value.placeholder.clone()?, value.text.clone()))).collect()
    }

    /// Adds the values of the access token to those that are searched for.
    fn learn(&mut self, identity: &Identity) {
        if self.identity == *identity {
            return;
        }
        self.identity = identity.clone();
        for (kind, value) in identity.values() {
            self.place_named(kind, value);
        }
    }

    fn place_of(&mut self, kind: &Kind, value: &str) -> usize {
        match kind {
            Kind::Known(place) => *place,
            Kind::Named(name) => self.place_named(name, value),
        }
    }

    /// Finds the index of a value in any spelling, or adds it without a placeholder.
    fn place_named(&mut self, kind: &str, value: &str) -> usize {
        let fingerprint = self.key.fingerprint(kind, value);
        match self.by_fingerprint.get(&fingerprint) {
            Some(place) => *place,
            None => self.add(kind.to_owned(), value.to_owned(), fingerprint),
        }
    }

    fn add(&mut self, kind: String, text: String, fingerprint: Bytes) -> usize {
        let place = self.known.add(&kind, &text);
        self.by_fingerprint.insert(fingerprint, place);
        self.values.push(Value { kind, text, placeholder: None });
        place
    }

    fn give_placeholder(
        &mut self,
        place: usize,
        nonce: &Secret,
    ) -> Result<(Placeholder, SealedEntry), DecryptError> {
        let value = self.values.get(place).ok_or(DecryptError)?;
        let placeholder =
            Placeholder::new(&value.kind, self.numbers.get(&value.kind).copied().unwrap_or(0) + 1);
        let entry = self.key.seal(&placeholder, &value.text, nonce)?;
        self.count(&placeholder);
        self.set_placeholder(place, placeholder.clone());
        Ok((placeholder, entry))
    }

    fn count(&mut self, placeholder: &Placeholder) {
        let last = self.numbers.entry(placeholder.kind().to_owned()).or_default();
        *last = placeholder.number().max(*last);
    }

    fn placeholder_at(&self, place: usize) -> Option<Placeholder> {
        self.values.get(place)?.placeholder.clone()
    }

    fn set_placeholder(&mut self, place: usize, placeholder: Placeholder) {
        self.by_placeholder.insert(placeholder.clone(), place);
        if let Some(value) = self.values.get_mut(place) {
            value.placeholder = Some(placeholder);
        }
    }
}

/// The key that tells the values of one draft apart.
const fn key_of<'a>(kind: &'a Kind, value: &'a str) -> (Option<usize>, &'a str, &'a str) {
    match kind {
        Kind::Known(place) => (Some(*place), "", ""),
        Kind::Named(name) => (None, name.as_str(), value),
    }
}

#[cfg(test)]
mod tests;
