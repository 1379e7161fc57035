//! E-mail and web addresses.

use super::finding::{Entity, Findings, Rank};
use super::scan::{Text, is_word};

/// Longest local part (RFC 5321, 4.5.3.1.1) and longest domain looked at.
const MAX_LOCAL: usize = 64;
const MAX_DOMAIN: usize = 253;

/// Longest web address looked at: what browsers and servers take at least.
const MAX_URL: usize = 2048;

/// Longest name of a scheme looked at: `postgresql+psycopg2`.
const LONGEST_SCHEME: usize = 24;

pub(super) fn find(text: &Text<'_>, plain_urls: bool, found: &mut Findings) {
    emails(text, found);
    urls(text, plain_urls, found);
}

fn emails(text: &Text<'_>, found: &mut Findings) {
    for at in text.signs.ats.iter().copied() {
        let start = local_start(text, at);
        let Some(end) = address_end(text, at + 1).filter(|_| start < at) else { continue };
        if !is_remote(text, start, end) {
            found.add(Rank::Certain, start, end, Entity::Email);
        }
    }
}

fn local_start(text: &Text<'_>, at: usize) -> usize {
    let least = at.saturating_sub(MAX_LOCAL);
    let mut start = at;
    while start > least {
        match text.before(start) {
            byte if is_local(byte) || byte == b'\'' && is_apostrophe(text, start - 1) => start -= 1,
            0x80.. => {
                let Some(letter) = letter_before(text, start, at) else { break };
                start -= letter;
            }
            _ => break,
        }
    }
    // Neither end of a local part is punctuation: quotes, brackets and key=value stay outside.
    while start < at && matches!(text.at(start), b'.' | b'%' | b'+' | b'-' | b'\'') {
        start += 1;
    }
    if text.before(at) == b'.' { at } else { start }
}

const fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-')
}

/// Tells if a sign stands between two letters of a name: `o'reilly`.
fn is_apostrophe(text: &Text<'_>, place: usize) -> bool {
    text.before(place).is_ascii_alphabetic()
        && text.at(place + 1).is_ascii_alphabetic()
        && !is_word(text.before(place.saturating_sub(1)))
}

/// The length of the letter that ends at a place before an at sign. Scripts without spaces belong to the address only if all
/// between is written in them: `メールはann@example.com`.
fn letter_before(text: &Text<'_>, end: usize, at: usize) -> Option<usize> {
    let letter = text.str.get(..end)?.chars().next_back().filter(|c| c.is_alphanumeric())?;
    let is_own = has_spaces(letter) || text.slice(end, at).iter().all(|byte| *byte >= 0x80);
    is_own.then(|| letter.len_utf8())
}

/// Tells if a letter belongs to a script that puts spaces between words.
const fn has_spaces(c: char) -> bool {
    (c as u32) < 0xe00
}

/// The end of the domain at a place; `None` if there is none.
pub(super) fn address_end(text: &Text<'_>, start: usize) -> Option<usize> {
    // Text may follow without a space in a script that needs none, or behind a point.
    [domain_end(text, start, true), domain_end(text, start, false)]
        .into_iter()
        .find(|end| *end > start && is_domain(text.slice(start, *end)))
}

fn domain_end(text: &Text<'_>, start: usize, with_other_scripts: bool) -> usize {
    let mut end = start;
    let mut is_first = true;
    // Most domains are ASCII alone.
    let longest = text.ahead(start, MAX_DOMAIN);
    let ascii = longest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    let ascii = start + ascii.count();
    if text.at(ascii) < 0x80 {
        end = ascii;
    } else {
        for c in text.str.get(start..).unwrap_or_default().chars() {
            let belongs = match c {
                '.' | '-' => true,
                c if c.is_ascii() => c.is_ascii_alphanumeric(),
                c if is_accented(c) => true,
                c => {
                    with_other_scripts
                        && is_letter(c)
                        && (has_spaces(c) || is_first || text.before(end) >= 0x80)
                }
            };
            if !belongs || end - start >= MAX_DOMAIN {
                break;
            }
            is_first = c == '.';
            end += c.len_utf8();
        }
    }
    while end > start && matches!(text.before(end), b'.' | b'-') {
        end -= 1;
    }
    end
}

/// Tells if a character is a Latin letter with an accent.
const fn is_accented(c: char) -> bool {
    matches!(c as u32, 0xc0..=0x17f)
}

/// Tells if a character may stand in a domain: a letter, or a vowel sign of an Indian script.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || matches!(c as u32, 0x900..=0xdff)
}

/// Labels that are joined by points, the last of letters: no version (`4.17.21`), no address (`10.0.0.1`).
fn is_domain(domain: &[u8]) -> bool {
    const FILES: &[&[u8]] = &[b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp", b"js", b"css", b"json"];
    let mut labels = domain.split(|byte| *byte == b'.').rev();
    let is_label = |label: &[u8]| !label.is_empty() && label.len() <= 63 && label.first() != Some(&b'-');
    let top = labels.next().unwrap_or_default();
    let is_encoded = top.starts_with(b"xn--") && top.len() > 4;
    let is_top = top.iter().all(u8::is_ascii_alphabetic)
        || is_encoded && top.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
        || top.first().is_some_and(|byte| *byte >= 0x80) && is_foreign_top(top, labels.clone().next());
    top.len() >= 2
        && is_top
        && !FILES.iter().any(|file| top.eq_ignore_ascii_case(file))
        && labels.clone().count() >= 1
        && labels.all(is_label)
}

/// Top domains that are not written in Latin letters, behind labels that are.
const FOREIGN_TOPS: &[&str] = &[
    "рф",
    "рус",
    "москва",
    "дети",
    "онлайн",
    "сайт",
    "срб",
    "укр",
    "мкд",
    "бел",
    "бг",
    "қаз",
    "ею",
    "мон",
    "ελ",
    "ευ",
    "中国",
    "中國",
    "公司",
    "网络",
    "网址",
    "在线",
    "香港",
    "台湾",
    "台灣",
    "한국",
    "みんな",
    "भारत",
    "ไทย",
    "مصر",
    "السعودية",
    "امارات",
    "ایران",
    "ישראל",
    "հայ",
    "გე",
];

/// Accepts a top domain of another script if it is known, or if the label before it is not Latin either.
fn is_foreign_top(top: &[u8], before: Option<&[u8]>) -> bool {
    let is_foreign =
        before.is_some_and(|label| label.iter().all(|byte| *byte >= 0x80 || !byte.is_ascii_alphabetic()));
    top.iter().all(|byte| *byte >= 0x80)
        && (is_foreign && before.is_some_and(|label| label.iter().any(|byte| *byte >= 0x80))
            || FOREIGN_TOPS.iter().any(|one| one.as_bytes() == top))
}

/// `git@github.com:owner/name` is where code lives, and `user:secret@host` belongs to a web address.
fn is_remote(text: &Text<'_>, start: usize, end: usize) -> bool {
    let is_path = text.at(end) == b':' && is_word_or_slash(text.at(end + 1));
    (is_path && text.slice(start, end).starts_with(b"git@"))
        || text.slice(start.saturating_sub(3), start).ends_with(b"//")
}

const fn is_word_or_slash(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'/'
}

fn urls(text: &Text<'_>, plain_urls: bool, found: &mut Findings) {
    // Where the run ends whose parameters were looked at: addresses within addresses are looked at once.
    let mut done = 0;
    for colon in text.signs.colons.iter().copied() {
        if text.slice(colon, colon + 3) != b"://" {
            continue;
        }
        let at = colon + 3;
        let Some(start) = scheme_start(text, colon) else { continue };
        let end = if at < done { done } else { url_end(text, at) };
        let rest = text.slice(at, end);
        let is_web = matches!(
            text.slice(start, colon).to_ascii_lowercase().as_slice(),
            b"http" | b"https" | b"ftp" | b"ws" | b"wss"
        );
        let is_secret = has_credentials(rest) || at >= done && has_secret(rest);
        if end > colon + 5 && (plain_urls && is_web || is_secret) {
            found.add(Rank::Certain, start, end, Entity::Url);
        }
        done = done.max(end);
    }
}

/// Finds the beginning of the name before `://`.
fn scheme_start(text: &Text<'_>, colon: usize) -> Option<usize> {
    let is_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let before = text.slice(colon.saturating_sub(LONGEST_SCHEME), colon);
    let length = before.iter().rev().take_while(|byte| is_scheme(byte)).count();
    let skipped = before.iter().skip(before.len() - length).position(u8::is_ascii_alphabetic)?;
    Some(colon - length + skipped)
}

fn url_end(text: &Text<'_>, start: usize) -> usize {
    let mut depth = 0;
    let ends = |byte: &u8| {
        // A bracket that was not opened in the address ends what stands around it.
        depth += i32::from(*byte == b'(') - i32::from(*byte == b')');
        depth < 0
            || !matches!(byte, b'!'..=b'~')
            || matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\' | b'|' | b'{' | b'}')
    };
    let longest = text.ahead(start, MAX_URL);
    let mut end = start + longest.iter().position(ends).unwrap_or(longest.len());
    // What ends a sentence does not end an address.
    while end > start
        && matches!(text.before(end), b'.' | b',' | b';' | b':' | b'!' | b'?' | b')' | b']' | b'*')
    {
        end -= 1;
    }
    end
}

/// Parameters of a query that let in whoever has them.
const SECRET_PARAMETERS: &[&[u8]] = &[
    b"access_token",
    b"api_key",
    b"apikey",
    b"auth",
    b"code",
    b"client_secret",
    b"id_token",
    b"key",
    b"refresh_token",
    b"secret",
    b"sig",
    b"signature",
    b"token",
    b"x-amz-credential",
    b"x-amz-signature",
];

/// Parameters that name a password, which may be short and plain.
const PASSWORD_PARAMETERS: &[&[u8]] = &[b"pass", b"password", b"pwd"];

/// Hosts of webhooks, where the address alone permits sending.
const WEBHOOKS: &[&[u8]] = &[
    b"hooks.slack.com/services/",
    b"hooks.slack.com/workflows/",
    b"discord.com/api/webhooks/",
    b"discordapp.com/api/webhooks/",
    b"api.telegram.org/bot",
];

/// Tells if a user name with a password follows `://`.
fn has_credentials(rest: &[u8]) -> bool {
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or_default();
    let user = authority.iter().rposition(|byte| *byte == b'@').and_then(|at| authority.get(..at));
    let password = user.and_then(|user| user.splitn(2, |byte| *byte == b':').nth(1));
    let is_one = |part: &[u8]| !part.is_empty() && !is_placeholder(part);
    password.is_some_and(is_one) && !authority.starts_with(b"[")
}

/// Words that stand for a secret in examples and code.
fn is_placeholder(value: &[u8]) -> bool {
    matches!(value, [b'$' | b'<' | b'[' | b'%' | b'*', ..])
}

/// Tells if a parameter is a secret, or the whole address.
fn has_secret(rest: &[u8]) -> bool {
    if WEBHOOKS.iter().any(|webhook| rest.starts_with(webhook) && rest.len() > webhook.len() + 16) {
        return true;
    }
    let Some(query) = rest.iter().position(|byte| *byte == b'?').and_then(|at| rest.get(at + 1..)) else {
        return false;
    };
    query.split(|byte| matches!(byte, b'&' | b'#' | b';')).any(|pair| {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let (name, value) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
        let is_one_of = |names: &[&[u8]]| names.iter().any(|secret| name.eq_ignore_ascii_case(secret));
        let is_random = value.len() >= 8 && value.iter().any(u8::is_ascii_digit);
        !is_placeholder(value)
            && (is_random && is_one_of(SECRET_PARAMETERS)
                || value.len() >= 4 && is_one_of(PASSWORD_PARAMETERS))
    })
}
