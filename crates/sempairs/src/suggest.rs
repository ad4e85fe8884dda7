/// The name among `known` that is nearest to a misspelt one, if any is near: at most a third of its
/// letters have to be inserted, deleted, replaced or swapped with a neighbour.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| 3 * distance <= candidate.len().max(name.len()))
        .min()
        .map(|(_, candidate)| candidate)
}

/// What a message about a misspelt name ends with: the nearest right one, or nothing if none is near.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map_or(String::new(), |right| format!("; did you mean `{right}`?"))
}

/// A parser's message with the nearest right name, if it is about an unknown field or variant.
pub(crate) fn explain(message: &str) -> String {
    explain_among(message, &[])
}

/// As [`explain`]; `further` names would have been right, too, though the parser does not list them.
pub(crate) fn explain_among(message: &str, further: &[&str]) -> String {
    let message = message.trim_end();
    // About a table that is no text, toml says in a second line where in it the key stands.
    let (said, place) = match message.rsplit_once("\nin ") {
        Some((said, place)) => (said, format!("{place}: ")),
        None => (message, String::new()),
    };
    let unknown = ["unknown field", "unknown variant"].iter().find_map(|what| said.rfind(what));
    let mut quoted = said[unknown.unwrap_or(said.len())..].split('`').skip(1).step_by(2);
    let near = match quoted.next() {
        Some(found) => {
            let known = quoted.chain(further.iter().copied());
            did_you_mean(found, known.filter(|right| *right != found))
        }
        None => String::new(),
    };
    format!("{place}{said}{near}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_only_when_it_is_near() {
        let known = ["temperature", "projector", "reduction"];
        assert_eq!(nearest("temprature", known), Some("temperature"));
        assert_eq!(nearest("projectro", known), Some("projector"));
        assert_eq!(nearest("momentum", known), None);
    }

    #[test]
    fn a_message_of_serde_gets_the_right_name() {
        let message = "unknown field `stpes`, expected one of `seed`, `steps`, `batch`";
        assert_eq!(explain(message), format!("{message}; did you mean `steps`?"));
        assert_eq!(explain(&format!("{message}\n")), explain(message));
        assert_eq!(explain("missing field `steps`"), "missing field `steps`");
        let message = "unknown field `a`, there are no fields";
        assert_eq!(explain(message), message);
    }

    #[test]
    fn the_place_of_a_key_comes_first_and_is_no_name_to_offer() {
        let message = "unknown field `trainig`, expected `batch` or `steps`";
        let placed = format!("{message}\nin `training`\n");
        assert_eq!(explain(&placed), format!("`training`: {message}"));
    }

    #[test]
    fn a_name_that_the_parser_does_not_know_may_be_right() {
        let message = "unknown field `vry`, expected `name` or `seeds`";
        assert_eq!(explain(message), message);
        assert!(explain_among(message, &["vary"]).ends_with("; did you mean `vary`?"));
    }
}
