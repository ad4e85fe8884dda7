//! Disjoint, contrasting and mixed pairs, and the augmented pairs of other pairings.

mod support;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use sempairs_data::{
    DisjointPairs, Identity, Moment, Nuisances, Pair, PairDataset, Pairing, PictureSource, Ramp,
    Share, Subset,
};
use support::{Labelled, put};

fn message(pairing: &Pairing, source: &dyn PictureSource) -> String {
    pairing.pairs(source, 0).unwrap_err().to_string()
}

/// The pairs of one class, in order.
fn of_class(pairs: &[Pair], source: &dyn PictureSource, class: usize) -> Vec<Pair> {
    pairs.iter().copied().filter(|pair| source.class(pair.left) == Some(class)).collect()
}

#[test]
fn disjoint_pairs_are_nested_and_use_every_picture_once() {
    let source = Labelled::new(&[20, 31, 24]);
    let draw = |per_class, seed| Pairing::Disjoint { per_class }.pairs(&source, seed).unwrap();
    for seed in 0..5 {
        let most = draw(10, seed);
        assert_eq!(most, draw(10, seed), "the same seed gives the same pairs");
        let pictures: HashSet<usize> =
            most.iter().flat_map(|pair| [pair.left, pair.right]).collect();
        assert_eq!((most.len(), pictures.len()), (30, 60));
        assert!(most.iter().all(|pair| source.class(pair.left) == source.class(pair.right)));
        for fewer in [1, 3, 9] {
            assert_eq!(draw(fewer, seed), most[..3 * fewer]);
        }
    }
    assert_ne!(draw(10, 0), draw(10, 1));
}

#[test]
fn the_disjoint_pairs_of_a_class_do_not_depend_on_other_classes() {
    let source: Arc<dyn PictureSource> = Arc::new(Labelled::new(&[8, 10, 12]));
    let part = Subset::of_classes(source.clone(), &["class 2", "class 1"]).unwrap();
    let draw = |source: &dyn PictureSource| DisjointPairs::draw(source, 4, 3).unwrap().pairs;
    let (all, few) = (draw(&*source), draw(&part));
    for (class, there) in [(0, 2), (1, 1)] {
        let few: Vec<Pair> = of_class(&few, &part, class)
            .into_iter()
            .map(|pair| Pair { left: part.index(pair.left), right: part.index(pair.right) })
            .collect();
        assert_eq!(few, of_class(&all, &*source, there));
    }
}

#[test]
fn classes_that_are_short_of_pictures_give_what_they_have_or_are_an_error() {
    let source = Labelled::new(&[9, 20, 1]);
    let DisjointPairs { pairs, short } = DisjointPairs::draw(&source, 5, 0).unwrap();
    let per_class: Vec<usize> =
        (0..3).map(|class| of_class(&pairs, &source, class).len()).collect();
    assert_eq!(per_class, [4, 5, 0]);
    let short: Vec<_> = short.iter().map(|it| (it.class.as_str(), it.pictures, it.pairs)).collect();
    assert_eq!(short, [("class 0", 9, 4), ("class 2", 1, 0)]);
    assert_eq!(
        message(&Pairing::Disjoint { per_class: 5 }, &source),
        "pairing `disjoint`: `per_class`: is 5, but class `class 0` has 9 pictures, enough for 4 \
         pairs of two"
    );
    let none = message(&Pairing::Disjoint { per_class: 0 }, &source);
    assert!(none.contains("`per_class`: must be from 1"), "{none}");
    let unlabelled = DisjointPairs::draw(&Labelled::unlabelled(4), 1, 0).unwrap_err();
    assert!(unlabelled.to_string().contains("no classes"), "{unlabelled}");
}

#[test]
fn same_of_another_pairing_has_its_left_pictures_or_all_of_them() {
    let source = Labelled::new(&[12, 12]);
    let disjoint = Pairing::Disjoint { per_class: 4 };
    let pairs = disjoint.pairs(&source, 5).unwrap();
    let same = |both| {
        let same = Pairing::SameOf { of: Box::new(disjoint.clone()), both };
        assert_eq!(same.count(2, 12), Some(if both { 16 } else { 8 }));
        let same = same.pairs(&source, 5).unwrap();
        assert!(same.iter().all(|pair| pair.left == pair.right));
        same.into_iter().map(|pair| pair.left).collect::<Vec<_>>()
    };
    assert!(same(false).into_iter().eq(pairs.iter().map(|pair| pair.left)));
    assert!(same(true).into_iter().eq(pairs.iter().flat_map(|pair| [pair.left, pair.right])));

    // A picture in several rows of a manifest appears once.
    let folder = tempfile::tempdir().unwrap();
    let text = "left,right,class,source,score\n6.png,0.png,,x,\n1.png,6.png,,x,\n";
    let file = put(folder.path(), "pairs.csv", text.as_bytes());
    let all = Pairing::SameOf { of: Box::new(Pairing::Curated { file }), both: true };
    let all: Vec<usize> =
        all.pairs(&source, 0).unwrap().into_iter().map(|pair| pair.left).collect();
    assert_eq!(all, [6, 0, 1]);
}

#[test]
fn contrasting_pairs_are_a_permutation_and_differ_in_both_kinds() {
    let kinds = |index: usize| Nuisances {
        background: (index * 7 / 3 % 5) as u32,
        pattern: (index * 11 / 7 % 4) as u32,
    };
    let source = Labelled::new(&[50, 41, 64]).with_nuisances(kinds);
    let draw = |seed| Pairing::Contrasting.pairs(&source, seed).unwrap();
    for seed in 0..10 {
        let pairs = draw(seed);
        assert_eq!(pairs, draw(seed));
        assert!(pairs.iter().map(|pair| pair.left).eq(0..source.len()));
        let rights: HashSet<usize> = pairs.iter().map(|pair| pair.right).collect();
        assert_eq!(rights.len(), source.len());
        for Pair { left, right } in pairs {
            assert_eq!(source.class(left), source.class(right));
            assert!(kinds(left).contrast(kinds(right)), "{left} and {right}");
        }
    }
    assert_ne!(draw(0), draw(1));
}

#[test]
fn contrasting_pairs_choose_every_fitting_partner_about_equally_often() {
    // Twelve kinds, one picture of each: six pictures differ from each in both.
    let kinds =
        |index: usize| Nuisances { background: (index / 4) as u32, pattern: (index % 4) as u32 };
    let source = Labelled::new(&[12]).with_nuisances(kinds);
    let mut count = BTreeMap::<Pair, usize>::new();
    for seed in 0..3000 {
        for pair in Pairing::Contrasting.pairs(&source, seed).unwrap() {
            *count.entry(pair).or_default() += 1;
        }
    }
    assert_eq!(count.len(), 12 * 6);
    // Six standard deviations of the binomial around 500 are 122.
    assert!(count.values().all(|&count| count.abs_diff(500) < 122), "{count:?}");
}

#[test]
fn contrasting_pairs_need_known_and_sufficiently_different_kinds() {
    let unknown = message(&Pairing::Contrasting, &Labelled::new(&[4, 4]));
    assert!(unknown.contains("pairing `curated`") && unknown.contains("`file`"), "{unknown}");
    let alike = |_: usize| Nuisances { background: 0, pattern: 0 };
    let alike = message(&Pairing::Contrasting, &Labelled::new(&[4]).with_nuisances(alike));
    assert!(alike.contains("4 pictures of class `class 0`"), "{alike}");
}

fn moment(seed: u64, epoch: u64, progress: f64) -> Moment {
    Moment { seed, epoch, progress }
}

fn mixed(share: impl Into<Share>, seed: u64) -> PairDataset {
    Pairing::mixed(share).dataset(Arc::new(Labelled::new(&[150, 150])), seed).unwrap()
}

fn shown(data: &PairDataset, at: Moment) -> Vec<Pair> {
    (0..data.len()).map(|index| data.pair_at(index, at)).collect()
}

#[test]
fn mixed_pairs_with_a_share_of_0_or_1_are_augmented_or_semantic_pairs() {
    let source = Labelled::new(&[150, 150]);
    for (share, pairing) in [(0.0, Pairing::Same { file: None }), (1.0, Pairing::RandomInClass)] {
        for seed in 0..3 {
            let (data, pairs) = (mixed(share, seed), pairing.pairs(&source, seed).unwrap());
            for epoch in 0..3 {
                assert_eq!(shown(&data, moment(seed, epoch, 0.3)), pairs);
            }
        }
    }
    // The left pictures, and the partners where there are any, are those of the other arms.
    let semantic = Pairing::RandomInClass.pairs(&source, 1).unwrap();
    let (data, at) = (mixed(0.5, 1), moment(1, 4, 0.3));
    let count = shown(&data, at)
        .iter()
        .zip(&semantic)
        .filter(|(shown, pair)| {
            assert_eq!(shown.left, pair.left);
            assert!(shown.right == pair.right || shown.right == pair.left);
            shown.right == pair.right
        })
        .count();
    assert!((100..200).contains(&count), "{count}");
    assert_ne!(shown(&data, at), shown(&data, moment(1, 5, 0.3)), "drawn anew in every epoch");
    assert_eq!(shown(&data, at), shown(&data, at));
}

#[test]
fn a_schedule_changes_the_share_over_the_run() {
    let data = mixed(Ramp { from: 0.0, to: 1.0, begin: 0.2, end: 0.6 }, 3);
    let share = |progress| {
        let pairs = shown(&data, moment(3, 0, progress));
        pairs.iter().filter(|pair| pair.left != pair.right).count() as f64 / 300.0
    };
    assert_eq!((share(0.0), share(0.2), share(0.6), share(1.0)), (0.0, 0.0, 1.0, 1.0));
    assert!((share(0.4) - 0.5).abs() < 0.18, "{}", share(0.4));
}

#[test]
fn the_pictures_and_the_identity_of_mixed_pairs_include_the_share() {
    let identity = |data: &PairDataset| data.identity(Identity::new()).to_string();
    let source: Arc<dyn PictureSource> = Arc::new(Labelled::new(&[150, 150]));
    let plain = Pairing::RandomInClass.dataset(source.clone(), 0).unwrap();
    let ramp = Ramp { from: 0.0, to: 1.0, begin: 0.0, end: 1.0 };
    let all: HashSet<String> = [
        identity(&plain),
        identity(&mixed(0.25, 0)),
        identity(&mixed(0.5, 0)),
        identity(&mixed(ramp, 0)),
        identity(&mixed(Ramp { end: 0.5, ..ramp }, 0)),
    ]
    .into();
    assert_eq!(all.len(), 5);

    let of_disjoint = |share: f64| {
        let with = Box::new(Pairing::Disjoint { per_class: 10 });
        let pairing = Pairing::Mixed { share: share.into(), with };
        assert_eq!(pairing.count(2, 150), Some(20));
        pairing.dataset(source.clone(), 0).unwrap().pictures()
    };
    assert_eq!((of_disjoint(0.0), of_disjoint(0.1)), (20, 40), "unseen partners do not count");
    assert_eq!(mixed(0.0, 0).pictures(), 300);
}

#[test]
fn the_key_of_a_wrong_value_and_of_the_drawing_rule_are_known() {
    let key = |pairing: Pairing| pairing.check().unwrap_err().key().to_owned();
    let ramp = Ramp { from: 0.0, to: 1.5, begin: 0.0, end: 1.0 };
    let mixed =
        |with: Pairing| Pairing::Mixed { share: Share::Constant(0.5), with: Box::new(with) };
    let same = |of: Pairing| Pairing::SameOf { of: Box::new(of), both: false };
    assert_eq!(key(Pairing::mixed(1.5)), "share");
    assert_eq!(key(Pairing::mixed(ramp)), "share.to");
    assert_eq!(key(mixed(Pairing::Disjoint { per_class: 0 })), "with.per_class");
    assert_eq!(key(mixed(Pairing::mixed(0.5))), "with.kind");
    assert_eq!(key(mixed(Pairing::Same { file: None })), "with.kind");
    assert_eq!(key(same(Pairing::Same { file: None })), "of.kind");
    assert_eq!(key(same(mixed(Pairing::WrongFraction { share: 2.0 }))), "of.with.share");

    let file = Pairing::Curated { file: "a.csv".into() };
    let nested = same(mixed(file.clone()));
    assert_eq!(nested.rule(), ("of.with".to_owned(), &file));
    assert_eq!(nested.manifest(), Some(Path::new("a.csv")));
    assert_eq!(nested.count(3, 10), None);
    assert_eq!(Pairing::Shuffled.rule(), (String::new(), &Pairing::Shuffled));
    assert_eq!(mixed(Pairing::Shuffled).count(3, 10), Some(30));
}

#[test]
fn the_file_form_of_the_new_kinds_is_short() {
    let read = |text: &str| serde_json::from_str::<Pairing>(text);
    let disjoint = Pairing::Disjoint { per_class: 5 };
    for (text, pairing) in [
        (r#"{"kind":"curated"}"#, Pairing::Contrasting),
        (r#"{"kind":"disjoint","per_class":5}"#, disjoint.clone()),
        (
            r#"{"kind":"same","of":{"kind":"disjoint","per_class":5}}"#,
            Pairing::SameOf { of: Box::new(disjoint), both: false },
        ),
        (r#"{"kind":"mixed","share":0.5}"#, Pairing::mixed(0.5)),
    ] {
        assert_eq!(read(text).unwrap(), pairing);
        assert_eq!(serde_json::to_string(&pairing).unwrap(), text);
    }
    let message = |text: &str| read(text).unwrap_err().to_string();
    let both = r#"{"kind":"same","file":"a.csv","of":{"kind":"shuffled"}}"#;
    assert!(message(both).contains("not both"));
    assert!(message(r#"{"kind":"same","both":true}"#).contains("needs `of`"));
    assert!(message(r#"{"kind":"disjoint","per_clas":5}"#).contains("per_clas"));
    assert!(message(r#"{"kind":"mixed"}"#).contains("share"));
    assert!(message(r#"{"kind":"mixed","share":{"from":0,"too":1}}"#).contains("too"));
}
