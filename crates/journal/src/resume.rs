//! Reading for somebody who goes on with a run.

use backup_sync_engine::{Address, Baseline, Job, Outcome, Past, Stage, Target, TargetReport};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::error::Error;
use crate::lock::Lock;
use crate::model::TargetState;
use crate::record::RunJournal;
use crate::store::Store;

impl Store {
    /// Takes up a run of an earlier process: from now on it belongs to this one. Also says how far each target came.
    ///
    /// # Errors
    ///
    /// When there is no such run, another process is at work on it, or the file cannot be used.
    pub async fn take_up(&self, id: &str) -> Result<(RunJournal, Vec<Past>), Error> {
        let read = |cause: sqlx::Error| self.wrong("read", &cause);
        let pid = sqlx::query_scalar::<_, i64>("SELECT pid FROM runs WHERE id = $1").bind(id);
        let Some(pid) = pid.fetch_optional(&self.pool).await.map_err(read)? else {
            return Err(Error::NoRun { path: self.path.clone(), id: id.to_owned() });
        };
        let Some(lock) = Lock::take(&self.path, id)? else { return Err(Error::Busy { id: id.to_owned(), pid }) };
        let journal = RunJournal::new(self.clone(), id.to_owned(), lock);
        // Read with the lock held: before it, the other process may have gone on.
        let rows = sqlx::query("SELECT * FROM targets WHERE run_id = $1 ORDER BY position").bind(id);
        let rows = rows.fetch_all(&self.pool).await.map_err(read)?;
        let pasts = rows.iter().map(|row| self.past(row)).collect::<Result<_, _>>()?;
        sqlx::query("UPDATE runs SET pid = $2, resumed = resumed + 1, ended_at = NULL, exit_code = NULL WHERE id = $1")
            .bind(id)
            .bind(i64::from(std::process::id()))
            .execute(&self.pool)
            .await
            .map_err(|cause| self.wrong("written", &cause))?;
        Ok((journal, pasts))
    }

    pub(crate) fn past(&self, row: &SqliteRow) -> Result<Past, Error> {
        let reader = Reader { store: self, row };
        let target = reader.target()?;
        let vendor = reader.get("vendor")?;
        let stage = match reader.state()? {
            TargetState::Planned => Stage::Planned,
            TargetState::Intended => {
                Stage::Intended { baseline: reader.json("baseline")?, at: reader.time("intent_at")? }
            }
            TargetState::Started => reader.started()?,
            // What cannot be told may show later, where there is a job to look at.
            TargetState::Ended if reader.is_unproven()? => reader.started()?,
            TargetState::Ended => Stage::Ended(reader.report(&target)?),
        };
        Ok(Past { target, vendor, stage })
    }
}

/// Reads one row of `targets`.
pub(crate) struct Reader<'a> {
    pub(crate) store: &'a Store,
    pub(crate) row: &'a SqliteRow,
}

impl<'a> Reader<'a> {
    pub(crate) fn get<T>(&self, column: &str) -> Result<T, Error>
    where
        T: sqlx::Decode<'a, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        self.row.try_get(column).map_err(|cause| self.wrong(column, &cause.to_string()))
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, Error> {
        let text: String = self.get(column)?;
        serde_json::from_str(&text).map_err(|cause| self.wrong(column, &cause.to_string()))
    }

    pub(crate) fn json_or_none<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, Error> {
        match self.get::<Option<String>>(column)? {
            Some(_) => self.json(column).map(Some),
            None => Ok(None),
        }
    }

    fn time(&self, column: &str) -> Result<Timestamp, Error> {
        let text: String = self.get(column)?;
        text.parse().map_err(|_| self.wrong(column, "it is no time"))
    }

    pub(crate) fn state(&self) -> Result<TargetState, Error> {
        let word: String = self.get("state")?;
        TargetState::of(&word).ok_or_else(|| self.wrong("state", &format!("{word:?} is not known")))
    }

    pub(crate) fn address(&self) -> Result<Address, Error> {
        Ok(Address { endpoint: self.get("endpoint")?, kind: self.get("kind")?, id: self.get("target_id")? })
    }

    fn target(&self) -> Result<Target, Error> {
        Ok(Target { address: self.address()?, name: self.get("name")?, facts: self.json("facts")? })
    }

    fn started(&self) -> Result<Stage, Error> {
        let (job, baseline): (Job, Baseline) = (self.json("job")?, self.json("baseline")?);
        Ok(Stage::Started { job, baseline, adopted: self.get("adopted")?, at: self.time("started_at")? })
    }

    fn is_unproven(&self) -> Result<bool, Error> {
        let word: Option<String> = self.get("outcome")?;
        let job: Option<String> = self.get("job")?;
        Ok(word.as_deref() == Some("unknown") && job.is_some())
    }

    fn report(&self, target: &Target) -> Result<TargetReport, Error> {
        let outcome: Outcome = self.json("outcome_json")?;
        let job: Option<Job> = self.json_or_none("job")?;
        Ok(TargetReport {
            target: target.address.clone(),
            name: target.name.clone(),
            vendor: self.get("vendor")?,
            job: job.map(|job| job.ids).unwrap_or_default(),
            adopted: self.get("adopted")?,
            outcome,
            error_kind: self.get("error_kind")?,
            transient: self.get("transient")?,
            duration_ms: self.duration()?.unwrap_or_default(),
            stuck: None,
        })
    }

    pub(crate) fn duration(&self) -> Result<Option<u64>, Error> {
        let duration: Option<i64> = self.get("duration_ms")?;
        Ok(duration.and_then(|duration| u64::try_from(duration).ok()))
    }

    fn wrong(&self, column: &str, why: &str) -> Error {
        let place: String = self.row.try_get("run_id").unwrap_or_default();
        let id: String = self.row.try_get("target_id").unwrap_or_default();
        let what = format!("run {place}, target {id}, {column}: {why}");
        Error::Row { path: self.store.path.clone(), what }
    }
}
