use crate::Certificates;
use crate::process::{Process, free_port};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A Redis server of its own, with the password [`Redis::PASSWORD`]. It keeps nothing when it ends.
pub struct Redis {
    port: u16,
    process: Mutex<Process>,
}

impl Redis {
    pub const PASSWORD: &str = "only-for-tests";

    pub fn start() -> Self {
        let port = free_port();
        Self { port, process: Mutex::new(serve(port, &["--port", &port.to_string()])) }
    }

    /// One that speaks TLS only.
    pub fn start_with_tls(certificates: &Certificates) -> Self {
        let port = free_port();
        let [authority, server, key] = [certificates.authority(), certificates.server(), certificates.key()]
            .map(|path| path.display().to_string());
        let files = ["--tls-ca-cert-file", &authority, "--tls-cert-file", &server, "--tls-key-file", &key];
        let port_text = port.to_string();
        let options = [&["--port", "0", "--tls-port", &port_text, "--tls-auth-clients", "no"][..], &files].concat();
        Self { port, process: Mutex::new(serve(port, &options)) }
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Sends the server a signal: `STOP` and `CONT`, `TERM`, `KILL`.
    pub fn signal(&self, name: &str) {
        self.process.lock().unwrap().signal(name);
    }

    /// Waits for the server's end, and starts it again, empty, with further options.
    pub fn restart(&self, options: &[&str]) {
        let mut process = self.process.lock().unwrap();
        process.wait();
        *process = serve(self.port, &[&["--port", &self.port.to_string()], options].concat());
    }

    /// Sends a command and gives the answer as it came.
    pub fn execute(&self, command: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        write!(stream, "AUTH {}\r\n{command}\r\nQUIT\r\n", Self::PASSWORD).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

fn serve(port: u16, options: &[&str]) -> Process {
    let fixed = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--requirepass", Redis::PASSWORD];
    let arguments: Vec<String> = fixed.iter().chain(options).map(|text| (*text).to_owned()).collect();
    let process = Process::start("redis-server", &arguments);
    let until = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(Instant::now() < until, "Redis does not start");
        std::thread::sleep(Duration::from_millis(10));
    }
    process
}
