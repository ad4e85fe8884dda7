/// The name in `known` that is most similar to a misspelt one, if any is similar enough: the
/// Damerau-Levenshtein distance must be at most a third of the longer name's length.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| 3 * distance <= candidate.len().max(name.len()))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Text to append to an error message about a misspelt name, for the [`nearest`] one: "; did you
/// mean ...?", or nothing if no known name is similar.
pub fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or(String::new(), |right| format!("; did you mean `{right}`?"))
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
}
