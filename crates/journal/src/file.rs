//! The file: made with narrow permissions, told from foreign files, brought to the newest schema.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, SqlSafeStr as _, SqliteConnection};

use crate::error::Error;

/// Marks the file as ours: the letters `BkSy`.
const APPLICATION_ID: i64 = 0x426B_5379;
/// So long is waited for another process that writes.
const BUSY: Duration = Duration::from_secs(10);
/// What does not wait by itself while another process makes the same new file is tried so many times.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// All migrations, oldest first. A published one is never changed.
fn migrations() -> Migrator {
    let one = |version, description: &'static str, sql: &'static str| {
        Migration::new(version, description.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(vec![one(1, "runs and targets", include_str!("../migrations/0001_runs_and_targets.sql"))])
}

/// Makes the folder and the file, for their owner only. What is there already is not touched.
pub(crate) fn create(path: &Path) -> Result<(), Error> {
    let made = make_folder(path).and_then(|()| make_file(path));
    made.map_err(|cause| Error::Create { path: path.to_owned(), cause })
}

fn make_folder(path: &Path) -> io::Result<()> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn make_file(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        // An existing file is not even opened: closing it would drop the locks of this process's other connections.
        Err(cause) if cause.kind() == ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

/// Opens an existing file and brings it to the newest schema.
pub(crate) async fn open(path: &Path) -> Result<SqlitePool, Error> {
    let pool = connect(path).await?;
    let mut connection = pool.acquire().await.map_err(|cause| unusable(path, cause))?;
    let new = recognize(path, &mut connection).await?;
    write_ahead(&mut connection).await.map_err(|cause| unusable(path, cause))?;
    drop(connection);
    if new {
        let mark = sqlx::AssertSqlSafe(format!("PRAGMA application_id = {APPLICATION_ID}"));
        sqlx::query(mark).execute(&pool).await.map_err(|cause| unusable(path, cause))?;
    }
    migrate(path, pool).await
}

async fn connect(path: &Path) -> Result<SqlitePool, Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        // An intent has to be on the disk before the start is sent.
        .synchronous(SqliteSynchronous::Full);
    let connected = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
    connected.map_err(|cause| unusable(path, cause))
}

/// Refuses files of something else, before anything is written. `true`: nothing is in it yet.
async fn recognize(path: &Path, connection: &mut SqliteConnection) -> Result<bool, Error> {
    let wrong = |cause: sqlx::Error| unusable(path, cause);
    // Both in one state of the file: another process may be creating the journal just now.
    let mut state = connection.begin().await.map_err(wrong)?;
    let id: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *state).await.map_err(wrong)?;
    let tables: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_schema").fetch_one(&mut *state).await.map_err(wrong)?;
    state.rollback().await.map_err(wrong)?;
    match (id, tables) {
        (APPLICATION_ID, _) => Ok(false),
        (0, 0) => Ok(true),
        _ => Err(Error::Foreign { path: path.to_owned(), what: "a database of another program".to_owned() }),
    }
}

fn unusable(path: &Path, cause: sqlx::Error) -> Error {
    let code = cause.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
    match code.as_deref() {
        Some("26") => Error::Foreign { path: path.to_owned(), what: "no SQLite database".to_owned() },
        _ => Error::Database { path: path.to_owned(), doing: "opened", cause: told(&cause) },
    }
}

/// Switches to the write-ahead log, which keeps readers and the writer out of each other's way.
async fn write_ahead(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    for _ in 0..TRIES {
        let mode = sqlx::query_scalar::<_, String>("PRAGMA journal_mode = WAL").fetch_one(&mut *connection).await;
        match mode {
            Err(cause) if is_busy(&cause) => tokio::time::sleep(PAUSE).await,
            other => return other.map(drop),
        }
    }
    sqlx::query("PRAGMA journal_mode = WAL").execute(connection).await.map(drop)
}

fn is_busy(cause: &sqlx::Error) -> bool {
    let code = cause.as_database_error().and_then(|error| error.code().and_then(|code| code.parse::<u32>().ok()));
    // The low byte is the kind: SQLITE_BUSY.
    code.is_some_and(|code| code & 0xff == 5)
}

/// Applies what is missing, each migration in a transaction of its own.
async fn migrate(path: &Path, mut pool: SqlitePool) -> Result<SqlitePool, Error> {
    let migrator = migrations();
    let known = migrator.iter().map(|migration| migration.version).max().unwrap_or_default();
    let mut tries = 0;
    let applied = loop {
        tries += 1;
        match migrator.run(&pool).await {
            // Another process applies the same ones at the same time; it will be done soon. A connection whose commit has
            // failed is not used again: see `plan`.
            Err(MigrateError::Execute(_) | MigrateError::ExecuteMigration(..)) if tries < TRIES => {
                pool.close().await;
                tokio::time::sleep(PAUSE).await;
                pool = connect(path).await?;
            }
            other => break other,
        }
    };
    applied.map(|()| pool).map_err(|cause| match cause {
        MigrateError::VersionMissing(found) => Error::Newer { path: path.to_owned(), found, known },
        MigrateError::VersionMismatch(version) => Error::Foreign {
            path: path.to_owned(),
            what: format!("its schema {version} is not the one that was published under this number"),
        },
        MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) => unusable(path, cause),
        other => Error::Database { path: path.to_owned(), doing: "opened", cause: other.to_string() },
    })
}

/// The cause in the database's words, without the library's.
pub(crate) fn told(cause: &sqlx::Error) -> String {
    match cause.as_database_error() {
        Some(error) => error.message().to_owned(),
        None => cause.to_string(),
    }
}
