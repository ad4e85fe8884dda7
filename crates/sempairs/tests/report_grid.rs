//! The report of a grid of experiments, with finished, unfinished and missing experiments.

mod page_check;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sempairs::comparison::Comparison;
use sempairs::comparison::grid::{GridComparison, State, unmatched};
use sempairs::data::Picture;
use sempairs::data::pairing::Pairing;
use sempairs::eval::stats::{Estimate, difference};
use sempairs::eval::{Correct, EvaluationProtocol as _, Protocol, ProtocolSettings};
use sempairs::experiment::{Arm, Compare, Published, StudyAbout};
use sempairs::grid::{GridAxis, GridRecord, PointRecord};
use sempairs::png;
use sempairs::report::GridFiles;
use serde_json::{Value, json};

use page_check::{assert_sound, assert_well_formed};

/// Number of test pictures.
const PICTURES: usize = 400;
const DATASETS: [&str; 2] = ["far scenes", "photos"];
const PROTOCOLS: [&str; 2] = ["probe", "knn"];
const PAIRS: [&str; 3] = ["50", "100", "157"];

/// Pseudo-random number in [-1, 1) that depends on all elements of `of`.
fn noise(of: &[usize]) -> f64 {
    let mix = |state: u64, x: &usize| {
        (state ^ *x as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
    };
    let bits = of.iter().fold(7, mix).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (bits >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// Whether a run classifies a picture correctly; more often for later points, arms and steps.
fn is_correct(place: [usize; 5], picture: usize) -> bool {
    let [point, arm, seed, dataset, step] = place;
    let grown = 1.0 - (-(step as f64) / 300.0).exp();
    let gap = 0.08 - 0.02 * point as f64;
    let share = 0.2 + grown * (0.4 + 0.04 * point as f64 + gap * arm as f64);
    // Most of it is common to all runs.
    let hard = 0.5 + 0.5 * noise(&[picture, dataset, 77]);
    hard + 0.06 * noise(&[picture, point, arm, seed, dataset, step]) < share
}

fn score(place: [usize; 5], protocol: &str) -> Value {
    let settings: Protocol = protocol.parse().unwrap();
    let correct: Correct = (0..PICTURES).map(|picture| is_correct(place, picture)).collect();
    json!({
        "protocol": settings.name(),
        "protocol_hash": "hash",
        "settings": ProtocolSettings::from(settings),
        "views": "views",
        "dataset": DATASETS[place[3]],
        "top1": correct.accuracy(),
        "top5": 0.99,
        "per_class": [],
        "n_train": 4800,
        "n_test": PICTURES,
        "extra": {},
        "correct": correct,
    })
}

fn run(point: usize, arm: usize, seed: usize) -> Value {
    let scores = |step: usize| -> Vec<Value> {
        let of = |dataset| PROTOCOLS.map(|name| score([point, arm, seed, dataset, step], name));
        (0..DATASETS.len()).flat_map(of).collect()
    };
    let curve = |i: usize| json!({ "step": 200 * i, "scores": scores(200 * i) });
    let loss = |i: usize| 5.5 - 2.0 * (1.0 - (-(i as f64) / 20.0).exp()) + 0.5 * arm as f64;
    let factor = |(i, name): (usize, &str)| {
        let invariance = 0.4 + 0.1 * arm as f64 + 0.05 * i as f64 + 0.01 * noise(&[arm, seed, i]);
        json!({
            "factor": name, "similarity": 0.5, "interval": [0.45, 0.55], "invariance": invariance,
        })
    };
    let factors = ["background", "pattern", "illumination"].into_iter().enumerate().map(factor);
    json!({
        "seed": seed,
        "loss": (0..60).map(|i| json!([20 * i + 20, loss(i)])).collect::<Vec<_>>(),
        "information": (0..60).map(|i| json!([20 * i + 20, 6.2 - loss(i)])).collect::<Vec<_>>(),
        "curve": (0..7).map(curve).collect::<Vec<_>>(),
        "invariance": {
            "factors": factors.collect::<Vec<_>>(),
            "same_class": 0.31,
            "other_classes": -0.02,
            "scenes": 240,
        },
        "pairs_per_second": 412.0,
    })
}

fn arms(names: &[&str]) -> Vec<Arm> {
    let arm = |(i, name): (usize, &&str)| Arm {
        name: (*name).into(),
        pairing: if i == 0 { Pairing::Same { file: None } } else { Pairing::RandomInClass },
        per_class: None,
    };
    names.iter().enumerate().map(arm).collect()
}

fn comparison(point: usize, names: &[&str], seeds: usize) -> Comparison {
    let arm = |(i, arm): (usize, Arm)| {
        json!({
            "arm": arm,
            "pairs": 9440,
            "pictures": 9440,
            "runs": (0..seeds).map(|seed| run(point, i, seed)).collect::<Vec<_>>(),
        })
    };
    let value = json!({
        "name": format!("pairs-{point}"),
        "identity": format!("5eed-{point}"),
        "experiment": "",
        "device": "flex",
        "classes": 10,
        "baselines": [],
        "arms": arms(names).into_iter().enumerate().map(arm).collect::<Vec<_>>(),
        "differences": [],
    });
    let mut comparison: Comparison = serde_json::from_value(value).unwrap();
    comparison.differences = comparison.compare_with(names[0]);
    comparison
}

fn published(pairs: &str, arm: &str, value: f64) -> Published {
    Published {
        at: BTreeMap::from([("pairs".to_owned(), pairs.to_owned())]),
        arm: arm.into(),
        dataset: DATASETS[0].into(),
        value,
        protocol: None,
        metric: "top-1".into(),
    }
}

/// The grid of three numbers of pairs and two arms, all without results.
fn grid() -> GridComparison {
    let record = GridRecord {
        name: "fewer-pairs".into(),
        about: StudyAbout {
            title: "Fewer pairs & classes".into(),
            about: "The gap is expected to widen as pairs get fewer.".into(),
            source: "arXiv 2510.08722, Table 5".into(),
            published: vec![
                published("50", "ap", 77.48),
                published("50", "sp", 81.68),
                Published { metric: "AP50".into(), ..published("50", "sp", 3.5) },
            ],
            ..StudyAbout::default()
        },
        axes: vec![GridAxis { name: "pairs".into(), labels: PAIRS.map(String::from).to_vec() }],
        points: PAIRS
            .map(|label| PointRecord {
                labels: vec![label.into()],
                folder: format!("fewer-pairs-pairs={label}"),
            })
            .to_vec(),
    };
    GridComparison { record, points: vec![None, None, None] }
}

fn finished(seeds: usize) -> GridComparison {
    let points = (0..3).map(|point| Some(comparison(point, &["ap", "sp"], seeds))).collect();
    GridComparison { points, ..grid() }
}

/// Writes the report into a temporary folder and returns the page and all other files.
fn report(grid: &GridComparison) -> (String, BTreeMap<String, String>) {
    report_in(&grid.record.name, grid)
}

/// As [`report`], in a folder of this name.
fn report_in(name: &str, grid: &GridComparison) -> (String, BTreeMap<String, String>) {
    let runs = tempfile::tempdir().unwrap();
    let folder = runs.path().join(name);
    let files = GridFiles::write(&folder, grid).unwrap();
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    let tables = [&files.markdown, &files.scores, &files.differences, &files.latex];
    let others = tables.into_iter().chain(&files.plots).map(|path| {
        let name = path.strip_prefix(&folder).unwrap().display().to_string();
        (name.replace('\\', "/"), read(path))
    });
    let others: BTreeMap<String, String> = others.collect();
    for (name, text) in others.iter().filter(|(name, _)| name.ends_with(".svg")) {
        assert_well_formed(&format!("<!DOCTYPE html>\n{text}"));
        assert!(text.contains("xmlns=\"http://www.w3.org/2000/svg\"") && text.contains("<style>"));
        assert!(!text.contains("NaN") && !text.contains("var("), "{name}");
    }
    for (name, text) in others.iter().filter(|(name, _)| !name.ends_with(".svg")) {
        assert!(!text.contains("NaN") && !text.contains("inf,"), "{name}");
    }
    let page = read(&files.report);
    assert_sound(&page);
    (page, others)
}

/// The fields of a CSV file (RFC 4180) by the names of their columns.
fn records(csv: &str) -> Vec<BTreeMap<String, String>> {
    let mut lines = vec![vec![String::new()]];
    let mut quoted = false;
    let mut chars = csv.chars().peekable();
    while let Some(c) = chars.next() {
        let line = lines.last_mut().unwrap();
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                line.last_mut().unwrap().push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => line.push(String::new()),
            '\n' if !quoted => lines.push(vec![String::new()]),
            c => line.last_mut().unwrap().push(c),
        }
    }
    assert_eq!(lines.pop(), Some(vec![String::new()]), "the last line ends");
    let head = lines.remove(0);
    let record = |line: Vec<String>| {
        assert_eq!(line.len(), head.len(), "{line:?}");
        head.iter().cloned().zip(line).collect()
    };
    lines.into_iter().map(record).collect()
}

fn estimate(comparison: &Comparison, arm: usize, protocol: usize) -> Estimate {
    comparison.arms[arm].final_mean(comparison.score_name(protocol)).unwrap()
}

#[test]
fn every_cell_has_its_interval_and_the_published_number() {
    let grid = finished(3);
    let (page, others) = report(&grid);
    let comparison = grid.points[0].as_ref().unwrap();
    for arm in 0..2 {
        let found = estimate(comparison, arm, 0);
        let mean = format!("{:.2}", 100.0 * found.mean);
        let [low, high] = [found.low, found.high].map(|end| 100.0 * end.unwrap());
        let published = ["77.48", "81.68"][arm];
        assert!(page.contains(&format!(
            "<td><b>{mean}</b><span class=\"sub\">[{low:.2}, {high:.2}]</span><span class=\"sub \
             published\">published {published}</span></td>"
        )));
        assert!(others["tables.md"].contains(&format!(
            "**{mean}**<br>\\[{low:.2}, {high:.2}\\]<br>published {published}"
        )));
        assert!(others["tables.tex"].contains(&format!(
            "\\shortstack[r]{{{mean} \\\\ {{\\scriptsize [{low:.2}, {high:.2}]}} \\\\ \
             {{\\scriptsize published {published}}}}}"
        )));
    }
    let tables = grid.tables();
    assert_eq!(tables.len(), 2, "one table per protocol");
    for cell in &tables[0].differences {
        let found = cell.difference.unwrap();
        assert!(page.contains(&format!("Holm {}", holm_text(cell.holm.unwrap()))));
        assert!(found.p_value.unwrap() <= cell.holm.unwrap());
        let pictures = cell.pictures.unwrap();
        assert!(pictures.low <= found.mean && found.mean <= pictures.high);
    }
    assert!(page.contains("published +4.20") && !page.contains("not run yet"));
    assert!(page.contains("sp is ahead of ap in "));
    assert!(!page.contains("Unfinished"));
    for section in [
        "Results",
        "Accuracy of every arm",
        "Differences between the arms",
        "Accuracy against steps",
        "Invariance of the features",
        "Information bound",
        "Experiments",
    ] {
        assert_eq!(page.matches(&format!("<h2>{section}</h2>")).count(), 1, "{section}");
    }
    for label in PAIRS {
        let link = format!("<a href=\"../fewer-pairs-pairs={label}/report.html\">");
        assert!(page.contains(&link), "{link}");
    }
    let plots = ["accuracy-far-scenes-probe-lbfgs", "difference-photos-probe-lbfgs-against-pairs"];
    for plot in plots {
        assert!(others.contains_key(&format!("plots/{plot}.svg")), "{plot} of {:?}", others.keys());
    }
}

/// A p-value as on the page.
fn holm_text(p: f64) -> String {
    if p < 0.001 { "&lt;\u{a0}0.001".into() } else { format!("= {p:.3}") }
}

#[test]
fn the_layout_follows_the_study() {
    let mut grid = finished(2);
    let heads = |grid: &GridComparison| {
        let (page, _) = report(grid);
        let table = page.split("<table class=\"sheet\">").nth(1).unwrap();
        let (head, body) = table.split_once("</thead>").unwrap();
        let rows = body.split_once("</table>").unwrap().0.matches("<tr>").count();
        let texts =
            head.split("</th>").filter_map(|cell| Some(cell.rsplit_once('>')?.1.to_owned()));
        (texts.filter(|text| !text.trim().is_empty()).collect::<Vec<_>>(), rows)
    };
    let (head, rows) = heads(&grid);
    let arms = ["ap", "sp", "sp \u{2212} ap"];
    assert_eq!(head[..2], DATASETS);
    assert_eq!(
        (&head[2..3], &head[3..6], &head[6..9]),
        (&["pairs".to_owned()][..], &arms.map(String::from)[..], &arms.map(String::from)[..])
    );
    assert_eq!(rows, 3);
    // As in Table 5 of the paper.
    grid.record.about.rows = vec!["evaluation".into(), "arms".into()];
    grid.record.about.columns = vec!["pairs".into()];
    let (head, rows) = heads(&grid);
    assert_eq!(head, ["pairs", "data", "arm", "50", "100", "157"]);
    assert_eq!(rows, 6);
}

#[test]
fn unfinished_grids_say_what_is_missing() {
    let mut grid = finished(3);
    grid.points[1] = None;
    let partial = grid.points[2].as_mut().unwrap();
    partial.arms[1].missing = vec![partial.arms[1].runs.pop().unwrap().seed];
    let unfinished = "Unfinished: 1 of 3 experiments is complete; incomplete: pairs 157 (1 run \
                      missing); without results: pairs 100";
    assert_eq!(grid.unfinished().as_deref(), Some(unfinished));
    let (page, others) = report(&grid);
    assert!(page.contains("without results: pairs 100</b>"));
    assert!(page.contains("not run yet") && page.contains("2 of 3 seeds"));
    assert!(others["tables.md"].contains("not run yet"));
    assert!(others["tables.tex"].contains("\\emph{not run yet}"));
    let main = &grid.tables()[0];
    let cell = main.score(1, DATASETS[0], "sp").unwrap();
    assert_eq!((cell.state, cell.accuracy), (State::NotRun, None));
    assert_eq!(main.difference(1, DATASETS[0], ["sp", "ap"]).unwrap().holm, None);
    assert_eq!(main.difference(2, DATASETS[0], ["sp", "ap"]).unwrap().values.len(), 2);

    // The published numbers stand in the table before anything has run.
    let (page, others) = report(&self::grid());
    assert!(page.contains("Nothing has been scored yet.") && page.contains("published 81.68"));
    assert!(page.contains("Unfinished: 0 of 3 experiments are complete"));
    assert!(!others.keys().any(|name| name.ends_with(".svg")));
}

#[test]
fn one_seed_says_that_there_is_no_interval() {
    let (page, others) = report(&finished(1));
    assert!(page.contains("one seed gives no intervals."));
    assert!(page.contains("<span class=\"sub\">one seed: no interval</span>"));
    for record in records(&others["tables.csv"]) {
        assert!(!record["mean"].is_empty() && record["low"].is_empty() && record["n"] == "1");
    }
    for record in records(&others["differences.csv"]) {
        assert!(record["p"].is_empty() && record["p_holm"].is_empty());
        assert!(!record["pictures_low"].is_empty(), "pictures can be resampled with one seed");
    }
}

#[test]
fn csv_files_have_every_number() {
    let mut grid = finished(3);
    grid.record.axes[0].labels[1] = "100, \"few\"".into();
    grid.record.points[1].labels[0] = "100, \"few\"".into();
    let (_, others) = report(&grid);
    let scores = records(&others["tables.csv"]);
    assert_eq!(scores.len(), 3 * 2 * 2 * 2, "points, arms, data sets, protocols");
    let is_it = |record: &&BTreeMap<String, String>| {
        let keys = ["pairs", "arm", "dataset", "protocol"];
        let place = keys.map(|key| record[key].as_str());
        place == ["100, \"few\"", "sp", "photos", "knn-k20-t0.07"]
    };
    let record = scores.iter().find(is_it).unwrap();
    let comparison = grid.points[1].as_ref().unwrap();
    let close = |text: &str, expected: f64| {
        assert!((text.parse::<f64>().unwrap() - 100.0 * expected).abs() < 1e-5, "{text}");
    };
    let found = estimate(comparison, 1, 3);
    close(&record["mean"], found.mean);
    close(&record["low"], found.low.unwrap());
    close(&record["high"], found.high.unwrap());
    for (seed, value) in comparison.arms[1].final_top1(comparison.score_name(3)) {
        close(&record[&format!("seed_{seed}")], value);
    }
    assert_eq!(record["published"], "");
    let differences = records(&others["differences.csv"]);
    assert_eq!(differences.len(), 3 * 2 * 2);
    let first = &differences[0];
    close(&first["published"], 0.042);
    let values = |arm: usize| -> Vec<f64> {
        let comparison = grid.points[0].as_ref().unwrap();
        let of = comparison.arms[arm].final_top1(comparison.score_name(0));
        of.into_iter().map(|(_, value)| value).collect()
    };
    let found = difference(&values(1), &values(0));
    close(&first["mean"], found.mean);
    assert_eq!(first["p"].parse::<f64>().unwrap(), found.p_value.unwrap());
    assert_eq!((first["arm"].as_str(), first["against"].as_str()), ("sp", "ap"));
}

#[test]
fn published_numbers_without_a_counterpart_are_listed() {
    let grid = finished(2);
    let tables = grid.tables();
    let others: Vec<&str> = unmatched(&grid, &tables).iter().map(|p| p.metric.as_str()).collect();
    assert_eq!(others, ["AP50"]);
    let (page, _) = report(&grid);
    assert!(page.contains("<td>AP50</td><td>3.50</td>"));
    // A number without a protocol belongs to the first one.
    let cell = |table: usize| tables[table].score(0, DATASETS[0], "sp").unwrap();
    assert_eq!((cell(0).published.is_some(), cell(1).published), (true, None));
}

#[test]
fn text_is_escaped_in_every_format() {
    let mut grid = finished(2);
    let evil = "<script>a_b|c & 50 % {x}</script>";
    grid.record.about.title = evil.into();
    grid.record.about.about = evil.into();
    grid.record.axes[0].labels[0] = evil.into();
    grid.record.points[0].labels[0] = evil.into();
    grid.record.points[0].folder = "a \"b\"".into();
    let (page, others) = report(&grid);
    assert!(page.contains("&lt;script&gt;a_b|c &amp; 50 % {x}&lt;/script&gt;"));
    assert!(page.contains("../a%20%22b%22/report.html"));
    assert!(others["tables.md"].contains("\\<script\\>a\\_b\\|c & 50 % {x}"));
    let latex = &others["tables.tex"];
    assert!(latex.contains("$<$script$>$a\\_b$|$c \\& 50 \\% \\{x\\}"));
    for line in latex.lines().filter(|line| !line.starts_with('%')) {
        let (mut depth, mut escaped) = (0, false);
        for c in line.chars() {
            match c {
                '{' if !escaped => depth += 1,
                '}' if !escaped => depth -= 1,
                _ => {}
            }
            escaped = c == '\\' && !escaped;
            assert!(depth >= 0, "{line}");
        }
        assert_eq!(depth, 0, "{line}");
    }
    assert_eq!(latex.matches("\\begin{tabular}").count(), latex.matches("\\end{tabular}").count());
}

#[test]
fn a_single_experiment_is_a_grid_without_axes() {
    let mut grid = finished(3);
    grid.record.axes.clear();
    grid.record.points = vec![PointRecord { labels: Vec::new(), folder: "fewer-pairs".into() }];
    grid.points.truncate(1);
    let (page, others) = report(&grid);
    for section in ["Accuracy against steps", "Information bound", "Pre-training", "Settings"] {
        assert_eq!(page.matches(&format!("<h2>{section}</h2>")).count(), 1, "{section}");
    }
    assert!(page.contains("this page") && !page.contains("href=\"../"));
    assert_eq!(records(&others["tables.csv"]).len(), 8);
}

#[test]
fn stored_results_are_read_and_missing_ones_are_not_errors() {
    let runs = tempfile::tempdir().unwrap();
    let study = json!({
        "name": "pairs-0",
        "identity": "5eed-0",
        "experiment": "",
        "device": "flex",
        "classes": 10,
        "baselines": [],
        "arms": arms(&["ap", "sp"])
            .into_iter()
            .map(|arm| json!({ "arm": arm, "pairs": 9440, "pictures": 9440 }))
            .collect::<Vec<_>>(),
        "seeds": [0, 1],
    });
    let write = |path: &Path, value: &Value| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, value.to_string()).unwrap();
    };
    let record = grid().record;
    let folder = |point: usize| runs.path().join(&record.points[point].folder);
    for point in 0..2 {
        write(&folder(point).join("study.json"), &study);
    }
    for (arm, name) in ["ap-seed0", "sp-seed0"].into_iter().enumerate() {
        write(&folder(0).join(name).join("result.json"), &run(0, arm, 0));
    }
    let found = GridComparison::stored(runs.path(), record.clone()).unwrap();
    assert!(found.points[1].is_none() && found.points[2].is_none());
    let comparison = found.points[0].as_ref().unwrap();
    assert_eq!((comparison.arms[1].runs.len(), &comparison.arms[1].missing[..]), (1, &[1][..]));
    fs::write(folder(0).join("sp-seed0/result.json"), "{").unwrap();
    let error = GridComparison::stored(runs.path(), record).unwrap_err().to_string();
    assert!(error.contains("result.json") && error.contains("damaged"), "{error}");
}

#[test]
fn the_pairs_of_the_first_experiment_with_results_are_shown() {
    let runs = tempfile::tempdir().unwrap();
    let mut grid = finished(2);
    grid.points[0] = None;
    write_examples(&grid, runs.path());
    let files = GridFiles::write(&runs.path().join("fewer-pairs"), &grid).unwrap();
    let page = fs::read_to_string(files.report).unwrap();
    assert_sound(&page);
    // Two arms with one pair: two pictures and two views each.
    assert_eq!(page.matches("data:image/png;base64,").count(), 8);
    assert!(page.contains("These are the pairs of the experiment pairs 100."));
}

#[test]
fn every_point_with_other_views_has_its_pairs() {
    let runs = tempfile::tempdir().unwrap();
    let mut grid = finished(2);
    for (point, comparison) in grid.points.iter_mut().flatten().enumerate() {
        // The last two points differ in a setting that changes no picture.
        let size = [24, 32, 32][point];
        let text = format!("[pictures]\nsize = 32\n[views]\nsize = {size}\n");
        comparison.experiment = format!("{text}[training]\nsteps = {point}\n");
    }
    write_examples(&grid, runs.path());
    let files = GridFiles::write(&runs.path().join("fewer-pairs"), &grid).unwrap();
    let page = fs::read_to_string(files.report).unwrap();
    assert_sound(&page);
    assert_eq!(page.matches("data:image/png;base64,").count(), 16);
    assert!(page.contains("<details open><summary>pairs 50</summary>"));
    assert!(page.contains("<details><summary>pairs 100</summary>"));
    assert!(!page.contains("<summary>pairs 157</summary>"));
    assert_eq!(page.matches("<h2>Training pairs of each arm</h2>").count(), 1);
}

fn side(names: &[(&str, &str)]) -> BTreeMap<String, String> {
    names.iter().map(|(key, label)| ((*key).to_owned(), (*label).to_owned())).collect()
}

/// The grid with a list of differences: between the arms of the smallest set, and between two sets.
fn with_comparisons() -> GridComparison {
    let mut grid = finished(3);
    grid.record.about.compare = vec![
        Compare {
            of: side(&[("arm", "sp"), ("pairs", "50")]),
            against: side(&[("arm", "ap"), ("pairs", "50")]),
        },
        Compare {
            of: side(&[("arm", "sp"), ("pairs", "50")]),
            against: side(&[("arm", "ap"), ("pairs", "157")]),
        },
    ];
    grid.record.about.published.push(published("157", "ap", 80.0));
    grid
}

#[test]
fn a_study_says_what_is_compared() {
    let grid = with_comparisons();
    let table = &grid.tables()[0];
    let cells = &table.differences;
    let places = [(0, 0), (0, 0), (0, 2), (0, 2)];
    assert_eq!(cells.iter().map(|it| (it.point, it.against_point)).collect::<Vec<_>>(), places);
    assert_eq!(table.pairs, [["sp", "ap"].map(String::from)]);
    let cell = &cells[2];
    let finals = |point: usize, arm: usize| -> Vec<f64> {
        let comparison: &Comparison = grid.points[point].as_ref().unwrap();
        let of = comparison.arms[arm].final_top1(comparison.score_name(0));
        of.into_iter().map(|(_, value)| value).collect()
    };
    let found = difference(&finals(0, 1), &finals(2, 0));
    let ours = cell.difference.unwrap();
    assert!((ours.mean - found.mean).abs() < 1e-12 && ours.n == 3);
    assert!((ours.p_value.unwrap() - found.p_value.unwrap()).abs() < 1e-9);
    assert!(cell.pictures.is_some() && cell.holm.unwrap() >= ours.p_value.unwrap());
    assert!((cell.published.unwrap() - 0.0168).abs() < 1e-9, "81.68 - 80.00");
    assert_eq!(cell.name(), "sp (pairs 50) \u{2212} ap (pairs 157)");
    assert_eq!(grid.place(cell), "between experiments");

    let (page, others) = report(&grid);
    assert!(page.contains("<th scope=\"row\">sp (pairs 50) \u{2212} ap (pairs 157)</th>"));
    let points = |value: f64| format!("{:+.2}", 100.0 * value).replace('-', "\u{2212}");
    for text in [&page, &others["tables.md"], &others["tables.tex"]] {
        let said = points(ours.mean);
        assert!(text.contains(&said) || text.contains(&said.replace('\u{2212}', "$-$")), "{said}");
        assert!(text.contains("(pairs 50)") && text.contains("(pairs 157)"), "{text}");
    }
    assert!(page.contains("published +1.68"));
    let lines = records(&others["differences.csv"]);
    assert_eq!(lines.len(), 8, "four differences under two protocols");
    let between =
        lines.iter().filter(|line| line["pairs"] == "50" && line["against_pairs"] == "157");
    assert_eq!(between.count(), 4);
    let chart = &others["plots/difference-far-scenes-probe-lbfgs.svg"];
    assert!(chart.contains(">sp (pairs 50) \u{2212} ap (pairs 157)</text>"), "{chart}");
}

#[test]
fn differences_of_the_same_labels_of_other_axes_are_drawn_along_an_axis() {
    // `pairs` is an axis that is not named, so the arms are compared at each of its labels.
    let mut grid = finished(3);
    grid.record.axes.insert(
        0,
        GridAxis { name: "method".into(), labels: ["A", "B"].map(String::from).to_vec() },
    );
    let points = grid.record.points.clone();
    let at = |method: &str| {
        let of = |point: &PointRecord| PointRecord {
            labels: [&[method.to_owned()][..], &point.labels[..]].concat(),
            folder: format!("{}-{method}", point.folder),
        };
        points.iter().map(of).collect::<Vec<_>>()
    };
    grid.record.points = [at("A"), at("B")].concat();
    grid.points = [grid.points.clone(), grid.points.clone()].concat();
    grid.record.about.published.clear();
    grid.record.about.compare = vec![Compare {
        of: side(&[("arm", "sp"), ("method", "B")]),
        against: side(&[("arm", "ap"), ("method", "A")]),
    }];
    let table = &grid.tables()[0];
    let places: Vec<(usize, usize)> =
        table.differences.iter().map(|it| (it.point, it.against_point)).collect();
    assert_eq!(places, [(3, 0), (3, 0), (4, 1), (4, 1), (5, 2), (5, 2)]);
    assert_eq!(grid.place(&table.differences[2]), "pairs 100");
    assert!(table.pairs.is_empty());
    let (page, others) = report(&grid);
    let chart = "plots/difference-far-scenes-probe-lbfgs-against-pairs.svg";
    assert!(others.contains_key(chart), "{:?}", others.keys());
    assert!(page.contains("sp (B) is ahead of ap (A) in "));
    assert!(page.contains("sp (B) \u{2212} ap (A): pairs 157 minus pairs 50 is "));
    assert!(page.contains("<th scope=\"row\">pairs 100</th>"));
}

#[test]
fn runs_with_other_scores_give_no_wrong_number() {
    let mut grid = finished(3);
    {
        let comparison = grid.points[0].as_mut().unwrap();
        // A run that was scored in another order, and one without the first data set.
        let [first, second, ..] = &mut comparison.arms[1].runs[..] else { panic!() };
        first.curve.last_mut().unwrap().scores.reverse();
        second.curve.last_mut().unwrap().scores.retain(|score| score.dataset == DATASETS[1]);
    }
    let right = finished(3);
    let [tables, expected] = [&grid, &right].map(GridComparison::tables);
    let cell = |tables: &[sempairs::comparison::grid::GridTable], dataset: usize| {
        tables[0].score(0, DATASETS[dataset], "sp").unwrap().clone()
    };
    let whole = cell(&expected, 0);
    assert_eq!(cell(&tables, 0).values, [whole.values[0], whole.values[2]]);
    assert_eq!(cell(&tables, 1).values, cell(&expected, 1).values);
    let of = |dataset: usize| tables[0].difference(0, DATASETS[dataset], ["sp", "ap"]).unwrap();
    assert_eq!((of(0).values.len(), of(1).values.len()), (2, 3));
    let same = expected[0].difference(0, DATASETS[1], ["sp", "ap"]).unwrap();
    assert_eq!((&of(1).values, of(1).pictures), (&same.values, same.pictures));
    assert!(of(0).pictures.is_some());

    // Another number of test pictures is another test set.
    let comparison = grid.points[0].as_mut().unwrap();
    let last = comparison.arms[1].runs[0].curve.last_mut().unwrap();
    for score in &mut last.scores {
        score.n_test = PICTURES / 2;
        score.correct = Some((0..PICTURES / 2).map(|picture| picture % 2 == 0).collect());
    }
    let tables = grid.tables();
    let found = tables[0].difference(0, DATASETS[0], ["sp", "ap"]).unwrap();
    assert!(found.pictures.is_none() && found.difference.is_some());
}

#[test]
fn the_time_of_a_run_stands_beside_the_published_one() {
    let mut grid = finished(3);
    let times = |grid: &GridComparison| report(grid).0.contains("time of a run");
    assert!(!times(&grid), "the length of the runs is not known");
    // 412 pairs a second.
    let length = "[training]\nsteps = 41200\nbatch = 180\n";
    grid.points[0].as_mut().unwrap().experiment = length.into();
    let metric = "hours of pre-training on one A100";
    let time = Published { metric: metric.into(), ..published("50", "sp", 4.5) };
    grid.record.about.published.push(time.clone());
    let found = grid.times();
    assert_eq!(
        found.iter().map(|it| (it.point, &*it.arm)).collect::<Vec<_>>(),
        [(0, "ap"), (0, "sp")]
    );
    assert!((found[1].seconds.unwrap().mean - 18_000.0).abs() < 1e-6);
    assert_eq!([&found[0].published, &found[1].published], [&None, &Some(time)]);
    let others: Vec<String> =
        unmatched(&grid, &grid.tables()).into_iter().map(|it| it.metric.clone()).collect();
    assert_eq!(others, ["AP50"], "the time has its place");
    let (page, files) = report(&grid);
    assert!(page.contains("<td>5.00\u{a0}h</td>"));
    assert!(page.contains(&format!("<td>4.50 {metric}</td>")));
    assert!(files["tables.md"].contains("## Time of a run"));
    let of_sp = |line: &&BTreeMap<String, String>| line["pairs"] == "50" && line["arm"] == "sp";
    let lines = records(&files["tables.csv"]);
    let line = lines.iter().find(of_sp).unwrap();
    assert!((line["hours"].parse::<f64>().unwrap() - 5.0).abs() < 1e-9);
    assert_eq!(line["published_hours"], "4.5");
    assert!(lines.iter().any(|line| line["hours"].is_empty()), "of the other points");
}

#[test]
fn methods_without_a_bound_have_their_loss() {
    let mut grid = finished(2);
    for run in grid.points[1].as_mut().unwrap().arms.iter_mut().flat_map(|arm| &mut arm.runs) {
        run.information.clear();
    }
    let (page, others) = report(&grid);
    for section in ["Information bound", "Training loss"] {
        assert_eq!(page.matches(&format!("<h2>{section}</h2>")).count(), 1, "{section}");
    }
    let plots = ["information-pairs-50", "loss-pairs-100", "information-pairs-157"];
    for plot in plots {
        assert!(others.contains_key(&format!("plots/{plot}.svg")), "{plot}: {:?}", others.keys());
    }
    assert!(!others.contains_key("plots/loss-pairs-50.svg"));
}

#[test]
fn the_own_page_is_told_by_the_folder() {
    let mut grid = finished(2);
    grid.record.axes.clear();
    let folder = "fewer-pairs-cuda";
    grid.record.points = vec![PointRecord { labels: Vec::new(), folder: folder.into() }];
    grid.points.truncate(1);
    let (page, _) = report_in(folder, &grid);
    assert!(page.contains("this page") && !page.contains("href=\"../"));
}

#[test]
fn long_names_fit_into_the_drawings() {
    let mut grid = with_comparisons();
    let long = "a label that is much longer than what fits into one line of a drawing";
    for point in &mut grid.record.points {
        if point.labels[0] == "157" {
            point.labels[0] = long.into();
        }
    }
    grid.record.axes[0].labels[2] = long.into();
    grid.record.about.compare[1].against = side(&[("arm", "ap"), ("pairs", long)]);
    let (page, others) = report(&grid);
    assert!(page.contains(long), "the tables have the whole name");
    let drawn = others.iter().filter(|(name, _)| name.starts_with("plots/difference"));
    for (name, svg) in drawn {
        for text in svg.split("<text ").skip(1).filter(|text| !text.starts_with("class=\"heading"))
        {
            let text = text.split_once('>').unwrap().1.split_once("</text>").unwrap().0;
            assert!(text.chars().count() <= 70, "{name}: {text}");
        }
    }
}

/// Writes a pair of every arm into the folder of every point with results.
fn write_examples(grid: &GridComparison, runs: &Path) {
    for (point, comparison) in grid.results() {
        let folder = runs.join(&grid.record.points[point].folder).join("examples");
        fs::create_dir_all(&folder).unwrap();
        for (i, arm) in comparison.arms.iter().enumerate() {
            for (j, kind) in
                ["left-picture", "right-picture", "left-view", "right-view"].into_iter().enumerate()
            {
                let colour = |at: usize| (40 * i + 60 * j + 9 * (at / 3 % 16) + at % 3) as u8;
                let picture = Picture::new(16, 16, (0..768).map(colour).collect::<Vec<u8>>());
                let path = folder.join(format!("{}-1-{kind}.png", arm.arm.name));
                png::write(&path, &picture).unwrap();
            }
        }
    }
}

/// Writes reports to look at into `target/tmp/report_grid`: `cargo test -p sempairs --test
/// report_grid -- --ignored`.
#[test]
#[ignore = "writes pages to look at in a browser"]
fn pages_to_look_at() {
    let runs = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report_grid");
    let write = |name: &str, change: &dyn Fn(&mut GridComparison)| {
        let mut grid = finished(3);
        grid.record.name = name.into();
        change(&mut grid);
        write_examples(&grid, &runs);
        GridFiles::write(&runs.join(name), &grid).unwrap();
    };
    write("numbers", &|_| ());
    write("paper-layout", &|grid| {
        grid.record.about.rows = vec!["evaluation".into(), "arms".into()];
        grid.record.about.columns = vec!["pairs".into()];
    });
    write("unfinished", &|grid| grid.points[1] = None);
    write("compared", &|grid| grid.record.about = with_comparisons().record.about);
    write("words", &|grid| {
        let labels = ["all transforms", "without greyscale conversion", "crop only"];
        grid.record.axes[0].name = "transforms".into();
        grid.record.about.published.clear();
        grid.record.axes[0].labels = labels.map(String::from).to_vec();
        for (point, label) in grid.record.points.iter_mut().zip(labels) {
            point.labels = vec![label.into()];
        }
    });
    write("single", &|grid| {
        grid.record.axes.clear();
        grid.record.points.truncate(1);
        grid.record.points[0] = PointRecord { labels: Vec::new(), folder: "single".into() };
        grid.points.truncate(1);
    });
}
