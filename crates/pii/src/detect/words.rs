//! Words that people write for a digit, an at sign or a point, in many languages.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::plain::plain;

/// Words for the digits from zero to nine. Words of Latin letters are written small and without accents.
pub(super) const DIGITS: [&str; 10] = [
    "zero, null, nul, cero, noll, nolla, sifir, khong, oh, ноль, нуль, 零, 〇, ゼロ, 영, 공, शून्य, صفر, אפס",
    "one, eins, un, une, uno, um, een, jeden, ett, yksi, bir, mot, один, 一, 壹, 일, एक, واحد, אחת",
    "two, zwei, zwo, deux, dos, due, dois, twee, dwa, tva, kaksi, iki, hai, два, 二, 贰, 이, दो, اثنان, שתיים",
    "three, drei, trois, tres, tre, drie, trzy, kolme, uc, ba, три, 三, 叁, 삼, तीन, ثلاثة, שלוש",
    "four, vier, quatre, cuatro, quattro, quatro, cztery, fyra, nelja, dort, bon, четыре, 四, 肆, 사, चार, أربعة, ארבע",
    "five, funf, fuenf, cinq, cinco, cinque, vijf, piec, fem, viisi, bes, nam, пять, 五, 伍, 오, पांच, خمسة, חמש",
    "six, sechs, seis, sei, zes, szesc, sex, kuusi, alti, sau, шесть, 六, 陆, 육, छह, ستة, שש",
    "seven, sieben, sept, siete, sette, sete, zeven, siedem, sju, seitseman, yedi, bay, семь, 七, 柒, 칠, सात, سبعة, שבע",
    "eight, acht, huit, ocho, otto, oito, osiem, atta, kahdeksan, sekiz, tam, восемь, 八, 捌, 팔, आठ, ثمانية, שמונה",
    "nine, neun, neuf, nueve, nove, negen, dziewiec, nio, yhdeksan, dokuz, chin, девять, 九, 玖, 구, नौ, تسعة, תשע",
];

/// Words for the point of an address.
pub(super) const POINTS: &str = "dot, punkt, point, punto, ponto, punt, kropka, nokta, tecka, piste, prik, pont, titik, cham, \
     точка, 点, 點, ドット, 점, 닷, نقطة, دوت, نقطه, נקודה, डॉट, τελεια";

/// Words for the at sign. The first few have other meanings as well.
pub(super) const ATS: [&str; 4] = [
    "at, et, a, ad, na, en",
    "aet, arobase, arroba, chiocciola, malpa, zavinac, kukac, snabela, snabel a, apenstaartje, klammeraffe, affenschwanz, \
     kuyruklu a, miukumauku, kissanhanta, afna",
    "собака, собачка, эт, 艾特, 圈a, 小老鼠, アット, アットマーク, 골뱅이, 앳, آت, ات, שטרודל, כרוכית, ऐट, एट, παπακι",
    "@",
];

/// The words of a first letter, each with the sign that it stands for.
type Words = HashMap<char, Vec<(&'static str, char)>>;

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let digits = ('0'..='9').zip(DIGITS);
    let signs = ATS.iter().map(|words| ('@', *words)).chain([('.', POINTS), ('.', ".")]);
    let mut all = Words::new();
    for (sign, words) in digits.chain(signs) {
        for word in words.split(", ") {
            let first = word.chars().next().unwrap_or_default();
            all.entry(first).or_default().push((word, sign));
        }
    }
    // Of words that begin alike the longest is meant.
    for words in all.values_mut() {
        words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
    }
    all
});

/// The sign that the word at the beginning of a text stands for, and the length of the word, whatever its case and accents.
/// Only signs that are wanted are looked for.
pub(super) fn sign_at(text: &str, is_wanted: impl Fn(char) -> bool) -> Option<(char, usize)> {
    let small = |c: char| {
        if c.is_ascii() { c.to_ascii_lowercase() } else { plain(c.to_lowercase().next().unwrap_or(c)) }
    };
    let words = WORDS.get(&small(text.chars().next()?))?;
    words.iter().filter(|(_, sign)| is_wanted(*sign)).find_map(|(word, sign)| {
        let mut rest = text.chars();
        let is_it = word.chars().all(|wanted| rest.next().map(small) == Some(wanted));
        let is_latin = word.ends_with(|c: char| c.is_ascii_alphabetic());
        let goes_on =
            is_latin && rest.clone().next().is_some_and(|c| c.is_alphabetic() && (c as u32) < 0x250);
        (is_it && !goes_on).then(|| (*sign, text.len() - rest.as_str().len()))
    })
}
