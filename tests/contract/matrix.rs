//! The fault matrix: every fault, on an operation that reads and on one that starts work, at every vendor.
//!
//! The expectations are the contract: what may be sent again, how often, and what the caller is told. All vendors are
//! connected to as programs do it, with a real session and the vendor's own limits; the clock is moved by hand.

mod play;

use std::collections::BTreeSet;

use backup_sync_runtime::Delivery::{self, Accepted, MaybeApplied, NeverSent, Rejected};
use backup_sync_runtime::Kind::{self, Auth, Conflict, Decode, Denied, NotFound, Throttled, Unreachable, Vendor};
use backup_sync_runtime::Operation;
use backup_sync_tests::faults::{Fault, RETRY_AFTER};

use play::{Door, Play};

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// With an answer.
    Ok,
    /// With an error, and without another attempt.
    Permanent,
    /// With an error, after as many attempts as there may be.
    Exhausted,
}

/// What has to come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    verdict: Verdict,
    /// How many requests of the operation arrive at the vendor.
    wire: usize,
    /// What the error says.
    error: Option<(Kind, Delivery)>,
    /// How many pauses are made between attempts.
    pauses: usize,
    /// How many attempts are made to log in again.
    logins: usize,
}

const fn ok(wire: usize) -> Cell {
    Cell { verdict: Verdict::Ok, wire, error: None, pauses: 0, logins: 0 }
}

const fn permanent(wire: usize, kind: Kind, delivery: Delivery) -> Cell {
    Cell { verdict: Verdict::Permanent, wire, error: Some((kind, delivery)), pauses: 0, logins: 0 }
}

/// Five attempts, so four pauses.
const fn exhausted(wire: usize, kind: Kind, delivery: Delivery) -> Cell {
    Cell { verdict: Verdict::Exhausted, wire, error: Some((kind, delivery)), pauses: 4, logins: 0 }
}

impl Cell {
    const fn paused(self, pauses: usize) -> Self {
        Self { pauses, ..self }
    }

    const fn logins(self, logins: usize) -> Self {
        Self { logins, ..self }
    }
}

/// The two kinds of operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Read,
    Start,
}

impl Column {
    const ALL: [Self; 2] = [Self::Read, Self::Start];
}

/// One fault: what has to come out for both kinds of operation, and where a vendor differs.
#[derive(Debug)]
struct Row {
    fault: Fault,
    read: Cell,
    start: Cell,
    but: &'static [(Door, Cell)],
}

const fn row(fault: Fault, read: Cell, start: Cell) -> Row {
    Row { fault, read, start, but: &[] }
}

/// The same for both kinds of operation.
const fn both(fault: Fault, cell: Cell) -> Row {
    row(fault, cell, cell)
}

impl Row {
    /// Where a vendor differs, for both kinds of operation.
    const fn but(self, but: &'static [(Door, Cell)]) -> Self {
        Self { but, ..self }
    }

    fn usual(&self, column: Column) -> Cell {
        match column {
            Column::Read => self.read,
            Column::Start => self.start,
        }
    }

    fn cell(&self, door: Door, column: Column) -> Cell {
        let other = self.but.iter().find(|(at, _)| *at == door);
        other.map_or_else(|| self.usual(column), |(_, cell)| *cell)
    }
}

/// The matrix. Reads are sent again after 429, 502, 503, 504, after an answer that broke off, and when no answer came;
/// starts only when they provably never left, after 429, and once with a renewed session after 401.
#[rustfmt::skip]
const MATRIX: &[Row] = &[
    //  fault                        read                                       start
    row(Fault::Refused,              exhausted(0, Unreachable, NeverSent),      exhausted(0, Unreachable, NeverSent)),
    row(Fault::ResetBeforeHeaders,   exhausted(5, Unreachable, MaybeApplied),   permanent(1, Unreachable, MaybeApplied)),
    row(Fault::ResetMidBody,         exhausted(5, Decode, Accepted),            permanent(1, Decode, Accepted)),
    row(Fault::Hang,                 exhausted(5, Kind::Deadline, MaybeApplied), permanent(1, Kind::Deadline, MaybeApplied)),
    row(Fault::SlowBody,             exhausted(5, Decode, Accepted),            permanent(1, Decode, Accepted)),
    both(Fault::BadRequest,          permanent(1, Vendor, Rejected)),
    // A signature has no session behind it that could be renewed.
    both(Fault::UnauthorizedOnce,    ok(2).logins(1))
        .but(&[(Door::CbrSigned,     permanent(1, Auth, Rejected))]),
    both(Fault::Unauthorized,        permanent(2, Auth, Rejected).logins(1))
        .but(&[(Door::CbrSigned,     permanent(1, Auth, Rejected))]),
    // VB365 renews by its refresh token first, and by the password when that is not taken.
    both(Fault::UnauthorizedLockedOut, permanent(1, Auth, Rejected).logins(1))
        .but(&[(Door::Vb365,         permanent(1, Auth, Rejected).logins(2)),
               (Door::CbrSigned,     permanent(1, Auth, Rejected))]),
    both(Fault::Forbidden,           permanent(1, Denied, Rejected)),
    both(Fault::NotFound,            permanent(1, NotFound, Rejected)),
    both(Fault::Conflict,            permanent(1, Conflict, Rejected)),
    both(Fault::ThrottledRetryAfter, exhausted(5, Throttled, Rejected)),
    both(Fault::Throttled,           exhausted(5, Throttled, Rejected)),
    both(Fault::ServerError,         permanent(1, Vendor, MaybeApplied)),
    row(Fault::BadGatewayPage,       exhausted(5, Vendor, MaybeApplied),        permanent(1, Vendor, MaybeApplied)),
    row(Fault::UnavailableOnce,      ok(2).paused(1),                           permanent(1, Vendor, MaybeApplied)),
    row(Fault::GatewayTimeout,       exhausted(5, Vendor, MaybeApplied),        permanent(1, Vendor, MaybeApplied)),
    both(Fault::Redirect,            permanent(1, Vendor, Rejected)),
    both(Fault::EmptyBody,           permanent(1, Decode, Accepted)),
    both(Fault::TruncatedJson,       permanent(1, Decode, Accepted)),
    both(Fault::WrongTypes,          permanent(1, Decode, Accepted)),
    both(Fault::UnknownWords,        ok(1)),
    both(Fault::UnknownFields,       ok(1)),
    both(Fault::Nulls,               ok(1)),
    both(Fault::BigBody,             ok(1)),
    both(Fault::BigRefusal,          permanent(1, Denied, Rejected)),
    both(Fault::JsonAsPage,          ok(1)),
    both(Fault::PageAsJson,          permanent(1, Decode, Accepted)),
    both(Fault::Gzip,                ok(1)),
];

/// The faults after which a start arrives another number of times than once, and how often it does.
const NOT_ONCE: &[(Fault, usize)] = &[
    // Nobody was there.
    (Fault::Refused, 0),
    // The vendor did not know the caller, so it did nothing; the session is renewed, once.
    (Fault::UnauthorizedOnce, 2),
    (Fault::Unauthorized, 2),
    // The vendor counted the request and refused it.
    (Fault::ThrottledRetryAfter, 5),
    (Fault::Throttled, 5),
];

/// The shortest and the longest that each pause may be, in milliseconds.
type Pauses = [(u64, u64); 4];

/// Twice as long each time, spread over the whole range.
const BACK_OFF: Pauses = [(0, 500), (0, 1_000), (0, 2_000), (0, 4_000)];

/// After 429 half of the pause is fixed.
#[rustfmt::skip]
const fn throttled(door: Door) -> Pauses {
    match door {
        // No limit is documented.
        Door::Vb365 => [(1_000, 2_000), (2_000, 4_000), (4_000, 8_000), (8_000, 16_000)],
        // Limits are counted by minutes ("limit:200,time:5 minute").
        Door::Cbr | Door::CbrSigned => [(30_000, 60_000), (60_000, 120_000), (120_000, 240_000), (240_000, 480_000)],
        // Limits are counted by the minute.
        Door::Vr => [(30_000, 60_000), (60_000, 120_000), (60_000, 120_000), (60_000, 120_000)],
    }
}

/// What each pause has to be; what the vendor asks for is waited in full.
fn pauses(fault: Fault, door: Door) -> Pauses {
    let asked = RETRY_AFTER * 1_000;
    match fault {
        Fault::Throttled => throttled(door),
        Fault::ThrottledRetryAfter => throttled(door).map(|(least, most)| (least.max(asked), most.max(asked))),
        _ => BACK_OFF,
    }
}

fn of(fault: Fault) -> &'static Row {
    MATRIX.iter().find(|row| row.fault == fault).unwrap_or_else(|| panic!("{fault:?} is not in the matrix"))
}

/// Plays all faults at one door and tells every cell that comes out otherwise.
async fn holds(door: Door) {
    let mut wrong = Vec::new();
    // What takes real time runs side by side, after the rest, so that nothing keeps the machine from it.
    let (slow, quick): (Vec<Play>, Vec<Play>) = Play::all(door).partition(|play| play::takes_time(play.fault));
    for play in quick {
        wrong.extend(play.start().await.unwrap());
    }
    for played in slow.into_iter().map(Play::start).collect::<Vec<_>>() {
        wrong.extend(played.await.unwrap());
    }
    assert!(wrong.is_empty(), "{} cells differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn vb365_holds() {
    holds(Door::Vb365).await;
}

#[tokio::test]
async fn cbr_holds() {
    holds(Door::Cbr).await;
}

#[tokio::test]
async fn cbr_signed_holds() {
    holds(Door::CbrSigned).await;
}

#[tokio::test]
async fn vsphere_replication_holds() {
    holds(Door::Vr).await;
}

#[test]
fn no_fault_is_left_out() {
    let rows: Vec<Fault> = MATRIX.iter().map(|row| row.fault).collect();
    assert_eq!(rows, Fault::ALL, "every fault has one row, in the order of the list");
    for row in MATRIX {
        for (door, cell) in row.but {
            let same = Column::ALL.iter().any(|column| row.usual(*column) == *cell);
            assert!(!same, "{:?} at {door:?} is said to differ, but does not", row.fault);
        }
    }
    let apis: BTreeSet<&str> = Door::ALL.iter().map(|door| door.api().spec()).collect();
    assert_eq!(apis.into_iter().collect::<Vec<_>>(), ["huawei-cbr-v3", "veeam-vb365-v8", "vsphere-replication-v2"]);
    for door in Door::ALL {
        for column in Column::ALL {
            let subjects = door.subjects(column);
            assert!(!subjects.is_empty(), "{door:?} has nothing to {column:?}");
            for id in subjects {
                let operation = Operation::of_id(door.api().operations(), id).unwrap();
                assert_eq!(operation.starts_job, column == Column::Start, "{id}");
                assert!(operation.starts_job || operation.idempotent, "{id}");
            }
        }
    }
}

#[test]
fn no_start_is_expected_twice() {
    for row in MATRIX {
        let exception = NOT_ONCE.iter().find(|(fault, _)| *fault == row.fault);
        let most = exception.map_or(1, |(_, wire)| *wire);
        assert_eq!(row.start.wire, most, "{:?}", row.fault);
        for door in Door::ALL {
            let wire = row.cell(door, Column::Start).wire;
            assert!(wire <= most, "{:?} at {door:?}: {wire} starts", row.fault);
        }
    }
}
