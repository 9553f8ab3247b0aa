//! Who sends to an audience: a member of the group through the server, or the bare broadcaster. Both are asked the same.

use crate::audience::Audience;
use crate::broadcast::Broadcaster;
use crate::check::{Flight, Flights};
use crate::clock::Clock;
use crate::group_report::Saturation;
use crate::link::{self, Link};
use crate::message::{Body, SendParts, SendTemplate, Which};
use crate::options::GroupOptions;
use crate::process::Process;
use crate::scan::{self, Seen};
use anyhow::bail;
use std::time::Duration;
use stonechat_wire::v1::{self, frame};
use tokio::time::timeout_at;

/// Where messages come from.
pub enum Source {
    /// A member, by the server.
    Server(Box<Member>),
    /// Threads of this process.
    Bare(Box<Broadcaster>),
}

/// The member who sends, on a device of his own.
pub struct Member {
    link: Link,
    template: SendTemplate,
    flights: Flights,
}

impl Source {
    /// A member of a group.
    #[must_use]
    pub fn server(link: Link, group: &str) -> Self {
        let template = SendTemplate::new(group);
        Self::Server(Box::new(Member { link, template, flights: Flights::default() }))
    }
}

/// Sends messages, numbered from 0, to an audience.
pub struct Speaker {
    source: Source,
    body: Body,
    clock: Clock,
    run: u16,
    next: u64,
    patience: Duration,
}

impl Speaker {
    /// Has not said anything.
    #[must_use]
    pub fn new(options: &GroupOptions, source: Source, clock: Clock) -> Self {
        let (body, run) = (Body::new(options.body_bytes), clock.unix_ms(0) as u16);
        Self { source, body, clock, run, next: 0, patience: options.patience }
    }

    /// Sends one message and waits until everybody has it. Answers how long that took.
    ///
    /// # Errors
    /// When somebody does not get it.
    pub async fn one(&mut self, audience: &Audience) -> anyhow::Result<u64> {
        let (number, begun_ns) = self.say(audience).await?;
        Ok(self.heard(audience, number).await?.saturating_sub(begun_ns))
    }

    /// Always has as many messages on their way, for a while.
    ///
    /// # Errors
    /// When somebody does not get one.
    pub async fn saturate(
        &mut self,
        audience: &Audience,
        options: &GroupOptions,
        server: Option<Process>,
    ) -> anyhow::Result<Saturation> {
        let mut oldest = self.next;
        let (begun_ns, lasts_ns) = (self.clock.now_ns(), options.saturation.as_nanos() as u64);
        let (deliveries, cpu) = (audience.deliveries(), server.map(Process::cpu_seconds).transpose()?);
        let own_cpu = Process::own().cpu_seconds()?;
        while self.clock.now_ns() - begun_ns < lasts_ns {
            while self.next - oldest < options.in_flight as u64 {
                self.say(audience).await?;
            }
            self.heard(audience, oldest).await?;
            oldest += 1;
        }
        let seconds = (self.clock.now_ns() - begun_ns) as f64 / 1e9;
        let deliveries = (audience.deliveries() - deliveries) as f64;
        let cpu = server.map(Process::cpu_seconds).transpose()?.zip(cpu).map(|(after, before)| after - before);
        let own_cpu = Process::own().cpu_seconds()? - own_cpu;
        while oldest < self.next {
            self.heard(audience, oldest).await?;
            oldest += 1;
        }
        Ok(Saturation {
            deliveries_per_second: deliveries / seconds,
            server_cpu_seconds_per_million: cpu.map(|cpu| cpu / deliveries * 1e6),
            server_cores: cpu.map(|cpu| cpu / seconds),
            bench_cores: own_cpu / seconds,
        })
    }

    async fn say(&mut self, audience: &Audience) -> anyhow::Result<(u64, u64)> {
        let number = self.next;
        self.next += 1;
        audience.expect(number);
        let which = Which { lane: 0, number };
        let begun_ns = self.clock.now_ns();
        let message_id = which.message_id(self.clock.unix_ms(begun_ns), self.run);
        let body = self.body.with(number, begun_ns);
        match &mut self.source {
            Source::Bare(broadcaster) => broadcaster.say(number, message_id, body),
            Source::Server(member) => {
                let after = member.flights.last_of(0);
                let call = member.link.next_call();
                let parts = SendParts { call, message_id: &message_id, after: after.as_ref(), body };
                member.link.outbox.put(|out| member.template.put(out, parts));
                member.flights.begin(Flight { call, which, message_id, begun_ns });
                member.link.flush().await?;
            }
        }
        Ok((number, begun_ns))
    }

    /// Waits until everybody has a message. Answers when the last one got it.
    async fn heard(&mut self, audience: &Audience, number: u64) -> anyhow::Result<u64> {
        let until = tokio::time::Instant::now() + self.patience;
        loop {
            audience.check()?;
            let acked = match &self.source {
                Source::Server(member) => !member.flights.holds(number),
                Source::Bare(_) => true,
            };
            if let Some(last_ns) = audience.heard_by_all(number).filter(|_| acked) {
                return Ok(last_ns);
            }
            let wait = async {
                tokio::select! {
                    biased;
                    () = audience.changed.notified() => Ok(()),
                    read = self.source.answers() => read,
                }
            };
            match timeout_at(until, wait).await {
                Ok(outcome) => outcome?,
                Err(_) => {
                    let (heard, members) = (audience.heard_by(number), audience.members);
                    let seconds = self.patience.as_secs_f64();
                    bail!(
                        "{seconds} s after message {number} was sent {heard} of {members} have it; acknowledged: {acked}"
                    )
                }
            }
        }
    }
}

impl Source {
    /// Waits for answers of the server and checks them. Our own messages, which come back, are for the other device.
    async fn answers(&mut self) -> anyhow::Result<()> {
        let Self::Server(member) = self else { return std::future::pending().await };
        member.link.read_more().await?;
        while let Some(range) = member.link.next_frame()? {
            let bytes = member.link.inbox.frame(range);
            match scan::frame(bytes) {
                Ok(Seen::Sent { call, .. }) => drop(member.flights.end(call)?),
                Ok(Seen::Event(_) | Seen::Position) => {}
                Ok(Seen::Other) | Err(_) => match link::decode(bytes)?.body {
                    Some(frame::Body::Error(error)) => bail!("a send was refused: {} {}", error.code, error.message),
                    Some(frame::Body::Poke(poke)) => {
                        member.link.put(frame::Body::Pull(v1::Pull { position: poke.position, window: 0 }));
                        member.link.flush().await?;
                    }
                    _ => {}
                },
            }
        }
        Ok(())
    }
}
