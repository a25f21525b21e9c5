//! Words of the statistics of API calls.

use model::Range;

/// The words of this page, in one language.
pub struct Statistics {
    pub title: &'static str,
    pub intro: &'static str,
    pub ranges: &'static str,
    pub range: fn(Range) -> &'static str,
    pub empty: &'static str,
    pub empty_hint: &'static str,
    pub calls: &'static str,
    pub users: &'static str,
    pub aside: &'static str,
    pub succeeded: &'static str,
    pub refused: &'static str,
    pub failed: &'static str,
    /// A span of time in words, from minutes.
    pub every: fn(i64) -> String,
    pub charts: Charts,
    pub tables: Tables,
    pub log_ins: LogIns,
}

pub struct Charts {
    /// The horizontal axis, from the name of its time zone.
    pub time: fn(&str) -> String,
    pub time_column: &'static str,
    pub as_table: &'static str,
    pub calls: &'static str,
    /// The vertical axis, from the words of a step.
    pub calls_unit: fn(&str) -> String,
    /// What the chart shows, from calls, refused, failed, and the most calls in a step with its time.
    pub calls_essence: fn(&str, &str, &str, &str, &str) -> String,
    pub latency: &'static str,
    pub latency_unit: &'static str,
    /// From the latest 50th, 95th and 99th percentile.
    pub latency_essence: fn(&str, &str, &str) -> String,
    pub latency_unknown: &'static str,
    pub nothing_here: &'static str,
}

pub struct LogIns {
    pub title: fn(Range) -> &'static str,
    pub unit: fn(&str) -> String,
    /// From succeeded, refused, limited and failed.
    pub essence: fn(&str, &str, &str, &str) -> String,
    pub none: &'static str,
    /// In the order of `model::LogIn::ALL`.
    pub outcomes: [&'static str; 4],
}

pub struct Tables {
    pub routes: &'static str,
    pub only: &'static str,
    pub all: &'static str,
    pub routes_caption: &'static str,
    pub route: &'static str,
    pub users: &'static str,
    pub users_caption: &'static str,
    pub user: &'static str,
    pub last: &'static str,
}

pub static KO: Statistics = Statistics {
    title: "통계",
    intro: "이 보드가 받은 API 호출을 세어 보여 줘요. 호출이 끝나고 1초쯤 뒤에 더해져요.",
    ranges: "기간",
    range: |range| match range {
        Range::Hour => "최근 1시간",
        Range::Day => "최근 24시간",
        Range::Week => "최근 7일",
    },
    empty: "이 기간에는 API 호출이 없어요.",
    empty_hint: "메시지를 쓰거나 검색하면 잠시 뒤 여기에 나타나요.",
    calls: "호출",
    users: "사용자",
    aside: "읽을 수 없어 따로 둔 이벤트",
    succeeded: "성공",
    refused: "거절 (4xx)",
    failed: "실패 (5xx)",
    every: |minutes| match minutes {
        1 => "1분".to_owned(),
        minutes if minutes % 60 == 0 => format!("{}시간", minutes / 60),
        minutes => format!("{minutes}분"),
    },
    charts: Charts {
        time: |zone| format!("시각 ({zone})"),
        time_column: "시각",
        as_table: "표로 보기",
        calls: "호출 수",
        calls_unit: |step| format!("{step}마다 호출 수(번)"),
        calls_essence: |calls, refused, failed, most, at| {
            format!(
                "호출 {calls}번 가운데 거절 {refused}번, 실패 {failed}번이에요. 가장 많을 때는 {at}에 {most}번이었어요."
            )
        },
        latency: "응답 시간",
        latency_unit: "응답 시간(로그 눈금)",
        latency_essence: |p50, p95, p99| format!("마지막 응답 시간은 p50 {p50}, p95 {p95}, p99 {p99}예요."),
        latency_unknown: "걸린 시간을 아는 호출이 없어요.",
        nothing_here: "없음",
    },
    tables: Tables {
        routes: "많이 부른 경로",
        only: "이 경로만 보여요:",
        all: "모든 경로 보기",
        routes_caption: "경로별 호출, 많은 순서",
        route: "경로",
        users: "많이 부른 사용자",
        users_caption: "사용자별 호출, 많은 순서",
        user: "사용자",
        last: "마지막 호출",
    },
    log_ins: LogIns {
        title: |range| match range {
            Range::Hour | Range::Day => "로그인, 최근 24시간",
            Range::Week => "로그인, 최근 7일",
        },
        unit: |step| format!("{step}마다 로그인 시도(번)"),
        essence: |succeeded, refused, limited, failed| {
            format!("로그인 성공 {succeeded}번, 거절 {refused}번, 제한 {limited}번, 실패 {failed}번이에요.")
        },
        none: "이 기간에는 로그인 시도가 없어요.",
        outcomes: ["성공", "거절", "횟수 제한", "실패"],
    },
};

pub static EN: Statistics = Statistics {
    title: "Statistics",
    intro: "What the API calls to this board were like. A call is counted about a second after it ends.",
    ranges: "Range",
    range: |range| match range {
        Range::Hour => "Last hour",
        Range::Day => "Last 24 hours",
        Range::Week => "Last 7 days",
    },
    empty: "There were no API calls in this time.",
    empty_hint: "Post a message or search, and the call shows up here a moment later.",
    calls: "Calls",
    users: "Users",
    aside: "Unreadable events put aside",
    succeeded: "Succeeded",
    refused: "Refused (4xx)",
    failed: "Failed (5xx)",
    every: |minutes| match minutes {
        1 => "minute".to_owned(),
        60 => "hour".to_owned(),
        minutes if minutes % 60 == 0 => format!("{} hours", minutes / 60),
        minutes => format!("{minutes} minutes"),
    },
    charts: Charts {
        time: |zone| format!("Time ({zone})"),
        time_column: "Time",
        as_table: "As a table",
        calls: "Calls",
        calls_unit: |step| format!("Calls per {step}"),
        calls_essence: |calls, refused, failed, most, at| {
            format!("{calls} calls, of which {refused} were refused and {failed} failed. The most were {most} at {at}.")
        },
        latency: "Latency",
        latency_unit: "Latency (logarithmic)",
        latency_essence: |p50, p95, p99| format!("The latest latency is p50 {p50}, p95 {p95}, p99 {p99}."),
        latency_unknown: "No call has a known duration.",
        nothing_here: "none",
    },
    tables: Tables {
        routes: "Busiest routes",
        only: "Only this route:",
        all: "Show all routes",
        routes_caption: "Calls by route, most first",
        route: "Route",
        users: "Most active users",
        users_caption: "Calls by user, most first",
        user: "User",
        last: "Last call",
    },
    log_ins: LogIns {
        title: |range| match range {
            Range::Hour | Range::Day => "Log-ins, last 24 hours",
            Range::Week => "Log-ins, last 7 days",
        },
        unit: |step| format!("Log-ins tried per {step}"),
        essence: |succeeded, refused, limited, failed| {
            format!("{succeeded} log-ins succeeded, {refused} were refused, {limited} limited, {failed} failed.")
        },
        none: "Nobody tried to log in in this time.",
        outcomes: ["Succeeded", "Refused", "Limited", "Failed"],
    },
};
