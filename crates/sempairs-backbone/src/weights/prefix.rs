//! Prefixes of a module's tensor names in a file.

use std::cmp::Reverse;

use super::place::{Entries, Hits, Place, Wanted};

/// Prefix of a module's tensor names in a file.
///
/// The keys of nested dictionaries are part of it: in a PyTorch checkpoint `{"state_dict":
/// {"module.conv1.weight": ...}, ...}` the prefix is `state_dict.module.`. Tensors with another
/// prefix (optimiser state, queue) are ignored.
///
/// After the prefix, the tensors have the module's own names, or those of
/// `nn.Sequential(*list(network.children()))`, in which indices replace the fields: `0.weight` is
/// `conv1.weight` and `4.0.bn1.bias` is `layer1.0.bn1.bias`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Prefix {
    /// No prefix.
    #[default]
    None,
    /// The given prefix, including its trailing dot.
    Named(String),
    /// The prefix under which the module is found. Among several, those that consist only of [usual
    /// words](Self::USUAL) (and numbers) are preferred, and copies of a trained network (with
    /// `momentum`, `target` or `ema` in a word, or `encoder_k`) come last. Among usual prefixes a
    /// teacher is preferred, since DINO evaluates it, and then the shortest one. Several other
    /// prefixes are an error.
    Common,
}

/// Preference of a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Copy,
    Other,
    Usual,
}

/// Result of the search for a module's tensors.
pub(super) enum Search {
    /// The place to load from.
    Here(Place, Hits),
    /// The prefixes under which they are found, none of which is preferred.
    Several(Vec<String>),
}

impl Prefix {
    /// Words that training scripts put before the names of a backbone: the dictionaries of
    /// checkpoints, the wrappers of `DataParallel`, `torch.compile` and FSDP, and the fields for
    /// the trained encoder.
    pub const USUAL: [&str; 26] = [
        "state_dict",
        "model_state_dict",
        "online_network_state_dict",
        "encoder_state_dict",
        "model",
        "module",
        "_orig_mod",
        "_fsdp_wrapped_module",
        "backbone",
        "encoder",
        "encoder_q",
        "base_encoder",
        "online_encoder",
        "online_network",
        "online_net",
        "online",
        "student",
        "student_backbone",
        "teacher",
        "net",
        "resnet",
        "vit",
        "classy_state_dict",
        "base_model",
        "trunk",
        "_feature_blocks",
    ];

    /// Finds the place of a module in a file.
    pub(super) fn find(&self, entries: &Entries, wanted: &Wanted, places: &[Place]) -> Search {
        match self {
            Self::None => behind("", entries, wanted, places),
            Self::Named(prefix) => behind(prefix, entries, wanted, places),
            Self::Common => common(entries, wanted, places),
        }
    }

    pub(super) fn rank(prefix: &str) -> Rank {
        let words: Vec<&str> = prefix.split_terminator('.').collect();
        let number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
        let copy = |word: &str| {
            word == "encoder_k"
                || word.split('_').any(|part| matches!(part, "momentum" | "target" | "ema"))
        };
        if words.iter().all(|word| Self::USUAL.contains(word) || number(word)) {
            Rank::Usual
        } else if words.iter().any(|word| copy(word)) {
            Rank::Copy
        } else {
            Rank::Other
        }
    }
}

fn behind(prefix: &str, entries: &Entries, wanted: &Wanted, places: &[Place]) -> Search {
    let places = places.iter().filter(|place| place.prefix == prefix);
    match wanted.best(entries, places) {
        Some((place, hits)) => Search::Here(place.clone(), hits),
        None => Search::Here(Place::own(prefix), Hits { fitting: 0, named: 0 }),
    }
}

fn common(entries: &Entries, wanted: &Wanted, places: &[Place]) -> Search {
    let measured = places.iter().map(|place| (place, wanted.hits(entries, place)));
    // A place with less than half of the tensors is another network.
    let likely: Vec<(&Place, Hits)> =
        measured.filter(|(_, hits)| 2 * hits.fitting > wanted.tensors.len()).collect();
    let rank = |place: &Place| Prefix::rank(&place.prefix);
    let Some(top) = likely.iter().map(|(place, _)| rank(place)).max() else {
        return match wanted.best(entries, places.iter()) {
            Some((place, hits)) => Search::Here(place.clone(), hits),
            None => behind("", entries, wanted, places),
        };
    };
    // An incomplete network is still the intended one: its complete copy must not silently replace
    // it.
    let likely: Vec<(&Place, Hits)> =
        likely.into_iter().filter(|(place, _)| rank(place) == top).collect();
    let whole = likely.iter().filter(|(_, hits)| wanted.is_complete(*hits));
    if top != Rank::Usual && whole.clone().count() > 1 {
        return Search::Several(whole.map(|(place, _)| place.prefix.clone()).collect());
    }
    let chosen = likely.iter().max_by_key(|(place, hits)| {
        let teacher = place.prefix.split('.').any(|word| word == "teacher");
        let names = Reverse((place.is_renamed(), place.prefix.len()));
        (top == Rank::Usual && teacher, *hits, names)
    });
    match chosen {
        Some((place, hits)) => Search::Here((*place).clone(), *hits),
        None => behind("", entries, wanted, places),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_ranked_by_their_words() {
        for (prefix, rank) in [
            ("", Rank::Usual),
            ("state_dict.module.encoder_q.", Rank::Usual),
            ("module._orig_mod.", Rank::Usual),
            ("encoder_q.0.", Rank::Usual),
            ("module.encoder_k.", Rank::Copy),
            ("state_dict.momentum_backbone.", Rank::Copy),
            ("target_network_state_dict.encoder.", Rank::Copy),
            ("state_dict_ema.", Rank::Copy),
            ("my.thematic.", Rank::Other),
        ] {
            assert_eq!(Prefix::rank(prefix), rank, "{prefix}");
        }
    }
}
