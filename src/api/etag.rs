//! Entity tags (<https://www.rfc-editor.org/rfc/rfc9110#name-etag>): a client that has a body already gets 304 in place of it.

use pii::seal::MasterKeys;
use uuid::Uuid;

use super::reply;
use crate::ports::{Reply, ReplyBody};

/// Purpose of the signature, so that it is valid for nothing else.
const PURPOSE: &[u8] = b"entity tag";

/// Bytes of a tag.
const TAG_BYTES: usize = 16;

/// Adds its tag to a complete reply, or replaces the reply with 304 where `known` (`If-None-Match`) has the tag.
///
/// The tag is keyed: headers reach logs, where a plain hash of the body would confirm a guess of it.
pub(super) fn conditional<R>(
    mut reply: Reply<R>,
    user: Uuid,
    keys: &MasterKeys,
    known: Option<&str>,
) -> Reply<R> {
    let ReplyBody::Text(body) = &reply.body else { return reply };
    let message = [user.as_bytes().as_slice(), body.as_bytes()].concat();
    let Some(signature) = keys.sign(PURPOSE, &message) else { return reply };
    let digits: String = base16ct::lower::encode_string(&signature).chars().take(TAG_BYTES * 2).collect();
    let tag = format!("\"{digits}\"");
    if known.is_some_and(|known| names(known, &tag)) {
        reply = reply::empty(304);
    }
    reply.headers.push(("etag", tag));
    reply
}

/// True if the list of tags has this one. A proxy that compresses a body makes its tag a weak one.
fn names(list: &str, tag: &str) -> bool {
    list.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(body: &str) -> Reply<()> {
        reply::json(200, body)
    }

    fn answered(body: &str, user: u128, known: Option<&str>) -> Reply<()> {
        let keys = MasterKeys::parse("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=").unwrap();
        conditional(reply(body), Uuid::from_u128(user), &keys, known)
    }

    fn tag(reply: &Reply<()>) -> String {
        reply.headers.iter().find(|(name, _)| *name == "etag").map(|(_, tag)| tag.clone()).unwrap()
    }

    #[test]
    fn a_body_that_is_known_is_not_sent_again() {
        let first = answered("[1]", 1, None);
        let tag = tag(&first);
        assert_eq!((first.status, tag.len()), (200, TAG_BYTES * 2 + 2));
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", W/{tag}"), "*".to_owned()] {
            let again = answered("[1]", 1, Some(&known));
            assert_eq!((again.status, &again.body), (304, &ReplyBody::Empty), "{known}");
            assert!(again.headers.iter().any(|(name, value)| *name == "etag" && *value == tag));
            assert!(!again.headers.iter().any(|(name, _)| *name == "content-type"));
        }
    }

    #[test]
    fn another_body_or_user_has_another_tag() {
        let known = tag(&answered("[1]", 1, None));
        assert_eq!(answered("[2]", 1, Some(&known)).status, 200);
        assert_eq!(answered("[1]", 2, Some(&known)).status, 200);
        assert_eq!(answered("[1]", 1, Some("")).status, 200);
    }

    #[test]
    fn a_stream_has_no_tag() {
        let stream = reply::with_body(200, "application/json", ReplyBody::Stream(()));
        let answered = conditional(stream, Uuid::nil(), &MasterKeys::none(), None);
        assert!(!answered.headers.iter().any(|(name, _)| *name == "etag"));
    }
}
