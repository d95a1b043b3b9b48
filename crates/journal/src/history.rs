//! Reading for people: which runs there were and how they ended.

use backup_sync_engine::{Job, Summary};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::error::Error;
use crate::lock::Lock;
use crate::model::{RunRecord, RunState, TargetRecord};
use crate::resume::Reader;
use crate::store::{Store, apart};

impl Store {
    /// The newest runs, newest first, without their targets.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn runs(&self, limit: u32) -> Result<Vec<RunRecord>, Error> {
        let rows = sqlx::query("SELECT * FROM runs ORDER BY started_at DESC, id DESC LIMIT $1").bind(i64::from(limit));
        self.records(rows.fetch_all(&self.pool).await).await
    }

    /// The runs that can be resumed, newest first, without their targets. One that a process is at work on is not among
    /// them.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn unfinished(&self) -> Result<Vec<RunRecord>, Error> {
        let open = "SELECT * FROM runs WHERE EXISTS (SELECT 1 FROM targets WHERE run_id = runs.id AND state <> 'ended') \
                    ORDER BY started_at DESC, id DESC";
        let mut runs = apart(async { self.records(sqlx::query(open).fetch_all(&self.pool).await).await }).await?;
        runs.retain(|run| run.state == RunState::Unfinished);
        Ok(runs)
    }

    /// One run with its targets.
    ///
    /// # Errors
    ///
    /// When there is no such run, or the file cannot be read.
    pub async fn run(&self, id: &str) -> Result<RunRecord, Error> {
        let rows = sqlx::query("SELECT * FROM runs WHERE id = $1").bind(id).fetch_all(&self.pool).await;
        let Some(mut run) = self.records(rows).await?.pop() else {
            return Err(Error::NoRun { path: self.path.clone(), id: id.to_owned() });
        };
        let rows = sqlx::query("SELECT * FROM targets WHERE run_id = $1 ORDER BY position").bind(id);
        let rows = rows.fetch_all(&self.pool).await.map_err(|cause| self.wrong("read", &cause))?;
        run.targets = Some(rows.iter().map(|row| self.target(row)).collect::<Result<_, _>>()?);
        Ok(run)
    }

    pub(crate) async fn records(&self, rows: Result<Vec<SqliteRow>, sqlx::Error>) -> Result<Vec<RunRecord>, Error> {
        let rows = rows.map_err(|cause| self.wrong("read", &cause))?;
        let mut runs = Vec::with_capacity(rows.len());
        for row in &rows {
            runs.push(self.record(row).await?);
        }
        Ok(runs)
    }

    async fn record(&self, row: &SqliteRow) -> Result<RunRecord, Error> {
        let read = |cause: sqlx::Error| self.wrong("read", &cause);
        let id: String = row.try_get("id").map_err(read)?;
        let json = |column: &str| -> Result<serde_json::Value, Error> {
            let text: String = row.try_get(column).map_err(read)?;
            let what = |cause: serde_json::Error| format!("run {id}, {column}: {cause}");
            serde_json::from_str(&text).map_err(|cause| Error::Row { path: self.path.clone(), what: what(cause) })
        };
        let counted = "SELECT state, outcome, COUNT(*) AS count FROM targets WHERE run_id = $1 GROUP BY state, outcome";
        let groups = sqlx::query(counted).bind(&id).fetch_all(&self.pool).await.map_err(read)?;
        let (mut target_count, mut open_count, mut summary) = (0, 0, Summary::default());
        for group in &groups {
            let count: i64 = group.try_get("count").map_err(read)?;
            let state: String = group.try_get("state").map_err(read)?;
            let outcome: Option<String> = group.try_get("outcome").map_err(read)?;
            target_count += count;
            open_count += if state == "ended" { 0 } else { count };
            add(&mut summary, outcome.as_deref().unwrap_or_default(), usize::try_from(count).unwrap_or_default());
        }
        let state = match open_count {
            _ if Lock::is_taken(&self.path, &id) => RunState::Running,
            0 => RunState::Ended,
            _ => RunState::Unfinished,
        };
        Ok(RunRecord {
            state,
            version: row.try_get("version").map_err(read)?,
            command: row.try_get("command").map_err(read)?,
            arguments: serde_json::from_value(json("arguments")?).unwrap_or_default(),
            config: row.try_get("config").map_err(read)?,
            options: json("options")?,
            pid: row.try_get("pid").map_err(read)?,
            resumed: row.try_get("resumed").map_err(read)?,
            started_at: row.try_get("started_at").map_err(read)?,
            ended_at: row.try_get("ended_at").map_err(read)?,
            exit_code: row.try_get("exit_code").map_err(read)?,
            target_count,
            open_count,
            summary,
            targets: None,
            run: id,
        })
    }

    pub(crate) fn target(&self, row: &SqliteRow) -> Result<TargetRecord, Error> {
        let reader = Reader { store: self, row };
        let job: Option<Job> = reader.json_or_none("job")?;
        Ok(TargetRecord {
            target: reader.address()?,
            name: reader.get("name")?,
            vendor: reader.get("vendor")?,
            state: reader.state()?,
            intents: reader.get("intents")?,
            intent_at: reader.get("intent_at")?,
            job: job.map(|job| job.ids).unwrap_or_default(),
            adopted: reader.get("adopted")?,
            started_at: reader.get("started_at")?,
            outcome: reader.json_or_none("outcome_json")?,
            error_kind: reader.get("error_kind")?,
            ended_at: reader.get("ended_at")?,
            duration_ms: reader.duration()?,
        })
    }
}

fn add(summary: &mut Summary, outcome: &str, count: usize) {
    let counter = match outcome {
        "succeeded" => &mut summary.succeeded,
        "failed" => &mut summary.failed,
        "stopped" => &mut summary.stopped,
        "skipped" => &mut summary.skipped,
        "unknown" => &mut summary.unknown,
        "still-running" => &mut summary.still_running,
        _ => return,
    };
    *counter += count;
}
