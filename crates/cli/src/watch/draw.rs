//! One frame of the live table, made of what it knows and nothing else.

use std::time::Duration;

use backup_sync::engine::Standing;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Cell, Row as Cells, Table};

use super::state::{Row, State};
use crate::page::span;

/// Below this width only the most important columns are shown.
const NARROW: u16 = 70;

/// Draws the table as it is at a moment; without colour where nobody wants any.
pub fn draw(frame: &mut Frame<'_>, state: &mut State, now: Duration, colour: bool) {
    let waits = u16::try_from(state.waits.len()).unwrap_or(u16::MAX).min(frame.area().height / 4);
    let parts = [Constraint::Length(1), Constraint::Min(1), Constraint::Length(waits), Constraint::Length(1)];
    let [head, body, below, foot] = Layout::vertical(parts).areas(frame.area());
    frame.render_widget(Line::from(title(state, now)).style(Modifier::BOLD), head);
    state.page = usize::from(body.height.saturating_sub(1)).max(1);
    let shown = state.shown();
    let rows = shown.iter().skip(state.top).take(state.page).map(|row| cells(row, now, frame.area().width, colour));
    frame.render_widget(table(rows.collect(), frame.area().width), body);
    let waits = state.waits.iter().map(|(endpoint, (until, what))| {
        Line::from(format!("{endpoint}: waiting {} for {what}", span(millis(until.saturating_sub(now)))))
    });
    frame.render_widget(ratatui::widgets::Paragraph::new(waits.collect::<Vec<_>>()), below);
    frame.render_widget(Line::from(help(state)), foot);
}

fn title(state: &State, now: Duration) -> String {
    match state.looked {
        None => "backup-sync watch: looking".to_owned(),
        Some(looked) => {
            format!("backup-sync watch: {}; seen {} ago", state.counts(), span(millis(now.saturating_sub(looked))))
        }
    }
}

fn help(state: &State) -> String {
    if state.typing {
        return format!("filter: {}_  (Enter keeps it, Esc clears it)", state.filter);
    }
    let shown = state.shown().len();
    let filter = if state.filter.is_empty() { String::new() } else { format!(" ({:?})", state.filter) };
    let from = if shown == 0 { 0 } else { state.top + 1 };
    let to = (state.top + state.page).min(shown);
    format!("q leave  / filter{filter}  s sort ({})  ↑↓ scroll  {from}-{to} of {shown}", state.order.word())
}

fn table(rows: Vec<Cells<'static>>, width: u16) -> Table<'static> {
    let (head, widths): (&[&str], &[Constraint]) = if width < NARROW {
        (&["TARGET", "STANDING", "%"], &[Constraint::Fill(1), Constraint::Length(9), Constraint::Length(3)])
    } else {
        let widths = &[
            Constraint::Fill(2),
            Constraint::Length(9),
            Constraint::Length(4),
            Constraint::Fill(2),
            Constraint::Length(13),
            Constraint::Fill(1),
        ];
        (&["TARGET", "STANDING", "   %", "STATE OR REASON", "UNCHANGED", "LAST RUN"], widths)
    };
    let head = Cells::new(head.iter().copied()).style(Modifier::UNDERLINED);
    Table::new(rows, widths.iter().copied()).header(head).column_spacing(1)
}

fn cells(row: &Row, now: Duration, width: u16, colour: bool) -> Cells<'static> {
    let standing = format!("{} {}", sign(row.standing), row.standing.word());
    let percent = row.percent.map(|percent| format!("{percent:>3}")).unwrap_or_default();
    let standing = Cell::from(standing).style(style(row.standing, colour));
    let label = Cell::from(row.label.clone());
    if width < NARROW {
        return Cells::new([label, standing, Cell::from(percent)]);
    }
    let unchanged = match row.changed {
        Some(changed) => span(millis(now.saturating_sub(changed))),
        None => format!("{} +", span(millis(now.saturating_sub(row.first)))),
    };
    let percent = if percent.is_empty() { percent } else { format!("{percent}%") };
    Cells::new([
        label,
        standing,
        Cell::from(percent),
        Cell::from(row.words.clone()),
        Cell::from(unchanged),
        Cell::from(row.last.clone()),
    ])
}

/// A sign beside the word, for eyes that look for changes.
fn sign(standing: Standing) -> char {
    match standing {
        Standing::Broken => '✗',
        Standing::Unread => '?',
        Standing::Running => '▸',
        Standing::InSync => '✓',
        Standing::Aside => '–',
        _ => '·',
    }
}

fn style(standing: Standing, colour: bool) -> Style {
    match standing {
        _ if !colour => Style::default(),
        Standing::Broken => Style::from(Color::Red),
        Standing::Unread => Style::from(Color::Yellow),
        Standing::Running => Style::from(Color::Cyan),
        Standing::InSync => Style::from(Color::Green),
        _ => Style::default(),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
