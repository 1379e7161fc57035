//! Keys, tokens and passwords.

use super::finding::{Entity, Findings, Rank};
use super::scan::{Text, is_word};

/// How vendors begin their keys, and the fewest characters that follow. Sources: each vendor's documentation and the rules
/// of gitleaks (<https://github.com/gitleaks/gitleaks>), which collects them.
const PREFIXES: &[(&[u8], usize)] = &[
    (b"sk-", 20),
    (b"sk_live_", 16),
    (b"sk_test_", 16),
    (b"rk_live_", 16),
    (b"rk_test_", 16),
    (b"pk_live_", 16),
    (b"whsec_", 24),
    (b"ghp_", 36),
    (b"gho_", 36),
    (b"ghu_", 36),
    (b"ghs_", 36),
    (b"ghr_", 36),
    (b"github_pat_", 40),
    (b"glpat-", 20),
    (b"gldt-", 20),
    (b"xoxb-", 20),
    (b"xoxp-", 20),
    (b"xoxa-", 20),
    (b"xoxr-", 20),
    (b"xoxs-", 20),
    (b"xapp-", 20),
    (b"AKIA", 16),
    (b"ASIA", 16),
    (b"AIza", 35),
    (b"ya29.", 20),
    (b"SG.", 40),
    (b"npm_", 36),
    (b"pypi-", 50),
    (b"dop_v1_", 64),
    (b"doo_v1_", 64),
    (b"hf_", 30),
    (b"shpat_", 32),
    (b"shpss_", 32),
    (b"shpca_", 32),
    (b"dckr_pat_", 27),
    (b"sbp_", 40),
    (b"sb_secret_", 20),
    (b"lin_api_", 32),
    (b"gsk_", 40),
    (b"xai-", 60),
    (b"pplx-", 40),
    (b"r8_", 36),
    (b"ATATT3", 100),
    (b"key-", 32),
    (b"EAACEdEose0cBA", 20),
];

const TOKEN_WORDS: &[&str] = &[
    "api key",
    "api_key",
    "apikey",
    "api token",
    "security token",
    "access token",
    "auth token",
    "secret key",
    "secret token",
    "client secret",
    "bearer",
    "access_token",
    "secret_key",
    "client_secret",
    "api-key",
];

const PASSWORD_WORDS: &[&str] = &[
    "password",
    "passwort",
    "passwd",
    "pass",
    "pwd",
    "passphrase",
    "kennwort",
    "contraseña",
    "mot de passe",
    "senha",
    "wachtwoord",
    "hasło",
    "lösenord",
    "пароль",
    "密码",
    "パスワード",
];

pub(super) fn find(text: &Text<'_>, found: &mut Findings) {
    private_keys(text, found);
    for (start, end) in text.runs(is_token) {
        token(text, start, end, found);
    }
    passwords(text, found);
}

const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

fn token(text: &Text<'_>, start: usize, mut end: usize, found: &mut Findings) {
    while end > start && matches!(text.before(end), b'.' | b'-') {
        end -= 1;
    }
    let token = text.slice(start, end);
    if token.len() < 16 {
        return;
    }
    if token.starts_with(b"eyJ") && is_jwt(token) {
        return found.add(Rank::Certain, start, end, Entity::Jwt);
    }
    let has_prefix =
        |(prefix, least): &&(&[u8], usize)| token.starts_with(prefix) && token.len() >= prefix.len() + least;
    let is_twilio = token.len() == 34
        && matches!(token, [b'S', b'K' , rest @ ..] | [b'A', b'C', rest @ ..] if rest.iter().all(u8::is_ascii_hexdigit));
    let is_vendors =
        PREFIXES.iter().any(|rule| has_prefix(&rule)) && (has_digit(token) || has_both_cases(token));
    if is_vendors || is_twilio {
        found.add(Rank::Certain, start, end, Entity::ApiKey);
    } else if token.len() >= 20 && has_digit(token) && text.is_labelled(start, TOKEN_WORDS) {
        found.add(Rank::Sure, start, end, Entity::ApiKey);
    }
}

fn has_both_cases(token: &[u8]) -> bool {
    token.iter().any(u8::is_ascii_lowercase) && token.iter().any(u8::is_ascii_uppercase)
}

fn has_digit(token: &[u8]) -> bool {
    token.iter().any(u8::is_ascii_digit)
}

/// Three parts in base64url; the third is empty when nothing is signed.
fn is_jwt(token: &[u8]) -> bool {
    let parts: Vec<_> = token.split(|byte| *byte == b'.').collect();
    matches!(parts.as_slice(), [header, payload, _] if header.len() >= 10 && payload.starts_with(b"eyJ"))
}

/// From BEGIN to END, or as far as it goes when the end is missing.
fn private_keys(text: &Text<'_>, found: &mut Findings) {
    const BEGIN: &[u8] = b"-----BEGIN ";
    const END: &[u8] = b"-----END ";
    let mut at = 0;
    while let Some(offset) = find_bytes(text.slice(at, text.bytes.len()), BEGIN) {
        let start = at + offset;
        let name_end = text
            .run(start + BEGIN.len(), |byte| byte.is_ascii_uppercase() || matches!(byte, b' ' | b'0'..=b'9'));
        at = name_end;
        if !text.slice(start, name_end).ends_with(b"PRIVATE KEY")
            && !text.slice(start, name_end).ends_with(b"KEY BLOCK")
        {
            continue;
        }
        let rest = text.slice(name_end, text.bytes.len());
        let end = match find_bytes(rest, END) {
            Some(offset) => {
                let name = text.run(name_end + offset + END.len(), |byte| byte != b'-' && byte != b'\n');
                text.run(name, |byte| byte == b'-')
            }
            None => text.run(name_end, |byte| is_word(byte) || b"+/=-\n\r ".contains(&byte)),
        };
        found.add(Rank::Certain, start, end, Entity::PrivateKey);
        at = end;
    }
}

fn find_bytes(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

/// The word after one that says password, if it looks like one: not all small letters, six characters at least.
fn passwords(text: &Text<'_>, found: &mut Findings) {
    for word in PASSWORD_WORDS {
        let word = word.as_bytes();
        let Some(first) = word.first() else { continue };
        let mut at = 0;
        while let Some(offset) =
            text.slice(at, text.bytes.len()).iter().position(|b| b.eq_ignore_ascii_case(first))
        {
            let start = at + offset;
            at = start + 1;
            let end = start + word.len();
            let is_here = text.slice(start, end).eq_ignore_ascii_case(word)
                && !text.before(start).is_ascii_alphabetic()
                && !is_word(text.at(end));
            if is_here && let Some((from, to)) = password_after(text, end) {
                found.add(Rank::Certain, from, to, Entity::Password);
            }
        }
    }
}

fn password_after(text: &Text<'_>, place: usize) -> Option<(usize, usize)> {
    let mut from = text.run(place, |byte| matches!(byte, b' ' | b'"' | b'\'' | b':' | b'=' | b'`'));
    let mut is_told = text.slice(place, from).iter().any(|byte| matches!(byte, b':' | b'='));
    for link in ["is", "ist", "es", "est", "was", "are", "war"] {
        if text.slice(from, from + link.len()).eq_ignore_ascii_case(link.as_bytes())
            && text.at(from + link.len()) == b' '
        {
            from = text.run(from + link.len(), |byte| matches!(byte, b' ' | b'"' | b'\'' | b':' | b'`'));
            is_told = true;
        }
    }
    if from == place {
        return None;
    }
    let mut to =
        text.run(from, |byte| byte > b' ' && byte < 0x7f && !matches!(byte, b'"' | b'\'' | b'`' | b','));
    while to > from && matches!(text.before(to), b'.' | b';') {
        to -= 1;
    }
    let word = text.slice(from, to);
    let kinds = [
        word.iter().any(u8::is_ascii_lowercase),
        word.iter().any(u8::is_ascii_uppercase),
        has_digit(word),
        word.iter().any(|byte| !is_word(*byte)),
    ];
    let mix = kinds.into_iter().filter(|kind| *kind).count();
    let [.., digit, sign] = kinds;
    let is_one = word.len() >= 6 && (digit || sign) && mix >= if is_told { 2 } else { 3 };
    (is_one && !is_code(word)).then_some((from, to))
}

/// `hex::decode(`, `auth[1]`, `${PASSWORD}` and `--flag` are code.
fn is_code(word: &[u8]) -> bool {
    let name = word.iter().position(|byte| !is_word(*byte)).unwrap_or(word.len());
    let is_call =
        name > 0 && word.get(name).is_some_and(|byte| matches!(byte, b'(' | b'[')) && word.ends_with(b")")
            || word.ends_with(b"]") && name > 0
            || word.ends_with(b"(");
    is_call
        || matches!(word, [b'$', b'{' | b'(', ..] | [b'-' | b'<' | b'{' | b'%', ..])
        || word.windows(2).any(|pair| pair == b"::")
}
