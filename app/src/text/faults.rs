//! Words of the faults that operators may ask for.

use model::FaultKind;

/// The words of this page, in one language.
pub struct Faults {
    pub title: &'static str,
    pub intro: &'static str,
    pub impossible: &'static str,
    pub caption: &'static str,
    pub fault: &'static str,
    pub now: &'static str,
    pub none: &'static str,
    pub until: &'static str,
    pub by: &'static str,
    pub amount: fn(&str) -> String,
    pub minutes: fn(&str) -> String,
    pub minutes_unit: &'static str,
    pub start: &'static str,
    pub start_one: fn(&str) -> String,
    pub end: &'static str,
    pub end_one: fn(&str) -> String,
    pub on_request: &'static str,
    pub panel: &'static str,
    pub kind: fn(FaultKind) -> (&'static str, &'static str),
}

pub static KO: Faults = Faults {
    title: "장애 일으키기",
    intro: "알림과 차트가 제대로 반응하는지 보려고 일부러 장애를 일으켜요. 모든 프로세스에 나타나고, 정한 시간이 지나면 저절로 끝나요.",
    impossible: "ENVIRONMENT=production으로 시작한 서버에서는 장애를 일으킬 수 없어요.",
    caption: "일으킬 수 있는 장애",
    fault: "장애",
    now: "지금",
    none: "없음",
    until: "끝:",
    by: "시작한 사람:",
    amount: |fault| format!("{fault}: 크기"),
    minutes: |fault| format!("{fault}: 몇 분 동안"),
    minutes_unit: "분",
    start: "시작",
    start_one: |fault| format!("{fault} 시작"),
    end: "끝내기",
    end_one: |fault| format!("{fault} 끝내기"),
    on_request: "일부러 일으킨 장애:",
    panel: "장애 일으키기",
    kind: |kind| match kind {
        FaultKind::Latency => ("지연", "모든 페이지와 호출이 그만큼 더 걸려요."),
        FaultKind::Errors => ("오류", "페이지와 호출 가운데 그만큼이 500으로 실패해요."),
        FaultKind::Store => ("저장소 장애", "저장소를 쓰는 일 가운데 그만큼이 응답 없음으로 실패해요."),
        FaultKind::Cache => ("캐시 장애", "세션, 검색 캐시, API 로그를 쓰는 일 가운데 그만큼이 실패해요."),
        FaultKind::Lag => ("소비 지연", "이벤트를 세는 쪽이 한 묶음마다 그만큼 쉬어서 밀려요."),
        FaultKind::Memory => ("메모리 증가", "끝날 때까지 프로세스마다 메모리를 그만큼 고르게 더 써요."),
    },
};

pub static EN: Faults = Faults {
    title: "Faults",
    intro: "Trouble on request, to see whether alerts and charts notice. All processes show it, and it ends by itself.",
    impossible: "A server that was started with ENVIRONMENT=production has no faults on request.",
    caption: "Faults that can be asked for",
    fault: "Fault",
    now: "Now",
    none: "none",
    until: "ends",
    by: "started by",
    amount: |fault| format!("{fault}: how much"),
    minutes: |fault| format!("{fault}: for how many minutes"),
    minutes_unit: "min",
    start: "Start",
    start_one: |fault| format!("Start {fault}"),
    end: "End",
    end_one: |fault| format!("End {fault}"),
    on_request: "Faults on request:",
    panel: "Start or end some",
    kind: |kind| match kind {
        FaultKind::Latency => ("Latency", "Every page and call takes that much longer."),
        FaultKind::Errors => ("Errors", "That share of pages and calls fails with 500."),
        FaultKind::Store => ("Store away", "That share of what the store is asked for fails, as if it did not answer."),
        FaultKind::Cache => {
            ("Cache away", "That share of what sessions, search cache and API log are asked for fails.")
        }
        FaultKind::Lag => {
            ("Consumer lag", "Whoever counts events pauses that long before each batch, and falls behind.")
        }
        FaultKind::Memory => ("Memory growth", "Each process takes that much more memory, evenly, until the end."),
    },
};
