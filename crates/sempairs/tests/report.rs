//! The HTML report of a comparison, with all combinations of present and missing parts.

mod page_check;

use sempairs::comparison::{ArmResult, Comparison, CurvePoint, Map, RunResult};
use sempairs::data::Picture;
use sempairs::data::pairing::Pairing;
use sempairs::eval::analysis::invariance::{FactorInvariance, InvarianceReport};
use sempairs::eval::{EvaluationProtocol as _, Protocol, Score};
use sempairs::experiment::Arm;
use sempairs::method_table::MethodTable;
use sempairs::report::{ExamplePairs, html};
use sempairs::train::{Alarm, NegativeCounts};

use page_check::assert_sound;

const CLASSES: [&str; 4] = ["heron", "kettle", "tram", "oak"];
const PROTOCOLS: [&str; 2] = ["probe", "knn"];

/// Pseudo-random number in [-1, 1) that depends on all elements of `of`.
fn noise(of: &[usize]) -> f64 {
    let mix = |state: u64, x: &usize| {
        (state ^ *x as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
    };
    let bits = of.iter().fold(7, mix).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (bits >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

fn score(protocol: &str, views: &str, top1: f64) -> Score {
    let settings: Protocol = protocol.parse().unwrap();
    Score {
        protocol: settings.name(),
        protocol_hash: format!("hash-of-{protocol}"),
        settings: settings.into(),
        views: views.into(),
        dataset: "far scenes".into(),
        top1,
        top5: (top1 + 0.3).min(1.0),
        per_class: CLASSES
            .iter()
            .zip(0..)
            .map(|(c, i)| ((*c).into(), top1 - 0.02 * f64::from(i)))
            .collect(),
        n_train: 4800,
        n_test: 1200,
        extra: Default::default(),
        correct: None,
    }
}

/// Accuracy of an arm at a step. Arms with a higher index improve later and reach a higher
/// accuracy.
fn accuracy(arm: usize, seed: usize, step: usize, protocol: usize) -> f64 {
    let (far, late) = (0.25 + 0.08 * arm as f64, 200.0 + 300.0 * arm as f64);
    let grown = far * (1.0 - (-(step as f64) / late).exp());
    let shaken = if step == 0 { 0.0 } else { 0.006 * noise(&[arm, seed, step, protocol]) };
    0.3 + grown + shaken - 0.03 * protocol as f64 + 0.004 * noise(&[seed])
}

fn run(arm: usize, seed: usize) -> RunResult {
    let factor = |(i, name): (usize, &&str)| FactorInvariance {
        factor: (*name).into(),
        similarity: 0.5,
        interval: Some([0.45, 0.55]),
        invariance: 0.4 + 0.1 * arm as f64 + 0.05 * i as f64 + 0.01 * noise(&[arm, seed, i]),
    };
    let factors = ["background", "occlusion", "pattern", "illumination"];
    let point = |step| CurvePoint {
        step,
        scores: (0..2)
            .map(|p| score(PROTOCOLS[p], "views", accuracy(arm, seed, step, p)))
            .collect(),
    };
    RunResult {
        seed: seed as u64,
        loss: (0..60)
            .map(|i| (20 * i + 20, 5.5 - 0.03 * i as f64 + 0.1 * noise(&[arm, seed, i])))
            .collect(),
        chance: None,
        information: Vec::new(),
        curve: (0..7).map(|i| point(200 * i)).collect(),
        invariance: Some(InvarianceReport {
            factors: factors.iter().enumerate().map(factor).collect(),
            same_class: 0.31,
            other_classes: -0.02,
            scenes: 240,
        }),
        collapse: None,
        negatives: None,
        alarms: Vec::new(),
        pairs_per_second: 412.0,
    }
}

fn comparison(arms: &[&str], seeds: usize) -> Comparison {
    let arm = |(i, name): (usize, &&str)| ArmResult {
        arm: Arm {
            name: (*name).into(),
            pairing: if i == 0 { Pairing::Same { file: None } } else { Pairing::RandomInClass },
            per_class: None,
        },
        pairs: 9440,
        pictures: 9440,
        runs: (0..seeds).map(|seed| run(i, seed)).collect(),
        missing: Vec::new(),
        map: Some(Map {
            points: (0..40).map(|p| [0, 1].map(|axis| noise(&[i, p, axis]) as f32)).collect(),
            labels: (0..40).map(|p| p % 4).collect(),
            classes: CLASSES.map(String::from).to_vec(),
        }),
    };
    let mut comparison = Comparison {
        name: "pairs-of-scenes".into(),
        identity: "5eed-1d".into(),
        experiment: "name = \"pairs-of-scenes\"\n[training]\nsteps = 1200\n".into(),
        device: "flex".into(),
        classes: CLASSES.len(),
        classes_of: [("far scenes".to_owned(), CLASSES.len())].into(),
        baselines: vec![
            score("knn", "raw pixels 32x32", 0.27),
            score("knn", "colour histogram 8x8x8", 0.29),
        ],
        arms: arms.iter().enumerate().map(arm).collect(),
        differences: Vec::new(),
    };
    if let Some(first) = arms.first().filter(|_| seeds > 0) {
        comparison.differences = comparison.compare_with(first);
    }
    comparison
}

fn examples(arms: &[&str]) -> Vec<ExamplePairs> {
    let picture = |of: usize| {
        let pixels: Vec<u8> = (0..3 * 8 * 8).map(|i| (of * 31 + i) as u8).collect();
        Picture::new(8, 8, pixels)
    };
    let example = |(i, name): (usize, &&str)| ExamplePairs {
        arm: (*name).into(),
        pairs: (0..3).map(|p| [picture(i), picture(i + p)]).collect(),
        views: (0..3).map(|p| [picture(p), picture(9 + p)]).collect(),
    };
    arms.iter().enumerate().map(example).collect()
}

#[test]
fn the_page_shows_every_arm_protocol_picture_and_number() {
    let arms = ["ap", "sp", "ap-twice"];
    let comparison = comparison(&arms, 3);
    let page = html(&comparison, &examples(&arms));
    assert_sound(&page);
    for section in [
        "Accuracy against steps",
        "Results",
        "Training pairs of each arm",
        "Invariance of the features",
        "Map of the embeddings",
        "Accuracy per class",
        "Pre-training",
        "Settings",
    ] {
        assert_eq!(page.matches(&format!("<h2>{section}</h2>")).count(), 1, "{section}");
    }
    for protocol in comparison.protocols() {
        assert!(page.contains(&format!("<h3>{protocol}</h3>")));
        assert!(page.contains(&format!("{protocol}: top-1 accuracy")));
    }
    for (i, arm) in comparison.arms.iter().enumerate() {
        assert!(page.contains(&format!("<b>{}</b>", arm.arm.name)));
        assert!(page.contains(&format!("a{i} line")) && page.contains(&format!("a{i} band")));
        for (_, value) in arm.final_top1(comparison.score_name(0)) {
            assert!(page.contains(&format!("<td>{:.2}</td>", 100.0 * value)));
        }
        // Three pairs, with a picture and a view of each side.
        assert_eq!(page.matches(&format!("alt=\"{}, pair", arm.arm.name)).count(), 12);
    }
    for class in CLASSES {
        assert!(page.matches(class).count() >= 3, "{class}: map, chart and table");
    }
    for text in [
        "hash-of-knn",
        "hash-of-probe",
        "5eed-1d",
        "flex",
        "raw pixels 32x32",
        "chance level",
        "untrained",
        "colour histogram 8x8x8",
        "steps = 1200",
        "sp \u{2212} ap",
    ] {
        assert!(page.contains(text), "{text}");
    }
    assert_eq!(page.matches("data:image/png;base64,iVBORw0KGgo").count(), 36);
}

#[test]
fn the_headline_and_the_crossing_are_computed_from_the_data() {
    let comparison = comparison(&["ap", "sp"], 3);
    let found = &comparison.differences[0].top1;
    let page = html(&comparison, &[]);
    let headline = format!(
        "sp is ahead of ap by {:.1} points [{:.1}, {:.1}] on far scenes (3 seeds, probe-lbfgs).",
        100.0 * found.mean,
        100.0 * found.low.unwrap(),
        100.0 * found.high.unwrap()
    );
    assert!(page.contains(&format!("<p class=\"headline\">{headline}</p>")), "{headline}");
    let step = comparison.crossing("sp", "ap", 0).unwrap();
    assert!(step > 200, "it starts later");
    let step = if step < 1000 { step.to_string() } else { format!("1\u{202f}{:03}", step - 1000) };
    assert!(page.contains(&format!("sp overtakes ap at step {step} and stays ahead to the end.")));
    // Evaluated only after the crossing, no arm overtakes another.
    let mut late = comparison.clone();
    for run in late.arms.iter_mut().flat_map(|arm| &mut arm.runs) {
        run.curve.retain(|point| point.step >= 1000);
    }
    let late = html(&late, &[]);
    assert!(
        late.contains("sp is ahead of ap from step 1\u{202f}000 to the end; ap is never ahead.")
    );
    assert!(!late.contains("overtakes"));
    // With swapped arms no arm overtakes another, and the first one is behind.
    let mut swapped = comparison.clone();
    swapped.arms.reverse();
    swapped.differences = swapped.compare_with("sp");
    assert!(html(&swapped, &[]).contains("ap is behind sp by"));
}

/// The comparison with scores on a second data set, which has two of the classes.
fn on_two_data_sets(mut comparison: Comparison) -> Comparison {
    let second = |score: &Score| {
        let mut score = Score { dataset: "near photos".into(), ..score.clone() };
        score.top1 += 0.2;
        score.per_class.truncate(2);
        score
    };
    for arm in &mut comparison.arms {
        for point in arm.runs.iter_mut().flat_map(|run| &mut run.curve) {
            let more: Vec<Score> = point.scores.iter().map(second).collect();
            point.scores.extend(more);
        }
    }
    let more: Vec<Score> = comparison.baselines.iter().map(second).collect();
    comparison.baselines.extend(more);
    comparison.classes_of.insert("near photos".into(), 2);
    comparison.differences = comparison.compare_with("ap");
    comparison
}

#[test]
fn every_data_set_has_its_own_numbers() {
    let one = comparison(&["ap", "sp"], 3);
    let both = on_two_data_sets(one.clone());
    let [probe, knn] = PROTOCOLS.map(|name| name.parse::<Protocol>().unwrap().name());
    let labels = ["far scenes", "near photos"];
    let labels = labels.map(|data| [format!("{data}, {probe}"), format!("{data}, {knn}")]);
    assert_eq!(both.protocols(), labels.concat());
    assert_eq!(one.protocols(), [probe.clone(), knn.clone()]);
    assert_eq!(both.datasets(), ["far scenes", "near photos"]);
    assert_eq!(both.first_protocols(), [0, 2]);
    assert_eq!((both.dataset_of(3), both.protocol_name(3)), ("near photos", &knn[..]));
    assert_eq!([0, 1, 2, 3].map(|i| both.chance_of(i)), [0.25, 0.25, 0.5, 0.5].map(Some));
    assert_eq!(both.baselines_of(2).count(), 2);
    assert_eq!(both.differences.len(), 4);

    let page = html(&both, &[]);
    assert_sound(&page);
    for label in labels.concat() {
        assert!(page.contains(&format!("<h3>{label}</h3>")), "{label}");
        assert!(page.contains(&format!("{label}: top-1 accuracy")), "{label}");
    }
    assert!(page.contains("scored on far scenes and near photos"));
    // One sentence for each data set.
    for data in ["far scenes", "near photos"] {
        assert!(page.contains(&format!("on {data} (3 seeds, {probe}).")), "{data}");
        assert!(page.contains(&format!("<h3>{data}</h3>")), "the classes of {data}");
        assert!(page.contains(&format!("<th scope=\"row\">{data}</th>")), "a column of {data}");
    }
    assert_eq!(page.matches("<h2>Accuracy per class</h2>").count(), 1);
    // The results of the first data set are those without the second.
    let alone = html(&one, &[]);
    assert!(!alone.contains("<h3>far scenes</h3>"));
    let table = |page: &str, heading: &str| {
        let rest = page.split_once(&format!("<h3>{heading}</h3>")).unwrap().1;
        rest.split_once("</table></div>\n</div>").unwrap().0.to_owned()
    };
    assert_eq!(table(&page, &labels[0][1]), table(&alone, &knn));
    let near = table(&page, &labels[1][1]);
    for expected in ["raw pixels 32x32", "<td>47.00</td>", "<td>50.00</td>", "sp \u{2212} ap"] {
        assert!(near.contains(expected), "{expected}: {near}");
    }

    let text = both.to_string();
    for expected in [
        format!("near photos top-1, {probe}: mean"),
        format!("(near photos, {knn})"),
        format!("  {:<24} {:6.2} %  (near photos)", "chance level", 50.0),
    ] {
        assert!(text.contains(&expected), "{expected}: {text}");
    }
    assert!(one.to_string().ends_with(&format!("  {:<24} {:6.2} %", "chance level", 25.0)));
    let json = serde_json::to_string(&both).unwrap();
    assert_eq!(serde_json::from_str::<Comparison>(&json).unwrap(), both);
    // Results of earlier versions have one data set and no number of classes by its name.
    let mut old = one.clone();
    old.classes_of.clear();
    assert!(!serde_json::to_string(&old).unwrap().contains("classes_of"));
    assert_eq!(old.chance_of(1), Some(0.25));
    assert_eq!(html(&old, &[]), alone);
}

#[test]
fn an_unfinished_study_is_marked_at_the_top() {
    let mut comparison = comparison(&["ap", "sp"], 3);
    assert_eq!(comparison.unfinished(), None);
    let finished = (html(&comparison, &[]), comparison.to_string());
    for (arm, seeds) in [(0, vec![3]), (1, vec![3, 4])] {
        comparison.arms[arm].missing = seeds;
    }
    let unfinished = "Unfinished: 6 of 9 runs have scores; missing: ap (seed 3), sp (seeds 3, 4)";
    let page = html(&comparison, &[]);
    assert_sound(&page);
    let marked = format!("<p class=\"also\"><b>{unfinished}</b></p>\n");
    assert_eq!(page.replacen(&marked, "", 1), finished.0);
    assert_eq!(comparison.to_string(), format!("{unfinished}\n{}", finished.1));
    let json = serde_json::to_string(&comparison).unwrap();
    assert_eq!(serde_json::from_str::<Comparison>(&json).unwrap(), comparison);
}

#[test]
fn text_is_escaped() {
    let evil = "<script>alert('x')</script>\"&";
    let mut comparison = comparison(&[evil, "sp"], 2);
    comparison.name = evil.into();
    comparison.identity = evil.into();
    comparison.experiment = evil.into();
    comparison.device = evil.into();
    comparison.baselines[0].views = evil.into();
    for arm in &mut comparison.arms {
        arm.map.as_mut().unwrap().classes[1] = evil.into();
        for run in &mut arm.runs {
            run.invariance.as_mut().unwrap().factors[0].factor = evil.into();
            for score in run.curve.iter_mut().flat_map(|point| &mut point.scores) {
                score.dataset = evil.into();
                score.per_class[0].0 = evil.into();
                score.views = evil.into();
                score.protocol_hash = evil.into();
            }
        }
    }
    let page = html(&comparison, &examples(&[evil, "unknown < arm"]));
    assert_sound(&page);
    assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;"));
}

#[test]
fn the_page_of_one_seed_states_that_there_is_no_interval() {
    let page = html(&comparison(&["ap", "sp"], 1), &[]);
    assert_sound(&page);
    assert!(page.contains("one seed gives no interval."));
    assert!(!page.contains("Training pairs of each arm"));
}

#[test]
fn sections_without_data_are_omitted() {
    let mut lean = comparison(&["ap", "sp"], 2);
    lean.baselines.clear();
    lean.classes = 0;
    lean.classes_of.clear();
    for arm in &mut lean.arms {
        arm.map = None;
        for run in &mut arm.runs {
            run.invariance = None;
            run.loss.clear();
            run.curve.drain(..6);
            run.curve[0].scores.iter_mut().for_each(|score| score.per_class.clear());
        }
    }
    let page = html(&lean, &[]);
    assert_sound(&page);
    for section in [
        "Invariance of the features",
        "Map of the embeddings",
        "Accuracy per class",
        "Pre-training",
        "Training pairs of each arm",
    ] {
        assert!(!page.contains(&format!("{section}</h2>")), "{section}");
    }
    let (_, body) = page.split_once("</style>").unwrap();
    assert!(!body.contains("untrained") && !body.contains("chance level"));

    for empty in [comparison(&[], 0), comparison(&["ap"], 0), comparison(&["ap", "sp"], 0)] {
        let page = html(&empty, &[]);
        assert_sound(&page);
        assert!(page.contains("Nothing has been scored yet.") && page.contains("Settings"));
    }
    let alone = html(&comparison(&["ap"], 3), &[]);
    assert_sound(&alone);
    assert!(alone.contains("<p class=\"headline\">ap reaches "));
}

#[test]
fn values_that_are_not_finite_count_as_missing() {
    let mut broken = comparison(&["ap", "sp", "ap-twice"], 3);
    broken.differences[0].top1.mean = f64::NAN;
    broken.differences[1].top1.high = Some(f64::INFINITY);
    broken.differences[1].top1.p_value = Some(f64::NAN);
    broken.baselines[0].top1 = f64::NAN;
    let map = broken.arms[0].map.as_mut().unwrap();
    map.points[3] = [f32::NAN, f32::INFINITY];
    let all = &mut broken.arms[1].runs;
    for run in all.iter_mut() {
        run.loss.iter_mut().for_each(|(_, loss)| *loss = f64::NAN);
        run.pairs_per_second = f64::NAN;
        run.invariance.as_mut().unwrap().factors[0].invariance = f64::NAN;
    }
    all[0].curve[3].scores[0].top1 = f64::NAN;
    all[1].curve[6].scores[1].top1 = f64::INFINITY;
    all[2].curve.pop();
    all[2].curve[2].scores.pop();
    broken.arms[2].runs[0].invariance.as_mut().unwrap().other_classes = 1.0;
    broken.arms[2].runs.iter_mut().for_each(|run| run.curve.clear());
    assert_sound(&html(&broken, &[]));
    for run in broken.arms.iter_mut().flat_map(|arm| &mut arm.runs) {
        run.loss.iter_mut().for_each(|(_, loss)| *loss = f64::INFINITY);
        for score in run.curve.iter_mut().flat_map(|point| &mut point.scores) {
            (score.top1, score.top5) = (f64::NAN, f64::NAN);
            score.per_class.iter_mut().for_each(|(_, share)| *share = f64::NAN);
        }
    }
    assert_sound(&html(&broken, &[]));
}

#[test]
fn collapsed_runs_and_numbers_of_negatives_are_reported() {
    let mut collapsed = comparison(&["ap", "sp"], 2);
    let page = |comparison: &Comparison| html(comparison, &[]);
    assert!(!page(&collapsed).contains("collapsed or learned nothing"));
    assert!(!page(&collapsed).contains("same class</th>"));
    let run = &mut collapsed.arms[1].runs[1];
    run.alarms = vec![Alarm::Rank { value: 1.02 }];
    run.negatives =
        Some(NegativeCounts { all: 510.0, same_class: Some(2.5), own: 1.25, partner: 0.0 });
    let page = page(&collapsed);
    let warning =
        "sp, seed 1, has collapsed or learned nothing: the embeddings vary in one dimension";
    assert!(page.contains(warning) && collapsed.to_string().contains(warning));
    for part in ["510", "2.50", "1.25", "same class</th>"] {
        assert!(page.contains(part), "no {part}");
    }
}

#[test]
fn the_table_of_methods_has_the_published_numbers_of_the_paper() {
    let mut table = MethodTable::default();
    let mut collapsed = comparison(&["ap", "sp"], 3);
    table.push("simclr", &collapsed);
    collapsed.arms[0].runs[0].alarms = vec![Alarm::Deviation { value: 0.001 }];
    table.push("swav", &collapsed);
    table.push("dino_vit", &comparison(&["ap"], 1));
    let text = table.to_string();
    let row = |method: &str| {
        let line = text.lines().find(|line| line.trim_start().starts_with(method));
        line.unwrap_or_else(|| panic!("no {method} in {text}")).to_owned()
    };
    let difference = &collapsed.compare_with("ap")[0].top1;
    assert!(row("simclr").contains(&format!("{:+.2} [", 100.0 * difference.mean)), "{text}");
    assert!(row("simclr").contains("+3.83 (85.59 - 81.76; STL-10, linear probe: Table 1)"));
    assert!(!row("simclr").contains("collapsed"), "{text}");
    assert!(row("swav").contains("collapsed or learned nothing"), "{text}");
    assert!(row("dino_vit").contains("+2.90 (82.1 - 79.2"), "{text}");
    // Without the second arm there is no difference to report.
    assert!(row("dino_vit").contains(" -   -"), "{text}");
}
