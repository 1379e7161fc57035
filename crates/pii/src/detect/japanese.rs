//! Japanese names: a frequent family name with a given name or a particle behind it.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::scan::Text;
use super::script::{CharSet, NEAR, before, is_han, words};

static JAPANESE: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    words(
        "佐藤 鈴木 高橋 田中 伊藤 渡辺 渡邊 渡邉 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 斎藤 斉藤 齋藤 齊藤 清水 山崎 池田 橋本 阿部 石川 山下 中島 石井 小川 前田 岡田 長谷川 藤田 後藤 \
         近藤 村上 遠藤 青木 坂本 福田 太田 西村 藤井 岡本 金子 三浦 藤原 中野 中川 原田 松田 竹内 小野 田村 中山 和田 石田 森田 上田 内田 柴田 酒井 宮崎 横山 高木 安藤 宮本 大野 小島 谷口 今井 \
         工藤 高田 増田 丸山 杉山 村田 大塚 新井 小山 平野 藤本 河野 上野 野口 武田 松井 岩崎 菅原 木下 久保 佐野 野村 松尾 菊地 市川 杉本 古川 島田 水野 桜井 櫻井 渡部 高野 吉川 山内 西田 \
         飯田 菊池 西川 小松 北村 安田 五十嵐 川口 平田 中田 久保田 服部 川崎 岩田 土屋 本田 樋口 秋山 田口 永井 中西 吉村 川上 石原 大橋 松岡 馬場 浜田 森本 星野 矢野 浅野 大島 松下 吉岡 小池 \
         野田 荒木 熊谷 松浦 大谷 内藤 黒田 尾崎 永田 川村 望月 松村 田辺 荒井 菅野 大久保 平井 神田 堀内 片山 小田 岡崎 奥村 須藤 高山 沢田 石黒 榎本 桑原 中井 広瀬 宇野 岸本 長田 早川 三宅 福井 \
         高島 関口 鎌田 古賀 小笠原 白石 竹中 大森 中尾 堀田 吉野 西山 小泉 小倉 根本 津田 山中 植田 坂口 村井 宮田 甲斐 東野 成田 南野 黒木 本間 川島 二宮",
    )
});

/// First characters of the family names.
static FIRST: LazyLock<CharSet> =
    LazyLock::new(|| CharSet::of(JAPANESE.iter().filter_map(|name| name.chars().next())));

const JAPANESE_PLACES: &str = "県市区町村駅線川通橋学社院校店部課行所業産港島湖台坂丘寺神園館局党軍系式製会";

/// Tells if a name may begin with a character behind another.
pub(super) fn begins(c: char, before: char) -> bool {
    before == 'の' || FIRST.contains(c)
}

/// 佐藤健一: a frequent family name, with a given name or with a particle behind it.
pub(super) fn japanese(text: &Text<'_>, at: usize) -> Option<(usize, usize)> {
    const PARTICLES: &str = "は が を に へ と の も か で さ 様 氏 くん 君 ちゃん 先生 部長 課長 社長 、 。";
    let rest = text.str_ahead(at, NEAR);
    if !rest.starts_with(|c| FIRST.contains(c)) {
        return related(text, at);
    }
    let length = rest.char_indices().take(3).map(|(offset, c)| offset + c.len_utf8());
    let surname =
        length.filter(|length| rest.get(..*length).is_some_and(|name| JAPANESE.contains(name))).last();
    let Some(surname) = surname else { return related(text, at) };
    let head = before(text, at);
    // The end of a longer word is no name.
    if head.ends_with(is_han) && !["様", "長", "者", "員", "師"].iter().any(|end| head.ends_with(end)) {
        return None;
    }
    let behind = rest.get(surname..)?;
    let given = behind.chars().take_while(|c| is_han(*c)).count();
    let given_length: usize = behind.chars().take(given).map(char::len_utf8).sum();
    let name = behind.get(..given_length)?;
    let title = ["様", "氏", "君", "先生", "部長", "課長", "社長", "店長"]
        .iter()
        .find(|title| name.ends_with(**title));
    let name = title.and_then(|title| name.strip_suffix(*title)).unwrap_or(name);
    let is_place = name.chars().any(|c| JAPANESE_PLACES.contains(c));
    let is_told =
        PARTICLES.split_ascii_whitespace().any(|word| behind.starts_with(word)) || behind.is_empty();
    match name.chars().count() {
        0 if is_told || title.is_some() => Some((at, at + surname)),
        1..=3 if !is_place => Some((at, at + surname + name.len())),
        _ => None,
    }
}

/// 娘の結衣が: a given name behind a relation.
fn related(text: &Text<'_>, at: usize) -> Option<(usize, usize)> {
    const RELATIONS: &str =
        "娘の 息子の 妻の 夫の 兄の 姉の 弟の 妹の 友人の 友達の 同僚の 上司の 孫の 彼女の 彼氏の";
    const GIVEN: &str = "結衣美咲優花陽菜莉子翔太大輔健一拓也愛香奈真央彩乃凛葵桜楓蓮悠斗颯湊樹律朝陽翼海斗駿隼誠司浩直樹和也達哉雄介裕恵理沙由紀智久千尋早苗明日里穂麻衣萌恵美佳代典純舞瞳遥未来瑠";
    if text.slice(at.saturating_sub(3), at) != "の".as_bytes()
        || !RELATIONS.split_ascii_whitespace().any(|relation| before(text, at).ends_with(relation))
    {
        return None;
    }
    let rest = text.str_ahead(at, NEAR);
    let length: usize = rest.chars().take_while(|c| GIVEN.contains(*c)).map(char::len_utf8).sum();
    let is_one = (4..=9).contains(&length)
        && rest.get(length..)?.starts_with(['が', 'は', 'を', 'に', 'と', 'も', '、', '。', 'の']);
    is_one.then(|| (at, at + length))
}
