//! Parsing of numbers as written by people and programs. Ambiguous texts are no numbers.

/// Longest text of a number, in bytes.
const MAX_BYTES: usize = 64;

/// Digits that a spreadsheet keeps of a number
/// (<https://support.microsoft.com/en-us/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3>).
const KEPT_DIGITS: usize = 15;

/// Decimal mark of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A point, as in `1,234.50`.
    Point,
    /// A comma, as in `1.234,50`.
    Comma,
}

impl Mark {
    const fn char(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }

    /// Returns true if the character may separate thousands in a number with this decimal mark.
    const fn is_group(self, c: char) -> bool {
        match c {
            // Apostrophes, the space, and spaces without a line break.
            '\'' | '’' | ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}' => true,
            ',' => matches!(self, Self::Point),
            '.' => matches!(self, Self::Comma),
            _ => false,
        }
    }
}

/// Parses a number with either decimal mark. `None` if both yield different numbers, as for `1,234`.
pub(crate) fn read(text: &str) -> Option<f64> {
    match (read_with(text, Mark::Point), read_with(text, Mark::Comma)) {
        (Some(one), Some(other)) => is_same(one, other).then_some(one),
        (one, other) => one.or(other),
    }
}

/// Returns true if two results are the same number.
pub(crate) fn is_same(one: f64, other: f64) -> bool {
    one.to_bits() == other.to_bits()
}

/// Parses a number with the given decimal mark.
///
/// Returns `None` for texts that would lose data as a number: leading zeros, a plus sign, or more than 15 digits.
pub(crate) fn read_with(text: &str, mark: Mark) -> Option<f64> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (mantissa, exponent) =
        rest.split_once(['e', 'E']).map_or((rest, None), |(mantissa, power)| (mantissa, Some(power)));
    let (whole, fraction) = mantissa
        .split_once(mark.char())
        .map_or((mantissa, None), |(whole, fraction)| (whole, Some(fraction)));
    let whole = ungrouped(whole, mark, fraction)?;
    if fraction.is_some_and(|fraction| !is_digits(fraction)) {
        return None;
    }
    if exponent.is_some_and(|power| mark == Mark::Comma || !is_power(power, fraction)) {
        return None;
    }
    let has_fraction = fraction.is_some();
    let fraction = fraction.unwrap_or_default();
    let value: f64 = format!("{sign}{whole}.{fraction}e{}", exponent.unwrap_or("0")).parse().ok()?;
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    let is_kept = if has_fraction || exponent.is_some() {
        is_shortest(value, digits.trim_end_matches('0'))
    } else {
        digits.len() <= KEPT_DIGITS
    };
    // Adding 0.0 turns -0 into 0.
    (value.is_finite() && is_kept).then_some(value + 0.0)
}

/// Removes the separators of thousands from the digits before the decimals.
fn ungrouped(whole: &str, mark: Mark, fraction: Option<&str>) -> Option<String> {
    let group = whole.chars().find(|c| !c.is_ascii_digit());
    let Some(group) = group else {
        return (is_digits(whole) && (whole == "0" || !whole.starts_with('0'))).then(|| whole.to_owned());
    };
    // `123 456` may as well be an identifier, such as a phone number.
    if !mark.is_group(group) || (group == ' ' && fraction.is_none()) || whole.starts_with('0') {
        return None;
    }
    let mut groups = whole.split(group);
    let first = groups.next().filter(|first| is_digits(first) && first.len() <= 3)?;
    let mut digits = first.to_owned();
    for group in groups {
        if group.len() != 3 || !is_digits(group) {
            return None;
        }
        digits.push_str(group);
    }
    Some(digits)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns true for exponents as programs write them: `1.2e4` and `1e-07`. `12E4` may be a part number.
fn is_power(power: &str, fraction: Option<&str>) -> bool {
    let digits = power.strip_prefix(['+', '-']);
    let is_signed = digits.is_some_and(|digits| digits.len() >= 2);
    is_digits(digits.unwrap_or(power)) && (fraction.is_some() || is_signed)
}

/// Returns true if the shortest form of the number has exactly these significant digits.
fn is_shortest(value: f64, digits: &str) -> bool {
    let spelled = format!("{:e}", value.abs());
    let mantissa = spelled.split('e').next().unwrap_or_default().replace('.', "");
    mantissa.trim_matches('0') == digits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn usual_spellings_are_numbers() {
        for (text, value) in [
            ("0", 0.0),
            ("-0.00", 0.0),
            ("42", 42.0),
            ("-17.5", -17.5),
            ("0.125", 0.125),
            ("1234.567", 1234.567),
            ("12,5", 12.5),
            ("1,234.50", 1234.5),
            ("1.234,50", 1234.5),
            ("1'234.50", 1234.5),
            ("1’234", 1234.0),
            ("1\u{202f}234", 1234.0),
            ("1 234,50", 1234.5),
            ("1,234,567", 1_234_567.0),
            ("1.234.567", 1_234_567.0),
            ("123456789012345", 123_456_789_012_345.0),
            ("0.30000000000000004", 0.1 + 0.2),
            ("1.50000000000000000000", 1.5),
            ("1.5e-05", 1.5e-5),
            ("1e-07", 1e-7),
            ("1.234E+20", 1.234e20),
        ] {
            assert_eq!(read(text), Some(value), "{text}");
        }
    }

    #[test]
    fn texts_that_are_ambiguous_or_would_lose_data_are_no_numbers() {
        for text in [
            "",
            "-",
            "1,234",
            "1.234",
            "-12.345",
            "007",
            "00.5",
            "+41",
            "+5",
            "1234567890123456",
            "4111111111111111",
            "3.14159265358979323846",
            "123 456",
            "12,34,567",
            "1,2345,678",
            "1,234'567",
            "12E4",
            "2E-1",
            "1e5",
            "1.5e999",
            "1.5e-999",
            ".5",
            "5.",
            "1.2.3",
            "1,5e-07",
            "12%",
            "€5",
            "١٢",
            "NaN",
            "inf",
            "0x10",
            "[MONEY_1]",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_known_mark_resolves_ambiguous_texts() {
        for (text, point, comma) in [
            ("1,234", Some(1234.0), Some(1.234)),
            ("1.234", Some(1.234), Some(1234.0)),
            ("1,5", None, Some(1.5)),
        ] {
            assert_eq!((read_with(text, Mark::Point), read_with(text, Mark::Comma)), (point, comma));
        }
    }

    proptest! {
        #[test]
        fn a_parsed_number_is_that_of_rusts_parser(text in "-?[0-9]{1,18}(\\.[0-9]{1,18})?") {
            let read = read_with(&text, Mark::Point);
            prop_assert!(read.is_none() || read == text.parse().ok());
        }

        #[test]
        fn any_written_number_is_parsed_as_the_same(value in any::<f64>().prop_filter("finite", |value| value.is_finite())) {
            let text = format!("{value}");
            if text.contains('.') && text.len() <= MAX_BYTES {
                prop_assert_eq!(read_with(&text, Mark::Point), Some(value));
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,12}") {
            read(&text);
        }
    }
}
