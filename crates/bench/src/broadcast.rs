//! The limit of a group: the same frames over the same framing to as many sockets, by threads of this process that do
//! nothing but write.

use crate::framing::Framing;
use crate::options::{Carrier, ServerUrl};
use anyhow::Context as _;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use stonechat_wire::v1::{Event, Frame, frame::Body};

/// A port at which listeners of a broadcast connect.
#[derive(Debug)]
pub struct Stand {
    listener: TcpListener,
    carrier: Carrier,
}

impl Stand {
    /// Opens a free port on loopback.
    ///
    /// # Errors
    /// When there is none.
    pub fn open(carrier: Carrier) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("no port is left")?;
        Ok(Self { listener, carrier })
    }

    /// Where it is.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn url(&self) -> anyhow::Result<ServerUrl> {
        let authority = self.listener.local_addr().context("the port has no number")?.to_string();
        Ok(ServerUrl { carrier: self.carrier, authority })
    }

    /// Takes in so many listeners. They must connect meanwhile.
    ///
    /// # Errors
    /// When one does not come in.
    pub fn admit(self, count: usize) -> anyhow::Result<Vec<TcpStream>> {
        let admit = |_| {
            let (stream, _) = self.listener.accept().context("a listener did not come in")?;
            stream.set_nodelay(true).context("could not set up a socket")?;
            Ok(stream)
        };
        (0..count).map(admit).collect()
    }
}

/// Threads that write to all listeners.
#[derive(Debug)]
pub struct Broadcaster {
    carrier: Carrier,
    event: Event,
    first_seq: u64,
    threads: Vec<mpsc::SyncSender<Arc<Vec<u8>>>>,
}

impl Broadcaster {
    /// Begins with as many threads, to send what looks like an event that a server sent. At most `queued` messages wait.
    ///
    /// # Errors
    /// When the event is none, or no thread is left.
    pub fn start(
        carrier: Carrier,
        sample: &[u8],
        streams: Vec<TcpStream>,
        (threads, queued): (usize, usize),
    ) -> anyhow::Result<Self> {
        let frame = crate::link::decode(sample)?;
        let Some(Body::Event(event)) = frame.body else { anyhow::bail!("the sample is no event") };
        let share = streams.len().div_ceil(threads.max(1)).max(1);
        let mut streams = streams.into_iter().peekable();
        let mut senders = Vec::new();
        while streams.peek().is_some() {
            let mine: Vec<_> = streams.by_ref().take(share).collect();
            let (sender, frames) = mpsc::sync_channel::<Arc<Vec<u8>>>(queued);
            let body = move || {
                for bytes in frames {
                    for mut stream in &mine {
                        // A listener that is gone is missed by the audience.
                        let _ = stream.write_all(&bytes);
                    }
                }
            };
            std::thread::Builder::new().name("bench-bare".into()).spawn(body).context("no thread is left")?;
            senders.push(sender);
        }
        Ok(Self { carrier, first_seq: event.seq, event, threads: senders })
    }

    /// Sends one message to everybody.
    pub fn say(&mut self, number: u64, message_id: [u8; 16], body: &[u8]) {
        let event = Event {
            seq: self.first_seq + number,
            client_msg_id: message_id.to_vec().into(),
            body: body.to_vec().into(),
            ..self.event.clone()
        };
        let frame = stonechat_wire::frame::encode(&Frame { id: 0, body: Some(Body::Event(event)) });
        let mut bytes = Vec::new();
        Framing::put_as_server(self.carrier, &mut bytes, &frame);
        let bytes = Arc::new(bytes);
        for thread in &self.threads {
            // A thread ends only with us.
            let _ = thread.send(bytes.clone());
        }
    }
}
