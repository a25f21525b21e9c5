//! Sample messages in Korean and English: the same number always gives the same message.

const KOREAN: &[&str] = &[
    "서버",
    "배포",
    "완료했습니다",
    "지연",
    "시간이",
    "정상으로",
    "돌아왔습니다",
    "오늘",
    "회의는",
    "세시에",
    "시작합니다",
    "데이터베이스",
    "백업을",
    "확인해",
    "주세요",
    "캐시",
    "적중률이",
    "올랐어요",
    "로그를",
    "살펴보는",
    "중입니다",
    "트레이스가",
    "끊기지",
    "않습니다",
    "점심",
    "같이",
    "드실",
    "분",
    "새로운",
    "기능을",
    "추가했어요",
    "검색이",
    "빨라졌네요",
    "카프카",
    "소비자",
    "지연이",
    "줄었습니다",
    "장애",
    "원인을",
    "찾았습니다",
    "감사합니다",
    "테스트가",
    "모두",
    "통과했어요",
    "리뷰",
    "부탁드립니다",
    "쿠버네티스",
    "노드를",
    "교체합니다",
    "모니터링",
    "대시보드",
    "링크를",
    "공유합니다",
    "비밀번호를",
    "바꾸었습니다",
    "안녕하세요",
    "반갑습니다",
    "주말",
    "잘",
    "보내세요",
];

const ENGLISH: &[&str] = &[
    "server",
    "deploy",
    "finished",
    "latency",
    "is",
    "back",
    "to",
    "normal",
    "today",
    "the",
    "meeting",
    "starts",
    "at",
    "three",
    "database",
    "backup",
    "please",
    "check",
    "cache",
    "hit",
    "ratio",
    "went",
    "up",
    "reading",
    "logs",
    "now",
    "trace",
    "without",
    "a",
    "gap",
    "lunch",
    "anyone",
    "new",
    "feature",
    "added",
    "search",
    "got",
    "faster",
    "Kafka",
    "consumer",
    "lag",
    "shrinks",
    "incident",
    "root",
    "cause",
    "found",
    "thank",
    "you",
    "all",
    "tests",
    "pass",
    "review",
    "wanted",
    "Kubernetes",
    "node",
    "replaced",
    "dashboard",
    "link",
    "shared",
    "password",
    "changed",
    "hello",
    "nice",
    "weekend",
    "queue",
    "drained",
    "rollback",
    "not",
    "needed",
    "metrics",
    "look",
    "fine",
];

/// Message number `n`: 3 to 12 words, two of three in Korean.
pub fn message(n: u64) -> String {
    let mut state = n;
    let words = if splitmix64(&mut state).is_multiple_of(3) { ENGLISH } else { KOREAN };
    let length = 3 + splitmix64(&mut state) % 10;
    let mut text = String::with_capacity(96);
    for i in 0..length {
        if i > 0 {
            text.push(' ');
        }
        let at = usize::try_from(splitmix64(&mut state) % words.len() as u64).unwrap_or(0);
        text.push_str(words[at]);
    }
    text
}

/// Vigna's `SplitMix64` (<https://prng.di.unimi.it/splitmix64.c>): well mixed even for consecutive seeds.
fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::message;

    #[test]
    fn messages_have_3_to_12_words_in_both_languages() {
        let texts: Vec<String> = (0..1000).map(message).collect();
        assert!(texts.iter().all(|text| (3..=12).contains(&text.split(' ').count())));
        let korean = texts.iter().filter(|text| text.chars().any(|c| ('가'..='힣').contains(&c))).count();
        assert!((500..850).contains(&korean), "{korean}");
        assert_eq!(message(7), message(7));
    }
}
