//! A table in the layout of the study, independent of its format.

use super::entry::Entry;
use crate::comparison::grid::{BETWEEN, DifferenceCell, GridComparison, GridTable};

/// What the rows or columns of a table stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dimension {
    /// The axis with this index: one row or column per label.
    Axis(usize),
    /// One row or column per data set.
    Evaluation,
    /// One row or column per arm, and one per difference within a point.
    Arms,
}

/// A table with labelled rows and columns.
pub struct Sheet<'a> {
    /// Headings of the columns that hold the labels of the rows.
    pub corner: Vec<String>,
    /// The lines of the head, each with one label per column. Equal neighbours are one heading.
    pub head: Vec<Vec<String>>,
    /// The rows.
    pub rows: Vec<Row<'a>>,
}

/// A row of a table.
pub struct Row<'a> {
    /// Its labels, one per entry of [`Sheet::corner`].
    pub labels: Vec<String>,
    /// Its entries, one per column.
    pub entries: Vec<Entry<'a>>,
}

impl<'a> Sheet<'a> {
    /// Arranges a table as the study's `rows` and `columns` say. Dimensions that they do not name
    /// are added: axes to the rows, data sets and arms to the columns. Without either, a single
    /// experiment has one row per arm.
    pub fn new(grid: &GridComparison, table: &'a GridTable) -> Self {
        let [rows, columns] = arrange(grid, table);
        let all = |dimensions: &[Dimension]| {
            product(dimensions.iter().map(|d| size(grid, table, *d)).collect())
        };
        let (down, along) = (all(&rows), all(&columns));
        let labels = |dimensions: &[Dimension], at: &[usize]| -> Vec<String> {
            dimensions.iter().zip(at).map(|(d, i)| label(grid, table, *d, *i)).collect()
        };
        let entry = |down: &[usize], along: &[usize]| {
            let places = rows.iter().zip(down).chain(columns.iter().zip(along));
            find(grid, table, places.map(|(d, i)| (*d, *i)))
        };
        let mut head = Vec::new();
        for (level, dimension) in columns.iter().enumerate() {
            if let Dimension::Axis(axis) = dimension {
                head.push(vec![axis_name(grid, *axis); along.len()]);
            }
            head.push(along.iter().map(|at| label(grid, table, *dimension, at[level])).collect());
        }
        if head.is_empty() {
            head.push(vec![String::new(); along.len()]);
        }
        let row = |at: &Vec<usize>| Row {
            labels: labels(&rows, at),
            entries: along.iter().map(|along| entry(at, along)).collect(),
        };
        Self {
            corner: rows.iter().map(|dimension| name(grid, *dimension)).collect(),
            head,
            rows: down.iter().map(row).collect(),
        }
    }

    /// The differences between points, which the study's layout has no place for: one row per
    /// difference, and one column per data set. `None` if there are none.
    pub fn between(grid: &GridComparison, table: &'a GridTable) -> Option<Self> {
        let between = || table.differences.iter().filter(|cell| !cell.is_within());
        let labels = |cell: &DifferenceCell| vec![grid.place(cell), cell.name()];
        let mut rows: Vec<Row> = Vec::new();
        for first in between() {
            let labels_of = labels(first);
            if rows.iter().any(|row| row.labels == labels_of) {
                continue;
            }
            let entry = |dataset: &String| {
                let is_it =
                    |cell: &&DifferenceCell| cell.dataset == *dataset && labels(cell) == labels_of;
                between().find(is_it).map_or(Entry::None, Entry::Difference)
            };
            let entries = table.datasets.iter().map(entry).collect();
            rows.push(Row { labels: labels_of, entries });
        }
        let mut corner = vec!["experiment".to_owned(), "difference".to_owned()];
        if rows.iter().all(|row| row.labels[0] == BETWEEN) {
            corner.remove(0);
            for row in &mut rows {
                row.labels.remove(0);
            }
        }
        (!rows.is_empty()).then(|| Self { corner, head: vec![table.datasets.clone()], rows })
    }

    /// Number of columns with entries.
    pub fn columns(&self) -> usize {
        self.head.first().map_or(0, Vec::len)
    }

    /// The headings of a line of the head: text, and number of columns. A heading does not extend
    /// over one of the lines above it.
    pub fn headings(&self, line: usize) -> Vec<(&str, usize)> {
        let mut headings: Vec<(&str, usize)> = Vec::new();
        for column in 0..self.columns() {
            let continues = column > 0
                && self.head[..=line].iter().all(|labels| labels[column] == labels[column - 1]);
            match headings.last_mut().filter(|_| continues) {
                Some((_, span)) => *span += 1,
                None => headings.push((self.head[line][column].as_str(), 1)),
            }
        }
        headings
    }

    /// The labels of a row, empty where they and all before them repeat those of the row above.
    pub fn new_labels(&self, row: usize) -> Vec<&str> {
        let above = row.checked_sub(1).map(|above| &self.rows[above].labels);
        let labels = &self.rows[row].labels;
        let is_new = |i: usize| above.is_none_or(|above| above[..=i] != labels[..=i]);
        (0..labels.len()).map(|i| if is_new(i) { labels[i].as_str() } else { "" }).collect()
    }
}

/// The dimensions of the rows and of the columns.
fn arrange(grid: &GridComparison, table: &GridTable) -> [Vec<Dimension>; 2] {
    let about = &grid.record.about;
    let axes = 0..grid.record.axes.len();
    let known = |name: &String| match name.as_str() {
        "arms" => Some(Dimension::Arms),
        "evaluation" => Some(Dimension::Evaluation),
        name => axes.clone().find(|&i| grid.record.axes[i].name == name).map(Dimension::Axis),
    };
    let [mut rows, mut columns]: [Vec<Dimension>; 2] =
        [&about.rows, &about.columns].map(|names| names.iter().filter_map(known).collect());
    let placed = |d: Dimension, rows: &Vec<Dimension>, columns: &Vec<Dimension>| {
        rows.contains(&d) || columns.contains(&d)
    };
    for axis in axes.clone().map(Dimension::Axis) {
        if !placed(axis, &rows, &columns) {
            rows.push(axis);
        }
    }
    if rows.is_empty() && !columns.contains(&Dimension::Arms) {
        rows.push(Dimension::Arms);
    }
    if !placed(Dimension::Evaluation, &rows, &columns) {
        // Before the arms, so that those of a data set stand side by side.
        let before_arms = columns.iter().position(|d| *d == Dimension::Arms);
        columns.insert(before_arms.unwrap_or(columns.len()), Dimension::Evaluation);
    }
    if !placed(Dimension::Arms, &rows, &columns) {
        columns.push(Dimension::Arms);
    }
    // A single data set is named above the table.
    for side in [&mut rows, &mut columns] {
        if table.datasets.len() == 1 && side.len() > 1 {
            side.retain(|d| *d != Dimension::Evaluation);
        }
    }
    [rows, columns]
}

/// Number of rows or columns of a dimension.
fn size(grid: &GridComparison, table: &GridTable, of: Dimension) -> usize {
    match of {
        Dimension::Axis(axis) => grid.record.axes[axis].labels.len(),
        Dimension::Evaluation => table.datasets.len(),
        Dimension::Arms => table.arms.len() + table.pairs.len(),
    }
}

fn name(grid: &GridComparison, of: Dimension) -> String {
    match of {
        Dimension::Axis(axis) => axis_name(grid, axis),
        Dimension::Evaluation => "data".into(),
        Dimension::Arms => "arm".into(),
    }
}

fn axis_name(grid: &GridComparison, axis: usize) -> String {
    grid.record.axes[axis].name.replace('_', " ")
}

fn label(grid: &GridComparison, table: &GridTable, of: Dimension, at: usize) -> String {
    match of {
        Dimension::Axis(axis) => grid.record.axes[axis].labels[at].clone(),
        Dimension::Evaluation => table.datasets[at].clone(),
        Dimension::Arms => match difference(table, at) {
            Some([arm, against]) => minus(arm, against),
            None => table.arms[at].clone(),
        },
    }
}

/// The name of a difference.
pub fn minus(arm: &str, against: &str) -> String {
    format!("{arm} \u{2212} {against}")
}

/// The arms of the difference with an index of [`Dimension::Arms`]; `None` for an arm itself.
fn difference(table: &GridTable, at: usize) -> Option<[&str; 2]> {
    let pair = &table.pairs[at.checked_sub(table.arms.len())?];
    Some(pair.each_ref().map(String::as_str))
}

/// The entry at a place in every dimension.
fn find<'a>(
    grid: &GridComparison,
    table: &'a GridTable,
    places: impl Iterator<Item = (Dimension, usize)>,
) -> Entry<'a> {
    let mut labels = vec![0; grid.record.axes.len()];
    let (mut dataset, mut column) = (0, 0);
    for (dimension, at) in places {
        match dimension {
            Dimension::Axis(axis) => labels[axis] = at,
            Dimension::Evaluation => dataset = at,
            Dimension::Arms => column = at,
        }
    }
    let (Some(point), Some(dataset)) = (grid.point_at(&labels), table.datasets.get(dataset)) else {
        return Entry::None;
    };
    let found = match difference(table, column) {
        Some(arms) => table.difference(point, dataset, arms).map(Entry::Difference),
        None => {
            let arm = table.arms.get(column);
            arm.and_then(|arm| table.score(point, dataset, arm)).map(Entry::Score)
        }
    };
    found.unwrap_or(Entry::None)
}

/// All combinations of indices below these sizes, the last index varying fastest.
fn product(sizes: Vec<usize>) -> Vec<Vec<usize>> {
    sizes.into_iter().fold(vec![Vec::new()], |all, size| {
        let longer = |first: &Vec<usize>| {
            (0..size).map(|i| first.iter().copied().chain([i]).collect()).collect::<Vec<_>>()
        };
        all.iter().flat_map(longer).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(head: &[&[&str]], rows: &[&[&str]]) -> Sheet<'static> {
        let texts = |labels: &[&str]| labels.iter().map(|label| (*label).to_owned()).collect();
        let row = |labels: &&[&str]| Row { labels: texts(labels), entries: Vec::new() };
        Sheet {
            corner: Vec::new(),
            head: head.iter().map(|labels| texts(labels)).collect(),
            rows: rows.iter().map(row).collect(),
        }
    }

    #[test]
    fn equal_neighbours_are_one_heading_below_one_heading() {
        let sheet = sheet(&[&["a", "a", "b", "b"], &["x", "x", "x", "y"]], &[]);
        assert_eq!(sheet.headings(0), [("a", 2), ("b", 2)]);
        assert_eq!(sheet.headings(1), [("x", 2), ("x", 1), ("y", 1)]);
    }

    #[test]
    fn labels_are_written_where_they_change() {
        let sheet = sheet(&[], &[&["a", "x"], &["a", "y"], &["b", "y"]]);
        assert_eq!(sheet.new_labels(0), ["a", "x"]);
        assert_eq!(sheet.new_labels(1), ["", "y"]);
        assert_eq!(sheet.new_labels(2), ["b", "y"]);
    }

    #[test]
    fn the_last_index_varies_fastest() {
        assert_eq!(product(vec![2, 2]), [[0, 0], [0, 1], [1, 0], [1, 1]]);
        assert_eq!(product(vec![]), [[0; 0]]);
        assert!(product(vec![3, 0]).is_empty());
    }
}
