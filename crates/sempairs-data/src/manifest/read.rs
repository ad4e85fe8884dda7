//! Reader of manifests, which collects all problems of a file instead of stopping at the first.

use std::collections::HashMap;

use csv::StringRecord;

use super::row::unordered;
use super::{COLUMNS, ManifestProblem, ManifestRow, ProblemKind};
use crate::{Exclusion, Pair, PictureSource};

/// Parses a manifest; returns all rows, or all problems.
pub(super) fn rows(
    bytes: &[u8],
    source: &dyn PictureSource,
) -> Result<Vec<ManifestRow>, Vec<ManifestProblem>> {
    // A byte order mark would otherwise become part of the first column's name.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut csv = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut record = csv::ByteRecord::new();
    // Reading from memory with any number of fields per row, the parser cannot fail.
    if !csv.read_byte_record(&mut record).unwrap_or(false) {
        return Err(vec![ManifestProblem { line: 1, kind: ProblemKind::NoHeader }]);
    }
    let header: Vec<String> =
        record.iter().map(|name| String::from_utf8_lossy(name).trim().to_string()).collect();
    let column = columns(&header).map_err(|kinds| {
        kinds.into_iter().map(|kind| ManifestProblem { line: 1, kind }).collect::<Vec<_>>()
    })?;

    let mut checker = Checker::new(source);
    let mut rows = Vec::new();
    while csv.read_byte_record(&mut record).unwrap_or(false) {
        checker.line = record.position().map_or(0, csv::Position::line);
        if record.len() != header.len() {
            let (found, expected) = (record.len(), header.len());
            checker.problem(ProblemKind::Fields { found, expected });
        } else {
            match StringRecord::from_byte_record(record.clone()) {
                Ok(record) => rows.extend(checker.row(column.map(|at| &record[at]))),
                Err(_) => checker.problem(ProblemKind::Encoding),
            }
        }
    }
    if rows.is_empty() && checker.problems.is_empty() {
        checker.line = 1;
        checker.problem(ProblemKind::NoRows);
    }
    if checker.problems.is_empty() { Ok(rows) } else { Err(checker.problems) }
}

/// Positions of the five columns in the header.
fn columns(header: &[String]) -> Result<[usize; 5], Vec<ProblemKind>> {
    let mut problems = Vec::new();
    for (at, name) in header.iter().enumerate() {
        if !COLUMNS.contains(&name.as_str()) {
            problems.push(ProblemKind::UnknownColumn(name.clone()));
        } else if header[..at].contains(name) {
            problems.push(ProblemKind::RepeatedColumn(name.clone()));
        }
    }
    let column = COLUMNS.map(|name| {
        header.iter().position(|it| it == name).unwrap_or_else(|| {
            problems.push(ProblemKind::MissingColumn(name));
            0
        })
    });
    if problems.is_empty() { Ok(column) } else { Err(problems) }
}

/// Checks rows against the source and the rows before them.
struct Checker<'a> {
    source: &'a dyn PictureSource,
    index_of: HashMap<String, usize>,
    /// Pictures excluded from the source; collected when the first unknown name is found.
    excluded: Option<HashMap<String, Exclusion>>,
    /// The line in which each pair first appeared.
    paired: HashMap<Pair, u64>,
    /// For pictures that the source does not label: the class that a row states, and its line.
    stated: HashMap<usize, (String, u64)>,
    line: u64,
    problems: Vec<ManifestProblem>,
}

impl<'a> Checker<'a> {
    fn new(source: &'a dyn PictureSource) -> Self {
        let index_of = (0..source.len()).map(|index| (source.name(index), index)).collect();
        let (paired, stated) = (HashMap::new(), HashMap::new());
        Self { source, index_of, excluded: None, paired, stated, line: 1, problems: Vec::new() }
    }

    fn problem(&mut self, kind: ProblemKind) {
        self.problems.push(ManifestProblem { line: self.line, kind });
    }

    /// Returns the row if both pictures exist and the score is a number. Problems are recorded and
    /// do not stop the checks of later rows.
    fn row(&mut self, [left, right, class, origin, score]: [&str; 5]) -> Option<ManifestRow> {
        let pictures = [self.picture("left", left), self.picture("right", right)];
        let score = self.score(score);
        self.class(class, pictures.into_iter().flatten());
        let [Some(left), Some(right)] = pictures else { return None };
        let pair = Pair { left, right };
        if left == right {
            self.problem(ProblemKind::SelfPair(self.source.name(left)));
        } else if let Some(&earlier) = self.paired.get(&unordered(pair)) {
            self.problem(ProblemKind::Duplicate(earlier));
        } else {
            self.paired.insert(unordered(pair), self.line);
        }
        let class = (!class.is_empty()).then(|| class.to_string());
        Some(ManifestRow { pair, class, origin: origin.to_string(), score: score.ok()? })
    }

    fn picture(&mut self, column: &'static str, name: &str) -> Option<usize> {
        let found = self.index_of.get(name).copied();
        if name.is_empty() {
            self.problem(ProblemKind::EmptyPicture(column));
        } else if found.is_none() {
            let excluded = || self.source.excluded().into_iter().collect();
            let why = self.excluded.get_or_insert_with(excluded).get(name).copied();
            let name = name.to_string();
            self.problem(match why {
                Some(why) => ProblemKind::Exclusion { column, name, why },
                None => ProblemKind::MissingPicture { column, name },
            });
        }
        found
    }

    fn score(&mut self, score: &str) -> Result<Option<f64>, ()> {
        if score.is_empty() {
            return Ok(None);
        }
        match score.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(number)),
            _ => {
                self.problem(ProblemKind::BadScore(score.to_string()));
                Err(())
            }
        }
    }

    fn class(&mut self, class: &str, pictures: impl Iterator<Item = usize>) {
        let names = self.source.classes();
        if class.is_empty() {
            return;
        }
        if !names.is_empty() && !names.iter().any(|name| name == class) {
            return self.problem(ProblemKind::UnknownClass(class.to_string()));
        }
        for index in pictures {
            let (picture, stated) = (|| self.source.name(index), class.to_string());
            if let Some(actual) = self.source.class(index).map(|actual| names[actual].clone()) {
                if actual != class {
                    let picture = picture();
                    self.problem(ProblemKind::ClassMismatch { picture, actual, stated });
                }
                continue;
            }
            match self.stated.get(&index).cloned() {
                None => drop(self.stated.insert(index, (stated, self.line))),
                Some((earlier, line)) if earlier != class => {
                    let picture = picture();
                    self.problem(ProblemKind::ClassChange { picture, stated, earlier, line });
                }
                Some(_) => {}
            }
        }
    }
}
