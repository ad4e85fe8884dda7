/// Returns true if a module visitor has entered a variant of an enum, whose name is not part of
/// parameter names. `container` is the container type that Burn passes to `enter_module`.
pub fn is_variant(container: &str) -> bool {
    container.starts_with("Enum:")
}
