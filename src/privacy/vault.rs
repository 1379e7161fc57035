//! A user's vault while it is open: every value that was ever taken out of what they said, with its token. There is one a
//! user, so numbers never clash and a value keeps its token for ever.

use std::collections::{BTreeSet, HashMap};

use super::detect::{KnownValues, Patterns, Scope};
use super::mask::{Author, Draft, Kind, Piece, Unmaskable};
use super::seal::{Bytes, FileKey, Sealed, SealedEntry, Secret, UserKey};
use super::token::Token;
use uuid::Uuid;

use crate::auth::Identity;

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
    by_token: HashMap<Token, usize>,
    /// The number given last, by kind.
    numbers: HashMap<String, u32>,
    identity: Identity,
}

// By hand, so that no log line can ever hold a value.
impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({} values)", self.values.len())
    }
}

struct Value {
    kind: String,
    text: String,
    /// None until it occurs: what the user's token says of them has none before.
    token: Option<Token>,
}

/// A masked text.
#[derive(Debug, PartialEq, Eq)]
pub struct Masked {
    /// With tokens.
    pub text: String,
    /// What stands behind them.
    pub values: Vec<(Token, String)>,
    /// Those that are new, sealed; they must be kept before the text is used.
    pub new: Vec<SealedEntry>,
}

/// Why a text is not masked. Nothing of it may leave then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It has more new values than [`MAX_NEW_VALUES`].
    TooManyValues,
    /// A detector failed.
    Unmaskable(Unmaskable),
    /// A value could not be sealed, or an entry not be opened.
    Sealed,
    /// There is no chance to be had.
    NoChance,
}

impl From<Unmaskable> for Refusal {
    fn from(why: Unmaskable) -> Self {
        Self::Unmaskable(why)
    }
}

impl From<Sealed> for Refusal {
    fn from(_: Sealed) -> Self {
        Self::Sealed
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
    /// [`Sealed`] when an entry does not open: a vault with holes would give a value a second token.
    pub fn open(key: UserKey, entries: &[SealedEntry]) -> Result<Self, Sealed> {
        let mut vault = Self {
            key,
            values: Vec::new(),
            known: KnownValues::new(),
            by_fingerprint: HashMap::new(),
            by_token: HashMap::new(),
            numbers: HashMap::new(),
            identity: Identity::default(),
        };
        for entry in entries {
            let text = vault.key.open_entry(entry)?;
            let token = Token::parse(&entry.token).ok_or(Sealed)?;
            vault.count(&token);
            let place = vault.add(token.kind().to_owned(), text, entry.fingerprint.clone());
            vault.set_token(place, token);
        }
        Ok(vault)
    }

    /// Replaces everything personal in `text` by tokens.
    ///
    /// # Errors
    /// [`Refusal`]. The vault may hold values then that are not kept: it must be opened anew.
    pub fn mask(
        &mut self,
        text: &str,
        author: Author<'_>,
        identity: &Identity,
        patterns: &Patterns,
        mut chance: impl FnMut() -> Option<Secret>,
    ) -> Result<Masked, Refusal> {
        self.learn(identity);
        let draft = self.draft(text, author, patterns)?;
        let mut new = Vec::new();
        let mut tokens: HashMap<(Option<usize>, &str, &str), Token> = HashMap::new();
        let mut used = BTreeSet::new();
        for piece in draft.pieces() {
            let (kind, value) = match piece {
                Piece::Text(_) => continue,
                Piece::Token(token) => {
                    used.extend(self.by_token.get(token));
                    continue;
                }
                Piece::Value(kind, value) => (kind, value),
            };
            let place = self.place_of(kind, value);
            let token = match self.token_at(place) {
                Some(token) => token,
                None if new.len() >= MAX_NEW_VALUES => return Err(Refusal::TooManyValues),
                None => {
                    let (token, entry) = self.give_token(place, &chance().ok_or(Refusal::NoChance)?)?;
                    new.push(entry);
                    token
                }
            };
            used.insert(place);
            tokens.insert(key_of(kind, value), token);
        }
        let text = draft.write(|kind, value| {
            // Every value of the draft was given its token above.
            tokens.get(&key_of(kind, value)).map_or_else(String::new, Token::to_string)
        });
        Ok(Masked { text, values: self.values_at(&used), new })
    }

    /// A text in pieces. What is found by the words beside it is looked for in the rest of the text too, where it may
    /// stand without them: so a text with new values is begun again, as if they had been known.
    fn draft(&mut self, text: &str, author: Author<'_>, patterns: &Patterns) -> Result<Draft, Refusal> {
        let before = self.values.len();
        for _ in 0..MAX_DRAFTS {
            let known = self.values.len();
            let mut draft = Draft::new(text, author);
            draft.settle(&Scope { plain_urls: false, patterns, known: &self.known })?;
            for piece in draft.pieces() {
                if let Piece::Value(kind, value) = piece {
                    self.place_of(kind, value);
                }
            }
            if self.values.len() == known {
                return Ok(draft);
            }
            if self.values.len() > before + MAX_NEW_VALUES {
                return Err(Refusal::TooManyValues);
            }
        }
        Err(Refusal::Unmaskable(Unmaskable::Unsettled))
    }

    /// The values behind tokens; tokens that were never given are left out.
    #[must_use]
    pub fn reveal(&self, tokens: &[Token]) -> Vec<(Token, String)> {
        self.values_at(&tokens.iter().filter_map(|token| self.by_token.get(token).copied()).collect())
    }

    fn values_at(&self, places: &BTreeSet<usize>) -> Vec<(Token, String)> {
        let values = places.iter().filter_map(|place| self.values.get(*place));
        values.filter_map(|value| Some((value.token.clone()?, value.text.clone()))).collect()
    }

    /// Looks from now on for what the user's token says of them.
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

    /// The place of a value, in whatever spelling; a new one without a token if it is new.
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
        self.values.push(Value { kind, text, token: None });
        place
    }

    fn give_token(&mut self, place: usize, nonce: &Secret) -> Result<(Token, SealedEntry), Sealed> {
        let value = self.values.get(place).ok_or(Sealed)?;
        let token = Token::new(&value.kind, self.numbers.get(&value.kind).copied().unwrap_or(0) + 1);
        let entry = self.key.seal(&token, &value.text, nonce)?;
        self.count(&token);
        self.set_token(place, token.clone());
        Ok((token, entry))
    }

    fn count(&mut self, token: &Token) {
        let last = self.numbers.entry(token.kind().to_owned()).or_default();
        *last = token.number().max(*last);
    }

    fn token_at(&self, place: usize) -> Option<Token> {
        self.values.get(place)?.token.clone()
    }

    fn set_token(&mut self, place: usize, token: Token) {
        self.by_token.insert(token.clone(), place);
        if let Some(value) = self.values.get_mut(place) {
            value.token = Some(token);
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
