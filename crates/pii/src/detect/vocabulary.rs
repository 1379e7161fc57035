//! The words that label numbers, in the languages of those who have such numbers. Words of Latin letters are written small
//! and without accents, as they are compared.

/// The kind of value that a word labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    Aadhaar,
    Aba,
    Abn,
    Account,
    Birth,
    Bsn,
    Card,
    Cnpj,
    Cpf,
    Curl,
    /// It is a digit itself.
    Digit,
    FiscalCode,
    GermanTax,
    /// It is a statement of SQL.
    Insert,
    /// It is one of a state's numbers for those who pay taxes; an employer's is written with a hyphen.
    Ein,
    /// It is an employer's, however it is written.
    EinOnly,
    Itin,
    Licence,
    Mail,
    Medicare,
    Mysql,
    Nhs,
    Nif,
    Nino,
    Nir,
    Nric,
    Pan,
    Passport,
    Password,
    Personnummer,
    Pesel,
    Phone,
    /// It is the point of an address.
    Point,
    PrivateKey,
    Ric,
    Rrn,
    Secret,
    Sin,
    Ssn,
    Tckn,
    Tfn,
    Token,
    Wallet,
    ZaId,
    /// It is no account at a bank.
    NotAccount,
    /// It is no card: something as long, and as often with a card's checksum.
    NotCard,
    /// It is no telephone.
    NotPhone,
    /// It is no number of a person: an article, an order.
    NotPerson,
    /// It is no address: a version, or a section.
    NotAddress,
}

/// Words and phrases, parted by commas.
pub(super) const WORDS: &[(Label, &str)] = &[
    (Label::Aadhaar, "aadhaar, aadhar, adhaar, adhar, uid, uidai, आधार"),
    (Label::Aba, "routing, aba, rtn, transit number"),
    (Label::Abn, "abn, australian business number, business number"),
    (
        Label::Account,
        "account, acct, a c no, a c number, checking, savings, bank account, acc no, acc number, iban, \
         konto, kontonummer, cuenta, conta, compte, rekening, direct deposit",
    ),
    (
        Label::Birth,
        "dob, d o b, birth, born, birthday, birthdate, bday, bdate, birth date, geboren, geb, \
         geburtsdatum, geburtstag, naissance, ne le, nee le, ne e le, anniversaire, nacimiento, nacido, \
         nacida, naci, cumpleanos, f nac, nascimento, nascido, nascida, nasci, aniversario, nascita, nato, \
         nata, compleanno, geboortedatum, verjaardag, urodzenia, urodzony, urodzona, urodzilem, urodzilam, \
         fodd, fodelsedatum, fodt, fodselsdato, syntynyt, syntymaaika, narozeni, narozen, narozena, \
         szuletett, nascut, nascuta, nasterii, dogum, dogumlu, dogum tarihi, ngay sinh, lahir, \
         data urodzenia, cumple, рожден, родился, родилась, 出生, 生日, 生年月日, 誕生日, 생년월일, 생일, जन्म, ميلاد, \
         γεννηση, народжен, תאריך לידה",
    ),
    (Label::Bsn, "bsn, burgerservicenummer, burger service nummer, sofinummer, sofi, citizen service"),
    (
        Label::Card,
        "card, cards, cc, visa, mastercard, master card, amex, american express, discover, diners, jcb, \
         maestro, unionpay, credit, debit, karte, kreditkarte, carte, tarjeta, pan, carta, cartao, kaart, \
         creditcard, karta, karty, kort, kortti, kart, карта, карты, карту, 信用卡, 银行卡, 卡号, カード, 카드, कार्ड, \
         بطاقة",
    ),
    (Label::Cnpj, "cnpj"),
    (Label::Cpf, "cpf, cadastro de pessoa"),
    (Label::Curl, "curl, wget, http"),
    (Label::FiscalCode, "codice fiscale, cf, fiscal code, fiscale"),
    (
        Label::GermanTax,
        "steuer, steuerid, steueridentifikationsnummer, identifikationsnummer, steuernummer, steuerliche, \
         idnr, tax id, tax identification, tin, taxid",
    ),
    (Label::Insert, "insert into"),
    (
        Label::Ein,
        "ein, fein, employer identification, tax id, tax number, tax identification, federal tax, tax, \
         taxpayer, employer id, irs",
    ),
    (Label::EinOnly, "ein, fein, employer identification"),
    (Label::Itin, "itin, taxpayer, tax id, taxpayer id"),
    (
        Label::Licence,
        "driver license, driver s license, drivers license, driver licence, driver s licence, \
         drivers licence, driving licence, driving license, license number, licence number, license no, \
         licence no, license id, license is, licence is, dl number, dl, dl no, dln, drivers lic, \
         driver lic, driver s lic, fuhrerschein, fuhrerscheinnummer, permis de conduire, permis, \
         licencia de conducir, licencia de manejo, carnet de conducir, permiso de conducir, \
         carteira de motorista, cnh, carta de conducao, patente, patente di guida, rijbewijs, \
         rijbewijsnummer, prawo jazdy, korkort, korkortsnummer, ajokortti, ehliyet, водительск, 驾驶证, 驾照, \
         運転免許, 운전면허, ड्राइविंग",
    ),
    (
        Label::Mail,
        "mail, email, e mail, mails, emails, address, adresse, correo, courriel, mel, posta, eposta, poczta, sahkoposti, epost, \
         write, reach, contact, schreib, escribe, ecris, scrivi, почта, почту, имейл, 邮箱, 郵箱, 邮件, メール, 이메일, 메일, ईमेल, بريد, ايميل, אימייל, מייל",
    ),
    (Label::Medicare, "medicare"),
    (Label::Mysql, "mysql, mysqldump, mysqladmin, mariadb, sshpass, mysqlimport"),
    (Label::Nhs, "nhs, national health service"),
    (Label::Nif, "nif, dni, nie, cif, documento nacional"),
    (Label::Nino, "nino, ni number, ni no, national insurance, nin"),
    (Label::Nir, "nir, secu, securite sociale, insee, carte vitale, numero de securite"),
    (Label::Nric, "nric, fin, nric fin, singapore id"),
    (Label::Pan, "pan, permanent account"),
    (
        Label::Passport,
        "passport, reisepass, passnummer, reisepassnummer, passeport, pasaporte, passaporto, passaporte, \
         paspoort, paspoortnummer, paszport, paszportu, pasaport, passi, pass nr, pass no, ppt no, \
         загранпаспорт, паспорт, 护照, 護照, パスポート, 旅券, 여권, पासपोर्ट, جواز",
    ),
    (
        Label::Password,
        "password, passwort, passwd, pass, pwd, pw, passphrase, passcode, kennwort, contrasena, clave, \
         mot de passe, mdp, senha, wachtwoord, haslo, losenord, adgangskode, passord, salasana, heslo, \
         jelszo, parola, sifre, parole, mat khau, kata sandi, pgpassword, userpassword, dbpassword, \
         requirepass, identified by, sshpass, пароль, 密码, 密碼, パスワード, 비밀번호, पासवर्ड, كلمة المرور, κωδικος",
    ),
    (
        Label::Personnummer,
        "personnummer, personnr, person nr, samordningsnummer, pnr, personal identity number",
    ),
    (Label::Pesel, "pesel"),
    (
        Label::Phone,
        "phone, phones, tel, telephone, telefon, telefonnummer, mobile, cell, cellphone, call, whatsapp, \
         whats app, fax, sms, text, number is, no is, contact no, contact, reach, office, handy, handynummer, \
         mobil, mobilnummer, mobiel, movil, telefono, celular, telefone, signal, telegram, dial, me at, \
         answering at, support on, mob, ph, my number, numero, nummer, message, messages, ring on, ring me, a ring, landline, \
         hotline, helpline, portable, fixe, rufnummer, anrufen, anrufe, appelez, appeler, appelle, \
         joindre, joignable, llame, llamar, llama, llamame, ligar, liga, ligue, chiama, chiamare, \
         cellulare, recapito, bel, bellen, telefoonnummer, komorka, komorkowy, numer, ring mig, puhelin, \
         puhelinnumero, puh, tlf, telefonszam, cep, dien thoai, sdt, viber, wechat id, imessage, facetime, \
         voicemail, pager, toll free, номер, телефон, тел, звони, позвони, моб, 电话, 電話, 手机, 手機, 号码, \
         联系, 携帯, 전화, 휴대폰, 연락처, 핸드폰, फोन, मोबाइल, नंबर, هاتف, جوال, رقم, טלפון, נייד, τηλ, κινητο, โทร",
    ),
    (Label::PrivateKey, "private key"),
    (
        Label::Ric,
        "chinese id, identity card, resident identity, resident id, shenfenzheng, 身份证, 身份證, 公民身份",
    ),
    (Label::Rrn, "rrn, resident registration, 주민등록, 주민번호"),
    (Label::Secret, "secret, secrets, token, credential, credentials"),
    (Label::Sin, "sin, social insurance, nas, assurance sociale"),
    (Label::Ssn, "ssn, ssns, ss, social, social security, soc sec, seguro social"),
    (Label::Tckn, "tckn, tc kimlik, kimlik, t c, tc no, vatandaslik, turkish id"),
    (Label::Tfn, "tfn, tax file"),
    (
        Label::Token,
        "api key, apikey, api token, api secret, security token, access token, auth token, secret key, \
         secret token, client secret, bearer, access key, secret access key, app secret, app key, \
         consumer secret, consumer key, signing secret, signing key, webhook secret, encryption key, \
         private key, auth key, authorization basic, refresh token, session token, bot token, \
         personal access token, deploy token, account key, accountkey, shared access key, sharedaccesskey, \
         master key, jwt secret, token secret, secret key base, service key, license key, id token, \
         x api key, cle api, clave api, api schlussel, oauth token, subscription key",
    ),
    (
        Label::Wallet,
        "wallet, solana, sol, monero, xmr, litecoin, ltc, dogecoin, doge, ripple, xrp, tron, trx",
    ),
    (Label::ZaId, "id, sa id, id number, identity, south african, rsa id"),
    (Label::NotAccount, "account id, aws account, accountid, user account, arn, aws, account manager"),
    (
        Label::NotCard,
        "tracking, imei, ean, isbn, serial, parcel, shipment, barcode, gtin, upc, meid, \
         sendungsnummer, suivi",
    ),
    (
        Label::NotPhone,
        "order, invoice, ticket, sku, row, part, tracking, isbn, ref, reference, version, pid, uid, \
         article, case, ean, imei, serial, zip, page, pages, ts, timestamp, color, usps, fedex, ups, dhl, \
         account, table, customer no, model, id, sum, total, lat, lon, oid, chrome, firefox, rows, issue, \
         commit, hash, build, port, epoch, bytes, isin, upc, gtin, barcode, postcode, plz, rechnung, \
         bestellung, auftrag, kunde, kundennummer, kundennr, rechnungsnummer, bestellnummer, commande, \
         facture, pedido, factura, fattura, ordine, longitude, latitude, flight, vin, batch, policy, \
         claim, patent, doi, seed, score",
    ),
    (
        Label::NotPerson,
        "sku, skus, part number, part no, item no, item number, article number, order no, order number, invoice, tracking, \
         model number, serial number",
    ),
    (
        Label::NotAddress,
        "version, ver, v, release, released, oid, section, chapter, firmware, build, driver, asn, python, chrome, firefox, windows, nginx, java, php, ruby, kernel, semver",
    ),
];
