//! `backup-sync simulate`: the document that it prints, what it serves, what it writes, and how it ends.

use std::fs;
use std::io::{BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::{Ended, assert_fits, call, program};

/// The program at work as a server; killed when it is dropped.
pub struct Simulation {
    child: Child,
    /// Whatever comes after the document.
    rest: BufReader<ChildStdout>,
    /// The one JSON document on standard output.
    pub ready: Value,
}

impl Simulation {
    /// Starts it and waits for its document.
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = program();
        command.current_dir(folder).arg("simulate").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut rest = BufReader::new(child.stdout.take().unwrap());
        let first = serde_json::Deserializer::from_reader(&mut rest).into_iter().next();
        let Some(Ok(ready)) = first else {
            let ended = child.wait_with_output().unwrap();
            panic!("{arguments:?}: no document: {}", String::from_utf8_lossy(&ended.stderr));
        };
        Self { child, rest, ready }
    }

    /// Sends a signal and waits for the end; `out` is what was printed after the document.
    pub fn end(mut self, signal: &str) -> Ended {
        self.signal(signal);
        let mut text = [String::new(), String::new()];
        self.rest.read_to_string(&mut text[0]).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut text[1]).unwrap();
        let code = self.child.wait().unwrap().code().expect("the program was not killed");
        let [out, err] = text;
        Ended { code, out, err }
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    pub fn endpoints(&self) -> &Vec<Value> {
        self.ready["endpoints"].as_array().unwrap()
    }

    /// All values of one member of the endpoints.
    fn all(&self, member: &str) -> Vec<&str> {
        self.endpoints().iter().map(|endpoint| endpoint[member].as_str().unwrap_or("")).collect()
    }

    /// Whether it speaks HTTP and not HTTPS.
    pub fn is_plain(&self) -> bool {
        self.all("url").iter().all(|url| url.starts_with("http://"))
    }

    /// Calls a path of the first endpoint, which speaks plain HTTP; gives status and body.
    pub fn http(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let url = self.endpoints()[0]["url"].as_str().unwrap();
        let address = url.strip_prefix("http://").unwrap().split('/').next().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
        write!(stream, "{head}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        (status, serde_json::from_str(body).unwrap_or_default())
    }

    /// How often a request like this has arrived at any endpoint.
    pub fn count(&self, method: &str, ending: &str) -> usize {
        let (status, log) = self.http("GET", "/_simulator/requests?limit=100000", "");
        assert_eq!(status, 200);
        let requests = log["requests"].as_array().unwrap().iter();
        let like = |request: &&Value| {
            request["method"] == method && request["path"].as_str().is_some_and(|path| path.ends_with(ending))
        };
        requests.filter(like).count()
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

const SYNC: [&str; 9] =
    ["sync", "--all", "--config", "simulated.toml", "--poll", "100ms", "--progress", "none", "--output=json"];

#[test]
fn a_run_against_it_succeeds_and_an_interrupt_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let simulation = Simulation::start(folder.path(), &["--speed", "100", "--write-config", "simulated.toml"]);
    assert_fits("simulate", &simulation.ready);
    assert_eq!(simulation.ready["version"], 1);
    assert_eq!(simulation.all("vendor"), ["veeam-vb365", "huawei-cbr", "vsphere-replication"]);
    assert_eq!(simulation.all("name"), ["m365", "cloud", "dr"]);
    let report = call(folder.path(), &SYNC);
    assert_eq!((report.code, report.err.as_str()), (0, ""), "{}", report.out);
    // Each of them has three usual targets that are ready or skipped, the cloud one vault and the list.
    assert_eq!(report.json()["targets"].as_array().unwrap().len(), 8);
    assert_eq!(simulation.count("POST", "/Sync"), 2, "the third repository is in sync");
    let passwords: Vec<String> = simulation.all("password").into_iter().map(str::to_owned).collect();
    let ended = simulation.end("-INT");
    assert_eq!((ended.code, ended.out.trim()), (0, ""), "{}", ended.err);
    assert!(ended.err.contains("Ctrl-C ends") && ended.err.contains("--config simulated.toml"), "{}", ended.err);
    let config = fs::read_to_string(folder.path().join("simulated.toml")).unwrap();
    assert!(passwords.iter().all(|password| !ended.err.contains(password) && !config.contains(password)));
}

#[test]
fn the_signal_of_service_managers_ends_it_too() {
    let folder = tempfile::tempdir().unwrap();
    let ended = Simulation::start(folder.path(), &["--vendor", "huawei-cbr", "--quiet"]).end("-TERM");
    assert_eq!((ended.code, ended.out.trim(), ended.err.as_str()), (0, "", ""));
}

#[test]
fn nobody_has_to_read_the_document() {
    let mut command = program();
    command.args(["simulate", "--vendor", "veeam-vb365"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    // It says on standard error that it is ready, and goes on.
    let mut byte = [0];
    child.stderr.as_mut().unwrap().read_exact(&mut byte).unwrap();
    assert!(child.try_wait().unwrap().is_none());
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn vendors_and_versions_can_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let vendors = ["--vendor", "veeam-vb365:v5", "--vendor", "veeam-vb365:v7", "--vendor", "veeam-vb365:v7"];
    let simulation = Simulation::start(folder.path(), &vendors);
    assert_eq!(simulation.all("api_version"), ["v5", "v7", "v7"]);
    assert_eq!(simulation.all("name"), ["m365-v5", "m365-v7", "m365-v7-2"]);
}

/// The first of two ports in a row that are free.
fn two_free_ports() -> u16 {
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).ok();
    let pairs = std::iter::repeat_with(|| {
        let first = free(0).unwrap();
        let port = first.local_addr().unwrap().port();
        port.checked_add(1).and_then(free).map(|_| port)
    });
    pairs.take(100).flatten().next().expect("two free ports in a row")
}

#[test]
fn a_port_can_be_chosen_and_may_be_taken() {
    let folder = tempfile::tempdir().unwrap();
    let port = two_free_ports();
    let listen = format!("127.0.0.1:{port}");
    let two = ["--vendor", "veeam-vb365", "--vendor", "huawei-cbr", "--listen", &listen];
    let simulation = Simulation::start(folder.path(), &two);
    assert_eq!(simulation.all("url"), [format!("http://{listen}"), format!("http://127.0.0.1:{}", port + 1)]);
    let second = call(folder.path(), &["simulate", "--listen", &listen]);
    assert_eq!((second.code, second.out.as_str()), (2, ""));
    assert!(second.err.contains(&format!("nothing can listen at {listen}: ")), "{}", second.err);
    let last = call(folder.path(), &["simulate", "--listen", "127.0.0.1:65535"]);
    assert_eq!((last.code, last.out.as_str()), (2, ""), "{}", last.err);
}

#[test]
fn an_open_port_is_warned_of_even_when_quiet() {
    let folder = tempfile::tempdir().unwrap();
    let open = ["--listen", "0.0.0.0:0", "--vendor", "huawei-cbr", "--quiet"];
    let simulation = Simulation::start(folder.path(), &open);
    assert!(simulation.all("url")[0].starts_with("http://127.0.0.1:"), "{}", simulation.ready);
    let ended = simulation.end("-INT");
    assert!(ended.err.starts_with("warning: ") && ended.err.contains("from other machines"), "{}", ended.err);
}

#[test]
fn certificates_are_in_the_document() {
    let folder = tempfile::tempdir().unwrap();
    let simulation = Simulation::start(folder.path(), &["--tls"]);
    assert_fits("simulate", &simulation.ready);
    assert!(simulation.all("url").iter().all(|url| url.starts_with("https://127.0.0.1:")));
    assert!(simulation.all("ca_pem").iter().all(|pem| pem.contains("BEGIN CERTIFICATE")));
    assert!(simulation.all("fingerprint").iter().all(|digits| digits.len() == 64));
}

#[test]
fn time_that_stands_still_is_moved_over_the_control_path() {
    let folder = tempfile::tempdir().unwrap();
    let simulation = Simulation::start(folder.path(), &["--speed", "0", "--vendor", "veeam-vb365"]);
    let elapsed = |simulation: &Simulation| {
        let (status, state) = simulation.http("GET", "/_simulator/state", "");
        assert_eq!(status, 200, "{state}");
        state["time"]["elapsed_seconds"].clone()
    };
    assert_eq!(elapsed(&simulation), json!(0.0));
    let (status, _) = simulation.http("POST", "/_simulator/advance", "{\"seconds\": 90}");
    assert_eq!((status, elapsed(&simulation)), (200, json!(90.0)));
    drop(simulation);
    let simulation = Simulation::start(folder.path(), &["--no-control", "--vendor", "veeam-vb365"]);
    assert_eq!(simulation.http("GET", "/_simulator/state", "").0, 404);
}

#[test]
fn wrong_arguments_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let good = "description = \"x\"\n[endpoints.a]\nvendor = \"huawei-cbr\"\n";
    write("good.toml", good);
    write("typo.toml", &good.replace("vendor", "vender"));
    write("still.toml", &format!("speed = 0\n{good}"));
    write("nothing.toml", &format!("{good}[[endpoints.a.scripts]]\ntarget = \"vm-*\"\nruns = [{{}}]\n"));
    write("broken.json", "{\"description\": ");
    for (arguments, parts) in [
        (&["--vendor", "veem"][..], ["there is no vendor \"veem\"", "veeam-vb365, huawei-cbr, vsphere-replication"]),
        (&["--vendor", "veeam-vb365:v9"], ["there is no version \"v9\"", "v5, v6, v7, v8"]),
        (&["--speed", "-1"], ["-1 is no speed", "0 to 1000000 is possible"]),
        (&["--speed", "fast"], ["\"fast\" is no number", "60"]),
        (&["--listen", "localhost"], ["localhost", "--listen"]),
        (&["--scenario", "gone.toml"], ["gone.toml cannot be read", ""]),
        (&["--scenario", "typo.toml"], ["typo.toml:3:1: endpoints.a.vender", "did you mean `vendor`?"]),
        (&["--scenario", "broken.json"], ["broken.json:1:16: ", "EOF"]),
        (&["--scenario", "nothing.toml"], ["nothing.toml: no target of endpoint \"a\"", "it has hybrid-1"]),
        (&["--scenario", "good.toml", "--vendor", "veeam-vb365"], ["good.toml has no endpoint of these vendors", ""]),
        (&["--scenario", "still.toml", "--no-control"], ["with speed 0", "leave --no-control out"]),
        (&["--speed", "0", "--no-control"], ["with speed 0", "leave --no-control out"]),
        (&["--write-config", "good.toml"], ["good.toml is there already", "name another file"]),
        (&["--write-config", "no/such.toml"], ["cannot be written", "such.files"]),
    ] {
        let ended = call(folder.path(), &[&["simulate"], arguments].concat());
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{arguments:?}: {}", ended.err);
        assert!(parts.iter().all(|part| ended.err.contains(part)), "{arguments:?}: {}", ended.err);
    }
    assert_eq!(fs::read_to_string(folder.path().join("good.toml")).unwrap(), good, "it stays as it was");
}

#[cfg(unix)]
#[test]
fn what_is_written_is_for_its_owner_and_written_again() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let mode = |path: &str| fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
    for _ in 0..2 {
        let simulation = Simulation::start(folder.path(), &["--tls", "--write-config", "simulated.toml"]);
        assert_eq!(mode("simulated.files"), 0o700);
        for file in ["m365.password", "dr.remote-password", "cloud.ca.pem", "on-premises-backups.json"] {
            assert_eq!(mode(&format!("simulated.files/{file}")), 0o600, "{file}");
        }
        let targets = call(folder.path(), &["targets", "--config", "simulated.toml", "--output", "json"]);
        assert_eq!((targets.code, targets.err.as_str()), (0, ""));
        // The second time, a file that had been opened to others is not any more.
        let password = folder.path().join("simulated.files/m365.password");
        fs::set_permissions(password, fs::Permissions::from_mode(0o644)).unwrap();
        drop(simulation);
    }
}
