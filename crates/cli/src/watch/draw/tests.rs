//! Frames as they appear, and what keys and looks change about them.

use backup_sync::engine::Survey;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::{Value, json};

use super::*;
use crate::watch::Asked;

const SECOND: Duration = Duration::from_secs(1);

fn survey(targets: &[(&str, &str, Value)]) -> Survey {
    let target = |(name, standing, more): &(&str, &str, Value)| {
        let mut target = json!({
            "target": {"endpoint": "m365", "kind": "repository", "id": name}, "name": name, "vendor": "v",
            "standing": standing, "job": ["j"], "transient": false,
        });
        target.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        target
    };
    let targets: Vec<Value> = targets.iter().map(target).collect();
    serde_json::from_value(json!({"version": 1, "at": "2026-01-01T00:00:00Z", "targets": targets})).unwrap()
}

fn running(percent: u8) -> Value {
    json!({"state": "Running", "percent": percent})
}

fn some() -> State {
    let mut state = State::default();
    let seen = survey(&[
        ("archive", "in-sync", json!({"detail": "isOutOfSync is false"})),
        ("mail", "running", running(40)),
        ("gone", "broken", json!({"detail": "no such repository"})),
        ("sites", "ready", Value::Null),
    ]);
    state.lasts.insert(seen.targets[0].target.clone(), "succeeded 2026-01-01".to_owned());
    state.take(&seen, SECOND);
    state
}

fn screen(state: &mut State, width: u16, height: u16, now: Duration) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, state, now, true)).unwrap();
    let buffer = terminal.backend().buffer().clone();
    let line = |y: u16| (0..width).map(|x| buffer[(x, y)].symbol().to_owned()).collect::<String>();
    (0..height).map(|y| line(y).trim_end().to_owned() + "\n").collect()
}

fn press(state: &mut State, code: KeyCode) -> Asked {
    state.press(KeyEvent::new(code, KeyModifiers::NONE))
}

#[test]
fn a_frame_has_what_needs_somebody_first() {
    let mut state = some();
    state.waits.insert("m365".into(), (SECOND * 40, "the vendor's request quota"));
    let expected = "\
backup-sync watch: 1 broken, 1 running, 1 ready, 1 in-sync; seen 5.0 s ago
TARGET                   STANDING     % STATE OR REASON           UNCHANGED     LAST RUN
m365/repository/gone     ✗ broken       no such repository        5.0 s +
m365/repository/mail     ▸ running  40% Running                   5.0 s +
m365/repository/sites    · ready                                  5.0 s +
m365/repository/archive  ✓ in-sync      isOutOfSync is false      5.0 s +       succeeded 20


m365: waiting 34.0 s for the vendor's request quota
q leave  / filter  s sort (standing)  ↑↓ scroll  1-4 of 4
";
    assert_eq!(screen(&mut state, 92, 10, SECOND * 6), expected);
}

#[test]
fn small_windows_show_the_most_important() {
    let expected = "\
backup-sync watch: 1 broken, 1 running,
TARGET                     STANDING  %
m365/repository/gone       ✗ broken
m365/repository/mail       ▸ running  40
m365/repository/sites      · ready
m365/repository/archive    ✓ in-sync

q leave  / filter  s sort (standing)  ↑↓
";
    assert_eq!(screen(&mut some(), 40, 8, SECOND), expected);
    for (width, height) in [(1, 1), (3, 2), (200, 1), (1, 50)] {
        screen(&mut some(), width, height, SECOND);
    }
}

#[test]
fn percentages_never_go_back_and_never_reach_a_hundred() {
    let mut state = some();
    let mut shown = Vec::new();
    for percent in [55, 30, 100] {
        state.take(&survey(&[("mail", "running", running(percent))]), SECOND * 2);
        shown.push(state.shown()[0].percent);
    }
    assert_eq!(shown, [Some(55), Some(55), Some(99)]);
    state.take(&survey(&[("mail", "running", json!({"job": ["another"], "percent": 3}))]), SECOND * 3);
    assert_eq!(state.shown()[0].percent, Some(3), "that is another job");
}

#[test]
fn the_time_without_change_begins_with_the_change() {
    let mut state = some();
    let same = survey(&[("mail", "running", running(40))]);
    state.take(&same, SECOND * 10);
    assert_eq!(state.shown()[0].changed, None, "it has not changed since the table began");
    state.take(&survey(&[("mail", "running", running(41))]), SECOND * 20);
    state.take(&survey(&[("mail", "running", running(41))]), SECOND * 30);
    assert_eq!(state.shown()[0].changed, Some(SECOND * 20));
}

#[test]
fn keys_filter_sort_scroll_and_leave() {
    let mut state = some();
    let labels = |state: &State| state.shown().iter().map(|row| row.label[16..].to_owned()).collect::<Vec<_>>();
    press(&mut state, KeyCode::Char('s'));
    assert_eq!(labels(&state), ["archive", "gone", "mail", "sites"]);
    for key in ['/', 'R', 'u', 'n', 'q'] {
        assert_eq!(press(&mut state, KeyCode::Char(key)), Asked::Nothing);
    }
    assert_eq!(labels(&state), Vec::<String>::new());
    press(&mut state, KeyCode::Backspace);
    press(&mut state, KeyCode::Enter);
    assert_eq!(labels(&state), ["mail"]);
    assert!(screen(&mut state, 92, 8, SECOND).contains("filter (\"Run\")"));
    press(&mut state, KeyCode::Char('/'));
    press(&mut state, KeyCode::Esc);
    assert_eq!(labels(&state).len(), 4);
    for _ in 0..9 {
        press(&mut state, KeyCode::Down);
    }
    assert!(screen(&mut state, 92, 8, SECOND).contains("4-4 of 4"), "there is always a row");
    press(&mut state, KeyCode::Home);
    assert_eq!(state.top, 0);
    assert_eq!(press(&mut state, KeyCode::Char('q')), Asked::Leave);
    assert_eq!(press(&mut state, KeyCode::Esc), Asked::Leave);
    assert_eq!(state.press(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)), Asked::Leave);
}

#[test]
fn names_of_vendors_cannot_move_the_cursor() {
    let mut state = State::default();
    state.take(&survey(&[("a\u{1b}[2Jb\u{202e}c", "aside", json!({"detail": "x\r\ny"}))]), SECOND);
    let row = state.shown()[0].clone();
    assert_eq!((row.label.as_str(), row.words.as_str()), ("m365/repository/a [2Jb c", "x  y"));
}
