//! Keys and ciphertexts of the vault: AES-256-GCM for values and files, HMAC-SHA-256 for fingerprints.
//!
//! Each user has a key, which is stored only wrapped by the deployment's master key. Rotating the master key wraps user keys
//! anew and leaves entries as they are. Deleting a user's key makes all copies of their entries unreadable.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64ct::{Base64, Encoding};
use chrono::{DateTime, Utc};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::Sha256;
use uuid::Uuid;

use super::placeholder::Placeholder;

/// 32 random bytes: a key, or the source of a nonce.
pub type Secret = [u8; 32];

/// Bytes of an AES-GCM nonce (NIST SP 800-38D, 8.2.1).
const NONCE_BYTES: usize = 12;

/// A ciphertext that does not open: wrong key, wrong owner, or changed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecryptError;

impl std::fmt::Display for DecryptError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the ciphertext does not open")
    }
}

impl std::error::Error for DecryptError {}

/// Bytes in JSON as Postgres writes a `bytea`: `\x` and lowercase hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("\\x{}", base16ct::lower::encode_string(&self.0)))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = text.strip_prefix("\\x").and_then(|hex| base16ct::lower::decode_vec(hex).ok());
        bytes.map(Self).ok_or_else(|| de::Error::custom("no bytes in hexadecimal digits"))
    }
}

/// `PII_MASTER_KEY`: the current key that wraps users' keys, and older ones for keys not yet wrapped anew.
#[derive(Clone)]
pub struct MasterKeys(Vec<(u32, Secret)>);

// By hand, so that no log line can ever hold a key.
impl std::fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MasterKeys({:?})", self.0.iter().map(|(version, _)| version).collect::<Vec<_>>())
    }
}

impl MasterKeys {
    /// Parses 32 bytes in base64; or, for rotation, several with versions, the current one first: `2:…,1:…`.
    ///
    /// # Errors
    /// The rule that the variable breaks, without its value.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const RULE: &str =
            "must be 32 bytes in base64 (openssl rand -base64 32); to rotate, '2:<new>,1:<old>'";
        let mut keys: Vec<(u32, Secret)> = Vec::new();
        for part in text.split(',') {
            let (version, key) = part.trim().split_once(':').unwrap_or(("1", part.trim()));
            let version =
                version.parse().ok().filter(|version| (1..=1_000_000).contains(version)).ok_or(RULE)?;
            let mut secret = Secret::default();
            let length = Base64::decode(key, &mut secret).map_err(|_| RULE)?.len();
            if length != secret.len() || keys.iter().any(|(other, _)| *other == version) {
                return Err(RULE);
            }
            keys.push((version, secret));
        }
        Ok(Self(keys))
    }

    /// An empty set of keys, with which nothing can be wrapped or opened.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Signs a message for a purpose with the current key; `None` without a key.
    #[must_use]
    pub fn sign(&self, purpose: &[u8], message: &[u8]) -> Option<Secret> {
        let (_, key) = self.current()?;
        Some(signer(key, purpose)?.chain_update(message).finalize().into_bytes().into())
    }

    /// Verifies a signature for a purpose against all keys, in constant time for each.
    #[must_use]
    pub fn has_signed(&self, purpose: &[u8], message: &[u8], signature: &[u8]) -> bool {
        let is_by = |key: &Secret| {
            signer(key, purpose)
                .is_some_and(|signer| signer.chain_update(message).verify_slice(signature).is_ok())
        };
        self.0.iter().any(|(_, key)| is_by(key))
    }

    fn current(&self) -> Option<&(u32, Secret)> {
        self.0.first()
    }
}

/// Derives the key of one purpose, since a key must have one use.
fn signer(key: &Secret, purpose: &[u8]) -> Option<Hmac<Sha256>> {
    let mut own = Secret::default();
    Hkdf::<Sha256>::from_prk(key).ok()?.expand(purpose, &mut own).ok()?;
    Mac::new_from_slice(&own).ok()
}

/// A user's key as `chat_pii_keys` stores it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrappedKey {
    /// Identifies the key. A user who returns after an erasure gets another one.
    pub key_id: Uuid,
    /// Creation time of the key, which tells data from before an erasure from data after it.
    pub founded_at: DateTime<Utc>,
    /// Version of the master key that wraps it.
    pub master_version: u32,
    /// The nonce, followed by the ciphertext of the key.
    pub wrapped: Bytes,
}

/// Identity and creation time of a key.
#[derive(Clone, Copy, Debug)]
pub struct KeyId {
    /// The same as [`WrappedKey::key_id`].
    pub key_id: Uuid,
    /// The same as [`WrappedKey::founded_at`].
    pub founded_at: DateTime<Utc>,
}

impl WrappedKey {
    const fn id(&self) -> KeyId {
        KeyId { key_id: self.key_id, founded_at: self.founded_at }
    }
}

/// A value as `chat_pii_vault` stores it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedEntry {
    /// The placeholder with brackets, such as `[EMAIL_1]`.
    #[serde(rename = "token")]
    pub placeholder: String,
    /// The kind of the value.
    pub entity: String,
    /// A keyed hash, equal for all spellings of a value and meaningless without the user's key.
    pub fingerprint: Bytes,
    /// The nonce, followed by the ciphertext of the value.
    pub ciphertext: Bytes,
    /// Version of the sealing scheme, always 1 so far.
    pub key_version: u32,
}

/// A user's key, unwrapped and ready for use.
pub struct UserKey {
    user: Uuid,
    seal: Aes256Gcm,
    fingerprint: Hmac<Sha256>,
    files: Hmac<Sha256>,
    names: Secret,
}

/// The key of one file. It can be handed out for that file, since it opens nothing else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileKey(Bytes);

// By hand, so that no log line can ever hold a key.
impl std::fmt::Debug for FileKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FileKey(…)")
    }
}

impl FileKey {
    /// Seals a file's bytes; `nonce` must never have been used with this key.
    ///
    /// # Errors
    /// [`DecryptError`] never occurs in practice.
    pub fn seal(&self, file: Uuid, bytes: &[u8], nonce: &Secret) -> Result<Vec<u8>, DecryptError> {
        Ok(encrypt(&self.cipher()?, bytes, file.as_bytes(), nonce)?.0)
    }

    /// Decrypts the bytes of a file.
    ///
    /// # Errors
    /// [`DecryptError`] for another file, a file of another user, or changed bytes.
    pub fn open(&self, file: Uuid, sealed: &[u8]) -> Result<Vec<u8>, DecryptError> {
        decrypt(&self.cipher()?, sealed, file.as_bytes())
    }

    fn cipher(&self) -> Result<Aes256Gcm, DecryptError> {
        Aes256Gcm::new_from_slice(&self.0.0).map_err(|_| DecryptError)
    }
}

impl std::fmt::Debug for UserKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UserKey({})", self.user)
    }
}

impl UserKey {
    /// Derives the keys for each purpose from `secret`.
    ///
    /// # Errors
    /// [`DecryptError`] never occurs in practice, because all lengths are fixed.
    fn derive(user: Uuid, secret: &Secret) -> Result<Self, DecryptError> {
        let hkdf = Hkdf::<Sha256>::from_prk(secret).map_err(|_| DecryptError)?;
        let expand = |purpose: &[u8]| {
            let mut key = Secret::default();
            hkdf.expand(purpose, &mut key).map(|()| key).map_err(|_| DecryptError)
        };
        Ok(Self {
            user,
            seal: Aes256Gcm::new_from_slice(&expand(b"seal")?).map_err(|_| DecryptError)?,
            fingerprint: Mac::new_from_slice(&expand(b"fingerprint")?).map_err(|_| DecryptError)?,
            files: Mac::new_from_slice(&expand(b"files")?).map_err(|_| DecryptError)?,
            names: expand(b"names")?,
        })
    }

    /// Namespace of ids that are made of names: without the key, nobody can tell the id of a name.
    #[must_use]
    pub(crate) fn names(&self) -> [u8; 16] {
        self.names.first_chunk().copied().unwrap_or_default()
    }

    /// Makes a new key of `secret`, which must never have been used. Store the wrapped key before using the key.
    ///
    /// # Errors
    /// [`DecryptError`] when there is no master key.
    pub fn found(
        user: Uuid,
        id: KeyId,
        secret: &Secret,
        nonce: &Secret,
        master: &MasterKeys,
    ) -> Result<(Self, WrappedKey), DecryptError> {
        Ok((Self::derive(user, secret)?, wrap(user, id, secret, nonce, master)?))
    }

    /// Unwraps a stored key. After a rotation of the master key, the key is also returned wrapped anew, to be stored instead.
    ///
    /// # Errors
    /// [`DecryptError`] when the master key of that version is missing or wrong.
    pub fn open(
        user: Uuid,
        kept: &WrappedKey,
        nonce: &Secret,
        master: &MasterKeys,
    ) -> Result<(Self, Option<WrappedKey>), DecryptError> {
        let (_, key) =
            master.0.iter().find(|(version, _)| *version == kept.master_version).ok_or(DecryptError)?;
        let cipher = Aes256Gcm::new_from_slice(key).map_err(|_| DecryptError)?;
        let secret = decrypt(&cipher, &kept.wrapped.0, &key_owner(user, kept.key_id))?;
        let secret: Secret = secret.try_into().map_err(|_| DecryptError)?;
        let is_current = master.current().is_some_and(|(version, _)| *version == kept.master_version);
        let anew = (!is_current).then(|| wrap(user, kept.id(), &secret, nonce, master)).transpose()?;
        Ok((Self::derive(user, &secret)?, anew))
    }

    /// Seals a value under its placeholder; `nonce` must never have been used with this key.
    ///
    /// # Errors
    /// [`DecryptError`] never occurs in practice.
    pub fn seal(
        &self,
        placeholder: &Placeholder,
        value: &str,
        nonce: &Secret,
    ) -> Result<SealedEntry, DecryptError> {
        let kind = placeholder.kind();
        Ok(SealedEntry {
            placeholder: placeholder.to_string(),
            entity: kind.to_owned(),
            fingerprint: self.fingerprint(kind, value),
            ciphertext: encrypt(
                &self.seal,
                value.as_bytes(),
                &self.entry_owner(&placeholder.to_string()),
                nonce,
            )?,
            key_version: 1,
        })
    }

    /// Decrypts the value of an entry of this user.
    ///
    /// # Errors
    /// [`DecryptError`] for an entry of another user or placeholder, or changed bytes.
    pub fn open_entry(&self, entry: &SealedEntry) -> Result<String, DecryptError> {
        let value = decrypt(&self.seal, &entry.ciphertext.0, &self.entry_owner(&entry.placeholder))?;
        String::from_utf8(value).map_err(|_| DecryptError)
    }

    /// The lookup key of a value, equal for all of its spellings.
    #[must_use]
    pub fn fingerprint(&self, kind: &str, value: &str) -> Bytes {
        let mut mac = self.fingerprint.clone();
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        mac.update(super::detect::normal(kind, value).as_bytes());
        Bytes(mac.finalize().into_bytes().to_vec())
    }

    /// Derives the key of a file of this user.
    #[must_use]
    pub fn file_key(&self, file: Uuid) -> FileKey {
        let mac = self.files.clone().chain_update(file.as_bytes());
        FileKey(Bytes(mac.finalize().into_bytes().to_vec()))
    }

    /// Associated data that binds a ciphertext to its user and placeholder.
    fn entry_owner(&self, placeholder: &str) -> Vec<u8> {
        [self.user.as_bytes(), placeholder.as_bytes()].concat()
    }
}

fn key_owner(user: Uuid, key_id: Uuid) -> Vec<u8> {
    [user.as_bytes().as_slice(), key_id.as_bytes()].concat()
}

fn wrap(
    user: Uuid,
    id: KeyId,
    secret: &Secret,
    nonce: &Secret,
    master: &MasterKeys,
) -> Result<WrappedKey, DecryptError> {
    let (version, key) = master.current().ok_or(DecryptError)?;
    let cipher = Aes256Gcm::new_from_slice(key).map_err(|_| DecryptError)?;
    let KeyId { key_id, founded_at } = id;
    let wrapped = encrypt(&cipher, secret, &key_owner(user, key_id), nonce)?;
    Ok(WrappedKey { key_id, founded_at, master_version: *version, wrapped })
}

fn encrypt(cipher: &Aes256Gcm, message: &[u8], owner: &[u8], nonce: &Secret) -> Result<Bytes, DecryptError> {
    let nonce = nonce.first_chunk::<NONCE_BYTES>().ok_or(DecryptError)?;
    let sealed = cipher
        .encrypt(&Nonce::from(*nonce), Payload { msg: message, aad: owner })
        .map_err(|_| DecryptError)?;
    Ok(Bytes([nonce.as_slice(), &sealed].concat()))
}

fn decrypt(cipher: &Aes256Gcm, sealed: &[u8], owner: &[u8]) -> Result<Vec<u8>, DecryptError> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(DecryptError)?;
    cipher.decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: owner }).map_err(|_| DecryptError)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: Uuid = Uuid::from_u128(0xada);
    const GRACE: Uuid = Uuid::from_u128(0x6eace);
    const KEY: KeyId = KeyId { key_id: Uuid::from_u128(7), founded_at: DateTime::UNIX_EPOCH };

    fn master(text: &str) -> MasterKeys {
        MasterKeys::parse(text).unwrap()
    }

    fn base64(byte: u8) -> String {
        Base64::encode_string(&[byte; 32])
    }

    fn founded(user: Uuid) -> (UserKey, WrappedKey) {
        UserKey::found(user, KEY, &[1; 32], &[2; 32], &master(&base64(9))).unwrap()
    }

    #[test]
    fn a_file_opens_with_its_own_key_only() {
        let (key, _) = founded(ADA);
        let (file, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let sealed = key.file_key(file).seal(file, b"picture", &[5; 32]).unwrap();
        assert_eq!(key.file_key(file).open(file, &sealed).as_deref(), Ok(b"picture".as_slice()));
        assert!(
            key.file_key(other).open(other, &sealed).is_err()
                && key.file_key(file).open(other, &sealed).is_err()
        );
        let (others, _) = UserKey::found(GRACE, KEY, &[7; 32], &[2; 32], &master(&base64(9))).unwrap();
        assert!(others.file_key(file).open(file, &sealed).is_err());
        assert_eq!(format!("{:?}", key.file_key(file)), "FileKey(…)");
    }

    #[test]
    fn a_value_opens_for_its_owner_under_its_placeholder_only() {
        let (key, _) = founded(ADA);
        let entry = key.seal(&Placeholder::new("EMAIL", 1), "ann@example.com", &[3; 32]).unwrap();
        assert_eq!(key.open_entry(&entry).as_deref(), Ok("ann@example.com"));
        assert_eq!(founded(GRACE).0.open_entry(&entry), Err(DecryptError), "another user with the same key");
        let moved = SealedEntry { placeholder: "[EMAIL_2]".into(), ..entry.clone() };
        assert_eq!(key.open_entry(&moved), Err(DecryptError), "another placeholder");
        for place in 0..entry.ciphertext.0.len() {
            let mut changed = entry.clone();
            changed.ciphertext.0[place] ^= 1;
            assert_eq!(key.open_entry(&changed), Err(DecryptError), "byte {place} was changed");
        }
        let cut = SealedEntry { ciphertext: Bytes(vec![0; 5]), ..entry };
        assert_eq!(key.open_entry(&cut), Err(DecryptError));
    }

    #[test]
    fn a_new_master_key_wraps_the_key_anew_and_leaves_entries_as_they_are() {
        let (key, kept) = founded(ADA);
        let entry = key.seal(&Placeholder::new("EMAIL", 1), "ann@example.com", &[3; 32]).unwrap();
        let rotated = master(&format!("2:{},1:{}", base64(8), base64(9)));
        let (_, anew) = UserKey::open(ADA, &kept, &[4; 32], &rotated).unwrap();
        let anew = anew.unwrap();
        assert_eq!((anew.master_version, anew.key_id), (2, KEY.key_id));
        let (again, nothing) =
            UserKey::open(ADA, &anew, &[5; 32], &master(&format!("2:{}", base64(8)))).unwrap();
        assert_eq!(nothing, None);
        assert_eq!(again.open_entry(&entry).as_deref(), Ok("ann@example.com"));
    }

    #[test]
    fn without_its_master_key_a_key_stays_shut() {
        let (_, kept) = founded(ADA);
        for other in [base64(8), format!("2:{}", base64(9))] {
            assert!(UserKey::open(ADA, &kept, &[4; 32], &master(&other)).is_err());
        }
        assert!(UserKey::open(GRACE, &kept, &[4; 32], &master(&base64(9))).is_err());
    }

    #[test]
    fn fingerprints_are_of_the_value_not_its_spelling_and_differ_by_user_key_and_kind() {
        let (key, _) = founded(ADA);
        let (other, _) = UserKey::found(ADA, KEY, &[6; 32], &[2; 32], &master(&base64(9))).unwrap();
        let of = |kind, value| key.fingerprint(kind, value);
        assert_eq!(of("EMAIL", "Ann@Example.com"), of("EMAIL", "ann@example.com"));
        assert_ne!(of("EMAIL", "ann@example.com"), of("LITERAL", "ann@example.com"));
        assert_ne!(of("EMAIL", "ann@example.com"), other.fingerprint("EMAIL", "ann@example.com"));
    }

    #[test]
    fn master_keys_are_checked_and_never_shown() {
        let good = base64(9);
        let keys = format!("{:?}", master(&format!("3:{good}, 1:{}", base64(8))));
        assert_eq!(keys, "MasterKeys([3, 1])");
        for bad in [
            "",
            "x",
            "1:",
            good.trim_end_matches("CQk="),
            &format!("0:{good}"),
            &format!("a:{good}"),
            &format!("{good},{good}"),
            &Base64::encode_string(&[1; 33]),
        ] {
            assert!(MasterKeys::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_stored_is_spelled_as_postgres_spells_it() {
        let (key, kept) = founded(Uuid::nil());
        insta::assert_json_snapshot!((
            kept,
            key.seal(&Placeholder::new("EMAIL", 1), "a@b.ch", &[3; 32]).unwrap()
        ));
    }
}
