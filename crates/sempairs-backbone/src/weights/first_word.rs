/// The part of a name before its first dot.
pub(super) fn first_word(name: &str) -> &str {
    name.split('.').next().unwrap_or_default()
}
