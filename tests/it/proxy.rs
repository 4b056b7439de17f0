//! Owns a TCP proxy between kaw and a broker, which makes the network bad in the ways that networks
//! are: slow, silent, broken off. Leaves what kaw makes of that to `kafka_network`.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How often a connection looks whether something has changed.
const STEP: Duration = Duration::from_millis(20);

/// What it does to connections, also to those that are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing.
    Pass,
    /// Each piece comes so much later, in both directions.
    Slow(Duration),
    /// Nothing goes on once the broker has said so many bytes, and nothing is closed.
    Stall(usize),
    /// Connections are broken off once the broker has said so many bytes.
    Cut(usize),
}

/// What its threads share.
#[derive(Debug)]
struct Shared {
    mode: Mutex<Mode>,
    /// Where the broker is, once it is known.
    target: Mutex<Option<String>>,
    stopped: AtomicBool,
    /// How many directions of connections are open.
    open: AtomicUsize,
}

/// A proxy on a port of its own. Stops when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
    address: SocketAddr,
}

impl Proxy {
    /// One that leads nowhere yet.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            mode: Mutex::new(Mode::Pass),
            target: Mutex::default(),
            stopped: AtomicBool::new(false),
            open: AtomicUsize::new(0),
        });
        let of_thread = Arc::clone(&shared);
        thread::spawn(move || listen(&listener, &of_thread));
        Self { shared, address }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Leads to a broker from now on.
    pub fn lead_to(&self, address: String) {
        *self.shared.target.lock().unwrap() = Some(address);
    }

    /// Breaks off each connection that is open, and lets all others pass.
    pub fn cut_all(&self) {
        self.set(Mode::Cut(0));
        while self.shared.open.load(Ordering::Acquire) > 0 {
            thread::sleep(STEP);
        }
        self.set(Mode::Pass);
    }

    /// Does this to connections from now on.
    pub fn set(&self, mode: Mode) {
        *self.shared.mode.lock().unwrap() = mode;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Release);
        // Ends the wait for a connection.
        drop(TcpStream::connect(self.address));
    }
}

/// Takes connections until it is stopped.
fn listen(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming().flatten() {
        if shared.stopped.load(Ordering::Acquire) {
            return;
        }
        let target = shared.target.lock().unwrap().clone();
        // Without a broker, the connection is closed, as of a port where nobody listens.
        let Some(Ok(broker)) = target.map(TcpStream::connect) else { continue };
        let said = Arc::new(AtomicUsize::new(0));
        let ends = [(&client, &broker, false), (&broker, &client, true)];
        for (from, to, is_broker) in ends {
            let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            let (shared, said) = (Arc::clone(shared), Arc::clone(&said));
            shared.open.fetch_add(1, Ordering::AcqRel);
            thread::spawn(move || {
                relay(&shared, &from, &to, is_broker, &said);
                // A side that is gone takes the other one with it.
                drop(from.shutdown(Shutdown::Both));
                drop(to.shutdown(Shutdown::Both));
                shared.open.fetch_sub(1, Ordering::AcqRel);
            });
        }
    }
}

/// Hands on what one side says, until that ends.
fn relay(
    shared: &Shared,
    mut from: &TcpStream,
    mut to: &TcpStream,
    is_broker: bool,
    said: &AtomicUsize,
) {
    from.set_read_timeout(Some(STEP)).expect("it is no zero");
    let mut piece = [0; 16 << 10];
    while !shared.stopped.load(Ordering::Acquire) {
        let mode = *shared.mode.lock().unwrap();
        let before = said.load(Ordering::Acquire);
        let room = match mode {
            Mode::Stall(after) | Mode::Cut(after) => after.saturating_sub(before),
            Mode::Pass | Mode::Slow(_) => piece.len(),
        };
        if room == 0 {
            if matches!(mode, Mode::Cut(_)) {
                return;
            }
            thread::sleep(STEP);
            continue;
        }
        // What the client says is handed on whole.
        let most = if is_broker { room.min(piece.len()) } else { piece.len() };
        let read = match from.read(&mut piece[..most]) {
            Ok(0) => return,
            Ok(read) => read,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                continue;
            }
            Err(_) => return,
        };
        if let Mode::Slow(by) = mode {
            thread::sleep(by);
        }
        if to.write_all(&piece[..read]).is_err() {
            return;
        }
        if is_broker {
            said.fetch_add(read, Ordering::AcqRel);
        }
    }
}
