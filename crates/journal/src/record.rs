//! Writing: one run's entries.

use std::sync::Arc;

use backup_sync_engine::{Address, Entry, Journal, JournalError, Planned};
use backup_sync_runtime::BoxFuture;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::Connection as _;
use sqlx::sqlite::SqliteQueryResult;

use crate::error::Error;
use crate::lock::Lock;
use crate::store::{Store, apart, text};

/// The journal of one run. While it exists, no other process can work on the run.
#[derive(Clone, Debug)]
pub struct RunJournal {
    store: Store,
    id: String,
    lock: Arc<Lock>,
}

const PLANNED: &str = "INSERT INTO targets (run_id, position, endpoint, kind, target_id, name, vendor, facts, state) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'planned')";
/// What was known of an earlier start is over: the vendor has shown that it never arrived.
const INTENT: &str = "UPDATE targets SET state = 'intended', baseline = $5, intent_at = $6, intents = intents + 1, \
                      job = NULL, adopted = FALSE, started_at = NULL, outcome = NULL, outcome_json = NULL, \
                      error_kind = NULL, transient = FALSE, duration_ms = NULL, ended_at = NULL \
                      WHERE run_id = $1 AND endpoint = $2 AND kind = $3 AND target_id = $4";
/// The intent is as if it had never been.
const WITHDRAWN: &str = "UPDATE targets SET state = 'planned', baseline = NULL, intent_at = NULL, intents = intents - 1 \
                         WHERE run_id = $1 AND endpoint = $2 AND kind = $3 AND target_id = $4";
const JOB: &str = "UPDATE targets SET state = 'started', baseline = $5, started_at = $6, job = $7, adopted = $8, \
                   outcome = NULL, outcome_json = NULL, ended_at = NULL \
                   WHERE run_id = $1 AND endpoint = $2 AND kind = $3 AND target_id = $4";
const ENDED: &str = "UPDATE targets SET state = CASE WHEN $5 THEN state ELSE 'ended' END, outcome = $6, \
                     outcome_json = $7, error_kind = $8, transient = $9, duration_ms = $10, ended_at = $11 \
                     WHERE run_id = $1 AND endpoint = $2 AND kind = $3 AND target_id = $4";

impl RunJournal {
    pub(crate) fn new(store: Store, id: String, lock: Lock) -> Self {
        Self { store, id, lock: Arc::new(lock) }
    }

    /// The id of the run.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The file.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The process is done with the run. `true`: there is something to resume.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub async fn end(&self, exit_code: u8) -> Result<bool, Error> {
        apart(self.close(exit_code)).await
    }

    async fn close(&self, exit_code: u8) -> Result<bool, Error> {
        let wrong = |cause: sqlx::Error| self.store.wrong("written", &cause);
        sqlx::query("UPDATE runs SET ended_at = $2, exit_code = $3 WHERE id = $1")
            .bind(&self.id)
            .bind(text(Timestamp::now()))
            .bind(i64::from(exit_code))
            .execute(&self.store.pool)
            .await
            .map_err(wrong)?;
        let open = "SELECT COUNT(*) FROM targets WHERE run_id = $1 AND state <> 'ended'";
        let open: i64 = sqlx::query_scalar(open).bind(&self.id).fetch_one(&self.store.pool).await.map_err(wrong)?;
        if open == 0 {
            self.lock.remove();
        }
        Ok(open > 0)
    }

    async fn write(&self, at: Timestamp, entry: &Entry) -> Result<(), JournalError> {
        match entry {
            Entry::Planned { targets } => self.plan(targets).await,
            Entry::Intent { target, baseline } => {
                let query = self.of(INTENT, &target.address).bind(json(baseline)?).bind(text(at));
                one(query.execute(&self.store.pool).await)
            }
            Entry::Withdrawn { target } => one(self.of(WITHDRAWN, target).execute(&self.store.pool).await),
            Entry::Job { job, baseline, adopted } => {
                let query = self.of(JOB, &job.target.address).bind(json(baseline)?).bind(text(at));
                one(query.bind(json(job)?).bind(adopted).execute(&self.store.pool).await)
            }
            Entry::Ended { report, open } => {
                let query = self.of(ENDED, &report.target).bind(open).bind(report.outcome.word());
                let query = query.bind(json(&report.outcome)?).bind(&report.error_kind).bind(report.transient);
                let duration = i64::try_from(report.duration_ms).unwrap_or(i64::MAX);
                one(query.bind(duration).bind(text(at)).execute(&self.store.pool).await)
            }
            _ => Err(JournalError("this kind of entry is not known".to_owned())),
        }
    }

    /// All targets in one transaction: a run knows them all or none.
    ///
    /// The connection is closed afterwards. After a commit that has failed, for example on a full disk, the library takes it
    /// for being within a transaction still, and whatever it wrote from then on would never be committed. Every other
    /// entry is a single statement, which commits by itself.
    async fn plan(&self, targets: &[Planned]) -> Result<(), JournalError> {
        let mut connection = self.store.pool.acquire().await.map_err(refused)?;
        connection.close_on_drop();
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(refused)?;
        for (position, Planned { vendor, target }) in (0_i64..).zip(targets) {
            let query = sqlx::query(PLANNED).bind(&self.id).bind(position);
            let Address { endpoint, kind, id } = &target.address;
            let query = query.bind(endpoint).bind(kind).bind(id).bind(&target.name).bind(vendor);
            query.bind(json(&target.facts)?).execute(&mut *transaction).await.map_err(refused)?;
        }
        transaction.commit().await.map_err(refused)
    }

    /// A statement about one target, with its first four values.
    fn of<'q>(
        &'q self,
        sql: &'static str,
        address: &'q Address,
    ) -> sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments> {
        sqlx::query(sql).bind(&self.id).bind(&address.endpoint).bind(&address.kind).bind(&address.id)
    }
}

impl Journal for RunJournal {
    fn record<'a>(&'a self, at: Timestamp, entry: &'a Entry) -> BoxFuture<'a, Result<(), JournalError>> {
        // A task of its own: there is one connection, and a write that holds it has to come to its end also while whoever
        // asked for it is busy with something else, perhaps with the next write.
        let (journal, entry) = (self.clone(), entry.clone());
        let written = tokio::spawn(apart(async move { journal.write(at, &entry).await }));
        Box::pin(async move { written.await.unwrap_or_else(|cause| Err(JournalError(cause.to_string()))) })
    }
}

fn json(value: &impl Serialize) -> Result<String, JournalError> {
    serde_json::to_string(value).map_err(|cause| JournalError(cause.to_string()))
}

fn refused(cause: sqlx::Error) -> JournalError {
    JournalError(crate::file::told(&cause))
}

/// An entry about a target changes exactly one row.
fn one(written: Result<SqliteQueryResult, sqlx::Error>) -> Result<(), JournalError> {
    match written.map_err(refused)?.rows_affected() {
        1 => Ok(()),
        _ => Err(JournalError("the target is not part of the run".to_owned())),
    }
}
