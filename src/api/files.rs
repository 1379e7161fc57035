//! `/api/files`: what tools made, as links that their user's browser can follow by itself, for a short while.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use pii::seal::MasterKeys;
use uuid::Uuid;

use crate::error::{Code, Error, abort};
use crate::time::Millis;

/// How long a link can be followed.
pub const LINK_FOR: Millis = 10 * 60 * 1000;

/// The caller's files that are not thrown away, newest first.
pub const FILES: &str = "chat_files?select=id,purpose,session_id,name,media_type,size_bytes,table_rows,created_at,expires_at\
                         &or=(expires_at.is.null,expires_at.gt.now)&order=created_at.desc,id&limit=200";

/// What signatures are for, so that none is good for anything else.
const PURPOSE: &[u8] = b"file link";

/// Who may have which file, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Whose file it is.
    pub user: Uuid,
    /// The file.
    pub file: Uuid,
    /// When it cannot be followed any more, in milliseconds since 1970.
    pub expires: Millis,
}

impl Link {
    /// A link from now on.
    #[must_use]
    pub const fn new(user: Uuid, file: Uuid, now: Millis) -> Self {
        Self { user, file, expires: now + LINK_FOR }
    }

    /// Its address; `None` where the deployment has no key to sign with.
    #[must_use]
    pub fn address(&self, keys: &MasterKeys) -> Option<String> {
        let signature = base16ct::lower::encode_string(&keys.sign(PURPOSE, &self.message())?);
        let Self { user, file, expires } = self;
        Some(format!("/api/files/{file}/download?user={user}&expires={expires}&signature={signature}"))
    }

    /// Reads an address, and checks that it was made here and is not too old.
    ///
    /// # Errors
    /// `file_not_found`, `link_expired`.
    pub fn check<'a>(
        file: Uuid,
        query: impl Iterator<Item = (std::borrow::Cow<'a, str>, std::borrow::Cow<'a, str>)>,
        keys: &MasterKeys,
        now: Millis,
    ) -> Result<Self, Error> {
        let (mut user, mut expires, mut signature) = (None, None, None);
        for (name, value) in query {
            match name.as_ref() {
                "user" => user = Uuid::try_parse(&value).ok(),
                "expires" => expires = value.parse().ok(),
                "signature" => signature = base16ct::lower::decode_vec(value.as_bytes()).ok(),
                _ => {}
            }
        }
        let read = user.zip(expires).zip(signature);
        let ((user, expires), signature) = read.ok_or_else(no_such_file)?;
        let link = Self { user, file, expires };
        if !keys.has_signed(PURPOSE, &link.message(), &signature) {
            return Err(no_such_file());
        }
        if expires <= now {
            let detail = "A link to a file is good for ten minutes. GET /api/files/{id} gives a new one.";
            return Err(abort(Code::LinkExpired, detail));
        }
        Ok(link)
    }

    fn message(&self) -> Vec<u8> {
        [self.user.as_bytes().as_slice(), self.file.as_bytes(), &self.expires.to_be_bytes()].concat()
    }
}

/// What is told of a file that is not there, or somebody else's.
#[must_use]
pub fn no_such_file() -> Error {
    abort(Code::FileNotFound, "There is no such file of yours. GET /api/files lists them.")
}

/// RFC 8187's `attr-char`: what a name may have as it is.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `Content-Disposition` for a download: the name as it is for who can read it, and an ASCII one
/// (<https://www.rfc-editor.org/rfc/rfc6266#section-4.3>).
#[must_use]
pub fn disposition(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-._ ".contains(c) { c } else { '_' };
    let ascii: String = name.chars().map(plain).collect();
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{}", utf8_percent_encode(name, KEPT))
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: Uuid = Uuid::from_u128(1);
    const FILE: Uuid = Uuid::from_u128(2);

    fn keys(first: u8) -> MasterKeys {
        let key = |byte: u8| {
            use base64ct::{Base64, Encoding};
            Base64::encode_string(&[byte; 32])
        };
        MasterKeys::parse(&format!("2:{},1:{}", key(first), key(9))).unwrap()
    }

    fn check(file: Uuid, address: &str, keys: &MasterKeys, now: Millis) -> Result<Link, Code> {
        let query = address.split_once('?').unwrap().1.split('&');
        let pairs =
            query.map(|pair| pair.split_once('=').unwrap()).map(|(name, value)| (name.into(), value.into()));
        Link::check(file, pairs, keys, now).map_err(|error| error.code())
    }

    #[test]
    fn a_link_is_good_for_its_file_its_user_and_its_time() {
        let link = Link::new(USER, FILE, 1000);
        let address = link.address(&keys(1)).unwrap();
        assert!(address.starts_with(&format!("/api/files/{FILE}/download?")));
        assert_eq!(check(FILE, &address, &keys(1), 1000), Ok(link));
        assert_eq!(check(FILE, &address, &keys(1), link.expires), Err(Code::LinkExpired));
        assert_eq!(check(USER, &address, &keys(1), 1000), Err(Code::FileNotFound));
        let altered = address.replace(&USER.to_string(), &FILE.to_string());
        assert_eq!(check(FILE, &altered, &keys(1), 1000), Err(Code::FileNotFound));
        let longer =
            address.replace(&format!("expires={}", link.expires), &format!("expires={}", link.expires + 1));
        assert_eq!(check(FILE, &longer, &keys(1), 1000), Err(Code::FileNotFound));
        assert_eq!(check(FILE, &address, &keys(3), 1000), Err(Code::FileNotFound));
        assert_eq!(check(FILE, "x?expires=1", &keys(1), 1000), Err(Code::FileNotFound));
    }

    #[test]
    fn a_link_outlives_the_rotation_of_its_key() {
        use base64ct::{Base64, Encoding};
        let old = MasterKeys::parse(&format!("1:{}", Base64::encode_string(&[9; 32]))).unwrap();
        let address = Link::new(USER, FILE, 0).address(&old).unwrap();
        assert!(check(FILE, &address, &keys(1), 1).is_ok());
    }

    #[test]
    fn names_are_names_in_any_browser() {
        assert_eq!(
            disposition("Übersicht \"1\".xlsx"),
            "attachment; filename=\"_bersicht _1_.xlsx\"; filename*=UTF-8''%C3%9Cbersicht%20%221%22.xlsx"
        );
        assert!(!disposition("a\r\nb").contains('\n'));
    }
}
