//! `stonechat doctor`: looks at the configuration and the machine, and says of each what to do. It changes nothing and
//! makes nothing but a file of its own, which it removes.
//!
//! Probes measure, `judge_*` decide; the caller prints the findings and chooses the exit code by the worst verdict.

// The clock of the machine is one of the things that are looked at.
#![allow(clippy::disallowed_methods)]

use crate::config::loading::{Loaded, Sources, load};
use crate::config::problem::ConfigError;
use crate::config::settings::Settings;
use crate::config::show::check;
use crate::data_folder::{DataFolder, DataFolderError, said_url};
use crate::identity::api_secret::ApiSecret;
use crate::identity::signing_key::{SigningKey, SigningKeyError};
use crate::serve::compose::MASTER_KEY_LOST;
use std::error::Error;
use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use stonechat_log_segment::keys::master_key_is_lost;
use stonechat_types::id::AppName;

/// The file that a server holds locked in its data folder.
const LOCK_FILE: &str = "lock";

/// Appends of the measurement of the disk, each of one block.
const FLUSHES: usize = 100;
const BLOCK_BYTES: usize = 4096;

/// A flush above this is slow: every acknowledgement waits for one.
const FLUSH_SLOW: Duration = Duration::from_millis(10);
/// No disk flushes faster than this.
const FLUSH_DOUBTFUL: Duration = Duration::from_micros(15);

/// Segments that should fit on the disk beyond what is there.
const SEGMENTS_FREE: u64 = 16;

/// Open files beside connections: segments, index, listeners.
const FILES_BESIDE_CONNECTIONS: u64 = 512;

/// By how much the clock may be behind the newest file.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);
/// 2026-01-01 and 2100-01-01, in seconds.
const CLOCK_RANGE_S: std::ops::Range<u64> = 1_767_225_600..4_102_444_800;

/// How a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Good.
    Ok,
    /// It works, and should be changed or known.
    Warn,
    /// A server would not start, or lose what it acknowledged.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub check: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// A sentence without its full stop.
    pub text: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Ok => "ok",
            Verdict::Warn => "warn",
            Verdict::Fail => "fail",
        };
        write!(f, "{verdict:<5} {:<14} {}", self.check, self.text)?;
        if let Some(remedy) = &self.remedy {
            write!(f, "\n{:21}→ {remedy}", "")?;
        }
        Ok(())
    }
}

fn ok(check: &'static str, text: impl Into<String>) -> Finding {
    Finding { check, verdict: Verdict::Ok, text: text.into(), remedy: None }
}

fn warn(check: &'static str, text: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { check, verdict: Verdict::Warn, text: text.into(), remedy: Some(remedy.into()) }
}

fn fail(check: &'static str, text: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { check, verdict: Verdict::Fail, text: text.into(), remedy: Some(remedy.into()) }
}

/// The worst of all.
#[must_use]
pub fn worst(findings: &[Finding]) -> Verdict {
    findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Ok)
}

/// Looks at everything. `default_data` is the data folder when the configuration names none.
#[must_use]
pub fn examine(sources: &Sources, default_data: Result<PathBuf, DataFolderError>) -> Vec<Finding> {
    let loaded = load(sources);
    let mut findings = vec![judge_config(&loaded)];
    let Ok(Loaded { settings, .. }) = loaded else { return findings };
    let data = match settings.data.clone().map_or(default_data, Ok) {
        Ok(data) => data,
        Err(error) => {
            findings.push(fail("data folder", error.to_string(), "name one with --data or server.data"));
            return findings;
        }
    };
    findings.push(judge_folder(&data));
    if let Ok(folder) = DataFolder::open(&data) {
        findings.extend(settings.apps.iter().map(|app| judge_keys(&folder, &app.name)));
        findings.extend(judge_master_key(folder.root()));
    }
    let running = running(&data);
    findings.push(judge_running(&running));
    let there = nearest_folder(&data);
    findings.push(judge_free(free_bytes(&there), settings.store.segment_bytes));
    findings.push(judge_flush(measure_flushes(&there)));
    findings.push(judge_open_files(open_files(), settings.limits.connections_max as u64));
    findings.push(judge_clock(SystemTime::now(), newest_file(&data)));
    let bound = |addr| TcpListener::bind(addr).map(drop);
    findings.extend(ports(&settings).map(|(name, addr)| judge_port(name, addr, bound(addr), &running)));
    findings
}

/// Whether a server has the data folder now.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Running {
    /// None has.
    No,
    /// One has, and listens there when it said so.
    Yes(Option<String>),
    /// That cannot be told.
    Unknown(String),
}

/// By the lock that a server holds on its folder as long as it lives.
fn running(data: &Path) -> Running {
    let file = match File::open(data.join(LOCK_FILE)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Running::No,
        Err(error) => return Running::Unknown(error.to_string()),
    };
    // Shared, so that two who only look are not in each other's way; it ends with the file.
    match file.try_lock_shared() {
        Ok(()) => Running::No,
        Err(TryLockError::WouldBlock) => Running::Yes(said_url(data)),
        Err(TryLockError::Error(error)) => Running::Unknown(error.to_string()),
    }
}

fn judge_running(running: &Running) -> Finding {
    let name = "server";
    match running {
        Running::No => ok(name, "none runs on this data folder now"),
        Running::Yes(Some(url)) => ok(name, format!("one runs on this data folder now, at {url}")),
        Running::Yes(None) => ok(name, "one is starting or stopping on this data folder now"),
        Running::Unknown(why) => warn(
            name,
            format!("could not tell whether one runs on this data folder: {why}"),
            "run as the user who owns the folder",
        ),
    }
}

fn judge_config(loaded: &Result<Loaded, ConfigError>) -> Finding {
    let remedy = "mend it and run `stonechat config check`";
    match loaded.as_ref().map(check) {
        Ok(Ok(sentence)) => ok("configuration", sentence.trim_end_matches('.')),
        Ok(Err(error)) => fail("configuration", with_causes(&error), remedy),
        Err(error) => fail("configuration", with_causes(error), remedy),
    }
}

fn judge_folder(data: &Path) -> Finding {
    let name = "data folder";
    let folder = match DataFolder::open(data) {
        Ok(folder) => folder,
        Err(DataFolderError::Missing { .. }) => {
            let parent = nearest_folder(data);
            return match try_writing(&parent) {
                Ok(()) => ok(name, format!("{} is not there yet; the first start makes it", data.display())),
                Err(error) => {
                    let text = format!("{} is not there, and cannot be made: {error}", data.display());
                    fail(name, text, format!("make it, or let this user write to {}", parent.display()))
                }
            };
        }
        Err(error) => return fail(name, with_causes(&error), "run as the user who owns it, and keep it private"),
    };
    if let Err(error) = try_writing(folder.root()) {
        let text = format!("cannot write to {}: {error}", data.display());
        return fail(name, text, "run as the user who owns it");
    }
    match folder.inspect() {
        Ok(warnings) => match warnings.first() {
            None => ok(name, format!("{} is writable and private", data.display())),
            Some(first) => warn(name, first.to_string(), "keep what other users can read out of the data folder"),
        },
        Err(error) => fail(name, with_causes(&error), "keep keys private"),
    }
}

fn judge_keys(folder: &DataFolder, app: &AppName) -> Finding {
    let name = "keys";
    let remedy = "restore keys/ from its backup; without it no token and no stored message can be read";
    match (SigningKey::open(folder, app), ApiSecret::open(folder, app)) {
        (Ok(_), Ok(Some(_))) => ok(name, format!("the app {app} has its signing key and its secret API key")),
        (Err(SigningKeyError::Missing { .. }), Ok(_)) | (Ok(_), Ok(None)) => {
            ok(name, format!("the app {app} gets the keys that it lacks at the next start"))
        }
        (Err(error), _) => fail(name, with_causes(&error), remedy),
        (_, Err(error)) => fail(name, with_causes(&error), remedy),
    }
}

/// Says something only when something is wrong: the server makes the key of a new folder.
fn judge_master_key(data: &Path) -> Option<Finding> {
    let name = "master key";
    match master_key_is_lost(data) {
        Ok(false) => None,
        Ok(true) => Some(fail(name, MASTER_KEY_LOST, "without it no stored message can be read")),
        Err(error) => Some(warn(name, with_causes(&error), "run as the user who owns the folder")),
    }
}

fn judge_free(free: Option<u64>, segment_bytes: u64) -> Finding {
    let name = "disk space";
    let Some(free) = free else {
        return warn(name, "could not tell how much is free", "look with `df -h`");
    };
    let wanted = SEGMENTS_FREE * segment_bytes;
    let text = format!("{} MiB are free", free >> 20);
    // Two segments are preallocated before the first message is taken.
    if free < 2 * segment_bytes {
        return fail(name, text, "make room: the server would start read-only, with storage_full");
    }
    if free < wanted {
        return warn(name, text, format!("have at least {} MiB free", wanted >> 20));
    }
    ok(name, text)
}

fn judge_flush(measured: io::Result<Vec<Duration>>) -> Finding {
    let name = "disk flush";
    let mut times = match measured {
        Ok(times) if !times.is_empty() => times,
        Ok(_) => return warn(name, "nothing was measured", "run it again"),
        Err(error) => return fail(name, format!("could not write and flush: {error}"), "look at the disk"),
    };
    times.sort_unstable();
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let (median, slowest) = (times[times.len() / 2], times[times.len() - 1]);
    let text = format!("{:.2} ms at the median, {:.2} ms at most, of {} flushes", ms(median), ms(slowest), times.len());
    if median > FLUSH_SLOW {
        return warn(name, text, "every acknowledgement waits for a flush: use an SSD, and no network file system");
    }
    if median < FLUSH_DOUBTFUL {
        let remedy = "too fast for a disk: in memory, or with a cache that ignores flushes, a power cut loses messages";
        return warn(name, text, remedy);
    }
    ok(name, text)
}

fn judge_open_files(limit: Option<u64>, connections_max: u64) -> Finding {
    let name = "open files";
    let Some(limit) = limit else {
        return warn(name, "could not tell the limit", "look with `ulimit -n`");
    };
    let wanted = connections_max + FILES_BESIDE_CONNECTIONS;
    if limit >= wanted {
        return ok(name, format!("{limit} are allowed, for {connections_max} connections"));
    }
    let room = limit.saturating_sub(FILES_BESIDE_CONNECTIONS);
    let text = format!("{limit} are allowed: room for about {room} connections, not {connections_max}");
    let remedy = format!("`ulimit -n {wanted}` or LimitNOFILE={wanted}, or lower limits.connections_max");
    if room == 0 { fail(name, text, remedy) } else { warn(name, text, remedy) }
}

fn judge_clock(now: SystemTime, newest_file: Option<SystemTime>) -> Finding {
    let name = "clock";
    let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let remedy = "set the clock and keep it by NTP: tokens and message times depend on it";
    if !CLOCK_RANGE_S.contains(&seconds) {
        return fail(name, format!("it says {seconds} seconds since 1970, which cannot be"), remedy);
    }
    let behind = newest_file.and_then(|file| file.duration_since(now).ok()).unwrap_or_default();
    if behind > CLOCK_TOLERANCE {
        return warn(name, format!("it is {} s behind the newest file of the data folder", behind.as_secs()), remedy);
    }
    ok(name, "it is not behind the data, and in this century")
}

fn judge_port(name: &'static str, addr: SocketAddr, bound: io::Result<()>, running: &Running) -> Finding {
    match bound {
        Ok(()) => return ok(name, format!("{addr} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
        Err(error) => {
            return fail(name, format!("cannot listen on {addr}: {error}"), "choose another address or port");
        }
    }
    let stop = "stop the other program, or choose another port";
    match running {
        Running::Yes(Some(url)) if url.ends_with(&format!(":{}", addr.port())) => {
            ok(name, format!("{addr} is in use by the server that runs on this data folder"))
        }
        Running::No => warn(name, format!("{addr} is in use, and not by a server on this data folder"), stop),
        Running::Yes(_) | Running::Unknown(_) => {
            warn(name, format!("{addr} is in use"), format!("well if that is the running Stonechat; else {stop}"))
        }
    }
}

fn ports(settings: &Settings) -> impl Iterator<Item = (&'static str, SocketAddr)> {
    let tcp = settings.listen.tcp.map(|addr| ("listen.tcp", addr));
    std::iter::once(("listen.http", settings.listen.http)).chain(tcp)
}

/// The folder itself, or the nearest one above it that is there.
fn nearest_folder(data: &Path) -> PathBuf {
    let absolute = std::path::absolute(data).unwrap_or_else(|_| data.to_owned());
    absolute.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("/")).to_owned()
}

/// A file of our own, which is gone when this is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn create(folder: &Path) -> io::Result<(Self, File)> {
        let path = folder.join(format!(".stonechat-doctor.{}", std::process::id()));
        let file = OpenOptions::new().append(true).create_new(true).open(&path)?;
        Ok((Self(path), file))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _best_effort = fs::remove_file(&self.0);
    }
}

fn try_writing(folder: &Path) -> io::Result<()> {
    let (_scratch, mut file) = Scratch::create(folder)?;
    file.write_all(b"stonechat doctor\n")
}

fn measure_flushes(folder: &Path) -> io::Result<Vec<Duration>> {
    let (_scratch, mut file) = Scratch::create(folder)?;
    let block = [0x5a; BLOCK_BYTES];
    let flush = |_| {
        let begun = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        Ok(begun.elapsed())
    };
    (0..FLUSHES).map(flush).collect()
}

/// By `df`, whose form POSIX fixes: the standard library cannot ask.
fn free_bytes(folder: &Path) -> Option<u64> {
    let output = Command::new("df").arg("-Pk").arg(folder).env("LC_ALL", "C").output().ok()?;
    parse_df(std::str::from_utf8(&output.stdout).ok()?)
}

fn parse_df(text: &str) -> Option<u64> {
    let fields: Vec<&str> = text.lines().nth(1)?.split_whitespace().collect();
    // The name of the device may have spaces, the four numbers after it have none: the share in use is the landmark.
    let share = fields.iter().skip(4).position(|field| field.ends_with('%'))? + 4;
    Some(fields[share - 1].parse::<u64>().ok()? * 1024)
}

fn open_files() -> Option<u64> {
    parse_limits(&fs::read_to_string("/proc/self/limits").ok()?)
}

fn parse_limits(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        soft => soft.parse().ok(),
    }
}

fn newest_file(data: &Path) -> Option<SystemTime> {
    let entries = fs::read_dir(data).ok()?;
    entries.filter_map(|entry| entry.ok()?.metadata().ok()?.modified().ok()).max()
}

fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_folder::ADDRESS_FILE;
    use crate::serve::compose::{Server, Settings as ServerSettings};
    use std::os::unix::fs::PermissionsExt as _;
    use stonechat_types::id::UserId;
    use stonechat_types::number::AppId;

    fn at(ms: f64) -> io::Result<Vec<Duration>> {
        Ok(vec![Duration::from_secs_f64(ms / 1000.0); FLUSHES])
    }

    #[test]
    fn a_disk_is_judged_by_its_median_flush() {
        assert_eq!(judge_flush(at(0.2)).verdict, Verdict::Ok);
        assert_eq!(judge_flush(at(25.0)).verdict, Verdict::Warn);
        assert_eq!(judge_flush(at(0.001)).verdict, Verdict::Warn);
        assert_eq!(judge_flush(Err(io::Error::other("broken"))).verdict, Verdict::Fail);
        assert!(judge_flush(at(0.2)).text.starts_with("0.20 ms at the median"));
    }

    #[test]
    fn space_is_judged_by_segments() {
        let segment = 64 << 20;
        assert_eq!(judge_free(Some(100 * segment), segment).verdict, Verdict::Ok);
        assert_eq!(judge_free(Some(3 * segment), segment).verdict, Verdict::Warn);
        assert_eq!(judge_free(Some(segment), segment).verdict, Verdict::Fail);
        assert_eq!(judge_free(None, segment).verdict, Verdict::Warn);
    }

    #[test]
    fn open_files_are_judged_by_connections() {
        assert_eq!(judge_open_files(Some(200_000), 100_000).verdict, Verdict::Ok);
        let finding = judge_open_files(Some(1024), 100_000);
        assert_eq!(finding.verdict, Verdict::Warn);
        assert!(finding.text.contains("about 512 connections"), "{}", finding.text);
        assert_eq!(judge_open_files(Some(256), 100_000).verdict, Verdict::Fail);
        assert_eq!(judge_open_files(None, 1).verdict, Verdict::Warn);
    }

    #[test]
    fn a_clock_is_judged_by_the_century_and_the_data() {
        let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        assert_eq!(judge_clock(now, None).verdict, Verdict::Ok);
        assert_eq!(judge_clock(now, Some(now + Duration::from_secs(30))).verdict, Verdict::Ok);
        assert_eq!(judge_clock(now, Some(now + Duration::from_secs(3600))).verdict, Verdict::Warn);
        assert_eq!(judge_clock(UNIX_EPOCH, None).verdict, Verdict::Fail);
        assert_eq!(judge_clock(UNIX_EPOCH - Duration::from_secs(1), None).verdict, Verdict::Fail);
    }

    #[test]
    fn a_port_in_use_is_a_warning_and_one_out_of_reach_a_failure() {
        let addr = SocketAddr::from(([127, 0, 0, 1], 8080));
        let judge = |bound, running| judge_port("listen.http", addr, bound, &running);
        let error = |kind| Err(io::Error::from(kind));
        let in_use = || error(io::ErrorKind::AddrInUse);
        let at = |url: &str| Running::Yes(Some(url.to_owned()));
        assert_eq!(judge(Ok(()), Running::No).verdict, Verdict::Ok);
        assert_eq!(judge(in_use(), at("http://127.0.0.1:8080")).verdict, Verdict::Ok);
        assert_eq!(judge(in_use(), at("http://127.0.0.1:9080")).verdict, Verdict::Warn);
        let others = judge(in_use(), Running::No);
        assert_eq!(others.verdict, Verdict::Warn);
        assert!(others.text.ends_with("not by a server on this data folder"), "{others}");
        assert_eq!(judge(error(io::ErrorKind::PermissionDenied), Running::No).verdict, Verdict::Fail);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_on_the_data_folder_is_seen_while_it_runs() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(running(data.path()), Running::No);
        let server = Server::start(ServerSettings::on_loopback(data.path().to_owned(), 0)).await.unwrap();
        assert_eq!(running(data.path()), Running::Yes(None), "it has not said yet where it is");
        fs::write(data.path().join(ADDRESS_FILE), format!("{}\n", server.url())).unwrap();
        assert_eq!(running(data.path()), Running::Yes(Some(server.url())));
        assert!(judge_running(&running(data.path())).text.ends_with(&server.url()));
        server.stop().await;
        assert_eq!(running(data.path()), Running::No, "an address that was left behind says nothing");
    }

    #[test]
    fn the_output_of_df_and_the_limits_is_read() {
        let head = "Filesystem     1024-blocks      Used Available Capacity Mounted on\n";
        assert_eq!(parse_df(&format!("{head}/dev/sda1 100 40 60 40% /\n")), Some(60 * 1024));
        assert_eq!(parse_df(&format!("{head}//nas/my share 100 40 60 40% /mnt/100% mine\n")), Some(60 * 1024));
        assert_eq!(parse_df(head), None);
        assert_eq!(parse_df("df: no such file"), None);
        let limits = "Limit   Soft Limit  Hard Limit  Units\nMax open files            1024       524288     files\n";
        assert_eq!(parse_limits(limits), Some(1024));
        assert_eq!(parse_limits("Max open files unlimited unlimited files"), Some(u64::MAX));
        assert_eq!(parse_limits(""), None);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_lost_master_key_is_a_failure() {
        let data = tempfile::tempdir().unwrap();
        DataFolder::create(data.path()).unwrap();
        assert_eq!(judge_master_key(data.path()), None, "a new folder gets one");
        let server = Server::start(ServerSettings::on_loopback(data.path().to_owned(), 0)).await.unwrap();
        server.app.put_user(AppId::DEFAULT, UserId::new("alice").unwrap(), None).await.unwrap();
        server.stop().await;
        assert_eq!(judge_master_key(data.path()), None);
        fs::remove_file(data.path().join("keys/master.key")).unwrap();
        let finding = judge_master_key(data.path()).unwrap();
        assert_eq!((finding.verdict, finding.text.as_str()), (Verdict::Fail, MASTER_KEY_LOST));
    }

    #[test]
    fn a_folder_is_judged_by_who_can_use_it() {
        let base = tempfile::tempdir().unwrap();
        let data = base.path().join("data");
        assert_eq!(judge_folder(&data).verdict, Verdict::Ok);
        DataFolder::create(&data).unwrap();
        assert_eq!(judge_folder(&data).verdict, Verdict::Ok);
        fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(judge_folder(&data).verdict, Verdict::Warn);
        let file = base.path().join("file");
        fs::write(&file, "").unwrap();
        assert_eq!(judge_folder(&file).verdict, Verdict::Fail);
    }

    #[test]
    fn the_whole_examination_leaves_nothing_behind() {
        let base = tempfile::tempdir().unwrap();
        let variables = [("STONECHAT_LISTEN__HTTP".into(), "127.0.0.1:0".into())];
        let findings = examine(&Sources::new(variables), Ok(base.path().to_owned()));
        let checks: Vec<_> = findings.iter().map(|finding| finding.check).collect();
        let expected = [
            "configuration",
            "data folder",
            "keys",
            "server",
            "disk space",
            "disk flush",
            "open files",
            "clock",
            "listen.http",
        ];
        assert_eq!(checks, expected);
        assert_eq!(fs::read_dir(base.path()).unwrap().count(), 0);
        for finding in findings {
            assert!(finding.verdict == Verdict::Ok || finding.remedy.is_some(), "{finding}");
        }
    }

    #[test]
    fn a_wrong_configuration_is_the_first_and_only_finding() {
        let sources = Sources::new([("STONECHAT_X".into(), "1".into())]);
        let findings = examine(&sources, Ok(PathBuf::from("/nowhere")));
        assert_eq!((findings.len(), worst(&findings)), (1, Verdict::Fail));
        assert!(findings[0].to_string().contains("STONECHAT_X"), "{}", findings[0]);
    }
}
