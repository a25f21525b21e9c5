//! Words that the pages under Observe share.

/// The words of this area, in one language.
pub struct Instruments {
    pub operators_title: &'static str,
    pub operators_why: &'static str,
    pub operators_how: &'static str,
    pub own_traces: &'static str,
    pub follow: &'static str,
    pub not_refreshed: &'static str,
    pub calls: Calls,
}

/// The headings of a table of API calls.
pub struct Calls {
    pub time: &'static str,
    pub method: &'static str,
    pub route: &'static str,
    pub status: &'static str,
    pub user: &'static str,
    pub duration: &'static str,
    pub trace: &'static str,
}

pub static KO: Instruments = Instruments {
    operators_title: "운영자만 볼 수 있어요",
    operators_why: "여기에는 다른 사람이 한 일이 보여요. 그래서 운영자에게만 열려 있어요.",
    operators_how: "운영자가 되려면 서버를 시작할 때 환경 변수에 사용자 이름을 넣으세요. 여러 명은 쉼표로 나눠요.",
    own_traces: "내 트레이스 보기",
    follow: "실시간으로 따라가기",
    not_refreshed: "새로 고치지 못했어요. 곧 다시 시도할게요.",
    calls: Calls {
        time: "시각",
        method: "메서드",
        route: "경로",
        status: "상태",
        user: "사용자",
        duration: "걸린 시간",
        trace: "트레이스",
    },
};

pub static EN: Instruments = Instruments {
    operators_title: "Operators only",
    operators_why: "This shows what others do, so it is open to operators only.",
    operators_how: "To become one, name yourself in this environment variable when the server starts. Separate several names with commas.",
    own_traces: "See your own traces",
    follow: "Follow live",
    not_refreshed: "This could not be refreshed; it is tried again.",
    calls: Calls {
        time: "Time",
        method: "Method",
        route: "Route",
        status: "Status",
        user: "User",
        duration: "Duration",
        trace: "Trace",
    },
};
