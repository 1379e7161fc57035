//! The words that label numbers, in the languages of those who have such numbers. Words of Latin letters are written small
//! and without accents, as they are compared.

/// The kind of value that a word labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    Aadhaar,
    Aba,
    Abn,
    Account,
    /// It is a postal address.
    AddressKey,
    Birth,
    Bsn,
    Card,
    /// It ends a letter, and a signature follows.
    Closing,
    Cnpj,
    Cvv,
    Cpf,
    Curl,
    /// It is a number of a device.
    Device,
    /// It is a part of a town in a script without spaces.
    District,
    /// It is a digit itself.
    Digit,
    FiscalCode,
    GermanTax,
    /// It is a given name itself.
    Given,
    Greeting,
    /// A name may follow, or something else.
    IAm,
    /// It is a statement of SQL.
    Insert,
    /// It follows a name.
    Honorific,
    /// It is one of a state's numbers for those who pay taxes; an employer's is written with a hyphen.
    Ein,
    /// It is an employer's, however it is written.
    EinOnly,
    Itin,
    Expiry,
    /// It is an identity card, or a state's number without a detector of its own.
    IdCard,
    Key,
    LastFour,
    Mac,
    Licence,
    Mail,
    Medical,
    Medicare,
    NameIs,
    NameKey,
    /// It heads a name, of a person or of something else.
    NamePlain,
    NetUse,
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
    Pin,
    Plate,
    /// It is the point of an address.
    Point,
    PrivateKey,
    Relation,
    Ric,
    Rrn,
    Secret,
    Seed,
    Session,
    Sin,
    Ssn,
    VCard,
    /// It is a word for a street before its name.
    StreetFirst,
    Tckn,
    Tfn,
    Title,
    Token,
    Wallet,
    /// It is one of many words of small letters in a row.
    Words,
    ZaId,
    /// It is no account at a bank.
    NotAccount,
    /// It is another day than a birthday.
    NotBirth,
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
        "nr konta, numer konta, numer rachunku, rachunek, account, acct, a c no, a c number, checking, savings, bank account, acc no, acc number, iban, \
         konto, kontonummer, cuenta, conta, compte, rekening, direct deposit",
    ),
    (
        Label::Birth,
        "일생, janm, janma, janam, dn, data nasc, f nacimiento, fecha nac, jahrgang, rozeny, dog tarihi, ngaysinh, born on, сурта, туган, تولد, ميلادي, जन्मतिथि, 생년, 태어난, 出生日期, 生まれ, dob, d o b, birth, born, birthday, birthdate, bday, bdate, birth date, geboren, geb, \
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
    (
        Label::Cvv,
        "cvv, cvc, cvn, cvv2, cvc2, security code, card code, kartenprufnummer, prufnummer, sicherheitscode, code de securite, \
         cryptogramme, codigo de seguridad, codice di sicurezza, codigo de seguranca, 安全码, セキュリティコード, код безопасности",
    ),
    (Label::Device, "imei, meid, imsi, iccid"),
    (
        Label::Expiry,
        "exp, expires, expiry, expiration, exp date, valid thru, valid until, valid through, gultig bis, ablauf, ablaufdatum, \
         expire, vencimiento, vence, caduca, scadenza, validade, vervaldatum, 有效期, 有効期限",
    ),
    (
        Label::IdCard,
        "personalausweis, personalausweisnummer, ausweisnummer, ausweis nr, ausweisnr, id card, identity card, identity number, \
         id card number, national id, national identity, identification number, rijksregisternummer, rijksregister, \
         registre national, fodselsnummer, fodselsnr, fnr, cpr nummer, cpr nr, kennitala, cedula, carte d identite, cni, \
         carta d identita, carta identita, dowod osobisty, dowodu, nip, regon, bilhete de identidade, cartao de cidadao, \
         numero de contribuinte, contribuinte, nif, svnr, sv nummer, sozialversicherungsnummer, rentenversicherungsnummer, \
         versicherungsnummer, ahv, ahv nummer, avs, ird, ird number, mykad, nric no, malaysian ic, ic number, ic no, emirates id, \
         iqama, rfc, cnp, egn, oib, emso, jmbg, amka, afm, rodne cislo, isikukood, asmens kodas, personas kods, pps, ppsn, hkid, \
         cccd, cmnd, nik, ktp, voter id, epic no, personvernnummer, cuit, cuil, الهوية, رقم الهوية, \
         البطاقة, инн, снилс, рнокпп, マイナンバー, 個人番号, 身分證, 身分证, 居民身份, 주민등록증, תעודת זהות, ת ז, मतदाता, αφμ, αμκα",
    ),
    (Label::Key, "key, schlussel, キー, 密钥, 密鑰, 秘钥, 키, ключ, مفتاح, कुंजी"),
    (
        Label::LastFour,
        "last 4, last four, letzten 4, letzten vier, ultimos 4, ultimos cuatro, derniers chiffres, last digits",
    ),
    (Label::Mac, "mac, mac address, mac addr, hwaddr, hw address, bssid, ethernet"),
    (
        Label::Medical,
        "mrn, mrn no, medical record, medical record number, patient id, patient number, patient no, patientennummer, \
         npi, npi number, national provider, dea number, dea no, health card, ohip, krankenversichertennummer, kvnr, \
         versichertennummer, numero de paciente, health insurance number, member id, medicaid, mbi, 病历号, 病歴番号",
    ),
    (Label::NetUse, "net use, psexec, runas"),
    (
        Label::Pin,
        "recovery code, backup code, emergency code, scratch code, wiederherstellungscode, notfallcode, code de recuperation, code de secours, \
         codigo de recuperacion, codigo de respaldo, codice di recupero, codigo de recuperacao, herstelcode, kod odzyskiwania, kurtarma kodu, \
         код восстановления, 恢复代码, 回復コード, 복구 코드, pin, pins, pin code, pin is, otp, one time code, one time password, passcode, verification code, 2fa, 2fa code, mfa code, \
         auth code, authentication code, code for the door, code for the gate, code for the garage, code for the alarm, code for the safe, code to the door, code to the gate, \
         code to the garage, code to the safe, code to the alarm, code fur die haustur, code fur die tur, code fur den tresor, code fur die garage, code fur das tor, code fur den alarm, \
         code du portail, code de l immeuble, code de l alarme, codigo de la puerta, codigo de la alarma, codigo del porton, codice della porta, codice del cancello, codice allarme, \
         codigo da porta, codigo do portao, codigo do alarme, deurcode, poortcode, alarmcode, kod do drzwi, kod do bramy, kod do domofonu, kapi sifresi, kapi kodu, код от двери, код домофона, login code, sms code, tan, mtan, door code, gate code, access code, alarm code, \
         safe code, entry code, keypad code, unlock code, lockbox code, garage code, screen code, voicemail code, geheimzahl, \
         turcode, zugangscode, bestatigungscode, code pin, digicode, code d acces, code de verification, code de la porte, \
         clave pin, codigo de verificacion, codigo de acceso, codigo pin, codice pin, codice di verifica, codigo de verificacao, \
         verificatiecode, pincode, kod pin, kod weryfikacyjny, pinkod, dogrulama kodu, sifre kodu, пин, пин код, код подтверждения, \
         код из смс, 验证码, 驗證碼, 取款密码, 認証コード, 確認コード, 暗証番号, 인증번호, 핀번호, رمز التحقق, الرقم السري, ओटीपी, पिन",
    ),
    (
        Label::Plate,
        "license plate, licence plate, number plate, plate number, plate no, plate, registration plate, reg plate, vehicle registration, kennzeichen, \
         autokennzeichen, nummernschild, immatriculation, plaque, plaque d immatriculation, matricula, placa, placas, patente, targa, chapa, \
         kenteken, rejestracja, rejestracyjny, tablica, registreringsnummer, regnr, registreringsskylt, rekisterinumero, plaka, \
         plakam, plakasi, rendszam, spz, госномер, номер машины, 车牌, 车牌号, 车牌号码, 车牌是, 車牌, 車牌號, ナンバー, ナンバーは, 차량번호, 차번호, 번호판, رقم اللوحة",
    ),
    (
        Label::Seed,
        "seed phrase, seed words, seedphrase, seed is, recovery phrase, recovery words, secret recovery, backup phrase, backup words, mnemonic, \
         mnemonic phrase, wallet seed, wallet words, wallet phrase, 12 words, 24 words, my 12 words, my 24 words, these 12 words, these 24 words, \
         the 12 words, the 24 words, wiederherstellungsphrase, phrase de recuperation, frase semilla, frase de recuperacion, frase seed, \
         bip39, 助记词, ニーモニック, シードフレーズ, 시드 구문, сид фраза",
    ),
    (
        Label::Session,
        "sessionid, session id, sessid, phpsessid, jsessionid, csrftoken, csrf token, xsrf token, roblosecurity, laravel session, \
         connect sid, sessiontoken, session token, session cookie, aspsessionid, sid, remember token, auth token, cookie, set cookie, \
         session, authjs session, next auth",
    ),
    (
        Label::AddressKey,
        "address, street address, home address, shipping address, billing address, mailing address, addr, street, line1, adresse, anschrift, \
         wohnhaft, strasse, lieferadresse, direccion, domicilio, calle y numero, indirizzo, residenza, endereco, morada, adres, ulica, adresa, \
         osoite, adress, lakcim, dia chi, alamat, адрес, адреса, 地址, 住址, 住所, 주소, पता, العنوان, כתובת, διευθυνση",
    ),
    (
        Label::Closing,
        "mit freundlichen grüßen, mit freundlichem gruß, viele grüße, liebe grüße, beste grüße, freundliche grüße, herzliche grüße, \
         gruße, gruß, bien à vous, z poważaniem, med vänliga hälsningar, regards, best regards, kind regards, warm regards, sincerely, yours sincerely, yours truly, yours faithfully, best, cheers, thanks, \
         many thanks, thank you, love, best wishes, mit freundlichen grussen, mit freundlichem gruss, freundliche grusse, viele grusse, \
         liebe grusse, beste grusse, herzliche grusse, grusse, gruss, mfg, vg, lg, cordialement, bien cordialement, bien a vous, amicalement, \
         amities, salutations, saludos, un saludo, atentamente, cordialmente, un abrazo, cordiali saluti, distinti saluti, saluti, atenciosamente, \
         cumprimentos, abracos, abraco, met vriendelijke groet, met vriendelijke groeten, groeten, groetjes, pozdrawiam, z powazaniem, \
         med vanliga halsningar, halsningar, mvh, vennlig hilsen, med venlig hilsen, hilsen, terveisin, ystavallisin terveisin, s pozdravem, \
         udvozlettel, cu stima, saygilarimla, tran trong, salam, с уважением, з повагою, με εκτιμηση",
    ),
    (Label::District, "区, 區, 县, 縣, 市, 郡, 구, 군, 시"),
    (
        Label::Greeting,
        "dear, hi, hello, hey, hallo, liebe, lieber, geehrter, geehrte, guten tag, guten morgen, moin, servus, bonjour, cher, chere, salut, hola, \
         estimado, estimada, querido, querida, ciao, caro, cara, gentile, salve, ola, oi, prezado, prezada, caro sr, beste, hoi, dag, geachte, \
         czesc, szanowny, szanowna, drogi, droga, hej, hei, kjaere, kaere, basta, merhaba, sayin, sevgili, ahoj, szia, kedves, buna, draga, \
         xin chao, здравствуйте, привет, уважаемый, уважаемая, дорогой, дорогая, γεια",
    ),
    (
        Label::IAm,
        "i am, i m, im, this is, ich bin, hier ist, je suis, soy, sono, sou, ik ben, jestem, jag ar, jeg er, olen, jsem, \
         vagyok, sunt, ben, это, я, me llaman, ask for, named, called",
    ),
    (
        Label::NameIs,
        "ich heiße, ten tôi là, benim adım, mam na imię, il mio nome è, meu nome é, mitt namn är, my name is, my full name is, name s, my name s, mein name ist, ich heisse, je m appelle, mon nom est, me llamo, mi nombre es, mi chiamo, il mio nome, \
         meu nome, me chamo, chamo me, mijn naam is, ik heet, nazywam sie, mam na imie, jag heter, mitt namn ar, mit navn er, mitt navn er, jeg hedder, \
         jeg heter, nimeni on, minun nimeni, jmenuji se, a nevem, ma numesc, numele meu, benim adim, adim, ten toi la, toi ten la, nama saya, меня зовут, \
         мое имя, мене звати, με λενε, ονομαζομαι, 我叫, 我的名字是, 我名叫, 私の名前は, 名前は, 제 이름은, 이름은, मेरा नाम, اسمي, קוראים לי, שמי",
    ),
    (
        Label::NameKey,
        "full name, fullname, first name, firstname, fname, last name, lastname, lname, given name, givenname, surname, family name, familyname, middle name, \
         middlename, maiden name, customer name, client name, patient name, employee name, contact name, account holder, cardholder, card holder, \
         cardholder name, beneficiary, applicant, vorname, nachname, familienname, kontoinhaber, kontoinhaberin, ansprechpartner, prenom, nom de famille, \
         nom complet, titulaire, apellido, apellidos, nombre completo, titular, cognome, sobrenome, nome completo, voornaam, achternaam, imie, nazwisko, \
         fornavn, etternavn, efternavn, efternamn, fornamn, etunimi, sukunimi, jmeno, prijmeni, keresztnev, prenume, soyad, soyadi, ad soyad, \
         owner name, holder name, имя, фамилия, фио, отчество, прізвище, 姓名, 氏名, お名前, 성명, 성함, الاسم الكامل, שם מלא, שם משפחה, ονοματεπωνυμο",
    ),
    (
        Label::NamePlain,
        "name, names, nom, nombre, nome, naam, navn, namn, nimi, nazwa, isim, nama, contact, recipient, holder, employee, customer, client, patient, \
         user, owner, sender, attn, attention, empfanger, absender, kunde, kundin, mitarbeiter, destinataire, client, \
         employe, cliente, paciente, destinatario, manager, tenant, student, teacher, member, passenger, guest, driver, author, signed, 名前, 이름, नाम, الاسم, שם",
    ),
    (
        Label::Relation,
        "landlord, landlady, husband, wife, son, daughter, brother, sister, mother, father, mom, mum, dad, boss, manager, supervisor, colleague, \
         coworker, co worker, friend, neighbor, neighbour, doctor, lawyer, attorney, accountant, dentist, teacher, tenant, client, customer, patient, roommate, \
         flatmate, girlfriend, boyfriend, partner, fiance, fiancee, ex, cousin, uncle, aunt, nephew, niece, grandmother, grandfather, grandma, grandpa, \
         assistant, therapist, agent, contact, director, ceo, cto, coach, mentor, student, intern, nanny, stepfather, stepmother, vermieter, vermieterin, mann, frau, \
         kollege, kollegin, freund, freundin, nachbar, nachbarin, ehemann, ehefrau, bruder, schwester, tochter, sohn, mutter, vater, chef, chefin, anwalt, \
         arzt, arztin, collegue, mari, femme, fils, fille, frere, soeur, mere, pere, proprietaire, voisin, voisine, ami, amie, copain, copine, hermano, hermana, \
         esposo, esposa, marido, hijo, hija, madre, padre, jefe, jefa, amigo, amiga, vecino, vecina, novio, novia, marito, moglie, fratello, sorella, figlio, figlia, \
         collega, capo, amico, amica, mae, pai, irmao, irma, filho, filha, vizinho, vizinha, man, vrouw, broer, zus, dochter, buurman, kollega, sambo",
    ),
    (
        Label::StreetFirst,
        "rue, avenue, av, boulevard, bd, place, chemin, allee, impasse, quai, route, cours, square, calle, avenida, avda, plaza, paseo, carrera, camino, \
         rua, travessa, praca, estrada, alameda, via, viale, piazza, corso, largo, vicolo, ul, ulica, al, aleja, os, plac, strada, bulevardul, улица, ул, проспект, просп, пер, вул, شارع",
    ),
    (
        Label::Title,
        "пани, пан, гражданин, mr, mrs, ms, miss, mx, dr, prof, professor, rev, judge, sen, capt, herr, herrn, frau, fraulein, mme, mlle, monsieur, madame, sra, srta, senor, senora, \
         dona, sig, signor, signora, dott, dottoressa, pani, panie, dhr, mevr, mevrouw, meneer, fru, herra, rouva, doktor, dra, docteur, господин, госпожа, доктор",
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
    (Label::Honorific, "様, さん, 先生, 氏は"),
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
        "creds, sifrem, sifresi, sifremiz, parolam, palavra passe, palavrapasse, contra, contrasenia, passwort lautet, kennwort ist, motdepasse, mot passe, code wifi, cle wifi, clave wifi, wifi key, wifi code, wlan schlussel, wlan key, wlan passwort, netzwerkschlussel, passcode, login pw, psw, psswd, passw, haslem, sandi, pasahitza, лозинка, парола, пасс, 口令, パス, 암호, 비번, 패스워드, كلمة السر, الباسورد, باسورد, رمز عبور, סיסמה, סיסמא, รหัสผ่าน, password, passwort, passwd, pass, pwd, pw, passphrase, passcode, kennwort, contrasena, clave, \
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
        "telemovel, tlm, tlmvl, cel, cell no, cellular, mera number, mera no, mera mobile, mi numero, ma numero, whatsapp me, hp, handphone, gsm, gsm no, numaram, telefonum, telefono movil, اتصل, تلفون, موبايل, رقمي, رقم الهاتف, מספר, پیامک, تماس, ফোন, মোবাইল, போன், เบอร์, дзвони, телефонуй, 打给我, 拨打, 番号は, phone, phones, tel, telephone, telefon, telefonnummer, mobile, cell, cellphone, call, whatsapp, \
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
    (Label::VCard, "vcard"),
    (Label::Tckn, "tc, tckn, tc kimlik, kimlik, t c, tc no, vatandaslik, turkish id"),
    (Label::Tfn, "tfn, tax file"),
    (
        Label::Token,
        "auth basic, basic auth, clave de api, clave de la api, cle d api, cle de l api, chave de api, chave da api, chiave api, api schluessel, apikey is, api token is, deploy key, deploy token is, storage key, sas key, hmac key, aes key, license key is, apiキー, トークン, 令牌, 토큰, токен, api 키, api密钥, api key, apikey, api token, api secret, security token, access token, auth token, secret key, \
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
        Label::NotBirth,
        "born to, came out, released, release, album, movie, film, premiere, premiered, published, founded, launched, aired",
    ),
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
        "dotnet, net core, net framework, sdk, upgraded, upgrade, upgrades, upgrading, downgraded, downgrade, updated to, update to, updating, migrated, assembly, fileversion, productversion, clause, version, ver, v, release, released, oid, section, chapter, firmware, build, driver, asn, python, chrome, firefox, windows, nginx, java, php, ruby, kernel, semver",
    ),
];
