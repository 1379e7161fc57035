//! Makes valid and malformed TIFFs, and PDFs of blank pages.

use lopdf::{Document, Object, dictionary};

use crate::scan::Pixels;

/// A tag, its type (3: two bytes, 4: four bytes) and its values.
pub(crate) type Tag<'a> = (u16, u16, &'a [u32]);

/// The tags that the reader or the decoder reads.
pub(crate) const TAGS: &[u16] =
    &[254, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 317, 322, 323, 324, 325, 338, 339];

/// A TIFF of identical pages.
pub(crate) struct Maker {
    pub(crate) is_big_endian: bool,
    pub(crate) pages: usize,
    pub(crate) tags: Vec<(u16, u16, Vec<u32>)>,
    /// Content from byte 8 on.
    pub(crate) data: Vec<u8>,
}

impl Maker {
    /// A page of 8-bit grey in one strip.
    pub(crate) fn grey(Pixels { width, height }: Pixels, data: Vec<u8>) -> Self {
        let length = u32::try_from(data.len()).unwrap();
        Self { is_big_endian: false, pages: 1, tags: Vec::new(), data }.with(&[
            (256, 4, &[width]),
            (257, 4, &[height]),
            (258, 3, &[8]),
            (259, 3, &[1]),
            (262, 3, &[1]),
            (273, 4, &[8]),
            (278, 4, &[height]),
            (279, 4, &[length]),
        ])
    }

    /// A page with Group 4 compression in one strip.
    pub(crate) fn group4(size: Pixels, data: Vec<u8>) -> Self {
        Self::grey(size, data).with(&[(258, 3, &[1]), (259, 3, &[4])])
    }

    /// Replaces tags by their numbers and adds new ones.
    pub(crate) fn with(self, tags: &[Tag<'_>]) -> Self {
        let numbers: Vec<_> = tags.iter().map(|tag| tag.0).collect();
        let mut made = self.without(&numbers);
        made.tags.extend(tags.iter().map(|(tag, kind, values)| (*tag, *kind, values.to_vec())));
        made.tags.sort_by_key(|tag| tag.0);
        made
    }

    pub(crate) fn without(mut self, tags: &[u16]) -> Self {
        self.tags.retain(|tag| !tags.contains(&tag.0));
        self
    }

    fn number(&self, number: u32, width: usize) -> Vec<u8> {
        let bytes = number.to_be_bytes();
        let mut bytes = bytes[4 - width..].to_vec();
        if !self.is_big_endian {
            bytes.reverse();
        }
        bytes
    }

    pub(crate) fn file(&self) -> Vec<u8> {
        let long = |number: usize| self.number(u32::try_from(number).unwrap(), 4);
        let mut file = if self.is_big_endian { b"MM\0*".to_vec() } else { b"II*\0".to_vec() };
        file.extend(long(8 + self.data.len()));
        file.extend(&self.data);
        for page in 1..=self.pages {
            let mut values_at = file.len() + 2 + 12 * self.tags.len() + 4;
            let mut far = Vec::new();
            file.extend(self.number(u32::try_from(self.tags.len()).unwrap(), 2));
            for (tag, kind, values) in &self.tags {
                let width = if *kind == 3 { 2 } else { 4 };
                let mut written: Vec<u8> =
                    values.iter().flat_map(|value| self.number(*value, width)).collect();
                file.extend(self.number((*tag).into(), 2));
                file.extend(self.number((*kind).into(), 2));
                file.extend(long(values.len()));
                if written.len() <= 4 {
                    written.resize(4, 0);
                    file.extend(written);
                } else {
                    file.extend(long(values_at));
                    values_at += written.len();
                    far.extend(written);
                }
            }
            file.extend(long(if page == self.pages { 0 } else { values_at }));
            file.extend(far);
        }
        file
    }
}

/// Packs bits from text, from left to right.
pub(crate) fn packed<'a>(codes: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let bits: Vec<u8> = codes.flat_map(str::bytes).map(|bit| bit - b'0').collect();
    bits.chunks(8).map(|byte| byte.iter().zip((0..8).rev()).map(|(bit, place)| bit << place).sum()).collect()
}

/// A PDF of blank pages.
pub(crate) fn pdf(pages: usize) -> Vec<u8> {
    let mut document = Document::with_version("1.5");
    let tree = document.new_object_id();
    let page = dictionary! { "Type" => "Page", "Parent" => tree };
    let kids: Vec<Object> = (0..pages).map(|_| document.add_object(page.clone()).into()).collect();
    let count = i64::try_from(pages).unwrap();
    let root = dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count };
    document.objects.insert(tree, Object::Dictionary(root));
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    document.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    bytes
}
