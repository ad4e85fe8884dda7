//! The environment variable that selects the reference implementations.

use std::sync::LazyLock;

/// Whether `SEMPAIRS_PLAIN=1` selects the reference implementations; read once per process.
pub(crate) static PLAIN: LazyLock<bool> =
    LazyLock::new(|| std::env::var("SEMPAIRS_PLAIN").is_ok_and(|value| value == "1"));
