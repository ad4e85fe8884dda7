//! Checks of paths and of names that become folders.

use std::path::Path;

use sempairs_data::ConfigError;

/// Maximum number of bytes of a name that becomes a folder. File systems allow 255, and `-seed` and
/// a number are appended.
const MAX_NAME: usize = 230;

/// Returns an error for a name that cannot be the name of a folder.
pub(super) fn folder(key: &str, name: &str) -> Result<(), ConfigError> {
    let why = match name {
        _ if name.trim().is_empty() => "it is empty".to_owned(),
        _ if name.contains(['/', '\\']) => "it contains a slash".to_owned(),
        _ if name.starts_with('.') => "it begins with a dot".to_owned(),
        _ if name.len() > MAX_NAME => {
            format!("it has {} bytes, more than the maximum of {MAX_NAME}", name.len())
        }
        _ => return text(key, name),
    };
    Err(ConfigError::new(key, format!("{} cannot be the name of a folder: {why}", shown(name))))
}

/// Returns an error for a name with a line break or another control character.
pub(super) fn text(key: &str, name: &str) -> Result<(), ConfigError> {
    match name.chars().find(|letter| letter.is_control()) {
        Some(letter) => {
            let reason = format!("{} contains the control character {letter:?}", shown(name));
            Err(ConfigError::new(key, reason))
        }
        None => Ok(()),
    }
}

/// Returns an error for a name that is blank or has a control character.
pub(super) fn title(key: &str, name: &str) -> Result<(), ConfigError> {
    match name.trim().is_empty() {
        true => Err(ConfigError::new(key, "is empty, but must be a name")),
        false => text(key, name),
    }
}

/// Returns an error for an empty path and for one with a NUL character.
pub(super) fn path(key: &str, path: &Path) -> Result<(), ConfigError> {
    if path.as_os_str().is_empty() {
        return Err(ConfigError::new(key, "is empty, but must be a path"));
    }
    match path.as_os_str().as_encoded_bytes().contains(&0) {
        true => Err(ConfigError::new(
            key,
            format!("{} contains a NUL character", shown(&path.to_string_lossy())),
        )),
        false => Ok(()),
    }
}

/// The beginning of a name with control characters escaped.
fn shown(name: &str) -> String {
    const LETTERS: usize = 60;
    let start: String = name.chars().take(LETTERS).collect();
    match start.len() < name.len() {
        true => format!("{start:?}..."),
        false => format!("{start:?}"),
    }
}
