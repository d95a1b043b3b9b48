//! How soon the program prints its first byte.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use backup_sync_simulator::{Endpoint, Simulator, Vb365Version};

use crate::{Anything, Verdicts};

const ROUNDS: usize = 15;

pub fn measure(verdicts: &mut Verdicts) -> Anything {
    let program = std::env::current_exe()?.with_file_name("backup-sync");
    if !program.exists() {
        return Err(format!("{} is not there; `cargo build --release` makes it", program.display()).into());
    }
    println!("first byte of the program, median of {ROUNDS} calls");
    let version = median(|| first_byte(&program, &["--version"]))?;
    verdicts.judge("backup-sync --version", millis(version), 10.0, "ms");
    if !has(&program, "status")? {
        println!("this program has no `status`, so that is not measured");
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let simulator = runtime.block_on(Simulator::builder().vb365("m365", Vb365Version::V8).start())?;
    let endpoint = simulator.endpoints().first().ok_or("there is no endpoint")?;
    let config = configured(endpoint)?;
    let arguments =
        ["status", "--live", "--output", "json", "--config", &config.display().to_string(), "--journal", "none"];
    let status = median(|| first_byte(&program, &arguments));
    std::fs::remove_file(&config)?;
    verdicts.judge("backup-sync status --live --output json, one endpoint", millis(status?), 40.0, "ms");
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn has(program: &Path, command: &str) -> Anything<bool> {
    let mut help = Command::new(program);
    Ok(help.args([command, "--help"]).stdout(Stdio::null()).stderr(Stdio::null()).status()?.success())
}

/// A configuration with this endpoint; its password is in the environment of the call.
fn configured(endpoint: &Endpoint) -> Anything<PathBuf> {
    let path = std::env::temp_dir().join(format!("backup-sync-scale-{}.toml", std::process::id()));
    let text = format!(
        "[endpoints.{}]\nvendor = \"veeam-vb365\"\nurl = \"{}\"\nversion = \"v8\"\nusername = '{}'\npassword = {{ env = \"{PASSWORD}\" }}\n",
        endpoint.name, endpoint.url, endpoint.username
    );
    std::fs::write(&path, text)?;
    PASSWORDS.get_or_init(|| endpoint.password.clone());
    Ok(path)
}

const PASSWORD: &str = "BACKUP_SYNC_SCALE_PASSWORD";
static PASSWORDS: std::sync::OnceLock<String> = std::sync::OnceLock::new();

/// The time from the call to the first byte on its standard output.
fn first_byte(program: &Path, arguments: &[&str]) -> Anything<Duration> {
    let begun = Instant::now();
    let mut call = Command::new(program);
    call.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null());
    if let Some(password) = PASSWORDS.get() {
        call.env(PASSWORD, password);
    }
    let mut child = call.spawn()?;
    let mut output = child.stdout.take().ok_or("there is no standard output")?;
    let mut byte = [0];
    output.read_exact(&mut byte)?;
    let took = begun.elapsed();
    std::io::copy(&mut output, &mut std::io::sink())?;
    if !child.wait()?.success() {
        return Err(format!("`backup-sync {}` failed", arguments.join(" ")).into());
    }
    Ok(took)
}

fn median(mut measure: impl FnMut() -> Anything<Duration>) -> Anything<Duration> {
    let mut times = (0..ROUNDS).map(|_| measure()).collect::<Anything<Vec<Duration>>>()?;
    times.sort();
    Ok(times[ROUNDS / 2])
}
