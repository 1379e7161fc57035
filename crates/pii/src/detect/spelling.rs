//! Normal forms of values: the basis of comparisons and fingerprints.

use super::fold::Folded;
use super::plain::plain;

/// The form that all spellings of a value share.
///
/// Values of an unknown kind are compared as they stand: taking two values for one would show a person the wrong one.
#[must_use]
pub fn normal(kind: &str, value: &str) -> String {
    let text = Folded::new(value).text;
    match kind {
        "EMAIL" => email(&text),
        "PERSON" => words(&text).join(" "),
        "PHONE" => phone(&text),
        // 3.5.1990 and 03.05.1990, but not 35.1990.
        "DATE_OF_BIRTH" => {
            words(&text).iter().map(|word| word.trim_start_matches('0')).collect::<Vec<_>>().join(" ")
        }
        "IP_ADDRESS" => {
            text.parse::<std::net::IpAddr>().map_or_else(|_| text.to_lowercase(), |ip| ip.to_string())
        }
        // Whose case or punctuation is a part of them, and whose make nobody knows.
        "API_KEY" | "CRYPTO" | "JWT" | "LITERAL" | "PASSWORD" | "PRIVATE_KEY" | "URL" => value.to_owned(),
        kind if super::Entity::NAMES.contains(&kind) => letters(&text).map(|letter| letter.char).collect(),
        _ => text.into_owned(),
    }
}

/// Upper and lower case are the same mailbox in practice; `name (at) host (dot) com` is spelled out.
fn email(text: &str) -> String {
    let lower: String = text.to_lowercase().split_whitespace().collect();
    lower.replace("(at)", "@").replace("[at]", "@").replace("(dot)", ".").replace("[dot]", ".")
}

/// Digits, with what begins an extension; without what dials out, and without North America's own code.
fn phone(text: &str) -> String {
    let text = text.to_lowercase().replace("(0)", "");
    let (number, extension) =
        text.split_once(['x', 'e']).map_or((text.as_str(), None), |(a, b)| (a, Some(b)));
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let mut digits_of = digits(number);
    if let Some(rest) = digits_of.strip_prefix("00") {
        digits_of = rest.to_owned();
    }
    if let Some(rest) = digits_of.strip_prefix('1').filter(|rest| rest.len() == 10) {
        digits_of = rest.to_owned();
    }
    extension.map_or(digits_of.clone(), |extension| format!("{digits_of}x{}", digits(extension)))
}

/// The words of a text, in small letters without accents.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last_end = None;
    for letter in letters(text) {
        match words.last_mut() {
            Some(word) if last_end == Some(letter.start) => word.push(letter.char),
            _ => words.push(letter.char.into()),
        }
        last_end = Some(letter.end);
    }
    words
}

/// A letter or digit of a text, in its plainest form.
#[derive(Clone, Copy, Debug)]
pub(super) struct Letter {
    pub(super) char: char,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The letters and digits of a text, small and without accents; everything between them is left out.
pub(super) fn letters(text: &str) -> impl Iterator<Item = Letter> {
    text.char_indices().filter(|(_, c)| c.is_alphanumeric()).map(|(start, c)| {
        // ASCII is plain already.
        let char =
            if c.is_ascii() { c.to_ascii_lowercase() } else { plain(c.to_lowercase().next().unwrap_or(c)) };
        Letter { char, start, end: start + c.len_utf8() }
    })
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn spellings_of_one_value_have_one_form() {
        for (kind, spellings) in [
            (
                "EMAIL",
                &["ann@example.com", "Ann@Example.COM", "ann (at) example (dot) com", "ａｎｎ＠example.com"]
                    [..],
            ),
            (
                "CREDIT_CARD",
                &["4111 1111 1111 1111", "4111-1111-1111-1111", "4111111111111111", "４１１１111111111111"],
            ),
            ("PHONE", &["+1 (415) 555-2671", "415-555-2671", "0014155552671", "1.415.555.2671"]),
            ("PHONE", &["+44 (0)20 7946 0958", "0044 20 7946 0958"]),
            ("PHONE", &["(415) 555-2671x12", "415 555 2671 ext. 12"]),
            ("PERSON", &["José García", "JOSE GARCIA", "jose  garcía", "José\u{a0}García"]),
            ("DATE_OF_BIRTH", &["03.05.1990", "3/5/1990"]),
            ("IP_ADDRESS", &["2001:db8::1", "2001:0DB8:0:0:0:0:0:1"]),
            ("IBAN", &["GB82 WEST 1234 5698 7654 32", "gb82west12345698765432"]),
        ] {
            let forms: Vec<_> = spellings.iter().map(|spelling| normal(kind, spelling)).collect();
            assert!(forms.windows(2).all(|pair| pair[0] == pair[1]), "{kind}: {forms:?}");
        }
    }

    #[test]
    fn values_that_differ_stay_apart() {
        for (kind, one, other) in [
            ("EMAIL", "a.b@example.com", "ab@example.com"),
            ("PASSWORD", "Secret-1", "secret-1"),
            ("DATE_OF_BIRTH", "1.11.1990", "11.1.1990"),
            ("PHONE", "415 555 2671", "415 555 2671 x12"),
            ("IP_ADDRESS", "1.11.1.1", "11.1.1.1"),
            ("PERSON", "Al Ice", "Alice"),
            ("CUSTOMER_NO", "1-23", "12-3"),
        ] {
            assert_ne!(normal(kind, one), normal(kind, other), "{kind}");
        }
    }
}
