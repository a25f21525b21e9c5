use crate::process::{Process, free_port, tools};
use std::fmt::Write as _;
use std::fs;
use tempfile::TempDir;

/// A Prometheus of its own that scrapes one target every second, exemplars included. It keeps nothing when it ends.
pub struct Prometheus {
    pub url: String,
    process: Process,
    _folder: TempDir,
}

impl Prometheus {
    /// `target`: host and port.
    pub fn scraping(target: &str) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let path = |name: &str| folder.path().join(name).display().to_string();
        let mut settings = "global: {scrape_interval: 1s}\nscrape_configs:\n".to_owned();
        writeln!(settings, "  - {{job_name: board, static_configs: [{{targets: ['{target}']}}]}}").unwrap();
        fs::write(path("prometheus.yml"), settings).unwrap();
        let arguments = [
            format!("--config.file={}", path("prometheus.yml")),
            format!("--storage.tsdb.path={}", path("data")),
            format!("--web.listen-address=127.0.0.1:{port}"),
            "--enable-feature=exemplar-storage".to_owned(),
        ];
        let program = tools().join("prometheus/usr/bin/prometheus");
        let process = Process::start(&program.display().to_string(), &arguments);
        Self { url: format!("http://127.0.0.1:{port}"), process, _folder: folder }
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.process.has_ended()
    }
}
