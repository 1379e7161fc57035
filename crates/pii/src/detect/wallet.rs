//! Addresses of crypto currencies, by their checksums; Ethereum's by its form.

use sha2::{Digest, Sha256};

use super::check::{BASE58, base58, bech32};
use super::class::DIGIT;
use super::finding::{Entity, Findings, Rank};
use super::scan::{Text, Word};
use super::vocabulary::Label;

/// Lengths of base58 addresses with a version, twenty bytes of hash and four of checksum.
const BASE58_LENGTHS: std::ops::RangeInclusive<usize> = 26..=35;

/// Version bytes: Bitcoin, Litecoin, Dogecoin, Dash, Tron. Each makes addresses that begin with few letters.
const VERSIONS: &[u8] = &[0x00, 0x05, 0x30, 0x32, 0x1e, 0x16, 0x4c, 0x10, 0x41];

pub(super) fn word(text: &Text<'_>, word: Word, found: &mut Findings) {
    let bytes = text.slice(word.start, word.end);
    let is_wallet = match bytes {
        [b'0', b'x', rest @ ..] => rest.len() == 40 && rest.iter().all(u8::is_ascii_hexdigit),
        [b'b' | b'B', b'c' | b'C', b'1', ..]
        | [b't', b'b', b'1', ..]
        | [b'l' | b'L', b't' | b'T', b'c' | b'C', b'1', ..] => {
            matches!(bytes.len(), 14..=74) && bech32(bytes)
        }
        [b'1' | b'3' | b'L' | b'M' | b'D' | b'A' | b'9' | b'X' | b'7' | b'T', ..] => {
            BASE58_LENGTHS.contains(&bytes.len()) && is_base58_check(bytes)
        }
        // Ripple has the same checksum over an alphabet of its own.
        [b'r', ..] => BASE58_LENGTHS.contains(&bytes.len()) && is_ripple(bytes),
        // Monero's is long enough to be known by its form.
        [b'4' | b'8', ..] if bytes.len() == 95 => bytes.iter().all(|byte| BASE58.contains(byte)),
        [b'a', b'd', b'd', b'r', b'1', ..] => bytes.len() <= 120 && bech32(bytes),
        _ => false,
    };
    // Solana's are bare keys: any 32 bytes.
    let is_wallet = is_wallet
        || matches!(bytes.len(), 43 | 44)
            && word.has(DIGIT)
            && text.is_labelled(word.start, Label::Wallet)
            && base58::<32>(bytes).is_some();
    if is_wallet {
        found.add(Rank::Certain, word.start, word.end, Entity::Crypto);
    }
}

/// A version byte, twenty bytes of hash, and four of what SHA-256 twice makes of them.
fn is_base58_check(word: &[u8]) -> bool {
    base58::<25>(word).is_some_and(|bytes| {
        bytes.first().is_some_and(|version| VERSIONS.contains(version)) && has_checksum(&bytes)
    })
}

fn is_ripple(word: &[u8]) -> bool {
    const RIPPLE: &[u8] = b"rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";
    let mut same = [0; *BASE58_LENGTHS.end()];
    for (byte, to) in word.iter().zip(&mut same) {
        let place = RIPPLE.iter().position(|c| c == byte).and_then(|place| BASE58.get(place));
        let Some(letter) = place else { return false };
        *to = *letter;
    }
    is_base58_check(same.get(..word.len()).unwrap_or_default())
}

fn has_checksum(bytes: &[u8]) -> bool {
    let (body, sum) = bytes.split_at(bytes.len() - 4);
    Sha256::digest(Sha256::digest(body)).starts_with(sum)
}
