//! Signed links to files, which a browser can follow without a token for a short time.

use uuid::Uuid;

use super::not_found::no_such_file;
use super::query::Query;
use crate::error::{Code, Error, abort};
use crate::time::Millis;
use pii::seal::MasterKeys;

/// Milliseconds that a link is valid.
pub const LINK_FOR: Millis = 10 * 60 * 1000;

/// Purpose of the signature, so that it is valid for nothing else.
const PURPOSE: &[u8] = b"file link";

/// The right to download a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Owner of the file.
    pub user: Uuid,
    /// The file that it leads to.
    pub file: Uuid,
    /// End of the link's validity, in milliseconds since 1970.
    pub expires: Millis,
}

impl Link {
    /// A link that is valid from now on.
    #[must_use]
    pub const fn new(user: Uuid, file: Uuid, now: Millis) -> Self {
        Self { user, file, expires: now + LINK_FOR }
    }

    /// The link's address; `None` where the deployment has no key to sign with.
    #[must_use]
    pub fn address(&self, keys: &MasterKeys) -> Option<String> {
        let signature = base16ct::lower::encode_string(&keys.sign(PURPOSE, &self.message())?);
        let Self { user, file, expires } = self;
        Some(format!("/api/files/{file}/download?user={user}&expires={expires}&signature={signature}"))
    }

    /// Reads a link to a file, and checks its signature and its time.
    ///
    /// # Errors
    /// `file_not_found`, `link_expired`.
    pub fn check(file: Uuid, query: &Query, keys: &MasterKeys, now: Millis) -> Result<Self, Error> {
        let user = query.get("user").and_then(|user| Uuid::try_parse(user).ok());
        let expires = query.get("expires").and_then(|expires| expires.parse().ok());
        let signature = query.get("signature").and_then(|hex| base16ct::lower::decode_vec(hex).ok());
        let (Some(user), Some(expires), Some(signature)) = (user, expires, signature) else {
            return Err(no_such_file());
        };
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

#[cfg(test)]
mod tests {
    use base64ct::{Base64, Encoding};

    use super::*;

    const USER: Uuid = Uuid::from_u128(1);
    const FILE: Uuid = Uuid::from_u128(2);

    fn keys(first: u8) -> MasterKeys {
        let key = |byte: u8| Base64::encode_string(&[byte; 32]);
        MasterKeys::parse(&format!("2:{},1:{}", key(first), key(9))).unwrap()
    }

    fn check(file: Uuid, address: &str, keys: &MasterKeys, now: Millis) -> Result<Link, Code> {
        let query = Query::parse(address.split_once('?').unwrap().1);
        Link::check(file, &query, keys, now).map_err(|error| error.code())
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
        let old = MasterKeys::parse(&format!("1:{}", Base64::encode_string(&[9; 32]))).unwrap();
        let address = Link::new(USER, FILE, 0).address(&old).unwrap();
        assert!(check(FILE, &address, &keys(1), 1).is_ok());
    }
}
