use std::sync::OnceLock;

/// Ends the process as a kill would, where tests ask for it: `SEMPAIRS_FAILPOINT=NAME=COUNT` names
/// a place and the step, or another count, at which it is reached. Without that variable it does
/// nothing.
pub fn failpoint(name: &str, count: usize) {
    static WANTED: OnceLock<Option<(String, usize)>> = OnceLock::new();
    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("SEMPAIRS_FAILPOINT").ok()?;
        let (name, count) = text.split_once('=')?;
        Some((name.into(), count.parse().ok()?))
    });
    if wanted.as_ref().is_some_and(|(wanted, at)| wanted == name && *at == count) {
        std::process::abort();
    }
}
