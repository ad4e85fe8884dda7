use std::fmt::Display;

/// Joins the first `most` items with `between`, and adds how many more there are.
///
/// ```
/// # use sempairs_internal::join_limited;
/// assert_eq!(join_limited(1..=3, ", ", 5), "1, 2, 3");
/// assert_eq!(join_limited(1..=100, ", ", 2), "1, 2 and 98 more");
/// ```
pub fn join_limited(items: impl IntoIterator<Item: Display>, between: &str, most: usize) -> String {
    let mut items = items.into_iter();
    let first: Vec<String> = items.by_ref().take(most).map(|item| item.to_string()).collect();
    match items.count() {
        0 => first.join(between),
        more => format!("{} and {more} more", first.join(between)),
    }
}
