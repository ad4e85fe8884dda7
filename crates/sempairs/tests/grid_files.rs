//! The `[study]` and `[[vary]]` tables of experiment files.

use sempairs::experiment::{Grid, read_grid};

const EXPERIMENT: &str = include_str!("../experiments/simclr_semantic.toml");

/// Axes, and a `[study]` table that names them. The first line is empty.
const STUDY: &str = r#"
[study]
title = "A title"
about = "A question."
needs = ["nothing"]
rows = "length"
columns = ["evaluation", "arms"]
source = "a paper, Table 1"

[[study.published]]
at = { length = "short", without = "colour" }
arm = "sp"
dataset = "DATASET"
value = 71.5

[[vary]]
name = "length"
key = "training.steps"
values = [100, 200]
labels = ["short", "long"]

[[vary]]
name = "without"
cases = [
    { label = "nothing", set = {} },
    { label = "colour", set = { "views.without" = ["grayscale"], "training.batch" = 32 } },
]
"#;

/// The experiment of the project with these tables.
fn file(study: &str) -> String {
    let plain = Grid::parse(EXPERIMENT, "grid.toml", &[]).unwrap();
    let experiment = &plain.points[0].experiment;
    let study = study.replace("DATASET", &experiment.evaluation[0].dataset);
    let study = study.replace("\"sp\"", &format!("{:?}", experiment.arms[1].name));
    format!("{EXPERIMENT}{study}")
}

fn parse(study: &str) -> Grid {
    Grid::parse(&file(study), "grid.toml", &[]).unwrap()
}

#[test]
fn a_grid_has_axes_points_and_what_it_is_about() {
    let grid = parse(STUDY);
    assert_eq!(grid.about.title, "A title");
    assert_eq!((&grid.about.rows[..], grid.about.columns.len()), (&["length".to_owned()][..], 2));
    let published = &grid.about.published[0];
    assert_eq!((published.value, published.metric.as_str()), (71.5, "top-1"));
    let axes: Vec<(&str, &[String])> =
        grid.axes.iter().map(|axis| (axis.name.as_str(), &axis.labels[..])).collect();
    let labels = |all: [&str; 2]| all.map(str::to_owned);
    let [length, without] = [labels(["short", "long"]), labels(["nothing", "colour"])];
    assert_eq!(axes, [("length", &length[..]), ("without", &without[..])]);

    let name = &grid.name;
    let names: Vec<&str> = grid.points.iter().map(|it| it.experiment.name.as_str()).collect();
    assert_eq!(
        names,
        [
            format!("{name}-length=short-without=nothing"),
            format!("{name}-length=short-without=colour"),
            format!("{name}-length=long-without=nothing"),
            format!("{name}-length=long-without=colour"),
        ]
    );
    assert_eq!(grid.points[1].labels, ["short", "colour"]);
    let colour = &grid.points[3].experiment;
    assert_eq!((colour.training.steps, colour.training.batch), (Some(200), 32));
    assert_eq!(grid.points[2].experiment.training.batch, 64);

    // What a grid is about is no part of its experiments.
    let without = STUDY.split_once("[[vary]]").unwrap().1;
    let experiments = read_grid(&file(&format!("\n[[vary]]{without}")), "grid.toml", &[]).unwrap();
    let same = experiments.iter().zip(&grid.points);
    assert!(same.clone().count() == 4 && same.clone().all(|(a, b)| *a == b.experiment));
}

#[test]
fn a_file_without_axes_is_a_grid_of_one_point() {
    let grid = Grid::parse(EXPERIMENT, "grid.toml", &["name=other".into()]).unwrap();
    assert_eq!((grid.name.as_str(), grid.axes.len(), grid.points.len()), ("other", 0, 1));
    assert_eq!(grid.points[0].experiment.name, "other");
    assert!(grid.points[0].labels.is_empty());
}

#[test]
fn wrong_names_are_refused_with_their_line_and_the_right_name() {
    for (right, wrong, place, suggestion) in [
        ("title =", "titel =", "`study`: there is no key `titel`", "mean `title`?"),
        ("[study]", "[studdy]", "there is no key `studdy`", "mean `study`?"),
        ("arm = \"sp\"", "arrm = \"sp\"", "`study.published[0]`: ", "mean `arm`?"),
        ("rows = \"length\"", "rows = \"lenght\"", "`study.rows`: ", "mean `length`?"),
        ("\"evaluation\"", "\"arm\"", "`study.columns[0]`: ", "mean `arms`?"),
        ("\"short\", without", "\"shrt\", without", "`study.published[0].at.length`", "`short`?"),
        ("without = \"c", "witout = \"c", "`study.published[0].at`: ", "mean `without`?"),
        ("arm = \"sp\"", "arm = \"spp\"", "`study.published[0].arm`: ", "there is no arm `spp`"),
        ("= \"DATASET\"", "= \"DATASETS\"", "`study.published[0].dataset`: ", "did you mean"),
        ("value = 71.5", "value = nan", "`study.published[0].value`: ", "must be finite"),
        ("value = 71.5", "value = 71.5\nmetric = \"top1\"", "[0].metric`: ", "write `top-1`"),
        ("value = 71.5", "value = 71.5\nprotocol = \"x\"", "[0].protocol`: ", "no protocol begins"),
        ("title = \"A title\"", "title = 3", "`study.title`: ", "a string"),
        ("training.steps", "training.step", "there is no key `step`", "mean `steps`?"),
        ("views.without", "views.witout", "there is no key `witout`", "mean `without`?"),
    ] {
        let text = file(&STUDY.replacen(right, wrong, 1));
        let error = Grid::parse(&text, "grid.toml", &[]).err();
        let message = error.unwrap_or_else(|| panic!("{wrong} was read")).to_string();
        assert!(message.starts_with("grid.toml"), "{wrong}: {message}");
        assert!(message.contains(place) && message.contains(suggestion), "{wrong}: {message}");
        let said = message.split("line ").nth(1).and_then(|rest| rest.split(':').next());
        let line: usize = said.unwrap_or_else(|| panic!("{wrong}: {message}")).parse().unwrap();
        let named = text.lines().nth(line - 1).unwrap();
        let changed = wrong.replace("DATASETS", "").replace("\"spp\"", "");
        let changed = changed.lines().last().unwrap().trim_start_matches("= \"");
        let is_value = wrong.starts_with("training.") || wrong.starts_with("views.");
        assert!(is_value || named.contains(changed), "{wrong}: line {line}: {named}");
        assert!(!is_value || named.contains("values") || named.contains("label"), "{named}");
    }
}
