//! Checksums, each with where it is defined. Digits are values from 0 to 9.

/// Luhn's formula: payment cards and many national numbers (ISO/IEC 7812-1, annex B).
pub(super) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(*digit);
            if place % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 }
        })
        .sum();
    !digits.is_empty() && sum.is_multiple_of(10)
}

/// The sum of digits times weights.
pub(super) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum()
}

/// The value of digits as a number.
pub(super) fn value(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |value: u64, digit| value.wrapping_mul(10).wrapping_add(u64::from(*digit)))
}

/// ISO 7064 MOD 97-10 over letters and digits, the first four characters last: an IBAN's (ISO 13616).
pub(super) fn mod97(iban: &[u8]) -> bool {
    let (head, rest) = iban.split_at(iban.len().min(4));
    let rest = rest.iter().chain(head).try_fold(0u32, |rest, byte| {
        let value = (*byte as char).to_digit(36)?;
        Some(if value < 10 { (rest * 10 + value) % 97 } else { (rest * 100 + value) % 97 })
    });
    rest == Some(1)
}

/// ISO 7064 MOD 11,10: a German tax number's last digit.
pub(super) fn mod11_10(digits: &[u8]) -> bool {
    let Some((last, body)) = digits.split_last() else { return false };
    let product = body.iter().fold(10, |product, digit| {
        let sum = (u32::from(*digit) + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == u32::from(*last)
}

/// Verhoeff's checksum: Aadhaar.
pub(super) fn verhoeff(digits: &[u8]) -> bool {
    const PERMUTATION: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    // The dihedral group of order ten.
    fn times(a: u8, b: u8) -> u8 {
        match (a < 5, b < 5) {
            (true, true) => (a + b) % 5,
            (true, false) => 5 + (a + b - 5) % 5,
            (false, true) => 5 + (a - 5 + 5 - b) % 5,
            (false, false) => (a + 5 - b) % 5,
        }
    }
    let sum = digits.iter().rev().enumerate().fold(0, |sum, (place, digit)| {
        let permuted = (0..place % 8)
            .fold(*digit, |digit, _| PERMUTATION.get(usize::from(digit)).copied().unwrap_or_default());
        times(sum, permuted)
    });
    sum == 0
}

/// A bech32 or bech32m string's checksum (BIP 173, BIP 350), in lower case.
pub(super) fn bech32(address: &[u8]) -> bool {
    const CHARSET: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let step = |sum: u32, value: u32| {
        let top = sum >> 25;
        let next = (sum & 0x01ff_ffff) << 5 ^ value;
        GENERATOR
            .iter()
            .enumerate()
            .fold(next, |next, (bit, g)| if top >> bit & 1 == 1 { next ^ g } else { next })
    };
    let Some(at) = address.iter().rposition(|byte| *byte == b'1') else { return false };
    let (prefix, data) = address.split_at(at);
    let expanded =
        prefix.iter().map(|b| u32::from(b >> 5)).chain([0]).chain(prefix.iter().map(|b| u32::from(b & 31)));
    let mut sum = expanded.fold(1, step);
    for byte in data.iter().skip(1) {
        let Some(value) = CHARSET.iter().position(|c| c == byte) else { return false };
        sum = step(sum, u32::try_from(value).unwrap_or_default());
    }
    sum == 1 || sum == 0x2bc8_30a3
}

/// The bytes of a base58 string (Bitcoin's alphabet), if it is one of that length.
pub(super) fn base58<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    const ALPHABET: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut bytes = [0u8; N];
    for byte in text {
        let mut carry = ALPHABET.iter().position(|c| c == byte)?;
        for place in bytes.iter_mut().rev() {
            carry += usize::from(*place) * 58;
            *place = u8::try_from(carry & 0xff).ok()?;
            carry >>= 8;
        }
        if carry > 0 {
            return None;
        }
    }
    Some(bytes)
}
