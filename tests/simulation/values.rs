//! Personal values, made so that one that is raw is found anywhere at a glance, and messages that hold some.

use std::rc::Rc;

use frontdesk::auth::User;
use frontdesk::time::Millis;
use pii::identity::Identity;
use uuid::Uuid;

use super::rng::Rng;

/// Marks of raw values: each raw value of a user has one of them, and nothing else has.
const RAW: [&str; 4] = ["secret.example.com", "4111111111", "4111 1111 11", "Quillfeather"];

/// Mark of values that a model or a server made up.
const INVENTED: &str = "invented.example.com";

/// Words without a personal value.
const WORDS: [&str; 12] =
    ["please", "send", "the", "list", "again", "to", "us", "with", "much", "more", "detail", "soon"];

/// The mark of a raw value in `text`, if there is one.
pub fn raw_in(text: &str) -> Option<&'static str> {
    RAW.into_iter().find(|raw| text.contains(raw))
}

/// The same, for places where invented values must be masked too.
pub fn raw_or_invented_in(text: &str) -> Option<&'static str> {
    raw_in(text).or_else(|| text.contains(INVENTED).then_some(INVENTED))
}

pub fn word(rng: &Rng) -> &'static str {
    rng.pick(&WORDS)
}

pub fn invented(rng: &Rng) -> String {
    format!("{}.x{}@{INVENTED}", word(rng), letters(rng.below(1000)))
}

/// A number in letters: digits might look like something personal.
pub fn letters(number: u64) -> String {
    let digit = |place: u32| char::from(b'a' + u8::try_from(number / 26_u64.pow(place) % 26).expect("< 26"));
    (0..5).map(digit).collect()
}

pub fn person(number: usize) -> User {
    let identity = Identity {
        email: Some(format!("owner.{}@{}", letters(number as u64), RAW[0])),
        phone: None,
        name: Some(format!("Zora {}", RAW[3])),
    };
    let id = Uuid::from_u128(0xaaaa_0000 + number as u128);
    User { token: id.to_string(), identity, ..User::absent(id) }
}

/// Values that a user may mention.
pub fn values_of(user: &User, number: usize) -> Vec<Rc<str>> {
    let emails = (0..5).map(|n| format!("friend.{}@{}", letters((number * 5 + n) as u64), RAW[0]));
    let cards = (0..3).map(|n| card(number * 3 + n));
    let identity = user.identity.values().map(|(_, value)| value.to_owned());
    emails.chain(cards).chain(identity).map(Rc::from).collect()
}

/// A number with the check digit of cards.
fn card(number: usize) -> String {
    let digits = format!("{}{:05}", RAW[1], number * 7 % 100_000);
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0');
            if place % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit }
        })
        .sum();
    let digits = format!("{digits}{}", (10 - sum % 10) % 10);
    format!("{} {} {} {}", &digits[..4], &digits[4..8], &digits[8..12], &digits[12..])
}

#[derive(Clone, Debug)]
pub enum Part {
    Text(String),
    Value(Rc<str>),
}

/// A message as its user wrote it.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its first word, which no other message of the run has.
    pub code: String,
    pub parts: Vec<Part>,
}

impl Message {
    pub fn new(number: u64, values: &[Rc<str>], rng: &Rng) -> Self {
        let code = format!("q{}", letters(number));
        let mut parts = vec![Part::Text(format!("{code}."))];
        for _ in 0..rng.below(4) {
            if rng.one_in(2) {
                let value = &values[rng.index(values.len())];
                let before = if value.starts_with('4') { " card " } else { " ask " };
                parts.extend([
                    Part::Text(before.into()),
                    Part::Value(Rc::clone(value)),
                    Part::Text(" -".into()),
                ]);
            } else {
                parts.push(Part::Text(format!(" {}", word(rng))));
            }
        }
        Self { code, parts }
    }

    pub fn text(&self) -> String {
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Value(value) => value.to_string(),
        };
        self.parts.iter().map(text).collect()
    }

    /// The placeholders in `masked` in the place of values; `None` when it is another text.
    pub fn placeholders_in<'a>(&self, masked: &'a str) -> Option<Vec<(&'a str, &Rc<str>)>> {
        let mut rest = masked;
        let mut found = Vec::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => rest = rest.strip_prefix(text.as_str())?,
                Part::Value(value) => {
                    let end = rest.starts_with('[').then(|| rest.find(']'))?? + 1;
                    found.push((&rest[..end], value));
                    rest = &rest[end..];
                }
            }
        }
        rest.is_empty().then_some(found)
    }
}

/// The code of a masked message; empty for any other text.
pub fn code_of(masked: &str) -> &str {
    let is_code = |code: &str| code.len() == 6 && code.starts_with('q');
    masked.split_once('.').map(|(code, _)| code).filter(|code| is_code(code)).unwrap_or_default()
}

pub fn pause(rng: &Rng) -> Millis {
    match rng.below(40) {
        0 => 11 * 60 * 1000,
        1..=4 => 5000 + rng.below(20_000),
        _ => rng.below(1500),
    }
}

/// A raw value that no user has mentioned.
pub fn raw_value(rng: &Rng) -> String {
    format!("other.{}@{}", letters(rng.below(1000)), RAW[0])
}
