//! Fonts, as far as reading needs them: what a code stands for, and how wide it is.

use std::collections::BTreeMap;

use lopdf::{Dictionary, Document, Encoding, Object};

use super::dictionary;

/// What a font's tables may inflate to, in bytes.
const TABLE_BYTES: usize = 512 * 1024;

/// Widths that a font may give: twice as many as there are codes.
const MOST_WIDTHS: usize = 128 * 1024;

/// The width of what has none, in thousandths of its size.
const USUAL_WIDTH: f32 = 500.0;

/// A font.
pub(super) struct Font<'d> {
    codes: Codes<'d>,
    widths: BTreeMap<u16, f32>,
    usual_width: f32,
}

enum Codes<'d> {
    /// One byte each.
    Simple(Vec<String>),
    /// Two bytes each, mostly.
    Composite(Option<Encoding<'d>>),
}

impl<'d> Font<'d> {
    pub(super) fn read(font: &'d Dictionary, document: &'d Document) -> Self {
        let is_composite = font.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == b"Type0");
        if is_composite {
            let encoding = font.get_font_encoding_with_limit(document, TABLE_BYTES).ok();
            let (widths, usual_width) = composite_widths(font, document).unwrap_or((BTreeMap::new(), 1000.0));
            return Self { codes: Codes::Composite(encoding), widths, usual_width };
        }
        let widths = simple_widths(font, document).unwrap_or_default();
        Self { codes: Codes::Simple(simple_codes(font, document)), widths, usual_width: USUAL_WIDTH }
    }

    /// Adds what a string shows, and tells how wide that is, in thousandths of its size, and how many codes and spaces it has.
    pub(super) fn show(&self, bytes: &[u8], out: &mut String) -> Shown {
        let mut shown = Shown::default();
        let mut add = |code: u16| {
            shown.width += self.widths.get(&code).copied().unwrap_or(self.usual_width);
            shown.codes += 1.0;
        };
        match &self.codes {
            Codes::Simple(texts) => {
                for byte in bytes {
                    add(u16::from(*byte));
                    out.push_str(texts.get(usize::from(*byte)).map_or("", String::as_str));
                }
                shown.spaces = bytes.iter().filter(|byte| **byte == b' ').map(|_| 1.0).sum();
            }
            Codes::Composite(encoding) => {
                for pair in bytes.chunks(2) {
                    add(pair.iter().fold(0, |code, byte| (code << 8) | u16::from(*byte)));
                }
                let text = encoding.as_ref().and_then(|encoding| encoding.bytes_to_string(bytes).ok());
                out.push_str(text.as_deref().unwrap_or_default());
            }
        }
        shown
    }
}

/// What a string takes.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) width: f32,
    pub(super) codes: f32,
    pub(super) spaces: f32,
}

/// What each byte stands for: by the table that is made for reading where there is one, otherwise by the font's encoding.
fn simple_codes(font: &Dictionary, document: &Document) -> Vec<String> {
    let mut read = font.clone();
    read.remove(b"Encoding");
    let table = font
        .has(b"ToUnicode")
        .then(|| read.get_font_encoding_with_limit(document, TABLE_BYTES).ok())
        .flatten();
    let encoding = font.get_font_encoding_with_limit(document, TABLE_BYTES).ok();
    let text = |encoding: &Option<Encoding<'_>>, byte| {
        let text = encoding.as_ref()?.bytes_to_string(&[byte]).ok()?;
        (!text.is_empty() && !text.contains('\u{fffd}')).then_some(text)
    };
    (0..=255).map(|byte| text(&table, byte).or_else(|| text(&encoding, byte)).unwrap_or_default()).collect()
}

fn simple_widths(font: &Dictionary, document: &Document) -> Option<BTreeMap<u16, f32>> {
    let first = font.get_deref(b"FirstChar", document).ok()?.as_i64().ok()?;
    let widths = font.get_deref(b"Widths", document).ok()?.as_array().ok()?;
    let codes = u16::try_from(first).ok()?..256;
    let width = |object| document.dereference(object).ok()?.1.as_float().ok();
    Some(
        codes
            .zip(widths)
            .filter_map(|(code, object)| Some((code, width(object)?)))
            .filter(|(_, width)| *width > 0.0)
            .collect(),
    )
}

/// `/W` of a composite font: `first [width …]` or `first last width`.
fn composite_widths(font: &Dictionary, document: &Document) -> Option<(BTreeMap<u16, f32>, f32)> {
    let descendants = font.get_deref(b"DescendantFonts", document).ok()?.as_array().ok()?;
    let (_, descendant) = document.dereference(descendants.first()?).ok()?;
    let descendant = descendant.as_dict().ok()?;
    let usual =
        descendant.get_deref(b"DW", document).ok().and_then(|width| width.as_float().ok()).unwrap_or(1000.0);
    let mut widths = BTreeMap::new();
    let Some(given_widths) = descendant.get_deref(b"W", document).ok().and_then(|list| list.as_array().ok())
    else {
        return Some((widths, usual));
    };
    let mut list = given_widths.iter();
    let mut given = 0;
    while let (Some(first), Some(next)) = (list.next(), list.next()) {
        let Some(first) = code(first) else { break };
        match document.dereference(next).ok()?.1 {
            Object::Array(array) => {
                given += array.len();
                let array = array.iter().map(|width| width.as_float().unwrap_or(usual));
                widths.extend((first..=u16::MAX).zip(array));
            }
            up_to => {
                let (Some(up_to), Some(width)) =
                    (code(up_to), list.next().and_then(|width| width.as_float().ok()))
                else {
                    break;
                };
                given += (first..=up_to).len();
                widths.extend((first..=up_to).map(|code| (code, width)));
            }
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

/// The fonts that resources name.
pub(super) fn named<'d>(
    resources: &'d Dictionary,
    name: &[u8],
    document: &'d Document,
) -> Option<&'d Dictionary> {
    dictionary(dictionary(resources, b"Font", document)?, name, document)
}
