//! `watch` on a real terminal, which `script` (util-linux) makes: it shows the targets, and whatever ends it puts the terminal
//! back. What a frame looks like is tested beside the code.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::program;
use crate::site::Site;

/// The program on a terminal of its own.
struct Terminal {
    script: Child,
    shown: Receiver<Vec<u8>>,
    seen: String,
}

/// How the terminal is set before and after, the number of the process, and how it ended: each in a file.
const SESSION: &str = "stty cols 100 rows 12; stty -g > before; sh -c 'echo $$ > pid; exec \"$PROGRAM\" watch --poll 200ms'; \
                       echo $? > code; stty -g > after";

impl Terminal {
    fn start(site: &Site) -> Self {
        Self::start_with(site, &[])
    }

    fn start_with(site: &Site, environment: &[(&str, &str)]) -> Self {
        let mut program = program();
        // That of whoever runs the tests says nothing here.
        program.env_remove("NO_COLOR").envs(environment.iter().copied());
        let mut script = Command::new("script");
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => script.env(name, value),
                None => script.env_remove(name),
            };
        }
        script.env("PROGRAM", program.get_program()).current_dir(site.folder.path());
        script.args(["-q", "-e", "-c", SESSION, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut script = script.spawn().unwrap();
        let mut out = script.stdout.take().unwrap();
        let (tell, shown) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = out.read(&mut bytes) {
                let _ = tell.send(bytes[..count].to_vec());
            }
        });
        Self { script, shown, seen: String::new() }
    }

    /// Waits until this is written to the terminal.
    fn wait_for(&mut self, part: &str) {
        while !self.seen.contains(part) {
            let bytes = self.shown.recv_timeout(Duration::from_secs(60));
            let bytes = bytes.unwrap_or_else(|_| panic!("{part:?} does not come: {:?}", self.seen));
            self.seen += &String::from_utf8_lossy(&bytes);
        }
    }

    fn press(&mut self, keys: &str) {
        self.script.stdin.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    fn signal(&self, site: &Site, signal: &str) {
        let pid = fs::read_to_string(site.folder.path().join("pid")).unwrap();
        assert!(Command::new("kill").args([signal, pid.trim()]).status().unwrap().success());
    }

    /// Waits for the end; gives the exit code.
    fn end(mut self, site: &Site) -> i32 {
        self.script.wait().unwrap();
        self.seen += &self.shown.iter().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect::<String>();
        let file = |name: &str| fs::read_to_string(site.folder.path().join(name)).unwrap();
        assert_eq!(file("before"), file("after"), "the terminal is set as before");
        let place =
            |part: &str| self.seen.rfind(part).unwrap_or_else(|| panic!("{part:?} is missing: {:?}", self.seen));
        assert!(place("\u{1b}[?1049h") < place("\u{1b}[?1049l"), "the other screen is left");
        assert!(place("\u{1b}[?25l") < place("\u{1b}[?25h"), "the cursor is shown again");
        file("code").trim().parse().unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.script.kill().and_then(|()| self.script.wait().map(drop));
    }
}

#[test]
fn every_way_out_puts_the_terminal_back() {
    let site = Site::new();
    for (keys, signal, code) in
        [("q", "", 0), ("\u{3}", "", 0), ("/mail\r", "", 0), ("", "-TERM", 130), ("", "-INT", 130), ("", "-HUP", 130)]
    {
        let mut terminal = Terminal::start(&site);
        terminal.wait_for("m365/repository/");
        match signal {
            "" => terminal.press(keys),
            signal => terminal.signal(&site, signal),
        }
        if keys.starts_with('/') {
            terminal.wait_for("(\"mail\")");
            terminal.press("q");
        }
        assert_eq!(terminal.end(&site), code, "{keys:?} {signal}");
    }
    assert_eq!(site.count("POST", "/Sync"), 0, "nothing was started");
}

#[test]
fn an_endpoint_that_cannot_be_used_is_shown_so_beside_the_others() {
    let site = Site::new();
    fs::write(site.folder.path().join("m365.password"), "wrong").unwrap();
    let mut terminal = Terminal::start(&site);
    terminal.wait_for("? unread");
    terminal.wait_for("dr/replication/");
    terminal.press("q");
    assert_eq!(terminal.end(&site), 0);
}

#[test]
fn colours_can_be_switched_off() {
    // The foreground colours of a terminal, as SGR parameters: 30 to 37, 38;… and 90 to 97.
    let coloured = regex::Regex::new("\u{1b}\\[(?:\\d+;)*(?:3[0-8]|9[0-7])(?:;\\d+)*m").unwrap();
    for (value, wanted) in [("1", false), ("", true)] {
        let site = Site::new();
        let mut terminal = Terminal::start_with(&site, &[("NO_COLOR", value)]);
        terminal.wait_for("m365/repository/");
        terminal.wait_for("in-sync");
        assert_eq!(coloured.is_match(&terminal.seen), wanted, "NO_COLOR={value:?}: {:?}", terminal.seen);
        terminal.press("q");
        assert_eq!(terminal.end(&site), 0);
    }
}

#[test]
fn a_window_that_becomes_tiny_is_drawn_anew() {
    let site = Site::new();
    let mut terminal = Terminal::start(&site);
    terminal.wait_for("STATE OR REASON");
    terminal.seen.clear();
    let pid = fs::read_to_string(site.folder.path().join("pid")).unwrap();
    let tty = fs::read_link(format!("/proc/{}/fd/0", pid.trim())).unwrap();
    let resized = Command::new("stty").arg("-F").arg(tty).args(["cols", "40", "rows", "8"]).status().unwrap();
    assert!(resized.success());
    terminal.wait_for("STANDING");
    assert!(!terminal.seen.contains("STATE OR REASON"), "{:?}", terminal.seen);
    terminal.seen.insert_str(0, "\u{1b}[?1049h\u{1b}[?25l");
    terminal.press("q");
    assert_eq!(terminal.end(&site), 0);
}
