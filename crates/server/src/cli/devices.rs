//! `stonechat devices …`: where the user is signed in.

use serde::Serialize;
use stonechat_client::account::Account;
use stonechat_client::state::{Device, SignOutReason};
use stonechat_types::id::DeviceId;

use crate::cli::args::{ClientArgs, DevicesCommand};
use crate::cli::civil::Civil;
use crate::cli::context::Context;
use crate::cli::failure::Outcome;
use crate::cli::printer;
use crate::cli::session::{DEVICE_SEND, Who};
use crate::tui::sanitise;

impl DevicesCommand {
    /// Who and where.
    #[must_use]
    pub fn client(&self) -> &ClientArgs {
        match self {
            Self::List(args) => &args.client,
            Self::Revoke(args) => &args.client,
        }
    }
}

/// Lists the devices, or signs one out.
///
/// # Errors
/// [`crate::cli::failure::Failure`].
pub async fn run(command: &DevicesCommand, who: &Who, context: &mut Context<'_>) -> Outcome {
    let account = who.connect(command.client(), DEVICE_SEND, context).await?;
    let outcome = act(command, &account, context).await;
    account.stop().await;
    outcome
}

async fn act(command: &DevicesCommand, account: &Account, context: &mut Context<'_>) -> Outcome {
    match command {
        DevicesCommand::Revoke(args) => Ok(account.revoke_device(&args.target).await?),
        DevicesCommand::List(args) => {
            let devices = account.devices().await?;
            if !args.json {
                let looks = context.looks.paint;
                writeln!(context.out, "{}", looks.dim("signed in            device  name  program"))?;
            }
            for device in devices {
                if args.json {
                    printer::json_line(context.out, &line(&device))?;
                } else {
                    write_sentence(context, &device, account.device())?;
                }
            }
            Ok(context.out.flush()?)
        }
    }
}

#[derive(Debug, Serialize)]
struct DeviceLine<'d> {
    device: &'d str,
    name: &'d str,
    client: &'d str,
    seen_at: i64,
    revoked: bool,
}

fn line(device: &Device) -> DeviceLine<'_> {
    DeviceLine {
        device: &device.id,
        name: &device.name,
        client: &device.client,
        seen_at: device.seen_at.as_millis(),
        revoked: device.revoked,
    }
}

fn write_sentence(context: &mut Context<'_>, device: &Device, here: &DeviceId) -> std::io::Result<()> {
    let paint = context.looks.paint;
    let seen = paint.dim(&Civil::at(device.seen_at, context.looks.offset).date_and_clock());
    let name = if device.name == device.id { String::new() } else { format!("  {}", sanitise::one_line(&device.name)) };
    let here = if device.id == here.as_str() { paint.dim("  this one") } else { String::new() };
    let revoked = match device.signed_out.filter(|_| device.revoked) {
        None if device.revoked => "  signed out",
        None => "",
        Some((SignOutReason::Replaced, _)) => "  signed out: a newer device took its place",
        Some((SignOutReason::App, _)) => "  signed out by the app",
        Some((SignOutReason::User | SignOutReason::Unspecified, _)) => "  signed out",
    };
    let client = paint.dim(&sanitise::one_line(&device.client));
    writeln!(context.out, "{seen}  {}{name}  {client}{here}{revoked}", sanitise::one_line(&device.id))
}
