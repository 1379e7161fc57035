//! Small files that are legal to upload and would cost far more than their size. Each is refused or read within bounds of
//! memory and time.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)] // a deviation fails the test
#![allow(clippy::format_push_string)] // the files are small

use std::sync::Mutex;
use std::time::Duration;

use lopdf::{Dictionary, Stream};
use peak_alloc::PeakAlloc;
use readers::document::extract::extract;
use readers::document::kind::Kind;
use readers::error::ReadError;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Held by each test, because the allocator counts for the whole process.
static ALONE: Mutex<()> = Mutex::new(());

/// Most bytes that a document of any kind may take in addition to its own.
const MOST_BYTES: usize = 20_000_000;

/// Most time for a document in a release build. Without optimisation only a hang is a failure: a slow machine takes some seconds.
const MOST_TIME: Duration = Duration::from_millis(if cfg!(debug_assertions) { 60_000 } else { 200 });

const CATALOG: &str = "<< /Type /Catalog /Pages 2 0 R >>";
const PAGES: &str =
    "<< /Type /Pages /Kids [3 0 R] /Count 1 /Resources << /Font 5 0 R /XObject << /X 7 0 R >> >> >>";
const PAGE: &str = "<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>";
const FONTS: &str = "<< /F1 6 0 R >>";
const FONT: &str = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>";
const DRAWN: &str = "BT /F1 9 Tf (x) Tj ET";

/// Writes objects that are numbered from 1, with a table of all of them and of `extra` entries for object 6.
fn with_table(objects: &[Vec<u8>], extra: usize) -> Vec<u8> {
    let mut file = b"%PDF-1.5\n".to_vec();
    let mut table = String::from("0000000000 65535 f \n");
    let mut six = 0;
    for (number, object) in (1..).zip(objects) {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        six = if number == 6 { file.len() } else { six };
        file.extend(format!("{number} 0 obj\n").bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    table.push_str(&format!("{six:010} 00000 n \n").repeat(extra));
    let (start, size) = (file.len(), objects.len() + 1 + extra);
    file.extend(format!("xref\n0 {size}\n{table}trailer\n<< /Size {size} /Root 1 0 R >>\n").bytes());
    file.extend(format!("startxref\n{start}\n%%EOF").bytes());
    file
}

fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    with_table(objects, 0)
}

/// A deflated stream.
fn stream(content: impl Into<Vec<u8>>, dictionary: &str) -> Vec<u8> {
    let mut stream = Stream::new(Dictionary::new(), content.into());
    stream.compress().unwrap();
    let filter = if stream.dict.has(b"Filter") { "/Filter /FlateDecode" } else { "" };
    let mut object =
        format!("<< {filter} /Length {} {dictionary} >>\nstream\n", stream.content.len()).into_bytes();
    object.extend(&stream.content);
    object.extend(b"\nendstream");
    object
}

/// A page that draws `content`, with more objects from 7 on.
fn page(content: impl Into<Vec<u8>>, more: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let first = [CATALOG, PAGES, PAGE].map(|object| object.as_bytes().to_vec());
    let last = [FONTS, FONT].map(|object| object.as_bytes().to_vec());
    [first.as_slice(), &[stream(content, "")], &last, more].concat()
}

/// A page that shows an `x` in each of `fonts`, which are objects from 8 on, beside the `shared` object 7.
fn page_of_fonts(shared: Vec<u8>, fonts: &[String]) -> Vec<Vec<u8>> {
    let shown: String = (0..fonts.len()).map(|font| format!("/F{font} 9 Tf (x) Tj\n")).collect();
    let names: String = (0..fonts.len()).map(|font| format!("/F{font} {} 0 R ", font + 8)).collect();
    let mut objects = page(format!("BT {shown} ET"), &[shared]);
    objects[4] = format!("<< {names} >>").into_bytes();
    objects.extend(fonts.iter().map(|font| font.as_bytes().to_vec()));
    objects
}

/// An object stream whose index names one member `count` times.
fn container(count: usize, member: &str, kind: &str) -> Vec<u8> {
    let index: String = (0..count).map(|number| format!("{} 0 ", 1000 + number)).collect();
    let dictionary = format!("/Type /{kind} /N {count} /First {}", index.len());
    stream(index + member, &dictionary)
}

/// The files by what they repeat.
#[expect(clippy::too_many_lines, reason = "one entry for each attack")]
fn attacks() -> Vec<(&'static str, Kind, Vec<u8>)> {
    let string = format!("({})", "A".repeat(600 << 10));
    let simple = |rest: &str| format!("<< /Type /Font /Subtype /Type1 {rest} >>");
    let composite = |rest: &str| format!("<< /Type /Font /Subtype /Type0 /Encoding /Identity-H {rest} >>");
    let codes: String = (0..30_000).map(|code| format!("<{code:04x}> <{:08x}>\n", code + 0x4e00)).collect();
    let cmap =
        format!("1 begincodespacerange <0000> <ffff> endcodespacerange 1 beginbfchar {codes} endbfchar");
    let glyphs = |count: usize| format!("[0 {}]", "/dieresis.a_dieresis.b 0 ".repeat(count));
    let kids = |count: usize| (0..count).map(|kid| format!("{} 0 R ", kid + 7)).collect::<String>();
    let tree = |kids: &str| format!("<< /Type /Pages /Kids [{kids}] /Count 1 >>").into_bytes();
    let with_pages = |pages: Vec<u8>, more: &[Vec<u8>]| {
        let mut objects = page(DRAWN, more);
        objects[1] = pages;
        objects
    };
    let form = |content: String| stream(content, "/Type /XObject /Subtype /Form");
    let long = |text: &str| format!("<7a> <{}>", text.repeat(16));
    let pdfs = vec![
        ("operands", pdf(&page(format!("BT /F1 9 Tf (x) Tj [{}] TJ ET", "0 ".repeat(2_000_000)), &[]))),
        ("operands of no operator", pdf(&page("0 ".repeat(2_000_000), &[]))),
        ("arrays in arrays", pdf(&page("[".repeat(4_000_000), &[]))),
        ("saved states", pdf(&page("q ".repeat(2_000_000), &[]))),
        ("operators", pdf(&page(format!("BT /F1 9 Tf {}", "T*".repeat(1 << 20)), &[]))),
        ("inline images", pdf(&page("BI ID ".repeat(600_000), &[]))),
        ("codes without a text", pdf(&page(format!("BT /F1 9 Tf ({}) Tj", "\x01".repeat(4_000_000)), &[]))),
        ("empty strings", pdf(&page(format!("BT /F1 9 Tf [{}] TJ", "()".repeat(2_000_000)), &[]))),
        ("spaces of a page", pdf(&page(" ".repeat(9 << 20), &[]))),
        ("pages that share a stream", {
            let pages: Vec<_> = (0..400).map(|_| PAGE.as_bytes().to_vec()).collect();
            let mut objects = with_pages(tree(&kids(400)), &pages);
            objects[3] = stream(" ".repeat(3 << 20), "");
            pdf(&objects)
        }),
        ("a stream that a page names often", {
            let mut objects = page(" ".repeat(3 << 20), &[]);
            objects[2] = format!("<< /Type /Page /Contents [{}] >>", "4 0 R ".repeat(30_000)).into_bytes();
            pdf(&objects)
        }),
        ("members of an object stream", {
            let mut objects = page(DRAWN, &[container(100_000, &string, "ObjStm")]);
            objects[1] = tree(&(0..1000).map(|kid| format!("{} 0 R ", 1000 + kid)).collect::<String>());
            // The scan of a damaged file adds the members.
            pdf(&objects).replace(b"startxref", b"stopxref")
        }),
        ("unused members", pdf(&page(DRAWN, &[container(100_000, &string, "ObjStm")]))),
        ("members under an escaped name", {
            pdf(&page(DRAWN, &[container(100_000, &string, "Obj#53tm")])).replace(b"startxref", b"stopxref")
        }),
        ("object streams in a damaged file", {
            let containers: Vec<_> =
                (0..300).map(|_| container(100, &" ".repeat(2_000_000), "ObjStm")).collect();
            pdf(&page(DRAWN, &containers)).replace(b"startxref", b"stopxref")
        }),
        ("tables of fonts", {
            let fonts = vec![composite("/ToUnicode 7 0 R"); 900];
            pdf(&page_of_fonts(stream(cmap.clone(), ""), &fonts))
        }),
        ("tables of equal fonts", {
            let mut objects = page_of_fonts(stream(cmap.clone(), ""), &vec![composite(""); 30]);
            for number in 0..30 {
                objects[number + 7] = composite(&format!("/ToUnicode {} 0 R", 38 + number)).into_bytes();
            }
            objects.extend((0..30).map(|_| stream(cmap.clone(), "")));
            pdf(&objects)
        }),
        ("ranges of a table", {
            let ranges = "<0000> <ffffffff> <0041>\n".repeat(40_000);
            let fonts = vec![composite("/ToUnicode 7 0 R"); 900];
            pdf(&page_of_fonts(stream(format!("1 beginbfrange {ranges}"), ""), &fonts))
        }),
        ("long texts of a code", {
            let cmap = format!(
                "1 begincodespacerange <00> <ff> endcodespacerange 1 beginbfchar {}",
                long("d83dde00")
            );
            let mut objects = page_of_fonts(stream(cmap, ""), &[simple("/ToUnicode 7 0 R")]);
            objects[3] = stream(format!("BT /F0 9 Tf ({}) Tj", "z".repeat(4_000_000)), "");
            pdf(&objects)
        }),
        ("differences", {
            let fonts = vec![simple("/Encoding << /Differences 7 0 R >>"); 900];
            pdf(&page_of_fonts(glyphs(15_000).into_bytes(), &fonts))
        }),
        ("a glyph of many parts", {
            let glyph = format!("[65 /{}]", "a_".repeat(2_000_000));
            pdf(&page_of_fonts(glyph.into_bytes(), &[simple("/Encoding << /Differences 7 0 R >>")]))
        }),
        ("widths", {
            let widths = format!("[{}]", "0 8 0 R ".repeat(8_000));
            let font = composite("/DescendantFonts [<< /W 7 0 R >>]");
            let mut fonts = vec![font; 900];
            fonts[0] = format!("[{}]", "1 ".repeat(30_000));
            pdf(&page_of_fonts(widths.into_bytes(), &fonts))
        }),
        ("fonts", pdf(&page_of_fonts(Vec::new(), &vec![simple(""); 5000]))),
        ("one object under many numbers", {
            let mut objects = page(DRAWN, &[]);
            objects[1] = tree(&kids(30_000));
            objects[5] = string.clone().into_bytes();
            with_table(&objects, 100_000)
        }),
        ("entries", with_table(&page(DRAWN, &[]), 200_000)),
        ("entries of a cross-reference stream", {
            let mut file = b"%PDF-1.5\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n".to_vec();
            let start = file.len();
            file.extend(b"3 0 obj\n");
            let rows = [1_u8, 0, 9].repeat(1_300_000);
            file.extend(stream(rows, "/Type /XRef /W [1 2 0] /Size 1300000 /Root 1 0 R"));
            file.extend(format!("\nendobj\nstartxref\n{start}\n%%EOF").bytes());
            file
        }),
        ("older tables", {
            let mut file = b"%PDF-1.5\n".to_vec();
            let mut last = 0;
            for _ in 0..80_000 {
                let start = file.len();
                file.extend(format!("xref\ntrailer\n<</Root 1 0 R/Prev {last}>>\n").bytes());
                last = start;
            }
            file.extend(format!("startxref\n{last}\n%%EOF").bytes());
            file
        }),
        ("values of an array", pdf(&with_pages(tree(&"0 ".repeat(2_500_000)), &[]))),
        ("nested values", pdf(&with_pages(tree(&"[<</A".repeat(900_000)), &[]))),
        ("trees that share their branches", {
            let levels: Vec<_> = (0..60).map(|level| tree(&format!("{0} 0 R {0} 0 R", level + 8))).collect();
            pdf(&with_pages(tree("7 0 R 7 0 R"), &levels))
        }),
        ("branches of a deep tree", {
            let levels: Vec<_> = (0..30_000).map(|level| tree(&format!("{} 0 R", level + 8))).collect();
            pdf(&with_pages(tree("7 0 R"), &levels))
        }),
        ("references", {
            let links: Vec<_> = (0..30_000).map(|link| format!("{} 0 R", link + 8).into_bytes()).collect();
            pdf(&with_pages(tree("7 0 R"), &links))
        }),
        ("forms", pdf(&page("/X Do ".repeat(600_000), &[form(" ".repeat(1 << 20))]))),
        ("forms in forms", pdf(&page("/X Do ".repeat(1000), &[form("/X Do ".repeat(1000))]))),
        ("filters", {
            let mut object =
                format!("<< /Filter [{}] /Length 9 >>\nstream\n", "/AHx /ASCIIHexDecode ".repeat(100_000))
                    .into_bytes();
            object.extend(b"313233343\nendstream");
            let mut objects = page(DRAWN, &[]);
            objects[3] = object;
            pdf(&objects)
        }),
        ("columns of a predictor", {
            let mut objects = page(DRAWN, &[]);
            objects[3] = stream(
                " ".repeat(3 << 20),
                "/DecodeParms << /Predictor 12 /Columns 2147483647 /Colors 2147483647 >>",
            );
            pdf(&objects)
        }),
        ("rows of a predictor", {
            let mut objects = page(DRAWN, &[]);
            objects[3] = stream(vec![0; 4_000_000], "/DecodeParms << /Predictor 12 /Columns 0 >>");
            pdf(&objects)
        }),
        ("streams without an end", {
            let open: Vec<_> = (0..30_000).map(|_| b"<</Length 9>>stream\n".to_vec()).collect();
            let mut objects = page(DRAWN, &open);
            let contents: String = (0..30_000).map(|number| format!("{} 0 R ", number + 7)).collect();
            objects[2] = format!("<< /Type /Page /Contents [{contents}] >>").into_bytes();
            pdf(&objects)
        }),
        ("streams that overlap", {
            let open: Vec<_> = (0..30_000).map(|_| b"<</Length 3000000>>stream\n".to_vec()).collect();
            let mut objects = page(DRAWN, &open);
            let contents: String = (0..30_000).map(|number| format!("{} 0 R ", number + 7)).collect();
            objects[2] = format!("<< /Type /Page /Contents [{contents}] >>").into_bytes();
            objects.push(b"endstream".to_vec());
            pdf(&objects)
        }),
        ("headers of a damaged file", [b"%PDF-1.5\n".as_slice(), &b"1 0 obj ".repeat(600_000)].concat()),
        (
            "trailers of a damaged file",
            [b"%PDF-1.5\n1 0 obj<<".as_slice(), &b"/XRef ".repeat(800_000)].concat(),
        ),
        (
            "escapes of a name",
            pdf(&with_pages(format!("<< /Kids [/{}] >>", "#41".repeat(1_600_000)).into_bytes(), &[])),
        ),
        ("comments", pdf(&page("%\n".repeat(2_000_000), &[]))),
    ];
    pdfs.into_iter().map(|(name, bytes)| (name, Kind::Pdf, bytes)).chain(texts()).collect()
}

/// Texts, tables and pages of the size of an upload.
fn texts() -> Vec<(&'static str, Kind, Vec<u8>)> {
    let filled = |line: &str| line.repeat((5 << 20) / line.len()).into_bytes();
    vec![
        ("a text", Kind::Text, filled("word ")),
        ("a text of signs of three bytes", Kind::Text, vec![0x80; 5 << 20]),
        ("a table of signs of three bytes", Kind::Csv, [0x80, b'\n'].repeat(5 << 19)),
        ("a table", Kind::Csv, filled("Ann,5\n")),
        ("a table of one row", Kind::Csv, filled(",")),
        ("a table of cells with lines", Kind::Csv, filled("\"\n\",")),
        (
            "a table with a long header",
            Kind::Csv,
            [b"name,".repeat(500_000), b"\n1,2".repeat(600_000)].concat(),
        ),
        ("a page", Kind::Html, filled("<p>word")),
        ("cells of a page", Kind::Html, [b"<table>".to_vec(), b"<td>".repeat(1_300_000)].concat()),
        ("rows of a page", Kind::Html, [b"<table>".to_vec(), b"<tr><td>a".repeat(500_000)].concat()),
        ("tables of a page", Kind::Html, filled("<table><td>a</table>")),
        (
            "attributes of a tag",
            Kind::Html,
            [
                b"<p ".to_vec(),
                (0..900_000).flat_map(|n| format!("{n:x} ").into_bytes()).take(5_000_000).collect(),
            ]
            .concat(),
        ),
        ("hidden elements", Kind::Html, filled("<svg>")),
        ("a comment", Kind::Html, [b"<!--".to_vec(), b"- ".repeat(2_500_000)].concat()),
        ("entities", Kind::Html, filled("&amp;")),
    ]
}

trait Replace {
    fn replace(self, from: &[u8], to: &[u8]) -> Self;
}

impl Replace for Vec<u8> {
    fn replace(mut self, from: &[u8], to: &[u8]) -> Self {
        let at = self.windows(from.len()).rposition(|window| window == from).unwrap();
        self.splice(at..at + from.len(), to.iter().copied());
        self
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the time that a file takes is what is measured")]
fn no_small_file_takes_much_memory_or_time() {
    let _alone = ALONE.lock();
    let mut failures = Vec::new();
    for (name, kind, bytes) in attacks() {
        assert!(bytes.len() <= 5 << 20, "{name} has {} bytes", bytes.len());
        let before = ALLOCATOR.current_usage();
        ALLOCATOR.reset_peak_usage();
        let start = std::time::Instant::now();
        let outcome = extract(kind, &bytes, None);
        let time = start.elapsed();
        let memory = ALLOCATOR.peak_usage() - before;
        let outcome = match outcome {
            Ok(parts) => format!("{} parts", parts.len()),
            Err(error) => error.to_string(),
        };
        let line = format!("{name} ({} bytes): {} bytes more, {time:?}: {outcome}", bytes.len(), memory);
        println!("{line}");
        if memory > MOST_BYTES || time > MOST_TIME {
            failures.push(line);
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_refusal_names_the_limit() {
    let _alone = ALONE.lock();
    let files = [
        (pdf(&page(" ".repeat(9 << 20), &[])), "4 MiB"),
        (with_table(&page(DRAWN, &[]), 200_000), "131072 objects"),
        (
            pdf(&page(DRAWN, &[])).replace(b"[3 0 R]", format!("[{}]", "0 ".repeat(200_000)).as_bytes()),
            "114688 values",
        ),
        (pdf(&page("/X Do ".repeat(600_000), &[stream(" ".repeat(1 << 20), "/Subtype /Form")])), "40 MiB"),
    ];
    for (file, limit) in files {
        let error = extract(Kind::Pdf, &file, None).unwrap_err();
        assert!(matches!(&error, ReadError::TooLong(detail) if detail.contains(limit)), "{error}");
    }
}
