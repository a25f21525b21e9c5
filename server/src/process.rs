//! What the system says of this process: <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>.

use std::time::Instant;
use telemetry::server::metrics::Process;

/// Clock ticks per second in `/proc`: always so on Linux, whatever the kernel's own clock.
const TICKS: f64 = 100.0;

/// Looks at this process.
pub struct ProcessWatch(Instant);

impl Default for ProcessWatch {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl ProcessWatch {
    /// `None` where the system does not tell: elsewhere than on Linux.
    pub fn look(&self) -> Option<Process> {
        let [stat, status] = ["/proc/self/stat", "/proc/self/status"].map(std::fs::read_to_string);
        let (user_seconds, system_seconds) = cpu_seconds(&stat.ok()?)?;
        let status = status.ok()?;
        Some(Process {
            user_seconds,
            system_seconds,
            resident_bytes: number(&status, "VmRSS:")? * 1024,
            threads: number(&status, "Threads:")?,
            open_files: std::fs::read_dir("/proc/self/fd").ok()?.count() as u64,
            up: self.0.elapsed(),
        })
    }
}

/// The time in the program and in the system. They come after the program's name, which may hold anything, in brackets.
fn cpu_seconds(stat: &str) -> Option<(f64, f64)> {
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11).map(str::parse::<u64>);
    let mut next = || Some(fields.next()?.ok()? as f64 / TICKS);
    Some((next()?, next()?))
}

/// The number that a line of `status` begins with after its name.
fn number(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{ProcessWatch, cpu_seconds, number};

    #[test]
    fn a_programs_name_may_hold_anything() {
        assert_eq!(cpu_seconds("7 (a) (b) S 1 7 7 0 -1 4 10 0 1 0 250 50 0 0 20 0 9 0\n"), Some((2.5, 0.5)));
        assert_eq!(cpu_seconds("nonsense"), None);
        assert_eq!(number("Name:\tVmRSS: 9\nVmRSS:\t    1234 kB\n", "VmRSS:"), Some(1234));
    }

    #[test]
    fn this_process_is_seen() {
        let process = ProcessWatch::default().look().unwrap();
        assert!(process.threads >= 1 && process.open_files >= 3, "{process:?}");
        assert!((1_000_000..10_000_000_000).contains(&process.resident_bytes), "{process:?}");
    }
}
