//! Passwords: what stands after a word that says so, if it looks like one.

use super::code::linked;
use super::contact::address_end;
use super::finding::{Entity, Findings, Rank};
use super::scan::{Text, is_word};
use super::secret::value_start;
use super::vocabulary::Label;

/// Lengths of a password.
const SHORTEST: usize = 6;
const LONGEST: usize = 128;

/// Bytes before a label in which its owner stands.
const LEAD: usize = 32;

/// Length of a password that only its characters tell.
const SHORTEST_STRONG: usize = 8;

/// Length of a password in a column of passwords.
const SHORTEST_CELL: usize = 4;

pub(super) fn find(text: &Text<'_>, found: &mut Findings) {
    for end in text.ends_of(Label::Password) {
        if let Some((from, to)) = value(text, end) {
            found.add(Rank::Certain, from, to, Entity::Password);
        }
    }
    for (from, to) in text.cells_below(Label::Password) {
        let cell = text.slice(from, to);
        let is_one =
            (SHORTEST_CELL..LONGEST).contains(&cell.len()) && !cell.contains(&b' ') && is_mixed(cell);
        if is_one && !is_code(cell) {
            found.add(Rank::Certain, from, to, Entity::Password);
        }
    }
    for end in text.ends_of(Label::Secret).chain(text.ends_of(Label::Token)) {
        let value = value(text, end).filter(|(from, to)| is_strong(text.slice(*from, *to)));
        if let Some((from, to)) = value.filter(|_| value_start(text, end).1) {
            found.add(Rank::Distinct, from, to, Entity::Password);
        }
    }
    let later = text.ends_of(Label::Password).filter_map(|end| told_later(text, end));
    for (from, to) in text.ends_of(Label::Password).filter_map(|end| told_behind(text, end)).chain(later) {
        found.add(Rank::Sure, from, to, Entity::Password);
    }
    for (from, to) in text.signs.ats.iter().filter_map(|at| beside_address(text, *at)) {
        found.add(Rank::Sure, from, to, Entity::Password);
    }
    for (from, to) in text.ends_of(Label::NetUse).filter_map(|end| beside_user(text, end)) {
        found.add(Rank::Sure, from, to, Entity::Password);
    }
    let mysql = text.ends_of(Label::Mysql).map(|end| joined_option(text, end));
    let curl = text.ends_of(Label::Curl).map(|end| user_option(text, end));
    for (from, to) in mysql.chain(curl).flatten() {
        found.add(Rank::Certain, from, to, Entity::Password);
    }
}

/// The value after the word that ends at a place.
fn value(text: &Text<'_>, place: usize) -> Option<(usize, usize)> {
    let (mut from, is_told) = value_start(text, place);
    let is_told = is_told || is_flag(text, place);
    if from == place {
        return None;
    }
    let to = value_end(text, from, text.before(from));
    // Behind the name of who has it: `root:secret`.
    let name = text.slice(from, to).iter().position(|byte| *byte == b':').filter(|_| is_told);
    let user =
        name.filter(|name| text.slice(from, from + name).iter().all(|byte| is_word(*byte)) && *name > 0);
    from += user.map_or(0, |name| name + 1);
    let word = text.slice(from, to);
    let is_plausible = if is_told {
        is_mixed(word) || is_plain_word(text, place, (from, to))
    } else {
        kinds(word) >= 3 && word.iter().any(u8::is_ascii_digit)
            || is_spoken(text, place, (from, to))
            || is_phrase(word)
    };
    ((SHORTEST..LONGEST).contains(&word.len()) && is_plausible && !is_code(word)).then_some((from, to))
}

/// Words that follow "the password is" and are none.
const STATES: &[&[u8]] = &[
    b"required",
    b"correct",
    b"incorrect",
    b"wrong",
    b"invalid",
    b"valid",
    b"missing",
    b"empty",
    b"secure",
    b"secret",
    b"strong",
    b"simple",
    b"unknown",
    b"optional",
    b"always",
    b"already",
    b"another",
    b"different",
    b"longer",
    b"shorter",
    b"string",
    b"falsch",
    b"richtig",
    b"sicher",
    b"unsicher",
    b"vergessen",
    b"notwendig",
    b"leider",
    b"incorrecta",
    b"incorrecte",
    b"obligatoire",
    b"sbagliata",
    b"errata",
    b"errada",
    b"supposed",
    b"something",
    b"nothing",
    b"please",
    b"really",
    b"probably",
    b"hidden",
    b"number",
    b"boolean",
    b"undefined",
    b"default",
    b"length",
    b"between",
    b"stored",
    b"written",
    b"unique",
    b"private",
];

/// Accepts a word of small letters that ends a clause, if the label has an owner: "the wifi password is bluehouse".
fn is_plain_word(text: &Text<'_>, label: usize, (from, to): (usize, usize)) -> bool {
    const OWNERS: &[&[u8]] = &[
        b"wifi", b"wi-fi", b"wlan", b"my", b"our", b"guest", b"mein", b"mon", b"notre", b"mi", b"la", b"il",
        b"minha", b"netflix", b"router",
    ];
    const LINKS: &[&[u8]] = &[b" ist ", b" lautet ", b" est ", b" es ", b" jest ", b" c'est "];
    let word = text.slice(from, to);
    let ends = matches!(text.at(to), 0 | b',' | b'.' | b'\n' | b'\r' | b'!' | b'"' | b'\'')
        && !text.at(to + 1).is_ascii_alphanumeric();
    let is_participle = word.ends_with(b"ed") || word.ends_with(b"ing");
    let before = text.slice(label.saturating_sub(LEAD), label).to_ascii_lowercase();
    let is_owned =
        before.split(|byte| matches!(byte, b' ' | b'\n' | b'"')).any(|word| OWNERS.contains(&word));
    let is_linked = LINKS.contains(&text.slice(label, from));
    ends && (is_owned || is_linked)
        && word.iter().all(u8::is_ascii_lowercase)
        && !is_participle
        && !STATES.contains(&word)
}

/// Accepts letters and digits directly behind the word, in prose: "old password monkey12".
fn is_spoken(text: &Text<'_>, label: usize, (from, to): (usize, usize)) -> bool {
    let word = text.slice(from, to);
    let letters = word.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let digits = word.iter().skip(letters).take_while(|byte| byte.is_ascii_digit()).count();
    let is_link = from - label <= 1 && text.at(label) == b' ';
    let is_hash = [&b"sha"[..], b"md5", b"base", b"utf", b"pbkdf", b"field", b"version", b"oauth"]
        .iter()
        .any(|one| word.to_ascii_lowercase().starts_with(one));
    let ends = matches!(text.at(to), 0 | b' ' | b',' | b'.' | b'\n' | b'!' | b'?');
    is_link && ends && letters >= 4 && digits >= 2 && letters + digits == word.len() && !is_hash
}

/// Three kinds of characters, one of them a sign that words do not have.
fn is_strong(word: &[u8]) -> bool {
    let has_sign = word.iter().any(|byte| matches!(byte, b'!' | b'@' | b'#' | b'$' | b'^' | b'&'));
    let is_call = word.iter().any(|byte| matches!(byte, b'(' | b'{' | b'=' | b'/'));
    word.len() >= SHORTEST_STRONG
        && kinds(word) >= 3
        && has_sign
        && word.iter().any(u8::is_ascii_digit)
        && !is_call
}

/// "The password for the router is": a value behind the word that links it with the label.
fn told_later(text: &Text<'_>, label: usize) -> Option<(usize, usize)> {
    let from = linked(text, label)?;
    let from = from + usize::from(matches!(text.at(from), b'"' | b'\'' | b'`'));
    let to = value_end(text, from, text.before(from));
    let word = text.slice(from, to);
    let is_one = kinds(word) >= 3 || kinds(word) >= 2 && matches!(text.before(from), b'"' | b'\'');
    let has_digit = word.iter().any(u8::is_ascii_digit);
    ((SHORTEST..LONGEST).contains(&word.len()) && is_one && has_digit && !is_code(word)).then_some((from, to))
}

/// `"secret" is the admin password`: a quoted value before the label that ends at a place.
fn told_behind(text: &Text<'_>, label: usize) -> Option<(usize, usize)> {
    let from = label.saturating_sub(LONGEST);
    let line = text.slice(from, label).rsplit(|byte| *byte == b'\n').next()?;
    let start = label - line.len();
    let behind = line.windows(5).rposition(|window| matches!(window, b"\" is " | b"' is " | b"` is "))?;
    let quote = *line.get(behind)?;
    let open = line.get(..behind)?.iter().rposition(|byte| *byte == quote)?;
    let (from, to) = (start + open + 1, start + behind);
    let word = text.slice(from, to);
    ((SHORTEST..LONGEST).contains(&word.len()) && !word.contains(&b' ') && is_mixed(word))
        .then_some((from, to))
}

/// `ann@example.com / secret`: a value behind an address and a slash or a colon.
fn beside_address(text: &Text<'_>, at: usize) -> Option<(usize, usize)> {
    let end = address_end(text, at + 1).filter(|_| text.before(at).is_ascii_alphanumeric())?;
    let from = match text.ahead(end, 3) {
        b" / " | b" : " | b" | " => end + 3,
        [b':' | b'/', next, _] if next.is_ascii_graphic() => end + 1,
        _ => return None,
    };
    let to = value_end(text, from, b' ');
    let word = text.slice(from, to);
    let is_one = end > at + 3 && (SHORTEST..LONGEST).contains(&word.len()) && is_strong(word);
    (is_one && !is_code(word) && !word.contains(&b'/')).then_some((from, to))
}

/// `net use Z: \\host\share /user:name secret`.
fn beside_user(text: &Text<'_>, end: usize) -> Option<(usize, usize)> {
    let at = option(text, end, &[b"/user:", b"/u:", b"-u "])?;
    let name = text.run(at, |byte| byte.is_ascii_graphic());
    let from = name + 1 + usize::from(text.slice(name + 1, name + 4) == b"-p ") * 3;
    let to = value_end(text, from, b' ');
    let word = text.slice(from, to);
    ((SHORTEST..LONGEST).contains(&word.len()) && kinds(word) >= 2 && !is_code(word)).then_some((from, to))
}

/// Tells if the word that ends at a place is a command option: `--password`.
fn is_flag(text: &Text<'_>, place: usize) -> bool {
    let before = text.slice(place.saturating_sub(LONGEST), place);
    let letters = before.iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
    before.get(..before.len() - letters).is_some_and(|before| before.ends_with(b"--"))
}

/// Counts the kinds of characters in a word: small letters, capitals, digits, signs.
fn kinds(word: &[u8]) -> usize {
    let kinds = [
        word.iter().any(u8::is_ascii_lowercase),
        word.iter().any(u8::is_ascii_uppercase),
        word.iter().any(u8::is_ascii_digit),
        word.iter().any(|byte| !is_word(*byte)),
    ];
    kinds.into_iter().filter(|kind| *kind).count()
}

/// Four words of small letters or more, joined by hyphens.
fn is_phrase(word: &[u8]) -> bool {
    let is_part = |part: &[u8]| part.len() > 2 && part.iter().all(u8::is_ascii_alphanumeric);
    word.split(|byte| *byte == b'-').filter(|part| is_part(part)).count() >= 4
}

/// Tells passwords from words: letters with digits or signs, digits alone, or several words joined.
fn is_mixed(word: &[u8]) -> bool {
    let has_digit = word.iter().any(u8::is_ascii_digit);
    let has_sign = word.iter().any(|byte| !is_word(*byte) && !matches!(byte, b'-' | b'.' | b'/'));
    kinds(word) >= 2 && (has_digit || has_sign || is_phrase(word)) || word.iter().all(u8::is_ascii_digit)
}

/// Finds the end of a password that begins behind `before`, which may be a quote.
fn value_end(text: &Text<'_>, from: usize, before: u8) -> usize {
    let quote = if matches!(before, b'"' | b'\'' | b'`') { before } else { 0 };
    let bytes = text.ahead(from, LONGEST);
    let ends = |at: usize, byte: u8| {
        let next = bytes.get(at + 1).copied().unwrap_or(b' ');
        match byte {
            _ if quote != 0 && byte == quote => true,
            0..=b' ' | 0x7f.. | b'"' | b'\'' | b'`' | b'<' | b',' => true,
            // The next part of a connection string, of a query, of a shell's line.
            b';' | b'&' => {
                next <= b' '
                    || next.is_ascii_alphabetic() && is_named(bytes.get(at + 1..).unwrap_or_default())
            }
            b'\\' => matches!(next, b'n' | b'"' | b'r'),
            _ => false,
        }
    };
    let length = bytes.iter().enumerate().position(|(at, byte)| ends(at, *byte)).unwrap_or(bytes.len());
    let mut to = from + length;
    let is_open = bytes.iter().take(length).any(|byte| matches!(byte, b'(' | b'{'));
    let is_end = |byte: u8| matches!(byte, b'.' | b';' | b':') || !is_open && matches!(byte, b'}' | b')');
    while to > from && quote == 0 && is_end(text.before(to)) {
        to -= 1;
    }
    to
}

/// `name=` begins it.
fn is_named(bytes: &[u8]) -> bool {
    let name = bytes.iter().position(|byte| !is_word(*byte) && *byte != b' ').unwrap_or(bytes.len());
    bytes.get(name) == Some(&b'=')
}

/// Finds the value of a command option in the rest of a line.
fn option(text: &Text<'_>, end: usize, names: &[&[u8]]) -> Option<usize> {
    let line = text.ahead(end, LONGEST);
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    names.iter().find_map(|name| {
        Some(end + line.windows(name.len()).position(|window| window == *name)? + name.len())
    })
}

/// `mysql -pSECRET`: the value is joined to the option.
fn joined_option(text: &Text<'_>, end: usize) -> Option<(usize, usize)> {
    let at = option(text, end, &[b" -p"])?;
    let from = match text.ahead(at, 2) {
        [b' ', b'\'' | b'"'] => at + 2,
        [b'\'' | b'"', _] => at + 1,
        _ => at,
    };
    let to = value_end(text, from, text.before(from));
    let word = text.slice(from, to);
    let least = if from > at { 4 } else { SHORTEST };
    (word.len() >= least && !is_code(word)).then_some((from, to))
}

/// `curl -u name:SECRET`.
fn user_option(text: &Text<'_>, end: usize) -> Option<(usize, usize)> {
    let at = option(text, end, &[b" -u ", b" --user "])?;
    let quote = usize::from(matches!(text.at(at), b'\'' | b'"'));
    let colon = text.run(at + quote, |byte| is_word(byte) || matches!(byte, b'.' | b'@' | b'-'));
    let to = value_end(text, colon + 1, if quote > 0 { text.at(at) } else { b' ' });
    let word = text.slice(colon + 1, to);
    (text.at(colon) == b':' && colon < at + LONGEST && word.len() >= 4 && !is_code(word))
        .then_some((colon + 1, to))
}

/// `hex::decode(`, `auth[1]`, `${PASSWORD}`, `config.password` and `--flag` are code, `<secret>` and `[PASSWORD_1]` stand for one.
fn is_code(word: &[u8]) -> bool {
    let name = word.iter().position(|byte| !is_word(*byte) && *byte != b'.').unwrap_or(word.len());
    // With what it is called with, or as much of that as stands before a comma.
    let is_call = name > 0
        && matches!(word.get(name), Some(b'(' | b'['))
        && (matches!(word.last(), Some(b')' | b']'))
            || !word.iter().any(u8::is_ascii_digit)
                && word.iter().skip(name).all(|byte| is_word(*byte) || matches!(byte, b'.' | b'(' | b')')));
    let is_path = word.contains(&b'.')
        && word.split(|byte| matches!(byte, b'.' | b'?' | b'!')).all(|part| {
            part.first().is_none_or(|first| first.is_ascii_alphabetic() || *first == b'_')
                && part.iter().all(|byte| is_word(*byte))
                && !part.iter().any(u8::is_ascii_digit)
        });
    is_call
        || is_path
        || matches!(word, [b'-' | b'<' | b'{' | b'%' | b'[' | b'(' | b'/', ..])
        || word.ends_with(b"[")
        || is_variable(word)
        || word.windows(2).any(|pair| matches!(pair, b"::" | b"==" | b"=>" | b"->"))
}

/// `$PASSWORD`, `${PASSWORD}`, `$(pass)`.
fn is_variable(word: &[u8]) -> bool {
    matches!(word, [b'$', b'{' | b'(' | b'A'..=b'Z' | b'_', rest @ ..]
        if rest.iter().all(|byte| is_word(*byte) || matches!(byte, b'}' | b')' | b'{' | b'.')))
}
