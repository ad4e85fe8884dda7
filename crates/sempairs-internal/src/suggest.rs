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
