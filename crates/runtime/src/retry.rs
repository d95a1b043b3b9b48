//! Whether and when to send again.

use std::time::Duration;

use crate::error::{Delivery, Error, Kind};
use crate::operation::Operation;

/// What to do after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Sending again cannot help, or must not be done.
    Permanent,
    /// It might have helped, but attempts or time are used up.
    Exhausted,
    /// Send again after this pause.
    Continue(Duration),
}

/// Limits of retrying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How often a request is sent at most, the first time included.
    pub attempts: u32,
    /// First pause; it doubles with each attempt.
    pub base: Duration,
    /// Longest pause of our own choosing.
    pub cap: Duration,
    /// First pause after the vendor said that there are too many requests.
    pub throttled_base: Duration,
    /// Longest pause in that case.
    pub throttled_cap: Duration,
    /// Time for all attempts and pauses of one call.
    pub overall: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            attempts: 5,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            throttled_base: Duration::from_secs(2),
            throttled_cap: Duration::from_secs(120),
            overall: Duration::from_secs(600),
        }
    }
}

impl Policy {
    /// One attempt, no retries.
    pub fn never() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// At most two attempts within a minute.
    #[must_use]
    pub fn brief(self) -> Self {
        Self { attempts: self.attempts.min(2), overall: self.overall.min(Duration::from_secs(60)), ..self }
    }

    /// One attempt, for those who want to see every failure.
    #[must_use]
    pub fn once(self) -> Self {
        Self { attempts: 1, ..self }
    }

    /// Judges a failed attempt. `jitter` is a number from 0 to 1 that spreads the pause over its whole range.
    pub fn judge(&self, operation: &Operation, error: &Error, attempt: u32, elapsed: Duration, jitter: f64) -> Verdict {
        if !may_help(error) || !may_be_sent_again(operation, error) {
            return Verdict::Permanent;
        }
        let throttled = error.kind() == Kind::Throttled;
        let (base, cap) = if throttled { (self.throttled_base, self.throttled_cap) } else { (self.base, self.cap) };
        let ceiling = base.saturating_mul(1 << (attempt - 1).min(16)).min(cap);
        // A window of so many requests has to pass, so half of that pause is fixed.
        let share = jitter.clamp(0.0, 1.0);
        let share = if throttled { 0.5 + share / 2.0 } else { share };
        // What the vendor asks for is waited in full.
        let pause = ceiling.mul_f64(share).max(error.retry_after().unwrap_or_default());
        if attempt >= self.attempts || elapsed + pause > self.overall {
            return Verdict::Exhausted;
        }
        Verdict::Continue(pause)
    }
}

/// Whether the same request can have another fate later.
fn may_help(error: &Error) -> bool {
    match error.kind() {
        Kind::Unreachable | Kind::Throttled | Kind::Deadline => true,
        Kind::Tls => false,
        _ => matches!(error.status(), Some(502..=504)) || error.is_passing_trouble(),
    }
}

/// Whether sending again cannot start the same work twice.
fn may_be_sent_again(operation: &Operation, error: &Error) -> bool {
    match error.delivery() {
        Delivery::NeverSent => true,
        // The vendor counted the request and refused it before doing anything.
        Delivery::Rejected if error.kind() == Kind::Throttled => true,
        Delivery::Rejected | Delivery::MaybeApplied | Delivery::Accepted => {
            operation.idempotent && !operation.starts_job
        }
    }
}

/// A number from 0 to 1 for [`Policy::judge`].
pub fn jitter() -> f64 {
    let mut bytes = [0_u8; 4];
    // Without randomness the full pause is the careful choice.
    if getrandom::fill(&mut bytes).is_err() {
        return 1.0;
    }
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}
