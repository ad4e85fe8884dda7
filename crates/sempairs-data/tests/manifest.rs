//! Manifests are read back as written, and every invalid row is reported.

mod support;

use std::path::Path;
use std::sync::Arc;

use sempairs_data::manifest::{ManifestProblem, ProblemKind};
use sempairs_data::{
    CachedSource, DataError, Exclusion, FlatSource, FolderSource, Manifest, OnBadPicture, Pair,
    Pairing, PictureSource, Subset, validate,
};
use support::{Labelled, plain, put};

const HEADER: &str = "left,right,class,source,score\n";

/// Three cats and three dogs.
fn folder() -> (tempfile::TempDir, FolderSource) {
    let root = tempfile::tempdir().unwrap();
    for class in ["cat", "dog"] {
        for number in 0..3 {
            put(root.path(), &format!("{class}/{number}.png"), &plain(number));
        }
    }
    let source = FolderSource::open(root.path()).unwrap();
    (root, source)
}

fn read(
    root: &Path,
    text: impl AsRef<[u8]>,
    source: &dyn PictureSource,
) -> Result<Manifest, DataError> {
    Manifest::read(&put(root, "pairs.csv", text.as_ref()), source)
}

fn problems(
    root: &Path,
    text: impl AsRef<[u8]>,
    source: &dyn PictureSource,
) -> Vec<ManifestProblem> {
    match read(root, text, source) {
        Err(DataError::Manifest { path, problems }) => {
            assert!(path.ends_with("pairs.csv"));
            problems
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_valid_manifest_is_read() {
    let (root, source) = folder();
    let text = "left,right,class,source,score\n\
                cat/0.png,cat/1.png,cat,\"by hand, twice\",0.75\n\
                dog/2.png,dog/0.png,dog,clip,\n\
                cat/2.png,dog/1.png,,,-1e-3\n";
    let manifest = read(root.path(), text, &source).unwrap();
    let pairs: Vec<_> = manifest.pairs().map(|pair| (pair.left, pair.right)).collect();
    assert_eq!(pairs, [(0, 1), (5, 3), (2, 4)]);
    assert_eq!(manifest.rows()[0].origin, "by hand, twice");
    assert_eq!(manifest.rows()[0].score, Some(0.75));
    assert_eq!(manifest.rows()[1].score, None);
    assert_eq!(
        (manifest.rows()[1].class.as_deref(), manifest.rows()[2].class.as_deref()),
        (Some("dog"), None)
    );

    let marked = [b"\xEF\xBB\xBF", text.replace('\n', "\r\n").as_bytes()].concat();
    assert_eq!(read(root.path(), marked, &source).unwrap(), manifest);
    let other_order = "score,class,right,source,left\n1,cat,cat/1.png,x,cat/0.png\n";
    let row = &read(root.path(), other_order, &source).unwrap().rows()[0].clone();
    assert_eq!((row.pair, row.score), (Pair { left: 0, right: 1 }, Some(1.0)));

    let curated = Pairing::Curated { file: put(root.path(), "good.csv", text.as_bytes()) };
    assert_eq!(curated.pairs(&source, 0).unwrap(), manifest.pairs().collect::<Vec<_>>());
}

#[test]
fn every_kind_of_invalid_row_is_reported_with_its_line() {
    let (root, source) = folder();
    let text = [
        HEADER.as_bytes(),
        b"cat/0.png,cat/1.png,cat,x,1\n",    // 2: valid
        b"cat/0.png,cat/9.png,cat,x,1\n",    // 3: no such picture
        b",dog/0.png,dog,x,1\n",             // 4: no name
        b"dog/0.png,dog/0.png,dog,x,1\n",    // 5: paired with itself
        b"cat/0.png,cat/1.png,cat,y,1\n",    // 6: duplicate
        b"cat/1.png,cat/0.png,cat,x,1\n",    // 7: duplicate, reversed
        b"cat/0.png,dog/1.png,cat,x,1\n",    // 8: wrong class
        b"cat/0.png,cat/2.png,bird,x,1\n",   // 9: no such class
        b"dog/0.png,dog/1.png,dog,x\n",      // 10: one field too few
        b"dog/0.png,dog/1.png,dog,x,1,2\n",  // 11: one field too many
        b"dog/0.png,dog/1.png,dog,x,high\n", // 12: not a number
        b"dog/0.png,dog/2.png,dog,x,NaN\n",  // 13: not finite
        b"\"dog/1.png\",\"dog/2.png\",dog,\"two\nlines\",1\n", // 14 and 15: valid
        b"cat/1.png,cat/2.png,cat,\xFF,1\n", // 16: not UTF-8
        b"dog/9.png,cat/7.png,dog,x,high\n", // 17: three problems
    ]
    .concat();
    let found = problems(root.path(), text, &source);
    let missing = |column, name: &str| ProblemKind::MissingPicture { column, name: name.into() };
    let mismatch = ProblemKind::ClassMismatch {
        picture: "dog/1.png".into(),
        actual: "dog".into(),
        stated: "cat".into(),
    };
    let expected = [
        (3, missing("right", "cat/9.png")),
        (4, ProblemKind::EmptyPicture("left")),
        (5, ProblemKind::SelfPair("dog/0.png".into())),
        (6, ProblemKind::Duplicate(2)),
        (7, ProblemKind::Duplicate(2)),
        (8, mismatch),
        (9, ProblemKind::UnknownClass("bird".into())),
        (10, ProblemKind::Fields { found: 4, expected: 5 }),
        (11, ProblemKind::Fields { found: 6, expected: 5 }),
        (12, ProblemKind::BadScore("high".into())),
        (13, ProblemKind::BadScore("NaN".into())),
        (16, ProblemKind::Encoding),
        (17, missing("left", "dog/9.png")),
        (17, missing("right", "cat/7.png")),
        (17, ProblemKind::BadScore("high".into())),
    ];
    let expected = expected.map(|(line, kind)| ManifestProblem { line, kind });
    assert_eq!(found, expected);
}

#[test]
fn an_invalid_header_is_reported_with_all_wrong_columns() {
    let (root, source) = folder();
    let kinds = |text: &str| {
        let problems = problems(root.path(), text, &source);
        assert!(problems.iter().all(|problem| problem.line == 1));
        problems.into_iter().map(|problem| problem.kind).collect::<Vec<_>>()
    };
    let found = kinds("left,rigth,class,source,left\n");
    assert_eq!(
        found,
        [
            ProblemKind::UnknownColumn("rigth".into()),
            ProblemKind::RepeatedColumn("left".into()),
            ProblemKind::MissingColumn("right"),
            ProblemKind::MissingColumn("score"),
        ]
    );
    assert_eq!(kinds(""), [ProblemKind::NoHeader]);
    assert_eq!(kinds(HEADER), [ProblemKind::NoRows]);
    let missing = Manifest::read(Path::new("gone.csv"), &source).unwrap_err();
    assert!(missing.to_string().starts_with("gone.csv: "));
}

#[test]
fn the_message_lists_the_first_problems_and_counts_the_rest() {
    let (root, source) = folder();
    let text = HEADER.to_string() + &"cat/0.png,gone.png,cat,x,1\n".repeat(50);
    let message = read(root.path(), text, &source).unwrap_err().to_string();
    let lines: Vec<&str> = message.lines().collect();
    assert!(lines[0].ends_with("pairs.csv: 50 problems"), "{message}");
    assert_eq!(lines[1], "  line 2: `right` names a picture that does not exist: gone.png");
    assert_eq!((lines.len(), lines[21]), (22, "  ... and 30 more"));
}

#[test]
fn an_excluded_picture_is_distinguished_from_a_missing_one() {
    let (root, _) = folder();
    put(root.path(), "cat/3.png", b"no picture at all");
    let all: Arc<dyn PictureSource> = Arc::new(FolderSource::open(root.path()).unwrap());
    let text = format!(
        "{HEADER}cat/0.png,cat/3.png,cat,x,\ncat/0.png,cat/2.png,cat,x,\n\
         cat/0.png,cat/9.png,cat,x,\ncat/0.png,dog/0.png,,x,\n"
    );
    let left_out =
        |name: &str, why| ProblemKind::Exclusion { column: "right", name: name.into(), why };
    let missing = || ProblemKind::MissingPicture { column: "right", name: "cat/9.png".into() };
    let undecodable = || left_out("cat/3.png", Exclusion::Undecodable);
    let kinds = |source: &dyn PictureSource| {
        let problems = problems(root.path(), &text, source);
        problems.into_iter().map(|problem| (problem.line, problem.kind)).collect::<Vec<_>>()
    };

    let (good, _) = validate(all.clone(), OnBadPicture::Skip).unwrap();
    let good: Arc<dyn PictureSource> = Arc::new(good);
    assert_eq!(kinds(&good), [(2, undecodable()), (4, missing())]);
    let two = Subset::first_per_class(good.clone(), 2).unwrap();
    let outside = left_out("cat/2.png", Exclusion::PerClass);
    assert_eq!(kinds(&two), [(2, undecodable()), (3, outside), (4, missing())]);

    // A cache reports its own bad pictures and those excluded from its source.
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("a.cache");
    let cats = Subset::of_classes(all, &["cat"]).unwrap();
    let cache = CachedSource::open_or_build(&cats, 4, &file, OnBadPicture::Skip).unwrap();
    let dog = left_out("dog/0.png", Exclusion::OtherClass);
    assert_eq!(kinds(&cache), [(2, undecodable()), (4, missing()), (5, dog)]);
    let trusted = CachedSource::open(&file).unwrap();
    assert_eq!(kinds(&trusted)[0], (2, undecodable()));

    let message = read(root.path(), &text, &two).unwrap_err().to_string();
    for line in [
        "line 2: `right` names a picture that was excluded: cat/3.png cannot be decoded",
        "line 3: `right` names a picture that was excluded: cat/2.png is outside `per_class`",
        "line 4: `right` names a picture that does not exist: cat/9.png",
    ] {
        assert!(message.contains(line), "{message}");
    }
}

#[test]
fn rows_must_state_the_same_class_of_an_unlabelled_picture() {
    let (root, _) = folder();
    let flat = FlatSource::open(root.path()).unwrap();
    let text = format!("{HEADER}cat/0.png,cat/1.png,felis,x,\ncat/1.png,dog/1.png,canis,x,\n");
    let found = problems(root.path(), text, &flat);
    let change = ProblemKind::ClassChange {
        picture: "cat/1.png".into(),
        stated: "canis".into(),
        earlier: "felis".into(),
        line: 2,
    };
    assert_eq!(found, [ManifestProblem { line: 3, kind: change }]);
    let text = format!("{HEADER}cat/0.png,cat/1.png,felis,x,\ndog/1.png,dog/0.png,canis,x,\n");
    let summary = read(root.path(), text, &flat).unwrap().summary(&flat);
    assert_eq!((summary.classes, summary.mixed, summary.pairs), (2, 0, 2));
    let text = format!("{HEADER}cat/0.png,cat/1.png,felis,x,\ndog/1.png,dog/0.png,,x,\n");
    let summary = read(root.path(), text, &flat).unwrap().summary(&flat);
    assert_eq!((summary.classes, summary.mixed, summary.unlabelled), (1, 0, 1));
    assert!(summary.to_string().contains("across classes     0\nwithout a class    1\n"));
}

#[test]
fn a_written_manifest_is_read_back_unchanged() {
    let source = Labelled::new(&[4, 7, 2]);
    let root = tempfile::tempdir().unwrap();
    for pairing in [Pairing::RandomInClass, Pairing::Shuffled] {
        let pairs = pairing.pairs(&source, 3).unwrap();
        let manifest = Manifest::from_pairs(&source, &pairs, "drawn, with \"quotes\"");
        let file = root.path().join("drawn.csv");
        manifest.write(&file, &source).unwrap();
        assert_eq!(Manifest::read(&file, &source).unwrap(), manifest);
    }
    // A class of two gives one pair, and pairs of a picture with itself are omitted.
    let pairs = Pairing::RandomInClass.pairs(&source, 3).unwrap();
    assert_eq!(Manifest::from_pairs(&source, &pairs, "x").rows().len(), 4 + 7 + 1);
    let same = Pairing::Same { file: None }.pairs(&source, 3).unwrap();
    assert!(Manifest::from_pairs(&source, &same, "x").rows().is_empty());
}

#[test]
fn the_summary_has_the_right_counts() {
    let (root, source) = folder();
    let source: Arc<dyn PictureSource> = Arc::new(source);
    let text = format!(
        "{HEADER}cat/0.png,cat/1.png,cat,x,\ncat/1.png,cat/2.png,cat,x,\ndog/0.png,dog/1.png,,x,\n\
         cat/1.png,dog/0.png,,x,\n"
    );
    let summary = read(root.path(), text, &source).unwrap().summary(&source);
    assert_eq!((summary.pairs, summary.mixed, summary.classes, summary.pictures), (4, 1, 2, 5));
    assert_eq!((summary.min_per_class, summary.median_per_class, summary.max_per_class), (1, 1, 2));
    assert_eq!(summary.most_used, Some(("cat/1.png".into(), 3)));
    assert!(summary.to_string().contains("cat/1.png, 3 times"));
}
