use crate::process::{Process, free_port};
use std::io::Read;
use std::net::{Ipv4Addr, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A MariaDB server of its own, whose user `root` has the password [`Mariadb::PASSWORD`].
pub struct Mariadb {
    folder: TempDir,
    port: u16,
    process: Mutex<Process>,
}

static SHARED: LazyLock<Mariadb> = LazyLock::new(Mariadb::start);
static INSTALLS: Mutex<()> = Mutex::new(());
static DATABASES: AtomicU32 = AtomicU32::new(0);

impl Mariadb {
    pub const PASSWORD: &str = "only for tests";

    /// The one that this process's tests share, each in a database of its own.
    pub fn shared() -> &'static Self {
        &SHARED
    }

    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// With further options, such as those of TLS.
    pub fn start_with(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = format!("--datadir={}", folder.path().join("data").display());
        let one_at_a_time = INSTALLS.lock().unwrap();
        let made = Command::new("mariadb-install-db")
            .args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", &user(), &data])
            // A server that starts removes the temporary tables of others that it finds.
            .env("TMPDIR", folder.path())
            .output()
            .unwrap_or_else(|error| panic!("MariaDB is not installed ({error}): run `make setup`"));
        drop(one_at_a_time);
        let told = || [&*made.stdout, &*made.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).join("\n");
        assert!(made.status.success(), "{}", told());
        let init = format!("SET PASSWORD FOR root@localhost = PASSWORD('{}');", Self::PASSWORD);
        std::fs::write(folder.path().join("init.sql"), init).unwrap();
        let port = free_port();
        let process = Mutex::new(serve(&folder, port, options));
        Self { folder, port, process }
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The name of a database that nobody has used.
    pub fn new_database(&self) -> String {
        format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed))
    }

    /// Sends the server a signal: `STOP` and `CONT`, `TERM`, `KILL`.
    pub fn signal(&self, name: &str) {
        self.process.lock().unwrap().signal(name);
    }

    /// Waits for the server's end, and starts it again, with further options.
    pub fn restart(&self, options: &[&str]) {
        let mut process = self.process.lock().unwrap();
        process.wait();
        *process = serve(&self.folder, self.port, options);
    }

    /// Executes statements as `root`.
    pub fn execute(&self, statements: &str) -> String {
        let output = Command::new("mariadb")
            .args(["--no-defaults", "--host=127.0.0.1", "--user=root", "--batch", "--skip-column-names"])
            .args([format!("--port={}", self.port), format!("--password={}", Self::PASSWORD)])
            .args(["--default-character-set=utf8mb4", "--execute", statements])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// The user that runs the tests.
fn user() -> String {
    let name = Command::new("id").arg("--user").arg("--name").output().unwrap().stdout;
    format!("--user={}", String::from_utf8(name).unwrap().trim())
}

/// Starts the server and waits until it answers.
fn serve(folder: &TempDir, port: u16, options: &[&str]) -> Process {
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut arguments = vec![
        "--no-defaults".to_owned(),
        user(),
        format!("--datadir={}", path("data")),
        format!("--tmpdir={}", folder.path().display()),
        format!("--socket={}", path("socket")),
        format!("--pid-file={}", path("pid")),
        format!("--init-file={}", path("init.sql")),
        format!("--log-error={}", path("log")),
        format!("--port={port}"),
        "--bind-address=127.0.0.1".to_owned(),
        "--innodb-buffer-pool-size=256M".to_owned(),
    ];
    arguments.extend(options.iter().map(|option| (*option).to_owned()));
    let mut process = Process::start("mariadbd", &arguments);
    let until = Instant::now() + Duration::from_secs(60);
    while !greets(port) {
        let log = || std::fs::read_to_string(path("log")).unwrap_or_default();
        assert!(!process.has_ended() && Instant::now() < until, "MariaDB does not start:\n{}", log());
        std::thread::sleep(Duration::from_millis(20));
    }
    process
}

/// Whether a server says its first words.
fn greets(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return false };
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream.read_exact(&mut [0; 5]).is_ok()
}
