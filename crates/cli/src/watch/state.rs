//! What the live table knows and what the keys change about it. Nothing here touches a terminal or a clock.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use backup_sync::engine::{Address, Standing, Survey, Surveyed};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::labels::Labels;
use crate::output::printable;

/// What a key asks of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To go on.
    Nothing,
    /// To leave.
    Leave,
}

/// One target.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its short name.
    pub label: String,
    /// What it is doing.
    pub standing: Standing,
    /// The vendor's words.
    pub words: String,
    /// 0 to 99, never less than it was for the same job.
    pub percent: Option<u8>,
    /// When it was first seen, by the clock of the table.
    pub first: Duration,
    /// When it last changed; nothing when that was before it was first seen.
    pub changed: Option<Duration>,
    /// How its last run ended, and when.
    pub last: String,
    job: Vec<String>,
}

/// What the rows are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// What needs somebody first, then what runs.
    Standing,
    /// The address.
    Target,
    /// What changed last comes first.
    Change,
}

impl Order {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Standing => "standing",
            Self::Target => "target",
            Self::Change => "last change",
        }
    }

    fn next(self) -> Self {
        match self {
            Self::Standing => Self::Target,
            Self::Target => Self::Change,
            Self::Change => Self::Standing,
        }
    }
}

/// The table.
#[derive(Debug)]
pub struct State {
    rows: HashMap<Address, Row>,
    /// How each target was left by its last run.
    pub lasts: HashMap<Address, String>,
    /// Until when requests of an endpoint wait, and for what.
    pub waits: BTreeMap<String, (Duration, &'static str)>,
    /// When the last look was complete; nothing before the first.
    pub looked: Option<Duration>,
    /// What is looked for in the rows.
    pub filter: String,
    /// Whether keys go into the filter.
    pub typing: bool,
    /// How the rows are sorted.
    pub order: Order,
    /// The first row that is shown.
    pub top: usize,
    /// How many rows were shown the last time.
    pub page: usize,
}

impl Default for State {
    fn default() -> Self {
        Self {
            rows: HashMap::new(),
            lasts: HashMap::new(),
            waits: BTreeMap::new(),
            looked: None,
            filter: String::new(),
            typing: false,
            order: Order::Standing,
            top: 0,
            page: 1,
        }
    }
}

impl State {
    /// Takes what was seen at a moment.
    pub fn take(&mut self, survey: &Survey, now: Duration) {
        let labels = Labels::of(survey.targets.iter().map(|seen| (&seen.target, seen.name.as_str())));
        let mut rows = HashMap::with_capacity(survey.targets.len());
        for seen in &survey.targets {
            let before = self.rows.remove(&seen.target);
            let mut row = Row::of(seen, printable(&labels.get(&seen.target)));
            row.last = self.lasts.get(&seen.target).cloned().unwrap_or_default();
            row.first = before.as_ref().map_or(now, |before| before.first);
            row.changed = match &before {
                Some(before) if before.is_like(&row) => before.changed,
                Some(_) => Some(now),
                None => None,
            };
            if let Some(before) = before.filter(|before| before.job == row.job && row.standing == Standing::Running) {
                row.percent = row.percent.max(before.percent);
            }
            rows.insert(seen.target.clone(), row);
        }
        self.rows = rows;
        self.looked = Some(now);
    }

    /// The rows that fit the filter, in order.
    pub fn shown(&self) -> Vec<&Row> {
        let wanted = self.filter.to_lowercase();
        let mut shown: Vec<&Row> = self.rows.values().filter(|row| row.has(&wanted)).collect();
        shown.sort_by(|one, other| one.label.cmp(&other.label));
        match self.order {
            Order::Target => {}
            Order::Standing => shown.sort_by_key(|row| rank(row.standing)),
            Order::Change => shown.sort_by_key(|row| std::cmp::Reverse(row.changed)),
        }
        shown
    }

    /// How many targets stand in which way, in words.
    pub fn counts(&self) -> String {
        let mut counts: BTreeMap<(u8, &str), usize> = BTreeMap::new();
        for row in self.rows.values() {
            *counts.entry((rank(row.standing), row.standing.word())).or_default() += 1;
        }
        let told: Vec<String> = counts.into_iter().map(|((_, word), count)| format!("{count} {word}")).collect();
        told.join(", ")
    }

    /// Does what a key says.
    pub fn press(&mut self, key: KeyEvent) -> Asked {
        if key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c') {
            return Asked::Leave;
        }
        match (self.typing, key.code) {
            (true, KeyCode::Enter) => self.typing = false,
            (true, KeyCode::Esc) => (self.typing, self.filter) = (false, String::new()),
            (true, KeyCode::Backspace) => drop(self.filter.pop()),
            (true, KeyCode::Char(character)) => self.filter.push(character),
            (false, KeyCode::Char('q') | KeyCode::Esc) => return Asked::Leave,
            (false, KeyCode::Char('/')) => self.typing = true,
            (false, KeyCode::Char('s')) => self.order = self.order.next(),
            (_, code) => self.scroll(code),
        }
        self.top = self.top.min(self.shown().len().saturating_sub(1));
        Asked::Nothing
    }

    fn scroll(&mut self, code: KeyCode) {
        self.top = match code {
            KeyCode::Down | KeyCode::Char('j') => self.top + 1,
            KeyCode::Up | KeyCode::Char('k') => self.top.saturating_sub(1),
            KeyCode::PageDown | KeyCode::Char(' ') => self.top + self.page,
            KeyCode::PageUp => self.top.saturating_sub(self.page),
            KeyCode::Home => 0,
            KeyCode::End => self.rows.len().saturating_sub(self.page),
            _ => self.top,
        };
    }
}

/// What needs somebody comes first.
fn rank(standing: Standing) -> u8 {
    match standing {
        Standing::Broken => 0,
        Standing::Unread => 1,
        Standing::Running => 2,
        Standing::Ready => 3,
        Standing::Aside => 4,
        Standing::InSync => 5,
        _ => 6,
    }
}

impl Row {
    fn of(seen: &Surveyed, label: String) -> Self {
        let words: Vec<String> = seen.state.iter().chain(&seen.detail).map(|words| printable(words)).collect();
        Self {
            label,
            standing: seen.standing,
            words: words.join(", "),
            percent: seen.percent.map(|percent| percent.min(99)),
            first: Duration::ZERO,
            changed: None,
            last: String::new(),
            job: seen.job.clone(),
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        (self.standing, &self.words, &self.job) == (other.standing, &other.words, &other.job)
            && (other.percent.is_none() || self.percent >= other.percent)
    }

    fn has(&self, wanted: &str) -> bool {
        wanted.is_empty()
            || [self.label.as_str(), self.standing.word(), &self.words, &self.last]
                .iter()
                .any(|text| text.to_lowercase().contains(wanted))
    }
}
