//! Checks of an HTML page.

/// Asserts that tags are properly nested, attributes are quoted and text contains no bare `<`.
pub fn assert_well_formed(page: &str) {
    const VOID: [&str; 3] = ["meta", "img", "br"];
    let body = page.strip_prefix("<!DOCTYPE html>\n").expect("a document");
    let mut open: Vec<&str> = Vec::new();
    let mut rest = body;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        assert!(!tag.contains('<'), "a bare < before {tag}");
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes of {tag}");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        assert!(!name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric()), "{tag}");
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed), "after {open:?}");
        } else if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty(), "open at the end: {open:?}");
}

/// Asserts that the page contains no NaN or infinite value and no external resource.
pub fn assert_sound(page: &str) {
    assert_well_formed(page);
    // Base64 data of pictures may contain any word, so it is removed.
    let text: Vec<&str> =
        page.split("base64,").map(|part| part.split_once("\">").map_or(part, |p| p.1)).collect();
    let first = page.split("base64,").next().unwrap();
    let text = first.to_owned() + &text[1.min(text.len())..].concat();
    for word in ["NaN", "inf ", "inf<", "inf,", "infinity", "None", "Some("] {
        assert!(!text.contains(word), "`{word}` on the page");
    }
    for word in ["http:", "https:", "src=\"/", "@import", "url(", "<script", "<link", "//www"] {
        assert!(!text.contains(word), "`{word}` on the page");
    }
}
