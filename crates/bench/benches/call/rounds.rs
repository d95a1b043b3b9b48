//! Rounds in which two sides take turns, and what their times say.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::Runtime;

use crate::Failure;

/// Our wall time is at most so many times that of the call by hand.
pub const WALL: f64 = 1.05;
/// The same for processor time.
pub const CPU: f64 = 1.15;

/// Wall and processor time of a stretch of work.
#[derive(Clone, Copy)]
struct Spent {
    wall: Duration,
    cpu: Duration,
}

/// The times of one case, a pair for each round.
pub struct Rounds {
    name: &'static str,
    calls: u32,
    pairs: Vec<(Spent, Spent)>,
}

/// Lets `floor` and `ours` take turns: so many rounds of so many calls each.
pub fn measure(
    runtime: &Runtime,
    (name, rounds, calls): (&'static str, u32, u32),
    floor: impl AsyncFn() -> Result<(), Failure>,
    ours: impl AsyncFn() -> Result<(), Failure>,
) -> Result<Rounds, Failure> {
    runtime.block_on(async {
        // Connections stand and caches are warm.
        spent(calls, &floor).await?;
        spent(calls, &ours).await?;
        let mut pairs = Vec::new();
        for round in 0..rounds {
            // Who comes first changes, so that neither side profits from what the other left behind.
            pairs.push(if round.is_multiple_of(2) {
                let first = spent(calls, &floor).await?;
                (first, spent(calls, &ours).await?)
            } else {
                let first = spent(calls, &ours).await?;
                (spent(calls, &floor).await?, first)
            });
        }
        Ok(Rounds { name, calls, pairs })
    })
}

async fn spent(calls: u32, call: &impl AsyncFn() -> Result<(), Failure>) -> Result<Spent, Failure> {
    let (start, cpu) = (Instant::now(), cpu());
    for _ in 0..calls {
        call().await?;
    }
    Ok(Spent { wall: start.elapsed(), cpu: self::cpu().saturating_sub(cpu) })
}

/// Processor time of this process so far.
fn cpu() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap_or_default()
}

/// Prints one table for each kind of time; whether every case keeps both limits.
pub fn table(cases: &[Rounds]) -> bool {
    let wall = part("wall time", WALL, cases, |spent| spent.wall);
    let cpu = part("processor time of the client", CPU, cases, |spent| spent.cpu);
    wall && cpu
}

fn part(what: &str, limit: f64, cases: &[Rounds], of: fn(&Spent) -> Duration) -> bool {
    println!("\n{what} of one call, one after another; ratio of each round, limit {limit:.2} for the median");
    println!(
        "{:34} {:>10} {:>10} {:>8}   {:>6} {:>6} {:>6} {:>6} {:>6}",
        "", "by hand", "ours", "medians", "min", "25 %", "median", "75 %", "max"
    );
    let missed = cases.iter().filter(|case| !case.row(limit, of)).count();
    missed == 0
}

impl Rounds {
    fn row(&self, limit: f64, of: fn(&Spent) -> Duration) -> bool {
        let per_call = |spent: &Spent| of(spent).as_secs_f64() / f64::from(self.calls) * 1e6;
        let floor = sorted(self.pairs.iter().map(|(floor, _)| per_call(floor)));
        let ours = sorted(self.pairs.iter().map(|(_, ours)| per_call(ours)));
        let ratios = sorted(self.pairs.iter().map(|(floor, ours)| per_call(ours) / per_call(floor)));
        let [min, low, median, high, max] = [0, 25, 50, 75, 100].map(|percent| quantile(&ratios, percent));
        let (floor, ours) = (quantile(&floor, 50), quantile(&ours, 50));
        let kept = median <= limit;
        println!(
            "{:34} {floor:>7.1} µs {ours:>7.1} µs {:>8.3}   {min:>6.3} {low:>6.3} {median:>6.3} {high:>6.3} {max:>6.3}  {}",
            self.name,
            ours / floor,
            if kept { "kept" } else { "NOT KEPT" }
        );
        kept
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

fn quantile(sorted: &[f64], percent: usize) -> f64 {
    sorted.get(sorted.len().saturating_sub(1) * percent / 100).copied().unwrap_or(f64::NAN)
}
