//! Tests with files from Pillow and libtiff (samples/), generated files, and malicious files.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::document::MAX_PAGES;

mod maker;

use maker::{Maker, Tag};

macro_rules! samples {
    ($($name:literal),+ $(,)?) => { [$(($name, include_bytes!(concat!("samples/", $name)).as_slice())),+] };
}

const SAMPLES: [(&str, &[u8]); 14] = samples![
    "baseline.jpg",
    "progressive.jpg",
    "lossy.webp",
    "lossless.webp",
    "extended.webp",
    "group4.tif",
    "group4-white-zero.tif",
    "packbits.tif",
    "lzw-predicted.tif",
    "deflate.tif",
    "rgba.tif",
    "pages.tif",
    "group3.tif",
    "jpeg.tif",
];

/// The size of the samples.
const SIZE: Pixels = Pixels { width: 41, height: 24 };

fn sample(name: &str) -> &'static [u8] {
    SAMPLES.iter().find(|(other, _)| *other == name).unwrap().1
}

fn png_of(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = png::Encoder::new(&mut bytes, width, height).write_header().unwrap();
    writer.write_image_data(&vec![0x55; usize::try_from(width * height).unwrap()]).unwrap();
    drop(writer);
    bytes
}

/// Decodes a PNG; samples of less than a byte are expanded to bytes.
fn decoded(page: &Page<'_>) -> (png::ColorType, Vec<u8>) {
    assert_eq!(page.media_type, "image/png");
    let mut decoder = png::Decoder::new(std::io::Cursor::new(&page.bytes));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height), (SIZE.width, SIZE.height));
    (info.color_type, pixels)
}

fn convert(bytes: &[u8]) -> Result<Vec<Page<'_>>, ScanError> {
    pages_for_model(bytes, &read(bytes)?)
}

/// Makes the pixels that the samples have.
fn drawn<const N: usize>(pixel: impl Fn(u32, u32) -> [u8; N]) -> Vec<u8> {
    (0..SIZE.height)
        .flat_map(|y| (0..SIZE.width).map(move |x| (x, y)))
        .flat_map(|(x, y)| pixel(x, y))
        .collect()
}

fn checkered(x: u32, y: u32) -> [u8; 1] {
    [if (x / 5 + y / 3) % 2 == 1 { 0 } else { 255 }]
}

fn colored(x: u32, y: u32) -> [u8; 3] {
    [x / 8 * 40, y / 6 * 50, x / 8 * y / 6].map(|level| u8::try_from(level).unwrap())
}

fn grey(x: u32, y: u32) -> [u8; 1] {
    [u8::try_from((x * 6 + y * 2) % 256).unwrap()]
}

#[test]
fn the_content_decides_the_kind_of_a_file() {
    let (picture, text) = (png_of(3, 2), b"Hello".as_slice());
    assert_eq!(
        read(&picture),
        Ok(Scan { kind: Kind::Png, pages: 1, pixels: Some(Pixels { width: 3, height: 2 }) })
    );
    for (name, bytes) in SAMPLES {
        let kind = match name.rsplit_once('.').unwrap().1 {
            "jpg" => Kind::Jpeg,
            "webp" => Kind::WebP,
            _ => Kind::Tiff,
        };
        let pages = if name == "pages.tif" { 7 } else { 1 };
        let pixels = if name == "jpeg.tif" { Pixels { width: 8, height: 8 } } else { SIZE };
        assert_eq!(read(bytes), Ok(Scan { kind, pages, pixels: Some(pixels) }), "{name}");
    }
    for other in
        [text, b"", b"GIF89a\x01\0\x01\0", b"\x89PNG", b"II+\0\x08\0\0\0", b"RIFF\0\0\0\0WAVE", b"\xff\xd8"]
    {
        assert_eq!(read(other), Err(ScanError::Unknown), "{other:?}");
    }
    assert!(ScanError::Unknown.to_string().contains("a PNG, a JPEG, a WebP, a TIFF or a PDF"));
}

#[test]
fn a_pdf_is_counted_and_sent_as_it_is() {
    let pdf = maker::pdf(3);
    let scan = read(&pdf).unwrap();
    assert_eq!(scan, Scan { kind: Kind::Pdf, pages: 3, pixels: None });
    let pages = pages_for_model(&pdf, &scan).unwrap();
    assert_eq!(pages, [Page { media_type: "application/pdf", bytes: pdf.as_slice().into() }]);
    assert!(matches!(read(b"%PDF-1.4 nothing"), Err(ScanError::Pdf(why)) if why.contains("damaged")));
    assert!(
        matches!(read(&maker::pdf(MAX_PAGES + 1)), Err(ScanError::Pdf(why)) if why.contains("500 pages"))
    );
}

#[test]
fn pictures_are_sent_as_they_are() {
    for (name, media_type) in [("baseline.jpg", "image/jpeg"), ("lossy.webp", "image/webp")] {
        let pages = convert(sample(name)).unwrap();
        assert_eq!(pages, [Page { media_type, bytes: sample(name).into() }]);
    }
}

#[test]
fn a_tiff_becomes_a_png_that_shows_the_same() {
    let grayscale = png::ColorType::Grayscale;
    for name in ["group4.tif", "group4-white-zero.tif", "packbits.tif"] {
        assert_eq!(decoded(&convert(sample(name)).unwrap()[0]), (grayscale, drawn(checkered)), "{name}");
    }
    let pages = convert(sample("lzw-predicted.tif")).unwrap();
    assert_eq!(decoded(&pages[0]), (grayscale, drawn(grey)));
    let pages = convert(sample("deflate.tif")).unwrap();
    assert_eq!(decoded(&pages[0]), (png::ColorType::Rgb, drawn(colored)));
    let pages = convert(sample("rgba.tif")).unwrap();
    let opaque = drawn(|x, y| {
        let [red, green, blue] = colored(x, y);
        [red, green, blue, 255]
    });
    assert_eq!(decoded(&pages[0]), (png::ColorType::Rgba, opaque));
    let pages = convert(sample("pages.tif")).unwrap();
    assert_eq!(pages.len(), MAX_TIFF_PAGES);
    assert!(pages.iter().all(|page| decoded(page) == (grayscale, drawn(checkered))));
}

#[test]
fn either_byte_order_strips_and_tiles() {
    for is_big_endian in [false, true] {
        let strips = Maker { is_big_endian, ..Maker::grey(SIZE, drawn(grey)) };
        assert_eq!(decoded(&convert(&strips.file()).unwrap()[0]).1, drawn(grey));
        // White is 0 here.
        let inverted = drawn(grey).iter().map(|level| 255 - level).collect();
        let inverted = Maker { is_big_endian, ..Maker::grey(SIZE, inverted) }.with(&[(262, 3, &[0])]);
        assert_eq!(decoded(&convert(&inverted.file()).unwrap()[0]).1, drawn(grey));
        // Three by two tiles that extend over the edges.
        let pixels: Vec<_> = (0..6)
            .flat_map(|tile| (0..256).map(move |at| (tile % 3 * 16 + at % 16, tile / 3 * 16 + at / 16)))
            .flat_map(|(x, y)| grey(x, y))
            .collect();
        let starts: Vec<_> = (0..6).map(|tile| 8 + tile * 256).collect();
        let tiled = Maker { is_big_endian, ..Maker::grey(SIZE, pixels) }.without(&[273, 278, 279]).with(&[
            (322, 3, &[16]),
            (323, 3, &[16]),
            (324, 4, &starts),
            (325, 4, &[256; 6]),
        ]);
        assert_eq!(decoded(&convert(&tiled.file()).unwrap()[0]).1, drawn(grey));
    }
}

#[test]
fn a_fax_fills_bytes_from_either_end_and_may_leave_out_white_lines() {
    let written = sample("group4.tif");
    let strip = |bytes: Vec<u8>, more: &[Tag<'_>]| Maker::group4(SIZE, bytes).with(more).file();
    let found = Directory::pages(written).unwrap()[0].strips().unwrap()[0].to_vec();
    let whole = strip(found.clone(), &[]);
    assert_eq!(decoded(&convert(&whole).unwrap()[0]).1, drawn(checkered));
    let reversed = strip(found.iter().map(|byte| byte.reverse_bits()).collect(), &[(266, 3, &[2])]);
    assert_eq!(decoded(&convert(&reversed).unwrap()[0]).1, drawn(checkered));
    // One line of 41 white pixels, then the end of the block.
    let blank = strip(vec![0b1000_0000, 0b0000_1000, 0b0000_0000, 0b1000_0000], &[(262, 3, &[0])]);
    assert_eq!(decoded(&convert(&blank).unwrap()[0]).1, drawn(|_, _| [255]));
    assert_eq!(convert(&strip(found[..20].to_vec(), &[])), Err(ScanError::Damaged(Kind::Tiff)));
}

#[test]
fn files_that_are_too_large_are_refused_by_their_headers() {
    let mut picture = png_of(1, 1);
    picture[16..24].copy_from_slice(&[0, 0, 0x18, 0xdb, 0, 0, 0x18, 0xdb]);
    let large = Pixels { width: 6363, height: 6363 };
    assert_eq!(read(&picture), Err(ScanError::TooManyPixels(large)));
    assert!(ScanError::TooManyPixels(large).to_string().contains("40 million"));
    picture[16..24].copy_from_slice(&[0; 8]);
    assert_eq!(read(&picture), Err(ScanError::Damaged(Kind::Png)));
    let mut picture = sample("lossy.webp").to_vec();
    picture[26..30].copy_from_slice(&[0xff, 0x3f, 0xff, 0x3f]);
    assert!(matches!(read(&picture), Err(ScanError::TooManyPixels(_))));
    assert_eq!(read(&vec![0; MAX_BYTES + 1]), Err(ScanError::TooManyBytes));
    let page = |width, height| Maker::grey(Pixels { width, height }, vec![0]).file();
    assert!(matches!(read(&page(u32::MAX, u32::MAX)), Err(ScanError::TooManyPixels(_))));
    assert_eq!(read(&page(0, 1)), Err(ScanError::Damaged(Kind::Tiff)));
    let colored = Maker::grey(Pixels { width: 5000, height: 4000 }, vec![0]).with(&[
        (258, 3, &[8, 8, 8]),
        (262, 3, &[2]),
        (277, 3, &[3]),
    ]);
    assert_eq!(convert(&colored.file()), Err(ScanError::TooLarge));
    let many = Maker { pages: MAX_PAGES + 1, ..Maker::grey(SIZE, vec![0]) };
    let circle = b"II*\0\x08\0\0\0\0\0\x08\0\0\0";
    for file in [&many.file(), circle.as_slice()] {
        assert_eq!(read(file), Err(ScanError::TooManyPages));
    }
}

#[test]
fn unsupported_features_are_named() {
    for (name, what) in [("group3.tif", "Group 3"), ("jpeg.tif", "JPEG")] {
        let why = convert(sample(name)).unwrap_err().to_string();
        assert!(why.contains(what) && why.contains("Save it as PNG"), "{why}");
    }
    let tags: [&[Tag<'_>]; 8] = [
        &[(258, 3, &[8]), (262, 3, &[2]), (277, 3, &[4]), (338, 3, &[0])],
        &[(262, 3, &[3])],
        &[(258, 3, &[16])],
        &[(339, 3, &[3])],
        &[(266, 3, &[2])],
        &[(258, 3, &[8, 8, 8]), (262, 3, &[2]), (277, 3, &[3]), (284, 3, &[2])],
        &[(258, 3, &[8]), (262, 3, &[5]), (277, 3, &[4])],
        &[(259, 3, &[50000])],
    ];
    for tags in tags {
        let file = Maker::grey(SIZE, drawn(grey)).with(tags).file();
        assert!(matches!(convert(&file), Err(ScanError::Unsupported(_))), "{tags:?}");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "tests run where there are clocks")]
fn small_files_take_little_time() {
    // All strips are the same one, with a pixel after 500,000 empty blocks.
    let nothing = std::iter::repeat_n([0, 0, 0, 0xff, 0xff], 500_000).flatten();
    let pixel = [1, 1, 0, 0xfe, 0xff, 0x55, 0, 0x56, 0, 0x56];
    let strip: Vec<u8> = [0x78, 0x01].into_iter().chain(nothing).chain(pixel).collect();
    let length = u32::try_from(strip.len()).unwrap();
    let strips = Maker::grey(Pixels { width: 1, height: 200 }, strip).with(&[
        (259, 3, &[8]),
        (273, 4, &[8; 200]),
        (278, 3, &[1]),
        (279, 4, &[length; 200]),
    ]);
    // Each tile is as large as a page, and one column of it is visible.
    let starts: Vec<_> = (0..1000).map(|tile| 8 + tile * 4000).collect();
    let tiles = [0x81, 0].repeat(2_000_000);
    let tiles = Maker::grey(Pixels { width: 1, height: 16_000 }, tiles).without(&[273, 278, 279]).with(&[
        (259, 3, &[32_773]),
        (322, 3, &[16_000]),
        (323, 3, &[16]),
        (324, 4, &starts),
        (325, 4, &[4000; 1000]),
    ]);
    // The first line changes its colour 100,000 times at one position; the second passes these changes again and again.
    // Runs of 20 and 0 pixels, of none, of 1 and 0, to the end; then to the change, and to three before the next one.
    let first = ["001", "0001000", "0000110111"].into_iter();
    let first = first.chain(std::iter::repeat_n("001001101010000110111", 100_000));
    let second = std::iter::repeat_n("10000010", 100_000);
    let fax = maker::packed(first.chain(["001", "000111", "0000110111", "1"]).chain(second));
    for file in [strips.file(), tiles.file(), Maker::group4(SIZE, fax).file()] {
        let started = Instant::now();
        assert!(convert(&file).is_err());
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

proptest! {
    #[test]
    fn damage_is_an_error_and_no_panic(
        which in 0..SAMPLES.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        is_cut: bool,
    ) {
        let mut bytes = SAMPLES[which].1.to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if is_cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        check(&bytes);
    }

    #[test]
    fn no_directory_panics(tags in prop::collection::vec((prop::sample::select(maker::TAGS), 1u16..6, prop::collection::vec(prop_oneof![0u32..20, any::<u32>()], 0..4)), 0..8), data in prop::collection::vec(any::<u8>(), 0..100)) {
        let tags: Vec<Tag<'_>> = tags.iter().map(|(tag, kind, values)| (*tag, *kind, values.as_slice())).collect();
        check(&Maker::grey(SIZE, data).with(&tags).file());
    }

    #[test]
    fn no_bytes_panic(start in prop::sample::select(vec![b"\xff\xd8\xff".as_slice(), b"RIFF\0\0\0\0WEBPVP8", b"II*\0", b"MM\0*", b"\x89PNG\r\n\x1a\n", b"%PDF-"]), bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&[start, &bytes].concat());
    }
}

/// Checks that the result for any file is within the bounds.
fn check(bytes: &[u8]) {
    let Ok(scan) = read(bytes) else { return };
    assert!(scan.pages > 0);
    if let Some(Pixels { width, height }) = scan.pixels {
        assert!((1..=MAX_PIXELS).contains(&(u64::from(width) * u64::from(height))));
    }
    if let Ok(pages) = pages_for_model(bytes, &scan) {
        assert!(!pages.is_empty() && pages.len() <= MAX_TIFF_PAGES);
    }
}
