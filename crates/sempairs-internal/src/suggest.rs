/// Minimum length of a name for which the names that it begins are offered.
const BEGINNING: usize = 3;

/// The name in `known` that is most similar to a misspelt one, if any is similar enough. The
/// shortest name that begins with the misspelt one comes first, as `resnet10_narrow` for
/// `resnet10`. Of the others the Damerau-Levenshtein distance must be at most a third of the longer
/// name's length.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let known: Vec<&str> = known.into_iter().collect();
    if name.len() >= BEGINNING {
        let begun = known.iter().copied().filter(|candidate| candidate.starts_with(name));
        if let Some(shortest) = begun.min_by_key(|candidate| candidate.len()) {
            return Some(shortest);
        }
    }
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

    #[test]
    fn a_name_that_begins_with_the_given_one_is_preferred() {
        let known = ["resnet18", "resnet50", "resnet10_narrow", "random_in_class", "random"];
        assert_eq!(nearest("resnet10", known), Some("resnet10_narrow"));
        assert_eq!(nearest("resnet1", known), Some("resnet18"));
        assert_eq!(nearest("random_in", known), Some("random_in_class"));
        assert_eq!(nearest("random", known), Some("random"));
        assert_eq!(nearest("ra", known), None);
        assert_eq!(nearest("", known), None);
    }
}
