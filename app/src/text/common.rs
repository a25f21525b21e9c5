//! Words of the frame around every page: bars, keyboard, errors, times, numbers.

/// Words of every page.
pub struct Common {
    pub app_name: &'static str,
    pub skip_to_content: &'static str,
    pub places: Places,
    pub account_menu: &'static str,
    pub other_language: &'static str,
    pub other_language_short: &'static str,
    pub theme: &'static str,
    pub loading: &'static str,
    pub offline: &'static str,
    pub try_again: &'static str,
    /// Of the keyboard's dialog, like `keyboard`: only the server writes it.
    #[cfg(feature = "ssr")]
    pub close: &'static str,
    pub error: ErrorWords,
    pub not_found: NotFound,
    #[cfg(feature = "ssr")]
    pub keyboard: Keyboard,
    pub time: Times,
    pub pager: PagerWords,
}

/// Names of the places in the bars; the same words are their pages' titles.
pub struct Places {
    pub main: &'static str,
    pub shortcuts: &'static str,
    pub messages: &'static str,
    pub search: &'static str,
    pub samples: &'static str,
    pub observe: &'static str,
    pub logs: &'static str,
    pub traces: &'static str,
    pub statistics: &'static str,
    pub messaging: &'static str,
    pub cache: &'static str,
    pub status: &'static str,
    pub account: &'static str,
    pub sign_in: &'static str,
    pub sign_out: &'static str,
}

pub struct ErrorWords {
    pub code: &'static str,
    pub trace: &'static str,
    pub copy: &'static str,
    pub copied: &'static str,
    pub retry_after: fn(u32) -> String,
}

pub struct NotFound {
    pub title: &'static str,
    pub advice: &'static str,
    pub home: &'static str,
}

#[cfg(feature = "ssr")]
pub struct Keyboard {
    pub title: &'static str,
    pub search: &'static str,
    pub new_message: &'static str,
    pub go_messages: &'static str,
    pub go_status: &'static str,
    pub go_logs: &'static str,
    pub go_traces: &'static str,
    pub next_row: &'static str,
    pub previous_row: &'static str,
    pub help: &'static str,
}

pub struct Times {
    pub just_now: &'static str,
    pub minutes_ago: fn(i64) -> String,
    pub hours_ago: fn(i64) -> String,
    pub days_ago: fn(i64) -> String,
    /// A date from year, month (1 to 12) and day.
    pub date: fn(i64, u8, u8) -> String,
    pub unknown: &'static str,
}

pub struct PagerWords {
    pub label: &'static str,
    pub previous: &'static str,
    pub next: &'static str,
    pub page: fn(&str) -> String,
    pub past_the_end: &'static str,
    pub jump: &'static str,
    pub go: &'static str,
}

pub static KO: Common = Common {
    app_name: "Glassboard",
    skip_to_content: "본문으로 건너뛰기",
    places: Places {
        main: "주요 메뉴",
        shortcuts: "바로 가기",
        messages: "메시지",
        search: "검색",
        samples: "샘플",
        observe: "관측",
        logs: "로그",
        traces: "트레이스",
        statistics: "통계",
        messaging: "메시징 로그",
        cache: "검색 캐시",
        status: "상태",
        account: "계정",
        sign_in: "로그인",
        sign_out: "로그아웃",
    },
    account_menu: "계정 메뉴",
    other_language: "English",
    other_language_short: "EN",
    theme: "밝은 화면과 어두운 화면 바꾸기",
    loading: "불러오고 있어요",
    offline: "인터넷에 연결되어 있지 않아요. 보던 내용은 그대로 있어요.",
    try_again: "다시 시도하기",
    #[cfg(feature = "ssr")]
    close: "닫기",
    error: ErrorWords {
        code: "코드",
        trace: "트레이스",
        copy: "복사",
        copied: "복사했어요",
        retry_after: |seconds| format!("{seconds}초 뒤에 다시 시도해 주세요."),
    },
    not_found: NotFound {
        title: "이 주소에는 아무것도 없어요",
        advice: "주소를 다시 확인하거나 아래에서 시작해 주세요.",
        home: "첫 화면으로 가기",
    },
    #[cfg(feature = "ssr")]
    keyboard: Keyboard {
        title: "키보드",
        search: "검색하기",
        new_message: "새 메시지 쓰기",
        go_messages: "메시지로 가기",
        go_status: "통계와 상태로 가기",
        go_logs: "로그로 가기",
        go_traces: "트레이스로 가기",
        next_row: "다음 줄",
        previous_row: "이전 줄",
        help: "이 목록 보기",
    },
    time: Times {
        just_now: "방금",
        minutes_ago: |n| format!("{n}분 전"),
        hours_ago: |n| format!("{n}시간 전"),
        days_ago: |n| format!("{n}일 전"),
        date: |year, month, day| format!("{year}년 {month}월 {day}일"),
        unknown: "시각 모름",
    },
    pager: PagerWords {
        label: "쪽",
        previous: "이전 쪽",
        next: "다음 쪽",
        page: |n| format!("{n}쪽"),
        past_the_end: "여기까지는 아무것도 없어요. 앞쪽으로 돌아가 보세요.",
        jump: "몇 쪽으로 갈까요",
        go: "가기",
    },
};

pub static EN: Common = Common {
    app_name: "Glassboard",
    skip_to_content: "Skip to content",
    places: Places {
        main: "Main",
        shortcuts: "Shortcuts",
        messages: "Messages",
        search: "Search",
        samples: "Samples",
        observe: "Observe",
        logs: "Logs",
        traces: "Traces",
        statistics: "Statistics",
        messaging: "Messaging log",
        cache: "Search cache",
        status: "Status",
        account: "Account",
        sign_in: "Sign in",
        sign_out: "Sign out",
    },
    account_menu: "Account menu",
    other_language: "한국어",
    other_language_short: "KO",
    theme: "Switch between light and dark",
    loading: "Loading",
    offline: "You are offline. What you see stays here.",
    try_again: "Try again",
    #[cfg(feature = "ssr")]
    close: "Close",
    error: ErrorWords {
        code: "Code",
        trace: "Trace",
        copy: "Copy",
        copied: "Copied",
        retry_after: |seconds| format!("Try again in {seconds} s."),
    },
    not_found: NotFound {
        title: "There is nothing at this address",
        advice: "Check the address, or start here.",
        home: "Go to the front page",
    },
    #[cfg(feature = "ssr")]
    keyboard: Keyboard {
        title: "Keyboard",
        search: "Search",
        new_message: "New message",
        go_messages: "Go to messages",
        go_status: "Go to statistics and status",
        go_logs: "Go to logs",
        go_traces: "Go to traces",
        next_row: "Next row",
        previous_row: "Previous row",
        help: "Show this list",
    },
    time: Times {
        just_now: "just now",
        minutes_ago: |n| format!("{n} min ago"),
        hours_ago: |n| format!("{n} h ago"),
        days_ago: |n| if n == 1 { "yesterday".to_owned() } else { format!("{n} days ago") },
        date: |year, month, day| {
            const MONTHS: [&str; 12] =
                ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
            let month = MONTHS.get(usize::from(month.saturating_sub(1))).copied().unwrap_or_default();
            format!("{day} {month} {year}")
        },
        unknown: "time unknown",
    },
    pager: PagerWords {
        label: "Pages",
        previous: "Previous page",
        next: "Next page",
        page: |n| format!("Page {n}"),
        past_the_end: "There is nothing this far. Go back to an earlier page.",
        jump: "Go to page",
        go: "Go",
    },
};
