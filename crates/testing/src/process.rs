use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{LazyLock, Mutex};

type Order = (Command, Sender<std::io::Result<Child>>);

/// A thread that ends with the process: the signal at a parent's death comes when the thread ends that was the parent.
static SPAWNER: LazyLock<Mutex<Sender<Order>>> = LazyLock::new(|| {
    let (orders, receiver) = channel::<Order>();
    std::thread::spawn(move || receiver.iter().for_each(|(mut command, reply)| drop(reply.send(command.spawn()))));
    Mutex::new(orders)
});

/// A program that ends when its owner does, however that ends.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts `program`, which `make setup` installs.
    pub fn start(program: &str, arguments: &[String]) -> Self {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", program]).args(arguments).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        // Where Debian keeps servers, for users whose path has only commands.
        command.env("PATH", format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default()));
        let (reply, started) = channel();
        SPAWNER.lock().unwrap().send((command, reply)).unwrap();
        let started = started.recv().unwrap();
        Self(started.unwrap_or_else(|error| panic!("{program} can't be started ({error}): run `make setup`")))
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.0.id().to_string()]).status().unwrap();
        assert!(sent.success(), "{name} was not sent");
    }

    pub fn wait(&mut self) {
        self.0.wait().unwrap();
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where `make setup` puts programs of an exact version.
pub fn tools() -> PathBuf {
    let cache = std::env::var_os("GLASSBOARD_CACHE").map(PathBuf::from);
    cache.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache/glassboard")).join("tools")
}

/// A port of 127.0.0.1 that nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}
