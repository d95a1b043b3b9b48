//! Hands every request of the generated clients over to the runtime.

use backup_sync_runtime::Connection;
use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};
use reqwest::{Request, Response};

macro_rules! hand_over {
    ($($client:ty),*) => {$(
        impl ClientHooks<Connection> for $client {
            async fn exec(&self, request: Request, info: &OperationInfo) -> reqwest::Result<Response> {
                self.inner().send(request, info.operation_id).await
            }
        }
    )*};
}

hand_over!(crate::v2::Client);
