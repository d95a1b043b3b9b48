//! Where every target stands that any run has dealt with.

use std::collections::HashMap;

use backup_sync_engine::{Address, Past};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::Row as _;

use crate::error::Error;
use crate::model::{RunRecord, RunState, TargetRecord};
use crate::store::{Store, apart};

/// A target as its newest run left it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TargetStatus {
    /// The newest run that had it.
    pub run: String,
    /// When it was proven to be synchronized the last time, in whatever run; RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success: Option<String>,
    /// How far it came in that run.
    #[serde(flatten)]
    pub last: TargetRecord,
}

/// Run ids begin with the time, so the newest run of a target has the greatest.
const NEWEST: &str = "SELECT t.* FROM targets t JOIN (SELECT endpoint, kind, target_id, MAX(run_id) AS run_id FROM targets \
                      GROUP BY endpoint, kind, target_id) newest USING (endpoint, kind, target_id, run_id) \
                      ORDER BY t.endpoint, t.kind, t.name, t.target_id";
const SUCCESSES: &str = "SELECT endpoint, kind, target_id, MAX(ended_at) AS at FROM targets \
                         WHERE outcome = 'succeeded' GROUP BY endpoint, kind, target_id";
/// A run without targets has not been planned yet, and is over when its process is.
const OPEN: &str = "SELECT * FROM runs WHERE EXISTS (SELECT 1 FROM targets WHERE run_id = runs.id AND state <> 'ended') \
                    ORDER BY started_at DESC, id DESC";

impl Store {
    /// The runs that are not over, newest first, and every target as its newest run left it, by address.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn status(&self) -> Result<(Vec<RunRecord>, Vec<TargetStatus>), Error> {
        apart(self.read_status()).await
    }

    async fn read_status(&self) -> Result<(Vec<RunRecord>, Vec<TargetStatus>), Error> {
        let read = |cause: sqlx::Error| self.wrong("read", &cause);
        let mut successes = HashMap::new();
        for row in sqlx::query(SUCCESSES).fetch_all(&self.pool).await.map_err(read)? {
            let address = Address {
                endpoint: row.try_get("endpoint").map_err(read)?,
                kind: row.try_get("kind").map_err(read)?,
                id: row.try_get("target_id").map_err(read)?,
            };
            successes.insert(address, row.try_get::<Option<String>, _>("at").map_err(read)?);
        }
        let mut targets = Vec::new();
        for row in sqlx::query(NEWEST).fetch_all(&self.pool).await.map_err(read)? {
            let last = self.target(&row)?;
            let last_success = successes.remove(&last.target).flatten();
            targets.push(TargetStatus { run: row.try_get("run_id").map_err(read)?, last_success, last });
        }
        let mut runs = self.records(sqlx::query(OPEN).fetch_all(&self.pool).await).await?;
        runs.retain(|run| run.state != RunState::Ended);
        Ok((runs, targets))
    }

    /// How far each target of a run came. Nobody takes the run up; a process may be at work on it.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn pasts(&self, id: &str) -> Result<Vec<Past>, Error> {
        let rows = sqlx::query("SELECT * FROM targets WHERE run_id = $1 ORDER BY position").bind(id);
        let rows = apart(rows.fetch_all(&self.pool)).await.map_err(|cause| self.wrong("read", &cause))?;
        rows.iter().map(|row| self.past(row)).collect()
    }
}
