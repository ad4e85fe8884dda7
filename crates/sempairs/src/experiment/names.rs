//! Names that become folders, and paths.

use std::path::Path;

use super::refusal::Refusal;

/// Bytes of a name that becomes a folder: file systems take 255, and `-seed` with its number comes
/// behind it.
const MAX_NAME: usize = 230;

/// Refuses a name that cannot be a folder's.
pub(super) fn folder(key: &str, name: &str) -> Result<(), Refusal> {
    let why = match name {
        _ if name.trim().is_empty() => "it is empty".to_owned(),
        _ if name.contains(['/', '\\']) => "it has a slash".to_owned(),
        _ if name.starts_with('.') => "it begins with a dot".to_owned(),
        _ if name.len() > MAX_NAME => {
            format!("it has {} bytes, more than {MAX_NAME}", name.len())
        }
        _ => return text(key, name),
    };
    Err(Refusal::new(key, format!("{} cannot be a folder's name: {why}", shown(name))))
}

/// Refuses a name with a line break or another control character.
pub(super) fn text(key: &str, name: &str) -> Result<(), Refusal> {
    match name.chars().find(|letter| letter.is_control()) {
        Some(letter) => {
            let reason = format!("{} has a control character, {letter:?}", shown(name));
            Err(Refusal::new(key, reason))
        }
        None => Ok(()),
    }
}

/// Refuses a name that shows nothing, or has a control character.
pub(super) fn title(key: &str, name: &str) -> Result<(), Refusal> {
    match name.trim().is_empty() {
        true => Err(Refusal::new(key, "is empty, but must be a name")),
        false => text(key, name),
    }
}

/// Refuses a path that leads nowhere.
pub(super) fn path(key: &str, path: &Path) -> Result<(), Refusal> {
    if path.as_os_str().is_empty() {
        return Err(Refusal::new(key, "is empty, but must be a path"));
    }
    match path.as_os_str().as_encoded_bytes().contains(&0) {
        true => Err(Refusal::new(key, format!("{} has a NUL", shown(&path.to_string_lossy())))),
        false => Ok(()),
    }
}

/// The beginning of a name, its control characters spelt out.
fn shown(name: &str) -> String {
    const LETTERS: usize = 60;
    let start: String = name.chars().take(LETTERS).collect();
    match start.len() < name.len() {
        true => format!("{start:?}..."),
        false => format!("{start:?}"),
    }
}
