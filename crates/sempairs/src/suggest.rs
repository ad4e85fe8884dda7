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

/// Adds the nearest right name to a parser's message about an unknown field or variant.
pub(crate) fn explain(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let is_unknown = message.contains("unknown field") || message.contains("unknown variant");
    let found = is_unknown.then(|| quoted.next()).flatten();
    match found.and_then(|found| nearest(found, quoted.filter(|q| *q != found))) {
        Some(right) => format!("{}; did you mean `{right}`?", message.trim_end()),
        None => message.trim_end().to_owned(),
    }
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
        assert!(explain(message).ends_with("did you mean `steps`?"));
        assert_eq!(explain("missing field `steps`"), "missing field `steps`");
    }
}
