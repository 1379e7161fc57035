//! The forms in which people write things: a line for each that a detector must see, or must leave alone.

use super::found;

/// Each text has one finding of that kind: what stands between the brackets.
fn assert_found(entity: &str, texts: &[&str]) {
    for text in texts {
        let value = text.split_once('⟦').and_then(|(_, rest)| rest.split_once('⟧')).unwrap().0;
        let text = text.replace(['⟦', '⟧'], "");
        assert_eq!(found(&text), [(entity, value)], "{text}");
    }
}

fn assert_nothing(texts: &[&str]) {
    for text in texts {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn phones_of_many_countries() {
    assert_found(
        "PHONE",
        &[
            "⟦+505-66 7820.5321⟧",
            "⟦028 3961-0473⟧",
            "⟦+44(0)1632 960 123⟧",
            "⟦0044 20 7946 0958⟧",
            "Tel: ⟦07700 900123⟧",
            "⟦06 12 34 56 78⟧",
            "Tél : ⟦01.23.45.67.89⟧",
            "⟦0151/23456789⟧",
            "Telefon: ⟦030/123 45 67-89⟧",
            "WhatsApp ⟦98765 43210⟧",
            "⟦0412 345 678⟧",
            "⟦(11) 91234-5678⟧",
            "⟦138 1234 5678⟧",
            "手机号是⟦13812345678⟧，谢谢",
            "⟦010-1234-5678⟧",
            "携帯は⟦09012345678⟧です",
            "연락처: ⟦01012345678⟧",
            "тел. ⟦8 (912) 345-67-89⟧",
            "llámame al ⟦612345678⟧",
            "my phone's ⟦415 555 2671⟧ 24/7",
            "phoneNumber: \"⟦4155552671⟧\"",
            "call me about my order, ⟦415 555 2671⟧",
            "⟦415-555-2671, ext. 12⟧",
        ],
    );
}

#[test]
fn dates_of_birth_in_many_languages() {
    assert_found(
        "DATE_OF_BIRTH",
        &[
            "d.o.b. ⟦13/12/1996⟧",
            "dateOfBirth: ⟦1990-05-04⟧T00:00:00Z",
            "born on the ⟦4th of May 1990⟧",
            "DOB ⟦04 MAY 1990⟧",
            "Geburtsdatum: ⟦4. Mai 1990⟧",
            "Ich bin am ⟦15. Oktober 1985⟧ geboren! Und 12",
            "je suis née le ⟦4 août 1990⟧",
            "nací el ⟦4 de mayo de 1990⟧",
            "nato il ⟦4 maggio 1990⟧",
            "дата рождения: ⟦4.5.1990⟧",
            "生年月日：⟦1990年5月4日⟧",
            "birthdate=⟦19900504⟧",
            "⟦1990-05-04⟧ (date of birth)",
        ],
    );
    assert_nothing(&[
        "Version 1.2.3 is out, he was born",
        "She turned 30 on 4 May 2020.",
        "logged at 2026-06-18, my birthday is next week",
    ]);
}

#[test]
fn passwords_in_prose_and_settings() {
    assert_found(
        "PASSWORD",
        &[
            "Server=x;User Id=sa;Password=⟦aB3$xyz9⟧;Database=y",
            "DB_PASSWORD=⟦s3cr3t!⟧",
            "{\"password\": \"⟦Tr0ub4dor&3⟧\"}",
            "password=⟦hunter2⟧&user=x",
            "**Password:** ⟦Winter_14x⟧",
            "<password>⟦Abc123xy⟧</password>",
            "密码是⟦abc12345⟧",
            "la contraseña es ⟦Sol2024⟧",
            "Kennwort lautet: ⟦qwerty!6⟧",
            "mysql -u root -p⟦s3cr3tpw⟧ db",
            "curl -u admin:⟦Secret123!⟧ https",
            "export PGPASSWORD=⟦x7Kp2q⟧",
            "password: ⟦correct-horse-battery-staple⟧",
        ],
    );
    assert_nothing(&[
        "password: process.env.DB_PASSWORD || \"postgres\"",
        "password: z.string().min(8), confirm",
        "$password = $_POST['password'];",
        "password = os.getenv(\"DB_PASSWORD_2\")",
        "password: [PASSWORD_1]",
        "password: ${DB_PASSWORD}, pwd: $PASSWORD",
        "Pass User-Agent when connecting; pass `useSQLite: true`",
        "password must be 8-16 characters",
    ]);
}

#[test]
fn keys_that_a_word_or_their_form_tells() {
    let secret = concat!("wJalrXUtnFEMI/K7MDENG/", "bPxRfiCYEXAMPLE9KEY");
    let hex = concat!("8f14e45fceea167a", "5a36dedd4bea2543");
    let bot = format!("123456789:AA{}", "x9Yz".repeat(9).get(..33).unwrap());
    let azure = format!("{}==", "aB3+dE6/".repeat(11).get(..86).unwrap());
    assert_found(
        "API_KEY",
        &[
            &format!("aws_secret_access_key = ⟦{secret}⟧"),
            &format!("x-api-key: ⟦{hex}⟧"),
            &format!("const apiKey = \"⟦{hex}⟧\";"),
            &format!("mailchimp ⟦{hex}-us12⟧"),
            &format!("TELEGRAM=⟦{bot}⟧"),
            &format!("AccountName=x;AccountKey=⟦{azure}⟧;EndpointSuffix=y"),
            &format!("Authorization: Basic ⟦{}⟧", concat!("YWRtaW46U2Vj", "cmV0MTIzIQ==")),
        ],
    );
    assert_nothing(&[
        &format!("md5 {hex}, commit {hex}"),
        "type ClientSecret, type Experimental_RealtimeFactoryV4GetTokenOptions",
        "if (key.indexOf(\"-----BEGIN PRIVATE KEY-----\") !== 0) throw",
        "sk-fading-circle-of-dots-12",
    ]);
}

#[test]
fn addresses_that_let_in_whoever_has_them() {
    let webhook = concat!("https://hooks.sla", "ck.com/services/T0000/B0000/XXXXXXXXXXXX");
    assert_found(
        "URL",
        &[
            "DATABASE_URL=⟦postgres://user:p4ss@db.example.com:5432/app⟧",
            "⟦mongodb+srv://u:p4ss@cluster0.example.net/test⟧",
            "⟦redis://:p4ss@localhost:6379/0⟧",
            &format!("post to ⟦{webhook}⟧ please"),
        ],
    );
    assert_nothing(&["postgres://$USER:$PASS@host/db", "scheme://[user:passwd@]proxy.server:port"]);
}

#[test]
fn documents_beside_their_word() {
    assert_found(
        "PASSPORT",
        &["Passport No.: ⟦AB 1234567⟧", "Passport Number:\n⟦X1234567⟧", "паспорт ⟦45 06 123456⟧"],
    );
    assert_found(
        "DRIVER_LICENSE",
        &["driver’s license number: ⟦D400-7836-0001⟧", "DL: ⟦CA-D1234567⟧", "license no. ⟦MH12 20110012345⟧"],
    );
    assert_nothing(&[
        "passport expires 2030-01-01",
        ".dl { color: #4e9a06 }",
        "license is Copyright 2003-2004",
    ]);
}

#[test]
fn numbers_of_states_in_other_spellings() {
    assert_found("ES_NIF", &["⟦12.345.678-Z⟧", "DNI: ⟦12345678z⟧"]);
    assert_found("ES_NIE", &["⟦X-1234567-L⟧"]);
    assert_found("UK_NINO", &["⟦AB-12-34-56-C⟧", "⟦AB 123456 C⟧"]);
    assert_found("FI_HETU", &["⟦010101A123N⟧"]);
    assert_found("FR_NIR", &["⟦180052A12345684⟧"]);
    assert_found("DE_TAX_ID", &["IdNr. ⟦86095742719⟧"]);
    assert_found("ZA_ID", &["ID number: ⟦800101 5009 087⟧"]);
    assert_found("KR_RRN", &["주민등록번호 ⟦9001011234568⟧"]);
    assert_found("AU_MEDICARE", &["Medicare ⟦2123 45670 1 2⟧"]);
    assert_nothing(&["12345678z is no word", "ab123456c"]);
}

#[test]
fn addresses_of_machines_and_wallets() {
    assert_found(
        "IP_ADDRESS",
        &[
            "⟦10.1.2.3⟧:8080",
            "⟦10.1.2.3⟧/24",
            "[⟦2001:db8::1⟧]:443",
            "⟦fe80::1⟧%eth0",
            "⟦::ffff:192.0.2.128⟧",
        ],
    );
    assert_found("MAC_ADDRESS", &["⟦001B.4411.3AB7⟧", "⟦00-1B-44-11-3A-B7⟧"]);
    assert_found("CRYPTO", &["⟦LM2WMpR1Rp6j3Sa59cMXMs1SPzj9eXpGc1⟧", "⟦rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh⟧"]);
    assert_nothing(&["1.2.3.4.5", "v1.2.3.4 and 256.1.1.1", "### 6.2.5.1 Opcodes", "00:00:00:00:00:00"]);
}

#[test]
fn mail_with_accents_and_without_spaces() {
    assert_found("EMAIL", &["⟦müller@example.de⟧", "⟦info@bücher.de⟧", "邮箱⟦zhang@example.com⟧谢谢"]);
    assert_nothing(&["icon@2x.png", "foo@bar", "@decorator.method"]);
}

#[test]
fn numbers_in_code_and_prose() {
    assert_nothing(&[
        "6837 6F3E 9080 8170 5996 7476 6447 5C27",
        "## 2.14.2 (2026-09-04)",
        "Boston, MA 02110-1301 USA",
        "<Buffer 01 02 03 04>",
        "bits: 00100001 00000000",
        "1 2 3 4 5 6 7 8 9 10 11 12",
        "const x = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];",
        "timestamp: 1715390092123, took 1234567890 ns",
        "40.712776, -74.005974 or (40.7128, -74.0060)",
        "$1,234,567.89, 1.234.567,89 EUR, 1 234 567 units",
        "serial 490154203237518, EAN 4006381333931",
        "SELECT * FROM users WHERE id = 123456789;",
        "the phone number column has 100000000 rows",
        "docs from 1990-2000 on call",
    ]);
}

#[test]
fn codes_that_let_people_in() {
    assert_found(
        "PIN",
        &[
            "my pin is ⟦0977⟧ if you need it",
            "door code ⟦4417#⟧",
            "Your OTP: ⟦482 913⟧.",
            "验证码：⟦482913⟧",
            "Ihre TAN lautet ⟦4829137⟧",
        ],
    );
    assert_found("CVV", &["the cvv is ⟦318⟧", "CVC: ⟦4821⟧", "Prüfnummer: ⟦318⟧"]);
    assert_found("CARD_EXPIRY", &["my card, valid thru ⟦08/29⟧", "Karte gültig bis ⟦08/2029⟧"]);
    assert_found("US_SSN", &["last 4 of my ssn are ⟦8841⟧"]);
    assert_found(
        "SEED_PHRASE",
        &[
            "my seed phrase is ⟦ocean lizard velvet cargo drift humble piano rocket slim tuna walnut yard⟧",
            "⟦abandon ability able about above absent absorb abstract absurd abuse access accident⟧\nthis is my 12 words",
        ],
    );
    assert_nothing(&[
        "pin 13 of the board, GPIO pin 1.2.3",
        "otp = 12345.67, cvv 31",
        "exp 08/29 of the medicine",
        "the recovery phrase must have twelve words, and people write them down where others can not read them",
    ]);
}

#[test]
fn passwords_in_prose() {
    assert_found(
        "PASSWORD",
        &[
            "wifi password: ⟦sunshine⟧",
            "the wifi pw is ⟦bluehouse⟧, guest network",
            "Passwort ist ⟦schnuffel⟧",
            "mon mdp c'est ⟦Loulou75⟧",
            "şifrem ⟦Galata1905⟧",
            "비번 ⟦dlwlrma93⟧",
            "كلمة السر: ⟦Qatar2022⟧",
            "creds are root:⟦Tr0ub4dor&3⟧",
            "\"⟦Kx9$mQ2v⟧\" is the admin password",
            "{\"credentials\": {\"secret\": \"⟦Summer2025!⟧\"}}",
            "net use Z: \\\\srv\\share /user:corp\\jdoe ⟦Winter2025!⟧",
            "old password ⟦monkey12⟧",
        ],
    );
    assert_eq!(found("log in with ops@acme.io / Summer2025!").last(), Some(&("PASSWORD", "Summer2025!")));
    assert_nothing(&[
        "the password is required, my password is wrong.",
        "password: string, passwd: hidden",
        "hash the password sha256 or base64",
        "token = 1*tchar, secret: foo(bar1!)",
        "npm install @types/node@20.1.4 / @ai-sdk/gateway@4.0.146",
    ]);
}

#[test]
fn cookies_and_keys_beside_their_words() {
    let body = "8f9ObumwHTzZylOYywW6t38nDPNd4Qsz";
    assert_eq!(found(&format!("Cookie: sessionid={body}; theme=dark")), [("SESSION", body)]);
    let hex = "06cbc21910ed386c92293a71b70b0abc";
    assert_eq!(found(&format!("azure openai key: {hex}")), [("API_KEY", hex)]);
    assert_eq!(found(&format!("APIキー：{body}")), [("API_KEY", body)]);
    assert_eq!(found(&format!("la clave de API es {body}")), [("API_KEY", body)]);
    assert_eq!(found(&format!("Release GPG key: {hex}")), []);
    let key = format!("{}AKCAQEA{}", concat!("MIIEpQ", "IBA"), "a1B2c3D4e5F6g7H8".repeat(10));
    assert_eq!(found(&format!("here:\n{key}\nthanks")), [("PRIVATE_KEY", key.as_str())]);
    for prefix in [concat!("cf", "ut_"), concat!("bk", "ua_"), concat!("CCI", "PAT_"), concat!("AQ", ".")] {
        let key = format!("{prefix}{body}a1B2c3D4e5");
        assert_eq!(found(&format!("use {key} now")), [("API_KEY", key.as_str())]);
    }
}

#[test]
fn numbers_of_other_states_beside_their_words() {
    assert_found(
        "NATIONAL_ID",
        &[
            "rijksregisternummer ⟦85.07.30-033.28⟧",
            "NZ IRD number ⟦49-091-850⟧",
            "الهوية الإماراتية ⟦784-1987-1234567-1⟧",
            "o meu NIF é ⟦501442600⟧",
            "Personalausweis ⟦L01X00T471⟧",
            "RFC ⟦GODE561231GR8⟧",
            "SVNR ⟦1237 010180⟧ (Österreich)",
            "fødselsnummer ⟦15108695088⟧",
            "NIP ⟦526-000-12-46⟧",
        ],
    );
    assert_found("DEVICE_ID", &["my IMEI is ⟦49-015420-323751-8⟧"]);
    assert_found("MEDICAL_ID", &["NPI ⟦1234567893⟧", "patient MRN: ⟦00482913⟧"]);
    assert_found(
        "LICENSE_PLATE",
        &[
            "matrícula ⟦1234 BCD⟧",
            "license plate ⟦7ABC123⟧",
            "plakam ⟦34 ABC 123⟧",
            "Kennzeichen ⟦M-AB 1234⟧",
            "車のナンバーは⟦品川 300 あ 12-34⟧",
        ],
    );
    assert_found("MAC_ADDRESS", &["mac is ⟦f492bf017c3a⟧"]);
    assert_nothing(&[
        "see RFC 2822 and RFC 7231-6",
        "\"rfc\": \"^24.13.5\"",
        "a plate of food, plate number five",
    ]);
}

#[test]
fn national_spellings() {
    assert_found(
        "IBAN",
        &["auf ⟦DE 73 37040044 3313985898⟧ danke", "nr konta ⟦10 0676 7360 0153 5668 2583 4968⟧"],
    );
    assert_found(
        "PHONE",
        &[
            "hi its sam ⟦07700900377⟧ let me know",
            "o meu telemóvel é ⟦912 345 678⟧",
            "{\"phone\": ⟦1712345678⟧}",
        ],
    );
    assert_found(
        "DATE_OF_BIRTH",
        &[
            "Geburtsdatum: ⟦dritter März 1987⟧",
            "生年月日は⟦昭和62年3月3日⟧です",
            "تاريخ ميلادي ⟦٣ مارس ١٩٨٧⟧",
            "mera janm ⟦3 march 1987⟧ ko hua",
            "जन्म ⟦3 मार्च 1987⟧",
        ],
    );
    assert_nothing(&[
        "born to run came out on August 25, 1975",
        "savings of 120000000 over 10 years",
        "set netmask 255.255.255.0 gateway 192.168.0.1",
        "upgraded from 10.4.1.2 to 10.4.2.0 and it broke, .NET 8.0.100.10",
        "on 2024-01-02 10:30:15 and 20240102 10:30",
    ]);
}

#[test]
fn words_that_decode_to_a_value() {
    assert_found(
        "EMAIL",
        &["base64 ⟦bGVuYS52b2d0QHBvc3Rlby5uZXQ=⟧", "hex ⟦6c656e612e766f677440706f7374656f2e6e6574⟧"],
    );
    assert_nothing(&["sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709", "aGVsbG8gd29ybGQgaGVsbG8gd29ybGQ="]);
}

#[test]
fn names_beside_the_words_that_say_so() {
    assert_found(
        "PERSON",
        &[
            "Hello, my name is ⟦Gregory Hill⟧ and I need help",
            "ich heiße ⟦Jürgen Müller-Lüdenscheidt⟧",
            "je m'appelle ⟦Zinédine Ben Yahia⟧.",
            "me llamo ⟦Íñigo de la Vega⟧",
            "mi chiamo ⟦Ludovica Rossi⟧",
            "Меня зовут ⟦Иван Петров⟧",
            "我叫⟦王小明⟧，你好",
            "my landlord ⟦Gregory Hill⟧ wrote again",
            "ask Mr. ⟦Okonkwo⟧ about it",
            "Frau ⟦Schneider⟧ hat angerufen",
            "Dear ⟦Sam⟧,\nplease find it attached",
            "See you soon.\n\nBest regards,\n⟦Priya Raman⟧",
            "{\"first_name\": \"⟦Ludovica⟧\"}",
            "Vorname: ⟦Ludovica⟧",
            "{\"name\": \"⟦Thomas Okafor⟧\"}",
            "yesterday ⟦Thomas Okafor⟧ called",
            "BEGIN:VCARD\nFN:⟦Ludovica Rossi⟧",
            "Patient Name: ⟦LUDOVICA ROSSI⟧",
            "이름: ⟦김민수⟧",
            "a table for her son ⟦Xolani⟧.",
            "Viele Grüße\n⟦Heike⟧",
            "I met ⟦Jessica⟧ yesterday",
            "what is ⟦Priya⟧'s number?",
            "I'm ⟦Sarah⟧, nice to meet you",
            "first_name\tcity\n⟦Ludovica⟧\tRome",
        ],
    );
    assert_eq!(
        found("From: Ludovica Rossi <ludovica@example.com>"),
        [("PERSON", "Ludovica Rossi"), ("EMAIL", "ludovica@example.com")]
    );
}

#[test]
fn words_with_capitals_that_are_no_names() {
    assert_nothing(&[
        "Hello World! Hi there, Dear Customer, Hey Team,",
        "My name is not important. I am German. This is Sparta!",
        "my boss is angry, my wife and I went to Paris",
        "Visit Times Square, Central Park and the White House on Monday.",
        "{\"name\": \"Visual Studio\", \"name\": \"left-pad\"}",
        "Copyright (c) 2014 Thomas Okafor",
        "fn name: AsRef<str>, class Name extends Base, let name = Foo::new();",
        "Thanks,\nI will try that. Best Practices for Python",
        "authors = [\"Thomas Okafor\"]",
        "between Alice and Bob, in Julia or in Milan, the Max value",
        "The Dijkstra algorithm, Bayes theorem, Martin Luther King Day",
    ]);
}

#[test]
fn addresses_of_many_countries() {
    assert_found(
        "ADDRESS",
        &[
            "I live at ⟦221B Baker Street⟧ with a dog",
            "ship to ⟦742 Evergreen Terrace, Springfield, IL 62704⟧ please",
            "⟦350 Fifth Avenue, Suite 3300, New York, NY 10118⟧",
            "⟦10 Downing Street, London SW1A 2AA⟧",
            "ich wohne in der ⟦Lindenstraße 12a, 10969 Berlin⟧.",
            "⟦Hauptstr. 5⟧ in Köln",
            "j'habite ⟦12 rue de la Paix, 75002 Paris⟧",
            "vivo en la ⟦Calle Mayor 5, 28013 Madrid⟧",
            "abito in ⟦Via Garibaldi 12, 20121 Milano⟧",
        ],
    );
    assert_found(
        "ADDRESS",
        &[
            "地址：⟦北京市朝阳区建国路88号⟧",
            "住所は⟦東京都千代田区丸の内1-9-1⟧です",
            "⟦서울시 강남구 테헤란로 152⟧ 입니다",
        ],
    );
    assert_nothing(&[
        "in 2024 the Main Street Fund grew by 5 per cent",
        "drive 20 miles, row 3, way 5, SHA-256 via SHA extensions",
        "address: 0x7fff1234, ip address: localhost, addr = \"foo(5)\"",
        "the street is long and has 20 houses",
        "Umweg 3 mal, Vorsprung 5, Ring 0",
    ]);
}

#[test]
fn cards_and_passports_as_people_and_machines_write_them() {
    assert_found("CREDIT_CARD", &["card ⟦4S39 S787 6362 I486⟧", "card: ⟦4539 5787 6362 l486⟧"]);
    assert_found(
        "PASSPORT",
        &["⟦P<D<<VOGT<<LENA<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<\nC01X00T478D<<8703127F3108011<<<<<<<<<<<<<<<4⟧"],
    );
    assert_found("PIN", &["el pin de mi tarjeta es ⟦4821⟧"]);
    assert_found("PASSWORD", &["the password for the router is \"⟦Blue-Fox-77⟧\""]);
    assert_found("DATE_OF_BIRTH", &["⟦1987년 3월 3일⟧생입니다"]);
    assert_found(
        "PERSON",
        &[
            "my name is ⟦maria gonzalez⟧",
            "⟦田中⟧様、お世話になっております",
            "Herr Dr. ⟦Peter Schmidt⟧ rief an",
        ],
    );
    assert_nothing(&[
        "card 4S39 S787 6362 I487",
        "皆さん、お客様",
        "CONST_A<<123456 and std::cout<<1234567<<endl",
    ]);
}

#[test]
fn names_that_nothing_but_their_sentence_tells() {
    assert_found(
        "PERSON",
        &[
            "I just got off the phone with ⟦Siobhan Kearney⟧ and she wants it redone.",
            "Is ⟦Oluwaseun Adeyemi⟧ the right person to sign off on this?",
            "Tenant in 4B is ⟦Ludovica Ferrante⟧, lease until 2027",
            "⟦Bronwyn Pugh⟧ sued the council",
            "please ask jean, no: tell ⟦jessica⟧ that it can wait",
            "Her name was ⟦Kristíana Valbergsdóttir⟧, I think",
            "Kannst du eine Absage für ⟦Torben Petersen⟧ formulieren?",
            "⟦Friederike von Hohenfels⟧ hat das Angebot angenommen",
            "Peux-tu relire la lettre de ⟦Marguerite Dufour⟧ ?",
            "El paciente ⟦Aurelio Benítez⟧ llegó a urgencias",
            "⟦Ludovico⟧ ha preso quattro in matematica",
            "⟦Małgorzata Kaczmarek⟧ złożyła reklamację",
            "Dün ⟦Gamze Karaca⟧ ile görüştüm",
            "Договор подписал ⟦Кирилл Воробьёв⟧",
            "Передай ⟦Антону⟧, что встреча отменена",
        ],
    );
    assert_eq!(
        found("Zsuzsanna Hegedüs called. Then Hegedüs hung up."),
        [("PERSON", "Zsuzsanna Hegedüs"), ("PERSON", "Hegedüs")]
    );
}

#[test]
fn phrases_have_accents_in_every_word() {
    assert_found(
        "PIN",
        &[
            "código de verificación: ⟦493021⟧",
            "mi código de verificación es ⟦493021⟧",
            "codigo de verificação ⟦493021⟧",
            "recovery code: ⟦8f3k-29dk-s0d3⟧",
            "Wiederherstellungscode ⟦8f3k-29dk-s0d3⟧",
            "code de récupération : ⟦83kf-29dk⟧",
        ],
    );
    assert_found("NATIONAL_ID", &["carte d'identité ⟦880692310285⟧"]);
    assert_nothing(&["The recovery code is in step-two-2024.", "backup code 2024-11-30"]);
}

#[test]
fn columns_of_an_insert_label_their_values() {
    assert_found("PASSWORD", &["INSERT INTO users (id, pwd) VALUES (1, '⟦s3cr3tPw!⟧');"]);
    assert_eq!(
        found("INSERT INTO u (id, pwd, note) VALUES (1, 'Tulip7!x', 'a, b'), (2, 'Rose_99z', 'c');"),
        [("PASSWORD", "Tulip7!x"), ("PASSWORD", "Rose_99z")]
    );
    assert_nothing(&["INSERT INTO t (pwd, n) VALUES (", "INSERT INTO t (pwd", "INSERT INTO t VALUES (1, 2)"]);
}

#[test]
fn places_and_things_with_names_of_people_are_nobody() {
    assert_nothing(&[
        "We flew from San Francisco to Santa Clara.",
        "Lake Louise is cold in May.",
        "He plays for Hilmer Motorsport now.",
        "São Paulo is bigger than Rio.",
        "The San Antonio Spurs lost again.",
        "Hurricane Katrina was terrible.",
        "LGBTQ rights matter.",
        "Frank answer please",
        "Yoga at six?",
        "Art class is on Friday.",
        "Jeg sender hans adresse i morgen.",
        "Ella vendrá mañana, creo que ella lo sabe.",
    ]);
    assert_found(
        "PERSON",
        &[
            "Ask ⟦Deepika⟧ whether the invoices went out",
            "⟦Maricarmen⟧ no contesta al teléfono",
            "Avisa a ⟦Rosângela⟧ que o médico ligou",
            "⟦Thibault⟧ a encore oublié ses clés",
            "We flew to San Francisco with ⟦Zsuzsanna Hegedüs⟧.",
        ],
    );
}

#[test]
fn capitals_of_prose_and_code_are_no_names() {
    assert_nothing(&[
        "Mark the invoice as paid.",
        "Grant access to the folder for the team.",
        "Please look again. Jack up the price by 5 percent.",
        "Rose and white wine, please. The rose is in the garden.",
        "Open the Settings menu, click Privacy Policy and choose Save Changes.",
        "The Dijkstra algorithm and the Fourier Transform",
        "We use Jira, Slack and Microsoft Teams on Windows.",
        "Machine Learning and Deep Learning at Stanford University",
        "Das Zimmer ist frei, sagt die Deutsche Bahn.",
        "Lassen Sie uns die Lieferung prüfen.",
        "La Tour Eiffel est à Paris.",
        "impl TestRunner for FoldHasher {",
        "let Rule = require('Peter');",
        "- [Dev Deps] update `eslint`",
        "authors = [\"Thomas Okafor\"]",
    ]);
}

#[test]
fn addresses_in_the_spelling_of_their_country() {
    assert_found(
        "ADDRESS",
        &[
            "Please courier the samples to ⟦221 Baker Road, Hillsborough, NC 27278⟧",
            "Ship it to ⟦4507 Jason Track, Lake Roberto, Louisiana 70112⟧ please",
            "deliver to ⟦Flat 2, 14 Elm Grove, Bristol BS6 6AH⟧",
            "She rents at ⟦Level 3, 100 George Street, Sydney NSW 2000⟧",
            "The flat is ⟦Flat 302, Shanti Apartments, MG Road, Bengaluru 560001⟧",
            "Send the cheque to ⟦PO Box 2291, Springfield, IL 62701⟧",
            "tell grandma we are at ⟦58 Kestrel Way⟧",
            "colis pour ⟦2 place Bellecour, 69002 Lyon⟧",
            "Adres ⟦Gazi Bulvarı No: 78, İzmir⟧",
            "livraison au ⟦112 avenue Jean Jaurès, 93500 Pantin⟧",
            "C'est au ⟦7 place de la République, Lille⟧",
            "Bitte an ⟦Am Markt 5, 28195 Bremen⟧ liefern",
            "Rechnungsadresse: ⟦Unter den Linden 77, 10117 Berlin⟧",
            "Vivo en la ⟦calle Mayor 15, 2º B, 28013 Madrid⟧",
            "Abito in ⟦via Garibaldi 22, 20121 Milano⟧",
            "Ik woon op de ⟦Prinsengracht 263, 1016 GV Amsterdam⟧",
            "paczkę na ⟦ul. Piotrkowska 104, 90-926 Łódź⟧",
            "kargo: ⟦Cumhuriyet Cad. No: 45/2, Şişli, İstanbul⟧",
            "пришлите на ⟦улица Гагарина, дом 7, квартира 15, Самара⟧",
            "Jag bor på ⟦Storgatan 12, 111 23 Stockholm⟧",
            "A címem ⟦Kossuth Lajos utca 5, 1053 Budapest⟧",
            "寄到⟦成都市武侯区人民南路四段12号⟧",
            "집은 ⟦경기도 성남시 분당구 판교역로 235⟧이에요",
            "سأكون في ⟦شارع الجامعة 33، عمان⟧",
            "मेरा पता है ⟦12 गांधी नगर, जयपुर 302015⟧",
        ],
    );
    assert_nothing(&[
        "In 2023 World Bank Group approved 12 New Projects in Kenya.",
        "On 5 May Street Food Market opens in Berlin.",
        "The 1975 Park Run results are online.",
        "Top 10 Movies of All Time, Level 42 Road Tour",
        "Give me 3 Key Points and 2 Next Steps",
        "Copyright 2017, 2018 Initech",
        "Platz 3 im Ring, Kapitel 5 Der Weg zum Ziel",
        "北京市2023年GDP增长5.2%",
    ]);
}

#[test]
fn names_in_scripts_without_capitals() {
    assert_found(
        "PERSON",
        &[
            "⟦王小明⟧昨天没来上班",
            "我同事⟦张伟⟧说会议改到周五",
            "客户⟦欧阳娜娜⟧要求退款",
            "⟦黄先生⟧投诉了快递",
            "⟦佐藤健一⟧さんに資料を送ってください",
            "担当は⟦鈴木⟧です",
            "娘の⟦結衣⟧が熱を出しました",
            "⟦김민수⟧ 씨가 어제 전화했어요",
            "⟦이서연⟧에게 메일 보내줘",
            "담당자: ⟦정우성⟧",
            "أرسل العقد إلى ⟦أحمد منصور⟧",
            "कल मैंने ⟦प्रिया वर्मा⟧ से बात की",
            "מיילים ל⟦יונתן שפירא⟧",
        ],
    );
    assert_nothing(&[
        "高中毕业以后我去了北京工作，安全第一",
        "他们周末常常去爬山，方便的话请回电话",
        "山口県の天気を教えて、千葉駅から歩いて五分です",
        "이미지를 업로드할 수 없어요. 전화번호를 알려주세요",
        "أريد كتابة رسالة رسمية إلى الشركة",
        "मुझे एक कविता लिखो",
        "תכתוב לי מכתב רשמי לחברה",
    ]);
}

#[test]
fn disguises_and_codes_in_many_words() {
    for (entity, text) in [
        ("EMAIL", "escribe a ⟦luis arroba example punto com⟧"),
        ("EMAIL", "email: ⟦tom _at_ example _dot_ com⟧"),
        ("CREDIT_CARD", concat!("my card is ⟦4lll llll llll ", "llll⟧")),
        ("US_SSN", "SSN ⟦219 . 09 . 9999⟧"),
        ("PHONE", "tel ⟦+49 (0) 170 / 123 45 67⟧"),
        ("PASSWORD", concat!("use hunter: password ⟦correct-horse-", "battery-staple⟧")),
        ("PIN", "the PIN for the card: ⟦9913⟧"),
        ("DATE_OF_BIRTH", "我出生于⟦一九九〇年八月十五日⟧"),
        ("LICENSE_PLATE", "车牌号⟦京A12345⟧"),
    ] {
        assert_found(entity, &[text]);
    }
}

#[test]
fn a_wallet_phrase_needs_no_word_if_its_checksum_is_right() {
    let words = |last: &str| format!("{}{last}", "abandon ".repeat(11));
    assert_eq!(found(&words("about")), [("SEED_PHRASE", words("about").as_str())]);
    let text = format!("keep this somewhere safe: {}\nthanks", words("about"));
    assert_eq!(found(&text), [("SEED_PHRASE", words("about").as_str())]);
    assert_eq!(found(&words("above")), [], "its checksum is wrong");
    assert_nothing(&[
        "please review these three changes before merging them into main branch because several tests failed again",
    ]);
}
