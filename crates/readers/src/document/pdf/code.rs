//! Texts of a font's codes: from its `ToUnicode` table, or for one-byte codes from an encoding with differences by name.

use std::collections::BTreeMap;

use lopdf::{Dictionary, Document, Object};

use crate::document::encoding::{Latin, utf16};

/// Most bytes that a font's table may inflate to.
const TABLE_BYTES: usize = 512 * 1024;

/// Most codes of a font's table.
const MOST_CODES: usize = 128 * 1024;

/// Most characters of one code: a ligature has three.
const LONGEST: usize = 16;

/// A font's `ToUnicode` table: the texts and the size of its codes.
#[derive(Default)]
pub(crate) struct ToUnicode {
    texts: BTreeMap<u32, String>,
    given: usize,
    /// True if codes have one byte, not two.
    pub(crate) is_narrow: bool,
}

impl ToUnicode {
    /// Reads the table of a font, if it has one.
    pub(crate) fn of(font: &Dictionary, document: &Document) -> Option<Self> {
        let stream = font.get_deref(b"ToUnicode", document).ok()?.as_stream().ok()?;
        let table = Self::read(&stream.get_plain_content_with_limit(TABLE_BYTES).ok()?);
        (!table.texts.is_empty()).then_some(table)
    }

    /// The text of a code.
    pub(crate) fn text(&self, code: u32) -> Option<&str> {
        self.texts.get(&code).map(String::as_str)
    }

    /// Reads the entries between `begin…` and `end…`. Nothing else in a CMap concerns texts.
    fn read(cmap: &[u8]) -> Self {
        let mut table = Self::default();
        let mut lexemes = Lexemes { rest: cmap };
        while let Some(lexeme) = lexemes.next() {
            match lexeme {
                Lexeme::Word(b"begincodespacerange") => {
                    if let Some(Lexeme::Hex(low)) = lexemes.next() {
                        table.is_narrow = low.len() == 1;
                    }
                }
                Lexeme::Word(b"beginbfchar") => {
                    while let (Some(Lexeme::Hex(code)), Some(text)) = (lexemes.next(), lexemes.next()) {
                        if let Lexeme::Hex(text) = text {
                            table.give(number(&code), utf16(&text, u16::from_be_bytes));
                        }
                    }
                }
                Lexeme::Word(b"beginbfrange") => while table.range(&mut lexemes).is_some() {},
                _ => {}
            }
        }
        table
    }

    /// Reads `<first> <last> <text of the first>` or `<first> <last> [<text> …]`.
    fn range(&mut self, lexemes: &mut Lexemes<'_>) -> Option<()> {
        let (Lexeme::Hex(first), Lexeme::Hex(last)) = (lexemes.next()?, lexemes.next()?) else { return None };
        let codes = number(&first)..=number(&last);
        match lexemes.next()? {
            Lexeme::Hex(text) => {
                let text = utf16(&text, u16::from_be_bytes);
                let mut before = text.chars();
                let end = before.next_back()?;
                for (step, code) in (0..).zip(codes).take(MOST_CODES.saturating_sub(self.given) + 1) {
                    let end = char::from_u32(u32::from(end).checked_add(step)?)?;
                    self.give(code, format!("{}{end}", before.as_str()));
                }
            }
            Lexeme::Open => {
                for code in codes {
                    let Lexeme::Hex(text) = lexemes.next()? else { return Some(()) };
                    self.give(code, utf16(&text, u16::from_be_bytes));
                }
                lexemes.find(|lexeme| !matches!(lexeme, Lexeme::Hex(_)));
            }
            Lexeme::Word(_) => return None,
        }
        (self.given <= MOST_CODES).then_some(())
    }

    fn give(&mut self, code: u32, text: String) {
        self.given += 1;
        if self.given <= MOST_CODES && !text.is_empty() && text.chars().count() <= LONGEST {
            self.texts.insert(code, text);
        }
    }
}

enum Lexeme<'c> {
    Hex(Vec<u8>),
    Open,
    Word(&'c [u8]),
}

struct Lexemes<'c> {
    rest: &'c [u8],
}

impl<'c> Iterator for Lexemes<'c> {
    type Item = Lexeme<'c>;

    fn next(&mut self) -> Option<Lexeme<'c>> {
        self.rest = self.rest.trim_ascii_start();
        let end = |is_end: fn(&u8) -> bool, rest: &[u8]| rest.iter().position(is_end).unwrap_or(rest.len());
        match self.rest.split_first()? {
            (b'<', inside) if !inside.starts_with(b"<") => {
                let (hex, rest) = inside.split_at(end(|byte| *byte == b'>', inside));
                self.rest = rest.get(1..).unwrap_or_default();
                Some(Lexeme::Hex(bytes(hex)))
            }
            (b'[', rest) => {
                self.rest = rest;
                Some(Lexeme::Open)
            }
            (_, after) => {
                let length = 1 + end(|byte| byte.is_ascii_whitespace() || matches!(byte, b'<' | b'['), after);
                let (word, rest) = self.rest.split_at(length);
                self.rest = rest;
                Some(Lexeme::Word(word))
            }
        }
    }
}

fn bytes(hex: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .iter()
        .filter_map(|digit| char::from(*digit).to_digit(16))
        .filter_map(|digit| u8::try_from(digit).ok())
        .collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| (byte << 4) | digit)).collect()
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, byte| (number << 8) | u32::from(*byte))
}

/// Reads the text of each byte from a font's encoding.
pub(crate) fn encoded(font: &Dictionary, document: &Document) -> BTreeMap<u8, String> {
    let encoding = font.get_deref(b"Encoding", document).ok();
    let base = match encoding {
        Some(Object::Name(name)) => Some(name.as_slice()),
        Some(Object::Dictionary(encoding)) => encoding.get(b"BaseEncoding").and_then(Object::as_name).ok(),
        _ => None,
    };
    let latin = match base {
        Some(b"WinAnsiEncoding") => Latin::Windows,
        Some(b"MacRomanEncoding") => Latin::Mac,
        _ => Latin::Adobe,
    };
    let mut texts: BTreeMap<u8, String> =
        (b' '..=0xff).filter_map(|byte| Some((byte, latin.char(byte)?.to_string()))).collect();
    let differences = encoding.and_then(|encoding| {
        encoding.as_dict().ok()?.get_deref(b"Differences", document).ok()?.as_array().ok()
    });
    let mut code = Some(0u8);
    for object in differences.into_iter().flatten() {
        match (object, code) {
            (Object::Integer(at), _) => code = u8::try_from(*at).ok(),
            (Object::Name(name), Some(at)) => {
                if let Some(text) = std::str::from_utf8(name).ok().and_then(named) {
                    texts.insert(at, text);
                }
                code = at.checked_add(1);
            }
            _ => {}
        }
    }
    texts
}

/// Finds the text of a glyph's name by the rules of the Adobe Glyph List, of which only the Latin part is here.
fn named(name: &str) -> Option<String> {
    let name = name.split('.').next().unwrap_or_default();
    if name.contains('_') {
        return name.split('_').map(named).collect();
    }
    let mut chars = name.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        return c.is_ascii_alphabetic().then(|| c.to_string());
    }
    let hex = name
        .strip_prefix("uni")
        .filter(|hex| hex.len() == 4)
        .or_else(|| name.strip_prefix('u').filter(|hex| hex.len() >= 4));
    if let Some(c) = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32) {
        return Some(c.to_string());
    }
    let simple = NAMES.split_ascii_whitespace().collect::<Vec<_>>();
    if let Some([_, text]) = simple.as_chunks().0.iter().find(|[known, _]| *known == name) {
        return Some(if *text == "␣" { " ".into() } else { (*text).to_owned() });
    }
    accented(name)
}

/// Finds the text of a letter with an accent, such as `eacute`.
fn accented(name: &str) -> Option<String> {
    let letter = name.get(..1).filter(|letter| letter.chars().all(|c| c.is_ascii_alphabetic()))?;
    let marks = [
        ("grave", '\u{300}'),
        ("acute", '\u{301}'),
        ("circumflex", '\u{302}'),
        ("tilde", '\u{303}'),
        ("macron", '\u{304}'),
        ("breve", '\u{306}'),
        ("dotaccent", '\u{307}'),
        ("dieresis", '\u{308}'),
        ("ring", '\u{30a}'),
        ("hungarumlaut", '\u{30b}'),
        ("caron", '\u{30c}'),
        ("cedilla", '\u{327}'),
        ("commaaccent", '\u{326}'),
        ("ogonek", '\u{328}'),
    ];
    let (_, mark) = marks.iter().find(|(mark, _)| name.get(1..) == Some(mark))?;
    let composed = COMPOSED.split(' ').find_map(|pair| {
        let mut chars = pair.chars();
        let (whole, base, with) = (chars.next()?, chars.next()?, chars.next()?);
        (letter.starts_with(base) && with == *mark).then_some(whole)
    });
    Some(composed.map_or_else(|| format!("{letter}{mark}"), String::from))
}

/// Precomposed letters, each followed by its letter and its accent.
const COMPOSED: &str = "ÀA\u{300} ÁA\u{301} ÂA\u{302} ÃA\u{303} ÄA\u{308} ÅA\u{30a} ÇC\u{327} ÈE\u{300} ÉE\u{301} ÊE\u{302} ËE\u{308} ÌI\u{300} ÍI\u{301} ÎI\u{302} ÏI\u{308} ÑN\u{303} ÒO\u{300} ÓO\u{301} ÔO\u{302} ÕO\u{303} ÖO\u{308} ÙU\u{300} ÚU\u{301} ÛU\u{302} ÜU\u{308} ÝY\u{301} àa\u{300} áa\u{301} âa\u{302} ãa\u{303} äa\u{308} åa\u{30a} çc\u{327} èe\u{300} ée\u{301} êe\u{302} ëe\u{308} ìi\u{300} íi\u{301} îi\u{302} ïi\u{308} ñn\u{303} òo\u{300} óo\u{301} ôo\u{302} õo\u{303} öo\u{308} ùu\u{300} úu\u{301} ûu\u{302} üu\u{308} ýy\u{301} ÿy\u{308} ĂA\u{306} ăa\u{306} ĄA\u{328} ąa\u{328} ĆC\u{301} ćc\u{301} ČC\u{30c} čc\u{30c} ĎD\u{30c} ďd\u{30c} ĘE\u{328} ęe\u{328} ĚE\u{30c} ěe\u{30c} ĞG\u{306} ğg\u{306} İI\u{307} ŃN\u{301} ńn\u{301} ŇN\u{30c} ňn\u{30c} ŐO\u{30b} őo\u{30b} ŘR\u{30c} řr\u{30c} ŚS\u{301} śs\u{301} ŞS\u{327} şs\u{327} ŠS\u{30c} šs\u{30c} ŤT\u{30c} ťt\u{30c} ŰU\u{30b} űu\u{30b} ŮU\u{30a} ůu\u{30a} ŹZ\u{301} źz\u{301} ŻZ\u{307} żz\u{307} ŽZ\u{30c} žz\u{30c} ȘS\u{326} șs\u{326} ȚT\u{326} țt\u{326}";

/// Names of glyphs and their texts. ␣ is the space.
const NAMES: &str = "space ␣ exclam ! quotedbl \" numbersign # dollar $ percent % ampersand & quotesingle ' quoteright ’ quoteleft ‘
    parenleft ( parenright ) asterisk * plus + comma , hyphen - minus − period . slash / zero 0 one 1 two 2 three 3 four 4 five 5
    six 6 seven 7 eight 8 nine 9 colon : semicolon ; less < equal = greater > question ? at @ bracketleft [ backslash \\
    bracketright ] asciicircum ^ underscore _ grave ` braceleft { bar | braceright } asciitilde ~ nbspace ␣ exclamdown ¡ cent ¢
    sterling £ currency ¤ yen ¥ brokenbar ¦ section § dieresis ¨ copyright © ordfeminine ª guillemotleft « logicalnot ¬
    registered ® macron ¯ degree ° plusminus ± acute ´ mu µ paragraph ¶ periodcentered · cedilla ¸ ordmasculine º
    guillemotright » onequarter ¼ onehalf ½ threequarters ¾ questiondown ¿ multiply × divide ÷ AE Æ ae æ Oslash Ø oslash ø
    Thorn Þ thorn þ Eth Ð eth ð germandbls ß OE Œ oe œ Lslash Ł lslash ł dotlessi ı Euro € quotesinglbase ‚ quotedblbase „
    quotedblleft “ quotedblright ” guilsinglleft ‹ guilsinglright › ellipsis … dagger † daggerdbl ‡ bullet • perthousand ‰
    endash – emdash — trademark ™ florin ƒ fraction ⁄ circumflex ˆ tilde ˜ caron ˇ fi fi fl fl ff ff ffi ffi ffl ffl alpha α beta β
    gamma γ delta δ epsilon ε lambda λ pi π sigma σ omega ω Omega Ω Delta Δ Sigma Σ infinity ∞ notequal ≠ lessequal ≤
    greaterequal ≥ approxequal ≈ arrowright → arrowleft ← checkmark ✓";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glyphs_are_found_by_their_names() {
        for (name, text) in [
            ("A", "A"),
            ("space", " "),
            ("eacute", "é"),
            ("Ccedilla", "Ç"),
            ("scaron", "š"),
            ("f_f_i", "ffi"),
            ("fi", "fi"),
            ("uni20AC", "€"),
            ("u1F600", "😀"),
            ("one.oldstyle", "1"),
            ("germandbls", "ß"),
            ("qacute", "q\u{301}"),
        ] {
            assert_eq!(named(name).as_deref(), Some(text), "{name}");
        }
        for name in ["g12", "", ".notdef", "ähm", "uniD800", "cid_1"] {
            assert_eq!(named(name), None, "{name}");
        }
    }

    #[test]
    fn a_table_gives_texts() {
        let table = ToUnicode::read(
            b"/CIDInit /ProcSet findresource begin 1 begincodespacerange <0000> <FFFF> endcodespacerange
            2 beginbfchar <0003> <0020> <0004><006600660069> endbfchar
            2 beginbfrange <0010> <0012> <0041> <0020> <0021> [<0061> <D83DDE00>] endbfrange
            1 beginbfchar <0030> <0078> endbfchar end",
        );
        for (code, text) in
            [(3, " "), (4, "ffi"), (0x10, "A"), (0x12, "C"), (0x20, "a"), (0x21, "😀"), (0x30, "x")]
        {
            assert_eq!(table.text(code), Some(text), "{code}");
        }
        assert!(!table.is_narrow && table.text(5).is_none());
    }

    #[test]
    fn no_table_takes_long() {
        let range = b"<0000> <FFFFFFFF> <0041> ".repeat(10_000);
        let table = ToUnicode::read(&[b"1 beginbfrange ".as_slice(), &range].concat());
        assert!(table.texts.len() <= MOST_CODES);
    }
}
