//! A user's vault while it is open: every value that was ever taken out of what they said, with its placeholder. There is one a
//! user, so numbers never clash and a value keeps its placeholder for ever.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use uuid::Uuid;

use super::detect::{KnownValues, Patterns, Scope};
use super::identity::Identity;
use super::mask::{Author, Draft, DraftError, Kind, Piece};
use super::masked_text::MaskedText;
use super::placeholder::Placeholder;
use super::seal::{Bytes, DecryptError, FileKey, SealedEntry, Secret, UserKey};

/// New values that one text may have: each is sealed, kept and sent to Postgres, so this bounds the work of a message.
pub const MAX_NEW_VALUES: usize = 1000;

/// How often a text is begun again at most: values that only show when others are known come in a second time, not often
/// in a third.
const MAX_DRAFTS: usize = 16;

/// A user's values and how to seal more.
pub struct Vault {
    key: UserKey,
    values: Vec<Value>,
    /// Looks for all of them; counts as `values` does.
    known: KnownValues,
    by_fingerprint: HashMap<Bytes, usize>,
    by_placeholder: HashMap<Placeholder, usize>,
    /// The number given last, by kind.
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
    /// None until it occurs: what the user's access token says of them has none before.
    placeholder: Option<Placeholder>,
}

/// A text to mask, and what masking it needs to know.
#[derive(Clone, Copy, Debug)]
pub struct MaskRequest<'a> {
    /// The raw text.
    pub text: &'a str,
    /// Its author, who decides which placeholders in it count.
    pub author: Author<'a>,
    /// Values that are known to be the user's own.
    pub identity: &'a Identity,
    /// The deployment's own patterns.
    pub patterns: &'a Patterns,
}

/// A masked text.
#[derive(Debug, PartialEq, Eq)]
pub struct Masked {
    /// With placeholders.
    pub text: MaskedText,
    /// What stands behind them.
    pub values: Vec<(Placeholder, String)>,
    /// Those that are new, sealed; they must be kept before the text is used.
    pub new: Vec<SealedEntry>,
}

/// Why a text is not masked. Nothing of it may leave then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskError {
    /// It has more new values than [`MAX_NEW_VALUES`].
    TooManyValues,
    /// A detector failed.
    Draft(DraftError),
    /// A value could not be sealed, or an entry not be opened.
    Decrypt(DecryptError),
    /// No random bytes for a nonce.
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
    /// The key of a file of the user's.
    #[must_use]
    pub fn file_key(&self, file: Uuid) -> FileKey {
        self.key.file_key(file)
    }

    /// Opens what is kept of a user.
    ///
    /// # Errors
    /// [`DecryptError`] when an entry does not open: a vault with holes would give a value a second placeholder.
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

    /// Replaces everything personal in a text by placeholders. Each new value takes a nonce from `entropy`.
    ///
    /// # Errors
    /// [`MaskError`]. The vault may hold values then that are not kept: it must be opened anew.
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
            // Every value of the draft was given its placeholder above.
            placeholders.get(&key_of(kind, value)).map_or_else(String::new, Placeholder::to_string)
        });
        Ok(Masked { text: MaskedText::new(text), values: self.values_at(&used), new })
    }

    /// A text in pieces. What is found by the words beside it is looked for in the rest of the text too, where it may
    /// stand without them: so a text with new values is begun again, as if they had been known.
    fn draft(&mut self, request: MaskRequest<'_>) -> Result<Draft, MaskError> {
        let before = self.values.len();
        for _ in 0..MAX_DRAFTS {
            let known = self.values.len();
            let mut draft = Draft::new(request.text, request.author);
            draft.settle(&Scope { plain_urls: false, patterns: request.patterns, known: &self.known })?;
            for piece in draft.pieces() {
                if let Piece::Value(kind, value) = piece {
                    self.place_of(kind, value);
                }
            }
            if self.values.len() == known {
                return Ok(draft);
            }
            if self.values.len() > before + MAX_NEW_VALUES {
                return Err(MaskError::TooManyValues);
            }
        }
        Err(MaskError::Draft(DraftError::Unsettled))
    }

    /// The values behind placeholders; placeholders that were never given are left out.
    #[must_use]
    pub fn resolve_placeholders(&self, placeholders: &[Placeholder]) -> Vec<(Placeholder, String)> {
        self.values_at(
            &placeholders
                .iter()
                .filter_map(|placeholder| self.by_placeholder.get(placeholder).copied())
                .collect(),
        )
    }

    fn values_at(&self, places: &BTreeSet<usize>) -> Vec<(Placeholder, String)> {
        let values = places.iter().filter_map(|place| self.values.get(*place));
        values.filter_map(|value| Some((value.placeholder.clone()?, value.text.clone()))).collect()
    }

    /// Looks from now on for what the user's access token says of them.
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

    /// The place of a value, in whatever spelling; a new one without a placeholder if it is new.
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

/// What tells the values of one draft apart.
const fn key_of<'a>(kind: &'a Kind, value: &'a str) -> (Option<usize>, &'a str, &'a str) {
    match kind {
        Kind::Known(place) => (Some(*place), "", ""),
        Kind::Named(name) => (None, name.as_str(), value),
    }
}

#[cfg(test)]
mod tests;
