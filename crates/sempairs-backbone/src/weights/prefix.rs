//! What stands in a file before the names of a module's tensors.

use std::cmp::Reverse;

use super::place::{Entries, Hits, Place, Wanted};

/// What stands in a file before the names of a module's tensors.
///
/// The keys of nested dictionaries count: a PyTorch checkpoint `{"state_dict":
/// {"module.conv1.weight": ...}, ...}` has the prefix `state_dict.module.`. What lies elsewhere in
/// the file (optimiser, queue) is no concern of the module.
///
/// Behind the prefix the tensors have the module's own names, or those of
/// `nn.Sequential(*list(network.children()))`: numbers in place of the fields, so that `0.weight`
/// is `conv1.weight` and `4.0.bn1.bias` is `layer1.0.bn1.bias`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Prefix {
    /// Nothing.
    #[default]
    None,
    /// This, its last dot included.
    Named(String),
    /// The one behind which the module is found. Of several, those of [usual words](Self::USUAL)
    /// alone (and numbers) go before others, and copies of a network that trains (`momentum`,
    /// `target` or `ema` in a word, `encoder_k`) come last; of usual ones a teacher's is taken,
    /// which is what DINO evaluates, else the shortest. Several others are an error.
    Common,
}

/// How much is to be said for a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Copy,
    Other,
    Usual,
}

/// What a search for a module's tensors comes to.
pub(super) enum Search {
    /// They are looked for here.
    Here(Place, Hits),
    /// They stand behind each of these prefixes, none of which is better than the others.
    Several(Vec<String>),
}

impl Prefix {
    /// What training scripts put before a backbone's names: the dictionaries of checkpoints, the
    /// wrappers of `DataParallel`, `torch.compile` and FSDP, and the fields in which methods keep
    /// the encoder they train.
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

    /// Where in a file a module is looked for.
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
    // What has less than half of a network is another one.
    let likely: Vec<(&Place, Hits)> =
        measured.filter(|(_, hits)| 2 * hits.fitting > wanted.tensors.len()).collect();
    let rank = |place: &Place| Prefix::rank(&place.prefix);
    let Some(top) = likely.iter().map(|(place, _)| rank(place)).max() else {
        return match wanted.best(entries, places.iter()) {
            Some((place, hits)) => Search::Here(place.clone(), hits),
            None => behind("", entries, wanted, places),
        };
    };
    // A network that lacks a tensor stays the one that is meant: its copy does not silently take
    // its place.
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
