//! What stands between a client and a server of a test: it passes bytes on, and holds back an answer that is longer than a message.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// Bytes that an answer may have before it is held back: those of jobs and uploads have fewer, a head has more.
const SHORT: usize = 48 << 10;

/// Bytes of a request after which a connection is cut: amid a chunk of 8 MiB.
const AMID_A_CHUNK: usize = 3 << 20;

/// A proxy, until the test ends.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    flags: Arc<Flags>,
}

#[derive(Default)]
struct Flags {
    /// Long answers are held back.
    holds: AtomicBool,
    /// Long answers that pass before.
    passes: AtomicUsize,
    /// Answers that are held back now.
    held: AtomicUsize,
    /// Connections that are still to be cut amid a chunk.
    cuts: AtomicUsize,
}

impl Proxy {
    /// A proxy before a server.
    pub(crate) fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, flags) = (listener.local_addr().unwrap(), Arc::new(Flags::default()));
        let shared = Arc::clone(&flags);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (flags, Ok(server)) = (Arc::clone(&shared), TcpStream::connect(server)) else { continue };
                std::thread::spawn(move || join(&client, &server, &flags));
            }
        });
        Self { address, flags }
    }

    /// From now on long answers are held back after their first part, but for so many.
    pub(crate) fn hold_after(&self, count: usize) {
        self.flags.passes.store(count, Ordering::SeqCst);
        self.flags.holds.store(true, Ordering::SeqCst);
    }

    /// Everything passes, what was held back first.
    pub(crate) fn let_go(&self) {
        self.flags.holds.store(false, Ordering::SeqCst);
        while self.is_holding() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// So many connections are cut, each in the middle of a chunk.
    pub(crate) fn cut(&self, count: usize) {
        self.flags.cuts.store(count, Ordering::SeqCst);
    }

    /// Connections that are still to be cut.
    pub(crate) fn cuts_left(&self) -> usize {
        self.flags.cuts.load(Ordering::SeqCst)
    }

    /// Whether one is held back.
    pub(crate) fn is_holding(&self) -> bool {
        self.flags.held.load(Ordering::SeqCst) > 0
    }
}

/// Passes bytes on in both directions until one side ends.
fn join(client: &TcpStream, server: &TcpStream, flags: &Flags) {
    // bytes of the answer so far
    let (answer, asked) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            pass(client, server, |bytes| {
                answer.store(0, Ordering::SeqCst);
                if asked.fetch_add(bytes, Ordering::SeqCst) + bytes > AMID_A_CHUNK && flags.cuts() {
                    let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
                }
            });
        });
        pass(server, client, |bytes| {
            asked.store(0, Ordering::SeqCst);
            let before = answer.fetch_add(bytes, Ordering::SeqCst);
            if before <= SHORT && before + bytes > SHORT {
                flags.long_answer();
            }
        });
    });
}

impl Flags {
    /// Whether a connection is to be cut now.
    fn cuts(&self) -> bool {
        self.cuts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left: usize| left.checked_sub(1)).is_ok()
    }

    /// Waits as long as a long answer is held back.
    fn long_answer(&self) {
        let pass = |left: usize| left.checked_sub(1);
        if !self.holds.load(Ordering::SeqCst)
            || self.passes.fetch_update(Ordering::SeqCst, Ordering::SeqCst, pass).is_ok()
        {
            return;
        }
        self.held.fetch_add(1, Ordering::SeqCst);
        while self.holds.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.held.fetch_sub(1, Ordering::SeqCst);
    }
}

fn pass(mut from: &TcpStream, mut to: &TcpStream, before: impl Fn(usize)) {
    let mut bytes = vec![0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        before(count);
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
