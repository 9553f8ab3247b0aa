//! `stonechat quiet …`: when the user is not to be disturbed.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde::Serialize;
use stonechat_client::account::Account;
use stonechat_client::quiet::{Days, FOR_GOOD, Quiet, QuietHours, Window, Zone};
use stonechat_types::number::Timestamp;

use crate::cli::args::ClientArgs;
use crate::cli::civil::Civil;
use crate::cli::context::Context;
use crate::cli::duration::parse_duration;
use crate::cli::failure::Outcome;
use crate::cli::printer;
use crate::cli::session::{DEVICE_SEND, Who};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// `stonechat quiet …`.
#[derive(Debug, Subcommand)]
pub enum QuietCommand {
    /// Say when you are not to be disturbed, and whether that is now
    Show(QuietShowArgs),
    /// Set the windows of your week, by the offset that this machine has now
    Hours(QuietHoursArgs),
    /// Be disturbed no more, for a while or for good
    Pause(QuietPauseArgs),
    /// End the pause
    Resume(QuietArgs),
}

/// `stonechat quiet show`.
#[derive(Clone, Debug, Args)]
pub struct QuietShowArgs {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Who and where.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// `stonechat quiet hours`.
#[derive(Clone, Debug, Args)]
pub struct QuietHoursArgs {
    /// Windows, like mon-fri/22:00-07:00 or sun/00:00-24:00; none ends them
    #[arg(value_name = "WINDOW", value_parser = parse_window, num_args = 0..=16)]
    pub windows: Vec<Window>,
    /// Who and where.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// `stonechat quiet pause`.
#[derive(Clone, Debug, Args)]
pub struct QuietPauseArgs {
    /// How long, like 30m or 8h; for good without it
    #[arg(long, value_name = "SPAN", value_parser = parse_duration)]
    pub lasts: Option<Duration>,
    /// Who and where.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// `stonechat quiet resume`.
#[derive(Clone, Debug, Args)]
pub struct QuietArgs {
    /// Who and where.
    #[command(flatten)]
    pub client: ClientArgs,
}

impl QuietCommand {
    /// Who and where.
    #[must_use]
    pub fn client(&self) -> &ClientArgs {
        match self {
            Self::Show(args) => &args.client,
            Self::Hours(args) => &args.client,
            Self::Pause(args) => &args.client,
            Self::Resume(args) => &args.client,
        }
    }
}

fn parse_window(text: &str) -> Result<Window, String> {
    let wrong = || "write days and times, like mon-fri/22:00-07:00".to_owned();
    let (days, times) = text.split_once('/').ok_or_else(wrong)?;
    let (from, upto) = times.split_once('-').ok_or_else(wrong)?;
    let minute = |clock: &str| -> Option<u16> {
        let (hours, minutes) = clock.split_once(':')?;
        let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
        (hours <= 24 && minutes < 60).then(|| hours * 60 + minutes)
    };
    let days = parse_days(days).ok_or_else(wrong)?;
    let window = minute(from).zip(minute(upto)).and_then(|(from, upto)| Window::new(days, from, upto));
    window.ok_or_else(wrong)
}

/// Reads `mon`, `mon-fri` or `sat,sun`.
fn parse_days(text: &str) -> Option<Days> {
    let day = |name: &str| DAYS.iter().position(|day| *day == name);
    let mut bits = 0_u8;
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        let length = (last + 7 - first) % 7;
        (0..=length).for_each(|n| bits |= 1 << ((first + n) % 7));
    }
    Days::new(bits)
}

/// Does it.
///
/// # Errors
/// [`crate::cli::failure::Failure`].
pub async fn run(command: &QuietCommand, who: &Who, context: &mut Context<'_>) -> Outcome {
    let account = who.connect(command.client(), DEVICE_SEND, context).await?;
    let outcome = act(command, &account, context).await;
    account.stop().await;
    outcome
}

async fn act(command: &QuietCommand, account: &Account, context: &mut Context<'_>) -> Outcome {
    let handle = match command {
        QuietCommand::Show(args) => return show(args, account, context),
        QuietCommand::Hours(args) => {
            let offset = context.looks.offset.minutes;
            let zone = Zone::new(None, offset, Vec::new()).unwrap_or_default();
            let hours = QuietHours::new(args.windows.clone(), zone).unwrap_or_default();
            account.set_quiet_hours(&hours).await?
        }
        QuietCommand::Pause(args) => {
            let until = args.lasts.map_or(FOR_GOOD, |lasts| now().plus_ms(lasts.as_millis() as i64));
            account.pause_until(Some(until)).await?
        }
        QuietCommand::Resume(_) => account.pause_until(None).await?,
    };
    let done = handle.done().await;
    if done.is_err() {
        // Nothing of it stays behind on a device that the next command uses.
        let _ = handle.cancel().await;
    }
    done?;
    Ok(())
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(since.as_millis() as i64)
}

#[derive(Debug, Serialize)]
struct QuietLine {
    is_quiet: bool,
    windows: Vec<String>,
    zone: Option<String>,
    offset_minutes: i32,
    paused_until: Option<i64>,
}

fn show(args: &QuietShowArgs, account: &Account, context: &mut Context<'_>) -> Outcome {
    let (quiet, now) = (account.quiet().get(), now());
    if args.json {
        let line = QuietLine {
            is_quiet: quiet.is_quiet(now),
            windows: quiet.hours.windows().iter().map(words).collect(),
            zone: quiet.hours.zone.name().map(str::to_owned),
            offset_minutes: quiet.hours.zone.offset_at(now),
            paused_until: quiet.paused_until.map(Timestamp::as_millis),
        };
        printer::json_line(context.out, &line)?;
    } else {
        writeln!(context.out, "{}", sentence(&quiet, now, context))?;
    }
    Ok(context.out.flush()?)
}

fn sentence(quiet: &Quiet, now: Timestamp, context: &Context<'_>) -> String {
    let is = if quiet.is_quiet(now) { "Nothing notifies you now" } else { "You are notified now" };
    let pause = match quiet.paused_until {
        Some(FOR_GOOD) => "; paused for good".to_owned(),
        Some(until) if until > now => {
            format!("; paused until {}", Civil::at(until, context.looks.offset).date_and_clock())
        }
        Some(_) | None => String::new(),
    };
    let windows: Vec<_> = quiet.hours.windows().iter().map(words).collect();
    let windows = if windows.is_empty() { "no windows".to_owned() } else { windows.join(", ") };
    format!("{is}{pause}; {windows}.")
}

fn words(window: &Window) -> String {
    let days = DAYS.iter().enumerate().filter(|(n, _)| window.days().bits() >> n & 1 == 1);
    let days: Vec<_> = days.map(|(_, day)| *day).collect();
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    format!("{}/{}-{}", days.join(","), clock(window.from()), clock(window.upto()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_read_and_written() {
        for (typed, written) in [
            ("mon-fri/22:00-07:00", "mon,tue,wed,thu,fri/22:00-07:00"),
            ("sat,sun/0:00-24:00", "sat,sun/00:00-24:00"),
            ("sun-mon/1:05-2:00", "mon,sun/01:05-02:00"),
        ] {
            assert_eq!(words(&parse_window(typed).unwrap()), written);
        }
        for wrong in
            ["", "mon", "mon/22", "mon/22:00", "foo/1:00-2:00", "mon/24:01-2:00", "mon/1:60-2:00", "mon/1:00-25:00"]
        {
            assert!(parse_window(wrong).is_err(), "{wrong}");
        }
    }
}
