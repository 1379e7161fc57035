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
    // How a digit is replaced by its place, which is (1 5 8 9 4 2 7 0)(3 6) that many times.
    const PERMUTATIONS: [[u8; 10]; 8] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
        [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
        [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
        [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
        [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
        [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
        [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
    ];
    // The dihedral group of order ten.
    fn times(a: u8, b: u8) -> u8 {
        match (a < 5, b < 5) {
            (true, true) => (a + b) % 5,
            (true, false) => 5 + (a + b - 5) % 5,
            (false, true) => 5 + (a - 5 + 5 - b) % 5,
            (false, false) => (a + 5 - b) % 5,
        }
    }
    let places = digits.iter().rev().zip(PERMUTATIONS.iter().cycle());
    let sum = places.fold(0, |sum, (digit, permutation)| {
        times(sum, permutation.get(usize::from(*digit)).copied().unwrap_or_default())
    });
    sum == 0
}

/// A bech32 or bech32m string's checksum (BIP 173, BIP 350), all in small letters or all in capitals.
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
    let is_mixed = address.iter().any(u8::is_ascii_lowercase) && address.iter().any(u8::is_ascii_uppercase);
    let Some(at) = address.iter().rposition(|byte| *byte == b'1').filter(|_| !is_mixed) else { return false };
    let (prefix, data) = address.split_at(at);
    let small = |byte: &u8| byte.to_ascii_lowercase();
    let high = prefix.iter().map(|byte| u32::from(small(byte) >> 5));
    let low = prefix.iter().map(|byte| u32::from(small(byte) & 31));
    let mut sum = high.chain([0]).chain(low).fold(1, step);
    for byte in data.iter().skip(1).map(small) {
        let Some(value) = CHARSET.iter().position(|c| *c == byte) else { return false };
        sum = step(sum, u32::try_from(value).unwrap_or_default());
    }
    sum == 1 || sum == 0x2bc8_30a3
}

/// The Base58 alphabet of Bitcoin.
pub(super) const BASE58: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// The bytes of a base58 string, if it is one of that length.
pub(super) fn base58<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0u8; N];
    for byte in text {
        let mut carry = BASE58.iter().position(|c| c == byte)?;
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
