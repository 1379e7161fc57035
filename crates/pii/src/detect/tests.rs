use proptest::prelude::*;

use super::*;

mod forms;

/// Everything that the built-in detectors find.
fn everything(text: &str) -> Vec<Finding> {
    find(text, &Scope { plain_urls: true, ..Scope::new(&Patterns::default(), &KnownValues::new()) })
}

/// The findings as kind and text.
fn found(text: &str) -> Vec<(&'static str, &str)> {
    everything(text)
        .iter()
        .map(|one| (one.entity.name().unwrap(), text.get(one.start..one.end).unwrap()))
        .collect()
}

/// Findings of known values, as index and text.
fn known<'t>(values: &[(&str, &str)], text: &'t str) -> Vec<(usize, &'t str)> {
    let mut known = KnownValues::new();
    for (kind, value) in values {
        known.add(kind, value);
    }
    let findings = find(text, &Scope::new(&Patterns::default(), &known));
    let place = |one: &Finding| match one.entity {
        Entity::Known(place) => Some((place, text.get(one.start..one.end).unwrap())),
        _ => None,
    };
    findings.iter().filter_map(place).collect()
}

#[test]
fn known_values_are_found_in_any_spelling() {
    for (kind, value, text, spelled) in [
        ("PERSON", "José García", "yours, JOSE  GARCIA.", "JOSE  GARCIA"),
        ("PERSON", "Ada King Lovelace", "Lovelace, Ada King signed", "Lovelace, Ada King"),
        ("PERSON", "Ada Lovelace", "ada-lovelace's desk", "ada-lovelace"),
        ("PERSON", "张伟", "我叫张伟，你好", "张伟"),
        ("PERSON", "김철수", "김철수는 왔다", "김철수"),
        ("PASSWORD", "hunter2!", "it was hunter2! again", "hunter2!"),
        ("US_BANK_ACCOUNT", "12345678", "from 1234-5678 to", "1234-5678"),
        ("PHONE", "467 3395", "ring 4673395 now", "4673395"),
    ] {
        assert_eq!(known(&[(kind, value)], text), [(0, spelled)], "{text}");
    }
}

#[test]
fn a_known_value_is_no_part_of_another_word() {
    for (kind, value, text) in [
        ("PERSON", "Al Ice", "Alice was there"),
        ("PERSON", "Ann Lee", "Joann Leeds, Ann Leeds"),
        ("PASSWORD", "Secret-1", "a secret-1 and Secret-12"),
        ("US_BANK_ACCOUNT", "123456", "1234567 and A123456"),
        ("EMAIL", "a.b@example.com", "ab@example.com is not it"),
        ("PERSON", "Ada Lovelace", "Ada, who was called ..... Lovelace"),
    ] {
        assert_eq!(known(&[(kind, value)], text), [], "{text}");
    }
}

#[test]
fn the_longest_wins_where_a_known_value_is_a_part_of_something() {
    assert_eq!(known(&[("PERSON", "Ada Lovelace")], "ada.lovelace@example.com"), []);
    assert_eq!(found("ada.lovelace@example.com"), [("EMAIL", "ada.lovelace@example.com")]);
}

#[test]
fn a_deployment_adds_its_own_patterns() {
    let patterns = Patterns::parse(r#"[{"name":"CUSTOMER_NO","pattern":"\\bKD-[0-9]{6}\\b"}]"#).unwrap();
    let known = KnownValues::new();
    let scope = Scope::new(&patterns, &known);
    let findings = find("customer KD-１２3456, not KD-1234567", &scope);
    let rule = Rule { name: "custom", is_disguised: false };
    assert_eq!(findings, [Finding { start: 9, end: 22, entity: Entity::Custom(0), rule }]);
}

#[test]
fn plain_web_addresses_are_left_alone_but_what_they_carry_is_not() {
    let (patterns, known) = (Patterns::default(), KnownValues::new());
    let scope = Scope::new(&patterns, &known);
    let names = |text| find(text, &scope).iter().map(|one| one.entity.name().unwrap()).collect::<Vec<_>>();
    assert_eq!(names("see https://example.org/a?b=c"), [""; 0]);
    assert_eq!(names("see https://example.org/?mail=ann@example.org"), ["EMAIL"]);
    assert_eq!(names("see https://ann:pw1234@example.org/"), ["URL"]);
    assert_eq!(names("see https://example.org/?a=1&access_token=abcdef12"), ["URL"]);
}

#[test]
fn what_is_personal_is_found_with_its_exact_bounds() {
    for (text, entity, value) in [
        ("EMAIL='a.b+c@mail.example.org'", "EMAIL", "a.b+c@mail.example.org"),
        ("write to ann (at) example (dot) com now", "EMAIL", "ann (at) example (dot) com"),
        ("call (415) 555-2671x12 today", "PHONE", "(415) 555-2671x12"),
        ("+44 20 7946 0958, please", "PHONE", "+44 20 7946 0958"),
        ("Phone:\n467 3395", "PHONE", "467 3395"),
        ("4111 1111 1111 1111", "CREDIT_CARD", "4111 1111 1111 1111"),
        ("amex 3782-822463-10005.", "CREDIT_CARD", "3782-822463-10005"),
        ("2223003122003222", "CREDIT_CARD", "2223003122003222"),
        ("ssn 078-05-1120", "US_SSN", "078-05-1120"),
        ("GB82 WEST 1234 5698 7654 32.", "IBAN", "GB82 WEST 1234 5698 7654 32"),
        ("at 203.0.113.7.", "IP_ADDRESS", "203.0.113.7"),
        ("[2001:db8::8a2e:370:7334]", "IP_ADDRESS", "2001:db8::8a2e:370:7334"),
        ("00:1B:44:11:3A:B7", "MAC_ADDRESS", "00:1B:44:11:3A:B7"),
        ("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "CRYPTO", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
        (
            "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
            "CRYPTO",
            "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
        ),
        ("password: hunter2!", "PASSWORD", "hunter2!"),
        ("born on 3 May 1990", "DATE_OF_BIRTH", "3 May 1990"),
        ("CPF 111.444.777-35", "BR_CPF", "111.444.777-35"),
        ("my PESEL is 44051401359", "PL_PESEL", "44051401359"),
        ("codice fiscale RSSMRA85T10A562S", "IT_FISCAL_CODE", "RSSMRA85T10A562S"),
        ("DNI 12345678Z", "ES_NIF", "12345678Z"),
        ("S1234567D", "SG_NRIC", "S1234567D"),
        ("henkilötunnus 131052-308T", "FI_HETU", "131052-308T"),
        ("passport no. L01X00T47", "PASSPORT", "L01X00T47"),
        ("see https://example.org/a?b=c.", "URL", "https://example.org/a?b=c"),
    ] {
        assert_eq!(found(text), [(entity, value)], "{text}");
    }
}

#[test]
fn keys_are_known_by_how_they_begin() {
    let body = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0";
    for prefix in [concat!("gh", "p_"), concat!("sk", "-proj-"), concat!("gl", "pat-"), concat!("np", "m_")] {
        let key = format!("{prefix}{body}");
        assert_eq!(found(&format!("use {key}.")), [("API_KEY", key.as_str())]);
    }
    let jwt = format!("{}.{}.{body}", concat!("ey", "JhbGciOiJIUzI1NiJ9"), concat!("ey", "JzdWIiOiIxIn0"));
    assert_eq!(found(&format!("Bearer {jwt}")), [("JWT", jwt.as_str())]);
    let pem = format!("-----BEGIN {0}-----\n{body}\n-----END {0}-----", concat!("PRIVATE", " KEY"));
    assert_eq!(found(&format!("here:\n{pem}\nthanks")), [("PRIVATE_KEY", pem.as_str())]);
}

#[test]
fn a_part_of_a_uuid_is_no_number_of_a_person() {
    for uuid in [
        "be852814-11d0-44c9-a144-37bd64e396c0",
        "C6E892EA-AD46-4EDC-AC85-44345C7E5401",
        "00410625-1712-4806-afd9-1ef30392ed96",
    ] {
        for text in [
            uuid.to_string(),
            format!("user_{uuid}, done"),
            format!("/a/{uuid}/b.{uuid}"),
            format!("{uuid}-{uuid}"),
        ] {
            assert_eq!(found(&text), [], "{text}");
        }
        assert_eq!(found(&format!("password: {uuid}")), [("PASSWORD", uuid)]);
    }
    // Hexadecimal groups of other lengths are no UUID.
    assert_eq!(found("be852814-11d0-44c9"), [("IBAN", "be852814-11d0-44c9")]);
}

#[test]
fn what_only_looks_like_it_is_left_alone() {
    for text in [
        "lodash@4.17.21 and git@github.com:acme/widgets.git",
        "released 1.2.3.4 as version 1.2.3.4",
        "OID 1.3.6.1.4.1.311.21.20",
        "epoch 1715390092, 1715390092123",
        "row 667 113 2076 of the table",
        "tracking number 7413003397631193",
        "uuid 123e4567-e89b-12d3-a456-426614174000",
        "sha 5d41402abc4b2a76b9719d911017c592 and 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12",
        "pi is 3.14159265358979, and 1,234,567.89 francs",
        "2026-11-24T10:15:30.123Z, 24.11.2026",
        "ISBN 978-3-16-148410-0",
        "XX80 2068 0199 9697 1363",
        "std::fmt::Display, a::b::c, 10:30:45",
        "reset your password, then change the password again",
        "let password = std::env::var(NAME1);",
        "#d4326d and rgba(12, 34, 56, 0.5)",
        "127.0.0.1 and ::1",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn digits_alone_need_a_word_beside_them() {
    assert_eq!(found("111222333"), []);
    assert_eq!(found("BSN 111222333"), [("NL_BSN", "111222333")]);
    assert_eq!(found("BSN 111222334"), [], "and their checksum");
    assert_eq!(found("The BSN was asked for. We have 111222333 rows"), [], "in the same sentence");
}

#[test]
fn a_column_is_told_by_its_heading() {
    let table = "id,ssn,routing\n1000,133-67-5404,021000021\n1001,078-05-1120,011401533";
    assert_eq!(
        found(table),
        [
            ("US_SSN", "133-67-5404"),
            ("ABA_ROUTING", "021000021"),
            ("US_SSN", "078-05-1120"),
            ("ABA_ROUTING", "011401533"),
        ]
    );
}

#[test]
fn a_table_under_prose_is_told_by_its_own_header() {
    for (text, entity, values) in [
        (
            "Here is our staff list, please check it\nname,ssn\nAnn,078051120\nBob,219099999",
            "US_SSN",
            &["078051120", "219099999"][..],
        ),
        ("Hi team, see below\nname,phone\nAnn,0791234567", "PHONE", &["0791234567"]),
        ("sep=;\nName;SSN;Betrag\nAnn;078051120;1,5", "US_SSN", &["078051120"]),
        ("name,ssn\n\"Smith, Ann\",078051120", "US_SSN", &["078051120"]),
        ("Staff list;;\nName;SSN;Betrag\nAnn;078051120;1,5", "US_SSN", &["078051120"]),
        ("Hi, look\nname,mobile_2\nAnn,0791234567", "PHONE", &["0791234567"]),
        ("Hello, see below\nname,bsn\nAnn,111222333", "NL_BSN", &["111222333"]),
        ("| name | ssn |\n|---|---|\n| n/a | n/a |\n| Ann | 078051120 |", "US_SSN", &["078051120"]),
        (
            "INSERT INTO staff (id, name, ssn) VALUES (17, 'Ann, Lee', '078051120'), (18, 'Bob', '219099999');",
            "US_SSN",
            &["078051120", "219099999"],
        ),
        (
            "user_id|pwd|last_login\nlena|Summer2025!|2026-01-01\ntom|Winter#99|2026-01-02",
            "PASSWORD",
            &["Summer2025!", "Winter#99"],
        ),
    ] {
        let wanted: Vec<_> = values.iter().map(|value| (entity, *value)).collect();
        let of_kind: Vec<_> = found(text).into_iter().filter(|(kind, _)| *kind == entity).collect();
        assert_eq!(of_kind, wanted, "{text}");
    }
    for text in [
        "id,qty,price,sku\n1001,3,19.99,884-22-1190\n1002,1,5.00,112-33-4455",
        "title,amount\nChair,078051120",
        "const { password, email } = user;\nreturn { token, name };",
        "INSERT INTO staff (id, total) VALUES (17, 078051120)",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn mail_addresses_may_be_written_in_any_script() {
    for address in [
        "user@пример.рф",
        "иван@example.com",
        "иван.petrov@example.com",
        "user@example.xn--p1ai",
        "δοκιμή@παράδειγμα.ελ",
        "用户@例子.中国",
        "jörg@müller.de",
        "kate.o'reilly@example.com",
    ] {
        assert_eq!(found(&format!("mail {address} now")), [("EMAIL", address)]);
    }
    assert_eq!(found("邮箱是ann@example.com给我"), [("EMAIL", "ann@example.com")]);
    assert_eq!(found("пишите ann@example.comи нам"), [("EMAIL", "ann@example.com")]);
    assert_eq!(found("to='ann@example.com'"), [("EMAIL", "ann@example.com")]);
}

#[test]
fn a_card_may_have_points_if_its_checksum_confirms_it() {
    assert_eq!(found("4111.1111.1111.1111"), [("CREDIT_CARD", "4111.1111.1111.1111")]);
    assert_eq!(found("4111.1111.1111.1112"), []);
}

#[test]
fn disguises_are_seen_through() {
    for text in [
        "４１１１ １１１１ １１１１ １１１１",
        "4111\u{a0}1111\u{2009}1111\u{202f}1111",
        "41\u{200b}11\u{ad}1111111111\u{feff}11",
        "٤١١١١١١١١١١١١١١١",
        "4111‐1111‐1111‐1111",
    ] {
        assert_eq!(found(text), [("CREDIT_CARD", text)], "{text:?}");
    }
    assert_eq!(found("ａｎｎ＠ｅｘａｍｐｌｅ．ｃｏｍ"), [("EMAIL", "ａｎｎ＠ｅｘａｍｐｌｅ．ｃｏｍ")]);
}

#[test]
fn a_disguised_address_is_read_as_it_is_meant() {
    for address in [
        "ann.lee&#64;example.com",
        "ann.lee&#x40;example&#46;com",
        "ann.lee&commat;example.com",
        "ann.lee\\u0040example.com",
        "ann.lee\\@example.com",
        "ann.lee%40example.com",
        "ann.lee=40example.com",
        "ann (at) example (dot) com",
        "ann[@]example[.]com",
        "ann(a)example.com",
        "ann (ät) example.com",
        "ann<at>example<dot>com",
        "ann AT example DOT com",
        "ann arobase example point com",
        "ann arroba example punto com",
        "ann małpa example kropka com",
        "ann собака example точка com",
        "ann 골뱅이 example 점 com",
        "ann アット example ドット com",
        "ann 艾特 example 点 com",
        "ann @ example.com",
        "ann.le-\ne@example.com",
        "ann@\nexample.com",
        "ann@exam<wbr>ple.com",
        "ann@example。com",
        "ⓐⓝⓝ@ⓔⓧⓐⓜⓟⓛⓔ.ⓒⓞⓜ",
        "a\u{e0020}n\u{fe0f}n\u{180e}@example.com",
    ] {
        assert_eq!(found(&format!("my email: {address}, thanks")), [("EMAIL", address)]);
    }
}

#[test]
fn a_disguised_number_is_read_as_it_is_meant() {
    for (text, entity, value) in [
        ("card ⁴¹¹¹ ¹¹¹¹ ¹¹¹¹ ¹¹¹¹!", "CREDIT_CARD", "⁴¹¹¹ ¹¹¹¹ ¹¹¹¹ ¹¹¹¹"),
        ("card ④①①①①①①①①①①①①①①①", "CREDIT_CARD", "④①①①①①①①①①①①①①①①"),
        ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 ok", "CREDIT_CARD", "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"),
        ("card 41 11 11 11 11 11 11 11", "CREDIT_CARD", "41 11 11 11 11 11 11 11"),
        ("card 4111/1111/1111/1111", "CREDIT_CARD", "4111/1111/1111/1111"),
        ("card 4111·1111·1111·1111", "CREDIT_CARD", "4111·1111·1111·1111"),
        ("4111 1111 \n> 1111 1111", "CREDIT_CARD", "4111 1111 \n> 1111 1111"),
        ("4111 1111<br>1111 1111", "CREDIT_CARD", "4111 1111<br>1111 1111"),
        ("SSN 536-22-\n8841", "US_SSN", "536-22-\n8841"),
        ("call +49 171\n2345678", "PHONE", "+49 171\n2345678"),
        ("call +49\t171\t2345678", "PHONE", "+49\t171\t2345678"),
        ("_+49 171 2345678_", "PHONE", "+49 171 2345678"),
        ("call me 415_555_0132", "PHONE", "415_555_0132"),
        ("tel:%2B49%20171%202345678", "PHONE", "%2B49%20171%202345678"),
        ("phone: four one five, 555 zero132", "PHONE", "four one five, 555 zero132"),
        (
            "mein Handy: null eins sieben eins zwei drei vier fünf sechs sieben acht",
            "PHONE",
            "null eins sieben eins zwei drei vier fünf sechs sieben acht",
        ),
        ("手机: 一三八一二三四五六七八", "PHONE", "一三八一二三四五六七八"),
    ] {
        assert_eq!(found(text), [(entity, value)], "{text}");
    }
}

#[test]
fn signs_of_disguises_that_hide_nothing_are_left_alone() {
    for text in [
        "we met at the dot com party at noon",
        "ok cool @app.route(\"/users\")",
        "one two three four five six seven eight nine ten",
        "1.\n2.\n3.\n4.\n5.\n6.\n7.\n8. go",
        "17.03.2024\n18.03.2024\n19.03.2024",
        "let x = 1_000_000_000; let y = 415_555_01;",
        "see above.\nann wrote it",
        "a%20b%20c 12%25 of 1234567",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn whole_numbers_on_lines_of_their_own_stay_apart() {
    assert_eq!(
        found("+49 171 2345678\n+49 171 2345679\n0171 2345670"),
        [("PHONE", "+49 171 2345678"), ("PHONE", "+49 171 2345679"), ("PHONE", "0171 2345670")]
    );
}

#[test]
fn the_surer_finding_wins_where_two_overlap() {
    assert_eq!(
        found("https://ann:secret@example.com/x"),
        [("URL", "https://ann:secret@example.com/x")],
        "an address with credentials is one secret"
    );
    assert_eq!(found("card 4111 1111 1111 1111"), [("CREDIT_CARD", "4111 1111 1111 1111")]);
}

/// Text of the pieces that detectors trip over.
fn awkward() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        "[0-9 ().+x/-]{1,12}",
        "[a-zA-Z0-9@.:_-]{1,16}",
        prop::sample::select(vec![
            "@",
            "(at)",
            "::",
            "-----BEGIN PRIVATE KEY-----",
            "eyJ",
            "password: ",
            "ssn ",
            "\n",
            "\t",
            ",",
            "\u{200b}",
            "１",
            "٣",
            "https://",
            "DE89",
            "bc1",
            "0x",
        ])
        .prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_gives_spans_in_order_at_boundaries_of_characters(text in awkward()) {
        let mut last = 0;
        for Finding { start, end, .. } in everything(&text) {
            prop_assert!(last <= start && start < end && end <= text.len());
            prop_assert!(text.is_char_boundary(start) && text.is_char_boundary(end));
            last = end;
        }
    }

    #[test]
    fn a_card_is_hidden_wherever_it_stands(before in "[a-z .,;!?\n]{0,30}", after in "[ .,;!?\n][a-z ]{0,20}") {
        let text = format!("{before} 5555555555554444{after}");
        let (start, end) = (before.len() + 1, before.len() + 17);
        // Letters by chance may make a word that says it is a password, say.
        let covers = |one: &Finding| one.start <= start && end <= one.end;
        prop_assert!(everything(&text).iter().any(covers), "{:?}", found(&text));
    }
}

/// Texts of one piece over and over, each of which makes a detector look far or often.
#[test]
fn no_text_makes_more_work_than_its_length() {
    // Were the work to grow with the square of the length, this would take minutes.
    const LENGTH: usize = 256 * 1024;
    for piece in [
        "1",
        "1 ",
        "12 34 56 78 ",
        "1,1,1,1\n",
        "1;1;1;1;",
        "@",
        "a@a.",
        "a.a.a.a",
        "(at)a.",
        "(",
        "password ",
        "password:",
        "password=a1",
        "api key ",
        "api key=a/",
        "mysql -p",
        "DE89 DE89 ",
        "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy ",
        "::",
        "1:2:3:4:5:6:7:8 ",
        "http://",
        "http://a?http://b?",
        concat!("-----BEGIN PRIVATE", " KEY-----!"),
        "dob 1/1/1990 ",
        "passport A1234567-1234-1234 ",
        "身份证1",
        "é",
        "\u{200b}1",
        "password,pin\n",
        "password,",
        "ssn,1,\"1\n",
        "insert into a(",
        "insert into a(ssn)values(1),(",
        "@пример.",
        "&#64;",
        "\\u0040",
        "%40a",
        "a=40",
        "1\n",
        "1 \t",
        "12 \n> 12345 ",
        "1_",
        "111_222_3333 ",
        "(a)",
        "[.]a",
        "a @ ",
        "1 1 1 1 1 1 1 1 x",
        "one ",
        "一",
        "at x dot ",
        "<b>1234567</b>",
        "\"1234567\" ",
        "*1234567* ",
        "1234567-\n",
        "my name is A ",
        "my name is Ann de ",
        "Dear Ann, ",
        "Regards,\nAnn\n",
        "Ann Lee ",
        "Ann <a@",
        "name,x\n",
        "first name: Ann ",
        "5 Main Street ",
        "Main Street ",
        "12 rue de la ",
        "Lindenstr. 5 ",
        "address: 5 Main ",
        "市1",
        "张伟市",
        "pin 1234 ",
        "seed phrase ocean lizard ",
        "plate AB 12 ",
        "bGVuYS52b2d0 ",
        "6c656e612e766f677440",
        "cookie: a=",
        "\"a1b2c3\" is password ",
        "a@a.com / A1!aaaaa ",
        "exp 01/29 card ",
        "last four 1234 ssn ",
        "1.2.3.4 to 1.2.3.5 to ",
    ] {
        let text = piece.repeat(LENGTH / piece.len());
        assert!(everything(&text).len() <= text.len(), "{piece}");
    }
}

#[test]
fn a_finding_says_which_rule_found_it() {
    let (patterns, known) = (Patterns::default(), KnownValues::new());
    let scope = Scope::new(&patterns, &known);
    let text = "Mail bob (at) example.com or ask Siobhan Kearney at 12 Main Street";
    let rules: Vec<_> = find(text, &scope).iter().map(|one| (one.rule.name, one.rule.is_disguised)).collect();
    assert_eq!(rules, [("contact", true), ("tagged", false), ("address", false)]);
}
