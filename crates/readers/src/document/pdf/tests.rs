//! Tests with minimal generated PDFs.

use lopdf::{Document, EncryptionState, EncryptionVersion, Object, Permissions, Stream, dictionary};

use super::*;
use crate::document::extract::extract;
use crate::document::kind::Kind;

/// Makes a PDF with one page per content stream.
fn pdf(pages: &[&str]) -> Vec<u8> {
    let mut document = Document::with_version("1.5");
    let tree = document.new_object_id();
    let font = document.add_object(dictionary! {
        "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica", "Encoding" => "WinAnsiEncoding",
    });
    let form = dictionary! { "Type" => "XObject", "Subtype" => "Form", "Resources" => dictionary! { "Font" => dictionary! { "F9" => font } } };
    let form = document.add_object(Stream::new(form, b"BT /F9 10 Tf (framed) Tj ET".to_vec()));
    let kids: Vec<Object> = pages
        .iter()
        .map(|drawn| {
            let mut stream = Stream::new(dictionary! {}, drawn.as_bytes().to_vec());
            stream.compress().unwrap();
            let content = document.add_object(stream);
            document
                .add_object(dictionary! { "Type" => "Page", "Parent" => tree, "Contents" => content })
                .into()
        })
        .collect();
    let count = i64::try_from(kids.len()).unwrap();
    let resources =
        dictionary! { "Font" => dictionary! { "F1" => font }, "XObject" => dictionary! { "X1" => form } };
    let root = dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count, "Resources" => resources };
    document.objects.insert(tree, Object::Dictionary(root));
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    document.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    bytes
}

fn texts(pages: &[&str]) -> Vec<(Option<u32>, String)> {
    read(&pdf(pages)).unwrap().into_iter().map(|part| (part.page, part.text)).collect()
}

#[test]
fn gaps_are_spaces_lines_and_paragraphs() {
    for (drawn, text) in [
        ("BT /F1 10 Tf (One) Tj 0 -12 Td (Two) Tj 0 -24 Td (Three) Tj ET", "One\nTwo\n\nThree"),
        ("BT /F1 10 Tf [(He) 20 (llo) -300 (you)] TJ ET", "Hello you"),
        ("BT /F1 10 Tf 12 TL (One) Tj T* (Two) Tj (Three) ' ET", "One\nTwo\nThree"),
        (
            "BT /F1 1 Tf 10 0 0 10 50 700 Tm (One) Tj 1 0 0 1 0 0 Tm ET BT 10 0 0 10 80 700 Tm (two) Tj ET",
            "One two",
        ),
        ("q 10 0 0 10 0 0 cm BT /F1 1 Tf (On) Tj ET Q BT /F1 10 Tf 10 0 Td (e) Tj ET", "One"),
        ("BT /F1 10 Tf (Gr\\374\\337e) Tj ET", "Grüße"),
        ("BT /F1 10 Tf (Before) Tj ET /X1 Do", "Before\nframed"),
    ] {
        assert_eq!(texts(&[drawn]), [(Some(1), text.to_owned())], "{drawn}");
    }
}

#[test]
fn pages_have_their_numbers_and_a_scan_is_told() {
    let drawn = "BT /F1 10 Tf (Text) Tj ET";
    assert_eq!(texts(&[drawn, "0 0 m 9 9 l S", drawn]), [(Some(1), "Text".into()), (Some(3), "Text".into())]);
    let scan = extract(Kind::Pdf, &pdf(&["q 100 0 0 100 0 0 cm /Im1 Do Q"]), None).unwrap_err();
    assert!(matches!(scan, ReadError::WithoutText(detail) if detail.contains("OCR")), "{scan}");
}

#[test]
fn files_that_are_too_large_are_refused() {
    let is_too_long =
        |pages: &[&str]| matches!(extract(Kind::Pdf, &pdf(pages), None), Err(ReadError::TooLong(_)));
    assert!(is_too_long(&vec!["n"; MAX_PAGES + 1]));
    // 9 MB in 9 KB.
    assert!(is_too_long(&[&" ".repeat(9 << 20)]));
    let page = " ".repeat(6 << 20);
    assert!(is_too_long(&[page.as_str(); 9]));
    let text = format!("BT /F1 10 Tf ({}) Tj ET", "long ".repeat(60_000));
    assert!(is_too_long(&[text.as_str(); 4]));
}

#[test]
fn a_form_that_contains_itself_ends() {
    let mut document = Document::load_mem(&pdf(&["/X1 Do"])).unwrap();
    let form = document
        .objects
        .iter()
        .find(|(_, object)| object.as_stream().is_ok_and(|stream| stream.dict.has(b"Resources")));
    let id = *form.unwrap().0;
    let stream = document.get_object_mut(id).and_then(Object::as_stream_mut).unwrap();
    stream.set_plain_content(b"BT /F9 10 Tf (x) Tj ET /X1 Do".to_vec());
    stream.dict.set("Resources", dictionary! { "XObject" => dictionary! { "X1" => id } });
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    assert!(read(&bytes).is_ok());
}

/// A file of objects, with one stream that has the places of all of them and one with the objects from 5 on.
fn modern() -> Vec<u8> {
    let members = [
        "<< /Type /Pages /Kids [6 0 R] /Count 1 >>",
        "<< /Type /Page /Contents 2 0 R /Resources 7 0 R >>",
        "<< /Font << /F1 8 0 R >> >>",
        "<< /Type /Font /Subtype /Type1 >>",
    ];
    let (mut index, mut body) = (String::new(), String::new());
    for (number, member) in (5..).zip(members) {
        index.extend([number.to_string(), " ".into(), body.len().to_string(), " ".into()]);
        body.extend([member, "\n"]);
    }
    let mut file = b"%PDF-1.5\n".to_vec();
    let mut places = vec![0; 4];
    for (number, dictionary, content) in [
        (1, String::new(), String::from("<< /Type /Catalog /Pages 5 0 R >>")),
        (2, "/Length 3 0 R".into(), "BT /F1 9 Tf (modern) Tj ET".into()),
        (3, String::new(), "26".into()),
        (4, format!("/Type /ObjStm /N 4 /First {} /Length 0", index.len()), index.clone() + &body),
    ] {
        places.extend([
            1,
            0,
            u8::try_from(file.len() / 256).unwrap(),
            u8::try_from(file.len() % 256).unwrap(),
        ]);
        let object = if dictionary.is_empty() {
            content
        } else {
            format!("<< {dictionary} >>stream\r\n{content}\nendstream")
        };
        file.extend(format!("{number} 0 obj {object} endobj\n").bytes());
    }
    places.extend((5..9).flat_map(|_| [2, 0, 0, 4]));
    let start = file.len();
    file.extend(
        format!("9 0 obj << /Type /XRef /W [1 3 0] /Size 9 /Root 1 0 R /Length {} >> stream\n", places.len())
            .bytes(),
    );
    file.extend(places);
    file.extend(format!("\nendstream endobj\nstartxref\n{start}\n%%EOF").bytes());
    file
}

#[test]
fn object_streams_are_read_by_their_table_or_by_a_scan() {
    let read_text = |file: &[u8]| read(file).unwrap().into_iter().map(|part| part.text).collect::<String>();
    let file = modern();
    assert_eq!(read_text(&file), "modern");
    assert_eq!(read_text(&[b"mail header\n".as_slice(), &file].concat()), "modern");
    // Cut before `startxref`, and in the middle of the last object.
    for cut in [20, 60] {
        assert_eq!(read_text(&file[..file.len() - cut]), "modern", "{cut}");
    }
    assert!(matches!(read(&file[..200]), Err(ReadError::Unreadable(_))));
}

#[test]
fn a_file_that_needs_no_password_is_decrypted() {
    for (user, text) in [("", Ok("secret")), ("guess", Err("password"))] {
        let mut document = Document::load_mem(&pdf(&["BT /F1 10 Tf (secret) Tj ET"])).unwrap();
        let id = Object::string_literal("0123456789abcdef");
        document.trailer.set("ID", vec![id.clone(), id]);
        let version = EncryptionVersion::V2 {
            document: &document,
            owner_password: "owner",
            user_password: user,
            key_length: 128,
            permissions: Permissions::all(),
        };
        let state = EncryptionState::try_from(version).unwrap();
        document.encrypt(&state).unwrap();
        let mut bytes = Vec::new();
        document.save_to(&mut bytes).unwrap();
        match (read(&bytes), text) {
            (Ok(parts), Ok(text)) => assert_eq!(parts[0].text, text),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (read, _) => panic!("{read:?}"),
        }
    }
}

/// A page with these fonts beside Helvetica, `F1`.
fn with_font(font: &str, more: &str, drawn: &str) -> Vec<u8> {
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Contents 4 0 R /Resources << /Font << /F1 5 0 R /F2 6 0 R >> >> >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{drawn}\nendstream", drawn.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        format!("<< /Type /Font /Subtype /Type0 {font} >>"),
        more.to_owned(),
    ];
    let objects = (1..).zip(objects).map(|(number, object)| format!("{number} 0 obj\n{object}\nendobj\n"));
    // Without a table: the file is scanned.
    format!("%PDF-1.5\n{}", objects.collect::<String>()).into_bytes()
}

#[test]
fn a_predefined_map_gives_the_text_of_its_charset() {
    let drawn = "BT /F2 10 Tf <C4E3BAC3> Tj /F1 10 Tf 0 -20 Td (Latin) Tj ET";
    let file = with_font("/Encoding /GBK-EUC-H", "", drawn);
    assert_eq!(read(&file).unwrap()[0].text.trim(), "你好\n\nLatin");
}

#[test]
fn text_that_is_lost_is_told() {
    let drawn = "BT /F2 10 Tf <00410042> Tj /F1 10 Tf 0 -20 Td (Latin) Tj ET";
    let file = with_font("/Encoding /Identity-H", "", drawn);
    assert!(read(&file).unwrap()[0].text.ends_with(LOST));
    let file = with_font("/Encoding /Identity-H", "", "BT /F2 10 Tf <00410042> Tj ET");
    assert!(matches!(extract(Kind::Pdf, &file, None), Err(ReadError::WithoutText(_))));
}

#[test]
fn letters_that_are_drawn_from_left_to_right_are_read_from_right_to_left() {
    let map = "1 beginbfrange <0000> <00ff> <0500> endbfrange";
    let map = format!("<< /Length {} >>\nstream\n{map}\nendstream", map.len());
    let font = "/Encoding /Identity-H /ToUnicode 7 0 R";
    let file = with_font(font, &map, "BT /F2 10 Tf <00DD00D500DC00E9> Tj ET");
    assert_eq!(read(&file).unwrap()[0].text, "\u{5e9}\u{5dc}\u{5d5}\u{5dd}");
    // One letter a string, from the right: this is how it is read already.
    let file = with_font(font, &map, "BT /F2 10 Tf <00E9> Tj -11 0 Td <00DC> Tj ET");
    assert!(read(&file).unwrap()[0].text.starts_with('\u{5e9}'));
}
