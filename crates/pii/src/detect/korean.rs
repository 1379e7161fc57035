//! Korean names: a family name and two syllables of given names, with a particle, a title or a word for a person beside it.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::scan::Text;
use super::script::{CharSet, NEAR, before, is_hangul, set, words};

static KOREAN_SURNAMES: LazyLock<CharSet> = LazyLock::new(|| {
    set(
        "김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구민나진지엄채원천방공현함변염여추도소석선설마길연위표명기반왕금옥육인맹제모탁국어은편용",
    )
});
static KOREAN_FIRST: LazyLock<CharSet> = LazyLock::new(|| {
    set(
        "민서지은성현준하예도시우주수유윤영정미혜경진동상승재태종기명인원광창철병순옥선소다나채아가건규대덕두라리보용의일장찬한해형호홍희세연효슬아린강길남단달로루마무문백범별봉빛새설솔송숙안애양여오완운웅율이임자전제조차천청초춘충치탁표학향헌혁화환후훈휘",
    )
});
static KOREAN_SECOND: LazyLock<CharSet> = LazyLock::new(|| {
    set(
        "민서지은성현준하예우주수유윤영정미혜경진호훈빈연원희자숙순옥석철환식용일인아나라린림율후혁욱국규기길남덕모배범복봉산상선섭신안열온완웅재태택표학한헌형화석슬솔람별빛찬결겸권균근관광란령례론루름리비생설소송승심애언엽오옹왕요운월위의이임장전조종중천청초춘충탁특평필해향홍효흠",
    )
});
static KOREAN_WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    words(
        "이미지 고유한 이상한 정상인 주소지 이동수 정규화 유효한 이유로 이용자 주인공 성인이 우선순 한가지 지원자 이해하 유지하 조용한 정수기 전원이 이후로 하나의 하나하 신용도 우수한 안전한 안정화 전용선 전문성 유용한 이지만 명의자 문의하 문서의 문서화 유의미 주의하 주의사 정의하 서로의 여기서 지나서 이전의 인기있 인지도 공유하 현재의 기준이 한정판 정기적 주기적 여전히 소중한 공정한 진정한 선정이 원하는 장소의 지도의 도서의",
    )
});

/// 김민수: a family name and two syllables of given names, with a particle, a title or a word for a person beside it.
pub(super) fn korean(text: &Text<'_>, at: usize) -> Option<(usize, usize)> {
    const PARTICLES: &str = "이 가 은 는 을 를 와 과 의 에게 한테 께 님 씨 도 랑 하고";
    const TITLES: &str =
        "씨 님 부장 과장 대리 팀장 선생 교수 사장 대표 이사 차장 실장 기자 변호사 의사 간호사 사원 고객 학생";
    const CUES: &str = "담당자 고객 상사 동료 친구 환자 이름은 이름 성명 작성자 신청자 아들 딸 남편 아내 동생 형 누나 언니 오빠 세입자 집주인 저는 선생님 대표 수신";
    let rest = text.str_ahead(at, NEAR);
    let mut chars = rest.chars();
    let (surname, first, second) = (chars.next()?, chars.next()?, chars.next()?);
    let is_name =
        KOREAN_SURNAMES.contains(surname) && KOREAN_FIRST.contains(first) && KOREAN_SECOND.contains(second);
    let name = rest.get(..surname.len_utf8() + first.len_utf8() + second.len_utf8())?;
    if !is_name || KOREAN_WORDS.contains(name) {
        return None;
    }
    let behind = chars.as_str();
    let ends = |next: &str| !next.starts_with(is_hangul);
    let has_title =
        TITLES.split_ascii_whitespace().any(|title| behind.trim_start_matches(' ').starts_with(title));
    let particle = PARTICLES
        .split_ascii_whitespace()
        .any(|word| behind.strip_prefix(word).is_some_and(|next| ends(next) || word == "님"));
    let cue = before(text, at).trim_end_matches([':', ' ', '：']);
    let has_cue = CUES.split_ascii_whitespace().any(|word| cue.ends_with(word));
    // A last syllable that is also a particle ends another word.
    let is_open = matches!(
        second,
        '은' | '이'
            | '의'
            | '도'
            | '나'
            | '지'
            | '기'
            | '자'
            | '한'
            | '서'
            | '라'
            | '아'
            | '리'
            | '로'
            | '요'
            | '게'
            | '하'
            | '해'
            | '일'
            | '인'
            | '수'
            | '원'
            | '성'
            | '전'
            | '정'
            | '조'
            | '장'
    );
    let is_one = has_title && (behind.starts_with(' ') || !is_open || behind.starts_with(['씨', '님']))
        || particle && !is_open
        || has_cue && (ends(behind) || particle)
        || particle && is_frequent_given(first, second);
    is_one.then(|| (at, at + name.len()))
}

fn is_frequent_given(first: char, second: char) -> bool {
    const GIVEN: &str = "민수 민지 서연 지훈 은영 우성 지은 지수 하은 지아 수지 수아 민서 현수 영수 철수 준서 윤서 은서 지원 예지 유나 미나 현지 수정 은정 민정 영자 정자 혜원 정원 재원 동하 은하 정아 선아 진아 예원 주원 영호 성수 진수 준수 경수 상수 연수 은지 혜지 수지 유리 나리 소라 보라 하나 유라 미라 세라";
    GIVEN.split(' ').any(|name| {
        let mut chars = name.chars();
        chars.next() == Some(first) && chars.next() == Some(second)
    })
}
