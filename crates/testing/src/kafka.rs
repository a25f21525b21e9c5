use crate::Certificates;
use crate::process::{Process, free_port, tools};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A Kafka broker of its own, with a plaintext listener, one with SASL/PLAIN, and, when it has certificates, one with TLS too.
pub struct Kafka {
    folder: TempDir,
    ports: Ports,
    process: Mutex<Process>,
}

#[derive(Debug, Clone, Copy)]
struct Ports {
    plain: u16,
    sasl: u16,
    sasl_tls: u16,
    controller: u16,
}

static SHARED: LazyLock<Kafka> = LazyLock::new(|| Kafka::start(None));

impl Kafka {
    pub const USERNAME: &str = "board";
    pub const PASSWORD: &str = "only for tests";
    /// As Event Hubs know whoever may send and listen.
    pub const SHARED_ACCESS_KEY: &str = "b25seSBmb3IgdGVzdHM=";

    /// The one that this process's tests share, each with a topic of its own.
    pub fn shared() -> &'static Self {
        &SHARED
    }

    pub fn start(certificates: Option<&Certificates>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ports = Ports { plain: free_port(), sasl: free_port(), sasl_tls: free_port(), controller: free_port() };
        let properties = folder.path().join("server.properties");
        std::fs::write(&properties, self::properties(folder.path(), ports, certificates)).unwrap();
        java(&[
            "kafka.tools.StorageTool",
            "format",
            "--standalone",
            "--cluster-id",
            "MkU3OEVBNTcwNTJENDM2Qg",
            "--config",
        ])
        .arg(&properties)
        .stdout(Stdio::null())
        .status()
        .unwrap();
        let process = Mutex::new(serve(&properties, ports));
        Self { folder, ports, process }
    }

    /// `host:port` of the listener that asks for nothing.
    pub fn servers(&self) -> String {
        format!("127.0.0.1:{}", self.ports.plain)
    }

    /// `host:port` of the listener that asks for user name and password.
    pub fn sasl_servers(&self) -> String {
        format!("127.0.0.1:{}", self.ports.sasl)
    }

    /// A connection string as that of Event Hubs, for the listener with TLS.
    pub fn connection_string(&self) -> String {
        connection_string(self.ports)
    }

    /// Sends the broker a signal: `STOP` and `CONT`, `TERM`, `KILL`.
    pub fn signal(&self, name: &str) {
        self.process.lock().unwrap().signal(name);
    }

    /// Waits for the broker's end, and starts it again with what it holds.
    pub fn restart(&self) {
        let mut process = self.process.lock().unwrap();
        process.wait();
        *process = serve(&self.folder.path().join("server.properties"), self.ports);
    }
}

fn connection_string(ports: Ports) -> String {
    let key = Kafka::SHARED_ACCESS_KEY;
    format!("Endpoint=sb://localhost:{}/;SharedAccessKeyName=board;SharedAccessKey={key}", ports.sasl_tls)
}

fn properties(folder: &Path, ports: Ports, certificates: Option<&Certificates>) -> String {
    let Ports { plain, sasl, sasl_tls, controller } = ports;
    let module = "org.apache.kafka.common.security.plain.PlainLoginModule required";
    let (username, password) = (Kafka::USERNAME, Kafka::PASSWORD);
    let tls = certificates.map(|certificates| {
        let chain = std::fs::read_to_string(certificates.server()).unwrap().replace('\n', " ");
        let key = std::fs::read_to_string(certificates.key()).unwrap().replace('\n', " ");
        let string = connection_string(ports);
        format!(
            "listener.name.sasl_ssl.plain.sasl.jaas.config={module} user_$ConnectionString=\"{string}\";\n\
             ssl.keystore.type=PEM\nssl.keystore.certificate.chain={chain}\nssl.keystore.key={key}\n"
        )
    });
    let tls_listener = tls.as_ref().map(|_| format!(",SASL_SSL://127.0.0.1:{sasl_tls}")).unwrap_or_default();
    let tls_advertised = tls.as_ref().map(|_| format!(",SASL_SSL://localhost:{sasl_tls}")).unwrap_or_default();
    format!(
        "process.roles=broker,controller\nnode.id=1\nlog.dirs={logs}\n\
         controller.quorum.bootstrap.servers=127.0.0.1:{controller}\ncontroller.listener.names=CONTROLLER\n\
         listeners=PLAINTEXT://127.0.0.1:{plain},SASL_PLAINTEXT://127.0.0.1:{sasl},CONTROLLER://127.0.0.1:{controller}{tls_listener}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{plain},SASL_PLAINTEXT://127.0.0.1:{sasl}{tls_advertised}\n\
         listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL\n\
         inter.broker.listener.name=PLAINTEXT\nsasl.enabled.mechanisms=PLAIN\n\
         listener.name.sasl_plaintext.plain.sasl.jaas.config={module} user_{username}=\"{password}\";\n{tls}\
         default.replication.factor=1\noffsets.topic.replication.factor=1\noffsets.topic.num.partitions=3\n\
         transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\ntransaction.state.log.num.partitions=3\n\
         share.coordinator.state.topic.replication.factor=1\nshare.coordinator.state.topic.min.isr=1\n\
         min.insync.replicas=1\ngroup.initial.rebalance.delay.ms=0\n",
        logs = folder.join("logs").display(),
        tls = tls.unwrap_or_default(),
    )
}

/// Starts the broker and waits until it listens.
fn serve(properties: &Path, ports: Ports) -> Process {
    let memory = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
    let mut arguments: Vec<String> = memory.map(str::to_owned).to_vec();
    arguments.extend(["-cp".to_owned(), classes(), "kafka.Kafka".to_owned(), properties.display().to_string()]);
    let mut process = Process::start("java", &arguments);
    let until = Instant::now() + Duration::from_secs(120);
    while TcpStream::connect((Ipv4Addr::LOCALHOST, ports.plain)).is_err() {
        assert!(!process.has_ended() && Instant::now() < until, "Kafka does not start: {}", properties.display());
        std::thread::sleep(Duration::from_millis(100));
    }
    process
}

fn java(arguments: &[&str]) -> Command {
    let mut command = Command::new("java");
    command.args(["-XX:TieredStopAtLevel=1", "-cp", &classes()]).args(arguments);
    command
}

/// Where `make setup` puts the broker's files.
fn classes() -> String {
    let installed = std::fs::read_dir(tools()).into_iter().flatten().flatten().map(|entry| entry.path());
    let versions =
        installed.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("kafka-")));
    let newest =
        versions.max().unwrap_or_else(|| panic!("Kafka is not installed in {}: run `make setup`", tools().display()));
    format!("{}/libs/*", newest.display())
}
