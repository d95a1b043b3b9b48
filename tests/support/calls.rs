//! One way to call any operation of any document by its id, with arguments that nobody looks at.
//!
//! The calls are made from the documents by the build script; what they have to look like on the wire is [`crate::expected`].

use std::fmt::Debug;
use std::future::Future;

use backup_sync_runtime::auth::Fixed;
use backup_sync_runtime::{Connection, Error, Operation};
use progenitor_client::ResponseValue;
use reqwest::header::HeaderMap;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{TOKEN, given, header, once};

/// An answer, whatever its type was.
#[derive(Clone, Debug)]
pub struct Read {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body as the typed client read it, written out again.
    pub body: Value,
    /// Its body as `Debug` shows it.
    pub shown: String,
}

type Answered<T> = Result<ResponseValue<T>, progenitor_client::Error<()>>;

/// Sends a typed call and reads its answer.
async fn read<T: Serialize + Debug>(id: &'static str, call: impl Future<Output = Answered<T>>) -> Result<Read, Error> {
    let answer = backup_sync_runtime::call(id, call).await?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let shown = format!("{answer:?}");
    Ok(Read { status, headers, body: serde_json::to_value(answer.into_inner()).unwrap(), shown })
}

/// Reads a request body as the typed client would build it, and writes it out again.
fn again<T: Serialize + DeserializeOwned>(body: &Value) -> Result<Value, serde_json::Error> {
    serde_json::from_value::<T>(body.clone()).and_then(serde_json::to_value)
}

tokio::task_local! {
    /// The body that [`Api::call_with`] wants to be sent.
    static GIVEN: Value;
}

/// A request body: the one that is given, or the usual one, an example of the document.
fn body<T: DeserializeOwned>(usual: &str) -> T {
    let given = GIVEN.try_with(Value::clone);
    let body = given.or_else(|_| serde_json::from_str(usual)).expect("an example of the document");
    serde_json::from_value(body).expect("a body of its type")
}

/// Includes the calls that the build script has made of a document.
macro_rules! made {
    ($($module:ident of $spec:literal,)*) => {
        $(mod $module {
            include!(concat!(env!("OUT_DIR"), "/", $spec, ".rs"));
        })*
    };
}
made! {
    v5 of "veeam-vb365-v5",
    v7 of "veeam-vb365-v7",
    v8 of "veeam-vb365-v8",
    cbr of "huawei-cbr-v3",
    iam of "huawei-iam-v3",
    vr of "vsphere-replication-v2",
}

/// Gives each document, as the name of a module and its [`Api`], to a macro; with it tests of all documents are declared.
#[macro_export]
macro_rules! every_document {
    ($of:ident) => {
        $of!(v5, $crate::calls::Api::V5);
        $of!(v7, $crate::calls::Api::V7);
        $of!(v8, $crate::calls::Api::V8);
        $of!(cbr, $crate::calls::Api::Cbr);
        $of!(iam, $crate::calls::Api::Iam);
        $of!(vr, $crate::calls::Api::Vr);
    };
}

/// The documents and their clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// Veeam v5.
    V5,
    /// Veeam v7.
    V7,
    /// Veeam v8.
    V8,
    /// Huawei CBR v3.
    Cbr,
    /// Huawei IAM v3.
    Iam,
    /// vSphere Replication v2.
    Vr,
}

impl Api {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::V5, Self::V7, Self::V8, Self::Cbr, Self::Iam, Self::Vr];

    /// The name of the document.
    pub fn spec(self) -> &'static str {
        match self {
            Self::V5 => "veeam-vb365-v5",
            Self::V7 => "veeam-vb365-v7",
            Self::V8 => "veeam-vb365-v8",
            Self::Cbr => "huawei-cbr-v3",
            Self::Iam => "huawei-iam-v3",
            Self::Vr => "vsphere-replication-v2",
        }
    }

    /// What stands before the paths of the document.
    pub fn base(self) -> &'static str {
        match self {
            Self::V5 => "/v5",
            Self::V7 => "/v7",
            Self::V8 => "/v8",
            Self::Cbr | Self::Iam => "",
            Self::Vr => "/api/rest/vr/v2",
        }
    }

    /// The operation table.
    pub fn operations(self) -> &'static [Operation] {
        match self {
            Self::V5 => veeam_vb365::v5::OPERATIONS,
            Self::V7 => veeam_vb365::v7::OPERATIONS,
            Self::V8 => veeam_vb365::v8::OPERATIONS,
            Self::Cbr => huawei_cbr::v3::OPERATIONS,
            Self::Iam => huawei_cbr::iam_v3::OPERATIONS,
            Self::Vr => vsphere_replication::v2::OPERATIONS,
        }
    }

    /// Credentials as the vendor wants them, made of [`TOKEN`].
    pub fn credentials(self) -> Fixed {
        match self {
            Self::V5 | Self::V7 | Self::V8 => header("authorization", &format!("Bearer {TOKEN}")),
            Self::Cbr | Self::Iam => header("x-auth-token", TOKEN),
            Self::Vr => header("x-dr-session", TOKEN),
        }
    }

    /// A connection that sends everything once, with [`Api::credentials`].
    pub fn connection(self) -> Connection {
        once(self.operations(), self.credentials())
    }

    /// Calls the operation `id` at the server whose address is `server`, with all parameters and the first example of its body.
    ///
    /// # Errors
    ///
    /// What went wrong with the call.
    pub async fn call(self, server: &str, connection: &Connection, id: &str) -> Result<Read, Error> {
        let base = format!("{server}{}", self.base());
        let (http, inner) = (connection.http(), connection.clone());
        match self {
            Self::V5 => v5::send(&veeam_vb365::v5::Client::new_with_client(&base, http, inner), id).await,
            Self::V7 => v7::send(&veeam_vb365::v7::Client::new_with_client(&base, http, inner), id).await,
            Self::V8 => v8::send(&veeam_vb365::v8::Client::new_with_client(&base, http, inner), id).await,
            Self::Cbr => cbr::send(&huawei_cbr::v3::Client::new_with_client(&base, http, inner), id).await,
            Self::Iam => iam::send(&huawei_cbr::iam_v3::Client::new_with_client(&base, http, inner), id).await,
            Self::Vr => vr::send(&vsphere_replication::v2::Client::new_with_client(&base, http, inner), id).await,
        }
    }

    /// As [`Api::call`], with this body instead of the first example.
    ///
    /// # Errors
    ///
    /// What went wrong with the call.
    pub async fn call_with(self, server: &str, connection: &Connection, id: &str, body: &Value) -> Result<Read, Error> {
        GIVEN.scope(body.clone(), self.call(server, connection, id)).await
    }

    /// Reads the request body of the operation `id` as its type and writes it out again.
    ///
    /// # Errors
    ///
    /// When `value` is not of that type.
    pub fn request_again(self, id: &str, value: &Value) -> Result<Value, serde_json::Error> {
        match self {
            Self::V5 => v5::again(id, value),
            Self::V7 => v7::again(id, value),
            Self::V8 => v8::again(id, value),
            Self::Cbr => cbr::again(id, value),
            Self::Iam => iam::again(id, value),
            Self::Vr => vr::again(id, value),
        }
    }
}
