//! Everything that is known to go wrong between a client and a vendor, as data, and a server that plays it.
//!
//! ```no_run
//! # async fn example() {
//! use backup_sync_tests::calls::Api;
//! use backup_sync_tests::faults::{Fault, Scene};
//!
//! // Logins and all other operations are answered as the spec's examples say.
//! let stage = Scene::new(Fault::ResetMidBody, Api::V8, "BackupRepository_StartSynchronizeAction").start().await;
//! // … log in at `stage.url("")`; then, from here on, the fault is played on that one operation:
//! stage.arm().await;
//! // … call it, and look at what arrived:
//! assert_eq!(stage.subject().len(), 1);
//! # }
//! ```

mod answers;
mod stage;

pub use answers::gzip;
pub use stage::{Scene, Secrets, Stage, document};

/// Declares the faults and the list of all of them, so that neither can be without the other.
macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Something that goes wrong with one operation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Fault {
            $($(#[$doc])* $name,)*
        }

        impl Fault {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
        }
    };
}

faults! {
    /// Nothing listens any more; there is no connection left over from before either.
    Refused,
    /// The connection is reset after the request has been read.
    ResetBeforeHeaders,
    /// The connection is reset in the middle of an answer of success.
    ResetMidBody,
    /// Nothing is said until the client gives up.
    Hang,
    /// The head of an answer of success comes at once, its body byte by byte and never completely.
    SlowBody,
    /// 400.
    BadRequest,
    /// 401 once, then success.
    UnauthorizedOnce,
    /// 401 to everything but logins.
    Unauthorized,
    /// 401, and the login that should help is refused as well.
    UnauthorizedLockedOut,
    /// 403.
    Forbidden,
    /// 404.
    NotFound,
    /// 409.
    Conflict,
    /// 429 with a `Retry-After` of [`RETRY_AFTER`].
    ThrottledRetryAfter,
    /// 429 that does not say how long to wait.
    Throttled,
    /// 500.
    ServerError,
    /// 502 with a page of a gateway.
    BadGatewayPage,
    /// 503 once, then success.
    UnavailableOnce,
    /// 504.
    GatewayTimeout,
    /// 307 to another host: method, body and credentials would go there.
    Redirect,
    /// Success without a body.
    EmptyBody,
    /// Success with half a JSON document, all of which arrives.
    TruncatedJson,
    /// Success whose members have other JSON types than documented.
    WrongTypes,
    /// Success with words that no value set holds.
    UnknownWords,
    /// Success with members that no document has.
    UnknownFields,
    /// Success with null for every member that may be missing.
    Nulls,
    /// Success of [`BIG`] bytes.
    BigBody,
    /// 403 of [`BIG`] bytes.
    BigRefusal,
    /// Success with JSON that is labelled as a page.
    JsonAsPage,
    /// Success with a page that is labelled as JSON.
    PageAsJson,
    /// Success, compressed.
    Gzip,
}

/// How long [`Fault::ThrottledRetryAfter`] asks to wait, in seconds.
pub const RETRY_AFTER: u64 = 90;

/// Size of a large answer: more than is read of a refusal, less than is refused of a success.
pub const BIG: usize = 5 << 20;

/// A member that no document has; see [`Fault::UnknownFields`].
pub const UNKNOWN_MEMBER: &str = "neverDocumented";

impl Fault {
    /// The status with which the vendor refuses or fails, where the fault is one.
    pub fn status(self) -> Option<u16> {
        match self {
            Self::Redirect => Some(307),
            Self::BadRequest => Some(400),
            Self::UnauthorizedOnce | Self::Unauthorized | Self::UnauthorizedLockedOut => Some(401),
            Self::Forbidden | Self::BigRefusal => Some(403),
            Self::NotFound => Some(404),
            Self::Conflict => Some(409),
            Self::ThrottledRetryAfter | Self::Throttled => Some(429),
            Self::ServerError => Some(500),
            Self::BadGatewayPage => Some(502),
            Self::UnavailableOnce => Some(503),
            Self::GatewayTimeout => Some(504),
            _ => None,
        }
    }

    /// Whether the vendor says anything at all.
    pub fn answers(self) -> bool {
        !matches!(self, Self::Refused | Self::ResetBeforeHeaders | Self::Hang)
    }
}
