/// A number with a noun whose plural ends in `s`.
///
/// ```
/// # use sempairs_internal::counted;
/// assert_eq!(counted(1, "pair"), "1 pair");
/// assert_eq!(counted(2, "pair"), "2 pairs");
/// ```
pub fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}
