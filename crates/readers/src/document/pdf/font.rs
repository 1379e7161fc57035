//! Fonts: the text and the width of each code.

use std::collections::BTreeMap;

use lopdf::{Dictionary, Document, Object};

use super::code::{ToUnicode, encoded};
use super::object::dictionary;
use crate::document::encoding::utf16;

/// Most widths of a font: twice the number of codes.
const MOST_WIDTHS: usize = 128 * 1024;

/// Width of codes without one, in thousandths of the font's size.
const USUAL_WIDTH: f32 = 500.0;

/// A font with its texts and widths by code.
pub(crate) struct Font {
    table: Option<ToUnicode>,
    codes: Codes,
    widths: BTreeMap<u16, f32>,
    usual_width: f32,
}

enum Codes {
    /// One byte each, with texts by the font's encoding.
    Simple(BTreeMap<u8, String>),
    /// Two bytes each, unless `ToUnicode` has one-byte codes; `is_unicode` if the codes are UTF-16.
    Composite { is_unicode: bool },
}

impl Font {
    pub(crate) fn read(font: &Dictionary, document: &Document) -> Self {
        let name = |key| font.get_deref(key, document).and_then(Object::as_name).unwrap_or_default();
        let table = ToUnicode::of(font, document);
        if name(b"Subtype") == b"Type0" {
            let encoding = name(b"Encoding");
            let is_unicode = encoding.windows(4).any(|part| part == b"UCS2")
                || encoding.windows(5).any(|part| part == b"UTF16");
            let (widths, usual_width) = composite_widths(font, document).unwrap_or((BTreeMap::new(), 1000.0));
            return Self { table, codes: Codes::Composite { is_unicode }, widths, usual_width };
        }
        let widths = simple_widths(font, document).unwrap_or_default();
        Self { table, codes: Codes::Simple(encoded(font, document)), widths, usual_width: USUAL_WIDTH }
    }

    /// Appends the text of a string and measures the string.
    pub(crate) fn show(&self, bytes: &[u8], out: &mut String) -> Shown {
        let mut shown = Shown::default();
        let is_narrow = match self.codes {
            Codes::Simple(_) => true,
            Codes::Composite { .. } => self.table.as_ref().is_some_and(|table| table.is_narrow),
        };
        for code in bytes.chunks(if is_narrow { 1 } else { 2 }) {
            let number = code.iter().fold(0, |number, byte| (number << 8) | u16::from(*byte));
            shown.width += self.widths.get(&number).copied().unwrap_or(self.usual_width);
            shown.codes += 1.0;
            // Word spacing applies to one-byte codes only.
            shown.spaces += if code == b" " { 1.0 } else { 0.0 };
            let text = self.table.as_ref().and_then(|table| table.text(u32::from(number)));
            match (text, &self.codes) {
                (Some(text), _) => out.push_str(text),
                (None, Codes::Simple(texts)) => {
                    out.push_str(code.first().and_then(|byte| texts.get(byte)).map_or("", String::as_str));
                }
                (None, Codes::Composite { is_unicode: true }) => {
                    out.push_str(&utf16(code, u16::from_be_bytes));
                }
                (None, Codes::Composite { is_unicode: false }) => {}
            }
        }
        shown
    }
}

/// Measures of a string: width in thousandths of the font's size, number of codes, number of spaces among them.
#[derive(Default)]
pub(crate) struct Shown {
    pub(crate) width: f32,
    pub(crate) codes: f32,
    pub(crate) spaces: f32,
}

fn simple_widths(font: &Dictionary, document: &Document) -> Option<BTreeMap<u16, f32>> {
    let first = font.get_deref(b"FirstChar", document).ok()?.as_i64().ok()?;
    let widths = font.get_deref(b"Widths", document).ok()?.as_array().ok()?;
    let codes = u16::try_from(first).ok()?..256;
    let width = |object| document.dereference(object).ok()?.1.as_float().ok();
    let widths = codes.zip(widths).filter_map(|(code, object)| Some((code, width(object)?)));
    Some(widths.filter(|(_, width)| *width > 0.0).collect())
}

/// Reads `/W` of a composite font: `first [width …]` or `first last width`.
fn composite_widths(font: &Dictionary, document: &Document) -> Option<(BTreeMap<u16, f32>, f32)> {
    let descendants = font.get_deref(b"DescendantFonts", document).ok()?.as_array().ok()?;
    let descendant = document.dereference(descendants.first()?).ok()?.1.as_dict().ok()?;
    let usual =
        descendant.get_deref(b"DW", document).ok().and_then(|width| width.as_float().ok()).unwrap_or(1000.0);
    let mut widths = BTreeMap::new();
    let all = descendant.get_deref(b"W", document).ok().and_then(|widths| widths.as_array().ok());
    let mut rest = all.into_iter().flatten();
    let mut given = 0;
    while let (Some(first), Some(next)) = (rest.next().and_then(code), rest.next()) {
        let Ok((_, next)) = document.dereference(next) else { break };
        if let Object::Array(array) = next {
            given += array.len();
            widths
                .extend((first..=u16::MAX).zip(array.iter().map(|width| width.as_float().unwrap_or(usual))));
        } else if let (Some(end), Some(width)) =
            (code(next), rest.next().and_then(|width| width.as_float().ok()))
        {
            given += (first..=end).len();
            widths.extend((first..=end).map(|code| (code, width)));
        }
        if given > MOST_WIDTHS {
            break;
        }
    }
    Some((widths, usual))
}

fn code(object: &Object) -> Option<u16> {
    u16::try_from(object.as_i64().ok()?).ok()
}

/// Finds a font by its name in resources.
pub(crate) fn named<'d>(
    resources: &'d Dictionary,
    name: &[u8],
    document: &'d Document,
) -> Option<&'d Dictionary> {
    dictionary(dictionary(resources, b"Font", document)?, name, document)
}
