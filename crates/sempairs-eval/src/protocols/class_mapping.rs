//! Mapping from the classes of the test set to those of the training set.

use std::collections::HashMap;

use sempairs_internal::join_limited;

use crate::EvalError;

/// Maximum number of classes that a message lists by name; it counts the others.
const NAMED: usize = 10;

/// The labels of the test pictures as indices into the classes of the training set, matched by
/// name. The test set may lack classes and may have them in another order.
///
/// # Errors
///
/// [`EvalError::Mismatch`] with the classes of test pictures that are not classes of the training
/// set.
pub(crate) fn matched(
    train: &[String],
    test: &[String],
    labels: &[usize],
) -> Result<Vec<usize>, EvalError> {
    if train == test {
        return Ok(labels.to_vec());
    }
    let mut numbers = HashMap::new();
    train.iter().enumerate().for_each(|(number, class)| {
        numbers.entry(class).or_insert(number);
    });
    let mut occurs = vec![false; test.len()];
    labels.iter().for_each(|&label| occurs[label] = true);
    let found: Vec<Option<usize>> = test.iter().map(|class| numbers.get(class).copied()).collect();
    let of_test = || (0..test.len()).filter(|&class| occurs[class]);
    if of_test().all(|class| found[class].is_some()) {
        return Ok(labels.iter().filter_map(|&label| found[label]).collect());
    }
    let named = |classes: Vec<&String>| {
        let count = classes.len();
        let what = if count == 1 { "class" } else { "classes" };
        let list = join_limited(classes.iter().map(|class| format!("`{class}`")), ", ", NAMED);
        format!("{count} {what}: {list}")
    };
    let only_test: Vec<&String> =
        of_test().filter(|&class| found[class].is_none()).map(|class| &test[class]).collect();
    let only_train: Vec<&String> = train.iter().filter(|class| !test.contains(class)).collect();
    let mut reason = format!("only the test pictures have {}", named(only_test));
    if !only_train.is_empty() {
        reason += &format!("; only the training pictures have {}", named(only_train));
    }
    Err(EvalError::Mismatch { reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn classes_are_matched_by_name() {
        let train = names(&["cat", "dog", "fox"]);
        for (test, labels, expected) in [
            (names(&["cat", "dog", "fox"]), vec![2, 0], vec![2, 0]),
            (names(&["fox", "cat"]), vec![0, 1, 1], vec![2, 0, 0]),
            // A class without pictures need not be in the training set.
            (names(&["ape", "dog"]), vec![1, 1], vec![1, 1]),
        ] {
            assert_eq!(matched(&train, &test, &labels).unwrap(), expected, "{test:?}");
        }
    }

    #[test]
    fn classes_missing_from_a_set_are_listed_up_to_a_limit() {
        let many: Vec<String> = (0..30).map(|class| format!("c{class}")).collect();
        let labels: Vec<usize> = (0..30).collect();
        let message = |train: &[String], test: &[String], labels: &[usize]| {
            matched(train, test, labels).unwrap_err().to_string()
        };
        let both = message(&names(&["cat", "dog"]), &names(&["cat", "fox"]), &[0, 1]);
        assert!(both.contains("only the test pictures have 1 class: `fox`;"), "{both}");
        assert!(both.ends_with("only the training pictures have 1 class: `dog`"), "{both}");
        let long = message(&many[..5], &many, &labels);
        assert!(long.contains("25 classes: `c5`, `c6`") && long.ends_with("and 15 more"), "{long}");
    }
}
