//! Properties of all pairings, on many sources.

mod support;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use sempairs_data::{
    CachedSource, FolderSource, OnBadPicture, Pair, PairDataset, Pairing, PictureSource, Ramp,
    Share, Subset,
};
use support::{Labelled, plain, put};

const LAYOUTS: [&[usize]; 8] =
    [&[2, 2], &[2], &[3, 7, 2], &[157; 12], &[10; 10], &[40, 3, 5], &[2; 30], &[90, 10]];

fn pairs(pairing: &Pairing, source: &dyn PictureSource, seed: u64) -> Vec<Pair> {
    let pairs = pairing.pairs(source, seed).unwrap();
    // One pair for each picture, in the order of the pictures.
    assert!(pairs.iter().map(|pair| pair.left).eq(0..source.len()));
    assert_eq!(pairing.pairs(source, seed).unwrap(), pairs, "the same seed gives the same pairs");
    pairs
}

fn is_permutation(pairs: &[Pair]) -> bool {
    pairs.iter().map(|pair| pair.right).collect::<HashSet<_>>().len() == pairs.len()
}

fn wrong(pairs: &[Pair], source: &dyn PictureSource) -> usize {
    pairs.iter().filter(|pair| source.class(pair.left) != source.class(pair.right)).count()
}

/// The lengths of the cycles of `left -> right`, in ascending order.
fn cycles(pairs: &[Pair]) -> Vec<usize> {
    let mut seen = vec![false; pairs.len()];
    let mut lengths = Vec::new();
    for start in 0..pairs.len() {
        let (mut at, mut length) = (start, 0);
        while !std::mem::replace(&mut seen[at], true) {
            at = pairs[at].right;
            length += 1;
        }
        lengths.extend((length > 0).then_some(length));
    }
    lengths.sort_unstable();
    lengths
}

#[test]
fn same_pairs_each_picture_with_itself() {
    let source = Labelled::unlabelled(9);
    assert!(
        pairs(&Pairing::Same { file: None }, &source, 1).iter().all(|pair| pair.left == pair.right)
    );
}

#[test]
fn random_in_class_is_one_cycle_through_each_class() {
    for layout in LAYOUTS {
        let source = Labelled::new(layout);
        for seed in 0..20 {
            let pairs = pairs(&Pairing::RandomInClass, &source, seed);
            assert!(is_permutation(&pairs));
            assert!(pairs.iter().all(|pair| pair.left != pair.right));
            assert_eq!(wrong(&pairs, &source), 0);
            let mut expected = layout.to_vec();
            expected.sort_unstable();
            assert_eq!(cycles(&pairs), expected);
        }
    }
    let source = Labelled::new(&[50; 3]);
    let draw = |seed| Pairing::RandomInClass.pairs(&source, seed).unwrap();
    assert_ne!(draw(0), draw(1));
}

#[test]
fn random_in_class_chooses_every_partner_equally_often() {
    let source = Labelled::new(&[5, 5]);
    let mut count = BTreeMap::<Pair, usize>::new();
    for seed in 0..4000 {
        for pair in Pairing::RandomInClass.pairs(&source, seed).unwrap() {
            *count.entry(pair).or_default() += 1;
        }
    }
    // Each picture has 4 possible partners; six standard deviations of the binomial are 165.
    assert_eq!(count.len(), 40);
    assert!(count.values().all(|&count| count.abs_diff(1000) < 165), "{count:?}");
}

#[test]
fn shuffled_is_one_cycle_through_all_pictures() {
    for layout in LAYOUTS {
        let source = Labelled::new(layout);
        for seed in 0..20 {
            let pairs = pairs(&Pairing::Shuffled, &source, seed);
            assert_eq!(cycles(&pairs), [source.len()]);
        }
    }
    assert_eq!(cycles(&pairs(&Pairing::Shuffled, &Labelled::unlabelled(30), 3)), [30]);
    // With ten classes of equal size, about nine of ten partners are of another class.
    let source = Labelled::new(&[100; 10]);
    let wrong = wrong(&pairs(&Pairing::Shuffled, &source, 0), &source);
    assert!((860..=940).contains(&wrong), "{wrong}");
}

#[test]
fn wrong_fraction_is_exact() {
    for layout in LAYOUTS.into_iter().filter(|layout| layout.len() > 1) {
        let source = Labelled::new(layout);
        for share in [0.0, 0.01, 0.1, 0.25, 0.5, 0.9, 1.0] {
            let expected = (share * source.len() as f64).round() as usize;
            for seed in 0..5 {
                let pairs = pairs(&Pairing::WrongFraction { share }, &source, seed);
                assert_eq!(wrong(&pairs, &source), expected, "{layout:?}, share {share}");
                assert!(pairs.iter().all(|pair| pair.left != pair.right));
                // No class of these layouts has more than half of the wrong pairs.
                if layout.windows(2).all(|pair| pair[0] == pair[1])
                    && expected != 1
                    && expected.is_multiple_of(2)
                {
                    assert!(is_permutation(&pairs), "{layout:?}, share {share}");
                }
            }
        }
    }
}

#[test]
fn wrong_fraction_spreads_over_all_pairs_of_classes() {
    let source = Labelled::new(&[60; 6]);
    let mut count = BTreeMap::<(usize, usize), usize>::new();
    let half = Pairing::WrongFraction { share: 0.5 };
    for seed in 0..40 {
        for pair in half.pairs(&source, seed).unwrap() {
            let classes = (source.class(pair.left).unwrap(), source.class(pair.right).unwrap());
            *count.entry(classes).or_default() += 1;
        }
    }
    // 7,200 wrong pairs over 30 ordered pairs of classes: 240 each.
    for ((left, right), count) in count {
        if left != right {
            assert!((150..330).contains(&count), "{left} with {right}: {count}");
        }
    }
}

#[test]
fn wrong_fraction_keeps_the_other_pairs_of_random_in_class() {
    let source = Labelled::new(&[30; 4]);
    let right = pairs(&Pairing::RandomInClass, &source, 7);
    let partly = pairs(&Pairing::WrongFraction { share: 0.2 }, &source, 7);
    assert_eq!(right.iter().zip(&partly).filter(|(a, b)| a != b).count(), 24);
}

#[test]
fn an_impossible_pairing_is_an_error_with_the_reason() {
    let message = |pairing: Pairing, source: &dyn PictureSource| {
        pairing.pairs(source, 0).unwrap_err().to_string()
    };
    assert_eq!(
        message(Pairing::RandomInClass, &Labelled::new(&[2, 1])),
        "pairing `random_in_class`: class `class 1` has a single picture, 1.png; it needs two"
    );
    assert!(
        message(Pairing::RandomInClass, &Labelled::unlabelled(3)).contains("0.png has no class")
    );
    assert!(message(Pairing::Shuffled, &Labelled::unlabelled(1)).contains("no other one"));
    let none = message(Pairing::Same { file: None }, &Labelled::unlabelled(0));
    assert!(none.contains("no pictures"), "{none}");
    let half = Pairing::WrongFraction { share: 0.5 };
    assert!(message(half, &Labelled::new(&[4])).contains("there is only one"));
    for share in [-0.1, 1.5, f64::NAN] {
        let pairing = Pairing::WrongFraction { share };
        assert!(message(pairing, &Labelled::new(&[4, 4])).contains("`share`"));
    }
}

#[test]
fn a_pairing_is_serialised_with_its_kind_and_its_values() {
    let read = |text: &str| serde_json::from_str::<Pairing>(text);
    for pairing in [
        Pairing::Same { file: None },
        Pairing::Same { file: Some("pairs.csv".into()) },
        Pairing::Curated { file: "pairs.csv".into() },
        Pairing::RandomInClass,
        Pairing::Shuffled,
        Pairing::WrongFraction { share: 0.25 },
        Pairing::Contrasting,
        Pairing::Disjoint { per_class: 50 },
        Pairing::SameOf { of: Box::new(Pairing::Disjoint { per_class: 50 }), both: false },
        Pairing::SameOf { of: Box::new(Pairing::Curated { file: "a.csv".into() }), both: true },
        Pairing::mixed(0.25),
        Pairing::mixed(Ramp { from: 0.0, to: 1.0, begin: 0.1, end: 0.5 }),
        Pairing::Mixed {
            share: Share::Constant(0.5),
            with: Box::new(Pairing::Curated { file: "pairs.csv".into() }),
        },
    ] {
        let text = serde_json::to_string(&pairing).unwrap();
        assert!(text.contains(&format!("\"kind\":\"{}\"", pairing.name())), "{text}");
        assert_eq!(read(&text).unwrap(), pairing);
    }
    let message = read(r#"{"kind":"wrong_fraction","shaer":0.5}"#).unwrap_err().to_string();
    assert!(message.contains("shaer"), "{message}");
    let message = read(r#"{"kind":"random_in_class","share":0.5}"#).unwrap_err().to_string();
    assert!(message.contains("share"), "{message}");
    assert!(read(r#"{"kind":"random"}"#).unwrap_err().to_string().contains("random_in_class"));
}

#[test]
fn the_serialised_form_of_same_without_a_manifest_never_changes() {
    // The identity of an experiment is a hash of its serialised form.
    let same = Pairing::Same { file: None };
    assert_eq!(serde_json::to_string(&same).unwrap(), r#"{"kind":"same"}"#);
    assert_eq!(serde_json::from_str::<Pairing>(r#"{"kind":"same"}"#).unwrap(), same);
    let of = Pairing::Same { file: Some("pairs.csv".into()) };
    let text = serde_json::to_string(&of).unwrap();
    assert_eq!(text, r#"{"kind":"same","file":"pairs.csv"}"#);
    let misspelt = serde_json::from_str::<Pairing>(r#"{"kind":"same","flie":"pairs.csv"}"#);
    assert!(misspelt.unwrap_err().to_string().contains("flie"));
}

#[test]
fn same_with_a_manifest_has_the_left_pictures_of_curated() {
    let source = Labelled::new(&[4, 4]);
    let folder = tempfile::tempdir().unwrap();
    let text = "left,right,class,source,score\n6.png,0.png,,x,\n1.png,3.png,,x,\n6.png,2.png,,x,\n";
    let file = put(folder.path(), "pairs.csv", text.as_bytes());
    let curated = Pairing::Curated { file: file.clone() }.pairs(&source, 0).unwrap();
    let same = Pairing::Same { file: Some(file) }.pairs(&source, 0).unwrap();
    assert_eq!(same.iter().map(|pair| pair.left).collect::<Vec<_>>(), [6, 1, 6]);
    assert!(same.iter().map(|pair| pair.left).eq(curated.iter().map(|pair| pair.left)));
    assert!(same.iter().all(|pair| pair.left == pair.right));
    let gone = Pairing::Same { file: Some(folder.path().join("gone.csv")) };
    assert!(gone.pairs(&source, 0).unwrap_err().to_string().contains("gone.csv"));
}

#[test]
fn an_error_names_the_folder_if_there_is_one() {
    let root = tempfile::tempdir().unwrap();
    for name in ["cat/1.png", "cat/2.png", "dog/1.png"] {
        put(root.path(), name, &plain(0));
    }
    let source: Arc<dyn PictureSource> = Arc::new(FolderSource::open(root.path()).unwrap());
    let folder = root.path().display();
    let message = Pairing::RandomInClass.pairs(&*source, 0).unwrap_err().to_string();
    assert!(message.starts_with(&format!("{folder}: pairing `random_in_class`: ")), "{message}");
    let message = Subset::first_per_class(source.clone(), 2).unwrap_err().to_string();
    assert_eq!(message, format!("{folder}: class `dog`: has 1 pictures, but 2 are needed"));
    let message = Subset::of_classes(source.clone(), &["bird"]).unwrap_err().to_string();
    assert!(message.starts_with(&format!("{folder}: class `bird`: ")), "{message}");

    // Also through a subset and a cache; a cache opened without a source only knows its own file.
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("a.cache");
    let part = Subset::first(source, 3);
    let cache = CachedSource::open_or_build(&part, 4, &file, OnBadPicture::Error).unwrap();
    assert_eq!(cache.location(), Some(root.path()));
    assert_eq!(CachedSource::open(&file).unwrap().location(), Some(file.as_path()));
    assert_eq!(Labelled::unlabelled(1).location(), None);
}

#[test]
fn a_pair_dataset_gives_pairs_and_their_classes() {
    let source: Arc<dyn PictureSource> = Arc::new(Labelled::new(&[3, 3]));
    let pairs = Pairing::RandomInClass.pairs(&*source, 5).unwrap();
    let data = PairDataset::new(source.clone(), pairs.clone());
    assert_eq!((data.len(), data.pair(4), data.class(4)), (6, pairs[4], source.class(4)));
}

#[test]
#[should_panic(expected = "out of range for a source of 2 pictures")]
fn a_pair_outside_the_source_panics() {
    PairDataset::new(Arc::new(Labelled::unlabelled(2)), vec![Pair { left: 0, right: 2 }]);
}
