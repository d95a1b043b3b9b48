//! `backup-sync watch`: what the targets are doing, as a table that keeps itself up to date. Nothing is started.

use std::collections::HashMap;
use std::io::{IsTerminal as _, stdin, stdout};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use backup_sync::engine::{Address, Stop, Survey, WaitReason};
use backup_sync::runtime::notice::Notice;
use clap::Args;
use crossterm::event::{self, Event, KeyEventKind};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::survey::{self, Looked};
use crate::args::duration;
use crate::endpoints::{self, Chosen};
use crate::exit::{Exit, Failure};
use crate::journal::{self, JournalFile};
use crate::output::printable;
use crate::selection::Selection;
use crate::signals;
use crate::watch::{Asked, Screen, State, draw, put_back};

const EXAMPLES: &str = "\
Examples:
  backup-sync watch
  backup-sync watch 'm365/*/*' 'dr/replication/*' --poll 10s

Keys: q leaves, / filters, s sorts, arrows and page keys scroll. The targets of an endpoint that could not be reached at the \
start are shown as unread, with the reason; it is not tried again until the next `watch`. Where there is no terminal, use \
`backup-sync status --live --output ndjson`.";

/// Arguments of `watch`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Watch {
    /// Only these.
    #[command(flatten)]
    pub selection: Selection,
    /// Pause between two looks at an endpoint, for example 30s; longer where the vendor's request quota wants it.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub poll: Duration,
    /// Configuration with the endpoints; the usual one when left out.
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where the runs were written down.
    #[command(flatten)]
    pub journal: JournalFile,
}

/// What reaches the table.
enum Told {
    /// What the targets are doing, and how their last runs ended.
    Seen(Box<Survey>),
    /// Requests of an endpoint wait.
    Wait(String, WaitReason, Duration),
    /// A key, or the window has another size.
    Terminal(Event),
}

/// Runs the command.
pub async fn run(arguments: &Watch) -> Result<Exit, Failure> {
    if !stdin().is_terminal() || !stdout().is_terminal() {
        let instead = "elsewhere use `backup-sync status --live --output ndjson`";
        return Err(Failure::usage(format!("watch needs a terminal to draw on and to read keys from; {instead}")));
    }
    let looked = survey::open(arguments.config.as_deref(), &arguments.selection, &arguments.journal).await?;
    let stop = Stop::default();
    let shown = show(arguments, &looked, &stop).await;
    stop.now();
    endpoints::close_all(&looked.chosen).await;
    shown.map_err(|cause| Failure::Output(format!("the terminal cannot be used: {cause}")))
}

async fn show(arguments: &Watch, looked: &Looked, stop: &Stop) -> std::io::Result<Exit> {
    let (tell, told) = unbounded_channel();
    listen(&looked.chosen, &tell);
    let mut screen = Screen::take()?;
    signals::tell_first(put_back);
    read_keys(tell.clone());
    let looker = survey::run(stop.clone());
    let looking = looker.survey_until(&looked.chosen, arguments.poll, move |survey| {
        let mut survey = survey.clone();
        survey.targets.extend(looked.unread.iter().cloned());
        match tell.send(Told::Seen(Box::new(survey))) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    });
    let exit = tokio::select! {
        exit = table(arguments, &mut screen, told) => exit,
        () = signals::asked_to_end() => Ok(Exit::Interrupted),
        // It ends only with the table.
        () = looking => Ok(Exit::Success),
    };
    signals::tell_nothing_first();
    exit
}

/// Shows what is told, until somebody leaves.
async fn table(arguments: &Watch, screen: &mut Screen, mut told: UnboundedReceiver<Told>) -> std::io::Result<Exit> {
    let begun = Instant::now();
    let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut state = State::default();
    let mut second = tokio::time::interval(Duration::from_secs(1));
    loop {
        let now = begun.elapsed();
        state.waits.retain(|_, (until, _)| *until > now);
        screen.draw(|frame| draw(frame, &mut state, now, colour))?;
        let next = tokio::select! {
            next = told.recv() => next,
            _ = second.tick() => continue,
        };
        match next {
            Some(Told::Seen(survey)) => {
                state.lasts = lasts(&arguments.journal).await;
                state.take(&survey, begun.elapsed());
            }
            Some(Told::Wait(endpoint, reason, pause)) => {
                state.waits.insert(printable(&endpoint), (begun.elapsed() + pause, reason.words()));
            }
            Some(Told::Terminal(Event::Key(key))) if key.kind != KeyEventKind::Release => {
                if state.press(key) == Asked::Leave {
                    return Ok(Exit::Success);
                }
            }
            Some(Told::Terminal(_)) => {}
            None => return Ok(Exit::Success),
        }
    }
}

/// How the journal says that targets were left.
async fn lasts(file: &JournalFile) -> HashMap<Address, String> {
    let targets = journal::last_known(file).await;
    let words = |target: &backup_sync_journal::TargetStatus| {
        let last = &target.last;
        let word = last.outcome.as_ref().map_or(last.state.word(), |outcome| outcome.word());
        format!("{word} {}", last.ended_at.as_deref().or(last.started_at.as_deref()).unwrap_or_default())
    };
    targets.iter().map(|target| (target.last.target.clone(), words(target))).collect()
}

/// Shorter waits are not worth telling.
const TOLD: Duration = Duration::from_secs(1);

fn listen(chosen: &Chosen, tell: &UnboundedSender<Told>) {
    for (provider, _) in chosen {
        let Some(notices) = provider.notices() else { continue };
        let (tell, endpoint) = (tell.clone(), provider.endpoint().to_owned());
        notices.listen(move |notice| {
            if let Notice::Waiting { reason, pause, .. } = notice
                && pause >= TOLD
            {
                let _ = tell.send(Told::Wait(endpoint.clone(), reason.into(), pause));
            }
        });
    }
}

/// Reads keys on a thread of their own, which ends when nobody takes them any more.
fn read_keys(tell: UnboundedSender<Told>) {
    std::thread::spawn(move || {
        while !tell.is_closed() {
            match event::poll(Duration::from_millis(100)) {
                Ok(false) => {}
                Ok(true) => match event::read() {
                    Ok(event) => drop(tell.send(Told::Terminal(event))),
                    Err(_) => return,
                },
                Err(_) => return,
            }
        }
    });
}
