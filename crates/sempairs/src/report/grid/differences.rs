//! Differences between arms: one row per difference, and against an axis of numbers.

use sempairs_eval::stats::{self, Estimate};

use super::plot::Plot;
use super::rows::{Group, Mark, Row, RowChart, percent};
use super::sheet::minus;
use crate::comparison::grid::{BETWEEN, DifferenceCell, GridComparison, GridTable};
use crate::report::axes::{Axes, Chart, EndLabel, brief};
use crate::report::scale::range;
use crate::report::{marker, number};

/// Title of the value axis.
const TITLE: &str = "difference in top-1 accuracy, points";

/// Draws the differences of a table.
pub fn plots(grid: &GridComparison, table: &GridTable) -> Vec<Plot> {
    let of = |dataset: &String| {
        let along = numeric_axis(grid).and_then(|axis| against(grid, table, dataset, &axis));
        along.into_iter().chain(rows(grid, table, dataset)).collect::<Vec<_>>()
    };
    table.datasets.iter().flat_map(of).collect()
}

/// One row per difference, below its point.
fn rows(grid: &GridComparison, table: &GridTable, dataset: &str) -> Option<Plot> {
    let row = |cell: &&DifferenceCell| {
        let found = cell.difference.as_ref()?;
        Some(Row {
            // The labels of two points are in the heading, where there is room.
            name: minus(&cell.arm, &cell.against),
            arm: table.arms.iter().position(|arm| *arm == cell.arm)?,
            value: percent(found),
            published: cell.published.map(|value| 100.0 * value),
            text: number::points(found.mean),
        })
    };
    let heading = |cell: &DifferenceCell| match (cell.is_within(), grid.place(cell)) {
        (true, place) => place,
        (false, place) if place == BETWEEN => cell.name(),
        (false, place) => format!("{place}: {}", cell.name()),
    };
    let mut headed: Vec<(String, Vec<&DifferenceCell>)> = Vec::new();
    for cell in table.differences.iter().filter(|cell| cell.dataset == dataset) {
        let name = heading(cell);
        match headed.iter_mut().find(|(of, _)| *of == name) {
            Some((_, cells)) => cells.push(cell),
            None => headed.push((name, vec![cell])),
        }
    }
    let groups = headed.into_iter().map(|(name, cells)| {
        let rows = cells.iter().filter_map(row).collect();
        Group { name, rows }
    });
    let label = format!("Differences between the arms on {dataset}, one row per experiment");
    let chart =
        RowChart { mark: Mark::Point, title: TITLE, label: &label, groups: groups.collect() };
    let heading = format!("{dataset}, {}", table.protocol);
    let mut plot = Plot::new(&["difference", dataset, &table.protocol], heading, chart.draw()?);
    // The chart against an axis of numbers says it along that axis.
    if grid.record.axes.len() == 1 && numeric_axis(grid).is_none() {
        let last = grid.points.len() - 1;
        let said = table.pairs.iter().filter_map(|[arm, against]| {
            let cells = [0, last].map(|point| table.difference(point, dataset, [arm, against]));
            let places = [grid.label(0), grid.label(last)];
            change_in_words(&minus(arm, against), &places, &change(&cells)?)
        });
        plot.note = said.collect::<Vec<_>>().join(" ");
    }
    Some(plot)
}

/// An axis whose labels are numbers.
struct NumericAxis {
    index: usize,
    name: String,
    labels: Vec<String>,
    /// Horizontal positions: the numbers, or consecutive integers if some numbers are too close to
    /// each other to be told apart.
    places: Vec<f64>,
}

/// The first axis with at least two different numbers.
fn numeric_axis(grid: &GridComparison) -> Option<NumericAxis> {
    grid.record.axes.iter().enumerate().find_map(|(index, axis)| {
        let name = axis.name.replace('_', " ");
        let places = places(&axis.labels)?;
        Some(NumericAxis { index, name, labels: axis.labels.clone(), places })
    })
}

fn places(labels: &[String]) -> Option<Vec<f64>> {
    /// Smallest distance of two ticks, as a share of the axis.
    const APART: f64 = 0.1;
    let numbers: Vec<f64> = labels.iter().map(|label| label.parse().ok()).collect::<Option<_>>()?;
    let [low, high] = range(numbers.iter().copied(), 0.0).filter(|_| labels.len() > 1)?;
    let mut sorted = numbers.clone();
    sorted.sort_by(f64::total_cmp);
    let is_apart = sorted.windows(2).all(|two| two[1] - two[0] >= APART * (high - low));
    let even = || (0..labels.len()).map(|i| i as f64).collect();
    Some(if is_apart { numbers } else { even() })
}

/// The differences along an axis, for the same labels of all other axes.
struct Series {
    name: String,
    colour: usize,
    /// Horizontal position and difference in percentage points.
    points: Vec<(f64, Estimate)>,
    published: Vec<(f64, f64)>,
    /// Difference of the last label minus that of the first.
    change: Option<Estimate>,
}

fn against(
    grid: &GridComparison,
    table: &GridTable,
    dataset: &str,
    axis: &NumericAxis,
) -> Option<Plot> {
    let all = all_series(grid, table, dataset, axis);
    let [first, last] =
        range(axis.places.iter().copied(), 0.08).filter(|_| all.iter().any(Series::is_line))?;
    let label = format!("Differences between the arms on {dataset} against {}", axis.name);
    let (steps, values) = ([first, last], values(&all)?);
    let axes = Axes { steps, values, title: TITLE, label: &label, notes: 0 };
    let ticks: Vec<(f64, String)> =
        axis.places.iter().copied().zip(axis.labels.iter().cloned()).collect();
    let mut chart = Chart::with_ticks(&axes, &ticks, &axis.name);
    let [[left, top], [right, bottom]] = chart.corners();
    let zero = chart.y.at(0.0);
    chart.svg.line("level", [left, zero], [right, zero]);
    for (i, series) in all.iter().enumerate() {
        // Beside each other, so that the intervals of several series can be told apart.
        let aside = 7.0 * (i as f64 - (all.len() - 1) as f64 / 2.0);
        let style = format!("a{}", series.colour % marker::ARMS);
        let x = |chart: &Chart, place: f64| chart.x.at(place) + aside;
        let at: Vec<[f64; 2]> = series
            .points
            .iter()
            .map(|(place, found)| [x(&chart, *place), chart.y.at(found.mean)])
            .collect();
        chart.svg.polyline(&format!("{style} line"), &at);
        for ((_, found), at) in series.points.iter().zip(&at) {
            let ends = number::ends(found);
            if let Some((low, high)) = ends {
                let ends = [low, high].map(|end| chart.y.at(end).clamp(top, bottom));
                chart.svg.line("whisker", [at[0], ends[0]], [at[0], ends[1]]);
            }
            let interval = ends.map_or(String::new(), |(low, high)| {
                format!(" [{}, {}]", number::fixed(low, 2), number::fixed(high, 2))
            });
            let title = format!("{}: {}{interval}", series.name, number::signed(found.mean, 2));
            let shape = marker::arm(series.colour).path(*at, 4.4);
            chart.svg.path(&format!("{style} dot ring"), &shape, &title);
        }
        for (place, published) in &series.published {
            let at = [x(&chart, *place), chart.y.at(*published)];
            let title = format!("{}: published {}", series.name, number::signed(*published, 2));
            chart.svg.path("published", &marker::Shape::Diamond.path(at, 4.0), &title);
        }
    }
    let ends: Vec<EndLabel> = all.iter().filter_map(Series::end_label).collect();
    chart.end_labels(&ends);
    let heading = format!("{dataset}, {}, against {}", table.protocol, axis.name);
    let name = ["difference", dataset, &table.protocol, "against", &axis.name];
    let mut plot = Plot::new(&name, heading, chart.svg);
    let said: Vec<String> = all.iter().filter_map(|series| series.sentence(axis)).collect();
    plot.note = said.join(" ");
    Some(plot)
}

impl Series {
    fn is_line(&self) -> bool {
        self.points.len() > 1
    }

    fn end_label(&self) -> Option<EndLabel> {
        Some(EndLabel {
            value: self.points.last()?.1.mean,
            style: format!("a{} name", self.colour % marker::ARMS),
            text: brief(&self.name),
        })
    }

    /// The change of the difference along the axis, with its interval.
    fn sentence(&self, axis: &NumericAxis) -> Option<String> {
        let label = |label: &String| format!("{} {label}", axis.name);
        let places = [label(axis.labels.first()?), label(axis.labels.last()?)];
        change_in_words(&self.name, &places, self.change.as_ref()?)
    }
}

/// The difference at the last place minus that at the first; `None` if they are the same.
fn change_in_words(name: &str, [first, last]: &[String; 2], change: &Estimate) -> Option<String> {
    if first == last {
        return None;
    }
    let interval = match number::interval(change) {
        Some(interval) => format!("{interval}, {}, paired by seed", number::seeds(change.n)),
        None => "one seed: no interval".into(),
    };
    let points = number::points(change.mean);
    Some(format!("{name}: {last} minus {first} is {points} points ({interval})."))
}

fn all_series(
    grid: &GridComparison,
    table: &GridTable,
    dataset: &str,
    axis: &NumericAxis,
) -> Vec<Series> {
    let points = &grid.record.points;
    let mut found: Vec<Along> = Vec::new();
    for cell in table.differences.iter().filter(|cell| cell.dataset == dataset) {
        let both = [cell.point, cell.against_point];
        let labels = &points[cell.point].labels;
        let place = axis.labels.iter().position(|label| *label == labels[axis.index]);
        let Some(place) = place.filter(|_| grid.agree(both, axis.index)) else { continue };
        let rest = labels.iter().enumerate();
        let rest = rest.filter(|(i, _)| *i != axis.index && grid.agree(both, *i));
        let rest: Vec<&String> = rest.map(|(_, label)| label).collect();
        let known = found.iter().position(|it| *it.names == cell.names && it.rest == rest);
        let at = known.unwrap_or_else(|| {
            found.push(Along { names: &cell.names, rest, cells: vec![None; axis.labels.len()] });
            found.len() - 1
        });
        found[at].cells[place] = Some(cell);
    }
    let count = |is_new: &dyn Fn(&[Along], &Along) -> bool| {
        (0..found.len()).filter(|&i| is_new(&found[..i], &found[i])).count()
    };
    let names = count(&|before, it| before.iter().all(|other| other.names != it.names));
    // The colour is that of the arm, if this tells the series apart.
    let arm = |it: &Along| {
        let cell = it.cells.iter().flatten().next()?;
        table.arms.iter().position(|arm| *arm == cell.arm)
    };
    let arms = count(&|before, it| before.iter().all(|other| arm(other) != arm(it)));
    let by_arm = arms == found.len();
    let series = |(i, it): (usize, &Along)| {
        let mut name: Vec<String> = it.rest.iter().map(|label| (*label).clone()).collect();
        if name.is_empty() || names > 1 {
            name.push(minus(&it.names[0], &it.names[1]));
        }
        Series {
            name: name.join(", "),
            colour: arm(it).filter(|_| by_arm).unwrap_or(i),
            points: along(axis, &it.cells, |cell| cell.difference.as_ref().map(percent)),
            published: along(axis, &it.cells, |cell| Some(100.0 * cell.published?)),
            change: change(&it.cells),
        }
    };
    let mut all: Vec<Series> = found.iter().enumerate().map(series).collect();
    all.retain(|series| !series.points.is_empty());
    all
}

/// The differences of the same name along an axis.
struct Along<'a> {
    names: &'a [String; 2],
    /// The labels of the other axes that both points have.
    rest: Vec<&'a String>,
    /// One per label of the axis.
    cells: Vec<Option<&'a DifferenceCell>>,
}

/// The values of cells with their horizontal position, sorted by it.
fn along<T>(
    axis: &NumericAxis,
    cells: &[Option<&DifferenceCell>],
    value: impl Fn(&DifferenceCell) -> Option<T>,
) -> Vec<(f64, T)> {
    let places = axis.places.iter().zip(cells);
    let mut found: Vec<(f64, T)> =
        places.filter_map(|(place, cell)| Some((*place, value((*cell)?)?))).collect();
    found.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    found
}

/// The difference of the last cell minus that of the first, over the seeds of both.
fn change(cells: &[Option<&DifferenceCell>]) -> Option<Estimate> {
    let (first, last) = ((*cells.first()?)?, (*cells.last()?)?);
    let both = last.values.iter().filter_map(|(seed, value)| {
        let (_, other) = first.values.iter().find(|(of, _)| of == seed)?;
        Some((*value, *other))
    });
    let (last, first): (Vec<f64>, Vec<f64>) = both.unzip();
    (!last.is_empty()).then(|| stats::difference(&last, &first))
}

/// Range of the value axis. It covers zero, all means and published values; very wide intervals of
/// few seeds are cut off.
fn values(all: &[Series]) -> Option<[f64; 2]> {
    let found = || all.iter().flat_map(|series| series.points.iter().map(|(_, found)| found));
    let published = all.iter().flat_map(|series| series.published.iter().map(|(_, x)| *x));
    let shown: Vec<f64> = found().map(|found| found.mean).chain(published).chain([0.0]).collect();
    let [low, high] = range(shown.iter().copied(), 0.5)?;
    let ends = found().filter_map(number::ends).flat_map(|(a, b)| [a, b]);
    range(shown.iter().copied().chain(ends.map(|x| x.clamp(low, high))), 0.03)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(labels: &[&str]) -> Vec<String> {
        labels.iter().map(|label| (*label).to_owned()).collect()
    }

    #[test]
    fn numbers_are_at_their_places_unless_they_are_too_close() {
        assert_eq!(places(&labels(&["50", "100", "157"])), Some(vec![50.0, 100.0, 157.0]));
        assert_eq!(places(&labels(&["0.001", "0.01", "1"])), Some(vec![0.0, 1.0, 2.0]));
        assert_eq!(places(&labels(&["byol", "100"])), None);
        assert_eq!(places(&labels(&["100"])), None);
    }

    #[test]
    fn the_change_is_paired_by_seed() {
        let cell = |values: &[(u64, f64)]| DifferenceCell {
            point: 0,
            dataset: "far".into(),
            arm: "sp".into(),
            against_point: 0,
            against: "ap".into(),
            names: ["sp", "ap"].map(String::from),
            values: values.to_vec(),
            difference: None,
            holm: None,
            pictures: None,
            published: None,
        };
        let first = cell(&[(0, 0.01), (1, 0.05), (2, 0.3)]);
        let last = cell(&[(1, 0.07), (0, 0.03)]);
        let found = change(&[Some(&first), None, Some(&last)]).unwrap();
        assert!((found.mean - 0.02).abs() < 1e-12 && found.n == 2, "{found}");
        assert!(found.width().unwrap() < 1e-9);
        assert_eq!(change(&[Some(&first), None]), None);
    }
}
