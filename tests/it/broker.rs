//! Owns real brokers for tests: starts, stops and kills them, one or a cluster of them, on
//! loopback. A broker does not outlive the test process (tests/kafka/Broker.java). Leaves what is
//! asked of it to `oracle`. A test that calls this has asked for `Need::Kafka` first.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::oracle;

/// How long a broker may take to start or to stop; it takes two seconds where nobody else builds.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often is looked whether it did.
const STEP: Duration = Duration::from_millis(10);
/// Any id does: each broker here has its directory to itself, or its cluster on loopback.
const CLUSTER_ID: &str = "4L6g3nShT-eMCtK--X86sw";

/// What every broker is told. What a test adds comes later in the file, and so wins.
const PROPERTIES: &str = "\
    process.roles=broker,controller\n\
    controller.listener.names=CONTROLLER\n\
    inter.broker.listener.name=PLAINTEXT\n\
    group.initial.rebalance.delay.ms=0\n\
    offsets.topic.num.partitions=3\n\
    transaction.state.log.num.partitions=3\n\
    share.coordinator.state.topic.num.partitions=3\n\
    log.index.size.max.bytes=65536\n\
    num.network.threads=2\n\
    num.io.threads=4\n\
    broker.session.timeout.ms=3000\n\
    broker.heartbeat.interval.ms=500\n\
    ";

/// The folder of the jars of the newest Kafka, or of another line of it.
pub fn libs(line: Option<&str>) -> PathBuf {
    let libs = std::env::var("KAW_KAFKA_LIBS").expect("the test asked for Need::Kafka");
    let libs = libs.trim_end_matches('/');
    PathBuf::from(line.map_or_else(|| libs.to_owned(), |line| format!("{libs}-{line}")))
}

/// A Java program of tests/kafka with Kafka's jars, for a start that is quick. Codecs unpack their
/// libraries into `tmp`.
pub fn java(program: &str, libs: &Path, heap: &str, tmp: &Path) -> Command {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka").join(program);
    let mut command = Command::new("java");
    command.args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", heap]);
    command.arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn");
    command.arg(format!("-Djava.io.tmpdir={}", tmp.display()));
    command.arg("-cp").arg(libs.join("*")).arg(source);
    command
}

/// What a test wants of a broker.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Another line of Kafka than the newest: `3.9`.
    pub line: Option<&'static str>,
    /// More properties.
    pub properties: Vec<(String, String)>,
    /// More listeners by name, and their protocols: `("SASL", "SASL_PLAINTEXT")`.
    pub listeners: Vec<(&'static str, &'static str)>,
    /// Listeners by name that clients are told to find elsewhere: `("WRONG", "127.0.0.1:1")`.
    pub advertised: Vec<(&'static str, String)>,
    /// A directory with `meta.properties`, of which the broker gets a copy to start on.
    pub adopt: Option<PathBuf>,
}

impl Options {
    /// These with one more property.
    pub fn property(mut self, name: &str, value: &str) -> Self {
        self.properties.push((name.to_owned(), value.to_owned()));
        self
    }

    /// These, for a broker that starts on a copy of this directory.
    pub fn adopt(mut self, directory: &Path) -> Self {
        self.adopt = Some(directory.to_owned());
        self
    }

    /// What the directory that is adopted says of itself.
    fn adopted(&self, name: &str) -> Option<String> {
        let text = fs::read_to_string(self.adopt.as_ref()?.join("meta.properties"));
        let text = text.expect("a directory to adopt has ids");
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        value.map(str::to_owned)
    }

    /// The id of the first node.
    fn first_id(&self) -> usize {
        self.adopted("node.id").map_or(1, |id| id.parse().expect("an id is a number"))
    }
}

/// A broker with a directory of its own. Killed when it is dropped.
#[derive(Debug)]
pub struct Broker {
    folder: TempDir,
    options: Options,
    /// Listeners by name, with their ports.
    listeners: Vec<(&'static str, u16)>,
    child: Option<Child>,
}

/// Ports that nobody has at the moment.
fn free_ports(count: usize) -> Vec<u16> {
    let bound: Vec<TcpListener> =
        (0..count).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port is free")).collect();
    bound.iter().map(|one| one.local_addr().expect("it is bound").port()).collect()
}

impl Broker {
    /// Starts a broker that is a cluster of its own, and waits until it serves.
    pub fn start(options: &Options) -> Self {
        Cluster::start_with(1, options).nodes.remove(0)
    }

    /// A broker that is a cluster of its own, and is yet to be started.
    pub fn prepared(options: &Options) -> Self {
        Cluster::new(1, options).nodes.remove(0)
    }

    /// The broker that all tests share which need nothing special, and use topics and groups with
    /// names of their own.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Broker> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&Options::default()))
    }

    /// Writes what node `id` is to be told; it runs once it is [`spawn`](Self::spawn)ed.
    fn new(id: usize, ports: &[u16], voters: &str, nodes: usize, options: &Options) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let names = ["PLAINTEXT", "CONTROLLER"].into_iter();
        let names = names.chain(options.listeners.iter().map(|(name, _)| *name));
        let listeners: Vec<_> = names.zip(ports.iter().copied()).collect();
        let list = |listeners: &mut dyn Iterator<Item = (&str, u16)>| {
            let texts: Vec<_> =
                listeners.map(|(n, port)| format!("{n}://127.0.0.1:{port}")).collect();
            texts.join(",")
        };
        let advertised = |&(name, port): &(&'static str, u16)| {
            let elsewhere = options.advertised.iter().find(|(of, _)| *of == name);
            elsewhere.map_or_else(
                || format!("{name}://127.0.0.1:{port}"),
                |(_, elsewhere)| format!("{name}://{elsewhere}"),
            )
        };
        let to_clients = listeners.iter().filter(|(name, _)| *name != "CONTROLLER");
        let to_clients: Vec<_> = to_clients.map(advertised).collect();
        let protocols = [("PLAINTEXT", "PLAINTEXT"), ("CONTROLLER", "PLAINTEXT")];
        let protocols = protocols.iter().chain(&options.listeners);
        let protocols: Vec<_> = protocols.map(|(n, protocol)| format!("{n}:{protocol}")).collect();
        let mut text = format!(
            "node.id={id}\ncontroller.quorum.voters={voters}\nlisteners={}\n\
             advertised.listeners={}\nlistener.security.protocol.map={}\nlog.dirs={}\n{PROPERTIES}",
            list(&mut listeners.iter().copied()),
            to_clients.join(","),
            protocols.join(","),
            folder.path().join("log").display()
        );
        for topic in ["offsets.topic", "transaction.state.log", "share.coordinator.state.topic"] {
            writeln!(text, "{topic}.replication.factor={nodes}").unwrap();
        }
        for log in ["transaction.state.log", "share.coordinator.state.topic"] {
            writeln!(text, "{log}.min.isr=1").unwrap();
        }
        for (name, value) in &options.properties {
            writeln!(text, "{name}={value}").unwrap();
        }
        fs::write(folder.path().join("server.properties"), text).expect("it can be written");
        if let Some(from) = &options.adopt {
            let copied =
                Command::new("cp").arg("-a").args([from, &folder.path().join("log")]).status();
            assert!(copied.expect("cp can be run").success());
        }
        Self { folder, options: options.clone(), listeners, child: None }
    }

    /// Where both of its outputs go.
    fn output_path(&self) -> PathBuf {
        self.folder.path().join("output")
    }

    /// What it said since it was last started.
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.output_path()).unwrap_or_default()).into_owned()
    }

    /// Starts it, and waits for nothing.
    fn spawn(&mut self) {
        drop(File::create(self.output_path()).expect("it can be written"));
        let output = OpenOptions::new().append(true).open(self.output_path());
        let output = output.expect("it was just made");
        let folder = self.folder.path();
        let mut command = java("Broker.java", &libs(self.options.line), "-Xmx400m", folder);
        let cluster = self.options.adopted("cluster.id");
        let cluster = cluster.as_deref().unwrap_or(CLUSTER_ID);
        command.arg(folder).arg(cluster).stdin(Stdio::piped());
        command.stdout(output.try_clone().expect("a file can be shared")).stderr(output);
        self.child = Some(command.spawn().expect("java can be run"));
    }

    /// Waits until it serves; answers whether it does, or has ended.
    fn serves(&mut self) -> bool {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if self.output().lines().any(|line| line == "ready") {
                return true;
            }
            let child = self.child.as_mut().expect("it was started");
            if child.try_wait().expect("a child can be waited for").is_some() {
                return false;
            }
            assert!(Instant::now() < deadline, "a broker does not start: {}", self.output());
            std::thread::sleep(STEP);
        }
    }

    /// Whether it was started, and not stopped since.
    pub const fn is_up(&self) -> bool {
        self.child.is_some()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Where clients find it.
    pub fn bootstrap(&self) -> String {
        self.address("PLAINTEXT")
    }

    /// Where clients find one of its listeners.
    pub fn address(&self, listener: &str) -> String {
        let found = self.listeners.iter().find(|(name, _)| *name == listener);
        format!("127.0.0.1:{}", found.expect("it has that listener").1)
    }

    /// Its directory.
    pub fn log_dir(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Ends it as a crash would.
    pub fn kill9(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }

    /// Shuts it down as its owner would, and waits for it.
    pub fn stop(&mut self) {
        let mut child = self.child.take().expect("it runs");
        let args = ["-TERM".to_owned(), child.id().to_string()];
        assert!(Command::new("kill").args(args).status().expect("kill can be run").success());
        let deadline = Instant::now() + PATIENCE;
        while child.try_wait().expect("a child can be waited for").is_none() {
            assert!(Instant::now() < deadline, "a broker does not stop: {}", self.output());
            std::thread::sleep(STEP);
        }
    }

    /// Starts it once more, where it is to end at once; answers what it said.
    pub fn refuses_to_start(&mut self) -> String {
        self.kill9();
        self.spawn();
        assert!(!self.serves(), "a broker starts: {}", self.output());
        self.output()
    }

    /// Starts it once more on its directory and its ports, and waits until it serves.
    pub fn restart(&mut self) {
        self.kill9();
        self.spawn();
        assert!(self.serves(), "a broker does not start again: {}", self.output());
    }

    /// Has a question answered by Kafka's own client (see tests/kafka/Oracle.java).
    #[track_caller]
    pub fn ask(&self, question: Value) -> Value {
        oracle::ask(&self.bootstrap(), question)
    }

    /// As [`ask`](Self::ask), where the answer may be an error: its class and its text.
    pub fn try_ask(&self, question: Value) -> Result<Value, (String, String)> {
        oracle::try_ask(&self.bootstrap(), question)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill9();
        if std::thread::panicking() {
            // The runner of the tests shows it with the failure.
            #[expect(clippy::print_stderr, reason = "the output of a test that failed")]
            {
                eprintln!("what broker {:?} said:\n{}", self.listeners, self.output());
            }
        }
    }
}

/// Brokers that are one cluster; each votes.
#[derive(Debug)]
pub struct Cluster {
    /// The nodes, with the ids 1, 2 and so on; that of a directory that is adopted.
    pub nodes: Vec<Broker>,
}

impl Cluster {
    /// Starts so many, and waits until all of them serve.
    pub fn start(nodes: usize) -> Self {
        Self::start_with(nodes, &Options::default())
    }

    /// As [`start`](Self::start), with options for each.
    fn start_with(nodes: usize, options: &Options) -> Self {
        // Somebody may take a port between its choice and its use.
        for _ in 0..3 {
            let mut cluster = Self::new(nodes, options);
            cluster.nodes.iter_mut().for_each(Broker::spawn);
            if cluster.nodes.iter_mut().all(Broker::serves) {
                return cluster;
            }
            let said: String = cluster.nodes.iter().map(Broker::output).collect();
            assert!(said.contains("Address already in use"), "a broker ends at once: {said}");
        }
        panic!("no ports are free");
    }

    /// Chooses ports, and writes what the nodes are to be told.
    fn new(nodes: usize, options: &Options) -> Self {
        let each = 2 + options.listeners.len();
        let ports = free_ports(each * nodes);
        let ports: Vec<&[u16]> = ports.chunks(each).collect();
        let first = options.first_id();
        let voters = ports.iter().enumerate();
        let voters: Vec<_> =
            voters.map(|(n, ports)| format!("{}@127.0.0.1:{}", first + n, ports[1])).collect();
        let node = |(n, ports): (usize, &&[u16])| {
            Broker::new(first + n, ports, &voters.join(","), nodes, options)
        };
        Self { nodes: ports.iter().enumerate().map(node).collect() }
    }

    /// Where clients find it.
    pub fn bootstrap(&self) -> String {
        self.nodes.iter().map(Broker::bootstrap).collect::<Vec<_>>().join(",")
    }
}
