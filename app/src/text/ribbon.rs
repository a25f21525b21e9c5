//! Words of the ribbon, which is on every page.

use model::Part;

/// The ribbon's words, in one language.
pub struct Words {
    pub parts: Parts,
    pub ribbon: Ribbon,
}

/// The parts of the system, as legends name them.
pub struct Parts {
    pub browser: &'static str,
    pub server: &'static str,
    pub database: &'static str,
    pub cache: &'static str,
    pub queue: &'static str,
}

impl Parts {
    #[must_use]
    pub const fn name(&self, part: Part) -> &'static str {
        match part {
            Part::Browser => self.browser,
            Part::Server => self.server,
            Part::Database => self.database,
            Part::Cache => self.cache,
            Part::Queue => self.queue,
        }
    }
}

pub struct Ribbon {
    pub label: &'static str,
    /// Without JavaScript, and until the first trace has arrived.
    pub this_page: &'static str,
    pub page_load: &'static str,
    pub navigation: &'static str,
    pub click: &'static str,
    pub open: &'static str,
    pub fold: &'static str,
    pub unfold: &'static str,
    pub failed: &'static str,
}

impl Ribbon {
    /// What the reader did, in their words instead of telemetry's.
    #[must_use]
    pub fn done(&self, title: &str) -> String {
        let (name, rest) = title.split_at(title.find(' ').unwrap_or(title.len()));
        let name = match name {
            "documentLoad" => self.page_load,
            "navigation" => self.navigation,
            "click" => self.click,
            other => other,
        };
        format!("{name}{rest}")
    }
}

pub static KO: Words = Words {
    parts: Parts { browser: "브라우저", server: "서버", database: "SQL", cache: "캐시", queue: "큐" },
    ribbon: Ribbon {
        label: "마지막으로 한 일의 트레이스",
        this_page: "이 페이지의 트레이스",
        page_load: "페이지 열기",
        navigation: "이동",
        click: "클릭",
        open: "트레이스 열기",
        fold: "리본 접기",
        unfold: "트레이스 리본 펼치기",
        failed: "오류",
    },
};

pub static EN: Words = Words {
    parts: Parts { browser: "browser", server: "server", database: "sql", cache: "cache", queue: "queue" },
    ribbon: Ribbon {
        label: "Trace of the last thing you did",
        this_page: "trace of this page",
        page_load: "page load",
        navigation: "navigation",
        click: "click",
        open: "open trace",
        fold: "Fold the ribbon away",
        unfold: "Unfold the trace ribbon",
        failed: "error",
    },
};
