//! Texts of a font's codes: from its `ToUnicode` table, or for one-byte codes from an encoding with differences by name.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use lopdf::{Dictionary, Object, Stream};

use super::budget::Stop;
use super::file::File;
use super::lexer::{Lexeme, Lexer, hex};
use crate::document::encoding::{Latin, utf16};

/// Most bytes that a font's table may inflate to. A larger one counts as none.
const TABLE_BYTES: usize = 1024 * 1024;

/// Most characters of one code: a ligature has three.
const LONGEST: usize = 16;

/// Work for each entry of a table.
const ENTRY_WORK: usize = 32;

/// Work for each name of a glyph.
const NAME_WORK: usize = 128;

/// Longest name of a glyph, in bytes.
const LONGEST_NAME: usize = 64;

/// A font's `ToUnicode` table: the texts and the size of its codes. Fonts share it.
#[derive(Default)]
pub(crate) struct ToUnicode {
    /// Runs of codes by the first of each. They do not overlap.
    runs: BTreeMap<u32, Run>,
    /// True if codes have one byte, not two.
    pub(crate) is_narrow: bool,
}

/// Codes whose texts differ in the last character only, which counts up.
#[derive(Clone)]
struct Run {
    last: u32,
    /// Code with exactly this text.
    base: u32,
    text: Box<str>,
}

impl ToUnicode {
    /// Reads the table of a font.
    pub(crate) fn of(stream: &Stream, file: &File<'_>) -> Result<Option<Self>, Stop> {
        let cmap = match file.inflate(stream, TABLE_BYTES) {
            Err(Stop::Stream) => return Ok(None),
            inflated => inflated?,
        };
        let table = Self::read(&cmap, file)?;
        Ok((!table.runs.is_empty()).then_some(table))
    }

    /// Appends the text of a code; `false` where it has none.
    pub(crate) fn push(&self, code: u32, out: &mut String) -> bool {
        let Some((_, run)) = self.runs.range(..=code).next_back().filter(|(_, run)| code <= run.last) else {
            return false;
        };
        if code == run.base {
            out.push_str(&run.text);
            return true;
        }
        let mut chars = run.text.chars();
        let end = chars.next_back().and_then(|end| u32::from(end).checked_add(code - run.base));
        let Some(end) = end.and_then(char::from_u32) else { return false };
        out.push_str(chars.as_str());
        out.push(end);
        true
    }

    /// Reads the entries between `begin…` and `end…`. Nothing else in a CMap concerns texts.
    fn read(cmap: &[u8], file: &File<'_>) -> Result<Self, Stop> {
        file.budget.work(cmap.len())?;
        let mut table = Self::default();
        let mut lexer = Lexer::new(cmap, 0);
        while let Some(lexeme) = lexer.next() {
            match lexeme {
                Lexeme::Word(b"begincodespacerange") => {
                    if let Some(Lexeme::Hex(low)) = lexer.next() {
                        table.is_narrow = hex(low).len() == 1;
                    }
                }
                Lexeme::Word(b"beginbfchar") => {
                    while let (Some(Lexeme::Hex(code)), Some(text)) = (lexer.next(), lexer.next()) {
                        if let Lexeme::Hex(text) = text {
                            table.give(number(code), number(code), text, file)?;
                        }
                    }
                }
                Lexeme::Word(b"beginbfrange") => while table.range(&mut lexer, file)?.is_some() {},
                _ => {}
            }
        }
        Ok(table)
    }

    /// Reads `<first> <last> <text of the first>` or `<first> <last> [<text> …]`; `None` at the end of the ranges.
    fn range(&mut self, lexer: &mut Lexer<'_>, file: &File<'_>) -> Result<Option<()>, Stop> {
        let (Some(Lexeme::Hex(first)), Some(Lexeme::Hex(last))) = (lexer.next(), lexer.next()) else {
            return Ok(None);
        };
        let (first, last) = (number(first), number(last));
        match lexer.next() {
            Some(Lexeme::Hex(text)) => self.give(first, last, text, file)?,
            Some(Lexeme::ArrayStart) => {
                let mut codes = first..=last;
                while let Some(Lexeme::Hex(text)) = lexer.next() {
                    if let Some(code) = codes.next() {
                        self.give(code, code, text, file)?;
                    }
                }
            }
            _ => return Ok(None),
        }
        Ok(Some(()))
    }

    /// Sets the texts of codes, in place of earlier ones.
    fn give(&mut self, first: u32, last: u32, text: &[u8], file: &File<'_>) -> Result<(), Stop> {
        file.budget.work(ENTRY_WORK)?;
        // A digit is half a byte, and a character has up to four bytes.
        if text.len() > LONGEST * 8 || last < first {
            return Ok(());
        }
        let text = utf16(&hex(text), u16::from_be_bytes);
        if text.is_empty() || text.chars().count() > LONGEST {
            return Ok(());
        }
        file.budget.keep(text.len())?;
        self.clear(first, last, file)?;
        self.runs.insert(first, Run { last, base: first, text: text.into() });
        Ok(())
    }

    /// Takes codes out of the runs that have them.
    fn clear(&mut self, first: u32, last: u32, file: &File<'_>) -> Result<(), Stop> {
        let mut tail = None;
        if let Some((_, before)) =
            self.runs.range_mut(..first).next_back().filter(|(_, run)| run.last >= first)
        {
            tail = Some(before.clone());
            before.last = first - 1;
        }
        while let Some(start) = self.runs.range(first..=last).next().map(|(start, _)| *start) {
            tail = self.runs.remove(&start);
        }
        match (tail.filter(|run| run.last > last), last.checked_add(1)) {
            (Some(run), Some(next)) => {
                file.budget.keep(run.text.len())?;
                self.runs.insert(next, run);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// The number that a string of up to four bytes writes.
fn number(digits: &[u8]) -> u32 {
    let most = digits.len().min(LONGEST);
    let digits = digits.get(..most).unwrap_or_default();
    hex(digits).iter().fold(0, |number, byte| (number << 8) | u32::from(*byte))
}

/// Texts of the codes of a simple font, which have one byte. Fonts share it.
pub(crate) struct Encoding {
    /// U+FFFD where a code has no character.
    chars: Box<[char; 256]>,
    /// Codes with a text of several characters.
    texts: BTreeMap<u8, Box<str>>,
}

impl Encoding {
    /// Reads an encoding from its base, and the names that differ from it.
    pub(crate) fn read(latin: Latin, differences: &[Object], file: &File<'_>) -> Result<Self, Stop> {
        let mut chars = Box::new([char::REPLACEMENT_CHARACTER; 256]);
        for (byte, c) in (0..=0xff_u8).zip(chars.iter_mut()).filter(|(byte, _)| *byte >= b' ') {
            *c = latin.char(byte).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
        let mut encoding = Self { chars, texts: BTreeMap::new() };
        let mut code = Some(0u8);
        for object in differences {
            file.budget.work(NAME_WORK)?;
            match (object, code) {
                (Object::Integer(at), _) => code = u8::try_from(*at).ok(),
                (Object::Name(name), Some(at)) => {
                    let name = std::str::from_utf8(name).ok().filter(|name| name.len() <= LONGEST_NAME);
                    if let Some(text) = name.and_then(named) {
                        encoding.set(at, &text);
                    }
                    code = at.checked_add(1);
                }
                _ => {}
            }
        }
        Ok(encoding)
    }

    fn set(&mut self, code: u8, text: &str) {
        let mut chars = text.chars();
        let (first, more) = (chars.next(), chars.next());
        if let (Some(first), Some(c), None) = (first, self.chars.get_mut(usize::from(code)), more) {
            *c = first;
            self.texts.remove(&code);
        } else {
            self.texts.insert(code, text.into());
        }
    }

    /// Appends the text of a code; `false` where it has none.
    pub(crate) fn push(&self, code: u8, out: &mut String) -> bool {
        if let Some(text) = self.texts.get(&code) {
            out.push_str(text);
            return true;
        }
        let c = self.chars.get(usize::from(code)).filter(|c| **c != char::REPLACEMENT_CHARACTER);
        out.extend(c);
        c.is_some()
    }
}

/// Finds the base of a font's encoding, and the names that differ from it.
pub(crate) fn base_of<'f>(font: &'f Dictionary, file: &'f File<'_>) -> Result<(Latin, &'f [Object]), Stop> {
    let encoding = file.get(font, b"Encoding")?;
    let (base, differences) = match encoding {
        Some(Object::Name(name)) => (Some(name.as_slice()), [].as_slice()),
        Some(Object::Dictionary(encoding)) => {
            let base = file.get(encoding, b"BaseEncoding")?.and_then(|base| base.as_name().ok());
            (base, file.array(encoding, b"Differences")?)
        }
        _ => (None, [].as_slice()),
    };
    let latin = match base {
        Some(b"WinAnsiEncoding") => Latin::Windows,
        Some(b"MacRomanEncoding") => Latin::Mac,
        _ => Latin::Adobe,
    };
    Ok((latin, differences))
}

/// Texts of glyphs by their names.
static SIMPLE: LazyLock<BTreeMap<&str, &str>> = LazyLock::new(|| {
    let words: Vec<_> = NAMES.split_ascii_whitespace().collect();
    words.as_chunks().0.iter().map(|[name, text]| (*name, *text)).collect()
});

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
    if let Some(text) = SIMPLE.get(name) {
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

    fn table(cmap: &[u8]) -> ToUnicode {
        ToUnicode::read(cmap, &File::empty()).unwrap()
    }

    fn text(table: &ToUnicode, code: u32) -> String {
        let mut text = String::new();
        assert_eq!(table.push(code, &mut text), !text.is_empty());
        text
    }

    #[test]
    fn a_table_gives_texts() {
        let table = table(
            b"/CIDInit /ProcSet findresource begin 1 begincodespacerange <0000> <FFFF> endcodespacerange
            2 beginbfchar <0003> <0020> <0004><006600660069> endbfchar
            2 beginbfrange <0010> <0012> <0041> <0020> <0021> [<0061> <D83DDE00>] endbfrange
            1 beginbfchar <0030> <0078> endbfchar end",
        );
        for (code, expected) in
            [(3, " "), (4, "ffi"), (0x10, "A"), (0x12, "C"), (0x20, "a"), (0x21, "😀"), (0x30, "x"), (5, "")]
        {
            assert_eq!(text(&table, code), expected, "{code}");
        }
        assert!(!table.is_narrow);
    }

    #[test]
    fn a_later_entry_replaces_a_part_of_an_earlier_one() {
        let table = table(
            b"3 beginbfrange <00> <ff> <0041> <10> <1f> <0061> <1e> <30> <03B1> endbfrange
            1 beginbfchar <05> <002a> endbfchar",
        );
        for (code, expected) in
            [(4, "E"), (5, "*"), (6, "G"), (0xf, "P"), (0x10, "a"), (0x1d, "n"), (0x1e, "α"), (0x31, "r")]
        {
            assert_eq!(text(&table, code), expected, "{code}");
        }
    }

    #[test]
    fn a_range_of_all_codes_takes_one_entry() {
        let range = b"<0000> <FFFFFFFF> <0041> ".repeat(10_000);
        let table = table(&[b"1 beginbfrange ".as_slice(), &range].concat());
        assert_eq!((table.runs.len(), text(&table, 1).as_str()), (1, "B"));
    }
}
