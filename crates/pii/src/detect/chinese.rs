//! Chinese names: a family name and one or two characters of given names, between words that stand beside names.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::scan::Text;
use super::script::{CharSet, NEAR, Neighbours, before, is_han, set, words};

const SINGLE: &str = "王李张張刘劉陈陳杨楊赵趙黄黃周吴吳徐孙孫胡朱高林何郭马馬罗羅梁宋郑鄭谢謝韩韓唐冯馮于董萧蕭程曹袁邓鄧许許傅沈曾彭吕呂苏蘇卢盧蒋蔣蔡贾賈丁魏薛叶葉阎閻余潘杜戴夏钟鍾汪田任姜范方石姚谭譚廖邹鄒熊金陆陸郝孔白崔康毛邱秦江史顾顧侯邵孟龙龍万萬段雷钱錢汤湯尹黎易常武乔喬贺賀赖賴龚龔文庞龐樊兰蘭殷施陶洪翟安颜顏倪严嚴牛温溫芦季俞章鲁魯葛伍韦韋申尤毕畢聂聶丛焦向柳邢路岳齐齊沿梅莫庄莊辛管祝左涂谷祁时耿牟卜詹关關苗凌费費纪紀靳盛童欧歐甄项項曲成游阳裴席卫衛查屈鲍鮑位覃霍翁隋植甘景薄单單包司柏宁寧柯阮桂闵解强柴华華车車冉房边邊";

static SURNAMES: LazyLock<CharSet> = LazyLock::new(|| set(SINGLE));

const COMPOUNDS: &str =
    "欧阳 歐陽 司马 司馬 上官 诸葛 諸葛 东方 皇甫 尉迟 公孙 慕容 令狐 司徒 长孙 宇文 夏侯 端木 東方 公孫";

/// Characters that a compound begins with.
static COMPOUND_FIRST: LazyLock<CharSet> =
    LazyLock::new(|| CharSet::of(COMPOUNDS.split_ascii_whitespace().filter_map(|name| name.chars().next())));

/// Characters that a name may begin with.
static FIRST: LazyLock<CharSet> = LazyLock::new(|| {
    let compounds = COMPOUNDS.split_ascii_whitespace().filter_map(|name| name.chars().next());
    CharSet::of(SINGLE.chars().chain(compounds))
});

static GIVEN_CHARS: LazyLock<CharSet> = LazyLock::new(|| {
    set(
        "伟偉芳娜秀英敏静靜丽麗强強磊军軍洋勇艳豔杰傑娟涛濤明超兰蘭霞平刚剛桂玲红紅梅建华華国國文志飞飛辉輝鹏鵬婷雪琳晶欣佳嘉怡颖穎倩琪瑶瑤璐妍子涵轩軒宇浩然梓睿博雨泽澤晨思远遠诗詩雅芝慧莉莹瑩洁潔薇燕萍凤鳳珍珠云雲莲蓮真环環荣榮爱愛妹香月莺鶯媛瑞凡佩蓉眉君琴蕊薇菁梦夢岚嵐苑婕馨瑗琰韵韻融园園艺藝咏詠卿聪聰澜瀾纯純毓悦悅昭冰爽琬茗羽希欣飘飄育滢瀅馥筠柔竹霭凝晓曉欢歡枫楓芸菲寒伊亚亞宜姬舒影荔枝丽阳陽妮宝寶贝貝初程梵罡恒鸿鴻桦樺骅剑劍娇嬌纪紀宽寬苛灵靈玛瑪媚琪晴容睿烁爍堂唯威韦韋雯苇萱阅閱彦彥宇雨洋忠宗曼紫逸贤賢蝶菡绿綠蓝藍儿兒翠烟小翰海山仁波宁寧贵貴福生龙龍元全胜勝学學祥才发發武新利清彬富顺順信子杰健世广廣义義兴興良峰岩中茂进進林有坚堅和彪诚誠先敬震振壮壯思群豪心邦承乐樂绍紹功松善厚庆慶磊民友裕河哲江亮政谦謙亨奇固之轮輪朗伯宏言若鸣鳴朋斌梁栋棟维維启啟克伦倫翔旭鹏泽澤士以建家致树樹炎德行时時泰盛雄琛钧鈞冠策腾騰楠榕风風航弘正日东東南大永少春秋俊昌成康星光天达達安俏晋晉城诺諾一二三美",
    )
});

/// Frequent words that begin with a family name.
static CHINESE_WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    words(
        "高兴 高興 高中 高级 高大 高达 高德 安全 安静 安排 安心 安宁 方便 方法 方面 方案 方正 方才 金融 金额 金子 金色 文明 文化 文学 文字 文件 文雅 白天 白色 白云 黄金 黄色 \
         马上 马路 时间 时候 时光 时常 成功 成为 成立 成本 成长 成熟 江山 江南 江东 王国 王子 关于 关系 关心 关注 关键 于是 何时 何必 任何 任务 万一 万分 万里 周末 周围 周年 周一 \
         周二 周三 周日 周五 周四 周六 常常 常见 严重 严格 明天 明白 向来 向上 华丽 华人 平安 平时 平台 平均 易于 包括 包装 包含 程序 程度 路上 路线 温度 温暖 余额 夏天 夏日 石油 \
         石头 钱包 水平 元旦 元素 单位 单一 连接 解决 全部 全球 管理 项目 常用 常年 时尚 时期 强大 强化 关心 关爱 马力 马云 林业 管家 章程 万美 路段 田园 田野 安装 顾客 顾问 季节 康复 武力 武器 \
         易学 平和 宁可 宁静 游戏 成果 成员 盛大 房子 房间 房东 车子 车站 车上 车里 边上 华语 严肃 向日 曲子 解释 解放 时代 夏季 冬天 雷雨 金牌 白银 严谨 任性 陈述 张开 张贴 谢谢 \
         许可 许多 曾经 叶子 唐代 宋代 何处 温和 温柔 方向 江河 易经 常规 位于 位子 单子 单元 项链 欧美 包子 左右 时时 曲目",
    )
});

static CHINESE_LEFT: LazyLock<Neighbours> = LazyLock::new(|| {
    Neighbours::before(
        "转告 通知 联系 给 給 跟 和 与 與 由 请 請 叫 问 問 找 是 把 被 向 对 對 让 讓 约 約 见 見 替 帮 幫 于 的 同事 朋友 客户 客戶 顾客 患者 病人 老师 老師 经理 經理 \
     医生 醫生 律师 邻居 鄰居 房东 房東 租客 女儿 女兒 儿子 兒子 妻子 丈夫 老公 老婆 哥哥 姐姐 弟弟 妹妹 爸爸 妈妈 媽媽 联系人 聯繫人 负责人 姓名 名字 同学 同學 主任 助理 员工 \
     員工 学生 學生 司机 老板 领导 室友 秘书 记者 先生 女士 我是 叔叔 阿姨 收件人 申请人 签名 作者",
    )
});

static CHINESE_RIGHT: LazyLock<Neighbours> = LazyLock::new(|| {
    Neighbours::behind(
        "说 說 在 是 的 和 与 與 跟 要 把 被 今 昨 明 来 來 去 写 寫 让 讓 问 問 发 發 给 給 没 沒 不 有 会 會 也 都 先生 女士 小姐 老师 老師 经理 經理 医生 醫生 总 \
     下 投诉 同学 同學 将 將 已 刚 剛 约 从 從 到 住 打 请 請 想 叫 做 买 申 签 負 负 提 告 回 认 答 了 吗 嗎 呢 吧 正 又 再 就 才 最近 上周 上個 可 能 应 需 \
     告诉 建议 主任 教授 律师 局长 书记 因 因为 收 寄 送 带 结婚 生病 辞职 离 离职 很 太 还 還 两 等 那",
    )
});

/// Tells if a name may begin with a character.
pub(super) fn begins(c: char) -> bool {
    FIRST.contains(c)
}

/// 王小明: a family name and one or two characters of given names, between words that stand beside names.
pub(super) fn chinese(text: &Text<'_>, at: usize) -> Option<(usize, usize)> {
    let rest = text.str_ahead(at, NEAR);
    let has_compound = rest.starts_with(|c| COMPOUND_FIRST.contains(c));
    let mut compounds = COMPOUNDS.split_ascii_whitespace().filter(|_| has_compound);
    let compound = compounds.find(|name| rest.starts_with(*name));
    let surname = compound.map_or_else(|| rest.chars().next().map_or(0, char::len_utf8), str::len);
    if compound.is_none() && !rest.starts_with(|c| SURNAMES.contains(c)) {
        return None;
    }
    let behind = rest.get(surname..)?;
    // 黄先生, 王总.
    if let Some(title) =
        ["先生", "女士", "小姐", "老师", "老師", "太太"].iter().find(|title| behind.starts_with(**title))
    {
        return is_left(text, at).then(|| (at, at + surname + title.len()));
    }
    let given: Vec<usize> = behind.char_indices().take(3).map(|(offset, c)| offset + c.len_utf8()).collect();
    let is_given = |length: usize| {
        behind.get(..length).is_some_and(|name| name.chars().all(|c| GIVEN_CHARS.contains(c)))
    };
    let is_word =
        |length: usize| rest.get(..surname + length).is_some_and(|name| CHINESE_WORDS.contains(name));
    let first = *given.first()?;
    if is_word(first) {
        return None;
    }
    let is_right = |length: usize| {
        let next = behind.get(length..).unwrap_or_default();
        !next.starts_with(is_han) || CHINESE_RIGHT.begin(next)
    };
    let two = given.get(1).copied().filter(|length| is_given(*length) && is_right(*length));
    let one = Some(first).filter(|length| is_given(*length) && is_right(*length));
    let (length, is_short) = two.map(|two| (two, false)).or(one.map(|one| (one, compound.is_none())))?;
    // Two characters alone may be any word: both sides must say that they are a name.
    let is_named = is_left(text, at)
        && (!is_short
            || has_cue(text, at)
            || behind.get(length..).is_some_and(|next| next.starts_with(is_han)));
    is_named.then(|| (at, at + surname + length))
}

/// Tells if nothing stands before a place, or a word that may stand before a name.
fn is_left(text: &Text<'_>, at: usize) -> bool {
    let head = before(text, at);
    !head.ends_with(is_han) || has_cue(text, at)
}

fn has_cue(text: &Text<'_>, at: usize) -> bool {
    let head = before(text, at).trim_end_matches([':', '：', ' ']);
    CHINESE_LEFT.end(head)
}
